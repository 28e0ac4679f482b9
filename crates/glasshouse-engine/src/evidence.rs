//! The bytes of the evidence, for whoever looks at a record: ranges of entries, attachments, HTML.

use crate::EngineError;
use crate::ingest;
use crate::read;
use crate::rewrite::read_columns_of;
use crate::segment::typed;
use datafusion::arrow::array::{Array, StringArray, UInt32Array, UInt64Array};
use datafusion::parquet::arrow::ProjectionMask;
use datafusion::parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection,
};
use futures::SinkExt;
use glasshouse_layout::{SourceFile, paths};
use glasshouse_model::LocatorKind;
pub use glasshouse_model::{EntryId, Locator};
use glasshouse_providers::formats::exif::Decoder;
use glasshouse_store::seal::{Identity, Seal};
use glasshouse_store::{BlockFile, Inflated, Part, Recent};
use serde::Serialize;
use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Parts that stay open: each holds its list of entries in memory.
const MOST_PARTS: usize = 8;
/// Entries of the parts that are opened before anybody asks.
const MOST_AHEAD: u64 = 500_000;
/// Bytes of a message that is taken apart for an attachment or its HTML.
const LONGEST_MESSAGE: u64 = 64 << 20;
/// Bytes of one piece of a stream.
const PIECE: usize = 256 << 10;

/// What the case says of an entry.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    pub entry: u32,
    pub source: String,
    pub part: u32,
    /// Path from the part inwards: one name, or more if archives lie in archives.
    pub path: Vec<String>,
    pub kind: String,
    pub size: u64,
    pub sha256: Option<String>,
    /// Media type by content.
    pub mime: Option<String>,
    pub status: String,
    pub provider: Option<String>,
    pub format: Option<String>,
    pub problem: Option<String>,
}

/// A part with the number of its entries, once it is open: whoever asks for it meanwhile waits, and nobody else does.
type Opening = Mutex<Option<(Part, usize)>>;

/// The evidence of a case, open for looking.
pub struct Evidence {
    case: PathBuf,
    seal: Seal,
    /// Folder of the run's lists.
    run: PathBuf,
    entries: ArrowReaderMetadata,
    /// Numbers of the listed entries, where limits leave gaps between them.
    numbers: OnceLock<Option<Vec<u32>>>,
    parts: Vec<SourceFile>,
    open: Mutex<VecDeque<(u32, Arc<Opening>)>>,
    inflated: Mutex<VecDeque<(EntryId, Inflated)>>,
    recent: Recent,
}

