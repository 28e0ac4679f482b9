//! Proves an export: that its files are those that its list names, and that the log of the case vouches for the list.

use crate::case::{CannotCheck, Options};
use crate::extract::verify_extract;
use crate::files::{FileError, Root, hash, is_plain};
use crate::log::unusable;
use crate::report::{Class, Report};
use glasshouse_layout::{FileHash, Leaf, Payload, hex, sha256};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::Path;

/// The list of an export; no case has a file of this name.
pub const LIST: &str = "export.json";
const LOG: &str = "log.json";
const CHECKPOINT: &str = "checkpoint";
const FORM: &str = "glasshouse-export-1";
/// Longest list and extract that are read, deepest folder and most names that are looked at.
const MAX_LIST: u64 = 256 << 20;
const MAX_LOG: u64 = 1 << 30;
const MAX_DEPTH: usize = 8;
const MAX_NAMES: usize = 2_000_000;

#[derive(Deserialize)]
struct List {
    form: String,
    kind: String,
    files: Vec<FileHash>,
}

#[derive(Deserialize)]
struct Extract {
    events: Vec<Event>,
    checkpoint: String,
}

#[derive(Deserialize)]
struct Event {
    leaf: String,
    #[serde(default)]
    payload: Option<String>,
}

/// Verifies the export in a folder.
pub fn verify_export(folder: &Path, options: &Options) -> Result<Report, CannotCheck> {
    let root = Root::new(folder);
    let unreadable = |why: String| CannotCheck::Unreadable(folder.join(LIST), why);
    let bytes = root.read(LIST, MAX_LIST).map_err(|error| unreadable(error.to_string()))?;
    let list: List =
        serde_json::from_slice(&bytes).map_err(|_| unreadable("it is not the list of an export".into()))?;
    if list.form != FORM {
        let form = crate::printable(&list.form);
        return Err(unreadable(format!("it has the form {form}, and this verifier knows {FORM}")));
    }
    let mut report = verify_extract(&folder.join(LOG), options)?;
    vouched(&root, &hex(sha256(&bytes)), list.kind == "self", &mut report);
    let mut known = BTreeSet::from([LIST.to_owned(), LOG.to_owned(), CHECKPOINT.to_owned()]);
    for file in &list.files {
        check(&root, file, &mut report);
        if !known.insert(file.path.clone()) {
            report.fault(Class::Malformed, LIST, format!("it names {} twice", file.path));
        }
    }
    let mut left = MAX_NAMES;
    strays(folder, "", &known, 0, &mut left, &mut report);
    report.anchored &= report.proven();
    Ok(report)
}

/// Checks that an event of the extract names the hash of the list.
fn vouched(root: &Root, digest: &str, own: bool, report: &mut Report) {
    let bytes = match root.read(LOG, MAX_LOG) {
        Ok(bytes) => bytes,
        Err(error) => return report.push(unusable(LOG, &error)),
    };
    let Ok(extract) = serde_json::from_slice::<Extract>(&bytes) else {
        return report.fault(Class::Malformed, LOG, "it is not an extract of a log");
    };
    let names = |event: &Event| {
        let leaf = serde_json::from_str::<Leaf>(&event.leaf).ok()?;
        let payload = Payload::from_file(event.payload.as_deref()?.as_bytes()).ok()?;
        let export = payload.detail.get("export")?.as_str()?;
        (leaf.action == "case.exported" && export == digest).then_some(())
    };
    match extract.events.iter().find_map(names) {
        Some(()) => {}
        None if own => {
            let why = "the log of a personal case says nothing of exports, so that nothing but the list vouches for the files";
            report.note(Class::NotChecked, LIST, why);
        }
        None => report.fault(Class::Altered, LIST, "no event of the log names its hash"),
    }
    match root.read(CHECKPOINT, MAX_LIST) {
        Ok(checkpoint) if checkpoint == extract.checkpoint.as_bytes() => {}
        Ok(_) => report.fault(Class::Altered, CHECKPOINT, "it is not the one that the extract leads to"),
        Err(error) => report.push(unusable(CHECKPOINT, &error)),
    }
}

fn check(root: &Root, file: &FileHash, report: &mut Report) {
    let path = file.path.as_str();
    if !is_plain(path) {
        return report.fault(Class::Malformed, LIST, "it names a path that cannot lie in a folder");
    }
    let (opened, size) = match root.open(path) {
        Ok(opened) => opened,
        Err(FileError::Missing) => return report.fault(Class::Missing, path, "the list names it, and it is not there"),
        Err(error) => return report.push(unusable(path, &error)),
    };
    match hash(opened, file.size) {
        Ok((found, length)) if size == file.size && length == file.size && found == file.sha256 => {
            report.counts.files += 1;
            report.counts.bytes = report.counts.bytes.saturating_add(size);
        }
        Ok(_) => report.fault(Class::Altered, path, "it is not what the list says"),
        Err(error) => report.push(unusable(path, &FileError::Io(error))),
    }
}

/// Reports what the list does not name: nobody vouches for it.
fn strays(folder: &Path, inside: &str, known: &BTreeSet<String>, depth: usize, left: &mut usize, report: &mut Report) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return report.fault(Class::Unreadable, inside, "the folder cannot be read");
    };
    for entry in entries.flatten() {
        if *left == 0 || depth > MAX_DEPTH {
            return report.fault(Class::NotChecked, inside, "it holds more, or deeper, than an export does");
        }
        *left -= 1;
        let path = format!("{inside}{}", Path::new(&entry.file_name()).display());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            strays(&entry.path(), &format!("{path}/"), known, depth + 1, left, report);
        } else if !known.contains(&path) {
            report.fault(Class::Unmentioned, path, "the list does not name it: it was put there");
        }
    }
}
