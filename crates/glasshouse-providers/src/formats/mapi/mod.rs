//! Items of Outlook as properties: what PST, MSG and TNEF have in common.
//!
//! A property has an id, a type and a value; ids from 0x8000 on stand for a name of a set ([MS-OXPROPS],
//! [MS-OXCDATA]). The containers differ in how they store them, the record that comes of an item does not.

mod named;
mod names;
mod person;
mod record;
mod rtf;
mod text;

pub(crate) use named::{Names, read_names};
pub(crate) use record::record;

use super::bytes::{array, le16, le32, le64};
use glasshouse_model::{Attachment, Ref};
use names::Expected;
use std::borrow::Cow;

/// A name of a property whose id is 0x8000 or more: a set and what it calls the property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub set: [u8; 16],
    pub name: Name,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    Number(u32),
    Text(String),
}

/// One property; values as their bytes lie in the container, numbers little-endian.
#[derive(Clone, Debug)]
pub(crate) struct Property {
    pub id: u16,
    /// Type without the bit that says that there may be many values.
    pub kind: u16,
    pub many: bool,
    pub name: Option<Named>,
    pub values: Vec<Vec<u8>>,
    /// Length of a value that is not here because it is too long.
    pub left_out: Option<u64>,
    used: bool,
}

/// Types of properties ([MS-OXCDATA] 2.11.1).
pub(crate) mod kind {
    pub const INT16: u16 = 0x0002;
    pub const INT32: u16 = 0x0003;
    pub const FLOAT32: u16 = 0x0004;
    pub const FLOAT64: u16 = 0x0005;
    pub const CURRENCY: u16 = 0x0006;
    pub const FLOATING_TIME: u16 = 0x0007;
    pub const ERROR: u16 = 0x000A;
    pub const BOOL: u16 = 0x000B;
    pub const OBJECT: u16 = 0x000D;
    pub const INT64: u16 = 0x0014;
    pub const STRING8: u16 = 0x001E;
    pub const STRING: u16 = 0x001F;
    pub const TIME: u16 = 0x0040;
    pub const GUID: u16 = 0x0048;
    pub const BINARY: u16 = 0x0102;
    /// Set where there may be many values.
    pub const MANY: u16 = 0x1000;
}

/// Returns the length of a type's values, where it is the same for all.
pub(crate) fn fixed_length(kind: u16) -> Option<usize> {
    match kind {
        kind::INT16 | kind::BOOL => Some(2),
        kind::INT32 | kind::FLOAT32 | kind::ERROR => Some(4),
        kind::FLOAT64 | kind::CURRENCY | kind::FLOATING_TIME | kind::INT64 | kind::TIME => Some(8),
        kind::GUID => Some(16),
        _ => None,
    }
}

impl Property {
    /// Returns a property of one value; `tag_kind` may carry the bit for many, whose values come later.
    pub fn new(id: u16, tag_kind: u16, name: Option<Named>, values: Vec<Vec<u8>>) -> Self {
        let many = tag_kind & kind::MANY != 0;
        Property { id, kind: tag_kind & !kind::MANY, many, name, values, left_out: None, used: false }
    }

    /// Returns a property that was too long to be taken along.
    pub fn left_out(id: u16, tag_kind: u16, name: Option<Named>, length: u64) -> Self {
        Property { left_out: Some(length), ..Property::new(id, tag_kind, name, Vec::new()) }
    }

    fn first(&self) -> Option<&[u8]> {
        self.values.first().map(Vec::as_slice)
    }

    fn is_text(&self) -> bool {
        matches!(self.kind, kind::STRING | kind::STRING8)
    }

    fn int(&self, value: &[u8]) -> Option<i64> {
        match self.kind {
            kind::INT16 => le16(value, 0).map(|n| i64::from(n as i16)),
            kind::INT32 | kind::ERROR => le32(value, 0).map(|n| i64::from(n as i32)),
            kind::INT64 | kind::CURRENCY => le64(value, 0).map(|n| n as i64),
            _ => None,
        }
    }
}

/// The properties of an item, a recipient or an attachment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Props {
    list: Vec<Property>,
    /// Charset of texts of the type String8.
    charset: Option<String>,
}

impl Props {
    /// Returns properties; `charset` is used where none of them states a code page.
    pub fn new(list: Vec<Property>, charset: Option<&str>) -> Self {
        let mut props = Props { list, charset: None };
        let page = [0x3FFD, 0x3FDE].into_iter().find_map(|id| props.peek_int(id)).and_then(charset_of);
        props.charset = page.or_else(|| charset.map(str::to_owned));
        props
    }

