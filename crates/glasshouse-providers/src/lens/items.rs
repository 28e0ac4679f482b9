//! The items of a file, whatever its layout: names and values, and the place they stand.

use super::LensFile;
use super::model::{Kind, Layout};
use super::work::Work;
use crate::Frame;
use crate::formats::json::{Object, as_text};
use crate::formats::mail::html_to_text;
use crate::formats::table::Header;
use glasshouse_model::{Locator, LocatorKind};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// A value as it was written.
#[derive(Clone, Debug)]
pub(super) enum Cell<'a> {
    /// A value of a table.
    Text(Cow<'a, str>),
    /// A value of a JSON object, as JSON text.
    Json(Cow<'a, str>),
}

impl Cell<'_> {
    /// Returns it as text; none for what is blank, a list or an object.
    pub fn text(&self) -> Option<Cow<'_, str>> {
        let text = match self {
            Cell::Text(text) => Cow::Borrowed(text.trim()),
            Cell::Json(raw) => match raw.bytes().next()? {
                b'"' => as_text(raw)?,
                b'[' | b'{' | b'n' => return None,
                _ => Cow::Borrowed(raw.as_ref()),
            },
        };
        (!text.trim().is_empty()).then_some(text)
    }

    /// Returns the texts of a list of texts, or of one text.
    pub fn texts(&self) -> Vec<String> {
        if let Cell::Json(raw) = self
            && raw.starts_with('[')
        {
            let items: Vec<&RawValue> = serde_json::from_str(raw).unwrap_or_default();
            let texts = items.iter().map(|item| Cell::Json(item.get().into()).text().map(Cow::into_owned));
            // A list that holds anything else than texts is not understood, and stays whole.
            return texts.collect::<Option<_>>().unwrap_or_default();
        }
        self.text().map(Cow::into_owned).into_iter().collect()
    }
}

/// One item of a file.
pub(super) struct Raw<'a> {
    pub members: Vec<(Cow<'a, str>, Cell<'a>)>,
    pub at: Locator,
    /// The JSON text that `at` names; empty in tables.
    pub json: &'a str,
    /// The key that a `*` on the way to it stood for.
    pub key: String,
    /// Another kind has read it before, and counted what is not known in it.
    pub again: bool,
}

/// Hands each item of a frame to the kind that reads it.
pub(super) fn each(work: &mut Work<'_, '_>, frame: &Frame<'_>) {
    match work.file.layout {
        Layout::Csv => csv(work, frame),
        Layout::Html => html(work, frame),
        Layout::Ndjson => line(work, frame),
        Layout::Json => json(work, frame),
        Layout::Text => super::text::text(work, frame),
    }
}

/// Returns the header of a table, if it has all the columns that the lens asks for.
pub(super) fn header(file: &LensFile, head: &[u8]) -> Option<Header> {
    Header::find(head, |names| has_all(file, names))
}

fn has_all(file: &LensFile, names: &[String]) -> bool {
    let has = |name: &String| names.iter().any(|n| n.eq_ignore_ascii_case(name));
    file.guards.iter().all(|guard| guard.iter().any(has))
}

fn csv(work: &mut Work<'_, '_>, frame: &Frame<'_>) {
    let Some(header) = work.header.clone() else {
        if frame.index == 0 {
            work.warn(place(frame), "table.header", "No header with the expected columns was found; nothing was read.");
        }
        return;
    };
    if frame.index <= header.index {
        return;
    }
    let row = header.row(frame.bytes);
    if row.is_empty() {
        return;
    }
    let number = frame.index - header.index;
    let at = Locator::new(LocatorKind::Row, number.to_string(), frame.offset, frame.bytes.len() as u64);
    if frame.truncated {
        work.warn(at.clone(), "table.quote", "A quoted value has no end; what follows it was taken for part of it.");
    } else if row.len() != header.names().len() {
        let (found, named) = (row.len(), header.names().len());
        work.warn(at.clone(), "table.columns", format!("The row has {found} values, the header {named} columns."));
    }
    let members = row.cells().map(|(name, value)| (name, Cell::Text(value.into()))).collect();
    work.item(0, Raw { members, at, json: "", key: String::new(), again: false });
}

