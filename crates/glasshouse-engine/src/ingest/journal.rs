//! What an interrupted intake has finished: the state from which the next one goes on.
//!
//! It lies beside the runs and is derived like them: without it everything is parsed again. Where the evidence is
//! sealed, so is every text in it that could tell of what is outside the limits: names, hashes, facts.

mod undecided;

use super::limits::{Noted, Out, Outside, Tally};
use crate::EngineError;
use glasshouse_layout::{FileHash, Segment};
use glasshouse_store::Case;
use glasshouse_store::seal::TextKey;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use undecided::{Pending, Published};

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS parts (
    source TEXT NOT NULL, number INTEGER NOT NULL, series TEXT NOT NULL, name TEXT NOT NULL, container TEXT NOT NULL,
    origin TEXT NOT NULL, size INTEGER NOT NULL, modified INTEGER NOT NULL, external INTEGER NOT NULL,
    first_entry INTEGER, entries INTEGER, sha256 TEXT,
    PRIMARY KEY (source, number));
CREATE TABLE IF NOT EXISTS hashes (
    entry INTEGER PRIMARY KEY, sha256 TEXT, mime TEXT, size INTEGER NOT NULL, problem TEXT);
CREATE TABLE IF NOT EXISTS claims (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, provider TEXT NOT NULL, format TEXT NOT NULL,
    entry INTEGER NOT NULL, chunks INTEGER);
