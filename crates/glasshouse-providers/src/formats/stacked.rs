//! Several tables in one file: each with a header of its own, between blank lines, titles and footnotes.

use crate::formats::table::Header;
use crate::formats::wall::Clock;
use crate::{Frame, Survey};
use glasshouse_model::MomentRole;

/// More tables in one file than any export holds.
const MOST_TABLES: usize = 200;
/// Headers longer than this are not headers.
const LONGEST_HEADER: usize = 32 << 10;

/// Tells headers, titles and blank lines from rows, line by line.
///
/// A line is a header when it is the first of several values after the beginning, a blank line or a line of one
/// value, and every value of it is a name: neither a number nor a time, and, behind other tables, not empty.
#[derive(Debug)]
pub struct Finder {
    open: bool,
    /// A header was found: later ones are told from rows more strictly.
    found: bool,
}

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    Blank,
    /// One value alone: a title, a footnote, or a row of a table of one column.
    Single,
    Header,
    Row,
}

impl Default for Finder {
    fn default() -> Self {
        Finder { open: true, found: false }
    }
}

impl Finder {
    /// Takes the next line.
    pub fn see(&mut self, values: &[String]) -> Line {
        let filled = values.iter().filter(|v| !v.is_empty()).count();
        let line = match filled {
            0 => Line::Blank,
            1 => Line::Single,
            _ if self.open && is_header(values, self.found) => Line::Header,
            _ => Line::Row,
        };
        self.open = filled < 2;
        self.found |= line == Line::Header;
        line
    }
}

/// Finds the headers of all tables in a file, as a first look through its rows.
#[derive(Default)]
pub struct Headers {
    finder: Finder,
    /// The line of one value before a header: its table's title.
    title: Option<(u64, String)>,
    found: Vec<u8>,
    tables: usize,
}

impl Survey for Headers {
    fn frame(&mut self, frame: &Frame<'_>) {
        let row = Header::of(frame.bytes, frame.index);
        match self.finder.see(row.names()) {
            Line::Single => {
                self.title = row.names().iter().find(|n| !n.is_empty()).map(|n| (frame.index, n.clone()));
            }
            Line::Header if self.tables < MOST_TABLES && frame.bytes.len() < LONGEST_HEADER => {
                self.tables += 1;
                let (title_at, title) = self.title.take().unwrap_or((u64::MAX, String::new()));
                for number in [frame.index, title_at, title.len() as u64, frame.bytes.len() as u64] {
                    self.found.extend_from_slice(&number.to_le_bytes());
                }
                self.found.extend_from_slice(title.as_bytes());
                self.found.extend_from_slice(frame.bytes);
            }
            Line::Header | Line::Row => self.title = None,
            Line::Blank => {}
        }
    }

    fn finish(self: Box<Self>) -> Vec<u8> {
        self.found
    }
}

fn is_header(names: &[String], strict: bool) -> bool {
    let name = |n: &String| {
        n.is_empty() && !strict
            || n.chars().any(char::is_alphabetic)
                && n.parse::<f64>().is_err()
                && Clock::UTC.read(MomentRole::Created, n).is_none()
    };
    // A comma at the end of the line makes one that is empty.
    let names = match names {
        [names @ .., last] if last.is_empty() => names,
        _ => names,
    };
    names.iter().all(name)
}

/// A table in a file, as [`Headers`] found it.
#[derive(Clone, Debug)]
pub struct Stacked {
    pub header: Header,
    pub title: Option<String>,
    title_at: u64,
}

