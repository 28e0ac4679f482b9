//! Parts that a case takes from others that it is made out of: unsealed as they are read, sealed again as they are
//! written, and never plain on the disk between.

use super::intake::{check_room, clear_leftover, prepare};
use super::journal::{Journal, PartRow};
use super::parts::part_path;
use super::{Options, Progress, manifest, sealed, watch};
use crate::EngineError;
use crate::authority::{self, Authority};
use crate::scope::Scope;
use glasshouse_layout::{Origin, OriginPart, REMAINDER, SourceFile, hex, paths, sha256};
use glasshouse_store::seal::input;
use glasshouse_store::{Case, files, keep_content, read_origins, read_parts};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::atomic::Ordering;

/// Returns the parts of a case that another can take. Archives that a password opened later are taken with the part that
/// they lie in, and opened again by the password.
pub(crate) fn taken_parts(case: &Case) -> Result<Vec<SourceFile>, EngineError> {
    let journal = Journal::open(case)?;
    let all = read_parts(case.root())?;
    let known = |row: &PartRow| all.iter().any(|p| p.source == row.source && p.part.number == row.number);
    let root = case.root().display();
    if all.is_empty() || !journal.parts()?.iter().all(known) {
        return Err(EngineError::other(format!(
            "Not all of {root} is read yet, or it holds nothing. Run `glasshouse process` on it first."
        )));
    }
    if let Some(left) = all.iter().find(|p| p.part.container == REMAINDER) {
        return Err(EngineError::other(format!(
            "{root} cannot be combined: {} part {} is what a discard left, and its records cannot be read again from that. Combine first, and discard in the case that is made.",
            left.source, left.part.number
        )));
    }
    Ok(all.into_iter().filter(|p| p.part.opened.is_none()).collect())
}

/// Returns how many encrypted entries of a case a password has opened.
pub(crate) fn opened_by_password(case: &Case) -> Result<usize, EngineError> {
    let hashes = Journal::open(case)?.hashes()?;
    let parts = read_parts(case.root())?;
    // What was opened later is a part of its own, whether its archive could be hashed or not.
    let mut opened: BTreeSet<u32> = parts.iter().filter_map(|p| p.part.opened).collect();
    for part in &parts {
        manifest::read(case, &part.source, part.part.number, |line| {
            let read = || hashes.get(line.entry).is_some_and(|known| known.sha256().is_some());
            if line.encrypted && read() {
                opened.insert(line.entry);
            }
            Ok(())
        })?;
    }
    Ok(opened.len())
}

/// Takes the parts of other cases into one that is made out of them, or goes on where an earlier call was interrupted, and
/// returns what they are to be read with. Stops when an authority of one of them ends.
pub(crate) fn take(
    case: &Case,
    from: &[(&Case, &Origin)],
    options: &Options,
    progress: &Progress,
) -> Result<Options, EngineError> {
    let journal = Journal::open(case)?;
    let others: Vec<&Case> = std::iter::once(case).chain(from.iter().map(|(other, _)| *other)).collect();
    let taking = || lacking(case, &journal, from, options, progress);
    let lenses = watch::until_any_ends(&others, progress, &taking);
    let lenses = lenses.map_err(|error| error.on_full_disk(case.root()))?;
    Ok(Options { lenses, ..options.clone() })
}

/// Takes the parts that the case lacks, and returns the lenses that the other cases read with, with those given.
fn lacking(
    case: &Case,
    journal: &Journal,
    from: &[(&Case, &Origin)],
    options: &Options,
    progress: &Progress,
) -> Result<Vec<(String, String)>, EngineError> {
    prepare(case, journal)?;
    let held = journal.parts()?;
    let mut wanted = Vec::new();
    let mut lenses: BTreeMap<String, String> = options.lenses.iter().cloned().collect();
    for (other, origin) in from {
        let theirs = Journal::open(other)?;
        for (name, text) in theirs.named_facts("lens ")? {
            let known = lenses.entry(name.clone()).or_insert_with(|| text.clone());
            if *known != text {
                return Err(EngineError::other(format!(
                    "The cases read with two different lenses that are called {name}. What one of them reads cannot be read the same way here."
                )));
            }
        }
        let parts = read_parts(other.root())?;
        for one in origin.parts.iter().filter(|one| lacks(&held, one)) {
            let same =
                |p: &&SourceFile| p.source == one.source && p.part.number == one.part && p.part.sha256 == one.sha256;
            let part = parts.iter().find(same).cloned().ok_or_else(|| gone(other, one))?;
            wanted.push((*other, theirs.named_facts(&format!("unpacked {} {} ", one.source, one.part))?, one, part));
        }
    }
    let size = wanted.iter().map(|(_, _, _, part)| part.part.size).sum();
    check_room(case, size, options)?;
    progress.total.fetch_add(size, Ordering::Relaxed);
    for (other, unpacked, one, part) in wanted {
        for (number, message) in unpacked {
            journal.put_fact(&format!("unpacked {} {} {number}", one.as_source, one.as_part), &message)?;
        }
        if let Some(account) = &part.account {
            journal.put_fact(&format!("account {}", one.as_source), account)?;
        }
        take_one(case, journal, other, one, &part, progress)?;
    }
    Ok(lenses.into_iter().collect())
}

