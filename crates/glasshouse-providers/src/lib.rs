//! Every export format that Glasshouse reads, one folder a provider.
//!
//! Parsers here do no input or output: the engine hands them bytes, they hand back records and warnings.
//! They cannot fail; what they cannot read becomes a warning that names the place.

mod amazon;
mod apple;
mod facebook;
pub mod formats;
pub mod framing;
mod google;
mod gpx;
mod icalendar;
pub mod lens;
mod mail;
mod media;
mod provider;
mod samsung;
mod sink;
mod telegram;
mod tree;
mod vcard;
mod whatsapp;
mod x;

pub use provider::{Companion, Frame, Opened, Provider, Survey};
pub use sink::Sink;
pub use tree::{Tree, TreeEntry};

use std::sync::LazyLock;

/// Returns every provider that Glasshouse comes with: [`ALL`], and those whose formats are lenses.
///
/// The order is that in which they are asked.
pub fn providers() -> &'static [&'static dyn Provider] {
    static PROVIDERS: LazyLock<Vec<&'static dyn Provider>> =
        LazyLock::new(|| ALL.iter().chain(lens::shipped()).copied().collect());
    &PROVIDERS
}

/// Every provider that is written in Rust, in the order in which they are asked.
#[rustfmt::skip]
pub const ALL: &[&dyn Provider] = &[
    &amazon::Amazon,
    &apple::Apple,
    &facebook::Facebook,
    &google::Google,
    &samsung::Samsung,
    &telegram::Telegram,
    &whatsapp::WhatsApp,
    &x::X,
    &gpx::Gpx,
    &mail::Mail,
    &vcard::VCard,
    &icalendar::ICalendar,
    &media::Media,
];
