//! What is left of a part of which the rest is discarded: a sealed zip of the entries that stay, under their numbers.
//!
//! Of an entry that stays in part, what goes is written as zeros, so that every place in it is where it was. Which
//! bytes these are lies beside it, as a text of ranges.

use crate::container::{CatalogEntry, Container, EntryProblem, Limits};
use crate::error::StoreError;
use crate::files::sync_folder;
use crate::part::{Cache, Part};
use crate::seal::{Identity, Plain, write_sealed};
use ring::digest::{Context, SHA256};
use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Bytes of a file of evidence that are written over before it goes: the header of a sealed file lies within.
const HEADER: u64 = 64 << 10;

/// An entry that stays, whole or in part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stays {
    /// Its number in the case, and its index in the part.
    pub entry: u32,
    pub index: usize,
    /// The ranges that stay, ascending, none touching another; none if all of it stays.
    pub ranges: Option<Vec<(u64, u64)>>,
}

/// An entry as it now lies there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    pub entry: u32,
    /// Where and how it lies in the new part.
    pub place: CatalogEntry,
    /// Length and hash of its content, zeros and all.
    pub size: u64,
    pub sha256: String,
    /// Bytes that went, and where it could not be read to its end, why.
    pub cut: u64,
    pub problem: Option<String>,
}

/// Writes what is left of a part to a sealed file at `out`, reads it again, and returns what lies there.
pub fn write_remainder(
    part: &Part,
    stays: &[Stays],
    out: &Path,
    key: &Identity,
    progress: &dyn Fn(u64),
) -> Result<(Plain, Vec<Left>), StoreError> {
    let failed = |e: ZipError| StoreError::io(out, "write", e.into());
    let (plain, mut left) = write_sealed(out, key, 0, |sealer| {
        let mut zip = ZipWriter::new_stream(sealer);
        let mut left = Vec::with_capacity(stays.len());
        for stay in stays {
            let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated).large_file(true);
            zip.start_file(stay.entry.to_string(), options).map_err(failed)?;
            let one = copy(part, stay, &mut zip, progress).map_err(|e| StoreError::io(out, "write", e))?;
            if let Some(ranges) = &stay.ranges {
                zip.start_file(format!("{}.cut", stay.entry), options).map_err(failed)?;
                for (start, end) in between(ranges, one.size) {
                    writeln!(zip, "{start} {}", end - start).map_err(|e| StoreError::io(out, "write", e))?;
                }
            }
            left.push(one);
        }
        zip.finish().map_err(failed)?;
        Ok(left)
    })?;
    // What was written is read again before what it was made of may go.
    let nowhere = out.with_extension("nowhere");
    let cache = Cache { folder: &nowhere, key: "", seal: Some(key) };
    let (again, catalog) = Part::open(out, Container::Zip, cache, &[], &Limits::default(), &|_| {})?;
    let places: HashMap<&str, usize> = catalog.entries.iter().map(|entry| entry.path).zip(0..).collect();
    for one in &mut left {
        let wrong = |why: &str| StoreError::Other(format!("{}: entry {} {why}.", out.display(), one.entry));
        let index = *places.get(one.entry.to_string().as_str()).ok_or_else(|| wrong("was not written"))?;
        let place = catalog.entries.get(index).ok_or_else(|| wrong("was not written"))?;
        let mut reader = again.read(index).map_err(|e| wrong(&e.to_string()))?;
        let (sha256, size) = hashed(&mut reader).map_err(|e| wrong(&e.to_string()))?;
        if sha256 != one.sha256 || size != one.size {
            return Err(wrong("does not read as it was written"));
        }
        one.place = place.to_owned();
    }
    Ok((plain, left))
}

/// Writes one entry, zeros where it does not stay.
fn copy<W: Write + Seek>(
    part: &Part,
    stay: &Stays,
    zip: &mut ZipWriter<W>,
    progress: &dyn Fn(u64),
) -> io::Result<Left> {
    let mut context = Context::new(&SHA256);
    let mut buffer = vec![0; 256 << 10];
    let (mut size, mut cut, mut problem) = (0u64, 0u64, None);
    let mut ranges = stay.ranges.as_deref().unwrap_or(&[]);
    match part.read(stay.index) {
        // What cannot be read for want of a password must not be taken for empty.
        Err(why @ EntryProblem::Encrypted) => return Err(io::Error::other(why)),
        Err(why) => problem = Some(why.to_string()),
        Ok(mut reader) => loop {
            let n = match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => {
                    problem = Some(format!("The entry cannot be read beyond byte {size}: {e}."));
                    break;
                }
            };
            let piece = buffer.get_mut(..n).unwrap_or_default();
            if stay.ranges.is_some() {
                cut += blank(piece, size, &mut ranges);
            }
            context.update(piece);
            zip.write_all(piece)?;
            size += n as u64;
            progress(n as u64);
        },
    }
    let sha256 = glasshouse_layout::hex(context.finish().as_ref());
    Ok(Left { entry: stay.entry, place: CatalogEntry::nothing(""), size, sha256, cut, problem })
}

