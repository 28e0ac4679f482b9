//! Noting places while an entry is inflated.

use super::{END_MAGIC, LONGEST, MAGIC, Row, SPACING, WINDOW, resume};
use crate::checked::Checked;
use crate::inflate::Inflater;
use crate::seal::{Identity, Output};
use crc32fast::Hasher;
use std::fs;
use std::io::{self, BufRead, Read, Write};
use std::path::{Path, PathBuf};
use zlib_rs::{InflateFlush, Status};
use zstd::bulk::Compressor;
use zstd::zstd_safe::CParameter;

/// Content that has to come out the same where a place is tried.
const PROOF: usize = 1 << 10;
/// Packed bytes that are kept for it.
const PACKED: usize = 128 << 10;

/// Notes about one entry, written as it is inflated. They are a convenience: what hinders them ends them, and the
/// entry is inflated from its beginning when it is looked at.
pub(crate) struct Notes {
    file: Option<Unfinished>,
    spacing: u64,
    longest: u64,
    rows: Vec<u8>,
    /// The place that the present span begins at.
    place: Row,
    /// Of the present span.
    crc: Hasher,
    since: u64,
    /// Of the whole entry: what was read of it, what came out, and the last byte read.
    packed: u64,
    content: u64,
    last: u8,
    /// The newest content, once a place is near.
    tail: Vec<u8>,
    next: Option<Next>,
}

/// A boundary that was met; what follows it tells at which bit it is.
struct Next {
    packed_at: u64,
    content_at: u64,
    last: u8,
    before: Vec<u8>,
    packed: Vec<u8>,
    content: Vec<u8>,
    /// Of the span that it ends.
    crc: Hasher,
}

struct Unfinished {
    /// None once it was finished.
    out: Option<Output>,
    compressor: Compressor<'static>,
    beside: PathBuf,
    path: PathBuf,
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if self.out.take().is_some() {
            // Notes that were not finished are of no use.
            let _ = fs::remove_file(&self.beside);
        }
    }
}

impl Notes {
    /// Begins notes that get this name when they are finished, in clear or sealed.
    pub(crate) fn begin(path: &Path, key: Option<&Identity>) -> io::Result<Self> {
        Self::spaced(path, key, SPACING, LONGEST)
    }

    pub(super) fn spaced(path: &Path, key: Option<&Identity>, spacing: u64, longest: u64) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut compressor = Compressor::new(1)?;
        compressor.set_parameter(CParameter::ChecksumFlag(true))?;
        let beside = path.with_extension("new");
        let out = Some(Output::create(&beside, key)?);
        let mut file = Unfinished { out, compressor, beside, path: path.to_path_buf() };
        file.write(MAGIC)?;
        Ok(Notes {
            file: Some(file),
            spacing,
            longest,
            rows: Vec::new(),
            place: Row { bit: 0, at: 0, window: 0, crc: 0 },
            crc: Hasher::new(),
            since: 0,
            packed: 0,
            content: 0,
            last: 0,
            tail: Vec::new(),
            next: None,
        })
    }

    /// Says whether the next boundary is to be a place.
    pub(crate) fn wanted(&self) -> bool {
        self.file.is_some() && self.next.is_none() && self.since >= self.spacing
    }

    /// Takes what was inflated in one step, and whether that ended at a boundary between two blocks.
    pub(crate) fn passed(&mut self, packed: &[u8], content: &[u8], boundary: bool) {
        if self.file.is_none() {
            return;
        }
        self.last = packed.last().copied().unwrap_or(self.last);
        self.packed += packed.len() as u64;
        self.content += content.len() as u64;
        self.since += content.len() as u64;
        self.crc.update(content);
        if self.since > self.longest {
            return self.give_up();
        }
        if self.since + WINDOW as u64 >= self.spacing {
            self.remember(content);
        }
        if let Some(next) = &mut self.next {
            next.take(packed, content);
            if next.content.len() == PROOF {
                self.settle(false);
            }
        } else if boundary {
            self.next = Some(self.boundary());
        }
    }

    fn remember(&mut self, content: &[u8]) {
        let new = content.len().min(WINDOW);
        if self.tail.len() + new > 4 * WINDOW {
            self.tail.drain(..self.tail.len().saturating_sub(WINDOW));
        }
        self.tail.extend_from_slice(content.get(content.len() - new..).unwrap_or_default());
    }

    fn boundary(&mut self) -> Next {
        let mut before = std::mem::take(&mut self.tail);
        self.since = 0;
        before.drain(..before.len().saturating_sub(WINDOW));
        Next {
            packed_at: self.packed,
            content_at: self.content,
            last: self.last,
            before,
            packed: Vec::new(),
            content: Vec::new(),
            crc: std::mem::take(&mut self.crc),
        }
    }

    /// Makes a boundary a place, or gives up if it cannot be told at which bit it is.
    fn settle(&mut self, ended: bool) {
        let (Some(next), Some(file)) = (self.next.take(), &mut self.file) else { return };
        let window = next.bit(ended).and_then(|bit| Some((bit, file.keep(&next.before).ok()?)));
        let Some((bit, window)) = window else { return self.give_up() };
        self.rows.extend(Row { crc: next.crc.finalize(), ..self.place }.bytes());
        self.place = Row { bit, at: next.content_at, window, crc: 0 };
    }

    fn give_up(&mut self) {
        (self.file, self.next) = (None, None);
        (self.tail, self.rows) = (Vec::new(), Vec::new());
    }

    /// Finishes the notes, when the entry has come to its end and is what its container states.
    fn finish(mut self) {
        match &mut self.next {
            Some(next) if next.content.is_empty() => {
                // Nothing begins at the last boundary of all.
                next.crc.combine(&self.crc);
                self.crc = std::mem::take(&mut next.crc);
            }
            _ => self.settle(true),
        }
        let Some(file) = self.file.take() else { return };
        self.rows.extend(Row { crc: self.crc.finalize(), ..self.place }.bytes());
        let mut end = self.rows;
        let count = (end.len() / Row::SIZE) as u64;
        for number in [count, self.content, self.packed] {
            end.extend(number.to_le_bytes());
        }
        end.extend(crc32fast::hash(&end).to_le_bytes());
        end.extend(END_MAGIC);
        // Nothing is lost with notes that cannot be written.
        let _ = file.end(&end);
    }
}

