//! Compound files ([MS-CFB]): storages and streams in one file, as MSG and old Office documents are.

use super::bytes::{le16, le32, le64};
use crate::Positioned;
use std::collections::HashSet;

/// Why something could not be read, as a sentence.
pub(crate) type Fault = &'static str;
const BEYOND: Fault = "Bytes are missing where the file's index leads.";
const DAMAGED: Fault = "The file's index is damaged.";
const LOOP: Fault = "The file's index leads back into itself.";

/// Numbers of sectors from here on are marks, not places.
const MARKS: u32 = 0xFFFF_FFFA;
/// Storages and streams of one file.
const MOST_ENTRIES: usize = 1_000_000;
/// The stream of small streams is held in memory up to here.
const LONGEST_MINI: u64 = 256 << 20;

/// A storage or a stream.
pub(crate) struct Entry {
    pub name: String,
    pub is_stream: bool,
    pub size: u64,
    start: u32,
    left: u32,
    right: u32,
    child: u32,
}

/// An open compound file.
pub(crate) struct Compound<'a> {
    bytes: &'a dyn Positioned,
    sector: u64,
    mini_sector: u64,
    /// Streams shorter than this lie in the stream of small streams.
    cutoff: u64,
    fat: Vec<u32>,
    mini_fat: Vec<u32>,
    mini: Vec<u8>,
    pub entries: Vec<Entry>,
}

/// Says whether bytes begin as a compound file does.
pub(crate) fn begins(head: &[u8]) -> bool {
    head.starts_with(&[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1])
}

impl<'a> Compound<'a> {
    pub fn open(bytes: &'a dyn Positioned) -> Result<Self, Fault> {
        let mut head = vec![0; 512];
        let n = bytes.read_at(0, &mut head);
        head.truncate(n);
        if !begins(&head) {
            return Err("This is no compound file.");
        }
        let number = |at: usize| le32(&head, at).ok_or(BEYOND);
        let shift = le16(&head, 30).filter(|s| matches!(s, 9 | 12)).ok_or(DAMAGED)?;
        let mini_shift = le16(&head, 32).filter(|s| *s == 6).ok_or(DAMAGED)?;
        let mut file = Compound {
            bytes,
            sector: 1 << shift,
            mini_sector: 1 << mini_shift,
            cutoff: u64::from(number(56)?).min(4096),
            fat: Vec::new(),
            mini_fat: Vec::new(),
            mini: Vec::new(),
            entries: Vec::new(),
        };
        // The file cannot have more sectors than it has room for.
        let most = usize::try_from(bytes.size() / file.sector).unwrap_or(usize::MAX);
        let per_sector = (file.sector / 4) as usize;
        let mut tables: Vec<u32> = (0..109).filter_map(|i| le32(&head, 76 + 4 * i)).collect();
        let mut next = number(68)?;
        let mut visits = 0;
        while next < MARKS {
            visits += 1;
            if visits > most / per_sector + 2 {
                return Err(LOOP);
            }
            let list = file.read_sector(next)?;
            tables.extend((0..per_sector - 1).filter_map(|i| le32(&list, 4 * i)));
            next = le32(&list, 4 * (per_sector - 1)).ok_or(BEYOND)?;
        }
        for table in tables.into_iter().filter(|t| *t < MARKS).take(most / per_sector + 1) {
            let sector = file.read_sector(table)?;
            file.fat.extend(sector.as_chunks::<4>().0.iter().map(|n| u32::from_le_bytes(*n)));
        }
        file.read_entries(number(48)?)?;
        let mut mini_fat = Vec::new();
        file.chain(number(60)?, u64::MAX, &mut |sector| mini_fat.extend_from_slice(sector))?;
        file.mini_fat = mini_fat.as_chunks::<4>().0.iter().map(|n| u32::from_le_bytes(*n)).collect();
        let root = file.entries.first().ok_or(DAMAGED)?;
        let (start, size) = (root.start, root.size.min(LONGEST_MINI));
        let mut mini = Vec::new();
        file.chain(start, size, &mut |sector| mini.extend_from_slice(sector))?;
        file.mini = mini;
        Ok(file)
    }