/// Makes zeros of what lies outside the ranges in a piece that begins at `at`; returns how many bytes.
fn blank(piece: &mut [u8], at: u64, ranges: &mut &[(u64, u64)]) -> u64 {
    let end = at + piece.len() as u64;
    let (mut from, mut cut) = (at, 0);
    let mut zero = |from: u64, to: u64| {
        let within = (from - at) as usize..(to.max(from) - at) as usize;
        if let Some(gone) = piece.get_mut(within) {
            cut += gone.len() as u64;
            gone.fill(0);
        }
    };
    while let Some((start, stop)) = ranges.first().copied() {
        if start >= end {
            break;
        }
        zero(from, start.max(from));
        from = from.max(stop.min(end));
        if stop > end {
            break;
        }
        *ranges = ranges.get(1..).unwrap_or_default();
    }
    zero(from, end);
    cut
}

/// Returns what lies between ranges, up to the end of the entry.
fn between(ranges: &[(u64, u64)], size: u64) -> impl Iterator<Item = (u64, u64)> + '_ {
    let starts = std::iter::once(0).chain(ranges.iter().map(|r| r.1));
    let ends = ranges.iter().map(|r| r.0).chain(std::iter::once(size));
    starts.zip(ends).map(move |(start, end)| (start, end.min(size))).filter(|(start, end)| start < end)
}

fn hashed(reader: &mut dyn Read) -> io::Result<(String, u64)> {
    let mut context = Context::new(&SHA256);
    let mut buffer = vec![0; 256 << 10];
    let mut size = 0;
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok((glasshouse_layout::hex(context.finish().as_ref()), size)),
            Ok(n) => {
                context.update(buffer.get(..n).unwrap_or_default());
                size += n as u64;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

/// Destroys a file as far as a program can: its beginning is written over in place, brought to the disk, and the name
/// is taken away. Of a sealed file that is where the key lies that the rest is sealed with. One that is gone already
/// is no error.
pub fn destroy(path: &Path) -> Result<(), StoreError> {
    let failed = |e| StoreError::io(path, "destroy", e);
    let mut file = match OpenOptions::new().write(true).open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(failed(e)),
    };
    let length = file.metadata().map_err(failed)?.len().min(HEADER);
    write_over(&mut file, length).map_err(failed)?;
    fs::remove_file(path).map_err(failed)?;
    sync_folder(path.parent().unwrap_or(Path::new(".")))
}

fn write_over(file: &mut File, length: u64) -> io::Result<()> {
    file.seek(SeekFrom::Start(0))?;
    io::copy(&mut io::repeat(0).take(length), file)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_outside_the_ranges_becomes_zeros_however_it_is_cut_into_pieces() {
        let whole: Vec<u8> = (1..=100).collect();
        let ranges = [(0u64, 3u64), (10, 20), (50, 51), (90, 200)];
        let expected: Vec<u8> = (0..100u64)
            .map(|i| if ranges.iter().any(|r| r.0 <= i && i < r.1) { whole[i as usize] } else { 0 })
            .collect();
        for step in [1, 3, 7, 10, 100] {
            let (mut bytes, mut left, mut cut) = (whole.clone(), &ranges[..], 0);
            let mut at = 0;
            for piece in bytes.chunks_mut(step) {
                cut += blank(piece, at, &mut left);
                at += piece.len() as u64;
            }
            assert_eq!(bytes, expected, "{step}");
            assert_eq!(cut, expected.iter().filter(|b| **b == 0).count() as u64, "{step}");
        }
        let gone: Vec<_> = between(&ranges, 100).collect();
        assert_eq!(gone, [(3, 10), (20, 50), (51, 90)]);
        assert_eq!(between(&[], 5).collect::<Vec<_>>(), [(0, 5)]);
    }

    #[test]
    fn what_is_destroyed_is_gone_and_may_be_gone_before() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("part");
        let other = folder.path().join("link");
        fs::write(&path, vec![7; 100_000]).expect("written");
        fs::hard_link(&path, &other).expect("linked");
        destroy(&path).expect("destroyed");
        destroy(&path).expect("gone already");
        assert!(!path.exists());
        let bytes = fs::read(&other).expect("read");
        assert!(bytes[..HEADER as usize].iter().all(|b| *b == 0) && bytes[HEADER as usize..].iter().all(|b| *b == 7));
    }
}
