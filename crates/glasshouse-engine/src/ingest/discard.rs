//! Discarding: what lies outside the limits is destroyed, and a certificate says so.
//!
//! Each part is written anew with what is shown or put aside, and an event puts the new files in the place of the old
//! ([`plan`]). From then on nothing is lost by a kill, and whatever writes the case next goes on ([`go_on`]): the old
//! files are destroyed, and only then the certificate is written, with an event of its own.

use super::aside::Aside;
use super::copies::Copies;
use super::intake;
use super::journal::{EntryHash, Hashes, Journal, PartRow};
use super::limits::{Counts, Kind as What, Limits, Out, Outside, Tally};
use super::lists::{Kept, Statuses};
use super::parts::{Evidence, HeldPart};
use super::staying::{Staying, staying};
use super::{Progress, claims, left, manifest, sealed};
use crate::EngineError;
use crate::quarantine::Standing as Decided;
use crate::scope::Reason;
use glasshouse_layout::{
    Certificate, DISCARD_FORM, Discarded, DiscardedPart, EntryLine, FileHash, Kind, PartInfo, Payload, REMAINDER,
    SourceFile, paths,
};
use glasshouse_store::{Case, EntryKind, Left, Stays, destroy, files, read_case_events, write_remainder};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs;

/// The event that puts what is left in the place of what was there.
const REPACKED: &str = "evidence.repacked";
/// The event of the certificate.
const DISCARDED: &str = "evidence.discarded";
/// What the journal has to forget once the old files are gone.
const FORGETS: &str = "discarding";

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    pub person: String,
    pub place: String,
    pub reason: String,
    /// Discard what the privilege reviewer withholds, too.
    pub withheld: bool,
    /// What becomes of what is restricted; it has to be said where there is any.
    pub restricted: Option<Restricted>,
}

/// What becomes of what authorities that have ended cover, and none in force does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restricted {
    /// Its bytes stay in the evidence; its records are in no index, and are not read again.
    Keep,
    /// It is destroyed, too.
    Destroy,
}

/// All that is known of a case whose evidence is looked through.
pub struct Known<'a> {
    pub case: &'a Case,
    pub journal: &'a Journal,
    pub evidence: &'a Evidence,
    pub recognised: &'a claims::Recognised,
    pub hashes: &'a Hashes,
    pub limits: &'a Limits,
    pub decided: &'a Decided,
    /// What is restricted and stays, by its places; none where it goes, or nothing is.
    pub restricted: Option<&'a Staying>,
    /// Sources with remainders of which something is restricted.
    pub restricted_left: &'a BTreeSet<String>,
    /// The authorities that it is restricted by.
    pub ended: Vec<String>,
}

#[derive(Default, Serialize, Deserialize)]
struct Forgets {
    /// Claims of which what stayed out is gone.
    claims: Vec<u32>,
    /// Records that leave the quarantine.
    records: BTreeSet<String>,
    /// Of these claims the records that are restricted and stay, each once.
    #[serde(default)]
    restricted: Vec<(u32, What, u64)>,
}

/// Counts what would go, and changes nothing.
pub fn would_go(known: &Known<'_>, withheld: bool) -> Result<Vec<Discarded>, EngineError> {
    let Known { journal, evidence, .. } = *known;
    let mut statuses = Statuses::of(journal, evidence, known.recognised, known.hashes)?;
    let mut outcomes = Vec::new();
    counted(known, &mut statuses, &staying(known, withheld)?, &mut outcomes)?;
    outcomes.retain(|one| one.count > 0);
    Ok(outcomes)
}

