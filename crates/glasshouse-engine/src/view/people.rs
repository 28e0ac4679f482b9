//! People: parties that share an identifier, with the reasons why they are taken to be one.
//!
//! Nothing is merged by name: a party known by its name alone stays by itself.

use super::coded::Coded;
use super::facets::words_of;
use super::owner::Owner;
use super::parties::{Named, Parties};
use super::set::Set;
use super::tally::bits;
use super::{View, iso};
use crate::EngineError;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Identifiers and names of a person that a list shows.
const MOST_IDENTIFIERS: usize = 20;
/// Reasons that are kept of a person.
const MOST_REASONS: usize = 5;

/// A way to reach a person, as written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Identifier {
    /// `email`, `phone`, `account`, `url` or `name`.
    pub kind: String,
    pub value: String,
}

/// A person of a case.
#[derive(Clone, Debug, Serialize)]
pub struct Person {
    pub id: String,
    pub name: String,
    pub identifiers: Vec<Identifier>,
    pub records: u64,
    pub services: Vec<String>,
    pub first: Option<String>,
    pub last: Option<String>,
    /// Why these identifiers are taken to be one person's.
    pub why: Vec<String>,
    /// A query that finds their records.
    pub query: String,
    /// The holder of the account; `why` says by what.
    pub own: bool,
}

/// A person in the graph.
#[derive(Clone, Debug, Serialize)]
pub struct Node {
    pub id: String,
    pub name: String,
    pub count: u64,
    pub query: String,
    pub own: bool,
}

/// Records between two people.
#[derive(Clone, Debug, Serialize)]
pub struct Edge {
    pub from: String,
    pub to: String,
    pub count: u64,
    pub services: Vec<String>,
}

/// Who has to do with whom.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Graph {
    pub nodes: Vec<Node>,
    pub edges: Vec<Edge>,
}

/// Which parties are one person.
pub(super) struct People {
    /// The person of each party.
    of: Vec<u32>,
    /// The parties of each person.
    members: Vec<Vec<u32>>,
    why: HashMap<u32, Vec<String>>,
    parties: Arc<Parties>,
    services: Arc<Coded>,
    /// Who of them holds the account.
    pub owner: Owner,
}

impl People {
    pub fn load(view: &View) -> Result<Self, EngineError> {
        let parties = view.parties()?;
        let mut union = Union::new(parties.named.len());
        let mut by_key: HashMap<(&str, String, Option<u32>), u32> = HashMap::new();
        for (number, named) in (0..).zip(&parties.named) {
            if let Some(key) = key(named) {
                let first = *by_key.entry(key).or_insert(number);
                union.join(first, number);
            }
        }
        let mut reasons: Vec<(u32, String)> = Vec::new();
        let (family, service) = (view.coded("family")?, view.coded("service")?);
        let about_one: Vec<bool> =
            family.values.iter().map(|f| matches!(f.as_deref(), Some("contact" | "account"))).collect();
        if about_one.iter().any(|f| *f) {
            for row in 0..view.rows() {
                if !about_one.get(family.code(row) as usize).copied().unwrap_or(false) {
                    continue;
                }
                // A contact's identifiers are one person's: its parser gives them one after another.
                let items: Vec<(u32, usize)> = parties.of(row).collect();
                for pair in items.windows(2) {
                    let [(a, role), (b, other)] = pair else { continue };
                    let (Some(one), Some(two)) = (parties.get(*a), parties.get(*b)) else { continue };
                    if role == other && one.name.is_some() && one.name == two.name && union.join(*a, *b) {
                        let (from, one, two) = (service.value(row).unwrap_or_default(), shown(one), shown(two));
                        reasons.push((
                            *a,
                            format!(
                                "A {} of {from} lists {one} and {two} together.",
                                family.value(row).unwrap_or("contact")
                            ),
                        ));
                    }
                }
            }
        }
        let mut of = Vec::with_capacity(parties.named.len());
        let mut members: Vec<Vec<u32>> = Vec::new();
        let mut numbers: HashMap<u32, u32> = HashMap::new();
        for party in 0..parties.named.len() as u32 {
            let person = *numbers.entry(union.root(party)).or_insert_with(|| {
                members.push(Vec::new());
                members.len() as u32 - 1
            });
            if let Some(members) = members.get_mut(person as usize) {
                members.push(party);
            }
            of.push(person);
        }
        let mut why: HashMap<u32, Vec<String>> = HashMap::new();
        for (party, reason) in reasons {
            let reasons = why.entry(of.get(party as usize).copied().unwrap_or(0)).or_default();
            if reasons.len() < MOST_REASONS {
                reasons.push(reason);
            }
        }
        let mut people = People { of, members, why, parties, services: service, owner: Owner::default() };
        people.owner = Owner::load(view, &people)?;
        Ok(people)
    }

