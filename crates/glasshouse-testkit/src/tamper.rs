//! Small damages for tests: what a reader or a proof must notice.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Turns one bit of a file around: bit `bit % 8` of the byte at `offset`.
///
/// Twice the same call leaves the file as it was.
pub fn flip_bit(path: &Path, offset: u64, bit: u8) -> io::Result<()> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let mut byte = [0];
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(&mut byte)?;
    file.seek(SeekFrom::Start(offset))?;
    file.write_all(&[byte[0] ^ (1 << (bit % 8))])
}

/// Cuts a file to its first `size` bytes; a size beyond its end is an error.
pub fn truncate(path: &Path, size: u64) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(path)?;
    if size > file.metadata()?.len() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the file is shorter than that"));
    }
    file.set_len(size)
}

/// Gives each of two files the other's name. They must lie on one file system.
pub fn swap(one: &Path, other: &Path) -> io::Result<()> {
    let mut aside = one.as_os_str().to_owned();
    aside.push(".swap");
    let aside = Path::new(&aside);
    if aside.exists() {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "a file is in the way"));
    }
    fs::rename(one, aside)?;
    fs::rename(other, one)?;
    fs::rename(aside, other)
}

/// Writes bytes after a file's end.
pub fn append(path: &Path, bytes: &[u8]) -> io::Result<()> {
    OpenOptions::new().append(true).open(path)?.write_all(bytes)
}
