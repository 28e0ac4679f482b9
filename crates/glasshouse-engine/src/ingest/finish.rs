//! Ending a run: manifests, duplicates, lists, digest, and the event that vouches for it all.

use super::aside::Aside;
use super::claims::Recognised;
use super::copies::Copies;
use super::intake::{Evidence, HeldPart};
use super::journal::{EntryHash, Journal};
use super::left;
use super::limits::{Counts, Limits};
use super::sealed::{self, Vouched};
use super::statuses::{Status, Unread, by_status, statuses, unread};
use crate::EngineError;
use crate::quarantine::Standing as Decided;
use crate::rewrite::{read_columns, rewrite};
use crate::segment::{hash, typed, write_parquet};
use datafusion::arrow::array::{
    Array, ArrayRef, RecordBatch, StringArray, TimestampMicrosecondArray, UInt32Array, UInt64Array,
};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use glasshouse_layout::{Discarded, EntryLine, FileHash, Found, Kind, PartInfo, RunFile, Segment, SourceFile, paths};
use glasshouse_store::{Case, EntryKind, files};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::sync::Arc;

/// Writes the manifest of each part whose entries are all hashed, and logs it.
pub fn seal(case: &Case, journal: &Journal, evidence: &Evidence) -> Result<(), EngineError> {
    let hashes = journal.hashes()?;
    let logged = case.logged_files()?;
    let mut events = Vec::new();
    for part in &evidence.parts {
        let Some(sha256) = part.row.sha256.clone() else { continue };
        let (source, number) = (&part.row.source, part.row.number);
        let manifest_path = if part.seal.is_some() { paths::manifest_sealed } else { paths::manifest };
        let (info_path, manifest_path) = (paths::source_file(source, number), manifest_path(source, number));
        if logged.contains_key(&info_path) {
            continue;
        }
        // A part that was left in place has no folder yet.
        files::make_folder(&case.root().join(paths::source(source)))?;
        let manifest = manifest(part, &hashes)?;
        let vouched = match &part.seal {
            None => {
                files::write_atomic(&case.root().join(&manifest_path), manifest.as_bytes())?;
                Vouched::clear(&part.row, sha256)
            }
            Some(key) => {
                let opening = sealed::opening(&part.row)?;
                let bytes = sealed::seal_manifest(&manifest, &opening, key)?;
                files::write_atomic(&case.root().join(&manifest_path), &bytes)?;
                Vouched::sealed(sealed::file(journal, &part.row)?, source, number, &opening)
            }
        };
        let info = SourceFile {
            source: source.clone(),
            series: vouched.series,
            authority: case.authority(),
            account: journal.fact(&format!("account {source}"))?,
            part: PartInfo {
                number,
                name: vouched.name.clone(),
                container: part.row.container.clone(),
                size: vouched.size,
                sha256: vouched.sha256.clone(),
                content: vouched.content,
                added: glasshouse_store::now(),
                external: part.row.external.then(|| part.row.origin.clone()),
                first_entry: part.row.first_entry.unwrap_or(0),
                entries: part.entries.len() as u32,
                replaces: None,
            },
        };
        let json = serde_json::to_string(&info).map_err(|e| EngineError::other(e.to_string()))? + "\n";
        files::write_atomic(&case.root().join(&info_path), json.as_bytes())?;
        let bytes = FileHash {
            path: vouched.path,
            size: vouched.size,
            sha256: vouched.sha256,
            external: part.row.external.then(|| part.row.origin.clone()),
        };
        let mut files = vec![bytes, hash(case.root(), &info_path)?, hash(case.root(), &manifest_path)?];
        if part.seal.is_some() {
            files.push(hash(case.root(), &paths::part_key(source, number))?);
        }
        let detail = serde_json::json!({ "source": source, "part": number, "name": vouched.name, "entries": part.entries.len() });
        events.push(case.event(Kind::Collection, "part.preserved", files, detail));
    }
    case.append(&events)?;
    Ok(())
}

