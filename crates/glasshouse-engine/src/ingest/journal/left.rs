//! What the journal forgets when something is discarded.

use super::{EntryHash, Journal, PartRow};
use crate::EngineError;
use crate::ingest::limits::Out;
use rusqlite::params;

impl Journal {
    /// Puts what is left of a part in its place, and forgets what was noted of entries that are gone.
    pub fn put_left(&self, old: u32, left: &PartRow, hashes: &[(u32, EntryHash)]) -> Result<(), EngineError> {
        let place = left.place();
        {
            let connection = self.lock();
            // What is taken out is written over, also where only the journal's own key would open it.
            connection.pragma_update(None, "secure_delete", true)?;
            let within = [place.first, place.entries];
            connection.execute("DELETE FROM hashes WHERE entry >= ?1 AND entry < ?1 + ?2", within)?;
            connection.execute("DELETE FROM parts WHERE source = ?1 AND number = ?2", params![left.source, old])?;
            // What was noted of conversations tells of what is gone, and counts by the limits of then; what stays tells
            // it again.
            let noted =
                "DELETE FROM noted WHERE claim IN (SELECT id FROM claims WHERE entry >= ?1 AND entry < ?1 + ?2)";
            connection.execute(noted, within)?;
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
            for ((outcome, service, family, reason), tally) in out {
                let (count, keys) = (tally.records as i64, tally.keys.concat());
                transaction.execute(
                    "INSERT INTO outside VALUES (?1, 0, ?2, ?3, ?4, ?5, ?6, ?7)",
                    params![claim, outcome, service, family, reason, count, keys],
                )?;
            }
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
