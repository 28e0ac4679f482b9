//! The lists of a run: what became of each entry, warnings, fields that nobody knew, and outcomes.
//!
//! They are written a batch at a time, since a part may have millions of entries.

use super::claims::{Recognised, Standing};
use super::finish::Totals;
use super::journal::{Hashes, Journal, WarningRow};
use super::left;
use super::limits::{Counts, Limits};
use super::manifest::kind;
use super::parts::Evidence;
use crate::EngineError;
use crate::scope::Reason;
use crate::segment::{Table, write_parquet};
use datafusion::arrow::array::{ArrayRef, RecordBatch, StringArray, UInt32Array, UInt64Array};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use glasshouse_layout::{Discarded, FileHash};
use glasshouse_model::EntryId;
use glasshouse_store::{Case, Entry, EntryKind};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// Rows of a list that are in memory at a time.
const BATCH: usize = 16 << 10;

/// What became of an entry.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Became {
    Folder,
    NotAFile,
    Opened,
    Encrypted,
    Unreadable,
    NotRecognised,
    Attached,
    Partly,
    Parsed,
}

impl Became {
    fn as_str(self) -> &'static str {
        match self {
            Became::Folder => "folder",
            Became::NotAFile => "not a file",
            Became::Opened => "opened",
            Became::Encrypted => "encrypted",
            Became::Unreadable => "unreadable",
            Became::NotRecognised => "not recognised",
            Became::Attached => "attached",
            Became::Partly => "partly",
            Became::Parsed => "parsed",
        }
    }
}

#[derive(Clone, Copy)]
struct Status {
    became: Became,
    /// Who reads it: a place in the list of readers.
    reader: Option<u16>,
    is_listed: bool,
}

/// What became of an entry that is left of a part, when the rest was discarded.
#[derive(Clone, Serialize, Deserialize)]
pub struct Kept {
    became: Became,
    provider: Option<String>,
    format: Option<String>,
    /// Service and reason, where the limits ruled it out before it was read.
    outside: Option<(String, String)>,
    /// It was left whole although not all in it is within the limits.
    pub uncut: bool,
}

impl Kept {
    /// Says whether it is covered by an authority that has ended, and by none that was in force.
    pub fn is_restricted(&self) -> bool {
        self.outside.as_ref().is_some_and(|(_, why)| why == Reason::Restricted.as_str())
    }
}

/// What became of each entry, by its number.
pub struct Statuses {
    all: Vec<Option<Status>>,
    /// Provider and, where it reads the entry, format.
    readers: Vec<(String, Option<String>)>,
    /// Service and reason of entries that the limits ruled out before they were read.
    outside: HashMap<u32, (String, String)>,
}

impl Statuses {
    /// Says of every entry what became of it.
    pub fn of(
        journal: &Journal,
        evidence: &Evidence,
        recognised: &Recognised,
        hashes: &Hashes,
    ) -> Result<Self, EngineError> {
        let mut statuses = Statuses { all: Vec::new(), readers: Vec::new(), outside: HashMap::new() };
        let opened: BTreeSet<u32> = evidence.parts.iter().filter_map(|part| Some(part.opened?.0)).collect();
        for part in &evidence.parts {
            let first = part.row.first_entry.unwrap_or(0);
            let parents: BTreeSet<usize> = part.entries.iter().filter_map(|e| e.parent).collect();
            for (index, (number, entry)) in (first..).zip(part.entries.iter()).enumerate() {
                let problem = hashes.get(number).and_then(|known| known.problem());
                let became = match entry.kind {
                    EntryKind::Folder => Became::Folder,
                    EntryKind::Link | EntryKind::Other => Became::NotAFile,
                    EntryKind::File if parents.contains(&index) || opened.contains(&number) => Became::Opened,
                    EntryKind::File if problem.is_some() && entry.encrypted => Became::Encrypted,
                    EntryKind::File if problem.is_some() || entry.problem.is_some() => Became::Unreadable,
                    EntryKind::File => Became::NotRecognised,
                };
                let at = number as usize;
                if statuses.all.len() <= at {
                    statuses.all.resize(at + 1, None);
                }
                if let Some(place) = statuses.all.get_mut(at) {
                    *place = Some(Status { became, reader: None, is_listed: true });
                }
            }
        }
        statuses.take_claims(journal, recognised)?;
        for (standing, reason) in &recognised.outside {
            let outside = (standing.provider.manifest().id.to_owned(), reason.as_str().to_owned());
            statuses.outside.insert(standing.claim.main.0, outside);
        }
        for part in evidence.parts.iter().filter(|part| part.row.is_left()) {
            for (entry, kept) in left::statuses(journal, &part.row)? {
                statuses.take_kept(entry, kept);
            }
        }
        Ok(statuses)
    }

