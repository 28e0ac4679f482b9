//! Byte ranges that can be read again and again: of a part, or of what was inflated from one.

use crate::unseal::{self, Stream};
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Largest content that is kept in memory.
const IN_MEMORY: u64 = 8 << 20;
static NEXT: AtomicU64 = AtomicU64::new(0);

/// A range of bytes.
#[derive(Clone)]
pub struct View {
    source: Source,
    start: u64,
    length: u64,
}

#[derive(Clone)]
enum Source {
    File(Arc<Held>),
    /// Its content, and the file if it is only a scratch file.
    Sealed(Arc<(Mutex<Stream>, Option<Held>)>),
    Memory(Arc<Vec<u8>>),
}

/// An open file that goes when nobody reads it any more, if it is only a scratch file.
struct Held {
    file: File,
    scratch: Option<PathBuf>,
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(path) = &self.scratch {
            // A scratch file that cannot be removed is a nuisance, not a wrong answer.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Where content may be put aside for a while; in memory alone if there is no such place.
#[derive(Clone, Copy)]
pub struct Scratch<'a> {
    pub folder: Option<&'a Path>,
    /// Whether it is put there sealed, to a key that goes with the process.
    pub sealed: bool,
}

impl View {
    /// Returns a view of a whole file.
    pub fn of_file(file: File, length: u64) -> Self {
        View { source: Source::File(Arc::new(Held { file, scratch: None })), start: 0, length }
    }

    /// Returns a view of the content of a sealed file.
    pub fn of_sealed(mut stream: Stream) -> io::Result<Self> {
        let length = stream.seek(SeekFrom::End(0))?;
        Ok(View { source: Source::Sealed(Arc::new((Mutex::new(stream), None))), start: 0, length })
    }

    /// Takes in what a reader gives, in memory or, if it is long, in a file in `scratch`. More than `limit` bytes
    /// are an error.
    pub fn of_reader(reader: impl Read, limit: u64, scratch: Scratch<'_>) -> io::Result<Self> {
        let mut reader = reader.take(limit.saturating_add(1));
        let mut bytes = Vec::new();
        reader.by_ref().take(IN_MEMORY).read_to_end(&mut bytes)?;
        let mut length = bytes.len() as u64;
        let source;
        if length < IN_MEMORY {
            source = Source::Memory(Arc::new(bytes));
        } else {
            let folder = scratch.folder.ok_or_else(|| io::Error::other("it is too large for memory"))?;
            let mut held = create(folder)?;
            if scratch.sealed {
                let key = age::x25519::Identity::generate();
                let recipient = key.to_public();
                let encryptor = age::Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient));
                let mut sealed = encryptor.map_err(io::Error::other)?.wrap_output(&held.file)?;
                sealed.write_all(&bytes)?;
                drop(bytes);
                length += io::copy(&mut reader, &mut sealed)?;
                sealed.finish()?;
                held.file.seek(SeekFrom::Start(0))?;
                let stream = unseal::stream(held.file.try_clone()?, &key)?;
                source = Source::Sealed(Arc::new((Mutex::new(stream), Some(held))));
            } else {
                held.file.write_all(&bytes)?;
                drop(bytes);
                length += io::copy(&mut reader, &mut held.file)?;
                source = Source::File(Arc::new(held));
            }
        }
        if length > limit {
            return Err(io::Error::new(ErrorKind::InvalidData, format!("it is longer than {limit} bytes")));
        }
        Ok(View { source, start: 0, length })
    }

    /// Returns a range of this view, if it lies within.
    pub fn range(&self, offset: u64, length: u64) -> Option<View> {
        let fits = offset.checked_add(length)? <= self.length;
        fits.then(|| View { source: self.source.clone(), start: self.start + offset, length })
    }

    /// Returns a reader from the beginning.
    pub fn reader(&self) -> ViewReader {
        ViewReader { view: self.clone(), position: 0 }
    }

    /// Returns whether the bytes begin with some others.
    pub fn starts_with(&self, bytes: &[u8]) -> bool {
        let mut first = vec![0; bytes.len()];
        self.reader().read_exact(&mut first).is_ok() && first == bytes
    }
}

fn create(folder: &Path) -> io::Result<Held> {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let path = folder.join(format!("glasshouse-verify-{}-{number}", std::process::id()));
    let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path)?;
    Ok(Held { file, scratch: Some(path) })
}

/// Reads a view from its beginning to its end.
pub struct ViewReader {
    view: View,
    position: u64,
}

impl Read for ViewReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let left = self.view.length - self.position;
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(out.len());
        let out = out.get_mut(..wanted).unwrap_or_default();
        let place = self.view.start + self.position;
        let count = match &self.view.source {
            Source::Memory(bytes) => {
                let bytes = usize::try_from(place).ok().and_then(|place| bytes.get(place..)).unwrap_or_default();
                (&*bytes).read(out)?
            }
            Source::Sealed(sealed) => {
                let mut stream = sealed.0.lock().unwrap_or_else(PoisonError::into_inner);
                stream.seek(SeekFrom::Start(place))?;
                stream.read(out)?
            }
            Source::File(held) => {
                let mut file = &held.file;
                file.seek(SeekFrom::Start(place))?;
                file.read(out)?
            }
        };
        self.position += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_content_goes_to_a_file_that_goes_away() {
        let folder = tempfile::tempdir().expect("a folder");
        let names = || std::fs::read_dir(folder.path()).expect("a folder").count();
        let size = IN_MEMORY + 5;
        for sealed in [false, true] {
            let here = Scratch { folder: Some(folder.path()), sealed };
            let nowhere = Scratch { folder: None, sealed };
            let view = View::of_reader(io::repeat(7).take(size), size, here).expect("fits");
            assert_eq!(names(), 1);
            let file = std::fs::read_dir(folder.path()).expect("a folder").next().expect("a file").expect("a file");
            let clear = std::fs::read(file.path()).expect("read").windows(64).any(|w| w == [7; 64]);
            assert_eq!(clear, !sealed);
            let mut last = Vec::new();
            view.range(size - 3, 3).expect("within").reader().read_to_end(&mut last).expect("reads");
            assert_eq!(last, [7; 3]);
            assert!(view.range(size - 3, 4).is_none() && view.range(u64::MAX, 1).is_none());
            drop(view);
            assert_eq!(names(), 0);
            assert!(View::of_reader(io::repeat(7), size, here).is_err());
            assert!(View::of_reader(io::repeat(7), 10, nowhere).is_err());
            assert!(View::of_reader(io::repeat(7).take(size), size, nowhere).is_err());
        }
        assert_eq!(names(), 0);
    }
}
