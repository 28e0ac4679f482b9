//! The entries of a part in little memory: an export may hold millions of them.

use crate::container::{CatalogEntry, EntryKind};
use crate::listing::{Facts, How, Listed, Place};
use std::collections::BTreeMap;

/// The entries of a part, in the order of its listing.
///
/// All names and times lie in one stretch of text, and what few entries have lies beside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entries {
    rows: Vec<Row>,
    text: String,
    rare: BTreeMap<u32, Rare>,
    facts: BTreeMap<u32, Facts>,
    refused: BTreeMap<u32, How>,
}

/// What every entry has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Row {
    /// Where its path begins in the text; its time of change and its method follow.
    text: u64,
    offset: u64,
    csize: u64,
    size: u64,
    path_len: u32,
    crc32: u32,
    /// The nested archive that it is in, and [`NONE`] outside of one.
    parent: u32,
    /// The source that its bytes lie in.
    source: u32,
    modified_len: u8,
    method_len: u8,
    kind: EntryKind,
    packed: Packed,
    has_crc32: bool,
    encrypted: bool,
}

const NONE: u32 = u32::MAX;

/// How the bytes of an entry become its content, as far as it needs no more words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Packed {
    Stored,
    Deflate,
    Zstd,
    /// What is needed lies in `facts`.
    Other,
    /// Why it is not read lies in `refused`.
    Not,
}

/// What few entries have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Rare {
    path_bytes: Option<Vec<u8>>,
    link_target: Option<String>,
    problem: Option<String>,
}

/// One entry of a container, as the container states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The path as text. An entry of a nested archive is `<path of the archive>!/<path inside>`.
    pub path: &'a str,
    /// The bytes of the path inside its own archive, if they are not the UTF-8 of the text.
    pub path_bytes: Option<&'a [u8]>,
    /// File, folder, link or other.
    pub kind: EntryKind,
    /// The nested archive this entry is in.
    pub parent: Option<usize>,
    /// How the bytes are packed: `stored`, `deflate`, `aes256-deflate`, `tar` and so on.
    pub method: &'a str,
    /// Where the packed bytes begin, in the part or in the content of the parent.
    pub offset: u64,
    /// Length of the packed bytes.
    pub csize: u64,
    /// Length of the content.
    pub size: u64,
    /// Checksum of the content, where the container states one.
    pub crc32: Option<u32>,
    /// Time of the last change: with `Z` where the container states UTC, else without a zone.
    pub modified: Option<&'a str>,
    /// Says whether a password is needed.
    pub encrypted: bool,
    /// Where a link points.
    pub link_target: Option<&'a str>,
    /// Why the entry cannot be read, or only in part.
    pub problem: Option<&'a str>,
}

