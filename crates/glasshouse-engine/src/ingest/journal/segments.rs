//! Segments, and the chunks whose records they hold.

use super::undecided::Pending;
use super::warnings::{WarningRow, insert_drift, insert_warning};
use super::{Journal, damaged, having_chosen};
use crate::EngineError;
use crate::ingest::limits::{Noted, Out, Outside, Tally};
use glasshouse_layout::{FileHash, Segment};
use rusqlite::{Connection, OptionalExtension, params};

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

impl Journal {
    /// Commits segments together with the chunks whose records they hold: all of it or nothing.
    pub fn commit(&self, segments: &[(Segment, Vec<FileHash>)], chunks: &[ChunkRow]) -> Result<(), EngineError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        for (segment, files) in segments {
            insert_segment(&transaction, segment, files)?;
        }
        for chunk in chunks {
            let mut insert = transaction.prepare_cached("INSERT INTO chunks VALUES (?1, ?2, ?3)")?;
            insert.execute(params![chunk.claim, chunk.chunk, chunk.records as i64])?;
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

    pub(super) fn segments_in(&self, folder: &str) -> Result<Vec<(i64, Segment, Vec<FileHash>)>, EngineError> {
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
        having_chosen(&transaction, forgotten_claims, || {
            for table in ["chunks", "warnings", "drift", "outside", "noted", "pending"] {
                transaction.execute(&format!("DELETE FROM {table} WHERE claim IN chosen"), [])?;
            }
            transaction.execute("DELETE FROM claims WHERE id IN chosen", [])
        })?;
        Ok(transaction.commit()?)
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
}

pub(super) fn insert_segment(
    connection: &Connection,
    segment: &Segment,
    files: &[FileHash],
) -> Result<(), EngineError> {
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
