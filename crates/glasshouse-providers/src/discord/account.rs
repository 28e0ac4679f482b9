//! The account itself: who it is, friends, connections, sessions, payments and notes.

use crate::formats::element::{keep, text};
use crate::formats::json::Object;
use crate::formats::time;
use crate::{Frame, Opened, Sink};
use glasshouse_model::{
    Family, Fields, Identifier, IdentifierKind, Locator, MomentRole, Party, PartyRole, Record, Ref,
};
use std::borrow::Cow;

pub(super) const FORMAT: &str = "account";

/// Lists whose elements are records of their own.
const LISTS: &[(&str, Family)] = &[
    ("relationships", Family::Contact),
    ("connections", Family::Contact),
    ("payments", Family::Payment),
    ("user_sessions", Family::Login),
    ("sessions", Family::Login),
];

/// Says whether first bytes are those of `user.json`, whatever its folder is called.
pub(super) fn is_ours(head: &[u8]) -> bool {
    let has = |needle: &[u8]| memchr::memmem::find(head, needle).is_some();
    let known: [&[u8]; 4] = [b"\"discriminator\"", b"\"relationships\"", b"\"user_sessions\"", b"\"email\""];
    has(b"\"id\"") && has(b"\"username\"") && known.iter().any(|key| has(key))
}

/// Reads `user.json`.
pub(super) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    for frame in opened.frames {
        read(opened, frame, out);
    }
}

fn read(opened: &Opened<'_>, frame: &Frame<'_>, out: &mut Sink) {
    let at = opened.at(Locator::json("", frame.offset, frame.bytes.len() as u64));
    if frame.truncated {
        out.warn(at.clone(), "json.truncated", "The entry is longer than 64 MiB; it was not read.");
    }
    let raw = text(frame, &at, out);
    let Ok(object) = Object::parse(raw.trim_start_matches('\u{feff}')) else {
        return out.warn(at, "json.syntax", "The entry is not a valid JSON object; it was not read.");
    };
    let id = object.text("id").map(Cow::into_owned).or_else(|| object.raw("id").map(str::to_owned));
    let mut record = Record::new(Family::Account, FORMAT);
    record.account = id.clone();
    record.title = object.text("username").map(Cow::into_owned);
    let mut owner = Party { role: PartyRole::Owner, name: record.title.clone(), identifiers: Vec::new() };
    for (value, kind) in [
        (id.clone(), IdentifierKind::Account),
        (object.text("email").map(Cow::into_owned), IdentifierKind::Email),
        (object.text("phone").map(Cow::into_owned), IdentifierKind::Phone),
    ] {
        owner.identifiers.extend(value.filter(|v| !v.is_empty()).map(|value| Identifier { kind, value }));
    }
    record.parties.push(owner);
    for (key, value) in object.members() {
        match LISTS.iter().find(|(name, _)| *name == key) {
            Some(_) if object.array(key).is_some() => {}
            _ if key == "notes" && object.object(key).is_some() => {}
            _ => keep_typed(&mut record.fields, key, value.get()),
        }
    }
    out.record(at, record);
    let base = Base { opened, frame, text: &raw, account: id };
    for (key, family) in LISTS {
        for (i, item) in object.array(key).unwrap_or_default().into_iter().enumerate() {
            base.item(&format!("/{key}/{i}"), key, *family, item, out);
        }
    }
    for (about, note) in object.object("notes").iter().flat_map(|notes| notes.members()) {
        let mut record = Record::new(Family::Note, FORMAT);
        record.account = base.account.clone();
        record.text = crate::formats::json::as_text(note.get()).map(Cow::into_owned);
        if record.text.is_none() {
            keep(&mut record.fields, "note", note.get());
        }
        record.parties.push(Party::with(PartyRole::Subject, None, IdentifierKind::Account, about));
        out.record(base.at(&format!("/notes/{}", about.replace('~', "~0").replace('/', "~1")), note.get()), record);
    }
}

struct Base<'a> {
    opened: &'a Opened<'a>,
    frame: &'a Frame<'a>,
    text: &'a str,
    account: Option<String>,
}

impl Base<'_> {
    /// Returns the place of a slice of the entry's text.
    fn at(&self, pointer: &str, raw: &str) -> Ref {
        let start = (raw.as_ptr() as usize).checked_sub(self.text.as_ptr() as usize);
        let inside = start.filter(|s| s + raw.len() <= self.text.len() && self.text.len() == self.frame.bytes.len());
        let (start, length) = inside.map_or((0, self.frame.bytes.len()), |start| (start, raw.len()));
        self.opened.at(Locator::json(pointer, self.frame.offset + start as u64, length as u64))
    }

    fn item(&self, pointer: &str, list: &str, family: Family, raw: &str, out: &mut Sink) {
        let at = self.at(pointer, raw);
        let Ok(object) = Object::parse(raw) else {
            return out.warn(at, "json.syntax", "The element is not a valid JSON object; it was not read.");
        };
        let mut record = Record::new(family, FORMAT);
        record.account = self.account.clone();
        record.fields.text("list", list);
        for key in ["created_at", "creation_time", "approx_last_used_time", "expiration_time", "since"] {
            if let Some(text) = object.text(key).filter(|t| !t.is_empty()) {
                let role = if key == "expiration_time" { MomentRole::End } else { MomentRole::Created };
                let role = if key == "approx_last_used_time" { MomentRole::Observed } else { role };
                record.moments.push(time::wall_utc(role, &text));
            }
        }
        let user = object.object("user");
        let of = user.as_ref().unwrap_or(&object);
        let name = of.text("username").or_else(|| of.text("name")).map(Cow::into_owned);
        record.title = name.clone().or_else(|| object.text("description").map(Cow::into_owned));
        if family == Family::Contact {
            let id = object.text("id").map(Cow::into_owned);
            let identifiers = id.map(|value| Identifier { kind: IdentifierKind::Account, value });
            let identifiers = identifiers.into_iter().collect();
            record.parties.push(Party { role: PartyRole::Subject, name, identifiers });
        }
        for (key, value) in object.members() {
            keep_typed(&mut record.fields, key, value.get());
        }
        out.record(at, record);
    }
}

/// Adds a member; ids and types are numbers in one list and texts in another, and become texts.
fn keep_typed(fields: &mut Fields, key: &str, raw: &str) {
    let number = raw.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    if matches!(key, "id" | "type" | "discriminator") && number {
        fields.text(key, raw);
    } else {
        keep(fields, key, raw);
    }
}