fn place(frame: &Frame<'_>) -> Locator {
    Locator::bytes(frame.offset, frame.bytes.len() as u64)
}

/// Returns the names in the first row of an HTML table that has all the columns.
pub(super) fn html_header(file: &LensFile, head: &[u8]) -> Option<Vec<String>> {
    let mut starts: Vec<_> = memchr::memmem::find_iter(head, b"<tr").take(50).collect();
    starts.push(head.len());
    starts.windows(2).find_map(|pair| {
        let names = cells(head.get(*pair.first()?..*pair.last()?)?);
        has_all(file, &names).then_some(names)
    })
}

fn html(work: &mut Work<'_, '_>, frame: &Frame<'_>) {
    // What precedes the first row is a frame as well.
    let is_row = frame.bytes.strip_prefix(b"<tr").and_then(<[u8]>::first).is_some_and(|b| !b.is_ascii_alphanumeric());
    if !is_row {
        return;
    }
    let Some(names) = work.columns.clone() else {
        work.warn(place(frame), "table.header", "No header with the expected columns was found; nothing was read.");
        return;
    };
    let end = memchr::memmem::find(frame.bytes, b"</tr>").map_or(frame.bytes.len(), |at| at + 5);
    let bytes = frame.bytes.get(..end).unwrap_or_default();
    let values = cells(bytes);
    if values == *names || values.iter().all(|v| v.is_empty()) {
        return;
    }
    let at = Locator::new(LocatorKind::Node, format!("tr {}", frame.index), frame.offset, bytes.len() as u64);
    if values.len() != names.len() {
        let (found, named) = (values.len(), names.len());
        work.warn(at.clone(), "table.columns", format!("The row has {found} values, the header {named} columns."));
    }
    let name =
        |i: usize| names.get(i).filter(|n| !n.is_empty()).cloned().unwrap_or_else(|| format!("column {}", i + 1));
    let members = values.into_iter().enumerate().map(|(i, v)| (name(i).into(), Cell::Text(v.into()))).collect();
    work.item(0, Raw { members, at, json: "", key: String::new(), again: false });
}

/// Returns the readable text of each cell of a row.
fn cells(row: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(row);
    let opens = |at: &usize| {
        let after = text.as_bytes().get(at + 3);
        matches!(text.as_bytes().get(at + 1..at + 3), Some(b"td" | b"th" | b"TD" | b"TH"))
            && after.is_some_and(|b| !b.is_ascii_alphanumeric())
    };
    let mut starts: Vec<_> = text.match_indices('<').map(|(at, _)| at).filter(opens).collect();
    starts.push(text.len());
    let cells = starts.windows(2).filter_map(|pair| text.get(*pair.first()?..*pair.last()?));
    cells.map(|cell| html_to_text(cell).trim().to_owned()).collect()
}

fn line(work: &mut Work<'_, '_>, frame: &Frame<'_>) {
    let at = Locator::new(LocatorKind::Row, frame.index.to_string(), frame.offset, frame.bytes.len() as u64);
    let Some(text) = utf8(work, frame, &at) else { return };
    let text = text.trim();
    if !text.is_empty() {
        object(work, (0, false), text, at, "");
    }
}

/// Returns the text of a JSON frame, without a byte order mark.
fn utf8<'f>(work: &mut Work<'_, '_>, frame: &Frame<'f>, at: &Locator) -> Option<&'f str> {
    if frame.truncated {
        work.warn(at.clone(), "json.partial", "The value is cut off, or longer than the limit; it was not read.");
        return None;
    }
    let bytes = frame.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(frame.bytes);
    let text = std::str::from_utf8(bytes).ok();
    if text.is_none() {
        work.warn(at.clone(), "json.encoding", "The value is not UTF-8; it was not read.");
    }
    text
}

