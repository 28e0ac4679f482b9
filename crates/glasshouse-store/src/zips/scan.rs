//! Finds zip entries by their local headers alone, for archives whose central directory is damaged.

use super::header::{Header, LOCAL_LEN, LOCAL_MAGIC};
use crate::listing::{u16_at, u32_at, u64_at};
use crate::source::{Source, SourceReader};
use std::io;

/// An entry that was found.
#[derive(Debug)]
pub(crate) struct Found {
    pub header: Header,
    /// Where the content begins.
    pub data: u64,
    pub problem: Option<&'static str>,
}

const WINDOW: usize = 1 << 16;

/// Gives every entry between `from` and `to`, until `take` returns false.
pub(crate) fn scan(source: &Source, from: u64, to: u64, mut take: impl FnMut(Found) -> bool) -> io::Result<()> {
    let mut reader = source.reader();
    let mut at = from;
    // Streams without a stated length have to be read to be measured; headers that only pretend to have
    // one must not make that quadratic.
    let mut patience = (to - from).saturating_mul(2);
    while let Some(start) = find(&mut reader, LOCAL_MAGIC, at, to)? {
        match read_entry(source, &mut reader, start, to, &mut patience)? {
            Some((found, end)) => {
                if !take(found) {
                    return Ok(());
                }
                at = end.max(start + LOCAL_LEN as u64);
            }
            None => at = start + 4,
        }
    }
    Ok(())
}

/// Finds a magic of four bytes that begins in `at..to`.
fn find(reader: &mut SourceReader, magic: &[u8; 4], mut at: u64, to: u64) -> io::Result<Option<u64>> {
    let mut buffer = vec![0; WINDOW];
    while at + 4 <= to {
        let wanted = (to - at).min(WINDOW as u64) as usize;
        let n = reader.read_up_to(at, buffer.get_mut(..wanted).unwrap_or_default())?;
        let read = buffer.get(..n).unwrap_or_default();
        if let Some(place) = read.array_windows::<4>().position(|four| four == magic) {
            return Ok(Some(at + place as u64));
        }
        if n < 4 {
            break;
        }
        // Three bytes are kept, because the magic may lie across two windows.
        at += n as u64 - 3;
    }
    Ok(None)
}

/// Reads the header at `start` if it makes sense, and finds where its entry ends.
fn read_entry(
    source: &Source,
    reader: &mut SourceReader,
    start: u64,
    to: u64,
    patience: &mut u64,
) -> io::Result<Option<(Found, u64)>> {
    let mut fixed = [0; LOCAL_LEN];
    if !reader.fill(start, &mut fixed)? {
        return Ok(None);
    }
    let name_len = usize::from(u16_at(&fixed, 26));
    let len = name_len + usize::from(u16_at(&fixed, 28));
    let data = start + (LOCAL_LEN + len) as u64;
    // No version beyond 6.3 exists; a greater number means that these four bytes are content.
    let sensible = name_len > 0 && u16_at(&fixed, 4) & 0xff <= 100 && data <= to;
    let mut variable = vec![0; len];
    if !sensible || !reader.fill(start + LOCAL_LEN as u64, &mut variable)? {
        return Ok(None);
    }
    let mut header = Header::local(&fixed, &variable, start);
    let left = to.saturating_sub(data);
    let mut problem = None;
    let mut end = data.saturating_add(header.csize);
    if header.has_descriptor() && header.csize == 0 {
        let measured = if *patience == 0 {
            None
        } else if header.method == 8 && !header.encrypted() {
            measure_deflate(source, data, left, patience)?
        } else {
            find_descriptor(reader, data, to, patience)?
        };
        match measured {
            Some(measured) => {
                header.csize = measured.csize;
                header.size = measured.size;
                header.crc32 = measured.crc32;
                end = data + header.csize;
                if let Some((len, crc32)) = descriptor(reader, end, &header)? {
                    // What the writer stated counts, so that damage shows when the content is read.
                    (end, header.crc32) = (end + len, crc32);
                }
            }
            None => {
                // The content is damaged or cut off; at the latest it ends where the next header is.
                end = find(reader, LOCAL_MAGIC, data, to)?.unwrap_or(to);
                header.csize = end - data;
                problem = Some("its end cannot be found");
            }
        }
    } else if end > to {
        // The sizes in the header stay, so that reading says how much is missing.
        end = to;
        problem = Some("the archive ends before the content does");
    }
    let found = Found { header, data, problem };
    Ok(Some((found, end)))
}

struct Measured {
    csize: u64,
    size: u64,
    crc32: u32,
}

/// Inflates a stream to learn where it ends; nothing of it is kept.
fn measure_deflate(source: &Source, data: u64, left: u64, patience: &mut u64) -> io::Result<Option<Measured>> {
    use std::io::Read;
    let packed = io::BufReader::with_capacity(WINDOW, source.slice(data, left).reader());
    let mut inflater = flate2::bufread::DeflateDecoder::new(packed);
    let mut hash = crc32fast::Hasher::new();
    let mut size = 0;
    let mut buffer = vec![0; WINDOW];
    loop {
        match inflater.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => {
                hash.update(buffer.get(..n).unwrap_or_default());
                size += n as u64;
            }
            Err(_) => {
                *patience = patience.saturating_sub(inflater.total_in());
                return Ok(None);
            }
        }
    }
    *patience = patience.saturating_sub(inflater.total_in());
    Ok(Some(Measured { csize: inflater.total_in(), size, crc32: hash.finalize() }))
}

/// Finds the data descriptor that states exactly the length it stands behind.
fn find_descriptor(reader: &mut SourceReader, data: u64, to: u64, patience: &mut u64) -> io::Result<Option<Measured>> {
    let mut at = data;
    while let Some(place) = find(reader, b"PK\x07\x08", at, to)? {
        let mut bytes = [0; 24];
        let n = reader.read_up_to(place, &mut bytes)?;
        let csize = place - data;
        *patience = patience.saturating_sub(place - at);
        let crc32 = u32_at(&bytes, 4);
        if n == 24 && u64_at(&bytes, 8) == csize {
            let size = u64_at(&bytes, 16);
            return Ok(Some(Measured { csize, size, crc32 }));
        }
        if n >= 16 && u64::from(u32_at(&bytes, 8)) == csize {
            let size = u64::from(u32_at(&bytes, 12));
            return Ok(Some(Measured { csize, size, crc32 }));
        }
        at = place + 4;
    }
    *patience = patience.saturating_sub(to.saturating_sub(at));
    Ok(None)
}

/// Length and checksum of the data descriptor at `at`, if one with these sizes is there.
fn descriptor(reader: &mut SourceReader, at: u64, header: &Header) -> io::Result<Option<(u64, u32)>> {
    let mut bytes = [0; 24];
    let n = reader.read_up_to(at, &mut bytes)?;
    let skip = if bytes.starts_with(b"PK\x07\x08") { 4 } else { 0 };
    let crc32 = u32_at(&bytes, skip);
    let narrow = [header.csize, header.size].map(|wide| wide as u32);
    let found =
        if n >= skip + 20 && [u64_at(&bytes, skip + 4), u64_at(&bytes, skip + 12)] == [header.csize, header.size] {
            Some((skip as u64 + 20, crc32))
        } else if n >= skip + 12 && [u32_at(&bytes, skip + 4), u32_at(&bytes, skip + 8)] == narrow {
            Some((skip as u64 + 12, crc32))
        } else {
            None
        };
    Ok(found)
}