fn manifest(part: &HeldPart, hashes: &HashMap<u32, EntryHash>) -> Result<String, EngineError> {
    let first = part.row.first_entry.unwrap_or(0);
    let mut lines = String::new();
    for (number, entry) in (first..).zip(&part.entries) {
        let known = hashes.get(&number);
        let line = EntryLine {
            entry: number,
            path: entry.path.clone(),
            path_bytes: entry.path_bytes.as_ref().map(glasshouse_layout::hex),
            kind: kind(entry.kind).into(),
            parent: entry.parent.map(|p| first + p as u32),
            method: entry.method.clone(),
            offset: entry.offset,
            csize: entry.csize,
            size: known.filter(|k| k.sha256.is_some()).map_or(entry.size, |k| k.size),
            crc32: entry.crc32.map(|crc| format!("{crc:08x}")),
            sha256: known.and_then(|k| k.sha256.clone()),
            mime: known.and_then(|k| k.mime.clone()),
            modified: entry.modified.clone(),
            link_target: entry.link_target.clone(),
            encrypted: entry.encrypted,
            problem: known.and_then(|k| k.problem.clone()).or_else(|| entry.problem.clone()),
            cut: None,
        };
        lines.push_str(&serde_json::to_string(&line).map_err(|e| EngineError::other(e.to_string()))?);
        lines.push('\n');
    }
    Ok(lines)
}

/// Returns the word that manifests use.
pub(super) fn kind(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::File => "file",
        EntryKind::Folder => "folder",
        EntryKind::Link => "link",
        EntryKind::Other => "other",
    }
}

/// What a run is finished with.
pub struct Finishing<'a> {
    pub case: &'a Case,
    pub journal: &'a Journal,
    pub evidence: &'a Evidence,
    pub recognised: &'a Recognised,
    pub numbers: &'a HashMap<String, (u32, Option<u32>)>,
    pub limits: &'a Limits,
    /// What the privilege reviewer decided.
    pub decided: &'a Decided,
    pub run: &'a str,
}