/// Where in a document the search for items is.
struct Step<'a, 'k> {
    raw: &'a str,
    pointer: String,
    /// The keys that led here, for counting what is not known.
    trail: String,
    key: String,
    /// For each kind that may be below: its number, and the keys that are left. Kind none is what is ignored.
    ways: Vec<(Option<usize>, &'k [String])>,
}

fn json(work: &mut Work<'_, '_>, frame: &Frame<'_>) {
    let file = work.file;
    let pointer = |key: &str| format!("/{}", key.replace('~', "~0").replace('/', "~1"));
    let whole = file.is_whole();
    let base = match (whole, frame.element, frame.name) {
        (true, ..) => String::new(),
        (_, true, "") => format!("/{}", frame.index),
        (_, true, name) => format!("{}/{}", pointer(name), frame.index),
        (_, false, name) => pointer(name),
    };
    let at = Locator::json(base.clone(), frame.offset, frame.bytes.len() as u64);
    let Some(text) = utf8(work, frame, &at) else { return };
    let text = text.trim();
    if frame.element && !whole {
        let is = |kind: &Kind| kind.items.iter().any(|path| matches!(path.keys.as_slice(), [key] if key == frame.name));
        let kinds = file.kinds.iter().enumerate().filter(|(_, kind)| is(kind)).map(|(number, _)| number);
        for (i, kind) in kinds.enumerate() {
            object(work, (kind, i > 0), text, at.clone(), "");
        }
        return;
    }
    let mut ways: Vec<(Option<usize>, &[String])> = Vec::new();
    let paths = file.kinds.iter().enumerate().flat_map(|(n, kind)| kind.items.iter().map(move |path| (Some(n), path)));
    for (kind, path) in paths.chain(file.ignore.iter().map(|path| (None, path))) {
        match path.keys.split_first() {
            _ if whole && path.is_document() => ways.push((kind, &[])),
            _ if whole => ways.push((kind, &path.keys)),
            Some((first, rest)) if first.eq_ignore_ascii_case(frame.name) => ways.push((kind, rest)),
            _ => {}
        }
    }
    if ways.is_empty() {
        return unknown(work, frame.name, at);
    }
    let document = Document { text, offset: frame.offset + (frame.bytes.len() - text_after(frame, text)) as u64 };
    let trail = if whole { String::new() } else { frame.name.to_owned() };
    walk(work, &document, Step { raw: text, pointer: base, trail, key: String::new(), ways });
}

/// Returns how many bytes of the frame stand from the start of `text` on.
fn text_after(frame: &Frame<'_>, text: &str) -> usize {
    let skipped = (text.as_ptr() as usize).saturating_sub(frame.bytes.as_ptr() as usize);
    frame.bytes.len().saturating_sub(skipped)
}

/// The text that is walked through, and where it begins in the entry.
struct Document<'a> {
    text: &'a str,
    offset: u64,
}

impl Document<'_> {
    fn at(&self, pointer: &str, raw: &str) -> Locator {
        let skipped = (raw.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        Locator::json(pointer, self.offset + skipped as u64, raw.len() as u64)
    }
}

