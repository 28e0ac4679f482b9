//! What was met on the way: warnings, and fields that nobody knew.

use super::Journal;
use crate::EngineError;
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// A warning as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WarningRow {
    /// The source that it is about, where it is about no single entry.
    pub source: Option<String>,
    pub entry: Option<u32>,
    pub locator: Option<String>,
    pub provider: String,
    pub code: String,
    pub message: String,
}

impl Journal {
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

    /// Hands over every warning, ordered by entry and place.
    pub fn each_warning(&self, mut take: impl FnMut(WarningRow) -> Result<(), EngineError>) -> Result<(), EngineError> {
        let connection = self.lock();
        let mut statement = connection.prepare(
            "SELECT entry, locator, provider, code, message, source FROM warnings ORDER BY entry, chunk, rowid",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            take(WarningRow {
                entry: row.get(0)?,
                locator: row.get(1)?,
                provider: row.get(2)?,
                code: row.get(3)?,
                message: row.get(4)?,
                source: row.get(5)?,
            })?;
        }
        Ok(())
    }

    /// Returns the entries that a warning of a parser names.
    pub fn warned(&self) -> Result<HashSet<u32>, EngineError> {
        let connection = self.lock();
        let mut statement = connection
            .prepare("SELECT DISTINCT entry FROM warnings WHERE provider <> 'container' AND entry IS NOT NULL")?;
        let rows = statement.query_map([], |row| row.get(0))?;
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
}

pub(super) fn insert_drift(
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

pub(super) fn insert_warning(
    connection: &Connection,
    claim: Option<u32>,
    chunk: Option<u32>,
    warning: &WarningRow,
) -> Result<(), EngineError> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO warnings (claim, chunk, entry, locator, provider, code, message, source)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    insert.execute(params![
        claim,
        chunk,
        warning.entry,
        warning.locator,
        warning.provider,
        warning.code,
        warning.message,
        warning.source
    ])?;
    Ok(())
}
