//! Preserving: what is given becomes parts of the case, bit for bit, before anything is read from it.

use super::journal::{EntryHash, Journal, PartRow, WarningRow};
use super::series::series;
use super::{Options, Progress, left, sealed};
use crate::EngineError;
use glasshouse_layout::{REMAINDER, SEALED, paths};
use glasshouse_model::EntryId;
use glasshouse_providers::TreeEntry;
use glasshouse_store::seal::{Identity, copy_sealed};
use glasshouse_store::{
    Cache, Case, Catalog, CatalogEntry, Container, EntryKind, Limits, Part, StoreError, copy_part, free_space,
    hash_file, pack_folder, pack_sealed, sniff, sync_part,
};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::UNIX_EPOCH;

/// A part that can be read, with its entries.
pub struct HeldPart {
    pub row: PartRow,
    pub part: Part,
    pub entries: Vec<CatalogEntry>,
    /// Path of its bytes.
    pub path: PathBuf,
    /// Its key, where it is sealed.
    pub seal: Option<Identity>,
    /// Its manifest is written and logged.
    pub sealed: bool,
}

/// All the parts of a case, and its entries by number.
#[derive(Default)]
pub struct Evidence {
    pub parts: Vec<HeldPart>,
    /// What listing the containers met.
    pub warnings: Vec<WarningRow>,
}

impl Evidence {
    /// Returns the part and the index in it of an entry.
    pub fn find(&self, entry: EntryId) -> Option<(&HeldPart, usize)> {
        let after = self.parts.partition_point(|p| p.row.first_entry.unwrap_or(u32::MAX) <= entry.0);
        let part = self.parts.get(after.checked_sub(1)?)?;
        let index = (entry.0 - part.row.first_entry?) as usize;
        (index < part.entries.len()).then_some((part, index))
    }

    /// Returns an entry.
    pub fn entry(&self, entry: EntryId) -> Option<&CatalogEntry> {
        self.find(entry).and_then(|(part, index)| part.entries.get(index))
    }

    /// Says whether an entry lies in what is left of a part, where nothing is recognised or read again.
    pub fn is_left(&self, entry: EntryId) -> bool {
        self.find(entry).is_some_and(|(part, _)| part.row.is_left())
    }

    /// Returns every file of every part, sorted by path, as recognition sees it.
    pub fn tree(&self) -> Vec<TreeEntry> {
        let mut tree = Vec::new();
        for (number, part) in (0..).zip(&self.parts) {
            let first = part.row.first_entry.unwrap_or(0);
            for (id, entry) in (first..).zip(&part.entries) {
                if entry.kind == EntryKind::File && !part.row.is_left() {
                    let path = entry.path.clone();
                    tree.push(TreeEntry { id: EntryId(id), path, size: entry.size, crc32: entry.crc32, part: number });
                }
            }
        }
        tree.sort_by(|a, b| (&a.path, a.id).cmp(&(&b.path, b.id)));
        tree
    }
}

/// What became of one path that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is a new part of the named source.
    New(String),
    /// The case holds the same bytes already.
    Held(String),
}

/// Takes paths into the case as parts.
pub fn take_in(
    case: &Case,
    journal: &Journal,
    given: &[PathBuf],
    options: &Options,
    progress: &Progress,
) -> Result<Vec<(PathBuf, Taken)>, EngineError> {
    forget_unsettled(journal)?;
    clear_unknown(case, journal)?;
    adopt(case, journal)?;
    let mut taken = Vec::new();
    let paths = expand(given)?;
    check_space(case, &paths, options)?;
    for path in &paths {
        let what = take_one(case, journal, path, options, progress)?;
        if let (Taken::New(source) | Taken::Held(source), Some(account)) = (&what, &options.account) {
            journal.put_fact(&format!("account {source}"), account)?;
        }
        taken.push((path.clone(), what));
    }
    Ok(taken)
}

