//! A reader that compares content with what its container says about it.

use std::io::{self, Read};

/// Passes content on, and fails at its end if its length or checksum is not the stated one.
pub(crate) struct Checked<R> {
    inner: R,
    size: u64,
    crc32: Option<u32>,
    hash: crc32fast::Hasher,
    seen: u64,
    ended: bool,
}

impl<R: Read> Checked<R> {
    pub(crate) fn new(inner: R, size: u64, crc32: Option<u32>) -> Self {
        Self { inner, size, crc32, hash: crc32fast::Hasher::new(), seen: 0, ended: false }
    }

    pub(crate) fn inner(&mut self) -> &mut R {
        &mut self.inner
    }

    fn check_end(&mut self) -> io::Result<()> {
        if self.seen != self.size {
            return Err(damaged(format!("the content ends after {} of {} bytes", self.seen, self.size)));
        }
        let found = std::mem::take(&mut self.hash).finalize();
        match self.crc32 {
            Some(stated) if stated != found => {
                Err(damaged(format!("the CRC-32 of the content is {found:08x}, and the container states {stated:08x}")))
            }
            _ => Ok(()),
        }
    }
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ended || buffer.is_empty() {
            return Ok(0);
        }
        let n = match self.inner.read(buffer) {
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => return Err(e),
            Err(e) => {
                let place = format!("the content breaks off after {} bytes: {e}", self.seen);
                return Err(damaged(place));
            }
        };
        if n == 0 {
            self.check_end()?;
            self.ended = true;
            return Ok(0);
        }
        self.seen += n as u64;
        if self.seen > self.size {
            return Err(damaged(format!(
                "the content is longer than the {} bytes that the container states",
                self.size
            )));
        }
        if self.crc32.is_some() {
            self.hash.update(buffer.get(..n).unwrap_or_default());
        }
        Ok(n)
    }
}

fn damaged(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}
