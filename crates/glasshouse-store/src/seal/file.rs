//! Sealed files that are read at any place.

use super::Identity;
use crate::blocks::{Block, Recent, next_id};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::iter;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// What age seals as one piece.
const PIECE: u64 = 64 << 10;
/// Longest header that is taken into memory at once; a longer one is read piece by piece.
const HEADER: usize = 1 << 10;
/// Streams that wait for the next reader of the same file.
const IDLE: usize = 32;

/// The content of a sealed file, which can be moved to any place.
pub(crate) type Stream = age::stream::StreamReader<Whole>;

/// Opens a sealed file.
pub(crate) fn stream(file: Arc<File>, key: &Identity) -> io::Result<Stream> {
    let mut head = vec![0; HEADER];
    let mut have = 0;
    while let Some(rest) = head.get_mut(have..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, have as u64)? {
            0 => break,
            n => have += n,
        }
    }
    head.truncate(have);
    let wrong = |e: age::DecryptError| io::Error::new(io::ErrorKind::InvalidData, format!("it cannot be opened: {e}"));
    let decryptor = age::Decryptor::new(Whole { file, head, at: 0 }).map_err(wrong)?;
    decryptor.decrypt(iter::once(key.age() as &dyn age::Identity)).map_err(wrong)
}

/// The sealed bytes, read at a position of their own. The header is parsed byte by byte, hence from memory.
#[derive(Debug)]
pub(crate) struct Whole {
    file: Arc<File>,
    head: Vec<u8>,
    at: u64,
}

impl Read for Whole {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let held = usize::try_from(self.at).ok().and_then(|at| self.head.get(at..)).unwrap_or_default();
        let n = if held.is_empty() { self.file.read_at(buffer, self.at)? } else { (&*held).read(buffer)? };
        self.at += n as u64;
        Ok(n)
    }
}

impl Seek for Whole {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.file.metadata()?.len().checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = to.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "seek to before the beginning"))?;
        Ok(self.at)
    }
}

/// A sealed file whose content many readers share. Cheap to clone.
#[derive(Clone)]
pub struct SealedFile(Arc<Opened>);

struct Opened {
    /// Tells files apart that share their recent pieces.
    id: u64,
    file: Arc<File>,
    key: Identity,
    len: u64,
    /// To open a stream takes longer than to move one.
    idle: Mutex<Vec<Stream>>,
    recent: Recent,
}

impl std::fmt::Debug for SealedFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealedFile").field("len", &self.0.len).finish()
    }
}

impl SealedFile {
    /// Opens a sealed file. One that is cut short, or sealed to another key, is `InvalidData`.
    pub(crate) fn open(path: &Path, key: &Identity) -> io::Result<Self> {
        let file = Arc::new(File::open(path)?);
        let mut first = stream(file.clone(), key)?;
        // The end says of itself that it is the end: a file that was cut off does not get further.
        let len = first.seek(SeekFrom::End(0))?;
        first.seek(SeekFrom::Start(0))?;
        let idle = Mutex::new(vec![first]);
        Ok(SealedFile(Arc::new(Opened { id: next_id(), file, key: key.clone(), len, idle, recent: Recent::default() })))
    }

    /// Length of the content.
    pub fn len(&self) -> u64 {
        self.0.len
    }

    /// Says whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.0.len == 0
    }

    /// A reader of the content.
    pub fn reader(&self) -> SealedReader {
        SealedReader { sealed: self.clone(), stream: None, held: None }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Stream>> {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads a [`SealedFile`] and keeps the piece it is in.
pub struct SealedReader {
    sealed: SealedFile,
    stream: Option<Stream>,
    held: Option<(usize, Block)>,
}

impl std::fmt::Debug for SealedReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealedReader").finish_non_exhaustive()
    }
}

impl SealedReader {
    /// Reads some bytes at a place; none at the end.
    pub fn read_at(&mut self, buffer: &mut [u8], place: u64) -> io::Result<usize> {
        if place >= self.sealed.0.len || buffer.is_empty() {
            return Ok(0);
        }
        let number = usize::try_from(place / PIECE).map_err(io::Error::other)?;
        let piece = self.piece(number)?;
        piece.get((place % PIECE) as usize..).unwrap_or_default().read(buffer)
    }

    fn piece(&mut self, number: usize) -> io::Result<Block> {
        if let Some((held, piece)) = &self.held
            && *held == number
        {
            return Ok(Arc::clone(piece));
        }
        let opened = &self.sealed.0;
        let piece = match opened.recent.get(opened.id, number) {
            Some(piece) => piece,
            None => {
                let piece = Arc::new(self.decode(number)?);
                self.sealed.0.recent.put(self.sealed.0.id, number, &piece);
                piece
            }
        };
        self.held = Some((number, Arc::clone(&piece)));
        Ok(piece)
    }

    fn decode(&mut self, number: usize) -> io::Result<Vec<u8>> {
        let start = number as u64 * PIECE;
        let mut piece = vec![0; self.sealed.0.len.saturating_sub(start).min(PIECE) as usize];
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => {
                let idle = self.sealed.idle().pop();
                none.insert(match idle {
                    Some(stream) => stream,
                    None => stream(self.sealed.0.file.clone(), &self.sealed.0.key)?,
                })
            }
        };
        stream.seek(SeekFrom::Start(start))?;
        stream.read_exact(&mut piece)?;
        Ok(piece)
    }
}

impl Drop for SealedReader {
    fn drop(&mut self) {
        if let Some(stream) = self.stream.take() {
            let mut idle = self.sealed.idle();
            if idle.len() < IDLE {
                idle.push(stream);
            }
        }
    }
}
