//! TNEF (`winmail.dat`, [MS-OXTNEF]): an item of Outlook inside a mail.

use super::bytes::{array, le16, le32, slice};
use super::mapi::{Attached, Item, Name, Named, Property, Props, fixed_length, kind};

const SIGNATURE: u32 = 0x223E_9F78;
/// Attributes of the message and of attachments.
const SUBJECT: u32 = 0x0001_8004;
const BODY: u32 = 0x0002_800C;
const CODE_PAGE: u32 = 0x0006_9007;
const PROPERTIES: u32 = 0x0006_9003;
const ATTACHMENT: u32 = 0x0006_9002;
const ATTACHMENT_TITLE: u32 = 0x0001_8010;
const ATTACHMENT_DATA: u32 = 0x0006_800F;
const ATTACHMENT_PROPERTIES: u32 = 0x0006_9005;
const MOST_ATTACHMENTS: usize = 1000;
const MOST_VALUES: usize = 100_000;

/// Says whether bytes begin as TNEF does.
pub(crate) fn begins(bytes: &[u8]) -> bool {
    le32(bytes, 0) == Some(SIGNATURE)
}

/// An attachment as it lies in the TNEF.
#[derive(Default)]
pub(crate) struct File<'a> {
    pub title: Option<&'a [u8]>,
    pub data: Option<&'a [u8]>,
    props: Vec<Property>,
}

/// A TNEF taken apart.
pub(crate) struct Tnef<'a> {
    pub props: Props,
    pub files: Vec<File<'a>>,
    /// Something in it is damaged.
    pub damaged: bool,
}

/// Takes a TNEF apart; none if it is none.
pub(crate) fn read(bytes: &[u8]) -> Option<Tnef<'_>> {
    if !begins(bytes) {
        return None;
    }
    let mut at = 6;
    let mut props = Vec::new();
    let (mut subject, mut body, mut page) = (None, None, None);
    let mut files: Vec<File<'_>> = Vec::new();
    let mut damaged = false;
    while at < bytes.len() {
        let (Some(id), Some(length)) = (le32(bytes, at + 1), le32(bytes, at + 5)) else {
            damaged = true;
            break;
        };
        let Some(data) = usize::try_from(length).ok().and_then(|length| slice(bytes, at + 9, length)) else {
            damaged = true;
            break;
        };
        let sum = data.iter().fold(0u16, |sum, byte| sum.wrapping_add(u16::from(*byte)));
        damaged |= le16(bytes, at + 9 + data.len()) != Some(sum);
        at += 9 + data.len() + 2;
        match id {
            SUBJECT => subject = Some(data),
            BODY => body = Some(data),
            CODE_PAGE => page = le32(data, 0),
            PROPERTIES => damaged |= !properties(data, &mut props),
            ATTACHMENT if files.len() < MOST_ATTACHMENTS => files.push(File::default()),
            ATTACHMENT => damaged = true,
            ATTACHMENT_TITLE | ATTACHMENT_DATA | ATTACHMENT_PROPERTIES => match files.last_mut() {
                Some(file) if id == ATTACHMENT_TITLE => file.title = Some(data),
                Some(file) if id == ATTACHMENT_DATA => file.data = Some(data),
                Some(file) => damaged |= !properties(data, &mut file.props),
                None => damaged = true,
            },
            _ => {}
        }
    }
    // Old programs write what the properties of today say as attributes of their own.
    for (id, value) in [(0x0037, subject), (0x1000, body)] {
        if let Some(value) = value.filter(|_| !props.iter().any(|p: &Property| p.id == id)) {
            props.push(Property::new(id, kind::STRING8, None, vec![value.to_vec()]));
        }
    }
    if let Some(page) = page.filter(|_| !props.iter().any(|p: &Property| p.id == 0x3FFD)) {
        props.push(Property::new(0x3FFD, kind::INT32, None, vec![page.to_le_bytes().to_vec()]));
    }
    Some(Tnef { props: Props::new(props, None), files, damaged })
}

