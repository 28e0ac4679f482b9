//! From a query to a set: words by the text index, everything else by columns in memory.

use super::order::Order;
use super::places::near;
use super::set::{Set, WORTH_A_THREAD};
use super::{View, cores, ids, in_parts, once};
use crate::EngineError;
use crate::search::query::{self, Condition, Filter};
use crate::segment::typed;
use datafusion::arrow::array::{Array, StringArray};
use std::sync::Arc;

type Test = Box<dyn Fn(u32) -> bool + Send + Sync>;

impl View {
    pub(super) fn find(&self, text: &str) -> Result<Set, EngineError> {
        let query = query::parse(text)?;
        let order = self.order()?;
        let (mut from, mut to) = (0, self.rows());
        let mut tests = Vec::new();
        for filter in &query.filters {
            match bounds(&order, filter) {
                Some((first, end)) => (from, to) = (from.max(first), to.min(end)),
                None => tests.push((filter.not, self.test(&filter.what)?)),
            }
        }
        let to = to.max(from);
        let keeps = |row: u32| tests.iter().all(|(not, test)| test(row) != *not);
        if query.words.is_empty() && query.without.is_empty() {
            if tests.is_empty() {
                return Ok(Set::range(&order, from, to));
            }
            if let Some(mut positions) = self.in_conversation(&query.filters)? {
                positions.retain(|position| (from..to).contains(position) && keeps(order.row(*position)));
                return Ok(Set::list(&order, positions));
            }
            return Ok(Set::list(&order, filtered(&order, from, to, &keeps)));
        }
        let mut positions = Vec::new();
        for (open, base) in self.searcher.segments().iter().zip(&self.bases) {
            let mut take = |row: u32| {
                let row = base + row;
                let position = order.place(row);
                if (from..to).contains(&position) && keeps(row) {
                    positions.push(position);
                }
            };
            match self.searcher.with_words(open, &query)? {
                Some(rows) => rows.into_iter().for_each(&mut take),
                None => (0..open.segment.rows as u32).for_each(&mut take),
            }
        }
        // Each segment's rows ascend in time already: a stable sort finds their runs and only merges them.
        positions.sort();
        Ok(Set::list(&order, positions))
    }

    /// Returns the positions of the conversations that a filter asks for, where one does: few of many.
    fn in_conversation(&self, filters: &[Filter]) -> Result<Option<Vec<u32>>, EngineError> {
        let asked = filters.iter().find_map(|filter| match &filter.what {
            Condition::Is("conversation", name) if !filter.not => Some(name),
            _ => None,
        });
        let Some(asked) = asked else { return Ok(None) };
        let (talks, threads) = (self.coded("conversation")?, self.threads()?);
        let named =
            (0..).zip(&talks.values).filter(|(_, v)| v.as_deref().is_some_and(|v| v.eq_ignore_ascii_case(asked)));
        let mut positions: Vec<u32> = named
            .flat_map(|(code, _)| threads.named(code))
            .flat_map(|thread| threads.positions(thread))
            .copied()
            .collect();
        positions.sort_unstable();
        Ok(Some(positions))
    }

    /// Returns the records of some families.
    pub(super) fn in_families(&self, families: &[&str]) -> Result<Set, EngineError> {
        let (order, family) = (self.order()?, self.coded("family")?);
        let wanted: Vec<bool> =
            family.values.iter().map(|f| f.as_deref().is_some_and(|f| families.contains(&f))).collect();
        let keeps = |row: u32| wanted.get(family.code(row) as usize).copied().unwrap_or(false);
        Ok(Set::list(&order, filtered(&order, 0, self.rows(), &keeps)))
    }

