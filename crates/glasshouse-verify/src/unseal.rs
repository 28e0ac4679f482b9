//! Opens what is sealed, for whoever has a key: the key of the case, the keys of its parts, and what these seal.

use crate::events::State;
use crate::files::Root;
use crate::log::unusable;
use crate::report::{Class, Report};
use age::x25519::Identity;
use glasshouse_layout::{CaseFile, SEALED, paths};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::iter;

/// Longest file that holds a key.
const MAX_KEY: u64 = 64 << 10;

/// The content of a sealed file.
pub type Stream = age::stream::StreamReader<File>;

/// What was given, or found in the case, to open its evidence with.
pub struct Keys(Option<Identity>);

/// Reads the text of identities, one a line, as age writes them; lines that begin with `#` are passed over.
pub fn identities(text: &str) -> Option<Vec<Identity>> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let identities = lines.map(|line| line.parse().ok()).collect::<Option<Vec<Identity>>>()?;
    (!identities.is_empty()).then_some(identities)
}

impl Keys {
    /// Opens the key of a sealed case. That none of the identities opens it is a fault: what was asked for cannot be
    /// looked at.
    pub fn open(
        root: &Root,
        state: &State,
        good: &BTreeSet<&str>,
        case: Option<&CaseFile>,
        identities: &[Identity],
        report: &mut Report,
    ) -> Self {
        let Some(case) = case.filter(|case| case.encryption == SEALED && !identities.is_empty()) else {
            return Keys(None);
        };
        let versions: Vec<String> =
            (1..).map(paths::case_key).take_while(|path| state.files.contains_key(path)).collect();
        for path in versions.iter().filter(|path| good.contains(path.as_str())) {
            let opened = identities.iter().find_map(|identity| key(root, path, identity).ok());
            if let Some(key) = opened.filter(|key| key.to_public().to_string() == case.recipient) {
                return Keys(Some(key));
            }
        }
        let path = versions.last().cloned().unwrap_or_else(|| paths::case_key(1));
        report.fault(Class::NotChecked, path, "the key that was given does not open it");
        Keys(None)
    }

    /// Says whether nothing that is sealed can be looked at.
    pub fn is_none(&self) -> bool {
        self.0.is_none()
    }

    /// Opens the key of a part, if that of the case is at hand.
    pub fn part(&self, root: &Root, source: &str, number: u32, report: &mut Report) -> Option<Identity> {
        let path = paths::part_key(source, number);
        match key(root, &path, self.0.as_ref()?) {
            Ok(key) => Some(key),
            Err(error) => {
                report.fault(Class::Malformed, path, format!("it is not a key sealed to the case's: {error}"));
                None
            }
        }
    }
}

fn key(root: &Root, path: &str, with: &Identity) -> io::Result<Identity> {
    let bytes = root.read(path, MAX_KEY).map_err(|error| io::Error::other(unusable(path, &error).message))?;
    let decryptor = age::Decryptor::new(bytes.as_slice()).map_err(wrong)?;
    let mut text = String::new();
    decryptor.decrypt(iter::once(with as &dyn age::Identity)).map_err(wrong)?.read_to_string(&mut text)?;
    text.trim().parse().map_err(|_| io::Error::other("what it holds is no key"))
}

/// Opens a sealed file.
pub fn stream(file: File, key: &Identity) -> io::Result<Stream> {
    // The header is at most a few hundred bytes, which are read one by one.
    age::Decryptor::new(file).map_err(wrong)?.decrypt(iter::once(key as &dyn age::Identity)).map_err(wrong)
}

fn wrong(error: age::DecryptError) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, error.to_string())
}
