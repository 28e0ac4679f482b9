//! What is put aside for the privilege reviewer: segments of their own, which no other session opens.
//!
//! [`write`], [`read`] and [`Tables`] are the only ways to these segments. What is released is copied into an ordinary segment
//! and stays here as well, so that a release can be taken back.

mod decide;
mod review;
mod table;

pub use decide::{Chosen, decide};
pub(crate) use decide::{Standing, standing};
pub use review::{Batch, Item, Which, batches, items};
pub(crate) use table::Tables;

use crate::EngineError;
use crate::ingest::Why;
use crate::rewrite::concat;
use crate::segment::{ATTACHMENTS, PARTIES, RECORDS, Rows, column, hash, parquet_bytes, typed, write_parquet};
use datafusion::arrow::array::{
    Array, ArrayRef, BooleanArray, RecordBatch, StringArray, TimestampMicrosecondArray, UInt32Array,
};
use datafusion::arrow::compute::filter_record_batch;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use glasshouse_layout::{FileHash, Segment};
use glasshouse_store::Case;
use glasshouse_store::seal::Seal;
use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, LazyLock};

/// The columns of `aside.parquet`: why each record is there.
static WHY: LazyLock<SchemaRef> = LazyLock::new(|| {
    let text = |name: &str| Field::new(name, DataType::Utf8, false);
    Arc::new(Schema::new(vec![text("record_id"), text("kind"), text("met")]))
});

/// What one segment of the quarantine holds. It has no index over its text: nobody searches it.
pub(crate) struct Held {
    pub(crate) records: RecordBatch,
    pub(crate) parties: RecordBatch,
    pub(crate) attachments: RecordBatch,
    /// Why each record is there, by its id.
    pub(crate) why: RecordBatch,
}

impl Held {
    /// Returns rows with why each of them is put aside.
    pub(crate) fn of(rows: Rows, why: &[(String, Why)]) -> Result<Self, EngineError> {
        let text = |pick: fn(&(String, Why)) -> &str| -> ArrayRef {
            Arc::new(why.iter().map(|w| Some(pick(w))).collect::<StringArray>())
        };
        let columns = vec![text(|(id, _)| id), text(|(_, w)| &w.kind), text(|(_, w)| &w.met)];
        let why = RecordBatch::try_new(WHY.clone(), columns)?;
        Ok(Held { records: rows.records, parties: rows.parties, attachments: rows.attachments, why })
    }

    /// Returns the records marked in `keep`, with what belongs to them.
    pub(crate) fn only(&self, keep: &[bool]) -> Result<Self, EngineError> {
        let records = filter_record_batch(&self.records, &BooleanArray::from(keep.to_vec()))?;
        let ids: &StringArray = typed(&records, "id")?;
        let kept: HashSet<&str> = ids.iter().flatten().collect();
        let of_kept = |batch: &RecordBatch| -> Result<RecordBatch, EngineError> {
            let owner: &StringArray = typed(batch, "record_id")?;
            let mask: BooleanArray = owner.iter().map(|id| Some(id.is_some_and(|id| kept.contains(id)))).collect();
            Ok(filter_record_batch(batch, &mask)?)
        };
        let (parties, attachments) = (of_kept(&self.parties)?, of_kept(&self.attachments)?);
        let why = of_kept(&self.why)?;
        Ok(Held { records, parties, attachments, why })
    }

    /// Returns the records as rows of an ordinary segment, each with the decision that let it out.
    pub(crate) fn released(self, decisions: &[u32]) -> Result<Rows, EngineError> {
        self.with("decision", Arc::new(UInt32Array::from(decisions.to_vec())))?.rows()
    }

    /// Returns the records with the authority that each is under.
    pub(crate) fn under(self, authorities: &[&str]) -> Result<Self, EngineError> {
        self.with("authority", Arc::new(StringArray::from(authorities.to_vec())))
    }

    /// Returns the records with another column in the place of one.
    fn with(self, name: &str, column: ArrayRef) -> Result<Self, EngineError> {
        let mut columns = self.records.columns().to_vec();
        if let Some(old) = columns.get_mut(RECORDS.index_of(name)?) {
            *old = column;
        }
        Ok(Held { records: RecordBatch::try_new(RECORDS.clone(), columns)?, ..self })
    }

    /// Returns the records as rows of an ordinary segment.
    pub(crate) fn rows(self) -> Result<Rows, EngineError> {
        let words = crate::rewrite::words(typed(&self.records, "id")?, &self.parties)?;
        Ok(Rows { records: self.records, words, parties: self.parties, attachments: self.attachments })
    }
}

/// Writes a segment of the quarantine into a new folder of the case, sealed with its key as the evidence is.
pub(crate) fn write(case: &Case, path: &str, held: &Held) -> Result<(Segment, Vec<FileHash>), EngineError> {
    let (root, seal) = (case.root(), case.seal()?);
    let folder = root.join(path);
    // What a killed process left under this name was never part of the case.
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).map_err(|e| EngineError::io(&folder, "create the folder", e))?;
    let tables = [
        ("records", &held.records),
        ("parties", &held.parties),
        ("attachments", &held.attachments),
        ("aside", &held.why),
    ];
    let mut files = Vec::new();
    for (name, batch) in tables {
        let file = format!("{path}/{name}.parquet");
        files.push(if seal.is_none() {
            write_parquet(root, &file, batch)?
        } else {
            let sealed = seal.file(&parquet_bytes(batch)?)?.unwrap_or_default();
            glasshouse_store::files::write_atomic(&root.join(format!("{file}.age")), &sealed)?;
            hash(root, &format!("{file}.age"))?
        });
    }
    glasshouse_store::files::sync_folder(&folder)?;
    // Its times are told to nobody who does not read it.
    let segment = Segment { path: path.to_owned(), rows: held.records.num_rows() as u64, ..Segment::default() };
    Ok((segment, files))
}

/// Reads a segment of the quarantine whole; it is as large as one that a worker writes.
pub(crate) fn read(case: &Path, seal: &Seal, segment: &Segment) -> Result<Held, EngineError> {
    let tables = Tables { case, seal, segment };
    let whole = |table: &str, schema: &SchemaRef| {
        let batches = tables.read(table, &[])?.collect::<Result<Vec<_>, _>>()?;
        concat(schema, &batches)
    };
    Ok(Held {
        records: whole("records", &RECORDS)?,
        parties: whole("parties", &PARTIES)?,
        attachments: whole("attachments", &ATTACHMENTS)?,
        why: whole("aside", &WHY)?,
    })
}

/// One text column, with the values that are there.
pub(crate) fn texts<'a>(batch: &'a RecordBatch, name: &str) -> Result<Vec<Option<&'a str>>, EngineError> {
    let column: &StringArray = typed(batch, name)?;
    Ok(column.iter().collect())
}

/// The times of records, in microseconds.
pub(crate) fn times(batch: &RecordBatch) -> Result<Vec<Option<i64>>, EngineError> {
    let time = column(batch, "time")?;
    let time = time.as_any().downcast_ref::<TimestampMicrosecondArray>();
    let time =
        time.ok_or_else(|| EngineError::other("The column time of a segment has another type than expected."))?;
    Ok((0..time.len()).map(|i| time.is_valid(i).then(|| time.value(i))).collect())
}
