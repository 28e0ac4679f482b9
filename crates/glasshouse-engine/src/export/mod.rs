//! Giving records away: a folder that opens anywhere, with the bytes of each record and what proves it.
//!
//! What is in the folder is listed with its hashes in `export.json`, and the log has the hash of that list before the
//! folder is there under its name. Only what the person may see goes in, and nothing that an analyser found.

mod page;

use crate::EngineError;
use crate::authority;
use crate::events::{self, Redaction};
use crate::evidence::{Bytes, EntryId, Evidence, Locator};
use crate::read::{self, Whole};
use crate::search;
use crate::session::{About, Session, now};
use crate::sql::Tables;
use crate::work;
use glasshouse_layout::{hex, sha256};
use glasshouse_model::LocatorKind;
use glasshouse_store::{Parcel, files, read_case_events, read_case_file, read_run};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Records that one export holds: each has a file of its own.
const MOST: usize = 100_000;
/// Records that are asked for at once.
const STEP: usize = 500;
/// Entries up to this size are read once for all the records in them.
const IN_MEMORY: u64 = 64 << 20;
/// Ids that the event of an export names; more are in it by their digest alone.
const MOST_IDS: usize = 1000;

/// What is given away, to whom and what for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    pub query: String,
    /// Only records that have this tag.
    pub tag: Option<String>,
    pub recipient: String,
    pub purpose: String,
}

/// Where an export goes: files by their paths, one after the other.
pub trait Place {
    /// Writes a file with what a reader gives to its end.
    fn put(&mut self, path: &str, content: &mut dyn Read) -> Result<(), EngineError>;
}

/// A zip that only whoever made it can read.
pub struct Packing {
    pub parcel: Parcel,
    /// Folder in the zip that everything lies in.
    pub folder: String,
}

impl Place for Packing {
    fn put(&mut self, path: &str, content: &mut dyn Read) -> Result<(), EngineError> {
        Ok(self.parcel.put(&format!("{}/{path}", self.folder), content)?)
    }
}

/// A folder.
struct Folder(PathBuf);

impl Place for Folder {
    fn put(&mut self, path: &str, content: &mut dyn Read) -> Result<(), EngineError> {
        let full = self.0.join(path);
        if let Some(folder) = full.parent() {
            files::make_folder(folder)?;
        }
        let mut out = File::create(&full).map_err(|e| EngineError::io(&full, "create", e))?;
        io::copy(content, &mut out).map_err(|e| EngineError::io(&full, "write", e))?;
        Ok(())
    }
}

/// How far an export is, for whoever waits for it.
#[derive(Debug, Default)]
pub struct Progress {
    /// Records that go in, once they are known.
    pub records: AtomicU64,
    /// Records, and then files with their bytes, that are done; there are about twice as many as records.
    pub done: AtomicU64,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    pub records: u64,
    pub bytes: u64,
    /// Hash of `export.json`, which the log has.
    pub sha256: String,
}

/// A file of the export as `export.json` lists it.
#[derive(Clone, Debug, Serialize)]
struct Listed {
    path: String,
    size: u64,
    sha256: String,
}

/// Writes the records that a query finds into a new folder, with what proves them.
pub fn export(session: &Session, wanted: &Wanted, to: &Path, progress: &Progress) -> Result<Exported, EngineError> {
    let ids = asked(session, wanted)?;
    if to.exists() {
        return Err(EngineError::other(format!("{} is there already. Choose a folder that is not.", to.display())));
    }
    let mut beside = to.to_path_buf().into_os_string();
    beside.push(".unfinished");
    let folder = PathBuf::from(beside);
    fs::create_dir_all(to.parent().unwrap_or(Path::new(".")))
        .and_then(|()| fs::create_dir(&folder))
        .map_err(|e| EngineError::io(&folder, "create the folder", e))?;
    let done = write(session, wanted, &ids, &mut Folder(folder.clone()), progress);
    let moved = done.and_then(|exported| {
        let named = fs::rename(&folder, to).map_err(|e| EngineError::io(to, "move into place", e));
        named.map(|()| exported)
    });
    if moved.is_err() {
        // What is left over is of no use; that it cannot be removed either would only hide the reason.
        let _ = fs::remove_dir_all(&folder);
    }
    moved
}

