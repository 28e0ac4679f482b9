//! Archives inside a part that only a password opens: the numbers of entries stay, whatever password a later
//! command has.

use super::journal::PartRow;
use super::manifest;
use glasshouse_layout::EntryLine;
use glasshouse_store::{Arranged, Case, Catalog, CatalogEntry, Entries, Entry, EntryKind, Part};
use std::collections::HashMap;

/// A part as the case knows it.
pub struct Known {
    pub part: Part,
    pub catalog: Catalog,
    /// The encrypted archives that are open now and were closed when the part was numbered.
    pub newly_open: Vec<usize>,
}

/// Returns a part as the case knows it: what lies in an archive that was open then and is closed now has its place
/// and cannot be read, and what lies in one that was closed then is left out. None where the part is another.
pub fn as_known(case: &Case, row: &PartRow, part: Part, catalog: Catalog) -> Option<Known> {
    let Some(known) = row.entries.map(|n| n as usize) else {
        return Some(Known { part, catalog, newly_open: Vec::new() });
    };
    let whole = known == catalog.entries.len();
    if whole && !catalog.entries.iter().any(|e| e.encrypted && e.may_be_archive()) {
        return Some(Known { part, catalog, newly_open: Vec::new() });
    }
    let mut places = Places::new(&catalog.entries, row.first_entry?);
    match manifest::read(case, &row.source, row.number, |line| Ok(places.take(line))) {
        Ok(_) => {}
        // Its first intake was cut off, and is gone on with.
        Err(_) if whole => return Some(Known { part, catalog, newly_open: Vec::new() }),
        Err(_) => places.take_what_needs_none(),
    }
    let Places { order, newly_open, .. } = places.end().filter(|places| places.order.len() == known)?;
    let mut indices = HashMap::new();
    for (place, arranged) in order.iter().enumerate() {
        if let Arranged::Listed(index, _) = arranged {
            indices.insert(*index, place);
        }
    }
    let mut troubles = catalog.troubles;
    troubles.retain_mut(|trouble| match trouble.entry {
        None => true,
        // What is left out tells its troubles as a part of its own.
        Some(index) => {
            trouble.entry = indices.get(&index).copied();
            trouble.entry.is_some()
        }
    });
    let newly_open = newly_open.iter().filter_map(|index| indices.get(index).copied()).collect();
    let (part, entries) = part.arranged(order);
    Some(Known { part, catalog: Catalog { entries, troubles }, newly_open })
}

/// Brings the entries of a manifest together with those of a listing.
struct Places<'a> {
    listed: &'a Entries,
    first: u32,
    /// The next entry of the listing.
    next: usize,
    order: Vec<Arranged>,
    /// For each place, whether it lies in an encrypted archive, and whether it is encrypted itself.
    closed: Vec<(bool, bool)>,
    newly_open: Vec<usize>,
    failed: bool,
}

impl<'a> Places<'a> {
    fn new(listed: &'a Entries, first: u32) -> Self {
        let (order, closed, newly_open) = (Vec::new(), Vec::new(), Vec::new());
        Places { listed, first, next: 0, order, closed, newly_open, failed: false }
    }

    fn take(&mut self, line: EntryLine) {
        let parent = line.parent.and_then(|p| p.checked_sub(self.first)).map(|p| p as usize);
        let inside = parent.and_then(|p| self.closed.get(p)).is_some_and(|(inside, encrypted)| *inside || *encrypted);
        loop {
            match self.listed.get(self.next) {
                Some(entry) if entry.path == line.path => {
                    self.order.push(Arranged::Listed(self.next, parent));
                    self.closed.push((inside, entry.encrypted));
                    self.next += 1;
                    return;
                }
                _ if inside => {
                    self.order.push(Arranged::Closed(Box::new(closed(line, parent))));
                    self.closed.push((true, true));
                    return;
                }
                Some(entry) if self.pass_over(&entry) => {}
                _ => {
                    self.failed = true;
                    return;
                }
            }
        }
    }

    /// Leaves out an entry that lies in an encrypted archive.
    fn pass_over(&mut self, entry: &Entry<'_>) -> bool {
        let Some(archive) = outermost_encrypted(self.listed, entry) else { return false };
        if self.newly_open.last() != Some(&archive) {
            self.newly_open.push(archive);
        }
        self.next += 1;
        true
    }

    /// Takes what was listed when there was no password.
    fn take_what_needs_none(&mut self) {
        (self.next, self.failed) = (0, false);
        (self.order, self.closed, self.newly_open) = Default::default();
        // Where an entry of the listing went.
        let mut places = HashMap::new();
        while let Some(entry) = self.listed.get(self.next) {
            if !self.pass_over(&entry) {
                places.insert(self.next, self.order.len());
                let parent = entry.parent.and_then(|parent| places.get(&parent).copied());
                self.order.push(Arranged::Listed(self.next, parent));
                self.next += 1;
            }
        }
    }

    /// Returns the places, if all that is left of the listing lies in encrypted archives.
    fn end(mut self) -> Option<Self> {
        while let Some(entry) = self.listed.get(self.next) {
            if !self.pass_over(&entry) {
                return None;
            }
        }
        (!self.failed).then_some(self)
    }
}

/// Returns the outermost encrypted archive that an entry lies in.
fn outermost_encrypted(entries: &Entries, entry: &Entry<'_>) -> Option<usize> {
    let (mut at, mut found) = (entry.parent, None);
    while let Some(index) = at {
        let archive = entries.get(index)?;
        found = if archive.encrypted { Some(index) } else { found };
        at = archive.parent.filter(|parent| *parent < index);
    }
    found
}

/// Returns an entry as its manifest says it; its bytes cannot be had.
pub(super) fn closed(line: EntryLine, parent: Option<usize>) -> CatalogEntry {
    CatalogEntry {
        path: line.path,
        path_bytes: line.path_bytes.and_then(|bytes| hex::decode(bytes).ok()),
        kind: match line.kind.as_str() {
            "folder" => EntryKind::Folder,
            "link" => EntryKind::Link,
            "file" => EntryKind::File,
            _ => EntryKind::Other,
        },
        parent,
        method: line.method,
        offset: line.offset,
        csize: line.csize,
        size: line.size,
        crc32: line.crc32.and_then(|crc| u32::from_str_radix(&crc, 16).ok()),
        modified: line.modified,
        encrypted: true,
        link_target: line.link_target,
        problem: line.problem,
    }
}
