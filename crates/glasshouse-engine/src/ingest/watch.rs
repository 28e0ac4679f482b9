//! Stops what reads a case when an authority of it ends meanwhile: by its own date, or because somebody waits to write
//! that down.

use super::Progress;
use crate::EngineError;
use crate::authority;
use crate::session::now;
use glasshouse_layout::paths;
use glasshouse_store::{Case, SELF_AUTHORITY};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// It is looked for so often.
const EVERY: Duration = Duration::from_millis(250);
/// Somebody who waits says so again within this time; what is older was left by a command that was killed.
const FRESH: Duration = Duration::from_secs(60);

const WAITED: &str = "Somebody writes down that an authority of the case has ended, so reading stopped. What was taken in is held, and nothing of what was not finished is shown. Once that is written, `glasshouse process` goes on under what is in force then.";
const EXPIRED: &str = "An authority of the case ended by its own date while the case was read, so reading stopped. What was taken in is held, and nothing of what was not finished is shown. `glasshouse process` goes on under what is in force then.";

/// Does work on a case for as long as all of its authorities that are in force now stay so.
pub(super) fn until_it_ends<T>(
    case: &Case,
    progress: &Progress,
    work: impl FnOnce() -> Result<T, EngineError>,
) -> Result<T, EngineError> {
    if case.file().kind == SELF_AUTHORITY {
        return work();
    }
    let standings = authority::standings(case.root())?;
    let in_force = standings.iter().filter(|s| s.state(now()) == "in force");
    let ends = in_force.filter_map(|s| s.authority.validity.map(|validity| validity.end)).min();
    until(ends, &case.root().join(paths::ENDING), progress, work)
}

/// As [`until_it_ends`], for work on several cases.
pub(super) fn until_any_ends<T>(
    cases: &[&Case],
    progress: &Progress,
    work: &dyn Fn() -> Result<T, EngineError>,
) -> Result<T, EngineError> {
    match cases.split_first() {
        None => work(),
        Some((first, rest)) => until_it_ends(first, progress, || until_any_ends(rest, progress, work)),
    }
}

fn until<T>(
    ends: Option<i64>,
    marker: &Path,
    progress: &Progress,
    work: impl FnOnce() -> Result<T, EngineError>,
) -> Result<T, EngineError> {
    thread::scope(|scope| {
        let (working, over) = channel::<()>();
        let watching = scope.spawn(move || {
            loop {
                let why = match ends {
                    Some(ends) if now() >= ends => Some(EXPIRED),
                    _ => is_fresh(marker).then_some(WAITED),
                };
                if why.is_some() {
                    progress.stop.store(true, Ordering::Relaxed);
                    return why;
                }
                if over.recv_timeout(EVERY) != Err(RecvTimeoutError::Timeout) {
                    return None;
                }
            }
        });
        let done = work();
        drop(working);
        match (done, watching.join().unwrap_or(None)) {
            (Err(EngineError::Stopped), Some(why)) => Err(EngineError::Denied(why.to_owned())),
            (done, _) => done,
        }
    })
}

fn is_fresh(marker: &Path) -> bool {
    let written = std::fs::metadata(marker).and_then(|about| about.modified());
    written.is_ok_and(|at| at.elapsed().is_ok_and(|age| age < FRESH))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    /// Works until it is stopped, ten seconds at most.
    fn at_work(progress: &Progress) -> Result<(), EngineError> {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(10) {
            if progress.stop.load(Ordering::Relaxed) {
                return Err(EngineError::Stopped);
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    #[test]
    fn what_ends_meanwhile_stops_the_work() {
        let folder = tempfile::tempdir().expect("a folder");
        let marker = folder.path().join("ending");
        let run = |ends: Option<i64>| {
            let progress = Progress::default();
            until(ends, &marker, &progress, || at_work(&progress)).expect_err("stopped").to_string()
        };
        assert!(run(Some(now() + 300_000)).contains("by its own date"));
        std::fs::write(&marker, "").expect("written");
        assert!(run(None).contains("writes down"));
        // What was left long ago stops nothing, and neither does a date that is still to come.
        let old = std::time::SystemTime::now() - 2 * FRESH;
        std::fs::File::options().write(true).open(&marker).and_then(|f| f.set_modified(old)).expect("older");
        let done = until(Some(i64::MAX), &marker, &Progress::default(), || {
            thread::sleep(2 * EVERY);
            Ok(7)
        });
        assert_eq!(done.expect("done"), 7);
        // Whoever stops it by hand is told that.
        let stopped = until(None, &marker, &Progress::default(), || Err::<(), _>(EngineError::Stopped));
        assert!(matches!(stopped, Err(EngineError::Stopped)));
    }
}
