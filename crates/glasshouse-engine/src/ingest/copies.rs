//! Copies of one record in several entries of a group (a mailbox for each label): each record counts once.
//!
//! Of copies the one in the first entry by path stays, wherever it stays: shown, or in what is counted as outside.

use super::claims::Recognised;
use super::journal::{Hashes, Journal};
use super::limits::{CopyKey, Counts, Kind, Outside, Tally};
use super::parts::Evidence;
use crate::EngineError;
use crate::rewrite::read_columns;
use crate::segment::{same_as, typed};
use datafusion::arrow::array::{Array, FixedSizeBinaryArray, RecordBatch, StringArray, UInt32Array};
use glasshouse_model::Record;
use glasshouse_store::Case;
use std::collections::{BTreeMap, HashMap, HashSet};

/// What tells copies that stay out, made with the case's secret from what the column `same_as` holds.
pub fn key(secret: &[u8; 32], same_as: &[u8; 16]) -> CopyKey {
    let mut key = [0; 16];
    blake3::Hasher::new_keyed(secret).update(b"copy").update(same_as).finalize_xof().fill(&mut key);
    key
}

/// Counts a record; one that may have copies is given, for what tells them.
pub fn tally(tally: &mut Tally, record: Option<&Record>, secret: &[u8; 32]) {
    tally.records += 1;
    tally.keys.extend(record.and_then(|r| r.same_as.as_deref()).map(|same| key(secret, &same_as(same))));
}

/// The groups of entries that may hold copies of one record, and the order of entries in each.
pub struct Copies {
    /// Claim → its group and its rank in it.
    ranks: HashMap<u32, (u32, u32)>,
}

/// What the shown records are copies of.
#[derive(Default)]
pub struct Shown {
    /// Group and `same_as` of each record that may have copies.
    first: HashMap<(u32, [u8; 16]), u32>,
    /// Ids of the records that another entry holds too, at an earlier path.
    pub dropped: HashSet<String>,
}

impl Shown {
    /// Returns group and key of each record that may have copies.
    pub fn keys(&self, secret: &[u8; 32]) -> HashSet<(u32, CopyKey)> {
        self.first.keys().map(|(group, same_as)| (*group, key(secret, same_as))).collect()
    }
}

impl Copies {
    /// Orders the entries of each group.
    pub fn of(hashes: &Hashes, evidence: &Evidence, recognised: &Recognised) -> Self {
        // By path, and where two exports have the same path, by content: never by the order in which they came.
        let mut groups: BTreeMap<(&str, &str), Vec<(&str, Option<String>, u32)>> = BTreeMap::new();
        for standing in &recognised.claims {
            if let Some(group) = &standing.claim.group {
                let path = evidence.entry(standing.claim.main).map_or("", |e| e.path);
                let content = hashes.get(standing.claim.main.0).and_then(|known| known.sha256());
                groups.entry((standing.provider.manifest().id, group)).or_default().push((
                    path,
                    content,
                    standing.number,
                ));
            }
        }
        let mut ranks = HashMap::new();
        for (group, mut claims) in (0..).zip(groups.into_values().filter(|claims| claims.len() > 1)) {
            claims.sort();
            ranks.extend((0..).zip(claims).map(|(rank, (_, _, number))| (number, (group, rank))));
        }
        Copies { ranks }
    }

    /// Looks for copies among the records of the segments in force.
    pub fn shown(&self, case: &Case, journal: &Journal) -> Result<Shown, EngineError> {
        let mut shown = Shown::default();
        if self.ranks.is_empty() {
            return Ok(shown);
        }
        let segments = journal.segments()?;
        for pass in [false, true] {
            for (_, segment, _) in &segments {
                for batch in read_columns(case.root(), segment, &["id", "claim", "same_as"])? {
                    self.look(&mut shown, &batch, pass)?;
                }
            }
        }
        Ok(shown)
    }

    /// Takes note of records, and in the second pass over all of them of those that are copies.
    pub fn look(&self, shown: &mut Shown, batch: &RecordBatch, pass: bool) -> Result<(), EngineError> {
        let (id, claim): (&StringArray, &UInt32Array) = (typed(batch, "id")?, typed(batch, "claim")?);
        let same_as: &FixedSizeBinaryArray = typed(batch, "same_as")?;
        for row in 0..batch.num_rows() {
            let Some((group, rank)) = self.ranks.get(&claim.value(row)) else { continue };
            let key = same_as.is_valid(row).then(|| same_as.value(row));
            let Some(key) = key.and_then(|k| <[u8; 16]>::try_from(k).ok()) else { continue };
            let best = shown.first.entry((*group, key)).or_insert(*rank);
            if pass && rank > best {
                shown.dropped.insert(id.value(row).to_owned());
            }
            *best = (*best).min(*rank);
        }
        Ok(())
    }

    /// Counts records, copies of one record once. One of which a copy is shown is not counted again.
    pub fn once(&self, all: &Outside, shown: &HashSet<(u32, CopyKey)>) -> Counts {
        let mut counts = Counts::new();
        self.each(all, shown, &mut |_, kind, n| *counts.entry(kind.clone()).or_default() += n);
        counts
    }

    /// As [`Copies::once`], and gives what each claim counts for.
    pub fn each(&self, all: &Outside, shown: &HashSet<(u32, CopyKey)>, count: &mut dyn FnMut(u32, &Kind, u64)) {
        let mut best: HashMap<(u32, CopyKey), (bool, u32)> = HashMap::new();
        // Shown before all else, then the first entry by path.
        let place = |kind: &Kind, rank: u32| (kind.0 != "shown", rank);
        for (claim, out) in all {
            let Some((group, rank)) = self.ranks.get(claim) else { continue };
            for (kind, tally) in out {
                for key in &tally.keys {
                    let here = place(kind, *rank);
                    let best = best.entry((*group, *key)).or_insert(here);
                    *best = (*best).min(here);
                }
            }
        }
        for (claim, out) in all {
            let of = self.ranks.get(claim);
            for (kind, tally) in out {
                let again = of.map_or(0, |(group, rank)| {
                    let first = |key: &&CopyKey| {
                        let key = (*group, **key);
                        !shown.contains(&key) && best.get(&key) == Some(&place(kind, *rank))
                    };
                    tally.keys.len() - tally.keys.iter().filter(first).count()
                });
                let once = tally.records - again as u64;
                if once > 0 {
                    count(*claim, kind, once);
                }
            }
        }
    }
}
