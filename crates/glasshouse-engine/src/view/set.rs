//! What a query found: positions in the order of time.

use super::bits::Bits;
use super::order::Order;
use super::people::People;
use super::tally::Tallied;
use super::threads::Held;
use crate::EngineError;
use crate::cores::{cores, in_parts};
use std::sync::{Arc, Mutex, OnceLock};

/// Fewer records than these are not worth another thread.
pub(super) const WORTH_A_THREAD: u32 = 200_000;

/// Records that a query found, sorted by time; those without a time come last.
pub struct Set {
    positions: Positions,
    /// How many of them have a time.
    timed: u32,
    pub(super) kept: Kept,
}

/// What was counted over a set already: a list is asked for page by page, and each page needs all of it.
#[derive(Default)]
pub(super) struct Kept {
    pub talks: OnceLock<Arc<[Held]>>,
    /// With the people that were counted: who is one person may change.
    pub people: Mutex<Option<(Arc<People>, Arc<Tallied>)>>,
}

enum Positions {
    Range(u32, u32),
    List(Vec<u32>),
    Bits(Arc<Bits>),
}

/// Of this many positions one is set, or more of them, where bits take less than a list.
const DENSE: u32 = 32;

/// A piece of a set.
#[derive(Clone, Copy)]
pub(super) enum Share<'a> {
    Range(u32, u32),
    List(&'a [u32]),
    /// Those that are set from a position on and before another.
    Bits(&'a Bits, u32, u32),
}

impl Share<'_> {
    /// Calls a function with each position, ascending.
    pub fn each(self, mut take: impl FnMut(u32)) {
        match self {
            Share::Range(from, to) => (from..to).for_each(take),
            Share::List(list) => list.iter().for_each(|p| take(*p)),
            Share::Bits(bits, from, to) => bits.each(from, to, take),
        }
    }
}

/// The order of a list. Records without a time come last in both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sorted {
    OldestFirst,
    NewestFirst,
}

impl Set {
    pub(super) fn range(order: &Order, from: u32, to: u32) -> Self {
        let to = to.max(from);
        let timed = order.known.clamp(from, to) - from;
        Set { positions: Positions::Range(from, to), timed, kept: Kept::default() }
    }

    /// Returns the set that holds nothing.
    pub(super) fn none() -> Self {
        Set { positions: Positions::Range(0, 0), timed: 0, kept: Kept::default() }
    }

    /// Returns the set of some positions, given ascending.
    pub(super) fn list(order: &Order, positions: Vec<u32>) -> Self {
        let timed = positions.partition_point(|p| *p < order.known) as u32;
        Set { positions: Positions::List(positions), timed, kept: Kept::default() }
    }

    /// Returns the set of some positions, given in any order.
    pub(super) fn unsorted(order: &Order, mut positions: Vec<u32>) -> Self {
        if (positions.len() as u32).saturating_mul(DENSE) >= order.rows.len() as u32 {
            return Set::of_bits(order, Bits::of(order.rows.len() as u32, positions));
        }
        // A segment's rows ascend in time in runs: a stable sort finds them and only merges.
        positions.sort();
        Set::list(order, positions)
    }

    pub(super) fn of_bits(order: &Order, bits: Bits) -> Self {
        if bits.len().saturating_mul(DENSE) < order.rows.len() as u32 {
            return Set::list(order, bits.iter().collect());
        }
        Set { timed: bits.before(order.known), positions: Positions::Bits(Arc::new(bits)), kept: Kept::default() }
    }

    /// Returns the number of records.
    pub fn len(&self) -> u32 {
        match &self.positions {
            Positions::Range(from, to) => to - from,
            Positions::List(list) => list.len() as u32,
            Positions::Bits(bits) => bits.len(),
        }
    }

