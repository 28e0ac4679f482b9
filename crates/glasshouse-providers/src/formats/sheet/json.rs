//! Objects of JSON into records.

use super::columns::{Columns, json_names};
use super::make::{Cell, Maker};
use super::{Sheet, key};
use crate::formats::json::{Object, as_text};
use crate::framing::{Span, frame_all};
use crate::{Frame, Opened, Sink};
use glasshouse_model::{Framing, Locator};
use std::borrow::Cow;
use std::collections::HashSet;

/// Reads JSON: an array of objects, an object that holds such arrays, or an object that is one record.
pub(super) fn objects(sheet: &Sheet, columns: &Columns, opened: &Opened<'_>, out: &mut Sink) {
    let mut reader = Reader { sheet, columns, opened, out };
    for frame in opened.frames {
        if opened.claim.framing == Framing::Whole {
            reader.document(frame);
        } else if frame.element {
            reader.element(pointer(frame.name, Some(frame.index)), frame.offset, frame.bytes);
        } else {
            reader.member(frame.name, frame.offset, frame.bytes);
        }
    }
}

struct Reader<'a, 'o> {
    sheet: &'a Sheet,
    columns: &'a Columns,
    opened: &'a Opened<'o>,
    out: &'a mut Sink,
}

impl Reader<'_, '_> {
    fn document(&mut self, frame: &Frame<'_>) {
        let at = self.opened.at(Locator::bytes(frame.offset, frame.bytes.len() as u64));
        if frame.truncated {
            let message = "The file is longer than the limit; only its beginning was read.";
            self.out.warn(at.clone(), "json.truncated", message);
        }
        let start = frame.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(frame.bytes).trim_ascii_start();
        if start.first() == Some(&b'[') {
            return self.array("", frame.offset, frame.bytes);
        }
        let text = String::from_utf8_lossy(frame.bytes);
        let object = Object::parse(text.trim_start_matches('\u{feff}'));
        if let Ok(object) = &object {
            let own: Vec<_> = object.members().map(|(name, _)| key(name)).collect();
            let is_row = !self.sheet.needs.is_empty() && self.sheet.has_needs(&own);
            if is_row || !object.members().any(|(_, raw)| self.is_table(raw.get().as_bytes())) {
                // One record, or a table without rows.
                if object.members().all(|(_, raw)| matches!(raw.get(), "[]" | "{}" | "null")) {
                    return self.out.warn(at, "export.no-data", "The file holds no data.");
                }
                return self.element(String::new(), frame.offset, frame.bytes);
            }
        } else {
            self.out.warn(at, "json.syntax", "The file is not valid JSON; only rows that are whole were read.");
        }
        for span in frame_all(Framing::JsonArrays(&[""]), frame.bytes).0 {
            self.member(&span.name, frame.offset + span.start, part(frame.bytes, &span));
        }
    }

    /// Says whether a value is an array of objects that the sheet wants.
    fn is_table(&self, raw: &[u8]) -> bool {
        let inner = raw.trim_ascii_start().strip_prefix(b"[").map(<[u8]>::trim_ascii_start);
        inner.is_some_and(|inner| inner.first() == Some(&b'{'))
            && self.sheet.has_needs(&json_names(raw.get(..crate::Tree::HEAD).unwrap_or(raw)))
    }

    /// Reads the elements of an array that is the document, or is a member of it.
    fn array(&mut self, name: &str, offset: u64, bytes: &[u8]) {
        let (spans, troubles) = frame_all(Framing::JsonArrays(&[""]), bytes);
        for trouble in troubles {
            let at = self.opened.at(Locator::bytes(offset + trouble.offset, 0));
            self.out.warn(at, trouble.code, trouble.message);
        }
        for span in spans.iter().filter(|span| span.element) {
            self.element(pointer(name, Some(span.index)), offset + span.start, part(bytes, span));
        }
    }

    /// Reads a member that is a table; of others it says that they were not read, save for the service's own
    /// remark on what the file is.
    fn member(&mut self, name: &str, offset: u64, bytes: &[u8]) {
        if self.is_table(bytes) {
            return self.array(name, offset, bytes);
        }
        if name == "description" && bytes.trim_ascii_start().starts_with(b"\"") {
            return;
        }
        self.out.drift(self.sheet.format, name);
        let at = self.opened.at(Locator::json(pointer(name, None), offset, bytes.len() as u64));
        let message = "A member of the document beside its rows; it was not read.";
        self.out.warn(at.clone(), "json.member", message);
    }

    fn element(&mut self, pointer: String, offset: u64, bytes: &[u8]) {
        let at = self.opened.at(Locator::json(pointer, offset, bytes.len() as u64));
        let text = String::from_utf8_lossy(bytes);
        if matches!(text, Cow::Owned(_)) {
            let message = "Some bytes are not UTF-8; they are shown as U+FFFD.";
            self.out.warn(at.clone(), "text.utf8", message);
        }
        let Ok(object) = Object::parse(text.trim_start_matches('\u{feff}')) else {
            let message = "The element is not a valid JSON object; it was not read.";
            return self.out.warn(at.clone(), "json.syntax", message);
        };
        let names: HashSet<&str> = object.members().map(|(name, _)| name).collect();
        let mut taken = HashSet::new();
        let mut cells = Vec::with_capacity(names.len());
        for (i, (name, raw)) in object.members().enumerate() {
            let column = self.columns.number(name);
            // The name that the sheet gives it, unless the object has another member of that name.
            let called = self.columns.get(column).name.filter(|called| *called == name || !names.contains(called));
            let field = called.unwrap_or(name);
            let value = match raw.get() {
                "null" => Cow::Borrowed(""),
                raw => as_text(raw).unwrap_or_else(|| one_line(raw)),
            };
            let field = if taken.insert(field) { field.into() } else { format!("{name} (column {})", i + 1).into() };
            cells.push(Cell { field, column, value });
        }
        let Reader { sheet, columns, opened, out } = self;
        let record = Maker { sheet, columns, opened, out }.record(&cells, &at);
        if let Some(record) = record {
            self.out.record(at, record);
        }
    }
}