impl Next {
    fn take(&mut self, packed: &[u8], content: &[u8]) {
        let room = PACKED.saturating_sub(self.packed.len());
        self.packed.extend_from_slice(packed.get(..room.min(packed.len())).unwrap_or_default());
        let room = PROOF.saturating_sub(self.content.len());
        self.content.extend_from_slice(content.get(..room.min(content.len())).unwrap_or_default());
    }

    /// Returns the bit that it is at: up to seven of the last byte that was read belong to what follows. Where several
    /// lead to the same content (a block that is stored begins at the next byte), any of them does.
    fn bit(&self, ended: bool) -> Option<u64> {
        let bits = self.packed_at.checked_mul(8)?;
        (0..8).map(|unused| bits.saturating_sub(unused)).find(|bit| self.begins_at((bit % 8) as u32, ended))
    }

    fn begins_at(&self, bit: u32, ended: bool) -> bool {
        let Some(mut inflate) = resume(bit, self.last, &self.before) else { return false };
        let before = (inflate.total_in(), inflate.total_out());
        // Room for one byte more shows what goes on where it should have ended.
        let mut found = vec![0; self.content.len() + 1];
        loop {
            let used = (inflate.total_in() - before.0) as usize;
            let made = (inflate.total_out() - before.1) as usize;
            let (Some(packed), Some(room)) = (self.packed.get(used..), found.get_mut(made..)) else { return false };
            let Ok(status) = inflate.decompress(packed, room, InflateFlush::NoFlush) else { return false };
            let now = (inflate.total_out() - before.1) as usize;
            let stuck = (inflate.total_in() - before.0) as usize == used && now == made;
            if status == Status::StreamEnd || stuck || now > self.content.len() {
                let whole = status == Status::StreamEnd && now == self.content.len();
                return (whole || !ended) && found.get(..now).is_some_and(|found| found.starts_with(&self.content));
            }
        }
    }
}

impl Unfinished {
    /// Writes the content before a place, and returns its packed length.
    fn keep(&mut self, before: &[u8]) -> io::Result<u32> {
        let packed = self.compressor.compress(before)?;
        self.write(&packed)?;
        u32::try_from(packed.len()).map_err(io::Error::other)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.as_mut().map_or(Ok(()), |out| out.write_all(bytes))
    }

    /// Writes the end, and gives the file its name.
    fn end(mut self, end: &[u8]) -> io::Result<()> {
        self.write(end)?;
        if let Some(out) = self.out.take() {
            out.finish().and_then(|_| fs::rename(&self.beside, &self.path)).inspect_err(|_| {
                let _ = fs::remove_file(&self.beside);
            })?;
        }
        Ok(())
    }
}

/// Reads a deflated entry, and finishes the notes about it when all of it was read and is sound.
pub(crate) struct Noting<R>(Checked<Inflater<R>>);

impl<R: BufRead> Noting<R> {
    pub(crate) fn new(content: Checked<Inflater<R>>) -> Self {
        Noting(content)
    }
}

impl<R: BufRead> Read for Noting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.0.read(buffer)?;
        if n == 0
            && !buffer.is_empty()
            && let Some(notes) = self.0.inner().take_notes()
        {
            notes.finish();
        }
        Ok(n)
    }
}
