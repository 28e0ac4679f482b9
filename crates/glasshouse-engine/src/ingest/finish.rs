//! Ending a run: duplicates, lists, and the event that vouches for it all.

use super::aside::Aside;
use super::claims::Recognised;
use super::copies::Copies;
use super::journal::{Hashes, Journal};
use super::left;
use super::limits::Limits;
use super::lists::{self, Statuses};
use super::parts::Evidence;
use crate::EngineError;
use crate::cores::in_parts;
use crate::quarantine::Standing as Decided;
use crate::rewrite::{read_columns, rewrite};
use crate::segment::{hash, typed};
use datafusion::arrow::array::{Array, StringArray, TimestampMicrosecondArray, UInt32Array};
use glasshouse_layout::{FileHash, Found, Kind, RunFile, Segment, paths};
use glasshouse_store::{Case, files};
use std::collections::{BTreeMap, HashSet};
use std::fs;

/// What a run is finished with.
pub struct Finishing<'a> {
    pub case: &'a Case,
    pub journal: &'a Journal,
    pub evidence: &'a Evidence,
    pub recognised: &'a Recognised,
    pub hashes: &'a Hashes,
    pub limits: &'a Limits,
    /// What the privilege reviewer decided.
    pub decided: &'a Decided,
    pub run: &'a str,
}

/// Brings the segments in line with the claims that stand and with what was decided, writes the run's lists and
/// logs the run.
pub fn finish(finishing: &Finishing<'_>, obsolete: &[u32], started: String) -> Result<RunFile, EngineError> {
    let Finishing { case, journal, evidence, recognised, hashes, limits, decided, run } = *finishing;
    let gone: HashSet<u32> = obsolete.iter().copied().collect();
    drop_rows(case, journal, run, &gone, &HashSet::new())?;
    let aside = Aside { case, journal, run };
    left::judge_again(&aside, evidence, limits)?;
    aside.keep(&|_, claim| !gone.contains(&claim))?;
    journal.replace(&[], &[], obsolete)?;
    let copies = Copies::of(hashes, evidence, recognised);
    aside.settle(&copies, limits, decided)?;
    let shown = copies.shown(case, journal)?;
    drop_rows(case, journal, run, &HashSet::new(), &shown.dropped)?;
    let held_back = copies.once(&journal.outside()?, &shown.keys(&case.record_key()?));
    let aside = aside.told(decided)?;
    let mut warnings = evidence.warnings.clone();
    warnings.extend(recognised.warnings.iter().cloned());
    let bare = |all| if limits.are_none() { all } else { super::kept::without_content(all) };
    let mut warned: HashSet<u32> = warnings.iter().filter_map(|warning| warning.entry).collect();
    warnings = bare(warnings);
    journal.put_case_warnings(&warnings)?;

    let segments = journal.segments()?;
    let put_aside = journal.put_aside()?;
    let totals = totals(case, segments.iter().map(|(_, s, _)| s))?;
    let folder = paths::run(run);
    fs::create_dir_all(case.root().join(&folder))
        .map_err(|e| EngineError::io(&case.root().join(&folder), "create the folder", e))?;
    let mut statuses = Statuses::of(journal, evidence, recognised, hashes)?;
    warned.extend(journal.warned()?);
    warnings.extend(bare(statuses.unwarned(evidence, hashes, &warned)));
    journal.put_case_warnings(&warnings)?;
    let unread = statuses.unread(evidence, limits, &|_| false);
    if !limits.are_none() {
        // A name is as telling as a content: only entries that something came in from are listed.
        statuses.list_only(&super::visible::entries(case, journal, recognised, &aside.released)?);
    }
    let list = |name: &str| format!("{folder}/{name}.parquet");
    let (warned, warnings) = lists::warnings(case, &list("warnings"), evidence, journal)?;
    let mut listed = vec![
        lists::entries(case, &list("entries"), evidence, hashes, &statuses)?,
        warned,
        lists::drift(case, &list("drift"), journal)?,
        lists::outcomes(
            case,
            &list("outcomes"),
            &totals,
            &unread,
            &[&held_back, &aside.counts],
            &super::discard::certified(case)?,
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
        authorities: limits.authorities(),
        segments: segments.iter().map(|(_, s, _)| s.clone()).collect(),
        quarantine: put_aside.iter().map(|(_, s, _)| s.clone()).collect(),
        records: totals.by_kind.values().sum(),
        warnings,
        found: totals.found.clone(),
        entries: statuses.counts(),
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
    let detail = serde_json::json!({ "run": run, "records": run_file.records, "warnings": run_file.warnings });
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
    let segments = journal.segments()?;
    // Each segment is by itself: they are written anew on all cores.
    in_parts(segments.len(), |at| {
        let Some((number, segment, _)) = segments.get(at) else { return Ok(()) };
        let columns = read_columns(case.root(), segment, &["id", "claim"])?;
        let mut keep = Vec::with_capacity(segment.rows as usize);
        for batch in &columns {
            let (id, claim): (&StringArray, &UInt32Array) = (typed(batch, "id")?, typed(batch, "claim")?);
            keep.extend((0..batch.num_rows()).map(|i| !claims.contains(&claim.value(i)) && !ids.contains(id.value(i))));
        }
        if keep.iter().all(|k| *k) {
            return Ok(());
        }
        let mut left = Vec::new();
        if keep.iter().any(|k| *k) {
            let path = paths::segment(run, journal.next_segment()?);
            left.push(rewrite(case.root(), segment, &keep, &path)?);
        }
        journal.replace(&[*number], &left, &[])
    })?;
    Ok(())
}

/// What the segments in force hold.
pub struct Totals {
    /// Records by service and family.
    pub by_kind: BTreeMap<(String, String), u64>,
    found: Vec<Found>,
}

fn totals<'a>(case: &Case, segments: impl Iterator<Item = &'a Segment>) -> Result<Totals, EngineError> {
    let mut by_kind: BTreeMap<(String, String), u64> = BTreeMap::new();
    let mut by_format: BTreeMap<String, Found> = BTreeMap::new();
    for segment in segments {
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
                // Times ascend in runs only.
                let known = || (row..end).filter(|i| time.is_valid(*i)).map(|i| time.value(i));
                found.first = found.first.into_iter().chain(known().min()).min();
                found.last = found.last.into_iter().chain(known().max()).max();
                row = end;
            }
        }
    }
    let mut found: Vec<Found> = by_format.into_iter().map(|(format, found)| Found { format, ..found }).collect();
    found.sort_by(|a, b| b.records.cmp(&a.records).then_with(|| a.format.cmp(&b.format)));
    Ok(Totals { by_kind, found })
}