/// Writes what is left of each part, and the event that puts it in its place. Says whether anything goes.
pub fn plan(known: &Known<'_>, asked: &Asked, role: &str, progress: &Progress) -> Result<bool, EngineError> {
    let Known { case, journal, evidence, limits, .. } = *known;
    let mut statuses = Statuses::of(journal, evidence, known.recognised, known.hashes)?;
    let staying = staying(known, asked.withheld)?;
    let mut going = Vec::new();
    for part in &evidence.parts {
        let stays = staying.of(part);
        let all = Staying::all_of(part, &stays, &left::cut(case, &part.row)?);
        let archive = part.opened.map(|archive| staying.has(archive.0));
        // A password would bring back from the archive what is cut out of its content.
        if !all && archive == Some(true) {
            return Err(EngineError::other(format!(
                "{} is the content of an archive that a password opened after it was taken in. The archive itself is attached to a record that stays, so that nothing can be cut out of its content. Take the export into a new case with its passwords, and discard there.",
                part.row.name
            )));
        }
        // Its entries are named by the path of the archive: where that goes, what stays is written with their own names.
        if !all || archive == Some(false) {
            going.push((part, stays));
        }
    }
    if going.is_empty() && staying.withheld.is_empty() {
        return Ok(false);
    }
    let number = 1 + certificates(case)?.last().map_or(0, |c| c.number);
    let mut certificate = Certificate {
        form: DISCARD_FORM.to_owned(),
        number,
        case: case.file().id.clone(),
        decided: glasshouse_store::now(),
        person: asked.person.clone(),
        role: role.to_owned(),
        place: asked.place.clone(),
        authorities: limits.authorities(),
        reason: asked.reason.clone(),
        withheld: asked.withheld,
        ended: known.ended.clone(),
        restricted: !known.ended.is_empty() && known.restricted.is_none(),
        ..Certificate::default()
    };
    let forgets = counted(known, &mut statuses, &staying, &mut certificate.outcomes)?;
    let logged: BTreeMap<String, FileHash> = vouched(case)?;
    let rows = journal.parts()?;
    let mut next: BTreeMap<&str, u32> = BTreeMap::new();
    for row in &rows {
        let last = next.entry(row.source.as_str()).or_default();
        *last = row.number.max(*last);
    }
    let size = |part: &HeldPart, index: usize| part.entries.get(index).map_or(0, |e| e.size);
    let bytes = going.iter().map(|(p, s)| s.iter().map(|s| size(p, s.index)).sum::<u64>()).sum();
    progress.total.fetch_add(bytes, std::sync::atomic::Ordering::Relaxed);
    let mut removed = Vec::new();
    for (part, stays) in &going {
        progress.say(&format!("Writing what is left of {}", part.row.name));
        let last = next.entry(part.row.source.as_str()).or_default();
        *last += 1;
        let (before, content) = before(case, part, &logged)?;
        let (row, mut made) = repack(case, known.hashes, part, stays, *last, progress)?;
        let kept = |s: &Stays| Some((s.entry, statuses.kept(s.entry, staying.uncut.contains(&s.entry))?));
        let of: BTreeMap<u32, Kept> = stays.iter().filter_map(kept).collect();
        left::put_statuses(journal, &row, &of)?;
        removed.extend(before.iter().map(|f| f.path.clone()));
        made.uncut = stays.iter().filter(|s| staying.uncut.contains(&s.entry)).count() as u64;
        certificate.parts.push(DiscardedPart { before, content, ..made });
    }
    let text = serde_json::to_string(&forgets).map_err(|e| EngineError::other(e.to_string()))?;
    journal.put_fact(FORGETS, &text)?;
    let new = certificate.parts.iter().flat_map(|p| p.after.clone()).collect();
    let mut event = case.event(Kind::Alteration, REPACKED, new, json!({ "certificate": certificate }));
    event.payload.removed = removed;
    case.append(&[event])?;
    Ok(true)
}

