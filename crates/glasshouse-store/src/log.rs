use crate::StoreError;
use crate::ahead::{Ahead, Begin, Commit, Kept, boot};
use crate::case::{Acting, Actor, tool};
use crate::files::{make_folder, rename_synced, temporary};
use crate::keys::{Keys, random};
use crate::together::Together;
use glasshouse_layout::{FileHash, Kind, Leaf, Payload, Sealed, commitment, decode_bundle, encode_bundle, paths};
use signed_note::{Note, StandardVerifier, VerifierList};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use tlog_tiles::{
    Checkpoint, Hash, HashReader, Tile, prove_record, record_hash, stored_hash_count, stored_hashes, tree_hash,
};

const TILE_HEIGHT: u8 = 8;
const TILE_WIDTH: u64 = 256;

/// An event to be logged.
#[derive(Clone, Debug)]
pub struct Event {
    pub kind: Kind,
    pub action: &'static str,
    pub payload: Payload,
    /// Leaves whose payloads this event erases.
    pub erases: Vec<u64>,
    /// Content that the payload commits to and does not hold, by name: the words of a query, a recipient.
    pub content: BTreeMap<&'static str, String>,
}

impl Event {
    /// Returns an event by somebody, under what they act.
    pub fn by(
        actor: &Actor,
        acting: Acting,
        kind: Kind,
        action: &'static str,
        files: Vec<FileHash>,
        detail: serde_json::Value,
    ) -> Self {
        let payload = Payload {
            who: actor.who.clone(),
            place: actor.place.clone(),
            authority: acting.authority,
            tool: tool(),
            role: acting.role,
            enquiry: acting.enquiry,
            policies: acting.policies,
            files,
            detail,
            ..Payload::default()
        };
        Event { kind, action, payload, erases: Vec::new(), content: BTreeMap::new() }
    }

    /// Says whether it is a look alone: nothing but the log is changed by it.
    fn is_look(&self) -> bool {
        let Payload { files, removed, unsealed, .. } = &self.payload;
        self.kind == Kind::Consultation
            && files.is_empty()
            && removed.is_empty()
            && unsealed.is_empty()
            && self.erases.is_empty()
    }
}

/// The append-only log of a case: a Merkle tree in C2SP tiles with a signed head.
///
/// Payloads, leaves and tiles are on disk and synced before the checkpoint that covers them is; what a crash
/// leaves beyond the checkpoint, whole or in part, is not part of the log and is set aside. Looks are synced in a
/// file of their own ([`crate::ahead`]), and their other files with the next event that is none.
pub struct Log {
    case: PathBuf,
    origin: String,
    keys: Keys,
    /// Every hash of the tree in stored order.
    hashes: Stored,
    size: u64,
    /// Leaves of the last, unfinished bundle.
    tail: Vec<Vec<u8>>,
    last_time: String,
    ahead: Ahead,
}

#[derive(Default)]
struct Stored(Vec<Hash>);

impl HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, tlog_tiles::Error> {
        let hash = |i: &u64| self.0.get(*i as usize).copied().ok_or(tlog_tiles::Error::IndexesNotInTree);
        indexes.iter().map(hash).collect()
    }
}

impl Log {
    /// Begins an empty log in a case folder; nothing is on disk before the first event.
    pub fn create(case: &Path, origin: &str, keys: &Keys) -> Self {
        Log {
            case: case.to_path_buf(),
            origin: origin.to_owned(),
            keys: keys.clone(),
            hashes: Stored::default(),
            size: 0,
            tail: Vec::new(),
            last_time: String::new(),
            ahead: Ahead::none(case),
        }
    }

