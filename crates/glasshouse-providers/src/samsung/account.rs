//! Samsung Account: a workbook with several tables stacked in one sheet.

use crate::formats::stacked::{Finder, Line};
use crate::formats::wall::Clock;
use crate::formats::workbook::{Sheet, read};
use crate::{Opened, Sink, Tree, TreeEntry};
use glasshouse_model::{
    Family, IdentifierKind, Locator, LocatorKind, MomentRole, Party, PartyRole, Precision, Record, ZoneBasis,
};

pub(super) const FORMAT: &str = "account";

/// Says whether an entry is the account's workbook.
pub(super) fn is_ours(tree: &Tree<'_>, entry: &TreeEntry) -> bool {
    let path: String = entry.path.to_lowercase().chars().filter(|c| c.is_ascii_alphanumeric() || *c == '/').collect();
    let named = path.contains("samsungaccount");
    entry.extension() == "xlsx" && named && tree.head(entry.id).starts_with(b"PK\x03\x04")
}

/// Reads every sheet.
pub(super) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    for frame in opened.frames {
        let whole = opened.at(Locator::whole(frame.bytes.len() as u64));
        match read(frame.bytes) {
            Ok(sheets) => {
                let before = out.records().len();
                sheets.iter().for_each(|s| sheet(opened, frame.bytes.len() as u64, s, out));
                if out.records().len() == before {
                    out.warn(whole, "workbook.empty", "No table was found in the workbook.");
                }
            }
            Err(reason) => out.warn(whole, "workbook.syntax", format!("The workbook cannot be read: {reason}.")),
        }
    }
}

fn sheet(opened: &Opened<'_>, length: u64, sheet: &Sheet, out: &mut Sink) {
    let mut finder = Finder::default();
    let (mut header, mut title, mut single): (Option<&[String]>, Option<&str>, Option<&str>) = (None, None, None);
    let mut previous = None;
    for (number, values) in &sheet.rows {
        // Rows that are not written are blank.
        if previous.is_some_and(|before| before + 1 < *number) {
            finder.see(&[]);
        }
        previous = Some(*number);
        let place = Locator::new(LocatorKind::Row, format!("{}!{}", sheet.name, number + 1), 0, length);
        let at = opened.at(place);
        match finder.see(values) {
            Line::Blank => {}
            Line::Single => {
                if let Some(unused) =
                    single.replace(values.iter().map(String::as_str).find(|v| !v.is_empty()).unwrap_or_default())
                    && !unused.is_empty()
                {
                    out.warn(at, "table.note", "A line before this one belongs to no table; it was not read.");
                }
            }
            Line::Header => {
                (header, title) = (Some(values.as_slice()), single.take());
            }
            Line::Row => {
                single = None;
                let Some(names) = header else {
                    out.warn(at, "table.header", "A row stands before any names of columns; it was not read.");
                    continue;
                };
                let record = row(names, values, title, out);
                out.record(at, record);
            }
        }
    }
    if single.is_some_and(|s| !s.is_empty()) {
        let at = opened.at(Locator::new(LocatorKind::Row, sheet.name.clone(), 0, length));
        out.warn(at, "table.note", "The last line of the sheet belongs to no table; it was not read.");
    }
}

/// Parts of names of columns that tell what a row is, and which values are times.
const LOGIN: &[&str] = &["login", "log-in", "sign-in", "signin", "ip address"];
const DEVICE: &[&str] = &["model", "device", "imei"];
const ACCOUNT: &[&str] = &["mail", "account", "name", "phone", "birth", "country", "service", "address"];
const TIME: &[&str] = &["date", "time", "created", "registered", "modified"];

fn row(names: &[String], values: &[String], title: Option<&str>, out: &mut Sink) -> Record {
    let lower: Vec<String> = names.iter().map(|n| n.to_lowercase()).collect();
    let any = |words: &[&str]| lower.iter().any(|n| words.iter().any(|w| n.contains(w)));
    let family = if any(LOGIN) {
        Family::Login
    } else if any(DEVICE) {
        Family::Device
    } else {
        Family::Account
    };
    // In another language no name says anything.
    let strange = ![LOGIN, DEVICE, ACCOUNT, TIME].into_iter().any(any);
    let mut record = Record::new(family, FORMAT);
    record.fields.opt_text("table", title);
    for (i, value) in values.iter().enumerate().filter(|(_, v)| !v.is_empty()) {
        let name = names.get(i).filter(|n| !n.is_empty()).cloned().unwrap_or_else(|| format!("column {}", i + 1));
        let lower = name.to_lowercase();
        let named = TIME.iter().any(|word| lower.contains(word));
        if strange {
            out.drift(FORMAT, &name);
        }
        if let Some(moment) = Clock::UNKNOWN.read(MomentRole::Observed, value).filter(|m| {
            // A number with two dots may be a version.
            named || m.precision != Precision::Day || m.basis != ZoneBasis::Ambiguous
        }) {
            record.moments.push(moment);
        }
        if lower.contains("mail") && value.contains('@') {
            record.parties.push(Party::with(PartyRole::Owner, None, IdentifierKind::Email, value.clone()));
        }
        record.fields.text(&name, value);
    }
    record
}
