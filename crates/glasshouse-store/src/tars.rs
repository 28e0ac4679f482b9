//! Lists a tar: long names, PAX records, links and devices; what is damaged is passed over and named.

use crate::container::{CatalogEntry, EntryKind, EntryProblem, is_tar_header};
use crate::listing::{Budget, How, Listed, Listing, check_path};
use crate::source::{Source, SourceReader};
use crate::zips::utc;
use std::io;
use tar::{EntryType, Header};

const BLOCK: u64 = 512;
/// Names and PAX records above this are not real.
const EXTENSION_MAX: u64 = 1 << 20;

/// What the blocks before an entry say about it.
#[derive(Default)]
struct Pending {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
    modified: Option<String>,
    sparse_size: Option<u64>,
    sparse: bool,
}

/// Lists a tar in the order of its bytes.
pub(crate) fn list(source: &Source, budget: &mut Budget) -> io::Result<Listing> {
    let mut listing = Listing::default();
    let mut reader = source.reader();
    let mut pending = Pending::default();
    let (mut at, mut zeros, mut lost, mut told_after_end) = (0, 0, false, false);
    while at < source.len() {
        let mut block = [0; BLOCK as usize];
        if !reader.fill(at, &mut block)? {
            truncated(&mut listing, None);
            return Ok(listing);
        }
        if block.iter().all(|b| *b == 0) {
            (at, zeros) = (at + BLOCK, zeros + 1);
            continue;
        }
        let header = Header::from_byte_slice(&block);
        let size = header.entry_size().ok().filter(|_| is_tar_header(&block));
        let Some(size) = size else {
            if !lost {
                let message = "A header is damaged; the listing goes on at the next header that is whole.";
                listing.troubles.add(None, "tar.header", message.into());
            }
            // What was said about the lost entry must not be taken for the next one.
            pending = Pending::default();
            (at, lost) = (at + BLOCK, true);
            continue;
        };
        if zeros >= 2 && !told_after_end {
            let message = "There are entries after the end mark; they are listed.";
            listing.troubles.add(None, "tar.after-end", message.into());
            told_after_end = true;
        }
        (zeros, lost) = (0, false);
        let data = at + BLOCK;
        let kind = header.entry_type();
        if kind.is_gnu_longname()
            || kind.is_gnu_longlink()
            || kind.is_pax_local_extensions()
            || kind.is_pax_global_extensions()
        {
            if size > EXTENSION_MAX {
                let message = "An extended header is too long to be real; it was passed over.";
                listing.troubles.add(None, "tar.extension", message.into());
            } else {
                let mut bytes = vec![0; size as usize];
                if !reader.fill(data, &mut bytes)? {
                    truncated(&mut listing, None);
                    return Ok(listing);
                }
                extend(&mut pending, kind, bytes, &mut listing);
            }
            let Some(next) = after(data, size) else { break };
            at = next;
            continue;
        }
        let pending = std::mem::take(&mut pending);
        let Some(next) = entry(source, &mut reader, &block, data, pending, &mut listing, budget)? else {
            return Ok(listing);
        };
        at = next;
    }
    if zeros == 0 && !listing.entries.is_empty() {
        truncated(&mut listing, None);
    }
    Ok(listing)
}

/// Lists one entry, and says where the next header should be; nothing if the listing ends here.
fn entry(
    source: &Source,
    reader: &mut SourceReader,
    block: &[u8; BLOCK as usize],
    mut data: u64,
    pending: Pending,
    listing: &mut Listing,
    budget: &mut Budget,
) -> io::Result<Option<u64>> {
    let header = Header::from_byte_slice(block);
    let kind = header.entry_type();
    let mut csize = pending.size.unwrap_or(header.entry_size().unwrap_or(0));
    let mut sparse = pending.sparse;
    let mut size = pending.sparse_size.unwrap_or(csize);
    if kind.is_gnu_sparse() {
        sparse = true;
        size = header.size().unwrap_or(csize);
        data = after_sparse_map(header, reader, data)?;
    }
    if kind.is_hard_link() && csize > 0 && starts_header(reader, data)? {
        // Old writers state the size of the file that is linked to, and write no content.
        (csize, size) = (0, 0);
    }
    let raw = pending.path.unwrap_or_else(|| header.path_bytes().into_owned());
    let link_len = pending.link.as_ref().map_or(0, Vec::len);
    if !budget.take_entry(raw.len() + link_len) {
        return Ok(None);
    }
    let index = listing.entries.len();
    let path = String::from_utf8_lossy(&raw).into_owned();
    let path_bytes = (path.as_bytes() != raw).then_some(raw);
    if path_bytes.is_some() {
        let message = "The name is not UTF-8; its bytes are kept.".into();
        listing.troubles.add(Some(index), "path.not-utf8", message);
    }
    check_path(&path, index, &mut listing.troubles);
    let kind = kind_of(kind, &path);
    let link_target = (kind == EntryKind::Link)
        .then(|| pending.link.or_else(|| header.link_name_bytes().map(|l| l.into_owned())))
        .flatten()
        .map(|link| String::from_utf8_lossy(&link).into_owned());
    let mut how = How::Stored;
    let mut problem = None;
    if sparse {
        let why = "it is a sparse file";
        problem = Some(why.to_owned());
        how = How::Not(EntryProblem::Unsupported(why.into()));
        let message = "The entry is a sparse file, which is not read.".into();
        listing.troubles.add(Some(index), "tar.sparse", message);
    }
    let next = after(data, csize).filter(|_| data + csize <= source.len());
    if next.is_none() {
        problem = Some("the archive ends before the content does".into());
        truncated(listing, Some(index));
    }
    let modified = pending.modified.or_else(|| {
        let seconds = i64::try_from(header.mtime().ok()?).ok()?;
        utc(seconds, 0)
    });
    listing.entries.push(Listed {
        entry: CatalogEntry {
            path,
            path_bytes,
            kind,
            parent: None,
            method: "tar".into(),
            offset: data,
            csize,
            size,
            crc32: None,
            modified,
            encrypted: false,
            link_target,
            problem,
        },
        how,
    });
    Ok(next)
}

