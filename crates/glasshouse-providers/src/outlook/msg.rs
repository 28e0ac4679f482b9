//! Single items saved as files (MSG, [MS-OXMSG]): a compound file with a storage for each recipient and attachment.

use crate::formats::bytes::{le16, le32};
use crate::formats::cfb::{Compound, Fault};
use crate::formats::mapi::{self, Attached, Item, Names, Property, Props, fixed_length, kind, read_names};
use crate::{Opened, Positioned, Sink};
use glasshouse_model::{EntryId, Locator, LocatorKind, Ref};
use std::collections::HashMap;

pub(super) const ID: &str = "msg";

/// Bytes of one value; attachments are read piece by piece and may be longer.
const LONGEST: u64 = 64 << 20;
const DEEPEST: usize = 8;
const MOST_PARTS: usize = 10_000;
const PROPERTIES: &str = "__properties_version1.0";

/// Says whether the first bytes may be those of an item: the names of its parts stand in the file's directory, which
/// lies anywhere, so the name of the file has to help.
pub(super) fn begins(head: &[u8]) -> bool {
    crate::formats::cfb::begins(head)
}

pub(super) fn parse(opened: &Opened<'_>, out: &mut Sink) {
    let Some(bytes) = opened.positioned.filter(|_| opened.frames.iter().any(|f| f.offset == 0)) else { return };
    let at = opened.at(Locator::whole(bytes.size()));
    let file = match Compound::open(bytes) {
        Ok(file) => file,
        Err(fault) => return out.warn(at, "outlook.msg", fault),
    };
    let mut reader = Reader { file: &file, entry: opened.entry.id, size: bytes.size(), faults: Vec::new(), parts: 0 };
    let Some(item) = reader.top() else {
        return out.warn(at, "outlook.msg", "This compound file is no item of Outlook.");
    };
    reader.faults.iter().for_each(|fault| out.warn(at.clone(), "outlook.item", *fault));
    let record = mapi::record(ID, item, &at, out);
    out.record(at, record);
}

struct Reader<'r, 'a> {
    file: &'r Compound<'a>,
    entry: EntryId,
    size: u64,
    faults: Vec<Fault>,
    parts: usize,
}

