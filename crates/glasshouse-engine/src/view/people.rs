//! People: parties that share an identifier, with the reasons why they are taken to be one.
//!
//! Nothing is merged by name: a party known by its name alone stays by itself.

use super::coded::Coded;
use super::facets::words_of;
use super::joined::{Atoms, ByHand, Union, who};
use super::owner::Owner;
use super::parties::{Named, Parties};
use super::set::Set;
use super::tally::bits;
use super::{View, iso};
use crate::EngineError;
use crate::work::{self, Said, Who};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, PoisonError};

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
    /// What it is split off by; none for a name that goes with an identifier.
    pub id: Option<String>,
    /// Where it means nothing elsewhere.
    pub service: Option<String>,
}

/// What somebody said of who is one person.
#[derive(Clone, Debug, Serialize)]
pub struct ByPeople {
    pub n: i64,
    /// `joined` or `split`.
    pub what: String,
    /// The identifiers of one of two that were joined, or those that were split off.
    pub parties: Vec<String>,
    /// Those of the other, or those that stayed.
    pub others: Vec<String>,
    pub reason: String,
    pub person: String,
    pub time: String,
}

/// What tells a party from all others, by the id under which it can be split off.
pub type Part = (String, Who);

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
    /// What people said of who this is, which is no evidence.
    pub by_hand: Vec<ByPeople>,
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
    /// People in the set, of whom the nodes are those in most records.
    pub count: u64,
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
    atoms: Atoms,
    /// What people said of who is one person, and which of it is about whom.
    pub said: Vec<Said>,
    touched: HashMap<u32, Vec<usize>>,
    services: Arc<Coded>,
    /// Who of them holds the account.
    pub owner: Owner,
}

