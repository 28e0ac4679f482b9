//! The middle of a PST ([MS-PST] 2.3): heaps, trees in them, properties and tables.

use super::file::{Fault, File, LONGEST, Layout, Node};
use crate::formats::bytes::{le16, le32, slice};
use crate::formats::mapi::{Named, Names, Property, Props, fixed_length, kind};
use std::collections::HashMap;

const DAMAGED: Fault = "The properties of an item are damaged.";
/// Properties, rows and branches that one item may have.
const MOST_PROPERTIES: usize = 20_000;
const MOST_ROWS: usize = 100_000;

/// A node's data as a heap, with the nodes below it.
struct Heap<'f, 'a> {
    file: &'f File<'a>,
    blocks: Vec<Vec<u8>>,
    subnodes: HashMap<u32, Node>,
}

impl<'f, 'a> Heap<'f, 'a> {
    fn open(file: &'f File<'a>, node: &Node) -> Result<Self, Fault> {
        let (mut blocks, mut length) = (Vec::new(), 0);
        file.data(node.data, &mut |block: Vec<u8>| {
            length += block.len() as u64;
            if length <= LONGEST {
                blocks.push(block);
            }
        })?;
        let heap = Heap { file, blocks, subnodes: file.subnodes(node.sub)? };
        if length > LONGEST || heap.blocks.first().and_then(|b| b.get(2)) != Some(&0xEC) {
            return Err(DAMAGED);
        }
        Ok(heap)
    }

    /// What the heap is for: a table of properties (0xBC) or of rows (0x7C).
    fn is(&self, kind: u8) -> bool {
        self.blocks.first().and_then(|b| b.get(3)) == Some(&kind)
    }

    fn root(&self) -> Option<&[u8]> {
        self.get(le32(self.blocks.first()?, 4)?)
    }

    /// Returns the bytes that an id of the heap stands for.
    fn get(&self, id: u32) -> Option<&[u8]> {
        let (index, block) = match self.file.layout {
            Layout::Large => ((id >> 5) & 0x3fff, id >> 19),
            _ => ((id >> 5) & 0x7ff, id >> 16),
        };
        let block = self.blocks.get(usize::try_from(block).ok()?)?;
        let map = usize::from(le16(block, 0)?);
        let index = usize::try_from(index).ok()?.checked_sub(1)?;
        if index >= usize::from(le16(block, map)?) {
            return None;
        }
        let at = map + 4 + 2 * index;
        block.get(usize::from(le16(block, at)?)..usize::from(le16(block, at + 2)?))
    }

    /// Returns a value by an id of the heap or of a node below; none with its length if it is too long.
    fn value(&self, id: u32) -> Result<Result<Vec<u8>, u64>, Fault> {
        if id == 0 {
            return Ok(Ok(Vec::new()));
        }
        if id & 0x1f == 0 {
            return Ok(Ok(self.get(id).ok_or(DAMAGED)?.to_vec()));
        }
        let (bytes, length) = self.file.whole(self.subnodes.get(&id).ok_or(DAMAGED)?.data)?;
        Ok(if bytes.len() as u64 == length { Ok(bytes) } else { Err(length) })
    }

    /// Returns the records of a tree in the heap, each a key of two bytes and its data.
    fn tree(&self, header: &[u8]) -> Result<Vec<(u16, Vec<u8>)>, Fault> {
        let (Some(0xB5), Some(key), Some(data), Some(levels)) =
            (header.first(), header.get(1), header.get(2), header.get(3))
        else {
            return Err(DAMAGED);
        };
        let (key, data) = (usize::from(*key), usize::from(*data));
        let root = le32(header, 4).ok_or(DAMAGED)?;
        if key < 2 || data == 0 {
            return Err(DAMAGED);
        }
        let mut found = Vec::new();
        if root == 0 {
            return Ok(found);
        }
        let mut open = vec![(root, (*levels).min(8))];
        let mut visits = 0;
        while let Some((id, level)) = open.pop() {
            visits += 1;
            let bytes = self.get(id).ok_or(DAMAGED)?;
            if visits > MOST_PROPERTIES || found.len() > MOST_PROPERTIES {
                return Err(DAMAGED);
            }
            if level > 0 {
                let below = bytes.chunks_exact(key + 4).rev().filter_map(|entry| le32(entry, key));
                open.extend(below.map(|id| (id, level - 1)));
                continue;
            }
            found.extend(
                bytes.chunks_exact(key + data).filter_map(|entry| Some((le16(entry, 0)?, entry.get(key..)?.to_vec()))),
            );
        }
        Ok(found)
    }
}

