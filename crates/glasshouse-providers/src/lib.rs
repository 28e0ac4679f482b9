//! Every export format that Glasshouse reads, one folder a provider.
//!
//! Parsers here do no input or output: the engine hands them bytes, they hand back records and warnings.
//! They cannot fail; what they cannot read becomes a warning that names the place.

mod amazon;
mod apple;
mod discord;
mod facebook;
pub mod formats;
pub mod framing;
mod geojson;
mod google;
mod gpx;
mod huawei;
mod icalendar;
mod instagram;
mod kml;
pub mod lens;
mod mail;
mod media;
mod microsoft;
pub mod outlook;
mod provider;
mod ring;
mod samsung;
mod signal;
mod sink;
mod slack;
mod snapchat;
mod tcx;
mod telegram;
mod tree;
mod vcard;
mod whatsapp;
mod x;
mod xiaomi;

pub use provider::{Companion, Frame, Opened, Positioned, Provider, Survey};
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
    &discord::Discord,
    &facebook::Facebook,
    &google::Google,
    &huawei::Huawei,
    &instagram::Instagram,
    &microsoft::Microsoft,
    &ring::Ring,
    &samsung::Samsung,
    &signal::Signal,
    &slack::Slack,
    &snapchat::Snapchat,
    &telegram::Telegram,
    &whatsapp::WhatsApp,
    &x::X,
    &xiaomi::Xiaomi,
    &gpx::Gpx,
    &kml::Kml,
    &tcx::Tcx,
    &geojson::GeoJson,
    &mail::Mail,
    &outlook::Outlook,
    &vcard::VCard,
    &icalendar::ICalendar,
    &media::Media,
];
