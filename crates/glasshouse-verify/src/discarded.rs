//! Tells what was discarded from what is missing: the certificates, and whether the log agrees with them.

use crate::events::State;
use crate::files::Root;
use crate::log::unusable;
use crate::report::{Class, Report};
use glasshouse_layout::{CaseFile, Certificate, DISCARD_FORM, paths};
use std::collections::{BTreeMap, BTreeSet};

/// Longest certificate that is read.
const MAX_CERTIFICATE: u64 = 16 << 20;

/// Reads the certificates whose bytes are as the log says, and compares them with what the log took away.
pub fn check(root: &Root, state: &State, good: &BTreeSet<&str>, case: Option<&CaseFile>, report: &mut Report) {
    let mut certified: BTreeMap<String, String> = BTreeMap::new();
    for path in state.files.keys() {
        let Some(number) = number_of(path) else { continue };
        if !good.contains(path.as_str()) {
            continue;
        }
        let Some(certificate) = read(root, path, report) else { continue };
        report.counts.certificates += 1;
        let ours = case.is_none_or(|case| case.id == certificate.case);
        if certificate.form != DISCARD_FORM || certificate.number != number || !ours {
            report.fault(Class::Malformed, path, "it is not the certificate of this number in this case");
            continue;
        }
        let event = state.files.get(path).map_or(0, |file| file.event);
        for file in certificate.parts.iter().flat_map(|part| &part.before) {
            let gone = state.gone.get(&file.path).filter(|(sha256, by)| *sha256 == file.sha256 && *by < event);
            if gone.is_some() {
                certified.insert(file.path.clone(), path.clone());
            } else if state.complete {
                let message = format!("it says that {} was discarded, and the log does not", file.path);
                report.fault(Class::Unexpected, path, message);
            }
        }
        for file in certificate.parts.iter().flat_map(|part| &part.after) {
            let known = state.files.get(&file.path).map(|known| &known.sha256);
            let known = known.or(state.gone.get(&file.path).map(|(sha256, _)| sha256));
            if known != Some(&file.sha256) && state.complete {
                let message = format!("it says that {} was left, and the log does not", file.path);
                report.fault(Class::Unexpected, path, message);
            }
        }
    }
    let gone = state.gone.iter().filter(|(path, _)| path.starts_with("evidence/") && !state.files.contains_key(*path));
    for (path, (_, event)) in gone {
        if let Some(certificate) = certified.get(path) {
            report.counts.discarded += 1;
            report.note(Class::Discarded, path, format!("event {event} took it away, and {certificate} says why"));
        } else {
            let message = format!("event {event} took it away, and no certificate says that it was destroyed");
            report.note(Class::Erased, path, message);
        }
    }
}

/// Returns the number in the name of a certificate.
fn number_of(path: &str) -> Option<u32> {
    let number = path.strip_prefix("evidence/discard-")?.strip_suffix(".json")?.parse().ok()?;
    (paths::discard(number) == path).then_some(number)
}

fn read(root: &Root, path: &str, report: &mut Report) -> Option<Certificate> {
    match root.read(path, MAX_CERTIFICATE) {
        Ok(bytes) => match serde_json::from_slice(&bytes) {
            Ok(certificate) => return Some(certificate),
            Err(error) => report.fault(Class::Malformed, path, format!("it is not a certificate: {error}")),
        },
        Err(error) => report.push(unusable(path, &error)),
    }
    None
}
