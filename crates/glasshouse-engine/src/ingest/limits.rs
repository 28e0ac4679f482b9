//! The authorities' limits inside an intake: what is read at all, and what becomes of each record.
//!
//! Decisions come before anything is kept. Where exclusions are set, a conversation is decided when all of it was
//! seen, and its records wait for that ([`super::staged`]).

use super::combined;
use crate::EngineError;
use crate::authority::{self, Authority};
use crate::scope::{self, Aside, Found, Key, Reason, Scope};
use glasshouse_model::{Family, Record};
use glasshouse_store::{Case, SELF_AUTHORITY};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, PoisonError, RwLock};

/// The form in which decisions are kept; another one means that everything is decided anew.
const DECISIONS: u32 = 3;

/// The limits of every authority of a case that is in force.
pub struct Limits {
    /// Name of the authority's version, and what it lets through; none in a personal case.
    scopes: Vec<(String, Scope)>,
    /// Those that have ended beside them: what they cover and nothing in force does is restricted.
    ended: Vec<(String, Scope)>,
    /// Accounts that sources belong to, by source.
    accounts: BTreeMap<String, String>,
    /// What the cases that sources came from let through, by source: nothing of them goes beyond that.
    origins: BTreeMap<String, Vec<Scope>>,
    /// Whether conversations may be put aside.
    exclude: bool,
    aside: RwLock<Vec<Aside>>,
    counted: Mutex<Outside>,
    undecided: Mutex<HashMap<(u32, Undecided), Tally>>,
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

impl Tally {
    fn add(&mut self, other: Tally) {
        self.records += other.records;
        self.keys.extend(other.keys);
    }
}

/// Records that stay out, by what became of them.
pub type Out = BTreeMap<Kind, Tally>;

/// Records that stay out, by claim.
pub type Outside = Vec<(u32, Out)>;

/// What is said of records that come in.
pub const WITHIN: &str = "within scope";

/// What all is decided by of records that are counted before every conversation was seen to its end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Undecided {
    service: &'static str,
    family: Family,
    stands: Vec<Stand>,
    key: Key,
    entry: u32,
}

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

/// How one authority has a record, looked at by itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Stand {
    /// Outside its limits.
    Out,
    In,
    /// Within its limits, and an exclusion's: its number, and what of it is met.
    Met(usize, String),
}

/// A record as the authorities have it by itself, and what ties it to others.
#[derive(Clone, Debug)]
pub struct Judged {
    pub stands: Vec<Stand>,
    /// Why the first authority that holds it back does so.
    held: Option<Reason>,
    /// The exclusions that it meets by itself, also where it lies outside the limits: authority and number.
    excluded: Vec<(usize, usize)>,
    /// Made where there are exclusions only.
    pub key: Key,
    entry: Option<u32>,
}

impl Judged {
    /// Says whether it is covered by an authority that has ended, and by none that is in force.
    pub fn is_restricted(&self) -> bool {
        self.held == Some(Reason::Restricted)
    }

    /// Returns what it is decided by later.
    pub fn undecided(&self, service: &'static str, family: Family) -> Undecided {
        let entry = self.entry.unwrap_or(u32::MAX);
        Undecided { service, family, stands: self.stands.clone(), key: self.key, entry }
    }
}

/// What the records of a chunk say of conversations.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noted {
    /// Authority, number of its exclusion, and the conversation.
    excluded: Vec<(usize, usize, Key)>,
    /// Entries that conversations have attached.
    attached: Vec<(u32, Key)>,
}

impl Noted {
    /// Says whether nothing was noted.
    pub fn is_empty(&self) -> bool {
        self.excluded.is_empty() && self.attached.is_empty()
    }
}

/// What is said of a record that meets no exclusion by itself.
pub const BY_CONVERSATION: &str = "conversation";

