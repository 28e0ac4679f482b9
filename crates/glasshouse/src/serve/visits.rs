//! Who is in: one visit for each browser, of one person at one case, until they leave or stay away.

use super::exports::Exports;
use glasshouse_engine::EngineError;
use glasshouse_engine::session::Session;
use ring::rand::SecureRandom;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A person who does nothing for so long has to sign in again.
const IDLE: Duration = Duration::from_secs(30 * 60);
/// And so does everybody once a day's work is done.
const LONGEST: Duration = Duration::from_secs(12 * 60 * 60);
/// Visits at once; the one idle for longest makes room.
const MOST_VISITS: usize = 1000;
/// A view that asks the same words again within this time is still the same look: scrolling, going back.
const SAME_LOOK: Duration = Duration::from_secs(5 * 60);
/// Whether the authority still stands is asked so often.
const CHECKED: Duration = Duration::from_secs(2);
/// Looks that are remembered so.
const MOST_LOOKS: usize = 64;

/// One browser's time in the case.
pub struct Visit {
    pub session: Session,
    /// What a page has to show with each change, which a page elsewhere cannot know.
    pub csrf: String,
    /// The holder's own: it lasts as long as the server.
    lasting: bool,
    begun: Instant,
    last: Mutex<Instant>,
    checked: Mutex<Instant>,
    looks: Mutex<HashMap<String, Instant>>,
    /// What was given away in it.
    pub exports: Exports,
}

impl Visit {
    /// Says whether a look is one that the log has already.
    pub fn looks_on(&self, words: &str) -> bool {
        let looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        looks.get(words).is_some_and(|at| at.elapsed() < SAME_LOOK)
    }

    /// Remembers a look that the log has.
    pub fn looked(&self, words: String) {
        let mut looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        looks.retain(|_, at| at.elapsed() < SAME_LOOK);
        if looks.len() < MOST_LOOKS {
            looks.insert(words, Instant::now());
        }
    }

    /// Forgets what was looked at: from now on it is for another line of enquiry.
    pub fn anew(&self) {
        self.looks.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Says whether it is time to ask again whether the authority stands.
    pub fn to_be_checked(&self) -> bool {
        self.checked.lock().unwrap_or_else(PoisonError::into_inner).elapsed() > CHECKED
    }

    /// Notes that it does.
    pub fn checked(&self) {
        *self.checked.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn over(&self) -> bool {
        let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        !self.lasting && (self.begun.elapsed() > LONGEST || last.elapsed() > IDLE)
    }
}

/// All visits, by the hash of what their browser shows: a look-up then tells nothing by its time.
#[derive(Default)]
pub struct Visits(Mutex<HashMap<String, Arc<Visit>>>);

impl Visits {
    /// Begins a visit and returns what its browser has to show.
    pub fn begin(&self, session: Session) -> Result<(String, Arc<Visit>), EngineError> {
        let token = random()?;
        let now = Instant::now();
        let visit = Arc::new(Visit {
            lasting: session.is_own(),
            session,
            csrf: random()?,
            begun: now,
            last: Mutex::new(now),
            checked: Mutex::new(now),
            looks: Mutex::default(),
            exports: Exports::default(),
        });
        let mut visits = self.all();
        visits.retain(|_, visit| !visit.over());
        if visits.len() >= MOST_VISITS {
            let last = |visit: &Visit| *visit.last.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(oldest) = visits.iter().min_by_key(|(_, visit)| last(visit)).map(|(key, _)| key.clone()) {
                visits.remove(&oldest);
            }
        }
        visits.insert(key(&token), visit.clone());
        Ok((token, visit))
    }

    /// Returns the visit of whoever shows this, and notes that they are there.
    pub fn find(&self, token: &str) -> Option<Arc<Visit>> {
        let mut visits = self.all();
        let key = key(token);
        let visit = visits.get(&key)?.clone();
        if visit.over() {
            visits.remove(&key);
            return None;
        }
        *visit.last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        Some(visit)
    }

    /// Ends a visit; what it saw is written down before the last that uses it lets go.
    pub fn end(&self, visit: &Arc<Visit>) {
        self.all().retain(|_, other| !Arc::ptr_eq(other, visit));
    }

    /// Writes down what was seen and waits, and ends visits that are over.
    pub fn tend(&self) {
        let visits: Vec<Arc<Visit>> = {
            let mut all = self.all();
            all.retain(|_, visit| !visit.over());
            all.values().cloned().collect()
        };
        for visit in visits {
            // What cannot be written now is tried again, and with the next look at the latest, which fails then.
            let _ = visit.session.flush();
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Arc<Visit>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns what is kept of what a browser shows.
pub fn key(token: &str) -> String {
    glasshouse_layout::hex(glasshouse_layout::sha256(token.as_bytes()))
}

/// Returns a secret that nobody guesses.
pub fn random() -> Result<String, EngineError> {
    let mut bytes = [0; 24];
    let random = ring::rand::SystemRandom::new();
    random.fill(&mut bytes).map_err(|_| EngineError::other("The operating system gave no random numbers."))?;
    Ok(glasshouse_layout::hex(bytes))
}
