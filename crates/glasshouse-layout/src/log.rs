use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use thiserror::Error;

/// The six kinds of processing that the log tells apart (LED article 25).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Collection,
    Alteration,
    Consultation,
    Disclosure,
    Combination,
    Erasure,
}

impl Kind {
    /// Returns the name used in leaves, columns and queries.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Collection => "collection",
            Kind::Alteration => "alteration",
            Kind::Consultation => "consultation",
            Kind::Disclosure => "disclosure",
            Kind::Combination => "combination",
            Kind::Erasure => "erasure",
        }
    }
}

/// A leaf of the log: what happened, without content. What it is about is in the payload that it commits to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaf {
    /// Version of this form.
    pub v: u32,
    /// Its index in the log.
    pub seq: u64,
    /// RFC 3339, UTC, microseconds.
    pub time: String,
    pub kind: Kind,
    /// `case.created`, `source.added`, `run.completed`, …
    pub action: String,
    /// SHA-256 of the payload file, hexadecimal.
    pub payload: String,
    /// Leaves whose payloads this event erased.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub erases: Vec<u64>,
}

/// A file whose bytes an event vouches for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileHash {
    /// Path within the case.
    pub path: String,
    pub size: u64,
    /// SHA-256, hexadecimal.
    pub sha256: String,
    /// It lies outside the case at this place (custody `external`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external: Option<String>,
}

/// The content of an event, erasable without breaking the log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payload {
    /// Who acted; the operating system's user for a case of the kind `self`.
    pub who: String,
    /// Workstation.
    #[serde(rename = "where")]
    pub place: String,
    pub authority: String,
    /// Version of Glasshouse.
    pub tool: String,
    /// As what the person acted: `examiner`, …; empty for a case of the kind `self`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub role: String,
    /// The line of enquiry that it was done for: its justification.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub enquiry: String,
    /// The policies that decided that it may be done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<String>,
    /// Commitments to content that is kept apart (`log/sealed/…`), by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sealed: BTreeMap<String, String>,
    /// Events whose sealed content this one erased.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unsealed: Vec<u64>,
    /// Files that exist from this event on, with their hashes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileHash>,
    /// Files that this event took away.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<String>,
    /// What else the action is about.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub detail: serde_json::Value,
}

/// A payload file that is not one.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("not a payload: {0}")]
pub struct PayloadError(&'static str);

impl Payload {
    /// Returns the payload's file: a line of salt (64 hexadecimal digits) and a line of JSON.
    pub fn to_file(&self, salt: &[u8; 32]) -> Result<Vec<u8>, PayloadError> {
        let json = serde_json::to_string(self).map_err(|_| PayloadError("cannot be written as JSON"))?;
        Ok(format!("{}\n{json}\n", crate::hex(salt)).into_bytes())
    }

    /// Reads a payload's file.
    pub fn from_file(bytes: &[u8]) -> Result<Self, PayloadError> {
        let text = std::str::from_utf8(bytes).map_err(|_| PayloadError("it is not UTF-8"))?;
        let (salt, json) = text.split_once('\n').ok_or(PayloadError("it has no second line"))?;
        if salt.len() != 64 || !salt.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(PayloadError("its first line is not 64 hexadecimal digits"));
        }
        serde_json::from_str(json).map_err(|_| PayloadError("its second line is not the JSON expected"))
    }
}

/// Returns what a leaf commits to: SHA-256 of the payload's file, salt and all, hexadecimal.
pub fn commitment(payload_file: &[u8]) -> String {
    crate::hex(crate::sha256(payload_file))
}

/// Content that an event is about, with the salt that keeps anyone from guessing it from its commitment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// 32 random bytes, hexadecimal.
    pub salt: String,
    pub text: String,
}

impl Sealed {
    /// Returns what a payload says of it: SHA-256 of the salt's digits, a line feed, and the text.
    pub fn commitment(&self) -> String {
        crate::hex(crate::sha256(format!("{}\n{}", self.salt, self.text).as_bytes()))
    }
}

/// A bundle of leaves that is not one.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BundleError {
    #[error("a leaf of {0} bytes is longer than the 65,535 that a bundle can hold")]
    TooLong(usize),
    #[error("the bundle ends inside a leaf")]
    Truncated,
}

/// Returns a bundle of leaves: each preceded by its length in two bytes, big-endian (C2SP tlog-tiles).
pub fn encode_bundle<B: AsRef<[u8]>>(leaves: impl IntoIterator<Item = B>) -> Result<Vec<u8>, BundleError> {
    let mut bundle = Vec::new();
    for leaf in leaves {
        let leaf = leaf.as_ref();
        let length = u16::try_from(leaf.len()).map_err(|_| BundleError::TooLong(leaf.len()))?;
        bundle.extend_from_slice(&length.to_be_bytes());
        bundle.extend_from_slice(leaf);
    }
    Ok(bundle)
}

/// Returns the leaves of a bundle.
pub fn decode_bundle(mut bundle: &[u8]) -> Result<Vec<&[u8]>, BundleError> {
    let mut leaves = Vec::new();
    while !bundle.is_empty() {
        let (length, rest) = bundle.split_first_chunk::<2>().ok_or(BundleError::Truncated)?;
        let (leaf, rest) = rest.split_at_checked(u16::from_be_bytes(*length) as usize).ok_or(BundleError::Truncated)?;
        leaves.push(leaf);
        bundle = rest;
    }
    Ok(leaves)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bundles_round_trip() {
        let leaves: [&[u8]; 3] = [b"one", b"", &[7; 65_535]];
        let bundle = encode_bundle(leaves).expect("fits");
        assert_eq!(decode_bundle(&bundle), Ok(leaves.to_vec()));
        assert_eq!(encode_bundle([[0u8; 65_536]]), Err(BundleError::TooLong(65_536)));
        assert_eq!(decode_bundle(&bundle[..4]), Err(BundleError::Truncated));
        assert_eq!(decode_bundle(&bundle[..1]), Err(BundleError::Truncated));
    }

    #[test]
    fn a_payload_is_salted() {
        let payload = Payload { who: "somebody".into(), ..Payload::default() };
        let file = payload.to_file(&[1; 32]).expect("JSON");
        assert_eq!(Payload::from_file(&file), Ok(payload.clone()));
        assert_ne!(commitment(&file), commitment(&payload.to_file(&[2; 32]).expect("JSON")));
        for damaged in [&b""[..], b"00\n{}", b"\xff\n", &file[..70]] {
            assert!(Payload::from_file(damaged).is_err());
        }
    }
}