CREATE TABLE IF NOT EXISTS segments (
    id INTEGER PRIMARY KEY AUTOINCREMENT, path TEXT NOT NULL, segment TEXT NOT NULL, files TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS chunks (
    claim INTEGER NOT NULL, chunk INTEGER NOT NULL, records INTEGER NOT NULL, PRIMARY KEY (claim, chunk));
CREATE TABLE IF NOT EXISTS warnings (
    claim INTEGER, chunk INTEGER, entry INTEGER, locator TEXT, provider TEXT NOT NULL, code TEXT NOT NULL,
    message TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS warnings_by_claim ON warnings (claim);
CREATE TABLE IF NOT EXISTS drift (
    claim INTEGER NOT NULL, chunk INTEGER NOT NULL, format TEXT NOT NULL, key TEXT NOT NULL, count INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS outside (
    claim INTEGER NOT NULL, chunk INTEGER NOT NULL, outcome TEXT NOT NULL, service TEXT NOT NULL, family TEXT NOT NULL,
    reason TEXT NOT NULL, count INTEGER NOT NULL, keys BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS noted (claim INTEGER NOT NULL, chunk INTEGER NOT NULL, what NOT NULL);
CREATE TABLE IF NOT EXISTS pending (claim INTEGER NOT NULL, chunk INTEGER NOT NULL, what NOT NULL);
CREATE INDEX IF NOT EXISTS pending_by_chunk ON pending (claim, chunk);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
";

/// The place of a fact's value.
const FACT: &str = "facts.value";

/// A part on its way into the case.
#[derive(Clone, Debug)]
pub struct PartRow {
    pub source: String,
    pub number: u32,
    pub series: String,
    pub name: String,
    pub container: String,
    /// Where it was given from.
    pub origin: String,
    pub size: u64,
    /// Modification time of the file given, nanoseconds since 1970.
    pub modified: i64,
    pub external: bool,
    pub first_entry: Option<u32>,
    pub entries: Option<u32>,
    pub sha256: Option<String>,
}

/// What is known of an entry once all its bytes went by.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct EntryHash {
    pub sha256: Option<String>,
    pub mime: Option<String>,
    pub size: u64,
    pub problem: Option<String>,
}

/// A warning as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WarningRow {
    pub entry: Option<u32>,
    pub locator: Option<String>,
    pub provider: String,
    pub code: String,
    pub message: String,
}

/// A chunk of a claim that was parsed, to be committed with the segments that hold its records.
#[derive(Clone, Debug)]
pub struct ChunkRow {
    pub claim: u32,
    pub chunk: u32,
    pub records: u64,
    pub warnings: Vec<WarningRow>,
    pub drift: Vec<(String, String, u64)>,
    /// Records that stay out.
    pub out: Out,
    /// What its records say of conversations.
    pub noted: Noted,
    pub pending: Pending,
}

/// The journal, shared by all workers.
pub struct Journal {
    connection: Mutex<Connection>,
    /// What texts are sealed with; none in a personal case.
    key: Option<TextKey>,
}

impl Journal {
    /// Opens or makes the journal of a case.
    pub fn open(case: &Case) -> Result<Self, EngineError> {
        let key = case.seal()?.texts()?;
        let folder = case.root().join("runs");
        glasshouse_store::files::make_folder(&folder)?;
        let connection = Connection::open(folder.join("journal.sqlite"))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.execute_batch(SCHEMA)?;
        Ok(Journal { connection: Mutex::new(connection), key })
    }

    /// Returns a text as it is kept in a place.
    fn shut(&self, place: &str, text: &str) -> Result<Value, EngineError> {
        Ok(match &self.key {
            None => Value::Text(text.to_owned()),
            Some(key) => Value::Blob(key.seal(place, text)?),
        })
    }

    /// Returns the text that is kept in a place.
    fn opened(&self, place: &str, value: Value) -> Result<String, EngineError> {
        let text = match (&self.key, value) {
            (None, Value::Text(text)) => Some(text),
            (Some(key), Value::Blob(sealed)) => key.open(place, &sealed),
            _ => None,
        };
        text.ok_or_else(damaged)
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns every part in the order of its entries' numbers; those not yet listed come last.
    pub fn parts(&self) -> Result<Vec<PartRow>, EngineError> {
        let connection = self.lock();
        let mut statement = connection.prepare(
            "SELECT source, number, series, name, container, origin, size, modified, external, first_entry, entries, sha256
             FROM parts ORDER BY first_entry IS NULL, first_entry, source, number",
        )?;
        let rows = statement.query_map([], |row| {
            let texts: [Value; 4] = [row.get(2)?, row.get(3)?, row.get(5)?, row.get(11)?];
            let part = PartRow {
                source: row.get(0)?,
                number: row.get(1)?,
                series: String::new(),
                name: String::new(),
                container: row.get(4)?,
                origin: String::new(),
                size: row.get::<_, i64>(6)? as u64,
                modified: row.get(7)?,
                external: row.get(8)?,
                first_entry: row.get(9)?,
                entries: row.get(10)?,
                sha256: None,
            };
            Ok((part, texts))
        })?;
        rows.map(|row| {
            let (part, [series, name, origin, sha256]) = row?;
            let sha256 = (sha256 != Value::Null).then(|| self.opened("parts.sha256", sha256)).transpose()?;
            Ok(PartRow {
                series: self.opened("parts.series", series)?,
                name: self.opened("parts.name", name)?,
                origin: self.opened("parts.origin", origin)?,
                sha256,
                ..part
            })
        })
        .collect()
    }

    /// Adds a part or replaces what is known of it.
    pub fn put_part(&self, part: &PartRow) -> Result<(), EngineError> {
        let sha256 = part.sha256.as_deref().map(|sha256| self.shut("parts.sha256", sha256)).transpose()?;
        self.lock().execute(
            "INSERT OR REPLACE INTO parts VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            params![
                part.source,
                part.number,
                self.shut("parts.series", &part.series)?,
                self.shut("parts.name", &part.name)?,
                part.container,
                self.shut("parts.origin", &part.origin)?,
                part.size as i64,
                part.modified,
                part.external,
                part.first_entry,
                part.entries,
                sha256
            ],
        )?;
        Ok(())
    }

    /// Returns what is known of each entry that was read to its end.
    pub fn hashes(&self) -> Result<HashMap<u32, EntryHash>, EngineError> {
        let connection = self.lock();
        if self.key.is_some() {
            let mut statement = connection.prepare("SELECT entry, sha256 FROM hashes")?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            return rows
                .map(|row| {
                    let (entry, sealed) = row?;
                    let hash = self.opened("hashes", sealed)?;
                    Ok((entry, serde_json::from_str(&hash).map_err(|_| damaged())?))
                })
                .collect();
        }
        let mut statement = connection.prepare("SELECT entry, sha256, mime, size, problem FROM hashes")?;
        let rows = statement.query_map([], |row| {
            let size: i64 = row.get(3)?;
            let hash = EntryHash { sha256: row.get(1)?, mime: row.get(2)?, size: size as u64, problem: row.get(4)? };
            Ok((row.get(0)?, hash))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Keeps what is known of entries that were read to their end.
    pub fn put_hashes(&self, hashes: &[(u32, EntryHash)]) -> Result<(), EngineError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        {
            let mut insert = transaction.prepare_cached("INSERT OR REPLACE INTO hashes VALUES (?1, ?2, ?3, ?4, ?5)")?;
            for (entry, hash) in hashes {
                if self.key.is_some() {
                    // A size is telling, too: the whole row is one sealed text.
                    let text = serde_json::to_string(hash).map_err(|e| EngineError::other(e.to_string()))?;
                    insert.execute(params![entry, self.shut("hashes", &text)?, Value::Null, 0, Value::Null])?;
                    continue;
                }
                insert.execute(params![entry, hash.sha256, hash.mime, hash.size as i64, hash.problem])?;
            }
        }
        Ok(transaction.commit()?)
    }

    /// Returns the number of each claim by its key, adding those that are new.
    pub fn number_claims(
        &self,
        claims: &[(String, &'static str, &'static str, u32)],
    ) -> Result<HashMap<String, (u32, Option<u32>)>, EngineError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let mut numbers = HashMap::with_capacity(claims.len());
        {
            let mut insert = transaction.prepare_cached(
                "INSERT OR IGNORE INTO claims (key, provider, format, entry) VALUES (?1, ?2, ?3, ?4)",
            )?;
            let mut select = transaction.prepare_cached("SELECT id, chunks FROM claims WHERE key = ?1")?;
            for (key, provider, format, entry) in claims {
                insert.execute(params![key, provider, format, entry])?;
                let found = select.query_row([key], |row| Ok((row.get(0)?, row.get(1)?)))?;
                numbers.insert(key.clone(), found);
            }
        }
        transaction.commit()?;
        Ok(numbers)
    }

    /// Forgets that claims over these entries were read, where no record came of it, so that they are read again.
    pub fn read_again(&self, entries: &[u32]) -> Result<(), EngineError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        for entry in entries {
            let empty = "SELECT id FROM claims WHERE entry = ?1 AND \
                NOT EXISTS (SELECT 1 FROM chunks WHERE claim = claims.id AND records > 0)";
            for forget in [
                format!("DELETE FROM chunks WHERE claim IN ({empty})"),
                format!("DELETE FROM warnings WHERE claim IN ({empty})"),
                format!("DELETE FROM drift WHERE claim IN ({empty})"),
                format!("DELETE FROM outside WHERE claim IN ({empty})"),
                format!("DELETE FROM noted WHERE claim IN ({empty})"),
                format!("DELETE FROM pending WHERE claim IN ({empty})"),
                format!("UPDATE claims SET chunks = NULL WHERE id IN ({empty})"),
            ] {
                transaction.execute(&forget, [entry])?;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    /// Returns key, number and main entry of every claim in the journal.
    pub fn claims(&self) -> Result<Vec<(String, u32, u32)>, EngineError> {
        let connection = self.lock();
        let mut statement = connection.prepare("SELECT key, id, entry FROM claims")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Returns the chunks of each claim that are committed.
    pub fn chunks(&self) -> Result<HashMap<u32, BTreeSet<u32>>, EngineError> {
        let connection = self.lock();
        let mut statement = connection.prepare("SELECT claim, chunk FROM chunks")?;
        let mut chunks: HashMap<u32, BTreeSet<u32>> = HashMap::new();
        for row in statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))? {
            let (claim, chunk) = row?;
            chunks.entry(claim).or_default().insert(chunk);
        }
        Ok(chunks)
    }

    /// Notes how many chunks a claim has, once its entry was cut to its end, and what that cutting met.
    pub fn end_claim(&self, claim: u32, chunks: u32, warnings: &[WarningRow]) -> Result<(), EngineError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        transaction.execute("UPDATE claims SET chunks = ?2 WHERE id = ?1", params![claim, chunks])?;
        transaction.execute("DELETE FROM warnings WHERE claim = ?1 AND chunk IS NULL", [claim])?;
        for warning in warnings {
            insert_warning(&transaction, Some(claim), None, warning)?;
        }
        Ok(transaction.commit()?)
    }

    /// Commits segments together with the chunks whose records they hold: all of it or nothing.
    pub fn commit(&self, segments: &[(Segment, Vec<FileHash>)], chunks: &[ChunkRow]) -> Result<(), EngineError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        for (segment, files) in segments {
            insert_segment(&transaction, segment, files)?;
        }
        for chunk in chunks {
            transaction.execute(
                "INSERT INTO chunks VALUES (?1, ?2, ?3)",
                params![chunk.claim, chunk.chunk, chunk.records as i64],
            )?;
            for warning in &chunk.warnings {
                insert_warning(&transaction, Some(chunk.claim), Some(chunk.chunk), warning)?;
            }
            for ((outcome, service, family, reason), tally) in &chunk.out {
                let (count, keys) = (tally.records as i64, tally.keys.concat());
                transaction.execute(
                    "INSERT INTO outside VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                    params![chunk.claim, chunk.chunk, outcome, service, family, reason, count, keys],
                )?;
            }
            insert_drift(&transaction, chunk.claim, chunk.chunk, &chunk.drift)?;
            self.put_undecided(&transaction, chunk)?;
        }
        Ok(transaction.commit()?)
    }

    /// Returns a segment number that no folder has had yet.
    pub fn next_segment(&self) -> Result<u32, EngineError> {
        let connection = self.lock();
        let last: Option<String> =
            connection.query_row("SELECT value FROM facts WHERE name = 'segment'", [], |row| row.get(0)).optional()?;
        let next = last.and_then(|n| n.parse::<u32>().ok()).unwrap_or(0) + 1;
        connection.execute("INSERT OR REPLACE INTO facts VALUES ('segment', ?1)", [next.to_string()])?;
        Ok(next)
    }

    /// Returns every segment in force with its files, save those of the quarantine.
    pub fn segments(&self) -> Result<Vec<(i64, Segment, Vec<FileHash>)>, EngineError> {
        self.segments_in("segments")
    }

    /// Returns every segment of the quarantine with its files.
    pub fn put_aside(&self) -> Result<Vec<(i64, Segment, Vec<FileHash>)>, EngineError> {
        self.segments_in("quarantine")
    }

    fn segments_in(&self, folder: &str) -> Result<Vec<(i64, Segment, Vec<FileHash>)>, EngineError> {
        let connection = self.lock();
        let mut statement = connection
            .prepare("SELECT id, segment, files FROM segments WHERE path LIKE 'runs/%/' || ?1 || '/%' ORDER BY path")?;
        let rows: Vec<(i64, String, String)> = statement
            .query_map([folder], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<Result<_, _>>()?;
        rows.into_iter()
            .map(|(id, segment, files)| {
                Ok((
                    id,
                    serde_json::from_str(&segment).map_err(|_| damaged())?,
                    serde_json::from_str(&files).map_err(|_| damaged())?,
                ))
            })
            .collect()
    }

    /// Replaces segments by what is left of them, and forgets claims whose records they no longer hold.
    pub fn replace(
        &self,
        old: &[i64],
        new: &[(Segment, Vec<FileHash>)],
        forgotten_claims: &[u32],
    ) -> Result<(), EngineError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        for id in old {
            transaction.execute("DELETE FROM segments WHERE id = ?1", [id])?;
        }
        for (segment, files) in new {
            insert_segment(&transaction, segment, files)?;
        }
        for claim in forgotten_claims {
            for table in ["chunks", "warnings", "drift", "outside", "noted", "pending"] {
                transaction.execute(&format!("DELETE FROM {table} WHERE claim = ?1"), [claim])?;
            }
            transaction.execute("DELETE FROM claims WHERE id = ?1", [claim])?;
        }
        Ok(transaction.commit()?)
    }

    /// Replaces the warnings that belong to no claim: those about containers and recognition.
    pub fn put_case_warnings(&self, warnings: &[WarningRow]) -> Result<(), EngineError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        transaction.execute("DELETE FROM warnings WHERE claim IS NULL", [])?;
        for warning in warnings {
            insert_warning(&transaction, None, None, warning)?;
        }
        Ok(transaction.commit()?)
    }

    /// Returns every warning, ordered by entry and place.
    pub fn warnings(&self) -> Result<Vec<WarningRow>, EngineError> {
        let connection = self.lock();
        let mut statement = connection
            .prepare("SELECT entry, locator, provider, code, message FROM warnings ORDER BY entry, chunk, rowid")?;
        let rows = statement.query_map([], |row| {
            Ok(WarningRow {
                entry: row.get(0)?,
                locator: row.get(1)?,
                provider: row.get(2)?,
                code: row.get(3)?,
                message: row.get(4)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Returns how often each unknown field was met: format, field, count.
    pub fn drift(&self) -> Result<Vec<(String, String, u64)>, EngineError> {
        let connection = self.lock();
        let mut statement = connection
            .prepare("SELECT format, key, SUM(count) FROM drift GROUP BY format, key ORDER BY format, key")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)? as u64)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Returns the records that stayed out, by claim and by what became of them.
    pub fn outside(&self) -> Result<Outside, EngineError> {
        let connection = self.lock();
        let mut statement = connection.prepare(
            "SELECT claim, outcome, service, family, reason, count, keys FROM outside ORDER BY claim, chunk",
        )?;
        let rows = statement.query_map([], |row| {
            let (records, keys): (i64, Vec<u8>) = (row.get(5)?, row.get(6)?);
            let kind = (row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
            let tally = Tally { records: records as u64, keys: keys.as_chunks().0.to_vec() };
            Ok((row.get(0)?, Out::from([(kind, tally)])))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Returns the number of records of each claim.
    pub fn records_by_claim(&self) -> Result<BTreeMap<u32, u64>, EngineError> {
        let connection = self.lock();
        let mut statement = connection.prepare("SELECT claim, SUM(records) FROM chunks GROUP BY claim")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as u64)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Returns a fact kept under a name.
    pub fn fact(&self, name: &str) -> Result<Option<String>, EngineError> {
        let found =
            self.lock().query_row("SELECT value FROM facts WHERE name = ?1", [name], |row| row.get(0)).optional()?;
        found.map(|value| self.opened(FACT, value)).transpose()
    }

    /// Returns the facts whose names begin so, by the rest of their names.
    pub fn named_facts(&self, beginning: &str) -> Result<BTreeMap<String, String>, EngineError> {
        let connection = self.lock();
        let mut statement = connection
            .prepare("SELECT substr(name, length(?1) + 1), value FROM facts WHERE substr(name, 1, length(?1)) = ?1")?;
        let rows = statement.query_map([beginning], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.map(|row| row.map_err(EngineError::from).and_then(|(name, value)| Ok((name, self.opened(FACT, value)?))))
            .collect()
    }

    /// Returns the facts whose names begin so, by name.
    pub fn facts(&self, beginning: &str) -> Result<Vec<String>, EngineError> {
        let connection = self.lock();
        let mut statement =
            connection.prepare("SELECT value FROM facts WHERE substr(name, 1, length(?1)) = ?1 ORDER BY name")?;
        let rows = statement.query_map([beginning], |row| row.get(0))?;
        rows.map(|row| self.opened(FACT, row?)).collect()
    }

    /// Forgets a fact.
    pub fn drop_fact(&self, name: &str) -> Result<(), EngineError> {
        self.lock().execute("DELETE FROM facts WHERE name = ?1", [name])?;
        Ok(())
    }

    /// Forgets a part of which no chunk was committed, with all that was noted of its entries.
    pub fn forget_part(&self, part: &PartRow) -> Result<(), EngineError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        transaction
            .execute("DELETE FROM parts WHERE source = ?1 AND number = ?2", params![part.source, part.number])?;
        if let (Some(first), Some(entries)) = (part.first_entry, part.entries) {
            let within = "entry >= ?1 AND entry < ?1 + ?2";
            for forget in [
                format!("DELETE FROM warnings WHERE claim IN (SELECT id FROM claims WHERE {within})"),
                format!("DELETE FROM claims WHERE {within}"),
                format!("DELETE FROM hashes WHERE {within}"),
            ] {
                transaction.execute(&forget, [first, entries])?;
            }
        }
        Ok(transaction.commit()?)
    }

    /// Keeps a fact under a name.
    pub fn put_fact(&self, name: &str, value: &str) -> Result<(), EngineError> {
        let value = self.shut(FACT, value)?;
        self.lock().execute("INSERT OR REPLACE INTO facts VALUES (?1, ?2)", params![name, value])?;
        Ok(())
    }
}

fn damaged() -> EngineError {
    EngineError::other("The journal of the run is damaged. Delete the folder runs/ and process again.")
}

fn insert_segment(connection: &Connection, segment: &Segment, files: &[FileHash]) -> Result<(), EngineError> {
    let json = |e: serde_json::Error| EngineError::other(e.to_string());
    connection.execute(
        "INSERT INTO segments (path, segment, files) VALUES (?1, ?2, ?3)",
        params![
            segment.path,
            serde_json::to_string(segment).map_err(json)?,
            serde_json::to_string(files).map_err(json)?
        ],
    )?;
    Ok(())
}

fn insert_drift(
    connection: &Connection,
    claim: u32,
    chunk: u32,
    drift: &[(String, String, u64)],
) -> Result<(), EngineError> {
    let mut insert = connection.prepare_cached("INSERT INTO drift VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for (format, key, count) in drift {
        insert.execute(params![claim, chunk, format, key, *count as i64])?;
    }
    Ok(())
}

fn insert_warning(
    connection: &Connection,
    claim: Option<u32>,
    chunk: Option<u32>,
    warning: &WarningRow,
) -> Result<(), EngineError> {
    let mut insert = connection.prepare_cached("INSERT INTO warnings VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
    insert.execute(params![
        claim,
        chunk,
        warning.entry,
        warning.locator,
        warning.provider,
        warning.code,
        warning.message
    ])?;
    Ok(())
}