    fn read_entries(&mut self, start: u32) -> Result<(), Fault> {
        let mut bytes = Vec::new();
        self.chain(start, (MOST_ENTRIES * 128) as u64, &mut |sector| bytes.extend_from_slice(sector))?;
        for entry in bytes.as_chunks::<128>().0 {
            let number = |at: usize| le32(entry, at).unwrap_or(u32::MAX);
            let length = usize::from(le16(entry, 64).unwrap_or(0)).min(64).saturating_sub(2);
            let name = entry.get(..length).unwrap_or_default().as_chunks::<2>().0;
            let units: Vec<_> = name.iter().map(|u| u16::from_le_bytes(*u)).collect();
            let size = le64(entry, 120).unwrap_or(0);
            self.entries.push(Entry {
                name: String::from_utf16_lossy(&units),
                is_stream: entry.get(66) == Some(&2),
                // In files with small sectors the upper half may hold anything.
                size: if self.sector == 512 { size & 0xffff_ffff } else { size },
                start: number(116),
                left: number(68),
                right: number(72),
                child: number(76),
            });
        }
        Ok(())
    }

    fn read_sector(&self, sector: u32) -> Result<Vec<u8>, Fault> {
        let mut bytes = vec![0; self.sector as usize];
        let offset = (u64::from(sector) + 1) * self.sector;
        // The last sector of a file may be cut off at the end of what it holds.
        match self.bytes.read_at(offset, &mut bytes) {
            0 => Err(BEYOND),
            _ => Ok(bytes),
        }
    }

    /// Hands out the sectors of a chain, up to `size` bytes.
    fn chain(&self, start: u32, size: u64, each: &mut dyn FnMut(&[u8])) -> Result<(), Fault> {
        let (mut at, mut left, mut visits) = (start, size, 0);
        while at < MARKS && left > 0 {
            visits += 1;
            if visits > self.fat.len() {
                return Err(LOOP);
            }
            let sector = self.read_sector(at)?;
            let n = left.min(self.sector);
            each(sector.get(..n as usize).unwrap_or_default());
            left -= n;
            at = *self.fat.get(at as usize).ok_or(DAMAGED)?;
        }
        if left > 0 && size != u64::MAX && visits == 0 { Err(BEYOND) } else { Ok(()) }
    }

    /// Hands out a stream piece by piece, and says if there is less of it than there should be.
    pub fn stream(&self, entry: usize, each: &mut dyn FnMut(&[u8])) -> Result<(), Fault> {
        let entry = self.entries.get(entry).filter(|e| e.is_stream).ok_or(DAMAGED)?;
        let mut have = 0;
        if entry.size >= self.cutoff {
            self.chain(entry.start, entry.size, &mut |sector| {
                have += sector.len() as u64;
                each(sector);
            })?;
        } else {
            let mut at = entry.start;
            while have < entry.size {
                if at >= MARKS {
                    break;
                }
                let from = u64::from(at) * self.mini_sector;
                let n = (entry.size - have).min(self.mini_sector);
                let piece = self.mini.get(from as usize..(from + n) as usize).ok_or(BEYOND)?;
                each(piece);
                have += n;
                at = *self.mini_fat.get(at as usize).ok_or(DAMAGED)?;
            }
        }
        if have == entry.size { Ok(()) } else { Err(BEYOND) }
    }

    /// Reads a stream that has at most `longest` bytes.
    pub fn read(&self, entry: usize, longest: u64) -> Result<Vec<u8>, Fault> {
        if self.entries.get(entry).is_none_or(|e| e.size > longest) {
            return Err("A value is longer than is read.");
        }
        let mut bytes = Vec::new();
        self.stream(entry, &mut |piece| bytes.extend_from_slice(piece))?;
        Ok(bytes)
    }

    /// Returns what a storage holds, in the order of the file's tree; the root storage is the entry 0.
    pub fn children(&self, storage: usize) -> Vec<usize> {
        let Some(top) = self.entries.get(storage).filter(|e| !e.is_stream) else { return Vec::new() };
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        let mut open = vec![top.child];
        while let Some(index) = open.pop() {
            let Ok(at) = usize::try_from(index) else { continue };
            let Some(entry) = self.entries.get(at) else { continue };
            if at == 0 || !seen.insert(at) {
                continue;
            }
            found.push(at);
            open.extend([entry.left, entry.right]);
        }
        found.sort_by(|a, b| {
            let name = |i: &usize| self.entries.get(*i).map(|e| e.name.as_str());
            name(a).cmp(&name(b))
        });
        found
    }

    /// Finds an entry by the names that lead to it from the root, `/` between them.
    pub fn find(&self, path: &str) -> Option<usize> {
        path.split('/').take(64).try_fold(0, |at, name| {
            self.children(at).into_iter().find(|i| self.entries.get(*i).is_some_and(|e| e.name == name))
        })
    }
}
