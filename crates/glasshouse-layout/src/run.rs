use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `runs/<run>/run.json`: one deterministic parse and the segments that now make up the case's records.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFile {
    pub run: String,
    pub started: String,
    pub finished: String,
    pub tool: String,
    /// Version of each format's parser: `google.mail` → 1.
    pub formats: BTreeMap<String, u32>,
    /// The authorities whose limits the records are within, as `id/version`; none in a personal case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorities: Vec<String>,
    /// Every segment in force, those of earlier runs included.
    pub segments: Vec<Segment>,
    /// Segments of what is put aside for the privilege reviewer; no other session opens them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quarantine: Vec<Segment>,
    pub records: u64,
    pub warnings: u64,
    /// What was found, by format, the most frequent first.
    #[serde(default)]
    pub found: Vec<Found>,
    /// How many files there are, by what became of them.
    #[serde(default)]
    pub entries: BTreeMap<String, u64>,
    /// About how many people other than the subject the records name; absent in a personal case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub third_parties: Option<u64>,
}

/// The records of one format.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    pub format: String,
    pub tier: String,
    pub records: u64,
    /// Earliest and latest time, microseconds since 1970, of those that have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<i64>,
}

/// A segment: one folder with `records.parquet` and, where there is text, the index over it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// Path of its folder within the case.
    pub path: String,
    pub rows: u64,
    /// Whether `text/` holds an index whose document i is row i.
    pub text: bool,
    /// Earliest and latest time, microseconds since 1970, of the rows that have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<i64>,
}