impl Evidence {
    /// Opens the evidence as the newest run lists it, with the keys that it is sealed with, if it is.
    pub fn open(case: &Path, seal: Seal) -> Result<Self, EngineError> {
        let run = glasshouse_store::read_run(case)?
            .ok_or_else(|| EngineError::other("Nothing was read yet. Run `glasshouse process` on the case."))?;
        let run = case.join(paths::run(&run.run));
        let path = run.join("entries.parquet");
        let file = File::open(&path).map_err(|e| EngineError::io(&path, "open", e))?;
        Ok(Evidence {
            case: case.to_path_buf(),
            seal,
            run,
            entries: ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())?,
            numbers: OnceLock::new(),
            parts: glasshouse_store::read_parts(case)?,
            open: Mutex::default(),
            inflated: Mutex::default(),
            recent: Recent::default(),
        })
    }

    /// Opens parts ahead of being asked, as many as stay open: their lists of entries lie all over the disk.
    ///
    /// Parts whose lists would take long or much memory are left until somebody asks for them.
    pub fn warm(&self) {
        let listed = |held: &&SourceFile| held.part.container != "tar.gz" && held.part.entries > 0;
        let mut room = MOST_AHEAD;
        for held in self.parts.iter().filter(listed).take(MOST_PARTS) {
            let Some(left) = room.checked_sub(u64::from(held.part.entries)) else { continue };
            room = left;
            // What cannot be opened is said to whoever asks for it.
            let _ = self.part_of(EntryId(held.part.first_entry));
        }
    }

    /// Returns the parts of the case.
    pub fn parts(&self) -> &[SourceFile] {
        &self.parts
    }

    /// Returns the number of entries.
    pub fn entries(&self) -> u64 {
        self.entries.metadata().file_metadata().num_rows().max(0) as u64
    }

    /// Returns what the run says of an entry.
    pub fn entry(&self, entry: EntryId) -> Result<Option<Entry>, EngineError> {
        let Some(line) = self.line_of(entry)? else { return Ok(None) };
        let found = self.lines(&[line])?.pop();
        Ok(found.filter(|e| e.entry == entry.0))
    }

    /// Returns the line of the list that an entry is on; entries are listed in the order of their numbers.
    fn line_of(&self, entry: EntryId) -> Result<Option<u32>, EngineError> {
        if self.numbers.get().is_none() {
            let path = self.run.join("entries.parquet");
            let mut numbers: Vec<u32> = Vec::new();
            for batch in read_columns_of(&path, &["entry"])? {
                let column: &UInt32Array = typed(&batch, "entry")?;
                numbers.extend(column.values());
            }
            // Without limits each number is its own line, and nothing need be kept.
            let whole = (0..).zip(&numbers).all(|(line, number)| line == *number);
            let _ = self.numbers.set((!whole).then_some(numbers));
        }
        Ok(match self.numbers.get() {
            Some(Some(numbers)) => numbers.binary_search(&entry.0).ok().and_then(|line| u32::try_from(line).ok()),
            _ => Some(entry.0),
        })
    }

    /// Returns the entries at some lines of the list, given ascending.
    pub fn lines(&self, lines: &[u32]) -> Result<Vec<Entry>, EngineError> {
        let all = self.entries() as usize;
        let lines: Vec<usize> = lines.iter().map(|l| *l as usize).filter(|l| *l < all).collect();
        if lines.is_empty() {
            return Ok(Vec::new());
        }
        let path = self.run.join("entries.parquet");
        let file = File::open(&path).map_err(|e| EngineError::io(&path, "open", e))?;
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.entries.clone());
        let selection = RowSelection::from_consecutive_ranges(lines.into_iter().map(|l| l..l + 1), all);
        let mut entries = Vec::new();
        for batch in builder.with_row_selection(selection).build()? {
            let batch = batch?;
            let text = |name: &str, i: usize| -> Result<Option<String>, EngineError> {
                let column: &StringArray = typed(&batch, name)?;
                Ok(column.is_valid(i).then(|| column.value(i).to_owned()))
            };
            let (number, part): (&UInt32Array, &UInt32Array) = (typed(&batch, "entry")?, typed(&batch, "part")?);
            let size: &UInt64Array = typed(&batch, "size")?;
            for i in 0..batch.num_rows() {
                let path = text("path", i)?.unwrap_or_default();
                entries.push(Entry {
                    entry: number.value(i),
                    source: text("source", i)?.unwrap_or_default(),
                    part: part.value(i),
                    path: path.split("!/").map(str::to_owned).collect(),
                    kind: text("kind", i)?.unwrap_or_default(),
                    size: size.value(i),
                    sha256: text("sha256", i)?,
                    mime: text("mime", i)?,
                    status: text("status", i)?.unwrap_or_default(),
                    provider: text("provider", i)?,
                    format: text("format", i)?,
                    problem: text("problem", i)?,
                });
            }
        }
        Ok(entries)
    }

    /// Returns the lines of the list of entries that have a status; all of them for none.
    pub fn with_status(&self, status: Option<&str>) -> Result<Vec<u32>, EngineError> {
        let Some(status) = status else { return Ok((0..self.entries() as u32).collect()) };
        let path = self.run.join("entries.parquet");
        let file = File::open(&path).map_err(|e| EngineError::io(&path, "open", e))?;
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.entries.clone());
        let mask = ProjectionMask::columns(builder.parquet_schema(), ["status"]);
        let mut lines = Vec::new();
        let mut line = 0;
        for batch in builder.with_projection(mask).build()? {
            let batch = batch?;
            let column: &StringArray = typed(&batch, "status")?;
            for value in column.iter() {
                if value == Some(status) {
                    lines.push(line);
                }
                line += 1;
            }
        }
        Ok(lines)
    }

    /// Returns how many files there are by what became of them: runs of earlier programs have the list and not the sums.
    pub fn statuses(&self) -> Result<BTreeMap<String, u64>, EngineError> {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for batch in read_columns_of(&self.run.join("entries.parquet"), &["kind", "status"])? {
            let (kind, status): (&StringArray, &StringArray) = (typed(&batch, "kind")?, typed(&batch, "status")?);
            let files = kind.iter().zip(status).filter(|(kind, _)| *kind == Some("file"));
            for status in files.filter_map(|(_, status)| status) {
                match counts.get_mut(status) {
                    Some(count) => *count += 1,
                    None => drop(counts.insert(status.to_owned(), 1)),
                }
            }
        }
        Ok(counts)
    }

    /// Returns bytes of an entry's content: from `start` on, at most `length` of them, fewer where it ends.
    pub fn range(&self, entry: EntryId, start: u64, length: u64) -> Result<Vec<u8>, EngineError> {
        let mut bytes = Vec::new();
        self.reader(entry, start)?
            .take(length)
            .read_to_end(&mut bytes)
            .map_err(|e| EngineError::other(format!("Entry {entry} cannot be read: {e}.")))?;
        Ok(bytes)
    }

    /// Returns a reader of an entry's content from a place on.
    pub fn reader(&self, entry: EntryId, start: u64) -> Result<Box<dyn Read + Send>, EngineError> {
        let broken = |e: io::Error| EngineError::other(format!("Entry {entry} cannot be read: {e}."));
        let (part, index) = self.part_of(entry)?;
        let (copy, places) = (ingest::seekable_copy(&self.case, entry), ingest::places(&self.case, entry));
        // What lies in the cache and is damaged is passed over.
        if copy.exists()
            && let Ok(file) = BlockFile::open(&copy, self.key(entry)?.as_ref())
        {
            let mut reader = file.reader();
            reader.seek(SeekFrom::Start(start)).map_err(broken)?;
            return Ok(Box::new(reader));
        }
        if let Some(mut reader) = self.inflated(entry, &part, index, &places)?.map(|inflated| inflated.reader()) {
            reader.seek(SeekFrom::Start(start)).map_err(broken)?;
            return Ok(Box::new(reader));
        }
        let mut reader = part.read(index).map_err(|problem| EngineError::other(problem.to_string()))?;
        io::copy(&mut reader.by_ref().take(start), &mut io::sink()).map_err(broken)?;
        Ok(reader)
    }

    /// Returns the key that an entry's part is sealed with.
    fn key(&self, entry: EntryId) -> Result<Option<Identity>, EngineError> {
        let held = read::held(&self.parts, entry)?;
        Ok(self.seal.part(&held.source, held.part.number)?)
    }

    /// Opens an entry by its places, which stay open, so that all who read it share what was inflated last.
    fn inflated(
        &self,
        entry: EntryId,
        part: &Part,
        index: usize,
        places: &Path,
    ) -> Result<Option<Inflated>, EngineError> {
        let mut open = self.inflated.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, inflated)) = open.iter().find(|(known, _)| *known == entry) {
            return Ok(Some(inflated.clone()));
        }
        if !places.exists() {
            return Ok(None);
        }
        let Some(inflated) = part.inflated(index, places, self.key(entry)?.as_ref(), &self.recent) else {
            return Ok(None);
        };
        open.truncate(MOST_PARTS - 1);
        open.push_front((entry, inflated.clone()));
        Ok(Some(inflated))
    }

    /// Returns the open part that an entry lies in, and which of its entries it is.
    fn part_of(&self, entry: EntryId) -> Result<(Part, usize), EngineError> {
        let held = read::held(&self.parts, entry)?;
        let first = held.part.first_entry;
        let index = (entry.0 - first) as usize;
        let opening = {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            match open.iter().find(|(known, _)| *known == first) {
                Some((_, opening)) => opening.clone(),
                None => {
                    if open.len() >= MOST_PARTS {
                        open.pop_front();
                    }
                    let opening = Arc::new(Opening::default());
                    open.push_back((first, opening.clone()));
                    opening
                }
            }
        };
        let mut opening = opening.lock().unwrap_or_else(PoisonError::into_inner);
        let (part, entries) = match &*opening {
            Some((part, entries)) => (part.clone(), *entries),
            None => {
                let (part, entries) = read::open_part(&self.case, &self.seal, held)?;
                *opening = Some((part.clone(), entries));
                (part, entries)
            }
        };
        if index >= entries {
            return Err(EngineError::other(format!("The case has no entry {entry}.")));
        }
        Ok((part, index))
    }

    /// Opens an attachment by the place that its record states.
    pub fn attachment(&self, entry: EntryId, locator: &Locator, size: Option<u64>) -> Result<Bytes, EngineError> {
        if locator.kind == LocatorKind::Mime {
            let message = self.message(entry, locator)?;
            let part = glasshouse_providers::formats::mail::part(&message, &locator.detail);
            let part = part.ok_or_else(|| EngineError::Query("The message has no such part.".into()))?;
            return Ok(Bytes::Held(part));
        }
        if locator.kind == LocatorKind::Node && self.is_outlook(entry)? {
            let bytes = self.positioned(entry)?;
            let part = glasshouse_providers::outlook::attachment(&bytes, locator, LONGEST_MESSAGE);
            let part = part.ok_or_else(|| EngineError::Query("The item has no such file to show.".into()))?;
            return Ok(Bytes::Held(part));
        }
        let size = match size {
            Some(size) if locator.kind == LocatorKind::Whole => size,
            _ => locator.length,
        };
        Ok(Bytes::Entry { entry, start: locator.start, length: size.min(locator.length) })
    }

    /// Returns the HTML of a record by its place: the body of a message, or the bytes if they are HTML.
    pub fn html(&self, entry: EntryId, locator: &Locator) -> Result<Option<String>, EngineError> {
        /// HTML beyond this is not shown as such.
        const LONGEST: u64 = 4 << 20;
        if locator.kind == LocatorKind::Mime {
            let message = self.message(entry, locator)?;
            return Ok(glasshouse_providers::formats::mail::html(&message).map(|html| cut(html, LONGEST)));
        }
        if self.is_outlook(entry)? {
            let html = glasshouse_providers::outlook::html(&self.positioned(entry)?, locator);
            return Ok(html.map(|html| cut(html, LONGEST)));
        }
        let bytes = self.range(entry, locator.start, locator.length.min(LONGEST))?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let looks = text.trim_start_matches('\u{feff}').trim_start().starts_with('<');
        let mime = self.entry(entry)?.and_then(|e| e.mime).unwrap_or_default();
        let named = self.entry(entry)?.is_some_and(|e| {
            e.path.last().is_some_and(|p| {
                let p = p.to_ascii_lowercase();
                p.ends_with(".html") || p.ends_with(".htm")
            })
        });
        Ok((looks && (named || mime == "text/html")).then_some(text))
    }

    fn is_outlook(&self, entry: EntryId) -> Result<bool, EngineError> {
        Ok(self.entry(entry)?.is_some_and(|e| e.provider.as_deref() == Some("outlook")))
    }

    /// Returns an entry's content for reads at any place.
    fn positioned(&self, entry: EntryId) -> Result<ingest::positioned::Bytes, EngineError> {
        let (part, index) = self.part_of(entry)?;
        if let Some(bytes) =
            ingest::positioned::Bytes::at_hand(&self.case, &part, index, entry, self.key(entry)?.as_ref())
        {
            return Ok(bytes);
        }
        let broken = |e: io::Error| EngineError::other(format!("Entry {entry} cannot be read: {e}."));
        let reader = part.read(index).map_err(|problem| EngineError::other(problem.to_string()))?;
        ingest::positioned::Bytes::unpacked(reader).map_err(broken)?.ok_or_else(|| {
            EngineError::other(format!("Entry {entry} is too long to unpack here. Process the case again."))
        })
    }

    fn message(&self, entry: EntryId, locator: &Locator) -> Result<Vec<u8>, EngineError> {
        self.range(entry, locator.start, locator.length.min(LONGEST_MESSAGE))
    }

    /// Returns the first bytes of what is attached, for telling its type.
    pub fn head(&self, bytes: &Bytes) -> Result<Vec<u8>, EngineError> {
        const HEAD: usize = 8 << 10;
        match bytes {
            Bytes::Held(held) => Ok(held.get(..held.len().min(HEAD)).unwrap_or_default().to_vec()),
            Bytes::Entry { entry, start, length } => self.range(*entry, *start, (*length).min(HEAD as u64)),
        }
    }

    /// Returns a range of what is attached, whole: for what is small.
    pub fn held(&self, bytes: &Bytes, start: u64, length: u64) -> Result<Vec<u8>, EngineError> {
        match bytes {
            Bytes::Held(held) => {
                let from = usize::try_from(start).unwrap_or(usize::MAX).min(held.len());
                let to = from.saturating_add(usize::try_from(length).unwrap_or(usize::MAX)).min(held.len());
                Ok(held.get(from..to).unwrap_or_default().to_vec())
            }
            Bytes::Entry { entry, start: first, length: all } => {
                self.range(*entry, first.saturating_add(start), length.min(all.saturating_sub(start)))
            }
        }
    }

    /// Returns a range of what is attached as a stream that a thread of its own fills while it is taken.
    pub fn stream(
        &self,
        bytes: Bytes,
        start: u64,
        length: u64,
    ) -> Result<futures::channel::mpsc::Receiver<io::Result<Vec<u8>>>, EngineError> {
        let reader: Box<dyn Read + Send> = match bytes {
            Bytes::Held(held) => {
                let from = usize::try_from(start).unwrap_or(usize::MAX).min(held.len());
                let mut held = io::Cursor::new(held);
                held.set_position(from as u64);
                Box::new(held.take(length))
            }
            Bytes::Entry { entry, start: first, length: all } => {
                let reader = self.reader(entry, first.saturating_add(start))?;
                Box::new(reader.take(length.min(all.saturating_sub(start))))
            }
        };
        Ok(pieces(reader))
    }
}

