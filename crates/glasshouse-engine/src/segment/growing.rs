//! A segment that grows by runs of rows, so that few of them are in memory at a time.

use super::index::TextIndex;
use super::write::{Hashing, Written, writer};
use super::{RECORDS, Rows, column, typed};
use crate::EngineError;
use datafusion::arrow::array::{Array, TimestampMicrosecondArray};
use datafusion::arrow::compute::{SortOptions, max, min, sort_to_indices, take_record_batch};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::parquet::arrow::ArrowWriter;
use glasshouse_layout::{FileHash, Segment};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// Rows of a run that are put in order at a time: a whole copy would take as much memory again.
const AT_ONCE: usize = 8 << 10;

/// Rows that are encoded wait in memory until their group ends: it ends when they take this many bytes.
const GROUP: usize = 8 << 20;

/// A segment in the making. What is written is part of the case only when it was finished, synced and committed.
pub(crate) struct Growing {
    case: PathBuf,
    path: String,
    records: ArrowWriter<Hashing>,
    parties: Option<ArrowWriter<Hashing>>,
    attachments: Option<ArrowWriter<Hashing>>,
    text: Option<TextIndex>,
    rows: u64,
    first: Option<i64>,
    last: Option<i64>,
}

impl Growing {
    /// Begins a segment in a new folder of the case.
    pub(crate) fn create(case: &Path, path: &str) -> Result<Self, EngineError> {
        Self::of(case, path, RECORDS.clone())
    }

    /// As [`Growing::create`], with the columns that rows of an earlier version have.
    pub(crate) fn of(case: &Path, path: &str, schema: SchemaRef) -> Result<Self, EngineError> {
        let folder = case.join(path);
        // What a killed process left under this name was never part of the case.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).map_err(|e| EngineError::io(&folder, "create the folder", e))?;
        Ok(Growing {
            case: case.to_path_buf(),
            path: path.to_owned(),
            records: writer(Hashing::create(&folder.join("records.parquet"))?, schema)?,
            parties: None,
            attachments: None,
            text: None,
            rows: 0,
            first: None,
            last: None,
        })
    }

    /// Adds a run of rows, sorted by time, those without one last. Runs follow each other as they are given.
    pub(crate) fn append(&mut self, rows: Rows) -> Result<(), EngineError> {
        let Rows { records, words: (who, from), parties, attachments } = rows;
        let options = SortOptions { descending: false, nulls_first: false };
        let order = sort_to_indices(column(&records, "time")?, Some(options), None)?;
        // Most exports are in order of time already, and then nothing has to move.
        if order.values().iter().enumerate().all(|(i, row)| i == *row as usize) {
            self.records.write(&records)?;
        } else {
            for start in (0..order.len()).step_by(AT_ONCE) {
                let some = order.slice(start, AT_ONCE.min(order.len() - start));
                self.records.write(&take_record_batch(&records, &some)?)?;
            }
        }
        if self.records.in_progress_size() > GROUP {
            self.records.flush()?;
        }
        let time: &TimestampMicrosecondArray = typed(&records, "time")?;
        self.first = [self.first, min(time)].into_iter().flatten().min();
        self.last = [self.last, max(time)].into_iter().flatten().max();
        let texts = [typed(&records, "title")?, typed(&records, "text")?, &who, &from];
        if self.text.is_none() && texts.iter().any(|column| column.null_count() < column.len()) {
            self.text = Some(TextIndex::behind(self.rows));
        }
        if let Some(text) = &mut self.text {
            text.add(texts, &order);
        }
        self.rows += records.num_rows() as u64;
        let folder = self.case.join(&self.path);
        for (list, batch, name) in
            [(&mut self.parties, parties, "parties"), (&mut self.attachments, attachments, "attachments")]
        {
            if batch.num_rows() == 0 {
                continue;
            }
            let list = match list {
                Some(list) => list,
                none => none.insert(writer(Hashing::create(&folder.join(format!("{name}.parquet")))?, batch.schema())?),
            };
            list.write(&batch)?;
        }
        Ok(())
    }

    /// Writes what is left to write.
    pub(crate) fn finish(self) -> Result<Written, EngineError> {
        let Growing { case, path, records, parties, attachments, text, rows, first, last } = self;
        let (mut files, mut unsynced) = (Vec::new(), Vec::new());
        let mut keep = |(hash, file): (FileHash, File)| {
            unsynced.push((case.join(&hash.path), file));
            files.push(hash);
        };
        let lists = [("records", Some(records)), ("parties", parties), ("attachments", attachments)];
        for (name, list) in lists {
            if let Some(list) = list {
                keep(list.into_inner()?.finish(&format!("{path}/{name}.parquet")));
            }
        }
        let folder = case.join(&path);
        let mut folders = Vec::new();
        let has_text = text.is_some();
        if let Some(text) = text {
            text.write(&case, &format!("{path}/text"), &mut keep)?;
            folders.push(folder.join("text"));
        }
        folders.extend([Some(folder.as_path()), folder.parent()].into_iter().flatten().map(Path::to_path_buf));
        Ok(Written { segment: Segment { path, rows, text: has_text, first, last }, files, unsynced, folders })
    }
}

/// Writes a segment of one run.
pub(crate) fn write_segment(case: &Path, path: &str, rows: Rows) -> Result<Written, EngineError> {
    let mut growing = Growing::of(case, path, rows.records.schema())?;
    growing.append(rows)?;
    growing.finish()
}
