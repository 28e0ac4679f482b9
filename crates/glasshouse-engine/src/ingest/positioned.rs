//! An entry at any place, for parsers whose items lie scattered over it, and for whoever looks at one of those.
//!
//! What lies unpacked in its part is read there. What is packed has to be unpacked once: into memory if it is
//! small, else into a copy of small blocks. Places where inflating can begin are too far apart for items that are
//! read one after the other all over an entry.

use super::reading::Reading;
use super::work::Work;
use crate::EngineError;
use glasshouse_model::EntryId;
use glasshouse_providers::Positioned;
use glasshouse_store::seal::{Identity, Output};
use glasshouse_store::{BlockFile, BlockReader, BlockWriter, Part, Window};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};

/// Packed entries up to this length are unpacked into memory.
const IN_MEMORY: u64 = 64 << 20;

/// The bytes of one entry.
pub(crate) enum Bytes {
    Window(Window),
    Memory(Vec<u8>),
    /// With the file to remove when nobody reads it any more.
    Blocks(Mutex<BlockReader>, u64, Option<PathBuf>),
}

impl Bytes {
    /// Returns the bytes of an entry that need no unpacking, here or in a copy made before.
    pub(crate) fn at_hand(
        case: &Path,
        part: &Part,
        index: usize,
        entry: EntryId,
        key: Option<&Identity>,
    ) -> Option<Self> {
        if let Some(window) = part.window(index) {
            return Some(Bytes::Window(window));
        }
        Self::copied(&super::seekable_copy(case, entry), key, None)
    }

    fn copied(path: &Path, key: Option<&Identity>, remove: Option<PathBuf>) -> Option<Self> {
        let file = BlockFile::open(path, key).ok()?;
        Some(Bytes::Blocks(Mutex::new(file.reader()), file.len(), remove))
    }

    /// Unpacks an entry that is short enough for memory.
    pub(crate) fn unpacked(reader: impl Read) -> io::Result<Option<Self>> {
        let mut bytes = Vec::new();
        reader.take(IN_MEMORY + 1).read_to_end(&mut bytes)?;
        Ok((bytes.len() as u64 <= IN_MEMORY).then_some(Bytes::Memory(bytes)))
    }
}

impl Positioned for Bytes {
    fn size(&self) -> u64 {
        match self {
            Bytes::Window(window) => window.len(),
            Bytes::Memory(bytes) => bytes.size(),
            Bytes::Blocks(_, length, _) => *length,
        }
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> usize {
        match self {
            // A part that cannot be read is found by whoever hashes it; the parser sees that bytes are missing.
            Bytes::Window(window) => window.read_at(offset, buffer).unwrap_or(0),
            Bytes::Memory(bytes) => bytes.read_at(offset, buffer),
            Bytes::Blocks(reader, ..) => {
                let mut reader = reader.lock().unwrap_or_else(PoisonError::into_inner);
                if reader.seek(SeekFrom::Start(offset)).is_err() {
                    return 0;
                }
                let mut done = 0;
                while let Some(rest) = buffer.get_mut(done..).filter(|rest| !rest.is_empty()) {
                    match reader.read(rest) {
                        Ok(0) => break,
                        Ok(n) => done += n,
                        Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                        Err(_) => break,
                    }
                }
                done
            }
        }
    }
}

impl Drop for Bytes {
    fn drop(&mut self) {
        if let Bytes::Blocks(_, _, Some(path)) = self {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Opens an entry for a claim that reads it at any place; none if it cannot be read at all.
pub(super) fn open(work: &Work<'_>, entry: EntryId) -> Result<Option<Bytes>, EngineError> {
    let Some((part, index)) = work.evidence.find(entry) else { return Ok(None) };
    let key = part.seal.as_ref();
    if let Some(bytes) = Bytes::at_hand(work.case.root(), &part.part, index, entry, key) {
        return Ok(Some(bytes));
    }
    let mut reading = Reading::looking(work, entry);
    let mut bytes = Vec::new();
    let mut buffer = vec![0; 256 << 10];
    loop {
        let n = reading.read(&mut buffer)?;
        bytes.extend_from_slice(&buffer[..n]);
        if n == 0 {
            return Ok(Some(Bytes::Memory(bytes)));
        }
        if bytes.len() as u64 > IN_MEMORY {
            break;
        }
    }
    // Where limits are in force no copy in clear stays behind; the name differs from that of the copy that stays.
    let copy = super::seekable_copy(work.case.root(), entry);
    let keep = work.limits.are_none() || key.is_some();
    let beside = copy.with_extension(if keep { "positioned" } else { "passing" });
    let failed = |e: io::Error| EngineError::io(&beside, "write", e);
    if let Some(folder) = beside.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut writer = BlockWriter::new(Output::create(&beside, key).map_err(failed)?).map_err(failed)?;
    writer.write_all(&bytes).map_err(failed)?;
    drop(bytes);
    loop {
        let n = reading.read(&mut buffer)?;
        if n == 0 {
            break;
        }
        writer.write_all(&buffer[..n]).map_err(failed)?;
        if work.progress.stop.load(Ordering::Relaxed) {
            let _ = std::fs::remove_file(&beside);
            return Ok(None);
        }
    }
    writer.finish().and_then(Output::finish).map_err(failed)?;
    // The beginning of an entry that breaks off is no copy of it.
    if keep && reading.problem.is_none() {
        std::fs::rename(&beside, &copy).map_err(failed)?;
        return Ok(Bytes::copied(&copy, key, None));
    }
    Ok(Bytes::copied(&beside, key, Some(beside.clone())))
}
