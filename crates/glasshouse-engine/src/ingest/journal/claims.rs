//! Claims: what each is known by, and how far it is read.

use super::warnings::{WarningRow, insert_warning};
use super::{Journal, having_chosen};
use crate::EngineError;
use crate::ingest::claims::Standing;
use rusqlite::params;
use std::collections::BTreeMap;

/// A claim whose entry was cut to its end.
pub struct Ended {
    pub claim: u32,
    pub chunks: u32,
    pub warnings: Vec<WarningRow>,
}

impl Journal {
    /// Gives every claim the number that it is known by, adding those that are new, and how far it is read.
    pub fn number_claims(&self, claims: &mut [Standing]) -> Result<(), EngineError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        {
            let mut insert = transaction.prepare_cached(
                "INSERT OR IGNORE INTO claims (key, provider, format, entry) VALUES (?1, ?2, ?3, ?4)",
            )?;
            let mut select = transaction.prepare_cached("SELECT id, chunks FROM claims WHERE key = ?1")?;
            for claim in claims {
                let key = claim.key.to_string();
                insert.execute(params![key, claim.provider.manifest().id, claim.format.id, claim.claim.main.0])?;
                (claim.number, claim.chunks) = select.query_row([key], |row| Ok((row.get(0)?, row.get(1)?)))?;
            }
        }
        Ok(transaction.commit()?)
    }

    /// Forgets that claims over these entries were read, where no record came of it, so that they are read again.
    pub fn read_again(&self, entries: &[u32]) -> Result<(), EngineError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        having_chosen(&transaction, entries, || {
            let empty = "SELECT id FROM claims WHERE entry IN chosen AND \
                NOT EXISTS (SELECT 1 FROM chunks WHERE claim = claims.id AND records > 0)";
            for table in ["chunks", "warnings", "drift", "outside", "noted", "pending"] {
                transaction.execute(&format!("DELETE FROM {table} WHERE claim IN ({empty})"), [])?;
            }
            transaction.execute(&format!("UPDATE claims SET chunks = NULL WHERE id IN ({empty})"), [])
        })?;
        Ok(transaction.commit()?)
    }

    /// Returns number and main entry of every claim in the journal.
    pub fn claims(&self) -> Result<Vec<(u32, u32)>, EngineError> {
        let connection = self.lock();
        let mut statement = connection.prepare("SELECT id, entry FROM claims")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Returns the chunks that are committed, as claim and number, in order.
    pub fn chunks(&self) -> Result<Vec<(u32, u32)>, EngineError> {
        let connection = self.lock();
        let mut statement = connection.prepare("SELECT claim, chunk FROM chunks ORDER BY claim, chunk")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Notes of claims whose entries were cut to their ends how many chunks they have, and what that cutting met.
    pub fn end_claims(&self, ended: &[Ended]) -> Result<(), EngineError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        for Ended { claim, chunks, warnings } in ended {
            transaction.prepare_cached("UPDATE claims SET chunks = ?2 WHERE id = ?1")?.execute([claim, chunks])?;
            transaction.prepare_cached("DELETE FROM warnings WHERE claim = ?1 AND chunk IS NULL")?.execute([claim])?;
            for warning in warnings {
                insert_warning(&transaction, Some(*claim), None, warning)?;
            }
        }
        Ok(transaction.commit()?)
    }

    /// Returns the number of records of each claim.
    pub fn records_by_claim(&self) -> Result<BTreeMap<u32, u64>, EngineError> {
        let connection = self.lock();
        let mut statement = connection.prepare("SELECT claim, SUM(records) FROM chunks GROUP BY claim")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as u64)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
