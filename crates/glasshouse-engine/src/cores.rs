//! Work that is divided among all cores.

use crate::EngineError;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Returns the number of cores.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Does some work for each number below `all`, on as many threads as there are cores; what it gives comes in order. An
/// error where a part of it failed: nothing is left out silently.
pub(crate) fn in_parts<T: Send>(
    all: usize,
    work: impl Fn(usize) -> Result<T, EngineError> + Sync,
) -> Result<Vec<T>, EngineError> {
    on_threads(cores(), all, work)
}

/// As [`in_parts`], on a number of threads: for work that waits more than it computes.
pub(crate) fn on_threads<T: Send>(
    threads: usize,
    all: usize,
    work: impl Fn(usize) -> Result<T, EngineError> + Sync,
) -> Result<Vec<T>, EngineError> {
    if all <= 1 || threads <= 1 {
        return (0..all).map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let take = || {
        let numbers = std::iter::from_fn(|| Some(next.fetch_add(1, Ordering::Relaxed)).filter(|n| *n < all));
        numbers.map(|number| (number, work(number))).collect::<Vec<_>>()
    };
    let mut done: Vec<Option<Result<T, EngineError>>> = (0..all).map(|_| None).collect();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads.min(all)).map(|_| scope.spawn(take)).collect();
        for (number, result) in threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()) {
            if let Some(slot) = done.get_mut(number) {
                *slot = Some(result);
            }
        }
    });
    let failed = || Err(EngineError::other("A thread failed; this is a fault of the program."));
    done.into_iter().map(|result| result.unwrap_or_else(failed)).collect()
}

#[cfg(test)]
mod tests {
    use super::in_parts;
    use crate::EngineError;

    #[test]
    fn what_fails_is_never_left_out() {
        let work = |bad: usize| {
            move |number: usize| match number == bad {
                true => Err(EngineError::other("bad")),
                false => Ok(number * 2),
            }
        };
        assert_eq!(in_parts(100, work(100)).ok(), Some((0..100).map(|n| n * 2).collect()));
        assert_eq!(in_parts(0, work(0)).ok(), Some(Vec::new()));
        for bad in [0, 57, 99] {
            assert!(in_parts(100, work(bad)).is_err());
        }
    }
}