/// Reads a list of properties and returns whether all of it could be read.
fn properties(data: &[u8], list: &mut Vec<Property>) -> bool {
    let Some(count) = le32(data, 0) else { return false };
    let mut at = 4;
    for _ in 0..count {
        let Some((property, next)) = property(data, at) else { return false };
        list.push(property);
        at = next;
        if list.len() > MOST_VALUES {
            return false;
        }
    }
    true
}

fn property(data: &[u8], at: usize) -> Option<(Property, usize)> {
    let (tag_kind, id) = (le16(data, at)?, le16(data, at + 2)?);
    let mut at = at + 4;
    let mut name = None;
    if id >= 0x8000 {
        let set = array(data, at)?;
        let what = le32(data, at + 20)?;
        let text = le32(data, at + 16)? == 1;
        at += 24;
        name = Some(if text {
            let length = usize::try_from(what).ok()?;
            let units = slice(data, at, length)?.as_chunks::<2>().0.iter().map(|u| u16::from_le_bytes(*u));
            let text = char::decode_utf16(units.take_while(|u| *u != 0)).map(|c| c.unwrap_or('\u{fffd}')).collect();
            at += length.next_multiple_of(4);
            Named { set, name: Name::Text(text) }
        } else {
            Named { set, name: Name::Number(what) }
        });
    }
    let base = tag_kind & !kind::MANY;
    let fixed = fixed_length(base);
    let many = tag_kind & kind::MANY != 0;
    let mut count = 1;
    if many || fixed.is_none() {
        count = usize::try_from(le32(data, at)?).ok()?.min(MOST_VALUES);
        at += 4;
    }
    let mut values = Vec::new();
    for _ in 0..count {
        let length = match fixed {
            Some(length) => length,
            None => {
                let length = usize::try_from(le32(data, at)?).ok()?;
                at += 4;
                length
            }
        };
        values.push(slice(data, at, length)?.to_vec());
        at += length.next_multiple_of(4);
    }
    Some((Property::new(id, tag_kind, name, values), at))
}

impl<'a> File<'a> {
    /// Returns the bytes of the file: an item attached to the item is a TNEF of its own, behind 16 bytes.
    pub fn bytes(&self) -> Option<&[u8]> {
        let inside = self.props.iter().find(|p| p.id == 0x3701).and_then(|p| {
            let value = p.values.first()?;
            if p.kind == kind::OBJECT { value.get(16..) } else { Some(value.as_slice()) }
        });
        inside.or(self.data)
    }

    /// Returns the file as an attachment of an item, without its place.
    pub fn attached(&self, charset: Option<&str>) -> Attached {
        let mut list = self.props.clone();
        if let Some(title) = self.title.filter(|_| !list.iter().any(|p| matches!(p.id, 0x3704 | 0x3707))) {
            list.push(Property::new(0x3704, kind::STRING8, None, vec![title.to_vec()]));
        }
        let bytes = self.bytes();
        let sha256 = bytes.and_then(|b| ring::digest::digest(&ring::digest::SHA256, b).as_ref().try_into().ok());
        let inner = bytes.filter(|b| begins(b)).and_then(read).map(|inner| {
            // What is attached to it is listed when it is taken out.
            Box::new(Item { props: inner.props, ..Item::default() })
        });
        if inner.is_some() && !list.iter().any(|p| p.id == 0x370E) {
            let mime = "application/ms-tnef".bytes().collect();
            list.push(Property::new(0x370E, kind::STRING8, None, vec![mime]));
        }
        let size = bytes.map(|b| b.len() as u64);
        Attached { props: Props::new(list, charset), size, sha256, at: None, inner }
    }
}

/// Returns the bytes of a file in a TNEF, counted from 1.
pub(crate) fn file(bytes: &[u8], number: usize) -> Option<Vec<u8>> {
    read(bytes)?.files.get(number.checked_sub(1)?)?.bytes().map(<[u8]>::to_vec)
}
