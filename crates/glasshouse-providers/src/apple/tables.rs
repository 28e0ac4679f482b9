//! Tables of the export: those that are known by their columns, and any other in an Apple folder.

use super::sheets::{SAFARI, SUPPORT, SURE, WITHIN};
use crate::formats::sheet::{Rows, Sheet, is_none};
use crate::formats::stacked::{Place, Stacked, place, tables};
use crate::formats::table::Header;
use crate::formats::wall::Clock;
use crate::{Frame, Opened, Sink, TreeEntry};
use glasshouse_model::{Locator, MomentRole, Precision, ZoneBasis};

/// A table that is known by its place alone.
pub(super) const TABLE: &str = "table";

/// Beginnings of the names of an export's folders and archives, lower case; some are translated.
const FOLDERS: &[&str] = &[
    "apple id",
    "apple account",
    "appleaccount",
    "apple media services",
    "apple features using icloud",
    "apple pay",
    "apple online",
    "applecare",
    "appinstall",
    "app install",
    "icloud",
    "itunes",
    "game center",
    "marketing communications",
    "communications marketing",
];

/// Says whether an entry lies in a folder of an Apple export.
pub(super) fn is_within(entry: &TreeEntry) -> bool {
    let mut names = entry.dir().split('/').map(str::to_lowercase);
    names.any(|name| FOLDERS.iter().any(|f| name.starts_with(f)))
}

/// Returns the format that a table's first bytes show.
pub(super) fn format(entry: &TreeEntry, head: &[u8]) -> Option<&'static str> {
    let candidates: Vec<Header> = Header::candidates(head).collect();
    let fits = |sheet: &&Sheet| candidates.iter().any(|header| sheet.fits(header.names()));
    if let Some(sheet) = SURE.iter().find(fits) {
        return Some(sheet.format);
    }
    // The folders around it are translated, its own name is not.
    let named = entry.name().to_lowercase().starts_with("safaribrowsinghistory");
    if let Some(sheet) = WITHIN.iter().filter(|s| named && s.format == SAFARI).find(fits) {
        return Some(sheet.format);
    }
    if !is_within(entry) || head.contains(&0) {
        return None;
    }
    let safari = entry.path.to_lowercase().contains("safari");
    let known = WITHIN.iter().filter(|s| s.format != SAFARI || safari).find(fits);
    Some(known.map_or(TABLE, |sheet| sheet.format))
}

/// Says whether files of a format may hold several tables, footnotes and titles.
pub(super) fn is_stacked(format: &str) -> bool {
    matches!(format, SUPPORT | TABLE)
}

fn sheets(format: &str) -> impl Iterator<Item = &'static Sheet> {
    SURE.iter().chain(WITHIN).filter(move |sheet| sheet.format == format)
}

/// Reads rows.
pub(super) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    if is_stacked(opened.claim.format) {
        return stacked(opened, out);
    }
    match sheets(opened.claim.format).find_map(|sheet| Rows::find(sheet, opened.head)) {
        Some(mut rows) => rows.read(opened, out),
        None => headless(opened, out),
    }
}

fn headless(opened: &Opened<'_>, out: &mut Sink) {
    // Once an entry, however many calls its rows take.
    if let Some(first) = opened.frames.iter().find(|f| f.index == 0) {
        let at = opened.at(Locator::bytes(first.offset, first.bytes.len() as u64));
        out.warn(at, "table.header", "The names of the columns are missing or not known; the table was not read.");
    }
}

fn stacked(opened: &Opened<'_>, out: &mut Sink) {
    let tables = tables(opened.survey);
    if tables.is_empty() {
        return headless(opened, out);
    }
    // Those of which nothing is known have no sheet.
    let mut known: Vec<(u64, Rows<'_>, bool)> = tables.iter().map(|table| reader(opened.claim.format, table)).collect();
    for frame in opened.frames {
        match place(&tables, frame) {
            Place::Nothing => {}
            Place::Note => {
                let at = opened.at(Locator::bytes(frame.offset, frame.bytes.len() as u64));
                out.warn(at, "table.note", "A line that belongs to no table; it was not read.");
            }
            Place::Row(table) => {
                let found = known.iter_mut().find(|(index, ..)| *index == table.header.index);
                if let Some((_, rows, described)) = found {
                    row(opened, frame, table, rows, *described, out);
                }
            }
        }
    }
}

/// Returns what reads the rows of a table, by its header's number, and whether a sheet describes it.
fn reader(format: &str, table: &Stacked) -> (u64, Rows<'static>, bool) {
    let sheet = sheets(format).find(|sheet| sheet.fits(table.header.names()));
    (table.header.index, Rows::of(sheet.unwrap_or(&ANY), table.header.clone()), sheet.is_some())
}

fn row(opened: &Opened<'_>, frame: &Frame<'_>, table: &Stacked, rows: &mut Rows<'_>, described: bool, out: &mut Sink) {
    let read = if described { rows.row(opened, frame, out) } else { unknown(opened, frame, rows, out) };
    let Some((at, mut record)) = read else { return };
    record.fields.opt_text("table", table.title.as_deref());
    out.record(at, record);
}

/// A table that no fact describes; times are found below, by another rule than that of open sheets.
static ANY: Sheet = Sheet { format: TABLE, clock: Some(Clock::UNKNOWN), ..Sheet::NONE };

/// Reads a row of a table of which nothing is known: times show themselves, the rest are fields.
fn unknown(
    opened: &Opened<'_>,
    frame: &Frame<'_>,
    rows: &mut Rows<'_>,
    out: &mut Sink,
) -> Option<(glasshouse_model::Ref, glasshouse_model::Record)> {
    // Columns are not counted as drift here: none is known.
    let mut unused = Sink::new();
    let read = rows.row(opened, frame, &mut unused);
    for warning in unused.warnings() {
        out.warn(warning.at.clone()?, warning.code, warning.message.clone());
    }
    let (at, mut record) = read?;
    record.format = opened.claim.format;
    let row = rows.header().row(frame.bytes);
    for (name, value) in row.cells().filter(|(_, value)| !is_none(value)) {
        let lower = name.to_lowercase();
        let clock = if lower.contains("utc") || lower.contains("gmt") { Clock::UTC } else { Clock::UNKNOWN };
        let named = ["date", "time", "timestamp"].iter().any(|word| lower.contains(word));
        if let Some(moment) = clock.read(MomentRole::Observed, value.trim()).filter(|m| {
            // A number with two dots may be a version.
            named || m.precision != Precision::Day || m.basis != ZoneBasis::Ambiguous
        }) {
            record.moments.push(moment);
        } else if record.title.is_none() && ["name", "title", "description"].iter().any(|w| lower.contains(w)) {
            record.title = Some(value.trim().to_owned());
        }
    }
    Some((at, record))
}
