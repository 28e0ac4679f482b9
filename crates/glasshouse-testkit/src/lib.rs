//! A small account that no one has: a wholly synthetic export with known content.
//!
//! [`write_account`] tells the same story for the same seed, byte for byte: someone in Berlin makes an atlas, travels,
//! meets people and is sent invoices, from 2019 to 2024. What was written is stated in a [`Truth`], so that newcomers
//! have something to look at and tests and measurements something to hold a reader against. All persons are invented,
//! all addresses are reserved for examples, all places are public landmarks.
//!
//! The shapes follow what is publicly known of the real exports, with their quirks: several parts with sidecars apart
//! from their photos, cut names, mboxes that repeat messages, quoted `>From ` lines, old charsets, zone abbreviations
//! that cannot apply, narrow spaces in times.

mod activity;
mod chat;
mod clock;
mod damaged;
mod encode;
mod jpeg;
mod letters;
mod location;
mod loose;
mod mail;
mod photos;
mod rng;
mod story;
mod takeout;
pub mod tamper;
mod truth;

use std::fs;
use std::io;
use std::path::Path;
use story::Spread;
use truth::Tally;
pub use truth::{Counts, Truth};

/// How many of what a scale gives.
struct Sizes {
    mails: u64,
    points: u64,
    outings: u64,
    activities: u64,
    messages: u64,
    photos: u64,
    segments: u64,
    track: u64,
    meetings: u64,
    letters: u64,
    /// Whether an entry may come to 4 GiB and more.
    large: bool,
}

impl Sizes {
    fn of(scale: f64) -> Self {
        let count = |full: f64| (full * scale).round() as u64;
        Self {
            mails: count(100_000.0),
            points: count(1_500_000.0),
            outings: count(30_000.0),
            activities: count(500_000.0),
            messages: count(100_000.0),
            photos: count(5000.0),
            segments: count(20_000.0),
            track: count(30_000.0),
            meetings: count(10_000.0),
            // Each is a file of its own, so that a full account does not become a folder of a million.
            letters: count(1000.0),
            large: scale > 2.0,
        }
    }
}

/// Writes an account to a folder, which is made if it is not there, and returns what is in it.
///
/// The folder then has two Takeout archives, the folder `loose`, `broken.zip`, `encrypted.zip` and `truth.json`, which
/// says the same as what is returned. A scale of 0.01 gives about 1,000 mails and 15,000 points; sizes are linear in it.
/// Memory does not grow with the scale. Files of the same names are overwritten.
pub fn write_account(dir: &Path, scale: f64, seed: u64) -> io::Result<Truth> {
    const LARGEST: f64 = 1000.0;
    if !(0.0..=LARGEST).contains(&scale) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the scale must be a number from 0 to 1000"));
    }
    let sizes = Sizes::of(scale);
    let spread = Spread::new();
    let mut truth = Truth { seed, scale, password: damaged::PASSWORD.to_owned(), ..Truth::default() };
    fs::create_dir_all(dir)?;
    takeout::takeout(dir, seed, &sizes, &spread, &mut Tally::new(&mut truth, "takeout"))?;
    loose::loose(&dir.join("loose"), seed, &sizes, &spread, &mut Tally::new(&mut truth, "loose"))?;
    damaged::broken(&dir.join("broken.zip"), seed, &spread, &mut Tally::new(&mut truth, "broken.zip"))?;
    damaged::encrypted(&dir.join("encrypted.zip"), seed, &spread, &mut Tally::new(&mut truth, "encrypted.zip"))?;
    for name in takeout::PARTS.into_iter().chain(["broken.zip", "encrypted.zip"]) {
        truth.archives.insert(name.to_owned(), fs::metadata(dir.join(name))?.len());
    }
    fs::write(dir.join("truth.json"), serde_json::to_string_pretty(&truth)? + "\n")?;
    Ok(truth)
}