/// As [`export`], into a place of the caller's. What was written before an error is of no use.
pub fn export_into(
    session: &Session,
    wanted: &Wanted,
    place: &mut dyn Place,
    progress: &Progress,
) -> Result<Exported, EngineError> {
    let ids = asked(session, wanted)?;
    write(session, wanted, &ids, place, progress)
}

fn write(
    session: &Session,
    wanted: &Wanted,
    ids: &[String],
    place: &mut dyn Place,
    progress: &Progress,
) -> Result<Exported, EngineError> {
    progress.records.store(ids.len() as u64, Ordering::Relaxed);
    Export { session, wanted, place, ids, listed: Vec::new(), progress }.write()
}

/// Asks whether this may be given away, and returns the ids of the records.
fn asked(session: &Session, wanted: &Wanted) -> Result<Vec<String>, EngineError> {
    session.permitted("export.make")?;
    for (text, option, rule) in
        [(&wanted.recipient, "recipient", "who gets it"), (&wanted.purpose, "purpose", "what for")]
    {
        if text.trim().is_empty() && !session.is_own() {
            return Err(EngineError::other(format!(
                "Say {rule}, with --{option}: a disclosure names its recipient and its reason (DPA 2018 s.62(3))."
            )));
        }
    }
    let case = session.root();
    if glasshouse_store::read_parts(case)?.iter().any(|p| p.part.external.is_some()) {
        return Err(EngineError::other(
            "Parts of this case were left in their places outside it, where they can change. Take them into a case that copies them; nothing is given away before.",
        ));
    }
    asked_for(case, wanted)
}

/// Returns the records that are asked for, an error where they are none or too many.
fn asked_for(case: &Path, wanted: &Wanted) -> Result<Vec<String>, EngineError> {
    let (count, ids) = match &wanted.tag {
        None => {
            let hits = search::search(case, &wanted.query, MOST)?;
            (hits.count, hits.rows.into_iter().map(|hit| hit.id).collect())
        }
        Some(tag) => {
            let mut ids = work::tagged(case, tag, MOST + 1)?;
            if wanted.query.trim().is_empty() {
                // What was tagged may no longer be among the records.
                let tables = Tables::open(case)?;
                let mut known: Vec<String> = Vec::new();
                for some in ids.chunks(STEP) {
                    let found = read::records(&tables, some)?;
                    known.extend(some.iter().filter(|id| found.contains_key(*id)).cloned());
                }
                ids = known;
            } else {
                let found: HashSet<String> = search::ids(case, &wanted.query)?.into_iter().collect();
                ids.retain(|id| found.contains(id));
            }
            (ids.len() as u64, ids)
        }
    };
    match count {
        0 => Err(EngineError::Query("This finds nothing, so nothing is given away.".into())),
        count if count > MOST as u64 => Err(EngineError::Query(format!(
            "This finds {count} records, and an export holds at most {MOST}. Ask for fewer, in several exports.",
        ))),
        _ => Ok(ids),
    }
}

struct Export<'a> {
    session: &'a Session,
    wanted: &'a Wanted,
    place: &'a mut dyn Place,
    ids: &'a [String],
    listed: Vec<Listed>,
    progress: &'a Progress,
}

/// Bytes of an entry that go into a file of their own.
struct Range {
    start: u64,
    length: u64,
    path: String,
}

