//! Tables that are known by their columns, written as CSV or as JSON, read into records by a description.
//!
//! Big exports hold hundreds of tables that differ in nothing but names. A [`Sheet`] says which columns make a
//! table, what a row is, and what each column is for; the reading is the same for all, and the same for both
//! forms, so that a table gives the same records whichever form a service chose on the day. What is not declared
//! stays a field.

mod columns;
mod json;
mod make;
mod rows;
mod when;

use crate::formats::table::Header;
use crate::formats::wall::Clock;
use crate::{Opened, Sink};
use columns::Columns;
use glasshouse_model::{Attachment, Family, Framing, IdentifierKind, Link, MomentRole, PartyRole};

pub use columns::key;
pub use rows::{Rows, row_place};
pub use when::moment;

/// Names that one column goes by.
pub type Names = &'static [&'static str];

/// What a column holds. Where it goes by several names, the first of them that has a value in a row counts; the
/// others stay fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Is {
    /// A time written out, in the sheet's clock.
    Time(MomentRole),
    /// A count of seconds or of milliseconds since 1970.
    Seconds(MomentRole),
    Millis(MomentRole),
    Title,
    /// A line of the text.
    Text,
    /// A name, or an identifier, of a party; columns of one role make one party.
    Name(PartyRole),
    Id(PartyRole, IdentifierKind),
    /// The account that the row belongs to.
    Account,
    Lat,
    Lon,
    Accuracy,
    Altitude,
    Address,
    /// What ties rows together.
    Thread,
    /// The name of a file that the claim's links may hold.
    File,
    /// A JSON object; its members become fields `Column.member`.
    Json,
    /// Known, and nothing but a field; its names may be those of many columns.
    Field,
    /// One column that was renamed: a field under the first of its names, whichever the table has.
    Renamed,
}

/// One kind of table: how it is told from others, and what becomes of its columns.
///
/// Names match whatever their case, blanks and punctuation: `Order ID`, `OrderId` and `order_id` are one.
#[derive(Clone, Copy, Debug)]
pub struct Sheet {
    /// Format within the provider.
    pub format: &'static str,
    pub family: Family,
    /// What a row is, as the field `kind`; empty for none.
    pub kind: &'static str,
    /// Columns that the table must have, each under one of its names. Empty: any table, then `path` decides.
    pub needs: &'static [Names],
    /// Groups of words; of each, one must be in the path (see [`key`]), where columns alone could mean others' tables.
    pub path: &'static [Names],
    /// Columns, the most telling time first; what `needs` names is known without them.
    pub columns: &'static [(Names, Is)],
    /// Columns that together tell a row from others: copies in other files of the claim's group have the same.
    pub same: &'static [Names],
    /// How times are written that do not say their zone; none: column and value tell it (see [`moment`]).
    pub clock: Option<Clock>,
    /// Any value may name a file of the claim's links, with or without its ending, in lower case.
    pub files: bool,
    /// No description of the columns exists: none is drift, and times are found by their names and values.
    pub open: bool,
}

impl Sheet {
    /// A sheet that asks for nothing and uses no column.
    pub const NONE: Sheet = Sheet {
        format: "",
        family: Family::Activity,
        kind: "",
        needs: &[],
        path: &[],
        columns: &[],
        same: &[],
        clock: None,
        files: false,
        open: false,
    };

    /// Returns the table's header if the first bytes of an entry hold one of this kind.
    pub fn header(&self, head: &[u8]) -> Option<Header> {
        Header::find(head, |names| self.fits(names))
    }

    /// Says whether these names of columns are those of this kind of table.
    pub fn fits(&self, names: &[String]) -> bool {
        let keys: Vec<_> = names.iter().map(|name| key(name)).collect();
        self.has_needs(&keys)
    }

    fn wants(&self, path: &str, keys: &[String]) -> bool {
        self.takes_path(path) && self.has_needs(keys)
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
    if opened.claim.framing != Framing::Rows {
        return objects(sheet, opened, out);
    }
    let wanted = |names: &[String]| {
        names.iter().filter(|n| !n.is_empty()).count() > usize::from(sheet.needs.is_empty()) && sheet.fits(names)
    };
    if let Some(header) = Header::find(opened.head, wanted) {
        Rows::of(sheet, header).read(opened, out);
    }
}

/// Reads frames of a document of JSON as a table of that kind.
pub fn objects(sheet: &Sheet, opened: &Opened<'_>, out: &mut Sink) {
    json::objects(sheet, &Columns::of(sheet), opened, out);
}

/// Says whether a path (as [`key`] returns it) is that of JSON: the separators are gone from it.
fn is_json(path: &str) -> bool {
    path.ends_with("json")
}

/// Says whether a value is one of the ways to say that there is none, which say nothing else.
pub fn is_null(value: &str) -> bool {
    const NULLS: &[&str] = &["Not Available", "Not Applicable", "Data Not Available", "N/A", "null"];
    let value = value.trim().trim_end_matches('.');
    NULLS.iter().any(|null| null.eq_ignore_ascii_case(value))
}

/// Says whether a value says that there is none, or may mean that: it is no time, name or title.
pub fn is_none(value: &str) -> bool {
    let value = value.trim();
    value.is_empty() || ["None", "-", "--"].contains(&value) || is_null(value)
}

/// Returns the attachment of that name, with its place where the export holds it.
pub fn linked(opened: &Opened<'_>, name: &str) -> Attachment {
    let base = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let link = opened.claim.links.get(name).or_else(|| opened.claim.links.get(base));
    Attachment {
        name: Some(name.to_owned()),
        size: link.map(|l| l.size),
        at: link.map(Link::whole),
        ..Attachment::default()
    }
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
        for null in ["Not Available", "not applicable", " Data Not Available. ", "N/A", "null"] {
            assert!(is_null(null) && is_none(null), "{null}");
        }
        for other in ["-", "None", ""] {
            assert!(is_none(other) && !is_null(other), "{other}");
        }
        assert!(!is_none("Not Available in stores"));
    }
}
