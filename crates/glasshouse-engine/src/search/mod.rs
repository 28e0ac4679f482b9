//! Finding records: words in the text index, conditions on columns, newest first.
//!
//! The command line asks once and reads only the columns that its question needs; the page (`view/`) asks often and
//! holds columns in memory. Both decide the same: `tests/hostile.rs` compares their answers.

pub(crate) mod columns;
pub mod query;
mod readonly;

use crate::EngineError;
use crate::segment::{IndexFields, index_schema, tokenizers};
use crate::text;
use columns::Columns;
use glasshouse_layout::Segment;
use query::{Condition, Filter, Place, Query, Words};
use serde::Serialize;
use std::path::{Path, PathBuf};
use tantivy::query::{BooleanQuery, Occur, PhrasePrefixQuery, PhraseQuery, Query as IndexQuery, TermQuery};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{Index, Searcher as IndexSearcher, Term};

/// A record as a list shows it.
#[derive(Clone, Debug, Serialize)]
pub struct Hit {
    pub id: String,
    pub family: String,
    pub service: String,
    pub format: String,
    /// How well the reading of the format is proven.
    pub tier: String,
    pub account: Option<String>,
    /// RFC 3339, UTC.
    pub time: Option<String>,
    pub time_text: Option<String>,
    pub zone_basis: Option<String>,
    pub title: Option<String>,
    pub text: Option<String>,
    pub lat: Option<f64>,
    pub lon: Option<f64>,
    pub address: Option<String>,
    pub conversation: Option<String>,
    pub source: String,
    pub entry: u32,
    pub locator: String,
}

/// The answer to a query.
#[derive(Clone, Debug)]
pub struct Hits {
    /// How many records there are in all.
    pub count: u64,
    /// The newest of them; records without a time come last.
    pub rows: Vec<Hit>,
}

/// Searches the records of one case.
pub struct Searcher {
    case: PathBuf,
    segments: Vec<Open>,
    fields: IndexFields,
}

pub(crate) struct Open {
    pub(crate) segment: Segment,
    pub(crate) columns: Columns,
    index: Option<IndexSearcher>,
}

impl Searcher {
    /// Opens the newest run of a case.
    pub fn open(case: &Path) -> Result<Self, EngineError> {
        glasshouse_store::read_case_file(case)?;
        let run = glasshouse_store::read_run(case)?
            .ok_or_else(|| EngineError::other("Nothing was read yet. Run `glasshouse process` on the case."))?;
        let (_, fields) = index_schema();
        let mut segments = Vec::new();
        for segment in run.segments {
            let index = if segment.text { Some(open_index(&case.join(&segment.path).join("text"))?) } else { None };
            segments.push(Open { columns: Columns::open(case, &segment)?, segment, index });
        }
        Ok(Searcher { case: case.to_path_buf(), segments, fields })
    }

    /// Returns the case's folder.
    pub fn case(&self) -> &Path {
        &self.case
    }

    /// Returns the segments of the run, in the order in which their rows are numbered through the case.
    pub(crate) fn segments(&self) -> &[Open] {
        &self.segments
    }

    /// Returns the rows of a segment that have the words of a query, ascending; none where all have them.
    pub(crate) fn with_words(&self, open: &Open, query: &Query) -> Result<Option<Vec<u32>>, EngineError> {
        let words = Query { filters: Vec::new(), ..query.clone() };
        Ok(match self.rows(open, &words)? {
            Rows::All => None,
            Rows::Some(rows) => Some(rows),
        })
    }

