//! What each column of a sheet is for, found once and not for every row.

use super::{Is, Names, Sheet};
use std::collections::HashMap;

/// What is known of a column.
#[derive(Clone, Debug, Default)]
pub(super) struct Column {
    /// Places in [`Sheet::columns`], each with the place of the column's name among those of the declaration.
    pub(super) uses: Vec<(usize, usize)>,
    /// The name of its field as the sheet writes it; none if the sheet does not know it.
    pub(super) name: Option<&'static str>,
    /// Its place in [`Sheet::same`].
    pub(super) same: Option<usize>,
    /// Holds a JSON object.
    pub(super) json: bool,
}

/// The columns of a sheet by [`key`].
#[derive(Debug)]
pub(super) struct Columns {
    by_key: HashMap<String, usize>,
    /// The first is that of columns which the sheet does not know.
    all: Vec<Column>,
}

impl Columns {
    pub(super) fn of(sheet: &Sheet) -> Self {
        let mut columns = Columns { by_key: HashMap::new(), all: vec![Column::default()] };
        for (at, (names, is)) in sheet.columns.iter().enumerate() {
            for (rank, name) in names.iter().enumerate() {
                let first = if *is == Is::Renamed { names.first() } else { None };
                let column = columns.add(name, first.copied().unwrap_or(name));
                column.json |= *is == Is::Json;
                if !matches!(is, Is::Field | Is::Renamed | Is::Json) {
                    column.uses.push((at, rank));
                }
            }
        }
        for name in sheet.needs.iter().copied().flatten() {
            columns.add(name, name);
        }
        for (at, names) in sheet.same.iter().enumerate() {
            columns.tells(at, names);
        }
        columns
    }

    /// Adds a column, unless it is known; its first name stays.
    fn add(&mut self, name: &str, called: &'static str) -> &mut Column {
        let next = self.all.len();
        let at = *self.by_key.entry(key(name)).or_insert(next);
        if at == next {
            self.all.push(Column { name: Some(called), ..Column::default() });
        }
        // INVARIANT: `at` is a place in the list, or that of the column just pushed.
        &mut self.all[at]
    }

    /// Notes the columns that tell rows apart; one that was renamed does so under its older names as well.
    fn tells(&mut self, at: usize, names: Names) {
        for name in names {
            let called = self.add(name, names.first().copied().unwrap_or(name)).name;
            self.all.iter_mut().filter(|column| column.name == called).for_each(|column| column.same = Some(at));
        }
    }

    /// Returns the number of a column.
    pub(super) fn number(&self, name: &str) -> usize {
        self.by_key.get(&key(name)).copied().unwrap_or_default()
    }

    /// Returns what is known of the column of that number.
    pub(super) fn get(&self, number: usize) -> &Column {
        // INVARIANT: there is always the first.
        self.all.get(number).unwrap_or(&self.all[0])
    }
}

/// Returns a name without what writers vary: its letters and digits in lower case.
pub fn key(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Returns the keys of the members in first bytes of JSON, as [`key`] writes them.
pub(super) fn json_names(head: &[u8]) -> Vec<String> {
    let start = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    if !matches!(start.first(), Some(b'{' | b'[')) {
        return Vec::new();
    }
    let mut names = Vec::new();
    let mut at = 0;
    while let Some(open) = start.get(at..).and_then(|rest| memchr::memchr(b'"', rest)) {
        let from = at + open + 1;
        let Some(length) = string_length(start.get(from..).unwrap_or_default()) else { break };
        at = from + length + 1;
        let after = start.get(at..).unwrap_or_default().trim_ascii_start();
        if after.first() == Some(&b':') {
            let name = key(&String::from_utf8_lossy(start.get(from..from + length).unwrap_or_default()));
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

/// Returns how long a JSON string is whose opening quote was before `bytes`.
fn string_length(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes.get(at) == Some(&b'"') {
            return Some(at);
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_their_dress() {
        assert_eq!(key("Carrier Name & Tracking_Number"), "carriernametrackingnumber");
        assert_eq!(key("GRÖSSE"), "grösse");
    }

    #[test]
    fn a_column_is_known_by_every_name() {
        const SHEET: Sheet = Sheet {
            needs: &[&["c"]],
            columns: &[(&["new", "old"], Is::Renamed), (&["a", "b"], Is::Title), (&["a"], Is::Text)],
            same: &[&["new"], &["d", "e"]],
            ..Sheet::NONE
        };
        let columns = Columns::of(&SHEET);
        let of = |name: &str| columns.get(columns.number(name));
        assert_eq!((of("Old").name, of("Old").same), (Some("new"), Some(0)));
        assert_eq!((of("a").uses.as_slice(), of("b").uses.as_slice()), (&[(1, 0), (2, 0)][..], &[(1, 1)][..]));
        assert_eq!((of("C").name, of("E").name, of("e").same), (Some("c"), Some("d"), Some(1)));
        assert_eq!((of("x").name, of("x").same), (None, None));
    }

    #[test]
    fn keys_of_json() {
        let head = br#"{"a \" b" : [{"c":"d:","e":1,"c":2}], "cut"#;
        assert_eq!(json_names(head), ["ab", "c", "e"]);
        assert_eq!(json_names(b"a,b\n"), Vec::<String>::new());
    }
}