    fn test(&self, condition: &Condition) -> Result<Test, EngineError> {
        Ok(match condition {
            Condition::From(_) | Condition::Until(_) | Condition::HasTime | Condition::Is("on", _) => {
                let (order, filter) = (self.order()?, Filter { not: false, what: condition.clone() });
                let (from, to) = bounds(&order, &filter).unwrap_or((0, 0));
                Box::new(move |row| (from..to).contains(&order.place(row)))
            }
            Condition::Is("id", id) => {
                let row = match ids::parse(id) {
                    Some(id) => self.ids()?.row(&id),
                    None => None,
                };
                Box::new(move |r| Some(r) == row)
            }
            Condition::Is(column, value) => {
                let coded = self.coded(column)?;
                let short = *column == "format";
                let matches: Vec<bool> = coded
                    .values
                    .iter()
                    .map(|v| {
                        v.as_deref().is_some_and(|v| {
                            v.eq_ignore_ascii_case(value)
                                || short && v.rsplit_once('.').is_some_and(|(_, f)| f.eq_ignore_ascii_case(value))
                        })
                    })
                    .collect();
                Box::new(move |row| matches.get(coded.code(row) as usize).is_some_and(|m| *m))
            }
            Condition::Near { lat, lon, metres } => Box::new(near(self.places()?, *lat, *lon, *metres)),
            Condition::HasPlace => {
                let places = self.places()?;
                Box::new(move |row| places.get(row).is_some())
            }
            Condition::HasAttachment => {
                let mut with = vec![0u64; self.rows() as usize / 64 + 1];
                for item in &self.attached()?.items {
                    set_bit(&mut with, item.row);
                }
                Box::new(move |row| bit(&with, row))
            }
            Condition::HasText => {
                let with = self.with_text()?;
                Box::new(move |row| bit(&with, row))
            }
        })
    }

    pub(super) fn with_text(&self) -> Result<Arc<Vec<u64>>, EngineError> {
        once(&self.with_text, || {
            let mut with = vec![0u64; self.rows() as usize / 64 + 1];
            let mut row = 0;
            for open in self.searcher.segments() {
                for batch in open.columns.read(&["text"], None)? {
                    let column: &StringArray = typed(&batch, "text")?;
                    for i in 0..column.len() {
                        if column.is_valid(i) {
                            set_bit(&mut with, row);
                        }
                        row += 1;
                    }
                }
            }
            Ok(with)
        })
    }
}

/// Returns the positions that a condition on time leaves, where it is one and leaves them in one piece.
fn bounds(order: &Order, filter: &Filter) -> Option<(u32, u32)> {
    let all = order.rows.len() as u32;
    match (&filter.what, filter.not) {
        (Condition::From(micros), false) => Some((order.from(*micros), order.known)),
        (Condition::Until(micros), false) => Some((0, order.from(*micros))),
        (Condition::HasTime, false) => Some((0, order.known)),
        (Condition::HasTime, true) => Some((order.known, all)),
        (Condition::Is("on", range), false) => {
            let (from, until) = range.split_once(' ')?;
            Some((order.from(from.parse().ok()?), order.from(until.parse().ok()?)))
        }
        _ => None,
    }
}

/// Returns the positions whose rows pass, ascending, on as many threads as there are cores.
fn filtered(order: &Order, from: u32, to: u32, keeps: &(impl Fn(u32) -> bool + Sync)) -> Vec<u32> {
    let pick = |from: u32, to: u32| -> Vec<u32> { (from..to).filter(|p| keeps(order.row(*p))).collect() };
    let share = ((to - from) / cores() as u32).max(WORTH_A_THREAD);
    if to - from <= share {
        return pick(from, to);
    }
    let starts: Vec<u32> = (from..to).step_by(share as usize).collect();
    let part = |number: usize| {
        let start = starts.get(number).copied().unwrap_or(to);
        pick(start, start.saturating_add(share).min(to))
    };
    in_parts(starts.len(), |number| Ok::<_, EngineError>(part(number))).into_iter().flatten().flatten().collect()
}

fn set_bit(bits: &mut [u64], row: u32) {
    if let Some(word) = bits.get_mut(row as usize / 64) {
        *word |= 1 << (row % 64);
    }
}

fn bit(bits: &[u64], row: u32) -> bool {
    bits.get(row as usize / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
}