fn truncated(listing: &mut Listing, entry: Option<usize>) {
    let message = match entry {
        Some(_) => "The archive ends before the content of the entry does.",
        None => "The archive ends without an end mark; what is whole is listed.",
    };
    listing.troubles.add(entry, "tar.truncated", message.into());
}

/// Where the header after some content begins, if such a place exists.
fn after(data: u64, size: u64) -> Option<u64> {
    data.checked_add(size)?.checked_next_multiple_of(BLOCK)
}

fn starts_header(reader: &mut SourceReader, at: u64) -> io::Result<bool> {
    let mut block = [0; BLOCK as usize];
    Ok(reader.fill(at, &mut block)? && is_tar_header(&block))
}

/// Where the content of a sparse file begins: after the blocks that continue its map.
fn after_sparse_map(header: &Header, reader: &mut SourceReader, mut at: u64) -> io::Result<u64> {
    let mut more = header.as_gnu().is_some_and(|gnu| gnu.is_extended());
    while more {
        let mut block = [0; BLOCK as usize];
        if !reader.fill(at, &mut block)? {
            break;
        }
        // 21 pairs of 24 bytes, then the flag.
        more = block.get(504) == Some(&1);
        at += BLOCK;
    }
    Ok(at)
}

fn kind_of(kind: EntryType, path: &str) -> EntryKind {
    match kind {
        EntryType::Symlink | EntryType::Link => EntryKind::Link,
        EntryType::Directory => EntryKind::Folder,
        EntryType::Char | EntryType::Block | EntryType::Fifo => EntryKind::Other,
        _ if matches!(kind.as_byte(), b'V' | b'M' | b'N' | b'D') => EntryKind::Other,
        _ if path.ends_with('/') => EntryKind::Folder,
        _ => EntryKind::File,
    }
}

fn extend(pending: &mut Pending, kind: EntryType, mut bytes: Vec<u8>, listing: &mut Listing) {
    if kind.is_pax_global_extensions() {
        return;
    }
    if !kind.is_pax_local_extensions() {
        let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
        bytes.truncate(end);
        match kind.is_gnu_longname() {
            true => pending.path = Some(bytes),
            false => pending.link = Some(bytes),
        }
        return;
    }
    let mut rest = bytes.as_slice();
    while !rest.is_empty() {
        let Some((key, value, after)) = pax_record(rest) else {
            let message = "A PAX record is malformed; the rest of its header was passed over.";
            listing.troubles.add(None, "tar.extension", message.into());
            return;
        };
        rest = after;
        let number = || std::str::from_utf8(value).ok()?.parse::<u64>().ok();
        match key {
            b"path" if !pending.sparse => pending.path = Some(value.to_vec()),
            b"linkpath" => pending.link = Some(value.to_vec()),
            b"size" => pending.size = number(),
            b"mtime" => pending.modified = pax_time(value),
            b"GNU.sparse.name" => {
                pending.path = Some(value.to_vec());
                pending.sparse = true;
            }
            b"GNU.sparse.realsize" | b"GNU.sparse.size" => {
                pending.sparse_size = number();
                pending.sparse = true;
            }
            key if key.starts_with(b"GNU.sparse.") => pending.sparse = true,
            _ => {}
        }
    }
}

/// Splits off one record, `length key=value\n`. Its value may hold line ends, so the length decides.
fn pax_record(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = bytes.iter().position(|b| *b == b' ')?;
    let len: usize = std::str::from_utf8(bytes.get(..space)?).ok()?.parse().ok()?;
    let record = bytes.get(space + 1..len.checked_sub(1)?)?;
    if bytes.get(len - 1) != Some(&b'\n') {
        return None;
    }
    let equals = record.iter().position(|b| *b == b'=')?;
    Some((record.get(..equals)?, record.get(equals + 1..)?, bytes.get(len..)?))
}

/// Reads seconds with an optional fraction.
fn pax_time(value: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(value).ok()?;
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    let whole: i64 = seconds.parse().ok()?;
    let digits: String = fraction.chars().chain("000000000".chars()).take(9).collect();
    let nanoseconds: i32 = digits.parse().ok()?;
    let sign = if seconds.starts_with('-') { -1 } else { 1 };
    utc(whole, sign * nanoseconds)
}
