//! What an authority lets through: a decision for each record, before anything of it is stored.
//!
//! Pure: no file, no clock. A decision has two halves. The *limits* say whether the authority covers the record;
//! the *exclusions* say whether it belongs to the privilege reviewer. A conversation is excluded whole, also by a
//! message in it that lies outside the limits, so it is decided when all of it was seen ([`Aside`]).

mod person;
mod terms;
mod window;

pub(crate) use person::normal;

use crate::authority::{Authority, Exclusion, Window};
use glasshouse_model::{Family, Record};
use std::collections::{BTreeSet, HashMap};

/// Why a record, or an entry that was not read, lies outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    Service,
    Account,
    /// The authority names accounts, and the record does not say whose it is.
    AccountUnknown,
    Family,
    /// All its tested times lie outside the window.
    Window,
    /// A tested time lies on both sides of the window's edge, as far as can be known.
    TimeAmbiguous,
    /// It has no time of the roles that are tested, and its family is held back then.
    Timeless,
    /// No authority that is in force covers it, and one that has ended does: it is restricted, not merely outside.
    Restricted,
}

impl Reason {
    pub const ALL: [Reason; 8] = [
        Reason::Service,
        Reason::Account,
        Reason::AccountUnknown,
        Reason::Family,
        Reason::Window,
        Reason::TimeAmbiguous,
        Reason::Timeless,
        Reason::Restricted,
    ];

    /// Returns the words used in the table `outcomes`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Reason::Service => "service not covered",
            Reason::Account => "account not covered",
            Reason::AccountUnknown => "account not stated",
            Reason::Family => "family not covered",
            Reason::Window => "outside the window",
            Reason::TimeAmbiguous => "time ambiguous across the window's edge",
            Reason::Timeless => "no time that the window tests",
            Reason::Restricted => "restricted: covered by an authority that has ended",
        }
    }
}

/// What becomes of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome<'a> {
    Shown,
    /// Outside the limits: in no index, shown to nobody.
    HeldBack(Reason),
    /// Within the limits, and put aside for the privilege reviewer.
    Quarantined(&'a Exclusion),
}

impl Outcome<'_> {
    /// Returns the word used in the table `outcomes`.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Outcome::Shown => "shown",
            Outcome::HeldBack(_) => "held back",
            Outcome::Quarantined(_) => "quarantined",
        }
    }

    /// Returns the reason in words, for the table `outcomes`.
    pub fn reason(&self) -> &str {
        match self {
            Outcome::Shown => "within scope",
            Outcome::HeldBack(reason) => reason.as_str(),
            Outcome::Quarantined(exclusion) => &exclusion.kind,
        }
    }
}

/// What is known of a record from where it was found.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    /// The service, as the table `records` names it: the provider's id.
    pub service: &'a str,
    /// The account that its source belongs to, where the record itself names none.
    pub account: Option<&'a str>,
}

/// Both halves of a decision on one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub limits: Result<(), Reason>,
    /// Number of the exclusion that the record meets by itself.
    pub excluded: Option<usize>,
}

/// The limits of one authority, ready to decide.
#[derive(Clone, Debug)]
pub struct Scope {
    limits: Option<Ready>,
}

#[derive(Clone, Debug)]
struct Ready {
    services: BTreeSet<String>,
    accounts: BTreeSet<String>,
    families: Option<BTreeSet<Family>>,
    window: Option<Window>,
    exclusions: Vec<Exclusion>,
    /// Of each exclusion: identifiers and names of its parties, and its terms as runs of words.
    parties: Vec<Vec<person::Known>>,
    terms: Vec<Vec<String>>,
    /// Tells most records that hold none of the terms at a glance.
    glance: terms::Glance,
    subject: BTreeSet<String>,
}

impl Scope {
    /// Returns what an authority lets through; the kind `self` lets through everything.
    pub fn of(authority: &Authority) -> Self {
        let Some(limits) = &authority.limits else { return Scope { limits: None } };
        let terms = |exclusion: &Exclusion| {
            let addresses = exclusion.parties.iter().filter(|p| person::is_identifier(p));
            exclusion.terms.iter().chain(addresses).map(|t| terms::run(t)).filter(|t| t.len() > 2).collect()
        };
        let terms: Vec<Vec<String>> = limits.exclusions.iter().map(terms).collect();
        Scope {
            limits: Some(Ready {
                services: limits.services.iter().map(|s| s.to_lowercase()).collect(),
                accounts: limits.accounts.iter().map(|a| person::normal(a)).collect(),
                families: limits.families.as_ref().map(|f| f.iter().copied().collect()),
                window: limits.window.clone(),
                parties: limits
                    .exclusions
                    .iter()
                    .map(|e| e.parties.iter().map(|p| person::Known::of(p)).collect())
                    .collect(),
                glance: terms::Glance::of(terms.iter().flatten()),
                terms,
                exclusions: limits.exclusions.clone(),
                subject: limits.subject.iter().chain(&limits.accounts).map(|s| person::normal(s)).collect(),
            }),
        }
    }

