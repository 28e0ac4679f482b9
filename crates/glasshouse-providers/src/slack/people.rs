//! People of the workspace, and the log of its integrations.

use crate::formats::element::{keep, not_an_object, place, text};
use crate::formats::json::Object;
use crate::formats::time;
use crate::{Opened, Sink};
use glasshouse_model::{Family, Identifier, IdentifierKind, MomentRole, Party, PartyRole, Record};
use memchr::memmem;
use std::borrow::Cow;

pub(super) const FORMAT: &str = "workspace";

/// Says whether first bytes are those of the list that the name promises.
pub(super) fn is_ours(name: &str, head: &[u8]) -> bool {
    let has = |needle: &[u8]| memmem::find(head, needle).is_some();
    let start = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let known = match name {
        "integration_logs.json" => has(b"\"change_type\"") || has(b"\"service_type\"") || has(b"\"app_type\""),
        _ => has(b"\"id\"") && has(b"\"profile\"") && (has(b"\"team_id\"") || has(b"\"deleted\"")),
    };
    start.starts_with(b"[") && known
}

/// Reads elements of either list.
pub(super) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    let log = opened.entry.name() == "integration_logs.json";
    for frame in opened.frames.iter().filter(|f| f.element) {
        let at = place(opened, frame);
        let raw = text(frame, &at, out);
        let Ok(object) = Object::parse(&raw) else {
            not_an_object(frame, at, out);
            continue;
        };
        let mut record = Record::new(if log { Family::Activity } else { Family::Contact }, FORMAT);
        if log {
            change(&object, &mut record)
        } else {
            person(&object, &mut record)
        }
        for (key, value) in object.members() {
            // The log writes ids of people and apps as numbers or texts.
            match value.get().bytes().all(|b| b.is_ascii_digit()) && key.ends_with("_id") {
                true => {
                    record.fields.text(key, value.get());
                }
                false => keep(&mut record.fields, key, value.get()),
            }
        }
        out.record(at, record);
    }
}

fn person(object: &Object<'_>, record: &mut Record) {
    let profile = object.object("profile");
    let said = |key: &str| profile.as_ref().and_then(|p| p.text(key)).filter(|v| !v.is_empty()).map(Cow::into_owned);
    let name = said("real_name").or_else(|| object.text("name").map(Cow::into_owned));
    record.title = name.clone();
    let mut party = Party { role: PartyRole::Subject, name, identifiers: Vec::new() };
    for (kind, value) in [
        (IdentifierKind::Account, object.text("id").map(Cow::into_owned)),
        (IdentifierKind::Email, said("email")),
        (IdentifierKind::Phone, said("phone")),
    ] {
        party.identifiers.extend(value.map(|value| Identifier { kind, value }));
    }
    record.parties.push(party);
    if let Some(updated) = object.raw("updated").filter(|u| u.bytes().all(|b| b.is_ascii_digit())) {
        record.moments.push(time::epoch_seconds(MomentRole::Modified, updated));
    }
}

fn change(object: &Object<'_>, record: &mut Record) {
    record.title = object.text("change_type").map(Cow::into_owned);
    let date = object.text("date").or_else(|| object.raw("date").map(Cow::Borrowed));
    if let Some(date) = date {
        record.moments.push(time::epoch_seconds(MomentRole::Observed, &date));
    }
    let name = object.text("user_name").map(Cow::into_owned);
    let id = object.text("user_id").or_else(|| object.raw("user_id").map(Cow::Borrowed));
    if let Some(id) = id {
        record.parties.push(Party::with(PartyRole::Author, name, IdentifierKind::Account, id));
    }
}