    fn take_kept(&mut self, entry: u32, kept: Kept) {
        let reader = kept.provider.map(|provider| {
            let reader = (provider, kept.format);
            let known = self.readers.iter().position(|known| *known == reader);
            known.unwrap_or_else(|| {
                self.readers.push(reader);
                self.readers.len() - 1
            }) as u16
        });
        if let Some(status) = self.get_mut(EntryId(entry)) {
            (status.became, status.reader) = (kept.became, reader);
        }
        self.outside.extend(kept.outside.map(|outside| (entry, outside)));
    }

    /// Returns what became of an entry, to be kept.
    pub fn kept(&self, entry: u32, uncut: bool) -> Option<Kept> {
        let status = self.get(entry)?;
        let (provider, format) = self.reader(status).cloned().map_or((None, None), |(p, f)| (Some(p), f));
        Some(Kept { became: status.became, provider, format, outside: self.outside.get(&entry).cloned(), uncut })
    }

    fn take_claims(&mut self, journal: &Journal, recognised: &Recognised) -> Result<(), EngineError> {
        let (warned, records) = (journal.warned()?, journal.records_by_claim()?);
        let mut readers: HashMap<(&'static str, Option<&'static str>), u16> = HashMap::new();
        let mut reader = |statuses: &mut Self, provider: &'static str, format: Option<&'static str>| {
            *readers.entry((provider, format)).or_insert_with(|| {
                let format = format.map(|format| format!("{provider}.{format}"));
                statuses.readers.push((provider.to_owned(), format));
                (statuses.readers.len() - 1) as u16
            })
        };
        for standing in &recognised.claims {
            let reader = reader(self, standing.provider.manifest().id, Some(standing.format.id));
            let read = records.get(&standing.number).is_some_and(|n| *n > 0);
            let claim = &standing.claim;
            let entries = std::iter::once(&claim.main).chain(&claim.companions).chain(&claim.copies);
            for (place, entry) in entries.enumerate() {
                let Some(status) = self.get_mut(*entry) else { continue };
                status.reader = Some(reader);
                let damaged = matches!(status.became, Became::Unreadable | Became::Encrypted);
                status.became = match status.became {
                    known if damaged && (place > 0 || !read) => known,
                    _ if damaged || warned.contains(&entry.0) => Became::Partly,
                    _ => Became::Parsed,
                };
            }
        }
        // What records may name as their attachment is kept as it is: no parser of ours opens it.
        let mut seen = BTreeSet::new();
        for standing in &recognised.claims {
            if !seen.insert(Arc::as_ptr(&standing.claim.links)) {
                continue;
            }
            for link in standing.claim.links.as_slice() {
                if self.get(link.entry.0).is_some_and(|s| s.became == Became::NotRecognised) {
                    let reader = reader(self, standing.provider.manifest().id, None);
                    if let Some(status) = self.get_mut(link.entry) {
                        (status.became, status.reader) = (Became::Attached, Some(reader));
                    }
                }
            }
        }
        Ok(())
    }

