//! Looks for what lies in a case and no event mentions.

use crate::events::State;
use crate::files::Root;
use crate::report::{Class, Report};
use glasshouse_layout::paths;
use std::path::Path;

/// Deepest folder that is looked into, and most names that are looked at, below one of the case's folders.
const MAX_DEPTH: usize = 12;
const MAX_NAMES: u64 = 20_000_000;

/// Reports what no event mentions. Under `evidence/` and `authorities/` it is a fault, unless an event that could
/// not be read may have mentioned it; elsewhere it is a note.
pub fn check(root: &Root, state: &State, tree_size: u64, report: &mut Report) {
    let mut walk = Walk { root, state, tree_size, report, left: MAX_NAMES };
    for (name, is_folder) in walk.names("") {
        match name.as_str() {
            paths::CASE | paths::WORK => walk.judge(&name),
            // Secrets, the lock and what is disposable are in no proof, and nobody expects them to be.
            "keys" | "cache" | ".lock" => (),
            "authorities" | "evidence" | "log" | "runs" if is_folder => walk.folder(&name, 1),
            _ => walk.unmentioned(&name, false, "it is not part of the format"),
        }
    }
    if walk.left == 0 {
        report.fault(Class::NotChecked, "", format!("the case holds more than {MAX_NAMES} names"));
    }
}

struct Walk<'a> {
    root: &'a Root,
    state: &'a State,
    tree_size: u64,
    report: &'a mut Report,
    left: u64,
}

impl Walk<'_> {
    /// Returns the names in a folder with whether each is a folder itself, sorted. Links are not followed.
    fn names(&mut self, folder: &str) -> Vec<(String, bool)> {
        let mut names = Vec::new();
        let entries = match std::fs::read_dir(self.root.join(folder)) {
            Ok(entries) => entries,
            Err(error) => {
                self.report.fault(Class::Unreadable, folder, format!("it cannot be read: {error}"));
                return names;
            }
        };
        for entry in entries.flatten() {
            if self.left == 0 {
                break;
            }
            self.left -= 1;
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            names.push((Path::new(&entry.file_name()).display().to_string(), is_folder));
        }
        names.sort();
        names
    }

    fn folder(&mut self, folder: &str, depth: usize) {
        if depth > MAX_DEPTH {
            return self.unmentioned(folder, is_fault(folder), "it is deeper than any folder of a case");
        }
        for (name, is_folder) in self.names(folder) {
            let path = format!("{folder}/{name}");
            let strange_run = folder == "runs" && is_folder && !self.mentions_below(&path);
            if strange_run {
                self.unmentioned(&path, false, "no event mentions anything in it: a run that was cut off or replaced");
            } else if is_folder {
                self.folder(&path, depth + 1);
            } else {
                self.judge(&path);
            }
        }
    }

    fn mentions_below(&self, folder: &str) -> bool {
        let prefix = format!("{folder}/");
        self.state.files.range(prefix.clone()..).next().is_some_and(|(path, _)| path.starts_with(&prefix))
    }

    fn judge(&mut self, path: &str) {
        if self.state.files.get(path).is_some_and(|file| file.external.is_none()) {
            return;
        }
        if path == paths::AHEAD {
            // In no proof: what it holds lies in its place, too, unless the power went.
            if self.report.faults() > 0 {
                let why = "it holds the newest events, for after a power cut: any command that writes the case puts them back, and then verify again";
                self.unmentioned(path, false, why);
            }
            return;
        }
        match path.strip_prefix("log/") {
            Some(inner) => match first_leaf(inner) {
                Some(leaf) if leaf < self.tree_size => (),
                Some(_) => {
                    let why = "it lies past the checkpoint: a write was cut off, or the checkpoint was put back";
                    self.unmentioned(path, false, why);
                }
                None => self.unmentioned(path, false, "it is not part of the log"),
            },
            None if path.starts_with("evidence/") => {
                if let Some((_, event)) = self.state.gone.get(path) {
                    let why = format!("event {event} says that it was taken away, and it is there");
                    return self.unmentioned(path, true, &why);
                }
                let why = "no event mentions it: it was put there, or its addition was cut off or has not ended";
                self.unmentioned(path, true, why);
            }
            None => self.unmentioned(path, is_fault(path), "no event mentions it"),
        }
    }

    fn unmentioned(&mut self, path: &str, fault: bool, why: &str) {
        if fault && self.state.complete {
            self.report.fault(Class::Unmentioned, path, why);
        } else if fault {
            self.report.note(Class::Unmentioned, path, "no event that could be read mentions it");
        } else {
            self.report.note(Class::Unmentioned, path, why);
        }
    }
}

fn is_fault(path: &str) -> bool {
    path.starts_with("evidence/") || path.starts_with("authorities/")
}

/// Returns the leaf that a file below `log/` needs to be in the log, for all of the file to be in it.
fn first_leaf(path: &str) -> Option<u64> {
    if path == "checkpoint" {
        return Some(0);
    }
    if let Some(numbers) = path.strip_prefix("payload/").or_else(|| path.strip_prefix("sealed/")) {
        let (thousands, rest) = numbers.split_once('/')?;
        let index = thousands.parse::<u64>().ok()?.checked_mul(1000)?.checked_add(rest.parse().ok()?)?;
        let known = [paths::payload(index), paths::sealed(index)];
        return known.contains(&format!("log/{path}")).then_some(index);
    }
    let (level, number) = path.strip_prefix("tile/")?.split_once('/')?;
    let (number, width) = match number.split_once(".p/") {
        Some((number, width)) => (number, width.parse::<u32>().ok().filter(|width| (1..256).contains(width))?),
        None => (number, 256),
    };
    let index = number.split('/').try_fold(0u64, |index, group| {
        index.checked_mul(1000)?.checked_add(group.strip_prefix('x').unwrap_or(group).parse().ok()?)
    })?;
    let (known, level) = match level {
        "entries" => (paths::entries(index, width), 0),
        _ => {
            let level = level.parse::<u8>().ok().filter(|level| *level < 8)?;
            (paths::tile(level, index, width), level)
        }
    };
    // The last hash of the tile is above the leaves up to (256·index + width) · 256^level.
    let last = index.checked_mul(256)?.checked_add(u64::from(width))?.checked_mul(1 << (8 * u32::from(level)))?;
    (known == format!("log/{path}")).then(|| last - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_below_the_log_are_read_back() {
        for (path, leaf) in [
            ("checkpoint", Some(0)),
            ("payload/0/007", Some(7)),
            ("payload/12/345", Some(12_345)),
            ("sealed/0/007", Some(7)),
            ("payload/0/7", None),
            ("payload/x/007", None),
            ("tile/0/000", Some(255)),
            ("tile/0/001.p/3", Some(258)),
            ("tile/1/000.p/2", Some(511)),
            ("tile/entries/x001/x234/067", Some(1_234_068 * 256 - 1)),
            ("tile/entries/1", None),
            ("tile/0/000.p/256", None),
            ("tile/7/x999/x999/x999/x999/x999/x999/999", None),
            ("tile/0/000.p/3/x", None),
            ("other", None),
        ] {
            assert_eq!(first_leaf(path), leaf, "{path}");
        }
    }
}
