//! Tables of the export: those that are known by their columns, and any other in an Apple folder.

use super::sheets::{SAFARI, SUPPORT, SURE, WITHIN};
use crate::formats::columns::{Sheet, is_none, row_record};
use crate::formats::stacked::{Place, Stacked, place, tables};
use crate::formats::table::Header;
use crate::formats::wall::Clock;
use crate::{Frame, Opened, Sink, TreeEntry};
use glasshouse_model::{Family, Locator, MomentRole, Precision, ZoneBasis};

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
    let found = sheets(opened.claim.format).find_map(|sheet| Some((sheet, sheet.header(opened.head)?)));
    let Some((sheet, header)) = found else {
        return headless(opened, out);
    };
    for frame in opened.frames {
        if let Some((at, record)) = row_record(sheet, &header, opened, frame, out) {
            out.record(at, record);
        }
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
    for frame in opened.frames {
        match place(&tables, frame) {
            Place::Nothing => {}
            Place::Note => {
                let at = opened.at(Locator::bytes(frame.offset, frame.bytes.len() as u64));
                out.warn(at, "table.note", "A line that belongs to no table; it was not read.");
            }
            Place::Row(table) => row(opened, frame, table, out),
        }
    }
}

fn row(opened: &Opened<'_>, frame: &Frame<'_>, table: &Stacked, out: &mut Sink) {
    let format = opened.claim.format;
    let sheet = sheets(format).find(|sheet| sheet.fits(table.header.names()));
    let read = match sheet {
        Some(sheet) => row_record(sheet, &table.header, opened, frame, out),
        None => unknown(opened, frame, &table.header, out),
    };
    let Some((at, mut record)) = read else { return };
    record.fields.opt_text("table", table.title.as_deref());
    out.record(at, record);
}

/// What a table has that no fact describes.
const ANY: Sheet =
    Sheet { format: TABLE, family: Family::Activity, kind: "", needs: &[], columns: &[], clock: Clock::UNKNOWN };

/// Reads a row of a table of which nothing is known: times show themselves, the rest are fields.
fn unknown(
    opened: &Opened<'_>,
    frame: &Frame<'_>,
    header: &Header,
    out: &mut Sink,
) -> Option<(glasshouse_model::Ref, glasshouse_model::Record)> {
    // Columns are not counted as drift here: none is known.
    let mut unused = Sink::new();
    let (at, mut record) = row_record(&ANY, header, opened, frame, &mut unused)?;
    record.format = opened.claim.format;
    for warning in unused.warnings() {
        out.warn(at.clone(), warning.code, warning.message.clone());
    }
    let row = header.row(frame.bytes);
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
