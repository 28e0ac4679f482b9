//! Columns of a segment: whole ones kept in memory for conditions, single rows read by page.

use super::Hit;
use super::query::{Condition, distance};
use crate::EngineError;
use crate::segment::typed;
use datafusion::arrow::array::{Array, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray, UInt32Array};
use datafusion::parquet::arrow::ProjectionMask;
use datafusion::parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection,
};
use datafusion::parquet::file::metadata::PageIndexPolicy;
use glasshouse_layout::Segment;
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// A test of a row.
pub(super) type Test = Box<dyn Fn(usize) -> bool>;

/// The columns of one segment.
pub(crate) struct Columns {
    path: PathBuf,
    folder: PathBuf,
    metadata: ArrowReaderMetadata,
    rows: usize,
    time: Mutex<Option<Arc<Vec<i64>>>>,
    places: Mutex<Option<Arc<Vec<(f64, f64)>>>>,
    coded: Mutex<HashMap<&'static str, Arc<Coded>>>,
    ids: Mutex<Option<Arc<Vec<String>>>>,
    with_attachments: Mutex<Option<Arc<HashSet<String>>>>,
}

/// A column of few values: for each row the number of its value.
struct Coded {
    values: Vec<Option<String>>,
    codes: Vec<u32>,
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
        Ok(Columns {
            path,
            folder,
            metadata,
            rows: segment.rows as usize,
            time: Mutex::default(),
            places: Mutex::default(),
            coded: Mutex::default(),
            ids: Mutex::default(),
            with_attachments: Mutex::default(),
        })
    }

    /// Returns the segment's folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the time of each row, `i64::MAX` for none.
    pub(super) fn time(&self) -> Result<Arc<Vec<i64>>, EngineError> {
        once(&self.time, || {
            let mut times = Vec::with_capacity(self.rows);
            for batch in self.read(&["time"], None)? {
                let column: &TimestampMicrosecondArray = typed(&batch, "time")?;
                times.extend(column.iter().map(|t| t.unwrap_or(i64::MAX)));
            }
            Ok(times)
        })
    }

    /// Returns the id of each row.
    pub(super) fn ids(&self) -> Result<Vec<String>, EngineError> {
        Ok(self.cached_ids()?.to_vec())
    }

    fn cached_ids(&self) -> Result<Arc<Vec<String>>, EngineError> {
        once(&self.ids, || {
            let mut ids = Vec::with_capacity(self.rows);
            for batch in self.read(&["id"], None)? {
                let column: &StringArray = typed(&batch, "id")?;
                ids.extend(column.iter().flatten().map(str::to_owned));
            }
            Ok(ids)
        })
    }

    /// Returns the test of a condition.
    pub(super) fn test(&self, condition: &Condition) -> Result<Test, EngineError> {
        Ok(match condition {
            Condition::From(from) => {
                let (time, from) = (self.time()?, *from);
                Box::new(move |row| time[row] >= from && time[row] != i64::MAX)
            }
            Condition::Until(until) => {
                let (time, until) = (self.time()?, *until);
                Box::new(move |row| time[row] < until)
            }
            Condition::Is("on", range) => {
                let time = self.time()?;
                let (from, until) = range.split_once(' ').unwrap_or(("0", "0"));
                let (from, until): (i64, i64) = (from.parse().unwrap_or(0), until.parse().unwrap_or(0));
                Box::new(move |row| time[row] >= from && time[row] < until)
            }
            Condition::Is("id", id) => {
                let (ids, id) = (self.cached_ids()?, id.clone());
                Box::new(move |row| ids[row] == id)
            }
            Condition::Is(column, value) => {
                let coded = self.coded(column)?;
                let short = *column == "format";
                let matches: Vec<bool> = coded
                    .values
                    .iter()
                    .map(|v| {
                        v.as_deref().is_some_and(|v| {
                            v.eq_ignore_ascii_case(value)
                                || short && v.rsplit_once('.').is_some_and(|(_, f)| f.eq_ignore_ascii_case(value))
                        })
                    })
                    .collect();
                Box::new(move |row| coded.codes.get(row).and_then(|c| matches.get(*c as usize)).is_some_and(|m| *m))
            }
            Condition::Near { lat, lon, metres } => {
                let (places, lat, lon, metres) = (self.places()?, *lat, *lon, *metres);
                Box::new(move |row| {
                    let (a, b) = places[row];
                    // One degree of latitude is nowhere shorter than 110 km: most rows need no trigonometry.
                    (a - lat).abs() <= metres / 110_000.0 && distance(lat, lon, a, b) <= metres
                })
            }
            Condition::HasPlace => {
                let places = self.places()?;
                Box::new(move |row| !places[row].0.is_nan())
            }
            Condition::HasTime => {
                let time = self.time()?;
                Box::new(move |row| time[row] != i64::MAX)
            }
            Condition::HasText => {
                let mut has = Vec::with_capacity(self.rows);
                for batch in self.read(&["text"], None)? {
                    let column: &StringArray = typed(&batch, "text")?;
                    has.extend((0..column.len()).map(|i| column.is_valid(i)));
                }
                Box::new(move |row| has.get(row).is_some_and(|h| *h))
            }
            Condition::HasAttachment => {
                let (ids, with) = (self.cached_ids()?, self.with_attachments()?);
                Box::new(move |row| with.contains(&ids[row]))
            }
        })
    }

    /// Returns rows, given ascending, as lists show them.
    pub(super) fn hits(&self, rows: &[u32]) -> Result<Vec<Hit>, EngineError> {
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

    fn places(&self) -> Result<Arc<Vec<(f64, f64)>>, EngineError> {
        once(&self.places, || {
            let mut places = Vec::with_capacity(self.rows);
            for batch in self.read(&["lat", "lon"], None)? {
                let (lat, lon): (&Float64Array, &Float64Array) = (typed(&batch, "lat")?, typed(&batch, "lon")?);
                places.extend(lat.iter().zip(lon).map(|(a, b)| (a.unwrap_or(f64::NAN), b.unwrap_or(f64::NAN))));
            }
            Ok(places)
        })
    }

    fn coded(&self, column: &'static str) -> Result<Arc<Coded>, EngineError> {
        if let Some(coded) = self.coded.lock().unwrap_or_else(PoisonError::into_inner).get(column) {
            return Ok(coded.clone());
        }
        let mut numbers: HashMap<Option<String>, u32> = HashMap::new();
        let mut coded = Coded { values: Vec::new(), codes: Vec::with_capacity(self.rows) };
        for batch in self.read(&[column], None)? {
            let values: &StringArray = typed(&batch, column)?;
            // Values come in runs; a lookup is only needed where a run ends.
            let mut last: Option<(Option<&str>, u32)> = None;
            for value in values.iter() {
                let code = match last {
                    Some((known, code)) if known == value => code,
                    _ => {
                        let next = numbers.len() as u32;
                        let code = *numbers.entry(value.map(str::to_owned)).or_insert(next);
                        if code == next && coded.values.len() as u32 == next {
                            coded.values.push(value.map(str::to_owned));
                        }
                        code
                    }
                };
                last = Some((value, code));
                coded.codes.push(code);
            }
        }
        let coded = Arc::new(coded);
        self.coded.lock().unwrap_or_else(PoisonError::into_inner).insert(column, coded.clone());
        Ok(coded)
    }

    fn with_attachments(&self) -> Result<Arc<HashSet<String>>, EngineError> {
        once(&self.with_attachments, || {
            let path = self.folder.join("attachments.parquet");
            let mut ids = HashSet::new();
            if path.exists() {
                let file = File::open(&path).map_err(|e| EngineError::io(&path, "open", e))?;
                let builder = ParquetRecordBatchReaderBuilder::try_new(file)?;
                let mask = ProjectionMask::columns(builder.parquet_schema(), ["record_id"]);
                for batch in builder.with_projection(mask).build()? {
                    let batch = batch?;
                    let column: &StringArray = typed(&batch, "record_id")?;
                    ids.extend(column.iter().flatten().map(str::to_owned));
                }
            }
            Ok(ids)
        })
    }

    /// Returns columns of all rows, or of some given ascending, in batches.
    pub(crate) fn read(&self, columns: &[&str], rows: Option<&[u32]>) -> Result<Vec<RecordBatch>, EngineError> {
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
        Ok(builder.build()?.collect::<Result<_, _>>()?)
    }
}

fn once<T>(cell: &Mutex<Option<Arc<T>>>, make: impl FnOnce() -> Result<T, EngineError>) -> Result<Arc<T>, EngineError> {
    let mut cell = cell.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(made) = &*cell {
        return Ok(made.clone());
    }
    let made = Arc::new(make()?);
    *cell = Some(made.clone());
    Ok(made)
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
