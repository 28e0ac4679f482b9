//! Compares the log with its own key, and with what somebody outside the case kept.

use crate::log::Log;
use crate::note::{Checkpoint, Key, Signed};
use crate::report::{Class, Report};
use glasshouse_layout::{CaseFile, paths};

/// Checks that the case's own checkpoint is the case's and signed by its key.
pub fn check_own(checkpoint: &Checkpoint, key: Option<&Key>, file: Option<&CaseFile>, report: &mut Report) {
    if let Some(file) = file
        && checkpoint.origin != file.origin
    {
        let message = format!("it is of the log {}, and case.toml names {}", checkpoint.origin, file.origin);
        report.fault(Class::Unexpected, paths::CHECKPOINT, message);
    }
    let Some(key) = key else { return };
    if file.is_some_and(|file| file.origin != key.name) {
        report.fault(Class::Unexpected, paths::CASE, "its key has another name than its log");
    }
    match checkpoint.signed_by(key) {
        Signed::Yes => (),
        Signed::Forged => {
            report.fault(Class::Altered, paths::CHECKPOINT, "its signature is not one by the key in case.toml");
        }
        Signed::ByOthers => {
            report.fault(Class::Unexpected, paths::CHECKPOINT, "the key in case.toml has not signed it");
        }
    }
}

/// Checks what somebody outside kept, and says whether it anchors the case.
pub fn check_kept(
    kept: Option<&Checkpoint>,
    fingerprint: Option<&str>,
    key: Option<&Key>,
    log: &Log,
    report: &mut Report,
) {
    if let Some(fingerprint) = fingerprint {
        if report.fingerprint == fingerprint {
            report
                .anchors
                .push("the fingerprint that was given (it vouches for the key, not for the newest events)".into());
        } else {
            let message = format!("its key has the fingerprint {}, and another was kept", report.fingerprint);
            report.fault(Class::Unexpected, paths::CASE, message);
        }
    }
    if let Some(kept) = kept {
        match disagreement(kept, key, log) {
            None => {
                let (first, all) = (kept.size, log.size);
                report.anchors.push(format!("the checkpoint that was given (the first {first} of {all} events)"));
            }
            Some((path, message)) => report.fault(Class::Unexpected, path, message),
        }
    }
    report.anchored = !report.anchors.is_empty() && report.proven();
    if report.anchors.is_empty() {
        report.note(Class::Unanchored, paths::CHECKPOINT, "nothing that somebody outside the case kept was given");
    }
}

/// Returns the path at fault and why, if the log is not a continuation of the kept checkpoint's.
fn disagreement(kept: &Checkpoint, key: Option<&Key>, log: &Log) -> Option<(&'static str, String)> {
    match key.map(|key| kept.signed_by(key)) {
        Some(Signed::Yes) => (),
        Some(Signed::Forged) => {
            return Some((
                paths::CHECKPOINT,
                "the kept checkpoint names the case's key, which has not signed it".into(),
            ));
        }
        Some(Signed::ByOthers) => {
            return Some((
                paths::CASE,
                "its key is not the one that signed the kept checkpoint: it was replaced".into(),
            ));
        }
        None => return Some((paths::CASE, "there is no key to check the kept checkpoint with".into())),
    }
    if kept.size > log.size {
        let message =
            format!("the log has {} events and had {} when the kept checkpoint was made", log.size, kept.size);
        return Some((paths::CHECKPOINT, message));
    }
    (log.kept_root != Some(kept.root)).then(|| {
        let message = format!("the first {} events are not those of the kept checkpoint", kept.size);
        (paths::CHECKPOINT, message)
    })
}
