//! Tables of separated values: columns are found by their names, never by position.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use encoding_rs::WINDOWS_1252;
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashSet;

/// What separates values.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

thread_local! {
    /// A reader for each delimiter, reset before each row: making one costs many times what reading a row does.
    static READERS: RefCell<[Reader; 3]> =
        RefCell::new(DELIMITERS.map(|delimiter| ReaderBuilder::new().delimiter(delimiter).build()));
}

/// The names of a table's columns, and how its values are separated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    names: Vec<String>,
    /// The names that values go by: as `names`, and told apart where two columns have one, or none.
    labels: Vec<String>,
    delimiter: u8,
    /// Which row of the table it is; rows up to it hold no values.
    pub index: u64,
}

impl Header {
    /// Returns the first of the first twenty rows in `head` that `is_header` accepts, given its values.
    ///
    /// Exports put notes before the header. A row is tried with commas, semicolons and tabs.
    pub fn find(head: &[u8], is_header: impl Fn(&[String]) -> bool) -> Option<Self> {
        Self::candidates(head).find(|header| is_header(&header.names))
    }

    /// Returns the first twenty rows in `head`, each as a header by every delimiter.
    pub fn candidates(head: &[u8]) -> impl Iterator<Item = Self> {
        let (spans, _) = crate::framing::frame_all(glasshouse_model::Framing::Rows, head);
        spans.into_iter().take(20).flat_map(move |span| {
            let bytes = head.get(span.start as usize..span.end as usize).unwrap_or_default();
            DELIMITERS.into_iter().map(move |delimiter| Self::made(bytes, delimiter, span.index))
        })
    }

    /// Returns the header that has all of these columns, whatever their order, case and company.
    pub fn with(head: &[u8], columns: &[&str]) -> Option<Self> {
        let has = |names: &[String], column: &str| names.iter().any(|n| n.eq_ignore_ascii_case(column));
        Self::find(head, |names| columns.iter().all(|c| has(names, c)))
    }

    /// Returns a row as a header, separated by what separates most of its values.
    pub fn of(row: &[u8], index: u64) -> Self {
        let header = |delimiter| Self::made(row, delimiter, index);
        let comma = header(b',');
        [b';', b'\t'].map(header).into_iter().fold(comma, |a, b| if b.names.len() > a.names.len() { b } else { a })
    }

    fn made(row: &[u8], delimiter: u8, index: u64) -> Self {
        let names: Vec<String> = values(row, delimiter).into_iter().map(|v| v.trim().to_owned()).collect();
        let mut taken = HashSet::new();
        let mut labels = Vec::with_capacity(names.len());
        for (i, name) in names.iter().enumerate() {
            labels.push(match name.as_str() {
                "" => format!("column {}", i + 1),
                _ if taken.insert(name.as_str()) => name.clone(),
                _ => format!("{name} (column {})", i + 1),
            });
        }
        Header { names, labels, delimiter, index }
    }

    /// Returns the names of the columns.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Returns the values of a row.
    pub fn row<'h>(&'h self, bytes: &[u8]) -> Row<'h> {
        Row { header: self, values: values(bytes, self.delimiter) }
    }
}

/// One row with its header.
#[derive(Clone, Debug)]
pub struct Row<'h> {
    header: &'h Header,
    values: Vec<String>,
}

impl Row<'_> {
    /// Returns the value of the first of these columns that has one that is not empty.
    pub fn get(&self, columns: &[&str]) -> Option<&str> {
        columns.iter().find_map(|column| {
            let at = self.header.names.iter().position(|n| n.eq_ignore_ascii_case(column))?;
            self.values.get(at).map(|v| v.trim()).filter(|v| !v.is_empty())
        })
    }

    /// Returns every column's name and value; values beyond the header are named `column 7` by their place, and a
    /// name that stands twice is told apart by it.
    pub fn cells(&self) -> impl Iterator<Item = (Cow<'_, str>, &str)> {
        self.values.iter().enumerate().map(|(i, value)| match self.header.labels.get(i) {
            Some(label) => (Cow::Borrowed(label.as_str()), value.as_str()),
            None => (Cow::Owned(format!("column {}", i + 1)), value.as_str()),
        })
    }

    /// Returns whether the row is the header again.
    pub fn is_header(&self) -> bool {
        self.values.iter().enumerate().all(|(i, v)| self.header.names.get(i).is_some_and(|name| name == v.trim()))
    }

    /// Returns whether the row has no value at all.
    pub fn is_empty(&self) -> bool {
        self.values.iter().all(|v| v.trim().is_empty())
    }

    /// Returns how many values it has; more or fewer than the header's columns mean a damaged row.
    pub fn len(&self) -> usize {
        self.values.len()
    }
}

