//! Who sent a record, to whom, and how much is attached: from the columns in memory, and until those are read from the
//! lists of its segment, so that the first page need not wait for all of them.

use super::attached::Attached;
use super::parties::{Named, Parties, ROLES, is_sender};
use super::rows::text;
use super::{Lazy, View};
use crate::EngineError;
use crate::search::Open;
use crate::segment::typed;
use datafusion::arrow::array::{Array, StringArray};
use datafusion::parquet::arrow::ProjectionMask;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::HashMap;
use std::fs::File;
use std::sync::{Arc, PoisonError, TryLockError};

/// Records of which more than this many are asked for at once wait for the columns.
const FEW: usize = 500;

/// What is known beside the rows of a list.
pub(super) enum Beside {
    Held(Arc<Parties>, Arc<Attached>),
    /// The columns are being read.
    NotYet,
}

/// What is known beside one row.
#[derive(Clone, Debug, Default)]
pub(super) struct Sides {
    pub from: Vec<String>,
    pub to: Vec<String>,
    pub attachments: u32,
}

impl View {
    pub(super) fn beside(&self, rows: usize) -> Result<Beside, EngineError> {
        match (ready(&self.parties), ready(&self.attached)) {
            (Some(parties), Some(attached)) => Ok(Beside::Held(parties, attached)),
            _ if rows <= FEW => Ok(Beside::NotYet),
            _ => Ok(Beside::Held(self.parties()?, self.attached()?)),
        }
    }
}

/// Returns what is made already; nobody waits for who makes it.
pub(super) fn ready<T>(cell: &Lazy<T>) -> Option<Arc<T>> {
    match cell.try_lock() {
        Ok(cell) => cell.clone(),
        Err(TryLockError::Poisoned(cell)) => PoisonError::into_inner(cell).clone(),
        Err(TryLockError::WouldBlock) => None,
    }
}

/// Reads what a segment's lists say of some of its rows, given ascending.
pub(super) fn read(open: &Open, rows: &[u32], most: usize) -> Result<HashMap<u32, Sides>, EngineError> {
    let mut of: HashMap<String, u32> = HashMap::new();
    let mut next = rows.iter();
    for batch in open.columns.read(&["id"], Some(rows))? {
        for i in 0..batch.num_rows() {
            if let (Some(id), Some(row)) = (text(&batch, "id", i)?, next.next()) {
                of.insert(id.to_owned(), *row);
            }
        }
    }
    let mut sides: HashMap<u32, Sides> = HashMap::new();
    each(open, "parties.parquet", &["record_id", "role", "name", "identifier"], &of, |row, texts| {
        let [_, role, name, identifier] = texts else { return };
        let own = |text: &Option<&str>| text.map(str::to_owned);
        let named = Named { name: own(name), kind: None, identifier: own(identifier), service: None };
        let role = ROLES.iter().position(|known| Some(*known) == *role).unwrap_or(ROLES.len() - 1);
        let sides = sides.entry(row).or_default();
        let side = if is_sender(role) { &mut sides.from } else { &mut sides.to };
        if let Some(label) = named.label()
            && side.len() < most
            && !side.iter().any(|known| known == label)
        {
            side.push(label.to_owned());
        }
    })?;
    each(open, "attachments.parquet", &["record_id"], &of, |row, _| sides.entry(row).or_default().attachments += 1)?;
    Ok(sides)
}

/// Goes through the lines of a segment's list that belong to some records, each with its texts.
fn each(
    open: &Open,
    list: &str,
    columns: &[&str],
    of: &HashMap<String, u32>,
    mut take: impl FnMut(u32, &[Option<&str>]),
) -> Result<(), EngineError> {
    let path = open.columns.folder().join(list);
    if !path.exists() {
        return Ok(());
    }
    let file = File::open(&path).map_err(|e| EngineError::io(&path, "open", e))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file)?;
    let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
    for batch in builder.with_projection(mask).with_batch_size(8192).build()? {
        let batch = batch?;
        let texts =
            columns.iter().map(|name| typed::<StringArray>(&batch, name)).collect::<Result<Vec<_>, EngineError>>()?;
        let Some(ids) = texts.first() else { return Ok(()) };
        for i in 0..batch.num_rows() {
            if let Some(row) = of.get(ids.value(i)) {
                let line: Vec<Option<&str>> = texts.iter().map(|t| t.is_valid(i).then(|| t.value(i))).collect();
                take(*row, &line);
            }
        }
    }
    Ok(())
}
