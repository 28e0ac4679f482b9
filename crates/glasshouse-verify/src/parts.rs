//! Checks that parts, what is written of them, and their lists of entries fit together.

use crate::events::{State, is_hash};
use crate::files::{Root, hash};
use crate::log::unusable;
use crate::report::{Class, Report};
use crate::unseal::{self, Keys};
use age::x25519::Identity;
use glasshouse_layout::{CaseFile, EntryLine, Opening, REMAINDER, SEALED, SourceFile, paths};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read};

/// Longest `part-NNNN.json`, `run.json` and authority.
const MAX_SMALL: u64 = 16 << 20;
/// Longest line of a manifest: paths of nested archives can be long, and JSON may write a byte as six.
const MAX_LINE: u64 = 4 << 20;

/// A part whose bytes, description and manifest are what the log says.
pub struct Part {
    pub path: String,
    pub manifest: String,
    pub file: SourceFile,
    /// Its key, where it is sealed.
    pub key: Option<Identity>,
}

/// `run.json`, as far as a proof needs it.
#[derive(Deserialize)]
struct Run {
    segments: Vec<Segment>,
}

#[derive(Deserialize)]
struct Segment {
    path: String,
}

/// Checks what the events vouch for beyond hashes. `good` are the files whose hash is right.
pub fn check(
    root: &Root,
    state: &State,
    good: &BTreeSet<&str>,
    case: Option<&CaseFile>,
    keys: &Keys,
    report: &mut Report,
) -> Vec<Part> {
    let sealed = case.map(|case| case.encryption == SEALED);
    let parts = check_parts(root, state, good, (sealed, keys), report);
    for path in good.iter().filter(|path| path.starts_with("authorities/") && !path.ends_with(".sig")) {
        check_authority(root, path, report);
    }
    check_last_run(root, state, good, report);
    parts
}

fn check_parts(
    root: &Root,
    state: &State,
    good: &BTreeSet<&str>,
    (sealed_case, keys): (Option<bool>, &Keys),
    report: &mut Report,
) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut closed = 0u64;
    let mut ranges = BTreeMap::new();
    for path in state.files.keys() {
        let Some((source, number, sealed)) = part_of(path) else { continue };
        report.counts.parts += 1;
        let description = paths::source_file(source, number);
        let mut beside = vec![description.clone()];
        if sealed {
            beside.extend([paths::part_key(source, number), paths::manifest_sealed(source, number)]);
        } else {
            beside.push(paths::manifest(source, number));
        }
        let manifest = beside.last().cloned().unwrap_or_default();
        let mut whole = good.contains(path.as_str());
        if sealed_case.is_some_and(|case| case != sealed) {
            let message = if sealed { "it is sealed, and" } else { "it lies in clear, and" };
            report.fault(Class::Malformed, path, format!("{message} case.toml says otherwise of the evidence"));
        }
        for beside in &beside {
            if !state.files.contains_key(beside) {
                report.fault(Class::Malformed, beside, format!("no event vouches for it, though one does for {path}"));
            }
            whole &= good.contains(beside.as_str());
        }
        if !good.contains(description.as_str()) {
            continue;
        }
        let Some(file) = read_description(root, &description, report) else { continue };
        let wrong = contradiction(state, path, source, number, &file);
        let unsaid = || "what it says of the content of a sealed part is no hash, or is said of another".to_owned();
        let stated = file.part.content.as_deref().map(is_hash) == sealed.then_some(true);
        if let Some(message) = wrong.or_else(|| (!stated).then(unsaid)) {
            report.fault(Class::Malformed, &description, message);
            continue;
        }
        ranges.insert((file.part.first_entry, file.part.entries), description.clone());
        let mut key = None;
        if sealed {
            whole = whole && !keys.is_none();
            closed += u64::from(keys.is_none());
            key = if whole { keys.part(root, source, number, report) } else { None };
            whole &= key.is_some();
        }
        let readable = !sealed || key.is_some();
        if readable && good.contains(manifest.as_str()) {
            whole &= check_manifest(root, &manifest, &file, key.as_ref(), report);
        }
        if let (true, Some(key)) = (whole, &key) {
            whole = check_content(root, path, &manifest, &file, key, report);
        }
        if whole {
            parts.push(Part { path: path.clone(), manifest, file, key });
        }
    }
    if closed > 0 {
        let message =
            format!("{closed} parts are sealed, and no key opens them here: what is in them was not looked at");
        report.note(Class::NotChecked, "evidence", message);
    }
    let mut free = 0u64;
    for ((first, count), path) in ranges {
        if u64::from(first) < free {
            report.fault(Class::Malformed, path, format!("entry {first} belongs to another part already"));
        }
        free = free.max(u64::from(first) + u64::from(count));
    }
    parts
}

