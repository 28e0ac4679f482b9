//! The quarantine at the end of a run: what left it, what came to it, and what was let out by a decision.

use super::copies::{Copies, Shown};
use super::finish::drop_rows;
use super::journal::Journal;
use super::limits::{Counts, Limits, Why};
use crate::EngineError;
use crate::quarantine::{self, Held, Standing, Tables, texts};
use crate::rewrite::{read_all, read_columns, rows_of};
use crate::segment::{PARTIES, typed, write_segment};
use datafusion::arrow::array::{Array, RecordBatch, StringArray, UInt32Array};
use glasshouse_layout::{FileHash, Segment, paths};
use glasshouse_store::Case;
use glasshouse_store::seal::Seal;
use std::collections::{BTreeSet, HashMap, HashSet};

/// The quarantine of a case while a run is finished.
pub struct Aside<'a> {
    pub case: &'a Case,
    pub journal: &'a Journal,
    pub run: &'a str,
}

/// What is told of the quarantine.
#[derive(Default)]
pub struct Told {
    /// Records that are put aside and not released.
    pub counts: Counts,
    /// Claims of which records were released.
    pub released: BTreeSet<u32>,
}

impl Aside<'_> {
    /// Keeps the rows that are wanted, by id and claim.
    pub fn keep(&self, wanted: &dyn Fn(&str, u32) -> bool) -> Result<(), EngineError> {
        let seal = self.case.seal()?;
        for (number, segment, _) in self.journal.put_aside()? {
            let mut keep = Vec::with_capacity(segment.rows as usize);
            for batch in self.tables(&seal, &segment).read("records", &["id", "claim"])? {
                let batch = batch?;
                let (ids, claim): (&StringArray, &UInt32Array) = (typed(&batch, "id")?, typed(&batch, "claim")?);
                keep.extend((0..ids.len()).map(|i| wanted(ids.value(i), claim.value(i))));
            }
            if keep.iter().all(|k| *k) {
                continue;
            }
            let left = quarantine::read(self.case.root(), &seal, &segment)?.only(&keep)?;
            let left = if left.records.num_rows() > 0 { vec![self.put(&left)?] } else { Vec::new() };
            self.journal.replace(&[number], &left, &[])?;
        }
        Ok(())
    }

    fn tables<'a>(&'a self, seal: &'a Seal, segment: &'a Segment) -> Tables<'a> {
        Tables { case: self.case.root(), seal, segment }
    }

    fn put(&self, held: &Held) -> Result<(Segment, Vec<FileHash>), EngineError> {
        let path = paths::put_aside(self.run, self.journal.next_segment()?);
        quarantine::write(self.case, &path, held)
    }

    /// Brings quarantine and ordinary segments in line with what was found and with what was decided.
    pub fn settle(&self, copies: &Copies, limits: &Limits, decided: &Standing) -> Result<(), EngineError> {
        if !limits.nothing_aside() {
            self.take_in(limits)?;
        }
        let (segments, seal) = (self.journal.put_aside()?, self.case.seal()?);
        let mut dropped = Shown::default();
        for pass in [false, true] {
            for (_, segment, _) in &segments {
                for batch in self.tables(&seal, segment).read("records", &["id", "claim", "same_as"])? {
                    copies.look(&mut dropped, &batch?, pass)?;
                }
            }
        }
        if !dropped.dropped.is_empty() {
            self.keep(&|id, _| !dropped.dropped.contains(id))?;
        }
        if !decided.is_empty() {
            self.release(decided)?;
        }
        Ok(())
    }

    /// Puts aside records that came in before their conversation met an exclusion.
    fn take_in(&self, limits: &Limits) -> Result<(), EngineError> {
        for (number, segment, _) in self.journal.segments()? {
            let mut whys: Vec<Option<Why>> = Vec::with_capacity(segment.rows as usize);
            let columns = ["service", "conversation", "entry", "decision"];
            for batch in read_columns(self.case.root(), &segment, &columns)? {
                let (service, talk) = (texts(&batch, "service")?, texts(&batch, "conversation")?);
                let entry: &UInt32Array = typed(&batch, "entry")?;
                let released = decisions(&batch);
                for (i, (service, talk)) in service.iter().zip(talk).enumerate() {
                    let out = released.is_some_and(|d| d.is_valid(i));
                    let why = || limits.grown(service.unwrap_or_default(), talk, entry.value(i));
                    whys.push(if out { None } else { why() });
                }
            }
            if whys.iter().all(Option::is_none) {
                continue;
            }
            let go: Vec<bool> = whys.iter().map(Option::is_some).collect();
            let stay: Vec<bool> = go.iter().map(|g| !g).collect();
            let ids = read_columns(self.case.root(), &segment, &["id"])?;
            let ids: Vec<String> = ids
                .iter()
                .map(|batch| texts(batch, "id"))
                .collect::<Result<Vec<_>, _>>()?
                .into_iter()
                .flatten()
                .map(|id| id.unwrap_or_default().to_owned())
                .collect();
            let why: Vec<(String, Why)> =
                ids.into_iter().zip(whys).filter_map(|(id, why)| why.map(|why| (id, why))).collect();
            self.divide(number, &segment, &stay, &go, &why)?;
        }
        Ok(())
    }

    /// Divides an ordinary segment: what stays, what goes to the quarantine, and why; the rest is dropped.
    pub fn divide(
        &self,
        number: i64,
        segment: &Segment,
        stay: &[bool],
        go: &[bool],
        why: &[(String, Why)],
    ) -> Result<(), EngineError> {
        let mut new = Vec::new();
        if go.contains(&true) {
            new.push(self.put(&Held::of(rows_of(self.case.root(), segment, go)?, why)?)?);
        }
        if stay.contains(&true) {
            new.push(self.ordinary(rows_of(self.case.root(), segment, stay)?)?);
        }
        self.journal.replace(&[number], &new, &[])
    }

    fn ordinary(&self, rows: crate::segment::Rows) -> Result<(Segment, Vec<FileHash>), EngineError> {
        let path = paths::segment(self.run, self.journal.next_segment()?);
        write_segment(self.case.root(), &path, rows)?.sync()
    }

    /// Copies what was released into ordinary segments, and takes out copies that no decision lets out any more.
    fn release(&self, decided: &Standing) -> Result<(), EngineError> {
        let (mut there, mut stale) = (HashSet::new(), HashSet::new());
        for (_, segment, _) in self.journal.segments()? {
            for batch in read_columns(self.case.root(), &segment, &["id", "decision"])? {
                let Some(decision) = decisions(&batch) else { continue };
                for (i, id) in texts(&batch, "id")?.into_iter().enumerate().filter(|(i, _)| decision.is_valid(*i)) {
                    let id = id.unwrap_or_default();
                    let stands = decided.released(id) == Some(decision.value(i));
                    if stands {
                        there.insert(id.to_owned())
                    } else {
                        stale.insert(id.to_owned())
                    };
                }
            }
        }
        drop_rows(self.case, self.journal, self.run, &HashSet::new(), &stale)?;
        let seal = self.case.seal()?;
        for (_, segment, _) in self.journal.put_aside()? {
            let mut decisions: Vec<Option<u32>> = Vec::with_capacity(segment.rows as usize);
            for batch in self.tables(&seal, &segment).read("records", &["id"])? {
                let out = |id: Option<&str>| id.filter(|id| !there.contains(*id)).and_then(|id| decided.released(id));
                decisions.extend(texts(&batch?, "id")?.into_iter().map(out));
            }
            if decisions.iter().all(Option::is_none) {
                continue;
            }
            let keep: Vec<bool> = decisions.iter().map(Option::is_some).collect();
            let decisions: Vec<u32> = decisions.into_iter().flatten().collect();
            let held = quarantine::read(self.case.root(), &seal, &segment)?;
            let new = self.ordinary(held.only(&keep)?.released(&decisions)?)?;
            self.journal.replace(&[], &[new], &[])?;
        }
        Ok(())
    }

    /// Counts what is put aside and not released.
    pub fn told(&self, decided: &Standing) -> Result<Told, EngineError> {
        let mut told = Told::default();
        let seal = self.case.seal()?;
        for (_, segment, _) in self.journal.put_aside()? {
            let tables = self.tables(&seal, &segment);
            let mut kinds: HashMap<String, String> = HashMap::new();
            for batch in tables.read("aside", &["record_id", "kind"])? {
                let batch = batch?;
                let why = texts(&batch, "record_id")?.into_iter().zip(texts(&batch, "kind")?);
                kinds.extend(why.filter_map(|(id, kind)| Some((id?.to_owned(), kind?.to_owned()))));
            }
            for batch in tables.read("records", &["id", "service", "family", "claim"])? {
                let batch = batch?;
                let claim: &UInt32Array = typed(&batch, "claim")?;
                let names = texts(&batch, "service")?.into_iter().zip(texts(&batch, "family")?);
                for (i, (id, (service, family))) in texts(&batch, "id")?.into_iter().zip(names).enumerate() {
                    let id = id.unwrap_or_default();
                    if decided.released(id).is_some() {
                        told.released.insert(claim.value(i));
                        continue;
                    }
                    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
                    let kind = kinds.get(id).cloned().unwrap_or_else(|| "privilege".to_owned());
                    *told.counts.entry(("quarantined".to_owned(), text(service), text(family), kind)).or_default() += 1;
                }
            }
        }
        Ok(told)
    }
}

/// Returns the decisions of rows, where the segment is young enough to have the column.
fn decisions(batch: &RecordBatch) -> Option<&UInt32Array> {
    batch.column_by_name("decision")?.as_any().downcast_ref()
}

/// Returns about how many people other than the subject the shown records name; none in a personal case.
///
/// It is an estimate: one person with two addresses counts as two, two of one name and no address as one.
pub fn third_parties(
    case: &Case,
    segments: &[(i64, Segment, Vec<FileHash>)],
    limits: &Limits,
) -> Result<Option<u64>, EngineError> {
    if limits.are_none() {
        return Ok(None);
    }
    let mut names = BTreeSet::new();
    for (_, segment, _) in segments {
        let parties = read_all(&case.root().join(&segment.path).join("parties.parquet"), &PARTIES)?;
        // One who has an address is known by it; only who has none is known by a name.
        let known = texts(&parties, "identifier")?.into_iter().zip(texts(&parties, "name")?);
        let known: HashSet<&str> = known.filter_map(|(identifier, name)| identifier.or(name)).collect();
        names.extend(known.into_iter().map(str::to_owned));
    }
    Ok(limits.third_parties(&names))
}