fn part<'b>(bytes: &'b [u8], span: &Span) -> &'b [u8] {
    bytes.get(span.start as usize..span.end as usize).unwrap_or_default()
}

/// Returns the JSON pointer of a member, or of an element of it; the document itself has no name.
fn pointer(name: &str, index: Option<u64>) -> String {
    let mut pointer = String::new();
    if !name.is_empty() {
        pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
    }
    if let Some(index) = index {
        pointer.push_str(&format!("/{index}"));
    }
    pointer
}

/// Returns JSON without its line breaks, which can only stand between tokens.
fn one_line(raw: &str) -> Cow<'_, str> {
    if memchr::memchr2(b'\n', b'\r', raw.as_bytes()).is_none() {
        return Cow::Borrowed(raw);
    }
    Cow::Owned(raw.split(['\n', '\r']).map(str::trim).collect())
}

#[cfg(test)]
mod tests {
    use super::super::{ARRAYS, Is, parse};
    use super::*;
    use crate::TreeEntry;
    use glasshouse_model::{Claim, EntryId, Family};

    static THINGS: Sheet = Sheet {
        format: "things",
        family: Family::Note,
        needs: &[&["Thing Name"]],
        columns: &[(&["Thing Name"], Is::Title)],
        ..Sheet::NONE
    };

    /// Returns title and locator of each record, and the codes of the warnings.
    fn read(framing: Framing, json: &str) -> (Vec<(String, String)>, Vec<&'static str>) {
        let bytes = json.as_bytes();
        let spans = frame_all(framing, bytes).0;
        let frames: Vec<_> = spans
            .iter()
            .map(|s| Frame {
                name: &s.name,
                element: s.element,
                index: s.index,
                offset: s.start,
                bytes: part(bytes, s),
                truncated: s.truncated,
            })
            .collect();
        let entry = TreeEntry { id: EntryId(0), path: "t.json".into(), size: bytes.len() as u64, crc32: None, part: 0 };
        let claim = Claim::of("things", entry.id, framing);
        let opened = Opened {
            claim: &claim,
            entry: &entry,
            frames: &frames,
            companions: &[],
            head: bytes,
            survey: &[],
            positioned: None,
            decoder: &crate::formats::exif::Here,
        };
        let mut out = Sink::new();
        parse([&THINGS], "t.json", &opened, &mut out);
        let place = |r: &glasshouse_model::Record| r.refs.first().map(|r| r.locator.to_string());
        let records = out.records().iter().map(|r| (r.title.clone().unwrap_or_default(), place(r).unwrap_or_default()));
        (records.collect(), out.warnings().iter().map(|w| w.code).collect())
    }

    #[test]
    fn large_files_give_what_small_ones_do() {
        for json in [
            r#"[{"thingName":"a"}, {"thingName":"b"}]"#,
            r#"{"description":"x","data":[{"thingName":"a"}],"moreThings":[ {"Thing Name":"b"}],"n":[1]}"#,
            "\u{feff}[{\"thingName\":\"a\"},\n{\"thingName\":\"b\"}]",
        ] {
            let whole = read(Framing::Whole, json);
            assert_eq!(whole, read(Framing::JsonArrays(ARRAYS), json), "{json}");
            assert_eq!(whole.0.iter().map(|r| r.0.as_str()).collect::<Vec<_>>(), ["a", "b"], "{json}");
        }
    }

    #[test]
    fn an_object_may_be_a_record() {
        let (records, warnings) = read(Framing::Whole, r#"{"thingName":"a","parts":[{"thingName":"b"}]}"#);
        assert_eq!(records, [("a".to_owned(), "json:@0+45".to_owned())]);
        assert!(warnings.is_empty());
    }

    #[test]
    fn whole_rows_of_a_broken_file_are_read() {
        let (records, warnings) = read(Framing::Whole, r#"{"things":[{"thingName":"a"},{"thingName":"b"#);
        assert_eq!(records, [("a".to_owned(), "json:/things/0@11+17".to_owned())]);
        assert!(warnings.contains(&"json.syntax"), "{warnings:?}");
    }

    #[test]
    fn warnings_are_bounded() {
        let members: Vec<_> = (0..10_000).map(|i| format!("\"m{i}\":1")).collect();
        let json = format!("{{\"data\":[{{\"thingName\":\"a\"}},{}1],{}}}", "1,".repeat(10_000), members.join(","));
        let (records, warnings) = read(Framing::Whole, &json);
        assert_eq!(records.len(), 1);
        assert!(warnings.len() <= 200, "{}", warnings.len());
    }
}
