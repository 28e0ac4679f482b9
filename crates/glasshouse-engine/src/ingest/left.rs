//! What is left of parts of which the rest was discarded: its entries are neither recognised nor read again, for what
//! stood around their records is gone. Their records stay as they were read, and limits that change act on these.

use super::again::{self, Again};
use super::aside::Aside;
use super::closed;
use super::journal::{Journal, PartPlace, PartRow};
use super::limits::{Counts, Limits, Out, Ruling};
use super::lists::Kept;
use super::manifest;
use super::parts::Evidence;
use crate::EngineError;
use crate::quarantine::{self, Held, texts};
use crate::rewrite::rows_of;
use crate::scope;
use glasshouse_layout::EntryLine;
use glasshouse_store::seal::Seal;
use glasshouse_store::{Arranged, Case, Catalog, CatalogEntry, Part};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

/// The limits that the records of what is left were last judged by.
const JUDGED: &str = "left limits";

fn fact(row: &PartRow) -> String {
    format!("left {} {}", row.source, row.number)
}

/// Keeps what became of the entries that are left of a part.
pub fn put_statuses(journal: &Journal, row: &PartRow, statuses: &BTreeMap<u32, Kept>) -> Result<(), EngineError> {
    let text = serde_json::to_string(statuses).map_err(|e| EngineError::other(e.to_string()))?;
    journal.put_fact(&fact(row), &text)
}

/// Returns what became of the entries that are left of a part, when the rest was discarded.
pub fn statuses(journal: &Journal, row: &PartRow) -> Result<BTreeMap<u32, Kept>, EngineError> {
    let text = journal.fact(&fact(row))?.unwrap_or_else(|| "{}".to_owned());
    serde_json::from_str(&text).map_err(|_| EngineError::other("The journal of the run is damaged."))
}

/// Refuses to go on without the records that were read from a part before the rest of it was discarded.
pub fn known(journal: &Journal, row: &PartRow) -> Result<(), EngineError> {
    if journal.fact(&fact(row))?.is_some() {
        return Ok(());
    }
    Err(EngineError::other(format!(
        "The folder runs/ of this case was deleted or is not the one that belongs to it, and the records of {} part {} cannot be made again: of what they were read from the rest is discarded. Put runs/ back from a backup.",
        row.source, row.number
    )))
}

/// Returns what is left of a part as its manifest lists it: an entry that is gone keeps its number and nothing else.
pub(crate) fn as_listed(
    root: &Path,
    seal: &Seal,
    place: &PartPlace<'_>,
    part: &Part,
    catalog: &Catalog,
) -> Result<(Part, Catalog), EngineError> {
    let members: HashMap<&str, usize> = catalog.entries.iter().map(|e| e.path).zip(0..).collect();
    let mut order: Vec<Arranged> =
        (0..place.entries).map(|_| Arranged::Closed(Box::new(CatalogEntry::nothing("discarded")))).collect();
    manifest::read_at(root, seal, place.source, place.number, |line| {
        let number = line.entry.to_string();
        let at = line.entry.checked_sub(place.first).and_then(|at| order.get_mut(at as usize));
        let (Some(at), Some(member)) = (at, members.get(number.as_str())) else {
            return Err(EngineError::other(format!(
                "The manifest of {} part {} names entry {number}, which is not in it. Run glasshouse-verify on the case.",
                place.source, place.number
            )));
        };
        *at = Arranged::As(*member, Box::new(listed(line)));
        Ok(())
    })?;
    let (part, entries) = part.arranged(order);
    Ok((part, Catalog { entries, troubles: Vec::new() }))
}

/// Returns how many bytes of each entry are gone, in what is left of a part.
pub fn cut(case: &Case, row: &PartRow) -> Result<HashMap<u32, u64>, EngineError> {
    if !row.is_left() {
        return Ok(HashMap::new());
    }
    let mut cut = HashMap::new();
    manifest::read(case, &row.source, row.number, |line| {
        cut.extend(line.cut.map(|n| (line.entry, n)));
        Ok(())
    })?;
    Ok(cut)
}

fn listed(line: EntryLine) -> CatalogEntry {
    let cut =
        line.cut.filter(|n| *n > 0).map(|n| format!("{n} bytes of it were discarded; zeros stand in their place."));
    let entry = closed::closed(line, None);
    CatalogEntry { encrypted: false, problem: entry.problem.clone().or(cut), ..entry }
}

/// Says whether the records of what is left were judged by other limits than these.
pub fn is_judged_otherwise(journal: &Journal, evidence: &Evidence, limits: &Limits) -> Result<bool, EngineError> {
    let any = evidence.parts.iter().any(|p| p.row.is_left());
    Ok(any && journal.fact(JUDGED)?.unwrap_or_default() != limits.identity())
}

/// Notes that the records of what is left stand as these limits judge them.
pub fn judged(journal: &Journal, limits: &Limits) -> Result<(), EngineError> {
    journal.put_fact(JUDGED, &limits.identity())
}