/// Destroys what a discard has put something else in the place of, and certifies it. Returns the certificate, if there
/// was anything left to do.
pub fn go_on(case: &Case, journal: &Journal) -> Result<Option<Certificate>, EngineError> {
    let Some((mut certificate, removed)) = pending(case)? else { return Ok(None) };
    // The keys first: without them the rest tells nothing.
    let (keys, others): (Vec<&String>, Vec<&String>) = removed.iter().partition(|p| p.ends_with(".key.age"));
    for path in keys.into_iter().chain(others) {
        destroy(&case.root().join(path))?;
    }
    clear_cache(case)?;
    let forgets = journal.fact(FORGETS)?.and_then(|f| serde_json::from_str::<Forgets>(&f).ok()).unwrap_or_default();
    journal.drop_outside(&forgets.claims)?;
    let held =
        |(claim, kind, records): (u32, What, u64)| (claim, Out::from([(kind, Tally { records, keys: Vec::new() })]));
    journal.put_outside(&forgets.restricted.into_iter().map(held).collect::<Vec<_>>())?;
    for part in &certificate.parts {
        take_over(case, journal, part)?;
    }
    if !forgets.records.is_empty() {
        let run = glasshouse_store::read_run(case.root())?.map(|r| r.run).unwrap_or_else(|| "r0001".to_owned());
        Aside { case, journal, run: &run }.keep(&|id, _| !forgets.records.contains(id))?;
    }
    certificate.method = method(&certificate);
    certificate.destroyed = glasshouse_store::now();
    let path = paths::discard(certificate.number);
    let text = serde_json::to_string_pretty(&certificate).map_err(|e| EngineError::other(e.to_string()))? + "\n";
    files::write_atomic(&case.root().join(&path), text.as_bytes())?;
    let records: u64 = certificate.outcomes.iter().filter(|o| o.unit == "records").map(|o| o.count).sum();
    let detail = json!({ "number": certificate.number, "parts": certificate.parts.len(), "records": records });
    case.append(&[case.event(Kind::Erasure, DISCARDED, vec![case.hash(&path)?], detail)])?;
    // The lists of the run that stands speak of what is gone as held.
    journal.put_fact("unfinished", "yes")?;
    journal.drop_fact(FORGETS)?;
    journal.shrink()?;
    Ok(Some(certificate))
}

/// Returns the certificate that a discard was begun with and the files that have to go, if it has not ended.
fn pending(case: &Case) -> Result<Option<(Certificate, Vec<String>)>, EngineError> {
    let mut begun: Option<Payload> = None;
    for (leaf, payload) in read_case_events(case.root())? {
        match leaf.action.as_str() {
            REPACKED => begun = payload,
            DISCARDED => begun = None,
            _ => {}
        }
    }
    let Some(payload) = begun else { return Ok(None) };
    let certificate = payload.detail.get("certificate").cloned().unwrap_or_default();
    let certificate = serde_json::from_value(certificate)
        .map_err(|_| EngineError::other("The event that began a discard cannot be read. Run glasshouse-verify."))?;
    Ok(Some((certificate, payload.removed)))
}

/// Returns the certificates of a case that the log vouches for, in their order.
pub fn certificates(case: &Case) -> Result<Vec<Certificate>, EngineError> {
    let logged = case.logged_files()?;
    let paths = logged.keys().filter(|p| p.starts_with("evidence/discard-"));
    paths.map(|path| read(&case.root().join(path))).collect()
}

/// Returns the certificates that lie in a case, in their order.
pub fn read_certificates(root: &std::path::Path) -> Result<Vec<Certificate>, EngineError> {
    let paths = (1..).map(|number| root.join(paths::discard(number))).take_while(|path| path.exists());
    paths.map(|path| read(&path)).collect()
}

fn read(path: &std::path::Path) -> Result<Certificate, EngineError> {
    let bytes = fs::read(path).map_err(|e| EngineError::io(path, "read", e))?;
    serde_json::from_slice(&bytes)
        .map_err(|_| EngineError::other(format!("{} is damaged. Run glasshouse-verify on the case.", path.display())))
}

/// Returns what is certified as discarded, all certificates together.
pub fn certified(case: &Case) -> Result<Vec<Discarded>, EngineError> {
    let mut sums: BTreeMap<(String, String, String, String), u64> = BTreeMap::new();
    for one in certificates(case)?.into_iter().flat_map(|c| c.outcomes) {
        *sums.entry((one.service, one.family, one.reason, one.unit)).or_default() += one.count;
    }
    let all = sums.into_iter();
    Ok(all.map(|((service, family, reason, unit), count)| Discarded { service, family, reason, unit, count }).collect())
}

