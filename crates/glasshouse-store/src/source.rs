//! A stretch of bytes that can be read at any place, from several threads at once.

use crate::blocks::{BlockFile, BlockReader};
use crate::seal::{Identity, SealedFile, SealedReader};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

/// Bytes of a part, of a nested archive, or of a stretch of either. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    bytes: Bytes,
    start: u64,
    len: u64,
}

#[derive(Clone, Debug)]
enum Bytes {
    File(Arc<File>),
    Sealed(SealedFile),
    Memory(Arc<[u8]>),
    Blocks(BlockFile),
}

impl Source {
    pub(crate) fn file(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let len = file.metadata()?.len();
        Ok(Self { bytes: Bytes::File(Arc::new(file)), start: 0, len })
    }

    pub(crate) fn sealed(path: &Path, key: &Identity) -> io::Result<Self> {
        let sealed = SealedFile::open(path, key)?;
        Ok(Self { len: sealed.len(), bytes: Bytes::Sealed(sealed), start: 0 })
    }

    pub(crate) fn memory(bytes: Vec<u8>) -> Self {
        Self { len: bytes.len() as u64, bytes: Bytes::Memory(bytes.into()), start: 0 }
    }

    pub(crate) fn blocks(blocks: BlockFile) -> Self {
        Self { len: blocks.len(), bytes: Bytes::Blocks(blocks), start: 0 }
    }

    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    pub(crate) fn is_memory(&self) -> bool {
        matches!(self.bytes, Bytes::Memory(_))
    }

    /// A stretch of this source, cut off at its end.
    pub(crate) fn slice(&self, offset: u64, len: u64) -> Self {
        let offset = offset.min(self.len);
        Self { bytes: self.bytes.clone(), start: self.start + offset, len: len.min(self.len - offset) }
    }

    pub(crate) fn reader(&self) -> SourceReader {
        let inner = match &self.bytes {
            Bytes::File(file) => Inner::File(Arc::clone(file)),
            Bytes::Sealed(sealed) => Inner::Sealed(sealed.reader()),
            Bytes::Memory(bytes) => Inner::Memory(Arc::clone(bytes)),
            Bytes::Blocks(blocks) => Inner::Blocks(Box::new(blocks.reader())),
        };
        SourceReader { inner, start: self.start, len: self.len, at: 0 }
    }
}

/// Returns where a reader stands that was at `at` of `len` bytes, once it is moved.
pub(crate) fn moved(to: SeekFrom, at: u64, len: u64) -> io::Result<u64> {
    let to = match to {
        SeekFrom::Start(at) => Some(at),
        SeekFrom::End(by) => len.checked_add_signed(by),
        SeekFrom::Current(by) => at.checked_add_signed(by),
    };
    to.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "seek to before the beginning"))
}

/// Reads a [`Source`] at a position of its own.
#[derive(Debug)]
pub(crate) struct SourceReader {
    inner: Inner,
    start: u64,
    len: u64,
    at: u64,
}

#[derive(Debug)]
enum Inner {
    File(Arc<File>),
    Sealed(SealedReader),
    Memory(Arc<[u8]>),
    Blocks(Box<BlockReader>),
}

impl SourceReader {
    /// Reads up to `buffer.len()` bytes at `offset`; fewer only at the end of the source.
    pub(crate) fn read_up_to(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.at = offset;
        let mut done = 0;
        while let Some(rest) = buffer.get_mut(done..).filter(|rest| !rest.is_empty()) {
            match self.read(rest) {
                Ok(0) => break,
                Ok(n) => done += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(done)
    }

    /// Fills `buffer` from `offset`, or says whether the source ended before.
    pub(crate) fn fill(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<bool> {
        Ok(self.read_up_to(offset, buffer)? == buffer.len())
    }
}

impl Read for SourceReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.len.saturating_sub(self.at);
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let Some(buffer) = buffer.get_mut(..wanted).filter(|b| !b.is_empty()) else {
            return Ok(0);
        };
        let place = self.start + self.at;
        let n = match &mut self.inner {
            Inner::File(file) => file.read_at(buffer, place)?,
            Inner::Sealed(sealed) => sealed.read_at(buffer, place)?,
            Inner::Memory(bytes) => {
                let from = usize::try_from(place).unwrap_or(usize::MAX);
                let Some(stretch) = bytes.get(from..) else {
                    return Ok(0);
                };
                let n = stretch.len().min(buffer.len());
                if let (Some(to), Some(from)) = (buffer.get_mut(..n), stretch.get(..n)) {
                    to.copy_from_slice(from);
                }
                n
            }
            Inner::Blocks(blocks) => {
                blocks.seek(SeekFrom::Start(place))?;
                blocks.read(buffer)?
            }
        };
        self.at += n as u64;
        Ok(n)
    }
}

impl Seek for SourceReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = moved(to, self.at, self.len)?;
        Ok(self.at)
    }
}
