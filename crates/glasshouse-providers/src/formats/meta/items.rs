//! Every list of an export that is no conversation: from a file to its items, whichever way it wraps them.
//!
//! A file is an array of items, an object of arrays (`comments_v2`), an object of objects of arrays, or one item.

use super::item::{self, Item};
use super::kinds::{Kind, kind};
use super::roots::Service;
use crate::formats::element::text;
use crate::formats::json::Object;
use crate::formats::{element, meta_text};
use crate::framing::frame_all;
use crate::{Frame, Opened, Sink};
use glasshouse_model::{Family, Framing, Locator, Ref};

/// Framing of what holds many items, and of what is one.
pub(crate) const MANY: Framing = Framing::JsonArrays(&[""]);
pub(crate) const ONE: Framing = Framing::Whole;

/// Members that only an item has: a file whose object has one of them is an item itself.
const OF_AN_ITEM: &[&str] =
    &["label_values", "fbid", "timestamp", "string_map_data", "string_list_data", "photos", "cover_photo"];

/// Words in first bytes that only such exports have, and such that others may have, too.
const STRONG: &[&[u8]] =
    &[b"_v2\"", b"_v3\"", b"\"label_values\"", b"\"string_map_data\"", b"\"string_list_data\"", b"\"media_map_data\""];
const WEAK: &[&[u8]] =
    &[b"\"timestamp\"", b"\"creation_timestamp\"", b"\"timestamp_ms\"", b"\"ip_address\"", b"\"uri\""];

/// Returns how a file is cut, if first bytes are those of a list of items; `sure` says that it lies in an export.
pub(crate) fn framing(head: &[u8], sure: bool) -> Option<Framing> {
    let has = |words: &[&[u8]]| words.iter().any(|word| memchr::memmem::find(head, word).is_some());
    if !has(STRONG) && !(sure && has(WEAK)) {
        return None;
    }
    let start = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    match start.first()? {
        b'[' => Some(MANY),
        b'{' => {
            let (spans, _) = frame_all(Framing::JsonArrays(&[]), head);
            let item = spans.iter().any(|span| OF_AN_ITEM.contains(&span.name.as_str()));
            Some(if item { ONE } else { MANY })
        }
        _ => None,
    }
}

/// Returns the key of the first list of a document, `""` if it is a list.
pub(crate) fn first_key(head: &[u8]) -> String {
    let (spans, _) = frame_all(Framing::JsonArrays(&[]), head);
    spans.first().map(|span| span.name.clone()).unwrap_or_default()
}

/// Reads the items of a claim's frames.
pub(crate) fn parse(opened: &Opened<'_>, service: Service, out: &mut Sink) {
    for frame in opened.frames {
        let at = if opened.claim.framing == ONE {
            opened.at(Locator::json("", frame.offset, frame.bytes.len() as u64))
        } else {
            element::place(opened, frame)
        };
        let text = text(frame, &at, out);
        let whole = text.trim_start_matches('\u{feff}').trim();
        let kind = kind(service, opened.entry.path, frame.name);
        let mut walk = Walk { opened, service, frame, at: &at, text: &text, out };
        if opened.claim.framing == MANY && !frame.element {
            walk.member(whole, kind, 0);
        } else {
            walk.item(whole, "", kind);
        }
    }
}

/// A walk through one frame.
struct Walk<'w, 'o> {
    opened: &'w Opened<'o>,
    service: Service,
    frame: &'w Frame<'w>,
    at: &'w Ref,
    text: &'w str,
    out: &'w mut Sink,
}

impl Walk<'_, '_> {
    /// Reads a member of the document: a list of items, an object of such lists, or something that stands alone.
    fn member(&mut self, raw: &str, kind: Kind, depth: usize) {
        self.lists(raw, "", kind, depth);
    }

    fn lists(&mut self, raw: &str, pointer: &str, kind: Kind, depth: usize) {
        const DEEPEST: usize = 3;
        if raw.starts_with('[') {
            // Item by item: one that is damaged takes none with it.
            let (spans, troubles) = frame_all(MANY, raw.as_bytes());
            for span in &spans {
                let Some(item) = raw.get(span.start as usize..span.end as usize) else { continue };
                self.item(item, &format!("{pointer}/{}", span.index), kind);
            }
            if let Some(trouble) = troubles.first().filter(|_| !self.frame.truncated) {
                self.out.warn(self.at.clone(), trouble.code, trouble.message);
            }
            return;
        }
        let object = match Object::parse(raw) {
            Ok(object) if raw.starts_with('{') => object,
            _ => return self.item(raw, pointer, kind),
        };
        // A profile holds lists of its own; what is one thing stays one record.
        let wraps = |raw: &str| raw.starts_with('[') && raw.trim_start_matches('[').trim_ascii_start().starts_with('{');
        let lists: Vec<(&str, &str)> =
            object.members().map(|(key, value)| (key, value.get())).filter(|(_, raw)| wraps(raw)).collect();
        let single = kind.family == Family::Account || item::is_item(&object) || depth >= DEEPEST || lists.is_empty();
        if single {
            return self.item(raw, pointer, kind);
        }
        let names: Vec<&str> = lists.iter().map(|(key, _)| *key).collect();
        for (key, list) in &lists {
            let inner = super::kinds::kind(self.service, self.opened.entry.path, key);
            let inner = if inner.family == Family::Activity { kind } else { inner };
            self.lists(list, &format!("{pointer}/{}", escaped(key)), inner, depth + 1);
        }
        if object.members().any(|(key, _)| !names.contains(&key)) {
            let place = self.place(raw, pointer);
            let item = Item { opened: self.opened, kind, key: self.frame.name, without: &names };
            item.read(place, &object, self.out);
        }
    }

