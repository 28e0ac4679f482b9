//! `account.json`: who it is, its devices, its logins, and what it agreed to.

use crate::formats::element::{keep, text};
use crate::formats::json::Object;
use crate::formats::time;
use crate::{Frame, Opened, Sink};
use glasshouse_model::{Family, IdentifierKind, Locator, MomentRole, Party, PartyRole, Record, Ref};
use std::borrow::Cow;

pub(super) const FORMAT: &str = "account";

/// Reads the whole entry.
pub(super) fn read(opened: &Opened<'_>, frame: &Frame<'_>, out: &mut Sink) {
    let whole = opened.at(Locator::json("", frame.offset, frame.bytes.len() as u64));
    let raw = text(frame, &whole, out);
    let Ok(document) = Object::parse(raw.trim_start_matches('\u{feff}')) else {
        return out.warn(whole, "json.syntax", "The entry is not a valid JSON object; it was not read.");
    };
    let basic = document.object("Basic Information");
    let account = basic.as_ref().and_then(|b| Some(b.text("Username")?.into_owned()));
    let place = |pointer: String, part: &str| -> Ref {
        let start = (part.as_ptr() as usize).checked_sub(raw.as_ptr() as usize);
        let inside = start.filter(|s| s + part.len() <= raw.len() && raw.len() == frame.bytes.len());
        let (start, length) = inside.map_or((0, frame.bytes.len()), |start| (start, part.len()));
        opened.at(Locator::json(pointer, frame.offset + start as u64, length as u64))
    };
    for (section, value) in document.members() {
        let escaped = section.replace('~', "~0").replace('/', "~1");
        let family = match section {
            "Basic Information" => Family::Account,
            "Device Information" | "Device History" => Family::Device,
            "Login History" => Family::Login,
            _ => Family::Setting,
        };
        let mut one = |pointer: String, part: &str| {
            let here = place(pointer, part);
            let mut record = Record::new(family, FORMAT);
            record.account = account.clone();
            record.fields.text("section", section);
            match Object::parse(part) {
                Ok(object) => fill(&mut record, &object),
                Err(_) => keep(&mut record.fields, "value", part),
            }
            out.record(here, record);
        };
        match document.array(section) {
            Some(items) => items.into_iter().enumerate().for_each(|(i, item)| one(format!("/{escaped}/{i}"), item)),
            None => one(format!("/{escaped}"), value.get()),
        }
    }
}

fn fill(record: &mut Record, object: &Object<'_>) {
    for (key, role) in [
        ("Created", MomentRole::Observed),
        ("Start Time", MomentRole::Start),
        ("Acceptance Date", MomentRole::Created),
        ("Date", MomentRole::Created),
        ("Creation Date", MomentRole::Created),
        ("Last Active", MomentRole::Observed),
    ] {
        if let Some(text) = object.text(key).filter(|t| t.starts_with(|c: char| c.is_ascii_digit())) {
            record.moments.push(time::wall_utc(role, &text));
        }
    }
    if record.family == Family::Account {
        let name = object.text("Name").map(Cow::into_owned);
        record.title = name.clone();
        if let Some(username) = object.text("Username") {
            record.parties.push(Party::with(PartyRole::Owner, name, IdentifierKind::Account, username));
        }
    }
    for (key, value) in object.members() {
        keep(&mut record.fields, key, value.get());
    }
}
