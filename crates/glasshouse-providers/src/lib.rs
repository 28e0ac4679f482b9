//! Every export format that Glasshouse reads, one folder a provider.
//!
//! Parsers here do no input or output: the engine hands them bytes, they hand back records and warnings.
//! They cannot fail; what they cannot read becomes a warning that names the place.

mod discord;
pub mod formats;
pub mod framing;
mod google;
mod gpx;
mod icalendar;
mod mail;
mod media;
mod provider;
mod signal;
mod sink;
mod slack;
mod snapchat;
mod telegram;
mod tree;
mod vcard;
mod whatsapp;

pub use provider::{Companion, Frame, Opened, Provider, Survey};
pub use sink::Sink;
pub use tree::{Tree, TreeEntry};

/// Every provider, in the order in which they are asked.
#[rustfmt::skip]
pub const ALL: &[&dyn Provider] = &[
    &discord::Discord,
    &google::Google,
    &gpx::Gpx,
    &signal::Signal,
    &slack::Slack,
    &snapchat::Snapchat,
    &telegram::Telegram,
    &whatsapp::WhatsApp,
    &mail::Mail,
    &vcard::VCard,
    &icalendar::ICalendar,
    &media::Media,
];