    /// Returns the number of people.
    pub fn number(&self) -> usize {
        self.members.len()
    }

    pub fn person(&self, party: u32) -> Option<u32> {
        self.of.get(party as usize).copied()
    }

    /// Returns the persons that have an identifier, whatever its kind.
    pub fn with_identifier(&self, value: &str) -> BTreeSet<u32> {
        let same = |n: &Named| n.identifier.as_deref().is_some_and(|i| i.trim().eq_ignore_ascii_case(value.trim()));
        (0..).zip(&self.parties.named).filter(|(_, n)| same(n)).filter_map(|(p, _)| self.person(p)).collect()
    }

    fn named(&self, person: u32) -> impl Iterator<Item = &Named> {
        self.members.get(person as usize).into_iter().flatten().filter_map(|p| self.parties.get(*p))
    }

    /// Returns a person's name and the words by which a query finds them.
    pub fn label(&self, person: u32) -> Option<(String, String)> {
        let words = self.named(person).find(|n| n.identifier.is_some()).or(self.named(person).next());
        Some((self.name(person), words_of(words?)?))
    }

    /// Returns the name that most of a person's parties carry, or an identifier.
    pub fn name(&self, person: u32) -> String {
        let mut names: BTreeMap<&str, usize> = BTreeMap::new();
        for name in self.named(person).filter_map(|n| n.name.as_deref()).map(str::trim).filter(|n| !n.is_empty()) {
            *names.entry(name).or_default() += 1;
        }
        let best = names.into_iter().max_by_key(|(name, n)| (*n, name.len())).map(|(name, _)| name);
        best.or_else(|| self.named(person).find_map(Named::label)).unwrap_or("(no name)").to_owned()
    }

    fn identifiers(&self, person: u32) -> Vec<Identifier> {
        let mut seen = BTreeSet::new();
        for named in self.named(person) {
            if let (Some(kind), Some(value)) = (&named.kind, &named.identifier) {
                seen.insert(Identifier { kind: kind.clone(), value: value.clone() });
            }
            if let Some(name) = named.name.as_deref().map(str::trim).filter(|n| !n.is_empty()) {
                seen.insert(Identifier { kind: "name".into(), value: name.to_owned() });
            }
        }
        seen.into_iter().take(MOST_IDENTIFIERS).collect()
    }

    /// Returns an id that stays the same as long as the first of the person's parties does.
    ///
    /// No two people have a party in common; names alone they may share, one on each service.
    pub fn id(&self, person: u32) -> String {
        let service = |named: &Named| named.service.and_then(|code| self.services.named(code)).map(str::to_owned);
        let parties = self.named(person).map(|n| (&n.kind, &n.identifier, &n.name, service(n)));
        let text = parties.min().map_or_else(String::new, |first| format!("{first:?}"));
        glasshouse_layout::hex(glasshouse_layout::sha256(text.as_bytes())).chars().take(16).collect()
    }

    fn why(&self, person: u32) -> Vec<String> {
        let mut why = self.why.get(&person).cloned().unwrap_or_default();
        let mut names: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        let mut identified = false;
        for named in self.named(person) {
            identified |= named.identifier.is_some();
            if let (Some(name), Some(identifier)) = (&named.name, &named.identifier) {
                names.entry(identifier).or_default().insert(name);
            }
        }
        for (identifier, names) in names.into_iter().filter(|(_, n)| n.len() > 1).take(MOST_REASONS) {
            let names: Vec<String> = names.into_iter().take(4).map(|n| format!("“{n}”")).collect();
            why.push(format!("{identifier} is used with the names {}.", names.join(", ")));
        }
        if !identified {
            why.push("Known by a name alone; several people may have it.".into());
        }
        why
    }

