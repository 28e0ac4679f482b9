//! Rows of separated values into records.

use super::Sheet;
use super::columns::{Column, Columns};
use super::draft::{Draft, Told};
use crate::formats::table::Header;
use crate::{Opened, Sink};
use glasshouse_model::{Locator, LocatorKind};
use std::borrow::Cow;
use std::collections::HashSet;

/// Reads rows of separated values.
pub(super) fn rows(sheet: &Sheet, columns: &Columns, opened: &Opened<'_>, out: &mut Sink) {
    let wanted = |names: &[String]| {
        let keys: Vec<_> = names.iter().map(|name| super::key(name)).collect();
        keys.iter().filter(|k| !k.is_empty()).count() > usize::from(sheet.needs.is_empty()) && sheet.has_needs(&keys)
    };
    let Some(header) = Header::find(opened.head, wanted) else { return };
    let plan = plan(columns, header.names());
    let mut told = Told::default();
    for frame in opened.frames.iter().filter(|frame| frame.index > header.index) {
        let row = header.row(frame.bytes);
        let locator = Locator::new(
            LocatorKind::Row,
            (frame.index - header.index).to_string(),
            frame.offset,
            frame.bytes.len() as u64,
        );
        let at = opened.at(locator);
        if frame.truncated {
            out.warn(at.clone(), "csv.truncated", "A quoted value does not end; what follows is part of it.");
        }
        if row.is_empty() {
            continue;
        }
        if row.len() != header.names().len() && told.may("columns") {
            let message = format!("The row has {} values and the table {} columns.", row.len(), header.names().len());
            out.warn(at.clone(), "csv.columns", message);
        }
        let mut draft = Draft::new(sheet, opened);
        for (i, (name, value)) in row.cells().enumerate() {
            match plan.get(i) {
                Some((field, column)) => draft.take(field, *column, Cow::Borrowed(value)),
                None => draft.take(&name, columns.get(&name), Cow::Borrowed(value)),
            }
        }
        draft.finish(at, opened, &mut told, out);
    }
}

/// Returns each column's field and use; a name that is there twice is told apart by its place.
fn plan(columns: &Columns, names: &[String]) -> Vec<(String, Column)> {
    let own: HashSet<&str> = names.iter().map(String::as_str).collect();
    let mut taken = HashSet::new();
    let mut plan = Vec::new();
    for (i, name) in names.iter().enumerate() {
        let column = columns.get(name);
        // The newest name, unless the table has another column of that name.
        let new = column.name.filter(|new| *new == name || !own.contains(new));
        let mut field = new.unwrap_or(name).to_owned();
        if field.is_empty() || !taken.insert(field.clone()) {
            field = if name.is_empty() { format!("column {}", i + 1) } else { format!("{name} (column {})", i + 1) };
            taken.insert(field.clone());
        }
        plan.push((field, column));
    }
    plan
}
