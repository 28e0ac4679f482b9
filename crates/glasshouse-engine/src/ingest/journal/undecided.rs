//! What is known of records that are not decided on yet, and what becomes of them.

use super::segments::{ChunkRow, insert_segment};
use super::warnings::{WarningRow, insert_drift, insert_warning};
use super::{Journal, damaged};
use crate::EngineError;
use crate::ingest::limits::Noted;
use glasshouse_layout::{FileHash, Segment};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// What of a chunk is told once the records that it is about are decided on.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Pending {
    /// With the id of a record.
    pub warnings: Vec<(String, WarningRow)>,
    /// Told if every record of the chunk is shown.
    pub drift: Vec<(String, String, u64)>,
}

/// What became of the records of a chunk that waited.
pub struct Published {
    pub claim: u32,
    pub chunk: u32,
    pub records: u64,
    pub warnings: Vec<WarningRow>,
    pub drift: Vec<(String, String, u64)>,
}

impl Journal {
    /// Keeps what a chunk says of conversations, and what waits with its records.
    pub(super) fn put_undecided(&self, connection: &Connection, chunk: &ChunkRow) -> Result<(), EngineError> {
        if !chunk.noted.is_empty() {
            self.insert_about(connection, "noted", chunk, &chunk.noted)?;
        }
        if chunk.pending.warnings.is_empty() && chunk.pending.drift.is_empty() {
            return Ok(());
        }
        self.insert_about(connection, "pending", chunk, &chunk.pending)
    }

    fn insert_about(
        &self,
        connection: &Connection,
        table: &'static str,
        chunk: &ChunkRow,
        what: &impl Serialize,
    ) -> Result<(), EngineError> {
        let json = serde_json::to_string(what).map_err(|e| EngineError::other(e.to_string()))?;
        let mut insert = connection.prepare_cached(&format!("INSERT INTO {table} VALUES (?1, ?2, ?3)"))?;
        insert.execute(params![chunk.claim, chunk.chunk, self.shut(table, &json)?])?;
        Ok(())
    }

    /// Hands on what every chunk says of conversations, but for some claims.
    pub fn noted_but(&self, gone: &HashSet<u32>, take: &mut dyn FnMut(&Noted)) -> Result<(), EngineError> {
        let connection = self.lock();
        let mut statement = connection.prepare("SELECT claim, what FROM noted ORDER BY claim, chunk")?;
        for row in statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))? {
            let (claim, kept) = row?;
            if !gone.contains(&claim) {
                take(&serde_json::from_str(&self.opened("noted", kept)?).map_err(|_| damaged())?);
            }
        }
        Ok(())
    }

    /// Returns what is told of a chunk once its records are decided on.
    pub fn pending(&self, claim: u32, chunk: u32) -> Result<Pending, EngineError> {
        let select = "SELECT what FROM pending WHERE claim = ?1 AND chunk = ?2";
        let kept: Option<Value> = self.lock().query_row(select, [claim, chunk], |row| row.get(0)).optional()?;
        let Some(kept) = kept else { return Ok(Pending::default()) };
        serde_json::from_str(&self.opened("pending", kept)?).map_err(|_| damaged())
    }

    /// Replaces a segment of what waited by what became of it.
    pub fn publish(&self, old: i64, new: &[(Segment, Vec<FileHash>)], chunks: &[Published]) -> Result<(), EngineError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        transaction.execute("DELETE FROM segments WHERE id = ?1", [old])?;
        for (segment, files) in new {
            insert_segment(&transaction, segment, files)?;
        }
        for Published { claim, chunk, records, warnings, drift } in chunks {
            transaction.execute(
                "UPDATE chunks SET records = records + ?3 WHERE claim = ?1 AND chunk = ?2",
                params![claim, chunk, *records as i64],
            )?;
            transaction.execute("DELETE FROM pending WHERE claim = ?1 AND chunk = ?2", [claim, chunk])?;
            for warning in warnings {
                insert_warning(&transaction, Some(*claim), Some(*chunk), warning)?;
            }
            insert_drift(&transaction, *claim, *chunk, drift)?;
        }
        Ok(transaction.commit()?)
    }

    /// Returns every segment of what is not decided on yet.
    pub fn waiting(&self) -> Result<Vec<(i64, Segment, Vec<FileHash>)>, EngineError> {
        self.segments_in("waiting")
    }
}