    /// Returns the charset that texts without one of their own are read in.
    pub fn charset(&self) -> Option<&str> {
        self.charset.as_deref()
    }

    fn find(&self, id: u16) -> Option<&Property> {
        self.list.iter().find(|p| p.id == id && p.name.is_none())
    }

    /// Returns an integer and leaves it among the fields.
    pub fn peek_int(&self, id: u16) -> Option<i64> {
        let property = self.find(id)?;
        property.int(property.first()?)
    }

    /// Returns a text and leaves it among the fields.
    pub fn peek_text(&self, id: u16) -> Option<String> {
        let property = self.find(id).filter(|p| p.is_text())?;
        Some(self.decode(property.kind, property.first()?).into_owned())
    }

    /// Returns the bytes of a binary property.
    pub fn binary(&self, id: u16) -> Option<&[u8]> {
        self.find(id).filter(|p| p.kind == kind::BINARY)?.first()
    }

    /// Returns a property as it is stored.
    pub fn raw(&self, id: u16) -> Option<&Property> {
        self.find(id)
    }

    fn take(&mut self, id: u16) -> Option<&Property> {
        let property = self.list.iter_mut().find(|p| p.id == id && p.name.is_none())?;
        property.used = true;
        Some(property)
    }

    /// Returns a text, which then is no field of its own; none if it is empty.
    pub fn text(&mut self, id: u16) -> Option<String> {
        let text = self.peek_text(id)?;
        self.take(id);
        Some(text).filter(|t| !t.trim().is_empty())
    }

    /// Says that a property is carried by a member of the record.
    pub fn done(&mut self, id: u16) {
        self.take(id);
    }

    /// Returns a time in units of 100 ns since 1601, UTC, and leaves it among the fields.
    pub fn peek_time(&self, id: u16) -> Option<u64> {
        self.find(id).filter(|p| p.kind == kind::TIME)?.first().and_then(|v| le64(v, 0))
    }

    /// Returns a time in units of 100 ns since 1601, UTC.
    pub fn time(&mut self, id: u16) -> Option<u64> {
        let at = self.peek_time(id)?;
        self.take(id);
        Some(at)
    }

    fn named(&mut self, set: u32, number: u32) -> Option<&mut Property> {
        let set = names::set(set);
        self.list.iter_mut().find(|p| p.name.as_ref().is_some_and(|n| n.set == set && n.name == Name::Number(number)))
    }

    /// Returns a time by the name of its property.
    pub fn named_time(&mut self, set: u32, number: u32) -> Option<u64> {
        let property = self.named(set, number).filter(|p| p.kind == kind::TIME)?;
        let at = le64(property.first()?, 0)?;
        property.used = true;
        Some(at)
    }

    /// Returns a text by the name of its property; none if it is empty.
    pub fn named_text(&mut self, set: u32, number: u32) -> Option<String> {
        let property = self.named(set, number).filter(|p| p.is_text())?;
        property.used = true;
        let (kind, value) = (property.kind, property.first()?.to_vec());
        Some(self.decode(kind, &value).into_owned()).filter(|t| !t.trim().is_empty())
    }

    /// Returns the values of a property by its name and leaves them among the fields.
    pub fn named_values(&mut self, set: u32, number: u32) -> &[Vec<u8>] {
        self.named(set, number).map_or(&[], |p| p.values.as_slice())
    }

