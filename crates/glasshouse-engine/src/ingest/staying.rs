//! What stays when the rest is discarded: the bytes that records name which are shown or put aside.

use super::again::all_refs;
use super::discard::Known;
use super::left;
use super::parts::HeldPart;
use crate::EngineError;
use crate::quarantine::{self, texts};
use crate::rewrite::{read_columns, read_columns_of};
use crate::segment::typed;
use datafusion::arrow::array::{Array, BooleanArray, RecordBatch, StringArray, UInt32Array};
use datafusion::arrow::compute::filter_record_batch;
use glasshouse_model::{Framing, Locator, LocatorKind, Record};
use glasshouse_store::{EntryKind, Stays};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Ranges of one entry are put together when there are so many.
const MANY: usize = 4096;

/// What stays of each entry.
#[derive(Clone, Default)]
pub struct Staying {
    entries: BTreeMap<u32, Ranges>,
    /// Entries that stay whole although not all in them may be within the limits.
    pub uncut: BTreeSet<u32>,
    /// Records that the privilege reviewer withholds and that go.
    pub withheld: BTreeSet<String>,
    /// These, by service, family and the kind of what they met.
    pub withheld_counts: BTreeMap<(String, String, String), u64>,
}

#[derive(Clone, Default)]
struct Ranges {
    whole: bool,
    /// From, and up to; sorted and apart up to `sorted`.
    ranges: Vec<(u64, u64)>,
    sorted: usize,
}

impl Ranges {
    fn add(&mut self, locator: &Locator) {
        if locator.kind == LocatorKind::Whole {
            self.whole = true;
        } else if locator.length > 0 {
            self.ranges.push((locator.start, locator.start.saturating_add(locator.length)));
            if self.ranges.len() >= MANY.max(2 * self.sorted) {
                self.tidy();
            }
        }
    }

    fn tidy(&mut self) {
        self.ranges.sort_unstable();
        let mut apart: Vec<(u64, u64)> = Vec::new();
        for (start, end) in self.ranges.drain(..) {
            match apart.last_mut() {
                Some(last) if start <= last.1 => last.1 = last.1.max(end),
                _ => apart.push((start, end)),
            }
        }
        self.sorted = apart.len();
        self.ranges = apart;
    }
}

impl Staying {
    /// Says whether something of an entry stays.
    pub fn has(&self, entry: u32) -> bool {
        self.entries.contains_key(&entry)
    }

    /// Returns what stays of a part, in the order of its entries.
    pub fn of(&self, part: &HeldPart) -> Vec<Stays> {
        let first = part.row.first_entry.unwrap_or(0);
        let mut stays = Vec::new();
        for (index, entry) in part.entries.iter().enumerate().filter(|(_, e)| e.kind == EntryKind::File) {
            let number = first + index as u32;
            let Some(ranges) = self.entries.get(&number) else { continue };
            let all = ranges.whole || self.uncut.contains(&number) || ranges.ranges.as_slice() == [(0, entry.size)];
            stays.push(Stays { entry: number, index, ranges: (!all).then(|| ranges.ranges.clone()) });
        }
        stays
    }

    /// Says whether nothing of a part goes; `cut` is what is gone of its entries already.
    pub fn all_of(part: &HeldPart, stays: &[Stays], cut: &HashMap<u32, u64>) -> bool {
        let here = part.entries.iter().filter(|e| e.method != "discarded").count();
        // What was cut before is not cut again for the same ranges.
        let same = |s: &Stays| {
            let Some(ranges) = &s.ranges else { return true };
            let size = part.entries.get(s.index).map_or(0, |e| e.size);
            let left: u64 = ranges.iter().map(|(start, end)| (*end).min(size).saturating_sub(*start)).sum();
            cut.get(&s.entry) == Some(&size.saturating_sub(left))
        };
        stays.len() == here && stays.iter().all(same)
    }

    /// Takes note of all that a record names.
    pub fn name(&mut self, record: &Record) {
        let attached = record.attachments.iter().filter_map(|attached| attached.at.as_ref());
        record.refs.iter().chain(attached).for_each(|at| self.add(at.entry.0, &at.locator));
    }

    fn add(&mut self, entry: u32, locator: &Locator) {
        self.entries.entry(entry).or_default().add(locator);
    }
}

