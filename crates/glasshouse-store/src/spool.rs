//! Keeps content that has to be read at any place: small in memory, large as a block file in the cache.

use crate::blocks::{BlockFile, BlockWriter, Recent};
use crate::error::StoreError;
use crate::part::Cache;
use crate::seal::{Identity, Output};
use crate::source::Source;
use std::cell::Cell;
use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;

pub(crate) struct Spool<'a> {
    cache: &'a Path,
    /// What copies in the cache are sealed with.
    key: Option<&'a Identity>,
    progress: &'a dyn Fn(u64),
    done: Cell<u64>,
    recent: Recent,
}

/// What became of content.
pub(crate) enum Spooled {
    /// It can be read; `broken` says why it is not whole.
    Kept { source: Source, broken: Option<String> },
    /// It is larger than the room there is.
    TooLarge,
}

impl<'a> Spool<'a> {
    pub(crate) fn new(cache: Cache<'a>, progress: &'a dyn Fn(u64)) -> Self {
        Self { cache: cache.folder, key: cache.seal, progress, done: Cell::new(0), recent: Recent::default() }
    }

    /// Counts what is read through it as progress.
    pub(crate) fn counted<R: Read>(&self, inner: R) -> Counted<'_, 'a, R> {
        Counted { inner, spool: self }
    }

    fn advance(&self, bytes: u64) {
        let done = self.done.get() + bytes;
        self.done.set(done);
        (self.progress)(done);
    }

    /// Reads `content` to its end and keeps it: in memory up to `memory` bytes, else in the cache under
    /// `name`, where a finished copy of an earlier run is taken instead.
    pub(crate) fn keep(
        &self,
        mut content: Box<dyn Read + '_>,
        name: &str,
        room: u64,
        memory: u64,
        count: bool,
    ) -> Result<Spooled, StoreError> {
        let path = self.cache.join(format!("{name}.blocks"));
        if let Ok(blocks) = BlockFile::open(&path, self.key) {
            if blocks.len() > room {
                return Ok(Spooled::TooLarge);
            }
            self.advance(if count { blocks.len() } else { 0 });
            let source = Source::blocks(blocks.sharing(&self.recent));
            return Ok(Spooled::Kept { source, broken: None });
        }
        let mut held = Vec::new();
        let mut file: Option<BlockWriter<Output>> = None;
        let mut buffer = vec![0; 1 << 17];
        let unfinished = self.cache.join(format!("{name}.unfinished"));
        let failed = |e| StoreError::io(&unfinished, "write", e);
        let mut len = 0;
        let broken = loop {
            let n = match content.read(&mut buffer) {
                Ok(0) => break None,
                Ok(n) => n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => break Some(e.to_string()),
            };
            len += n as u64;
            if len > room {
                drop(file);
                // The file may never have been begun.
                let _ = fs::remove_file(&unfinished);
                return Ok(Spooled::TooLarge);
            }
            if count {
                self.advance(n as u64);
            }
            let chunk = buffer.get(..n).unwrap_or_default();
            if file.is_none() && len <= memory {
                held.extend_from_slice(chunk);
                continue;
            }
            let writer = match &mut file {
                Some(writer) => writer,
                none => {
                    fs::create_dir_all(self.cache).map_err(failed)?;
                    let new = Output::create(&unfinished, self.key).map_err(failed)?;
                    let new = BlockWriter::new(new).map_err(failed)?;
                    let writer = none.insert(new);
                    writer.write_all(&held).map_err(failed)?;
                    held = Vec::new();
                    writer
                }
            };
            writer.write_all(chunk).map_err(failed)?;
        };
        let Some(writer) = file else {
            let source = Source::memory(held);
            return Ok(Spooled::Kept { source, broken });
        };
        // The name must not reach the disk before the content does.
        writer.finish().and_then(Output::finish).and_then(|file| file.sync_data()).map_err(failed)?;
        // A copy that is not whole keeps another name, so that the next run notices the damage again.
        let path = match broken {
            Some(_) => self.cache.join(format!("{name}.damaged")),
            None => path,
        };
        fs::rename(&unfinished, &path).map_err(failed)?;
        let blocks = BlockFile::open(&path, self.key).map_err(|e| StoreError::io(&path, "open", e))?;
        let source = Source::blocks(blocks.sharing(&self.recent));
        Ok(Spooled::Kept { source, broken })
    }
}

/// Counts what is read as progress.
pub(crate) struct Counted<'s, 'a, R> {
    inner: R,
    spool: &'s Spool<'a>,
}

impl<R: Read> Read for Counted<'_, '_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.spool.advance(n as u64);
        Ok(n)
    }
}
