//! The parts of a case with their entries, as everything that reads them sees them.

use super::closed::{self, Known};
use super::journal::{Journal, PartRow, WarningRow};
use super::{Options, Progress, left};
use crate::EngineError;
use glasshouse_layout::{REMAINDER, SEALED, paths};
use glasshouse_model::EntryId;
use glasshouse_providers::TreeEntry;
use glasshouse_store::seal::Identity;
use glasshouse_store::{Cache, Case, Catalog, Container, Entries, Entry, EntryKind, Limits, Part, StoreError};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A part that can be read, with its entries.
pub struct HeldPart {
    pub row: PartRow,
    pub part: Part,
    pub entries: Arc<Entries>,
    /// Path of its bytes.
    pub path: PathBuf,
    /// Its key, where it is sealed.
    pub seal: Option<Identity>,
    /// Its manifest is written and logged.
    pub sealed: bool,
    /// The entry of another part whose content it is: an archive that a password opened later.
    pub opened: Option<EntryId>,
    /// Encrypted archives in it that are open now and were closed when its entries were numbered.
    newly_open: Vec<usize>,
}

/// All the parts of a case, and its entries by number.
#[derive(Default)]
pub struct Evidence {
    pub parts: Vec<HeldPart>,
    /// What listing the containers met.
    pub warnings: Vec<WarningRow>,
}

impl Evidence {
    /// Returns the index of the part that an entry is in, if there is one.
    fn index(&self, entry: EntryId) -> Option<usize> {
        self.parts.partition_point(|p| p.row.first_entry.unwrap_or(u32::MAX) <= entry.0).checked_sub(1)
    }

    /// Returns the part and the index in it of an entry.
    pub fn find(&self, entry: EntryId) -> Option<(&HeldPart, usize)> {
        let part = self.parts.get(self.index(entry)?)?;
        let index = (entry.0 - part.row.first_entry?) as usize;
        (index < part.entries.len()).then_some((part, index))
    }

    /// Returns an entry.
    pub fn entry(&self, entry: EntryId) -> Option<Entry<'_>> {
        self.find(entry).and_then(|(part, index)| part.entries.get(index))
    }

    /// Says whether an entry lies in what is left of a part, where nothing is recognised or read again.
    pub fn is_left(&self, entry: EntryId) -> bool {
        self.find(entry).is_some_and(|(part, _)| part.row.is_left())
    }

    /// Returns every file of every part, sorted by path, as recognition sees it.
    pub fn tree(&self) -> Vec<TreeEntry<'_>> {
        // What is left of a part is neither recognised nor read again.
        let parts = self.parts.iter().filter(|part| !part.row.is_left());
        let files = parts.flat_map(|part| part.entries.iter()).filter(|e| e.kind == EntryKind::File);
        let mut tree = Vec::with_capacity(files.count());
        let mut numbers: Vec<u32> = Vec::with_capacity(self.parts.len());
        for (number, part) in (0..).zip(&self.parts) {
            let first = part.row.first_entry.unwrap_or(0);
            // An archive that was opened later is of the part that it lies in, as it would be if opened at once.
            let around = part.opened.and_then(|archive| numbers.get(self.index(archive)?).copied());
            let number = around.unwrap_or(number);
            numbers.push(number);
            if part.row.is_left() {
                continue;
            }
            for (id, entry) in (first..).zip(part.entries.iter()).filter(|(_, e)| e.kind == EntryKind::File) {
                let Entry { path, size, crc32, .. } = entry;
                tree.push(TreeEntry { id: EntryId(id), path, size, crc32, part: number });
            }
        }
        tree.sort_unstable_by(|a, b| (a.path, a.id).cmp(&(b.path, b.id)));
        tree
    }
}

/// Lists every part of the case; new ones get the numbers of their entries.
pub fn list(case: &Case, journal: &Journal, options: &Options, progress: &Progress) -> Result<Evidence, EngineError> {
    let mut evidence = Evidence::default();
    for row in journal.parts()? {
        list_part(&mut evidence, case, journal, row, options, progress)?;
    }
    Ok(evidence)
}

/// Makes a part of each encrypted archive that a password opens now and did not when its part was numbered: those
/// numbers are fixed, and its manifest is written once.
pub fn open_archives(
    evidence: &mut Evidence,
    case: &Case,
    journal: &Journal,
    options: &Options,
    progress: &Progress,
) -> Result<(), EngineError> {
    let mut at = 0;
    // What is opened may hold another one.
    while let Some(part) = evidence.parts.get(at) {
        let first = part.row.first_entry.unwrap_or(0);
        let known = |entry: u32| evidence.parts.iter().any(|p| p.opened == Some(EntryId(entry)));
        let archives = part.newly_open.iter().filter(|index| !known(first + **index as u32));
        for (index, part) in archives.map(|index| (*index, part.part.clone())).collect::<Vec<_>>() {
            let Some((row, entry)) =
                evidence.parts.get(at).and_then(|p| Some((p.row.clone(), p.entries.get(index)?.to_owned())))
            else {
                continue;
            };
            let archive = EntryId(first + index as u32);
            match super::opening::keep(case, journal, &part, index, &row, archive, &entry.path, progress) {
                Ok(row) => list_part(evidence, case, journal, row, options, progress)?,
                Err(EngineError::Store(StoreError::Container { why, .. })) => {
                    let message = format!("The password opens this archive, and its content cannot be read: {why}.");
                    evidence.warnings.push(warning(Some(archive), "archive.damaged", message));
                }
                Err(other) => return Err(other),
            }
        }
        at += 1;
    }
    Ok(())
}