/// Returns what stays: all that a record names which is shown, or put aside and not to go, and what is restricted, where
/// that stays.
pub fn staying(known: &Known<'_>, withheld_goes: bool) -> Result<Staying, EngineError> {
    let root = known.case.root();
    let mut staying = known.restricted.cloned().unwrap_or_default();
    for (_, segment, _) in known.journal.segments()? {
        for batch in read_columns(root, &segment, &["entry", "locator", "refs"])? {
            records(&mut staying, &batch)?;
        }
        let attached = root.join(&segment.path).join("attachments.parquet");
        if attached.exists() {
            for batch in read_columns_of(&attached, &["entry", "locator"])? {
                attachments(&mut staying, &batch)?;
            }
        }
    }
    for (_, segment, _) in known.journal.put_aside()? {
        let held = quarantine::read(root, &known.case.seal()?, &segment)?;
        let ids = texts(&held.records, "id")?;
        let goes: HashSet<&str> =
            ids.iter().flatten().copied().filter(|id| withheld_goes && known.decided.withheld(id)).collect();
        count(&mut staying, &held, &goes)?;
        let of = |batch: &RecordBatch, name: &str| -> Result<RecordBatch, EngineError> {
            let column: &StringArray = typed(batch, name)?;
            let stay: BooleanArray = column.iter().map(|id| Some(id.is_none_or(|id| !goes.contains(id)))).collect();
            Ok(filter_record_batch(batch, &stay)?)
        };
        records(&mut staying, &of(&held.records, "id")?)?;
        attachments(&mut staying, &of(&held.attachments, "record_id")?)?;
        staying.withheld.extend(goes.into_iter().map(str::to_owned));
    }
    // Records of a file that is read at any place lie in blocks all over it.
    let anywhere = known.recognised.claims.iter().filter(|s| s.claim.framing == Framing::Stretches);
    let mut uncut: BTreeSet<u32> = anywhere.map(|s| s.claim.main.0).collect();
    for part in known.evidence.parts.iter().filter(|p| p.row.is_left()) {
        let before = left::statuses(known.journal, &part.row)?;
        uncut.extend(before.into_iter().filter(|(_, status)| status.uncut).map(|(entry, _)| entry));
    }
    if known.restricted.is_some() {
        uncut.extend(left_with_restricted(known, &mut staying)?);
    }
    uncut.retain(|entry| staying.has(*entry));
    staying.uncut = uncut;
    staying.entries.values_mut().for_each(Ranges::tidy);
    Ok(staying)
}

/// What of an earlier remainder is restricted is not known by its bytes any more: nothing more of such a source is cut.
fn left_with_restricted(known: &Known<'_>, staying: &mut Staying) -> Result<Vec<u32>, EngineError> {
    let mut left = Vec::new();
    for part in known.evidence.parts.iter().filter(|p| known.restricted_left.contains(&p.row.source) && p.row.is_left())
    {
        let first = part.row.first_entry.unwrap_or(0);
        for (number, entry) in (first..).zip(part.entries.iter()) {
            if entry.kind == EntryKind::File && entry.method != "discarded" {
                staying.add(number, &Locator::whole(entry.size));
                left.push(number);
            }
        }
    }
    Ok(left)
}

fn count(staying: &mut Staying, held: &quarantine::Held, goes: &HashSet<&str>) -> Result<(), EngineError> {
    let kinds: HashMap<&str, &str> = texts(&held.why, "record_id")?
        .into_iter()
        .zip(texts(&held.why, "kind")?)
        .filter_map(|(id, kind)| Some((id?, kind?)))
        .collect();
    let (service, family) = (texts(&held.records, "service")?, texts(&held.records, "family")?);
    for (i, id) in texts(&held.records, "id")?.into_iter().enumerate() {
        let Some(id) = id.filter(|id| goes.contains(id)) else { continue };
        let text = |column: &[Option<&str>]| column.get(i).copied().flatten().unwrap_or_default().to_owned();
        let kind = kinds.get(id).copied().unwrap_or("privilege").to_owned();
        *staying.withheld_counts.entry((text(&service), text(&family), kind)).or_default() += 1;
    }
    Ok(())
}

fn records(staying: &mut Staying, batch: &RecordBatch) -> Result<(), EngineError> {
    let entry: &UInt32Array = typed(batch, "entry")?;
    let (locator, refs): (&StringArray, &StringArray) = (typed(batch, "locator")?, typed(batch, "refs")?);
    for row in 0..batch.num_rows() {
        let main = locator.value(row).parse::<Locator>();
        let main = main.map_err(|_| EngineError::other("A record names no bytes. Process the case again."))?;
        staying.add(entry.value(row), &main);
        if refs.is_valid(row) {
            for at in all_refs(refs.value(row)) {
                staying.add(at.entry.0, &at.locator);
            }
        }
    }
    Ok(())
}

fn attachments(staying: &mut Staying, batch: &RecordBatch) -> Result<(), EngineError> {
    let entry: &UInt32Array = typed(batch, "entry")?;
    let locator: &StringArray = typed(batch, "locator")?;
    for row in (0..batch.num_rows()).filter(|row| entry.is_valid(*row)) {
        let known = locator.is_valid(row).then(|| locator.value(row).parse::<Locator>().ok()).flatten();
        // One that does not say where it lies is the file as a whole.
        staying.add(entry.value(row), &known.unwrap_or(Locator::whole(0)));
    }
    Ok(())
}
