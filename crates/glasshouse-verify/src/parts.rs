//! Checks that parts, what is written of them, and their lists of entries fit together.

use crate::events::{State, is_hash};
use crate::files::Root;
use crate::log::unusable;
use crate::report::{Class, Report};
use glasshouse_layout::{EntryLine, SourceFile, paths};
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
pub fn check(root: &Root, state: &State, good: &BTreeSet<&str>, report: &mut Report) -> Vec<Part> {
    let parts = check_parts(root, state, good, report);
    for path in good.iter().filter(|path| path.starts_with("authorities/") && !path.ends_with(".sig")) {
        check_authority(root, path, report);
    }
    check_last_run(root, state, good, report);
    parts
}

fn check_parts(root: &Root, state: &State, good: &BTreeSet<&str>, report: &mut Report) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut ranges = BTreeMap::new();
    for path in state.files.keys() {
        let Some((source, number)) = part_of(path) else { continue };
        report.counts.parts += 1;
        let (description, manifest) = (paths::source_file(source, number), paths::manifest(source, number));
        let mut whole = good.contains(path.as_str());
        for beside in [&description, &manifest] {
            if !state.files.contains_key(beside) {
                report.fault(Class::Malformed, beside, format!("no event vouches for it, though one does for {path}"));
            }
            whole &= good.contains(beside.as_str());
        }
        if !good.contains(description.as_str()) {
            continue;
        }
        let Some(file) = read_description(root, &description, report) else { continue };
        if let Some(message) = contradiction(state, path, source, number, &file) {
            report.fault(Class::Malformed, &description, message);
            continue;
        }
        ranges.insert((file.part.first_entry, file.part.entries), description.clone());
        if good.contains(manifest.as_str()) {
            whole &= check_manifest(root, &manifest, &file, report);
        }
        if whole {
            parts.push(Part { path: path.clone(), manifest, file });
        }
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

/// Returns source and number of `evidence/<source>/part-NNNN`.
fn part_of(path: &str) -> Option<(&str, u32)> {
    let (source, name) = path.strip_prefix("evidence/")?.split_once('/')?;
    let number = name.strip_prefix("part-")?.parse().ok()?;
    (paths::part(source, number) == path).then_some((source, number))
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
    let containers = ["zip", "tar", "tar.gz", "file", "folder"];
    (!containers.contains(&part.container.as_str())).then(|| format!("`{}` is no container", part.container))
}

fn check_manifest(root: &Root, path: &str, file: &SourceFile, report: &mut Report) -> bool {
    let first = u64::from(file.part.first_entry);
    let mut lines = 0u64;
    let outcome = each_entry(root, path, |entry| {
        let number = first + lines;
        lines += 1;
        problem_of(&entry, first, number).map_or(Ok(()), Err)
    });
    report.counts.entries += lines;
    let count = u64::from(file.part.entries);
    let outcome = match outcome {
        Ok(()) if lines != count => Err(format!("it has {lines} lines, and {count} entries belong in it")),
        outcome => outcome,
    };
    if let Err(message) = &outcome {
        report.fault(Class::Malformed, path, message);
    }
    outcome.is_ok()
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

/// Calls `each` with every line of a manifest, in order; its message ends the reading.
pub fn each_entry(
    root: &Root,
    path: &str,
    mut each: impl FnMut(EntryLine) -> Result<(), String>,
) -> Result<(), String> {
    let (file, _) = root.open(path).map_err(|error| error.to_string())?;
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    for number in 1u64.. {
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
