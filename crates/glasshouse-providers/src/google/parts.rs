//! The folders of one export, whose parts are unpacked under names of their own.

use super::locale::is_takeout;
use crate::Tree;
use std::collections::{BTreeMap, BTreeSet};

/// Which folders `Takeout`, `Takeout 2` and so on are parts of one export.
pub(super) struct Parts {
    /// Paths of folders that hold parts which are numbered so, and are exports of their own.
    apart: BTreeSet<String>,
}

impl Parts {
    /// Looks at folders that lie beside each other. Where a file lies in two of them under one path they are no parts of
    /// one export but two exports.
    pub fn of(tree: &Tree<'_>) -> Self {
        let mut apart = BTreeSet::new();
        let mut seen: BTreeMap<(&str, &str), &str> = BTreeMap::new();
        let numbered = tree.entries().iter().any(|entry| {
            let mut names = entry.path.split('/');
            names.any(|name| !name.eq_ignore_ascii_case("Takeout") && is_takeout(name))
        });
        for entry in tree.entries().iter().filter(|_| numbered) {
            let Some((above, name, below)) = around(entry.path) else { continue };
            // A page that lists the export lies in each part.
            if below.ends_with(".html") && !below.contains('/') {
                continue;
            }
            if seen.insert((above, below), name).is_some_and(|other| other != name) {
                apart.insert(above.to_owned());
            }
        }
        Parts { apart }
    }

    /// Returns a folder's path as it is in every part of one export.
    ///
    /// Parts are archives `takeout-<stamp>-<n>.zip`, or folders of that name: the number goes, the stamp stays. Unpacked by
    /// hand they are folders `Takeout`, `Takeout 2` beside each other.
    pub fn folder(&self, dir: &str) -> String {
        let mut at = 0;
        let parts = dir.split('/').map(|name| {
            let above = dir.get(..at).unwrap_or_default();
            at += name.len() + 1;
            match is_takeout(name) && !self.apart.contains(above) {
                true => "Takeout".to_owned(),
                false => bare(name),
            }
        });
        parts.collect::<Vec<_>>().join("/")
    }
}

/// Divides a path at its folder `Takeout`: what is above it, its name, and what is below it.
fn around(path: &str) -> Option<(&str, &str, &str)> {
    let mut at = 0;
    for name in path.split('/') {
        let end = at + name.len();
        if is_takeout(name) {
            return Some((path.get(..at)?, name, path.get(end + 1..)?));
        }
        at = end + 1;
    }
    None
}

fn bare(name: &str) -> String {
    let inner = name.trim_end_matches('!');
    let lower = inner.to_ascii_lowercase();
    let bare = [".zip", ".tgz", ".tar.gz"].iter().find_map(|ext| lower.strip_suffix(ext)).unwrap_or(&lower);
    let Some(rest) = bare.strip_prefix("takeout-") else { return name.to_owned() };
    let stamp = rest.split('-').next().unwrap_or(rest);
    if stamp.len() >= 15 && stamp.as_bytes().get(8) == Some(&b't') {
        format!("takeout-{stamp}")
    } else if rest.bytes().all(|b| b.is_ascii_digit()) {
        "takeout".to_owned()
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TreeEntry;
    use glasshouse_model::EntryId;

    fn parts(paths: &[&str]) -> Parts {
        let entry = |(id, path)| TreeEntry { id: EntryId(id), path, size: 1, crc32: None, part: 0 };
        let entries: Vec<TreeEntry<'_>> = (0..).zip(paths.iter().copied()).map(entry).collect();
        Parts::of(&Tree::new(&entries, &|_| Vec::new()))
    }

    #[test]
    fn parts_of_one_export_share_their_folders() {
        let all = parts(&[
            "x/Takeout/Mail/a.mbox",
            "x/Takeout 2/Mail/b.mbox",
            "x/Takeout/index.html",
            "x/Takeout 2/index.html",
        ]);
        for (one, other) in [
            ("takeout-20240101T000000Z-001.zip!/Takeout/Mail", "takeout-20240101T000000Z-012.zip!/Takeout/Mail"),
            ("takeout-20240101T000000Z-1-001/Takeout", "takeout-20240101T000000Z-3-002/Takeout"),
            ("takeout-001/Takeout", "takeout-002/Takeout"),
            ("x/Takeout/Mail", "x/Takeout 2/Mail"),
            ("x/Takeout(1)/Mail", "x/Takeout (2)/Mail"),
        ] {
            assert_eq!(all.folder(one), all.folder(other));
        }
        assert_ne!(all.folder("anna/Takeout/Mail"), all.folder("ben/Takeout/Mail"));
        assert_ne!(all.folder("takeout-20240101T000000Z-001"), all.folder("takeout-20250101T000000Z-001"));
    }

    /// Two exports beside each other, of two accounts perhaps, are not one.
    #[test]
    fn exports_that_hold_the_same_paths_stay_apart() {
        let two = parts(&["x/Takeout/Mail/a.mbox", "x/Takeout 2/Mail/a.mbox", "y/Takeout/Mail/a.mbox"]);
        assert_ne!(two.folder("x/Takeout/Mail"), two.folder("x/Takeout 2/Mail"));
        assert_eq!(two.folder("y/Takeout/Mail"), two.folder("y/Takeout 2/Mail"));
    }
}
