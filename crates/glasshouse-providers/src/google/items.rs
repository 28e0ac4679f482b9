//! JSON lists whose members are declared: which is a time, a person, a title. What is not declared stays a field.
//!
//! Takeout holds dozens of lists that differ in nothing but names; the tables are in `lists.rs`.

use super::element::{keep, keep_found, not_an_object, place as place_of, text, unread_member};
use super::locale::{Product, product};
use crate::formats::json::{Object, as_text};
use crate::formats::sheet::linked;
use crate::formats::time;
use crate::formats::wall::Clock;
use crate::{Frame, Opened, Sink, Tree};
use glasshouse_model::{
    Attachment, Family, Framing, Identifier, IdentifierKind, Locator, Moment, MomentRole, Party, PartyRole, Precision,
    Record, Ref, ZoneBasis,
};
use std::borrow::Cow;

/// What a member holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Is {
    /// A time written out, with its zone.
    Time(MomentRole),
    /// A count since 1970.
    Seconds(MomentRole),
    Millis(MomentRole),
    Micros(MomentRole),
    /// A count of microseconds since 1970, or since 1601 as Chrome counts within itself.
    Chrome(MomentRole),
    Nanos(MomentRole),
    Title,
    /// Lines of the text; several members and all elements of arrays are joined.
    Text,
    Name(PartyRole),
    Id(PartyRole, IdentifierKind),
    Thread,
    Address,
    /// The name of a file that the claim's links may hold.
    File,
    /// Known, and nothing but a field; its paths may be those of many members.
    Field,
}

/// The items of one array of a document, or the document itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct List {
    /// The array's key or pointer as its frames are named; `""` for the document.
    pub array: &'static str,
    pub family: Family,
    /// What an item is, as the field `kind`.
    pub kind: &'static str,
    /// A member that holds the whole item.
    pub wrapper: &'static str,
    /// Paths (`/` between keys, `*` for every element of an array) and what is there.
    pub members: &'static [(&'static [&'static str], Is)],
}

/// A kind of document.
#[derive(Clone, Copy, Debug)]
pub(super) struct Doc {
    pub format: &'static str,
    pub product: Product,
    /// Keys of which one is in the first bytes.
    pub needs: &'static [&'static str],
    pub framing: Framing,
    /// Members beside the lists that say what the document is.
    pub about: &'static [&'static str],
    pub lists: &'static [List],
}

/// Returns the kind of document that a path and first bytes are of.
pub(super) fn find(docs: &'static [Doc], path: &str, head: &[u8]) -> Option<&'static Doc> {
    let (product, _) = product(path)?;
    let head = head.get(..Tree::HEAD).unwrap_or(head);
    docs.iter().filter(|doc| doc.product == product).find(|doc| doc.needs.iter().any(|key| has_key(head, key)))
}

/// Says whether first bytes hold a quoted key with a colon behind it.
fn has_key(head: &[u8], key: &str) -> bool {
    let quoted = format!("\"{key}\"");
    memchr::memmem::find_iter(head, quoted.as_bytes())
        .any(|at| head.get(at + quoted.len()..).is_some_and(|rest| rest.trim_ascii_start().starts_with(b":")))
}

/// Reads frames of a document that [`find`] knew.
pub(super) fn parse(docs: &'static [Doc], opened: &Opened<'_>, out: &mut Sink) {
    let Some(doc) = find(docs, opened.entry.path, opened.head) else { return };
    for frame in opened.frames {
        match doc.lists.iter().find(|list| list.array == pattern(frame.name)) {
            Some(list) => {
                let at = place(doc, opened, frame);
                let raw = text(frame, &at, out);
                match record(doc.format, list, opened, raw.trim_start_matches('\u{feff}'), &at, out) {
                    Some(record) => out.record(at, record),
                    None => not_an_object(frame, at, out),
                }
            }
            None => beside(doc, opened, frame, out),
        }
    }
}

/// Returns the name of a frame with `*` for every index in a pointer.
fn pattern(name: &str) -> Cow<'_, str> {
    if !name.starts_with('/') {
        return Cow::Borrowed(name);
    }
    let star = |part: &str| {
        if part.bytes().all(|b| b.is_ascii_digit()) && !part.is_empty() { "*".into() } else { part.to_owned() }
    };
    Cow::Owned(name.split('/').map(star).collect::<Vec<_>>().join("/"))
}

fn place(doc: &Doc, opened: &Opened<'_>, frame: &Frame<'_>) -> Ref {
    let pointer = match (doc.framing, frame.element) {
        (Framing::Whole, _) => String::new(),
        (Framing::JsonPaths(_), true) => format!("{}/{}", frame.name, frame.index),
        (Framing::JsonPaths(_), false) => frame.name.to_owned(),
        _ => return place_of(opened, frame),
    };
    opened.at(Locator::json(pointer, frame.offset, frame.bytes.len() as u64))
}