    /// Opens a case's log and checks that its leaves have the root that the signed checkpoint states.
    pub fn open(case: &Path, origin: &str, public_key: &str, keys: &Keys) -> Result<Self, StoreError> {
        let ahead = Log::put_back(case, origin, public_key, keys)?;
        let mut log = Log { ahead, ..Log::create(case, origin, keys) };
        let (size, root) = read_checkpoint(case, origin, public_key)?;
        for leaf in read_leaves(case, size)? {
            log.push(leaf)?;
        }
        if log.root()? != root {
            return Err(StoreError::log("its leaves do not have the root hash that its checkpoint states"));
        }
        let tail = (size % TILE_WIDTH) as u32;
        let unfinished = case.join(paths::entries(size / TILE_WIDTH, tail));
        if tail > 0 && !unfinished.exists() {
            // The checkpoint is older than the bundle that was since filled: a restored backup. Its leaves were
            // just proven, and the partial tiles that go with it can be made again.
            let mut again = Together::default();
            log.write_bundle(&mut again)?;
            for tile in Tile::new_tiles(TILE_HEIGHT, 0, size).into_iter().filter(|t| u64::from(t.width()) < TILE_WIDTH)
            {
                let data = tile.read_data(&log.hashes).map_err(|e| StoreError::log(e.to_string()))?;
                let path = case.join(paths::tile(tile.level(), tile.level_index(), tile.width()));
                if !path.exists() {
                    again.write(&path, &data)?;
                }
            }
            again.sync()?;
        }
        clear_leftovers(case, size)?;
        if let Some(last) = log.tail.last() {
            log.last_time = parse_leaf(last)?.time;
        } else if size > 0 {
            log.last_time = read_leaves(case, size)?
                .last()
                .map(|l| parse_leaf(l))
                .transpose()?
                .map_or_else(String::new, |l| l.time);
        }
        Ok(log)
    }

    #[cfg(test)]
    fn size(&self) -> u64 {
        self.size
    }

    /// Appends events in one commit and returns the index of the first; when it returns, they are durable.
    ///
    /// If it fails, none of them is in the log.
    pub fn append(&mut self, events: &[Event]) -> Result<u64, StoreError> {
        let (first, hashes, tail, time) = (self.size, self.hashes.0.len(), self.tail.clone(), self.last_time.clone());
        if events.is_empty() {
            return Ok(first);
        }
        if let Err(failed) = self.write(events) {
            self.hashes.0.truncate(hashes);
            (self.size, self.tail, self.last_time) = (first, tail, time);
            return Err(failed);
        }
        Ok(first)
    }

    /// Puts the log together after a power cut or a kill, from what was written ahead.
    fn put_back(case: &Path, origin: &str, public_key: &str, keys: &Keys) -> Result<Ahead, StoreError> {
        let (mut ahead, Some((begin, commits))) = Ahead::read(case)? else { return Ok(Ahead::none(case)) };
        let head = |text: &str| open_checkpoint(text.as_bytes(), origin, public_key);
        let last = commits.last().map(|c| head(&c.checkpoint)).transpose()?.map_or(begin.size, |(size, _)| size);
        // After a power cut the checkpoint, too, may be any of those that were written.
        let here = read_checkpoint(case, origin, public_key).map_or(0, |(size, _)| size);
        if here > last {
            // Everything was brought to the disk with an event that came later.
            ahead.clear()?;
            return Ok(ahead);
        }
        if here == last && boot().is_some_and(|boot| boot == begin.boot) {
            return Ok(ahead);
        }
        let unfit = || StoreError::log("what log/ahead holds does not follow what the log holds");
        let mut log = Log::create(case, origin, keys);
        for leaf in read_leaves(case, begin.size)? {
            log.push(leaf)?;
        }
        if head(&begin.checkpoint)? != (begin.size, log.root()?) {
            return Err(unfit());
        }
        let mut files = Together::default();
        for commit in &commits {
            for kept in &commit.events {
                log.place(kept, &mut files)?;
            }
            if head(&commit.checkpoint)? != (log.size, log.root()?) {
                return Err(unfit());
            }
        }
        log.close(begin.size, &mut files)?;
        let checkpoint = case.join(paths::CHECKPOINT);
        let newest = commits.last().map_or(&begin.checkpoint, |c| &c.checkpoint);
        files.write(&temporary(&checkpoint), newest.as_bytes())?;
        files.sync()?;
        rename_synced(&temporary(&checkpoint), &checkpoint)?;
        ahead.clear()?;
        Ok(ahead)
    }

