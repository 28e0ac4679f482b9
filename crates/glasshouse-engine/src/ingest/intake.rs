//! Preserving: what is given becomes parts of the case, bit for bit, before anything is read from it.

use super::folder::{self, Given};
use super::journal::{Journal, PartRow};
use super::leftover::{UNSETTLED, adopt, clear_unknown, forget_unsettled};
use super::parts::part_path;
use super::{Options, Progress, sealed};
use crate::EngineError;
use glasshouse_layout::paths;
use glasshouse_store::seal::copy_sealed;
use glasshouse_store::{Case, Container, StoreError, copy_part, free_space, hash_file, sniff};
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::UNIX_EPOCH;

/// What became of one path that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is a new part of the named source.
    New(String),
    /// The case holds the same bytes already.
    Held(String),
}

/// SHA-256 of the parts that were hashed as they were copied, by source and number. It is for this process alone: who
/// goes on after an interruption hashes what has reached the disk.
pub type Hashed = HashMap<(String, u32), [u8; 32]>;

/// Takes paths into the case as parts.
pub fn take_in(
    case: &Case,
    journal: &Journal,
    given: &[PathBuf],
    options: &Options,
    progress: &Progress,
    hashed: &mut Hashed,
) -> Result<Vec<(PathBuf, Taken)>, EngineError> {
    prepare(case, journal)?;
    let mut taken = Vec::new();
    let paths = expand(given)?;
    check_room(case, new_size(&journal.parts()?, &paths), options)?;
    for path in &paths {
        let what = take_one(case, journal, path, options, progress, hashed)?;
        if let (Taken::New(source) | Taken::Held(source), Some(account)) = (&what, &options.account) {
            journal.put_fact(&format!("account {source}"), account)?;
        }
        taken.push((path.clone(), what));
    }
    Ok(taken)
}

/// Says why paths cannot be taken into a case that is to be made in a folder, before it is made.
pub fn check(folder: &Path, given: &[PathBuf], in_place: bool) -> Result<(), EngineError> {
    for path in expand(given)? {
        let full = fs::canonicalize(&path).map_err(|e| EngineError::io(&path, "open", e))?;
        let meta = fs::metadata(&full).map_err(|e| EngineError::io(&path, "open", e))?;
        fits(&path, &full, &meta, folder, in_place)?;
    }
    Ok(())
}

/// Refuses what can be no part of a case.
fn fits(path: &Path, full: &Path, meta: &fs::Metadata, case: &Path, in_place: bool) -> Result<(), EngineError> {
    if in_place && full.to_str().is_none() {
        // The case writes the path down as text, and could not find the part again.
        return Err(EngineError::other(format!(
            "{} has a name that is not UTF-8, and cannot be left in place. Rename it, or leave out --in-place.",
            path.display()
        )));
    }
    if !meta.is_dir() && !meta.is_file() {
        return Err(EngineError::other(format!(
            "{} is neither a file nor a folder. Give an export archive, a folder or a file.",
            path.display()
        )));
    }
    if !meta.is_dir() {
        return Ok(());
    }
    if in_place {
        return Err(EngineError::other(format!(
            "{} is a folder, and a folder cannot be left in place: its files could change one by one. Leave out --in-place.",
            full.display()
        )));
    }
    // The case may not be there yet: then its place is known by the nearest folder above that is.
    let there = std::path::absolute(case).map_err(|e| EngineError::io(case, "find", e))?;
    let above = there.ancestors().find_map(|above| fs::canonicalize(above).ok().map(|real| (above, real)));
    let root =
        above.map_or_else(|| there.clone(), |(above, real)| real.join(there.strip_prefix(above).unwrap_or(&there)));
    if root.starts_with(full) {
        return Err(EngineError::other(format!(
            "The case {} lies inside {}, so that it would take in itself. Choose another folder with --case.",
            root.display(),
            full.display()
        )));
    }
    Ok(())
}

/// Brings the journal in line with what an earlier intake left.
pub(super) fn prepare(case: &Case, journal: &Journal) -> Result<(), EngineError> {
    forget_unsettled(journal)?;
    clear_unknown(case, journal)?;
    adopt(case, journal)
}

