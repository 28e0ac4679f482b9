//! Rows and JSON objects into records, by the description of a sheet.

use super::columns::{Column, Columns, Use};
use super::{Sheet, is_null, when};
use crate::formats::json::{Object, as_text};
use crate::formats::table::Header;
use crate::framing::frame_all;
use crate::{Frame, Opened, Sink};
use glasshouse_model::{
    Attachment, Framing, Identifier, Locator, LocatorKind, Moment, MomentRole, Party, Place, Record, Ref, ZoneBasis,
};
use std::borrow::Cow;
use std::collections::HashSet;

/// Warnings of one kind in one call; a table of millions of broken rows does not get millions.
const MOST_WARNINGS: usize = 50;

/// Reads rows of separated values.
pub(super) fn rows(sheet: &Sheet, columns: &Columns, opened: &Opened<'_>, out: &mut Sink) {
    let wanted = |names: &[String]| {
        let keys: Vec<_> = names.iter().map(|name| super::key(name)).collect();
        let filled = keys.iter().filter(|k| !k.is_empty()).count();
        filled > usize::from(sheet.needs.is_empty())
            && sheet.needs.iter().all(|names| names.iter().any(|name| keys.contains(&super::key(name))))
    };
    let Some(header) = Header::find(opened.head, wanted) else { return };
    let plan = plan(columns, header.names());
    let mut told = Told::default();
    for frame in opened.frames.iter().filter(|frame| frame.index > header.index) {
        let row = header.row(frame.bytes);
        let locator = Locator::new(
            LocatorKind::Row,
            (frame.index - header.index).to_string(),
            frame.offset,
            frame.bytes.len() as u64,
        );
        let at = opened.at(locator);
        if frame.truncated {
            out.warn(at.clone(), "csv.truncated", "A quoted value does not end; what follows is part of it.");
        }
        if row.is_empty() {
            continue;
        }
        if row.len() != header.names().len() && told.may("columns") {
            let message = format!("The row has {} values and the table {} columns.", row.len(), header.names().len());
            out.warn(at.clone(), "csv.columns", message);
        }
        let mut draft = Draft::new(sheet);
        for (i, (name, value)) in row.cells().enumerate() {
            match plan.get(i) {
                Some((field, column)) => draft.take(field, *column, Cow::Borrowed(value)),
                None => draft.take(&name, columns.get(&name), Cow::Borrowed(value)),
            }
        }
        draft.finish(at, opened, &mut told, out);
    }
}

/// Returns each column's field and use; a name that is there twice is told apart by its place.
fn plan(columns: &Columns, names: &[String]) -> Vec<(String, Column)> {
    let own: HashSet<&str> = names.iter().map(String::as_str).collect();
    let mut taken = HashSet::new();
    let mut plan = Vec::new();
    for (i, name) in names.iter().enumerate() {
        let column = columns.get(name);
        // The newest name, unless the table has another column of that name.
        let new = column.name.filter(|new| *new == name || !own.contains(new));
        let mut field = new.unwrap_or(name).to_owned();
        if field.is_empty() || !taken.insert(field.clone()) {
            field = if name.is_empty() { format!("column {}", i + 1) } else { format!("{name} (column {})", i + 1) };
            taken.insert(field.clone());
        }
        plan.push((field, column));
    }
    plan
}

/// Reads JSON: an array of objects, an object that holds one, or an object that is one record.
pub(super) fn json(sheet: &Sheet, columns: &Columns, opened: &Opened<'_>, out: &mut Sink) {
    let mut told = Told::default();
    for frame in opened.frames {
        if opened.claim.framing == Framing::Whole {
            document(sheet, columns, opened, frame, &mut told, out);
        } else if frame.element {
            let pointer = if frame.name.is_empty() {
                format!("/{}", frame.index)
            } else {
                format!("/{}/{}", frame.name, frame.index)
            };
            element(sheet, columns, opened, frame, pointer, &mut told, out);
        } else {
            member(sheet, opened, frame.name, frame.offset, frame.bytes.len(), out);
        }
    }
}

