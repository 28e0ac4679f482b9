//! What each column of a sheet is for, found once and not for every row.

use super::{Names, Sheet};
use std::collections::HashMap;

/// What a column is for; the numbers are places in the sheet's lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Moment {
        at: usize,
        rank: usize,
    },
    Title(usize),
    Text {
        group: usize,
        rank: usize,
    },
    Lat,
    Lon,
    Accuracy,
    Address(usize),
    Party(usize),
    Conversation,
    Known,
    /// Not known to the sheet.
    Strange,
}

/// A column: what it is for, the name of its field, and its place in [`Sheet::same`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    pub(super) uses: Use,
    /// The first of the names it goes by; none if the sheet does not know it.
    pub(super) name: Option<&'static str>,
    pub(super) same: Option<usize>,
}

/// The columns of a sheet by [`key`].
pub(super) struct Columns {
    by_key: HashMap<String, Column>,
}

impl Columns {
    pub(super) fn of(sheet: &Sheet) -> Self {
        let mut columns = Columns { by_key: HashMap::new() };
        for (at, (_, names)) in sheet.moments.iter().enumerate() {
            columns.add(names, |rank| Use::Moment { at, rank }, false);
        }
        columns.add(sheet.title, Use::Title, false);
        for (group, names) in sheet.text.iter().enumerate() {
            columns.add(names, |rank| Use::Text { group, rank }, false);
        }
        columns.add(sheet.place.lat, |_| Use::Lat, true);
        columns.add(sheet.place.lon, |_| Use::Lon, true);
        columns.add(sheet.place.accuracy, |_| Use::Accuracy, true);
        columns.add(sheet.place.address, Use::Address, false);
        for (at, (_, _, names)) in sheet.parties.iter().enumerate() {
            columns.add(names, |_| Use::Party(at), false);
        }
        columns.add(sheet.conversation, |_| Use::Conversation, true);
        for names in sheet.known {
            columns.add(names, |_| Use::Known, true);
        }
        for (at, names) in sheet.same.iter().enumerate() {
            for name in *names {
                let none = Column { uses: Use::Known, name: names.first().copied(), same: None };
                let named = columns.by_key.entry(key(name)).or_insert(none).name;
                // A column that was renamed tells rows apart under its older names as well.
                let group = columns.by_key.values_mut().filter(|column| column.name == named);
                group.for_each(|column| column.same = Some(at));
            }
        }
        columns
    }

    /// Adds the names of one column; `one` says that they are one column that was renamed, and not several.
    fn add(&mut self, names: Names, uses: impl Fn(usize) -> Use, one: bool) {
        for (rank, name) in names.iter().enumerate() {
            let first = if one { names.first().copied() } else { Some(*name) };
            let column = Column { uses: uses(rank), name: first, same: None };
            self.by_key.entry(key(name)).or_insert(column);
        }
    }

    /// Returns what a column is for.
    pub(super) fn get(&self, name: &str) -> Column {
        let strange = Column { uses: Use::Strange, name: None, same: None };
        self.by_key.get(&key(name)).copied().unwrap_or(strange)
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
    fn keys_of_json() {
        let head = br#"{"a \" b" : [{"c":"d:","e":1,"c":2}], "cut"#;
        assert_eq!(json_names(head), ["ab", "c", "e"]);
        assert_eq!(json_names(b"a,b\n"), Vec::<String>::new());
    }
}