/// Returns the place of a part of a document that is read whole: `part` is a slice of `text`, the document.
pub(super) fn within(opened: &Opened<'_>, frame: &Frame<'_>, text: &str, part: &str, pointer: &str) -> Ref {
    let start = (part.as_ptr() as usize).checked_sub(text.as_ptr() as usize);
    // Replaced bytes shift what follows; then the document as a whole is the place.
    match start.filter(|s| s + part.len() <= text.len() && text.len() == frame.bytes.len()) {
        Some(start) => opened.at(Locator::json(pointer, frame.offset + start as u64, part.len() as u64)),
        None => opened.at(Locator::json("", frame.offset, frame.bytes.len() as u64)),
    }
}

/// Members beside the lists: empty ones and the service's own word for what the document is say nothing.
fn beside(doc: &Doc, opened: &Opened<'_>, frame: &Frame<'_>, out: &mut Sink) {
    let empty = matches!(frame.bytes.trim_ascii(), b"[]" | b"{}" | b"null" | b"\"\"");
    if empty {
        return;
    }
    if !doc.about.contains(&frame.name) {
        return unread_member(opened, frame, doc.format, out);
    }
    let mut record = Record::new(Family::Setting, doc.format);
    record.fields.text("kind", "about the list");
    record.title = serde_json::from_slice::<String>(frame.bytes).ok();
    if record.title.is_none() {
        keep_found(&mut record.fields, frame.name, frame.bytes);
    }
    out.record(place(doc, opened, frame), record);
}

/// Returns the record of one item; none for what is no object.
pub(super) fn record(
    format: &'static str,
    list: &List,
    opened: &Opened<'_>,
    raw: &str,
    at: &Ref,
    out: &mut Sink,
) -> Option<Record> {
    let outer = Object::parse(raw).ok()?;
    let inner = if list.wrapper.is_empty() { None } else { outer.object(list.wrapper) };
    let mut record = Record::new(list.family, format);
    if !list.kind.is_empty() {
        record.fields.text("kind", list.kind);
    }
    let unwrapped = inner.is_some();
    let object = inner.as_ref().unwrap_or(&outer);
    fill(list, object, opened, at, &mut record, out);
    let objects = [Some(object), unwrapped.then_some(&outer)];
    for (level, object) in objects.into_iter().flatten().enumerate() {
        for (key, value) in object.members() {
            let of_wrapper = level == 1 && key == list.wrapper;
            if of_wrapper || matches!(value.get(), "\"\"" | "null") || is_said(list, key, value.get(), &record) {
                continue;
            }
            let mut paths = list.members.iter().flat_map(|(paths, _)| *paths);
            if !paths.any(|path| path.split('/').next() == Some(key)) {
                out.drift(format, key);
            }
            // Two kinds of items may have members of one name and two types.
            let name = if key == "kind" { "kind_" } else { key };
            keep(&mut record.fields, name, value.get());
        }
    }
    Some(record)
}

/// Says whether a member is the title or the text word for word.
fn is_said(list: &List, key: &str, raw: &str, record: &Record) -> bool {
    let Some((_, is)) = list.members.iter().find(|(paths, _)| paths.contains(&key)) else { return false };
    let said = match is {
        Is::Title => record.title.as_deref(),
        Is::Text => record.text.as_deref(),
        _ => None,
    };
    said.is_some() && as_text(raw).as_deref() == said
}

fn fill(list: &List, object: &Object<'_>, opened: &Opened<'_>, at: &Ref, record: &mut Record, out: &mut Sink) {
    let mut lines: Vec<String> = Vec::new();
    for (paths, is) in list.members.iter().filter(|(_, is)| *is != Is::Field) {
        for raw in paths.iter().flat_map(|path| values(object, path)) {
            let value = as_text(raw).map_or_else(|| raw.to_owned(), Into::into);
            if value.trim().is_empty() || raw == "null" || raw.starts_with(['{', '[']) {
                continue;
            }
            match *is {
                Is::Time(role) => moment(record, written(role, &value), at, out),
                Is::Seconds(role) => moment(record, time::epoch_seconds(role, &value), at, out),
                Is::Millis(role) => moment(record, time::epoch_millis(role, &value), at, out),
                Is::Micros(role) => moment(record, time::epoch_micros(role, &value), at, out),
                Is::Chrome(role) => moment(record, chrome(role, &value), at, out),
                Is::Nanos(role) => moment(record, nanos(role, &value), at, out),
                Is::Title => {
                    record.title.get_or_insert(value);
                }
                Is::Text => lines.push(value),
                Is::Name(role) => record.parties.push(Party::named(role, value)),
                Is::Id(role, kind) => identify(record, role, kind, value),
                Is::Thread => record.conversation = Some(value),
                Is::Address => record.place.get_or_insert_default().address = Some(value),
                Is::File => record.attachments.push(file(opened, &value)),
                Is::Field => {}
            }
        }
    }
    record.text = (!lines.is_empty()).then(|| lines.join("\n"));
}

