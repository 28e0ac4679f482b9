//! XML in other encodings than UTF-8: its structure is read as it is, and its text through its own encoding.

use crate::Sink;
use encoding_rs::{Encoding, UTF_8};
use glasshouse_model::Ref;
use std::borrow::Cow;

/// Bytes of XML with the encoding that they name.
pub struct Xml<'a> {
    bytes: &'a [u8],
    encoding: &'static Encoding,
    valid: bool,
}

impl<'a> Xml<'a> {
    /// Takes bytes without a mark; what is not of the encoding that the document names is told once.
    pub fn new(bytes: &'a [u8], at: &Ref, out: &mut Sink) -> Self {
        let valid = std::str::from_utf8(bytes).is_ok();
        let encoding = if valid { UTF_8 } else { named(bytes) };
        if !valid && encoding == UTF_8 {
            out.warn(at.clone(), "text.utf8", "Some bytes are not UTF-8; they are shown as U+FFFD.");
        }
        Xml { bytes, encoding, valid }
    }

    /// Returns bytes that an XML reader takes, each at its place: what is not ASCII is `?` where it is not UTF-8.
    pub fn structure(&self) -> Cow<'a, [u8]> {
        if self.valid {
            return Cow::Borrowed(self.bytes);
        }
        Cow::Owned(self.bytes.iter().map(|b| if b.is_ascii() { *b } else { b'?' }).collect())
    }

    /// Returns the text between two places.
    pub fn text(&self, start: usize, end: usize) -> Cow<'a, str> {
        self.encoding.decode_without_bom_handling(self.bytes.get(start..end).unwrap_or_default()).0
    }
}

/// Returns the encoding that the declaration names, if it is one that leaves ASCII as it is.
fn named(bytes: &[u8]) -> &'static Encoding {
    let head = bytes.trim_ascii_start();
    let end = memchr::memmem::find(head, b"?>").unwrap_or(0);
    let declaration = String::from_utf8_lossy(head.get(..end.min(200)).unwrap_or_default());
    let label = declaration.split_once("encoding").and_then(|(_, rest)| {
        let rest = rest.trim_start_matches([' ', '=']);
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        rest.get(1..)?.split(quote).next()
    });
    let encoding = label.and_then(|label| Encoding::for_label(label.as_bytes()));
    encoding.filter(|encoding| encoding.is_ascii_compatible() && encoding.is_single_byte()).unwrap_or(UTF_8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use glasshouse_model::{EntryId, Locator};

    #[test]
    fn text_is_read_through_the_encoding_that_is_named() {
        let at = Ref { entry: EntryId(0), locator: Locator::bytes(0, 0) };
        let mut out = Sink::new();
        let bytes = b"<?xml version='1.0' encoding='ISO-8859-1'?><a>Andr\xe9</a>";
        let xml = Xml::new(bytes, &at, &mut out);
        assert_eq!(xml.text(46, 51), "Andr\u{e9}");
        assert_eq!(xml.structure().get(46..51), Some(&b"Andr?"[..]));
        assert!(out.warnings().is_empty());
        let xml = Xml::new(b"<a>\xff</a>", &at, &mut out);
        assert_eq!((xml.text(3, 4), out.warnings().len()), ("\u{fffd}".into(), 1));
        assert!(matches!(Xml::new("<a>\u{e9}</a>".as_bytes(), &at, &mut out).structure(), Cow::Borrowed(_)));
    }
}