/// What could not be read of an item's properties.
pub(super) type Faults = Vec<Fault>;

fn add_fault(faults: &mut Faults, fault: Fault) {
    if !faults.contains(&fault) {
        faults.push(fault);
    }
}

/// Where an attachment's bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// In the heap, with the item's other properties.
    Inside,
    /// In a node below the item.
    Below(Node),
}

/// The properties of a node.
pub(super) struct Bag {
    pub list: Vec<Property>,
    pub subnodes: HashMap<u32, Node>,
    /// The node of a property that is an object or, for that property alone, too long for here.
    pub content: Option<Content>,
}

/// Reads the properties of a node; the value of `apart` is not read, and where it lies is told instead.
pub(super) fn properties(
    file: &File<'_>,
    node: &Node,
    names: &Names,
    apart: Option<u16>,
    faults: &mut Faults,
) -> Result<Bag, Fault> {
    let heap = Heap::open(file, node)?;
    let header = heap.root().filter(|_| heap.is(0xBC)).ok_or(DAMAGED)?;
    let mut list = Vec::new();
    let mut content = None;
    for (id, data) in heap.tree(header)? {
        let (Some(tag_kind), Some(held)) = (le16(&data, 0), le32(&data, 2)) else { continue };
        let name = names.get(&id).cloned();
        if apart == Some(id) && matches!(tag_kind, kind::BINARY | kind::OBJECT) {
            let mut target = held;
            if tag_kind == kind::OBJECT && held & 0x1f == 0 {
                // The object is a node, and the heap holds its id and its size.
                target = heap.get(held).and_then(|object| le32(object, 0)).unwrap_or(0);
            }
            content = match heap.subnodes.get(&target) {
                Some(node) => Some(Content::Below(*node)),
                None if tag_kind == kind::BINARY && held & 0x1f == 0 => Some(Content::Inside),
                None => None,
            };
            if content != Some(Content::Inside) {
                if content.is_none() {
                    add_fault(faults, DAMAGED);
                }
                continue;
            }
        }
        let inline = fixed_length(tag_kind).filter(|n| *n <= 4);
        let property = match inline {
            Some(length) => {
                let value = held.to_le_bytes().get(..length).unwrap_or_default().to_vec();
                Property::new(id, tag_kind, name, vec![value])
            }
            None => match heap.value(held) {
                Ok(Ok(bytes)) => value(id, tag_kind, name, bytes),
                Ok(Err(length)) => Property::left_out(id, tag_kind, name, length),
                Err(fault) => {
                    add_fault(faults, fault);
                    continue;
                }
            },
        };
        list.push(property);
    }
    Ok(Bag { list, subnodes: heap.subnodes, content })
}

