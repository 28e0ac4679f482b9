//! A disposable copy of a byte stream that can be read at any place.
//!
//! The stream is cut into blocks of 1 MiB, each compressed on its own; an index at the end says where
//! each block lies. A file that was not finished, or was cut or altered, does not open: it is a cache,
//! and is made again.

use crate::seal::{Identity, SealedFile, SealedReader};
use crate::source::moved;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::CParameter;

const MAGIC: &[u8; 8] = b"GHblock\x01";
const END_MAGIC: &[u8; 8] = b"GHblkend";
const BLOCK: usize = 1 << 20;
/// Length of the stream, number of blocks, CRC-32 of index and these numbers, magic.
const TRAILER: usize = 8 + 8 + 4 + 8;

/// Writes a stream as independently compressed blocks, in the calling thread.
pub struct BlockWriter<W: Write> {
    out: W,
    compressor: Compressor<'static>,
    block: Vec<u8>,
    packed: Vec<u8>,
    index: Vec<u8>,
    len: u64,
}

impl<W: Write> BlockWriter<W> {
    /// Begins a block file.
    pub fn new(mut out: W) -> io::Result<Self> {
        // The copy lies on the way of every byte of a big entry: speed counts for more than size here.
        let mut compressor = Compressor::new(-5)?;
        compressor.set_parameter(CParameter::ChecksumFlag(true))?;
        out.write_all(MAGIC)?;
        Ok(Self {
            out,
            compressor,
            block: Vec::with_capacity(BLOCK),
            packed: vec![0; zstd::zstd_safe::compress_bound(BLOCK)],
            index: Vec::new(),
            len: 0,
        })
    }

    /// Writes the last block and the index. Without it the file does not open.
    pub fn finish(mut self) -> io::Result<W> {
        self.flush_block()?;
        let blocks = (self.index.len() / 4) as u64;
        let mut tail = std::mem::take(&mut self.index);
        tail.extend_from_slice(&self.len.to_le_bytes());
        tail.extend_from_slice(&blocks.to_le_bytes());
        let crc = crc32fast::hash(&tail);
        tail.extend_from_slice(&crc.to_le_bytes());
        tail.extend_from_slice(END_MAGIC);
        self.out.write_all(&tail)?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn flush_block(&mut self) -> io::Result<()> {
        if self.block.is_empty() {
            return Ok(());
        }
        let n = self.compressor.compress_to_buffer(&self.block, &mut self.packed[..])?;
        self.out.write_all(self.packed.get(..n).unwrap_or_default())?;
        self.index.extend_from_slice(&(n as u32).to_le_bytes());
        self.block.clear();
        Ok(())
    }
}

impl<W: Write> Write for BlockWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = bytes.len().min(BLOCK - self.block.len());
        self.block.extend_from_slice(bytes.get(..n).unwrap_or_default());
        self.len += n as u64;
        if self.block.len() == BLOCK {
            self.flush_block()?;
        }
        Ok(n)
    }

    /// Does nothing: a block is written when it is full, so that the cuts do not depend on the caller.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An open block file. Cheap to clone; readers work independently of each other.
#[derive(Clone)]
pub struct BlockFile {
    opened: Arc<Opened>,
    recent: Recent,
}

struct Opened {
    /// Tells files apart that share their recent blocks.
    id: u64,
    /// Readers open the file themselves, so that a part with thousands of nested archives does not use up
    /// the open files of the process.
    path: PathBuf,
    /// What the file is sealed with, if it is.
    key: Option<Identity>,
    len: u64,
    /// Where each block begins, and where the last one ends.
    starts: Vec<u64>,
}

impl std::fmt::Debug for BlockFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BlockFile").field("path", &self.opened.path).field("len", &self.opened.len).finish()
    }
}