/// Takes note of the records of what is left, before any other is read, and returns the entries that they have attached.
pub fn note(case: &Case, journal: &Journal, evidence: &Evidence, limits: &Limits) -> Result<HashSet<u32>, EngineError> {
    let mut linked = HashSet::new();
    if !limits.exclude() || !evidence.parts.iter().any(|p| p.row.is_left()) {
        return Ok(linked);
    }
    let mut judge = |row: &Again| {
        let judged = limits.judge(&row.service, &row.source, &row.record);
        limits.recall(&limits.noted(std::slice::from_ref(&judged), std::slice::from_ref(&row.record)));
        linked.extend(scope::attached(&row.record));
        judged
    };
    for (_, segment, _) in journal.segments()? {
        let rows = rows_of(case.root(), &segment, &vec![true; segment.rows as usize])?;
        let records = again::records(&rows.records, &rows.parties, &rows.attachments)?;
        records.iter().filter(|row| evidence.is_left(row.entry())).for_each(|row| {
            judge(row);
        });
    }
    for (_, segment, _) in journal.put_aside()? {
        let held = quarantine::read(case.root(), &case.seal()?, &segment)?;
        let whys = whys(&held)?;
        let records = again::records(&held.records, &held.parties, &held.attachments)?;
        for row in records.iter().filter(|row| evidence.is_left(row.entry())) {
            let judged = judge(row);
            // What its conversation met may be gone with what was outside.
            if let (Some(_), Some(kind)) = (&row.record.conversation, whys.get(&row.id)) {
                limits.remember(&judged, kind);
            }
        }
    }
    Ok(linked)
}

/// Decides on a record of what is left.
fn rule<'a>(limits: &'a Limits, row: &Again) -> Ruling<'a> {
    limits.rule(&limits.judge(&row.service, &row.source, &row.record))
}

/// Counts what would become of the records of what is left under these limits.
pub fn count(case: &Case, journal: &Journal, evidence: &Evidence, limits: &Limits) -> Result<Counts, EngineError> {
    let mut counts = Counts::new();
    if !evidence.parts.iter().any(|p| p.row.is_left()) {
        return Ok(counts);
    }
    let mut add = |row: &Again, aside: Option<&str>| {
        let (outcome, reason) = match rule(limits, row) {
            Ruling::HeldBack(reason) => ("held back", reason.to_owned()),
            Ruling::PutAside { why, .. } if !row.released => ("quarantined", why.kind),
            _ => aside.map_or(("shown", "within scope".to_owned()), |kind| ("quarantined", kind.to_owned())),
        };
        let family = row.record.family.as_str().to_owned();
        *counts.entry((outcome.to_owned(), row.service.clone(), family, reason)).or_default() += 1;
    };
    let mut out = HashSet::new();
    for (_, segment, _) in journal.segments()? {
        let rows = rows_of(case.root(), &segment, &vec![true; segment.rows as usize])?;
        for row in again::records(&rows.records, &rows.parties, &rows.attachments)? {
            if evidence.is_left(row.entry()) {
                add(&row, None);
                out.extend(row.released.then_some(row.id));
            }
        }
    }
    for (_, segment, _) in journal.put_aside()? {
        let held = quarantine::read(case.root(), &case.seal()?, &segment)?;
        let whys = whys(&held)?;
        for row in again::records(&held.records, &held.parties, &held.attachments)? {
            if evidence.is_left(row.entry()) && !out.contains(&row.id) {
                add(&row, whys.get(&row.id).map(String::as_str));
            }
        }
    }
    Ok(counts)
}

fn whys(held: &Held) -> Result<HashMap<String, String>, EngineError> {
    let ids = texts(&held.why, "record_id")?.into_iter();
    let pairs = ids.zip(texts(&held.why, "kind")?);
    Ok(pairs.filter_map(|(id, kind)| Some((id?.to_owned(), kind?.to_owned()))).collect())
}

/// Judges the records of what is left by limits that are new: what lies outside now goes, and is counted.
///
/// What is put aside stays there as long as the limits cover it, also where nothing excludes it any more.
pub fn judge_again(aside: &Aside<'_>, evidence: &Evidence, limits: &Limits) -> Result<(), EngineError> {
    let Aside { case, journal, .. } = *aside;
    if !is_judged_otherwise(journal, evidence, limits)? {
        return judged(journal, limits);
    }
    let mut out: Vec<(u32, Out)> = Vec::new();
    let mut outside = |row: &Again, reason: &str| {
        let family = row.record.family.as_str().to_owned();
        let kind = ("held back".to_owned(), row.service.clone(), family, reason.to_owned());
        let mut one = Out::new();
        one.entry(kind).or_default().records += 1;
        out.push((row.claim, one));
    };
    for (number, segment, _) in journal.segments()? {
        let rows = rows_of(case.root(), &segment, &vec![true; segment.rows as usize])?;
        let records = again::records(&rows.records, &rows.parties, &rows.attachments)?;
        let (mut stay, mut go, mut why) = (Vec::new(), Vec::new(), Vec::new());
        for row in &records {
            let ruling = match evidence.is_left(row.entry()) {
                true => rule(limits, row),
                false => Ruling::Shown(""),
            };
            let (mut stays, mut goes) = (true, false);
            match ruling {
                Ruling::HeldBack(reason) => {
                    outside(row, reason);
                    stays = false;
                }
                Ruling::PutAside { why: met, .. } if !row.released => {
                    why.push((row.id.clone(), met));
                    (stays, goes) = (false, true);
                }
                _ => {}
            }
            stay.push(stays);
            go.push(goes);
        }
        if stay.contains(&false) {
            aside.divide(number, &segment, &stay, &go, &why)?;
        }
    }
    let mut gone = HashSet::new();
    for (_, segment, _) in journal.put_aside()? {
        let held = quarantine::read(case.root(), &case.seal()?, &segment)?;
        for row in again::records(&held.records, &held.parties, &held.attachments)? {
            if evidence.is_left(row.entry())
                && let Ruling::HeldBack(reason) = rule(limits, &row)
            {
                outside(&row, reason);
                gone.insert(row.id);
            }
        }
    }
    if !gone.is_empty() {
        aside.keep(&|id, _| !gone.contains(id))?;
    }
    journal.put_outside(&out)?;
    judged(journal, limits)
}
