//! From paths to proven, searchable records: preserve, recognise, parse, index.
//!
//! Every step leaves a state from which the same command goes on: parts are in the journal when they are
//! copied, entries when they are hashed, chunks when the segment that holds their records is on disk.

mod again;
mod aside;
mod batch;
mod claims;
mod closed;
mod combined;
mod copies;
mod deciding;
mod discard;
mod finish;
mod folder;
mod intake;
mod journal;
mod kept;
mod left;
mod leftover;
mod limits;
mod lists;
mod manifest;
mod opening;
mod own;
mod parts;
pub(crate) mod positioned;
mod reading;
mod restricted;
mod sealed;
mod settle;
mod staged;
mod staying;
mod survey;
mod visible;
mod watch;
mod work;

pub(crate) use combined::{opened_by_password, origins, take, taken_parts};
pub use discard::{Asked, Restricted, read_certificates};
pub use intake::{Taken, check};
pub(crate) use journal::PartPlace;
pub(crate) use left::as_listed;
pub(crate) use leftover::{drop_unfinished, unfinished};
pub(crate) use lists::lists;
pub use parts::Evidence;
pub(crate) use parts::unaltered;

use crate::EngineError;
use crate::quarantine::Standing as Decided;
use copies::Copies;
use glasshouse_layout::{Certificate, Discarded, RunFile};
use glasshouse_model::EntryId;
use glasshouse_providers::Provider;
use glasshouse_providers::formats::exif::{Decoder, Here};
use glasshouse_store::{Case, Password};
use journal::{Hashes, Journal};
pub use limits::Counts;
use limits::Limits;
pub(crate) use limits::Why;
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// How the work is done; none of it changes what is found.
#[derive(Clone, Debug)]
pub struct Options {
    pub threads: usize,
    /// Leave parts where they are instead of copying them.
    pub in_place: bool,
    /// For encrypted parts, each entry with the one that fits; never stored.
    pub passwords: Vec<Password>,
    /// The account that the paths given belong to, where the export itself does not say it of each record.
    pub account: Option<String>,
    /// Lenses beside those that are shipped: name and text. The case keeps them and reads with them from then on.
    pub lenses: Vec<(String, String)>,
    /// Who takes pictures and films apart.
    pub decoder: Arc<dyn Decoder>,
}

impl Default for Options {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        Options {
            threads,
            in_place: false,
            passwords: Vec::new(),
            account: None,
            lenses: Vec::new(),
            decoder: Arc::new(Here),
        }
    }
}

/// How far the work is; read by whoever shows it, and the place to stop it.
#[derive(Debug, Default)]
pub struct Progress {
    /// Bytes to go through in all, as far as known.
    pub total: AtomicU64,
    pub done: AtomicU64,
    pub records: AtomicU64,
    pub warnings: AtomicU64,
    pub stop: AtomicBool,
    phase: Mutex<String>,
}

