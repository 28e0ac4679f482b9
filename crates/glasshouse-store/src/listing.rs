//! What a reader of one archive hands back, and the bounds it works under.

use crate::container::{CatalogEntry, EntryProblem, Limits, Trouble};
use crate::entries::Entries;
use std::collections::BTreeMap;

/// An entry with how its bytes are packed in the source it was listed from.
#[derive(Debug)]
pub(crate) struct Listed {
    pub entry: CatalogEntry,
    pub how: How,
}

/// Where the bytes of an entry lie and how they are packed.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub offset: u64,
    pub csize: u64,
    pub size: u64,
    pub crc32: Option<u32>,
    pub how: How,
}

/// How the bytes of an entry become its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum How {
    Stored,
    Deflate,
    Zstd,
    /// Encrypted, or packed in a rare way: the facts that a general zip reader needs.
    Other(Facts),
    /// Not at all.
    Not(EntryProblem),
}

impl How {
    /// Says whether a password is needed.
    pub(crate) fn is_encrypted(&self) -> bool {
        matches!(self, Self::Other(facts) if facts.flags & 1 != 0)
    }
}

/// The fields of a zip header that encryption and rare methods depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    pub method: u16,
    pub flags: u16,
    pub time: u32,
    pub crc32: u32,
    pub aes: Option<[u8; 7]>,
}

/// The listing of one archive, without what is nested in it.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    pub entries: Entries,
    pub troubles: Troubles,
}

/// Troubles, of which each kind is bounded: past the bound they are counted.
#[derive(Debug, Default)]
pub(crate) struct Troubles {
    pub list: Vec<Trouble>,
    counts: BTreeMap<&'static str, u64>,
}

const OF_A_KIND: u64 = 1000;

impl Troubles {
    pub(crate) fn add(&mut self, entry: Option<usize>, code: &'static str, message: String) {
        let count = self.counts.entry(code).or_default();
        *count += 1;
        if *count <= OF_A_KIND {
            self.list.push(Trouble { entry, code, message });
        }
    }

    /// Takes over the troubles of one archive of a part.
    pub(crate) fn absorb(&mut self, other: Troubles, index: impl Fn(usize) -> Option<usize>) {
        let counts = other.counts;
        for trouble in other.list {
            self.add(trouble.entry.and_then(&index), trouble.code, trouble.message);
        }
        for (code, count) in counts {
            // What the archive itself left out was not added above.
            *self.counts.entry(code).or_default() += count.saturating_sub(OF_A_KIND);
        }
    }

    /// The troubles, with one line for each kind that had too many.
    pub(crate) fn finish(mut self) -> Vec<Trouble> {
        for (code, count) in self.counts {
            if count > OF_A_KIND {
                self.list.push(Trouble {
                    entry: None,
                    code,
                    message: format!("There are {} more of this kind.", count - OF_A_KIND),
                });
            }
        }
        self.list
    }
}

/// What the limits leave while a part is being listed.
#[derive(Debug)]
pub(crate) struct Budget {
    pub limits: Limits,
    entries: usize,
    path_bytes: u64,
    /// Length of the path of the archive being listed, which every path in it begins with.
    pub prefix_len: usize,
    pub nested_bytes: u64,
    pub memory: u64,
    /// Set when entries had to be left out.
    pub exhausted: bool,
}

impl Budget {
    /// The budget for a part of `len` bytes.
    pub(crate) fn new(limits: &Limits, len: u64) -> Self {
        // A small part may hold a well-packed archive, so the ratio counts from 64 KiB upwards.
        let by_ratio = len.max(1 << 16).saturating_mul(limits.ratio);
        Self {
            limits: limits.clone(),
            entries: limits.entries,
            path_bytes: limits.path_bytes,
            prefix_len: 0,
            nested_bytes: by_ratio.min(limits.nested_bytes),
            memory: limits.memory_all,
            exhausted: false,
        }
    }

    /// Takes one entry whose names have this length together, or says that no more can be listed.
    pub(crate) fn take_entry(&mut self, names_len: usize) -> bool {
        let taken = self.entries > 0 && self.take_names(self.prefix_len + names_len);
        if taken {
            self.entries -= 1;
        } else {
            self.exhausted = true;
        }
        taken
    }

    /// Takes room for names and targets of links, if there is enough.
    pub(crate) fn take_names(&mut self, len: usize) -> bool {
        let left = self.path_bytes.checked_sub(len as u64);
        self.path_bytes = left.unwrap_or(self.path_bytes);
        left.is_some()
    }
}

/// Adds what a path itself gives reason to say.
pub(crate) fn check_path(path: &str, index: usize, troubles: &mut Troubles) {
    let mut start = path.chars();
    let drive = matches!((start.next(), start.next()), (Some(c), Some(':')) if c.is_ascii_alphabetic());
    if drive || path.starts_with(['/', '\\']) {
        let message = "The path begins at the root of a file system; it is kept as text.".into();
        troubles.add(Some(index), "path.absolute", message);
    }
    if path.split(['/', '\\']).any(|step| step == "..") {
        let message = "The path leads out of its folder with “..”; it is kept as text.".into();
        troubles.add(Some(index), "path.parent", message);
    }
    if path.contains('\0') {
        let message = "The path holds a zero character; it is kept as text.".into();
        troubles.add(Some(index), "path.zero", message);
    }
}

pub(crate) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    number(bytes, at).map_or(0, u16::from_le_bytes)
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    number(bytes, at).map_or(0, u32::from_le_bytes)
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    number(bytes, at).map_or(0, u64::from_le_bytes)
}

fn number<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk::<N>().copied()
}
