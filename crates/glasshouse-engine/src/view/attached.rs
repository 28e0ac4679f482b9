//! What is attached to which record: where each attachment is described, and of what kind it is.

use super::ids::{Id, Ids, parse};
use crate::EngineError;
use crate::search::Searcher;
use crate::segment::typed;
use datafusion::arrow::array::{Array, StringArray, UInt32Array, UInt64Array};
use datafusion::parquet::arrow::arrow_reader::{ParquetRecordBatchReaderBuilder, RowSelection};
use glasshouse_model::{EntryId, Locator, Ref};
use serde::Serialize;
use std::collections::HashMap;
use std::fs::File;

/// What is attached to the records of a segment, if anything is.
const LIST: &str = "attachments.parquet";

/// Stands for a record that is not there.
const NO_ROW: u32 = u32::MAX;

/// What an attachment is to be shown as, by what its record says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Image,
    Audio,
    Video,
    Other,
}

impl Kind {
    /// Returns the name used in lists.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Image => "image",
            Kind::Audio => "audio",
            Kind::Video => "video",
            Kind::Other => "other",
        }
    }
}

/// An attachment in memory: its record, and the row of the segment's list that describes it.
#[derive(Clone, Copy)]
pub(super) struct Item {
    pub row: u32,
    pub line: u32,
    pub kind: Kind,
    /// The case holds its bytes.
    pub present: bool,
}

/// The attachments of all rows.
pub(super) struct Attached {
    /// Sorted by row, then as the parser gave them.
    pub items: Vec<Item>,
}

/// One attachment as its record describes it.
#[derive(Clone, Debug, Serialize)]
pub struct Attachment {
    /// Its number within the record, from 0.
    pub n: u32,
    pub name: Option<String>,
    /// Media type as the record states it; `kind` follows from it or from the name.
    pub mime: Option<String>,
    pub kind: Kind,
    pub size: Option<u64>,
    pub sha256: Option<String>,
    /// The case holds its bytes.
    pub present: bool,
    /// Id of the record it belongs to.
    pub record: String,
    #[serde(skip)]
    pub(crate) entry: Option<u32>,
    #[serde(skip)]
    pub(crate) locator: Option<String>,
}

/// The attachments of a record: in a list their number, in a record or a conversation what they are.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Attachments {
    Number(u32),
    These(Vec<Attachment>),
}

impl Attachments {
    /// Returns how many there are.
    pub fn number(&self) -> u32 {
        match self {
            Attachments::Number(number) => *number,
            Attachments::These(these) => these.len() as u32,
        }
    }

    /// Returns what they are, if that was asked for.
    pub fn these(&self) -> &[Attachment] {
        match self {
            Attachments::Number(_) => &[],
            Attachments::These(these) => these,
        }
    }
}

impl Attachment {
    /// Returns the place of its bytes; none where the export names a file that it does not contain.
    pub fn place(&self) -> Option<Ref> {
        let locator = self.locator.as_deref()?.parse::<Locator>().ok()?;
        Some(Ref { entry: EntryId(self.entry?), locator })
    }
}

impl Attached {
    /// Says whether anything is attached to any record.
    pub fn is_any(searcher: &Searcher) -> bool {
        searcher.segments().iter().any(|open| open.columns.folder().join(LIST).exists())
    }

