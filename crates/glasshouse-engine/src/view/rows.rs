//! Records as lists show them.

use super::beside::{self, Beside, Sides};
use super::set::{Set, Sorted};
use super::{Attachments, View, iso};
use crate::EngineError;
use crate::cores::in_parts;
use crate::segment::typed;
use datafusion::arrow::array::{Array, Float64Array, RecordBatch, StringArray};
use serde::Serialize;
use std::collections::HashMap;

/// Characters of a text that a list shows.
const SNIPPET: usize = 240;
/// Names of a side that a list shows.
const MOST_NAMES: usize = 8;
/// Bytes of a title, a time or an address that a list shows: what is longer is read in the record.
const LONGEST: usize = 2000;

/// A record as a list shows it.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    pub id: String,
    pub family: String,
    pub format: String,
    pub service: String,
    pub account: Option<String>,
    /// How well the reading of the format is proven.
    pub tier: String,
    /// UTC; none where no instant is known.
    pub time: Option<String>,
    /// The time as the provider wrote it.
    pub time_text: Option<String>,
    pub zone_basis: Option<String>,
    pub title: Option<String>,
    /// The beginning of the text, on one line.
    pub snippet: Option<String>,
    pub from: Vec<String>,
    pub to: Vec<String>,
    pub attachments: Attachments,
    pub conversation: Option<String>,
    pub lat: Option<f64>,
    pub lon: Option<f64>,
    pub address: Option<String>,
}

const SHOWN: &[&str] = &[
    "id",
    "family",
    "format",
    "service",
    "account",
    "tier",
    "time_text",
    "zone_basis",
    "title",
    "text",
    "conversation",
    "lat",
    "lon",
    "address",
];

impl View {
    /// Returns the rows of a list from a rank on.
    pub fn list(&self, set: &Set, sorted: Sorted, rank: u32, limit: u32) -> Result<Vec<Row>, EngineError> {
        self.rows_at(&set.page(sorted, rank, limit))
    }

    /// Returns the records at some positions, in their order.
    pub(super) fn rows_at(&self, positions: &[u32]) -> Result<Vec<Row>, EngineError> {
        self.read_at(positions, SHOWN, row)
    }

    /// Reads columns of the records at some positions, and makes of each what `make` does, in their order.
    pub(super) fn read_at<T>(
        &self,
        positions: &[u32],
        columns: &[&str],
        make: impl Fn(&RecordBatch, usize, Known) -> Result<T, EngineError>,
    ) -> Result<Vec<T>, EngineError> {
        let (order, beside) = (self.order()?, self.beside(positions.len())?);
        // Segment, row within it, place in the list: read segment by segment, then put back in order.
        let mut wanted: Vec<(usize, u32, usize)> = positions
            .iter()
            .enumerate()
            .filter_map(|(place, p)| self.locate(order.row(*p)).map(|(segment, row)| (segment, row, place)))
            .collect();
        wanted.sort_unstable();
        let mut made: Vec<Option<T>> = positions.iter().map(|_| None).collect();
        let groups: Vec<&[(usize, u32, usize)]> = wanted.chunk_by(|a, b| a.0 == b.0).collect();
        for (group, batches) in groups.iter().zip(self.read_groups(&groups, columns)?) {
            let Some((segment, ..)) = group.first() else { continue };
            let (Some(open), Some(base)) = (self.searcher.segments().get(*segment), self.bases.get(*segment)) else {
                continue;
            };
            let mut rows: Vec<u32> = group.iter().map(|(_, row, _)| *row).collect();
            rows.dedup();
            let sides = match beside {
                Beside::Held(..) => HashMap::new(),
                Beside::NotYet => beside::read(open, &rows, MOST_NAMES)?,
            };
            let mut next = group.iter().peekable();
            let mut read = rows.iter();
            for batch in batches {
                for i in 0..batch.num_rows() {
                    let Some(row) = read.next() else { break };
                    // A position may be asked for twice.
                    while let Some((_, _, place)) = next.next_if(|n| n.1 == *row) {
                        let global = base + row;
                        let position = order.place(global);
                        let time = order.time(position).map(iso);
                        let Sides { from, to, attachments } = match &beside {
                            Beside::Held(parties, attached) => {
                                let (from, to) = parties.sides(position, MOST_NAMES);
                                Sides { from, to, attachments: attached.of(global).len() as u32 }
                            }
                            Beside::NotYet => sides.get(row).cloned().unwrap_or_default(),
                        };
                        let known = Known { row: global, position, time, from, to, attachments };
                        if let Some(slot) = made.get_mut(*place) {
                            *slot = Some(make(&batch, i, known)?);
                        }
                    }
                }
            }
        }
        Ok(made.into_iter().flatten().collect())
    }
}