    /// Decodes a text up to its first NUL.
    fn decode<'a>(&self, kind: u16, value: &'a [u8]) -> Cow<'a, str> {
        if kind == kind::STRING {
            let units = value.as_chunks::<2>().0.iter().map(|u| u16::from_le_bytes(*u)).take_while(|u| *u != 0);
            return Cow::Owned(char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect());
        }
        let end = memchr::memchr(0, value).unwrap_or(value.len());
        super::mail::decode_charset(value.get(..end).unwrap_or_default(), self.charset()).0
    }

    /// Adds every property that nothing else carries, under its canonical name or its number.
    pub fn rest(&self, fields: &mut glasshouse_model::Fields, seen: &mut std::collections::HashSet<String>) {
        for property in self.list.iter().filter(|p| !p.used) {
            let (name, as_expected) = names::field(property);
            if !seen.insert(name.clone()) {
                continue;
            }
            self.field(fields, &name, property, as_expected);
        }
    }

    fn field(&self, fields: &mut glasshouse_model::Fields, name: &str, property: &Property, expected: Expected) {
        if let Some(length) = property.left_out {
            fields.text(&format!("{name} left out"), &format!("{length} bytes"));
            return;
        }
        if property.many {
            fields.list(name, property.values.iter().take(MOST_VALUES).map(|v| self.shown(property, v)));
            return;
        }
        let Some(value) = property.first() else {
            // An object or an empty value: that it is there is all there is to say.
            return;
        };
        match expected {
            Expected::Int => match property.int(value) {
                Some(n) => fields.int(name, n),
                None => fields.text(&format!("{name} raw"), &hex::encode(value)),
            },
            Expected::Float => {
                let n = if property.kind == kind::FLOAT32 {
                    array(value, 0).map(f32::from_le_bytes).map(f64::from)
                } else {
                    array(value, 0).map(f64::from_le_bytes)
                };
                fields.float(name, n.unwrap_or(f64::NAN))
            }
            Expected::Bool => fields.bool(name, le16(value, 0).is_some_and(|n| n & 0xff != 0)),
            Expected::Text => fields.text(name, &self.shown(property, value)),
        };
    }

    fn shown(&self, property: &Property, value: &[u8]) -> String {
        /// Bytes of a binary value that are written out; of a longer one the beginning is.
        const LONGEST_HEX: usize = 512;
        match property.kind {
            kind::STRING | kind::STRING8 => self.decode(property.kind, value).into_owned(),
            kind::TIME => le64(value, 0).map_or_else(|| hex::encode(value), text::iso_of_filetime),
            kind::GUID => array(value, 0).map_or_else(|| hex::encode(value), |g| names::guid(&g)),
            kind::BOOL => le16(value, 0).is_some_and(|n| n & 0xff != 0).to_string(),
            _ => match property.int(value) {
                Some(n) => n.to_string(),
                None if value.len() > LONGEST_HEX => {
                    let start = hex::encode(value.get(..LONGEST_HEX).unwrap_or_default());
                    format!("{start}… ({} bytes)", value.len())
                }
                None => hex::encode(value),
            },
        }
    }
}

/// Returns the text of an item, and whether it has one that is damaged.
pub(crate) fn text(props: &mut Props) -> (Option<String>, bool) {
    let body = text::body(props);
    (body.text, body.damaged)
}

/// Returns the HTML body of an item.
pub(crate) fn html(props: &Props) -> Option<String> {
    text::html(props)
}

/// Values of one property that are shown.
const MOST_VALUES: usize = 1000;

/// Returns the charset of a Windows code page.
fn charset_of(page: i64) -> Option<String> {
    match page {
        65001 => Some("utf-8".into()),
        20127 => Some("us-ascii".into()),
        1200 => None,
        932 => Some("shift_jis".into()),
        936 => Some("gbk".into()),
        949 => Some("euc-kr".into()),
        950 => Some("big5".into()),
        874 => Some("windows-874".into()),
        1250..=1258 => Some(format!("windows-{page}")),
        20866 => Some("koi8-r".into()),
        21866 => Some("koi8-u".into()),
        28591..=28606 => Some(format!("iso-8859-{}", page - 28590)),
        50220..=50222 => Some("iso-2022-jp".into()),
        51932 => Some("euc-jp".into()),
        51949 => Some("euc-kr".into()),
        52936 | 54936 => Some("gb18030".into()),
        _ => None,
    }
}

/// What is attached to an item.
#[derive(Debug)]
pub(crate) struct Attached {
    pub props: Props,
    pub size: Option<u64>,
    pub sha256: Option<[u8; 32]>,
    /// Where its bytes are, if they are in the container.
    pub at: Option<Ref>,
    /// An item as attachment: what is attached to that.
    pub inner: Option<Box<Item>>,
}

/// An item: a mail, a contact, an appointment, …
#[derive(Debug, Default)]
pub(crate) struct Item {
    pub props: Props,
    pub recipients: Vec<Props>,
    pub attachments: Vec<Attached>,
}

impl Attached {
    /// Returns the attachment that a record lists.
    pub fn attachment(&mut self) -> Attachment {
        let props = &mut self.props;
        let name = [0x3707, 0x3704, 0x3001].into_iter().find_map(|id| props.text(id));
        let mut mime = props.text(0x370E);
        let mut name = name;
        if let Some(inner) = &mut self.inner {
            name = name.or_else(|| inner.props.peek_text(0x0037));
            mime = mime.or_else(|| Some("application/vnd.ms-outlook".into()));
        }
        Attachment { name, mime, size: self.size, sha256: self.sha256, at: self.at.clone() }
    }
}
