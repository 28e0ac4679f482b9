//! The tables of a segment of the quarantine, read in batches: in clear, or opened piece by piece as they are read.

use crate::EngineError;
use bytes::Bytes;
use datafusion::parquet::arrow::ProjectionMask;
use datafusion::parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use datafusion::parquet::errors::{ParquetError, Result as ParquetResult};
use datafusion::parquet::file::reader::{ChunkReader, Length};
use glasshouse_layout::Segment;
use glasshouse_store::seal::{Seal, SealedFile, SealedReader};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Rows that are in memory at once.
const ROWS: usize = 4096;

/// Where the tables of one segment are.
#[derive(Clone, Copy)]
pub(crate) struct Tables<'a> {
    pub(crate) case: &'a Path,
    pub(crate) seal: &'a Seal,
    pub(crate) segment: &'a Segment,
}

impl Tables<'_> {
    /// Reads columns of a table; no name means all of them.
    pub(crate) fn read(&self, table: &str, columns: &[&str]) -> Result<ParquetRecordBatchReader, EngineError> {
        let path = self.case.join(&self.segment.path).join(format!("{table}.parquet"));
        match self.seal.reader(&path.with_extension("parquet.age"))? {
            Some(sealed) => batches(Sealed(sealed), columns),
            None => batches(File::open(&path).map_err(|e| EngineError::io(&path, "open", e))?, columns),
        }
    }
}

fn batches<R: ChunkReader + 'static>(file: R, columns: &[&str]) -> Result<ParquetRecordBatchReader, EngineError> {
    let mut builder = ParquetRecordBatchReaderBuilder::try_new(file)?.with_batch_size(ROWS);
    if !columns.is_empty() {
        let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
        builder = builder.with_projection(mask);
    }
    Ok(builder.build()?)
}

/// A sealed file as Parquet reads it.
struct Sealed(SealedFile);

impl Length for Sealed {
    fn len(&self) -> u64 {
        self.0.len()
    }
}

impl ChunkReader for Sealed {
    type T = From;

    fn get_read(&self, start: u64) -> ParquetResult<From> {
        Ok(From { reader: self.0.reader(), at: start })
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        let end = start.saturating_add(length as u64);
        if end > self.0.len() {
            return Err(ParquetError::EOF(format!("It ends at {} and is read up to {end}.", self.0.len())));
        }
        let mut bytes = vec![0; length];
        From { reader: self.0.reader(), at: start }.read_exact(&mut bytes)?;
        Ok(bytes.into())
    }
}

/// Reads a sealed file from one place on.
struct From {
    reader: SealedReader,
    at: u64,
}

impl Read for From {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read_at(buffer, self.at)?;
        self.at += n as u64;
        Ok(n)
    }
}