    fn write(&mut self, events: &[Event]) -> Result<(), StoreError> {
        let looks = events.iter().all(Event::is_look) && self.size > 0 && self.ahead.has_room();
        let mut files = if looks { Together::in_their_own_time() } else { Together::default() };
        let (old_size, begin) = (self.size, self.begin(looks)?);
        let mut kept = Vec::with_capacity(events.len());
        for event in events {
            let event = self.make(event)?;
            self.place(&event, &mut files)?;
            kept.push(event);
        }
        self.close(old_size, &mut files)?;
        let checkpoint = self.case.join(paths::CHECKPOINT);
        let text = self.checkpoint()?;
        files.write(&temporary(&checkpoint), text.as_bytes())?;
        if let Some(begin) = begin {
            let before = self.ahead.push(|| begin, &Commit { events: kept, checkpoint: text })?;
            let moved = fs::rename(temporary(&checkpoint), &checkpoint);
            return moved.map_err(|e| {
                self.ahead.take_back(before);
                StoreError::io(&checkpoint, "move into place", e)
            });
        }
        // All that the checkpoint covers is durable before it is in its place.
        if let Some(base) = self.ahead.base() {
            self.also_since(base, old_size, &mut files)?;
        }
        files.sync()?;
        rename_synced(&temporary(&checkpoint), &checkpoint)?;
        self.drop_partials(self.ahead.base().unwrap_or(old_size));
        self.ahead.clear()
    }

    /// Returns the state before looks are added.
    fn begin(&self, looks: bool) -> Result<Option<Begin>, StoreError> {
        if !looks {
            return Ok(None);
        }
        let checkpoint = if self.ahead.base().is_none() { self.checkpoint()? } else { String::new() };
        Ok(Some(Begin { boot: boot().unwrap_or_default(), size: self.size, checkpoint }))
    }

    /// Has the files of looks brought to the disk that were only written ahead until now.
    fn also_since(&self, base: u64, size: u64, files: &mut Together) -> Result<(), StoreError> {
        let bundles = (base / TILE_WIDTH..size.div_ceil(TILE_WIDTH))
            .map(|index| paths::entries(index, (size - index * TILE_WIDTH).min(TILE_WIDTH) as u32));
        let tiles = Tile::new_tiles(TILE_HEIGHT, base, size)
            .into_iter()
            .map(|tile| paths::tile(tile.level(), tile.level_index(), tile.width()));
        let contents = (base..size).flat_map(|n| [paths::payload(n), paths::sealed(n)]);
        contents.chain(bundles).chain(tiles).try_for_each(|path| files.also(&self.case.join(path)))
    }

    /// Makes the texts of an event that is added next.
    fn make(&mut self, event: &Event) -> Result<Kept, StoreError> {
        let (payload, sealed) = seal(event)?;
        let broken = |e: &dyn std::fmt::Display| StoreError::other(e.to_string());
        let payload = payload.to_file(&random()?).map_err(|e| broken(&e))?;
        // Time never runs backwards in the log, whatever the clock does.
        let now = now();
        let time = if now > self.last_time { now } else { self.last_time.clone() };
        let leaf = Leaf {
            v: 1,
            seq: self.size,
            time: time.clone(),
            kind: event.kind,
            action: event.action.to_owned(),
            payload: commitment(&payload),
            erases: event.erases.clone(),
        };
        self.last_time = time;
        let leaf = serde_json::to_string(&leaf).map_err(|e| broken(&e))?;
        Ok(Kept { leaf, payload: String::from_utf8(payload).map_err(|e| broken(&e))?, sealed })
    }

    /// Adds an event to the tree and writes its files.
    fn place(&mut self, event: &Kept, files: &mut Together) -> Result<(), StoreError> {
        if let Some(sealed) = &event.sealed {
            files.write(&self.case.join(paths::sealed(self.size)), sealed.as_bytes())?;
        }
        files.write(&self.case.join(paths::payload(self.size)), event.payload.as_bytes())?;
        self.push(event.leaf.clone().into_bytes())?;
        if self.size.is_multiple_of(TILE_WIDTH) { self.write_bundle(files) } else { Ok(()) }
    }

