//! Tables that are known by their columns, written as CSV or as JSON, read into records by a description.
//!
//! Big exports hold hundreds of tables that differ in nothing but names. A [`Sheet`] says which columns make a
//! table, what a row is, and what each column is for; the reading is the same for all, and the same for both
//! forms, so that a table gives the same records whichever form a service chose on the day.

mod columns;
mod draft;
mod json;
mod read;
mod when;

use crate::formats::table::Header;
use crate::{Opened, Sink};
use columns::Columns;
use glasshouse_model::{Family, Framing, IdentifierKind, MomentRole, PartyRole};

pub use columns::key;
pub use when::moment;

/// Names that one column goes by, the first being the one its field gets.
pub type Names = &'static [&'static str];

/// One kind of table: how it is told from others, and what becomes of its columns.
///
/// Names match whatever their case, blanks and punctuation: `Order ID`, `OrderId` and `order_id` are one.
#[derive(Clone, Copy, Debug)]
pub struct Sheet {
    /// Format within the provider.
    pub format: &'static str,
    pub family: Family,
    /// Columns that the table must have, each under one of its names. Empty: any table, then `path` decides.
    pub needs: &'static [Names],
    /// Groups of words; of each, one must be in the path (see [`key`]), where columns alone could mean others' tables.
    pub path: &'static [Names],
    /// Times; the first is the one to sort by.
    pub moments: &'static [(MomentRole, Names)],
    /// Of these columns the first with a value is the title.
    pub title: Names,
    /// Of each group the first with a value is a line of the text.
    pub text: &'static [Names],
    /// People: an identifier's kind, or none where the column holds a name.
    pub parties: &'static [(PartyRole, Option<IdentifierKind>, Names)],
    /// Latitude, longitude, accuracy in metres, address.
    pub place: Place,
    /// Ties rows together.
    pub conversation: Names,
    /// Columns that together tell a row from others: copies in other files of the claim's group have the same.
    pub same: &'static [Names],
    /// Other columns that the format's facts know, with the older names of each.
    pub known: &'static [Names],
    /// No description of the columns exists: none is drift, and times are found by their names and values.
    pub open: bool,
}

/// Columns of a place.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub lat: Names,
    pub lon: Names,
    pub accuracy: Names,
    pub address: Names,
}

impl Sheet {
    /// A sheet that asks for nothing and uses no column.
    pub const NONE: Sheet = Sheet {
        format: "",
        family: Family::Activity,
        needs: &[],
        path: &[],
        moments: &[],
        title: &[],
        text: &[],
        parties: &[],
        place: Place { lat: &[], lon: &[], accuracy: &[], address: &[] },
        conversation: &[],
        same: &[],
        known: &[],
        open: false,
    };

    fn wants(&self, path: &str, names: &[String]) -> bool {
        self.takes_path(path) && self.has_needs(names)
    }

    /// Says whether columns, given by their keys, hold all that the sheet needs.
    fn has_needs(&self, keys: &[String]) -> bool {
        self.needs.iter().all(|column| column.iter().any(|name| keys.contains(&key(name))))
    }

    fn takes_path(&self, path: &str) -> bool {
        self.path.iter().all(|group| group.iter().any(|word| path.contains(&key(word))))
    }
}

/// Sheets that large JSON tables may keep their rows in, by the name of the array.
const ARRAYS: &[&str] = &["", "data", "rows", "records", "items", "results", "routines", "Automations", "automations"];
/// JSON up to this size is read whole, whatever its array is called.
const WHOLE: u64 = 16 << 20;

/// Returns the first of the sheets that a table with this path and these first bytes fits.
///
/// `head` is cut to the bytes that recognition sees, so that parsing comes to the same answer.
pub fn find<'s>(sheets: impl IntoIterator<Item = &'s Sheet>, path: &str, head: &[u8]) -> Option<&'s Sheet> {
    let head = head.get(..crate::Tree::HEAD).unwrap_or(head);
    let path = key(path);
    if is_json(&path) {
        let names = columns::json_names(head);
        return sheets.into_iter().find(|sheet| !names.is_empty() && sheet.wants(&path, &names));
    }
    // The rows are looked through once for all sheets; only a row that some sheet wants is a header.
    let all: Vec<&Sheet> = sheets.into_iter().filter(|sheet| sheet.takes_path(&path)).collect();
    let fits = |names: &[String]| {
        let keys: Vec<_> = names.iter().map(|name| key(name)).collect();
        let filled = keys.iter().filter(|k| !k.is_empty()).count();
        all.iter().position(|sheet| filled > usize::from(sheet.needs.is_empty()) && sheet.wants(&path, &keys))
    };
    let header = Header::find(head, |names| fits(names).is_some())?;
    fits(header.names()).and_then(|at| all.get(at).copied())
}

/// Returns how a table is best cut into frames.
pub fn framing(path: &str, size: u64) -> Framing {
    if !is_json(&key(path)) {
        Framing::Rows
    } else if size > WHOLE {
        Framing::JsonArrays(ARRAYS)
    } else {
        Framing::Whole
    }
}

/// Reads frames of a table that [`find`] knew by this path, among the sheets of the claim's format.
pub fn parse<'s>(sheets: impl IntoIterator<Item = &'s Sheet>, path: &str, opened: &Opened<'_>, out: &mut Sink) {
    let ours = sheets.into_iter().filter(|sheet| sheet.format == opened.claim.format);
    let Some(sheet) = find(ours, path, opened.head) else { return };
    let columns = Columns::of(sheet);
    match opened.claim.framing {
        Framing::Rows => read::rows(sheet, &columns, opened, out),
        _ => json::objects(sheet, &columns, opened, out),
    }
}

/// Says whether a path (as [`key`] returns it) is that of JSON: the separators are gone from it.
fn is_json(path: &str) -> bool {
    path.ends_with("json")
}

/// Says whether a value is one of the ways to say that there is none.
pub fn is_null(value: &str) -> bool {
    const NULLS: &[&str] = &["Not Available", "Not Applicable", "Data Not Available"];
    let value = value.trim().trim_end_matches('.');
    NULLS.iter().any(|null| null.eq_ignore_ascii_case(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDERS: Sheet =
        Sheet { format: "orders", needs: &[&["Order ID"], &["Product Name", "Title"]], ..Sheet::NONE };
    const ANY: Sheet = Sheet { format: "any", path: &[&["Additional Data"]], ..Sheet::NONE };

    #[test]
    fn tables_are_known_by_columns_in_both_forms() {
        let found = |path: &str, head: &str| find([&ORDERS, &ANY], path, head.as_bytes()).map(|s| s.format);
        assert_eq!(found("x.csv", "\u{feff}ASIN,order_id,PRODUCT NAME\n1,2,3\n"), Some("orders"));
        assert_eq!(found("x.csv", "ASIN;OrderId;Title\n1;2;3\n"), Some("orders"));
        assert_eq!(found("x.json", "[{\"orderId\": 1, \"title\": \"a\"}]"), Some("orders"));
        assert_eq!(found("x.csv", "ASIN,Title\n1,2\n"), None);
        assert_eq!(found("Additional Data/x.csv", "ASIN,Title\n1,2\n"), Some("any"));
        assert_eq!(found("Additional Data/x.json", "[\"orderId\", \"title\"]"), None);
    }

    #[test]
    fn ways_to_say_nothing() {
        for null in ["Not Available", "not applicable", " Data Not Available. "] {
            assert!(is_null(null), "{null}");
        }
        assert!(!is_null("Not Available in stores") && !is_null(""));
    }
}
