//! What became of each entry, and which were not read.

use super::claims::Recognised;
use super::intake::Evidence;
use super::journal::Journal;
use super::left;
use super::limits::Limits;
use crate::EngineError;
use glasshouse_model::EntryId;
use glasshouse_store::EntryKind;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// What became of one entry.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Status {
    pub status: String,
    pub provider: Option<String>,
    pub format: Option<String>,
    pub service: String,
    /// Service and reason, where the limits ruled it out before it was read.
    pub outside: Option<(String, String)>,
    /// It was left whole by a discard although not all in it is within the limits.
    #[serde(default)]
    pub uncut: bool,
}

impl Status {
    fn of(status: &str) -> Self {
        Status { status: status.to_owned(), ..Status::default() }
    }

    /// Returns service and reason of an entry that was not read.
    pub fn unread(&self, limits: &Limits) -> Option<(String, String)> {
        match (&self.outside, self.status.as_str()) {
            (Some(outside), _) => Some(outside.clone()),
            (None, "not recognised" | "unreadable" | "encrypted") => Some((self.service.clone(), self.status.clone())),
            // Under limits a file that nobody parses is no record and is shown to nobody.
            (None, "attached") if !limits.are_none() => Some((self.service.clone(), self.status.clone())),
            _ => None,
        }
    }
}

/// Returns what became of every entry. Of entries that are left of a part of which the rest was discarded it is what
/// it was then.
pub fn statuses(
    journal: &Journal,
    evidence: &Evidence,
    recognised: &Recognised,
    numbers: &HashMap<String, (u32, Option<u32>)>,
) -> Result<BTreeMap<u32, Status>, EngineError> {
    let hashes = journal.hashes()?;
    let warned: HashSet<u32> =
        journal.warnings()?.into_iter().filter(|w| w.provider != "container").filter_map(|w| w.entry).collect();
    let records = journal.records_by_claim()?;
    let mut statuses = BTreeMap::new();
    for part in &evidence.parts {
        let first = part.row.first_entry.unwrap_or(0);
        let parents: BTreeSet<usize> = part.entries.iter().filter_map(|e| e.parent).collect();
        for (index, entry) in part.entries.iter().enumerate() {
            let number = first + index as u32;
            let problem = hashes.get(&number).and_then(|h| h.problem.as_deref());
            let status = match entry.kind {
                EntryKind::Folder => "folder",
                EntryKind::Link | EntryKind::Other => "not a file",
                EntryKind::File if parents.contains(&index) => "opened",
                EntryKind::File if problem.is_some() && entry.encrypted => "encrypted",
                EntryKind::File if problem.is_some() || entry.problem.is_some() => "unreadable",
                EntryKind::File => "not recognised",
            };
            statuses.insert(number, Status::of(status));
        }
    }
    for standing in &recognised.claims {
        let provider = standing.provider.manifest().id;
        let format = format!("{provider}.{}", standing.format.id);
        let read = numbers.get(&standing.key).and_then(|(n, _)| records.get(n)).copied().unwrap_or(0) > 0;
        let claim = &standing.claim;
        for (place, entry) in std::iter::once(&claim.main).chain(&claim.companions).chain(&claim.copies).enumerate() {
            let Some(status) = statuses.get_mut(&entry.0) else { continue };
            status.provider = Some(provider.to_owned());
            status.format = Some(format.clone());
            status.service = provider.to_owned();
            let damaged = matches!(status.status.as_str(), "unreadable" | "encrypted");
            if !damaged || place == 0 && read {
                let partly = damaged || warned.contains(&entry.0);
                status.status = if partly { "partly" } else { "parsed" }.to_owned();
            }
        }
    }
    // What records may name as their attachment is kept as it is: no parser of ours opens it.
    let mut seen = BTreeSet::new();
    for standing in &recognised.claims {
        if !seen.insert(Arc::as_ptr(&standing.claim.links)) {
            continue;
        }
        for link in standing.claim.links.as_slice() {
            let Some(status) = statuses.get_mut(&link.entry.0).filter(|s| s.status == "not recognised") else {
                continue;
            };
            let provider = standing.provider.manifest().id;
            let (provider, service) = (Some(provider.to_owned()), provider.to_owned());
            *status = Status { provider, service, ..Status::of("attached") };
        }
    }
    for (standing, reason) in &recognised.outside {
        if let Some(status) = statuses.get_mut(&standing.claim.main.0) {
            status.outside = Some((standing.provider.manifest().id.to_owned(), reason.as_str().to_owned()));
        }
    }
    for part in evidence.parts.iter().filter(|p| p.row.is_left()) {
        statuses.extend(left::statuses(journal, &part.row)?);
    }
    Ok(statuses)
}

/// Returns how many files there are, by what became of them.
pub fn by_status(statuses: &BTreeMap<u32, Status>) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for status in statuses.values().filter(|s| !matches!(s.status.as_str(), "folder" | "not a file")) {
        *counts.entry(status.status.clone()).or_default() += 1;
    }
    counts
}

/// Entries that were not read: service, reason, number of entries and their bytes.
pub type Unread = BTreeMap<(String, String), (u64, u64)>;

/// Counts the entries that were not read.
pub fn unread(statuses: &BTreeMap<u32, Status>, evidence: &Evidence, limits: &Limits) -> Unread {
    let mut unread = Unread::new();
    for (entry, status) in statuses {
        let Some(kind) = status.unread(limits) else { continue };
        let size = evidence.entry(EntryId(*entry)).map_or(0, |e| e.size);
        let (entries, bytes) = unread.entry(kind).or_default();
        *entries += 1;
        *bytes += size;
    }
    unread
}
