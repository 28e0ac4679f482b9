//! Sealed files that are read at any place.

use super::Identity;
use super::pieces::{PIECE, Pieces, TAG, begin_reading};
use crate::blocks::{Block, Recent, next_id};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

/// Longest header that is taken into memory at once; a longer one is read piece by piece.
const HEADER: usize = 1 << 10;

/// The beginning of a sealed file. The header is parsed byte by byte, hence from memory.
struct Beginning<'a> {
    file: &'a File,
    head: Vec<u8>,
    at: u64,
}

impl<'a> Beginning<'a> {
    fn of(file: &'a File) -> io::Result<Self> {
        let mut head = vec![0; HEADER];
        let mut have = 0;
        while let Some(rest) = head.get_mut(have..).filter(|rest| !rest.is_empty()) {
            match file.read_at(rest, have as u64)? {
                0 => break,
                n => have += n,
            }
        }
        head.truncate(have);
        Ok(Beginning { file, head, at: 0 })
    }
}

impl Read for Beginning<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let held = usize::try_from(self.at).ok().and_then(|at| self.head.get(at..)).unwrap_or_default();
        let n = if held.is_empty() { self.file.read_at(buffer, self.at)? } else { (&*held).read(buffer)? };
        self.at += n as u64;
        Ok(n)
    }
}

/// A sealed file whose content many readers share. Cheap to clone.
#[derive(Clone)]
pub struct SealedFile(Arc<Opened>);

struct Opened {
    /// Tells files apart that share their recent pieces.
    id: u64,
    file: File,
    pieces: Pieces,
    /// Where the pieces begin, how long they are together, and the content that is in them.
    start: u64,
    sealed: u64,
    len: u64,
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
        let file = File::open(path)?;
        let mut beginning = Beginning::of(&file)?;
        let pieces = begin_reading(&mut beginning, key)?;
        let start = beginning.at;
        let sealed = file.metadata()?.len().saturating_sub(start);
        let count = sealed.div_ceil((PIECE + TAG) as u64);
        let len = sealed.saturating_sub(count * TAG as u64);
        let opened = Opened { id: next_id(), file, pieces, start, sealed, len, recent: Recent::default() };
        let file = SealedFile(Arc::new(opened));
        // The end says of itself that it is the end: a file that was cut off does not get further.
        file.piece(count.saturating_sub(1))?;
        Ok(file)
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
        SealedReader { sealed: self.clone(), held: None, at: 0 }
    }

    fn piece(&self, number: u64) -> io::Result<Block> {
        let place = usize::try_from(number).map_err(io::Error::other)?;
        self.0.recent.block(self.0.id, place, || {
            let start = number * (PIECE + TAG) as u64;
            let length = self.0.sealed.saturating_sub(start).min((PIECE + TAG) as u64);
            let mut piece = vec![0; length as usize];
            self.0.file.read_exact_at(&mut piece, self.0.start + start)?;
            self.0.pieces.open(number, start + length == self.0.sealed, &mut piece)?;
            Ok(piece)
        })
    }
}

/// Reads a [`SealedFile`] and keeps the piece it is in.
pub struct SealedReader {
    sealed: SealedFile,
    held: Option<(u64, Block)>,
    at: u64,
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
        let number = place / PIECE as u64;
        let piece = match &self.held {
            Some((held, piece)) if *held == number => Arc::clone(piece),
            _ => self.sealed.piece(number)?,
        };
        self.held = Some((number, Arc::clone(&piece)));
        piece.get((place % PIECE as u64) as usize..).unwrap_or_default().read(buffer)
    }

    /// Fills the buffer from a place on.
    pub(crate) fn read_exact_at(&mut self, buffer: &mut [u8], place: u64) -> io::Result<()> {
        self.at = place;
        self.read_exact(buffer)
    }
}

/// Reads on from where it was, at first from the beginning.
impl Read for SealedReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.read_at(buffer, self.at)?;
        self.at += n as u64;
        Ok(n)
    }
}
