//! Whether what a case says it took from others is there, and said by the logs of these.

use crate::events::{State, is_hash};
use crate::files::Root;
use crate::log::unusable;
use crate::note::{Checkpoint, Key, Signed};
use crate::report::{Class, Report};
use glasshouse_layout::{ORIGIN_FORM, Origin, paths};
use std::collections::BTreeSet;

/// Longest list of what was taken from a case.
const MAX_ORIGIN: u64 = 16 << 20;

/// Checks what was taken from each case. `good` are the files whose hash is right.
pub fn check(root: &Root, state: &State, good: &BTreeSet<&str>, report: &mut Report) {
    let mut taken = BTreeSet::new();
    for path in good.iter().filter(|path| path.starts_with("evidence/origin-")) {
        let origin: Origin = match root.read(path, MAX_ORIGIN) {
            Err(error) => {
                report.push(unusable(*path, &error));
                continue;
            }
            Ok(bytes) => match serde_json::from_slice(&bytes) {
                Ok(origin) => origin,
                Err(error) => {
                    report.fault(Class::Malformed, *path, format!("it does not say what was taken: {error}"));
                    continue;
                }
            },
        };
        let hashes = origin.parts.iter().all(|part| is_hash(&part.sha256));
        if origin.form != ORIGIN_FORM || paths::origin(&origin.case) != **path || !hashes {
            report.fault(Class::Malformed, *path, "it is not what was taken from the case of its name");
            continue;
        }
        let key = Key::parse(&origin.public_key);
        let head = Checkpoint::parse(origin.checkpoint.as_bytes());
        let signed = match (&key, &head) {
            (Ok(key), Ok(head)) => head.origin == key.name && head.signed_by(key) == Signed::Yes,
            _ => false,
        };
        if !signed {
            report.fault(Class::Unexpected, *path, "the log of that case has not signed the checkpoint in it");
        }
        for part in &origin.parts {
            let (source, number) = (part.as_source.as_str(), part.as_part);
            let name = paths::part_sealed(source, number);
            if !taken.insert(name.clone()) {
                report.fault(Class::Malformed, *path, format!("{name} is said to come from two places"));
            }
            // What a discard took away was there.
            if state.complete && !state.files.contains_key(&name) && !state.gone.contains_key(&name) {
                let message = format!("it was taken from case {}, and no event says that it is there", origin.case);
                report.fault(Class::Missing, name, message);
            }
        }
    }
}