/// Returns source and number of `evidence/<source>/part-NNNN`, and whether it is sealed (`….age`).
fn part_of(path: &str) -> Option<(&str, u32, bool)> {
    let (source, name) = path.strip_prefix("evidence/")?.split_once('/')?;
    let number = name.strip_prefix("part-")?;
    let (number, sealed) = number.strip_suffix(".age").map_or((number, false), |number| (number, true));
    let number = number.parse().ok()?;
    let known = if sealed { paths::part_sealed } else { paths::part };
    (known(source, number) == path).then_some((source, number, sealed))
}

fn read_description(root: &Root, path: &str, report: &mut Report) -> Option<SourceFile> {
    match root.read(path, MAX_SMALL) {
        Ok(bytes) => match serde_json::from_slice(&bytes) {
            Ok(file) => return Some(file),
            Err(error) => {
                report.fault(Class::Malformed, path, format!("it is not what a part is described by: {error}"))
            }
        },
        Err(error) => report.push(unusable(path, &error)),
    }
    None
}

/// Returns where a part's description contradicts the events.
fn contradiction(state: &State, path: &str, source: &str, number: u32, file: &SourceFile) -> Option<String> {
    let expected = state.files.get(path)?;
    let part = &file.part;
    let event = expected.event;
    if file.source != source || part.number != number {
        return Some(format!("it describes part {} of {}", part.number, file.source));
    }
    if part.sha256 != expected.sha256 || part.size != expected.size {
        return Some(format!("size or hash of the part are not those that event {event} says"));
    }
    if part.external != expected.external {
        return Some(format!("the place of the part is not the one that event {event} says"));
    }
    if (part.container == REMAINDER) != part.replaces.is_some() || part.replaces.is_some_and(|old| old >= number) {
        return Some("what it says of the part that it is what is left of cannot be".to_owned());
    }
    let containers = ["zip", "tar", "tar.gz", "file", "folder", REMAINDER];
    (!containers.contains(&part.container.as_str())).then(|| format!("`{}` is no container", part.container))
}

fn check_manifest(root: &Root, path: &str, file: &SourceFile, key: Option<&Identity>, report: &mut Report) -> bool {
    let first = u64::from(file.part.first_entry);
    let count = u64::from(file.part.entries);
    // Of what is left of a part the numbers of entries that are gone are missing.
    let left = file.part.container == REMAINDER;
    let (mut lines, mut next) = (0u64, first);
    let outcome = each_entry(root, path, key, |entry| {
        let number = if left { next.max(u64::from(entry.entry)) } else { next };
        lines += 1;
        next = number + 1;
        if number >= first + count && left {
            return Err(format!("entry {number} is not one of the part"));
        }
        problem_of(&entry, first, number).map_or(Ok(()), Err)
    });
    report.counts.entries += lines;
    let outcome = match outcome {
        Ok(()) if lines != count && !left => Err(format!("it has {lines} lines, and {count} entries belong in it")),
        outcome => outcome,
    };
    if let Err(message) = &outcome {
        report.fault(Class::Malformed, path, message);
    }
    outcome.is_ok()
}

/// Compares a sealed part with what the first line of its manifest says, and that with what the case commits to.
fn check_content(
    root: &Root,
    path: &str,
    manifest: &str,
    file: &SourceFile,
    key: &Identity,
    report: &mut Report,
) -> bool {
    let opening = match open(root, manifest, Some(key)).and_then(|(opening, _)| opening.ok_or_else(String::new)) {
        Ok(opening) => opening,
        Err(message) => {
            report.fault(Class::Malformed, manifest, message);
            return false;
        }
    };
    if Some(opening.commitment()) != file.part.content {
        report.fault(Class::Malformed, manifest, "its first line is not what the description of the part commits to");
        return false;
    }
    let found = root.open(path).map_err(|error| error.to_string()).and_then(|(file, _)| {
        unseal::stream(file, key).and_then(|stream| hash(stream, opening.size)).map_err(|error| error.to_string())
    });
    match found {
        Ok((sha256, length)) if length == opening.size && sha256 == opening.sha256 => return true,
        Ok((sha256, _)) => {
            let message = format!("its content has SHA-256 {sha256} but its manifest says {}", opening.sha256);
            report.fault(Class::Altered, path, message);
        }
        Err(message) => report.fault(Class::Malformed, path, message),
    }
    false
}

