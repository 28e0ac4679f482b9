//! People who were recognised and have still to say under which of several authorities they act.

use super::House;
use super::answer::Problem;
use super::visits::{key, random};
use crate::intake;
use glasshouse_engine::people::Person;
use glasshouse_engine::session::{Asking, Session, Who, now};
use serde::Serialize;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Whoever does not choose within this time has to sign in again.
const PATIENCE: Duration = Duration::from_secs(5 * 60);
/// People who choose at the same time; the oldest makes room.
const MOST: usize = 100;

/// An authority to choose.
#[derive(Clone, Debug, Serialize)]
pub struct Choice {
    pub id: String,
    /// What it authorises, in its own words.
    pub statement: String,
}

/// Somebody who was recognised.
pub struct Waiting {
    pub person: Person,
    /// What they were recognised by.
    pub by: String,
    pub choices: Vec<Choice>,
    since: Instant,
}

/// All of them, by the hash of what their browser shows.
#[derive(Default)]
pub struct Choosing(Mutex<HashMap<String, Waiting>>);

impl Choosing {
    /// Keeps somebody until they have chosen, and returns what their browser has to show.
    pub fn begin(&self, person: Person, by: &str, choices: Vec<Choice>) -> Result<String, Problem> {
        let token = random()?;
        let mut all = self.all();
        if all.len() >= MOST
            && let Some(oldest) = all.iter().min_by_key(|(_, waiting)| waiting.since).map(|(key, _)| key.clone())
        {
            all.remove(&oldest);
        }
        all.insert(key(&token), Waiting { person, by: by.to_owned(), choices, since: Instant::now() });
        Ok(token)
    }

    /// Returns what whoever shows this may choose from.
    pub fn choices(&self, token: &str) -> Vec<Choice> {
        self.all().get(&key(token)).map_or_else(Vec::new, |waiting| waiting.choices.clone())
    }

    /// Returns who shows this, if the authority is one of their choices; they are kept no longer.
    pub fn chosen(&self, token: &str, authority: &str) -> Option<Waiting> {
        let mut all = self.all();
        let known = all.get(&key(token))?.choices.iter().any(|choice| choice.id == authority);
        if known { all.remove(&key(token)) } else { None }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Waiting>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, waiting| waiting.since.elapsed() < PATIENCE);
        all
    }
}

/// Under which authorities of a case a person may look into it.
#[derive(Default)]
pub struct Choices {
    pub open: Vec<Choice>,
    /// Those under which they may not, by id, each with the reason.
    pub shut: Vec<(String, String)>,
}

/// Returns under which authorities a person may look into the case: of those in force, and only where that is none, of
/// those that are not, which the policies leave open to some.
pub fn choices(house: &House, person: &Person) -> Result<Choices, Problem> {
    let mut choices = Choices::default();
    let Some(home) = &house.home else { return Ok(choices) };
    let mut restricted = Vec::new();
    for standing in glasshouse_engine::authority::standings(&house.case)? {
        let in_force = standing.state(now()) == "in force";
        let (id, statement) = (standing.authority.id, standing.authority.statement);
        let who = Who { actor: intake::actor(), person: Some(person.clone()) };
        let asking = Asking { authority: Some(id.clone()), enquiry: None };
        match Session::begin(&house.case, who, home, &asking)?.why_not("case.serve") {
            Some(why) => choices.shut.push((id, why)),
            None if in_force => choices.open.push(Choice { id, statement }),
            None => restricted.push(Choice { id, statement }),
        }
    }
    if choices.open.is_empty() {
        choices.open = restricted;
    }
    Ok(choices)
}
