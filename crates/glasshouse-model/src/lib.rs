//! The nouns of Glasshouse: plain data that every other crate speaks, with no input or output of its own.
//!
//! A provider turns bytes into [`Record`]s and [`Warning`]s; each record names the bytes it came from by
//! [`Ref`]s and keeps every raw field the provider wrote.

mod canonical;
mod claim;
mod family;
mod fields;
mod links;
mod locator;
mod moment;
mod party;
mod record;

pub use canonical::canonical_json;
pub use claim::{Claim, Format, Framing, Manifest, Tier};
pub use family::Family;
pub use fields::{Fields, first_escaped};
pub use links::{Link, Links};
pub use locator::{Locator, LocatorKind};
pub use moment::{Moment, MomentRole, Precision, ZoneBasis};
pub use party::{Identifier, IdentifierKind, Party, PartyRole};
pub use record::{Attachment, EntryId, Place, Record, Ref, Warning};
