//! The workers: entries are inflated once, hashed, cut into chunks and parsed on all cores.
//!
//! A chunk holds whole frames and its bounds depend on the entry's bytes alone, so that any set of finished
//! chunks can be kept and the rest done later. A worker that cuts an entry parses chunks itself when the queue
//! is full: no thread ever waits for room, and memory stays within the queue's bound.

use super::batch::Batch;
use super::claims::Standing;
use super::deciding::Parsed;
use super::intake::Hashed;
use super::journal::{Ended, EntryHash, Hashes, Journal};
use super::kept::troubles;
use super::limits::Limits;
use super::parts::{Evidence, HeldPart};
use super::reading::Reading;
use super::settle::{self, Finished};
use super::staying::Staying;
use super::{Options, Progress, positioned, survey};
use crate::EngineError;
use glasshouse_model::{EntryId, Framing, Record, Warning};
use glasshouse_providers::framing::{LONGEST_FRAME, Span, framer};
use glasshouse_providers::{Companion, Frame, Opened, Positioned, Sink, TreeEntry};
use glasshouse_store::Case;
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// A chunk ends with the first frame that makes it this long.
const CHUNK: u64 = 1 << 20;
/// Bytes of chunks that may wait; beyond it the cutting worker parses.
const QUEUE: usize = 16 << 20;
/// Most memory that the rows of a segment take, run after run: those with words, which make an index the better the
/// more they are, and those without.
const SEGMENT: usize = 64 << 20;
const PLAIN_SEGMENT: usize = 16 << 20;
/// Of a small account a worker writes earlier, when the rows of either kind take this share of what all rows will take:
/// what a kill loses stays a small part of what was done. Many small segments would cost more than they save.
const SHARE: f64 = 24.0;
/// Without words a segment costs hardly more when it is small.
const PLAIN_SHARE: f64 = 48.0;
/// Rows of so little memory are not worth a segment of their own.
const SMALLEST_SEGMENT: usize = 3 << 20;

/// Records whose memory a worker keeps from one chunk to the next; more are rare.
const KEPT: usize = 16 << 10;

/// Claims of short entries whose ends are noted together.
const ENDED: usize = 64;

/// Something a worker can do.
enum Job {
    /// Hash a part's own bytes.
    Part(usize),
    /// Read an entry for a claim.
    Claim(usize),
    /// Read an entry that no one parses, for its hash alone.
    Entry(EntryId),
}

/// All that workers share.
pub struct Work<'a> {
    pub case: &'a Case,
    pub journal: &'a Journal,
    pub evidence: &'a Evidence,
    pub options: &'a Options,
    pub progress: &'a Progress,
    /// The claims that are not finished, with their numbers and finished chunks.
    pub claims: Vec<OpenClaim<'a>>,
    pub tree: HashMap<EntryId, &'a TreeEntry<'a>>,
    pub record_key: [u8; 32],
    pub run: String,
    /// Hashes known from an earlier, interrupted intake.
    pub known: Hashes,
    /// Hashes of the parts that were copied just now.
    pub hashed: Hashed,
    pub limits: &'a Limits,
    /// Entries that records of others may have attached.
    pub linked: HashSet<u32>,
    pub purpose: Purpose,
    /// Where is noted what is restricted, in a look for that alone.
    pub restricted: Option<&'a Mutex<Staying>>,
}

/// What the claims are read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To know how much would come in and how much not; nothing is kept.
    Count,
    Keep,
}

/// A claim with work left to do.
pub struct OpenClaim<'a> {
    pub standing: &'a Standing,
    pub number: u32,
    pub finished: BTreeSet<u32>,
}

struct Chunk {
    claim: usize,
    number: u32,
    base: u64,
    bytes: Vec<u8>,
    spans: Vec<Span>,
    around: Arc<Around>,
}

/// What every chunk of a claim is parsed with.
struct Around {
    companions: Vec<Held>,
    head: Vec<u8>,
    survey: Vec<u8>,
    positioned: Option<positioned::Bytes>,
}

/// A companion's bytes in memory.
struct Held {
    entry: EntryId,
    bytes: Vec<u8>,
    truncated: bool,
}

