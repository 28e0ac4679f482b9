//! Reads the leaves and their payloads, and works out which files a case has to have.

use crate::files::{FileError, Root, is_plain};
use crate::log::{Log, read_bundle, unusable, width_at};
use crate::report::{Class, Report};
use crate::tree::TILE;
use glasshouse_layout::{FileHash, Leaf, Sealed, commitment, paths};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// Longest payload that is read.
const MAX_PAYLOAD: u64 = 64 << 20;
/// The action of leaf 0 and of no other.
const CREATED: &str = "case.created";

/// A file that the case has to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    pub size: u64,
    pub sha256: String,
    /// Where it was left, if not in the case.
    pub external: Option<String>,
    /// The event that says so.
    pub event: u64,
}

/// What a case has to consist of after its last event.
#[derive(Debug, Default)]
pub struct State {
    pub files: BTreeMap<String, Expected>,
    /// Files of evidence that an event took away, with their hash and the event: none may come back changed.
    pub gone: BTreeMap<String, (String, u64)>,
    /// Whether every event that is not erased could be read.
    pub complete: bool,
}

/// Returns whether files at this path are never changed once they are there.
pub fn is_immutable(path: &str) -> bool {
    path == paths::CASE || path.starts_with("evidence/") || path.starts_with("authorities/")
}

/// Reads every event of a log whose hashes are checked.
pub fn read(root: &Root, log: &Log, report: &mut Report) -> State {
    let mut reader = Reader {
        root,
        report,
        state: State { complete: log.complete && log.root_holds, ..State::default() },
        missing: BTreeMap::new(),
        present_or_bad: BTreeSet::new(),
        erased: BTreeMap::new(),
        sealed: BTreeMap::new(),
        unsealed: BTreeMap::new(),
        last_time: None,
    };
    for index in 0..log.size.div_ceil(TILE as u64) {
        let first = index * TILE as u64;
        let Ok(bundle) = read_bundle(root, index, width_at(log.size, index)) else {
            // Why has been reported; without its leaves nothing is known of its events.
            reader.state.complete = false;
            if log.complete {
                continue;
            }
            break;
        };
        for (seq, leaf) in (first..).zip(&bundle.leaves) {
            if log.bad.contains(&seq) {
                reader.state.complete = false;
            } else {
                reader.leaf(&bundle.path, seq, leaf);
            }
        }
    }
    reader.finish()
}

/// The second line of a payload file, as far as a proof needs it.
#[derive(Deserialize)]
struct Facts {
    #[serde(rename = "who")]
    _who: String,
    #[serde(rename = "where")]
    _place: String,
    #[serde(rename = "authority")]
    _authority: String,
    #[serde(rename = "tool")]
    _tool: String,
    #[serde(default)]
    files: Vec<FileHash>,
    #[serde(default)]
    removed: Vec<String>,
    #[serde(default)]
    sealed: BTreeMap<String, String>,
    #[serde(default)]
    unsealed: Vec<u64>,
}

struct Reader<'a> {
    root: &'a Root,
    report: &'a mut Report,
    state: State,
    /// Events whose payload is not there.
    missing: BTreeMap<u64, String>,
    /// Events that a later one says were erased and that are there.
    present_or_bad: BTreeSet<u64>,
    /// Erased event and the event that says so.
    erased: BTreeMap<u64, u64>,
    /// What events commit to and keep apart, and which of it a later event says was erased.
    sealed: BTreeMap<u64, BTreeMap<String, String>>,
    unsealed: BTreeMap<u64, u64>,
    last_time: Option<(String, String)>,
}

