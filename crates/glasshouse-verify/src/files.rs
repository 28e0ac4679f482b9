//! Reads files of a case that nobody trusts: no link is followed, nothing but a regular file is opened, no name
//! leads out of the folder, and no read is longer than the caller expects.

use glasshouse_layout::hex;
use ring::digest::{Context, SHA256};
use std::fs::{File, Metadata};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Longest path that an event may mention.
const MAX_PATH: usize = 4096;
const BUFFER: usize = 1 << 20;

/// Why a file of the case cannot be used.
#[derive(Debug, Error)]
pub enum FileError {
    #[error("it is not there")]
    Missing,
    #[error("{0} is a symbolic link, which a case never holds; it is not followed")]
    Link(String),
    #[error("it is not a regular file")]
    NotAFile,
    #[error("it has {size} bytes, more than the {limit} that such a file may have")]
    TooLong { size: u64, limit: u64 },
    #[error("it cannot be read: {0}")]
    Io(io::Error),
}

impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => FileError::Missing,
            _ => FileError::Io(error),
        }
    }
}

/// The folder of a case.
#[derive(Clone, Debug)]
pub struct Root(PathBuf);

impl Root {
    /// Returns the folder at `path`; that path itself may be a link, since the person who verifies gave it.
    pub fn new(path: &Path) -> Self {
        Root(path.to_path_buf())
    }

    /// Returns where a path of the case is. Only for names that come from the disk or from `layout`.
    pub fn join(&self, path: &str) -> PathBuf {
        self.0.join(path)
    }

    /// Opens a file of the case.
    pub fn open(&self, path: &str) -> Result<(File, u64), FileError> {
        let mut place = self.0.clone();
        let mut seen = None;
        for name in path.split('/') {
            place.push(name);
            let metadata = place.symlink_metadata()?;
            if metadata.is_symlink() {
                let link = place.strip_prefix(&self.0).unwrap_or(&place);
                return Err(FileError::Link(link.display().to_string()));
            }
            seen = Some(metadata);
        }
        let seen = seen.filter(Metadata::is_file).ok_or(FileError::NotAFile)?;
        let file = File::open(&place)?;
        let opened = file.metadata()?;
        if !same_file(&seen, &opened) {
            return Err(FileError::NotAFile);
        }
        Ok((file, opened.len()))
    }

    /// Reads a small file of the case whole.
    pub fn read(&self, path: &str, limit: u64) -> Result<Vec<u8>, FileError> {
        let (file, size) = self.open(path)?;
        if size > limit {
            return Err(FileError::TooLong { size, limit });
        }
        let mut bytes = Vec::new();
        let size = file.take(limit + 1).read_to_end(&mut bytes)? as u64;
        if size > limit {
            return Err(FileError::TooLong { size, limit });
        }
        Ok(bytes)
    }
}

/// Opens a file outside the case, at the place where an event says that it was left.
pub fn open_external(place: &Path) -> Result<(File, u64), FileError> {
    // What is asked before it is opened: opening a pipe would wait for ever.
    if !place.metadata()?.is_file() {
        return Err(FileError::NotAFile);
    }
    let file = File::open(place)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(FileError::NotAFile);
    }
    Ok((file, metadata.len()))
}

/// Returns the SHA-256 of what a reader gives, hexadecimal, and its length. Stops at one byte past `limit`.
pub fn hash(reader: impl Read, limit: u64) -> io::Result<(String, u64)> {
    let mut reader = reader.take(limit.saturating_add(1));
    let mut context = Context::new(&SHA256);
    let mut buffer = vec![0; BUFFER];
    let mut length = 0;
    loop {
        let count = match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        context.update(buffer.get(..count).unwrap_or_default());
        length += count as u64;
    }
    Ok((hex(context.finish()), length))
}

/// Returns whether a path from an event is one that can lie in a case: relative, plain names, no way up.
pub fn is_plain(path: &str) -> bool {
    let plain = |name: &str| !name.is_empty() && name != "." && name != "..";
    path.len() <= MAX_PATH
        && path.split('/').all(plain)
        && !path.contains(|c: char| c == '\\' || c == ':' || c.is_control())
}

#[cfg(unix)]
fn same_file(a: &Metadata, b: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    b.is_file() && a.dev() == b.dev() && a.ino() == b.ino()
}

#[cfg(not(unix))]
fn same_file(_: &Metadata, b: &Metadata) -> bool {
    b.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_lead_out_are_not_plain() {
        for path in ["case.toml", "runs/r0001/segments/000000/text/a.b.idx", "evidence/s0001/…"] {
            assert!(is_plain(path), "{path}");
        }
        let long = "a".repeat(5000);
        for path in ["", "/etc/passwd", "a/../b", "..", "a//b", "a/", "./a", "c:/x", "a\\b", "a\0b", "a\nb", &long] {
            assert!(!is_plain(path), "{path}");
        }
    }

    #[test]
    fn hashing_stops_at_the_limit() {
        let (hash_of_all, length) = hash(&b"abc"[..], 3).expect("reads");
        assert_eq!((hash_of_all, length), (hex(glasshouse_layout::sha256(b"abc")), 3));
        assert_eq!(hash(io::repeat(7), 10).expect("reads").1, 11);
    }

    #[cfg(unix)]
    #[test]
    fn links_and_folders_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("inner")).expect("a folder");
        std::fs::write(folder.path().join("inner/file"), b"abc").expect("a file");
        std::os::unix::fs::symlink(folder.path().join("inner"), folder.path().join("link")).expect("a link");
        let root = Root::new(folder.path());
        assert_eq!(root.read("inner/file", 3).expect("reads"), b"abc");
        assert!(matches!(root.read("inner/file", 2), Err(FileError::TooLong { size: 3, limit: 2 })));
        assert!(matches!(root.open("link/file"), Err(FileError::Link(link)) if link == "link"));
        assert!(matches!(root.open("inner"), Err(FileError::NotAFile)));
        assert!(matches!(root.open("inner/other"), Err(FileError::Missing)));
        assert!(matches!(root.open("inner/file/x"), Err(FileError::Missing)));
    }
}