#[derive(Default)]
struct Queue {
    chunks: VecDeque<Chunk>,
    bytes: usize,
    jobs: VecDeque<Job>,
    /// Workers that may still add chunks.
    cutting: usize,
    failed: Option<EngineError>,
}

struct Shared<'a> {
    work: &'a Work<'a>,
    queue: Mutex<Queue>,
    changed: Condvar,
    /// Bytes of entries that claims are read from.
    to_read: u64,
}

/// Returns what entries are read in the order of: the long ones by length, the others as they lie, so that what is
/// opened of a sealed part serves its neighbours, too.
pub fn in_turn(entry: EntryId, size: u64) -> (std::cmp::Reverse<u64>, u32) {
    (std::cmp::Reverse(if size < CHUNK { 0 } else { size }), entry.0)
}

/// Does all that is left to do and returns the hashes of parts that were made on the way.
pub fn run(work: &Work<'_>, parts: &[usize], entries: &[EntryId]) -> Result<(), EngineError> {
    let mut claims: Vec<_> = (0..work.claims.len()).collect();
    let size = |entry: EntryId| work.tree.get(&entry).map_or(0, |e| e.size);
    // The long ones first: their cutting is serial and must not come last.
    let to_read: u64 = work.claims.iter().map(|open| size(open.standing.claim.main)).sum();
    claims.sort_by_key(|i| {
        let main = work.claims[*i].standing.claim.main;
        in_turn(main, size(main))
    });
    let mut jobs: VecDeque<Job> = claims.into_iter().map(Job::Claim).collect();
    for part in parts.iter().rev() {
        jobs.insert(jobs.len().min(2), Job::Part(*part));
    }
    jobs.extend(entries.iter().map(|e| Job::Entry(*e)));
    let queue = Mutex::new(Queue { jobs, ..Queue::default() });
    let shared = Shared { work, queue, changed: Condvar::new(), to_read };
    let (written, to_settle) = sync_channel(settle::MOST);
    std::thread::scope(|scope| {
        scope.spawn(|| shared.noting_failure(settle::all(work, to_settle)));
        for _ in 0..work.options.threads.max(1) {
            let written = written.clone();
            let shared = &shared;
            scope.spawn(move || shared.noting_failure(Worker::new(shared, written).go()));
        }
        drop(written);
    });
    let failed = shared.queue.into_inner().unwrap_or_else(PoisonError::into_inner).failed;
    failed.map_or(Ok(()), Err)
}

impl Shared<'_> {
    /// Has everybody stop if one of them failed, and keeps the first reason.
    fn noting_failure(&self, result: Result<(), EngineError>) {
        if let Err(error) = result {
            let mut queue = self.lock();
            // That one had to stop may only follow from what went wrong with another.
            if matches!(queue.failed, None | Some(EngineError::Stopped)) {
                queue.failed = Some(error);
            }
            self.changed.notify_all();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stopped(&self) -> bool {
        self.work.progress.stop.load(Ordering::Relaxed)
    }
}

enum Next {
    Chunk(Chunk),
    Job(Job),
    Done,
}

struct Worker<'a> {
    shared: &'a Shared<'a>,
    /// Chunks that hold words, and chunks that hold none: the latter need no index.
    worded: Batch,
    plain: Batch,
    hashes: Vec<(u32, EntryHash)>,
    /// Claims that ended and are not noted yet.
    ended: Vec<Ended>,
    /// Room for the records of the next chunk.
    records: Vec<Record>,
    /// Bytes of the chunks that were parsed, and of the rows that they became: those of a chat take several times as
    /// much memory as its text.
    parsed: u64,
    grown: u64,
    written: SyncSender<Finished>,
}

impl<'a> Worker<'a> {
    fn new(shared: &'a Shared<'a>, written: SyncSender<Finished>) -> Self {
        let (worded, plain) = (Batch::default(), Batch::default());
        let (hashes, ended, records) = (Vec::new(), Vec::new(), Vec::new());
        Worker { shared, worded, plain, hashes, ended, records, parsed: 0, grown: 0, written }
    }

