//! Columns of a segment as they are read: whole, or of some rows.

use super::Hit;
use crate::EngineError;
use crate::segment::typed;
use datafusion::arrow::array::{Array, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray, UInt32Array};
use datafusion::parquet::arrow::ProjectionMask;
use datafusion::parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection,
};
use datafusion::parquet::file::metadata::PageIndexPolicy;
use glasshouse_layout::Segment;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Sorts a time that is not known behind all others.
pub(crate) const NO_TIME: i64 = i64::MAX;

/// The columns of one segment.
pub(crate) struct Columns {
    path: PathBuf,
    folder: PathBuf,
    metadata: ArrowReaderMetadata,
    rows: usize,
}

impl Columns {
    pub(crate) fn open(case: &Path, segment: &Segment) -> Result<Self, EngineError> {
        let folder = case.join(&segment.path);
        let path = folder.join("records.parquet");
        let file = File::open(&path).map_err(|e| EngineError::io(&path, "open", e))?;
        let metadata = ArrowReaderMetadata::load(
            &file,
            ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional),
        )?;
        Ok(Columns { path, folder, metadata, rows: segment.rows as usize })
    }

    /// Returns the segment's folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the ids of all rows, or of some given ascending.
    pub(crate) fn ids(&self, rows: Option<&[u32]>) -> Result<Vec<String>, EngineError> {
        let mut ids = Vec::with_capacity(rows.map_or(self.rows, <[u32]>::len));
        for batch in self.read(&["id"], rows)? {
            let column: &StringArray = typed(&batch, "id")?;
            ids.extend(column.iter().flatten().map(str::to_owned));
        }
        Ok(ids)
    }

    /// Returns rows, given ascending, as lists show them.
    pub(crate) fn hits(&self, rows: &[u32]) -> Result<Vec<Hit>, EngineError> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        const SHOWN: &[&str] = &[
            "id",
            "family",
            "service",
            "format",
            "tier",
            "account",
            "time",
            "time_text",
            "zone_basis",
            "title",
            "text",
            "lat",
            "lon",
            "address",
            "conversation",
            "source",
            "entry",
            "locator",
        ];
        let mut hits = Vec::with_capacity(rows.len());
        for batch in self.read(SHOWN, Some(rows))? {
            hits.extend((0..batch.num_rows()).map(|row| hit(&batch, row)).collect::<Result<Vec<_>, _>>()?);
        }
        Ok(hits)
    }

    /// Returns columns of all rows, or of some given ascending, in batches.
    pub(crate) fn read(&self, columns: &[&str], rows: Option<&[u32]>) -> Result<Vec<RecordBatch>, EngineError> {
        self.batches(columns, rows)?.collect()
    }

    /// Returns the same one batch after the other, for columns that are big.
    pub(crate) fn batches(
        &self,
        columns: &[&str],
        rows: Option<&[u32]>,
    ) -> Result<impl Iterator<Item = Result<RecordBatch, EngineError>> + use<>, EngineError> {
        let file = File::open(&self.path).map_err(|e| EngineError::io(&self.path, "open", e))?;
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone());
        let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
        // Room is made for a whole batch, however few rows are read.
        let batch = rows.map_or(8192, |rows| rows.len().clamp(1, 8192));
        let mut builder = builder.with_projection(mask).with_batch_size(batch);
        if let Some(rows) = rows {
            let ranges = rows.iter().map(|row| *row as usize..*row as usize + 1);
            builder = builder.with_row_selection(RowSelection::from_consecutive_ranges(ranges, self.rows));
        }
        Ok(builder.build()?.map(|batch| Ok(batch?)))
    }

    /// Returns the time of each row, [`NO_TIME`] for none.
    pub(crate) fn times(&self) -> Result<Vec<i64>, EngineError> {
        let mut times = Vec::with_capacity(self.rows);
        for batch in self.read(&["time"], None)? {
            let column: &TimestampMicrosecondArray = typed(&batch, "time")?;
            times.extend(column.iter().map(|time| time.unwrap_or(NO_TIME)));
        }
        if times.len() != self.rows {
            return Err(EngineError::other(
                "A segment has other rows than its run says. Files of the case may be altered: run `glasshouse verify` on it.",
            ));
        }
        Ok(times)
    }
}

fn hit(batch: &RecordBatch, row: usize) -> Result<Hit, EngineError> {
    let text = |name: &str| -> Result<Option<String>, EngineError> {
        let column: &StringArray = typed(batch, name)?;
        Ok(column.is_valid(row).then(|| column.value(row).to_owned()))
    };
    let number = |name: &str| -> Result<Option<f64>, EngineError> {
        let column: &Float64Array = typed(batch, name)?;
        Ok(column.is_valid(row).then(|| column.value(row)))
    };
    let time: &TimestampMicrosecondArray = typed(batch, "time")?;
    let time = time.is_valid(row).then(|| time.value(row));
    let entry: &UInt32Array = typed(batch, "entry")?;
    Ok(Hit {
        id: text("id")?.unwrap_or_default(),
        family: text("family")?.unwrap_or_default(),
        service: text("service")?.unwrap_or_default(),
        format: text("format")?.unwrap_or_default(),
        tier: text("tier")?.unwrap_or_default(),
        account: text("account")?,
        time: time.and_then(|t| jiff::Timestamp::from_microsecond(t).ok()).map(|t| t.to_string()),
        time_text: text("time_text")?,
        zone_basis: text("zone_basis")?,
        title: text("title")?,
        text: text("text")?,
        lat: number("lat")?,
        lon: number("lon")?,
        address: text("address")?,
        conversation: text("conversation")?,
        source: text("source")?.unwrap_or_default(),
        entry: entry.value(row),
        locator: text("locator")?.unwrap_or_default(),
    })
}
