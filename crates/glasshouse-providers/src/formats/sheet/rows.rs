//! Rows of separated values into records.

use super::Sheet;
use super::columns::Columns;
use super::make::{Cell, Maker};
use crate::formats::table::{Header, Row};
use crate::{Frame, Opened, Sink};
use glasshouse_model::{Locator, LocatorKind, Record, Ref};
use std::borrow::Cow;
use std::collections::HashSet;

/// A table of a kind whose header was found: what is for all of its rows is worked out once.
#[derive(Debug)]
pub struct Rows<'s> {
    sheet: &'s Sheet,
    header: Header,
    columns: Columns,
    /// Each column's field and number.
    plan: Vec<(String, usize)>,
}

impl<'s> Rows<'s> {
    /// Returns the table that first bytes hold, if it is of this kind.
    pub fn find(sheet: &'s Sheet, head: &[u8]) -> Option<Self> {
        Some(Self::of(sheet, sheet.header(head)?))
    }

    /// Returns the table with this header.
    pub fn of(sheet: &'s Sheet, header: Header) -> Self {
        let columns = Columns::of(sheet);
        let plan = plan(&columns, header.names());
        Rows { sheet, header, columns, plan }
    }

    /// Returns the table's header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Reads the rows among the frames, those of [`glasshouse_model::Framing::Rows`].
    pub fn read(&mut self, opened: &Opened<'_>, out: &mut Sink) {
        for frame in opened.frames {
            if let Some((at, record)) = self.row(opened, frame, out) {
                out.record(at, record);
            }
        }
    }

    /// Returns the record of a frame and its place, for a reader that adds to it; none for what is no row.
    pub fn row(&mut self, opened: &Opened<'_>, frame: &Frame<'_>, out: &mut Sink) -> Option<(Ref, Record)> {
        if frame.index <= self.header.index {
            return None;
        }
        let at = row_place(opened, frame, &self.header);
        if frame.truncated {
            let message = "The row is cut off or its quotes do not close; it was read as it is.";
            out.warn(at.clone(), "table.truncated", message);
        }
        let Rows { sheet, header, columns, plan } = self;
        let row = header.row(frame.bytes);
        // Some exports repeat the header.
        if row.is_empty() || row.is_header() {
            return None;
        }
        check_width(header, &row, &at, out);
        let record = Maker { sheet, columns, opened, out }.record(&cells(plan, &row), &at)?;
        Some((at, record))
    }

    /// Returns the record of the bytes of a row, wherever they lie.
    pub fn record(&mut self, bytes: &[u8], opened: &Opened<'_>, at: &Ref, out: &mut Sink) -> Option<Record> {
        let Rows { sheet, header, columns, plan } = self;
        let row = header.row(bytes);
        Maker { sheet, columns, opened, out }.record(&cells(plan, &row), at)
    }
}

fn cells<'c>(plan: &'c [(String, usize)], row: &'c Row<'_>) -> Vec<Cell<'c>> {
    let cells = row.cells().enumerate().map(|(i, (name, value))| match plan.get(i) {
        Some((field, column)) => Cell { field: Cow::Borrowed(field), column: *column, value: value.into() },
        None => Cell { field: name, column: 0, value: value.into() },
    });
    cells.collect()
}

fn check_width(header: &Header, row: &Row<'_>, at: &Ref, out: &mut Sink) {
    let names = header.names();
    let (columns, values) = (names.len(), row.len());
    // A comma at the end of each line makes a value more that is empty.
    let beyond = row.cells().skip(columns).any(|(_, value)| !value.trim().is_empty());
    if beyond || (values < columns && names.iter().skip(values).any(|n| !n.is_empty())) {
        out.warn(at.clone(), "table.width", format!("The row has {values} values, the header {columns} columns."));
    }
}

/// Returns the place of a row; the header is row 0.
pub fn row_place(opened: &Opened<'_>, frame: &Frame<'_>, header: &Header) -> Ref {
    let number = frame.index.saturating_sub(header.index).to_string();
    opened.at(Locator::new(LocatorKind::Row, number, frame.offset, frame.bytes.len() as u64))
}