/// Returns a property of the bytes that a PST stores for it, several values one behind the other.
fn value(id: u16, tag_kind: u16, name: Option<Named>, bytes: Vec<u8>) -> Property {
    if tag_kind & kind::MANY == 0 {
        return Property::new(id, tag_kind, name, if bytes.is_empty() { Vec::new() } else { vec![bytes] });
    }
    let values = match fixed_length(tag_kind & !kind::MANY) {
        Some(length) => bytes.chunks_exact(length).map(<[u8]>::to_vec).collect(),
        None => {
            let count = le32(&bytes, 0).and_then(|n| usize::try_from(n).ok()).unwrap_or(0).min(bytes.len() / 4);
            let start = |i: usize| le32(&bytes, 4 + 4 * i).and_then(|n| usize::try_from(n).ok());
            let end = |i: usize| if i + 1 < count { start(i + 1) } else { Some(bytes.len()) };
            // Values lie one behind the other: ranges that overlap would make much out of little.
            let mut last = 0;
            let mut values = Vec::new();
            for i in 0..count {
                let (Some(from), Some(to)) = (start(i), end(i)) else { break };
                if from < last {
                    break;
                }
                let Some(value) = bytes.get(from..to) else { break };
                last = to;
                values.push(value.to_vec());
            }
            values
        }
    };
    Property::new(id, tag_kind, name, values)
}

/// Reads a table: for each row its id and its properties.
pub(super) fn rows(
    file: &File<'_>,
    node: &Node,
    names: &Names,
    charset: Option<&str>,
    faults: &mut Faults,
) -> Result<Vec<(u32, Props)>, Fault> {
    let heap = Heap::open(file, node)?;
    let info = heap.root().filter(|_| heap.is(0x7C)).ok_or(DAMAGED)?;
    if info.first() != Some(&0x7C) {
        return Err(DAMAGED);
    }
    let columns = usize::from(*info.get(1).ok_or(DAMAGED)?);
    let (Some(cells), Some(length)) = (le16(info, 6).map(usize::from), le16(info, 8).map(usize::from)) else {
        return Err(DAMAGED);
    };
    let held = le32(info, 14).ok_or(DAMAGED)?;
    let columns: Vec<_> = (0..columns).filter_map(|i| slice(info, 22 + 8 * i, 8)).collect();
    if length < 4 || cells > length {
        return Err(DAMAGED);
    }
    let mut found = Vec::new();
    let mut read = |block: &[u8], faults: &mut Faults| {
        for row in block.chunks_exact(length) {
            if found.len() >= MOST_ROWS {
                return add_fault(faults, "A table has more rows than are read.");
            }
            let there = |bit: u8| {
                let byte = row.get(cells + usize::from(bit / 8)).copied().unwrap_or(0);
                byte & (0x80 >> (bit % 8)) != 0
            };
            let mut list = Vec::new();
            for column in &columns {
                let (Some(tag_kind), Some(id), Some(at), Some(size), Some(bit)) =
                    (le16(column, 0), le16(column, 2), le16(column, 4), column.get(6), column.get(7))
                else {
                    continue;
                };
                let Some(cell) = slice(row, usize::from(at), usize::from(*size)).filter(|_| there(*bit)) else {
                    continue;
                };
                let name = names.get(&id).cloned();
                let fixed = fixed_length(tag_kind).filter(|n| *n <= 8);
                if fixed.is_some() {
                    let mut bytes = cell.to_vec();
                    // Truth values take one byte in a row and two elsewhere.
                    bytes.resize(bytes.len().max(2), 0);
                    list.push(Property::new(id, tag_kind, name, vec![bytes]));
                    continue;
                }
                match le32(cell, 0).ok_or(DAMAGED).and_then(|held| heap.value(held)) {
                    Ok(Ok(bytes)) => list.push(value(id, tag_kind, name, bytes)),
                    Ok(Err(long)) => list.push(Property::left_out(id, tag_kind, name, long)),
                    Err(fault) => add_fault(faults, fault),
                }
            }
            found.push((le32(row, 0).unwrap_or(0), Props::new(list, charset)));
        }
    };
    if held == 0 {
        return Ok(found);
    }
    if held & 0x1f == 0 {
        read(heap.get(held).ok_or(DAMAGED)?, faults);
    } else {
        // A row does not go from one block into the next.
        let mut blocks = 0;
        file.data(heap.subnodes.get(&held).ok_or(DAMAGED)?.data, &mut |block| {
            blocks += 1;
            if blocks <= 2000 {
                read(&block, faults);
            }
        })?;
    }
    Ok(found)
}
