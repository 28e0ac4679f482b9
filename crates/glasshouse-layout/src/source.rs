use serde::{Deserialize, Serialize};

/// The container of what is left of a part of which the rest was discarded.
pub const REMAINDER: &str = "remainder";

/// `evidence/<source>/part-NNNN.json`: one part and the source it belongs to. Written once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    pub source: String,
    /// Name the parts share (`takeout-20240601T120000Z`), by which a later part finds its source.
    pub series: String,
    pub authority: String,
    /// The account that it belongs to, as whoever took it in stated it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    pub part: PartInfo,
}

/// A container as it was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartInfo {
    /// Counts from 1 within the source.
    pub number: u32,
    /// File name it was given under.
    pub name: String,
    /// `zip`, `tar`, `tar.gz`, `file`, `folder` (packed into a zip of stored entries), or [`REMAINDER`].
    pub container: String,
    /// Length of the file that holds it, sealed or not.
    pub size: u64,
    /// SHA-256 of that file, hexadecimal.
    pub sha256: String,
    /// Where the part is sealed: the commitment to the SHA-256 of its bytes as they were given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// When it was taken in, RFC 3339, UTC.
    pub added: String,
    /// Where it is, if it was left in place (custody `external`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external: Option<String>,
    /// The entry whose content it is: an encrypted archive of another part, which a password given later opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened: Option<u32>,
    /// Number of the part's first entry; entries are numbered through the whole case.
    pub first_entry: u32,
    pub entries: u32,
    /// Number of the part that it is what is left of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<u32>,
}

/// The first line of a sealed manifest: what of a part could tell about its content. Then come its entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    pub name: String,
    pub series: String,
    /// Length of the part as it was given.
    pub size: u64,
    /// SHA-256 of the part as it was given, hexadecimal.
    pub sha256: String,
    /// 64 hexadecimal digits that make the commitment to the hash one that cannot be guessed.
    pub salt: String,
}

impl Opening {
    /// Returns what the description of the part commits to.
    pub fn commitment(&self) -> String {
        crate::Sealed { salt: self.salt.clone(), text: self.sha256.clone() }.commitment()
    }
}

/// One line of a manifest: facts of the container about one entry. Never rewritten.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryLine {
    /// Number within the case.
    pub entry: u32,
    pub path: String,
    /// The path's bytes, hexadecimal, where they are not the path's UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_bytes: Option<String>,
    /// `file`, `folder`, `link` or `other`.
    pub kind: String,
    /// Entry of the nested archive that holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<u32>,
    pub method: String,
    /// Where its data begin in the part, or in the parent's content.
    pub offset: u64,
    /// Length of its data there.
    pub csize: u64,
    /// Length of its content.
    pub size: u64,
    /// CRC-32 that the container states, eight hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crc32: Option<String>,
    /// SHA-256 of its content, hexadecimal; none for what is no file or could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Media type by content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mime: Option<String>,
    /// Modification time as the container states it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link_target: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub encrypted: bool,
    /// Why its content could not be read, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// Bytes of its content that were discarded; zeros stand in their place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut: Option<u64>,
}
