//! Reading columns of a segment, and writing a segment anew without some of its rows.

use crate::EngineError;
use crate::segment::{ATTACHMENTS, Growing, PARTIES, Rows, typed};
use datafusion::arrow::array::{Array, BooleanArray, RecordBatch, StringArray, StringBuilder, UInt32Array};
use datafusion::arrow::compute::{concat_batches, filter_record_batch, take_record_batch};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::parquet::arrow::ProjectionMask;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use glasshouse_layout::{FileHash, Segment};
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::path::Path;

/// Returns some columns of a segment's records, in batches.
pub fn read_columns(case: &Path, segment: &Segment, columns: &[&str]) -> Result<Vec<RecordBatch>, EngineError> {
    read_columns_of(&case.join(&segment.path).join("records.parquet"), columns)
}

/// Returns some columns of a table, in batches.
pub fn read_columns_of(path: &Path, columns: &[&str]) -> Result<Vec<RecordBatch>, EngineError> {
    let file = File::open(path).map_err(|e| EngineError::io(path, "open", e))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file)?.with_batch_size(8192);
    let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
    let reader = builder.with_projection(mask).build()?;
    Ok(reader.collect::<Result<_, _>>()?)
}

pub(crate) fn read_all(path: &Path, schema: &SchemaRef) -> Result<RecordBatch, EngineError> {
    if !path.exists() {
        return Ok(RecordBatch::new_empty(schema.clone()));
    }
    let file = File::open(path).map_err(|e| EngineError::io(path, "open", e))?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)?.build()?;
    concat(schema, &reader.collect::<Result<Vec<_>, _>>()?)
}

/// Returns batches of one table as one, in the columns that they have.
pub(crate) fn concat(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<RecordBatch, EngineError> {
    let schema = batches.first().map_or_else(|| schema.clone(), RecordBatch::schema);
    Ok(concat_batches(&schema, batches)?)
}

/// Rows that are read and written at a time when a segment is written anew.
const AT_ONCE: usize = 8 << 10;

/// Writes a segment anew with the rows marked in `keep` and returns it.
pub fn rewrite(
    case: &Path,
    segment: &Segment,
    keep: &[bool],
    to: &str,
) -> Result<(Segment, Vec<FileHash>), EngineError> {
    let folder = case.join(&segment.path);
    let path = folder.join("records.parquet");
    let file = File::open(&path).map_err(|e| EngineError::io(&path, "open", e))?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)?.with_batch_size(AT_ONCE).build()?;
    let parties = Owned::read(&folder.join("parties.parquet"), &PARTIES)?;
    let attachments = Owned::read(&folder.join("attachments.parquet"), &ATTACHMENTS)?;
    let (parties_of, attachments_of) = (parties.by_record()?, attachments.by_record()?);
    let mut growing: Option<Growing> = None;
    let mut keep = keep.iter().copied();
    for batch in reader {
        let batch = batch?;
        let mask: BooleanArray = keep.by_ref().take(batch.num_rows()).map(Some).collect();
        let records = filter_record_batch(&batch, &mask)?;
        if records.num_rows() == 0 {
            continue;
        }
        let ids: &StringArray = typed(&records, "id")?;
        let parties = parties.of(&parties_of, ids)?;
        let attachments = attachments.of(&attachments_of, ids)?;
        let words = words(ids, &parties)?;
        let growing = match &mut growing {
            Some(growing) => growing,
            none => none.insert(Growing::of(case, to, records.schema())?),
        };
        growing.append(Rows { words, parties, attachments, records })?;
    }
    let growing = growing.ok_or_else(|| EngineError::other("A segment of no rows was to be written."))?;
    growing.finish()?.sync()
}

/// A list whose lines belong to records.
struct Owned(RecordBatch);

impl Owned {
    fn read(path: &Path, schema: &SchemaRef) -> Result<Self, EngineError> {
        Ok(Owned(read_all(path, schema)?))
    }

    /// Returns between which lines those of each record are.
    fn by_record(&self) -> Result<HashMap<&str, (u32, u32)>, EngineError> {
        let owners: &StringArray = typed(&self.0, "record_id")?;
        let mut lines: HashMap<&str, (u32, u32)> = HashMap::new();
        for (line, owner) in (0..).zip(owners.iter().flatten()) {
            lines.entry(owner).and_modify(|(_, end)| *end = line + 1).or_insert((line, line + 1));
        }
        Ok(lines)
    }

    /// Returns the lines of some records.
    fn of(&self, by_record: &HashMap<&str, (u32, u32)>, ids: &StringArray) -> Result<RecordBatch, EngineError> {
        let owners: &StringArray = typed(&self.0, "record_id")?;
        let ranges = ids.iter().flatten().filter_map(|id| by_record.get(id).map(|range| (id, *range)));
        let of_one = |(id, (start, end))| (start..end).filter(move |line| owners.value(*line as usize) == id);
        let lines: UInt32Array = ranges.flat_map(of_one).collect();
        Ok(take_record_batch(&self.0, &lines)?)
    }
}

/// Returns the rows of a segment that are marked in `keep`, with what belongs to them.
pub(crate) fn rows_of(case: &Path, segment: &Segment, keep: &[bool]) -> Result<Rows, EngineError> {
    let folder = case.join(&segment.path);
    let records = read_all(&folder.join("records.parquet"), &crate::segment::RECORDS)?;
    let records = filter_record_batch(&records, &BooleanArray::from(keep.to_vec()))?;
    let ids: &StringArray = typed(&records, "id")?;
    let kept: HashSet<&str> = ids.iter().flatten().collect();
    let of_kept = |batch: &RecordBatch| -> Result<RecordBatch, EngineError> {
        let owner: &StringArray = typed(batch, "record_id")?;
        let mask: BooleanArray = owner.iter().map(|id| Some(id.is_some_and(|id| kept.contains(id)))).collect();
        Ok(filter_record_batch(batch, &mask)?)
    };
    let parties = of_kept(&read_all(&folder.join("parties.parquet"), &PARTIES)?)?;
    let attachments = of_kept(&read_all(&folder.join("attachments.parquet"), &ATTACHMENTS)?)?;
    let words = words(ids, &parties)?;
    Ok(Rows { records, words, parties, attachments })
}

/// Returns the words of the parties of each record, others and senders, as the builder collects them.
pub(crate) fn words(ids: &StringArray, parties: &RecordBatch) -> Result<(StringArray, StringArray), EngineError> {
    let owner: &StringArray = typed(parties, "record_id")?;
    let (role, name): (&StringArray, &StringArray) = (typed(parties, "role")?, typed(parties, "name")?);
    let identifier: &StringArray = typed(parties, "identifier")?;
    let mut by_record: HashMap<&str, (String, String)> = HashMap::new();
    for row in 0..parties.num_rows() {
        let (who, from) = by_record.entry(owner.value(row)).or_default();
        let sender = matches!(role.value(row), "sender" | "author" | "organizer");
        for word in [name, identifier].into_iter().filter(|c| c.is_valid(row)).map(|c| c.value(row)) {
            let column = if sender { &mut *from } else { &mut *who };
            column.push_str(word);
            column.push('\n');
        }
    }
    let (mut who, mut from) = (StringBuilder::new(), StringBuilder::new());
    for id in ids.iter().flatten() {
        let words = by_record.get(id);
        who.append_option(words.map(|w| &w.0).filter(|w| !w.is_empty()));
        from.append_option(words.map(|w| &w.1).filter(|w| !w.is_empty()));
    }
    Ok((who.finish(), from.finish()))
}