impl Limits {
    /// Reads the authorities of a case that are in force at `now`, in microseconds since 1970.
    ///
    /// With `ended` those that have ended count where none is in force: what was read under them is known by them.
    pub fn of(case: &Case, accounts: BTreeMap<String, String>, now: i64, ended: bool) -> Result<Self, EngineError> {
        let (mut scopes, mut former) = (Vec::new(), Vec::new());
        if case.file().kind != SELF_AUTHORITY {
            let standings = authority::standings(case.root())?;
            let any = standings.iter().any(|s| s.state(now) == "in force");
            for standing in standings {
                let (state, one) = (standing.state(now), (name(&standing.authority), Scope::of(&standing.authority)));
                if state == "in force" || (ended && !any) {
                    scopes.push(one);
                } else if state != "not yet" {
                    former.push(one);
                }
            }
            scopes.sort_by(|a, b| a.0.cmp(&b.0));
            former.sort_by(|a, b| a.0.cmp(&b.0));
            if scopes.is_empty() {
                return Err(EngineError::other(
                    "No authority of this case is in force, so nothing is read. Add or amend one with `glasshouse authority`.",
                ));
            }
        }
        let origins = combined::scopes(case)?;
        let aside = scopes.iter().map(|_| Aside::default()).collect();
        let exclude = scopes.iter().any(|(_, s)| s.has_exclusions());
        Ok(Limits {
            scopes,
            ended: former,
            accounts,
            origins,
            exclude,
            aside: RwLock::new(aside),
            counted: Mutex::default(),
            undecided: Mutex::default(),
        })
    }

    /// Says whether everything comes in.
    pub fn are_none(&self) -> bool {
        self.scopes.iter().all(|(_, s)| s.is_everything())
    }

    /// Says whether conversations may be put aside.
    pub fn exclude(&self) -> bool {
        self.exclude
    }

    /// Returns what distinguishes these limits from others: the same text means the same decisions.
    pub fn identity(&self) -> String {
        if self.are_none() {
            return String::new();
        }
        let names = |all: &[(String, Scope)]| all.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>().join(" ");
        let ended = if self.ended.is_empty() { String::new() } else { format!(" without {}", names(&self.ended)) };
        // What came from other cases is fixed when the case is made, and so are their limits.
        format!("{DECISIONS} {}{ended} {:?}", names(&self.scopes), self.accounts)
    }

    /// Returns the names of the versions of authorities that have ended beside those that are in force.
    pub fn ended(&self) -> Vec<String> {
        self.ended.iter().map(|(name, _)| name.clone()).collect()
    }

    /// Says whether an entry of a format could hold anything that comes in.
    pub fn may_hold(&self, service: &str, families: &[Family], source: &str) -> Result<(), Reason> {
        let account = self.accounts.get(source).map(String::as_str);
        let ended = || self.ended.iter().any(|(_, scope)| scope.may_hold(service, families, account).is_ok());
        self.may_hold_now(service, families, source).map_err(|reason| {
            match self.origin_may_hold(service, families, source) {
                Ok(()) if ended() => Reason::Restricted,
                _ => reason,
            }
        })
    }

    fn origin_may_hold(&self, service: &str, families: &[Family], source: &str) -> Result<(), Reason> {
        let account = self.accounts.get(source).map(String::as_str);
        self.origin(source, |scope| scope.may_hold(service, families, account))
    }

    /// As [`Limits::may_hold`], and why not as the authorities in force say it.
    pub fn may_hold_now(&self, service: &str, families: &[Family], source: &str) -> Result<(), Reason> {
        let account = self.accounts.get(source).map(String::as_str);
        let mut refused = Ok(());
        self.origin_may_hold(service, families, source)?;
        for (_, scope) in &self.scopes {
            match scope.may_hold(service, families, account) {
                Ok(()) => return Ok(()),
                Err(reason) => refused = refused.and(Err(reason)),
            }
        }
        refused
    }