impl BlockFile {
    /// Opens a finished block file, sealed or in clear. One that is cut short, or not a block file, is
    /// `InvalidData`.
    pub fn open(path: &Path, key: Option<&Identity>) -> io::Result<Self> {
        let mut file = Handle::open(path, key)?;
        let size = file.len()?;
        let mut magic = [0; 8];
        let mut trailer = [0; TRAILER];
        let Some(trailer_at) = size.checked_sub(TRAILER as u64) else {
            return Err(damaged("too short"));
        };
        file.read_exact_at(&mut magic, 0)?;
        file.read_exact_at(&mut trailer, trailer_at)?;
        let (numbers, rest) = trailer.split_at(16);
        let (crc, end) = rest.split_at(4);
        if &magic != MAGIC || end != END_MAGIC {
            return Err(damaged("not finished, or not a block file"));
        }
        let (len, blocks) = numbers.split_at(8);
        let (len, blocks) = (u64_of(len), u64_of(blocks));
        let index_at = blocks
            .checked_mul(4)
            .and_then(|n| trailer_at.checked_sub(n))
            .filter(|_| blocks == len.div_ceil(BLOCK as u64))
            .ok_or_else(|| damaged("wrong number of blocks"))?;
        let index_len = usize::try_from(trailer_at - index_at).map_err(io::Error::other)?;
        let mut index = vec![0; index_len];
        file.read_exact_at(&mut index, index_at)?;
        let mut hash = crc32fast::Hasher::new();
        hash.update(&index);
        hash.update(numbers);
        if crc != hash.finalize().to_le_bytes() {
            return Err(damaged("the index does not match its checksum"));
        }
        let mut at = MAGIC.len() as u64;
        let mut starts = vec![at];
        for size in index.as_chunks::<4>().0 {
            at += u64::from(u32::from_le_bytes(*size));
            starts.push(at);
        }
        if at != index_at {
            return Err(damaged("blocks are missing"));
        }
        let (id, path, key) = (next_id(), path.to_path_buf(), key.cloned());
        Ok(Self { opened: Arc::new(Opened { id, path, key, len, starts }), recent: Recent::default() })
    }

    /// Shares the memory for recent blocks with other files.
    pub(crate) fn sharing(self, recent: &Recent) -> Self {
        Self { recent: recent.clone(), ..self }
    }

    /// Length of the stream that was written.
    pub fn len(&self) -> u64 {
        self.opened.len
    }

    /// Says whether the stream that was written is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A reader at the beginning of the stream.
    pub fn reader(&self) -> BlockReader {
        BlockReader { blocks: self.clone(), file: None, at: 0, held: None, packed: Vec::new(), decompressor: None }
    }
}

/// Reads a [`BlockFile`] and keeps the block it is in.
pub struct BlockReader {
    blocks: BlockFile,
    file: Option<Handle>,
    at: u64,
    held: Option<(usize, Block)>,
    packed: Vec<u8>,
    decompressor: Option<Decompressor<'static>>,
}

impl std::fmt::Debug for BlockReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BlockReader").field("at", &self.at).finish()
    }
}

impl BlockReader {
    fn load(&mut self, number: usize) -> io::Result<Block> {
        if let Some((held, block)) = &self.held
            && *held == number
        {
            return Ok(Arc::clone(block));
        }
        let (id, recent) = (self.blocks.opened.id, self.blocks.recent.clone());
        let block = recent.block(id, number, || self.decode(number))?;
        self.held = Some((number, Arc::clone(&block)));
        Ok(block)
    }

    fn decode(&mut self, number: usize) -> io::Result<Vec<u8>> {
        let opened = &self.blocks.opened;
        let (Some(from), Some(to)) = (opened.starts.get(number), opened.starts.get(number + 1)) else {
            return Err(damaged("a block is missing"));
        };
        self.packed.resize((to - from) as usize, 0);
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(Handle::open(&opened.path, opened.key.as_ref())?),
        };
        file.read_exact_at(&mut self.packed, *from)?;
        let before = (number * BLOCK) as u64;
        let expected = opened.len.saturating_sub(before).min(BLOCK as u64) as usize;
        let decompressor = match &mut self.decompressor {
            Some(decompressor) => decompressor,
            none => none.insert(Decompressor::new()?),
        };
        let block = decompressor.decompress(&self.packed, expected)?;
        if block.len() != expected {
            return Err(damaged("a block has the wrong length"));
        }
        Ok(block)
    }
}

