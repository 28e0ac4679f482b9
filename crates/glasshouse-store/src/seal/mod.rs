//! How the content of a case that is not its holder's own lies on disk: sealed, so that the folder alone tells nothing.
//!
//! Everything is in the form of [age](https://age-encryption.org/v1). A *case key* is sealed to those who may open
//! the case; each part has a *key of its own*, sealed to the case key, and its bytes, its manifest and every copy
//! of something inside it are sealed to that. Whoever destroys a part's key has destroyed all of them.

mod file;
mod pieces;
mod text;
mod write;

pub use file::{SealedFile, SealedReader};
pub use text::TextKey;
pub(crate) use write::write_sealed;
pub use write::{Output, Plain, Sealer, copy_sealed};

use crate::StoreError;
use crate::files::{make_folder, write_atomic};
use glasshouse_layout::{CaseFile, SEALED, paths};
use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::iter;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use zeroize::Zeroizing;

use age::secrecy::ExposeSecret;
use age::x25519;

/// Opens a file from its beginning: in clear, or sealed with a key.
pub fn input(path: &Path, key: Option<&Identity>) -> io::Result<Box<dyn Read + Send>> {
    Ok(match key {
        None => Box::new(fs::File::open(path)?),
        Some(key) => Box::new(SealedFile::open(path, key)?.reader()),
    })
}

/// Longest file that holds a key.
const MAX_KEY_FILE: u64 = 64 << 10;

/// A secret that opens what is sealed to its recipient. Cheap to clone.
#[derive(Clone)]
pub struct Identity(Arc<x25519::Identity>);

impl Identity {
    /// Returns a new random one.
    pub fn generate() -> Self {
        Identity(Arc::new(x25519::Identity::generate()))
    }

    /// Reads the text of one, as age writes it: lines that begin with `#` are passed over.
    pub fn parse(text: &str) -> Option<Self> {
        let line = text.lines().map(str::trim).find(|l| !l.is_empty() && !l.starts_with('#'))?;
        x25519::Identity::from_str(line).ok().map(|i| Identity(Arc::new(i)))
    }

    /// Returns its text, which is the secret itself.
    pub fn text(&self) -> Zeroizing<String> {
        Zeroizing::new(self.0.to_string().expose_secret().to_owned())
    }

    /// Returns the public text that others seal to.
    pub fn recipient(&self) -> String {
        self.0.to_public().to_string()
    }

    pub(crate) fn age(&self) -> &x25519::Identity {
        &self.0
    }
}

/// Says whether a text is what can be sealed to.
pub fn is_recipient(text: &str) -> bool {
    x25519::Recipient::from_str(text).is_ok()
}

/// Returns bytes sealed to some recipients.
pub fn seal(bytes: &[u8], recipients: &[String]) -> Result<Vec<u8>, StoreError> {
    let wrong = |why: &dyn std::fmt::Display| StoreError::other(format!("This cannot be sealed: {why}."));
    let parsed = recipients.iter().map(|r| x25519::Recipient::from_str(r).map_err(|e| wrong(&e)));
    let parsed = parsed.collect::<Result<Vec<_>, _>>()?;
    let encryptor =
        age::Encryptor::with_recipients(parsed.iter().map(|r| r as &dyn age::Recipient)).map_err(|e| wrong(&e))?;
    let mut sealed = Vec::new();
    let mut writer = encryptor.wrap_output(&mut sealed).map_err(|e| wrong(&e))?;
    writer.write_all(bytes).and_then(|()| writer.finish()).map_err(|e| wrong(&e))?;
    Ok(sealed)
}

/// Returns what was sealed, if this identity opens it.
pub fn unseal(sealed: &[u8], identity: &Identity) -> Result<Zeroizing<Vec<u8>>, String> {
    let decryptor = age::Decryptor::new(sealed).map_err(|e| e.to_string())?;
    let mut reader = decryptor.decrypt(iter::once(identity.age() as &dyn age::Identity)).map_err(|e| e.to_string())?;
    let mut bytes = Zeroizing::new(Vec::new());
    reader.read_to_end(&mut bytes).map_err(|e| e.to_string())?;
    Ok(bytes)
}

/// How the content of one case lies: in clear, or sealed with keys that are at hand here. Cheap to clone.
#[derive(Clone, Default)]
pub struct Seal(Option<Arc<Keys>>);

struct Keys {
    root: PathBuf,
    case: Identity,
}

impl Seal {
    /// That of a personal case: nothing is sealed.
    pub fn none() -> Self {
        Seal(None)
    }

    /// Makes the key of a new case and writes it down, sealed to those who may open it.
    pub(crate) fn found(root: &Path, recipients: &[String]) -> Result<Self, StoreError> {
        let case = Identity::generate();
        let path = paths::case_key(1);
        make_folder(&root.join("evidence"))?;
        write_atomic(&root.join(&path), &seal(case.text().as_bytes(), recipients)?)?;
        Ok(Seal(Some(Arc::new(Keys { root: root.to_path_buf(), case }))))
    }

