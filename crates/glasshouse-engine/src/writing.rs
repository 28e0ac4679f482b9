//! The log as a session writes it: one commit for all that wait, and what was seen before what is asked next.

use crate::EngineError;
use crate::session::PATIENCE;
use glasshouse_layout::{hex, sha256};
use glasshouse_store::{Actor, Case, Event, Paused};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Ids that an event of what was seen names; more are in it by their digest alone.
const MOST_IDS: usize = 1000;

/// What waits to be written, and the case that it is written to.
#[derive(Default)]
pub(crate) struct Writing {
    queue: Mutex<Queue>,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Queue {
    /// Ids that were shown and are in no event yet.
    seen: Vec<String>,
    /// The event that asked for them.
    of: Option<u64>,
    waiting: Vec<Waiting>,
    /// What became of events that somebody else's commit wrote.
    done: BTreeMap<u64, Result<(), String>>,
    next: u64,
}

struct Waiting {
    number: u64,
    event: Event,
}

/// The case between two commits.
#[derive(Default)]
enum Held {
    #[default]
    Not,
    /// Nobody else writes it.
    Open(Box<Case>),
    /// Others may write it meanwhile.
    Paused(Box<Paused>),
}

impl Writing {
    /// Takes note of ids that were shown.
    pub(crate) fn seen(&self, ids: impl Iterator<Item = String>) {
        self.queue().seen.extend(ids);
    }

    /// Says whether nothing was shown that is in no event.
    pub(crate) fn nothing_seen(&self) -> bool {
        self.queue().seen.is_empty()
    }

    /// Keeps the case open from now on.
    pub(crate) fn hold(&self, root: &Path, actor: &Actor) -> Result<(), EngineError> {
        let case = Case::open_within(root, actor.clone(), PATIENCE)?;
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Held::Open(Box::new(case));
        Ok(())
    }

    /// Writes an event after those that wait and what was seen; all of them in one commit.
    pub(crate) fn write(
        &self,
        root: &Path,
        actor: &Actor,
        asked: Option<Event>,
        seen: impl FnOnce(Value) -> Event,
    ) -> Result<(), EngineError> {
        let mine = asked.map(|event| {
            let mut queue = self.queue();
            queue.next += 1;
            let number = queue.next;
            queue.waiting.push(Waiting { number, event });
            number
        });
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let (waiting, ids, of) = {
            let mut queue = self.queue();
            // Whoever wrote while this one waited has written it, too.
            if let Some(done) = mine.and_then(|number| queue.done.remove(&number)) {
                return done.map_err(EngineError::other);
            }
            (std::mem::take(&mut queue.waiting), std::mem::take(&mut queue.seen), queue.of)
        };
        let before = (!ids.is_empty()).then(|| seen(shown(&ids, of)));
        let asked = waiting.len() as u64;
        let numbers: Vec<u64> = waiting.iter().map(|w| w.number).collect();
        let events: Vec<Event> = before.into_iter().chain(waiting.into_iter().map(|w| w.event)).collect();
        if events.is_empty() {
            return Ok(());
        }
        let written = commit(&mut held, root, actor, &events);
        let mut queue = self.queue();
        let told = match &written {
            Ok(first) => {
                queue.of = if asked > 0 { Some(first + events.len() as u64 - 1) } else { queue.of };
                Ok(())
            }
            Err(error) => {
                queue.seen.splice(0..0, ids);
                Err(error.to_string())
            }
        };
        queue.done.extend(numbers.into_iter().filter(|n| Some(*n) != mine).map(|n| (n, told.clone())));
        written.map(|_| ())
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Appends events, and leaves the case as it was found: open if it is held, else to others.
fn commit(held: &mut Held, root: &Path, actor: &Actor, events: &[Event]) -> Result<u64, EngineError> {
    let (case, keep) = match std::mem::take(held) {
        Held::Open(case) => (*case, true),
        Held::Paused(paused) => (paused.resume(PATIENCE)?, false),
        Held::Not => (Case::open_to_log(root, actor.clone(), PATIENCE)?, false),
    };
    let written = case.append(events);
    *held = if keep { Held::Open(Box::new(case)) } else { Held::Paused(Box::new(case.pause()?)) };
    Ok(written?)
}

/// Returns what an event says of records that were shown.
fn shown(ids: &[String], of: Option<u64>) -> Value {
    let digest = hex(sha256(ids.join("\n").as_bytes()));
    let named = if ids.len() > MOST_IDS { &[][..] } else { ids };
    json!({ "of": of, "count": ids.len(), "digest": digest, "objects": named })
}
