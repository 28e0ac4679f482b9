//! Reading and hashing of the zip.

use super::Done;
use crate::Fault;
use flate2::bufread::DeflateDecoder;
use ring::digest::{Context, SHA256};
use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::Path;
use zip::{CompressionMethod, ZipArchive};

/// Large enough that calls do not matter, small enough for the cache.
const WINDOW: usize = 1 << 18;

/// Hashes a file from its first byte to its last.
pub fn hash_file(path: &Path) -> Result<Done, Fault> {
    let mut file = open(path)?;
    let bytes = drain(&mut file, &mut vec![0; WINDOW])?;
    Ok(Done { bytes, items: 1 })
}

/// Inflates every entry in a stream and hashes what comes out.
///
/// The packed bytes go to the inflater directly: the zip crate's own reader adds a checksum that the hash makes
/// needless.
pub fn inflate_and_hash(path: &Path) -> Result<Done, Fault> {
    let mut zip = ZipArchive::new(BufReader::with_capacity(WINDOW, open(path)?))?;
    let mut buffer = vec![0; WINDOW];
    let mut done = Done::default();
    for index in 0..zip.len() {
        let method = zip.by_index_raw(index)?.compression();
        done.bytes += match method {
            CompressionMethod::Stored => drain(&mut zip.by_index_raw(index)?, &mut buffer)?,
            CompressionMethod::Deflated => {
                let packed = BufReader::with_capacity(WINDOW, zip.by_index_raw(index)?);
                drain(&mut DeflateDecoder::new(packed), &mut buffer)?
            }
            _ => drain(&mut zip.by_index(index)?, &mut buffer)?,
        };
        done.items += 1;
    }
    Ok(done)
}

/// Reads every entry whose name fits into memory, one after the other.
pub fn read(path: &Path, fits: impl Fn(&str) -> bool) -> Result<Vec<u8>, Fault> {
    let mut all = Vec::new();
    each(path, fits, |bytes| {
        all.write_all(&bytes)?;
        Ok(())
    })?;
    Ok(all)
}

/// Hands over the content of every entry whose name fits, in the order of the zip.
pub fn each(
    path: &Path,
    fits: impl Fn(&str) -> bool,
    mut take: impl FnMut(Vec<u8>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut zip = ZipArchive::new(BufReader::with_capacity(WINDOW, open(path)?))?;
    let mut found = false;
    for index in 0..zip.len() {
        let mut entry = zip.by_index(index)?;
        if fits(&entry.name()?) {
            let mut bytes = Vec::with_capacity(usize::try_from(entry.size())?);
            entry.read_to_end(&mut bytes)?;
            take(bytes)?;
            found = true;
        }
    }
    if !found {
        return Err(format!("{} holds nothing of the kind to be measured.", path.display()).into());
    }
    Ok(())
}

/// Writes the mail of a zip into a file.
pub fn extract(path: &Path, to: &Path) -> Result<(), Fault> {
    std::fs::write(to, read(path, super::mail::is_mbox)?)?;
    Ok(())
}

fn open(path: &Path) -> Result<File, Fault> {
    File::open(path).map_err(|e| format!("{}: {e}", path.display()).into())
}

/// Hashes all that comes and returns its length.
fn drain(from: &mut impl Read, buffer: &mut [u8]) -> Result<u64, Fault> {
    let mut hash = Context::new(&SHA256);
    let mut bytes = 0;
    loop {
        let n = from.read(buffer)?;
        if n == 0 {
            std::hint::black_box(hash.finish());
            return Ok(bytes);
        }
        hash.update(&buffer[..n]);
        bytes += n as u64;
    }
}