/// Counts what goes, and says what the journal then forgets.
fn counted(
    known: &Known<'_>,
    statuses: &mut Statuses,
    staying: &Staying,
    outcomes: &mut Vec<Discarded>,
) -> Result<Forgets, EngineError> {
    let Known { case, journal, evidence, recognised, hashes, limits, .. } = *known;
    let copies = Copies::of(hashes, evidence, recognised);
    let entries: HashMap<u32, u32> = journal.claims()?.into_iter().collect();
    let goes = |claim: &u32| entries.get(claim).is_none_or(|entry| !staying.uncut.contains(entry));
    let out: Outside = journal.outside()?.into_iter().filter(|(claim, _)| goes(claim)).collect();
    let shown: HashSet<_> = copies.shown(case, journal)?.keys(&case.record_key()?);
    let (mut records, mut restricted) = (Counts::new(), Vec::new());
    copies.each(&out, &shown, &mut |claim, kind, n| {
        if known.restricted.is_some() && kind.3 == Reason::Restricted.as_str() {
            restricted.push((claim, kind.clone(), n));
        } else {
            *records.entry(kind.clone()).or_default() += n;
        }
    });
    for ((service, family, kind), n) in &staying.withheld_counts {
        let key = ("quarantined".to_owned(), service.clone(), family.clone(), kind.clone());
        *records.entry(key).or_default() += n;
    }
    for ((_, service, family, reason), count) in records {
        outcomes.push(Discarded { service, family, reason, unit: "records".to_owned(), count });
    }
    if known.restricted.is_some() {
        // What was looked through and holds nothing that is restricted is outside for another reason.
        statuses.say_outside(recognised, &|standing| {
            let entry = standing.claim.main;
            let source = evidence.find(entry).map_or("", |(part, _)| part.row.source.as_str());
            let service = standing.provider.manifest().id;
            let why = limits.may_hold_now(service, standing.format.families, source).err();
            why.filter(|_| !staying.has(entry.0)).map(Reason::as_str)
        });
    }
    for ((service, reason), (entries, bytes)) in statuses.unread(evidence, limits, &|entry| staying.has(entry)) {
        for (unit, count) in [("entries", entries), ("bytes", bytes)] {
            let (service, reason) = (service.clone(), reason.clone());
            outcomes.push(Discarded { service, family: String::new(), reason, unit: unit.to_owned(), count });
        }
    }
    let claims: BTreeSet<u32> = out.iter().map(|(claim, _)| *claim).collect();
    Ok(Forgets { claims: claims.into_iter().collect(), records: staying.withheld.clone(), restricted })
}

/// Returns every file that the log vouches for now, whole.
fn vouched(case: &Case) -> Result<BTreeMap<String, FileHash>, EngineError> {
    let mut all = BTreeMap::new();
    for payload in read_case_events(case.root())?.into_iter().filter_map(|(_, payload)| payload) {
        all.extend(payload.files.into_iter().map(|f| (f.path.clone(), f)));
        for path in payload.removed {
            all.remove(&path);
        }
    }
    Ok(all)
}

/// Returns the files of a part as the log vouches for them, and what its description commits to.
fn before(
    case: &Case,
    part: &HeldPart,
    logged: &BTreeMap<String, FileHash>,
) -> Result<(Vec<FileHash>, String), EngineError> {
    let (source, number) = (&part.row.source, part.row.number);
    let named = [paths::part_sealed, paths::source_file, paths::manifest_sealed, paths::part_key];
    let found: Vec<FileHash> = named.iter().filter_map(|path| logged.get(&path(source, number)).cloned()).collect();
    if found.len() != named.len() {
        return Err(EngineError::other(format!(
            "{source} part {number} is not in the log with all its files. Process the case first."
        )));
    }
    let path = case.root().join(paths::source_file(source, number));
    let bytes = fs::read(&path).map_err(|e| EngineError::io(&path, "read", e))?;
    let described: SourceFile = serde_json::from_slice(&bytes).map_err(|e| EngineError::other(e.to_string()))?;
    Ok((found, described.part.content.unwrap_or_default()))
}