    pub fn load(searcher: &Searcher, ids: &Ids) -> Result<Self, EngineError> {
        let mut items = Vec::new();
        let mut base = 0u32;
        for open in searcher.segments() {
            let rows = open.segment.rows as u32;
            let path = open.columns.folder().join(LIST);
            if path.exists() {
                let file = File::open(&path).map_err(|e| EngineError::io(&path, "open", e))?;
                let (mut line, mut listed) = (0, Vec::new());
                for batch in ParquetRecordBatchReaderBuilder::try_new(file)?.with_batch_size(8192).build()? {
                    let batch = batch?;
                    let text = |name| typed::<StringArray>(&batch, name);
                    let (record, name, mime) = (text("record_id")?, text("name")?, text("mime")?);
                    let entry: &UInt32Array = typed(&batch, "entry")?;
                    for i in 0..batch.num_rows() {
                        if let Some(id) = parse(record.value(i)) {
                            let own = |column: &StringArray| column.is_valid(i).then(|| column.value(i).to_owned());
                            let kind = kind(own(mime).as_deref(), own(name).as_deref());
                            listed.push((id, Item { row: NO_ROW, line, kind, present: entry.is_valid(i) }));
                        }
                        line += 1;
                    }
                }
                // Few of many records have anything attached: those are held, and all rows looked up.
                let mut of: HashMap<Id, u32> = listed.iter().map(|(id, _)| (*id, NO_ROW)).collect();
                for row in base..base + rows {
                    if let Some(known) = ids.bits(row).and_then(|id| of.get_mut(id)) {
                        *known = row;
                    }
                }
                let found = listed.into_iter().filter_map(|(id, item)| Some(Item { row: *of.get(&id)?, ..item }));
                items.extend(found.filter(|item| item.row != NO_ROW));
            }
            base += rows;
        }
        items.sort_by_key(|item| item.row);
        Ok(Attached { items })
    }

    /// Returns the attachments of a row.
    pub fn of(&self, row: u32) -> &[Item] {
        let start = self.items.partition_point(|i| i.row < row);
        let end = start + self.items.get(start..).unwrap_or_default().partition_point(|i| i.row == row);
        self.items.get(start..end).unwrap_or_default()
    }
}

/// Reads what a segment's list says of some attachments, given with their numbers and ascending lines.
///
/// Whose they are, the caller knows.
pub(super) fn describe(folder: &std::path::Path, items: &[(u32, Item)]) -> Result<Vec<Attachment>, EngineError> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let path = folder.join(LIST);
    let file = File::open(&path).map_err(|e| EngineError::io(&path, "open", e))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file)?;
    let all = builder.metadata().file_metadata().num_rows() as usize;
    let ranges = items.iter().map(|(_, item)| item.line as usize..item.line as usize + 1);
    let reader = builder.with_row_selection(RowSelection::from_consecutive_ranges(ranges, all)).build()?;
    let mut described = Vec::with_capacity(items.len());
    let mut items = items.iter();
    for batch in reader {
        let batch = batch?;
        let text = |name| typed::<StringArray>(&batch, name);
        let (name, mime, sha256, locator) = (text("name")?, text("mime")?, text("sha256")?, text("locator")?);
        let (size, entry): (&UInt64Array, &UInt32Array) = (typed(&batch, "size")?, typed(&batch, "entry")?);
        for i in 0..batch.num_rows() {
            let Some((n, item)) = items.next() else { break };
            let own = |column: &StringArray| column.is_valid(i).then(|| column.value(i).to_owned());
            described.push(Attachment {
                n: *n,
                name: own(name),
                mime: own(mime),
                kind: item.kind,
                size: size.is_valid(i).then(|| size.value(i)),
                sha256: own(sha256),
                present: item.present,
                record: String::new(),
                entry: entry.is_valid(i).then(|| entry.value(i)),
                locator: own(locator),
            });
        }
    }
    Ok(described)
}

/// Returns the kind of an attachment by its media type, or by the ending of its name where that says nothing.
pub(super) fn kind(mime: Option<&str>, name: Option<&str>) -> Kind {
    let main = mime.and_then(|m| m.split('/').next()).unwrap_or_default().to_ascii_lowercase();
    match main.as_str() {
        "image" => return Kind::Image,
        "audio" => return Kind::Audio,
        "video" => return Kind::Video,
        _ => {}
    }
    let ending = name.and_then(|n| n.rsplit_once('.')).map_or_else(String::new, |(_, e)| e.to_ascii_lowercase());
    match ending.as_str() {
        "jpg" | "jpeg" | "png" | "gif" | "webp" | "heic" | "heif" | "avif" | "bmp" | "tif" | "tiff" => Kind::Image,
        "mp3" | "m4a" | "aac" | "ogg" | "oga" | "opus" | "wav" | "flac" | "amr" => Kind::Audio,
        "mp4" | "m4v" | "mov" | "webm" | "mkv" | "avi" | "3gp" | "mpg" | "mpeg" => Kind::Video,
        _ => Kind::Other,
    }
}
