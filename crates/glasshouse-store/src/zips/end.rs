//! The end of a zip: where its central directory lies.

use crate::listing::{u16_at, u32_at, u64_at};
use crate::source::{Source, SourceReader};
use std::io;

/// Where the central directory lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct End {
    /// Where the central directory begins.
    pub directory: u64,
    /// Where it ends.
    pub directory_end: u64,
    /// How many entries it should have.
    pub entries: u64,
    /// What is to be added to the offsets in it: the length of what was put before the archive.
    pub shift: u64,
    /// The archive goes over several files.
    pub several_disks: bool,
}

const END_LEN: usize = 22;
const COMMENT_MAX: usize = 65_535;
const LOCATOR_LEN: usize = 20;
const END64_LEN: usize = 56;

/// Finds the end record. The one whose comment reaches exactly to the end of the source is preferred.
pub(crate) fn find(source: &Source) -> io::Result<Option<End>> {
    let mut reader = source.reader();
    let tail_len = source.len().min((END_LEN + COMMENT_MAX) as u64);
    let tail_at = source.len() - tail_len;
    let mut tail = vec![0; tail_len as usize];
    if !reader.fill(tail_at, &mut tail)? {
        return Ok(None);
    }
    let mut second_choice = None;
    for at in (0..tail.len().saturating_sub(END_LEN - 1)).rev() {
        let record = tail.get(at..).unwrap_or_default();
        if !record.starts_with(b"PK\x05\x06") {
            continue;
        }
        let exact = record.len() == END_LEN + usize::from(u16_at(record, 20));
        if !exact && second_choice.is_some() {
            continue;
        }
        let Some(end) = read(record, tail_at + at as u64, &mut reader)? else {
            continue;
        };
        if exact {
            return Ok(Some(end));
        }
        second_choice = Some(end);
    }
    Ok(second_choice)
}

fn read(record: &[u8], at: u64, reader: &mut SourceReader) -> io::Result<Option<End>> {
    let mut entries = u64::from(u16_at(record, 10));
    let mut size = u64::from(u32_at(record, 12));
    let mut offset = u64::from(u32_at(record, 16));
    let (disk, first_disk) = (u16_at(record, 4), u16_at(record, 6));
    let mut several_disks = (disk != 0 && disk != u16::MAX)
        || (first_disk != 0 && first_disk != u16::MAX)
        || u16_at(record, 8) != u16_at(record, 10);
    let mut directory_end = at;
    if let Some((end64_at, end64)) = read_end64(at, reader)? {
        several_disks = u32_at(&end64, 16) != 0 || u32_at(&end64, 20) != 0;
        entries = u64_at(&end64, 32);
        size = u64_at(&end64, 40);
        offset = u64_at(&end64, 48);
        directory_end = end64_at;
    }
    if several_disks {
        let end = End { directory: directory_end, directory_end, entries, shift: 0, several_disks };
        return Ok(Some(end));
    }
    let by_size = directory_end.checked_sub(size);
    // What the record states is right unless something was put before the archive; then the size tells.
    for start in [Some(offset), by_size].into_iter().flatten() {
        let fits = start.checked_add(size).is_some_and(|end| end <= directory_end);
        let empty = size == 0 && entries == 0;
        let mut magic = [0; 4];
        if fits && (empty || (reader.fill(start, &mut magic)? && &magic == b"PK\x01\x02")) {
            return Ok(Some(End {
                directory: start,
                directory_end: start + size,
                entries,
                shift: start.saturating_sub(offset),
                several_disks,
            }));
        }
    }
    Ok(None)
}

/// Reads the ZIP64 end record, which a locator just before the end record points to.
fn read_end64(at: u64, reader: &mut SourceReader) -> io::Result<Option<(u64, [u8; END64_LEN])>> {
    let Some(locator_at) = at.checked_sub(LOCATOR_LEN as u64) else {
        return Ok(None);
    };
    let mut locator = [0; LOCATOR_LEN];
    if !reader.fill(locator_at, &mut locator)? || !locator.starts_with(b"PK\x06\x07") {
        return Ok(None);
    }
    let stated = u64_at(&locator, 8);
    // Where something was put before the archive, the record still lies right before its locator.
    for end64_at in [Some(stated), locator_at.checked_sub(END64_LEN as u64)].into_iter().flatten() {
        let mut end64 = [0; END64_LEN];
        if reader.fill(end64_at, &mut end64)? && end64.starts_with(b"PK\x06\x06") {
            return Ok(Some((end64_at, end64)));
        }
    }
    Ok(None)
}
