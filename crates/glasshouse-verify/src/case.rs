use crate::files::{FileError, Root};
use crate::log::unusable;
use crate::note::{Checkpoint, Key, MAX_CHECKPOINT};
use crate::report::{Class, Report};
use crate::{anchor, authority, content, deep, discarded, events, log, origin, parts, stray, unseal};
use glasshouse_layout::{CaseFile, FORMAT_VERSION, fingerprint_of_key, hex, paths};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Longest `case.toml` that is read.
const MAX_CASE: u64 = 1 << 20;

/// What to check, beyond hashes and the log.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// A checkpoint that somebody outside the case kept.
    pub against: Option<Vec<u8>>,
    /// The fingerprint of the case's key that somebody outside the case kept, in hexadecimal.
    pub fingerprint: Option<String>,
    /// Hash the content of every entry, too.
    pub deep: bool,
    /// The text of keys (as age writes identities) that open the evidence, where it is sealed.
    pub identity: Option<String>,
    /// Where `deep` may put the content of nested archives for a while; in memory alone if there is no such place.
    pub scratch: Option<PathBuf>,
}

/// Why nothing can be said about a folder.
#[derive(Debug, Error)]
pub enum CannotCheck {
    #[error("{0} is not a case: it has neither case.toml nor log/checkpoint")]
    NotACase(PathBuf),
    #[error("{0} cannot be read: {1}")]
    Unreadable(PathBuf, String),
    #[error(
        "the case has format {0}, and this verifier knows {FORMAT_VERSION}: take the one that came with its Glasshouse"
    )]
    Format(i64),
    #[error("what was given as a kept checkpoint is none: {0}")]
    Against(String),
    #[error("a fingerprint has 64 hexadecimal digits")]
    Fingerprint,
    #[error("what was given to open the evidence with is no key: one begins with AGE-SECRET-KEY-1")]
    Identity,
}

/// Verifies the case in a folder.
pub fn verify(case: &Path, options: &Options) -> Result<Report, CannotCheck> {
    let kept = match &options.against {
        Some(bytes) => Some(Checkpoint::parse(bytes).map_err(|error| CannotCheck::Against(error.to_string()))?),
        None => None,
    };
    let fingerprint = options.fingerprint.as_deref().map(read_fingerprint).transpose()?;
    let identities = options.identity.as_deref().map(|text| unseal::identities(text).ok_or(CannotCheck::Identity));
    let identities = identities.transpose()?.unwrap_or_default();
    std::fs::read_dir(case).map_err(|error| CannotCheck::Unreadable(case.to_path_buf(), error.to_string()))?;
    let root = Root::new(case);
    let mut report = Report::default();

    let file = read_case(&root, &mut report)?;
    let external = file.as_ref().is_some_and(|file| file.custody == "external");
    let key = file.as_ref().and_then(|file| key_of(file, &mut report));
    let Some(checkpoint) = read_checkpoint(&root, &mut report) else { return Ok(report) };
    report.tree_size = checkpoint.size;
    report.root = hex(checkpoint.root);
    anchor::check_own(&checkpoint, key.as_ref(), file.as_ref(), &mut report);

    let checked = log::check(&root, &checkpoint, kept.as_ref().map(|kept| kept.size), &mut report);
    let state = events::read(&root, &checked, &mut report);
    if state.complete && !state.files.contains_key(paths::CASE) {
        report.fault(Class::Malformed, paths::CASE, "no event vouches for it");
    }
    let good = content::check(&root, &state, external, &mut report);
    authority::check(&root, &state, &good, file.as_ref(), &mut report);
    let keys = unseal::Keys::open(&root, &state, &good, file.as_ref(), &identities, &mut report);
    let whole = parts::check(&root, &state, &good, file.as_ref(), &keys, &mut report);
    discarded::check(&root, &state, &good, file.as_ref(), &mut report);
    origin::check(&root, &state, &good, &mut report);
    stray::check(&root, &state, checkpoint.size, &mut report);
    if options.deep {
        deep::check(&root, &state, &whole, options.scratch.as_deref(), &mut report);
    }
    anchor::check_kept(kept.as_ref(), fingerprint.as_deref(), key.as_ref(), &checked, &mut report);
    Ok(report)
}

fn read_fingerprint(text: &str) -> Result<String, CannotCheck> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
    if events::is_hash(&digits) { Ok(digits) } else { Err(CannotCheck::Fingerprint) }
}

fn read_case(root: &Root, report: &mut Report) -> Result<Option<CaseFile>, CannotCheck> {
    let bytes = match root.read(paths::CASE, MAX_CASE) {
        Ok(bytes) => bytes,
        Err(FileError::Missing) if matches!(root.open(paths::CHECKPOINT), Err(FileError::Missing)) => {
            return Err(CannotCheck::NotACase(root.join("")));
        }
        Err(error) => {
            report.push(unusable(paths::CASE, &error));
            return Ok(None);
        }
    };
    let table = std::str::from_utf8(&bytes).ok().and_then(|text| text.parse::<toml::Table>().ok());
    let Some(table) = table else {
        report.fault(Class::Malformed, paths::CASE, "it is not TOML");
        return Ok(None);
    };
    if let Some(format) = table.get("format").and_then(toml::Value::as_integer)
        && format != i64::from(FORMAT_VERSION)
    {
        return Err(CannotCheck::Format(format));
    }
    match table.try_into() {
        Ok(file) => Ok(Some(file)),
        Err(error) => {
            let error: toml::de::Error = error;
            report.fault(
                Class::Malformed,
                paths::CASE,
                format!("it is not what a case is described by: {}", error.message()),
            );
            Ok(None)
        }
    }
}

fn key_of(file: &CaseFile, report: &mut Report) -> Option<Key> {
    report.fingerprint = fingerprint_of_key(&file.public_key);
    match Key::parse(&file.public_key) {
        Ok(key) => Some(key),
        Err(error) => {
            report.fault(Class::Malformed, paths::CASE, error.to_string());
            None
        }
    }
}

fn read_checkpoint(root: &Root, report: &mut Report) -> Option<Checkpoint> {
    match root.read(paths::CHECKPOINT, MAX_CHECKPOINT) {
        Ok(bytes) => match Checkpoint::parse(&bytes) {
            Ok(checkpoint) if checkpoint.size > 0 => return Some(checkpoint),
            Ok(_) => {
                report.fault(Class::Malformed, paths::CHECKPOINT, "it is of an empty log, and a case has an event")
            }
            Err(error) => report.fault(Class::Malformed, paths::CHECKPOINT, error.to_string()),
        },
        Err(error) => report.push(unusable(paths::CHECKPOINT, &error)),
    }
    None
}