impl Reader<'_> {
    fn leaf(&mut self, bundle: &str, seq: u64, bytes: &[u8]) {
        self.report.counts.events += 1;
        let leaf: Leaf = match serde_json::from_slice(bytes) {
            Ok(leaf) => leaf,
            Err(_) => return self.malformed(bundle, format!("leaf {seq} is not the JSON of a leaf")),
        };
        if leaf.v != 1 {
            return self.malformed(bundle, format!("leaf {seq} is of version {}, and this verifier knows 1", leaf.v));
        }
        if leaf.seq != seq {
            let message = format!("the leaf at place {seq} says that it is number {}", leaf.seq);
            self.report.fault(Class::Unexpected, bundle, message);
        }
        match sortable_time(&leaf.time) {
            None => self.malformed(bundle, format!("the time of leaf {seq} is not RFC 3339 in UTC")),
            Some(time) => {
                if self.last_time.as_ref().is_some_and(|last| time < *last) {
                    self.report.fault(Class::Unexpected, bundle, format!("leaf {seq} is earlier than the one before"));
                }
                self.last_time = Some(time);
            }
        }
        if (seq == 0) != (leaf.action == CREATED) {
            let message = format!("leaf {seq} is `{}`, and {CREATED} is leaf 0 and no other", leaf.action);
            self.report.fault(Class::Unexpected, bundle, message);
        }
        for index in &leaf.erases {
            if *index >= seq {
                self.malformed(bundle, format!("leaf {seq} erases {index}, which is not before it"));
            } else {
                self.erased.entry(*index).or_insert(seq);
            }
        }
        self.payload(seq, &leaf.payload);
    }

    fn payload(&mut self, seq: u64, expected: &str) {
        let path = paths::payload(seq);
        let bytes = match self.root.read(&path, MAX_PAYLOAD) {
            Ok(bytes) => bytes,
            Err(FileError::Missing) => {
                self.missing.insert(seq, path);
                return;
            }
            Err(error) => {
                self.state.complete = false;
                self.report.push(unusable(path, &error));
                return;
            }
        };
        self.present_or_bad.insert(seq);
        let found = commitment(&bytes);
        if found != expected {
            self.state.complete = false;
            let message = format!("SHA-256 is {found} but leaf {seq} says {expected}");
            return self.report.fault(Class::Altered, path, message);
        }
        match facts(&bytes) {
            Some(facts) => self.apply(seq, &path, facts),
            None => self.malformed(&path, "it is not a line of salt and a line of JSON with the members of a payload"),
        }
    }

    fn apply(&mut self, seq: u64, path: &str, facts: Facts) {
        for index in &facts.unsealed {
            self.unsealed.entry(*index).or_insert(seq);
        }
        if !facts.sealed.is_empty() {
            self.sealed.insert(seq, facts.sealed);
        }
        let mut named = BTreeSet::new();
        let names = facts.removed.iter().chain(facts.files.iter().map(|file| &file.path));
        for name in names {
            if !is_plain(name) {
                self.malformed(path, format!("event {seq} names the path `{name}`, which cannot lie in a case"));
            } else if !named.insert(name) {
                self.malformed(path, format!("event {seq} names the path `{name}` twice"));
            }
        }
        for name in &facts.removed {
            if let Some(old) = self.state.files.remove(name)
                && is_immutable(name)
            {
                self.state.gone.insert(name.clone(), (old.sha256, seq));
            }
        }
        for file in facts.files.into_iter().filter(|file| is_plain(&file.path)) {
            if !is_hash(&file.sha256) {
                self.malformed(path, format!("event {seq} gives `{}` a hash that is none", file.path));
                continue;
            }
            let known = self.state.files.get(&file.path).map(|old| &old.sha256).or(self
                .state
                .gone
                .get(&file.path)
                .map(|(sha256, _)| sha256));
            if is_immutable(&file.path) && known.is_some_and(|known| *known != file.sha256) {
                let message = format!("event {seq} gives it another hash, and such a file is never changed");
                self.report.fault(Class::Unexpected, file.path, message);
                continue;
            }
            let expected = Expected { size: file.size, sha256: file.sha256, external: file.external, event: seq };
            self.state.files.insert(file.path, expected);
        }
    }

    /// Compares what is kept apart with what the payloads commit to.
    fn check_sealed(&mut self) {
        for (seq, commitments) in std::mem::take(&mut self.sealed) {
            let path = paths::sealed(seq);
            let erased = self.unsealed.get(&seq).or(self.erased.get(&seq)).copied();
            let bytes = match (self.root.read(&path, MAX_PAYLOAD), erased) {
                (Ok(bytes), None) => bytes,
                (Ok(_), Some(by)) => {
                    let message = format!("event {by} says that it was erased, and it is there");
                    self.report.fault(Class::Unexpected, path, message);
                    continue;
                }
                (Err(FileError::Missing), Some(by)) => {
                    self.report.note(Class::Erased, path, format!("event {by} says that it was erased"));
                    continue;
                }
                (Err(FileError::Missing), None) => {
                    let message = format!("event {seq} commits to it, and no event says that it was erased");
                    self.report.fault(Class::Missing, path, message);
                    continue;
                }
                (Err(error), _) => {
                    self.report.push(unusable(path, &error));
                    continue;
                }
            };
            let held: BTreeMap<String, Sealed> = serde_json::from_slice(&bytes).unwrap_or_default();
            let found: BTreeMap<String, String> = held.into_iter().map(|(name, s)| (name, s.commitment())).collect();
            if found != commitments {
                self.report.fault(Class::Altered, path, format!("it is not what event {seq} commits to"));
            }
        }
    }

    fn malformed(&mut self, path: &str, message: impl Into<String>) {
        self.state.complete = false;
        self.report.fault(Class::Malformed, path, message);
    }

    fn finish(mut self) -> State {
        self.check_sealed();
        for (seq, path) in std::mem::take(&mut self.missing) {
            match self.erased.get(&seq) {
                Some(by) => {
                    self.report.counts.erased += 1;
                    self.report.note(Class::Erased, path, format!("event {by} says that it was erased"));
                    // What it committed to is not known any more, and must not be there either.
                    let sealed = paths::sealed(seq);
                    match self.root.read(&sealed, MAX_PAYLOAD) {
                        Err(FileError::Missing) => {}
                        Ok(_) => {
                            let message = format!("event {by} says that it was erased, and it is there");
                            self.report.fault(Class::Unexpected, sealed, message);
                        }
                        Err(error) => self.report.push(unusable(sealed, &error)),
                    }
                }
                None => {
                    self.state.complete = false;
                    let message = format!("leaf {seq} commits to it, and no event says that it was erased");
                    self.report.fault(Class::Missing, path, message);
                }
            }
        }
        for (seq, by) in &self.erased {
            if self.present_or_bad.contains(seq) {
                let message = format!("event {by} says that it was erased, and it is there");
                self.report.fault(Class::Unexpected, paths::payload(*seq), message);
            }
        }
        self.state
    }
}

