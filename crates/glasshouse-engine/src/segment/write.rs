//! Writing the files of a segment: tables as Parquet, hashed as they are written.

use crate::EngineError;
use crate::cores::on_threads;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::Compression;
use datafusion::parquet::file::properties::{EnabledStatistics, WriterProperties};
use datafusion::parquet::schema::types::ColumnPath;
use glasshouse_layout::{FileHash, Segment};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A segment whose files are written, and not yet brought to the disk.
#[must_use]
pub struct Written {
    pub segment: Segment,
    pub files: Vec<FileHash>,
    pub(super) unsynced: Vec<(PathBuf, File)>,
    pub(super) folders: Vec<PathBuf>,
}

impl Written {
    /// Returns a segment whose files are on the disk.
    pub(crate) fn synced((segment, files): (Segment, Vec<FileHash>)) -> Self {
        Written { segment, files, unsynced: Vec::new(), folders: Vec::new() }
    }

    /// Brings the files and their names to the disk; only then may the segment be counted on.
    pub fn sync(self) -> Result<(Segment, Vec<FileHash>), EngineError> {
        sync_all(std::slice::from_ref(&self))?;
        Ok((self.segment, self.files))
    }

    /// As [`Written::sync`], of several at once.
    pub(crate) fn sync_all(segments: Vec<Self>) -> Result<Vec<(Segment, Vec<FileHash>)>, EngineError> {
        sync_all(&segments)?;
        Ok(segments.into_iter().map(|written| (written.segment, written.files)).collect())
    }
}

/// Files that are brought to the disk at a time: a file system writes down what several wait for in one go.
const AT_ONCE: usize = 16;

fn sync_all(segments: &[Written]) -> Result<(), EngineError> {
    let files: Vec<_> = segments.iter().flat_map(|written| &written.unsynced).collect();
    on_threads(AT_ONCE, files.len(), |at| match files.get(at) {
        Some((path, file)) => file.sync_all().map_err(|e| EngineError::io(path, "sync", e)),
        None => Ok(()),
    })?;
    let folders: BTreeSet<_> = segments.iter().flat_map(|written| &written.folders).collect();
    let folders = Vec::from_iter(folders);
    on_threads(AT_ONCE, folders.len(), |at| match folders.get(at) {
        Some(folder) => Ok(glasshouse_store::files::sync_folder(folder)?),
        None => Ok(()),
    })?;
    Ok(())
}

/// A file that is hashed as it is written.
pub(super) struct Hashing {
    file: File,
    context: ring::digest::Context,
    size: u64,
}

impl Hashing {
    pub(super) fn create(path: &Path) -> Result<Self, EngineError> {
        let file = File::create(path).map_err(|e| EngineError::io(path, "create", e))?;
        Ok(Hashing { file, context: ring::digest::Context::new(&ring::digest::SHA256), size: 0 })
    }

    pub(super) fn finish(self, path: &str) -> (FileHash, File) {
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

/// Writes a batch as Parquet and brings it to the disk.
pub(crate) fn write_parquet(case: &Path, path: &str, batch: &RecordBatch) -> Result<FileHash, EngineError> {
    let (hash, file) = table(Hashing::create(&case.join(path))?, batch)?.finish(path);
    file.sync_all().map_err(|e| EngineError::io(&case.join(path), "sync", e))?;
    Ok(hash)
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

/// Returns the writer of a table, made for reading single rows fast as well as whole columns.
pub(super) fn writer<W: Write + Send>(out: W, schema: SchemaRef) -> Result<ArrowWriter<W>, EngineError> {
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
