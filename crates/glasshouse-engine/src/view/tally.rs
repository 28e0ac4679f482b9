//! How many records of a set are whose, and who has to do with whom in them.

use super::View;
use super::parties::is_sender;
use super::people::{Edge, Graph, Node, People};
use super::set::Set;
use crate::EngineError;
use std::sync::{Arc, PoisonError};

/// Parties of one record that are drawn as edges: a message to a thousand people says little of each.
const MOST_SIDES: usize = 50;
/// A position that is none, and a place among those who are drawn.
const NONE: u32 = u32::MAX;

/// What a set holds of one person.
#[derive(Clone, Copy)]
pub(super) struct Tally {
    pub records: u32,
    /// Positions of the first and the last record with a time.
    first: u32,
    last: u32,
    /// Services, a bit each.
    pub services: u128,
}

/// What a set holds of everybody.
pub(super) struct Tallied {
    /// By person.
    pub of: Vec<Tally>,
    /// The people who are in it, who is in most records first.
    pub found: Vec<u32>,
    /// How many of its records have each list of parties.
    lists: Vec<u32>,
}

/// How many records of a set have a list of parties, and the first and the last position of those with a time.
#[derive(Clone, Copy)]
struct Having {
    records: u32,
    first: u32,
    last: u32,
}

impl Having {
    const NONE: Having = Having { records: 0, first: NONE, last: 0 };

    /// Adds what was counted at other positions.
    fn add(&mut self, more: Having) {
        self.records += more.records;
        self.first = self.first.min(more.first);
        self.last = self.last.max(more.last);
    }
}

impl Tally {
    const NONE: Tally = Tally { records: 0, first: NONE, last: 0, services: 0 };

    /// Adds records that a person is in.
    fn add(&mut self, having: Having, service: u32) {
        self.records += having.records;
        self.first = self.first.min(having.first);
        self.last = self.last.max(having.last);
        self.services |= bit(service);
    }

    /// Returns first and last position with a time, if there are any.
    pub fn span(&self) -> Option<(u32, u32)> {
        (self.first != NONE).then_some((self.first, self.last))
    }
}

impl Tallied {
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.of) + size_of_val(&*self.found) + size_of_val(&*self.lists)
    }

    pub fn get(&self, person: u32) -> Tally {
        self.of.get(person as usize).copied().unwrap_or(Tally::NONE)
    }
}