/// Takes parts that the case has sealed into a journal that does not know them, since it was deleted with the runs.
fn adopt(case: &Case, journal: &Journal) -> Result<(), EngineError> {
    let known = journal.parts()?;
    for sealed in glasshouse_store::read_parts(case.root())? {
        let part = sealed.part;
        if known.iter().any(|k| k.source == sealed.source && k.number == part.number) {
            continue;
        }
        let (opening, entries) = sealed::read_manifest(case.root(), &case.seal()?, &sealed.source, part.number)?;
        let mut hashes = Vec::new();
        for entry in entries {
            if entry.sha256.is_some() || entry.problem.is_some() {
                let hash =
                    EntryHash { sha256: entry.sha256, mime: entry.mime, size: entry.size, problem: entry.problem };
                hashes.push((entry.entry, hash));
            }
        }
        journal.put_hashes(&hashes)?;
        let (mut series, mut name, mut size, mut sha256) = (sealed.series, part.name, part.size, part.sha256);
        if let Some(opening) = opening {
            sealed::note_file(journal, &sealed.source, part.number, (size, &sha256))?;
            (series, name, size, sha256) = (opening.series, opening.name, opening.size, opening.sha256);
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
const UNSETTLED: &str = "unsettled ";

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
fn forget_unsettled(journal: &Journal) -> Result<(), EngineError> {
    for (fact, part) in unsettled(journal)? {
        if let Some(part) = part {
            journal.forget_part(&part)?;
        }
        journal.drop_fact(&fact)?;
    }
    Ok(())
}

/// Takes away what an interrupted copy left below `evidence/`: files that neither the journal nor the log knows.
fn clear_unknown(case: &Case, journal: &Journal) -> Result<(), EngineError> {
    let logged = case.logged_files()?;
    let held = journal.parts()?;
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

/// Lists every part of the case; new ones get the numbers of their entries.
pub fn list(case: &Case, journal: &Journal, options: &Options, progress: &Progress) -> Result<Evidence, EngineError> {
    let mut evidence = Evidence::default();
    let mut next_entry = 0u32;
    let cache = case.root().join("cache");
    for mut row in journal.parts()? {
        let path = part_path(case, &row);
        let key = format!("{}-{:04}", row.source, row.number);
        let seal = case.seal()?.part(&row.source, row.number)?;
        progress.say(&format!("Listing {}", row.name));
        if row.external {
            unaltered(&path, row.size)?;
        }
        let opened = open_part(&path, &row, Cache { folder: &cache, key: &key, seal: seal.as_ref() }, options);
        let (mut part, mut catalog) = opened?;
        if row.is_left() {
            left::known(journal, &row)?;
            (part, catalog) = left::as_listed(case.root(), &case.seal()?, &row.place(), &part, &catalog)?;
        }
        if row.entries.is_some_and(|known| known as usize > catalog.entries.len())
            && let Some(listed) = super::closed::as_listed(case, &row, &part, &catalog)
        {
            (part, catalog) = listed;
        }
        let entries = u32::try_from(catalog.entries.len())
            .map_err(|_| EngineError::other(format!("{} has more entries than can be numbered.", row.name)))?;
        let first = *row.first_entry.get_or_insert(next_entry);
        if row.entries.is_some_and(|known| known < entries) && options.password.is_some() {
            return Err(EngineError::other(format!(
                "The password opens archives inside {} that were closed when it was taken in, and the numbers of its entries are fixed. Open it with the password as a new case, with another --case; this case stays as it is, and goes on without the password.",
                row.name
            )));
        }
        if row.entries.is_some_and(|known| known != entries) {
            return Err(EngineError::other(format!(
                "{} now lists {entries} entries where it listed {} before. If it was taken in with a password, give that again; else run glasshouse-verify on the case.",
                row.name,
                row.entries.unwrap_or(0)
            )));
        }
        if row.entries.is_none() {
            row.entries = Some(entries);
            journal.put_part(&row)?;
        }
        for trouble in catalog.troubles {
            evidence.warnings.push(WarningRow {
                entry: trouble.entry.map(|i| first + i as u32),
                locator: None,
                provider: "container".into(),
                code: trouble.code.into(),
                message: trouble.message,
            });
        }
        for message in journal.facts(&format!("unpacked {} {} ", row.source, row.number))? {
            let (provider, code) = ("container".into(), "folder.unreadable".into());
            evidence.warnings.push(WarningRow { entry: None, locator: None, provider, code, message });
        }
        next_entry = first.saturating_add(entries);
        let sealed = case.root().join(paths::source_file(&row.source, row.number)).exists();
        evidence.parts.push(HeldPart { row, part, entries: catalog.entries, path, seal, sealed });
    }
    Ok(evidence)
}

/// Refuses a part left in place whose size is not what it was; altered evidence is not read as if it were whole.
///
/// A change that keeps the size is found by verifying, which reads every byte.
pub fn unaltered(path: &Path, size: u64) -> Result<(), EngineError> {
    let now = fs::metadata(path).map_err(|e| EngineError::io(path, "open the part left at", e))?.len();
    if now != size {
        return Err(EngineError::other(format!(
            "{} was altered after it was taken in: it had {size} bytes, and now has {now}. Put it back as it was; glasshouse-verify says what else changed.",
            path.display()
        )));
    }
    Ok(())
}

fn open_part(path: &Path, row: &PartRow, cache: Cache<'_>, options: &Options) -> Result<(Part, Catalog), EngineError> {
    let container = match row.container.as_str() {
        "zip" | "folder" | REMAINDER => Container::Zip,
        "tar" => Container::Tar,
        "tar.gz" => Container::TarGz,
        _ => Container::File,
    };
    let open = |container| {
        let password = options.password.as_deref();
        Part::open(path, container, cache, password, &Limits::default(), &|_| {})
    };
    let (part, mut catalog) = match open(container) {
        // What cannot be listed as what it seems is still kept, as one file, with the reason.
        Err(StoreError::Container { why, .. }) if container != Container::File => {
            let (part, mut catalog) = open(Container::File)?;
            catalog.troubles.push(glasshouse_store::Trouble {
                entry: Some(0),
                code: "container.unreadable",
                message: format!("{} cannot be listed as {}: {why}.", row.name, row.container),
            });
            (part, catalog)
        }
        other => other?,
    };
    if container == Container::File
        && let Some(entry) = catalog.entries.first_mut()
    {
        // Its path is the name it was given under, not the name it is kept under.
        entry.path.clone_from(&row.name);
    }
    Ok((part, catalog))
}

/// Returns where a part's bytes are.
pub fn part_path(case: &Case, row: &PartRow) -> PathBuf {
    if row.external {
        return PathBuf::from(&row.origin);
    }
    let sealed = case.file().encryption == SEALED;
    let path = if sealed { paths::part_sealed } else { paths::part };
    case.root().join(path(&row.source, row.number))
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

fn check_space(case: &Case, paths: &[PathBuf], options: &Options) -> Result<(), EngineError> {
    let size: u64 = paths.iter().map(|p| size_of(p)).sum();
    // The copy, and about as much again for records, index and seekable copies.
    let needed = if options.in_place { size } else { size * 2 };
    let free = free_space(case.root()).map_err(|e| EngineError::io(case.root(), "ask the free space of", e))?;
    if needed > free {
        return Err(StoreError::NoSpace { path: case.root().to_path_buf(), needed, free }.into());
    }
    Ok(())
}

fn size_of(path: &Path) -> u64 {
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
) -> Result<Taken, EngineError> {
    let full = fs::canonicalize(path).map_err(|e| EngineError::io(path, "open", e))?;
    let meta = fs::metadata(&full).map_err(|e| EngineError::io(path, "open", e))?;
    let name = full.file_name().map_or_else(|| "folder".into(), |n| n.to_string_lossy().into_owned());
    let modified =
        meta.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok()).map_or(0, |d| d.as_nanos() as i64);
    let origin = full.to_string_lossy().into_owned();
    if options.in_place && full.to_str().is_none() {
        // The case writes the path down as text, and could not find the part again.
        return Err(EngineError::other(format!(
            "{} has a name that is not UTF-8, and cannot be left in place. Rename it, or leave out --in-place.",
            path.display()
        )));
    }
    let held = journal.parts()?;
    if meta.is_dir() {
        return take_folder(case, journal, &full, name, origin, &held, options, progress);
    }
    if !meta.is_file() {
        return Err(EngineError::other(format!(
            "{} is neither a file nor a folder. Give an export archive, a folder or a file.",
            path.display()
        )));
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
                row.size = copy_part(&full, &to, &|n| progress.add_bytes(n))?;
                journal.put_fact(&format!("{UNSETTLED}{} {}", row.source, row.number), "")?;
            }
            Some(key) => {
                let plain = copy_sealed(&full, &to, &key, &|n| progress.add_bytes(n))?;
                sealed::note(journal, &mut row, plain)?;
            }
        }
    }
    journal.put_part(&row)?;
    Ok(Taken::New(row.source))
}

#[allow(clippy::too_many_arguments)]
fn take_folder(
    case: &Case,
    journal: &Journal,
    full: &Path,
    name: String,
    origin: String,
    held: &[PartRow],
    options: &Options,
    progress: &Progress,
) -> Result<Taken, EngineError> {
    if options.in_place {
        return Err(EngineError::other(format!(
            "{} is a folder, and a folder cannot be left in place: its files could change one by one. Leave out --in-place.",
            full.display()
        )));
    }
    let root = fs::canonicalize(case.root()).map_err(|e| EngineError::io(case.root(), "open", e))?;
    if root.starts_with(full) {
        return Err(EngineError::other(format!(
            "The case {} lies inside {}, so that it would take in itself. Choose another folder with --case.",
            root.display(),
            full.display()
        )));
    }
    let mut row = new_row(held, &name, "folder", origin, 0, 0, false);
    let to = part_path(case, &row);
    glasshouse_store::files::make_folder(&case.root().join(paths::source(&row.source)))?;
    clear_leftover(&to)?;
    progress.say(&format!("Packing {name}"));
    progress.total.fetch_add(size_of(full), Ordering::Relaxed);
    let packed = match case.seal()?.new_part(&row.source, row.number)? {
        None => {
            let packed = pack_folder(full, &name, &to, &|n| progress.add_bytes(n))?;
            row.size = fs::metadata(&to).map_err(|e| EngineError::io(&to, "open", e))?.len();
            packed
        }
        Some(key) => {
            let (plain, packed) = pack_sealed(full, &name, &to, &key, &|n| progress.add_bytes(n))?;
            sealed::note(journal, &mut row, plain)?;
            packed
        }
    };
    let same_size = || held.iter().filter(|p| p.container == "folder" && p.size == row.size);
    if same_size().next().is_some() {
        let hash = |part: &PartRow, path: &Path| match &part.sha256 {
            Some(known) => Ok(known.clone()),
            None => hash_file(path, &|_| {})
                .map(|(hash, _)| glasshouse_layout::hex(hash))
                .map_err(|e| EngineError::io(path, "read", e)),
        };
        let new = hash(&row, &to)?;
        for part in same_size() {
            if hash(part, &part_path(case, part))? == new {
                clear_leftover(&to)?;
                clear_leftover(&case.root().join(paths::part_key(&row.source, row.number)))?;
                return Ok(Taken::Held(part.source.clone()));
            }
        }
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

fn new_row(
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
    PartRow {
        source,
        number,
        series,
        name: name.to_owned(),
        container: container.to_owned(),
        origin,
        size,
        modified,
        external,
        first_entry: None,
        entries: None,
        sha256: None,
    }
}
