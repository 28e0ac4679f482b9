//! Every record of a case in the order of time: the space in which lists, bars and filters are counted.

use crate::EngineError;
use crate::cores::{cores, in_parts};
use crate::search::columns::NO_TIME;
use crate::search::{Open, Searcher};
use std::sync::Arc;

/// All records sorted by time; those without one come last, in the order of their rows.
///
/// A *row* numbers the records segment by segment, a *position* by time.
pub(super) struct Order {
    /// Time at each position, ascending.
    pub times: Vec<i64>,
    /// Row at each position.
    pub rows: Vec<u32>,
    /// Position of each row.
    pub places: Vec<u32>,
    /// Positions before this one have a time.
    pub known: u32,
}

/// Returns each segment with the number of its first row.
fn with_starts(segments: &[Arc<Open>]) -> Vec<(&Open, u32)> {
    let mut start = 0u32;
    let each = segments.iter().map(|open| {
        let first = start;
        start = start.saturating_add(open.segment.rows as u32);
        (&**open, first)
    });
    each.collect()
}

impl Order {
    pub fn load(searcher: &Searcher, all: u32) -> Result<Self, EngineError> {
        // Nothing is shown before this is done: all cores read, each its share of the segments, and sort it.
        let segments = with_starts(searcher.segments());
        let share = segments.len().div_ceil(cores()).max(1);
        let shares: Vec<&[(&Open, u32)]> = segments.chunks(share).collect();
        let parts = in_parts(shares.len(), |number| {
            let mut timed: Vec<(i64, u32)> = Vec::new();
            for (open, start) in shares.get(number).copied().unwrap_or_default() {
                timed.extend(open.columns.times()?.into_iter().zip(*start..));
            }
            // Segments are sorted in runs: a stable sort finds them and only merges them.
            timed.sort_by_key(|(time, _)| *time);
            Ok(timed)
        })?;
        let mut timed: Vec<(i64, u32)> = Vec::with_capacity(all as usize);
        for mut part in parts {
            timed.append(&mut part);
        }
        timed.sort_by_key(|(time, _)| *time);
        let known = timed.partition_point(|(time, _)| *time != NO_TIME) as u32;
        let mut places = vec![0; timed.len()];
        for (position, (_, row)) in timed.iter().enumerate() {
            if let Some(place) = places.get_mut(*row as usize) {
                *place = position as u32;
            }
        }
        let (times, rows) = timed.into_iter().unzip();
        Ok(Order { times, rows, places, known })
    }

    /// Returns the first position whose time is not before an instant.
    pub fn from(&self, micros: i64) -> u32 {
        self.times.partition_point(|t| *t < micros).min(self.known as usize) as u32
    }

    /// Returns the time at a position, if it is known.
    pub fn time(&self, position: u32) -> Option<i64> {
        self.times.get(position as usize).copied().filter(|t| *t != NO_TIME)
    }

    pub fn row(&self, position: u32) -> u32 {
        self.rows.get(position as usize).copied().unwrap_or(0)
    }

    pub fn place(&self, row: u32) -> u32 {
        self.places.get(row as usize).copied().unwrap_or(0)
    }
}