/// Brings the segments in line with the claims that stand and with what was decided, writes the run's lists and
/// logs the run.
pub fn finish(finishing: &Finishing<'_>, obsolete: &[u32], started: String) -> Result<RunFile, EngineError> {
    let Finishing { case, journal, evidence, recognised, numbers, limits, decided, run } = *finishing;
    let gone: HashSet<u32> = obsolete.iter().copied().collect();
    drop_rows(case, journal, run, &gone, &HashSet::new())?;
    let aside = Aside { case, journal, run };
    left::judge_again(&aside, evidence, limits)?;
    aside.keep(&|_, claim| !gone.contains(&claim))?;
    journal.replace(&[], &[], obsolete)?;
    let copies = Copies::of(&journal.hashes()?, evidence, recognised, |s| numbers.get(&s.key).map(|(n, _)| *n));
    aside.settle(&copies, limits, decided)?;
    let shown = copies.shown(case, journal)?;
    drop_rows(case, journal, run, &HashSet::new(), &shown.dropped)?;
    let held_back = copies.once(&journal.outside()?, &shown.keys(&case.record_key()?));
    let aside = aside.told(decided)?;
    let mut warnings = evidence.warnings.clone();
    warnings.extend(recognised.warnings.iter().cloned());
    if !limits.are_none() {
        warnings = super::kept::without_content(warnings);
    }
    journal.put_case_warnings(&warnings)?;

    let segments = journal.segments()?;
    let put_aside = journal.put_aside()?;
    let totals = totals(case, segments.iter().map(|(_, s, _)| s))?;
    let folder = paths::run(run);
    fs::create_dir_all(case.root().join(&folder))
        .map_err(|e| EngineError::io(&case.root().join(&folder), "create the folder", e))?;
    let mut statuses = statuses(journal, evidence, recognised, numbers)?;
    let unread = unread(&statuses, evidence, limits);
    if !limits.are_none() {
        // A name is as telling as a content: only entries that something came in from are listed.
        let visible = super::visible::entries(case, journal, recognised, numbers, &aside.released)?;
        statuses.retain(|entry, _| visible.contains(entry));
    }
    let warning_rows = journal.warnings()?;
    let mut listed = vec![
        write_parquet(
            case.root(),
            &format!("{folder}/entries.parquet"),
            &entries_table(journal, evidence, &statuses)?,
        )?,
        write_parquet(case.root(), &format!("{folder}/warnings.parquet"), &warnings_table(evidence, &warning_rows)?)?,
        write_parquet(case.root(), &format!("{folder}/drift.parquet"), &drift_table(journal)?)?,
        write_parquet(
            case.root(),
            &format!("{folder}/outcomes.parquet"),
            &outcomes_table(&totals, &unread, &[&held_back, &aside.counts], &super::discard::certified(case)?)?,
        )?,
    ];
    let formats =
        recognised.claims.iter().map(|c| (format!("{}.{}", c.provider.manifest().id, c.format.id), c.format.version));
    let run_file = RunFile {
        run: run.to_owned(),
        started,
        finished: glasshouse_store::now(),
        tool: glasshouse_store::tool(),
        formats: formats.collect(),
        segments: segments.iter().map(|(_, s, _)| s.clone()).collect(),
        quarantine: put_aside.iter().map(|(_, s, _)| s.clone()).collect(),
        records: totals.by_kind.values().sum(),
        warnings: warning_rows.len() as u64,
        digest: totals.digest.clone(),
        found: totals.found.clone(),
        entries: by_status(&statuses),
        third_parties: super::aside::third_parties(case, &segments, limits)?,
    };
    let json = serde_json::to_string_pretty(&run_file).map_err(|e| EngineError::other(e.to_string()))? + "\n";
    files::write_atomic(&case.root().join(paths::run_file(run)), json.as_bytes())?;
    listed.push(hash(case.root(), &paths::run_file(run))?);

    let logged = case.logged_files()?;
    let in_force: BTreeMap<String, FileHash> = segments
        .into_iter()
        .chain(put_aside)
        .flat_map(|(_, _, files)| files)
        .chain(listed)
        .map(|f| (f.path.clone(), f))
        .collect();
    let removed: Vec<String> =
        logged.keys().filter(|p| p.starts_with("runs/") && !in_force.contains_key(*p)).cloned().collect();
    let new = in_force.into_values().filter(|f| logged.get(&f.path) != Some(&f.sha256)).collect();
    let detail = serde_json::json!({ "run": run, "records": run_file.records, "warnings": run_file.warnings, "digest": run_file.digest });
    let mut event = case.event(Kind::Alteration, "run.completed", new, detail);
    event.payload.removed.clone_from(&removed);
    case.append(&[event])?;
    for path in removed {
        // What is no longer in force may go; to leave it would only cost room.
        let full = case.root().join(&path);
        if path.ends_with(".age") {
            // It was put aside: what leaves the quarantine for good leaves nothing behind.
            let _ = glasshouse_store::destroy(&full);
        }
        let _ = fs::remove_file(&full);
        let mut folder = full.parent();
        while let Some(empty) = folder.filter(|f| f.starts_with(case.root().join("runs")) && fs::remove_dir(f).is_ok())
        {
            folder = empty.parent();
        }
    }
    Ok(run_file)
}

/// Rewrites every segment that holds rows of claims that are gone or rows that are copies of others.
pub(super) fn drop_rows(
    case: &Case,
    journal: &Journal,
    run: &str,
    claims: &HashSet<u32>,
    ids: &HashSet<String>,
) -> Result<(), EngineError> {
    if claims.is_empty() && ids.is_empty() {
        return Ok(());
    }
    for (number, segment, _) in journal.segments()? {
        let columns = read_columns(case.root(), &segment, &["id", "claim"])?;
        let mut keep = Vec::with_capacity(segment.rows as usize);
        for batch in &columns {
            let (id, claim): (&StringArray, &UInt32Array) = (typed(batch, "id")?, typed(batch, "claim")?);
            keep.extend((0..batch.num_rows()).map(|i| !claims.contains(&claim.value(i)) && !ids.contains(id.value(i))));
        }
        if keep.iter().all(|k| *k) {
            continue;
        }
        let mut left = Vec::new();
        if keep.iter().any(|k| *k) {
            let path = paths::segment(run, journal.next_segment()?);
            left.push(rewrite(case.root(), &segment, &keep, &path)?);
        }
        journal.replace(&[number], &left, &[])?;
    }
    Ok(())
}

