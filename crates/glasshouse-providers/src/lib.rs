//! Every export format that Glasshouse reads, one folder a provider.
//!
//! Parsers here do no input or output: the engine hands them bytes, they hand back records and warnings.
//! They cannot fail; what they cannot read becomes a warning that names the place.

mod apple;
pub mod formats;
pub mod framing;
mod google;
mod gpx;
mod huawei;
mod icalendar;
mod mail;
mod media;
mod microsoft;
mod provider;
mod samsung;
mod sink;
mod tree;
mod vcard;
mod xiaomi;

pub use provider::{Companion, Frame, Opened, Provider, Survey};
pub use sink::Sink;
pub use tree::{Tree, TreeEntry};

/// Every provider, in the order in which they are asked.
#[rustfmt::skip]
pub const ALL: &[&dyn Provider] = &[
    &apple::Apple,
    &google::Google,
    &huawei::Huawei,
    &microsoft::Microsoft,
    &samsung::Samsung,
    &xiaomi::Xiaomi,
    &gpx::Gpx,
    &mail::Mail,
    &vcard::VCard,
    &icalendar::ICalendar,
    &media::Media,
];