    /// Says whether everything comes through, so that nothing need be decided.
    pub fn is_everything(&self) -> bool {
        self.limits.is_none()
    }

    /// Says whether any conversation could be put aside.
    pub fn has_exclusions(&self) -> bool {
        self.limits.as_ref().is_some_and(|l| !l.exclusions.is_empty())
    }

    /// Says whether an entry of a format could hold anything covered; if not it is not read at all.
    pub fn may_hold(&self, service: &str, families: &[Family], account: Option<&str>) -> Result<(), Reason> {
        let Some(limits) = &self.limits else { return Ok(()) };
        if !limits.services.contains(service) {
            return Err(Reason::Service);
        }
        if account.is_some_and(|a| !limits.accounts.contains(&person::normal(a))) {
            return Err(Reason::Account);
        }
        match &limits.families {
            Some(covered) if !families.is_empty() && !families.iter().any(|f| covered.contains(f)) => {
                Err(Reason::Family)
            }
            _ => Ok(()),
        }
    }

    /// Decides on one record by itself.
    pub fn judge(&self, found: Found<'_>, record: &Record) -> Verdict {
        let Some(limits) = &self.limits else { return Verdict { limits: Ok(()), excluded: None } };
        Verdict { limits: limits.covers(found, record), excluded: limits.excluded(record) }
    }

    /// Returns what becomes of a record, given its verdict and what was found of its conversation.
    pub fn outcome(&self, verdict: Verdict, conversation: Option<usize>) -> Outcome<'_> {
        if let Err(reason) = verdict.limits {
            return Outcome::HeldBack(reason);
        }
        let excluded = verdict.excluded.or(conversation);
        let exclusion = excluded.and_then(|n| self.limits.as_ref()?.exclusions.get(n));
        exclusion.map_or(Outcome::Shown, Outcome::Quarantined)
    }

    /// Returns an exclusion by its number.
    pub fn exclusion(&self, number: usize) -> Option<&Exclusion> {
        self.limits.as_ref()?.exclusions.get(number)
    }

    /// Returns the number of the first exclusion of a kind.
    pub fn exclusion_of(&self, kind: &str) -> Option<usize> {
        self.limits.as_ref()?.exclusions.iter().position(|e| e.kind == kind)
    }

    /// Returns what of an exclusion a record meets by itself: a party, or a term.
    pub fn met(&self, number: usize, record: &Record) -> Option<String> {
        let limits = self.limits.as_ref()?;
        let (known, exclusion) = (limits.parties.get(number)?, limits.exclusions.get(number)?);
        let by = |k: &person::Known| record.parties.iter().any(|p| k.is(p));
        if let Some(party) = known.iter().position(by).and_then(|at| exclusion.parties.get(at)) {
            return Some(format!("party {party}"));
        }
        let terms = limits.terms.get(number)?;
        let words = terms::words_of(record);
        let term = terms.iter().find(|t| words.contains(t.as_str()))?;
        Some(format!("term {}", term.trim()))
    }

    /// Returns the number of people that these names, addresses and numbers stand for, the subject left out.
    pub fn others<'a>(&self, names: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
        let Some(limits) = &self.limits else { return BTreeSet::new() };
        names.map(person::normal).filter(|n| !n.is_empty() && !limits.subject.contains(n)).collect()
    }

    /// Returns the people of a record other than the subject, each in one form however it is written.
    pub fn third_parties(&self, record: &Record) -> BTreeSet<String> {
        let Some(limits) = &self.limits else { return BTreeSet::new() };
        let named = record.parties.iter().filter_map(|party| {
            let mut identifiers = party.identifiers.iter().map(|i| person::normal(&i.value)).peekable();
            if identifiers.peek().is_none() {
                return party.name.as_deref().map(person::normal);
            }
            let all: Vec<String> = identifiers.collect();
            (!all.iter().any(|i| limits.subject.contains(i))).then(|| all.into_iter().next()).flatten()
        });
        named.filter(|n| !limits.subject.contains(n)).collect()
    }
}

impl Ready {
    fn covers(&self, found: Found<'_>, record: &Record) -> Result<(), Reason> {
        if !self.services.contains(found.service) {
            return Err(Reason::Service);
        }
        match record.account.as_deref().or(found.account) {
            None => return Err(Reason::AccountUnknown),
            Some(account) if !self.accounts.contains(&person::normal(account)) => return Err(Reason::Account),
            Some(_) => {}
        }
        if self.families.as_ref().is_some_and(|f| !f.contains(&record.family)) {
            return Err(Reason::Family);
        }
        self.window.as_ref().map_or(Ok(()), |window| window::judge(window, record))
    }

