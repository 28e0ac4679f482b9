//! From a query to a set: words by the text index, everything else by columns in memory.

use super::beside::ready;
use super::bits::{self, Bits, between, is_set};
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

/// What a filter says of rows.
pub(super) trait Test: Send + Sync {
    fn passes(&self, row: u32) -> bool;

    /// Returns a bit for each of at most 64 rows: millions are asked, and asking one at a time would cost more than the answer.
    fn passing(&self, rows: &[u32]) -> u64 {
        (0u32..).zip(rows).fold(0, |bits, (number, row)| bits | u64::from(self.passes(*row)) << number)
    }
}

impl<F: Fn(u32) -> bool + Send + Sync> Test for F {
    fn passes(&self, row: u32) -> bool {
        self(row)
    }
}

/// The tests of a query, each with whether it must fail instead.
type Tests = Vec<(bool, Box<dyn Test>)>;

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
        Ok(match words {
            Some(rows) => {
                let take = |row: u32| {
                    let position = order.place(row);
                    ((from..to).contains(&position) && keeps(row)).then_some(position)
                };
                Set::unsorted(&order, rows.into_iter().filter_map(take).collect())
            }
            None if tests.is_empty() => Set::range(&order, from, to),
            None => match self.in_conversation(&query.filters)? {
                Some(mut positions) => {
                    positions.retain(|position| (from..to).contains(position) && keeps(order.row(*position)));
                    Set::list(&order, positions)
                }
                None => Set::of_bits(&order, filtered(&order, from, to, &tests)?),
            },
        })
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
        let tests: Tests = vec![(false, family.one_of(wanted))];
        Ok(Set::of_bits(&order, filtered(&order, 0, self.rows(), &tests)?))
    }

    /// Returns the tests of some filters, each with what it must not say.
    fn tests<'f>(&self, filters: impl IntoIterator<Item = &'f Filter>) -> Result<Tests, EngineError> {
        filters.into_iter().map(|filter| Ok((filter.not, self.test(&filter.what)?))).collect()
    }

    fn test(&self, condition: &Condition) -> Result<Box<dyn Test>, EngineError> {
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
                coded.one_of(matches)
            }
            Condition::Near { lat, lon, metres } => Box::new(near(self.places()?, *lat, *lon, *metres)),
            Condition::HasPlace => {
                let places = self.places()?;
                Box::new(move |row| places.get(row).is_some())
            }
            Condition::HasAttachment(kind) => {
                let mut with = bits::none(self.rows());
                for item in self.attached()?.items.iter().filter(|item| kind.is_none_or(|kind| kind == item.kind)) {
                    bits::set(&mut with, item.row);
                }
                Box::new(move |row| is_set(&with, row))
            }
            Condition::HasText => {
                let with = self.with_text()?;
                Box::new(move |row| is_set(&with, row))
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
            let mut with = bits::none(self.rows());
            let mut row = 0;
            for open in self.searcher.segments() {
                for batch in open.columns.batches(&["text"], None)? {
                    let batch = batch?;
                    let column: &StringArray = typed(&batch, "text")?;
                    for i in 0..column.len() {
                        if column.is_valid(i) {
                            bits::set(&mut with, row);
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
fn passes(tests: &Tests, row: u32) -> bool {
    tests.iter().all(|(not, test)| test.passes(row) != *not)
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

/// Returns the positions whose rows pass all tests, on as many threads as there are cores.
fn filtered(order: &Order, from: u32, to: u32, tests: &Tests) -> Result<Bits, EngineError> {
    let word = |number: u32| {
        let start = number * u64::BITS;
        let end = order.rows.len().min(start as usize + u64::BITS as usize);
        let rows = order.rows.get(start as usize..end).unwrap_or_default();
        let mut passing = between(start, from, to);
        for (not, test) in tests {
            if passing == 0 {
                break;
            }
            passing &= test.passing(rows) ^ if *not { u64::MAX } else { 0 };
        }
        passing
    };
    let words = order.rows.len().div_ceil(u64::BITS as usize) as u32;
    // What lies outside costs nothing: the shares divide what is between.
    let (first, end) = (from / u64::BITS, to.div_ceil(u64::BITS).min(words));
    let share = (end - first).div_ceil(cores() as u32).max(WORTH_A_THREAD / u64::BITS);
    let starts: Vec<u32> = (first..end).step_by(share as usize).collect();
    let parts = in_parts(starts.len(), |number| {
        let start = starts.get(number).copied().unwrap_or(end);
        Ok((start..start.saturating_add(share).min(end)).map(word).collect::<Vec<u64>>())
    })?;
    let mut found = vec![0; first as usize];
    parts.into_iter().for_each(|part| found.extend(part));
    found.resize(words as usize, 0);
    Ok(Bits::new(found))
}