/// Copies one part. It stands when its row does.
fn take_one(
    case: &Case,
    journal: &Journal,
    other: &Case,
    one: &OriginPart,
    part: &SourceFile,
    progress: &Progress,
) -> Result<(), EngineError> {
    // The log vouches for the description, and that for the hash of the content.
    let (about, root) = (paths::source_file(&part.source, part.part.number), other.root());
    if other.logged_files()?.get(&about) != Some(&other.hash(&about)?.sha256) {
        return Err(altered(other, &about));
    }
    let keys = other.seal()?;
    let opening = manifest::opening(root, &keys, &part.source, part.part.number)?;
    let vouched = opening.as_ref().map(glasshouse_layout::Opening::commitment);
    if vouched != part.part.content {
        return Err(altered(other, &about));
    }
    let (name, series, expected) = match opening {
        Some(opening) => (opening.name, opening.series, opening.sha256),
        None => (part.part.name.clone(), part.series.clone(), part.part.sha256.clone()),
    };
    let origin = format!("case {} {} {}", other.file().id, part.source, part.part.number);
    let container = part.part.container.clone();
    let mut row = PartRow::new(one.as_source.clone(), one.as_part, series, name, container, origin);
    let to = part_path(case, &row);
    files::make_folder(&case.root().join(paths::source(&row.source)))?;
    clear_leftover(&to)?;
    progress.say(&format!("Taking {}", row.name));
    let key = case.seal()?.new_part(&row.source, row.number)?;
    let key = key.ok_or_else(|| EngineError::other("Cases are combined into one whose evidence is sealed."))?;
    let path = if keys.is_none() { paths::part } else { paths::part_sealed };
    let path = root.join(path(&part.source, part.part.number));
    let theirs = keys.part(&part.source, part.part.number)?;
    let mut content = input(&path, theirs.as_ref()).map_err(|e| EngineError::io(&path, "read", e))?;
    let plain = keep_content(&mut content, &to, Some(&key), &|n| progress.copied(n))?;
    match plain {
        Some(plain) if plain.sha256 == expected => sealed::note(journal, &mut row, plain)?,
        _ => {
            clear_leftover(&to)?;
            return Err(altered(other, &path.display().to_string()));
        }
    }
    journal.put_part(&row)
}

/// Refuses to read a case that was made out of others before all that it takes from them is there.
pub(super) fn whole(case: &Case, journal: &Journal) -> Result<(), EngineError> {
    let origins = read_origins(case.root())?;
    if origins.is_empty() || glasshouse_store::read_run(case.root())?.is_some() {
        return Ok(());
    }
    let held = journal.parts()?;
    match origins.iter().find_map(|origin| origin.parts.iter().find(|one| lacks(&held, one)).map(|_| &origin.case)) {
        None => Ok(()),
        Some(lacking) => Err(EngineError::other(format!(
            "{} does not hold yet all that it takes from case {lacking}: `glasshouse case combine` was cut off. Give that command again, or remove this folder.",
            case.root().display()
        ))),
    }
}

/// Returns what a case took from others, as its log vouches for it, with the authorities that were in force there.
pub(crate) fn origins(case: &Case) -> Result<Vec<(Origin, Vec<Authority>)>, EngineError> {
    let mut origins = Vec::new();
    let logged = case.logged_files()?;
    let begins = "evidence/origin-";
    for (path, expected) in logged.range(begins.to_owned()..).take_while(|(path, _)| path.starts_with(begins)) {
        let full = case.root().join(path);
        let bytes = fs::read(&full).map_err(|e| EngineError::io(&full, "read", e))?;
        let origin: Origin = match serde_json::from_slice(&bytes) {
            Ok(origin) if hex(sha256(&bytes)) == *expected => origin,
            _ => return Err(altered(case, path)),
        };
        let mut within = Vec::new();
        for text in &origin.authorities {
            within.push(authority::check(text).map_err(|faults| {
                EngineError::other(format!("An authority in {path} cannot be used.\n{}", authority::lines(&faults)))
            })?);
        }
        origins.push((origin, within));
    }
    Ok(origins)
}

/// Returns what the authorities let through in the cases that sources came from, by source.
pub(super) fn scopes(case: &Case) -> Result<BTreeMap<String, Vec<Scope>>, EngineError> {
    let mut scopes = BTreeMap::new();
    for (origin, authorities) in origins(case)? {
        let within: Vec<Scope> = authorities.iter().map(Scope::of).collect();
        for part in origin.parts {
            scopes.entry(part.as_source).or_insert_with(|| within.clone());
        }
    }
    Ok(scopes)
}

/// Says whether a case does not hold yet what it is to take.
fn lacks(held: &[PartRow], one: &OriginPart) -> bool {
    !held.iter().any(|h| h.source == one.as_source && h.number == one.as_part)
}

fn gone(other: &Case, one: &OriginPart) -> EngineError {
    EngineError::other(format!(
        "{} no longer holds {} part {} as it was when the cases were combined. Remove the case that was to be made, and combine anew.",
        other.root().display(),
        one.source,
        one.part
    ))
}

fn altered(case: &Case, path: &str) -> EngineError {
    EngineError::other(format!(
        "{path} of {} is not what its log vouches for. Nothing is taken from it; run glasshouse-verify on that case.",
        case.root().display()
    ))
}
