//! Which of the people holds the account.

use super::View;
use super::people::People;
use crate::EngineError;
use std::collections::BTreeSet;

/// Accounts that are looked up; a case has a handful.
const MOST_ACCOUNTS: usize = 100;
/// Mails and messages from which on it says something who is in most of them.
const ENOUGH: u32 = 20;

/// The people who are the holder, with the reason why they are taken to be.
#[derive(Default)]
pub(super) struct Owner {
    persons: BTreeSet<u32>,
    why: String,
}

impl Owner {
    /// Finds the holder by the accounts that records name, or else by who is in more than half of the mails and
    /// messages.
    pub fn load(view: &View, people: &People) -> Result<Self, EngineError> {
        let account = view.coded("account")?;
        let mut persons = BTreeSet::new();
        for name in account.values.iter().flatten().take(MOST_ACCOUNTS) {
            persons.extend(people.with_identifier(name));
        }
        if !persons.is_empty() {
            return Ok(Owner { persons, why: "The holder: records name this account as their own.".into() });
        }
        let talks = view.in_families(&["mail", "message"])?;
        let (all, tallied) = (talks.len(), view.tally(&talks, people)?);
        let counts = tallied.of.iter().map(|tally| tally.records);
        let most = (0..).zip(counts).max_by_key(|(_, n)| *n).filter(|(_, n)| all >= ENOUGH && n * 2 > all);
        let why = most.map_or_else(String::new, |(_, n)| {
            format!("Taken to be the holder, for no record names the account: in {n} of {all} mails and messages.")
        });
        Ok(Owner { persons: most.into_iter().map(|(person, _)| person).collect(), why })
    }

    pub fn is(&self, person: u32) -> bool {
        self.persons.contains(&person)
    }

    /// Returns why somebody is taken to be the holder, if they are.
    pub fn why(&self, person: u32) -> Option<&str> {
        self.is(person).then_some(self.why.as_str())
    }
}