    fn excluded(&self, record: &Record) -> Option<usize> {
        if self.exclusions.is_empty() {
            return None;
        }
        let by_party = |known: &Vec<person::Known>| record.parties.iter().any(|p| known.iter().any(|k| k.is(p)));
        if let Some(number) = self.parties.iter().position(by_party) {
            return Some(number);
        }
        if !self.glance.may_hold(record) {
            return None;
        }
        let words = terms::words_of(record);
        self.terms.iter().position(|terms| terms.iter().any(|t| words.contains(t.as_str())))
    }
}

/// What tells a conversation from others, or a record that is in none: no more than a hash is held of each.
pub(crate) type Key = [u8; 16];

/// The conversations that are put aside, found while records go by, with what is attached to them.
///
/// Nothing of a conversation may be published before all its records were noted.
#[derive(Clone, Debug, Default)]
pub struct Aside {
    conversations: HashMap<Key, usize>,
    /// Entries that conversations have attached, with these.
    attached: HashMap<u32, Vec<Key>>,
}

impl Aside {
    /// Takes note of a record's verdict, also of one outside the limits.
    pub fn note(&mut self, found: Found<'_>, record: &Record, verdict: Verdict) {
        let key = key(found, record);
        if let Some(number) = verdict.excluded {
            self.exclude(key, number);
        }
        attached(record).for_each(|entry| self.attach(entry, key));
    }

    /// Puts a conversation aside.
    pub(crate) fn exclude(&mut self, key: Key, number: usize) {
        let first = self.conversations.entry(key).or_insert(number);
        // The lowest number, whatever the order in which records came.
        *first = (*first).min(number);
    }

    /// Takes note of an entry that a conversation has attached.
    pub(crate) fn attach(&mut self, entry: u32, key: Key) {
        let keys = self.attached.entry(entry).or_default();
        if !keys.contains(&key) && keys.len() < MOST_CONVERSATIONS {
            keys.push(key);
        }
    }

    /// Returns the exclusion that a conversation meets, or one that has the entry attached.
    pub(crate) fn found(&self, key: &Key, entry: Option<u32>) -> Option<usize> {
        self.conversations.get(key).copied().or_else(|| self.attached_to(entry?))
    }

    /// Returns the exclusion that a record's conversation meets, or one that has the record's entry attached.
    pub fn of(&self, found: Found<'_>, record: &Record) -> Option<usize> {
        self.found(&key(found, record), record.refs.first().map(|at| at.entry.0))
    }

    /// As [`Aside::of`], for a record that is known by its columns.
    pub fn of_row(&self, service: &str, conversation: Option<&str>, entry: u32) -> Option<usize> {
        let conversation = conversation.and_then(|c| self.conversations.get(&hashed(service, "in", c)).copied());
        conversation.or_else(|| self.attached_to(entry))
    }

    fn attached_to(&self, entry: u32) -> Option<usize> {
        self.attached.get(&entry)?.iter().filter_map(|key| self.conversations.get(key).copied()).min()
    }

    /// Says whether no conversation is put aside.
    pub fn is_empty(&self) -> bool {
        self.conversations.is_empty()
    }
}

/// Conversations that one entry is attached to and that are remembered of it.
const MOST_CONVERSATIONS: usize = 64;

/// Returns the entries that a record has attached, beside its own.
pub(crate) fn attached(record: &Record) -> impl Iterator<Item = u32> + '_ {
    let own = record.refs.first().map(|at| at.entry);
    let others = record.attachments.iter().filter_map(|a| a.at.as_ref()).map(|at| at.entry);
    others.filter(move |entry| Some(*entry) != own).map(|entry| entry.0)
}

/// Returns what ties a record to the others of its conversation, or to its copies where it is in none.
pub(crate) fn key(found: Found<'_>, record: &Record) -> Key {
    if let Some(conversation) = record.conversation.as_deref() {
        return hashed(found.service, "in", conversation);
    }
    if let Some(same_as) = record.same_as.as_deref() {
        return hashed(found.service, "as", same_as);
    }
    let place = record.refs.first().map(|at| format!("{} {}", at.entry, at.locator));
    hashed(found.service, "at", &place.unwrap_or_default())
}

fn hashed(service: &str, what: &str, text: &str) -> Key {
    let mut key = Key::default();
    let mut hasher = blake3::Hasher::new();
    for part in [service, what, text] {
        hasher.update(part.as_bytes()).update(b"\0");
    }
    hasher.finalize_xof().fill(&mut key);
    key
}

#[cfg(test)]
mod tests;
