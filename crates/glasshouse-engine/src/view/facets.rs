//! How many records of a set have which value.

use super::parties::Named;
use super::places::near;
use super::rows::{cut, text};
use super::set::Set;
use super::{Kind, View};
use crate::EngineError;
use crate::search::query::distance;
use glasshouse_layout::Found;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

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
const FACETS: [&str; 9] =
    ["service", "family", "format", "account", "tier", "party", "conversation", "place", "attachment"];

/// Places that are counted out: circles, each around the middle of a cell of a tenth of a degree, which lies in it whole.
const MOST_PLACES: usize = 20;
const RADIUS: f64 = 10_000.0;
const CELLS: f64 = 10.0;

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
                "place" => self.place_facet(set)?,
                "conversation" => self.talk_facet(set)?,
                column => self.column_facet(set, column)?,
            };
            facets.insert(name, values);
        }
        Ok(facets)
    }

    /// Returns what was found, by format, the most frequent first: for runs of programs that did not sum it up.
    pub fn formats(&self) -> Result<Vec<Found>, EngineError> {
        let (order, format, tier) = (self.order()?, self.coded("format")?, self.coded("tier")?);
        let named = |name: &Option<String>| Found { format: name.clone().unwrap_or_default(), ..Found::default() };
        let mut found: Vec<Found> = format.values.iter().map(named).collect();
        // Positions ascend in time.
        for (position, row) in (0..).zip(&order.rows) {
            let Some(of) = found.get_mut(format.code(*row) as usize) else { continue };
            if of.records == 0 {
                of.tier = tier.value(*row).unwrap_or_default().to_owned();
            }
            of.records += 1;
            if let Some(time) = order.time(position) {
                of.first.get_or_insert(time);
                of.last = Some(time);
            }
        }
        found.sort_by(|a, b| b.records.cmp(&a.records).then_with(|| a.format.cmp(&b.format)));
        Ok(found)
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

    /// Counts the records around places where there are many; each count is what the query that stands for it finds.
    fn place_facet(&self, set: &Set) -> Result<Vec<Facet>, EngineError> {
        let (order, places) = (self.order()?, self.places()?);
        let cell = |degrees: f64| (degrees * CELLS).floor() as i32;
        let shares = set.in_shares(|share| {
            let mut cells: HashMap<(i32, i32), u64> = HashMap::new();
            // Points come in runs: most lie where the one before did.
            let mut last = ((i32::MAX, 0), 0u64);
            share.each(|position| {
                let Some((lat, lon)) = places.get(order.row(position)) else { return };
                let here = (cell(lat), cell(lon));
                if here != last.0 {
                    let (before, count) = std::mem::replace(&mut last, (here, 0));
                    *cells.entry(before).or_default() += count;
                }
                last.1 += 1;
            });
            *cells.entry(last.0).or_default() += last.1;
            cells
        })?;
        let mut cells: HashMap<(i32, i32), u64> = HashMap::new();
        for (cell, count) in shares.into_iter().flatten() {
            *cells.entry(cell).or_default() += count;
        }
        let mut cells: Vec<((i32, i32), u64)> = cells.into_iter().filter(|(_, count)| *count > 0).collect();
        cells.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        let mut chosen: Vec<(f64, f64)> = Vec::new();
        for ((north, east), _) in cells.into_iter().take(MOST_PLACES * 50) {
            let middle = |cell: i32| (f64::from(cell) * CELLS.recip() + 0.5 / CELLS).clamp(-180.0, 180.0);
            let (lat, lon) = (middle(north).min(90.0), middle(east));
            // Circles that lie mostly over each other would tell the same twice.
            let beside = |known: &&(f64, f64)| distance(known.0, known.1, lat, lon) < RADIUS * 1.5;
            if chosen.len() < MOST_PLACES && !chosen.iter().any(|known| beside(&known)) {
                chosen.push((lat, lon));
            }
        }
        // Two digits behind the point, as the query writes them.
        let named: Vec<(String, f64, f64)> = chosen
            .iter()
            .filter_map(|(lat, lon)| {
                let (lat, lon) = (format!("{lat:.2}"), format!("{lon:.2}"));
                Some((format!("{lat},{lon},{}km", RADIUS / 1000.0), lat.parse().ok()?, lon.parse().ok()?))
            })
            .collect();
        let tests: Vec<_> = named.iter().map(|(_, lat, lon)| near(places.clone(), *lat, *lon, RADIUS)).collect();
        let shares = set.in_shares(|share| {
            let mut counts = vec![0u64; tests.len()];
            share.each(|position| {
                let row = order.row(position);
                if places.get(row).is_some() {
                    counts.iter_mut().zip(&tests).filter(|(_, test)| test(row)).for_each(|(count, _)| *count += 1);
                }
            });
            counts
        })?;
        let counts: Vec<u64> = (0..tests.len()).map(|at| shares.iter().filter_map(|s| s.get(at)).sum()).collect();
        let name = |code: u32| named.get(code as usize).map(|(value, ..)| (value.clone(), value.clone()));
        Ok(most(&counts, name).into_iter().map(|(_, facet)| facet).collect())
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
        // What is none of the others is asked for as a file.
        let value = |kind: &Kind| if *kind == Kind::Other { "file" } else { kind.as_str() };
        let named = |code: u32| KINDS.get(code as usize).map(|k| (value(k).to_owned(), value(k).to_owned()));
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
