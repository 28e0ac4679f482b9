//! The first look through an entry, for what only the whole can tell.

use super::claims::Standing;
use super::positioned;
use super::reading::Reading;
use super::work::{Work, frame};
use crate::EngineError;
use glasshouse_providers::framing::framer;
use std::sync::atomic::Ordering;

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
    let mut reading = Reading::looking(work, standing.claim.main);
    let mut framer = framer(standing.claim.framing);
    let (mut window, mut base, mut spans) = (Vec::<u8>::new(), 0u64, Vec::new());
    loop {
        let have = window.len();
        window.resize(have + (256 << 10), 0);
        let n = reading.read(&mut window[have..])?;
        window.truncate(have + n);
        framer.scan(&window, base, n == 0, &mut spans);
        let looked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for span in spans.drain(..) {
                survey.frame(&frame(&span, &window, base));
            }
        }));
        // A survey that fails knows nothing; the parser says what it could not decide.
        if looked.is_err() {
            return Ok(Vec::new());
        }
        if n == 0 || work.progress.stop.load(Ordering::Relaxed) {
            break;
        }
        let done = framer.needed_from().saturating_sub(base).min(window.len() as u64) as usize;
        if done > window.len() / 2 {
            window.drain(..done);
            base += done as u64;
        }
    }
    Ok(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| survey.finish())).unwrap_or_default())
}
