//! The newest looks, written ahead: one file brings them to the disk, and the files of the log follow in their own time.
//!
//! A look has to be on the disk before its answer, and to bring five files and their folders there takes several
//! times as long as to bring one. What is written here is written in its place as well, so that nobody else needs
//! this file: it is for a power cut, after which the log is put together again from here.

use crate::StoreError;
use glasshouse_layout::{hex, paths, sha256};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Longest file; beyond it everything is brought to the disk, and it begins anew.
const MOST: u64 = 4 << 20;

/// The state that what follows is added to: all of it is on the disk in its place.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Begin {
    /// Since when the system runs. What was written since then is seen by everybody, on the disk or not.
    pub(crate) boot: String,
    pub(crate) size: u64,
    pub(crate) checkpoint: String,
}

/// Events that were written together, and the checkpoint over them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Commit {
    pub(crate) events: Vec<Kept>,
    pub(crate) checkpoint: String,
}

/// The files of one event.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) leaf: String,
    pub(crate) payload: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sealed: Option<String>,
}

/// The file, and what it holds.
pub(crate) struct Ahead {
    path: PathBuf,
    /// Size of the log that it begins with, if it holds anything.
    base: Option<u64>,
    len: u64,
    file: Option<File>,
}

impl Ahead {
    /// Returns that of a case, as if it were empty.
    pub(crate) fn none(case: &Path) -> Self {
        Ahead { path: case.join(paths::AHEAD), base: None, len: 0, file: None }
    }

    /// Reads what a case has; a line that was not written to its end was never answered, and ends it.
    pub(crate) fn read(case: &Path) -> Result<(Self, Option<(Begin, Vec<Commit>)>), StoreError> {
        let mut ahead = Ahead::none(case);
        let bytes = match fs::read(&ahead.path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok((ahead, None)),
            Err(e) => return Err(StoreError::io(&ahead.path, "read", e)),
        };
        let mut rest = bytes.as_slice();
        let Some(begin) = next::<Begin>(&mut rest) else { return Ok((ahead, None)) };
        let commits: Vec<Commit> = std::iter::from_fn(|| next(&mut rest)).collect();
        (ahead.base, ahead.len) = (Some(begin.size), (bytes.len() - rest.len()) as u64);
        Ok((ahead, Some((begin, commits))))
    }

    /// Returns the size of the log that is on the disk in its place, if there is more.
    pub(crate) fn base(&self) -> Option<u64> {
        self.base
    }

    /// Says whether more can be added.
    pub(crate) fn has_room(&self) -> bool {
        self.len < MOST
    }

    /// Adds events; `begin` is the state before them. When it returns, they are on the disk.
    ///
    /// If it fails, it is as before.
    pub(crate) fn push(&mut self, begin: impl FnOnce() -> Begin, commit: &Commit) -> Result<u64, StoreError> {
        let before = self.len;
        let begin = self.base.is_none().then(begin);
        let mut lines = Vec::new();
        begin.iter().try_for_each(|begin| line(&mut lines, begin))?;
        line(&mut lines, commit)?;
        let failed = |path: &Path, e| StoreError::io(path, "write", e);
        let file = match &mut self.file {
            Some(file) => file,
            none => {
                let new = !self.path.exists();
                let file = OpenOptions::new().append(true).create(true).open(&self.path);
                let file = file.map_err(|e| failed(&self.path, e))?;
                // A line that was cut off, or lines of a log that has everything in its place.
                file.set_len(before).map_err(|e| failed(&self.path, e))?;
                if new {
                    crate::files::sync_folder(self.path.parent().unwrap_or(&self.path))?;
                }
                none.insert(file)
            }
        };
        if let Err(e) = file.write_all(&lines).and_then(|()| file.sync_data()) {
            let _ = file.set_len(before);
            return Err(failed(&self.path, e));
        }
        self.len += lines.len() as u64;
        self.base = self.base.or(begin.map(|b| b.size));
        Ok(before)
    }

    /// Takes back what was added last.
    pub(crate) fn take_back(&mut self, before: u64) {
        if let Some(file) = self.file.as_ref().filter(|file| file.set_len(before).is_ok()) {
            let _ = file.sync_data();
            self.len = before;
            self.base = self.base.filter(|_| before > 0);
        }
    }

    /// Empties it: everything is on the disk in its place.
    pub(crate) fn clear(&mut self) -> Result<(), StoreError> {
        if self.path.exists() {
            let failed = |e| StoreError::io(&self.path, "empty", e);
            let file = OpenOptions::new().write(true).open(&self.path).map_err(failed)?;
            file.set_len(0).and_then(|()| file.sync_data()).map_err(failed)?;
        }
        *self = Ahead { path: std::mem::take(&mut self.path), base: None, len: 0, file: None };
        Ok(())
    }
}

/// Returns what tells this start of the system from others; nothing where the system does not say.
pub(crate) fn boot() -> Option<String> {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(id.trim().to_owned()).filter(|id| !id.is_empty())
}

/// Writes a line: the hash of what follows, and it.
pub(crate) fn line(out: &mut Vec<u8>, what: &impl Serialize) -> Result<(), StoreError> {
    let json = serde_json::to_string(what).map_err(|e| StoreError::other(e.to_string()))?;
    out.extend_from_slice(format!("{} {json}\n", hex(sha256(json.as_bytes()))).as_bytes());
    Ok(())
}

/// Takes a line off, if it is whole.
fn next<T: DeserializeOwned>(rest: &mut &[u8]) -> Option<T> {
    let end = rest.iter().position(|b| *b == b'\n')?;
    let (line, after) = (rest.get(..end)?, rest.get(end + 1..)?);
    let (hash, json) = (line.get(..64)?, line.get(65..)?);
    if hash != hex(sha256(json)).as_bytes() {
        return None;
    }
    let read = serde_json::from_slice(json).ok()?;
    *rest = after;
    Some(read)
}
