//! Which parties are one person: by what the evidence says, and then by what people said of it.

use super::View;
use super::coded::Coded;
use super::parties::{Named, Parties};
use crate::EngineError;
use crate::work::{Said, Who};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The first party with the same identifier, of each party: what no change divides.
pub(super) struct Atoms(Vec<u32>);

impl Atoms {
    pub fn of(parties: &Parties) -> Self {
        let mut by_key: HashMap<(&str, String, Option<u32>), u32> = HashMap::new();
        let atom = |(number, named)| match key(named) {
            Some(key) => *by_key.entry(key).or_insert(number),
            None => number,
        };
        Atoms((0..).zip(&parties.named).map(atom).collect())
    }

    pub fn get(&self, party: u32) -> u32 {
        self.0.get(party as usize).copied().unwrap_or(party)
    }
}

/// Returns how a change names a party.
pub(super) fn who(named: &Named, services: &Coded) -> Who {
    let service = |code: Option<u32>| code.and_then(|code| services.named(code)).map(str::to_owned);
    match key(named) {
        Some((kind, value, code)) => {
            Who { kind: Some(kind.to_owned()), value: Some(value), name: None, service: service(code) }
        }
        None => Who {
            kind: named.kind.clone(),
            value: named.identifier.clone(),
            name: named.name.clone(),
            service: service(named.service),
        },
    }
}

/// What was said of people, as numbers of parties.
pub(super) struct ByHand {
    /// Number, whether it is a join, and the parties it names that the case has.
    said: Vec<(i64, bool, Vec<u32>)>,
    /// The numbers of the splits that name an atom, ascending.
    cuts: BTreeMap<u32, Vec<i64>>,
}

impl ByHand {
    pub fn find(view: &View, parties: &Parties, atoms: &Atoms, said: &[Said]) -> Result<Self, EngineError> {
        let services = view.coded("service")?;
        let wanted: BTreeSet<&Who> = said.iter().flat_map(|s| s.parties.iter().chain(&s.others)).collect();
        let mut known: BTreeMap<&Who, u32> = BTreeMap::new();
        if !wanted.is_empty() {
            for (party, named) in (0..).zip(&parties.named) {
                if atoms.get(party) == party
                    && let Some(who) = wanted.get(&who(named, &services))
                {
                    known.insert(who, party);
                }
            }
        }
        let mut by_hand = ByHand { said: Vec::new(), cuts: BTreeMap::new() };
        for said in said {
            let numbers = |list: &[Who]| list.iter().filter_map(|who| known.get(who).copied()).collect::<Vec<u32>>();
            let mut named = numbers(&said.parties);
            let joined = said.what == "joined";
            if !joined {
                named.iter().for_each(|atom| by_hand.cuts.entry(*atom).or_default().push(said.n));
            }
            named.extend(numbers(&said.others));
            by_hand.said.push((said.n, joined, named));
        }
        Ok(by_hand)
    }

    /// Returns of each change the parties that it names and the case has.
    pub fn named(&self) -> impl Iterator<Item = impl Iterator<Item = u32> + '_> + '_ {
        self.said.iter().map(|(_, _, named)| named.iter().copied())
    }

    /// Returns the splits after a change that an atom is on the far side of.
    fn cut(&self, atom: u32, after: i64) -> &[i64] {
        let all = self.cuts.get(&atom).map_or(&[][..], Vec::as_slice);
        all.get(all.partition_point(|n| *n <= after)..).unwrap_or_default()
    }

    /// Says whether somebody split two atoms that the evidence gives to one person.
    pub fn apart(&self, a: u32, b: u32) -> bool {
        self.cut(a, 0) != self.cut(b, 0)
    }

    /// Joins what was joined by hand, save what was split off again later.
    pub fn join(&self, union: &mut Union) {
        for (n, _, named) in self.said.iter().filter(|(_, joined, _)| *joined) {
            let mut groups: BTreeMap<&[i64], u32> = BTreeMap::new();
            for atom in named {
                let first = *groups.entry(self.cut(*atom, *n)).or_insert(*atom);
                union.join(first, *atom);
            }
        }
    }
}

/// Returns what two parties have to share to be one person; none for a name alone.
pub(super) fn key(named: &Named) -> Option<(&str, String, Option<u32>)> {
    let (kind, value) = (named.kind.as_deref()?, named.identifier.as_deref()?.trim());
    let value = match kind {
        "email" => value.to_lowercase(),
        "phone" => value.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect(),
        _ => value.to_owned(),
    };
    (!value.is_empty()).then_some((kind, value, named.service))
}

/// Sets of parties that are one.
pub(super) struct Union(Vec<u32>);

impl Union {
    pub fn new(all: usize) -> Self {
        Union((0..all as u32).collect())
    }

    pub fn root(&mut self, mut of: u32) -> u32 {
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
    pub fn join(&mut self, a: u32, b: u32) -> bool {
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
    pub fn joining_is_transitive() {
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
