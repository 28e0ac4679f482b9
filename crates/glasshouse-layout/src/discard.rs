use crate::FileHash;
use serde::{Deserialize, Serialize};

/// What the `form` of a certificate says.
pub const DISCARD_FORM: &str = "glasshouse-discard-1";

/// `evidence/discard-NNNN.json`: what was destroyed of the evidence, by whom, why and how. Written once, after it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    pub form: String,
    /// Counts from 1 within the case.
    pub number: u32,
    /// Id of the case.
    pub case: String,
    /// When it was decided, and when it was done; RFC 3339, UTC.
    pub decided: String,
    pub destroyed: String,
    pub person: String,
    pub role: String,
    #[serde(rename = "where")]
    pub place: String,
    /// The versions of the authorities (`id/version`) whose limits said what is outside.
    pub authorities: Vec<String>,
    pub reason: String,
    /// Whether what the privilege reviewer withholds was discarded, too.
    pub withheld: bool,
    /// The versions of authorities that had ended and covered something that those in force do not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ended: Vec<String>,
    /// Whether what these covered, and nothing in force does, was discarded, too.
    #[serde(default)]
    pub restricted: bool,
    /// How it was destroyed, and what that does not reach, in sentences.
    pub method: Vec<String>,
    pub parts: Vec<DiscardedPart>,
    /// What was discarded, as the table `outcomes` counts it.
    pub outcomes: Vec<Discarded>,
}

/// One part of which something was discarded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiscardedPart {
    pub source: String,
    /// Its files that are gone, as the log had vouched for them.
    pub before: Vec<FileHash>,
    /// What its description had committed to: a salted hash of the part as it was given.
    pub content: String,
    /// The files of what is left of it.
    pub after: Vec<FileHash>,
    /// Entries that it had, of every kind.
    pub entries: u64,
    /// Entries that are left whole, and those of which a part is left.
    pub whole: u64,
    pub cut: u64,
    /// Bytes of content that the entries had, and that are left of it.
    pub bytes: u64,
    pub bytes_left: u64,
    /// Entries left whole although not all in them is within the limits: their records cannot be cut out.
    pub uncut: u64,
}

/// What was discarded of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discarded {
    pub service: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub family: String,
    /// Why it was outside.
    pub reason: String,
    /// `records`, `entries` or `bytes`.
    pub unit: String,
    pub count: u64,
}
