//! The report that WhatsApp makes of an account on request: a page, and the same as JSON beside it; newer ones are
//! folders of them (`whatsapp_connections/contacts.json` …).
//!
//! What is in it is known in words only: telephone number, name, addresses of connections, device, registration,
//! settings, numbers of contacts, blocked numbers, names of groups. So its JSON is read by its shape, and names of
//! members are looked at for a word, never for a whole.

use crate::formats::element::{keep, not_an_object, text};
use crate::formats::json::{Object, as_text};
use crate::formats::meta;
use crate::formats::time;
use crate::{Frame, Opened, Sink, Tree, TreeEntry};
use glasshouse_model::{
    Claim, Family, Framing, IdentifierKind, Locator, Moment, MomentRole, Party, PartyRole, Record, Ref,
};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

pub(super) const FORMAT: &str = "account-report";

/// Objects in objects deeper than these stay whole.
const DEEPEST: usize = 4;

/// Finds reports: a page that names WhatsApp, with a JSON of its name or the only one beside it.
pub(super) fn recognise(tree: &Tree<'_>) -> Vec<Claim> {
    let is = |entry: &TreeEntry, what: &str| entry.path.len() > what.len() && entry.extension() == what;
    let mut pages: BTreeMap<(u32, &str), Vec<&TreeEntry>> = BTreeMap::new();
    for entry in tree.entries().iter().filter(|entry| is(entry, "html") || is(entry, "htm")) {
        pages.entry((entry.part, entry.dir())).or_default().push(entry);
    }
    let mut lists: BTreeMap<(u32, &str), Vec<&TreeEntry>> = BTreeMap::new();
    for entry in tree.entries().iter().filter(|entry| entry.size > 0 && is(entry, "json")) {
        let place = (entry.part, entry.dir());
        if pages.contains_key(&place) || is_folder(place.1) {
            lists.entry(place).or_default().push(entry);
        }
    }
    let mut claims = Vec::new();
    for (place, lists) in &lists {
        // A report is some files; folders of thousands are something else, and cost thousands of looks.
        const MOST: usize = 64;
        if is_folder(place.1) && lists.len() <= MOST {
            let beside = pages.get(place).map_or(&[][..], Vec::as_slice);
            claims.extend(lists.iter().filter(|list| is_section(&tree.head(list.id))).map(|list| {
                let mut claim = Claim::of(FORMAT, list.id, Framing::Whole);
                claim.copies = beside.iter().filter(|page| stem(page) == stem(list)).map(|page| page.id).collect();
                claim
            }));
            continue;
        }
        let Some(pages) = pages.get(place).filter(|pages| pages.len() <= MOST && lists.len() <= MOST) else { continue };
        for page in pages {
            let beside = lists.iter().find(|list| stem(list) == stem(page));
            let only = || lists.first().filter(|_| lists.len() == 1 && pages.len() == 1);
            let Some(list) = beside.or_else(only) else { continue };
            if is_page(&tree.head(page.id)) && starts_object(&tree.head(list.id)) {
                let mut claim = Claim::of(FORMAT, list.id, Framing::Whole);
                claim.copies = vec![page.id];
                claims.push(claim);
            }
        }
    }
    claims
}

/// Says whether a folder is one of the report's: `whatsapp_settings` and alike.
fn is_folder(dir: &str) -> bool {
    dir.rsplit('/').next().is_some_and(|name| name.starts_with("whatsapp_"))
}

/// Says whether first bytes are those of JSON in such a folder: `{"wa_contacts": …`.
fn is_section(head: &[u8]) -> bool {
    starts_object(head) && memchr::memmem::find(head, b"\"wa_").is_some()
}

fn stem<'p>(entry: &TreeEntry<'p>) -> &'p str {
    entry.name().rsplit_once('.').map_or(entry.name(), |(stem, _)| stem)
}

fn is_page(head: &[u8]) -> bool {
    let has = |needle: &[u8]| memchr::memmem::find(head, needle).is_some();
    has(b"WhatsApp") && (has(b"<html") || has(b"<HTML")) && !meta::is_page(head)
}

fn starts_object(head: &[u8]) -> bool {
    head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start().starts_with(b"{")
}

/// Reads a report.
pub(super) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    for frame in opened.frames {
        let whole = opened.at(Locator::json("", frame.offset, frame.bytes.len() as u64));
        let read = text(frame, &whole, out);
        let raw = read.trim_start_matches('\u{feff}').trim();
        match Object::parse(raw) {
            Ok(object) => {
                let mut report = Report { opened, frame, text: &read, out };
                report.object(&object, raw, "", "", 0);
            }
            Err(_) => not_an_object(frame, whole, out),
        }
    }
}

struct Report<'r, 'o> {
    opened: &'r Opened<'o>,
    frame: &'r Frame<'o>,
    text: &'r str,
    out: &'r mut Sink,
}

impl Report<'_, '_> {
    /// Reads an object: its plain members are one record, objects and lists in it are others.
    fn object(&mut self, object: &Object<'_>, raw: &str, pointer: &str, trail: &str, depth: usize) {
        let mut plain: Vec<(&str, &str)> = Vec::new();
        for (key, value) in object.members() {
            let value = value.get();
            let below = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
            let named = if trail.is_empty() { key.to_owned() } else { format!("{trail}/{key}") };
            match (value.as_bytes().first(), depth < DEEPEST) {
                (Some(b'{'), true) => match Object::parse(value) {
                    Ok(inner) => self.object(&inner, value, &below, &named, depth + 1),
                    Err(_) => plain.push((key, value)),
                },
                (Some(b'['), true) => match serde_json::from_str::<Vec<&RawValue>>(value) {
                    Ok(items) => {
                        for (i, item) in items.iter().enumerate() {
                            self.element(item.get(), &format!("{below}/{i}"), &named);
                        }
                    }
                    Err(_) => plain.push((key, value)),
                },
                _ => plain.push((key, value)),
            }
        }
        if plain.iter().any(|(_, value)| !matches!(*value, "null" | "\"\"")) {
            self.record(&plain, raw, pointer, trail);
        }
    }

