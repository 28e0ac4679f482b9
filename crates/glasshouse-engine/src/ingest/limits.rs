//! The authorities' limits inside an intake: what is read at all, and what becomes of each record.
//!
//! Decisions come before anything is stored. Where exclusions are set, everything that may be read is looked
//! through once before, so that a conversation is known to be put aside before its first message is kept.

use crate::EngineError;
use crate::authority::{self, Authority};
use crate::scope::{Aside, Found, Outcome, Reason, Scope};
use glasshouse_model::{Family, Record};
use glasshouse_store::{Case, SELF_AUTHORITY};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError, RwLock};

/// The form in which decisions are kept; another one means that everything is decided anew.
const DECISIONS: u32 = 2;

/// The limits of every authority of a case that is in force.
pub struct Limits {
    /// Name of the authority's version, and what it lets through; none in a personal case.
    scopes: Vec<(String, Scope)>,
    /// Accounts that sources belong to, by source.
    accounts: BTreeMap<String, String>,
    aside: RwLock<Vec<Aside>>,
    counted: Mutex<Outside>,
}

/// An outcome of records: outcome, service, family and reason.
pub type Kind = (String, String, String, String);

/// Records by what became of them, each once.
pub type Counts = BTreeMap<Kind, u64>;

/// The records of one chunk, or one claim, with one outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub records: u64,
    /// Of those that other entries of the claim's group may hold too: what tells copies, keyed.
    pub keys: Vec<CopyKey>,
}

/// What is equal for copies of one record, and tells nothing to who lacks the case's secret.
pub type CopyKey = [u8; 16];

/// Records that stay out, by what became of them.
pub type Out = BTreeMap<Kind, Tally>;

/// Records that stay out, by claim.
pub type Outside = Vec<(u32, Out)>;

/// What becomes of a record.
pub enum Ruling<'a> {
    /// It comes in under this authority.
    Shown(&'a str),
    /// It stays out, as this outcome for this reason.
    Out(&'static str, String),
}

impl Limits {
    /// Reads the authorities of a case that are in force at `now`, in microseconds since 1970.
    pub fn of(case: &Case, accounts: BTreeMap<String, String>, now: i64) -> Result<Self, EngineError> {
        let mut scopes = Vec::new();
        if case.file().kind != SELF_AUTHORITY {
            for standing in authority::standings(case.root())? {
                if standing.state(now) == "in force" {
                    scopes.push((name(&standing.authority), Scope::of(&standing.authority)));
                }
            }
            scopes.sort_by(|a, b| a.0.cmp(&b.0));
            if scopes.is_empty() {
                return Err(EngineError::other(
                    "No authority of this case is in force, so nothing is read. Add or amend one with `glasshouse authority`.",
                ));
            }
        }
        let aside = scopes.iter().map(|_| Aside::default()).collect();
        Ok(Limits { scopes, accounts, aside: RwLock::new(aside), counted: Mutex::default() })
    }

    /// Says whether everything comes in.
    pub fn are_none(&self) -> bool {
        self.scopes.iter().all(|(_, s)| s.is_everything())
    }

    /// Says whether conversations may be put aside.
    pub fn exclude(&self) -> bool {
        self.scopes.iter().any(|(_, s)| s.has_exclusions())
    }

    /// Returns what distinguishes these limits from others: the same text means the same decisions.
    pub fn identity(&self) -> String {
        if self.are_none() {
            return String::new();
        }
        let names: Vec<&str> = self.scopes.iter().map(|(name, _)| name.as_str()).collect();
        format!("{DECISIONS} {} {:?}", names.join(" "), self.accounts)
    }

    /// Says whether an entry of a format could hold anything that comes in.
    pub fn may_hold(&self, service: &str, families: &[Family], source: &str) -> Result<(), Reason> {
        let account = self.accounts.get(source).map(String::as_str);
        let mut refused = Ok(());
        for (_, scope) in &self.scopes {
            match scope.may_hold(service, families, account) {
                Ok(()) => return Ok(()),
                Err(reason) => refused = refused.and(Err(reason)),
            }
        }
        refused
    }

    /// Takes note of a record before any is decided.
    pub fn note(&self, service: &str, source: &str, record: &Record) {
        let found = Found { service, account: self.accounts.get(source).map(String::as_str) };
        for (at, (_, scope)) in self.scopes.iter().enumerate() {
            let verdict = scope.judge(found, record);
            if verdict.excluded.is_some() {
                let mut aside = self.aside.write().unwrap_or_else(PoisonError::into_inner);
                if let Some(aside) = aside.get_mut(at) {
                    aside.note(found, record, verdict);
                }
            }
        }
    }

    /// Decides on a record. What one authority puts aside is not shown under another.
    pub fn rule(&self, service: &str, source: &str, record: &Record) -> Ruling<'_> {
        if self.scopes.is_empty() {
            return Ruling::Shown(SELF_AUTHORITY);
        }
        let found = Found { service, account: self.accounts.get(source).map(String::as_str) };
        let aside = self.aside.read().unwrap_or_else(PoisonError::into_inner);
        let mut shown = None;
        let mut held: Option<Ruling<'_>> = None;
        for (at, (name, scope)) in self.scopes.iter().enumerate() {
            let verdict = scope.judge(found, record);
            let outcome = scope.outcome(verdict, aside.get(at).and_then(|a| a.of(found, record)));
            match outcome {
                Outcome::Shown => shown = shown.or(Some(name.as_str())),
                Outcome::Quarantined(_) => return Ruling::Out(outcome.as_str(), outcome.reason().to_owned()),
                Outcome::HeldBack(_) => {
                    held.get_or_insert_with(|| Ruling::Out(outcome.as_str(), outcome.reason().to_owned()));
                }
            }
        }
        match (shown, held) {
            (Some(name), _) => Ruling::Shown(name),
            (None, Some(held)) => held,
            (None, None) => Ruling::Out("held back", Reason::Service.as_str().to_owned()),
        }
    }

    /// Counts records of a claim in a look that keeps nothing.
    pub fn count(&self, claim: u32, out: Out) {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner).push((claim, out));
    }

    /// Returns what was counted, and begins anew.
    pub fn take_counted(&self) -> Outside {
        std::mem::take(&mut self.counted.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn name(authority: &Authority) -> String {
    format!("{}/{}", authority.id, authority.version)
}
