//! What a case says of itself, read without opening it for writing.

use crate::StoreError;
use crate::files::read_text;
use crate::log::read_some;
use glasshouse_layout::{CaseFile, FORMAT_VERSION, Leaf, Origin, Payload, RunFile, SourceFile, paths};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Returns whether a folder holds a case.
pub fn is_case(root: &Path) -> bool {
    root.join(paths::CASE).exists() && root.join(paths::CHECKPOINT).exists()
}

/// Returns what a case is, without opening it for writing.
pub fn read_case_file(root: &Path) -> Result<CaseFile, StoreError> {
    let path = root.join(paths::CASE);
    if !is_case(root) {
        return Err(StoreError::other(format!(
            "{} is not a Glasshouse case. Make one with `glasshouse open PATH… --case {}`.",
            root.display(),
            root.display()
        )));
    }
    let text = read_text(&path)?;
    let file: CaseFile =
        toml::from_str(&text).map_err(|_| StoreError::malformed(&path, "it does not describe a case"))?;
    if file.format != FORMAT_VERSION {
        return Err(StoreError::other(format!(
            "{} has format {}; this version of Glasshouse reads format {FORMAT_VERSION}.",
            root.display(),
            file.format
        )));
    }
    Ok(file)
}

/// Returns the events of a case with their payloads, oldest first.
pub fn read_case_events(root: &Path) -> Result<Vec<(Leaf, Option<Payload>)>, StoreError> {
    read_case_events_of(root, &|_| true)
}

/// As [`read_case_events`], with the payloads of some only.
pub fn read_case_events_of(
    root: &Path,
    wanted: &dyn Fn(&Leaf) -> bool,
) -> Result<Vec<(Leaf, Option<Payload>)>, StoreError> {
    let file = read_case_file(root)?;
    read_some(root, &file.origin, &file.public_key, wanted)
}

/// Returns every part of a case in the order of its entries' numbers.
pub fn read_parts(root: &Path) -> Result<Vec<SourceFile>, StoreError> {
    let mut parts = Vec::new();
    let evidence = root.join("evidence");
    for source in list(&evidence)?.into_iter().filter(|path| path.is_dir()) {
        for path in list(&source)? {
            if path.extension().is_some_and(|e| e == "json") {
                let text = read_text(&path)?;
                let part: SourceFile = serde_json::from_str(&text)
                    .map_err(|_| StoreError::malformed(&path, "it does not describe a part"))?;
                parts.push(part);
            }
        }
    }
    // A part of which something was discarded may not be gone yet, while what is left of it is there.
    let replaced: BTreeSet<(String, u32)> =
        parts.iter().filter_map(|p| Some((p.source.clone(), p.part.replaces?))).collect();
    parts.retain(|p| !replaced.contains(&(p.source.clone(), p.part.number)));
    parts.sort_by_key(|p| p.part.first_entry);
    Ok(parts)
}

/// Returns what a case took from others, where it was made out of them, by the id of each.
pub fn read_origins(root: &Path) -> Result<Vec<Origin>, StoreError> {
    let mut origins = Vec::new();
    for path in list(&root.join("evidence"))? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("origin-") && name.ends_with(".json") {
            let origin = serde_json::from_str(&read_text(&path)?);
            origins.push(origin.map_err(|_| StoreError::malformed(&path, "it does not say where parts came from"))?);
        }
    }
    Ok(origins)
}

/// Returns the newest finished run, if there is one.
pub fn read_run(root: &Path) -> Result<Option<RunFile>, StoreError> {
    for run in list(&root.join("runs"))?.into_iter().rev() {
        let path = run.join("run.json");
        if path.exists() {
            let text = read_text(&path)?;
            let run = serde_json::from_str(&text).map_err(|_| {
                StoreError::malformed(&path, "it does not describe a run; delete the folder runs/ and process again")
            })?;
            return Ok(Some(run));
        }
    }
    Ok(None)
}

/// Returns what lies in a folder, sorted; nothing where there is none.
pub(crate) fn list(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(folder).map_err(|e| StoreError::io(folder, "list", e))?;
    let mut paths: Vec<_> = entries.filter_map(|e| e.ok().map(|e| e.path())).collect();
    paths.sort();
    Ok(paths)
}
