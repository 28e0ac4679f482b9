//! Exports come in parts, `NAME Part 2 of 5`: which of them are not there.

use crate::{Opened, Sink, Tree, TreeEntry};
use glasshouse_model::{Claim, EntryId, Link, Locator};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// More parts than any export has.
const MOST_PARTS: u32 = 500;

/// A part's place in its export: the path before the number, the number, and how many there are.
fn part<'a>(entry: &TreeEntry<'a>) -> Option<(&'a str, u32, u32)> {
    let mut from = 0;
    for name in entry.dir().split('/') {
        let start = from;
        from += name.len() + 1;
        let name = name.trim_end_matches('!').trim_end_matches(".zip");
        // `Part 1 of 6`, `Del 1 av 6`: two words in the account's language.
        let mut words = name.rsplitn(5, ' ');
        let (Some(of), Some(_), Some(number), Some(_), Some(before)) =
            (words.next(), words.next(), words.next(), words.next(), words.next())
        else {
            continue;
        };
        let (Ok(number), Ok(of)) = (number.parse(), of.parse()) else { continue };
        if number >= 1 && number <= of && of <= MOST_PARTS {
            return Some((entry.path.get(..start + before.len())?, number, of));
        }
    }
    None
}

/// Gives the first claim of an export of which parts are missing the parts that are there, under their names.
pub(super) fn mark(tree: &Tree<'_>, claims: &mut [Claim]) {
    let mut exports: BTreeMap<(&str, u32), BTreeMap<u32, &TreeEntry>> = BTreeMap::new();
    let mut of: HashMap<EntryId, (&str, u32)> = HashMap::new();
    for entry in tree.entries() {
        if let Some((name, number, count)) = part(entry) {
            exports.entry((name, count)).or_default().entry(number).or_insert(entry);
            of.insert(entry.id, (name, count));
        }
    }
    exports.retain(|(_, count), present| (present.len() as u64) < u64::from(*count));
    for claim in claims {
        let Some(export) = of.get(&claim.main) else { continue };
        let Some(present) = exports.remove(export) else { continue };
        // The claim's own entry stands for each part, so that nothing counts as attached.
        let parts = present.keys().map(|number| Link { name: label(*number, export.1), entry: claim.main, size: 0 });
        claim.links = Arc::new(claim.links.as_slice().iter().cloned().chain(parts).collect());
    }
}

fn label(number: u32, of: u32) -> String {
    format!("\u{1}part {number} of {of}")
}

/// Says which parts are missing, once an export.
pub(super) fn warn(opened: &Opened<'_>, out: &mut Sink) {
    const MOST_NAMED: usize = 20;
    if opened.claim.links.as_slice().is_empty() || !opened.frames.iter().any(|f| f.index == 0 && f.element) {
        return;
    }
    let Some((_, number, of)) = part(opened.entry) else { return };
    let has = |number: u32| opened.claim.links.get(&label(number, of)).is_some();
    if !has(number) {
        return;
    }
    let missing: Vec<String> = (1..=of).filter(|n| !has(*n)).map(|n| n.to_string()).collect();
    let named = missing.get(..MOST_NAMED.min(missing.len())).unwrap_or_default().join(", ");
    let more = if missing.len() > MOST_NAMED { " and more" } else { "" };
    out.warn(
        opened.at(Locator::bytes(0, 0)),
        "export.incomplete",
        format!("The export has {of} parts; these are not among the files given: {named}{more}."),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_by_their_folders() {
        let entry = |path: &'static str| TreeEntry { id: EntryId(0), path: path.into(), size: 1, crc32: None, part: 0 };
        for (path, expected) in [
            ("iCloud Photos Part 2 of 9/Photos/a.jpg", Some(("iCloud Photos", 2, 9))),
            ("x/Other Data Part 1 of 2.zip!/Mail/a", Some(("x/Other Data", 1, 2))),
            ("iCloud-bilder Del 1 av 6/Photos/a.jpg", Some(("iCloud-bilder", 1, 6))),
            ("Part 1 of 2/a", None),
            ("Other Part 3 of 2/a", None),
            ("Other Part 1 of 99999999999/a", None),
            ("Other Part 1 of 2.csv", None),
        ] {
            let entry = entry(path);
            assert_eq!(part(&entry), expected, "{path}");
        }
    }
}
