//! Which of the people holds the account.

use super::View;
use crate::EngineError;
use std::collections::BTreeSet;

/// The people who are the holder, by the accounts that records belong to.
pub(super) struct Owner(BTreeSet<u32>);

impl Owner {
    pub fn load(view: &View) -> Result<Self, EngineError> {
        /// Accounts that are looked up; a case has a handful.
        const MOST_ACCOUNTS: usize = 100;
        let (people, account) = (view.people()?, view.coded("account")?);
        let mut own = BTreeSet::new();
        for name in account.values.iter().flatten().take(MOST_ACCOUNTS) {
            own.extend(people.with_identifier(name));
        }
        Ok(Owner(own))
    }

    pub fn is(&self, person: u32) -> bool {
        self.0.contains(&person)
    }
}