struct Totals {
    by_kind: BTreeMap<(String, String), u64>,
    found: Vec<Found>,
    digest: String,
}

fn totals<'a>(case: &Case, segments: impl Iterator<Item = &'a Segment>) -> Result<Totals, EngineError> {
    let mut by_kind: BTreeMap<(String, String), u64> = BTreeMap::new();
    let mut by_format: BTreeMap<String, Found> = BTreeMap::new();
    let segments: Vec<_> = segments.cloned().collect();
    for segment in &segments {
        for batch in read_columns(case.root(), segment, &["service", "family", "format", "tier", "time"])? {
            let (service, family): (&StringArray, &StringArray) = (typed(&batch, "service")?, typed(&batch, "family")?);
            let (format, tier): (&StringArray, &StringArray) = (typed(&batch, "format")?, typed(&batch, "tier")?);
            let time: &TimestampMicrosecondArray = typed(&batch, "time")?;
            let mut row = 0;
            // Rows of one kind come in runs: count a run at a time.
            while row < batch.num_rows() {
                let kind = |i: usize| (format.value(i), family.value(i));
                let end = (row..batch.num_rows()).find(|i| kind(*i) != kind(row)).unwrap_or(batch.num_rows());
                let n = (end - row) as u64;
                *by_kind.entry((service.value(row).to_owned(), family.value(row).to_owned())).or_default() += n;
                let found = by_format.entry(format.value(row).to_owned()).or_default();
                found.records += n;
                tier.value(row).clone_into(&mut found.tier);
                // Times ascend, those that are unknown come last.
                let known = (row..end).filter(|i| time.is_valid(*i));
                if let (Some(first), Some(last)) = (known.clone().next(), known.last()) {
                    let (first, last) = (time.value(first), time.value(last));
                    found.first = Some(found.first.map_or(first, |f| f.min(first)));
                    found.last = Some(found.last.map_or(last, |l| l.max(last)));
                }
                row = end;
            }
        }
    }
    let mut found: Vec<Found> = by_format.into_iter().map(|(format, found)| Found { format, ..found }).collect();
    found.sort_by(|a, b| b.records.cmp(&a.records).then_with(|| a.format.cmp(&b.format)));
    Ok(Totals { by_kind, found, digest: crate::digest::digest(case.root(), &segments)? })
}

fn texts<'a>(values: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

