//! The segments of a case opened for questions, the query language, and words in the text index.
//!
//! What a query finds is decided in one place, `view/select.rs`, over columns in memory.

pub(crate) mod columns;
pub mod query;
mod readonly;

pub use crate::view::{ids, search};

use crate::EngineError;
use crate::segment::{IndexFields, index_schema, tokenizers};
use crate::text;
use columns::Columns;
use glasshouse_layout::Segment;
use query::{Place, Query, Words};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
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

/// The segments of one case, opened.
pub(crate) struct Searcher {
    case: PathBuf,
    segments: Vec<Arc<Open>>,
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
            segments.push(Arc::new(Open { columns: Columns::open(case, &segment)?, segment, index }));
        }
        Ok(Searcher { case: case.to_path_buf(), segments, fields })
    }

    /// Returns the case's folder.
    pub fn case(&self) -> &Path {
        &self.case
    }

    /// Returns the segments of the run, in the order in which their rows are numbered through the case.
    pub fn segments(&self) -> &[Arc<Open>] {
        &self.segments
    }

    /// Returns the same of one segment alone.
    pub fn over(&self, open: &Arc<Open>) -> Self {
        Searcher { case: self.case.clone(), segments: vec![open.clone()], fields: self.fields }
    }

    /// Returns the rows of a segment that have the words of a query, ascending; none where all have them.
    pub fn with_words(&self, open: &Open, query: &Query) -> Result<Option<Vec<u32>>, EngineError> {
        match &open.index {
            _ if query.words.is_empty() && query.without.is_empty() => Ok(None),
            Some(index) => match_words(index, self.fields, query, open.segment.rows),
            None if query.words.is_empty() => Ok(None),
            None => Ok(Some(Vec::new())),
        }
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

fn open_index(folder: &Path) -> Result<IndexSearcher, EngineError> {
    let directory = readonly::ReadOnly::open(folder).map_err(tantivy::TantivyError::from)?;
    let mut index = Index::open(directory)?;
    index.set_tokenizers(tokenizers());
    let reader = index.reader_builder().reload_policy(tantivy::ReloadPolicy::Manual).try_into()?;
    Ok(reader.searcher())
}

fn match_words(
    index: &IndexSearcher,
    fields: IndexFields,
    query: &Query,
    all: u64,
) -> Result<Option<Vec<u32>>, EngineError> {
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
            return Ok((!query.words.is_empty()).then(Vec::new));
        }
        let out = docs(index, &BooleanQuery::new(without))?;
        let mut out = out.into_iter().peekable();
        let rest = (0..all as u32).filter(|row| out.next_if(|o| o == row).is_none()).collect();
        return Ok(Some(rest));
    }
    clauses.extend(without.map(|c| (Occur::MustNot, c)));
    Ok(Some(docs(index, &BooleanQuery::new(clauses))?))
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