    /// Returns whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn timed(&self) -> u32 {
        self.timed
    }

    /// Returns the position of the record at a place of the set.
    pub(super) fn at(&self, place: u32) -> Option<u32> {
        match &self.positions {
            Positions::Range(from, to) => from.checked_add(place).filter(|p| p < to),
            Positions::List(list) => list.get(place as usize).copied(),
            Positions::Bits(bits) => bits.at(place),
        }
    }

    /// Returns how many of its positions lie before one.
    pub(super) fn before(&self, position: u32) -> u32 {
        match &self.positions {
            Positions::Range(from, to) => position.clamp(*from, *to) - from,
            Positions::List(list) => list.partition_point(|p| *p < position) as u32,
            Positions::Bits(bits) => bits.before(position),
        }
    }

    /// Returns first position and end, where it is all that lies between them.
    pub(super) fn bounds(&self) -> Option<(u32, u32)> {
        match &self.positions {
            Positions::Range(from, to) => Some((*from, *to)),
            Positions::List(_) | Positions::Bits(_) => None,
        }
    }

    /// Returns whether it holds a position.
    pub(super) fn has(&self, position: u32) -> bool {
        match &self.positions {
            Positions::Range(from, to) => (*from..*to).contains(&position),
            Positions::List(list) => list.binary_search(&position).is_ok(),
            Positions::Bits(bits) => bits.has(position),
        }
    }

    /// Returns of each position below `all` whether it holds it: for whoever asks of positions in another order.
    pub(super) fn bits(&self, all: u32) -> Arc<Bits> {
        match &self.positions {
            Positions::Bits(bits) => bits.clone(),
            Positions::Range(from, to) => Arc::new(Bits::of(all, *from..*to)),
            Positions::List(list) => Arc::new(Bits::of(all, list.iter().copied())),
        }
    }

    /// Returns its positions, ascending.
    pub(super) fn iter(&self) -> Box<dyn Iterator<Item = u32> + '_> {
        match &self.positions {
            Positions::Range(from, to) => Box::new(*from..*to),
            Positions::List(list) => Box::new(list.iter().copied()),
            Positions::Bits(bits) => Box::new(bits.iter()),
        }
    }

    /// Calls a function with each position, ascending.
    pub(super) fn each(&self, take: impl FnMut(u32)) {
        self.share(0, self.len()).each(take);
    }

    /// Counts the set in shares, as many at a time as there are cores; what each gives comes in the order of the set.
    pub(super) fn in_shares<T: Send>(&self, count: impl Fn(Share<'_>) -> T + Sync) -> Result<Vec<T>, EngineError> {
        self.in_shares_of(self.len().div_ceil(cores() as u32).max(WORTH_A_THREAD), count)
    }

    fn in_shares_of<T: Send>(&self, share: u32, count: impl Fn(Share<'_>) -> T + Sync) -> Result<Vec<T>, EngineError> {
        let number = self.len().div_ceil(share).max(1) as usize;
        let part = |number: usize| {
            let from = (number as u32).saturating_mul(share).min(self.len());
            Ok(count(self.share(from, from.saturating_add(share).min(self.len()))))
        };
        in_parts(number, part)
    }

    /// Returns what lies between two places of the set.
    fn share(&self, from: u32, to: u32) -> Share<'_> {
        match &self.positions {
            Positions::Range(first, _) => Share::Range(first + from, first + to),
            Positions::List(list) => Share::List(list.get(from as usize..to as usize).unwrap_or_default()),
            Positions::Bits(bits) => {
                let position = |place: u32| bits.at(place).unwrap_or(u32::MAX);
                Share::Bits(bits, position(from), if to < bits.len() { position(to) } else { u32::MAX })
            }
        }
    }

    /// Returns the positions of the list's ranks from `rank` on.
    pub(super) fn page(&self, sorted: Sorted, rank: u32, limit: u32) -> Vec<u32> {
        let end = rank.saturating_add(limit).min(self.len());
        (rank..end).filter_map(|rank| self.at(self.rank_at(sorted, rank))).collect()
    }

    /// Returns the rank in a list of a place in the order of time, and the place of a rank: it is the same turn.
    pub(super) fn rank_at(&self, sorted: Sorted, place: u32) -> u32 {
        match sorted {
            Sorted::NewestFirst if place < self.timed => self.timed - 1 - place,
            _ => place,
        }
    }

    /// Returns the rank of the first record at an instant or past it in the direction of the list.
    pub(super) fn rank(&self, order: &Order, sorted: Sorted, micros: i64) -> u32 {
        match sorted {
            Sorted::OldestFirst => self.before(order.from(micros)),
            Sorted::NewestFirst => self.timed - self.before(order.from(micros.saturating_add(1))).min(self.timed),
        }
    }

    /// Returns about how many bytes it takes, with what is kept beside it.
    pub(super) fn bytes(&self) -> usize {
        let positions = match &self.positions {
            Positions::Range(..) => 0,
            Positions::List(list) => list.len() * 4,
            Positions::Bits(bits) => bits.bytes(),
        };
        let talks = self.kept.talks.get().map_or(0, |talks| size_of_val(&**talks));
        // It is held while it is counted, and nobody waits for that here.
        let people = self.kept.people.try_lock();
        let people = people.map_or(0, |kept| kept.as_ref().map_or(0, |(_, tallied)| tallied.bytes()));
        200 + positions + talks + people
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shares join to the whole, whatever their size, and the last may be smaller.
    #[test]
    fn shares_join_to_the_set() {
        let order = Order { times: (0..40).collect(), rows: (0..40).collect(), places: (0..40).collect(), known: 30 };
        let list: Vec<u32> = (0..40).filter(|p| p % 3 != 0).collect();
        let (mut turned, few) = (list.clone(), vec![39]);
        turned.reverse();
        let sets = [
            Set::range(&order, 4, 37),
            Set::list(&order, list.clone()),
            Set::unsorted(&order, turned),
            Set::unsorted(&order, few),
            Set::range(&order, 5, 5),
        ];
        assert!(matches!(sets[2].positions, Positions::Bits(_)) && matches!(sets[3].positions, Positions::List(_)));
        assert_eq!((sets[1].timed(), sets[2].timed(), sets[3].timed()), (20, 20, 0));
        assert_eq!(sets[2].iter().collect::<Vec<_>>(), list);
        for set in sets {
            let whole: Vec<u32> = set.iter().collect();
            for (place, position) in (0..).zip(&whole) {
                assert_eq!((set.at(place), set.before(*position)), (Some(*position), place));
                assert!(set.has(*position) && !set.has(position + 40));
            }
            let bits = set.bits(40);
            assert_eq!((0..200).filter(|p| bits.has(*p)).collect::<Vec<_>>(), whole);
            for share in [1, 2, 7, 26, 100] {
                let shares = set.in_shares_of(share, |share| {
                    let mut positions = Vec::new();
                    share.each(|p| positions.push(p));
                    positions
                });
                let shares = shares.expect("counted");
                assert_eq!(shares.len(), whole.len().div_ceil(share as usize).max(1));
                assert_eq!(shares.concat(), whole, "in shares of {share}");
            }
        }
    }
}
