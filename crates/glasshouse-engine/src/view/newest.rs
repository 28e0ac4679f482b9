//! For who asks once: a query is answered segment by segment, and of each only the columns that it needs are read.

use super::View;
use crate::EngineError;
use crate::cores::in_parts;
use crate::search::columns::NO_TIME;
use crate::search::query::{self, Condition, Query};
use crate::search::{Hit, Hits, Open, Searcher};
use glasshouse_layout::Segment;
use std::cmp::Ordering;
use std::path::Path;

/// Finds what a query asks for: the number of all, and the newest `limit` of them.
pub fn search(case: &Path, text: &str, limit: usize) -> Result<Hits, EngineError> {
    let query = query::parse(text)?;
    let searcher = Searcher::open(case)?;
    let parts = each(&searcher, &query, |number, open, view| {
        let rows = view.rows_of(&query)?;
        let count = rows.as_ref().map_or(open.segment.rows, |rows| rows.len() as u64);
        let newest = if limit == 0 || count == 0 { Vec::new() } else { newest(open, number, rows, limit)? };
        Ok((count, newest))
    })?;
    let count = parts.iter().map(|(count, _)| count).sum();
    let mut newest: Vec<Found> = parts.into_iter().flat_map(|(_, newest)| newest).collect();
    newest.sort_unstable();
    newest.truncate(limit);
    let mut rows: Vec<Option<Hit>> = vec![None; newest.len()];
    for (number, open) in searcher.segments().iter().enumerate() {
        let here = newest.iter().enumerate().filter(|(_, found)| found.segment == number);
        let mut wanted: Vec<(u32, usize)> = here.map(|(place, found)| (found.row, place)).collect();
        wanted.sort_unstable();
        let ascending: Vec<u32> = wanted.iter().map(|(row, _)| *row).collect();
        for (hit, (_, place)) in open.columns.hits(&ascending)?.into_iter().zip(wanted) {
            if let Some(slot) = rows.get_mut(place) {
                *slot = Some(hit);
            }
        }
    }
    Ok(Hits { count, rows: rows.into_iter().flatten().collect() })
}

/// Returns the ids of all records that a query finds.
pub fn ids(case: &Path, text: &str) -> Result<Vec<String>, EngineError> {
    let query = query::parse(text)?;
    let searcher = Searcher::open(case)?;
    let parts = each(&searcher, &query, |_, open, view| match view.rows_of(&query)? {
        Some(rows) if rows.is_empty() => Ok(Vec::new()),
        rows => open.columns.ids(rows.as_deref()),
    })?;
    Ok(parts.concat())
}

/// Asks each segment that can hold anything of what a query asks for.
fn each<T: Default + Send>(
    searcher: &Searcher,
    query: &Query,
    ask: impl Fn(usize, &Open, &View) -> Result<T, EngineError> + Sync,
) -> Result<Vec<T>, EngineError> {
    let segments = searcher.segments();
    let part = |number: usize| match segments.get(number) {
        Some(open) if !lies_outside(&open.segment, query) => ask(number, open, &View::over(searcher.over(open))?),
        _ => Ok(T::default()),
    };
    in_parts(segments.len(), part)
}

/// Returns the newest of some rows of a segment, in no order.
fn newest(open: &Open, segment: usize, rows: Option<Vec<u32>>, most: usize) -> Result<Vec<Found>, EngineError> {
    let times = open.columns.times()?;
    let found = |row: u32| {
        let time = times.get(row as usize).copied().filter(|time| *time != NO_TIME);
        Found { time, segment, row }
    };
    // Rows ascend in time in runs: from the last one on, most are soon seen to be too old.
    Ok(match rows {
        Some(rows) => first(most, rows.into_iter().rev().map(found)),
        None => first(most, (0..times.len() as u32).rev().map(found)),
    })
}

/// Returns those of many that sort first, in no order, and holds twice as many at most.
fn first<T: Ord + Copy>(most: usize, all: impl Iterator<Item = T>) -> Vec<T> {
    let (mut kept, mut bound): (Vec<T>, Option<T>) = (Vec::new(), None);
    for item in all {
        if bound.is_some_and(|bound| item >= bound) {
            continue;
        }
        kept.push(item);
        if kept.len() > most.saturating_mul(2) {
            bound = Some(*kept.select_nth_unstable(most).1);
            kept.truncate(most);
        }
    }
    if most < kept.len() {
        kept.select_nth_unstable(most);
        kept.truncate(most);
    }
    kept
}

/// Says whether a condition on time leaves nothing of a segment, by its first and last time.
fn lies_outside(segment: &Segment, query: &Query) -> bool {
    let (Some(first), Some(last)) = (segment.first, segment.last) else { return false };
    query.filters.iter().filter(|filter| !filter.not).any(|filter| match filter.what {
        Condition::From(from) => last < from,
        Condition::Until(until) => first >= until,
        _ => false,
    })
}

/// A record that was found; it sorts as the newest first, those without a time last, each in the page's order.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Found {
    time: Option<i64>,
    segment: usize,
    row: u32,
}

impl Ord for Found {
    fn cmp(&self, other: &Self) -> Ordering {
        let place = |found: &Found| (found.segment, found.row);
        match (self.time, other.time) {
            (None, None) => place(self).cmp(&place(other)),
            (one, two) => two.cmp(&one).then(place(other).cmp(&place(self))),
        }
    }
}

impl PartialOrd for Found {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_many_are_those_of_the_sorted() {
        let all: Vec<u32> = (0..500).map(|n| n * 7919 % 501).collect();
        for most in [0, 1, 2, 20, 249, 499, 500, 501, usize::MAX] {
            let mut kept = first(most, all.iter().copied());
            kept.sort_unstable();
            let mut sorted = all.clone();
            sorted.sort_unstable();
            sorted.truncate(most);
            assert_eq!(kept, sorted, "{most}");
        }
    }

    #[test]
    fn the_newest_come_first_and_those_without_a_time_last() {
        let found = |time, segment, row| Found { time, segment, row };
        let mut all = [
            found(None, 1, 0),
            found(Some(5), 0, 3),
            found(None, 0, 9),
            found(Some(7), 0, 1),
            found(Some(5), 1, 2),
            found(Some(5), 1, 4),
        ];
        all.sort_unstable();
        let places: Vec<_> = all.iter().map(|f| (f.segment, f.row)).collect();
        assert_eq!(places, [(0, 1), (1, 4), (1, 2), (0, 3), (0, 9), (1, 0)]);
    }
}
