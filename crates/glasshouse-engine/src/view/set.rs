//! What a query found: positions in the order of time.

use super::order::Order;

/// Records that a query found, sorted by time; those without a time come last.
pub struct Set {
    positions: Positions,
    /// How many of them have a time.
    timed: u32,
}

enum Positions {
    Range(u32, u32),
    List(Vec<u32>),
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
        Set { positions: Positions::Range(from, to), timed: order.known.clamp(from, to) - from }
    }

    /// Returns the set of some positions, given ascending.
    pub(super) fn list(order: &Order, positions: Vec<u32>) -> Self {
        let timed = positions.partition_point(|p| *p < order.known) as u32;
        Set { positions: Positions::List(positions), timed }
    }

    /// Returns the number of records.
    pub fn len(&self) -> u32 {
        match &self.positions {
            Positions::Range(from, to) => to - from,
            Positions::List(list) => list.len() as u32,
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
        }
    }

    /// Returns how many of its positions lie before one.
    pub(super) fn before(&self, position: u32) -> u32 {
        match &self.positions {
            Positions::Range(from, to) => position.clamp(*from, *to) - from,
            Positions::List(list) => list.partition_point(|p| *p < position) as u32,
        }
    }

    /// Returns whether it holds a position.
    pub(super) fn has(&self, position: u32) -> bool {
        self.at(self.before(position)) == Some(position)
    }

    /// Returns its positions, ascending.
    pub(super) fn iter(&self) -> Box<dyn Iterator<Item = u32> + '_> {
        match &self.positions {
            Positions::Range(from, to) => Box::new(*from..*to),
            Positions::List(list) => Box::new(list.iter().copied()),
        }
    }

    /// Calls a function with each position, ascending.
    pub(super) fn each(&self, mut take: impl FnMut(u32)) {
        match &self.positions {
            Positions::Range(from, to) => (*from..*to).for_each(take),
            Positions::List(list) => list.iter().for_each(|p| take(*p)),
        }
    }

    /// Returns the positions of the list's ranks from `rank` on.
    pub(super) fn page(&self, sorted: Sorted, rank: u32, limit: u32) -> Vec<u32> {
        let end = rank.saturating_add(limit).min(self.len());
        let place = |rank: u32| match sorted {
            Sorted::NewestFirst if rank < self.timed => self.timed - 1 - rank,
            _ => rank,
        };
        (rank..end).filter_map(|rank| self.at(place(rank))).collect()
    }

    /// Returns the rank of the first record at an instant or past it in the direction of the list.
    pub(super) fn rank(&self, order: &Order, sorted: Sorted, micros: i64) -> u32 {
        match sorted {
            Sorted::OldestFirst => self.before(order.from(micros)),
            Sorted::NewestFirst => self.timed - self.before(order.from(micros.saturating_add(1))).min(self.timed),
        }
    }

    /// Returns about how many bytes it takes.
    pub(super) fn bytes(&self) -> usize {
        match &self.positions {
            Positions::Range(..) => 64,
            Positions::List(list) => 64 + list.len() * 4,
        }
    }
}