    /// Returns a warning of each entry that could not be read and that none names yet.
    pub fn unwarned(&self, evidence: &Evidence, hashes: &Hashes, warned: &HashSet<u32>) -> Vec<WarningRow> {
        let entries = (0..).zip(&self.all).filter(|(entry, _)| !warned.contains(entry));
        let unread = entries.filter_map(|(entry, status)| {
            let code = match status.as_ref()?.became {
                Became::Unreadable => "entry.unreadable",
                Became::Encrypted => "entry.encrypted",
                _ => return None,
            };
            let known = hashes.get(entry).and_then(|known| known.problem().map(str::to_owned));
            let why = known.or_else(|| evidence.entry(EntryId(entry))?.problem.map(str::to_owned));
            let message = format!("The entry cannot be read: {}.", why.as_deref().unwrap_or("nothing says why"));
            Some(super::claims::warning(Some(EntryId(entry)), "container", code, message))
        });
        super::kept::bounded(unread)
    }

    fn get(&self, entry: u32) -> Option<&Status> {
        self.all.get(entry as usize)?.as_ref()
    }

    fn get_mut(&mut self, entry: EntryId) -> Option<&mut Status> {
        self.all.get_mut(entry.0 as usize)?.as_mut()
    }

    fn reader(&self, status: &Status) -> Option<&(String, Option<String>)> {
        self.readers.get(usize::from(status.reader?))
    }

    /// Gives another reason why entries were ruled out before they were read, where there is one.
    pub fn say_outside(&mut self, recognised: &Recognised, why: &dyn Fn(&Standing) -> Option<&'static str>) {
        for (standing, _) in &recognised.outside {
            if let (Some(outside), Some(why)) = (self.outside.get_mut(&standing.claim.main.0), why(standing)) {
                why.clone_into(&mut outside.1);
            }
        }
    }

    /// Leaves those entries in the list that may be named.
    pub fn list_only(&mut self, visible: &BTreeSet<u32>) {
        for (number, status) in (0..).zip(&mut self.all) {
            if let Some(status) = status {
                status.is_listed = visible.contains(&number);
            }
        }
    }

    /// Counts the listed files by what became of them.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        for status in self.all.iter().flatten().filter(|s| s.is_listed) {
            if !matches!(status.became, Became::Folder | Became::NotAFile) {
                *counts.entry(status.became.as_str().to_owned()).or_default() += 1;
            }
        }
        counts
    }

    /// Counts the entries that were not read, listed or not, but for those that are passed over.
    pub fn unread(&self, evidence: &Evidence, limits: &Limits, pass_over: &dyn Fn(u32) -> bool) -> Unread {
        let mut unread = Unread::new();
        for (entry, status) in (0..).zip(&self.all).filter(|(entry, _)| !pass_over(*entry)) {
            let Some(status) = status else { continue };
            let service = || self.reader(status).map_or("", |(provider, _)| provider.as_str());
            let (service, reason) = match (self.outside.get(&entry), status.became) {
                (Some((service, reason)), _) => (service.as_str(), reason.as_str()),
                (None, Became::NotRecognised | Became::Unreadable | Became::Encrypted) => {
                    (service(), status.became.as_str())
                }
                // Under limits a file that nobody parses is no record and is shown to nobody.
                (None, Became::Attached) if !limits.are_none() => (service(), status.became.as_str()),
                _ => continue,
            };
            let size = evidence.entry(EntryId(entry)).map_or(0, |e| e.size);
            let (entries, bytes) = unread.entry((service.to_owned(), reason.to_owned())).or_default();
            *entries += 1;
            *bytes += size;
        }
        unread
    }
}

