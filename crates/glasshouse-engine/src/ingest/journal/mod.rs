//! What an interrupted intake has finished: the state from which the next one goes on.
//!
//! It lies beside the runs and is derived like them: without it everything is parsed again. Where the evidence is
//! sealed, so is every text in it that could tell of what is outside the limits: names, hashes, facts.

mod claims;
mod hashes;
mod left;
mod segments;
mod undecided;
mod warnings;

pub use claims::Ended;
pub use hashes::{EntryHash, Hashes, Known};
pub use segments::ChunkRow;
pub use undecided::{Pending, Published};
pub use warnings::WarningRow;

use crate::EngineError;
use glasshouse_layout::REMAINDER;
use glasshouse_store::Case;
use glasshouse_store::seal::TextKey;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

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
    message TEXT NOT NULL, source TEXT);
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

/// The journal, shared by all workers.
pub struct Journal {
    connection: Mutex<Connection>,
    /// What texts are sealed with; none in a personal case.
    key: Option<TextKey>,
}

impl PartRow {
    /// A part of which nothing is read yet: its size, hash and entries are not known.
    pub fn new(source: String, number: u32, series: String, name: String, container: String, origin: String) -> Self {
        PartRow {
            source,
            number,
            series,
            name,
            container,
            origin,
            size: 0,
            modified: 0,
            external: false,
            first_entry: None,
            entries: None,
            sha256: None,
        }
    }

    /// Says whether it is what is left of a part of which the rest was discarded.
    pub fn is_left(&self) -> bool {
        self.container == REMAINDER
    }

    /// Returns where it is among the parts and entries of the case.
    pub fn place(&self) -> PartPlace<'_> {
        let (first, entries) = (self.first_entry.unwrap_or(0), self.entries.unwrap_or(0));
        PartPlace { source: &self.source, number: self.number, first, entries }
    }
}

/// A part by its number, and the range of its entries.
pub struct PartPlace<'a> {
    pub source: &'a str,
    pub number: u32,
    pub first: u32,
    pub entries: u32,
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
        // A journal of an earlier version lacks what came later.
        if connection.prepare("SELECT source FROM warnings").is_err() {
            connection.execute_batch("ALTER TABLE warnings ADD COLUMN source TEXT")?;
        }
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

/// Does something while the table `chosen` holds these numbers: one statement for all of them takes no longer for
/// many of them than for few.
fn having_chosen(
    transaction: &Transaction<'_>,
    numbers: &[u32],
    work: impl FnOnce() -> rusqlite::Result<usize>,
) -> Result<(), EngineError> {
    transaction.execute_batch("CREATE TEMP TABLE chosen (number INTEGER PRIMARY KEY)")?;
    {
        let mut insert = transaction.prepare("INSERT OR IGNORE INTO chosen VALUES (?1)")?;
        for number in numbers {
            insert.execute([number])?;
        }
    }
    work()?;
    Ok(transaction.execute_batch("DROP TABLE chosen")?)
}