    /// Writes the newest bundle and the tiles that are new since the log had `old_size` events.
    fn close(&self, old_size: u64, files: &mut Together) -> Result<(), StoreError> {
        if !self.tail.is_empty() {
            self.write_bundle(files)?;
        }
        for tile in Tile::new_tiles(TILE_HEIGHT, old_size, self.size) {
            let data = tile.read_data(&self.hashes).map_err(|e| StoreError::log(e.to_string()))?;
            let path = paths::tile(tile.level(), tile.level_index(), tile.width());
            files.write(&self.case.join(path), &data)?;
        }
        Ok(())
    }

    /// Returns the signed tree head as text: what somebody outside should keep.
    pub fn checkpoint(&self) -> Result<String, StoreError> {
        let broken = |_| StoreError::log("its checkpoint cannot be written");
        let checkpoint = Checkpoint::new(&self.origin, self.size, self.root()?, "").map_err(|_| broken(()))?;
        let mut note = Note::new(&checkpoint.to_bytes(), &[]).map_err(|_| broken(()))?;
        note.add_sigs(&[&self.keys.signer()?]).map_err(|_| broken(()))?;
        String::from_utf8(note.to_bytes()).map_err(|_| broken(()))
    }

    fn root(&self) -> Result<Hash, StoreError> {
        tree_hash(self.size, &self.hashes).map_err(|e| StoreError::log(e.to_string()))
    }

    fn push(&mut self, leaf: Vec<u8>) -> Result<(), StoreError> {
        debug_assert_eq!(self.hashes.0.len() as u64, stored_hash_count(self.size));
        let new = stored_hashes(self.size, &leaf, &self.hashes).map_err(|e| StoreError::log(e.to_string()))?;
        debug_assert_eq!(new.first().copied(), Some(record_hash(&leaf)));
        self.hashes.0.extend(new);
        if self.tail.len() as u64 == TILE_WIDTH {
            self.tail.clear();
        }
        self.tail.push(leaf);
        self.size += 1;
        Ok(())
    }

    /// Writes the newest bundle.
    fn write_bundle(&self, files: &mut Together) -> Result<(), StoreError> {
        let bundle = encode_bundle(&self.tail).map_err(|e| StoreError::other(e.to_string()))?;
        let index = (self.size - 1) / TILE_WIDTH;
        files.write(&self.case.join(paths::entries(index, self.tail.len() as u32)), &bundle)
    }

    /// Takes away partial tiles whose full tile the checkpoint now covers; to fail at that loses nothing.
    fn drop_partials(&self, old_size: u64) {
        for index in old_size / TILE_WIDTH..self.size / TILE_WIDTH {
            for full in [paths::entries(index, 256), paths::tile(0, index, 256)] {
                let _ = fs::remove_dir_all(self.case.join(format!("{full}.p")));
            }
        }
    }
}

/// Returns an event's payload, and what it commits to as the text of its file: each with a salt of its own.
fn seal(event: &Event) -> Result<(Payload, Option<String>), StoreError> {
    let mut payload = event.payload.clone();
    if event.content.is_empty() {
        return Ok((payload, None));
    }
    let mut sealed = BTreeMap::new();
    for (name, text) in &event.content {
        let one = Sealed { salt: glasshouse_layout::hex(random::<32>()?), text: text.clone() };
        payload.sealed.insert((*name).to_owned(), one.commitment());
        sealed.insert(*name, one);
    }
    let json = serde_json::to_string(&sealed).map_err(|e| StoreError::other(e.to_string()))?;
    Ok((payload, Some(json)))
}

/// Returns the leaves of a case's log with their payloads, as far as these are still there.
pub fn read_events(case: &Path, origin: &str, public_key: &str) -> Result<Vec<(Leaf, Option<Payload>)>, StoreError> {
    read_some(case, origin, public_key, &|_| true)
}

/// As [`read_events`], with the payloads of some leaves only.
pub fn read_some(
    case: &Path,
    origin: &str,
    public_key: &str,
    wanted: &dyn Fn(&Leaf) -> bool,
) -> Result<Vec<(Leaf, Option<Payload>)>, StoreError> {
    let (size, _) = read_checkpoint(case, origin, public_key)?;
    let leaves = read_leaves(case, size)?;
    leaves
        .iter()
        .map(|bytes| {
            let leaf = parse_leaf(bytes)?;
            let payload = wanted(&leaf).then(|| fs::read(case.join(paths::payload(leaf.seq))).ok()).flatten();
            let payload = payload.filter(|file| commitment(file) == leaf.payload);
            Ok((leaf, payload.and_then(|file| Payload::from_file(&file).ok())))
        })
        .collect()
}