impl People {
    pub fn load(view: &View) -> Result<Self, EngineError> {
        let (parties, said) = (view.parties()?, work::said(view.case())?);
        let atoms = Atoms::of(&parties);
        let by_hand = ByHand::find(view, &parties, &atoms, &said)?;
        let mut union = Union::new(parties.named.len());
        for party in 0..parties.named.len() as u32 {
            union.join(atoms.get(party), party);
        }
        let service = view.coded("service")?;
        let reasons = listed_together(view, &parties, &atoms, &by_hand, &mut union)?;
        by_hand.join(&mut union);
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
        let mut touched: HashMap<u32, Vec<usize>> = HashMap::new();
        for (number, named) in by_hand.named().enumerate() {
            let persons: BTreeSet<u32> = named.filter_map(|party| of.get(party as usize).copied()).collect();
            persons.into_iter().for_each(|person| touched.entry(person).or_default().push(number));
        }
        let owner = Owner::default();
        let mut people = People { of, members, why, parties, atoms, services: service, said, touched, owner };
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

    /// Says whether a word, in small letters, stands in one of a person's names or identifiers.
    fn has(&self, person: u32, word: &str) -> bool {
        let within = |text: &Option<String>| text.as_deref().is_some_and(|text| text.to_lowercase().contains(word));
        self.named(person).any(|named| within(&named.name) || within(&named.identifier))
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
        for party in self.members.get(person as usize).into_iter().flatten() {
            let Some(named) = self.parties.get(*party) else { continue };
            let service = named.service.and_then(|code| self.services.named(code)).map(str::to_owned);
            let id = Some(short_id(&self.who(*party)));
            let name = named.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
            if let (Some(kind), Some(value)) = (&named.kind, &named.identifier) {
                seen.insert(Identifier { kind: kind.clone(), value: value.clone(), id, service });
                if let Some(value) = name {
                    seen.insert(Identifier { kind: "name".into(), value: value.to_owned(), id: None, service: None });
                }
            } else if let Some(value) = name {
                seen.insert(Identifier { kind: "name".into(), value: value.to_owned(), id, service });
            }
        }
        seen.into_iter().take(MOST_IDENTIFIERS).collect()
    }

    /// Returns how a change names a party.
    pub fn who(&self, party: u32) -> Who {
        self.parties.get(party).map(|named| who(named, &self.services)).unwrap_or_default()
    }

    /// Returns what a person is made of, each with its id, in the order of their names.
    fn parts(&self, person: u32) -> Vec<Part> {
        let atoms: BTreeSet<u32> =
            self.members.get(person as usize).into_iter().flatten().map(|party| self.atoms.get(*party)).collect();
        let mut parts: Vec<Part> = atoms
            .into_iter()
            .map(|atom| {
                let who = self.who(atom);
                (short_id(&who), who)
            })
            .collect();
        parts.sort_by(|a, b| a.1.cmp(&b.1));
        parts
    }

    fn by_hand(&self, person: u32) -> Vec<ByPeople> {
        let touched = self.touched.get(&person).into_iter().flatten();
        touched.filter_map(|number| self.said.get(*number)).map(said).collect()
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
    /// Returns the number of people in a set, and some of them, who is in most records first; with words, only those
    /// who have all of them in a name or an identifier.
    pub fn people_list(
        &self,
        set: &Set,
        words: &str,
        rank: usize,
        limit: usize,
    ) -> Result<(u64, Vec<Person>), EngineError> {
        let (people, found) = self.found(set, words)?;
        let (_, tallied) = self.tallied(set)?;
        let (order, service) = (self.order()?, self.coded("service")?);
        let rows = found.iter().skip(rank).take(limit).map(|person| {
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
                by_hand: people.by_hand(*person),
                query: people.query(*person),
                own: people.owner.is(*person),
            }
        });
        Ok((found.len() as u64, rows.collect()))
    }

    /// Returns the rank of a person in that list, if they are in it.
    pub fn person_rank(&self, set: &Set, words: &str, id: &str) -> Result<Option<usize>, EngineError> {
        let (people, found) = self.found(set, words)?;
        Ok(found.iter().position(|person| people.id(*person) == id))
    }

    fn found(&self, set: &Set, words: &str) -> Result<(Arc<People>, Vec<u32>), EngineError> {
        let (people, tallied) = self.tallied(set)?;
        let words: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
        let found = tallied.found.iter().copied().filter(|person| words.iter().all(|word| people.has(*person, word)));
        let found = found.collect();
        Ok((people, found))
    }

    /// Returns what a person is made of, by which a change names them.
    pub fn parts_of(&self, id: &str) -> Result<Option<Vec<Part>>, EngineError> {
        let people = self.people()?;
        let person = (0..people.number() as u32).find(|person| people.id(*person) == id);
        Ok(person.map(|person| people.parts(person)))
    }

    /// Returns the id of the person that has a party.
    pub fn person_of(&self, who: &Who) -> Result<Option<String>, EngineError> {
        let people = self.people()?;
        let party = (0..people.of.len() as u32).find(|party| people.who(*party) == *who);
        Ok(party.and_then(|party| people.person(party)).map(|person| people.id(person)))
    }

    /// Returns what people said of who is one person, and which of it names somebody that the case has.
    pub fn said_of_people(&self) -> Result<Vec<(ByPeople, bool)>, EngineError> {
        let people = self.people()?;
        let known: BTreeSet<usize> = people.touched.values().flatten().copied().collect();
        Ok((0..).zip(&people.said).map(|(number, one)| (said(one), known.contains(&number))).collect())
    }

    /// Takes up what was said of people since they were computed; where that cannot be read, who asks for people is told.
    pub fn look_again(&self) {
        let mut people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        if people.as_ref().is_some_and(|known| work::said(self.case()).ok().as_ref() != Some(&known.said)) {
            *people = None;
        }
    }
}

/// Joins the parties that a contact or an account lists together, and returns why, by party.
fn listed_together(
    view: &View,
    parties: &Parties,
    atoms: &Atoms,
    by_hand: &ByHand,
    union: &mut Union,
) -> Result<Vec<(u32, String)>, EngineError> {
    let (order, family, service) = (view.order()?, view.coded("family")?, view.coded("service")?);
    let mut reasons = Vec::new();
    let about_one: Vec<bool> =
        family.values.iter().map(|f| matches!(f.as_deref(), Some("contact" | "account"))).collect();
    if !about_one.contains(&true) {
        return Ok(reasons);
    }
    for row in 0..view.rows() {
        if !about_one.get(family.code(row) as usize).copied().unwrap_or(false) {
            continue;
        }
        // A contact's identifiers are one person's: its parser gives them one after another.
        let items: Vec<(u32, usize)> = parties.of(order.place(row)).collect();
        for pair in items.windows(2) {
            let [(a, role), (b, other)] = pair else { continue };
            let (Some(one), Some(two)) = (parties.get(*a), parties.get(*b)) else { continue };
            let together = role == other && one.name.is_some() && one.name == two.name;
            if together && !by_hand.apart(atoms.get(*a), atoms.get(*b)) && union.join(*a, *b) {
                let (from, one, two) = (service.value(row).unwrap_or_default(), shown(one), shown(two));
                let family = family.value(row).unwrap_or("contact");
                reasons.push((*a, format!("A {family} of {from} lists {one} and {two} together.")));
            }
        }
    }
    Ok(reasons)
}

fn said(said: &Said) -> ByPeople {
    let labels = |list: &[Who]| {
        let label = |who: &Who| who.value.clone().or_else(|| who.name.clone()).unwrap_or_default();
        list.iter().take(MOST_IDENTIFIERS).map(label).collect()
    };
    ByPeople {
        n: said.n,
        what: said.what.clone(),
        parties: labels(&said.parties),
        others: labels(&said.others),
        reason: said.reason.clone(),
        person: said.person.clone(),
        time: said.time.clone(),
    }
}

/// Returns the id of a party as a change names it.
fn short_id(who: &Who) -> String {
    let text = serde_json::to_string(who).unwrap_or_default();
    glasshouse_layout::hex(glasshouse_layout::sha256(text.as_bytes())).chars().take(16).collect()
}

fn shown(named: &Named) -> &str {
    named.identifier.as_deref().or(named.name.as_deref()).unwrap_or("an identifier")
}
