//! Compares the files of a case with what the log says of them.

use crate::events::{Expected, State, is_immutable};
use crate::files::{FileError, Root, hash, open_external};
use crate::log::unusable;
use crate::report::{Class, Finding, Report};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many files are hashed at a time.
const THREADS: usize = 2;

/// Hashes every file that the log vouches for and returns the paths of those that are as it says.
pub fn check<'a>(root: &Root, state: &'a State, external: bool, report: &mut Report) -> BTreeSet<&'a str> {
    let mut files: Vec<(&String, &Expected)> = state.files.iter().collect();
    if !state.complete {
        // An event that could not be read may have changed them.
        let (checked, skipped): (Vec<_>, Vec<_>) = files.into_iter().partition(|(path, _)| is_immutable(path));
        files = checked;
        for (path, _) in skipped {
            report.note(Class::NotChecked, path, "an event that could not be read may say something else of it");
        }
    }
    report.counts.files = files.len() as u64;
    let mut good = BTreeSet::new();
    for ((path, expected), outcome) in files.iter().zip(judge_all(root, &files, external)) {
        match outcome {
            Some(finding) => report.push(finding),
            None => {
                report.counts.bytes = report.counts.bytes.saturating_add(expected.size);
                good.insert(path.as_str());
            }
        }
    }
    good
}

fn judge_all(root: &Root, files: &[(&String, &Expected)], external: bool) -> Vec<Option<Finding>> {
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(vec![None; files.len()]);
    std::thread::scope(|scope| {
        for _ in 0..THREADS.min(files.len()) {
            scope.spawn(|| {
                while let Some((index, (path, expected))) =
                    Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|n| files.get(n).map(|file| (n, file)))
                {
                    let finding = judge(root, path, expected, external);
                    let mut outcomes = outcomes.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
                    if let Some(outcome) = outcomes.get_mut(index) {
                        *outcome = finding;
                    }
                }
            });
        }
    });
    outcomes.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn judge(root: &Root, path: &str, expected: &Expected, external: bool) -> Option<Finding> {
    let event = expected.event;
    let fault = |class, message: String| Some(Finding { class, path: path.to_string(), message, fault: true });
    let opened = match &expected.external {
        None => root.open(path).map_err(|error| match error {
            FileError::Missing => {
                let message = format!("event {event} vouches for it, and it is not there");
                Finding { class: Class::Missing, path: path.to_string(), message, fault: true }
            }
            error => unusable(path, &error),
        }),
        Some(place) if !external => {
            let message = format!("event {event} says that it was left at {place}, and the case keeps copies");
            return fault(Class::Malformed, message);
        }
        Some(place) if !path.starts_with("evidence/") || !Path::new(place).is_absolute() => {
            return fault(Class::Malformed, format!("event {event} says that it lies at {place}, which cannot be"));
        }
        Some(place) => open_external(Path::new(place)).map_err(|error| match error {
            FileError::Missing => {
                let message = format!("event {event} says that it was left at {place}, and it is not there");
                Finding { class: Class::ExternalMissing, path: path.to_string(), message, fault: true }
            }
            error => Finding { message: format!("{place}: {error}"), ..unusable(path, &error) },
        }),
    };
    let (file, size) = match opened {
        Ok(opened) => opened,
        Err(finding) => return Some(finding),
    };
    // A file of another length is another file, however long it takes to read.
    if size != expected.size {
        return fault(Class::Altered, format!("it has {size} bytes but event {event} says {}", expected.size));
    }
    match hash(file, expected.size) {
        Ok((found, length)) if length == expected.size && found == expected.sha256 => None,
        Ok((found, _)) => {
            fault(Class::Altered, format!("SHA-256 is {found} but event {event} says {}", expected.sha256))
        }
        Err(error) => Some(unusable(path, &FileError::Io(error))),
    }
}