/// Returns each column's field and number; a name that is there twice is told apart by its place.
fn plan(columns: &Columns, names: &[String]) -> Vec<(String, usize)> {
    let own: HashSet<&str> = names.iter().map(String::as_str).collect();
    let mut taken = HashSet::new();
    let mut plan = Vec::new();
    for (i, name) in names.iter().enumerate() {
        let number = columns.number(name);
        // The name that the sheet gives it, unless the table has another column of that name.
        let called = columns.get(number).name.filter(|called| *called == name || !own.contains(called));
        let mut field = called.unwrap_or(name).to_owned();
        if field.is_empty() || !taken.insert(field.clone()) {
            field = if name.is_empty() { format!("column {}", i + 1) } else { format!("{name} (column {})", i + 1) };
            taken.insert(field.clone());
        }
        plan.push((field, number));
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::super::Is;
    use super::*;
    use crate::TreeEntry;
    use crate::formats::wall::Clock;
    use glasshouse_model::{Claim, EntryId, Framing, IdentifierKind, Link, MomentRole, PartyRole};
    use std::sync::Arc;

    static SHEET: Sheet = Sheet {
        format: "t",
        needs: &[&["When", "Wann"], &["What"]],
        columns: &[
            (&["When", "Wann"], Is::Time(MomentRole::Created)),
            (&["What"], Is::Title),
            (&["Who"], Is::Name(PartyRole::Owner)),
            (&["Mail"], Is::Id(PartyRole::Owner, IdentifierKind::Email)),
            (&["Lat"], Is::Lat),
            (&["Lon"], Is::Lon),
            (&["File"], Is::File),
            (&["More"], Is::Json),
        ],
        clock: Some(Clock::UTC),
        ..Sheet::NONE
    };

    fn run(table: &str) -> Sink {
        let entry = TreeEntry { id: EntryId(0), path: "t.csv".into(), size: 0, crc32: None, part: 0 };
        let mut claim = Claim::of("t", EntryId(0), Framing::Rows);
        let link = Link { name: "a.jpg".into(), entry: EntryId(7), size: 3 };
        claim.links = Arc::new([link].into_iter().collect());
        let mut rows = Rows::find(&SHEET, table.as_bytes()).expect("a header");
        let (spans, _) = crate::framing::frame_all(Framing::Rows, table.as_bytes());
        let mut out = Sink::new();
        for span in spans {
            let bytes = &table.as_bytes()[span.start as usize..span.end as usize];
            let (index, offset) = (span.index, span.start);
            let frame = Frame { name: "", element: true, index, offset, bytes, truncated: span.truncated };
            let frames = [frame];
            let opened = Opened {
                claim: &claim,
                entry: &entry,
                frames: &frames,
                companions: &[],
                head: table.as_bytes(),
                survey: b"",
                positioned: None,
                decoder: &crate::formats::exif::Here,
            };
            rows.read(&opened, &mut out);
        }
        out
    }

    #[test]
    fn columns_become_what_they_are() {
        let out = run("What,Wann,Who,Mail,Lat,Lon,File,More,New\r\n\
             What,Wann,Who,Mail,Lat,Lon,File,More,New\r\n\
             \"Sent, twice\",2024-01-30 13:27:33,Ana,ana@example.com,1.5,2,x/a.jpg,\"{\"\"a\"\":1.0}\",x\r\n\r\n");
        let [record] = out.records() else { panic!("one record: {:?}", out.records()) };
        assert_eq!(record.title.as_deref(), Some("Sent, twice"));
        assert_eq!(record.moments[0].instant, Some(1_706_621_253_000_000));
        assert_eq!((record.parties.len(), record.parties[0].identifiers.len()), (1, 1));
        assert_eq!(record.place.as_ref().and_then(|p| p.lon), Some(2.0));
        assert_eq!(record.attachments[0].at.as_ref().map(|r| r.entry), Some(EntryId(7)));
        let fields = record.fields.to_json();
        assert!(fields.contains("\"More.a\":1.0") && fields.contains("\"New\":\"x\""), "{fields}");
        assert!(!fields.contains("twice"), "the title is not a field again: {fields}");
        assert!(out.warnings().is_empty());
        assert_eq!(out.into_parts().2.len(), 1);
    }

    #[test]
    fn damage_is_told() {
        let out = run("When,What,Lat,Lon,More\nsoon,a,200,1,{\nN/A,b,x,,,,surplus\n2024-01-30 13:27:33\n");
        let codes: Vec<_> = out.warnings().iter().map(|w| w.code).collect();
        let expected = ["time.syntax", "place.syntax", "json.syntax", "table.width", "number.syntax", "table.width"];
        assert_eq!(codes, expected);
        assert_eq!(out.records().len(), 3);
    }
}
