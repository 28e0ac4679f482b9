use serde::{Deserialize, Serialize};

/// The format version that this code writes.
pub const FORMAT_VERSION: u32 = 1;

/// What `encryption` says where evidence is sealed in the form of age, version 1.
pub const SEALED: &str = "age";

/// `case.toml`: what the case is. Written once; its hash is in the log's first event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseFile {
    /// Version of the form on disk.
    pub format: u32,
    /// Random, 16 hexadecimal digits.
    pub id: String,
    pub title: String,
    /// When it was made, RFC 3339, UTC.
    pub created: String,
    /// `self` for a case that an account holder opens on their own data.
    pub kind: String,
    /// `copied` or `external` (`--in-place`: parts stay where they are and are only hashed).
    pub custody: String,
    /// `none`, or [`SEALED`] where the evidence is sealed.
    pub encryption: String,
    /// What the keys of sealed parts are sealed to: the public half of the case's key, as age writes it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub recipient: String,
    /// Name of the log: the first line of its checkpoints and the name of its key.
    pub origin: String,
    /// The log's verifier key in the form of C2SP signed-note: `name+hash+base64`.
    pub public_key: String,
    /// Version of Glasshouse that made it.
    pub tool: String,
}

/// What `authorities/<id>-<version>.toml` says, as far as every kind of authority says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorityFile {
    pub id: String,
    pub version: u32,
    /// `self`, `consent`, `warrant`, …
    pub kind: String,
    /// What was confirmed or ordered, in words.
    pub statement: String,
    /// When, RFC 3339, UTC.
    pub given: String,
}

/// Returns the fingerprint of a verifier key: SHA-256 of its text, in groups that people can compare.
///
/// ```
/// let text = glasshouse_layout::fingerprint("example+530d903f+AcfAp/0MH1Mcp5pe");
/// assert_eq!(text.len(), 8 * 8 + 7);
/// ```
pub fn fingerprint(public_key: &str) -> String {
    let digits = fingerprint_of_key(public_key);
    let groups: Vec<&str> = (0..digits.len()).step_by(8).filter_map(|i| digits.get(i..i + 8)).collect();
    groups.join(" ")
}

/// Returns the fingerprint of a verifier key without blanks.
pub fn fingerprint_of_key(public_key: &str) -> String {
    crate::hex(crate::sha256(public_key.as_bytes()))
}
