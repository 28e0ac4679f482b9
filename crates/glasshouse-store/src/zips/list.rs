//! Lists a zip: its central directory, checked against the local headers, and what the directory leaves out.

use super::end::{self, End};
use super::header::{CENTRAL_LEN, CENTRAL_MAGIC, Header, LOCAL_LEN, LOCAL_MAGIC};
use super::scan::scan;
use crate::checked::Checked;
use crate::container::{EntryKind, EntryProblem};
use crate::entries::{Entries, Entry};
use crate::listing::{Budget, How, Listing, Place, check_path, u16_at};
use crate::source::Source;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

/// Why a zip is not listed at all.
#[derive(Debug)]
pub(crate) enum NotListed {
    /// The bytes cannot be read.
    Io(io::Error),
    /// It is one file of several that belong together.
    SeveralDisks,
}

impl From<io::Error> for NotListed {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Bytes, packed and whole, that are read of an archive to find out which of two sizes is right.
const MOST_TRIED: u64 = 1 << 30;

/// Where an entry lies in the archive, from its local header to the end of its content.
#[derive(Clone, Copy, Debug)]
struct Extent {
    start: u64,
    data: u64,
    end: u64,
    item: usize,
    method: u16,
}

/// Lists a zip. Entries come in the order of the central directory, then those found without it.
pub(crate) fn list(source: &Source, budget: &mut Budget) -> Result<Listing, NotListed> {
    let mut listing = Listing::default();
    let end = end::find(source)?;
    if end.is_some_and(|end| end.several_disks) {
        return Err(NotListed::SeveralDisks);
    }
    let mut extents = Vec::new();
    let limit = match end {
        Some(end) => {
            extents = read_directory(source, end, &mut listing, budget)?;
            end.directory
        }
        None => {
            let message = "The central directory is missing; the entries were found by reading through the archive.";
            listing.troubles.add(None, "zip.central-directory", message.into());
            let mut magic = [0; 4];
            if source.reader().fill(0, &mut magic)? && &magic == b"PK\x07\x08" {
                let message = "This is the first file of an archive that was split; add all of it joined together.";
                listing.troubles.add(None, "zip.several-files", message.into());
            }
            source.len()
        }
    };
    check_local_headers(source, &mut extents, &mut listing)?;
    let gaps = refuse_overlaps(&extents, limit, &mut listing);
    let was_listed = end.is_some();
    for (from, to) in gaps {
        find_unlisted(source, (from, to), was_listed, &mut listing, budget)?;
    }
    read_links(source, &mut listing, budget);
    note_duplicates(&mut listing);
    Ok(listing)
}

fn read_directory(
    source: &Source,
    end: End,
    listing: &mut Listing,
    budget: &mut Budget,
) -> Result<Vec<Extent>, NotListed> {
    let mut extents = Vec::new();
    let mut reader = BufReader::with_capacity(1 << 16, source.reader());
    reader.seek(SeekFrom::Start(end.directory))?;
    let mut at = end.directory;
    let mut variable = Vec::new();
    loop {
        let mut fixed = [0; CENTRAL_LEN];
        if at + CENTRAL_LEN as u64 > end.directory_end {
            break;
        }
        reader.read_exact(&mut fixed)?;
        if !fixed.starts_with(CENTRAL_MAGIC) {
            break;
        }
        let len = [28, 30, 32].map(|at| usize::from(u16_at(&fixed, at)));
        let len = len.iter().sum::<usize>();
        at += (CENTRAL_LEN + len) as u64;
        if at > end.directory_end {
            break;
        }
        variable.resize(len, 0);
        reader.read_exact(&mut variable)?;
        let mut header = Header::central(&fixed, &variable);
        if !budget.take_entry(header.names_len()) {
            return Ok(extents);
        }
        if header.disk != 0 && header.disk != u16::MAX {
            return Err(NotListed::SeveralDisks);
        }
        header.offset = header.offset.saturating_add(end.shift);
        extents.push(Extent {
            start: header.offset,
            data: header.offset,
            end: header.offset.saturating_add(header.csize),
            item: listing.entries.len(),
            method: header.method,
        });
        push(header, listing);
    }
    let found = extents.len() as u64;
    if found != end.entries {
        let message = format!("The central directory should have {} entries, and {found} can be read.", end.entries);
        listing.troubles.add(None, "zip.central-directory", message);
    }
    Ok(extents)
}

/// Adds an entry whose content begins right where its header says, until the local header is read.
fn push(header: Header, listing: &mut Listing) -> usize {
    let index = listing.entries.len();
    let short_zip64 = header.short_zip64;
    let (item, not_utf8) = header.listed(header.offset);
    if not_utf8 {
        let message = "The archive says that the name is UTF-8, and it is not.".into();
        listing.troubles.add(Some(index), "path.not-utf8", message);
    }
    check_path(&item.entry.path, index, &mut listing.troubles);
    listing.entries.push(item);
    if short_zip64 {
        let why = "its sizes are missing from the ZIP64 field";
        damage(&mut listing.entries, index, why);
        let message = format!("The entry cannot be read: {why}.");
        listing.troubles.add(Some(index), "zip.sizes", message);
    }
    index
}

fn damage(entries: &mut Entries, index: usize, why: &str) {
    entries.set_problem(index, why);
    entries.set_how(index, How::Not(EntryProblem::Damaged(why.to_owned())));
}

/// Reads every local header, in the order in which they lie, and compares it with the directory.
fn check_local_headers(source: &Source, extents: &mut [Extent], listing: &mut Listing) -> io::Result<()> {
    extents.sort_by_key(|extent| (extent.start, extent.item));
    let mut reader = source.reader();
    let mut buffer = Vec::new();
    let mut room = MOST_TRIED;
    for extent in extents.iter_mut() {
        let Some(entry) = listing.entries.get(extent.item) else {
            continue;
        };
        let (csize, size) = (entry.csize, entry.size);
        let central_name = entry.path_bytes.unwrap_or(entry.path.as_bytes());
        // Name and fixed fields come in one read, if the name has the length that the directory says.
        buffer.resize(LOCAL_LEN + central_name.len(), 0);
        let n = reader.read_up_to(extent.start, &mut buffer)?;
        let read = buffer.get(..n).unwrap_or_default();
        let Some((fixed, name)) =
            read.split_first_chunk::<LOCAL_LEN>().filter(|(fixed, _)| fixed.starts_with(LOCAL_MAGIC))
        else {
            damage(&mut listing.entries, extent.item, "its local header is not where the directory says");
            let message = "There is no local header where the central directory says.".into();
            listing.troubles.add(Some(extent.item), "zip.local-header", message);
            extent.end = extent.start;
            continue;
        };
        let local = Header::local(fixed, &[], extent.start);
        let name_len = u16_at(fixed, 26);
        let lengths = u64::from(name_len) + u64::from(u16_at(fixed, 28));
        let same_name = usize::from(name_len) == central_name.len() && name == central_name;
        extent.data = extent.start + LOCAL_LEN as u64 + lengths;
        extent.end = extent.data.saturating_add(csize);
        listing.entries.set_offset(extent.item, extent.data);
        let narrow = |wide: u64| wide.min(u64::from(u32::MAX));
        let states_sizes = !local.has_descriptor() && local.csize != u64::from(u32::MAX);
        let same_size = !states_sizes || (local.csize == narrow(csize) && local.size == narrow(size));
        let same_method = local.method == extent.method;
        if !same_name {
            let message = "The local header has another name than the central directory.".into();
            listing.troubles.add(Some(extent.item), "zip.name-mismatch", message);
        }
        if !same_size || !same_method {
            let message = "The local header has another size or method than the central directory.".into();
            listing.troubles.add(Some(extent.item), "zip.size-mismatch", message);
        }
        if !same_size {
            let stated = (local.csize, local.size);
            if let Some(sizes) = likelier(source, (listing, extent.item), stated, &mut room) {
                extent.end = extent.data.saturating_add(sizes.0);
                listing.entries.set_sizes(extent.item, sizes);
            }
        }
        if extent.end > source.len() {
            listing.entries.set_problem(extent.item, "the archive ends before the content does");
            let message = "The archive ends before the content of the entry does.".into();
            listing.troubles.add(Some(extent.item), "zip.truncated", message);
        }
    }
    Ok(())
}

/// Returns the packed and the whole size under which the content can be read, where the directory and the local header
/// state different ones; those of the directory where neither or both will do.
fn likelier(
    source: &Source,
    (listing, item): (&Listing, usize),
    stated: (u64, u64),
    room: &mut u64,
) -> Option<(u64, u64)> {
    let (_, EntryKind::File, place) = listing.entries.place(item)? else { return None };
    let listed = (place.csize, place.size);
    let mut tries = [listed, stated, (listed.0, stated.1), (stated.0, listed.1)];
    // What is packed may end before the bytes that are said to be its own do, and something else begins there.
    let mut reader = source.reader();
    tries.sort_by_cached_key(|(csize, _)| {
        let mut magic = [0; 4];
        let there = reader.fill(place.offset.saturating_add(*csize), &mut magic);
        !(there.unwrap_or(false) && matches!(magic, [b'P', b'K', 1, 2] | [b'P', b'K', 3, 4] | [b'P', b'K', 6, 6]))
    });
    tries.into_iter().find(|(csize, size)| {
        // What is stated twice over is not for that a reason to inflate without end.
        let Some(left) = room.checked_sub(csize.saturating_add(*size)) else { return false };
        *room = left;
        let place = Place { csize: *csize, size: *size, ..place.clone() };
        let content = super::open(source, &place, None);
        content.is_ok_and(|content| io::copy(&mut Checked::new(content, *size, place.crc32), &mut io::sink()).is_ok())
    })
}

/// Refuses entries that lie over each other, and gives the stretches that no entry takes.
fn refuse_overlaps(extents: &[Extent], limit: u64, listing: &mut Listing) -> Vec<(u64, u64)> {
    let mut gaps = Vec::new();
    let mut covered = 0;
    let mut owner: Option<usize> = None;
    let mut overlapping = Vec::new();
    // Where no local header lies, the directory is wrong, and what does lie there is looked for like all that it leaves out.
    for extent in extents.iter().filter(|extent| extent.end > extent.start) {
        if extent.start > covered {
            gaps.push((covered, extent.start));
        } else if extent.start < covered {
            overlapping.extend(owner);
            overlapping.push(extent.item);
        }
        if extent.end > covered {
            covered = extent.end;
            owner = Some(extent.item);
        }
    }
    if covered < limit {
        gaps.push((covered, limit));
    }
    overlapping.sort_unstable();
    overlapping.dedup();
    for index in overlapping {
        let why = "its bytes overlap those of another entry";
        listing.entries.set_problem(index, why);
        listing.entries.set_how(index, How::Not(EntryProblem::Refused(why.into())));
        let message = "The bytes of the entry overlap those of another entry.".into();
        listing.troubles.add(Some(index), "zip.overlap", message);
    }
    gaps
}

/// Lists what lies between the entries that the directory knows.
fn find_unlisted(
    source: &Source,
    (from, to): (u64, u64),
    was_listed: bool,
    listing: &mut Listing,
    budget: &mut Budget,
) -> io::Result<()> {
    if to - from <= LOCAL_LEN as u64 {
        return Ok(());
    }
    scan(source, from, to, |found| {
        if !budget.take_entry(found.header.names_len()) {
            return false;
        }
        let index = push(found.header, listing);
        listing.entries.set_offset(index, found.data);
        if let Some(why) = found.problem {
            listing.entries.set_problem(index, why);
            let message = format!("The entry is not whole: {why}.");
            listing.troubles.add(Some(index), "zip.truncated", message);
        }
        if was_listed {
            let message = "The entry is in the archive and not in its central directory.".into();
            listing.troubles.add(Some(index), "zip.unlisted", message);
        }
        true
    })
}

/// Reads where symbolic links point: their content is the target.
fn read_links(source: &Source, listing: &mut Listing, budget: &mut Budget) {
    const TARGET_MAX: u64 = 4096;
    let is_link = |e: &Entry<'_>| e.kind == EntryKind::Link && !e.encrypted && e.size <= TARGET_MAX;
    let links = listing.entries.iter().enumerate().filter(|(_, e)| is_link(e));
    let mut links: Vec<_> = links.map(|(index, e)| (e.offset, index)).collect();
    // In the order of their places, so that a compressed source is gone through once.
    links.sort_unstable();
    for (_, index) in links {
        let Some((_, _, place)) = listing.entries.place(index) else { continue };
        let mut target = Vec::new();
        if let Ok(content) = super::open(source, &place, None)
            && content.take(TARGET_MAX).read_to_end(&mut target).is_ok()
            && budget.take_names(target.len())
        {
            listing.entries.set_link_target(index, String::from_utf8_lossy(&target).into_owned());
        }
    }
}

/// Notes names that occur more than once.
fn note_duplicates(listing: &mut Listing) {
    let mut order: Vec<u32> = (0..listing.entries.len() as u32).collect();
    let path = |i: &u32| listing.entries.get(*i as usize).map(|entry| entry.path);
    order.sort_unstable_by(|a, b| path(a).cmp(&path(b)).then(a.cmp(b)));
    let mut repeated = Vec::new();
    for pair in order.windows(2) {
        if let [a, b] = pair
            && path(a) == path(b)
        {
            repeated.push(*b as usize);
        }
    }
    repeated.sort_unstable();
    for index in repeated {
        let message = "Another entry of the same archive has the same name; both are listed.".into();
        listing.troubles.add(Some(index), "zip.duplicate-name", message);
    }
}
