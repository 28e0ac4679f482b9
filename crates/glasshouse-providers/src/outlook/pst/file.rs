//! The lower half of a PST ([MS-PST] 2.2): the header, the two trees of pages, and blocks.

use super::cipher::{self, Cipher};
use crate::Positioned;
use crate::formats::bytes::{le16, le32, le64, slice};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io::Read;
use std::rc::Rc;

/// Why something could not be read, as a sentence.
pub(super) type Fault = &'static str;
pub(super) const BEYOND: Fault = "Bytes are missing where the file's index leads.";
const DAMAGED_PAGE: Fault = "A page of the file's index is damaged.";
const LOST: Fault = "A block that an item names is not in the file's index.";
const SPENT: Fault = "Items name the same bytes over and over; the rest was not read.";
const DEPTH: Fault = "The file's index is nested deeper than it can be.";

/// The generations of the format, which differ in the width of numbers and the size of pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    Ansi,
    Unicode,
    /// Unicode with pages of 4 KiB, as Outlook's offline stores have had since 2013.
    Large,
}

/// Levels of a tree of pages.
const DEEPEST: usize = 16;
/// Pages that are kept at hand.
const MOST_PAGES: usize = 4096;
/// Content of one value or table that is held in memory.
pub(super) const LONGEST: u64 = 64 << 20;

/// What a node is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub id: u32,
    pub data: u64,
    pub sub: u64,
    pub parent: u32,
}

/// Where a block lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub offset: u64,
    pub length: u64,
}

/// An open file; nothing of it is held but some pages.
pub(super) struct File<'a> {
    bytes: &'a dyn Positioned,
    pub layout: Layout,
    cipher: Cipher,
    nodes: u64,
    blocks: u64,
    pages: RefCell<HashMap<u64, Rc<Vec<u8>>>>,
    /// Bytes that may still be read: a hostile file can name a block any number of times.
    left: Cell<u64>,
    /// A block whose checksum is not that of its bytes was met.
    pub broken: Cell<bool>,
}

impl<'a> File<'a> {
    /// Reads the header.
    pub fn open(bytes: &'a dyn Positioned) -> Result<Self, Fault> {
        let mut head = [0; 564];
        let n = bytes.read_at(0, &mut head);
        let head = head.get(..n).unwrap_or_default();
        if !head.starts_with(b"!BDN") {
            return Err("This is no Outlook store.");
        }
        let version = le16(head, 10).ok_or(BEYOND)?;
        let layout = match version {
            14 | 15 => Layout::Ansi,
            36.. => Layout::Large,
            23.. => Layout::Unicode,
            _ => return Err("The version of this Outlook store is unknown."),
        };
        let wide = layout != Layout::Ansi;
        let number = |at: usize| if wide { le64(head, at) } else { le32(head, at).map(u64::from) };
        let (nodes, blocks, method) = if wide { (224, 240, 513) } else { (188, 196, 461) };
        let cipher = match head.get(method).ok_or(BEYOND)? {
            0 => Cipher::None,
            1 => Cipher::Permute,
            2 => Cipher::Cyclic,
            _ => return Err("This Outlook store is encrypted."),
        };
        Ok(File {
            bytes,
            layout,
            cipher,
            nodes: number(nodes).ok_or(BEYOND)?,
            blocks: number(blocks).ok_or(BEYOND)?,
            pages: RefCell::default(),
            left: Cell::new(bytes.size().saturating_add(LONGEST)),
            broken: Cell::new(false),
        })
    }

    pub fn size(&self) -> u64 {
        self.bytes.size()
    }

    pub fn wide(&self) -> bool {
        self.layout != Layout::Ansi
    }

    /// Returns a number of the width of this file's ids.
    pub fn number(&self, bytes: &[u8], at: usize) -> Option<u64> {
        if self.wide() { le64(bytes, at) } else { le32(bytes, at).map(u64::from) }
    }

    fn read(&self, offset: u64, length: usize) -> Result<Vec<u8>, Fault> {
        let left = self.left.get().checked_sub(length as u64).ok_or(SPENT)?;
        self.left.set(left);
        let mut bytes = vec![0; length];
        if self.bytes.read_at(offset, &mut bytes) == length { Ok(bytes) } else { Err(BEYOND) }
    }

    fn page(&self, offset: u64) -> Result<Rc<Vec<u8>>, Fault> {
        if let Some(page) = self.pages.borrow().get(&offset) {
            return Ok(page.clone());
        }
        let length = if self.layout == Layout::Large { 4096 } else { 512 };
        let page = Rc::new(self.read(offset, length)?);
        let mut pages = self.pages.borrow_mut();
        if pages.len() >= MOST_PAGES {
            pages.clear();
        }
        pages.insert(offset, page.clone());
        Ok(page)
    }