fn document(sheet: &Sheet, columns: &Columns, opened: &Opened<'_>, frame: &Frame<'_>, told: &mut Told, out: &mut Sink) {
    let at = opened.at(Locator::bytes(frame.offset, frame.bytes.len() as u64));
    if frame.truncated {
        out.warn(at.clone(), "json.truncated", "The file is longer than the limit; only its beginning was read.");
    }
    let start = frame.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(frame.bytes).trim_ascii_start();
    if start.first() == Some(&b'[') {
        return array(sheet, columns, opened, frame, "", told, out);
    }
    let text = String::from_utf8_lossy(frame.bytes);
    let Ok(object) = Object::parse(text.trim_start_matches('\u{feff}')) else {
        out.warn(at, "json.syntax", "The file is not valid JSON; only rows that are whole were read.");
        return salvage(sheet, columns, opened, frame, told, out);
    };
    let is_table = |raw: &str| {
        let inner = raw.trim_start().strip_prefix('[').map(str::trim_start);
        let names = super::columns::json_names(raw.as_bytes().get(..crate::Tree::HEAD).unwrap_or(raw.as_bytes()));
        let there = |names_of: &super::Names| names_of.iter().any(|n| names.contains(&super::key(n)));
        inner.is_some_and(|i| i.starts_with('{')) && sheet.needs.iter().all(there)
    };
    let own: Vec<_> = object.members().map(|(name, _)| super::key(name)).collect();
    let is_row = !sheet.needs.is_empty()
        && sheet.needs.iter().all(|names| names.iter().any(|name| own.contains(&super::key(name))));
    let table = object.members().find(|(_, raw)| !is_row && is_table(raw.get()));
    let Some((table, _)) = table else {
        // One record, or a table without rows.
        let empty = object.members().all(|(_, raw)| matches!(raw.get(), "[]" | "{}" | "null"));
        let whole = Frame { name: "", element: false, ..*frame };
        return if empty {
            out.warn(at, "export.no-data", "The file holds no data.");
        } else {
            element(sheet, columns, opened, &whole, String::new(), told, out);
        };
    };
    array(sheet, columns, opened, frame, table, told, out);
}

/// Reads the rows of a broken document whose array has one of the usual names.
fn salvage(sheet: &Sheet, columns: &Columns, opened: &Opened<'_>, frame: &Frame<'_>, told: &mut Told, out: &mut Sink) {
    for span in frame_all(Framing::JsonArrays(super::ARRAYS), frame.bytes).0.iter().filter(|span| span.element) {
        let bytes = frame.bytes.get(span.start as usize..span.end as usize).unwrap_or_default();
        let pointer = format!("/{}/{}", span.name, span.index);
        let inner = Frame { offset: frame.offset + span.start, bytes, truncated: span.truncated, ..*frame };
        element(sheet, columns, opened, &inner, pointer, told, out);
    }
}

/// Reads the elements of an array that is the document, or is a member of it.
fn array(
    sheet: &Sheet,
    columns: &Columns,
    opened: &Opened<'_>,
    frame: &Frame<'_>,
    name: &str,
    told: &mut Told,
    out: &mut Sink,
) {
    let (mut spans, troubles) = frame_all(Framing::JsonArrays(&[""]), frame.bytes);
    let mut base = 0;
    if !name.is_empty() {
        // A member comes as one frame; its own elements are found in the same way.
        let member = spans.iter().find(|s| s.name == name && !s.element).map(|s| (s.start, s.end));
        for span in spans.iter().filter(|s| s.name != name) {
            let length = (span.end - span.start) as usize;
            self::member(sheet, opened, &span.name, frame.offset + span.start, length, out);
        }
        let Some((start, end)) = member else { return };
        let inner = frame.bytes.get(start as usize..end as usize).unwrap_or_default();
        spans = frame_all(Framing::JsonArrays(&[""]), inner).0;
        base = start;
    }
    for trouble in troubles {
        let at = opened.at(Locator::bytes(frame.offset + trouble.offset, 0));
        out.warn(at, trouble.code, trouble.message);
    }
    for span in spans.into_iter().filter(|span| span.element) {
        let (start, end) = (base + span.start, base + span.end);
        let bytes = frame.bytes.get(start as usize..end as usize).unwrap_or_default();
        let pointer = match name {
            "" => format!("/{}", span.index),
            _ => format!("/{}/{}", name.replace('~', "~0").replace('/', "~1"), span.index),
        };
        let inner = Frame { offset: frame.offset + start, bytes, truncated: span.truncated, ..*frame };
        element(sheet, columns, opened, &inner, pointer, told, out);
    }
}

/// Counts a member beside the rows; those of one short text are remarks of the service.
fn member(sheet: &Sheet, opened: &Opened<'_>, name: &str, offset: u64, length: usize, out: &mut Sink) {
    out.drift(sheet.format, name);
    let at = opened.at(Locator::json(format!("/{name}"), offset, length as u64));
    out.warn(at, "json.member", "A member of the document beside its rows; it was not read.");
}