const TEXT: DataType = DataType::Utf8;
const ENTRIES: [(&str, DataType); 13] = [
    ("entry", DataType::UInt32),
    ("source", TEXT),
    ("part", DataType::UInt32),
    ("path", TEXT),
    ("kind", TEXT),
    ("size", DataType::UInt64),
    ("sha256", TEXT),
    ("mime", TEXT),
    ("modified", TEXT),
    ("status", TEXT),
    ("provider", TEXT),
    ("format", TEXT),
    ("problem", TEXT),
];
const WARNINGS: [(&str, DataType); 6] = [
    ("source", TEXT),
    ("entry", DataType::UInt32),
    ("locator", TEXT),
    ("provider", TEXT),
    ("code", TEXT),
    ("message", TEXT),
];
const DRIFT: [(&str, DataType); 3] = [("format", TEXT), ("field", TEXT), ("count", DataType::UInt64)];
const OUTCOMES: [(&str, DataType); 6] = [
    ("service", TEXT),
    ("family", TEXT),
    ("reason", TEXT),
    ("outcome", TEXT),
    ("unit", TEXT),
    ("count", DataType::UInt64),
];

/// Returns the lists of a run: their names and columns.
pub(crate) fn lists() -> [(&'static str, SchemaRef); 4] {
    [
        ("entries", schema(&ENTRIES)),
        ("warnings", schema(&WARNINGS)),
        ("outcomes", schema(&OUTCOMES)),
        ("drift", schema(&DRIFT)),
    ]
}

fn texts<'a>(values: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

fn schema(fields: &[(&str, DataType)]) -> SchemaRef {
    let fields: Vec<_> = fields.iter().map(|(name, kind)| Field::new(*name, kind.clone(), true)).collect();
    Arc::new(Schema::new(fields))
}

fn table(fields: &[(&str, DataType)], columns: Vec<ArrayRef>) -> Result<RecordBatch, EngineError> {
    Ok(RecordBatch::try_new(schema(fields), columns)?)
}

/// Writes the list of entries.
pub fn entries(
    case: &Case,
    path: &str,
    evidence: &Evidence,
    hashes: &Hashes,
    statuses: &Statuses,
) -> Result<FileHash, EngineError> {
    let schema = schema(&ENTRIES);
    let mut table = Table::create(case.root(), path, schema.clone())?;
    for part in &evidence.parts {
        let all = (part.row.first_entry.unwrap_or(0)..).zip(part.entries.iter());
        let mut listed = all.filter_map(|(n, e)| Some((n, e, statuses.get(n).filter(|s| s.is_listed)?))).peekable();
        while listed.peek().is_some() {
            let rows: Vec<(u32, Entry<'_>, &Status)> = listed.by_ref().take(BATCH).collect();
            let known = |n: u32| hashes.get(n);
            let hashed: Vec<Option<String>> = rows.iter().map(|(n, ..)| known(*n).and_then(|k| k.sha256())).collect();
            let reader = |status: &Status| statuses.reader(status);
            let columns: Vec<ArrayRef> = vec![
                Arc::new(rows.iter().map(|(n, ..)| *n).collect::<UInt32Array>()),
                texts(rows.iter().map(|_| Some(part.row.source.as_str()))),
                Arc::new(rows.iter().map(|_| part.row.number).collect::<UInt32Array>()),
                texts(rows.iter().map(|(_, e, _)| Some(e.path))),
                texts(rows.iter().map(|(_, e, _)| Some(kind(e.kind)))),
                Arc::new(
                    rows.iter()
                        .map(|(n, e, _)| known(*n).and_then(|k| k.size()).unwrap_or(e.size))
                        .collect::<UInt64Array>(),
                ),
                texts(hashed.iter().map(Option::as_deref)),
                texts(rows.iter().map(|(n, ..)| known(*n).and_then(|k| k.mime()))),
                texts(rows.iter().map(|(_, e, _)| e.modified)),
                texts(rows.iter().map(|(_, _, s)| Some(s.became.as_str()))),
                texts(rows.iter().map(|(_, _, s)| reader(s).map(|(provider, _)| provider.as_str()))),
                texts(rows.iter().map(|(_, _, s)| reader(s).and_then(|(_, format)| format.as_deref()))),
                texts(rows.iter().map(|(n, e, _)| {
                    let known = (e.kind == EntryKind::File).then(|| known(*n)).flatten();
                    known.and_then(|k| k.problem()).or(e.problem)
                })),
            ];
            table.write(&RecordBatch::try_new(schema.clone(), columns)?)?;
        }
    }
    table.finish()
}

/// Writes the list of warnings, and returns their number with it.
pub fn warnings(
    case: &Case,
    path: &str,
    evidence: &Evidence,
    journal: &Journal,
) -> Result<(FileHash, u64), EngineError> {
    let schema = schema(&WARNINGS);
    let mut table = Table::create(case.root(), path, schema.clone())?;
    let source = |entry: Option<u32>| evidence.find(EntryId(entry?)).map(|(p, _)| p.row.source.as_str());
    let batch = |rows: &[WarningRow]| {
        let columns: Vec<ArrayRef> = vec![
            texts(rows.iter().map(|w| w.source.as_deref().or_else(|| source(w.entry)))),
            Arc::new(rows.iter().map(|w| w.entry).collect::<UInt32Array>()),
            texts(rows.iter().map(|w| w.locator.as_deref())),
            texts(rows.iter().map(|w| Some(w.provider.as_str()))),
            texts(rows.iter().map(|w| Some(w.code.as_str()))),
            texts(rows.iter().map(|w| Some(w.message.as_str()))),
        ];
        RecordBatch::try_new(schema.clone(), columns)
    };
    let (mut rows, mut number) = (Vec::new(), 0);
    journal.each_warning(|warning| {
        rows.push(warning);
        number += 1;
        if rows.len() == BATCH {
            table.write(&batch(&std::mem::take(&mut rows))?)?;
        }
        Ok(())
    })?;
    if !rows.is_empty() {
        table.write(&batch(&rows)?)?;
    }
    Ok((table.finish()?, number))
}

/// Writes the list of fields that nobody knew.
pub fn drift(case: &Case, path: &str, journal: &Journal) -> Result<FileHash, EngineError> {
    let rows = journal.drift()?;
    let batch = table(
        &DRIFT,
        vec![
            texts(rows.iter().map(|r| Some(r.0.as_str()))),
            texts(rows.iter().map(|r| Some(r.1.as_str()))),
            Arc::new(rows.iter().map(|r| r.2).collect::<UInt64Array>()),
        ],
    )?;
    write_parquet(case.root(), path, &batch)
}

/// Entries that were not read: service, reason, number of entries and their bytes.
pub type Unread = BTreeMap<(String, String), (u64, u64)>;

/// Writes what became of all records, and of the entries that were not read.
pub fn outcomes(
    case: &Case,
    path: &str,
    totals: &Totals,
    unread: &Unread,
    out: &[&Counts],
    discarded: &[Discarded],
) -> Result<FileHash, EngineError> {
    let mut rows: Vec<(String, Option<String>, &str, &str, &str, u64)> = totals
        .by_kind
        .iter()
        .map(|((service, family), n)| (service.clone(), Some(family.clone()), "within scope", "shown", "records", *n))
        .collect();
    for ((outcome, service, family, reason), n) in out.iter().copied().flatten() {
        rows.push((service.clone(), Some(family.clone()), reason, outcome, "records", *n));
    }
    for ((service, reason), (entries, bytes)) in unread {
        rows.push((service.clone(), None, reason, "not read", "entries", *entries));
        rows.push((service.clone(), None, reason, "not read", "bytes", *bytes));
    }
    for one in discarded {
        let family = (!one.family.is_empty()).then(|| one.family.clone());
        rows.push((one.service.clone(), family, &one.reason, "discarded", &one.unit, one.count));
    }
    let batch = table(
        &OUTCOMES,
        vec![
            texts(rows.iter().map(|r| Some(r.0.as_str()))),
            texts(rows.iter().map(|r| r.1.as_deref())),
            texts(rows.iter().map(|r| Some(r.2))),
            texts(rows.iter().map(|r| Some(r.3))),
            texts(rows.iter().map(|r| Some(r.4))),
            Arc::new(rows.iter().map(|r| r.5).collect::<UInt64Array>()),
        ],
    )?;
    write_parquet(case.root(), path, &batch)
}
