//! What an earlier intake left: parts that are sealed, copies that were on their way, files that belong to nothing.

use super::journal::{EntryHash, Journal, PartRow};
use super::parts::{OPENED, opened_fact, part_path};
use super::{manifest, sealed};
use crate::EngineError;
use glasshouse_layout::paths;
use glasshouse_store::{Case, sync_part};
use std::fs;
use std::path::PathBuf;

/// Hashes that are put into the journal at a time.
const HASHES: usize = 16 << 10;

/// Takes parts that the case has sealed into a journal that does not know them, since it was deleted with the runs.
pub(super) fn adopt(case: &Case, journal: &Journal) -> Result<(), EngineError> {
    let known = journal.parts()?;
    for sealed in glasshouse_store::read_parts(case.root())? {
        let part = sealed.part;
        if known.iter().any(|k| k.source == sealed.source && k.number == part.number) {
            continue;
        }
        let mut hashes = Vec::new();
        let opening = manifest::read(case, &sealed.source, part.number, |entry| {
            if entry.sha256.is_some() || entry.problem.is_some() {
                let hash =
                    EntryHash { sha256: entry.sha256, mime: entry.mime, size: entry.size, problem: entry.problem };
                hashes.push((entry.entry, hash));
            }
            if hashes.len() < HASHES { Ok(()) } else { journal.put_hashes(&std::mem::take(&mut hashes)) }
        })?;
        journal.put_hashes(&hashes)?;
        let (mut series, mut name, mut size, mut sha256) = (sealed.series, part.name, part.size, part.sha256);
        if let Some(opening) = opening {
            sealed::note_file(journal, &sealed.source, part.number, (size, &sha256))?;
            (series, name, size, sha256) = (opening.series, opening.name, opening.size, opening.sha256);
        }
        if let Some(archive) = part.opened {
            journal.put_fact(&opened_fact(&sealed.source, part.number), &archive.to_string())?;
        }
        journal.put_part(&PartRow {
            source: sealed.source,
            number: part.number,
            series,
            name,
            container: part.container,
            origin: part.external.clone().unwrap_or_default(),
            size,
            modified: 0,
            external: part.external.is_some(),
            first_entry: Some(part.first_entry),
            entries: Some(part.entries),
            sha256: Some(sha256),
        })?;
    }
    Ok(())
}

/// Facts about copies that may not have reached the disk.
pub(super) const UNSETTLED: &str = "unsettled ";

fn unsettled(journal: &Journal) -> Result<Vec<(String, Option<PartRow>)>, EngineError> {
    let parts = journal.parts()?;
    let names = journal.named_facts(UNSETTLED)?.into_keys();
    Ok(names
        .map(|name| {
            let part = parts.iter().find(|p| format!("{} {}", p.source, p.number) == name);
            (format!("{UNSETTLED}{name}"), part.cloned())
        })
        .collect())
}

/// Waits until every copy is on the disk. Nothing that was read from a copy is committed before.
pub fn settle(case: &Case, journal: &Journal) -> Result<(), EngineError> {
    for (fact, part) in unsettled(journal)? {
        if let Some(part) = part {
            sync_part(&part_path(case, &part))?;
        }
        journal.drop_fact(&fact)?;
    }
    Ok(())
}

/// Forgets copies of an intake that was killed before they were known to be on the disk: they are made anew.
pub(super) fn forget_unsettled(journal: &Journal) -> Result<(), EngineError> {
    for (fact, part) in unsettled(journal)? {
        if let Some(part) = part {
            journal.forget_part(&part)?;
        }
        journal.drop_fact(&fact)?;
    }
    Ok(())
}

/// Takes away what an interrupted copy left below `evidence/`: files that neither the journal nor the log knows.
pub(super) fn clear_unknown(case: &Case, journal: &Journal) -> Result<(), EngineError> {
    let logged = case.logged_files()?;
    let held = journal.parts()?;
    // What an archive was opened into is noted before its part stands.
    for name in journal.named_facts(OPENED)?.into_keys() {
        if !held.iter().any(|p| format!("{} {}", p.source, p.number) == name) {
            journal.drop_fact(&format!("{OPENED}{name}"))?;
        }
    }
    let files = [paths::part, paths::part_sealed, paths::part_key];
    let known: Vec<String> = held.iter().flat_map(|p| files.map(|path| path(&p.source, p.number))).collect();
    let Ok(sources) = fs::read_dir(case.root().join("evidence")) else { return Ok(()) };
    for source in sources.filter_map(|s| s.ok()) {
        let Ok(files) = fs::read_dir(source.path()) else { continue };
        for file in files.filter_map(|f| f.ok()) {
            let path =
                format!("evidence/{}/{}", source.file_name().to_string_lossy(), file.file_name().to_string_lossy());
            if !logged.contains_key(&path) && !known.contains(&path) {
                fs::remove_file(file.path()).map_err(|e| EngineError::io(&file.path(), "remove", e))?;
            }
        }
    }
    Ok(())
}

/// Returns the files of evidence that no event mentions: copies of an intake that did not come to its end.
pub(crate) fn unfinished(case: &Case) -> Result<Vec<PathBuf>, EngineError> {
    let logged = case.logged_files()?;
    let mut unfinished = Vec::new();
    let Ok(sources) = fs::read_dir(case.root().join("evidence")) else { return Ok(unfinished) };
    for source in sources.filter_map(|s| s.ok()).filter(|s| s.path().is_dir()) {
        for file in fs::read_dir(source.path()).into_iter().flatten().filter_map(|f| f.ok()) {
            let (source, name) = (source.file_name(), file.file_name());
            if !logged.contains_key(&format!("evidence/{}/{}", source.to_string_lossy(), name.to_string_lossy())) {
                unfinished.push(file.path());
            }
        }
    }
    Ok(unfinished)
}

/// Destroys such copies, with what was read of them, where nothing else was read yet; says whether it did. Elsewhere what
/// was read of them cannot be told apart from the rest, and they stay.
pub(crate) fn drop_unfinished(case: &Case, files: &[PathBuf]) -> Result<bool, EngineError> {
    if case.logged_files()?.keys().any(|path| path.starts_with("runs/")) {
        return Ok(false);
    }
    for folder in ["runs", "cache"].map(|name| case.root().join(name)) {
        match fs::remove_dir_all(&folder) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(EngineError::io(&folder, "remove", e)),
            _ => {}
        }
    }
    for file in files {
        glasshouse_store::destroy(file)?;
    }
    Ok(true)
}