fn element(
    sheet: &Sheet,
    columns: &Columns,
    opened: &Opened<'_>,
    frame: &Frame<'_>,
    pointer: String,
    told: &mut Told,
    out: &mut Sink,
) {
    let at = opened.at(Locator::json(pointer, frame.offset, frame.bytes.len() as u64));
    let text = String::from_utf8_lossy(frame.bytes);
    if matches!(text, Cow::Owned(_)) && told.may("utf8") {
        out.warn(at.clone(), "text.utf8", "Some bytes are not UTF-8; they are shown as U+FFFD.");
    }
    let Ok(object) = Object::parse(text.trim_start_matches('\u{feff}')) else {
        if told.may("syntax") {
            out.warn(at, "json.syntax", "The element is not a valid JSON object; it was not read.");
        }
        return;
    };
    let mut draft = Draft::new(sheet);
    let names: HashSet<&str> = object.members().map(|(name, _)| name).collect();
    let mut taken = HashSet::new();
    for (i, (name, raw)) in object.members().enumerate() {
        let column = columns.get(name);
        let new = column.name.filter(|new| *new == name || !names.contains(new)).unwrap_or(name);
        let value = match raw.get() {
            "null" => Cow::Borrowed(""),
            raw => as_text(raw).unwrap_or_else(|| one_line(raw)),
        };
        if taken.insert(new) {
            draft.take(new, column, value);
        } else {
            draft.take(&format!("{name} (column {})", i + 1), column, value);
        }
    }
    draft.finish(at, opened, told, out);
}

/// Returns JSON without its line breaks, which can only stand between tokens.
fn one_line(raw: &str) -> Cow<'_, str> {
    if memchr::memchr2(b'\n', b'\r', raw.as_bytes()).is_none() {
        return Cow::Borrowed(raw);
    }
    Cow::Owned(raw.split(['\n', '\r']).map(str::trim).collect())
}