fn facts(file: &[u8]) -> Option<Facts> {
    let (salt, json) = std::str::from_utf8(file).ok()?.split_once('\n')?;
    is_hash(salt).then(|| serde_json::from_str(json).ok()).flatten()
}

/// Returns whether a text is a SHA-256 as the format writes it.
pub fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// Returns an RFC 3339 time in UTC in a form that sorts: seconds, and the digits of the fraction.
fn sortable_time(text: &str) -> Option<(String, String)> {
    let text = text.strip_suffix('Z')?;
    let (seconds, fraction) = match text.split_once('.') {
        Some((seconds, fraction)) if !fraction.is_empty() => (seconds, fraction),
        Some(_) => return None,
        None => (text, ""),
    };
    let form = b"0000-00-00T00:00:00";
    let fits = seconds.len() == form.len()
        && seconds.bytes().zip(form).all(|(b, f)| if *f == b'0' { b.is_ascii_digit() } else { b == *f });
    let fraction = fraction.bytes().all(|b| b.is_ascii_digit()).then(|| fraction.trim_end_matches('0'))?;
    fits.then(|| (seconds.to_string(), fraction.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_sort_whatever_their_precision() {
        let time = |text| sortable_time(text).expect("a time");
        assert!(time("2026-11-21T09:00:00Z") < time("2026-11-21T09:00:00.000001Z"));
        assert!(time("2026-11-21T09:00:00.1Z") > time("2026-11-21T09:00:00.099999Z"));
        assert_eq!(time("2026-11-21T09:00:00.10Z"), time("2026-11-21T09:00:00.100000Z"));
        for wrong in [
            "",
            "Z",
            "2026-11-21T09:00:00",
            "2026-11-21T09:00:00+00:00",
            "2026-11-21 09:00:00Z",
            "2026-11-21T09:00:00.Z",
        ] {
            assert_eq!(sortable_time(wrong), None, "{wrong}");
        }
    }
}