    /// Asks the authorities of the case that a source came from, if it came from one: one that says yes will do.
    fn origin(&self, source: &str, ask: impl Fn(&Scope) -> Result<(), Reason>) -> Result<(), Reason> {
        let mut refused = Ok(());
        for scope in self.origins.get(source).map_or(&[][..], Vec::as_slice) {
            match ask(scope) {
                Ok(()) => return Ok(()),
                Err(reason) => refused = refused.and(Err(reason)),
            }
        }
        refused
    }

    /// Looks at a record by itself.
    pub fn judge(&self, service: &str, source: &str, record: &Record) -> Judged {
        let found = Found { service, account: self.accounts.get(source).map(String::as_str) };
        let mut judged = Judged {
            stands: Vec::with_capacity(self.scopes.len()),
            held: None,
            excluded: Vec::new(),
            key: if self.exclude { scope::key(found, record) } else { Key::default() },
            entry: record.refs.first().map(|at| at.entry.0),
        };
        let origin = self.origin(source, |scope| scope.judge(found, record).limits);
        for (at, (_, scope)) in self.scopes.iter().enumerate() {
            let verdict = scope.judge(found, record);
            judged.excluded.extend(verdict.excluded.map(|number| (at, number)));
            judged.stands.push(match (verdict.limits.and(origin), verdict.excluded) {
                (Err(reason), _) => {
                    judged.held = judged.held.or(Some(reason));
                    Stand::Out
                }
                (Ok(()), None) => Stand::In,
                (Ok(()), Some(number)) => {
                    Stand::Met(number, scope.met(number, record).unwrap_or_else(|| BY_CONVERSATION.to_owned()))
                }
            });
        }
        let covers = |(_, scope): &(String, Scope)| scope.judge(found, record).limits.is_ok();
        if judged.held.is_some()
            && origin.is_ok()
            && judged.stands.iter().all(|stand| *stand == Stand::Out)
            && self.ended.iter().any(covers)
        {
            judged.held = Some(Reason::Restricted);
        }
        judged
    }

    /// Returns what the records of a chunk say of conversations.
    pub fn noted(&self, judged: &[Judged], records: &[Record]) -> Noted {
        let mut noted = Noted::default();
        if self.exclude {
            for (judged, record) in judged.iter().zip(records) {
                noted.excluded.extend(judged.excluded.iter().map(|(at, number)| (*at, *number, judged.key)));
                noted.attached.extend(scope::attached(record).map(|entry| (entry, judged.key)));
            }
        }
        noted
    }

    /// Has what was noted count from now on.
    pub fn recall(&self, noted: &Noted) {
        if noted.is_empty() {
            return;
        }
        let mut aside = self.aside.write().unwrap_or_else(PoisonError::into_inner);
        for (at, number, key) in &noted.excluded {
            if let Some(aside) = aside.get_mut(*at) {
                aside.exclude(*key, *number);
            }
        }
        for aside in aside.iter_mut() {
            noted.attached.iter().for_each(|(entry, key)| aside.attach(*entry, *key));
        }
    }

    /// Returns the authority under which a record is within the limits but may still be put aside, by a conversation
    /// that was not seen to its end or by one that has its entry attached; `linked` has the entries that any can have.
    pub fn waits(&self, judged: &Judged, record: &Record, noted: &Noted, linked: &HashSet<u32>) -> Option<&str> {
        let within = judged.stands.iter().position(|stand| *stand != Stand::Out).filter(|_| self.exclude)?;
        // The first authority that has it within its limits decides, if it does so at once.
        let open = matches!(judged.stands.get(within), Some(Stand::In))
            && (record.conversation.is_some()
                || record.same_as.is_some()
                || judged.entry.is_some_and(|entry| linked.contains(&entry))
                || judged.stands.iter().any(|stand| matches!(stand, Stand::Met(..)))
                || noted.excluded.iter().any(|(_, _, key)| *key == judged.key));
        open.then(|| self.scopes.get(within).map_or("", |(name, _)| name.as_str()))
    }