    /// Finds what a query asks for: the number of all, and the newest `limit` of them.
    pub fn search(&self, text: &str, limit: usize) -> Result<Hits, EngineError> {
        let query = query::parse(text)?;
        let mut count = 0;
        // Time, segment, row of the newest.
        let mut newest: Vec<(i64, usize, u32)> = Vec::new();
        for (number, open) in self.segments.iter().enumerate() {
            let rows = self.rows(open, &query)?;
            let n = rows.len(open.segment.rows);
            count += n;
            if limit == 0 || n == 0 {
                continue;
            }
            let time = open.columns.time()?;
            let key = |row: u32| match time.get(row as usize) {
                Some(&i64::MAX) | None => i64::MIN,
                Some(time) => *time,
            };
            match rows {
                Rows::All => newest.extend((0..time.len() as u32).map(|row| (key(row), number, row))),
                Rows::Some(rows) => newest.extend(rows.into_iter().map(|row| (key(row), number, row))),
            }
            if newest.len() > limit {
                newest.select_nth_unstable_by(limit, |a, b| b.cmp(a));
                newest.truncate(limit);
            }
        }
        newest.sort_unstable_by(|a, b| b.cmp(a));
        let mut hits: Vec<Option<Hit>> = vec![None; newest.len()];
        for (number, open) in self.segments.iter().enumerate() {
            let mut wanted: Vec<(u32, usize)> =
                newest.iter().enumerate().filter(|(_, n)| n.1 == number).map(|(place, n)| (n.2, place)).collect();
            wanted.sort_unstable();
            let rows: Vec<u32> = wanted.iter().map(|(row, _)| *row).collect();
            for (hit, (_, place)) in open.columns.hits(&rows)?.into_iter().zip(wanted) {
                hits[place] = Some(hit);
            }
        }
        Ok(Hits { count, rows: hits.into_iter().flatten().collect() })
    }

    /// Returns the ids of all records that a query finds.
    pub fn ids(&self, text: &str) -> Result<Vec<String>, EngineError> {
        let query = query::parse(text)?;
        let mut ids = Vec::new();
        for open in &self.segments {
            match self.rows(open, &query)? {
                Rows::All => ids.extend(open.columns.ids()?),
                Rows::Some(rows) if rows.is_empty() => {}
                Rows::Some(rows) => {
                    let all = open.columns.ids()?;
                    ids.extend(rows.iter().filter_map(|row| all.get(*row as usize).cloned()));
                }
            }
        }
        Ok(ids)
    }

    fn rows(&self, open: &Open, query: &Query) -> Result<Rows, EngineError> {
        let mut rows = Rows::All;
        if !query.words.is_empty() || !query.without.is_empty() {
            rows = match &open.index {
                Some(index) => match_words(index, self.fields, query, open.segment.rows)?,
                None if query.words.is_empty() => Rows::All,
                None => Rows::Some(Vec::new()),
            };
        }
        for filter in &query.filters {
            if matches!(&rows, Rows::Some(rows) if rows.is_empty()) {
                return Ok(rows);
            }
            if let Some(shortcut) = by_bounds(&open.segment, filter) {
                if !shortcut {
                    return Ok(Rows::Some(Vec::new()));
                }
                continue;
            }
            let test = open.columns.test(&filter.what)?;
            let keep = |row: &u32| test(*row as usize) != filter.not;
            rows = Rows::Some(match rows {
                Rows::All => (0..open.segment.rows as u32).filter(keep).collect(),
                Rows::Some(rows) => rows.into_iter().filter(keep).collect(),
            });
        }
        Ok(rows)
    }
}

/// The width of a histogram's bars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interval {
    Day,
    Month,
    Year,
}

impl Interval {
    /// Returns the name of the interval that holds an instant, and the instant after its end.
    pub(crate) fn around(self, micros: i64) -> Result<(String, i64), EngineError> {
        let wrong = |e: jiff::Error| EngineError::other(format!("A time lies outside the calendar: {e}."));
        let date = jiff::Timestamp::from_microsecond(micros).map_err(wrong)?.to_zoned(jiff::tz::TimeZone::UTC).date();
        let span = jiff::Span::new();
        let (first, span, name) = match self {
            Interval::Day => (date, span.days(1), "%Y-%m-%d"),
            Interval::Month => (date.first_of_month(), span.months(1), "%Y-%m"),
            Interval::Year => (date.first_of_year(), span.years(1), "%Y"),
        };
        let end = match first.checked_add(span) {
            Ok(next) => next.to_zoned(jiff::tz::TimeZone::UTC).map_err(wrong)?.timestamp().as_microsecond(),
            Err(_) => i64::MAX,
        };
        Ok((first.strftime(name).to_string(), end))
    }
}

