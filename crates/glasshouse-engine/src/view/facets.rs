//! How many records of a set have which value.

use super::parties::Named;
use super::rows::{cut, text};
use super::set::Set;
use super::{Kind, View};
use crate::EngineError;
use serde::Serialize;
use std::collections::BTreeMap;

/// Values that are counted out for one facet.
const MOST_VALUES: usize = 50;

/// Bytes of a label.
const LONGEST_LABEL: usize = 200;

/// A value and how many records have it.
#[derive(Clone, Debug, Serialize)]
pub struct Facet {
    /// What a query names it by.
    pub value: String,
    /// What people read.
    pub label: String,
    pub count: u64,
}

/// The most frequent values by facet.
pub type Facets = BTreeMap<&'static str, Vec<Facet>>;

/// The facets there are.
const FACETS: [&str; 8] = ["service", "family", "format", "account", "tier", "party", "conversation", "attachment"];

impl View {
    /// Counts the values of some facets over a set; those that are not known are an error.
    pub fn facets(&self, set: &Set, of: &[&str]) -> Result<Facets, EngineError> {
        let mut facets = Facets::new();
        for name in of {
            let Some(name) = FACETS.into_iter().find(|known| known == name) else {
                let known = FACETS.join(", ");
                return Err(EngineError::Query(format!("There is no such facet. Known are {known}.")));
            };
            let values = match name {
                "party" => self.party_facet(set)?,
                "attachment" => self.attachment_facet(set)?,
                "conversation" => self.talk_facet(set)?,
                column => self.column_facet(set, column)?,
            };
            facets.insert(name, values);
        }
        Ok(facets)
    }

    fn column_facet(&self, set: &Set, column: &'static str) -> Result<Vec<Facet>, EngineError> {
        Ok(self.column_values(set, column)?.into_iter().map(|(_, facet)| facet).collect())
    }

    /// Counts the values of a column, with their numbers.
    fn column_values(&self, set: &Set, column: &'static str) -> Result<Vec<(u32, Facet)>, EngineError> {
        let (order, coded) = (self.order()?, self.coded(column)?);
        let mut counts = vec![0u64; coded.values.len()];
        set.each(|position| {
            if let Some(count) = counts.get_mut(coded.code(order.row(position)) as usize) {
                *count += 1;
            }
        });
        Ok(most(&counts, |code| coded.named(code).map(|v| (v.to_owned(), v.to_owned()))))
    }

    /// Labels each conversation with the title of one of its records, or with who takes part in it.
    fn talk_facet(&self, set: &Set) -> Result<Vec<Facet>, EngineError> {
        let (parties, threads) = (self.parties()?, self.threads()?);
        let mut facets = self.column_values(set, "conversation")?;
        let begins = set.at(0).unwrap_or(0);
        let first = |code: u32| {
            let of = threads.named(code).map(|thread| threads.from(thread, begins));
            of.filter_map(|positions| positions.iter().copied().find(|p| set.has(*p))).min()
        };
        let (of, positions): (Vec<usize>, Vec<u32>) =
            (0..).zip(&facets).filter_map(|(i, (code, _))| Some((i, first(*code)?))).unzip();
        let titles = self.read_at(&positions, &["title"], |batch, i, known| {
            let title = text(batch, "title", i)?.map(|t| cut(t, LONGEST_LABEL).to_owned());
            Ok((title, known.position))
        })?;
        for (i, (title, position)) in of.into_iter().zip(titles) {
            let (mut names, to) = parties.sides(position, 3);
            names.extend(to);
            let label = title.or_else(|| (!names.is_empty()).then(|| names.join(", ")));
            if let (Some(label), Some((_, facet))) = (label, facets.get_mut(i)) {
                facet.label = label;
            }
        }
        Ok(facets.into_iter().map(|(_, facet)| facet).collect())
    }

    fn party_facet(&self, set: &Set) -> Result<Vec<Facet>, EngineError> {
        let (people, tallied) = self.tallied(set)?;
        let counts: Vec<u64> = tallied.of.iter().map(|tally| tally.records.into()).collect();
        let most = most(&counts, |person| {
            let (label, query) = people.label(person)?;
            Some((query, label))
        });
        Ok(most.into_iter().map(|(_, facet)| facet).collect())
    }

    fn attachment_facet(&self, set: &Set) -> Result<Vec<Facet>, EngineError> {
        let (order, attached) = (self.order()?, self.attached()?);
        const KINDS: [Kind; 4] = [Kind::Image, Kind::Audio, Kind::Video, Kind::Other];
        let mut counts = [0u64; KINDS.len()];
        for of_row in attached.items.chunk_by(|a, b| a.row == b.row) {
            let Some(first) = of_row.first() else { continue };
            if !set.has(order.place(first.row)) {
                continue;
            }
            for (kind, count) in KINDS.iter().zip(&mut counts) {
                *count += u64::from(of_row.iter().any(|i| i.kind == *kind));
            }
        }
        let named = |code: u32| KINDS.get(code as usize).map(|k| (k.as_str().to_owned(), k.as_str().to_owned()));
        Ok(most(&counts, named).into_iter().map(|(_, facet)| facet).collect())
    }
}

/// Returns the values counted most often with their numbers, the first of equals first.
fn most(counts: &[u64], name: impl Fn(u32) -> Option<(String, String)>) -> Vec<(u32, Facet)> {
    let mut order: Vec<(u64, u32)> = (0..).zip(counts).filter(|(_, n)| **n > 0).map(|(code, n)| (*n, code)).collect();
    let first = |a: &(u64, u32), b: &(u64, u32)| b.0.cmp(&a.0).then(a.1.cmp(&b.1));
    if order.len() > MOST_VALUES * 4 {
        order.select_nth_unstable_by(MOST_VALUES * 4, first);
        order.truncate(MOST_VALUES * 4);
    }
    order.sort_unstable_by(first);
    let named = order.into_iter().filter_map(|(count, code)| {
        let (value, label) = name(code)?;
        Some((code, Facet { value, label, count }))
    });
    named.take(MOST_VALUES).collect()
}

/// Returns the words by which a query finds a party: what stands in its identifier, or else in its name.
pub(super) fn words_of(named: &Named) -> Option<String> {
    let text = named.identifier.as_deref().or(named.name.as_deref())?;
    let plain: String = text.chars().map(|c| if c == '"' || c.is_control() { ' ' } else { c }).collect();
    let plain = plain.trim();
    (!plain.is_empty()).then(|| plain.to_owned())
}
