//! Preserving a folder: its files become one part of the case; those that came in since it was given before become another.

use super::intake::{Taken, clear_leftover, new_row, size_of};
use super::journal::{Journal, PartRow};
use super::parts::{open_part, part_path};
use super::{Options, Progress, sealed};
use crate::EngineError;
use glasshouse_layout::paths;
use glasshouse_store::{Case, Catalog, EntryKind, Part, hash_file, pack_folder, pack_sealed};
use std::collections::HashMap;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::Ordering;

/// A folder that was given.
pub(super) struct Given<'a> {
    pub full: &'a Path,
    pub name: String,
    pub origin: String,
}

/// Takes a folder in. Of one that was given before only what is new, or is not what it was, is taken.
pub(super) fn take(
    case: &Case,
    journal: &Journal,
    given: Given<'_>,
    held: &[PartRow],
    options: &Options,
    progress: &Progress,
) -> Result<Taken, EngineError> {
    let Given { full, name, origin } = given;
    // Where a part came from is not known any more when the journal was made anew out of the evidence.
    let same = |p: &PartRow| p.origin == origin || (p.origin.is_empty() && p.name == name);
    let before: Vec<&PartRow> = held.iter().filter(|p| p.container == "folder" && same(p) && !p.is_left()).collect();
    let mut row = new_row(held, &name, "folder", origin, 0, 0, false);
    let mut known = Vec::new();
    // What is not hashed yet belongs to an intake that was cut off: the whole folder shows whether it is the same.
    if let (Some(first), true) = (before.first(), before.iter().all(|part| part.sha256.is_some())) {
        row.source.clone_from(&first.source);
        row.number = held.iter().filter(|p| p.source == row.source).map(|p| p.number).max().unwrap_or(0) + 1;
        for part in &before {
            let (part, catalog, _) = open_part(case, &part_path(case, part), part, options)?;
            known.push(Before::of(part, catalog));
        }
    }
    let is_known = |path: &[u8], place: &Path, meta: &Metadata| known.iter().any(|part| part.holds(path, place, meta));
    let to = part_path(case, &row);
    glasshouse_store::files::make_folder(&case.root().join(paths::source(&row.source)))?;
    clear_leftover(&to)?;
    progress.say(&format!("Packing {name}"));
    progress.total.fetch_add(size_of(full), Ordering::Relaxed);
    let packed = match case.seal()?.new_part(&row.source, row.number)? {
        None => {
            let packed = pack_folder(full, &name, &to, &is_known, &|n| progress.copied(n))?;
            row.size = fs::metadata(&to).map_err(|e| EngineError::io(&to, "open", e))?.len();
            packed
        }
        Some(key) => {
            let (plain, packed) = pack_sealed(full, &name, &to, &key, &is_known, &|n| progress.copied(n))?;
            sealed::note(journal, &mut row, plain)?;
            packed
        }
    };
    let nothing_new = packed.files + packed.links == 0 && !known.is_empty();
    let same = if nothing_new { before.first().copied() } else { same_bytes(case, &row, &to, held)? };
    if let Some(part) = same {
        clear_leftover(&to)?;
        clear_leftover(&case.root().join(paths::part_key(&row.source, row.number)))?;
        return Ok(Taken::Held(part.source.clone()));
    }
    for (number, (path, why)) in packed.problems.iter().enumerate() {
        journal.put_fact(
            &format!("unpacked {} {} {number:09}", row.source, row.number),
            &format!("{path} could not be taken in: {why}"),
        )?;
    }
    journal.put_part(&row)?;
    Ok(Taken::New(row.source))
}

/// Returns the held part that has the same bytes as a new one.
fn same_bytes<'a>(
    case: &Case,
    row: &PartRow,
    to: &Path,
    held: &'a [PartRow],
) -> Result<Option<&'a PartRow>, EngineError> {
    let same_size = || held.iter().filter(|p| p.container == "folder" && p.size == row.size);
    if same_size().next().is_none() {
        return Ok(None);
    }
    let hash = |part: &PartRow, path: &Path| match &part.sha256 {
        Some(known) => Ok(known.clone()),
        None => hash_file(path, &|_| {})
            .map(|(hash, _)| glasshouse_layout::hex(hash))
            .map_err(|e| EngineError::io(path, "read", e)),
    };
    let new = hash(row, to)?;
    for part in same_size() {
        if hash(part, &part_path(case, part))? == new {
            return Ok(Some(part));
        }
    }
    Ok(None)
}

/// What was taken of a folder before.
struct Before {
    part: Part,
    catalog: Catalog,
    /// Number of the last entry of each path.
    paths: HashMap<Vec<u8>, usize>,
}

impl Before {
    fn of(part: Part, catalog: Catalog) -> Self {
        // What lies in an archive within the folder is not asked for: the archive itself is.
        let own = catalog.entries.iter().enumerate().filter(|(_, entry)| entry.parent.is_none());
        let bytes = |entry: glasshouse_store::Entry<'_>| entry.path_bytes.unwrap_or(entry.path.as_bytes()).to_vec();
        let paths = own.map(|(i, entry)| (bytes(entry), i)).collect();
        Before { part, catalog, paths }
    }

    /// Says whether it holds a file with these bytes, or a link to this place, under a path.
    fn holds(&self, path: &[u8], place: &Path, meta: &Metadata) -> bool {
        let Some(at) = self.paths.get(path) else { return false };
        let Some(entry) = self.catalog.entries.get(*at) else { return false };
        if meta.is_symlink() {
            let target = fs::read_link(place).ok();
            let known = entry.link_target.map(str::as_bytes);
            return entry.kind == EntryKind::Link && target.is_some_and(|t| Some(t.as_os_str().as_bytes()) == known);
        }
        entry.kind == EntryKind::File && entry.size == meta.len() && self.is_content(*at, place).unwrap_or(false)
    }

    fn is_content(&self, at: usize, place: &Path) -> io::Result<bool> {
        let (mut there, Ok(mut held)) = (File::open(place)?, self.part.read(at)) else { return Ok(false) };
        let (mut one, mut other) = (vec![0; 64 << 10], vec![0; 64 << 10]);
        loop {
            let n = there.read(&mut one)?;
            let (some, same) = (one.get(..n).unwrap_or_default(), other.get_mut(..n).unwrap_or_default());
            if n == 0 {
                return Ok(true);
            }
            held.read_exact(same)?;
            if some != same {
                return Ok(false);
            }
        }
    }
}
