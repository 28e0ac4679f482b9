//! What is known of each entry that was read to its end.

use super::{Journal, damaged};
use crate::EngineError;
use rusqlite::params;
use rusqlite::types::Value;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;

/// What is known of an entry once all its bytes went by.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct EntryHash {
    pub sha256: Option<String>,
    pub mime: Option<String>,
    pub size: u64,
    pub problem: Option<String>,
}

/// What is known of all entries, in little memory: an export may hold millions.
#[derive(Default)]
pub struct Hashes {
    /// Ordered by entry.
    rows: Vec<Row>,
    /// The few texts that many entries share: media types and problems.
    texts: Vec<Arc<str>>,
    by_text: HashMap<Arc<str>, u32>,
}

struct Row {
    entry: u32,
    mime: u32,
    problem: u32,
    is_hashed: bool,
    size: u64,
    sha256: [u8; 32],
}

const NONE: u32 = u32::MAX;

/// What is known of one entry.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    row: &'a Row,
    texts: &'a [Arc<str>],
}

impl<'a> Known<'a> {
    /// Returns the hash of its content, hexadecimal; none where it could not be read.
    pub fn sha256(&self) -> Option<String> {
        self.row.is_hashed.then(|| glasshouse_layout::hex(self.row.sha256))
    }

    pub fn mime(&self) -> Option<&'a str> {
        self.texts.get(self.row.mime as usize).map(|text| &**text)
    }

    /// Returns the length of its content, if it was read to its end.
    pub fn size(&self) -> Option<u64> {
        self.row.is_hashed.then_some(self.row.size)
    }

    pub fn problem(&self) -> Option<&'a str> {
        self.texts.get(self.row.problem as usize).map(|text| &**text)
    }
}

impl Hashes {
    /// Returns what is known of an entry.
    pub fn get(&self, entry: u32) -> Option<Known<'_>> {
        let at = self.rows.binary_search_by_key(&entry, |row| row.entry).ok()?;
        Some(Known { row: self.rows.get(at)?, texts: &self.texts })
    }

    /// Says whether an entry was read.
    pub fn contains(&self, entry: u32) -> bool {
        self.get(entry).is_some()
    }

    /// Returns the entries that could not be read.
    pub fn failed(&self) -> impl Iterator<Item = u32> {
        self.rows.iter().filter(|row| row.problem != NONE).map(|row| row.entry)
    }

    /// Forgets what is known of some entries, which are in order.
    pub fn forget(&mut self, entries: &[u32]) {
        self.rows.retain(|row| entries.binary_search(&row.entry).is_err());
    }

    /// Adds an entry that comes after all others.
    fn push(&mut self, entry: u32, hash: EntryHash) -> Result<(), EngineError> {
        let mut sha256 = [0; 32];
        if let Some(digits) = &hash.sha256 {
            hex::decode_to_slice(digits, &mut sha256).map_err(|_| damaged())?;
        }
        let (mime, problem) = (self.text(hash.mime), self.text(hash.problem));
        self.rows.push(Row { entry, mime, problem, is_hashed: hash.sha256.is_some(), size: hash.size, sha256 });
        Ok(())
    }

    fn text(&mut self, text: Option<String>) -> u32 {
        let Some(text) = text else { return NONE };
        if let Some(known) = self.by_text.get(text.as_str()) {
            return *known;
        }
        let (number, text) = (self.texts.len() as u32, Arc::<str>::from(text));
        self.texts.push(text.clone());
        self.by_text.insert(text, number);
        number
    }
}

impl Journal {
    /// Returns what is known of each entry that was read to its end.
    pub fn hashes(&self) -> Result<Hashes, EngineError> {
        let connection = self.lock();
        let mut hashes = Hashes::default();
        let mut statement =
            connection.prepare("SELECT entry, sha256, mime, size, problem FROM hashes ORDER BY entry")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let hash = match &self.key {
                Some(_) => serde_json::from_str(&self.opened("hashes", row.get(1)?)?).map_err(|_| damaged())?,
                None => {
                    let size: i64 = row.get(3)?;
                    EntryHash { sha256: row.get(1)?, mime: row.get(2)?, size: size as u64, problem: row.get(4)? }
                }
            };
            hashes.push(row.get(0)?, hash)?;
        }
        Ok(hashes)
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
}
