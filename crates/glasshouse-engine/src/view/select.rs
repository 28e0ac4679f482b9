//! From a query to a set: words by the text index, everything else by columns in memory.

use super::beside::ready;
use super::order::Order;
use super::places::near;
use super::set::{Set, WORTH_A_THREAD};
use super::{View, ids, once};
use crate::EngineError;
use crate::cores::{cores, in_parts};
use crate::search::query::{Condition, Filter, Query};
use crate::segment::typed;
use datafusion::arrow::array::{Array, StringArray};
use std::sync::Arc;

type Test = Box<dyn Fn(u32) -> bool + Send + Sync>;

impl View {
    /// Returns what a query finds.
    pub(super) fn find(&self, query: &Query) -> Result<Set, EngineError> {
        let words = self.with_words(query)?;
        if words.as_ref().is_some_and(Vec::is_empty) {
            return Ok(Set::none());
        }
        let order = self.order()?;
        let (mut from, mut to) = (0, self.rows());
        let mut others = Vec::new();
        for filter in &query.filters {
            match bounds(&order, filter) {
                Some((first, end)) => (from, to) = (from.max(first), to.min(end)),
                None => others.push(filter),
            }
        }
        if from >= to {
            return Ok(Set::none());
        }
        let tests = self.tests(others)?;
        let keeps = |row: u32| passes(&tests, row);
        let mut positions: Vec<u32> = match words {
            Some(rows) => {
                let mut take = |row: u32| {
                    let position = order.place(row);
                    ((from..to).contains(&position) && keeps(row)).then_some(position)
                };
                rows.into_iter().filter_map(&mut take).collect()
            }
            None if tests.is_empty() => return Ok(Set::range(&order, from, to)),
            None => {
                let Some(mut positions) = self.in_conversation(&query.filters)? else {
                    return Ok(Set::list(&order, filtered(&order, from, to, &keeps)?));
                };
                positions.retain(|position| (from..to).contains(position) && keeps(order.row(*position)));
                positions
            }
        };
        // A segment's rows ascend in time in runs: a stable sort finds them and only merges.
        positions.sort();
        Ok(Set::list(&order, positions))
    }

    /// Returns the rows that a query finds, ascending; none where it finds all.
    ///
    /// No time is read unless the query asks for one.
    pub(super) fn rows_of(&self, query: &Query) -> Result<Option<Vec<u32>>, EngineError> {
        let words = self.with_words(query)?;
        if query.filters.is_empty() || words.as_ref().is_some_and(Vec::is_empty) {
            return Ok(words);
        }
        let tests = self.tests(&query.filters)?;
        let keeps = |row: &u32| passes(&tests, *row);
        Ok(Some(match words {
            Some(rows) => rows.into_iter().filter(keeps).collect(),
            None => (0..self.rows()).filter(keeps).collect(),
        }))
    }

    /// Returns the rows that have the words of a query, ascending; none where it asks for no words.
    fn with_words(&self, query: &Query) -> Result<Option<Vec<u32>>, EngineError> {
        if query.words.is_empty() && query.without.is_empty() {
            return Ok(None);
        }
        let mut found = Vec::new();
        for (open, base) in self.searcher.segments().iter().zip(&self.bases) {
            match self.searcher.with_words(open, query)? {
                Some(rows) => found.extend(rows.into_iter().map(|row| base + row)),
                None => found.extend(*base..base + open.segment.rows as u32),
            }
        }
        Ok(Some(found))
    }

    /// Returns the positions of the conversations that a filter asks for, where one does and they are held: few of many.
    fn in_conversation(&self, filters: &[Filter]) -> Result<Option<Vec<u32>>, EngineError> {
        let asked = filters.iter().find_map(|filter| match &filter.what {
            Condition::Is("conversation", name) if !filter.not => Some(name),
            _ => None,
        });
        let Some(asked) = asked else { return Ok(None) };
        let Some(threads) = ready(&self.threads) else { return Ok(None) };
        let talks = self.coded("conversation")?;
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
        Ok(Set::list(&order, filtered(&order, 0, self.rows(), &keeps)?))
    }

    /// Returns the tests of some filters, each with what it must not say.
    fn tests<'f>(&self, filters: impl IntoIterator<Item = &'f Filter>) -> Result<Vec<(bool, Test)>, EngineError> {
        filters.into_iter().map(|filter| Ok((filter.not, self.test(&filter.what)?))).collect()
    }

    fn test(&self, condition: &Condition) -> Result<Test, EngineError> {
        Ok(match condition {
            Condition::From(_) | Condition::Until(_) | Condition::HasTime | Condition::Is("on", _) => {
                let (order, filter) = (self.order()?, Filter { not: false, what: condition.clone() });
                let (from, to) = bounds(&order, &filter).unwrap_or((0, 0));
                Box::new(move |row| (from..to).contains(&order.place(row)))
            }
            Condition::Is("id", id) => {
                let row = match (ready(&self.ids), ids::parse(id)) {
                    (Some(ids), Some(id)) => ids.row(&id),
                    // To look for one needs no order of all.
                    (None, Some(_)) => self.row_with(id)?,
                    (_, None) => None,
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
            Condition::HasAttachment(kind) => {
                let mut with = vec![0u64; self.rows() as usize / 64 + 1];
                for item in self.attached()?.items.iter().filter(|item| kind.is_none_or(|kind| kind == item.kind)) {
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

    fn row_with(&self, id: &str) -> Result<Option<u32>, EngineError> {
        for (open, base) in self.searcher.segments().iter().zip(&self.bases) {
            let mut row = *base;
            for batch in open.columns.batches(&["id"], None)? {
                let batch = batch?;
                let column: &StringArray = typed(&batch, "id")?;
                if let Some(place) = column.iter().position(|known| known == Some(id)) {
                    return Ok(Some(row + place as u32));
                }
                row += column.len() as u32;
            }
        }
        Ok(None)
    }

    pub(super) fn with_text(&self) -> Result<Arc<Vec<u64>>, EngineError> {
        once(&self.with_text, || {
            let mut with = vec![0u64; self.rows() as usize / 64 + 1];
            let mut row = 0;
            for open in self.searcher.segments() {
                for batch in open.columns.batches(&["text"], None)? {
                    let batch = batch?;
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

/// Says whether a row passes all tests.
fn passes(tests: &[(bool, Test)], row: u32) -> bool {
    tests.iter().all(|(not, test)| test(row) != *not)
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
fn filtered(order: &Order, from: u32, to: u32, keeps: &(impl Fn(u32) -> bool + Sync)) -> Result<Vec<u32>, EngineError> {
    let pick = |from: u32, to: u32| -> Vec<u32> { (from..to).filter(|p| keeps(order.row(*p))).collect() };
    let share = ((to - from) / cores() as u32).max(WORTH_A_THREAD);
    if to - from <= share {
        return Ok(pick(from, to));
    }
    let starts: Vec<u32> = (from..to).step_by(share as usize).collect();
    let part = |number: usize| {
        let start = starts.get(number).copied().unwrap_or(to);
        Ok(pick(start, start.saturating_add(share).min(to)))
    };
    Ok(in_parts(starts.len(), part)?.concat())
}

fn set_bit(bits: &mut [u64], row: u32) {
    if let Some(word) = bits.get_mut(row as usize / 64) {
        *word |= 1 << (row % 64);
    }
}

fn bit(bits: &[u64], row: u32) -> bool {
    bits.get(row as usize / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
}
