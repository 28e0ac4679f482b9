//! Proves an extract of a log: that its events are in the log of which the checkpoint is the head, and unchanged.

use crate::case::{CannotCheck, Options};
use crate::note::{Checkpoint, Key, Signed};
use crate::report::{Class, Report};
use crate::tree::{Hash, leaf_hash, node_hash};
use glasshouse_layout::{Leaf, Payload, Sealed, commitment, fingerprint_of_key, hex};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Longest extract that is read.
const MAX_EXTRACT: u64 = 1 << 30;
const FORM: &str = "glasshouse-log-extract-1";

#[derive(Deserialize)]
struct Extract {
    form: String,
    origin: String,
    public_key: String,
    checkpoint: String,
    events: Vec<Event>,
}

#[derive(Deserialize)]
struct Event {
    seq: u64,
    leaf: String,
    path: Vec<String>,
    #[serde(default)]
    payload: Option<String>,
    #[serde(default)]
    sealed: BTreeMap<String, Sealed>,
}

/// Verifies an extract of a log.
pub fn verify_extract(file: &Path, options: &Options) -> Result<Report, CannotCheck> {
    let unreadable = |why: String| CannotCheck::Unreadable(file.to_path_buf(), why);
    let mut bytes = Vec::new();
    File::open(file)
        .and_then(|f| f.take(MAX_EXTRACT + 1).read_to_end(&mut bytes))
        .map_err(|e| unreadable(e.to_string()))?;
    if bytes.len() as u64 > MAX_EXTRACT {
        return Err(unreadable("it is longer than any extract".into()));
    }
    let extract: Extract = serde_json::from_slice(&bytes)
        .map_err(|_| unreadable("it is neither a case nor an extract of a log".into()))?;
    if extract.form != FORM {
        return Err(unreadable(format!(
            "it has the form {}, and this verifier knows {FORM}",
            crate::printable(&extract.form)
        )));
    }
    let mut report = Report { fingerprint: fingerprint_of_key(&extract.public_key), ..Report::default() };
    let Some(checkpoint) = head(&extract, &mut report) else { return Ok(report) };
    let mut seen = BTreeSet::new();
    for event in &extract.events {
        if !seen.insert(event.seq) {
            report.fault(Class::Unexpected, name(event.seq), "it is there twice");
        }
        check(event, &checkpoint, &mut report);
    }
    anchors(&extract, &checkpoint, options, &mut report)?;
    Ok(report)
}

fn name(seq: u64) -> String {
    format!("event {seq}")
}

fn head(extract: &Extract, report: &mut Report) -> Option<Checkpoint> {
    let key = match Key::parse(&extract.public_key) {
        Ok(key) => key,
        Err(error) => {
            report.fault(Class::Malformed, "public_key", error.to_string());
            return None;
        }
    };
    let checkpoint = match Checkpoint::parse(extract.checkpoint.as_bytes()) {
        Ok(checkpoint) => checkpoint,
        Err(error) => {
            report.fault(Class::Malformed, "checkpoint", error.to_string());
            return None;
        }
    };
    if checkpoint.origin != extract.origin || key.name != extract.origin {
        report.fault(Class::Unexpected, "checkpoint", "it, the key and the extract do not name the same log");
    }
    if checkpoint.signed_by(&key) != Signed::Yes {
        report.fault(Class::Altered, "checkpoint", "it is not signed by the key in the extract");
    }
    report.tree_size = checkpoint.size;
    report.root = hex(checkpoint.root);
    Some(checkpoint)
}

fn check(event: &Event, checkpoint: &Checkpoint, report: &mut Report) {
    let name = name(event.seq);
    report.counts.events += 1;
    let path: Option<Vec<Hash>> =
        event.path.iter().map(|h| ::hex::decode(h).ok().and_then(|h| Hash::try_from(h).ok())).collect();
    let root = path.and_then(|path| root_from(event.seq, checkpoint.size, leaf_hash(event.leaf.as_bytes()), &path));
    if root != Some(checkpoint.root) {
        return report.fault(Class::Altered, name, "its proof does not lead to the root that the checkpoint signs");
    }
    let Ok(leaf) = serde_json::from_str::<Leaf>(&event.leaf) else {
        return report.fault(Class::Malformed, name, "it is not the JSON of a leaf");
    };
    if leaf.seq != event.seq {
        report.fault(Class::Unexpected, name.as_str(), format!("its leaf says that it is number {}", leaf.seq));
    }
    let Some(payload) = &event.payload else {
        return report.note(Class::NotChecked, name, "its payload is not in the extract: redacted or erased");
    };
    if commitment(payload.as_bytes()) != leaf.payload {
        return report.fault(Class::Altered, name, "its payload is not the one that the leaf commits to");
    }
    let Ok(payload) = Payload::from_file(payload.as_bytes()) else {
        return report.fault(Class::Malformed, name, "its payload is not a line of salt and a line of JSON");
    };
    for (what, sealed) in &event.sealed {
        if payload.sealed.get(what) != Some(&sealed.commitment()) {
            report.fault(Class::Altered, name.as_str(), format!("`{what}` is not what the payload commits to"));
        }
    }
    let redacted = payload.sealed.keys().filter(|k| !event.sealed.contains_key(*k)).count();
    if redacted > 0 {
        report.note(
            Class::NotChecked,
            name,
            format!("{redacted} of its contents are not in the extract: redacted or erased"),
        );
    }
}

