//! The authorities' limits inside an intake: what is read at all, and what becomes of each record.
//!
//! Decisions come before anything is stored. Where exclusions are set, everything that may be read is looked
//! through once before, so that a conversation is known to be put aside before its first message is kept.

use crate::EngineError;
use crate::authority::{self, Authority};
use crate::scope::{Aside, Found, Outcome, Reason, Scope};
use glasshouse_model::{Family, Record};
use glasshouse_store::{Case, SELF_AUTHORITY};
use std::collections::{BTreeMap, BTreeSet};
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
    /// It stays out, for this reason.
    HeldBack(&'static str),
    /// It is within this authority and put aside for the privilege reviewer.
    PutAside { authority: &'a str, why: Why },
}

/// Why a record is put aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// `privilege`, `journalism`, …
    pub kind: String,
    /// The party or term that it meets, or that its conversation does.
    pub met: String,
}

/// What is said of a record that meets no exclusion by itself.
pub const BY_CONVERSATION: &str = "conversation";

impl Limits {
    /// Reads the authorities of a case that are in force at `now`, in microseconds since 1970.
    ///
    /// With `ended` those that have ended count where none is in force: what was read under them is known by them.
    pub fn of(case: &Case, accounts: BTreeMap<String, String>, now: i64, ended: bool) -> Result<Self, EngineError> {
        let mut scopes = Vec::new();
        if case.file().kind != SELF_AUTHORITY {
            let standings = authority::standings(case.root())?;
            let any = standings.iter().any(|s| s.state(now) == "in force");
            for standing in standings {
                if standing.state(now) == "in force" || (ended && !any) {
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
            if Aside::concerns(record, verdict) {
                let mut aside = self.aside.write().unwrap_or_else(PoisonError::into_inner);
                if let Some(aside) = aside.get_mut(at) {
                    aside.note(found, record, verdict);
                }
            }
        }
    }

    /// Takes note of a conversation that is put aside, where what it met is no longer there.
    pub fn remember(&self, service: &str, conversation: &str, kind: &str) {
        let mut aside = self.aside.write().unwrap_or_else(PoisonError::into_inner);
        for (aside, (_, scope)) in aside.iter_mut().zip(&self.scopes) {
            if let Some(number) = scope.exclusion_of(kind) {
                aside.remember(service, conversation, number);
            }
        }
    }

    /// Returns the names of the versions of authorities that these limits are of.
    pub fn authorities(&self) -> Vec<String> {
        self.scopes.iter().map(|(name, _)| name.clone()).collect()
    }

    /// Decides on a record. What one authority puts aside is not shown under another.
    pub fn rule(&self, service: &str, source: &str, record: &Record) -> Ruling<'_> {
        if self.scopes.is_empty() {
            return Ruling::Shown(SELF_AUTHORITY);
        }
        let found = Found { service, account: self.accounts.get(source).map(String::as_str) };
        let aside = self.aside.read().unwrap_or_else(PoisonError::into_inner);
        let mut shown = None;
        let mut held = None;
        for (at, (name, scope)) in self.scopes.iter().enumerate() {
            let verdict = scope.judge(found, record);
            match scope.outcome(verdict, aside.get(at).and_then(|a| a.of(found, record))) {
                Outcome::Shown => shown = shown.or(Some(name.as_str())),
                Outcome::Quarantined(exclusion) => {
                    let met = verdict.excluded.and_then(|number| scope.met(number, record));
                    let met = met.unwrap_or_else(|| BY_CONVERSATION.to_owned());
                    return Ruling::PutAside { authority: name, why: Why { kind: exclusion.kind.clone(), met } };
                }
                Outcome::HeldBack(reason) => held = held.or(Some(reason)),
            }
        }
        match (shown, held) {
            (Some(name), _) => Ruling::Shown(name),
            (None, reason) => Ruling::HeldBack(reason.unwrap_or(Reason::Service).as_str()),
        }
    }

    /// Says why a record that came in earlier is put aside now: its conversation has grown.
    pub fn grown(&self, service: &str, conversation: Option<&str>, entry: u32) -> Option<Why> {
        let aside = self.aside.read().unwrap_or_else(PoisonError::into_inner);
        let kind = aside.iter().zip(&self.scopes).find_map(|(aside, (_, scope))| {
            scope.exclusion(aside.of_row(service, conversation, entry)?).map(|e| e.kind.clone())
        });
        kind.map(|kind| Why { kind, met: BY_CONVERSATION.to_owned() })
    }

    /// Says whether no conversation was found that is put aside.
    pub fn nothing_aside(&self) -> bool {
        self.aside.read().unwrap_or_else(PoisonError::into_inner).iter().all(Aside::is_empty)
    }

    /// Returns about how many people these names, addresses and numbers stand for, the subject left out; none in a
    /// personal case.
    pub fn third_parties(&self, names: &BTreeSet<String>) -> Option<u64> {
        // Whoever is the subject under one authority is no third party under another.
        let mut others: Option<BTreeSet<String>> = None;
        for (_, scope) in self.scopes.iter().filter(|(_, s)| !s.is_everything()) {
            let here = scope.others(others.as_ref().unwrap_or(names).iter().map(String::as_str));
            others = Some(here);
        }
        others.map(|o| o.len() as u64)
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