impl Export<'_> {
    fn write(mut self) -> Result<Exported, EngineError> {
        let case = self.session.root();
        let tables = Tables::open(case)?;
        let evidence = Evidence::open(case, self.session.seal()?)?;
        let mut ranges: BTreeMap<u32, Vec<Range>> = BTreeMap::new();
        let mut records = Vec::with_capacity(self.ids.len());
        for ids in self.ids.chunks(STEP) {
            let mut found = read::records(&tables, ids)?;
            for id in ids {
                let Some(mut record) = found.remove(id) else { continue };
                self.bytes_of(&evidence, id, &mut record, &mut ranges)?;
                records.push(record);
                self.progress.done.fetch_add(1, Ordering::Relaxed);
            }
        }
        let hashes = self.write_ranges(&evidence, ranges)?;
        for record in &mut records {
            let of = |path: Option<&Value>| path.and_then(Value::as_str).and_then(|p| hashes.get(p)).cloned();
            if let Some(sha256) = of(record.get("bytes")) {
                record.insert("bytes_sha256".into(), sha256.into());
            }
        }
        let lines: String = records.iter().map(|r| json!(r).to_string() + "\n").collect();
        self.file("records.ndjson", lines.as_bytes())?;
        self.file("records.csv", csv(&records).as_bytes())?;
        let warnings = self.warnings(&tables, &records)?;
        let lines: String = warnings.iter().map(|w| w.to_string() + "\n").collect();
        self.file("warnings.ndjson", lines.as_bytes())?;
        let basis = self.basis()?;
        let facts = page::Facts {
            basis: &basis,
            recipient: &self.wanted.recipient,
            purpose: &self.wanted.purpose,
            query: &self.wanted.query,
            tag: self.wanted.tag.as_deref().unwrap_or_default(),
            warnings: warnings.len(),
        };
        for (name, text) in page::pages(&facts, &records) {
            self.file(&name, text.as_bytes())?;
        }
        self.finish(&records, &basis)
    }

    /// Lists the export, has the log vouch for the list, and adds what proves that.
    fn finish(self, records: &[Whole], basis: &[String]) -> Result<Exported, EngineError> {
        let (case, session) = (self.session.root(), self.session);
        let file = read_case_file(case)?;
        let bytes = self.listed.iter().map(|f| f.size).sum();
        let tiers: BTreeMap<&str, &str> =
            records.iter().filter_map(|r| Some((r.get("format")?.as_str()?, r.get("tier")?.as_str()?))).collect();
        let list = json!({
            "form": "glasshouse-export-1",
            "case": file.id,
            "kind": file.kind,
            "tool": glasshouse_store::tool(),
            "made": glasshouse_store::now(),
            "basis": basis,
            "recipient": self.wanted.recipient,
            "purpose": self.wanted.purpose,
            "query": self.wanted.query,
            "tag": self.wanted.tag,
            "run": read_run(case)?.map(|run| run.run),
            "records": records.len(),
            "tiers": tiers,
            "files": self.listed,
        });
        let text = serde_json::to_string_pretty(&list).map_err(|e| EngineError::other(e.to_string()))? + "\n";
        let digest = hex(sha256(text.as_bytes()));
        self.place.put("export.json", &mut text.as_bytes())?;
        self.in_line()?;
        let named = if self.ids.len() > MOST_IDS { &[][..] } else { self.ids };
        let detail = json!({
            "export": digest, "count": records.len(), "objects": named,
            "digest": hex(sha256(self.ids.join("\n").as_bytes())),
        });
        let mut content = vec![
            ("recipient", self.wanted.recipient.clone()),
            ("purpose", self.wanted.purpose.clone()),
            ("query", self.wanted.query.clone()),
        ];
        content.extend(self.wanted.tag.clone().map(|tag| ("tag", tag)));
        session.disclose("export.make", About { objects: Vec::new(), content }, detail)?;
        // Somebody may have come first with the log, and what is in it already is given to nobody then.
        self.in_line()?;
        let extract = events::extract(case, &telling(case, &digest)?, Redaction::None)?;
        let checkpoint = extract.get("checkpoint").and_then(Value::as_str).unwrap_or_default().to_owned();
        let text = serde_json::to_string_pretty(&extract).map_err(|e| EngineError::other(e.to_string()))? + "\n";
        self.place.put("log.json", &mut text.as_bytes())?;
        self.place.put("checkpoint", &mut checkpoint.as_bytes())?;
        Ok(Exported { records: records.len() as u64, bytes, sha256: digest })
    }

    /// Refuses to give away what was read before somebody changed what may be given.
    fn in_line(&self) -> Result<(), EngineError> {
        if self.session.still_stands()? {
            return Ok(());
        }
        Err(EngineError::Denied(
            "What may be given away was changed while the export was made: an authority ended or was amended, the records were processed, or the account was changed. Nothing was given. Begin again.".into(),
        ))
    }

    /// Says where the bytes of a record and of what is attached to it go.
    fn bytes_of(
        &mut self,
        evidence: &Evidence,
        id: &str,
        record: &mut Whole,
        ranges: &mut BTreeMap<u32, Vec<Range>>,
    ) -> Result<(), EngineError> {
        let path = format!("bytes/{id}.bin");
        let entry = record.get("entry").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
        let locator = record.get("locator").and_then(Value::as_str).and_then(|l| l.parse::<Locator>().ok());
        let (Some(entry), Some(locator)) = (entry, locator) else {
            return Err(EngineError::other(format!("The record {id} names no bytes. Process the case again.")));
        };
        ranges.entry(entry).or_default().push(Range {
            start: locator.start,
            length: locator.length,
            path: path.clone(),
        });
        record.insert("bytes".into(), path.into());
        let Some(Value::Array(attached)) = record.get_mut("attachments") else { return Ok(()) };
        for (number, one) in (1..).zip(attached) {
            let entry = one.get("entry").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
            let at = one.get("locator").and_then(Value::as_str).and_then(|l| l.parse::<Locator>().ok());
            // A part of a message is in the bytes of the message.
            let (Some(entry), Some(at)) = (entry, at.filter(|at| at.kind != LocatorKind::Mime)) else { continue };
            let path = format!("bytes/{id}-{number}.bin");
            let size = one.get("size").and_then(Value::as_u64);
            match evidence.attachment(EntryId(entry), &at, size) {
                Ok(Bytes::Held(bytes)) => self.file(&path, &bytes)?,
                Ok(Bytes::Entry { start, length, .. }) => {
                    ranges.entry(entry).or_default().push(Range { start, length, path: path.clone() });
                }
                Err(error) => {
                    set(one, "bytes_missing", error.to_string());
                    continue;
                }
            }
            set(one, "bytes", path);
        }
        Ok(())
    }

    /// Writes ranges of entries into files, each entry gone through once where it is not too long.
    fn write_ranges(
        &mut self,
        evidence: &Evidence,
        ranges: BTreeMap<u32, Vec<Range>>,
    ) -> Result<BTreeMap<String, String>, EngineError> {
        for (entry, mut ranges) in ranges {
            let broken = |e: io::Error| EngineError::other(format!("Entry {entry} cannot be read: {e}."));
            let end = ranges.iter().map(|r| r.start.saturating_add(r.length)).max().unwrap_or(0);
            if end <= IN_MEMORY {
                let mut content = Vec::new();
                evidence.reader(EntryId(entry), 0)?.take(end).read_to_end(&mut content).map_err(broken)?;
                for range in ranges {
                    let from = usize::try_from(range.start).unwrap_or(usize::MAX).min(content.len());
                    let length = usize::try_from(range.length).unwrap_or(usize::MAX);
                    let to = from.saturating_add(length).min(content.len());
                    self.file(&range.path, content.get(from..to).unwrap_or_default())?;
                }
                continue;
            }
            // Gone through once from its beginning, but for ranges that lie in one another.
            ranges.sort_by_key(|range| range.start);
            let mut open: Option<(u64, Box<dyn Read + Send>)> = None;
            for range in ranges {
                let (at, mut reader) = match open.take() {
                    Some((at, reader)) if at <= range.start => (at, reader),
                    _ => (range.start, evidence.reader(EntryId(entry), range.start)?),
                };
                io::copy(&mut reader.by_ref().take(range.start - at), &mut io::sink()).map_err(broken)?;
                self.stream(&range.path, reader.by_ref().take(range.length))?;
                open = Some((range.start.saturating_add(range.length), reader));
            }
        }
        Ok(self.listed.iter().map(|f| (f.path.clone(), f.sha256.clone())).collect())
    }

    fn stream(&mut self, path: &str, reader: impl Read) -> Result<(), EngineError> {
        let mut hashing = Hashing { reader, context: ring::digest::Context::new(&ring::digest::SHA256), size: 0 };
        self.place.put(path, &mut hashing)?;
        let (size, sha256) = (hashing.size, hex(hashing.context.finish().as_ref()));
        self.list(path, size, sha256);
        Ok(())
    }

    fn file(&mut self, path: &str, bytes: &[u8]) -> Result<(), EngineError> {
        self.stream(path, bytes)
    }

    fn list(&mut self, path: &str, size: u64, sha256: String) {
        self.listed.push(Listed { path: path.to_owned(), size, sha256 });
        self.progress.done.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns the warnings about entries that records of the export come from.
    fn warnings(&self, tables: &Tables, records: &[Whole]) -> Result<Vec<Value>, EngineError> {
        let mut entries: Vec<u64> = records.iter().filter_map(|r| r.get("entry")?.as_u64()).collect();
        entries.sort_unstable();
        entries.dedup();
        let mut all = Vec::new();
        for some in entries.chunks(STEP) {
            let list = some.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
            let rows =
                tables.rows(&format!("SELECT * FROM warnings WHERE entry IN ({list}) ORDER BY entry, locator"))?;
            all.extend(rows.into_iter().map(|row| json!(row)));
        }
        Ok(all)
    }

    /// Says on what basis this was read, in sentences.
    fn basis(&self) -> Result<Vec<String>, EngineError> {
        if self.session.is_own() {
            return Ok(vec!["No legal basis recorded: a personal case, opened on its holder's own word.".to_owned()]);
        }
        let line = |s: authority::Standing| {
            let a = &s.authority;
            format!("{} version {} ({}), {}: {}", a.id, a.version, a.kind, s.state(now()), s.enrolled.label())
        };
        Ok(authority::standings(self.session.root())?.into_iter().map(line).collect())
    }
}