impl View {
    /// Counts a set by person, with the people it was counted by; it is kept with the set.
    pub(super) fn tallied(&self, set: &Set) -> Result<(Arc<People>, Arc<Tallied>), EngineError> {
        let people = self.people()?;
        // Held while it is counted: a page asks for the same count twice at once, and the second is to wait for the first.
        let mut kept = set.kept.people.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, tallied)) = &*kept
            && Arc::ptr_eq(of, &people)
        {
            return Ok((people, tallied.clone()));
        }
        let tallied = Arc::new(self.tally(set, &people)?);
        *kept = Some((people.clone(), tallied.clone()));
        Ok((people, tallied))
    }

    pub(super) fn tally(&self, set: &Set, people: &People) -> Result<Tallied, EngineError> {
        let (order, parties) = (self.order()?, self.parties()?);
        let shares = set.in_shares(|share| {
            let mut lists = vec![Having::NONE; parties.lists()];
            share.each(|position| {
                let Some(having) = lists.get_mut(parties.list_at(position) as usize) else { return };
                having.records += 1;
                // Positions ascend, and those without a time come last.
                if position < order.known {
                    having.first = having.first.min(position);
                    having.last = position;
                }
            });
            lists
        })?;
        let mut shares = shares.into_iter();
        let mut lists = shares.next().unwrap_or_default();
        for share in shares {
            lists.iter_mut().zip(share).for_each(|(all, more)| all.add(more));
        }
        let mut of = vec![Tally::NONE; people.number()];
        // The list at which each was counted last: somebody who is in a record twice is in one record.
        let mut counted = vec![NONE; people.number()];
        for (list, having) in (0..).zip(&lists).filter(|(_, having)| having.records > 0) {
            for person in parties.of_list(list).filter_map(|(party, _)| people.person(party)) {
                let (Some(tally), Some(counted)) = (of.get_mut(person as usize), counted.get_mut(person as usize))
                else {
                    continue;
                };
                if std::mem::replace(counted, list) != list {
                    tally.add(*having, parties.service(list));
                }
            }
        }
        let lists = lists.into_iter().map(|having| having.records).collect();
        let mut found: Vec<u32> = (0..).zip(&of).filter(|(_, t)| t.records > 0).map(|(person, _)| person).collect();
        let records = |person: &u32| of.get(*person as usize).map_or(0, |t| t.records);
        found.sort_unstable_by(|a, b| records(b).cmp(&records(a)).then(a.cmp(b)));
        Ok(Tallied { of, found, lists })
    }

    /// Returns the people who are in most records of a set, and the records that went between them.
    pub fn graph(&self, set: &Set, limit: usize) -> Result<Graph, EngineError> {
        let (people, tallied) = self.tallied(set)?;
        let service = self.coded("service")?;
        let shown = tallied.found.get(..limit.min(tallied.found.len())).unwrap_or_default();
        let between = self.between(&tallied, &people, shown)?;
        let nodes: Vec<Node> = shown
            .iter()
            .map(|person| Node {
                id: people.id(*person),
                name: people.name(*person),
                count: tallied.get(*person).records.into(),
                query: people.query(*person),
                own: people.owner.is(*person),
            })
            .collect();
        let mut edges: Vec<Edge> = between
            .chunks(shown.len().max(1))
            .zip(&nodes)
            .flat_map(|(to, from)| to.iter().zip(&nodes).map(move |(edge, to)| (from, to, edge)))
            .filter(|(_, _, (count, _))| *count > 0)
            .map(|(from, to, (count, services))| Edge {
                from: from.id.clone(),
                to: to.id.clone(),
                count: (*count).into(),
                services: bits(*services).filter_map(|code| service.named(code)).map(str::to_owned).collect(),
            })
            .collect();
        edges.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| (&a.from, &a.to).cmp(&(&b.from, &b.to))));
        edges.truncate(limit * 10);
        Ok(Graph { count: tallied.found.len() as u64, nodes, edges })
    }

    /// Counts the records from each of some people to each, with the services they are of: a table, row by row.
    fn between(&self, tallied: &Tallied, people: &People, shown: &[u32]) -> Result<Vec<(u32, u128)>, EngineError> {
        let parties = self.parties()?;
        let mut places = vec![NONE; people.number()];
        for (place, person) in (0..).zip(shown) {
            if let Some(slot) = places.get_mut(*person as usize) {
                *slot = place;
            }
        }
        let mut table = vec![(0u32, 0u128); shown.len() * shown.len()];
        let (mut from, mut to): (Vec<u32>, Vec<u32>) = Default::default();
        for (list, records) in (0..).zip(&tallied.lists).filter(|(_, records)| **records > 0) {
            from.clear();
            to.clear();
            for (party, role) in parties.of_list(list).take(MOST_SIDES) {
                let place = people.person(party).and_then(|p| places.get(p as usize).copied()).unwrap_or(NONE);
                let side = if is_sender(role) { &mut from } else { &mut to };
                if place != NONE && !side.contains(&place) {
                    side.push(place);
                }
            }
            for a in &from {
                for b in to.iter().filter(|b| *b != a) {
                    if let Some(edge) = table.get_mut(*a as usize * shown.len() + *b as usize) {
                        edge.0 += records;
                        edge.1 |= bit(parties.service(list));
                    }
                }
            }
        }
        Ok(table)
    }
}

fn bit(code: u32) -> u128 {
    1u128.checked_shl(code).unwrap_or(0)
}

/// Returns the numbers of the bits that are set.
pub(super) fn bits(mask: u128) -> impl Iterator<Item = u32> {
    (0..128).filter(move |bit| mask >> bit & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shares_counted_adds_up() {
        let having = |records, first, last| Having { records, first, last };
        let mut all = Having::NONE;
        // In a share may be nothing of a list, or only records without a time.
        for more in [Having::NONE, having(3, 10, 12), Having::NONE, having(1, 40, 40), having(2, NONE, 0)] {
            all.add(more);
        }
        assert_eq!((all.records, all.first, all.last), (6, 10, 40));
        let mut tally = Tally::NONE;
        assert_eq!(tally.span(), None);
        tally.add(having(2, NONE, 0), 1);
        assert_eq!((tally.records, tally.span(), tally.services), (2, None, 2));
        tally.add(all, 0);
        assert_eq!((tally.records, tally.span(), tally.services), (8, Some((10, 40)), 3));
    }
}