/// Reads what [`Headers`] found, in order.
pub fn tables(survey: &[u8]) -> Vec<Stacked> {
    let mut tables = Vec::new();
    let mut rest = survey;
    while let Some((numbers, after)) = rest.split_at_checked(32) {
        let number = |i: usize| {
            let bytes = numbers.get(i * 8..i * 8 + 8).and_then(|b| b.try_into().ok());
            u64::from_le_bytes(bytes.unwrap_or_default())
        };
        let length = |i| usize::try_from(number(i)).unwrap_or(usize::MAX);
        let Some((title, after)) = after.split_at_checked(length(2)) else { break };
        let Some((row, after)) = after.split_at_checked(length(3)) else { break };
        let title_at = number(1);
        let title = (title_at != u64::MAX).then(|| String::from_utf8_lossy(title).into_owned());
        tables.push(Stacked { header: Header::of(row, number(0)), title, title_at });
        rest = after;
    }
    tables
}

/// What a row is among the tables of its file.
pub enum Place<'a> {
    Row(&'a Stacked),
    /// A header, a title of a table, or a blank line.
    Nothing,
    /// A line of one value that is no table's title, or one before any header.
    Note,
}

/// Says what a row is.
pub fn place<'a>(tables: &'a [Stacked], frame: &Frame<'_>) -> Place<'a> {
    let row = Header::of(frame.bytes, frame.index);
    let filled = row.names().iter().filter(|n| !n.is_empty()).count();
    let is_known = tables.iter().any(|t| t.header.index == frame.index || t.title_at == frame.index);
    if filled == 0 || is_known {
        return Place::Nothing;
    }
    let table = tables.iter().rev().find(|t| t.header.index < frame.index);
    match table {
        // In a table of one column every row has one value; elsewhere such a line is a footnote.
        Some(table) if filled > 1 || row.names().len() > 1 || table.header.names().len() == 1 => Place::Row(table),
        _ => Place::Note,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use glasshouse_model::Framing;

    fn look(table: &str) -> (Vec<Stacked>, Vec<&'static str>) {
        let (spans, _) = crate::framing::frame_all(Framing::Rows, table.as_bytes());
        let frame = |span: &crate::framing::Span| Frame {
            name: "",
            element: true,
            index: span.index,
            offset: span.start,
            bytes: &table.as_bytes()[span.start as usize..span.end as usize],
            truncated: false,
        };
        let mut headers = Box::<Headers>::default();
        spans.iter().for_each(|span| headers.frame(&frame(span)));
        let tables = tables(&headers.finish());
        let kinds = spans.iter().map(|span| match place(&tables, &frame(span)) {
            Place::Row(_) => "row",
            Place::Nothing => "nothing",
            Place::Note => "note",
        });
        let kinds = kinds.collect();
        (tables, kinds)
    }

    #[test]
    fn two_tables_and_a_footnote() {
        let text =
            "Serial,Bought\nX1,2020-01-01\n\n\nSerial,Warranty,Days\nX1,yes,3\n,,\n\"All dates, in UTC.\"\nEnd\n";
        let (tables, kinds) = look(text);
        assert_eq!(tables.iter().map(|t| t.header.index).collect::<Vec<_>>(), [0, 4]);
        assert_eq!(kinds, ["nothing", "row", "nothing", "nothing", "nothing", "row", "nothing", "note", "note"]);
    }

    #[test]
    fn titles_stand_before_their_tables() {
        let (tables, kinds) =
            look("Notes\nFirst: x\nDate;Code\n\"2020-01-01\";\"a\"\nSecond\nDate;Size\n2020-01-02;5\n");
        let titles: Vec<_> = tables.iter().map(|t| t.title.as_deref()).collect();
        assert_eq!(titles, [Some("First: x"), Some("Second")]);
        assert_eq!(kinds, ["note", "nothing", "nothing", "row", "nothing", "nothing", "row"]);
    }

    #[test]
    fn rows_behind_a_blank_line_are_no_header() {
        let (tables, kinds) = look("Name,Age\n\nAna,31\nBen,4\n");
        assert_eq!(tables.len(), 1);
        assert_eq!(kinds, ["nothing", "nothing", "row", "row"]);
        assert!(super::tables(&[0; 31]).is_empty() && super::tables(&[255; 64]).is_empty());
    }
}