fn walk<'a>(work: &mut Work<'_, '_>, document: &Document<'a>, step: Step<'a, '_>) {
    if step.raw == "null" {
        return;
    }
    let (ended, further): (Vec<_>, Vec<_>) = step.ways.iter().partition(|(_, keys)| keys.is_empty());
    for (i, kind) in ended.iter().filter_map(|(kind, _)| *kind).enumerate() {
        let kind = (kind, i > 0);
        if !step.raw.starts_with('[') {
            object(work, kind, step.raw, document.at(&step.pointer, step.raw), &step.key);
            continue;
        }
        match serde_json::from_str::<Vec<&RawValue>>(step.raw) {
            Ok(items) => items.iter().enumerate().for_each(|(i, item)| {
                let at = document.at(&format!("{}/{i}", step.pointer), item.get());
                object(work, kind, item.get(), at, &step.key);
            }),
            Err(_) => syntax(work, document.at(&step.pointer, step.raw)),
        }
    }
    // What a kind has taken as its item is not walked through for others, but for what they name.
    if further.is_empty() {
        return;
    }
    let any = |(_, keys): &&(Option<usize>, &[String])| keys.first().is_some_and(|first| first == "*");
    let children: Vec<(Cow<'a, str>, &'a str)> = if step.raw.starts_with('[') {
        // A list has no names; an empty one is how some documents say that an object has no members.
        if !further.iter().any(|way| any(&way)) {
            let is_empty = step.raw.trim_start_matches('[').trim_ascii() == "]";
            return if is_empty { () } else { syntax(work, document.at(&step.pointer, step.raw)) };
        }
        let items: Vec<&'a RawValue> = serde_json::from_str(step.raw).unwrap_or_default();
        items.into_iter().enumerate().map(|(i, item)| (i.to_string().into(), item.get())).collect()
    } else {
        match Object::parse(step.raw) {
            Ok(object) => object.members().map(|(key, value)| (key.to_owned().into(), value.get())).collect(),
            Err(_) => return syntax(work, document.at(&step.pointer, step.raw)),
        }
    };
    for (key, raw) in children {
        let mut ways = Vec::new();
        let mut wild = false;
        for (kind, keys) in &further {
            if let Some((first, rest)) = keys.split_first()
                && (first == "*" || first.eq_ignore_ascii_case(&key))
            {
                wild |= first == "*";
                ways.push((*kind, rest));
            }
        }
        let trail = if step.trail.is_empty() { key.to_string() } else { format!("{}/{key}", step.trail) };
        if ways.is_empty() {
            if ended.is_empty() {
                let pointer = format!("{}/{}", step.pointer, key.replace('~', "~0").replace('/', "~1"));
                unknown(work, &trail, document.at(&pointer, raw));
            }
            continue;
        }
        let pointer = format!("{}/{}", step.pointer, key.replace('~', "~0").replace('/', "~1"));
        let key = if wild { key.into_owned() } else { step.key.clone() };
        // The name under a `*` is the evidence's own and says nothing about the layout.
        let trail = if wild { format!("{}/*", step.trail) } else { trail };
        walk(work, document, Step { raw, pointer, trail, key, ways });
    }
}

/// Counts a member that leads to no item, and says that it was not read.
fn unknown(work: &mut Work<'_, '_>, trail: &str, at: Locator) {
    work.drift(trail);
    work.warn(at, "json.member", "A member of the document that the lens does not know; it was not read.");
}

fn syntax(work: &mut Work<'_, '_>, at: Locator) {
    work.warn(at, "json.syntax", "The value is not valid JSON, or not laid out as expected; it was not read.");
}

/// Hands one JSON value over as an item; a value that is no object has one member named `value`.
///
/// The kind comes with whether another has read the value before.
fn object(work: &mut Work<'_, '_>, (kind, again): (usize, bool), raw: &str, at: Locator, key: &str) {
    let members = match raw.bytes().next() {
        Some(b'{') => match Object::parse(raw) {
            Ok(object) => {
                object.members().map(|(name, value)| (name.to_owned().into(), Cell::Json(value.get().into()))).collect()
            }
            Err(_) if again => return,
            Err(_) => return syntax(work, at),
        },
        _ if serde_json::from_str::<&RawValue>(raw).is_ok() => vec![("value".into(), Cell::Json(raw.into()))],
        // What one kind cannot read no other can: that is told once.
        _ if again => return,
        _ => return syntax(work, at),
    };
    work.item(kind, Raw { members, at, json: raw, key: key.to_owned(), again });
}
