//! What becomes of the records of a chunk: they come in, stay out, are put aside, or wait to be decided on.

use super::batch::Batch;
use super::copies;
use super::journal::{ChunkRow, Pending};
use super::kept::{keep_warnings, keep_warnings_within};
use super::limits::{Judged, Out, Ruling, Tally, Undecided, WITHIN};
use super::staged::Waiting;
use super::work::{OpenClaim, Purpose, Work};
use crate::EngineError;
use crate::segment::RowContext;
use glasshouse_model::{Record, Warning};
use std::collections::{BTreeMap, HashMap};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

/// What a chunk gave.
pub struct Parsed<'a> {
    pub chunk: u32,
    pub records: &'a [Record],
    pub warnings: Vec<Warning>,
    pub drift: BTreeMap<(&'static str, String), u64>,
}

impl Batch {
    /// Decides on the records of a chunk, as far as can be by themselves, and keeps what is read to be kept.
    pub fn add(
        &mut self,
        work: &Work<'_>,
        open: &OpenClaim<'_>,
        source: &str,
        parsed: Parsed<'_>,
    ) -> Result<(), EngineError> {
        let Parsed { chunk, records, warnings, drift } = parsed;
        let service = open.standing.provider.manifest().id;
        let judged: Vec<Judged> = records.iter().map(|record| work.limits.judge(service, source, record)).collect();
        if let Some(restricted) = work.restricted {
            let mut restricted = restricted.lock().unwrap_or_else(PoisonError::into_inner);
            let kept = records.iter().zip(&judged).filter(|(_, judged)| judged.is_restricted());
            kept.for_each(|(record, _)| restricted.name(record));
            return Ok(());
        }
        let noted = work.limits.noted(&judged, records);
        if work.purpose == Purpose::Count {
            work.limits.recall(&noted);
        }
        let context = |ordinal, authority| RowContext {
            provider: service,
            tier: open.standing.format.tier.as_str(),
            source,
            claim: open.number,
            record_key: &work.record_key,
            authority,
            ordinal,
        };
        let (mut last_place, mut ordinal) = (None, 0);
        let (mut shown, mut waiting, mut out) = (Vec::new(), Vec::new(), Out::new());
        let mut undecided: HashMap<Undecided, Tally> = HashMap::new();
        let grouped = open.standing.claim.group.is_some();
        let may_be_copy = |record: &Record| grouped && record.same_as.is_some();
        let all_may_be = records.iter().all(may_be_copy);
        for (record, judged) in records.iter().zip(&judged) {
            let place = record.refs.first().map(|r| (r.entry, r.locator.start, r.locator.length));
            ordinal = if place == last_place { ordinal + 1 } else { 0 };
            last_place = place;
            let mut count = |outcome: &str, reason: &str| {
                let kind = (outcome.to_owned(), service.to_owned(), record.family.to_string(), reason.to_owned());
                copies::tally(out.entry(kind).or_default(), grouped.then_some(record), &work.record_key);
            };
            let waits = work.limits.waits(judged, record, &noted, &work.linked);
            if work.purpose == Purpose::Count {
                match (waits, work.limits.rule_alone(judged)) {
                    (Some(_), _) => {
                        let tally = undecided.entry(judged.undecided(service, record.family)).or_default();
                        copies::tally(tally, grouped.then_some(record), &work.record_key);
                    }
                    (None, Ruling::Shown(_)) => count("shown", WITHIN),
                    (None, Ruling::HeldBack(reason)) => count("held back", reason),
                    (None, Ruling::PutAside { why, .. }) => count("quarantined", &why.kind),
                }
                continue;
            }
            if let Some(authority) = waits {
                let id = self.waiting.push(record, &context(ordinal, authority))?;
                let row = Waiting { chunk, key: judged.key, stands: judged.stands.clone() };
                self.known.push((id.clone(), row.as_why()?));
                waiting.push((id, record));
                continue;
            }
            match work.limits.rule_alone(judged) {
                Ruling::Shown(authority) => {
                    let apart = may_be_copy(record) && !all_may_be;
                    let into = if apart { &mut self.elsewhere } else { &mut self.shown };
                    into.push(record, &context(ordinal, authority))?;
                    shown.push(record);
                }
                Ruling::HeldBack(reason) => count("held back", reason),
                Ruling::PutAside { authority, why } => {
                    let id = self.aside.push(record, &context(ordinal, authority))?;
                    self.why.push((id, why));
                }
            }
        }
        if work.purpose == Purpose::Count {
            work.limits.count(open.number, out, undecided);
            return Ok(());
        }
        work.progress.records.fetch_add(shown.len() as u64, Ordering::Relaxed);
        work.progress.warnings.fetch_add(warnings.len() as u64, Ordering::Relaxed);
        let (mut pending, all) = (Pending::default(), shown.len() + waiting.len() == records.len());
        let warnings = match work.limits.are_none() {
            true => keep_warnings(service, warnings),
            false => keep_warnings_within(service, warnings, &shown, &waiting, &mut pending.warnings),
        };
        // A name that nobody knew may come from a record that stays out, or from what became no record and would have.
        let told = !records.is_empty() || work.limits.are_none();
        let drift = drift.into_iter().filter(|_| told);
        let drift: Vec<_> = drift.map(|((format, key), n)| (format!("{service}.{format}"), key, n)).collect();
        let drift = if shown.len() == records.len() {
            drift
        } else {
            pending.drift = if all { drift } else { Vec::new() };
            Vec::new()
        };
        let records = shown.len() as u64;
        self.chunks.push(ChunkRow { claim: open.number, chunk, records, warnings, drift, out, noted, pending });
        Ok(())
    }
}