/// Returns the content that an event's payload commits to, as far as it is still there and is what was sealed.
pub fn read_sealed(case: &Path, seq: u64, payload: &Payload) -> BTreeMap<String, Sealed> {
    if payload.sealed.is_empty() {
        return BTreeMap::new();
    }
    let file = fs::read(case.join(paths::sealed(seq))).unwrap_or_default();
    let sealed: BTreeMap<String, Sealed> = serde_json::from_slice(&file).unwrap_or_default();
    sealed.into_iter().filter(|(name, one)| payload.sealed.get(name) == Some(&one.commitment())).collect()
}

/// A leaf with the hashes that prove it against the checkpoint.
#[derive(Clone, Debug)]
pub struct Proof {
    pub seq: u64,
    pub leaf: Vec<u8>,
    /// The audit path of RFC 6962, from the leaf up.
    pub path: Vec<[u8; 32]>,
}

/// Returns the checkpoint of a log and the proofs of some of its leaves against it.
pub fn prove(case: &Path, origin: &str, public_key: &str, wanted: &[u64]) -> Result<(String, Vec<Proof>), StoreError> {
    let (size, root) = read_checkpoint(case, origin, public_key)?;
    let leaves = read_leaves(case, size)?;
    let mut hashes = Stored::default();
    for (n, leaf) in (0..).zip(&leaves) {
        let new = stored_hashes(n, leaf, &hashes).map_err(|e| StoreError::log(e.to_string()))?;
        hashes.0.extend(new);
    }
    if tree_hash(size, &hashes).map_err(|e| StoreError::log(e.to_string()))? != root {
        return Err(StoreError::log("its leaves do not have the root hash that its checkpoint states"));
    }
    let proofs = wanted.iter().map(|seq| {
        let leaf = usize::try_from(*seq).ok().and_then(|n| leaves.get(n)).cloned();
        let leaf = leaf.ok_or_else(|| StoreError::other(format!("The log has no event {seq}; it has {size}.")))?;
        let path = prove_record(size, *seq, &hashes).map_err(|e| StoreError::log(e.to_string()))?;
        Ok(Proof { seq: *seq, leaf, path: path.iter().map(|hash| hash.0).collect() })
    });
    let proofs = proofs.collect::<Result<Vec<_>, StoreError>>()?;
    let path = case.join(paths::CHECKPOINT);
    let checkpoint = fs::read_to_string(&path).map_err(|e| StoreError::io(&path, "read", e))?;
    Ok((checkpoint, proofs))
}

/// Sets aside what a crash left beyond the checkpoint: it is no part of the log, and would look like a changed
/// tile once the log has grown past it.
fn clear_leftovers(case: &Path, size: u64) -> Result<(), StoreError> {
    let log = case.join("log");
    let mut folders = vec![log.clone()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).map_err(|e| StoreError::io(&folder, "list", e))?;
        for entry in entries.filter_map(Result::ok) {
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                if !is_below(&log, &path, size) {
                    folders.push(path);
                }
                continue;
            }
            let beyond = path.extension().is_some_and(|e| e == "new")
                || path.strip_prefix(&log).ok().and_then(Path::to_str).is_some_and(|inside| is_beyond(inside, size));
            if beyond {
                // Set aside, not destroyed: after a restored backup it may be the newer log.
                let aside = case.join("cache/log-leftovers");
                make_folder(&aside)?;
                let name = path.strip_prefix(&log).unwrap_or(&path).to_string_lossy().replace('/', "_");
                let to = aside.join(format!("{size}_{name}"));
                fs::rename(&path, &to).map_err(|e| StoreError::io(&path, "set aside", e))?;
            }
        }
    }
    Ok(())
}

