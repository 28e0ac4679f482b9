//! Who is one person, said by hand: parties joined into one, or split off from one.
//!
//! The evidence stays as it is; the page computes its people from the evidence and then from what stands here, in order.

use super::{change, damaged, read, short, undo};
use crate::EngineError;
use glasshouse_store::{Case, now};
use rusqlite::params;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::path::Path;

/// Changes that stand at once; each is asked of every party.
const MOST: usize = 10_000;
/// Bytes of the parties of one change.
const LONGEST: usize = 256 << 10;

/// A party as a change names it: what tells it from all others, whatever a later run numbers it by.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Who {
    /// `email`, `phone`, `account`, `url`; none for a name alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Where there is no identifier with a kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where it means nothing elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
}

/// What somebody said of who is one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Said {
    pub n: i64,
    /// `joined` or `split`.
    pub what: String,
    /// The parties of one of the two that were joined, or those that were split off.
    pub parties: Vec<Who>,
    /// The parties of the other, or those that stayed.
    pub others: Vec<Who>,
    pub reason: String,
    pub person: String,
    pub time: String,
}

/// Returns what was said of people and stands, oldest first.
pub fn said(case: &Path) -> Result<Vec<Said>, EngineError> {
    let found = read(case, |connection| {
        // A file that was made before people could say so has no such table.
        let there = "SELECT count(*) FROM sqlite_schema WHERE name = 'people'";
        if connection.query_row(there, [], |row| row.get::<_, i64>(0))? == 0 {
            return Ok(Vec::new());
        }
        let select =
            "SELECT n, what, parties, others, reason, person, time FROM people WHERE undone IS NULL ORDER BY n";
        let mut statement = connection.prepare(select)?;
        let rows = statement.query_map([], |row| {
            let texts: (String, String) = (row.get(2)?, row.get(3)?);
            let said = Said {
                n: row.get(0)?,
                what: row.get(1)?,
                parties: Vec::new(),
                others: Vec::new(),
                reason: row.get(4)?,
                person: row.get(5)?,
                time: row.get(6)?,
            };
            Ok((said, texts))
        })?;
        rows.collect::<Result<Vec<_>, _>>()
    });
    let rows = found?.unwrap_or_default().into_iter().map(|(said, (parties, others))| {
        let list = |text: &str| serde_json::from_str(text).map_err(damaged);
        Ok(Said { parties: list(&parties)?, others: list(&others)?, ..said })
    });
    rows.collect()
}

/// Keeps that two people are one.
pub fn join(case: &Case, by: &str, parties: &[Who], others: &[Who], reason: &str) -> Result<Said, EngineError> {
    keep(case, by, "joined", parties, others, reason)
}

/// Keeps that some parties are not the person that they were taken to be.
pub fn split(case: &Case, by: &str, parties: &[Who], others: &[Who], reason: &str) -> Result<Said, EngineError> {
    keep(case, by, "split", parties, others, reason)
}

/// Undoes one of them; returns whether there was one that stood.
pub fn undo_said(case: &Case, by: &str, n: i64) -> Result<bool, EngineError> {
    if said(case.root())?.iter().all(|said| said.n != n) {
        return Ok(false);
    }
    undo(case, by, "people", "people.undone", n)
}

fn keep(case: &Case, by: &str, what: &str, parties: &[Who], others: &[Who], reason: &str) -> Result<Said, EngineError> {
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(EngineError::Query("Write why: others have to be able to judge it.".into()));
    }
    short(reason)?;
    if said(case.root())?.len() >= MOST {
        return Err(EngineError::Query(format!("{MOST} such changes stand. Undo some that are no longer needed.")));
    }
    let text = |list: &[Who]| serde_json::to_string(list).map_err(|e| EngineError::other(e.to_string()));
    let (these, those) = (text(parties)?, text(others)?);
    if these.len() + those.len() > LONGEST {
        return Err(EngineError::Query("These people have too many identifiers to be changed at once.".into()));
    }
    let said = Said {
        n: 0,
        what: what.to_owned(),
        parties: parties.to_vec(),
        others: others.to_vec(),
        reason: reason.to_owned(),
        person: by.to_owned(),
        time: now(),
    };
    let detail = json!({ "what": format!("people.{what}"), "count": parties.len() + others.len() });
    let content = [("parties", these.as_str()), ("others", those.as_str()), ("reason", reason)];
    let n = change(case, detail, &content, |connection| {
        connection.execute(
            "INSERT INTO people (what, parties, others, reason, person, time) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![what, these, those, reason, by, said.time],
        )?;
        Ok(connection.last_insert_rowid())
    })?;
    Ok(Said { n, ..said })
}
