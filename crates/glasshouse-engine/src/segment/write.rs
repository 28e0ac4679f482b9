//! Writing a segment: its tables and its index, hashed as they are written.

use super::{column, index_schema, tokenizers, typed};
use crate::EngineError;
use datafusion::arrow::array::{Array, RecordBatch, StringArray, TimestampMicrosecondArray, UInt32Array};
use datafusion::arrow::compute::{SortOptions, sort_to_indices, take_record_batch};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::Compression;
use datafusion::parquet::file::properties::{EnabledStatistics, WriterProperties};
use datafusion::parquet::schema::types::ColumnPath;
use glasshouse_layout::{FileHash, Segment};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tantivy::directory::RamDirectory;
use tantivy::{Directory, IndexBuilder, TantivyDocument};

/// Memory that the terms of one index may take before it is warned of; their table begins at a part of it.
const INDEX_MEMORY: usize = 16 << 20;

/// A segment whose files are written, and not yet brought to the disk.
#[must_use]
pub struct Written {
    pub segment: Segment,
    pub files: Vec<FileHash>,
    unsynced: Vec<(PathBuf, File)>,
    folders: Vec<PathBuf>,
}

impl Written {
    /// Returns a segment whose files are on the disk.
    pub(crate) fn synced((segment, files): (Segment, Vec<FileHash>)) -> Self {
        Written { segment, files, unsynced: Vec::new(), folders: Vec::new() }
    }

    /// Brings the files and their names to the disk; only then may the segment be counted on.
    pub fn sync(self) -> Result<(Segment, Vec<FileHash>), EngineError> {
        for (path, file) in self.unsynced {
            file.sync_all().map_err(|e| EngineError::io(&path, "sync", e))?;
        }
        for folder in &self.folders {
            glasshouse_store::files::sync_folder(folder)?;
        }
        Ok((self.segment, self.files))
    }
}

/// A file that is hashed as it is written.
struct Hashing {
    file: File,
    context: ring::digest::Context,
    size: u64,
}

impl Hashing {
    fn create(path: &Path) -> Result<Self, EngineError> {
        let file = File::create(path).map_err(|e| EngineError::io(path, "create", e))?;
        Ok(Hashing { file, context: ring::digest::Context::new(&ring::digest::SHA256), size: 0 })
    }

    fn finish(self, path: &str) -> (FileHash, File) {
        let sha256 = glasshouse_layout::hex(self.context.finish().as_ref());
        (FileHash { path: path.to_owned(), size: self.size, sha256, external: None }, self.file)
    }
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.file.write(bytes)?;
        self.context.update(bytes.get(..n).unwrap_or_default());
        self.size += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Sorts and writes a segment: records, parties, attachments and the index.
pub(crate) fn write_segment(
    case: &Path,
    path: &str,
    records: RecordBatch,
    (who, from): (StringArray, StringArray),
    parties: RecordBatch,
    attachments: RecordBatch,
) -> Result<Written, EngineError> {
    let folder = case.join(path);
    // What a killed process left under this name was never part of the case.
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).map_err(|e| EngineError::io(&folder, "create the folder", e))?;
    let time = column(&records, "time")?;
    let options = SortOptions { descending: false, nulls_first: false };
    let order = sort_to_indices(time, Some(options), None)?;
    // Most exports are in order of time already, and then nothing has to move.
    let sorted = order.values().iter().enumerate().all(|(i, row)| i == *row as usize);
    let (mut files, mut unsynced) = (Vec::new(), Vec::new());
    let mut keep = |(hash, file): (FileHash, File)| {
        unsynced.push((case.join(&hash.path), file));
        files.push(hash);
    };
    let file = Hashing::create(&case.join(format!("{path}/records.parquet")))?;
    let file = if sorted { table(file, &records)? } else { table_in_order(file, &records, &order)? };
    keep(file.finish(&format!("{path}/records.parquet")));
    let rows = records.num_rows() as u64;
    let title: StringArray = typed::<StringArray>(&records, "title")?.clone();
    let body: StringArray = typed::<StringArray>(&records, "text")?.clone();
    let time: TimestampMicrosecondArray = typed::<TimestampMicrosecondArray>(&records, "time")?.clone();
    // What the index does not need makes room for it.
    drop(records);
    for (batch, name) in [(parties, "parties"), (attachments, "attachments")] {
        if batch.num_rows() > 0 {
            keep(parquet(case, &format!("{path}/{name}.parquet"), &batch)?);
        }
    }
    let mut folders = Vec::new();
    let text = [&title, &body, &who, &from].iter().any(|column| column.null_count() < column.len());
    if text {
        write_index(case, &format!("{path}/text"), [&title, &body, &who, &from], &order, &mut keep)?;
        folders.push(folder.join("text"));
    }
    folders.extend([Some(folder.as_path()), folder.parent()].into_iter().flatten().map(Path::to_path_buf));
    let known = time.len() - time.null_count();
    let at = |i: usize| (known > 0).then(|| time.value(order.value(i) as usize));
    let segment = Segment { path: path.to_owned(), rows, text, first: at(0), last: at(known.saturating_sub(1)) };
    Ok(Written { segment, files, unsynced, folders })
}