/// How often each kind of warning was given.
#[derive(Default)]
struct Told(Vec<(&'static str, usize)>);

impl Told {
    fn may(&mut self, what: &'static str) -> bool {
        match self.0.iter_mut().find(|(kind, _)| *kind == what) {
            Some((_, count)) => {
                *count += 1;
                *count <= MOST_WARNINGS
            }
            None => {
                self.0.push((what, 1));
                true
            }
        }
    }
}

/// A value that may have a place of its own, with the name of its field.
type Held = Option<(usize, String, String)>;

/// A record in the making: values come column by column, in any order.
struct Draft<'s> {
    sheet: &'s Sheet,
    record: Record,
    moments: Vec<Held>,
    title: Held,
    text: Vec<Held>,
    address: Held,
    lat: Option<String>,
    lon: Option<String>,
    accuracy: Option<f64>,
    same: Vec<String>,
    strange: Vec<String>,
    found: Vec<Moment>,
    files: Vec<String>,
    any: bool,
    filled: bool,
}

impl<'s> Draft<'s> {
    fn new(sheet: &'s Sheet) -> Self {
        Draft {
            sheet,
            record: Record::new(sheet.family, sheet.format),
            moments: vec![None; sheet.moments.len()],
            title: None,
            text: vec![None; sheet.text.len()],
            address: None,
            lat: None,
            lon: None,
            accuracy: None,
            same: vec![String::new(); sheet.same.len()],
            strange: Vec::new(),
            found: Vec::new(),
            files: Vec::new(),
            any: false,
            filled: false,
        }
    }

    /// Takes one value; an empty one says nothing, one that says that there is none is null.
    fn take(&mut self, field: &str, column: Column, value: Cow<'_, str>) {
        if column.uses == Use::Strange && !self.sheet.open {
            self.strange.push(field.to_owned());
        }
        let text = value.trim();
        if text.is_empty() {
            return;
        }
        self.any = true;
        if is_null(text) {
            self.record.fields.raw(field, "null");
            return;
        }
        self.filled = true;
        if let Some(same) = column.same.and_then(|at| self.same.get_mut(at)) {
            text.clone_into(same);
        }
        let displaced = match column.uses {
            Use::Moment { at, rank } => self.moments.get_mut(at).and_then(|held| hold(held, rank, field, text)),
            Use::Title(rank) => hold(&mut self.title, rank, field, text),
            Use::Text { group, rank } => self.text.get_mut(group).and_then(|held| hold(held, rank, field, text)),
            Use::Address(rank) => {
                self.record.fields.text(field, &value);
                hold(&mut self.address, rank, field, text);
                return;
            }
            Use::Lat => {
                self.lat = Some(text.to_owned());
                Some((field.to_owned(), value.into_owned()))
            }
            Use::Lon => {
                self.lon = Some(text.to_owned());
                Some((field.to_owned(), value.into_owned()))
            }
            Use::Accuracy => {
                self.accuracy = text.parse().ok().filter(|n: &f64| n.is_finite() && *n >= 0.0);
                Some((field.to_owned(), value.into_owned()))
            }
            Use::Party(at) => {
                self.party(at, text);
                Some((field.to_owned(), value.into_owned()))
            }
            Use::Conversation => {
                self.record.conversation = Some(text.to_owned());
                Some((field.to_owned(), value.into_owned()))
            }
            Use::Known | Use::Strange => {
                if self.sheet.open
                    && let Some(role) = when::role_of(field)
                {
                    let moment = when::moment(role, field, text);
                    // An unknown column is a time only if its value is one beyond doubt.
                    self.found.extend(Some(moment).filter(|m| m.instant.is_some()));
                }
                Some((field.to_owned(), value.into_owned()))
            }
        };
        if let Some((field, value)) = displaced {
            self.files.push(value.clone());
            self.record.fields.text(&field, &value);
        }
    }

    fn party(&mut self, at: usize, text: &str) {
        let Some((role, kind, _)) = self.sheet.parties.get(at) else { return };
        // Name and number of one person stand in two columns.
        let known = self.record.parties.iter_mut().find(|p| p.role == *role);
        match (kind, known) {
            (None, Some(party)) if party.name.is_none() => party.name = Some(text.to_owned()),
            (None, Some(party)) => {
                let name = party.name.get_or_insert_default();
                name.push(' ');
                name.push_str(text);
            }
            (None, None) => self.record.parties.push(Party::named(*role, text)),
            (Some(kind), Some(party)) => {
                party.identifiers.push(Identifier { kind: *kind, value: text.to_owned() });
            }
            (Some(kind), None) => self.record.parties.push(Party::with(*role, None, *kind, text)),
        }
    }

    fn finish(mut self, at: Ref, opened: &Opened<'_>, told: &mut Told, out: &mut Sink) {
        if !self.any {
            return;
        }
        if !self.filled {
            if told.may("no-data") {
                out.warn(at, "export.no-data", "A row says in every column that there is no data.");
            }
            return;
        }
        for name in &self.strange {
            out.drift(self.sheet.format, name);
        }
        for (held, (role, _)) in self.moments.into_iter().zip(self.sheet.moments) {
            let Some((_, column, text)) = held else { continue };
            let moment = when::moment(*role, &column, &text);
            if moment.basis == ZoneBasis::Ambiguous && told.may("time") {
                out.warn(at.clone(), "time.unreadable", format!("The time in {column} is written in an unknown way."));
            }
            self.record.moments.push(moment);
        }
        self.found.sort_by_key(|m| order(m.role));
        self.record.moments.append(&mut self.found);
        self.record.title = self.title.map(|(_, _, text)| text);
        let lines: Vec<String> = self.text.into_iter().flatten().map(|(_, _, text)| text).collect();
        self.record.text = (!lines.is_empty()).then(|| lines.join("\n"));
        let parsed = |text: &Option<String>| text.as_ref().and_then(|t| t.parse::<f64>().ok());
        let mut place = parsed(&self.lat).zip(parsed(&self.lon)).and_then(|(lat, lon)| Place::at(lat, lon));
        if place.is_none() && (self.lat.is_some() || self.lon.is_some()) && told.may("place") {
            out.warn(at.clone(), "place.syntax", "The row has no coordinates on Earth.");
        }
        if let Some(place) = &mut place {
            place.accuracy = self.accuracy;
        }
        if let Some((_, _, address)) = self.address {
            place.get_or_insert_default().address = Some(address);
        }
        self.record.place = place;
        if self.same.first().is_some_and(|first| !first.is_empty()) {
            self.record.same_as = Some(self.same.join("\u{1f}"));
        }
        attach(&mut self.record, &self.files, opened);
        out.record(at, self.record);
    }
}

/// Keeps the value of the lower rank; returns the other with its field.
fn hold(held: &mut Held, rank: usize, field: &str, text: &str) -> Option<(String, String)> {
    let new = (rank, field.to_owned(), text.to_owned());
    match held {
        Some((old, _, _)) if *old <= rank => Some((new.1, new.2)),
        _ => held.replace(new).map(|(_, field, text)| (field, text)),
    }
}

/// Links files that a value names, with or without their ending.
fn attach(record: &mut Record, values: &[String], opened: &Opened<'_>) {
    let links = &opened.claim.links;
    if links.as_slice().is_empty() {
        return;
    }
    for value in values {
        let name = value.trim().rsplit(['/', '\\']).next().unwrap_or_default();
        // Two files of one name are two readings: neither is linked.
        if let [link] = links.all(&name.to_lowercase()) {
            record.attachments.push(Attachment {
                name: Some(name.to_owned()),
                size: Some(link.size),
                at: Some(link.whole()),
                ..Attachment::default()
            });
        }
    }
}

/// Where a time stands among those of a record whose sheet gives no order.
fn order(role: MomentRole) -> u8 {
    match role {
        MomentRole::Start | MomentRole::Sent => 0,
        MomentRole::Created | MomentRole::Taken | MomentRole::Received => 1,
        MomentRole::Observed => 2,
        MomentRole::Modified => 3,
        MomentRole::End => 4,
    }
}
