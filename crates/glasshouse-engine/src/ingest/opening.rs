//! An archive that a password opens after its part was numbered: its content becomes a part of its own.

use super::journal::{Journal, PartRow};
use super::parts::{opened_fact, part_path};
use super::{Progress, sealed};
use crate::EngineError;
use glasshouse_model::EntryId;
use glasshouse_store::{Case, Part, StoreError, files, keep_content, sniff_head};
use std::fs;
use std::io::Read;

/// Keeps the content of an archive, which is entry `archive` and has `index` in `part`, as the next part of its
/// source, and returns its row.
#[allow(clippy::too_many_arguments)]
pub fn keep(
    case: &Case,
    journal: &Journal,
    part: &Part,
    index: usize,
    around: &PartRow,
    archive: EntryId,
    path: &str,
    progress: &Progress,
) -> Result<PartRow, EngineError> {
    let open = || part.read(index).map_err(|problem| EngineError::other(problem.to_string()));
    let mut head = Vec::new();
    // What breaks off is told when all of it is read.
    let _ = open()?.take(1024).read_to_end(&mut head);
    let held = journal.parts()?;
    let number = held.iter().filter(|p| p.source == around.source).map(|p| p.number).max().unwrap_or(0) + 1;
    let (container, origin) = (sniff_head(&head).as_str().to_owned(), format!("entry {archive}"));
    let mut row =
        PartRow::new(around.source.clone(), number, around.series.clone(), path.to_owned(), container, origin);
    let to = part_path(case, &row);
    files::make_folder(&case.root().join(glasshouse_layout::paths::source(&row.source)))?;
    progress.say(&format!("Opening {path}"));
    let key = case.seal()?.new_part(&row.source, row.number)?;
    match keep_content(&mut open()?, &to, key.as_ref(), &|_| true)? {
        Some(plain) => sealed::note(journal, &mut row, plain)?,
        None => row.size = fs::metadata(&to).map_err(|e| StoreError::io(&to, "open", e))?.len(),
    }
    // The part stands when its row does; what it came from has to stand before.
    journal.put_fact(&opened_fact(&row.source, row.number), &archive.0.to_string())?;
    journal.put_part(&row)?;
    Ok(row)
}
