//! Reading one entry: hashed, counted and copied as its bytes go by.

use super::journal::EntryHash;
use super::work::Work;
use crate::EngineError;
use glasshouse_model::EntryId;
use glasshouse_store::seal::Output;
use glasshouse_store::{BlockWriter, Entry};
use std::io::Read;
use std::path::PathBuf;

/// Entries from this size on get a seekable copy if they lie deflated.
const SEEKABLE: u64 = 32 << 20;

/// An entry on its way through: hashed, counted, and copied where it must be seekable.
pub(super) struct Reading<'a> {
    work: &'a Work<'a>,
    pub(super) entry: EntryId,
    reader: Option<Box<dyn Read + Send>>,
    hasher: Option<ring::digest::Context>,
    copy: Option<(BlockWriter<Output>, PathBuf)>,
    size: u64,
    mime: Option<String>,
    pub(super) problem: Option<String>,
    ended: bool,
    /// First bytes that were looked at and not yet handed on.
    ahead: Vec<u8>,
    /// A first look: nothing of it is counted, hashed or copied.
    looking: bool,
}

impl<'a> Reading<'a> {
    /// Opens an entry for a look that leaves no trace.
    pub(super) fn looking(work: &'a Work<'a>, entry: EntryId) -> Self {
        let mut reading = Reading::open(work, entry);
        (reading.hasher, reading.looking) = (None, true);
        if let Some((copy, path)) = reading.copy.take() {
            drop(copy);
            let _ = std::fs::remove_file(path.with_extension("new"));
        }
        reading
    }

    /// Returns up to `most` first bytes; reading starts with them all the same.
    pub(super) fn head(&mut self, most: usize) -> Result<Vec<u8>, EngineError> {
        let mut head = vec![0; most.min(16 << 10)];
        let mut have = 0;
        loop {
            let n = self.read(&mut head[have..])?;
            have += n;
            if n == 0 || have == most {
                break;
            }
            if have == head.len() {
                head.resize(most, 0);
            }
        }
        head.truncate(have);
        self.ahead = head.clone();
        Ok(head)
    }

    pub(super) fn open(work: &'a Work<'a>, entry: EntryId) -> Self {
        let known = work.known.contains(entry.0);
        let mut reading = Reading {
            work,
            entry,
            reader: None,
            hasher: (!known).then(|| ring::digest::Context::new(&ring::digest::SHA256)),
            copy: None,
            size: 0,
            mime: None,
            problem: None,
            ended: false,
            ahead: Vec::new(),
            looking: false,
        };
        match work.evidence.find(entry).map(|(part, index)| (part, index, part.part.read(index))) {
            Some((part, index, Ok(reader))) => {
                reading.reader = Some(reader);
                let seekable = |listed: &Entry<'_>| {
                    listed.size >= SEEKABLE && !matches!(listed.method, "stored" | "file" | "tar") && !listed.encrypted
                };
                if part.entries.get(index).is_some_and(|listed| seekable(&listed)) {
                    let path = super::seekable_copy(work.case.root(), entry);
                    if !path.exists() {
                        reading.copy = path.parent().and_then(|folder| {
                            std::fs::create_dir_all(folder).ok()?;
                            let beside = path.with_extension("new");
                            let copy = Output::create(&beside, part.seal.as_ref()).ok()?;
                            Some((BlockWriter::new(copy).ok()?, path.clone()))
                        });
                    }
                }
            }
            Some((_, _, Err(problem))) => reading.problem = Some(problem.to_string()),
            None => reading.problem = Some("The entry is not in the case.".into()),
        }
        reading
    }

    /// Reads on; zero at the end, and where the entry cannot be read further, which is then noted.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, EngineError> {
        if !self.ahead.is_empty() {
            let n = self.ahead.len().min(buffer.len());
            buffer[..n].copy_from_slice(&self.ahead[..n]);
            self.ahead.drain(..n);
            return Ok(n);
        }
        let Some(reader) = &mut self.reader else { return Ok(0) };
        let n = loop {
            match reader.read(buffer) {
                Ok(n) => break n,
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => {
                    self.problem = Some(format!("The entry cannot be read beyond byte {}: {e}.", self.size));
                    self.reader = None;
                    return Ok(0);
                }
            }
        };
        let bytes = &buffer[..n];
        if n == 0 {
            self.ended = true;
            return Ok(0);
        }
        if self.size == 0 {
            self.mime = infer::get(bytes).map(|kind| kind.mime_type().to_owned());
        }
        if let Some(hasher) = &mut self.hasher {
            hasher.update(bytes);
        }
        if let Some((copy, _)) = &mut self.copy
            && std::io::Write::write_all(copy, bytes).is_err()
        {
            // The copy is a convenience: without room for it the entry is inflated again when it is looked at.
            self.copy = None;
        }
        self.size += n as u64;
        if !self.looking {
            self.work.progress.add_bytes(n as u64);
        }
        Ok(n)
    }

    pub(super) fn finish(self) -> Result<Option<EntryHash>, EngineError> {
        if !self.ended && self.problem.is_none() {
            return Ok(None);
        }
        if let (true, Some((copy, path))) = (self.ended, self.copy)
            && copy.finish().and_then(Output::finish).is_ok()
        {
            let _ = std::fs::rename(path.with_extension("new"), path);
        }
        let Some(hasher) = self.hasher else { return Ok(None) };
        let sha256 = self.ended.then(|| glasshouse_layout::hex(hasher.finish().as_ref()));
        Ok(Some(EntryHash { sha256, mime: self.mime, size: self.size, problem: self.problem }))
    }
}