fn table(fields: &[(&str, DataType)], columns: Vec<ArrayRef>) -> Result<RecordBatch, EngineError> {
    let fields: Vec<_> = fields.iter().map(|(name, kind)| Field::new(*name, kind.clone(), true)).collect();
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

fn entries_table(
    journal: &Journal,
    evidence: &Evidence,
    statuses: &BTreeMap<u32, Status>,
) -> Result<RecordBatch, EngineError> {
    let hashes = journal.hashes()?;
    let rows: Vec<_> = evidence
        .parts
        .iter()
        .flat_map(|part| (part.row.first_entry.unwrap_or(0)..).zip(&part.entries).map(move |(n, e)| (part, n, e)))
        .filter(|(_, n, _)| statuses.contains_key(n))
        .collect();
    let known = |n: &u32| hashes.get(n);
    let status = |n: &u32| statuses.get(n);
    let (text, number) = (DataType::Utf8, DataType::UInt32);
    table(
        &[
            ("entry", number.clone()),
            ("source", text.clone()),
            ("part", number),
            ("path", text.clone()),
            ("kind", text.clone()),
            ("size", DataType::UInt64),
            ("sha256", text.clone()),
            ("mime", text.clone()),
            ("modified", text.clone()),
            ("status", text.clone()),
            ("provider", text.clone()),
            ("format", text.clone()),
            ("problem", text),
        ],
        vec![
            Arc::new(rows.iter().map(|(_, n, _)| *n).collect::<UInt32Array>()),
            texts(rows.iter().map(|(p, _, _)| Some(p.row.source.as_str()))),
            Arc::new(rows.iter().map(|(p, _, _)| p.row.number).collect::<UInt32Array>()),
            texts(rows.iter().map(|(_, _, e)| Some(e.path.as_str()))),
            texts(rows.iter().map(|(_, _, e)| Some(kind(e.kind)))),
            Arc::new(
                rows.iter()
                    .map(|(_, n, e)| known(n).filter(|k| k.sha256.is_some()).map_or(e.size, |k| k.size))
                    .collect::<UInt64Array>(),
            ),
            texts(rows.iter().map(|(_, n, _)| known(n).and_then(|k| k.sha256.as_deref()))),
            texts(rows.iter().map(|(_, n, _)| known(n).and_then(|k| k.mime.as_deref()))),
            texts(rows.iter().map(|(_, _, e)| e.modified.as_deref())),
            texts(rows.iter().map(|(_, n, _)| status(n).map(|s| s.status.as_str()))),
            texts(rows.iter().map(|(_, n, _)| status(n).and_then(|s| s.provider.as_deref()))),
            texts(rows.iter().map(|(_, n, _)| status(n).and_then(|s| s.format.as_deref()))),
            texts(rows.iter().map(|(_, n, e)| {
                let problem =
                    (e.kind == EntryKind::File).then(|| known(n).and_then(|k| k.problem.as_deref())).flatten();
                problem.or(e.problem.as_deref())
            })),
        ],
    )
}

fn warnings_table(evidence: &Evidence, rows: &[super::journal::WarningRow]) -> Result<RecordBatch, EngineError> {
    let source =
        |entry: Option<u32>| evidence.find(glasshouse_model::EntryId(entry?)).map(|(p, _)| p.row.source.as_str());
    let text = DataType::Utf8;
    table(
        &[
            ("source", text.clone()),
            ("entry", DataType::UInt32),
            ("locator", text.clone()),
            ("provider", text.clone()),
            ("code", text.clone()),
            ("message", text),
        ],
        vec![
            texts(rows.iter().map(|w| source(w.entry))),
            Arc::new(rows.iter().map(|w| w.entry).collect::<UInt32Array>()),
            texts(rows.iter().map(|w| w.locator.as_deref())),
            texts(rows.iter().map(|w| Some(w.provider.as_str()))),
            texts(rows.iter().map(|w| Some(w.code.as_str()))),
            texts(rows.iter().map(|w| Some(w.message.as_str()))),
        ],
    )
}

fn drift_table(journal: &Journal) -> Result<RecordBatch, EngineError> {
    let rows = journal.drift()?;
    table(
        &[("format", DataType::Utf8), ("field", DataType::Utf8), ("count", DataType::UInt64)],
        vec![
            texts(rows.iter().map(|r| Some(r.0.as_str()))),
            texts(rows.iter().map(|r| Some(r.1.as_str()))),
            Arc::new(rows.iter().map(|r| r.2).collect::<UInt64Array>()),
        ],
    )
}

fn outcomes_table(
    totals: &Totals,
    unread: &Unread,
    out: &[&Counts],
    discarded: &[Discarded],
) -> Result<RecordBatch, EngineError> {
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
    let text = DataType::Utf8;
    table(
        &[
            ("service", text.clone()),
            ("family", text.clone()),
            ("reason", text.clone()),
            ("outcome", text.clone()),
            ("unit", text),
            ("count", DataType::UInt64),
        ],
        vec![
            texts(rows.iter().map(|r| Some(r.0.as_str()))),
            texts(rows.iter().map(|r| r.1.as_deref())),
            texts(rows.iter().map(|r| Some(r.2))),
            texts(rows.iter().map(|r| Some(r.3))),
            texts(rows.iter().map(|r| Some(r.4))),
            Arc::new(rows.iter().map(|r| r.5).collect::<UInt64Array>()),
        ],
    )
}
