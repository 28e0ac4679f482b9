use super::file::{Fault, File, Node, Place};
use super::heap::{Content, Faults, properties, rows};
use super::names;
use super::survey::{Index, Listed};
use crate::formats::mapi::{Attached, Item, Names, Props, html as html_of};
use glasshouse_model::{EntryId, Locator, LocatorKind, Ref};

/// Nodes of every item that has recipients, or something attached.
const RECIPIENTS: u32 = 0x692;
const ATTACHMENTS: u32 = 0x671;
/// The property that holds what is attached.
const DATA: u16 = 0x3701;
/// Items attached to items attached to items.
const DEEPEST: usize = 8;
const MOST_ATTACHMENTS: usize = 10_000;

/// An item read, with what could not be.
pub(super) struct Read {
    pub at: Ref,
    pub item: Option<Item>,
    pub faults: Faults,
}

/// What reading an item needs.
struct Reader<'r, 'a> {
    file: &'r File<'a>,
    names: &'r Names,
    entry: EntryId,
    faults: Faults,
    attachments: usize,
}

pub(super) fn read(file: &File<'_>, listed: &Listed, index: &Index<'_>, entry: EntryId) -> Option<Read> {
    let node = Node { id: listed.id, data: listed.data, sub: listed.sub, parent: listed.parent };
    let place = file.place(node.data).ok()?;
    let at = place_of(entry, &format!("0x{:x}", node.id), place);
    let mut reader = Reader { file, names: &index.names, entry, faults: Vec::new(), attachments: 0 };
    let item = match reader.item(&node, &format!("0x{:x}", node.id), 0) {
        Ok(item) => Some(item),
        Err(fault) => {
            reader.fault(fault);
            None
        }
    };
    Some(Read { at, item, faults: reader.faults })
}

fn place_of(entry: EntryId, detail: &str, place: Place) -> Ref {
    Ref { entry, locator: Locator::new(LocatorKind::Node, detail, place.offset, place.length) }
}

impl Reader<'_, '_> {
    fn fault(&mut self, fault: Fault) {
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    fn item(&mut self, node: &Node, path: &str, depth: usize) -> Result<Item, Fault> {
        let bag = properties(self.file, node, self.names, None, &mut self.faults)?;
        let mut item = Item { props: Props::new(bag.list, None), ..Item::default() };
        let charset = item.props.charset().map(str::to_owned);
        if let Some(table) = bag.subnodes.get(&RECIPIENTS) {
            match rows(self.file, table, self.names, charset.as_deref(), &mut self.faults) {
                Ok(found) => item.recipients = found.into_iter().map(|(_, props)| props).collect(),
                Err(fault) => self.fault(fault),
            }
        }
        let Some(table) = bag.subnodes.get(&ATTACHMENTS) else { return Ok(item) };
        let listed = rows(self.file, table, self.names, charset.as_deref(), &mut self.faults);
        for (id, _) in listed.unwrap_or_else(|fault| {
            self.fault(fault);
            Vec::new()
        }) {
            self.attachments += 1;
            if self.attachments > MOST_ATTACHMENTS {
                self.fault("An item has more attachments than are listed.");
                break;
            }
            let read = match bag.subnodes.get(&id) {
                Some(node) => self.attached(node, &format!("{path}/0x{id:x}"), charset.as_deref(), depth),
                None => Err("An attachment is listed and not there."),
            };
            match read {
                Ok(attached) => item.attachments.push(attached),
                Err(fault) => self.fault(fault),
            }
        }
        Ok(item)
    }

    fn attached(&mut self, node: &Node, path: &str, charset: Option<&str>, depth: usize) -> Result<Attached, Fault> {
        let bag = properties(self.file, node, self.names, Some(DATA), &mut self.faults)?;
        let props = Props::new(bag.list, charset);
        let mut attached = Attached { props, size: None, sha256: None, at: None, inner: None };
        let is_item = attached.props.peek_int(0x3705) == Some(5);
        match bag.content {
            Some(Content::Below(node)) if is_item => {
                let place = self.file.place(node.data)?;
                attached.at = Some(place_of(self.entry, path, place));
                if depth < DEEPEST {
                    match self.item(&node, path, depth + 1) {
                        Ok(inner) => attached.inner = Some(Box::new(inner)),
                        Err(fault) => self.fault(fault),
                    }
                } else {
                    self.fault("Items are attached to items deeper than is followed.");
                }
            }
            Some(Content::Below(node)) => {
                let mut hash = ring::digest::Context::new(&ring::digest::SHA256);
                let mut size = 0;
                let whole = self.file.data(node.data, &mut |block| {
                    hash.update(&block);
                    size += block.len() as u64;
                });
                match whole {
                    Ok(()) => {
                        attached.size = Some(size);
                        attached.sha256 = hash.finish().as_ref().try_into().ok();
                    }
                    Err(fault) => self.fault(fault),
                }
                let first = self.file.data_blocks(node.data).ok().and_then(|blocks| blocks.first().copied());
                let place = first.and_then(|block| self.file.place(block).ok());
                attached.at = place.map(|place| place_of(self.entry, path, place));
            }
            Some(Content::Inside) => {
                if let Some(bytes) = attached.props.binary(DATA) {
                    attached.size = Some(bytes.len() as u64);
                    attached.sha256 = ring::digest::digest(&ring::digest::SHA256, bytes).as_ref().try_into().ok();
                }
                let place = self.file.place(node.data)?;
                attached.at = Some(place_of(self.entry, path, place));
            }
            // A file elsewhere that the item only names.
            None => {}
        }
        attached.props.done(DATA);
        Ok(attached)
    }
}

/// Follows a path of ids (`0x200024/0x8025`) to a node: the item itself, or what holds an attachment.
fn follow(file: &File<'_>, detail: &str) -> Option<(Node, bool)> {
    let mut ids = detail.split('/').map(|id| u32::from_str_radix(id.strip_prefix("0x")?, 16).ok());
    let mut node = file.node(ids.next()??).ok()??;
    let mut attached = false;
    for (step, id) in ids.enumerate() {
        if step > DEEPEST {
            return None;
        }
        if attached {
            // What is attached to an attached item.
            let bag = properties(file, &node, &Names::new(), Some(DATA), &mut Vec::new()).ok()?;
            let Some(Content::Below(inner)) = bag.content else { return None };
            node = inner;
        }
        node = *file.subnodes(node.sub).ok()?.get(&id?)?;
        attached = true;
    }
    Some((node, attached))
}

/// Returns the bytes of an attachment.
pub(super) fn attachment(file: &File<'_>, detail: &str, longest: u64) -> Option<Vec<u8>> {
    let (node, attached) = follow(file, detail)?;
    if !attached {
        return None;
    }
    let bag = properties(file, &node, &Names::new(), Some(DATA), &mut Vec::new()).ok()?;
    let props = Props::new(bag.list, None);
    match bag.content? {
        Content::Inside => Some(props.binary(DATA)?.to_vec()),
        // An item is no file: it has parts and no bytes of its own.
        Content::Below(_) if props.peek_int(0x3705) == Some(5) => None,
        Content::Below(node) => {
            let (bytes, length) = file.whole(node.data).ok()?;
            (length == bytes.len() as u64 && length <= longest).then_some(bytes)
        }
    }
}

/// Returns the HTML of an item.
pub(super) fn html(file: &File<'_>, detail: &str) -> Option<String> {
    let (node, attached) = follow(file, detail)?;
    if attached {
        return None;
    }
    let bag = properties(file, &node, &names::read(file).unwrap_or_default(), None, &mut Vec::new()).ok()?;
    html_of(&Props::new(bag.list, None))
}
