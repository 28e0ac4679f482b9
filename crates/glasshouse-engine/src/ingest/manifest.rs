//! Manifests: what a part holds, written once when all of it was read.

use super::journal::{Hashes, Journal, Known};
use super::parts::{Evidence, HeldPart};
use super::sealed::{self, Vouched};
use crate::EngineError;
use crate::segment::hash;
use glasshouse_layout::{EntryLine, FileHash, Kind, Opening, PartInfo, SourceFile, paths};
use glasshouse_store::seal::{self, Identity, Output, Seal};
use glasshouse_store::{Case, Entry, EntryKind, files};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

/// Writes the manifest of each part whose entries are all hashed, and logs it.
pub fn seal(case: &Case, journal: &Journal, evidence: &Evidence, hashes: &Hashes) -> Result<(), EngineError> {
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
        let opening = part.seal.as_ref().map(|_| sealed::opening(&part.row)).transpose()?;
        write(&case.root().join(&manifest_path), part, opening.as_ref(), hashes)?;
        let vouched = match &opening {
            None => Vouched::clear(&part.row, sha256),
            Some(opening) => Vouched::sealed(sealed::file(journal, &part.row)?, source, number, opening),
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
                opened: part.opened.map(|archive| archive.0),
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

/// Writes a manifest line by line: it may be longer than there is memory.
fn write(path: &Path, part: &HeldPart, opening: Option<&Opening>, hashes: &Hashes) -> Result<(), EngineError> {
    let beside = files::temporary(path);
    let failed = |e| EngineError::io(&beside, "write", e);
    let mut out = Output::create(&beside, part.seal.as_ref()).map_err(failed)?;
    if let Some(opening) = opening {
        serde_json::to_writer(&mut out, opening).map_err(|e| failed(e.into()))?;
        out.write_all(b"\n").map_err(failed)?;
    }
    let first = part.row.first_entry.unwrap_or(0);
    for (number, entry) in (first..).zip(part.entries.iter()) {
        let line = line(first, number, &entry, hashes.get(number));
        serde_json::to_writer(&mut out, &line).map_err(|e| failed(e.into()))?;
        out.write_all(b"\n").map_err(failed)?;
    }
    out.finish().and_then(|file| file.sync_all()).map_err(failed)?;
    Ok(files::rename_synced(&beside, path)?)
}

fn line(first: u32, number: u32, entry: &Entry<'_>, known: Option<Known<'_>>) -> EntryLine {
    EntryLine {
        entry: number,
        path: entry.path.to_owned(),
        path_bytes: entry.path_bytes.map(glasshouse_layout::hex),
        kind: kind(entry.kind).into(),
        parent: entry.parent.map(|p| first + p as u32),
        method: entry.method.to_owned(),
        offset: entry.offset,
        csize: entry.csize,
        size: known.and_then(|k| k.size()).unwrap_or(entry.size),
        crc32: entry.crc32.map(|crc| format!("{crc:08x}")),
        sha256: known.and_then(|k| k.sha256()),
        mime: known.and_then(|k| k.mime()).map(str::to_owned),
        modified: entry.modified.map(str::to_owned),
        link_target: entry.link_target.map(str::to_owned),
        encrypted: entry.encrypted,
        problem: known.and_then(|k| k.problem()).or(entry.problem).map(str::to_owned),
        cut: None,
    }
}

/// Reads the manifest of a part: what opens it, where it is sealed, is returned; its entries are handed over.
pub fn read(
    case: &Case,
    source: &str,
    number: u32,
    take: impl FnMut(EntryLine) -> Result<(), EngineError>,
) -> Result<Option<Opening>, EngineError> {
    read_at(case.root(), &case.seal()?, source, number, take)
}

/// As [`read`], where the case is not open for writing.
pub fn read_at(
    root: &Path,
    keys: &Seal,
    source: &str,
    number: u32,
    mut take: impl FnMut(EntryLine) -> Result<(), EngineError>,
) -> Result<Option<Opening>, EngineError> {
    each(root, keys, source, number, &mut |line| take(line).map(|()| true))
}

/// Returns what opens the manifest of a sealed part; none of one that lies in clear.
pub fn opening(root: &Path, keys: &Seal, source: &str, number: u32) -> Result<Option<Opening>, EngineError> {
    each(root, keys, source, number, &mut |_| Ok(false))
}

/// Hands the entries of a manifest over for as long as they are wanted.
fn each(
    root: &Path,
    keys: &Seal,
    source: &str,
    number: u32,
    take: &mut dyn FnMut(EntryLine) -> Result<bool, EngineError>,
) -> Result<Option<Opening>, EngineError> {
    let key = keys.part(source, number)?;
    let path = if key.is_some() { paths::manifest_sealed } else { paths::manifest };
    let path = root.join(path(source, number));
    let damaged = || EngineError::other(format!("{} is damaged. Run glasshouse-verify on the case.", path.display()));
    let input = seal::input(&path, key.as_ref()).map_err(|e| EngineError::io(&path, "read", e))?;
    let mut lines = BufReader::with_capacity(1 << 17, input).lines();
    let opening = match key {
        None => None,
        Some(_) => {
            let first = lines.next().and_then(Result::ok).ok_or_else(damaged)?;
            Some(serde_json::from_str(&first).map_err(|_| damaged())?)
        }
    };
    for line in lines {
        let line = line.map_err(|_| damaged())?;
        if !take(serde_json::from_str(&line).map_err(|_| damaged())?)? {
            break;
        }
    }
    Ok(opening)
}

/// Writes the manifest of what is left of a part.
pub fn write_left(path: &Path, key: &Identity, opening: &Opening, lines: &[EntryLine]) -> Result<(), EngineError> {
    let beside = files::temporary(path);
    let failed = |e| EngineError::io(&beside, "write", e);
    let mut out = Output::create(&beside, Some(key)).map_err(failed)?;
    serde_json::to_writer(&mut out, opening).map_err(|e| failed(e.into()))?;
    out.write_all(b"\n").map_err(failed)?;
    for line in lines {
        serde_json::to_writer(&mut out, line).map_err(|e| failed(e.into()))?;
        out.write_all(b"\n").map_err(failed)?;
    }
    out.finish().and_then(|file| file.sync_all()).map_err(failed)?;
    Ok(files::rename_synced(&beside, path)?)
}

/// Returns the name of a kind in manifests and lists.
pub(super) fn kind(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::File => "file",
        EntryKind::Folder => "folder",
        EntryKind::Link => "link",
        EntryKind::Other => "other",
    }
}
