//! People of the workspace, and the log of its integrations.

use crate::formats::element::{keep, not_an_object, place, text};
use crate::formats::json::Object;
use crate::formats::time;
use crate::{Opened, Sink};
use glasshouse_model::{Family, Identifier, IdentifierKind, MomentRole, Party, PartyRole, Record};
use memchr::memmem;
use std::borrow::Cow;

pub(super) const FORMAT: &str = "workspace";

/// Lists of conversations, and what those in them are.
pub(super) const CONVERSATIONS: [(&str, &str); 4] = [
    ("channels.json", "channel"),
    ("groups.json", "private channel"),
    ("dms.json", "direct"),
    ("mpims.json", "group direct"),
];

/// Returns what the conversations of a list are; none for what is no list of conversations.
pub(super) fn kind(name: &str) -> Option<&'static str> {
    CONVERSATIONS.iter().find(|(list, _)| *list == name).map(|(_, kind)| *kind)
}

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
    let kind = kind(opened.entry.name());
    for frame in opened.frames.iter().filter(|f| f.element) {
        let at = place(opened, frame);
        let raw = text(frame, &at, out);
        let Ok(object) = Object::parse(&raw) else {
            not_an_object(frame, at, out);
            continue;
        };
        let mut record = Record::new(if log || kind.is_some() { Family::Activity } else { Family::Contact }, FORMAT);
        match kind {
            Some(kind) => conversation(&object, kind, &mut record),
            None if log => change(&object, &mut record),
            None => person(&object, &mut record),
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

fn conversation(object: &Object<'_>, kind: &str, record: &mut Record) {
    record.fields.text("conversation_kind", kind);
    record.conversation = object.text("id").map(Cow::into_owned);
    record.title = object.text("name").map(Cow::into_owned);
    if let Some(created) = object.raw("created").filter(|count| count.bytes().all(|b| b.is_ascii_digit())) {
        record.moments.push(time::epoch_seconds(MomentRole::Created, created));
    }
    let there = object.texts("members").into_iter();
    record.parties.extend(there.map(|id| Party::with(PartyRole::Participant, None, IdentifierKind::Account, id)));
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
