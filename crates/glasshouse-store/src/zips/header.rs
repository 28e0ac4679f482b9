//! Headers of zip entries, as they stand in the central directory or before the content.

use super::extra::{self, Extra};
use crate::container::{CatalogEntry, EntryKind, EntryProblem};
use crate::listing::{Facts, How, Listed, u16_at, u32_at};

pub(crate) const LOCAL_LEN: usize = 30;
pub(crate) const CENTRAL_LEN: usize = 46;
pub(crate) const LOCAL_MAGIC: &[u8; 4] = b"PK\x03\x04";
pub(crate) const CENTRAL_MAGIC: &[u8; 4] = b"PK\x01\x02";

/// The fields that both kinds of header have.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    pub flags: u16,
    pub method: u16,
    pub time: u32,
    pub crc32: u32,
    pub csize: u64,
    pub size: u64,
    pub name: Vec<u8>,
    pub extra: Extra,
    /// The kind of file in the manner of Unix, if the archive states it.
    pub unix_mode: Option<u32>,
    /// Where the local header begins.
    pub offset: u64,
    pub disk: u16,
    /// The ZIP64 field is too short for what it should hold.
    pub short_zip64: bool,
}

impl Header {
    /// Reads a central header; `variable` is name, extra fields and comment.
    pub(crate) fn central(fixed: &[u8; CENTRAL_LEN], variable: &[u8]) -> Self {
        let name_len = usize::from(u16_at(fixed, 28)).min(variable.len());
        let (name, rest) = variable.split_at(name_len);
        let extra_len = usize::from(u16_at(fixed, 30)).min(rest.len());
        let extra = Extra::read(rest.get(..extra_len).unwrap_or_default());
        let narrow = [u32_at(fixed, 24), u32_at(fixed, 20), u32_at(fixed, 42)];
        let wide = extra.widen(narrow);
        let [size, csize, offset] = wide.unwrap_or(narrow.map(u64::from));
        let made_on_unix = matches!(fixed.get(5), Some(3 | 19));
        Self {
            flags: u16_at(fixed, 8),
            method: u16_at(fixed, 10),
            time: u32_at(fixed, 12),
            crc32: u32_at(fixed, 16),
            csize,
            size,
            name: name.to_vec(),
            extra,
            unix_mode: made_on_unix.then(|| u32_at(fixed, 38) >> 16),
            offset,
            disk: u16_at(fixed, 34),
            short_zip64: wide.is_none(),
        }
    }

    /// Reads a local header at `offset`; `variable` is name and extra fields.
    pub(crate) fn local(fixed: &[u8; LOCAL_LEN], variable: &[u8], offset: u64) -> Self {
        let name_len = usize::from(u16_at(fixed, 26)).min(variable.len());
        let (name, rest) = variable.split_at(name_len);
        let extra = Extra::read(rest);
        let narrow = [u32_at(fixed, 22), u32_at(fixed, 18)];
        let wide = extra.widen(narrow);
        let [size, csize] = wide.unwrap_or(narrow.map(u64::from));
        Self {
            flags: u16_at(fixed, 6),
            method: u16_at(fixed, 8),
            time: u32_at(fixed, 10),
            crc32: u32_at(fixed, 14),
            csize,
            size,
            name: name.to_vec(),
            extra,
            unix_mode: None,
            offset,
            disk: 0,
            short_zip64: wide.is_none(),
        }
    }

    /// How much room the names take.
    pub(crate) fn names_len(&self) -> usize {
        let unicode = self.extra.unicode_name.as_ref();
        self.name.len() + unicode.map_or(0, |(_, name)| name.len())
    }

    pub(crate) fn encrypted(&self) -> bool {
        self.flags & 1 != 0
    }

    /// Says whether sizes and checksum follow the content instead of standing before it.
    pub(crate) fn has_descriptor(&self) -> bool {
        self.flags & 8 != 0
    }

    /// The entry, with its content at `data`. The second value says that the name is not the UTF-8 that
    /// the archive says it is.
    pub(crate) fn listed(&self, data: u64) -> (Listed, bool) {
        let (path, not_utf8) = extra::name(&self.name, self.flags, &self.extra);
        let aes = (self.method == 99).then_some(self.extra.aes).flatten();
        // The second version of AES encryption leaves the checksum out.
        let no_crc = aes.is_some() && self.crc32 == 0;
        let crc32 = (!no_crc).then_some(self.crc32);
        let how = self.how(aes);
        let entry = CatalogEntry {
            path_bytes: (path.as_bytes() != self.name).then(|| self.name.clone()),
            kind: self.kind(&path),
            path,
            parent: None,
            method: self.method_name(aes),
            offset: data,
            csize: self.csize,
            size: self.size,
            crc32,
            modified: extra::modified(self.time, &self.extra),
            encrypted: self.encrypted(),
            link_target: None,
            problem: None,
        };
        (Listed { entry, how }, not_utf8)
    }

    fn kind(&self, path: &str) -> EntryKind {
        match self.unix_mode.unwrap_or(0) & 0o170_000 {
            0o120_000 => EntryKind::Link,
            // What was piped into the archive has the mode of a pipe, and yet content.
            _ if self.size > 0 => EntryKind::File,
            0o040_000 => EntryKind::Folder,
            0o010_000 | 0o020_000 | 0o060_000 | 0o140_000 => EntryKind::Other,
            _ if path.ends_with('/') => EntryKind::Folder,
            _ => EntryKind::File,
        }
    }

    fn how(&self, aes: Option<[u8; 7]>) -> How {
        if self.flags & 0x40 != 0 || self.flags & 0x2000 != 0 {
            return unsupported("it is encrypted with the strong encryption of PKWARE");
        }
        let method = aes.map_or(self.method, |field| u16_at(&field, 5));
        let known = matches!(method, 0 | 8 | 9 | 93);
        if !known {
            return unsupported(&format!("its method is {}", method_name(method)));
        }
        if self.encrypted() || method == 9 {
            return How::Other(Facts {
                method: self.method,
                flags: self.flags,
                time: self.time,
                crc32: self.crc32,
                aes,
            });
        }
        match method {
            0 => How::Stored,
            8 => How::Deflate,
            _ => How::Zstd,
        }
    }

    fn method_name(&self, aes: Option<[u8; 7]>) -> String {
        let (prefix, method) = match aes {
            Some(field) => {
                let strength = match field.get(4) {
                    Some(1) => "aes128-",
                    Some(2) => "aes192-",
                    _ => "aes256-",
                };
                (strength, u16_at(&field, 5))
            }
            None if self.encrypted() => ("zipcrypto-", self.method),
            None => ("", self.method),
        };
        format!("{prefix}{}", method_name(method))
    }
}

fn unsupported(why: &str) -> How {
    How::Not(EntryProblem::Unsupported(why.to_owned()))
}

fn method_name(method: u16) -> String {
    let known = match method {
        0 => "stored",
        1 => "shrink",
        2..=5 => "reduce",
        6 => "implode",
        8 => "deflate",
        9 => "deflate64",
        12 => "bzip2",
        14 => "lzma",
        93 => "zstd",
        95 => "xz",
        98 => "ppmd",
        99 => "aes",
        other => return format!("method-{other}"),
    };
    known.to_owned()
}
