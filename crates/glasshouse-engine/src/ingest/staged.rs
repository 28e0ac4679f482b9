//! Records of which it is not known whether they are put aside, before all of their conversation was seen.
//!
//! Everything is read once. What no later record can put aside is decided on at once; the rest lies in segments of
//! its own, sealed as the quarantine is, until the last chunk was read. Then each is taken apart into what is shown
//! and what is put aside, and nothing of it was in an index before.

use super::journal::{Journal, Pending, Published, WarningRow};
use super::kept::without_content;
use super::limits::{Limits, Ruling, Stand, Why};
use super::{Options, Progress};
use crate::EngineError;
use crate::quarantine::{self, Held, texts};
use crate::scope::Key;
use crate::segment::{typed, write_segment};
use datafusion::arrow::array::UInt32Array;
use glasshouse_layout::{Segment, paths};
use glasshouse_store::Case;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// What is known of one record that waits.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Waiting {
    pub chunk: u32,
    pub key: Key,
    pub stands: Vec<Stand>,
}

impl Waiting {
    /// Returns it as it lies beside its record, in the place of why that is put aside.
    pub fn as_why(&self) -> Result<Why, EngineError> {
        let met = serde_json::to_string(self).map_err(|e| EngineError::other(e.to_string()))?;
        Ok(Why { kind: "waiting".to_owned(), met })
    }
}

/// What the records that wait are decided with.
pub struct Deciding<'a> {
    pub case: &'a Case,
    pub journal: &'a Journal,
    pub limits: &'a Limits,
    pub run: &'a str,
    pub options: &'a Options,
    pub progress: &'a Progress,
    /// Claims whose records are not wanted any more.
    pub gone: &'a HashSet<u32>,
}

impl Deciding<'_> {
    /// Decides on all that waits; what was noted of every conversation is known.
    pub fn decide(&self) -> Result<(), EngineError> {
        let waiting = self.journal.waiting()?;
        let (next, failed) = (AtomicUsize::new(0), Mutex::new(None));
        std::thread::scope(|scope| {
            for _ in 0..self.options.threads.clamp(1, waiting.len().max(1)) {
                scope.spawn(|| {
                    while let Some((number, segment, _)) = waiting.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let stopped = self.progress.stop.load(Ordering::Relaxed);
                        let done = if stopped { Err(EngineError::Stopped) } else { self.take_apart(*number, segment) };
                        if let Err(error) = done {
                            next.store(waiting.len(), Ordering::Relaxed);
                            failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                        }
                    }
                });
            }
        });
        // Empty by now, or what failed needs it.
        let _ = std::fs::remove_dir(self.case.root().join(paths::run(self.run)).join("waiting"));
        failed.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }

    fn take_apart(&self, number: i64, segment: &Segment) -> Result<(), EngineError> {
        let root = self.case.root();
        let held = quarantine::read(root, &self.case.seal()?, segment)?;
        let (claims, entries): (&UInt32Array, &UInt32Array) =
            (typed(&held.records, "claim")?, typed(&held.records, "entry")?);
        let rows = texts(&held.records, "id")?.into_iter().zip(texts(&held.why, "met")?).enumerate();
        let (mut shown, mut aside, mut why) = (Vec::new(), Vec::new(), Vec::new());
        let (mut authorities, mut came, mut chunks) = (Vec::new(), HashSet::new(), BTreeMap::new());
        for (i, (id, known)) in rows {
            let (id, claim) = (id.unwrap_or_default(), claims.value(i));
            let broken = |_| {
                EngineError::other("What waits to be decided on is damaged. Delete the folder runs/ and process again.")
            };
            let known: Waiting = serde_json::from_str(known.unwrap_or_default()).map_err(broken)?;
            let ruling = self.limits.rule_waiting(&known.stands, &known.key, entries.value(i));
            let gone = self.gone.contains(&claim);
            let (is_shown, all) = chunks.entry((claim, known.chunk)).or_insert((0u64, 0u64));
            *all += 1;
            let (mut here, mut put_aside) = (false, false);
            authorities.push(match ruling {
                Ruling::Shown(authority) => {
                    here = !gone;
                    authority
                }
                Ruling::PutAside { authority, why: reason } => {
                    put_aside = !gone;
                    if put_aside {
                        why.push((id.to_owned(), reason));
                    }
                    authority
                }
                // What lies outside the limits never waits.
                Ruling::HeldBack(_) => "",
            });
            if here {
                *is_shown += 1;
                came.insert(id.to_owned());
            }
            shown.push(here);
            aside.push(put_aside);
        }
        let held = held.under(&authorities)?;
        let mut new = Vec::new();
        if aside.iter().any(|a| *a) {
            let path = paths::put_aside(self.run, self.journal.next_segment()?);
            let held = Held::of(held.only(&aside)?.rows()?, &why)?;
            new.push(quarantine::write(self.case, &path, &held)?);
        }
        if !came.is_empty() {
            let path = paths::segment(self.run, self.journal.next_segment()?);
            let rows = held.only(&shown)?.rows()?;
            new.push(write_segment(root, &path, rows)?.sync()?);
        }
        let chunks = chunks.into_iter().filter(|((claim, _), _)| !self.gone.contains(claim));
        let published = chunks.map(|((claim, chunk), (records, all))| {
            let Pending { warnings, drift } = self.journal.pending(claim, chunk)?;
            let drift = if records == all { drift } else { Vec::new() };
            let (inside, outside): (Vec<_>, Vec<_>) = warnings.into_iter().partition(|(id, _)| came.contains(id));
            let rows = |some: Vec<(String, WarningRow)>| some.into_iter().map(|(_, row)| row).collect::<Vec<_>>();
            let warnings = [rows(inside), without_content(rows(outside))].concat();
            Ok(Published { claim, chunk, records, warnings, drift })
        });
        let published = published.collect::<Result<Vec<_>, EngineError>>()?;
        self.journal.publish(number, &new, &published)?;
        self.progress.records.fetch_add(came.len() as u64, Ordering::Relaxed);
        // The journal does not know it any more; what cannot be removed goes with the next run.
        let _ = std::fs::remove_dir_all(root.join(&segment.path));
        Ok(())
    }
}
