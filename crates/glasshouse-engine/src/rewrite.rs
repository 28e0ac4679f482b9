//! Reading columns of a segment, and writing a segment anew without some of its rows.

use crate::EngineError;
use crate::segment::{PARTIES, Rows, typed, write_segment};
use datafusion::arrow::array::{Array, BooleanArray, RecordBatch, StringArray, StringBuilder};
use datafusion::arrow::compute::{concat_batches, filter_record_batch};
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

/// Writes a segment anew with the rows marked in `keep` and returns it.
pub fn rewrite(
    case: &Path,
    segment: &Segment,
    keep: &[bool],
    to: &str,
) -> Result<(Segment, Vec<FileHash>), EngineError> {
    let rows = rows_of(case, segment, keep)?;
    write_segment(case, to, rows)?.sync()
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
    let attachments = of_kept(&read_all(&folder.join("attachments.parquet"), &crate::segment::ATTACHMENTS)?)?;
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