/// Writes what is left of a part under the next number of its source.
fn repack(
    case: &Case,
    hashes: &Hashes,
    part: &HeldPart,
    stays: &[Stays],
    number: u32,
    progress: &Progress,
) -> Result<(PartRow, DiscardedPart), EngineError> {
    let source = &part.row.source;
    let Some(key) = case.seal()?.new_part(source, number)? else {
        return Err(EngineError::other("Only evidence that is sealed can be discarded."));
    };
    let path = paths::part_sealed(source, number);
    let full = case.root().join(&path);
    // A discard that was cut off before its event is begun again.
    intake::clear_leftover(&full)?;
    let (plain, written) = write_remainder(&part.part, stays, &full, &key, &|n| progress.add_bytes(n))?;
    let old_file = case.root().join(paths::source_file(source, part.row.number));
    let old = fs::read(&old_file).map_err(|e| EngineError::io(&old_file, "read", e))?;
    let old: SourceFile = serde_json::from_slice(&old).map_err(|e| EngineError::other(e.to_string()))?;
    let row = PartRow {
        number,
        container: REMAINDER.to_owned(),
        size: plain.len,
        sha256: Some(plain.sha256.clone()),
        ..part.row.clone()
    };
    let opening = sealed::opening(&row)?;
    let lines = lines(case, hashes, part, &written)?;
    let name = path.rsplit('/').next().unwrap_or_default().to_owned();
    let info = SourceFile {
        part: PartInfo {
            number,
            name,
            container: REMAINDER.to_owned(),
            size: plain.sealed_len,
            sha256: plain.sealed_sha256.clone(),
            content: Some(opening.commitment()),
            opened: None,
            replaces: Some(part.row.number),
            ..old.part
        },
        ..old
    };
    let (manifest_path, info_path) = (paths::manifest_sealed(source, number), paths::source_file(source, number));
    manifest::write_left(&case.root().join(&manifest_path), &key, &opening, &lines)?;
    let json = serde_json::to_string(&info).map_err(|e| EngineError::other(e.to_string()))? + "\n";
    files::write_atomic(&case.root().join(&info_path), json.as_bytes())?;
    let after = [path, info_path, manifest_path, paths::part_key(source, number)];
    let after = after.iter().map(|path| case.hash(path)).collect::<Result<Vec<_>, _>>()?;
    let files = part.entries.iter().filter(|e| e.kind == EntryKind::File);
    let cut = written.iter().filter(|l| l.cut > 0).count() as u64;
    let made = DiscardedPart {
        source: source.clone(),
        after,
        entries: part.entries.iter().filter(|e| e.method != "discarded").count() as u64,
        whole: written.len() as u64 - cut,
        cut,
        bytes: files.map(|e| e.size).sum(),
        bytes_left: written.iter().map(|l| l.size - l.cut).sum(),
        ..DiscardedPart::default()
    };
    Ok((row, made))
}

/// Returns the lines of what is left: each entry under its number and its path, where it lies now.
fn lines(case: &Case, hashes: &Hashes, part: &HeldPart, written: &[Left]) -> Result<Vec<EntryLine>, EngineError> {
    let first = part.row.first_entry.unwrap_or(0);
    let before = left::cut(case, &part.row)?;
    let line = |one: &Left| {
        let entry = part.entries.get((one.entry - first) as usize);
        let entry = entry.ok_or_else(|| EngineError::other(format!("Entry {} is not in its part.", one.entry)))?;
        let cut = one.cut.max(before.get(&one.entry).copied().unwrap_or(0));
        Ok(EntryLine {
            entry: one.entry,
            path: entry.path.to_owned(),
            path_bytes: entry.path_bytes.map(glasshouse_layout::hex),
            kind: manifest::kind(entry.kind).to_owned(),
            parent: None,
            method: one.place.method.clone(),
            offset: one.place.offset,
            csize: one.place.csize,
            size: one.size,
            crc32: one.place.crc32.map(|crc| format!("{crc:08x}")),
            sha256: Some(one.sha256.clone()),
            mime: hashes.get(one.entry).and_then(|known| known.mime()).map(str::to_owned),
            modified: entry.modified.map(str::to_owned),
            link_target: None,
            encrypted: false,
            problem: one.problem.clone(),
            cut: (cut > 0).then_some(cut),
        })
    };
    written.iter().map(line).collect()
}