/// Rows of a segment, ascending.
enum Rows {
    All,
    Some(Vec<u32>),
}

impl Rows {
    fn len(&self, all: u64) -> u64 {
        match self {
            Rows::All => all,
            Rows::Some(rows) => rows.len() as u64,
        }
    }
}

/// Decides a time condition for a whole segment from its first and last time, where they decide it.
fn by_bounds(segment: &Segment, filter: &Filter) -> Option<bool> {
    let (Some(first), Some(last), false) = (segment.first, segment.last, filter.not) else { return None };
    match filter.what {
        Condition::From(from) if last < from => Some(false),
        Condition::Until(until) if first >= until => Some(false),
        _ => None,
    }
}

fn open_index(folder: &Path) -> Result<IndexSearcher, EngineError> {
    let directory = readonly::ReadOnly::open(folder).map_err(tantivy::TantivyError::from)?;
    let mut index = Index::open(directory)?;
    index.set_tokenizers(tokenizers());
    let reader = index.reader_builder().reload_policy(tantivy::ReloadPolicy::Manual).try_into()?;
    Ok(reader.searcher())
}

fn match_words(index: &IndexSearcher, fields: IndexFields, query: &Query, all: u64) -> Result<Rows, EngineError> {
    let mut clauses: Vec<(Occur, Box<dyn IndexQuery>)> = Vec::new();
    for alternatives in &query.words {
        let alternatives: Vec<_> =
            alternatives.iter().filter_map(|w| clause(fields, w)).map(|c| (Occur::Should, c)).collect();
        // Words of punctuation alone select nothing and are left out.
        if !alternatives.is_empty() {
            clauses.push((Occur::Must, Box::new(BooleanQuery::new(alternatives))));
        }
    }
    let positive = !clauses.is_empty();
    let without = query.without.iter().filter_map(|w| clause(fields, w));
    if !positive {
        let without: Vec<_> = without.map(|c| (Occur::Should, c)).collect();
        if without.is_empty() {
            return Ok(if query.words.is_empty() { Rows::All } else { Rows::Some(Vec::new()) });
        }
        let out = docs(index, &BooleanQuery::new(without))?;
        let mut out = out.into_iter().peekable();
        let rest = (0..all as u32).filter(|row| out.next_if(|o| o == row).is_none()).collect();
        return Ok(Rows::Some(rest));
    }
    clauses.extend(without.map(|c| (Occur::MustNot, c)));
    Ok(Rows::Some(docs(index, &BooleanQuery::new(clauses))?))
}

/// Returns the rows that match, ascending.
fn docs(index: &IndexSearcher, query: &dyn IndexQuery) -> Result<Vec<u32>, EngineError> {
    let weight = query.weight(tantivy::query::EnableScoring::disabled_from_searcher(index))?;
    let mut rows = Vec::new();
    // A segment of ours is one segment of the index.
    for reader in index.segment_readers() {
        weight.for_each_no_score(reader, &mut |docs| rows.extend_from_slice(docs))?;
    }
    Ok(rows)
}

fn clause(fields: IndexFields, words: &Words) -> Option<Box<dyn IndexQuery>> {
    match words.place {
        Place::Text => clause_in(fields.text, words),
        Place::From => clause_in(fields.from, words),
        Place::With => {
            let either = [fields.from, fields.who].into_iter().filter_map(|field| clause_in(field, words));
            let either: Vec<_> = either.map(|clause| (Occur::Should, clause)).collect();
            (!either.is_empty()).then(|| Box::new(BooleanQuery::new(either)) as Box<dyn IndexQuery>)
        }
    }
}

fn clause_in(field: Field, words: &Words) -> Option<Box<dyn IndexQuery>> {
    let mut terms: Vec<Term> = text::words(&words.text).iter().map(|w| Term::from_field_text(field, w)).collect();
    if words.begins && !terms.is_empty() {
        return Some(Box::new(PhrasePrefixQuery::new(terms)));
    }
    if terms.len() > 1 {
        return Some(Box::new(PhraseQuery::new(terms)));
    }
    terms.pop().map(|term| Box::new(TermQuery::new(term, IndexRecordOption::Basic)) as Box<dyn IndexQuery>)
}