    /// Returns a page's entries: their bytes, the length of each, and the page's level above the leaves.
    fn entries<'p>(&self, page: &'p [u8], kind: u8) -> Result<(&'p [u8], usize, u8), Fault> {
        let (count, size, level, trailer) = match self.layout {
            Layout::Ansi => (page.get(496).map(|n| usize::from(*n)), page.get(498), page.get(499), 500),
            Layout::Unicode => (page.get(488).map(|n| usize::from(*n)), page.get(490), page.get(491), 496),
            Layout::Large => (le16(page, 4056).map(usize::from), page.get(4060), page.get(4061), 4072),
        };
        let (Some(count), Some(size), Some(level)) = (count, size, level) else { return Err(DAMAGED_PAGE) };
        if page.get(trailer) != Some(&kind) || page.get(trailer + 1) != Some(&kind) || *size == 0 {
            return Err(DAMAGED_PAGE);
        }
        let size = usize::from(*size);
        let entries = slice(page, 0, count * size).filter(|e| e.len() <= trailer).ok_or(DAMAGED_PAGE)?;
        Ok((entries, size, *level))
    }

    /// Finds the leaf entry of a key in a tree of pages.
    fn find(&self, root: u64, kind: u8, key: u64) -> Result<Option<Vec<u8>>, Fault> {
        let mut offset = root;
        let mut above = u8::MAX;
        for _ in 0..DEEPEST {
            let page = self.page(offset)?;
            let (entries, size, level) = self.entries(&page, kind)?;
            if level >= above {
                return Err(DEPTH);
            }
            above = level;
            let key_of = |entry: &[u8]| {
                let found = self.number(entry, 0).unwrap_or(u64::MAX);
                if kind == NODES { found & 0xffff_ffff } else { found & !1 }
            };
            // Entries are sorted by key: the last one that is not above it leads on.
            let mut last = None;
            for entry in entries.chunks_exact(size).take_while(|entry| key_of(entry) <= key) {
                last = Some(entry);
            }
            let Some(entry) = last else { return Ok(None) };
            if level == 0 {
                return Ok((key_of(entry) == key).then(|| entry.to_vec()));
            }
            let width = if self.wide() { 8 } else { 4 };
            offset = self.number(entry, 2 * width).ok_or(DAMAGED_PAGE)?;
        }
        Err(DEPTH)
    }

    /// Finds a node by its id.
    pub fn node(&self, id: u32) -> Result<Option<Node>, Fault> {
        let entry = self.find(self.nodes, NODES, u64::from(id))?;
        Ok(entry.and_then(|entry| self.node_of(&entry)))
    }

    fn node_of(&self, entry: &[u8]) -> Option<Node> {
        let width = if self.wide() { 8 } else { 4 };
        Some(Node {
            id: le32(entry, 0)?,
            data: self.number(entry, width)?,
            sub: self.number(entry, 2 * width)?,
            parent: le32(entry, 3 * width)?,
        })
    }

    /// Goes through all nodes; what of the tree cannot be read is told and passed over.
    pub fn all_nodes(&self, each: &mut dyn FnMut(Node), fault: &mut dyn FnMut(Fault, u64)) {
        let page_length = if self.layout == Layout::Large { 4096 } else { 512 };
        // Every page has one place in the tree: more visits than pages is a tree that leads back into itself.
        let mut visits = self.size() / page_length + 1;
        let mut open = vec![(self.nodes, u8::MAX)];
        while let Some((offset, above)) = open.pop() {
            if visits == 0 {
                return fault(DEPTH, offset);
            }
            visits -= 1;
            let page = match self.page(offset) {
                Ok(page) => page,
                Err(problem) => {
                    fault(problem, offset);
                    continue;
                }
            };
            match self.entries(&page, NODES) {
                Ok((_, _, level)) if level >= above => fault(DEPTH, offset),
                Ok((entries, size, 0)) => {
                    entries.chunks_exact(size).filter_map(|entry| self.node_of(entry)).for_each(&mut *each);
                }
                Ok((entries, size, level)) => {
                    let width = if self.wide() { 8 } else { 4 };
                    let below = entries.chunks_exact(size).rev().filter_map(|entry| self.number(entry, 2 * width));
                    open.extend(below.map(|offset| (offset, level)));
                }
                Err(problem) => fault(problem, offset),
            }
        }
    }

    /// Says where a block lies.
    pub fn place(&self, block: u64) -> Result<Place, Fault> {
        let entry = self.find(self.blocks, BLOCKS, block & !1)?.ok_or(LOST)?;
        let width = if self.wide() { 8 } else { 4 };
        let (offset, length) = (self.number(&entry, width), le16(&entry, 2 * width));
        let (Some(offset), Some(length)) = (offset, length) else { return Err(DAMAGED_PAGE) };
        let length = u64::from(length);
        if offset.checked_add(length).is_none_or(|end| end > self.size()) {
            return Err(BEYOND);
        }
        Ok(Place { offset, length })
    }

    /// Reads a block, decoded.
    pub fn block(&self, block: u64) -> Result<Vec<u8>, Fault> {
        let Place { offset, length } = self.place(block)?;
        let length = usize::try_from(length).map_err(|_| BEYOND)?;
        let (footer, align) = match self.layout {
            Layout::Ansi => (12, 64),
            Layout::Unicode => (16, 64),
            Layout::Large => (24, 512),
        };
        let whole = (length + footer).next_multiple_of(align);
        // The footer of the last block may be cut off; its bytes are read all the same.
        let (mut bytes, trailer) = match self.read(offset, whole) {
            Ok(mut bytes) => {
                let trailer = bytes.split_off(whole - footer);
                bytes.truncate(length);
                (bytes, trailer)
            }
            Err(problem) if problem == SPENT => return Err(problem),
            Err(_) => (self.read(offset, length)?, Vec::new()),
        };
        let crc = le32(&trailer, if self.wide() { 4 } else { 8 });
        if crc.is_none_or(|crc| crc != cipher::crc(&bytes)) {
            self.broken.set(true);
        }
        if self.layout == Layout::Large
            && let Some(unpacked) = le16(&trailer, 18).map(usize::from)
            && unpacked > 0
            && unpacked != bytes.len()
        {
            bytes = inflate(&bytes, unpacked).ok_or("A packed block is damaged.")?;
        }
        if block & INTERNAL == 0 {
            self.cipher.decode(&mut bytes, block);
        }
        Ok(bytes)
    }

    /// Returns the ids of the blocks that a node's data is made of.
    pub fn data_blocks(&self, data: u64) -> Result<Vec<u64>, Fault> {
        if data == 0 {
            return Ok(Vec::new());
        }
        if data & INTERNAL == 0 {
            return Ok(vec![data]);
        }
        let mut found = Vec::new();
        let list = self.block(data)?;
        if list.first() != Some(&1) {
            return Err("A list of blocks is damaged.");
        }
        for id in self.ids(&list) {
            if list.get(1) == Some(&1) {
                found.push(id);
            } else {
                let below = self.block(id)?;
                if below.first() != Some(&1) || below.get(1) != Some(&1) {
                    return Err("A list of blocks is damaged.");
                }
                found.extend(self.ids(&below));
            }
        }
        Ok(found)
    }

    fn ids(&self, list: &[u8]) -> Vec<u64> {
        let width = if self.wide() { 8 } else { 4 };
        let count = le16(list, 2).map_or(0, usize::from);
        (0..count).map_while(|i| self.number(list, 8 + i * width)).collect()
    }

    /// Hands out a node's data, block by block.
    pub fn data(&self, data: u64, each: &mut dyn FnMut(Vec<u8>)) -> Result<(), Fault> {
        for block in self.data_blocks(data)? {
            if block & INTERNAL != 0 {
                return Err("A list of blocks is damaged.");
            }
            each(self.block(block)?);
        }
        Ok(())
    }

    /// Reads a node's data whole, up to the limit; the second value is its full length.
    pub fn whole(&self, data: u64) -> Result<(Vec<u8>, u64), Fault> {
        let (mut bytes, mut length) = (Vec::new(), 0);
        self.data(data, &mut |block| {
            length += block.len() as u64;
            if length <= LONGEST {
                bytes.extend_from_slice(&block);
            }
        })?;
        Ok((bytes, length))
    }

    /// Returns the nodes below a node.
    pub fn subnodes(&self, sub: u64) -> Result<HashMap<u32, Node>, Fault> {
        let mut found = HashMap::new();
        if sub != 0 {
            self.add_subnodes(sub, 1, &mut found)?;
        }
        Ok(found)
    }

    fn add_subnodes(&self, sub: u64, levels: u8, found: &mut HashMap<u32, Node>) -> Result<(), Fault> {
        const DAMAGED: Fault = "A list of parts of an item is damaged.";
        let list = self.block(sub)?;
        let (Some(2), Some(level), Some(count)) = (list.first(), list.get(1), le16(&list, 2)) else {
            return Err(DAMAGED);
        };
        let (start, width) = if self.wide() { (8, 8) } else { (4, 4) };
        let size = if *level == 0 { 3 * width } else { 2 * width };
        let entries = list.get(start..).unwrap_or_default();
        for entry in entries.chunks_exact(size).take(usize::from(count)) {
            let (Some(id), Some(data)) = (le32(entry, 0), self.number(entry, width)) else { return Err(DAMAGED) };
            if *level == 0 {
                let sub = self.number(entry, 2 * width).ok_or(DAMAGED)?;
                found.insert(id, Node { id, data, sub, parent: 0 });
            } else if levels > 0 {
                self.add_subnodes(data, levels - 1, found)?;
            } else {
                return Err(DEPTH);
            }
        }
        Ok(())
    }
}

/// Type of the pages of each tree.
const BLOCKS: u8 = 0x80;
const NODES: u8 = 0x81;
/// Set in the id of a block that lists others; such blocks are not encoded.
const INTERNAL: u64 = 2;

fn inflate(packed: &[u8], length: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(length);
    flate2::read::ZlibDecoder::new(packed).take(length as u64).read_to_end(&mut bytes).ok()?;
    (bytes.len() == length).then_some(bytes)
}
