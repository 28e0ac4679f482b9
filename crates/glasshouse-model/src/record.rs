use crate::{Family, Fields, Locator, Moment, Party};
use std::fmt;

/// An entry of a case: a number that is stable within the case.
///
/// Parsers get these from the tree and hand them back in [`Ref`]s; they never open anything by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId(pub u32);

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The bytes that a record was made from: an entry and a place in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ref {
    pub entry: EntryId,
    pub locator: Locator,
}

/// A place on Earth, WGS 84.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Place {
    /// Degrees, north positive.
    pub lat: Option<f64>,
    /// Degrees, east positive.
    pub lon: Option<f64>,
    /// Radius in metres.
    pub accuracy: Option<f64>,
    /// Metres above the reference that the provider uses.
    pub altitude: Option<f64>,
    pub address: Option<String>,
}

impl Place {
    /// Returns a place by coordinates, or none when they lie outside the range of degrees.
    pub fn at(lat: f64, lon: f64) -> Option<Self> {
        ((-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lon)).then(|| Place {
            lat: Some(lat),
            lon: Some(lon),
            ..Place::default()
        })
    }
}

/// Something that travels with a record: a file beside it, or a part inside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attachment {
    pub name: Option<String>,
    pub mime: Option<String>,
    /// Decoded size in bytes.
    pub size: Option<u64>,
    /// SHA-256 of the decoded bytes, where the parser had them in hand.
    pub sha256: Option<[u8; 32]>,
    /// Where its bytes are; none when the export names a file that it does not contain.
    pub at: Option<Ref>,
}

/// One normalised item of an account.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub family: Family,
    /// Format within the provider (`mbox`), without the provider's name.
    pub format: &'static str,
    /// The account it belongs to, as the export names it.
    pub account: Option<String>,
    /// All its times; the first is the one it is sorted by.
    pub moments: Vec<Moment>,
    pub parties: Vec<Party>,
    pub title: Option<String>,
    pub text: Option<String>,
    pub place: Option<Place>,
    pub attachments: Vec<Attachment>,
    /// What ties a chat or mail thread together, unique within provider and account.
    pub conversation: Option<String>,
    /// A key that two copies of one item share within a claim's group; a later copy is not recorded again.
    pub same_as: Option<String>,
    pub fields: Fields,
    /// Where its bytes are, the main place first. Set by `Sink::record`.
    pub refs: Vec<Ref>,
}

impl Record {
    /// Returns a record with nothing but its family and format.
    pub fn new(family: Family, format: &'static str) -> Self {
        Record {
            family,
            format,
            account: None,
            moments: Vec::new(),
            parties: Vec::new(),
            title: None,
            text: None,
            place: None,
            attachments: Vec::new(),
            conversation: None,
            same_as: None,
            fields: Fields::new(),
            refs: Vec::new(),
        }
    }
}

/// Something that could not be read, or was read only in part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    pub at: Option<Ref>,
    /// A short stable word, such as `json.depth`.
    pub code: &'static str,
    /// One sentence for people; it may quote evidence and is scoped like it.
    pub message: String,
}