    /// Returns what the keys of parts are sealed to.
    pub(crate) fn recipient(&self) -> Option<String> {
        self.0.as_ref().map(|keys| keys.case.recipient())
    }

    /// Opens the key of a case with one of some identities.
    pub fn open(root: &Path, file: &CaseFile, identities: &[Identity]) -> Result<Self, StoreError> {
        if file.encryption != SEALED {
            return Ok(Seal(None));
        }
        let versions = (1..).map(|version| root.join(paths::case_key(version))).take_while(|path| path.exists());
        for path in versions.collect::<Vec<_>>().into_iter().rev() {
            let sealed = read_key(&path)?;
            for identity in identities {
                let opened = unseal(&sealed, identity).ok();
                let case = opened.and_then(|text| Identity::parse(std::str::from_utf8(&text).ok()?));
                // A key that is not the one that the case names was put there.
                if let Some(case) = case.filter(|c| c.recipient() == file.recipient) {
                    return Ok(Seal(Some(Arc::new(Keys { root: root.to_path_buf(), case }))));
                }
            }
        }
        Err(locked(root))
    }

    /// Returns the key of the case sealed to these; none where nothing is sealed.
    pub fn key_for(&self, recipients: &[String]) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.as_ref().map(|keys| seal(keys.case.text().as_bytes(), recipients)).transpose()
    }

    /// Says whether everything lies in clear.
    pub fn is_none(&self) -> bool {
        self.0.is_none()
    }

    /// Makes the key of a new part and writes it down, sealed; none where parts lie in clear.
    pub fn new_part(&self, source: &str, number: u32) -> Result<Option<Identity>, StoreError> {
        let Some(keys) = &self.0 else { return Ok(None) };
        let key = Identity::generate();
        let path = keys.root.join(paths::part_key(source, number));
        make_folder(&keys.root.join(paths::source(source)))?;
        write_atomic(&path, &seal(key.text().as_bytes(), &[keys.case.recipient()])?)?;
        Ok(Some(key))
    }

    /// Returns the key of a part; none where parts lie in clear.
    pub fn part(&self, source: &str, number: u32) -> Result<Option<Identity>, StoreError> {
        let Some(keys) = &self.0 else { return Ok(None) };
        let path = keys.root.join(paths::part_key(source, number));
        let opened = unseal(&read_key(&path)?, &keys.case).ok();
        let key = opened.and_then(|text| Identity::parse(std::str::from_utf8(&text).ok()?));
        key.map(Some).ok_or_else(|| StoreError::malformed(&path, "the key of the case does not open it"))
    }

    /// Returns the key of record ids; none where parts lie in clear.
    pub(crate) fn record_key(&self) -> Result<Option<[u8; 32]>, StoreError> {
        self.0.as_ref().map(|keys| text::derived(&keys.case, b"records")).transpose()
    }

    /// Returns a file of the case sealed to its key; none where files lie in clear.
    pub fn file(&self, bytes: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.as_ref().map(|keys| seal(bytes, &[keys.case.recipient()])).transpose()
    }

    /// Opens what [`Seal::file`] sealed, to be read at any place; none where files lie in clear.
    pub fn reader(&self, path: &Path) -> Result<Option<SealedFile>, StoreError> {
        let Some(keys) = &self.0 else { return Ok(None) };
        SealedFile::open(path, &keys.case).map(Some).map_err(|e| match e.kind() {
            ErrorKind::InvalidData => StoreError::malformed(path, "the key of the case does not open it"),
            _ => StoreError::io(path, "open", e),
        })
    }

    /// Returns the key of single texts; none where they lie in clear.
    pub fn texts(&self) -> Result<Option<TextKey>, StoreError> {
        self.0.as_ref().map(|keys| TextKey::of(&keys.case)).transpose()
    }
}

fn read_key(path: &Path) -> Result<Vec<u8>, StoreError> {
    let failed = |e| StoreError::io(path, "read the sealed key", e);
    let mut sealed = Vec::new();
    fs::File::open(path).and_then(|f| f.take(MAX_KEY_FILE).read_to_end(&mut sealed)).map_err(failed)?;
    Ok(sealed)
}

/// Says that the key is not at hand, and what can be done.
pub(crate) fn locked(root: &Path) -> StoreError {
    StoreError::other(format!(
        "The evidence of {} is sealed, and no key that opens it is at hand. It was sealed to the processing key of the installation that made it and to its authoriser: put that installation's processing.key back into its folder, or work there. Until then process, add and show --bytes cannot be done; search, show, sql, events, log and verify can.",
        root.display()
    ))
}

#[cfg(test)]
mod tests;
