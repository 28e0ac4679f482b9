//! What the journal forgets: parts of an intake that was cut off, and what was discarded.

use super::journal::{EntryHash, Journal, PartRow, insert_outside};
use super::limits::Out;
use crate::EngineError;
use rusqlite::params;

impl Journal {
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

    /// Puts what is left of a part in its place, and forgets what was noted of entries that are gone.
    pub fn put_left(&self, old: u32, left: &PartRow, hashes: &[(u32, EntryHash)]) -> Result<(), EngineError> {
        let place = left.place();
        {
            let connection = self.lock();
            // What is taken out is written over, also where only the journal's own key would open it.
            connection.pragma_update(None, "secure_delete", true)?;
            let within = params![place.first, place.entries];
            connection.execute("DELETE FROM hashes WHERE entry >= ?1 AND entry < ?1 + ?2", within)?;
            connection.execute("DELETE FROM parts WHERE source = ?1 AND number = ?2", params![left.source, old])?;
            let noted = format!("unpacked {} {old} ", left.source);
            connection.execute("DELETE FROM facts WHERE substr(name, 1, length(?1)) = ?1", [noted])?;
        }
        self.drop_fact(&format!("sealed {} {old}", left.source))?;
        self.put_hashes(hashes)?;
        self.put_part(left)
    }

    /// Forgets the records of these claims that stayed out.
    pub fn drop_outside(&self, claims: &[u32]) -> Result<(), EngineError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        for claim in claims {
            transaction.execute("DELETE FROM outside WHERE claim = ?1", [claim])?;
        }
        Ok(transaction.commit()?)
    }

    /// Counts records of a claim as staying out that had come in.
    pub fn put_outside(&self, out: &[(u32, Out)]) -> Result<(), EngineError> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        for (claim, out) in out {
            insert_outside(&transaction, *claim, 0, out)?;
        }
        Ok(transaction.commit()?)
    }

    /// Writes the journal anew without room for what was deleted.
    pub fn shrink(&self) -> Result<(), EngineError> {
        let connection = self.lock();
        connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); VACUUM; PRAGMA wal_checkpoint(TRUNCATE);")?;
        Ok(())
    }
}