/// Returns the events that tell of an export: what the case is, its authorities, its newest run, and the export itself.
fn telling(case: &Path, digest: &str) -> Result<Vec<u64>, EngineError> {
    let mut told = Vec::new();
    let mut run = None;
    for (leaf, payload) in read_case_events(case)? {
        let is_this = payload.is_some_and(|p| p.detail.get("export").and_then(Value::as_str) == Some(digest));
        match leaf.action.as_str() {
            "case.exported" if is_this => told.push(leaf.seq),
            "run.completed" => run = Some(leaf.seq),
            "case.created" => told.push(leaf.seq),
            action if action.starts_with("authority.") && action != "authority.shown" => told.push(leaf.seq),
            _ => {}
        }
    }
    told.extend(run);
    told.sort_unstable();
    Ok(told)
}

fn set(object: &mut Value, name: &str, text: String) {
    if let Some(object) = object.as_object_mut() {
        object.insert(name.to_owned(), text.into());
    }
}

/// What is read through it, counted and hashed.
struct Hashing<R> {
    reader: R,
    context: ring::digest::Context,
    size: u64,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.reader.read(buffer)?;
        self.context.update(buffer.get(..n).unwrap_or_default());
        self.size += n as u64;
        Ok(n)
    }
}

/// The columns of `records.csv`.
const COLUMNS: [&str; 19] = [
    "id",
    "time",
    "time_text",
    "time_role",
    "zone_basis",
    "service",
    "family",
    "format",
    "tier",
    "account",
    "title",
    "text",
    "lat",
    "lon",
    "conversation",
    "entry_path",
    "locator",
    "bytes",
    "bytes_sha256",
];

fn csv(records: &[Whole]) -> String {
    let mut out = COLUMNS.join(",") + "\r\n";
    for record in records {
        let cell = |name: &&str| {
            let text = match record.get(*name) {
                None | Some(Value::Null) => String::new(),
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
            };
            let quoted = text.contains(['"', ',', '\n', '\r']);
            if quoted { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
        };
        out.push_str(&COLUMNS.iter().map(cell).collect::<Vec<_>>().join(","));
        out.push_str("\r\n");
    }
    out
}
