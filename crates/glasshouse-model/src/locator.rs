use std::fmt;
use std::str::FromStr;

/// How the place of a record inside its entry is described, beyond its byte range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LocatorKind {
    /// A plain byte range.
    Bytes,
    /// A JSON value; the detail is its JSON pointer (RFC 6901).
    Json,
    /// A row of a table; the detail is its number, the header being row 0.
    Row,
    /// A part of a MIME message; the byte range is the whole message, the detail the part's path (`1.2`).
    Mime,
    /// A node of a document; the detail is the count of such nodes before it.
    Node,
    /// The whole entry.
    Whole,
}

impl LocatorKind {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            LocatorKind::Bytes => "bytes",
            LocatorKind::Json => "json",
            LocatorKind::Row => "row",
            LocatorKind::Mime => "mime",
            LocatorKind::Node => "node",
            LocatorKind::Whole => "whole",
        }
    }
}

/// Where in an entry a record's bytes are: a kind, a detail and a byte range of the entry's content.
///
/// Written as `kind:detail@start+length`, for example `json:/locations/12@4831+402`; the last `@` splits
/// detail and range.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Locator {
    pub kind: LocatorKind,
    pub detail: String,
    /// First byte of the range in the entry's uncompressed content.
    pub start: u64,
    /// Length of the range in bytes.
    pub length: u64,
}

impl Locator {
    /// Returns a locator of the given kind.
    pub fn new(kind: LocatorKind, detail: impl Into<String>, start: u64, length: u64) -> Self {
        Locator { kind, detail: detail.into(), start, length }
    }

    /// Returns the locator of a plain byte range.
    pub fn bytes(start: u64, length: u64) -> Self {
        Self::new(LocatorKind::Bytes, "", start, length)
    }

    /// Returns the locator of a JSON value.
    pub fn json(pointer: impl Into<String>, start: u64, length: u64) -> Self {
        Self::new(LocatorKind::Json, pointer, start, length)
    }

    /// Returns the locator of an entry of `length` bytes as a whole.
    pub fn whole(length: u64) -> Self {
        Self::new(LocatorKind::Whole, "", 0, length)
    }

    /// Appends the text form, `kind:detail@start+length`.
    pub fn write_to(&self, out: &mut String) {
        // Every record has one: a number by itself is written much quicker than one among others.
        for text in [self.kind.as_str(), ":", &self.detail, "@", &self.start.to_string(), "+", &self.length.to_string()]
        {
            out.push_str(text);
        }
    }
}

impl fmt::Display for Locator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.write_to(&mut text);
        f.write_str(&text)
    }
}

/// A text that is not a locator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotALocator;

impl FromStr for Locator {
    type Err = NotALocator;

    fn from_str(text: &str) -> Result<Self, NotALocator> {
        let (head, range) = text.rsplit_once('@').ok_or(NotALocator)?;
        let (kind, detail) = head.split_once(':').ok_or(NotALocator)?;
        let (start, length) = range.split_once('+').ok_or(NotALocator)?;
        let kind = match kind {
            "bytes" => LocatorKind::Bytes,
            "json" => LocatorKind::Json,
            "row" => LocatorKind::Row,
            "mime" => LocatorKind::Mime,
            "node" => LocatorKind::Node,
            "whole" => LocatorKind::Whole,
            _ => return Err(NotALocator),
        };
        let start = start.parse().map_err(|_| NotALocator)?;
        let length = length.parse().map_err(|_| NotALocator)?;
        Ok(Locator { kind, detail: detail.to_string(), start, length })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_round_trips() {
        for locator in [
            Locator::bytes(0, 5),
            Locator::json("/a@b/0:1", 7, u64::MAX),
            Locator::new(LocatorKind::Mime, "1.2", 10, 20),
            Locator::whole(9),
        ] {
            assert_eq!(locator.to_string().parse(), Ok(locator));
        }
        for bad in ["", "bytes", "bytes:1+2", "bytes:@1", "what:@1+2", "bytes:@-1+2", "bytes:@1+2x"] {
            assert_eq!(bad.parse::<Locator>(), Err(NotALocator), "{bad}");
        }
    }
}
