//! Reading and hashing of the zip.

use super::Done;
use crate::Fault;
use flate2::bufread::DeflateDecoder;
use ring::digest::{Context, SHA256};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use zip::{CompressionMethod, ZipArchive};

/// Large enough that calls do not matter, small enough for the cache.
const WINDOW: usize = 1 << 18;

/// Hashes each file from its first byte to its last.
pub fn hash_files(paths: &[PathBuf]) -> Result<Done, Fault> {
    let mut buffer = vec![0; WINDOW];
    let mut done = Done::default();
    for path in paths {
        done.bytes += drain(&mut open(path)?, &mut buffer)?;
        done.items += 1;
    }
    Ok(done)
}

/// Inflates every entry in a stream and hashes what comes out.
///
/// The packed bytes go to the inflater directly: the zip crate's own reader adds a checksum that the hash makes
/// needless.
pub fn inflate_and_hash(paths: &[PathBuf]) -> Result<Done, Fault> {
    let mut buffer = vec![0; WINDOW];
    let mut done = Done::default();
    for path in paths {
        let zip = ZipArchive::new(BufReader::with_capacity(WINDOW, open(path)?))?;
        inflate_one(zip, &mut buffer, &mut done)?;
    }
    Ok(done)
}

fn inflate_one(mut zip: ZipArchive<BufReader<File>>, buffer: &mut [u8], done: &mut Done) -> Result<(), Fault> {
    for index in 0..zip.len() {
        let method = zip.by_index_raw(index)?.compression();
        done.bytes += match method {
            CompressionMethod::Stored => drain(&mut zip.by_index_raw(index)?, buffer)?,
            CompressionMethod::Deflated => {
                let packed = BufReader::with_capacity(WINDOW, zip.by_index_raw(index)?);
                drain(&mut DeflateDecoder::new(packed), buffer)?
            }
            _ => drain(&mut zip.by_index(index)?, buffer)?,
        };
        done.items += 1;
    }
    Ok(())
}

/// Reads every entry whose name fits into memory.
pub fn read(paths: &[PathBuf], fits: impl Fn(&str) -> bool) -> Result<Vec<Vec<u8>>, Fault> {
    let mut all = Vec::new();
    each(paths, fits, |bytes| {
        all.push(bytes);
        Ok(())
    })?;
    Ok(all)
}

/// Hands over the content of every entry whose name fits, in the order of the zips.
pub fn each(
    paths: &[PathBuf],
    fits: impl Fn(&str) -> bool,
    mut take: impl FnMut(Vec<u8>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut found = false;
    for path in paths {
        let mut zip = ZipArchive::new(BufReader::with_capacity(WINDOW, open(path)?))?;
        for index in 0..zip.len() {
            let mut entry = zip.by_index(index)?;
            if fits(&entry.name()?) {
                let mut bytes = Vec::with_capacity(usize::try_from(entry.size())?);
                entry.read_to_end(&mut bytes)?;
                take(bytes)?;
                found = true;
            }
        }
    }
    if !found {
        return Err("The export holds nothing of the kind to be measured; are all its parts given?".into());
    }
    Ok(())
}

/// Writes the mail of an export into one file.
pub fn extract(paths: &[PathBuf], to: &Path) -> Result<(), Fault> {
    std::fs::write(to, read(paths, super::mail::is_mbox)?.concat())?;
    Ok(())
}

/// Writes the one text of a zip into a file.
pub fn extract_text(zip: &Path, to: &Path) -> Result<(), Fault> {
    let texts = read(std::slice::from_ref(&zip.to_owned()), |name| name.ends_with(".txt"))?;
    match texts.as_slice() {
        [text] => Ok(std::fs::write(to, text)?),
        more => Err(format!("{} holds {} texts, and one chat is needed.", zip.display(), more.len()).into()),
    }
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
