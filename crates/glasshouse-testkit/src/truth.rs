//! What a correct reader must find.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How many records of each format, by the format's whole name (`google.mail`).
pub type Counts = BTreeMap<String, u64>;

/// What was written, and so what a correct reader finds in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// The seed that the account follows from.
    pub seed: u64,
    /// The size that was asked for.
    pub scale: f64,
    /// Records of the Takeout archives and of the folder `loose` together.
    pub records: Counts,
    /// Records of each input: `takeout`, `loose`, `encrypted.zip` (once unlocked) and `broken.zip` (its whole entries;
    /// one more is cut).
    pub inputs: BTreeMap<String, Counts>,
    /// Of each of these words: the records of `takeout` and `loose` whose title or text has it, by format.
    pub needles: BTreeMap<String, Counts>,
    /// Bytes of each archive.
    pub archives: BTreeMap<String, u64>,
    /// Opens `encrypted.zip`.
    pub password: String,
}

/// Words that are looked for, each with what it is to show.
pub(crate) mod needle {
    /// Rare, in mail, chat, activity and calendar.
    pub(crate) const HELIOTROPE: &str = "heliotrope";
    /// Less rare, in mail and activity.
    pub(crate) const MARZIPAN: &str = "marzipan";
    /// In a chat without spaces between words.
    pub(crate) const COMET: &str = "彗星";
    /// In a chat that is read from right to left.
    pub(crate) const LANTERN: &str = "فانوس";
    /// In a chat in Cyrillic.
    pub(crate) const POLARIS: &str = "Полярис";
    /// All of them.
    pub(crate) const ALL: &[&str] = &[HELIOTROPE, MARZIPAN, COMET, LANTERN, POLARIS];
}

/// Counts while an input is written.
pub(crate) struct Tally<'a> {
    truth: &'a mut Truth,
    input: &'static str,
}

impl<'a> Tally<'a> {
    pub(crate) fn new(truth: &'a mut Truth, input: &'static str) -> Self {
        truth.inputs.entry(input.to_owned()).or_default();
        Self { truth, input }
    }

    /// Says whether what this input holds is found without a password and without repair.
    fn open(&self) -> bool {
        matches!(self.input, "takeout" | "loose")
    }

    /// Counts records.
    pub(crate) fn records(&mut self, format: &str, count: u64) {
        let of = self.truth.inputs.entry(self.input.to_owned()).or_default();
        *of.entry(format.to_owned()).or_default() += count;
        if self.open() {
            *self.truth.records.entry(format.to_owned()).or_default() += count;
        }
    }

    /// Counts a record and the needles that its text has.
    pub(crate) fn record(&mut self, format: &str, text: &str) {
        self.records(format, 1);
        if !self.open() {
            return;
        }
        for word in needle::ALL.iter().filter(|word| text.contains(**word)) {
            let of = self.truth.needles.entry((*word).to_owned()).or_default();
            *of.entry(format.to_owned()).or_default() += 1;
        }
    }
}
