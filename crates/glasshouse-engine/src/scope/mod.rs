//! What an authority lets through: a decision for each record, before anything of it is stored.
//!
//! Pure: no file, no clock. A decision has two halves. The *limits* say whether the authority covers the record;
//! the *exclusions* say whether it belongs to the privilege reviewer. A conversation is excluded whole, also by a
//! message in it that lies outside the limits, so it is decided when all of it was seen ([`Aside`]).

mod person;
mod window;

use crate::authority::{Authority, Exclusion, Window};
use crate::text;
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
}

impl Reason {
    pub const ALL: [Reason; 7] = [
        Reason::Service,
        Reason::Account,
        Reason::AccountUnknown,
        Reason::Family,
        Reason::Window,
        Reason::TimeAmbiguous,
        Reason::Timeless,
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
    subject: BTreeSet<String>,
}

impl Scope {
    /// Returns what an authority lets through; the kind `self` lets through everything.
    pub fn of(authority: &Authority) -> Self {
        let Some(limits) = &authority.limits else { return Scope { limits: None } };
        let terms = |exclusion: &Exclusion| {
            let addresses = exclusion.parties.iter().filter(|p| person::is_identifier(p));
            exclusion.terms.iter().chain(addresses).map(|t| run(&text::words(t))).filter(|t| t.len() > 2).collect()
        };
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
                terms: limits.exclusions.iter().map(terms).collect(),
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
        if self.terms.iter().all(Vec::is_empty) {
            return None;
        }
        let words = words_of(record);
        self.terms.iter().position(|terms| terms.iter().any(|t| words.contains(t.as_str())))
    }
}

/// Returns all words of a record as one run, each part apart from the next.
fn words_of(record: &Record) -> String {
    let mut words = String::from(" ");
    let mut add = |text: &str| {
        for word in text::words(text) {
            words.push_str(&word);
            words.push(' ');
        }
        // What ends one text and begins the next is no phrase.
        words.push_str("\u{0} ");
    };
    let place = record.place.as_ref().and_then(|p| p.address.as_deref());
    for text in [record.title.as_deref(), record.text.as_deref(), place].into_iter().flatten() {
        add(text);
    }
    for attachment in &record.attachments {
        attachment.name.as_deref().into_iter().for_each(&mut add);
    }
    for party in &record.parties {
        party.name.as_deref().into_iter().for_each(&mut add);
    }
    if !record.fields.is_empty() {
        // Escapes of JSON hide letters: what is written there is read as it is meant.
        match serde_json::from_str::<serde_json::Value>(&record.fields.to_json()) {
            Ok(value) => each_text(&value, &mut add),
            Err(_) => add(&record.fields.to_json()),
        }
    }
    words
}

fn each_text(value: &serde_json::Value, add: &mut dyn FnMut(&str)) {
    match value {
        serde_json::Value::String(text) => add(text),
        serde_json::Value::Array(items) => items.iter().for_each(|item| each_text(item, add)),
        serde_json::Value::Object(map) => map.values().for_each(|item| each_text(item, add)),
        _ => {}
    }
}

fn run(words: &[String]) -> String {
    format!(" {} ", words.join(" "))
}

/// The conversations that are put aside, found while records go by.
///
/// Nothing of a conversation may be published before all its records were noted.
#[derive(Clone, Debug, Default)]
pub struct Aside {
    conversations: HashMap<String, usize>,
}

impl Aside {
    /// Takes note of a record's verdict, also of one outside the limits.
    pub fn note(&mut self, found: Found<'_>, record: &Record, verdict: Verdict) {
        if let (Some(number), Some(key)) = (verdict.excluded, key(found, record)) {
            let first = self.conversations.entry(key).or_insert(number);
            // The lowest number, whatever the order in which records came.
            *first = (*first).min(number);
        }
    }

    /// Joins what another thread found.
    pub fn join(&mut self, other: Aside) {
        for (key, number) in other.conversations {
            let first = self.conversations.entry(key).or_insert(number);
            *first = (*first).min(number);
        }
    }

    /// Returns the exclusion that a record's conversation meets.
    pub fn of(&self, found: Found<'_>, record: &Record) -> Option<usize> {
        self.conversations.get(&key(found, record)?).copied()
    }

    /// Says whether no conversation is put aside.
    pub fn is_empty(&self) -> bool {
        self.conversations.is_empty()
    }
}

/// Returns what ties a record to the others of its conversation.
fn key(found: Found<'_>, record: &Record) -> Option<String> {
    let conversation = record.conversation.as_deref()?;
    Some(format!("{}\u{0}{conversation}", found.service))
}

#[cfg(test)]
mod tests;
