//! Writing sealed files: what goes in is hashed, and what comes out of it.

use super::Identity;
use super::pieces::Sealing;
use crate::copy::{beside, free_space, settle};
use crate::error::StoreError;
use ring::digest::{Context, SHA256};
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

/// Seals what is written to it, and hashes both.
pub struct Sealer<W: Write> {
    stream: Sealing<Hashing<W>>,
    content: Context,
    len: u64,
}

/// What a sealed file holds, and what it is itself: lengths, and SHA-256 in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plain {
    pub len: u64,
    pub sha256: String,
    pub sealed_len: u64,
    pub sealed_sha256: String,
}

impl<W: Write> Sealer<W> {
    /// Begins a sealed file.
    pub fn new(out: W, key: &Identity) -> io::Result<Self> {
        let stream = Sealing::begin(Hashing { out, context: Context::new(&SHA256), len: 0 }, key)?;
        Ok(Sealer { stream, content: Context::new(&SHA256), len: 0 })
    }

    /// Writes the end. Without it the file does not open.
    pub fn finish(self) -> io::Result<(W, Plain)> {
        let Hashing { mut out, context, len } = self.stream.finish()?;
        out.flush()?;
        let plain = Plain {
            len: self.len,
            sha256: glasshouse_layout::hex(self.content.finish().as_ref()),
            sealed_len: len,
            sealed_sha256: glasshouse_layout::hex(context.finish().as_ref()),
        };
        Ok((out, plain))
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.stream.write(bytes)?;
        self.content.update(bytes.get(..n).unwrap_or_default());
        self.len += n as u64;
        Ok(n)
    }

    /// Does nothing: what is not a whole piece yet cannot be written.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Hashing<W> {
    out: W,
    context: Context,
    len: u64,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.out.write(bytes)?;
        self.context.update(bytes.get(..n).unwrap_or_default());
        self.len += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// A file of the cache: in clear, or sealed with the key of the part that its content comes from.
pub struct Output(Inner);

enum Inner {
    Clear(BufWriter<File>),
    Sealed(Box<Sealing<BufWriter<File>>>),
}

impl Output {
    /// Begins a file; one that is there is written over.
    pub fn create(path: &Path, key: Option<&Identity>) -> io::Result<Self> {
        let file = BufWriter::with_capacity(1 << 17, File::create(path)?);
        let Some(key) = key else { return Ok(Output(Inner::Clear(file))) };
        Ok(Output(Inner::Sealed(Box::new(Sealing::begin(file, key)?))))
    }

    /// Writes the end, and returns the file.
    pub fn finish(self) -> io::Result<File> {
        let file = match self.0 {
            Inner::Clear(file) => file,
            Inner::Sealed(stream) => stream.finish()?,
        };
        file.into_inner().map_err(io::IntoInnerError::into_error)
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Inner::Clear(file) => file.write(bytes),
            Inner::Sealed(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Inner::Clear(file) => file.flush(),
            // What is not a whole piece yet cannot be written.
            Inner::Sealed(_) => Ok(()),
        }
    }
}

/// Copies a part into a sealed file; its bytes touch no disk in clear.
///
/// As [`crate::copy_part`]: written beside `to`, brought to the disk, and only then given its name.
pub fn copy_sealed(
    from: &Path,
    to: &Path,
    key: &Identity,
    progress: &dyn Fn(u64) -> bool,
) -> Result<Plain, StoreError> {
    let mut source = File::open(from).map_err(|e| StoreError::io(from, "open", e))?;
    let len = source.metadata().map_err(|e| StoreError::io(from, "read", e))?.len();
    write_sealed(to, key, len, |sealer| {
        let failed = |e| StoreError::io(to, "write the sealed copy to", e);
        let mut buffer = vec![0; 1 << 20];
        let mut done = 0;
        loop {
            let n = match source.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(StoreError::io(from, "read", e)),
            };
            sealer.write_all(buffer.get(..n).unwrap_or_default()).map_err(failed)?;
            done += n as u64;
            if !progress(n as u64) {
                return Err(StoreError::Stopped);
            }
        }
        if done == len {
            return Ok(());
        }
        Err(StoreError::Other(format!(
            "{} changed while it was copied: it had {len} bytes, and {done} were read. Copy it again when nothing writes to it.",
            from.display()
        )))
    })
    .map(|(plain, ())| plain)
}

/// Makes a sealed file at `to`, which must not exist, out of what `write` writes.
pub(crate) fn write_sealed<T>(
    to: &Path,
    key: &Identity,
    len: u64,
    write: impl FnOnce(&mut Sealer<BufWriter<File>>) -> Result<T, StoreError>,
) -> Result<(Plain, T), StoreError> {
    if to.exists() {
        return Err(StoreError::io(to, "write the sealed copy to", io::ErrorKind::AlreadyExists.into()));
    }
    let temporary = beside(to);
    let free = free_space(&temporary).unwrap_or(u64::MAX);
    if free < len {
        return Err(StoreError::NoSpace { path: temporary, needed: len, free });
    }
    let failed = |e| StoreError::io(&temporary, "write", e);
    let make = || {
        // One that was interrupted is begun again.
        let file = BufWriter::with_capacity(1 << 18, File::create(&temporary).map_err(failed)?);
        let mut sealer = Sealer::new(file, key).map_err(failed)?;
        let made = write(&mut sealer)?;
        let (_, plain) = sealer.finish().map_err(failed)?;
        settle(&temporary, to)?;
        Ok((plain, made))
    };
    let result = make();
    if result.is_err() {
        // What is left over is of no use; that it cannot be removed either would only hide the reason.
        let _ = fs::remove_file(&temporary);
    }
    result
}