/// Builds the index of columns, whose rows `order` puts in the order of the table, in memory and writes its files, so that nothing waits for the disk on the way.
fn write_index(
    case: &Path,
    path: &str,
    [title, body, who, from]: [&StringArray; 4],
    order: &UInt32Array,
    keep: &mut dyn FnMut((FileHash, File)),
) -> Result<(), EngineError> {
    let folder = case.join(path);
    fs::create_dir_all(&folder).map_err(|e| EngineError::io(&folder, "create the folder", e))?;
    let (schema, fields) = index_schema();
    let memory = RamDirectory::create();
    let settings = tantivy::IndexSettings { docstore_compress_dedicated_thread: false, ..Default::default() };
    let builder = IndexBuilder::new().schema(schema).settings(settings).tokenizers(tokenizers());
    let mut writer = builder.single_segment_index_writer::<TantivyDocument>(memory.clone(), INDEX_MEMORY)?;
    for row in 0..order.len() {
        let added = order.value(row) as usize;
        let mut document = TantivyDocument::new();
        for (field, column) in [(fields.text, title), (fields.text, body), (fields.who, who), (fields.from, from)] {
            if column.is_valid(added) {
                document.add_text(field, column.value(added));
            }
        }
        writer.add_document(document)?;
    }
    let index = writer.finalize()?;
    let mut names: Vec<PathBuf> = index.load_metas()?.list_segment_files().into_iter().collect();
    names.push(PathBuf::from("meta.json"));
    names.sort();
    for name in names {
        // The list names what a segment may have, deletions among it, which a new one has not.
        if !memory.exists(&name).map_err(|e| EngineError::other(e.to_string()))? {
            continue;
        }
        let slice = memory.open_read(&name).map_err(|e| EngineError::other(e.to_string()))?;
        let full = folder.join(&name);
        let mut file = Hashing::create(&full)?;
        let written = slice.read_bytes().and_then(|bytes| file.write_all(&bytes));
        written.map_err(|e| EngineError::io(&full, "write", e))?;
        keep(file.finish(&format!("{path}/{}", name.display())));
    }
    Ok(())
}

/// Writes a batch as Parquet and brings it to the disk.
pub(crate) fn write_parquet(case: &Path, path: &str, batch: &RecordBatch) -> Result<FileHash, EngineError> {
    let (hash, file) = parquet(case, path, batch)?;
    file.sync_all().map_err(|e| EngineError::io(&case.join(path), "sync", e))?;
    Ok(hash)
}

/// Writes a batch as Parquet, made for reading single rows fast as well as whole columns.
fn parquet(case: &Path, path: &str, batch: &RecordBatch) -> Result<(FileHash, File), EngineError> {
    Ok(table(Hashing::create(&case.join(path))?, batch)?.finish(path))
}

/// Returns a batch as the bytes of a Parquet file.
pub(crate) fn parquet_bytes(batch: &RecordBatch) -> Result<Vec<u8>, EngineError> {
    table(Vec::new(), batch)
}

/// A Parquet file that is written a batch at a time.
pub(crate) struct Table {
    writer: ArrowWriter<Hashing>,
    full: PathBuf,
    path: String,
}

impl Table {
    pub(crate) fn create(case: &Path, path: &str, schema: SchemaRef) -> Result<Self, EngineError> {
        let full = case.join(path);
        Ok(Table { writer: writer(Hashing::create(&full)?, schema)?, full, path: path.to_owned() })
    }

    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), EngineError> {
        Ok(self.writer.write(batch)?)
    }

    /// Writes the end and brings the file to the disk.
    pub(crate) fn finish(self) -> Result<FileHash, EngineError> {
        let (hash, file) = self.writer.into_inner()?.finish(&self.path);
        file.sync_all().map_err(|e| EngineError::io(&self.full, "sync", e))?;
        Ok(hash)
    }
}

fn table<W: Write + Send>(out: W, batch: &RecordBatch) -> Result<W, EngineError> {
    let mut writer = writer(out, batch.schema())?;
    writer.write(batch)?;
    Ok(writer.into_inner()?)
}

/// As [`table`], in another order. A whole copy in that order would take as much memory again as the rows do.
fn table_in_order<W: Write + Send>(out: W, batch: &RecordBatch, order: &UInt32Array) -> Result<W, EngineError> {
    const AT_ONCE: usize = 8 << 10;
    let mut writer = writer(out, batch.schema())?;
    for from in (0..order.len()).step_by(AT_ONCE) {
        writer.write(&take_record_batch(batch, &order.slice(from, AT_ONCE.min(order.len() - from)))?)?;
    }
    Ok(writer.into_inner()?)
}

fn writer<W: Write + Send>(out: W, schema: SchemaRef) -> Result<ArrowWriter<W>, EngineError> {
    let mut properties = WriterProperties::builder()
        // Written once and read for every page of a list: what is quick both ways.
        .set_compression(Compression::LZ4_RAW)
        .set_data_page_row_count_limit(4096)
        .set_data_page_size_limit(128 << 10)
        .set_write_batch_size(1024)
        .set_max_row_group_row_count(Some(128 << 10))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_created_by(glasshouse_store::tool());
    for name in ["id", "locator", "text", "title", "fields", "refs", "moments", "time_text", "same_as"] {
        properties = properties.set_column_dictionary_enabled(ColumnPath::from(name), false);
    }
    // Random bytes do not compress.
    properties = properties.set_column_compression(ColumnPath::from("id"), Compression::UNCOMPRESSED);
    for name in ["id", "text", "title", "fields", "refs", "moments", "locator", "time_text"] {
        properties = properties.set_column_statistics_enabled(ColumnPath::from(name), EnabledStatistics::None);
    }
    properties = properties.set_column_statistics_enabled(ColumnPath::from("time"), EnabledStatistics::Page);
    Ok(ArrowWriter::try_new(out, schema, Some(properties.build()))?)
}

/// Returns the hash of a file of the case.
pub(crate) fn hash(case: &Path, path: &str) -> Result<FileHash, EngineError> {
    let full = case.join(path);
    let (sha256, size) = glasshouse_store::hash_file(&full, &|_| {}).map_err(|e| EngineError::io(&full, "read", e))?;
    Ok(FileHash { path: path.to_owned(), size, sha256: glasshouse_layout::hex(sha256), external: None })
}