impl Progress {
    /// Returns what is being done, in a few words.
    pub fn phase(&self) -> String {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn say(&self, phase: &str) {
        phase.clone_into(&mut self.phase.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn add_bytes(&self, n: u64) {
        self.done.fetch_add(n, Ordering::Relaxed);
    }

    /// Notes what was copied, and says whether to go on.
    fn copied(&self, n: u64) -> bool {
        self.add_bytes(n);
        !self.stop.load(Ordering::Relaxed)
    }
}

/// What an intake did.
#[derive(Debug)]
pub struct Report {
    /// What became of each path given.
    pub taken: Vec<(PathBuf, Taken)>,
    /// The run now in force.
    pub run: RunFile,
    /// Whether anything changed.
    pub changed: bool,
}

/// Takes paths into a case and reads all that is new, or goes on where an earlier call was interrupted.
pub fn ingest(case: &Case, given: &[PathBuf], options: &Options, progress: &Progress) -> Result<Report, EngineError> {
    taking_in(case, given, options, progress, Act::TakeIn)
}

/// Brings the records in line with the privilege reviewer's decisions; nothing is read for it.
pub fn publish(case: &Case, options: &Options, progress: &Progress) -> Result<Report, EngineError> {
    taking_in(case, &[], options, progress, Act::Publish)
}

/// Destroys what lies outside the limits, and returns the certificate of it; none if there is nothing.
///
/// Goes on with a discard that was cut off, whatever that was asked for.
pub fn discard(
    case: &Case,
    asked: &Asked,
    role: &str,
    options: &Options,
    progress: &Progress,
) -> Result<Option<Certificate>, EngineError> {
    let journal = Journal::open(case)?;
    let mut done = discard::go_on(case, &journal)?;
    if done.is_none() {
        let unfinished = journal.fact("unfinished")?.is_some_and(|f| f == "yes");
        if unfinished && !discard::certificates(case)?.is_empty() {
            // One that was cut off once it was certified: the run's lists still speak of what is gone. Where something is
            // not read either, what follows says so.
            let _ = read_all(case, &journal, &[], options, progress, Act::Publish);
        }
        read_all(case, &journal, &[], options, progress, Act::Discard(asked, role))
            .map_err(|error| error.on_full_disk(case.root()))?;
        done = discard::go_on(case, &journal)?;
    }
    if done.is_some() {
        read_all(case, &journal, &[], options, progress, Act::Publish)
            .map_err(|error| error.on_full_disk(case.root()))?;
    }
    Ok(done)
}

/// Counts what a discard would destroy now, and changes nothing.
pub fn discard_preview(
    case: &Case,
    asked: &Asked,
    options: &Options,
    progress: &Progress,
) -> Result<Vec<Discarded>, EngineError> {
    let journal = Journal::open(case)?;
    let counts = RefCell::new(Vec::new());
    read_all(case, &journal, &[], options, progress, Act::WouldDiscard(asked, &counts))?;
    Ok(counts.into_inner())
}

/// What the evidence is gone through for.
#[derive(Clone, Copy)]
enum Act<'a> {
    TakeIn,
    /// To bring the records in line with what is known; nothing is read.
    Publish,
    /// To write what is left of it when what lies outside the limits goes.
    Discard(&'a Asked, &'a str),
    /// To count what that would be.
    WouldDiscard(&'a Asked, &'a RefCell<Vec<Discarded>>),
}

fn taking_in(
    case: &Case,
    given: &[PathBuf],
    options: &Options,
    progress: &Progress,
    act: Act<'_>,
) -> Result<Report, EngineError> {
    let journal = Journal::open(case)?;
    discard::go_on(case, &journal)?;
    let reading = || read_all(case, &journal, given, options, progress, act);
    let read = watch::until_it_ends(case, progress, reading);
    // Whatever went wrong, what was copied is held.
    let settled = leftover::settle(case, &journal);
    read.and_then(|report| settled.map(|()| report)).map_err(|error| error.on_full_disk(case.root()))
}

fn read_all(
    case: &Case,
    journal: &Journal,
    given: &[PathBuf],
    options: &Options,
    progress: &Progress,
    act: Act<'_>,
) -> Result<Report, EngineError> {
    let lenses = lenses(journal, options)?;
    let mut hashed = intake::Hashed::new();
    let taken = intake::take_in(case, journal, given, options, progress, &mut hashed)?;
    combined::whole(case, journal)?;
    let limits = limits(case, journal, !matches!(act, Act::TakeIn))?;
    let decided = crate::quarantine::standing(case.root())?;
    let last = glasshouse_store::read_run(case.root())?;
    if let Some(run) = &last
        && options.passwords.is_empty()
        && !matches!(act, Act::Discard(..) | Act::WouldDiscard(..))
        && run.authorities == limits.authorities()
        && settled(case, journal, &limits, &decided)?
    {
        return Ok(Report { taken, run: run.clone(), changed: false });
    }
    let mut evidence = parts::list(case, journal, options, progress)?;
    if evidence.parts.is_empty() {
        return Err(EngineError::other(
            "The case holds nothing yet. Give a path to an export archive, a folder or a file.",
        ));
    }
    parts::open_archives(&mut evidence, case, journal, options, progress)?;
    progress.say("Recognising");
    let tree = evidence.tree();
    let mut recognised = claims::recognise(&evidence, &tree, &lenses)?.within(&limits, &evidence);
    own::refuse(case, journal, &evidence, &tree, &recognised)?;
    let mut known = journal.hashes()?;
    // A password may open what was closed before: that is read as if it were new.
    let closed = |entry: u32| {
        let (part, index) = evidence.find(EntryId(entry))?;
        part.entries.get(index).filter(|e| e.encrypted).map(|_| part.part.read(index).is_err())
    };
    if !options.passwords.is_empty() {
        let opened: Vec<u32> = known.failed().filter(|entry| closed(*entry) == Some(false)).collect();
        known.forget(&opened);
        journal.read_again(&opened)?;
    }
    journal.number_claims(&mut recognised.claims)?;
    let finished = journal.chunks()?;
    let mut current: Vec<u32> = recognised.claims.iter().map(|c| c.number).collect();
    current.sort_unstable();
    let gone = journal.claims()?.into_iter();
    let gone = gone.filter(|(n, entry)| current.binary_search(n).is_err() && !evidence.is_left(EntryId(*entry)));
    // Records that a password gave stay when a later command comes without it.
    let obsolete: Vec<u32> = gone.filter(|(_, entry)| closed(*entry) != Some(true)).map(|(number, _)| number).collect();
    let mut open = Vec::new();
    for standing in &recognised.claims {
        let number = standing.number;
        let from = finished.partition_point(|(claim, _)| *claim < number);
        let done = finished.iter().skip(from).take_while(|(claim, _)| *claim == number).map(|(_, chunk)| *chunk);
        let done: BTreeSet<u32> = done.collect();
        if standing.chunks.is_none_or(|n| done.len() < n as usize) {
            open.push(work::OpenClaim { standing, number, finished: done });
        }
    }
    let on_the_way: BTreeSet<EntryId> = open
        .iter()
        .flat_map(|o| std::iter::once(o.standing.claim.main).chain(o.standing.claim.companions.iter().copied()))
        .collect();
    let mut entries: Vec<_> = tree.iter().filter(|e| !known.contains(e.id.0) && !on_the_way.contains(&e.id)).collect();
    entries.sort_by_key(|e| work::in_turn(e.id, e.size));
    let parts: Vec<usize> = (0..evidence.parts.len()).filter(|i| evidence.parts[*i].row.sha256.is_none()).collect();
    let nothing_new = open.is_empty() && entries.is_empty() && parts.is_empty() && obsolete.is_empty();
    // A run that was interrupted while it was being finished has nothing left to read but is not in force.
    let unfinished = journal.fact("unfinished")?.is_some_and(|f| f == "yes");
    if matches!(act, Act::Publish) && !nothing_new {
        return Err(EngineError::other(
            "The decision is kept. The case has something that is not read yet: it takes effect with `glasshouse process`.",
        ));
    }
    let otherwise = left::is_judged_otherwise(journal, &evidence, &limits)?;
    let unchanged = journal.fact("decisions")?.unwrap_or_default() == decided.identity()
        && last.as_ref().is_none_or(|run| run.authorities == limits.authorities())
        && !otherwise;
    if let Act::Discard(asked, _) | Act::WouldDiscard(asked, _) = act {
        let (true, Some(run)) = (nothing_new && unchanged && !unfinished, last) else {
            return Err(EngineError::other(
                "Not all of the case is read under its limits as they are. Run `glasshouse process` on it first; what is outside is known then.",
            ));
        };
        if limits.are_none() {
            return Err(EngineError::other("The authority sets no limits, so nothing lies outside them."));
        }
        let (recognised, evidence, limits) = (&recognised, &evidence, &limits);
        let looking = restricted::Looking { case, journal, evidence, recognised, limits, options, progress };
        let (ended, sources) = looking.is_any()?;
        let stays = looking.stays(&ended, asked.restricted, &tree)?;
        let (restricted, restricted_left) = (stays.as_ref(), &sources);
        let (hashes, decided) = (&known, &decided);
        let known = discard::Known {
            case,
            journal,
            evidence,
            recognised,
            hashes,
            limits,
            decided,
            restricted,
            restricted_left,
            ended,
        };
        let changed = match act {
            Act::Discard(_, role) => discard::plan(&known, asked, role, progress)?,
            Act::WouldDiscard(_, counts) => {
                counts.replace(discard::would_go(&known, asked.withheld)?);
                false
            }
            _ => false,
        };
        return Ok(Report { taken, run, changed });
    }
    if let (true, Some(run)) =
        (nothing_new && unchanged && !unfinished && evidence.parts.iter().all(|p| p.sealed), &last)
    {
        journal.put_fact("settled", &settlement(journal, &limits, &decided)?)?;
        return Ok(Report { taken, run: run.clone(), changed: false });
    }
    let size: u64 = parts.iter().map(|p| evidence.parts[*p].row.size).sum::<u64>()
        + entries.iter().map(|e| e.size).sum::<u64>()
        + tree.iter().filter(|e| on_the_way.contains(&e.id)).map(|e| e.size).sum::<u64>();
    journal.put_fact("unfinished", "yes")?;
    progress.total.fetch_add(size, Ordering::Relaxed);
    let number = last.as_ref().and_then(|r| r.run.get(1..)?.parse::<u32>().ok()).unwrap_or(0) + 1;
    let deciding = limits.exclude() && (!open.is_empty() || otherwise || !journal.waiting()?.is_empty());
    let mut linked = if limits.exclude() { recognised.linked() } else { HashSet::new() };
    if deciding {
        // What is read now may be attached to what is not read again.
        linked.extend(left::note(case, journal, &evidence, &limits)?);
    }
    let entries: Vec<EntryId> = entries.into_iter().map(|e| e.id).collect();
    let shared = work::Work {
        case,
        journal,
        evidence: &evidence,
        options,
        progress,
        claims: open,
        tree: tree.iter().map(|e| (e.id, e)).collect::<HashMap<_, _>>(),
        record_key: case.record_key()?,
        run: format!("r{number:04}"),
        known,
        hashed,
        limits: &limits,
        linked,
        purpose: work::Purpose::Keep,
        restricted: None,
    };
    let started = glasshouse_store::now();
    progress.say("Reading");
    clear_stray_segments(case, journal)?;
    work::run(&shared, &parts, &entries)?;
    if deciding {
        progress.say("Deciding on conversations");
        let gone: HashSet<u32> = obsolete.iter().copied().collect();
        journal.noted_but(&gone, &mut |noted| limits.recall(noted))?;
        let run = &shared.run;
        staged::Deciding { case, journal, limits: &limits, run, options, progress, gone: &gone }.decide()?;
    }
    progress.say("Sealing the evidence");
    // Part hashes were put into the journal by the workers.
    let run_name = shared.run.clone();
    drop(shared);
    drop(tree);
    let evidence = Evidence { warnings: evidence.warnings, parts: reload(evidence.parts, journal)? };
    let hashes = journal.hashes()?;
    manifest::seal(case, journal, &evidence, &hashes)?;
    progress.say("Finishing");
    let finishing = finish::Finishing {
        case,
        journal,
        evidence: &evidence,
        recognised: &recognised,
        hashes: &hashes,
        limits: &limits,
        decided: &decided,
        run: &run_name,
    };
    let run = finish::finish(&finishing, &obsolete, started)?;
    // What was written anew on the way was never in the log. It goes before the run counts as finished: one that is cut
    // off here is taken up again, and looks again. That it cannot be removed only costs room.
    let _ = clear_stray_segments(case, journal);
    journal.put_fact("decisions", &decided.identity())?;
    journal.put_fact("settled", &settlement(journal, &limits, &decided)?)?;
    journal.put_fact("unfinished", "no")?;
    Ok(Report { taken, run, changed: true })
}

/// Returns the lenses that the case reads with, those that are given now among them.
fn lenses(journal: &Journal, options: &Options) -> Result<Vec<&'static dyn Provider>, EngineError> {
    let mut all = journal.named_facts("lens ")?;
    all.extend(options.lenses.iter().cloned());
    let mut loaded: Vec<&'static dyn Provider> = Vec::new();
    for (name, text) in &all {
        let lens = glasshouse_providers::lens::load(text, name).map_err(|e| EngineError::other(e.to_string()))?;
        if loaded.iter().any(|l| l.manifest().id == lens.manifest().id) {
            return Err(EngineError::other(format!(
                "{name} names its provider `{}`, as another lens of this case does. Give it a name of its own.",
                lens.manifest().id
            )));
        }
        loaded.push(lens);
    }
    for (name, text) in &options.lenses {
        journal.put_fact(&format!("lens {name}"), text)?;
    }
    Ok(loaded)
}

/// Returns the limits of the case's authorities, as they stand now.
fn limits(case: &Case, journal: &Journal, ended: bool) -> Result<Limits, EngineError> {
    let mut accounts = journal.named_facts("account ")?;
    // What was stated when a part was taken in outlives the journal.
    for part in glasshouse_store::read_parts(case.root())? {
        if let Some(account) = part.account {
            accounts.entry(part.source).or_insert(account);
        }
    }
    Limits::of(case, accounts, crate::session::now(), ended)
}

/// Returns how much would come in and how much would not, under the limits as they are; nothing is kept of it.
pub fn preview(case: &Case, options: &Options, progress: &Progress) -> Result<limits::Counts, EngineError> {
    watch::until_it_ends(case, progress, || counted(case, options, progress))
}

fn counted(case: &Case, options: &Options, progress: &Progress) -> Result<limits::Counts, EngineError> {
    let journal = Journal::open(case)?;
    let lenses = lenses(&journal, options)?;
    let limits = limits(case, &journal, false)?;
    let evidence = parts::list(case, &journal, options, progress)?;
    let tree = evidence.tree();
    let mut recognised = claims::recognise(&evidence, &tree, &lenses)?.within(&limits, &evidence);
    // Nothing is kept, so that any numbers do.
    (0..).zip(&mut recognised.claims).for_each(|(number, claim)| claim.number = number);
    let mut linked = recognised.linked();
    linked.extend(left::note(case, &journal, &evidence, &limits)?);
    let open = |standing| work::OpenClaim { standing, number: standing.number, finished: BTreeSet::new() };
    let look = work::Work {
        case,
        journal: &journal,
        evidence: &evidence,
        options,
        progress,
        claims: recognised.claims.iter().map(open).collect(),
        tree: tree.iter().map(|e| (e.id, e)).collect(),
        record_key: case.record_key()?,
        run: String::new(),
        known: Hashes::default(),
        hashed: intake::Hashed::new(),
        limits: &limits,
        linked,
        purpose: work::Purpose::Count,
        restricted: None,
    };
    work::run(&look, &[], &[])?;
    let copies = Copies::of(&journal.hashes()?, &evidence, &recognised);
    let mut counts = copies.once(&limits.take_counted(), &HashSet::new());
    for (standing, reason) in &recognised.outside {
        let key = (
            "not read".to_owned(),
            standing.provider.manifest().id.to_owned(),
            String::new(),
            reason.as_str().to_owned(),
        );
        *counts.entry(key).or_default() += 1;
    }
    for (key, n) in left::count(case, &journal, &evidence, &limits)? {
        *counts.entry(key).or_default() += n;
    }
    for one in discard::certified(case)?.into_iter().filter(|one| one.unit != "bytes") {
        let key = ("discarded".to_owned(), one.service, one.family, one.reason);
        *counts.entry(key).or_default() += one.count;
    }
    Ok(counts)
}

/// Says whether the run in force is all that these parts can give, so that nothing needs listing or recognising.
fn settled(case: &Case, journal: &Journal, limits: &Limits, decided: &Decided) -> Result<bool, EngineError> {
    if journal.fact("unfinished")?.is_some_and(|f| f == "yes") {
        return Ok(false);
    }
    for row in journal.parts()? {
        if row.external {
            unaltered(&parts::part_path(case, &row), row.size)?;
        }
    }
    Ok(journal.fact("settled")?.is_some_and(|f| settlement(journal, limits, decided).is_ok_and(|now| now == f)))
}

/// Names all that a run depends on: the parts, and the formats in the versions that read them.
fn settlement(journal: &Journal, limits: &Limits, decided: &Decided) -> Result<String, EngineError> {
    let mut hasher = blake3::Hasher::new();
    for row in journal.parts()? {
        hasher.update(format!("{} {} {:?} {:?}\n", row.source, row.number, row.sha256, row.entries).as_bytes());
    }
    for manifest in glasshouse_providers::providers().iter().map(|p| p.manifest()) {
        for format in manifest.formats {
            hasher.update(format!("{}.{}/{}\n", manifest.id, format.id, format.version).as_bytes());
        }
    }
    for (name, text) in journal.named_facts("lens ")? {
        hasher.update(format!("{name} {}\n", blake3::hash(text.as_bytes())).as_bytes());
    }
    hasher.update(glasshouse_store::tool().as_bytes());
    hasher.update(limits.identity().as_bytes());
    hasher.update(decided.identity().as_bytes());
    Ok(hasher.finalize().to_hex().to_string())
}

fn reload(mut parts: Vec<parts::HeldPart>, journal: &Journal) -> Result<Vec<parts::HeldPart>, EngineError> {
    for row in journal.parts()? {
        if let Some(part) = parts.iter_mut().find(|p| p.row.source == row.source && p.row.number == row.number) {
            part.row = row;
        }
    }
    Ok(parts)
}

/// Takes away segment folders that neither the journal nor the log knows: a killed process left them, or they were
/// written anew.
fn clear_stray_segments(case: &Case, journal: &Journal) -> Result<(), EngineError> {
    let known = journal.segments()?.into_iter().chain(journal.put_aside()?).chain(journal.waiting()?);
    let known: BTreeSet<String> = known.map(|(_, s, _)| s.path).collect();
    let logged = case.logged_files()?;
    let Ok(runs) = std::fs::read_dir(case.root().join("runs")) else { return Ok(()) };
    for run in runs.filter_map(|r| r.ok()) {
        for kind in ["segments", "quarantine", "waiting"] {
            let Ok(segments) = std::fs::read_dir(run.path().join(kind)) else { continue };
            for segment in segments.filter_map(|s| s.ok()) {
                let path = format!(
                    "runs/{}/{kind}/{}",
                    run.file_name().to_string_lossy(),
                    segment.file_name().to_string_lossy()
                );
                let in_log =
                    logged.range(format!("{path}/")..).next().is_some_and(|(p, _)| p.starts_with(&format!("{path}/")));
                if !known.contains(&path) && !in_log {
                    std::fs::remove_dir_all(segment.path())
                        .map_err(|e| EngineError::io(&segment.path(), "remove", e))?;
                }
            }
        }
    }
    Ok(())
}

/// Returns where it is noted at which places of a big deflated entry inflating can begin.
pub fn places(case: &Path, entry: EntryId) -> PathBuf {
    case.join(format!("cache/entries/{entry}.places"))
}

/// Returns where the seekable copy is kept of an entry that is packed and has no such places.
pub fn seekable_copy(case: &Path, entry: EntryId) -> PathBuf {
    case.join(format!("cache/entries/{entry}.blocks"))
}

/// Opens the evidence of a case for reading single entries.
pub fn evidence(case: &Case, options: &Options) -> Result<Evidence, EngineError> {
    let journal = Journal::open(case)?;
    parts::list(case, &journal, options, &Progress::default())
}
