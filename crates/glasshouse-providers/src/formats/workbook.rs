//! Small spreadsheets (XLSX), row by row, with bounds on what a hostile one can cost.

use calamine::{DataRef, Reader, Xlsx};
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A sheet's rows: the number of each (from 0) and its values as text, empty ones included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    pub name: String,
    pub rows: Vec<(u32, Vec<String>)>,
}

/// A packed table grows a thousandfold at most: this many bytes cannot exhaust the memory.
const LARGEST: usize = 512 << 10;
/// What all members say they hold together.
const MOST_STATED: u64 = 32 << 20;
const MOST_CELLS: usize = 500_000;
const MOST_COLUMNS: u32 = 1000;
const MOST_SHEETS: usize = 50;

/// Reads all sheets; the error says in a few words why not.
pub fn read(bytes: &[u8]) -> Result<Vec<Sheet>, String> {
    if bytes.len() > LARGEST {
        return Err(format!("it is larger than {} KiB", LARGEST >> 10));
    }
    if stated_size(bytes) > MOST_STATED {
        return Err("its members are too large".into());
    }
    // The library is not ours: a panic in it must not end more than this workbook.
    catch_unwind(AssertUnwindSafe(|| sheets(bytes))).unwrap_or_else(|_| Err("the reader failed".into()))
}

fn sheets(bytes: &[u8]) -> Result<Vec<Sheet>, String> {
    let mut workbook: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|_| "it is no workbook".to_owned())?;
    let mut sheets = Vec::new();
    let mut cells = 0usize;
    for name in workbook.sheet_names().into_iter().take(MOST_SHEETS) {
        let mut reader = workbook.worksheet_cells_reader(&name).map_err(|_| "a sheet cannot be read".to_owned())?;
        let mut rows: Vec<(u32, Vec<String>)> = Vec::new();
        while let Some(cell) = reader.next_cell().map_err(|_| "a cell cannot be read".to_owned())? {
            let (row, column) = cell.get_position();
            cells += 1;
            if cells > MOST_CELLS {
                return Err("it has too many cells".into());
            }
            let value = text(cell.get_value());
            if column >= MOST_COLUMNS || value.is_empty() {
                continue;
            }
            if rows.last().is_none_or(|(last, _)| *last != row) {
                rows.push((row, Vec::new()));
            }
            if let Some((_, values)) = rows.last_mut() {
                let place = column as usize;
                if values.len() <= place {
                    values.resize(place + 1, String::new());
                }
                if let Some(slot) = values.get_mut(place) {
                    *slot = value;
                }
            }
        }
        sheets.push(Sheet { name, rows });
    }
    Ok(sheets)
}

fn text(value: &DataRef<'_>) -> String {
    match value {
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.trim().to_owned(),
        DataRef::SharedString(text) => text.trim().to_owned(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number.to_string(),
        DataRef::Bool(truth) => truth.to_string(),
        DataRef::DateTime(time) => serial(time.as_f64()),
        DataRef::Error(error) => format!("{error:?}"),
        DataRef::Empty => String::new(),
    }
}

/// Writes a spreadsheet's count of days as the date and time that the cell shows.
fn serial(days: f64) -> String {
    let epoch = jiff::civil::DateTime::constant(1899, 12, 30, 0, 0, 0, 0);
    let seconds = (days * 86_400.0).round();
    let span = jiff::Span::new().try_seconds(if seconds.is_finite() { seconds as i64 } else { i64::MAX });
    match span.and_then(|span| epoch.checked_add(span)) {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        Err(_) => days.to_string(),
    }
}

/// Returns the sum of the sizes that a zip's directory states.
fn stated_size(bytes: &[u8]) -> u64 {
    let entries = memchr::memmem::find_iter(bytes, b"PK\x01\x02");
    let size = |at: usize| bytes.get(at + 24..at + 28).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes);
    entries.map(|at| u64::from(size(at))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_dates() {
        assert_eq!(serial(45_000.5), "2023-03-15 12:00:00");
        assert_eq!(serial(f64::MAX), f64::MAX.to_string());
    }

    #[test]
    fn what_is_none_is_refused() {
        assert!(read(b"PK\x03\x04 not a workbook").is_err());
        assert!(read(&vec![0; LARGEST + 1]).is_err());
        let mut liar = b"PK\x01\x02".to_vec();
        liar.resize(24, 0);
        liar.extend_from_slice(&u32::MAX.to_le_bytes());
        assert!(read(&liar).is_err_and(|reason| reason.contains("too large")));
    }
}
