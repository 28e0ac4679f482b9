//! What the signals that end a program do, by what it is doing: Ctrl-C, a hang-up, and the request to end.

use glasshouse_engine::ingest::Progress;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, Once, PoisonError};

/// What the process does that should not be cut off.
enum Doing {
    Nothing,
    /// Work that stops in a state from which the same command goes on.
    Work(Arc<Progress>),
    /// Serving, with what is to be written down before its end.
    Serving(Box<dyn Fn() + Send>),
}

static DOING: Mutex<Doing> = Mutex::new(Doing::Nothing);
static SET: Once = Once::new();

/// What a shell says of a program that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

fn is(doing: Doing) {
    *DOING.lock().unwrap_or_else(PoisonError::into_inner) = doing;
    // Without a handler a signal ends the process at once, and that is safe, too.
    SET.call_once(|| drop(ctrlc::set_handler(signalled)));
}

/// Has a signal stop this work; a second one ends the process.
pub fn working(progress: &Arc<Progress>) {
    is(Doing::Work(progress.clone()));
}

/// Has a signal end the process, as it does where nothing is done that should not be cut off.
pub fn idle() {
    is(Doing::Nothing);
}

/// Has a signal end the process once `last` was done.
pub fn serving(last: impl Fn() + Send + 'static) {
    is(Doing::Serving(Box::new(last)));
}

fn signalled() {
    let doing = DOING.lock().unwrap_or_else(PoisonError::into_inner);
    match &*doing {
        Doing::Work(progress) if !progress.stop.swap(true, Ordering::Relaxed) => {}
        Doing::Serving(last) => {
            last();
            std::process::exit(0);
        }
        _ => std::process::exit(INTERRUPTED),
    }
}