impl View {
    /// Reads the rows of each group, which lie in one segment each, on as many threads as there are cores.
    fn read_groups(
        &self,
        groups: &[&[(usize, u32, usize)]],
        columns: &[&str],
    ) -> Result<Vec<Vec<RecordBatch>>, EngineError> {
        let read = |group: &[(usize, u32, usize)]| {
            let Some(open) = group.first().and_then(|(segment, ..)| self.searcher.segments().get(*segment)) else {
                return Ok(Vec::new());
            };
            let mut rows: Vec<u32> = group.iter().map(|(_, row, _)| *row).collect();
            rows.dedup();
            open.columns.read(columns, Some(&rows))
        };
        in_parts(groups.len(), |number| groups.get(number).map_or_else(|| Ok(Vec::new()), |group| read(group)))
    }
}

/// What memory knows of a row.
pub(super) struct Known {
    /// Its number through the case.
    pub row: u32,
    /// Its place in the order of time.
    pub position: u32,
    pub time: Option<String>,
    pub from: Vec<String>,
    pub to: Vec<String>,
    pub attachments: u32,
}

fn row(batch: &RecordBatch, i: usize, known: Known) -> Result<Row, EngineError> {
    let short = |name: &str| -> Result<Option<String>, EngineError> {
        Ok(text(batch, name, i)?.map(|t| cut(t, LONGEST).to_owned()))
    };
    let Known { time, from, to, attachments, .. } = known;
    Ok(Row {
        id: short("id")?.unwrap_or_default(),
        family: short("family")?.unwrap_or_default(),
        format: short("format")?.unwrap_or_default(),
        service: short("service")?.unwrap_or_default(),
        account: short("account")?,
        tier: short("tier")?.unwrap_or_default(),
        time,
        time_text: short("time_text")?,
        zone_basis: short("zone_basis")?,
        title: short("title")?,
        snippet: text(batch, "text", i)?.map(snippet),
        from,
        to,
        attachments: Attachments::Number(attachments),
        conversation: text(batch, "conversation", i)?.map(str::to_owned),
        lat: number(batch, "lat", i)?,
        lon: number(batch, "lon", i)?,
        address: short("address")?,
    })
}

/// Makes a row of a list; the batch has at least the columns of one.
pub(super) fn as_row(batch: &RecordBatch, i: usize, known: Known) -> Result<Row, EngineError> {
    row(batch, i, known)
}

/// Returns the columns that a row of a list needs, and more.
pub(super) fn shown_and(more: &[&'static str]) -> Vec<&'static str> {
    SHOWN.iter().chain(more).copied().collect()
}

/// Returns a text of a batch.
pub(super) fn text<'a>(batch: &'a RecordBatch, name: &str, i: usize) -> Result<Option<&'a str>, EngineError> {
    let column: &StringArray = typed(batch, name)?;
    Ok(column.is_valid(i).then(|| column.value(i)))
}

/// Returns a number of a batch.
pub(super) fn number(batch: &RecordBatch, name: &str, i: usize) -> Result<Option<f64>, EngineError> {
    let column: &Float64Array = typed(batch, name)?;
    Ok(column.is_valid(i).then(|| column.value(i)))
}

/// Returns the beginning of a text, of at most so many bytes.
pub(super) fn cut(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    let end = (0..=most).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

/// Returns the beginning of a text on one line.
fn snippet(text: &str) -> String {
    let mut line = String::new();
    let mut blank = true;
    let mut room = SNIPPET;
    // Blank text without end is not searched for its first letter.
    for c in cut(text, SNIPPET * 64).chars() {
        let c = if c.is_control() || c.is_whitespace() { ' ' } else { c };
        if c == ' ' && blank {
            continue;
        }
        if room == 0 {
            line.push('…');
            break;
        }
        blank = c == ' ';
        line.push(c);
        room -= 1;
    }
    line.truncate(line.trim_end().len());
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snippet_is_one_short_line() {
        assert_eq!(snippet("  one\r\n\ttwo\u{a0} three\n"), "one two three");
        assert_eq!(snippet(&"é".repeat(10_000)).chars().count(), SNIPPET + 1);
        assert_eq!(snippet(&" ".repeat(1 << 20)), "");
        assert_eq!(cut("aé", 2), "a");
    }
}