impl Entries {
    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Says whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Returns an entry.
    pub fn get(&self, index: usize) -> Option<Entry<'_>> {
        let row = self.rows.get(index)?;
        let rare = u32::try_from(index).ok().and_then(|index| self.rare.get(&index));
        let path_end = row.text.saturating_add(u64::from(row.path_len));
        let method = path_end.saturating_add(u64::from(row.modified_len));
        Some(Entry {
            path: self.stretch(row.text, path_end),
            path_bytes: rare.and_then(|r| r.path_bytes.as_deref()),
            kind: row.kind,
            parent: (row.parent != NONE).then_some(row.parent as usize),
            method: self.stretch(method, method.saturating_add(u64::from(row.method_len))),
            offset: row.offset,
            csize: row.csize,
            size: row.size,
            crc32: row.has_crc32.then_some(row.crc32),
            modified: (row.modified_len > 0).then(|| self.stretch(path_end, method)),
            encrypted: row.encrypted,
            link_target: rare.and_then(|r| r.link_target.as_deref()),
            problem: rare.and_then(|r| r.problem.as_deref()),
        })
    }

    /// Returns the entries in order.
    pub fn iter(&self) -> impl Iterator<Item = Entry<'_>> + Clone {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    fn stretch(&self, from: u64, to: u64) -> &str {
        self.text.get(from as usize..to as usize).unwrap_or_default()
    }

    /// Adds an entry that lies in the first source and in no other archive.
    pub(crate) fn push(&mut self, listed: Listed) {
        let Listed { entry, how } = listed;
        let index = self.len();
        let row = Row {
            text: 0,
            offset: entry.offset,
            csize: entry.csize,
            size: entry.size,
            path_len: 0,
            crc32: entry.crc32.unwrap_or_default(),
            parent: entry.parent.and_then(|parent| u32::try_from(parent).ok()).unwrap_or(NONE),
            source: 0,
            modified_len: 0,
            method_len: 0,
            kind: entry.kind,
            packed: Packed::Stored,
            has_crc32: entry.crc32.is_some(),
            encrypted: entry.encrypted,
        };
        self.add(row, ["", &entry.path], entry.modified.as_deref().unwrap_or_default(), &entry.method);
        self.set_how(index, how);
        let rare = Rare { path_bytes: entry.path_bytes, link_target: entry.link_target, problem: entry.problem };
        self.set_rare(index, rare);
    }

    /// Adds an entry of another listing of the same part, in an archive of this one.
    pub(crate) fn take_at(&mut self, other: &Entries, index: usize, parent: Option<usize>) {
        let source = other.rows.get(index).map_or(0, |row| row.source);
        self.take(other, index, source, parent, "");
    }

    /// Adds an entry of another listing of the same part, with what is said of it here.
    pub(crate) fn take_as(&mut self, other: &Entries, index: usize, entry: CatalogEntry) {
        let to = self.len();
        self.push(Listed { entry, how: How::Stored });
        if let (Some(row), Some(mine)) = (other.rows.get(index), self.rows.get_mut(to)) {
            (mine.packed, mine.source, mine.offset) = (row.packed, row.source, row.offset);
            (mine.csize, mine.size, mine.crc32, mine.has_crc32) = (row.csize, row.size, row.crc32, row.has_crc32);
        }
        let (Ok(from), Ok(to)) = (u32::try_from(index), u32::try_from(to)) else { return };
        self.facts.extend(other.facts.get(&from).map(|facts| (to, facts.clone())));
        self.refused.extend(other.refused.get(&from).map(|how| (to, how.clone())));
    }

    /// Adds an entry of another listing of the same part, with this before its path.
    pub(crate) fn take_under(&mut self, other: &Entries, index: usize, prefix: &str) {
        let (source, parent) = other.rows.get(index).map_or((0, NONE), |row| (row.source, row.parent));
        self.take(other, index, source, (parent != NONE).then_some(parent as usize), prefix);
    }

    /// Adds an entry of another listing: it lies in this source and this archive, whose path its own begins with.
    pub(crate) fn take(&mut self, other: &Entries, index: usize, source: u32, parent: Option<usize>, prefix: &str) {
        let (Some(row), Some(entry)) = (other.rows.get(index), other.get(index)) else { return };
        let to = self.len();
        let parent = parent.and_then(|parent| u32::try_from(parent).ok()).unwrap_or(NONE);
        let row = Row { parent, source, ..*row };
        self.add(row, [prefix, entry.path], entry.modified.unwrap_or_default(), entry.method);
        let (Ok(from), Ok(to)) = (u32::try_from(index), u32::try_from(to)) else { return };
        self.rare.extend(other.rare.get(&from).map(|rare| (to, rare.clone())));
        self.facts.extend(other.facts.get(&from).map(|facts| (to, facts.clone())));
        self.refused.extend(other.refused.get(&from).map(|how| (to, how.clone())));
    }

    fn add(&mut self, mut row: Row, path: [&str; 2], modified: &str, method: &str) {
        row.text = self.text.len() as u64;
        path.iter().for_each(|piece| self.text.push_str(piece));
        // Longer paths and times than these do not fit into a header.
        row.path_len = u32::try_from(self.text.len() as u64 - row.text).unwrap_or(NONE);
        row.modified_len = u8::try_from(modified.len()).unwrap_or(0);
        row.method_len = u8::try_from(method.len()).unwrap_or(0);
        self.text.push_str(modified);
        self.text.push_str(method);
        self.rows.push(row);
    }

    fn set_rare(&mut self, index: usize, rare: Rare) {
        if let (true, Ok(index)) = (rare != Rare::default(), u32::try_from(index)) {
            self.rare.insert(index, rare);
        }
    }

    fn rare(&mut self, index: usize) -> Option<&mut Rare> {
        (index < self.len()).then(|| u32::try_from(index).ok().map(|index| self.rare.entry(index).or_default()))?
    }

    pub(crate) fn set_problem(&mut self, index: usize, why: &str) {
        if let Some(rare) = self.rare(index) {
            rare.problem = Some(why.to_owned());
        }
    }

    pub(crate) fn set_link_target(&mut self, index: usize, target: String) {
        if let Some(rare) = self.rare(index) {
            rare.link_target = Some(target);
        }
    }

    pub(crate) fn set_offset(&mut self, index: usize, offset: u64) {
        if let Some(row) = self.rows.get_mut(index) {
            row.offset = offset;
        }
    }

    pub(crate) fn set_sizes(&mut self, index: usize, (csize, size): (u64, u64)) {
        if let Some(row) = self.rows.get_mut(index) {
            (row.csize, row.size) = (csize, size);
        }
    }

    /// Gives the first entry another path: a part that is one file has the name it was given under.
    pub fn rename_first(&mut self, path: &str) {
        let (Some(row), Some(entry)) = (self.rows.first().copied(), self.get(0).map(|e| e.to_owned())) else { return };
        self.add(row, ["", path], entry.modified.as_deref().unwrap_or_default(), &entry.method);
        if let Some(renamed) = self.rows.pop() {
            self.rows.splice(..1, [renamed]);
        }
    }

    pub(crate) fn set_how(&mut self, index: usize, how: How) {
        let (Some(row), Ok(index)) = (self.rows.get_mut(index), u32::try_from(index)) else { return };
        self.facts.remove(&index);
        self.refused.remove(&index);
        row.packed = match how {
            How::Stored => Packed::Stored,
            How::Deflate => Packed::Deflate,
            How::Zstd => Packed::Zstd,
            How::Other(facts) => {
                self.facts.insert(index, facts);
                Packed::Other
            }
            How::Not(_) => {
                self.refused.insert(index, how);
                Packed::Not
            }
        };
    }

    /// Returns the source that an entry lies in, what it is, and where it lies there.
    pub(crate) fn place(&self, index: usize) -> Option<(usize, EntryKind, Place)> {
        let row = self.rows.get(index)?;
        let index = u32::try_from(index).ok()?;
        let how = match row.packed {
            Packed::Stored => How::Stored,
            Packed::Deflate => How::Deflate,
            Packed::Zstd => How::Zstd,
            Packed::Other => How::Other(self.facts.get(&index)?.clone()),
            Packed::Not => self.refused.get(&index)?.clone(),
        };
        let crc32 = row.has_crc32.then_some(row.crc32);
        let place = Place { offset: row.offset, csize: row.csize, size: row.size, crc32, how };
        Some((row.source as usize, row.kind, place))
    }

    /// Gives back what growing took too much.
    pub(crate) fn settled(mut self) -> Self {
        self.rows.shrink_to_fit();
        self.text.shrink_to_fit();
        self
    }
}

impl Entry<'_> {
    /// Says whether it is a file with the name of an archive to look into. Documents that happen to be zips have
    /// another; passes of Wallet are zips of texts and pictures, and are looked into.
    pub fn may_be_archive(&self) -> bool {
        let ends = |end: &&str| {
            let at = self.path.len().checked_sub(end.len());
            at.and_then(|at| self.path.get(at..)).is_some_and(|tail| tail.eq_ignore_ascii_case(end))
        };
        self.kind == EntryKind::File && [".zip", ".tar", ".tgz", ".tar.gz", ".pkpass"].iter().any(ends)
    }

    /// Returns the entry as one that owns its texts.
    pub fn to_owned(&self) -> CatalogEntry {
        CatalogEntry {
            path: self.path.to_owned(),
            path_bytes: self.path_bytes.map(<[u8]>::to_vec),
            kind: self.kind,
            parent: self.parent,
            method: self.method.to_owned(),
            offset: self.offset,
            csize: self.csize,
            size: self.size,
            crc32: self.crc32,
            modified: self.modified.map(str::to_owned),
            encrypted: self.encrypted,
            link_target: self.link_target.map(str::to_owned),
            problem: self.problem.map(str::to_owned),
        }
    }
}