/// Returns the attachment of a name; Keep says `.jpeg` of files that the export calls `.jpg`.
fn file(opened: &Opened<'_>, name: &str) -> Attachment {
    let named = linked(opened, name);
    let Some(stem) = name.strip_suffix(".jpeg").filter(|_| named.at.is_none()) else { return named };
    Attachment { name: named.name.clone(), ..linked(opened, &format!("{stem}.jpg")) }
}

/// Adds an identifier to the last party of a role that has none of its kind.
fn identify(record: &mut Record, role: PartyRole, kind: IdentifierKind, value: String) {
    let open = |p: &&mut Party| p.role == role && p.identifiers.iter().all(|i| i.kind != kind);
    match record.parties.iter_mut().rev().find(open) {
        Some(party) => party.identifiers.push(Identifier { kind, value }),
        None => record.parties.push(Party::with(role, None, kind, value)),
    }
}

fn moment(record: &mut Record, moment: Moment, at: &Ref, out: &mut Sink) {
    // A count of zero, or of nothing, is how a list says that it did not happen.
    if moment.text.trim() == "0" {
        return;
    }
    let unread = matches!(moment.basis, ZoneBasis::Ambiguous | ZoneBasis::Utc) && moment.precision != Precision::Day;
    if moment.instant.is_none() && unread {
        out.warn(at.clone(), "time.syntax", "A time cannot be read, or its zone is not known; no instant follows.");
    }
    record.moments.push(moment);
}

/// Reads a time with `Z` or an offset, and the forms that name UTC or a day.
pub(super) fn written(role: MomentRole, text: &str) -> Moment {
    let read = time::iso(role, text);
    if read.instant.is_some() {
        return read;
    }
    Clock::UNKNOWN.moment(role, text)
}

/// Reads a count of microseconds since 1601 or since 1970: for any day of the web they are too far apart to be
/// taken for one another.
fn chrome(role: MomentRole, text: &str) -> Moment {
    /// As a count since 1970 it would lie in 2286, as one since 1601 in 1917.
    const APART: i64 = 10_000_000_000_000_000;
    const SINCE_1601: i64 = 11_644_473_600_000_000;
    let read = time::epoch_micros(role, text);
    match text.trim().parse::<i64>() {
        Ok(count) if count >= APART => Moment { instant: count.checked_sub(SINCE_1601), ..read },
        _ => read,
    }
}

fn nanos(role: MomentRole, text: &str) -> Moment {
    let count: Option<i64> = text.trim().parse().ok();
    let instant = count.map(|n| n.div_euclid(1000));
    Moment { role, instant, text: text.to_owned(), basis: ZoneBasis::Utc, precision: Precision::Microsecond }
}

/// Returns the values that a path leads to, as JSON each.
fn values<'a>(object: &Object<'a>, path: &str) -> Vec<&'a str> {
    /// Lists inside an item are short; what a hostile one holds beyond stays in the fields alone.
    const MOST: usize = 10_000;
    let mut keys = path.split('/');
    let first = keys.next().and_then(|key| object.raw(key));
    let mut found: Vec<&str> = first.into_iter().collect();
    for key in keys {
        let step = |raw: &'a str| -> Vec<&'a str> {
            if key == "*" {
                let items: Vec<&'a serde_json::value::RawValue> = serde_json::from_str(raw).unwrap_or_default();
                items.into_iter().map(serde_json::value::RawValue::get).take(MOST).collect()
            } else {
                Object::parse(raw).ok().and_then(|object| object.raw(key)).into_iter().collect()
            }
        };
        found = found.into_iter().flat_map(step).take(MOST).collect();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_through_arrays() {
        let object = Object::parse(r#"{"a":{"b":[{"c":1},{"d":2},{"c":"x"}]},"e":3}"#).expect("an object");
        assert_eq!(values(&object, "a/b/*/c"), ["1", "\"x\""]);
        assert_eq!(values(&object, "e"), ["3"]);
        assert!(values(&object, "e/*").is_empty());
    }

    #[test]
    fn both_of_chromes_counts_are_read() {
        for text in ["1767938645123456", "13412412245123456"] {
            assert_eq!(chrome(MomentRole::Observed, text).instant, Some(1_767_938_645_123_456), "{text}");
        }
        assert_eq!(chrome(MomentRole::Observed, "99999999999999999999").instant, None);
    }

    #[test]
    fn keys_are_known_by_their_colon() {
        assert!(has_key(b"{ \"a\" : 1", "a"));
        assert!(!has_key(b"[ \"a\", 1", "a"));
    }
}
