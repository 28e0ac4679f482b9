//! People's work: tags, facts, assessments, bookmarks, saved searches and who is one person, in `work.sqlite`.
//!
//! Nothing is taken out: what somebody undoes is marked as undone. Each change is an event of the log, which
//! vouches for the file that the change leaves; what was written is content that the log keeps apart.

mod people;

pub use people::{Said, Who, join, said, split, undo_said};

use crate::EngineError;
use crate::words::Words;
use glasshouse_layout::{FileHash, Kind, paths};
use glasshouse_store::{Case, files, now};
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;

/// Bytes of a text that somebody writes.
const LONGEST_TEXT: usize = 64 << 10;
/// Marks of a case that are given at once.
const MOST: usize = 10_000;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS marks (
        n INTEGER PRIMARY KEY, record TEXT NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL,
        person TEXT NOT NULL, time TEXT NOT NULL, undone TEXT, undone_by TEXT);
    CREATE INDEX IF NOT EXISTS marks_record ON marks (record);
    CREATE TABLE IF NOT EXISTS saved (
        n INTEGER PRIMARY KEY, name TEXT NOT NULL, url TEXT NOT NULL,
        person TEXT NOT NULL, time TEXT NOT NULL, undone TEXT, undone_by TEXT);
    CREATE TABLE IF NOT EXISTS decisions (
        n INTEGER PRIMARY KEY, batch TEXT NOT NULL, release INTEGER NOT NULL, reason TEXT NOT NULL,
        person TEXT NOT NULL, time TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS decided (
        decision INTEGER NOT NULL, record TEXT NOT NULL, PRIMARY KEY (decision, record)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS people (
        n INTEGER PRIMARY KEY, what TEXT NOT NULL, parties TEXT NOT NULL, others TEXT NOT NULL, reason TEXT NOT NULL,
        person TEXT NOT NULL, time TEXT NOT NULL, undone TEXT, undone_by TEXT);
    PRAGMA user_version = 1;
";

/// What somebody says of a record.
#[derive(Clone, Debug, Serialize)]
pub struct Mark {
    pub n: i64,
    pub record: String,
    /// `tag`, `fact`, `assessment` or `bookmark`.
    pub kind: String,
    pub text: String,
    pub person: String,
    pub time: String,
}

/// A search that somebody keeps.
#[derive(Clone, Debug, Serialize)]
pub struct Saved {
    pub n: i64,
    pub name: String,
    /// Path and query of the page that shows it.
    pub url: String,
    pub person: String,
    pub time: String,
}

/// The kinds of marks.
pub const KINDS: [&str; 4] = ["tag", "fact", "assessment", "bookmark"];

/// Returns the marks that stand, of one record or of all, oldest first.
pub fn marks(case: &Path, record: Option<&str>) -> Result<Vec<Mark>, EngineError> {
    let found = read(case, |connection| {
        let mut statement = connection.prepare(
            "SELECT n, record, kind, text, person, time FROM marks
             WHERE undone IS NULL AND (?1 IS NULL OR record = ?1) ORDER BY n LIMIT ?2",
        )?;
        let rows = statement.query_map(params![record, MOST as i64], |row| {
            Ok(Mark {
                n: row.get(0)?,
                record: row.get(1)?,
                kind: row.get(2)?,
                text: row.get(3)?,
                person: row.get(4)?,
                time: row.get(5)?,
            })
        })?;
        rows.collect()
    });
    Ok(found?.unwrap_or_default())
}

/// Returns the records that have a tag, the one that was tagged first before the others; at most `most` of them.
pub fn tagged(case: &Path, tag: &str, most: usize) -> Result<Vec<String>, EngineError> {
    let found = read(case, |connection| {
        let mut statement = connection.prepare(
            "SELECT record FROM marks WHERE undone IS NULL AND kind = 'tag' AND text = ?1
             GROUP BY record ORDER BY min(n) LIMIT ?2",
        )?;
        statement.query_map(params![tag.trim(), most as i64], |row| row.get(0))?.collect()
    });
    Ok(found?.unwrap_or_default())
}

/// Returns the saved searches that stand, oldest first.
pub fn saved(case: &Path) -> Result<Vec<Saved>, EngineError> {
    let found = read(case, |connection| {
        let select = "SELECT n, name, url, person, time FROM saved WHERE undone IS NULL ORDER BY n LIMIT ?1";
        let mut statement = connection.prepare(select)?;
        let rows = statement.query_map([MOST as i64], |row| {
            Ok(Saved { n: row.get(0)?, name: row.get(1)?, url: row.get(2)?, person: row.get(3)?, time: row.get(4)? })
        })?;
        rows.collect()
    });
    Ok(found?.unwrap_or_default())
}

/// Adds a mark to a record and returns it; that the record is in the case is the caller's to know.
pub fn mark(case: &Case, person: &str, record: &str, kind: &str, text: &str) -> Result<Mark, EngineError> {
    let text = text.trim();
    if !KINDS.contains(&kind) {
        return Err(EngineError::Query(format!("A mark is one of {}.", KINDS.join(", "))));
    }
    if text.is_empty() && kind != "bookmark" {
        return Err(EngineError::Query("The mark says nothing. Write a text.".into()));
    }
    short(text)?;
    let mark = Mark {
        n: 0,
        record: record.to_owned(),
        kind: kind.to_owned(),
        text: text.to_owned(),
        person: person.to_owned(),
        time: now(),
    };
    let detail = json!({ "what": "mark.added", "objects": [record], "kind": kind });
    let n = change(case, detail, &[("text", text)], |connection| {
        connection.execute(
            "INSERT INTO marks (record, kind, text, person, time) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![mark.record, mark.kind, mark.text, mark.person, mark.time],
        )?;
        Ok(connection.last_insert_rowid())
    })?;
    Ok(Mark { n, ..mark })
}

/// Keeps a search and returns it.
pub fn save(case: &Case, person: &str, name: &str, url: &str) -> Result<Saved, EngineError> {
    let (name, url) = (name.trim(), url.trim());
    if name.is_empty() {
        return Err(EngineError::Query("The search needs a name.".into()));
    }
    // It is opened later by whoever clicks on it: it must lead into the page and nowhere else.
    if !url.starts_with('/') || url.starts_with("//") || url.contains('\\') || url.chars().any(char::is_control) {
        return Err(EngineError::Query(
            "What is saved has to be a view of this page: a path that begins with /.".into(),
        ));
    }
    short(name)?;
    short(url)?;
    let saved = Saved { n: 0, name: name.to_owned(), url: url.to_owned(), person: person.to_owned(), time: now() };
    let detail = json!({ "what": "search.saved" });
    let n = change(case, detail, &[("name", name), ("url", url)], |connection| {
        connection.execute(
            "INSERT INTO saved (name, url, person, time) VALUES (?1, ?2, ?3, ?4)",
            params![saved.name, saved.url, saved.person, saved.time],
        )?;
        Ok(connection.last_insert_rowid())
    })?;
    Ok(Saved { n, ..saved })
}

/// Keeps a decision of the privilege reviewer on some records, and returns its number.
///
/// The words of the batch name people, so they are content of the event and not in the file; they and the reason are
/// sealed where evidence is.
pub fn decide(
    case: &Case,
    person: &str,
    kind: &str,
    batch: &str,
    records: &[String],
    release: bool,
    reason: &str,
) -> Result<i64, EngineError> {
    short(reason)?;
    let words = Words::of(&case.seal()?)?;
    let (batch, reason) = (&words.shut(batch)?, &words.shut(reason)?);
    let what = if release { "decision.released" } else { "decision.withheld" };
    let detail = json!({ "what": what, "batch": kind, "count": records.len() });
    change(case, detail, &[("batch", batch), ("reason", reason)], |connection| {
        // All of it or nothing: what is half written is never moved into place, and this makes it quick.
        let transaction = connection.unchecked_transaction()?;
        transaction.execute(
            "INSERT INTO decisions (batch, release, reason, person, time) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![kind, release, reason, person, now()],
        )?;
        let n = transaction.last_insert_rowid();
        {
            let mut insert = transaction.prepare("INSERT OR IGNORE INTO decided VALUES (?1, ?2)")?;
            for record in records {
                insert.execute(params![n, record])?;
            }
        }
        transaction.commit()?;
        Ok(n)
    })
}

/// Returns the last decision on each record: its number, and whether it lets the record out.
pub(crate) fn decided(case: &Path) -> Result<BTreeMap<String, (u32, bool)>, EngineError> {
    let found = read(case, |connection| {
        // A file that was made before there were decisions has none.
        let there = "SELECT count(*) FROM sqlite_schema WHERE name = 'decided'";
        if connection.query_row(there, [], |row| row.get::<_, i64>(0))? == 0 {
            return Ok(BTreeMap::new());
        }
        let select = "SELECT record, n, release FROM decided JOIN decisions ON n = decision ORDER BY n";
        let mut statement = connection.prepare(select)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?;
        rows.collect()
    });
    Ok(found?.unwrap_or_default())
}

/// Marks a mark as undone; returns whether there was one that stood.
pub fn undo_mark(case: &Case, person: &str, n: i64) -> Result<bool, EngineError> {
    undo(case, person, "marks", "mark.undone", n)
}

/// Marks a saved search as undone; returns whether there was one that stood.
pub fn undo_saved(case: &Case, person: &str, n: i64) -> Result<bool, EngineError> {
    undo(case, person, "saved", "search.undone", n)
}

fn undo(case: &Case, person: &str, table: &'static str, what: &str, n: i64) -> Result<bool, EngineError> {
    let stands = read(case.root(), |connection| {
        let select = format!("SELECT n FROM {table} WHERE n = ?1 AND undone IS NULL");
        connection.query_row(&select, [n], |row| row.get::<_, i64>(0)).optional()
    });
    if stands?.flatten().is_none() {
        return Ok(false);
    }
    let changed = change(case, json!({ "what": what, "n": n }), &[], |connection| {
        let sql = format!("UPDATE {table} SET undone = ?2, undone_by = ?3 WHERE n = ?1 AND undone IS NULL");
        Ok(connection.execute(&sql, params![n, now(), person])? as i64)
    })?;
    Ok(changed > 0)
}

fn short(text: &str) -> Result<(), EngineError> {
    if text.len() > LONGEST_TEXT {
        let most = LONGEST_TEXT >> 10;
        return Err(EngineError::Query(format!("The text is longer than {most} KB. Shorten it.")));
    }
    Ok(())
}

/// Asks the file, if there is one.
fn read<T>(case: &Path, ask: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>) -> Result<Option<T>, EngineError> {
    let path = case.join(paths::WORK);
    if !path.exists() {
        return Ok(None);
    }
    let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY);
    connection.and_then(|connection| ask(&connection)).map(Some).map_err(damaged)
}

fn damaged(error: impl std::fmt::Display) -> EngineError {
    EngineError::other(format!(
        "work.sqlite cannot be used: {error}. Run `glasshouse verify` on the case to see what changed."
    ))
}

/// Changes a copy of the file, has the log vouch for it, and puts it into place.
///
/// A crash after the event leaves the new file beside its place; the next change finds it there and moves it.
fn change(
    case: &Case,
    mut detail: serde_json::Value,
    content: &[(&'static str, &str)],
    write: impl FnOnce(&Connection) -> Result<i64, rusqlite::Error>,
) -> Result<i64, EngineError> {
    let path = case.root().join(paths::WORK);
    let beside = files::temporary(&path);
    let logged = case.logged_files()?.remove(paths::WORK);
    if beside.exists() && logged.as_deref() == Some(hash(&beside)?.sha256.as_str()) {
        files::rename_synced(&beside, &path)?;
    }
    let known = if path.exists() { Some(hash(&path)?.sha256) } else { None };
    if known != logged {
        return Err(EngineError::other(
            "work.sqlite is not the file that the log vouches for. Run `glasshouse verify` on the case to see what changed.",
        ));
    }
    let _ = fs::remove_file(&beside);
    if path.exists() {
        fs::copy(&path, &beside).map_err(|e| EngineError::io(&beside, "write", e))?;
    }
    let n = changed(&beside, write)?;
    if let Some(members) = detail.as_object_mut() {
        members.entry("n").or_insert(json!(n));
    }
    let file = FileHash { path: paths::WORK.to_owned(), ..hash(&beside)? };
    let mut event = case.event(Kind::Alteration, "work.saved", vec![file], detail);
    event.content = content.iter().map(|(name, text)| (*name, (*text).to_owned())).collect();
    case.append(&[event])?;
    files::rename_synced(&beside, &path)?;
    Ok(n)
}

fn changed(file: &Path, write: impl FnOnce(&Connection) -> Result<i64, rusqlite::Error>) -> Result<i64, EngineError> {
    let written = Connection::open(file).and_then(|connection| {
        connection.execute_batch(SCHEMA)?;
        let n = write(&connection)?;
        connection.close().map_err(|(_, e)| e)?;
        Ok(n)
    });
    let n = written.map_err(damaged)?;
    let sync = File::open(file).and_then(|f| f.sync_all());
    sync.map_err(|e| EngineError::io(file, "sync", e))?;
    Ok(n)
}

fn hash(path: &Path) -> Result<FileHash, EngineError> {
    let (sha256, size) = glasshouse_store::hash_file(path, &|_| {}).map_err(|e| EngineError::io(path, "read", e))?;
    Ok(FileHash { path: String::new(), size, sha256: glasshouse_layout::hex(sha256), external: None })
}