/// A folder that holds nothing but archives stands for those archives.
fn expand(given: &[PathBuf]) -> Result<Vec<PathBuf>, EngineError> {
    let mut paths = Vec::new();
    for path in given {
        let meta = fs::metadata(path).map_err(|e| EngineError::io(path, "open", e))?;
        if !meta.is_dir() {
            paths.push(path.clone());
            continue;
        }
        let entries = fs::read_dir(path).map_err(|e| EngineError::io(path, "list", e))?;
        let mut inside: Vec<_> = entries.filter_map(|e| e.ok().map(|e| e.path())).collect();
        inside.sort();
        let archive = |p: &PathBuf| p.is_file() && sniff(p).is_ok_and(|c| c != Container::File);
        if !inside.is_empty() && inside.iter().all(archive) {
            paths.extend(inside);
        } else {
            paths.push(path.clone());
        }
    }
    Ok(paths)
}

/// Refuses what there is no room for.
pub(super) fn check_room(case: &Case, size: u64, options: &Options) -> Result<(), EngineError> {
    // The copy, and about as much again for records, index and what is cached.
    let needed = if options.in_place { size } else { size.saturating_mul(2) };
    let free = free_space(case.root()).map_err(|e| EngineError::io(case.root(), "ask the free space of", e))?;
    if needed > free {
        return Err(StoreError::NoSpace { path: case.root().to_path_buf(), needed, free }.into());
    }
    Ok(())
}

/// Returns the size of what is new: room is asked for no more.
fn new_size(held: &[PartRow], paths: &[PathBuf]) -> u64 {
    // A file as long as one that is held is that one: it came in already, or its intake goes on where it stopped. Where
    // it is another after all, a disk that fills up says so, and nothing is lost.
    let is_held = |path: &PathBuf, size| path.is_file() && held.iter().any(|part| part.size == size);
    paths
        .iter()
        .map(|path| (path, size_of(path)))
        .filter(|(path, size)| !is_held(path, *size))
        .map(|(_, size)| size)
        .sum()
}

pub(super) fn size_of(path: &Path) -> u64 {
    let Ok(meta) = fs::symlink_metadata(path) else { return 0 };
    if !meta.is_dir() {
        return meta.len();
    }
    let Ok(entries) = fs::read_dir(path) else { return 0 };
    entries.filter_map(|e| e.ok()).map(|e| size_of(&e.path())).sum()
}

fn take_one(
    case: &Case,
    journal: &Journal,
    path: &Path,
    options: &Options,
    progress: &Progress,
    hashed: &mut Hashed,
) -> Result<Taken, EngineError> {
    let full = fs::canonicalize(path).map_err(|e| EngineError::io(path, "open", e))?;
    let meta = fs::metadata(&full).map_err(|e| EngineError::io(path, "open", e))?;
    let name = full.file_name().map_or_else(|| "folder".into(), |n| n.to_string_lossy().into_owned());
    let modified =
        meta.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok()).map_or(0, |d| d.as_nanos() as i64);
    let origin = full.to_string_lossy().into_owned();
    fits(path, &full, &meta, case.root(), options.in_place)?;
    let held = journal.parts()?;
    if meta.is_dir() {
        let given = Given { full: &full, name, origin };
        return folder::take(case, journal, given, &held, options, progress);
    }
    let unchanged = held
        .iter()
        .find(|p| p.origin == origin && p.size == meta.len() && p.modified == modified && p.sha256.is_none());
    if let Some(part) = unchanged {
        // An interrupted intake copied it already.
        return Ok(Taken::New(part.source.clone()));
    }
    if held.iter().any(|p| p.size == meta.len()) {
        progress.say(&format!("Comparing {name} with what is held"));
        progress.total.fetch_add(meta.len(), Ordering::Relaxed);
        let (sha256, _) =
            hash_file(&full, &|n| progress.add_bytes(n)).map_err(|e| EngineError::io(&full, "read", e))?;
        let sha256 = glasshouse_layout::hex(sha256);
        for part in held.iter().filter(|p| p.size == meta.len()) {
            let known = match &part.sha256 {
                Some(known) => known.clone(),
                None => {
                    let held = part_path(case, part);
                    let hash = hash_file(&held, &|_| {}).map_err(|e| EngineError::io(&held, "read", e))?;
                    glasshouse_layout::hex(hash.0)
                }
            };
            if known == sha256 {
                return Ok(Taken::Held(part.source.clone()));
            }
        }
    }
    let mut container = sniff(&full).map_err(|e| EngineError::io(&full, "read", e))?;
    if is_document(&name) {
        container = Container::File;
    }
    let mut row = new_row(&held, &name, container.as_str(), origin, meta.len(), modified, options.in_place);
    if !options.in_place {
        let to = part_path(case, &row);
        glasshouse_store::files::make_folder(&case.root().join(paths::source(&row.source)))?;
        clear_leftover(&to)?;
        progress.say(&format!("Copying {name}"));
        progress.total.fetch_add(meta.len(), Ordering::Relaxed);
        match case.seal()?.new_part(&row.source, row.number)? {
            None => {
                let copied = copy_part(&full, &to, &|n| progress.copied(n))?;
                row.size = copied.size;
                hashed.extend(copied.sha256.map(|sha256| ((row.source.clone(), row.number), sha256)));
                journal.put_fact(&format!("{UNSETTLED}{} {}", row.source, row.number), "")?;
            }
            Some(key) => {
                let plain = copy_sealed(&full, &to, &key, &|n| progress.copied(n))?;
                sealed::note(journal, &mut row, plain)?;
            }
        }
    }
    journal.put_part(&row)?;
    Ok(Taken::New(row.source))
}