    fn item(&mut self, raw: &str, pointer: &str, kind: Kind) {
        let place = self.place(raw, pointer);
        let item = Item { opened: self.opened, kind, key: self.frame.name, without: &[] };
        match Object::parse(raw) {
            Ok(object) => {
                // What a business told the service: an item an event.
                let events = object.array("events").unwrap_or_default();
                if object.raw("name").is_some() && !events.is_empty() && kind.family == Family::Activity {
                    let name = object.text("name").map(|name| meta_text::meant(name).into_owned());
                    for (index, event) in events.iter().enumerate() {
                        let place = self.place(event, &format!("{pointer}/events/{index}"));
                        match Object::parse(event) {
                            Ok(event) => item.read_named(place, &event, name.as_deref(), self.out),
                            Err(_) => self.not_read(),
                        }
                    }
                    // What else is said of the business, or a name that is no text.
                    let is_said = |key: &str| key == "events" || (key == "name" && name.is_some());
                    if object.members().any(|(key, _)| !is_said(key)) {
                        Item { without: &["events"], ..item }.read(place, &object, self.out);
                    }
                    return;
                }
                let photos = object.array("photos").unwrap_or_default();
                if kind.family == Family::Media && !photos.is_empty() {
                    for (index, photo) in photos.iter().enumerate() {
                        let place = self.place(photo, &format!("{pointer}/photos/{index}"));
                        match Object::parse(photo) {
                            Ok(photo) => item.read(place, &photo, self.out),
                            Err(_) => self.not_read(),
                        }
                    }
                    let album = Item { without: &["photos"], ..item };
                    return album.read(place, &object, self.out);
                }
                item.read(place, &object, self.out);
            }
            Err(_) if raw.starts_with('{') => self.not_read(),
            Err(_) if serde_json::from_str::<&serde_json::value::RawValue>(raw).is_ok() => {
                item.scalar(place, raw, self.out)
            }
            Err(_) => self.not_read(),
        }
    }

    fn not_read(&mut self) {
        let (code, message) = if self.frame.truncated {
            ("json.truncated", "The list is cut off inside an item; the item was not read.")
        } else {
            ("json.syntax", "The item is not valid JSON; it was not read.")
        };
        self.out.warn(self.at.clone(), code, message);
    }

    /// Returns the place of a part of the frame.
    fn place(&self, inner: &str, pointer: &str) -> Ref {
        let start = (inner.as_ptr() as usize).checked_sub(self.text.as_ptr() as usize);
        // Where bytes had to be replaced, places shift: then the whole frame is named.
        let exact = self.text.len() as u64 == self.at.locator.length;
        let start = start.filter(|start| exact && start + inner.len() <= self.text.len());
        let (start, length) = start.map_or((0, self.at.locator.length), |start| (start as u64, inner.len() as u64));
        Ref {
            entry: self.at.entry,
            locator: Locator::json(
                format!("{}{pointer}", self.at.locator.detail),
                self.at.locator.start + start,
                length,
            ),
        }
    }
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_lists_or_one_item() {
        for (head, sure, expected) in [
            (r#"{"comments_v2":[{"timestamp":1}]}"#, false, Some(MANY)),
            (r#"[{"timestamp":1,"label_values":[]}]"#, false, Some(MANY)),
            (r#"{"label_values":[{"label":"a"}],"fbid":"1"}"#, false, Some(ONE)),
            (r#"{"name":"Album","photos":[{"uri":"x","creation_timestamp":1}]}"#, true, Some(ONE)),
            (r#"{"name":"Album","photos":[{"uri":"x","creation_timestamp":1}]}"#, false, None),
            (r#"{"a":1}"#, true, None),
            ("window.x = {\"timestamp\":1}", true, None),
            ("", true, None),
        ] {
            assert_eq!(framing(head.as_bytes(), sure), expected, "{head}");
        }
    }
}