/// Returns a file piece by piece.
pub fn stream(reader: Box<dyn Read + Send>) -> futures::channel::mpsc::Receiver<io::Result<Vec<u8>>> {
    pieces(reader)
}

/// Reads on a thread of its own, no further ahead than a piece.
fn pieces(mut reader: Box<dyn Read + Send>) -> futures::channel::mpsc::Receiver<io::Result<Vec<u8>>> {
    let (mut sender, receiver) = futures::channel::mpsc::channel(1);
    std::thread::spawn(move || {
        loop {
            let mut piece = Vec::with_capacity(PIECE);
            let read = reader.by_ref().take(PIECE as u64).read_to_end(&mut piece);
            let (last, piece) = match read {
                Ok(n) => (n < PIECE, Ok(piece)),
                Err(e) => (true, Err(e)),
            };
            // Whoever went away needs no more.
            if futures::executor::block_on(sender.send(piece)).is_err() || last {
                return;
            }
        }
    });
    receiver
}

/// What is attached: decoded and in memory, or a range of an entry.
pub enum Bytes {
    Held(Vec<u8>),
    Entry { entry: EntryId, start: u64, length: u64 },
}

impl Bytes {
    /// Returns their number.
    pub fn len(&self) -> u64 {
        match self {
            Bytes::Held(held) => held.len() as u64,
            Bytes::Entry { length, .. } => *length,
        }
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn cut(mut text: String, most: u64) -> String {
    let end = (0..=text.len().min(most as usize)).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    text.truncate(end);
    text
}

/// Returns the small JPEG that a camera left inside a picture.
pub fn preview(decoder: &dyn Decoder, picture: &[u8]) -> Option<Vec<u8>> {
    glasshouse_providers::formats::exif::preview(decoder, picture).map(<[u8]>::to_vec)
}

/// Returns the media type of some first bytes if a browser may show it and cannot run it; none for all others.
pub fn safe_type(head: &[u8]) -> Option<&'static str> {
    /// What a browser decodes and never runs. SVG is not among them: it can hold scripts.
    const SAFE: [&str; 22] = [
        "image/jpeg",
        "image/png",
        "image/gif",
        "image/webp",
        "image/bmp",
        "image/avif",
        "image/heif",
        "image/tiff",
        "audio/mpeg",
        "audio/m4a",
        "audio/opus",
        "audio/ogg",
        "audio/x-flac",
        "audio/x-wav",
        "audio/amr",
        "audio/aac",
        "video/mp4",
        "video/x-m4v",
        "video/webm",
        "video/quicktime",
        "video/x-matroska",
        "video/3gpp",
    ];
    let found = infer::get(head)?.mime_type();
    // Two or three letters are no proof: words begin with them, too.
    let proven = match found {
        "image/gif" => head.starts_with(b"GIF8"),
        "image/bmp" => head.get(6..10) == Some(&[0; 4]),
        _ => true,
    };
    if !proven {
        return None;
    }
    SAFE.into_iter().find(|safe| *safe == found).map(|safe| match safe {
        "audio/m4a" => "audio/mp4",
        "audio/opus" => "audio/ogg",
        "audio/x-wav" => "audio/wav",
        "audio/x-flac" => "audio/flac",
        "video/x-m4v" => "video/mp4",
        "image/heif" => "image/heic",
        other => other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_cannot_run_has_a_type() {
        assert_eq!(safe_type(b"\xff\xd8\xff\xe0\x00\x10JFIF"), Some("image/jpeg"));
        assert_eq!(safe_type(b"\x89PNG\r\n\x1a\n"), Some("image/png"));
        for active in [
            &b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>"[..],
            b"<!DOCTYPE html><script>x()</script>",
            b"%PDF-1.7",
            b"",
            b"PK\x03\x04",
            b"\0asm",
            b"GIF<script>",
            b"BMW invoice of last week",
        ] {
            assert_eq!(safe_type(active), None, "{active:?}");
        }
    }
}