/// Says whether a file that is a zip by content is a document to its owner.
fn is_document(name: &str) -> bool {
    const DOCUMENTS: &[&str] =
        &["docx", "xlsx", "pptx", "odt", "ods", "odp", "jar", "apk", "epub", "kmz", "pages", "numbers", "key", "xpi"];
    let extension = name.rsplit_once('.').map_or("", |(_, e)| e);
    DOCUMENTS.iter().any(|d| extension.eq_ignore_ascii_case(d))
}

/// Takes away what an interrupted copy left: a part that the journal does not know is not in the case.
pub(super) fn clear_leftover(to: &Path) -> Result<(), EngineError> {
    if to.exists() {
        fs::remove_file(to).map_err(|e| EngineError::io(to, "remove", e))?;
    }
    Ok(())
}

pub(super) fn new_row(
    held: &[PartRow],
    name: &str,
    container: &str,
    origin: String,
    size: u64,
    modified: i64,
    external: bool,
) -> PartRow {
    let series = series(name);
    let known = (container != "folder" && container != "file")
        .then(|| held.iter().find(|p| p.series == series && p.container == container))
        .flatten();
    let source = known.map_or_else(
        || {
            let last = held.iter().filter_map(|p| p.source.get(1..)?.parse::<u32>().ok()).max().unwrap_or(0);
            format!("s{:04}", last + 1)
        },
        |p| p.source.clone(),
    );
    let number = held.iter().filter(|p| p.source == source).map(|p| p.number).max().unwrap_or(0) + 1;
    let row = PartRow::new(source, number, series, name.to_owned(), container.to_owned(), origin);
    PartRow { size, modified, external, ..row }
}

/// Returns the name that the parts of one export share: `takeout-20240601T120000Z-1-002.zip` and its like
/// without the number of the part.
fn series(name: &str) -> String {
    let lower = name.to_lowercase();
    let stem = [".tar.gz", ".tgz", ".tar", ".zip"].iter().find_map(|e| lower.strip_suffix(e)).unwrap_or(&lower);
    let stem = match stem.rsplit_once(" part ") {
        Some((head, tail)) if tail.starts_with(|c: char| c.is_ascii_digit()) => head,
        _ => stem,
    };
    let digits = stem.trim_end_matches(|c: char| c.is_ascii_digit());
    let short_number = stem.len() - digits.len() <= 4 && digits.len() < stem.len();
    let trimmed = if short_number { digits.trim_end_matches(['-', '_', '.', ' ']) } else { stem };
    if trimmed.is_empty() { stem.to_owned() } else { trimmed.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::{new_row, new_size, series};

    #[test]
    fn room_is_asked_for_what_is_new() {
        let folder = tempfile::tempdir().expect("a folder");
        let paths = [folder.path().join("one.zip"), folder.path().join("two.zip")];
        std::fs::write(&paths[0], [0; 1000]).expect("written");
        std::fs::write(&paths[1], [0; 30]).expect("written");
        assert_eq!(new_size(&[], &paths), 1030);
        let held = [new_row(&[], "one.zip", "zip", String::new(), 1000, 0, false)];
        assert_eq!((new_size(&held, &paths), new_size(&held, &paths[..1])), (30, 0));
    }

    #[test]
    fn parts_of_one_export_share_a_series() {
        for (a, b) in [
            ("takeout-20240601T120000Z-001.zip", "takeout-20240601T120000Z-012.zip"),
            ("takeout-20240601T120000Z-1-001.tgz", "takeout-20240601T120000Z-1-002.tgz"),
            ("iCloud Photos Part 1 of 7.zip", "iCloud Photos Part 2 of 7.zip"),
            ("export.1.tar.gz", "export.2.tar.gz"),
        ] {
            assert_eq!(series(a), series(b), "{a}");
        }
        assert_ne!(series("takeout-20240601T120000Z-001.zip"), series("takeout-20250601T120000Z-001.zip"));
        assert_eq!(series("123.zip"), "123");
    }
}