/// Has the journal know what is left of a part in the place of the part.
fn take_over(case: &Case, journal: &Journal, part: &DiscardedPart) -> Result<(), EngineError> {
    let described = part.after.iter().find(|f| f.path.ends_with(".json"));
    let Some(described) = described else { return Ok(()) };
    let path = case.root().join(&described.path);
    let bytes = fs::read(&path).map_err(|e| EngineError::io(&path, "read", e))?;
    let file: SourceFile = serde_json::from_slice(&bytes).map_err(|e| EngineError::other(e.to_string()))?;
    let Some(old) = file.part.replaces else { return Ok(()) };
    let mut hashes: Vec<(u32, EntryHash)> = Vec::new();
    let opening = manifest::read(case, &file.source, file.part.number, |l| {
        hashes.push((l.entry, EntryHash { sha256: l.sha256, mime: l.mime, size: l.size, problem: l.problem }));
        Ok(())
    })?;
    let Some(opening) = opening else { return Ok(()) };
    sealed::note_file(journal, &file.source, file.part.number, (file.part.size, &file.part.sha256))?;
    let row = PartRow {
        source: file.source,
        number: file.part.number,
        series: opening.series,
        name: opening.name,
        container: REMAINDER.to_owned(),
        origin: String::new(),
        size: opening.size,
        modified: 0,
        external: false,
        first_entry: Some(file.part.first_entry),
        entries: Some(file.part.entries),
        sha256: Some(opening.sha256),
    };
    journal.put_left(old, &row, &hashes)
}

/// Takes away every copy that was made for reading; what a log left behind stays.
fn clear_cache(case: &Case) -> Result<(), EngineError> {
    let cache = case.root().join("cache");
    let Ok(inside) = fs::read_dir(&cache) else { return Ok(()) };
    for path in inside.filter_map(Result::ok).map(|e| e.path()) {
        if path.file_name().is_some_and(|name| name == "log-leftovers") {
            continue;
        }
        let gone = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        gone.map_err(|e| EngineError::io(&path, "remove", e))?;
    }
    Ok(())
}

fn method(certificate: &Certificate) -> Vec<String> {
    let mut said = vec![
        "Each part had been sealed with a key of its own since it was copied in. The file of that key was written over with zeros and brought to the disk, and its name was removed; then the same was done with the first 64 KiB of the sealed part, its list of entries and its description, and their names were removed.".to_owned(),
        "The rest of the bytes of these files was not written over. Without the key they cannot be read.".to_owned(),
        "On a solid-state disk, and on file systems that copy on writing, keep snapshots or journal data, writing over a file may leave the older bytes in places that a program cannot reach; whoever recovers the key from there, and has the key of the case, could read what else they recover.".to_owned(),
        "Copies that were made outside this folder, backups among them, are not reached. What was given to be taken in was not touched.".to_owned(),
        "Entries that stay in part have zeros in the place of what is gone. No hash of what is gone was kept.".to_owned(),
    ];
    let ended = certificate.ended.join(" and ");
    if certificate.restricted {
        said.push(format!("What {ended} had covered was restricted since its end; it was destroyed, too."));
    } else if !ended.is_empty() {
        said.push(format!("What {ended} had covered is restricted since its end, and was not destroyed: its bytes stay in the evidence, sealed, and no command reads records from them again."));
    }
    let uncut: u64 = certificate.parts.iter().map(|p| p.uncut).sum();
    if uncut > 0 {
        said.push(format!("{uncut} entries were left whole although not all in them is within the limits, for their records cannot be cut out: what lies in them outside the limits is still held back."));
    }
    said
}