/// Returns the root that a leaf and its audit path lead to (RFC 9162, section 2.1.3.2).
fn root_from(index: u64, size: u64, leaf: Hash, path: &[Hash]) -> Option<Hash> {
    if index >= size {
        return None;
    }
    let (mut node, mut last, mut root) = (index, size - 1, leaf);
    for hash in path {
        if last == 0 {
            return None;
        }
        if node & 1 == 1 || node == last {
            root = node_hash(hash, &root);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            root = node_hash(&root, hash);
        }
        node >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(root)
}

fn anchors(
    extract: &Extract,
    checkpoint: &Checkpoint,
    options: &Options,
    report: &mut Report,
) -> Result<(), CannotCheck> {
    if let Some(wanted) = &options.fingerprint {
        let digits: String = wanted.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
        if digits == report.fingerprint {
            report.anchors.push("the fingerprint that was given".into());
        } else {
            report.fault(Class::Unexpected, "public_key", "its fingerprint is not the one that was kept");
        }
    }
    if let Some(kept) = &options.against {
        let kept = Checkpoint::parse(kept).map_err(|e| CannotCheck::Against(e.to_string()))?;
        let key = Key::parse(&extract.public_key).ok();
        let ours = key.is_some_and(|key| kept.signed_by(&key) == Signed::Yes);
        if !ours {
            report.fault(
                Class::Unexpected,
                "checkpoint",
                "the kept checkpoint is not signed by the key in the extract",
            );
        } else if kept.size == checkpoint.size && kept.root == checkpoint.root {
            report.anchors.push("the checkpoint that was given".into());
        } else {
            let why =
                "the kept checkpoint is of another size of the log; ask for an extract against it, or for the case";
            report.note(Class::NotChecked, "checkpoint", why);
        }
    }
    report.anchored = !report.anchors.is_empty() && report.proven();
    if report.anchors.is_empty() {
        report.note(Class::Unanchored, "checkpoint", "nothing that somebody outside kept was given");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Tree;

    /// The audit path of a leaf, by the recursive definition.
    fn path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
        let root = |leaves: &[Hash]| {
            let mut tree = Tree::default();
            leaves.iter().for_each(|l| tree.push(*l));
            tree.root()
        };
        if leaves.len() < 2 {
            return Vec::new();
        }
        let split = leaves.len().next_power_of_two() / 2;
        if index < split {
            let mut below = path(index, &leaves[..split]);
            below.push(root(&leaves[split..]));
            below
        } else {
            let mut below = path(index - split, &leaves[split..]);
            below.push(root(&leaves[..split]));
            below
        }
    }

    #[test]
    fn a_path_leads_to_the_root_and_any_other_does_not() {
        for size in 1..20usize {
            let leaves: Vec<Hash> = (0..size).map(|n| leaf_hash(&[n as u8])).collect();
            let mut tree = Tree::default();
            leaves.iter().for_each(|l| tree.push(*l));
            for index in 0..size {
                let good = path(index, &leaves);
                let from = |i: usize, path: &[Hash]| root_from(i as u64, size as u64, leaves[index], path);
                assert_eq!(from(index, &good), Some(tree.root()), "{index} of {size}");
                assert_ne!(from((index + 1) % size.max(2), &good), Some(tree.root()));
                let mut longer = good.clone();
                longer.push([0; 32]);
                assert_ne!(from(index, &longer), Some(tree.root()));
                if let Some(first) = good.first() {
                    let mut other = good.clone();
                    other[0] = leaf_hash(first);
                    assert_ne!(from(index, &other), Some(tree.root()));
                    assert_ne!(from(index, &good[1..]), Some(tree.root()));
                }
            }
        }
    }
}
