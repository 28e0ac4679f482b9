//! The kinds of container a part can be, and what a listing of one says.

use crate::entries::Entries;
use crate::source::Source;
use flate2::bufread::GzDecoder;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::Arc;

/// What kind of container a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Container {
    /// A zip, with or without something before it.
    Zip,
    /// A plain tar.
    Tar,
    /// A tar inside gzip.
    TarGz,
    /// Anything else: one entry, the file itself.
    File,
}

impl Container {
    /// The name that manifests use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Zip => "zip",
            Self::Tar => "tar",
            Self::TarGz => "tar.gz",
            Self::File => "file",
        }
    }
}

/// Recognises a container by its content; the name of the file does not matter.
pub fn sniff(path: &Path) -> io::Result<Container> {
    sniff_source(&Source::file(path)?)
}

/// As [`sniff`], by the first bytes alone.
pub fn sniff_head(head: &[u8]) -> Container {
    sniff_source(&Source::memory(head.to_vec())).unwrap_or(Container::File)
}

pub(crate) fn sniff_source(source: &Source) -> io::Result<Container> {
    let mut reader = source.reader();
    let mut head = [0; 512];
    let n = reader.read_up_to(0, &mut head)?;
    let found = magic(head.get(..n).unwrap_or_default());
    if let Some(found) = found {
        return Ok(found);
    }
    if head.starts_with(&[0x1f, 0x8b]) {
        let mut gzip = GzDecoder::new(BufReader::new(source.reader()));
        let mut block = [0; 512];
        let is_tar = gzip.read_exact(&mut block).is_ok() && is_tar_header(&block);
        return Ok(if is_tar { Container::TarGz } else { Container::File });
    }
    if crate::zips::has_end(source)? {
        return Ok(Container::Zip);
    }
    Ok(Container::File)
}

fn magic(head: &[u8]) -> Option<Container> {
    let zip = [&b"PK\x03\x04"[..], b"PK\x05\x06", b"PK\x06\x06", b"PK\x07\x08PK\x03\x04"];
    if zip.iter().any(|magic| head.starts_with(magic)) {
        return Some(Container::Zip);
    }
    let block: &[u8; 512] = head.try_into().ok()?;
    // A damaged first header still says what it is; the listing goes on at the next one.
    let says_so = block.get(257..262) == Some(b"ustar");
    (says_so || is_tar_header(block)).then_some(Container::Tar)
}

/// Says whether a block is a tar header: its checksum holds, which is true of old tars without a magic too.
pub(crate) fn is_tar_header(block: &[u8; 512]) -> bool {
    let header = tar::Header::from_byte_slice(block);
    let Ok(stated) = header.cksum() else {
        return false;
    };
    let sum = |as_number: fn(u8) -> i64| -> i64 {
        let byte = |(i, b): (usize, &u8)| match i {
            148..156 => i64::from(b' '),
            _ => as_number(*b),
        };
        block.iter().enumerate().map(byte).sum()
    };
    let stated = i64::from(stated);
    // Some old writers added the bytes up as signed numbers.
    stated == sum(i64::from) || stated == sum(|b| i64::from(b as i8))
}

/// What an entry of a container is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// A file with content.
    File,
    /// A folder.
    Folder,
    /// A symbolic or hard link: listed, never followed.
    Link,
    /// A device, a pipe, or something unknown.
    Other,
}

/// One entry to be listed; [`crate::Entry`] says what its fields are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogEntry {
    pub path: String,
    pub path_bytes: Option<Vec<u8>>,
    pub kind: EntryKind,
    pub parent: Option<usize>,
    pub method: String,
    pub offset: u64,
    pub csize: u64,
    pub size: u64,
    pub crc32: Option<u32>,
    pub modified: Option<String>,
    pub encrypted: bool,
    pub link_target: Option<String>,
    pub problem: Option<String>,
}

impl CatalogEntry {
    /// Returns an entry that has no bytes and no name; `method` says what became of it.
    pub fn nothing(method: &str) -> Self {
        CatalogEntry {
            path: String::new(),
            path_bytes: None,
            kind: EntryKind::Other,
            parent: None,
            method: method.to_owned(),
            offset: 0,
            csize: 0,
            size: 0,
            crc32: None,
            modified: None,
            encrypted: false,
            link_target: None,
            problem: None,
        }
    }
}

/// Something about a container or one of its entries that a person should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The entry it is about, if it is about one.
    pub entry: Option<usize>,
    /// A stable name, for example `zip.duplicate-name`.
    pub code: &'static str,
    /// A sentence.
    pub message: String,
}

/// The listing of a part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    /// Every entry; the index of an entry is a function of the bytes of the part and the passwords alone.
    pub entries: Arc<Entries>,
    /// What is wrong or odd.
    pub troubles: Vec<Trouble>,
}

/// Bounds on what a listing may take.
#[derive(Clone, Debug)]
pub struct Limits {
    /// How many archives may lie inside each other.
    pub nesting: usize,
    /// How many entries are listed in all.
    pub entries: usize,
    /// How many bytes all paths may take together.
    pub path_bytes: u64,
    /// How many times larger than the part all archives in it may be together; deflate alone cannot
    /// exceed 1032.
    pub ratio: u64,
    /// How many bytes all nested archives of a part may take together.
    pub nested_bytes: u64,
    /// Nested archives up to this size stay in memory.
    pub memory_each: u64,
    /// How many bytes of nested archives stay in memory together.
    pub memory_all: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            nesting: 4,
            entries: 5_000_000,
            path_bytes: 1 << 30,
            ratio: 1100,
            nested_bytes: 1 << 40,
            memory_each: 8 << 20,
            memory_all: 128 << 20,
        }
    }
}

/// Why an entry cannot be read. The text is one plain sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryProblem {
    /// No password was given, or a wrong one.
    #[error("The entry is encrypted, and no password that opens it was given.")]
    Encrypted,
    /// The entry is packed in a way that is not read here.
    #[error("The entry is not readable here: {0}.")]
    Unsupported(String),
    /// The bytes are damaged.
    #[error("The entry is damaged: {0}.")]
    Damaged(String),
    /// A limit was reached.
    #[error("The entry was not opened, for safety: {0}.")]
    Refused(String),
    /// A folder, a link, a device.
    #[error("The entry is not a file.")]
    NotAFile,
}