fn problem_of(entry: &EntryLine, first: u64, number: u64) -> Option<String> {
    if u64::from(entry.entry) != number {
        return Some(format!("entry {} is where entry {number} belongs", entry.entry));
    }
    if !["file", "folder", "link", "other"].contains(&entry.kind.as_str()) {
        return Some(format!("entry {number} is of no known kind"));
    }
    if entry.sha256.as_deref().is_some_and(|hash| !is_hash(hash)) {
        return Some(format!("entry {number} has a hash that is none"));
    }
    let before = |parent: &u32| (first..number).contains(&u64::from(*parent));
    if !entry.parent.as_ref().is_none_or(before) {
        return Some(format!("entry {number} lies in an entry that is not before it in the part"));
    }
    None
}

/// Opens a manifest; of a sealed one the first line, which is about the part, is returned apart.
fn open(root: &Root, path: &str, key: Option<&Identity>) -> Result<(Option<Opening>, Box<dyn BufRead>), String> {
    let (file, _) = root.open(path).map_err(|error| error.to_string())?;
    let Some(key) = key else { return Ok((None, Box::new(BufReader::new(file)))) };
    let stream = unseal::stream(file, key).map_err(|error| error.to_string())?;
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut line).map_err(|error| error.to_string())?;
    let opening = serde_json::from_slice(&line).map_err(|_| "its first line does not say what the part is")?;
    Ok((Some(opening), Box::new(reader)))
}

/// Calls `each` with every entry of a manifest, in order; its message ends the reading.
pub fn each_entry(
    root: &Root,
    path: &str,
    key: Option<&Identity>,
    mut each: impl FnMut(EntryLine) -> Result<(), String>,
) -> Result<(), String> {
    let (opening, mut reader) = open(root, path, key)?;
    let mut line = Vec::new();
    for number in 1 + u64::from(opening.is_some()).. {
        line.clear();
        let count = reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut line).map_err(|error| error.to_string())?;
        if count == 0 {
            break;
        }
        if line.pop() != Some(b'\n') {
            return Err(format!("line {number} does not end, or is longer than {MAX_LINE} bytes"));
        }
        let entry = serde_json::from_slice(&line).map_err(|_| format!("line {number} is not the JSON of an entry"))?;
        each(entry)?;
    }
    Ok(())
}

fn check_authority(root: &Root, path: &str, report: &mut Report) {
    match root.read(path, MAX_SMALL) {
        Ok(bytes) => {
            let table = std::str::from_utf8(&bytes).ok().and_then(|text| text.parse::<toml::Table>().ok());
            if table.is_none() {
                report.fault(Class::Malformed, path, "it is not TOML");
            }
        }
        Err(error) => report.push(unusable(path, &error)),
    }
}

/// Checks that the events vouch for every segment that the last run says is in force.
fn check_last_run(root: &Root, state: &State, good: &BTreeSet<&str>, report: &mut Report) {
    let runs = good.iter().filter(|path| path.starts_with("runs/") && path.ends_with("/run.json"));
    let Some(path) = runs.filter(|path| path.matches('/').count() == 2).max() else { return };
    let bytes = match root.read(path, MAX_SMALL) {
        Ok(bytes) => bytes,
        Err(error) => return report.push(unusable(*path, &error)),
    };
    match serde_json::from_slice::<Run>(&bytes) {
        Ok(run) => {
            for segment in run.segments {
                let records = format!("{}/records.parquet", segment.path);
                if !state.files.contains_key(&records) {
                    report.fault(Class::Malformed, *path, format!("no event vouches for its segment {records}"));
                }
            }
        }
        Err(error) => report.fault(Class::Malformed, *path, format!("it is not what a run is described by: {error}")),
    }
}