/// Returns the values of one row, decoded; bytes that are not UTF-8 are read as Windows-1252.
fn values(bytes: &[u8], delimiter: u8) -> Vec<String> {
    READERS.with_borrow_mut(|readers| {
        let known = DELIMITERS.iter().position(|d| *d == delimiter);
        let reader = known.and_then(|i| readers.get_mut(i));
        reader.map_or_else(Vec::new, |reader| split(reader, bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)))
    })
}

fn split(reader: &mut Reader, bytes: &[u8]) -> Vec<String> {
    reader.reset();
    // Values are never longer together than the row, and never more than its bytes and one.
    let (mut out, mut ends) = (vec![0; bytes.len()], vec![0; bytes.len() / 8 + 8]);
    let (mut read, mut written, mut ended) = (0, 0, 0);
    loop {
        let (input, room) = (bytes.get(read..).unwrap_or_default(), out.get_mut(written..).unwrap_or_default());
        let (result, n, m, k) = reader.read_record(input, room, ends.get_mut(ended..).unwrap_or_default());
        (read, written, ended) = (read + n, written + m, ended + k);
        match result {
            // Nothing is left to be given: the next call is told so.
            ReadRecordResult::InputEmpty => {}
            ReadRecordResult::OutputFull => out.resize(out.len() * 2 + 64, 0),
            ReadRecordResult::OutputEndsFull => ends.resize(ends.len() * 2, 0),
            ReadRecordResult::Record => break,
            ReadRecordResult::End => return Vec::new(),
        }
    }
    let mut start = 0;
    let value = |end: &usize| text(out.get(std::mem::replace(&mut start, *end)..*end).unwrap_or_default());
    ends.iter().take(ended).map(value).collect()
}

fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        // A value is no document: what it begins with is no mark of another encoding.
        Err(_) => WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_found_behind_notes() {
        let head = b"\xef\xbb\xbfNotes:\n\"When exporting, some\nmay miss\"\n\nFirst Name;Last Name;Age\nA;B;3\n";
        let header = Header::with(head, &["last name", "First Name"]).expect("a header");
        assert_eq!(header.index, 3);
        let row = header.row(b"Ana;\" O'Hara \";;x\r\n");
        assert_eq!(row.get(&["Surname", "Last Name"]), Some("O'Hara"));
        assert_eq!(row.get(&["Age"]), None);
        let cells: Vec<_> = row.cells().map(|(n, v)| (n.into_owned(), v.to_owned())).collect();
        assert_eq!(cells[3], ("column 4".to_owned(), "x".to_owned()));
        assert!(Header::with(head, &["Email"]).is_none());
        let twice = Header::of(b"a,b,a,,a\n", 0);
        let row = twice.row(b"1,2,3,4,5\n");
        let names: Vec<_> = row.cells().map(|(n, _)| n.into_owned()).collect();
        assert_eq!(names, ["a", "b", "a (column 3)", "column 4", "a (column 5)"]);
        assert!(twice.row(b"a,b,a,,a\n").is_header() && !row.is_header());
    }

    #[test]
    fn bytes_that_are_not_utf8_are_read() {
        let header = Header::with(b"Name,X\n", &["name"]).expect("a header");
        assert_eq!(header.row(b"Andr\xe9,1\n").get(&["Name"]), Some("Andr\u{e9}"));
        assert_eq!(header.row(b"\xff\xfea,1\n").get(&["Name"]), Some("\u{ff}\u{fe}a"));
        assert!(header.row(b"\n").is_empty());
    }
}