    /// Reads an element of a list; one that is no object is its own value.
    fn element(&mut self, raw: &str, pointer: &str, trail: &str) {
        match Object::parse(raw) {
            Ok(object) => {
                let members: Vec<_> = object.members().map(|(key, value)| (key, value.get())).collect();
                self.record(&members, raw, pointer, trail);
            }
            Err(_) => self.record(&[("value", raw)], raw, pointer, trail),
        }
    }

    fn record(&mut self, members: &[(&str, &str)], raw: &str, pointer: &str, trail: &str) {
        let mut record = Record::new(family(trail), FORMAT);
        let role = if record.family == Family::Contact { PartyRole::Subject } else { PartyRole::Owner };
        let (mut name, mut number) = (None, None);
        for (key, value) in members {
            keep(&mut record.fields, key, value);
            let says = |word: &str| key.to_lowercase().contains(word);
            let read = as_text(value);
            if let Some(read) = read.as_deref().filter(|read| !read.trim().is_empty()) {
                let alone = *key == "value";
                if is_number(read) && (alone || says("phone") || says("number")) {
                    number.get_or_insert_with(|| read.to_owned());
                } else if alone || says("name") || says("subject") || says("title") {
                    name.get_or_insert_with(|| read.to_owned());
                }
            }
            let timed = ["time", "date", "since", "seen", "stamp"].iter().any(|word| says(word));
            record.moments.extend(if timed { moment(value) } else { None });
        }
        match (record.family, number) {
            (Family::Contact | Family::Account, Some(number)) => {
                record.parties.push(Party::with(role, name.clone(), IdentifierKind::Phone, number));
            }
            (Family::Contact | Family::Account, None) => {
                record.parties.extend(name.clone().map(|name| Party::named(role, name)));
            }
            // A number elsewhere need not be anybody's.
            _ => {}
        }
        record.title = name.or_else(|| Some(trail.to_owned())).filter(|title| !title.is_empty());
        record.fields.opt_text("section", Some(trail).filter(|trail| !trail.is_empty()));
        self.out.record(self.place(raw, pointer), record);
    }

    /// Returns the place of a value; where bytes had to be replaced places shift, and the report is named.
    fn place(&self, raw: &str, pointer: &str) -> Ref {
        let start = (raw.as_ptr() as usize).checked_sub(self.text.as_ptr() as usize);
        let start = start.filter(|start| start + raw.len() <= self.frame.bytes.len());
        let (start, length) = match start.filter(|_| self.text.len() == self.frame.bytes.len()) {
            Some(start) => (start as u64, raw.len() as u64),
            None => (0, self.frame.bytes.len() as u64),
        };
        self.opened.at(Locator::json(pointer, self.frame.offset + start, length))
    }
}

/// Returns what a section is about, by the words in the names that lead to it.
fn family(trail: &str) -> Family {
    let trail = trail.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| trail.contains(word));
    let is_word = |word: &str| trail.split(|c: char| !c.is_ascii_alphanumeric()).any(|part| part == word);
    match () {
        () if has(&["contact", "block"]) => Family::Contact,
        () if has(&["group", "communit", "channel"]) => Family::Activity,
        () if has(&["setting", "privac", "preferenc"]) => Family::Setting,
        () if has(&["regist", "connect", "session", "login"]) || is_word("ip") => Family::Login,
        () if has(&["device", "platform"]) => Family::Device,
        () => Family::Account,
    }
}

/// Says whether a text is a telephone number with its country.
fn is_number(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let allowed = |b: u8| b.is_ascii_digit() || matches!(b, b'+' | b' ' | b'-' | b'(' | b')');
    (7..=15).contains(&digits) && text.trim().bytes().all(allowed)
}

/// Returns a time that says its zone, or counts from 1970; any other stays a field alone.
fn moment(raw: &str) -> Option<Moment> {
    let role = MomentRole::Observed;
    let read = as_text(raw);
    let text = read.as_deref().unwrap_or(raw).trim();
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return match text.len() {
            10 => Some(time::epoch_seconds(role, text)),
            13 => Some(time::epoch_millis(role, text)),
            _ => None,
        };
    }
    let moment = if text.ends_with("UTC") { time::wall_utc(role, text) } else { time::iso(role, text) };
    moment.instant.is_some().then_some(moment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_go_by_a_word_in_their_names() {
        for (trail, expected) in [
            ("wa_contacts", Family::Contact),
            ("report/Blocked numbers", Family::Contact),
            ("Groups", Family::Activity),
            ("Privacy Settings", Family::Setting),
            ("Last IP", Family::Login),
            ("shipping", Family::Account),
            ("", Family::Account),
        ] {
            assert_eq!(family(trail), expected, "{trail}");
        }
    }

    #[test]
    fn times_without_a_zone_are_left_alone() {
        assert!(moment("1700000000").is_some() && moment("\"2024-01-30 13:27:33 UTC\"").is_some());
        for raw in ["\"2024-01-30 13:27:33\"", "17", "\"yesterday\"", "true"] {
            assert!(moment(raw).is_none(), "{raw}");
        }
    }
}
