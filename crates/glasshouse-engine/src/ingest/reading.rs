//! Reading one entry: hashed and counted as its bytes go by, and made to be read at any place.

use super::journal::EntryHash;
use super::work::Work;
use crate::EngineError;
use glasshouse_model::EntryId;
use glasshouse_store::seal::{Identity, Output};
use glasshouse_store::{BlockWriter, Entry};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Packed entries from this size on are made to be read at any place.
const SEEKABLE: u64 = 32 << 20;

/// An entry on its way through: hashed and counted. Of one that lies deflated it is noted where inflating can begin,
/// and of one that is packed in another way a copy is made.
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
        Reading::begin(work, entry, true)
    }

    pub(super) fn open(work: &'a Work<'a>, entry: EntryId) -> Self {
        Reading::begin(work, entry, false)
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

    fn begin(work: &'a Work<'a>, entry: EntryId, looking: bool) -> Self {
        let hashed = !looking && !work.known.contains(entry.0);
        let mut reading = Reading {
            work,
            entry,
            reader: None,
            hasher: hashed.then(|| ring::digest::Context::new(&ring::digest::SHA256)),
            copy: None,
            size: 0,
            mime: None,
            problem: None,
            ended: false,
            ahead: Vec::new(),
            looking,
        };
        let Some((part, index)) = work.evidence.find(entry) else {
            reading.problem = Some("The entry is not in the case.".into());
            return reading;
        };
        let (copy, places) = (super::seekable_copy(work.case.root(), entry), super::places(work.case.root(), entry));
        let packed = |listed: &Entry<'_>| {
            listed.size >= SEEKABLE && !matches!(listed.method, "stored" | "file" | "tar") && !listed.encrypted
        };
        let listed = part.entries.get(index).filter(|listed| !looking && packed(listed) && !copy.exists());
        let opened = match listed.map(|listed| listed.method) {
            Some("deflate") if !places.exists() => part.part.read_noting(index, &places, part.seal.as_ref()),
            None | Some("deflate") => part.part.read(index),
            Some(_) => {
                reading.copy = begin_copy(&copy, part.seal.as_ref()).map(|writer| (writer, copy));
                part.part.read(index)
            }
        };
        match opened {
            Ok(reader) => reading.reader = Some(reader),
            Err(problem) => reading.problem = Some(problem.to_string()),
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

fn begin_copy(path: &Path, key: Option<&Identity>) -> Option<BlockWriter<Output>> {
    std::fs::create_dir_all(path.parent()?).ok()?;
    BlockWriter::new(Output::create(&path.with_extension("new"), key).ok()?).ok()
}