fn warning(entry: Option<EntryId>, code: &str, message: String) -> WarningRow {
    super::claims::warning(entry, "container", code, message)
}

fn list_part(
    evidence: &mut Evidence,
    case: &Case,
    journal: &Journal,
    mut row: PartRow,
    options: &Options,
    progress: &Progress,
) -> Result<(), EngineError> {
    let path = part_path(case, &row);
    progress.say(&format!("Listing {}", row.name));
    if row.external {
        unaltered(&path, row.size)?;
    }
    let (part, catalog, seal) = open_part(case, &path, &row, options)?;
    let listed = catalog.entries.len();
    let known = if row.is_left() {
        left::known(journal, &row)?;
        let (part, catalog) = left::as_listed(case.root(), &case.seal()?, &row.place(), &part, &catalog)?;
        Some(Known { part, catalog, newly_open: Vec::new() })
    } else {
        closed::as_known(case, &row, part, catalog)
    };
    let Known { mut part, mut catalog, newly_open } = known.ok_or_else(|| {
            EngineError::other(format!(
                "{} now lists {listed} entries where it listed {} before. If it was taken in with a password, give that again; else run glasshouse-verify on the case.",
                row.name,
                row.entries.unwrap_or(0)
            ))
        })?;
    let opened = journal.fact(&opened_fact(&row.source, row.number))?;
    let opened = opened.and_then(|entry| entry.parse().ok()).map(EntryId);
    if let Some(archive) = opened.and_then(|entry| evidence.entry(entry)) {
        (part, catalog.entries) = part.under(&format!("{}!/", archive.path));
    }
    let entries = u32::try_from(catalog.entries.len())
        .map_err(|_| EngineError::other(format!("{} has more entries than can be numbered.", row.name)))?;
    let before =
        evidence.parts.last().map_or(0, |p| p.row.first_entry.unwrap_or(0).saturating_add(p.row.entries.unwrap_or(0)));
    let first = *row.first_entry.get_or_insert(before);
    if row.entries.is_none() {
        row.entries = Some(entries);
        journal.put_part(&row)?;
    }
    // What is about no entry is about the part.
    let of_part = |code: &str, message: String| WarningRow {
        source: Some(row.source.clone()),
        ..warning(None, code, format!("{}: {message}", row.name))
    };
    for trouble in catalog.troubles {
        evidence.warnings.push(match trouble.entry {
            Some(i) => warning(Some(EntryId(first + i as u32)), trouble.code, trouble.message),
            None => of_part(trouble.code, trouble.message),
        });
    }
    for message in journal.facts(&format!("unpacked {} {} ", row.source, row.number))? {
        evidence.warnings.push(of_part("folder.unreadable", message));
    }
    let sealed = case.root().join(paths::source_file(&row.source, row.number)).exists();
    evidence.parts.push(HeldPart { row, part, entries: catalog.entries, path, seal, sealed, opened, newly_open });
    Ok(())
}

/// Facts that say which entry a part is the content of.
pub(super) const OPENED: &str = "opened ";

/// Returns the name of the fact that says which entry a part is the content of.
pub(super) fn opened_fact(source: &str, number: u32) -> String {
    format!("{OPENED}{source} {number}")
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

/// Opens a part and lists it, with the key that it is sealed with.
pub(super) fn open_part(
    case: &Case,
    path: &Path,
    row: &PartRow,
    options: &Options,
) -> Result<(Part, Catalog, Option<Identity>), EngineError> {
    let folder = case.root().join("cache");
    let key = format!("{}-{:04}", row.source, row.number);
    let seal = case.seal()?.part(&row.source, row.number)?;
    let cache = Cache { folder: &folder, key: &key, seal: seal.as_ref() };
    let container = match row.container.as_str() {
        "zip" | "folder" | REMAINDER => Container::Zip,
        "tar" => Container::Tar,
        "tar.gz" => Container::TarGz,
        _ => Container::File,
    };
    let open = |container| Part::open(path, container, cache, &options.passwords, &Limits::default(), &|_| {});
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
    if container == Container::File {
        // Its path is the name it was given under, not the name it is kept under.
        Arc::make_mut(&mut catalog.entries).rename_first(&row.name);
        if is_named_as_archive(&row.name) {
            let what = if row.size == 0 { "it is empty" } else { "its bytes are those of no archive that is read" };
            catalog.troubles.push(glasshouse_store::Trouble {
                entry: Some(0),
                code: "container.none",
                message: format!("The file is named as an archive, and {what}; it was kept as one file."),
            });
        }
    }
    Ok((part, catalog, seal))
}

fn is_named_as_archive(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".zip", ".tar", ".tgz", ".tar.gz"].iter().any(|ending| name.ends_with(ending))
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