    fn go(&mut self) -> Result<(), EngineError> {
        loop {
            if self.shared.stopped() {
                return self.flush().and(Err(EngineError::Stopped));
            }
            match self.next() {
                Next::Chunk(chunk) => self.parse(chunk)?,
                Next::Job(job) => {
                    let done = self.run(job);
                    self.shared.lock().cutting -= 1;
                    self.shared.changed.notify_all();
                    done?;
                }
                Next::Done => return self.flush(),
            }
        }
    }

    fn next(&self) -> Next {
        let mut queue = self.shared.lock();
        loop {
            if queue.failed.is_some() || self.shared.stopped() {
                return Next::Done;
            }
            if let Some(chunk) = queue.chunks.pop_front() {
                queue.bytes -= chunk.bytes.len();
                return Next::Chunk(chunk);
            }
            if let Some(job) = queue.jobs.pop_front() {
                queue.cutting += 1;
                return Next::Job(job);
            }
            if queue.cutting == 0 {
                return Next::Done;
            }
            queue = self.shared.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn run(&mut self, job: Job) -> Result<(), EngineError> {
        match job {
            Job::Part(part) => self.hash_part(part),
            Job::Entry(entry) => self.read_entry(entry),
            Job::Claim(claim) => self.cut(claim),
        }
    }

    fn hash_part(&mut self, index: usize) -> Result<(), EngineError> {
        let work = self.shared.work;
        let part: &HeldPart = &work.evidence.parts[index];
        let mut row = part.row.clone();
        let (sha256, size) = match work.hashed.get(&(row.source.clone(), row.number)) {
            Some(sha256) => {
                work.progress.add_bytes(row.size);
                (*sha256, row.size)
            }
            None => glasshouse_store::hash_file(&part.path, &|n| work.progress.add_bytes(n))
                .map_err(|e| EngineError::io(&part.path, "read", e))?,
        };
        row.sha256 = Some(glasshouse_layout::hex(sha256));
        row.size = size;
        work.journal.put_part(&row)
    }

    /// Reads an entry to its end for its hash.
    fn read_entry(&mut self, entry: EntryId) -> Result<(), EngineError> {
        let mut reading = Reading::open(self.shared.work, entry);
        let mut buffer = vec![0; 256 << 10];
        while reading.read(&mut buffer)? > 0 {
            if self.shared.stopped() {
                return Ok(());
            }
        }
        self.note(reading)
    }

    fn note(&mut self, reading: Reading<'_>) -> Result<(), EngineError> {
        let entry = reading.entry;
        if let Some(hash) = reading.finish()? {
            self.hashes.push((entry.0, hash));
            if self.hashes.len() >= 256 {
                self.shared.work.journal.put_hashes(&std::mem::take(&mut self.hashes))?;
            }
        }
        Ok(())
    }

    /// Reads a claim's entry, cuts it into chunks and hands them out.
    fn cut(&mut self, index: usize) -> Result<(), EngineError> {
        let work = self.shared.work;
        let open = &work.claims[index];
        let claim = &open.standing.claim;
        let mut companions = Vec::new();
        for entry in &claim.companions {
            companions.push(self.read_companion(*entry)?);
        }
        let positioned = match claim.framing {
            Framing::Stretches => positioned::open(work, claim.main)?,
            _ => None,
        };
        let survey = survey::of(work, open.standing, positioned.as_ref())?;
        let mut reading = self.reading(claim.main);
        let mut framer = framer(claim.framing);
        let head = reading.head(Opened::HEAD)?;
        let around = Arc::new(Around { companions, head, survey, positioned });
        let (mut window, mut base) = (Vec::<u8>::new(), 0u64);
        let (mut spans, mut number) = (Vec::new(), 0u32);
        loop {
            let have = window.len();
            let step = if have == 0 { 64 << 10 } else { 256 << 10 };
            window.resize(have + step, 0);
            let n = reading.read(&mut window[have..])?;
            window.truncate(have + n);
            let end = n == 0;
            let before = spans.len();
            framer.scan(&window, base, end, &mut spans);
            // Chunks end with frames, whichever window they were found in.
            let mut from = 0;
            for i in before..spans.len() {
                if spans[i].end - spans[from].start >= CHUNK {
                    let chunk = chunk(index, number, &window, base, spans[from..=i].to_vec(), &around);
                    self.hand_out(chunk)?;
                    number += 1;
                    from = i + 1;
                }
            }
            spans.drain(..from);
            if end {
                if !spans.is_empty() {
                    let last = chunk(index, number, &window, base, std::mem::take(&mut spans), &around);
                    // A small entry is parsed at once by who has it in hand.
                    if number == 0 {
                        self.parse_if_open(last)?
                    } else {
                        self.hand_out(last)?
                    }
                    number += 1;
                }
                break;
            }
            let needed = spans.first().map_or(framer.needed_from(), |s: &Span| s.start.min(framer.needed_from()));
            let done = needed.saturating_sub(base).min(window.len() as u64) as usize;
            if done > 0 && (done > window.len() / 2 || done as u64 >= CHUNK) {
                window.drain(..done);
                base += done as u64;
            }
            if self.shared.stopped() {
                return Ok(());
            }
        }
        let mut warnings = troubles(open.standing, framer.as_mut());
        if let Some(problem) = &reading.problem {
            warnings.push(super::claims::warning(
                Some(claim.main),
                open.standing.provider.manifest().id,
                "entry.unreadable",
                problem.clone(),
            ));
        }
        if work.purpose != Purpose::Keep {
            return Ok(());
        }
        self.note(reading)?;
        if !work.limits.are_none() {
            warnings = super::kept::without_content(warnings);
        }
        self.ended.push(Ended { claim: open.number, chunks: number, warnings });
        // To cut a long one again takes long; of short ones many are noted together.
        if number > 1 || self.ended.len() >= ENDED { self.note_ended() } else { Ok(()) }
    }

    fn note_ended(&mut self) -> Result<(), EngineError> {
        let ended = std::mem::take(&mut self.ended);
        if ended.is_empty() { Ok(()) } else { self.shared.work.journal.end_claims(&ended) }
    }

    fn reading(&self, entry: EntryId) -> Reading<'a> {
        let work = self.shared.work;
        if work.purpose == Purpose::Keep { Reading::open(work, entry) } else { Reading::looking(work, entry) }
    }

    fn read_companion(&mut self, entry: EntryId) -> Result<Held, EngineError> {
        let mut reading = self.reading(entry);
        let mut bytes = Vec::new();
        let mut buffer = vec![0; 64 << 10];
        let mut truncated = false;
        loop {
            let n = reading.read(&mut buffer)?;
            if n == 0 {
                break;
            }
            let room = (LONGEST_FRAME as usize).saturating_sub(bytes.len());
            truncated |= n > room;
            bytes.extend_from_slice(&buffer[..n.min(room)]);
        }
        if self.shared.work.purpose == Purpose::Keep {
            self.note(reading)?;
        }
        Ok(Held { entry, bytes, truncated })
    }

    fn hand_out(&mut self, chunk: Chunk) -> Result<(), EngineError> {
        if self.shared.work.claims[chunk.claim].finished.contains(&chunk.number) {
            return Ok(());
        }
        let mut queue = self.shared.lock();
        queue.bytes += chunk.bytes.len();
        queue.chunks.push_back(chunk);
        self.shared.changed.notify_one();
        if queue.bytes <= QUEUE {
            return Ok(());
        }
        let Some(chunk) = queue.chunks.pop_front() else { return Ok(()) };
        queue.bytes -= chunk.bytes.len();
        drop(queue);
        self.parse(chunk)
    }

    fn parse_if_open(&mut self, chunk: Chunk) -> Result<(), EngineError> {
        if self.shared.work.claims[chunk.claim].finished.contains(&chunk.number) { Ok(()) } else { self.parse(chunk) }
    }

    fn parse(&mut self, chunk: Chunk) -> Result<(), EngineError> {
        let work = self.shared.work;
        let open = &work.claims[chunk.claim];
        let provider = open.standing.provider;
        let manifest = provider.manifest();
        let missing = || EngineError::other("A claimed entry is not in the tree.");
        let entry = *work.tree.get(&open.standing.claim.main).ok_or_else(missing)?;
        let frames: Vec<_> = chunk.spans.iter().map(|span| frame(span, &chunk.bytes, chunk.base)).collect();
        let companions: Vec<_> = chunk
            .around
            .companions
            .iter()
            .filter_map(|held| {
                let entry = *work.tree.get(&held.entry)?;
                Some(Companion { entry, bytes: &held.bytes, truncated: held.truncated })
            })
            .collect();
        let opened = Opened {
            claim: &open.standing.claim,
            entry,
            frames: &frames,
            companions: &companions,
            head: &chunk.around.head,
            survey: &chunk.around.survey,
            positioned: chunk.around.positioned.as_ref().map(|bytes| bytes as &dyn Positioned),
            decoder: &*work.options.decoder,
        };
        let room = std::mem::take(&mut self.records);
        let parsed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let mut sink = Sink::reusing(room);
            provider.parse(&opened, &mut sink);
            sink
        }));
        let (mut records, warnings, drift) = match parsed {
            Ok(sink) => sink.into_parts(),
            Err(_) => {
                let message = format!(
                    "The parser {} {} failed here; these bytes were not read.",
                    manifest.id, open.standing.format.version
                );
                let place = glasshouse_model::Locator::bytes(chunk.base, chunk.bytes.len() as u64);
                let failed = Warning { at: Some(opened.at(place)), code: "parser.panic", message };
                (Vec::new(), vec![failed], Default::default())
            }
        };
        let source = work.evidence.find(entry.id).map_or("", |(part, _)| part.row.source.as_str());
        let worded = records.iter().any(|r| r.title.is_some() || r.text.is_some() || !r.parties.is_empty());
        let (batch, most, share) = match worded {
            true => (&mut self.worded, SEGMENT, SHARE),
            false => (&mut self.plain, PLAIN_SEGMENT, PLAIN_SHARE),
        };
        let before = batch.bytes();
        batch.add(work, open, source, Parsed { chunk: chunk.number, records: &records, warnings, drift })?;
        if records.capacity() <= KEPT {
            records.clear();
            self.records = records;
        }
        self.parsed += chunk.bytes.len() as u64;
        self.grown += (batch.bytes() - before) as u64;
        let expected = self.shared.to_read as f64 * (self.grown as f64 / self.parsed.max(1) as f64);
        batch.write_run(work.case, work.journal, &work.run)?;
        // A number too great for the type is beyond every bound.
        if batch.is_full(((expected / share) as usize).clamp(SMALLEST_SEGMENT, most)) {
            let full = std::mem::take(batch);
            self.send(full)?;
        }
        Ok(())
    }

    /// Writes all that was collected and hands it on.
    fn flush(&mut self) -> Result<(), EngineError> {
        for batch in [std::mem::take(&mut self.worded), std::mem::take(&mut self.plain)] {
            self.send(batch)?;
        }
        Ok(())
    }

    /// Writes what was collected as segments and hands it on with its chunks, to be committed.
    fn send(&mut self, batch: Batch) -> Result<(), EngineError> {
        let work = self.shared.work;
        // What was hashed before the chunks that it came with may not be lost with them.
        if !self.hashes.is_empty() {
            work.journal.put_hashes(&std::mem::take(&mut self.hashes))?;
        }
        self.note_ended()?;
        let Some(finished) = batch.write(work.case, work.journal, &work.run)? else { return Ok(()) };
        // Who settles takes no more only if it failed, and says why itself.
        self.written.send(finished).map_err(|_| EngineError::Stopped)
    }
}

fn chunk(claim: usize, number: u32, window: &[u8], base: u64, spans: Vec<Span>, around: &Arc<Around>) -> Chunk {
    let start = spans.first().map_or(base, |s| s.start);
    let end = spans.last().map_or(base, |s| s.end).max(start);
    let bytes = window[(start - base) as usize..(end - base) as usize].to_vec();
    Chunk { claim, number, base: start, bytes, spans, around: around.clone() }
}

/// Returns the frame of `span` from bytes that start at `base` in the entry.
pub(super) fn frame<'a>(span: &'a Span, bytes: &'a [u8], base: u64) -> Frame<'a> {
    Frame {
        name: &span.name,
        element: span.element,
        index: span.index,
        offset: span.start,
        bytes: &bytes[(span.start - base) as usize..(span.end - base) as usize],
        truncated: span.truncated,
    }
}