/// Says whether a folder of payloads or sealed content holds those of the first `size` leaves only.
fn is_below(log: &Path, folder: &Path, size: u64) -> bool {
    let inside = folder.strip_prefix(log).ok().and_then(Path::to_str).unwrap_or_default();
    let number = inside.strip_prefix("payload/").or_else(|| inside.strip_prefix("sealed/"));
    number.and_then(|n| n.parse::<u64>().ok()).is_some_and(|n| n < size / 1000)
}

/// Says whether a file of the log, named from `log/` on, holds anything past the first `size` leaves.
fn is_beyond(inside: &str, size: u64) -> bool {
    let number = |groups: &str| {
        groups.split('/').try_fold(0u64, |n, group| {
            let digits: u64 = group.strip_prefix('x').unwrap_or(group).parse().ok()?;
            n.checked_mul(1000)?.checked_add(digits)
        })
    };
    if let Some(index) = inside.strip_prefix("payload/").or_else(|| inside.strip_prefix("sealed/")).and_then(number) {
        return index >= size;
    }
    let Some((level, rest)) = inside.strip_prefix("tile/").and_then(|tile| tile.split_once('/')) else { return false };
    let level: u32 = if level == "entries" { 0 } else { level.parse().unwrap_or(0) };
    let (groups, width) = match rest.split_once(".p/") {
        Some((groups, width)) => (groups, width.parse().unwrap_or(TILE_WIDTH)),
        None => (rest, TILE_WIDTH),
    };
    let hashes = size.checked_shr(u32::from(TILE_HEIGHT) * level).unwrap_or(0);
    number(groups).is_some_and(|index| index.saturating_mul(TILE_WIDTH).saturating_add(width) > hashes)
}

fn parse_leaf(bytes: &[u8]) -> Result<Leaf, StoreError> {
    serde_json::from_slice(bytes).map_err(|_| StoreError::log("a leaf is not the JSON expected"))
}

fn read_checkpoint(case: &Path, origin: &str, public_key: &str) -> Result<(u64, Hash), StoreError> {
    let path = case.join(paths::CHECKPOINT);
    let bytes = fs::read(&path).map_err(|e| StoreError::io(&path, "read", e))?;
    open_checkpoint(&bytes, origin, public_key)
}

/// Returns the size and root that a checkpoint states, if it is signed by the case's key.
fn open_checkpoint(bytes: &[u8], origin: &str, public_key: &str) -> Result<(u64, Hash), StoreError> {
    let note = Note::from_bytes(bytes).map_err(|_| StoreError::log("its checkpoint is not a signed note"))?;
    let verifier = StandardVerifier::new(public_key).map_err(|_| StoreError::log("the public key is damaged"))?;
    note.verify(&VerifierList::new(vec![Box::new(verifier)]))
        .map_err(|_| StoreError::log("its checkpoint is not signed by the case's key"))?;
    let checkpoint = Checkpoint::from_bytes(note.text()).map_err(|_| StoreError::log("its checkpoint is malformed"))?;
    if checkpoint.origin() != origin {
        return Err(StoreError::log("its checkpoint is another log's"));
    }
    Ok((checkpoint.size(), *checkpoint.hash()))
}

fn read_leaves(case: &Path, size: u64) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut leaves = Vec::new();
    for index in 0..size.div_ceil(TILE_WIDTH) {
        let width = (size - index * TILE_WIDTH).min(TILE_WIDTH);
        let mut path = case.join(paths::entries(index, width as u32));
        if !path.exists() {
            // The bundle may have been filled by an append that the checkpoint does not cover yet.
            path = case.join(paths::entries(index, 256));
        }
        let bundle = fs::read(&path).map_err(|e| StoreError::io(&path, "read", e))?;
        let found = decode_bundle(&bundle).map_err(|e| StoreError::log(e.to_string()))?;
        if (found.len() as u64) < width {
            return Err(StoreError::log("a bundle holds fewer leaves than the checkpoint states"));
        }
        leaves.extend(found.into_iter().take(width as usize).map(<[u8]>::to_vec));
    }
    Ok(leaves)
}

/// Returns the time now, RFC 3339, UTC, always with six digits of the second.
pub fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

#[cfg(test)]
mod tests;