impl Read for BlockReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.blocks.len() || buffer.is_empty() {
            return Ok(0);
        }
        let number = usize::try_from(self.at / BLOCK as u64).map_err(io::Error::other)?;
        let block = self.load(number)?;
        let within = (self.at % BLOCK as u64) as usize;
        let n = block.get(within..).unwrap_or_default().read(buffer)?;
        self.at += n as u64;
        Ok(n)
    }
}

impl Seek for BlockReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = moved(to, self.at, self.blocks.len())?;
        Ok(self.at)
    }
}

/// A file of the cache open for reading, in clear or sealed.
pub(crate) enum Handle {
    Clear(File),
    Sealed(SealedReader, u64),
}

impl Handle {
    pub(crate) fn open(path: &Path, key: Option<&Identity>) -> io::Result<Self> {
        let Some(key) = key else { return Ok(Handle::Clear(File::open(path)?)) };
        let file = SealedFile::open(path, key)?;
        Ok(Handle::Sealed(file.reader(), file.len()))
    }

    pub(crate) fn len(&mut self) -> io::Result<u64> {
        match self {
            Handle::Clear(file) => Ok(file.metadata()?.len()),
            Handle::Sealed(_, len) => Ok(*len),
        }
    }

    pub(crate) fn read_exact_at(&mut self, buffer: &mut [u8], place: u64) -> io::Result<()> {
        match self {
            Handle::Clear(file) => file.read_exact_at(buffer, place),
            Handle::Sealed(reader, _) => reader.read_exact_at(buffer, place),
        }
    }
}

/// A decoded stretch of a file, shared by its readers.
pub(crate) type Block = Arc<Vec<u8>>;

static NEXT_ID: AtomicU64 = AtomicU64::new(0);

/// Returns a number that no other open file has.
pub(crate) fn next_id() -> u64 {
    NEXT_ID.fetch_add(1, Ordering::Relaxed)
}

/// What was decoded last, at most 32 MiB, so that many who read in one stretch do not decode it each.
#[derive(Clone, Debug, Default)]
pub struct Recent(Arc<Mutex<VecDeque<(u64, usize, Block)>>>);

const RECENT: usize = 8;
const RECENT_BYTES: usize = 32 << 20;

impl Recent {
    /// Returns a stretch of a file, decoded now if it was not among the last.
    pub(crate) fn block(
        &self,
        id: u64,
        number: usize,
        decode: impl FnOnce() -> io::Result<Vec<u8>>,
    ) -> io::Result<Block> {
        if let Some(block) = self.get(id, number) {
            return Ok(block);
        }
        let block = Arc::new(decode()?);
        self.put(id, number, &block);
        Ok(block)
    }

    fn get(&self, id: u64, number: usize) -> Option<Block> {
        let recent = self.0.lock().ok()?;
        let found = recent.iter().find(|(file, block, _)| (*file, *block) == (id, number));
        found.map(|(_, _, block)| Arc::clone(block))
    }

    fn put(&self, id: u64, number: usize, block: &Block) {
        // A poisoned lock only means that nothing is remembered any more.
        if let Ok(mut recent) = self.0.lock() {
            recent.truncate(RECENT - 1);
            recent.push_front((id, number, Arc::clone(block)));
            while recent.len() > 1 && recent.iter().map(|(.., block)| block.len()).sum::<usize>() > RECENT_BYTES {
                recent.pop_back();
            }
        }
    }
}

pub(crate) fn damaged(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the cached copy is unusable: {why}"))
}

pub(crate) fn u64_of(bytes: &[u8]) -> u64 {
    bytes.try_into().map_or(0, u64::from_le_bytes)
}

#[cfg(test)]
mod tests;