impl Reader<'_, '_> {
    fn fault(&mut self, fault: Fault) {
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    fn top(&mut self) -> Option<Item> {
        self.file.find(PROPERTIES)?;
        let part = |name: &str| {
            let at = self.file.find(&format!("__nameid_version1.0/__substg1.0_{name}"))?;
            self.file.read(at, LONGEST).ok()
        };
        let [sets, entries, texts] = ["00020102", "00030102", "00040102"].map(|name| part(name).unwrap_or_default());
        let names = read_names(&sets, &entries, &texts);
        Some(self.item(0, 32, "", &names, 0))
    }

    fn item(&mut self, storage: usize, header: usize, path: &str, names: &Names, depth: usize) -> Item {
        let mut item = Item { props: self.props(storage, header, names, None), ..Item::default() };
        let charset = item.props.charset().map(str::to_owned);
        for index in self.file.children(storage) {
            let Some(entry) = self.file.entries.get(index).filter(|e| !e.is_stream) else { continue };
            let (name, path) = (entry.name.as_str(), format!("{path}{}", entry.name));
            let (recipient, attached) = (name.starts_with("__recip_version"), name.starts_with("__attach_version"));
            if !recipient && !attached {
                continue;
            }
            self.parts += 1;
            if self.parts > MOST_PARTS {
                self.fault("An item has more recipients and attachments than are listed.");
                break;
            }
            if recipient {
                item.recipients.push(self.props(index, 8, names, charset.as_deref()));
            } else {
                item.attachments.push(self.attached(index, &path, names, charset.as_deref(), depth));
            }
        }
        item
    }

    fn attached(&mut self, storage: usize, path: &str, names: &Names, charset: Option<&str>, depth: usize) -> Attached {
        let props = self.props(storage, 8, names, charset);
        let mut attached = Attached { props, size: None, sha256: None, at: None, inner: None };
        for index in self.file.children(storage) {
            let Some(entry) = self.file.entries.get(index) else { continue };
            let path = format!("{path}/{}", entry.name);
            let locator = Locator::new(LocatorKind::Node, path.as_str(), 0, self.size);
            match (entry.name.as_str(), entry.is_stream) {
                ("__substg1.0_37010102", true) => {
                    attached.at = Some(Ref { entry: self.entry, locator });
                    let mut hash = ring::digest::Context::new(&ring::digest::SHA256);
                    match self.file.stream(index, &mut |piece| hash.update(piece)) {
                        Ok(()) => {
                            attached.size = Some(entry.size);
                            attached.sha256 = hash.finish().as_ref().try_into().ok();
                        }
                        Err(fault) => self.fault(fault),
                    }
                }
                ("__substg1.0_3701000D", false) => {
                    attached.at = Some(Ref { entry: self.entry, locator });
                    let is_item = attached.props.peek_int(0x3705) == Some(5);
                    if is_item && depth < DEEPEST {
                        let inner = self.item(index, 24, &format!("{path}/"), names, depth + 1);
                        attached.inner = Some(Box::new(inner));
                    } else if is_item {
                        self.fault("Items are attached to items deeper than is followed.");
                    }
                }
                _ => {}
            }
        }
        attached
    }

    /// Reads the properties of a storage: those of a fixed length stand in one stream, each other has its own.
    fn props(&mut self, storage: usize, header: usize, names: &Names, charset: Option<&str>) -> Props {
        let children = self.file.children(storage);
        let streams: HashMap<&str, usize> = children
            .iter()
            .filter_map(|i| Some((self.file.entries.get(*i).filter(|e| e.is_stream)?.name.as_str(), *i)))
            .collect();
        let bytes = match streams.get(PROPERTIES).map(|i| self.file.read(*i, LONGEST)) {
            Some(Ok(bytes)) => bytes,
            Some(Err(fault)) => {
                self.fault(fault);
                Vec::new()
            }
            None => {
                self.fault("The properties of an item are missing.");
                Vec::new()
            }
        };
        let mut list = Vec::new();
        let mut held = 0;
        for entry in bytes.get(header..).unwrap_or_default().chunks_exact(16) {
            let (Some(tag_kind), Some(id)) = (le16(entry, 0), le16(entry, 2)) else { continue };
            let name = names.get(&id).cloned();
            if let Some(length) = fixed_length(tag_kind).filter(|n| *n <= 8) {
                let value = entry.get(8..8 + length).unwrap_or_default().to_vec();
                list.push(Property::new(id, tag_kind, name, vec![value]));
                continue;
            }
            // What is attached is not held in memory.
            if id == 0x3701 || tag_kind == kind::OBJECT {
                continue;
            }
            let stream = format!("__substg1.0_{id:04X}{tag_kind:04X}");
            let Some(index) = streams.get(stream.as_str()) else {
                if le32(entry, 8) > Some(4) {
                    self.fault("A value of an item is missing.");
                }
                continue;
            };
            let size = self.file.entries.get(*index).map_or(0, |e| e.size);
            held += size;
            if size > LONGEST || held > 4 * LONGEST {
                list.push(Property::left_out(id, tag_kind, name, size));
                continue;
            }
            match self.file.read(*index, LONGEST) {
                Ok(bytes) if tag_kind & kind::MANY == 0 => list.push(Property::new(id, tag_kind, name, vec![bytes])),
                Ok(bytes) => {
                    let values = self.values(tag_kind, &bytes, &stream, &streams);
                    list.push(Property::new(id, tag_kind, name, values));
                }
                Err(fault) => self.fault(fault),
            }
        }
        Props::new(list, charset)
    }

    /// Returns many values: those of a fixed length one behind the other, others each in a stream of its own.
    fn values(&mut self, tag_kind: u16, bytes: &[u8], stream: &str, streams: &HashMap<&str, usize>) -> Vec<Vec<u8>> {
        if let Some(length) = fixed_length(tag_kind & !kind::MANY) {
            return bytes.chunks_exact(length).map(<[u8]>::to_vec).collect();
        }
        let mut values = Vec::new();
        while values.len() < MOST_PARTS
            && let Some(index) = streams.get(format!("{stream}-{:08X}", values.len()).as_str())
        {
            match self.file.read(*index, LONGEST) {
                Ok(value) => values.push(value),
                Err(fault) => {
                    self.fault(fault);
                    break;
                }
            }
        }
        values
    }
}

/// Returns the bytes of an attachment by the detail of its locator; none if there is none of that name, or it is
/// longer than `longest`.
pub(super) fn attachment(bytes: &dyn Positioned, detail: &str, longest: u64) -> Option<Vec<u8>> {
    let file = Compound::open(bytes).ok()?;
    file.read(file.find(detail)?, longest).ok()
}

/// Returns the HTML body of the item.
pub(super) fn html(bytes: &dyn Positioned) -> Option<String> {
    let file = Compound::open(bytes).ok()?;
    let mut reader = Reader { file: &file, entry: EntryId(0), size: bytes.size(), faults: Vec::new(), parts: 0 };
    mapi::html(&reader.props(0, 32, &Names::new(), None))
}
