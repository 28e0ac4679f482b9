//! The first look through an entry, for what only the whole can tell.

use super::claims::Standing;
use super::positioned;
use super::reading::Reading;
use super::work::{Work, frame};
use crate::EngineError;
use glasshouse_providers::Survey;
use glasshouse_providers::framing::{Framer, framer};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Bytes that are read at a time, and how often that may be done ahead of the look.
const STEP: usize = 256 << 10;
const AHEAD: usize = 4;

/// Looks through a claim's entry first, if its provider asks for that; what is wrong with it is told later.
pub(super) fn of(
    work: &Work<'_>,
    standing: &Standing,
    positioned: Option<&positioned::Bytes>,
) -> Result<Vec<u8>, EngineError> {
    let Some(mut survey) = standing.provider.survey(&standing.claim) else { return Ok(Vec::new()) };
    if let Some(bytes) = positioned {
        let looked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            survey.positioned(bytes);
            survey.finish()
        }));
        return Ok(looked.unwrap_or_default());
    }
    let whole = std::thread::scope(|scope| {
        // Nothing of the entry can be parsed before, so inflating it goes on beside the looking.
        let (give, read) = sync_channel(AHEAD);
        let reader = scope.spawn(move || read_through(work, standing, &give));
        let whole = look(survey.as_mut(), framer(standing.claim.framing).as_mut(), read, &work.progress.stop);
        // The channel is closed by now: who still reads ends.
        let read = reader.join().map_err(|_| EngineError::other("Reading an entry failed."))?;
        read.map(|()| whole)
    })?;
    // A survey that fails knows nothing; the parser says what it could not decide.
    if !whole {
        return Ok(Vec::new());
    }
    Ok(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| survey.finish())).unwrap_or_default())
}

/// Hands on the bytes of a claim's entry, until its end or until no one takes them.
fn read_through(work: &Work<'_>, standing: &Standing, give: &SyncSender<Vec<u8>>) -> Result<(), EngineError> {
    let mut reading = Reading::looking(work, standing.claim.main);
    loop {
        let mut bytes = vec![0; STEP];
        let n = reading.read(&mut bytes)?;
        bytes.truncate(n);
        if n == 0 || give.send(bytes).is_err() {
            return Ok(());
        }
    }
}

/// Shows a survey all frames, and says whether it could look at all of them.
fn look(survey: &mut dyn Survey, framer: &mut dyn Framer, read: Receiver<Vec<u8>>, stop: &AtomicBool) -> bool {
    let (mut window, mut base, mut spans) = (Vec::<u8>::new(), 0u64, Vec::new());
    loop {
        let bytes = read.recv().ok();
        window.extend_from_slice(bytes.as_deref().unwrap_or_default());
        framer.scan(&window, base, bytes.is_none(), &mut spans);
        let looked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for span in spans.drain(..) {
                survey.frame(&frame(&span, &window, base));
            }
        }));
        if looked.is_err() {
            return false;
        }
        if bytes.is_none() || stop.load(Ordering::Relaxed) {
            return true;
        }
        let done = framer.needed_from().saturating_sub(base).min(window.len() as u64) as usize;
        if done > window.len() / 2 {
            window.drain(..done);
            base += done as u64;
        }
    }
}