    /// Returns a query that finds the records of a person.
    pub fn query(&self, person: u32) -> String {
        let mut words: Vec<String> = Vec::new();
        for named in self.named(person) {
            let Some(word) = words_of(named) else { continue };
            if !words.contains(&word) && words.len() < 10 {
                words.push(word);
            }
        }
        words.into_iter().map(|w| format!("with:\"{w}\"")).collect::<Vec<_>>().join(" OR ")
    }
}

impl View {
    /// Returns the number of people in a set, and some of them, who is in most records first.
    pub fn people_list(&self, set: &Set, rank: usize, limit: usize) -> Result<(u64, Vec<Person>), EngineError> {
        let (people, tallied) = self.tallied(set)?;
        let (order, service) = (self.order()?, self.coded("service")?);
        let rows = tallied.found.iter().skip(rank).take(limit).map(|person| {
            let tally = tallied.get(*person);
            let span = tally.span();
            Person {
                id: people.id(*person),
                name: people.name(*person),
                identifiers: people.identifiers(*person),
                records: tally.records.into(),
                services: bits(tally.services).filter_map(|code| service.named(code)).map(str::to_owned).collect(),
                first: span.and_then(|(first, _)| order.time(first)).map(iso),
                last: span.and_then(|(_, last)| order.time(last)).map(iso),
                why: people.owner.why(*person).map(str::to_owned).into_iter().chain(people.why(*person)).collect(),
                query: people.query(*person),
                own: people.owner.is(*person),
            }
        });
        Ok((tallied.found.len() as u64, rows.collect()))
    }
}

fn shown(named: &Named) -> &str {
    named.identifier.as_deref().or(named.name.as_deref()).unwrap_or("an identifier")
}

/// Returns what two parties have to share to be one person; none for a name alone.
fn key(named: &Named) -> Option<(&str, String, Option<u32>)> {
    let (kind, value) = (named.kind.as_deref()?, named.identifier.as_deref()?.trim());
    let value = match kind {
        "email" => value.to_lowercase(),
        "phone" => value.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect(),
        _ => value.to_owned(),
    };
    (!value.is_empty()).then_some((kind, value, named.service))
}

/// Sets of parties that are one.
struct Union(Vec<u32>);

impl Union {
    fn new(all: usize) -> Self {
        Union((0..all as u32).collect())
    }

    fn root(&mut self, mut of: u32) -> u32 {
        while let Some(up) = self.0.get(of as usize).copied().filter(|up| *up != of) {
            // Each look shortens the way for the next.
            let over = self.0.get(up as usize).copied().unwrap_or(up);
            if let Some(slot) = self.0.get_mut(of as usize) {
                *slot = over;
            }
            of = over;
        }
        of
    }

    /// Joins two; returns whether they were apart.
    fn join(&mut self, a: u32, b: u32) -> bool {
        let (a, b) = (self.root(a), self.root(b));
        let (low, high) = (a.min(b), a.max(b));
        if let Some(slot) = self.0.get_mut(high as usize) {
            *slot = low;
        }
        low != high
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joining_is_transitive() {
        let mut union = Union::new(6);
        assert!(union.join(4, 2) && union.join(5, 4) && !union.join(5, 2));
        assert_eq!((0..6).map(|i| union.root(i)).collect::<Vec<_>>(), [0, 1, 2, 3, 2, 2]);
    }

    #[test]
    fn identifiers_are_compared_without_case_and_blanks() {
        let named = |kind: &str, id: &str| Named {
            name: None,
            kind: Some(kind.into()),
            identifier: Some(id.into()),
            service: None,
        };
        assert_eq!(key(&named("email", " Anna@Example.COM ")), key(&named("email", "anna@example.com")));
        assert_eq!(key(&named("phone", "+1 (555) 010-0")), key(&named("phone", "+15550100")));
        assert_ne!(key(&named("account", "Anna")), key(&named("account", "anna")));
        assert_eq!(key(&Named { name: Some("Anna".into()), kind: None, identifier: None, service: Some(0) }), None);
    }
}