    /// Takes note of a conversation that is put aside, where what it met is no longer there.
    pub fn remember(&self, judged: &Judged, kind: &str) {
        let mut aside = self.aside.write().unwrap_or_else(PoisonError::into_inner);
        for (aside, (_, scope)) in aside.iter_mut().zip(&self.scopes) {
            if let Some(number) = scope.exclusion_of(kind) {
                aside.exclude(judged.key, number);
            }
        }
    }

    /// Returns the names of the versions of authorities that these limits are of.
    pub fn authorities(&self) -> Vec<String> {
        self.scopes.iter().map(|(name, _)| name.clone()).collect()
    }

    /// Decides on a record that no other can put aside.
    pub fn rule_alone(&self, judged: &Judged) -> Ruling<'_> {
        self.settle(&judged.stands, judged.held, &|_| None)
    }

    /// Decides on a record when all that was read is noted.
    pub fn rule(&self, judged: &Judged) -> Ruling<'_> {
        let aside = self.aside.read().unwrap_or_else(PoisonError::into_inner);
        self.settle(&judged.stands, judged.held, &|at| aside.get(at)?.found(&judged.key, judged.entry))
    }

    /// Decides on a record that waited for that.
    pub fn rule_waiting(&self, stands: &[Stand], key: &Key, entry: u32) -> Ruling<'_> {
        let aside = self.aside.read().unwrap_or_else(PoisonError::into_inner);
        self.settle(stands, None, &|at| aside.get(at)?.found(key, Some(entry)))
    }

    /// Decides. What one authority puts aside is not shown under another.
    fn settle(&self, stands: &[Stand], held: Option<Reason>, aside: &dyn Fn(usize) -> Option<usize>) -> Ruling<'_> {
        if self.scopes.is_empty() {
            return Ruling::Shown(SELF_AUTHORITY);
        }
        let mut shown = None;
        for (at, ((name, scope), stand)) in self.scopes.iter().zip(stands).enumerate() {
            let (number, met) = match stand {
                Stand::Out => continue,
                Stand::In => (aside(at), BY_CONVERSATION),
                Stand::Met(number, met) => (Some(*number), met.as_str()),
            };
            if let Some(exclusion) = number.and_then(|number| scope.exclusion(number)) {
                let why = Why { kind: exclusion.kind.clone(), met: met.to_owned() };
                return Ruling::PutAside { authority: name, why };
            }
            shown = shown.or(Some(name.as_str()));
        }
        match shown {
            Some(name) => Ruling::Shown(name),
            None => Ruling::HeldBack(held.unwrap_or(Reason::Service).as_str()),
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

    /// Counts records of a claim in a look that keeps nothing, and those that wait for all to be seen.
    pub fn count(&self, claim: u32, out: Out, waiting: HashMap<Undecided, Tally>) {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner).push((claim, out));
        let mut undecided = self.undecided.lock().unwrap_or_else(PoisonError::into_inner);
        for (what, tally) in waiting {
            undecided.entry((claim, what)).or_default().add(tally);
        }
    }

    /// Returns what was counted, when all was seen, and begins anew.
    pub fn take_counted(&self) -> Outside {
        let mut counted = std::mem::take(&mut *self.counted.lock().unwrap_or_else(PoisonError::into_inner));
        let undecided = std::mem::take(&mut *self.undecided.lock().unwrap_or_else(PoisonError::into_inner));
        let mut decided: BTreeMap<u32, Out> = BTreeMap::new();
        for ((claim, what), tally) in undecided {
            let (outcome, reason) = match self.rule_waiting(&what.stands, &what.key, what.entry) {
                Ruling::Shown(_) => ("shown", WITHIN.to_owned()),
                Ruling::HeldBack(reason) => ("held back", reason.to_owned()),
                Ruling::PutAside { why, .. } => ("quarantined", why.kind),
            };
            let kind = (outcome.to_owned(), what.service.to_owned(), what.family.to_string(), reason);
            decided.entry(claim).or_default().entry(kind).or_default().add(tally);
        }
        counted.extend(decided);
        counted
    }
}

fn name(authority: &Authority) -> String {
    format!("{}/{}", authority.id, authority.version)
}
