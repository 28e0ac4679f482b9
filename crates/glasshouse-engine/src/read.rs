//! One record whole, and the bytes it was made from.

use crate::EngineError;
use crate::ingest::{self, Options};
use crate::sql::Tables;
use glasshouse_layout::paths;
use glasshouse_model::{EntryId, Locator};
use glasshouse_store::{BlockFile, Container, Limits, Part};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Returns a record with its parties and attachments, every column under its name.
pub fn record(case: &Path, id: &str) -> Result<Option<BTreeMap<String, Value>>, EngineError> {
    if id.is_empty() || !id.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Ok(None);
    }
    let tables = Tables::open(case)?;
    let Some(mut record) = tables.rows(&format!("SELECT * FROM records WHERE id = '{id}'"))?.pop() else {
        return Ok(None);
    };
    for name in ["fields", "refs", "moments"] {
        let parsed = record.get(name).and_then(Value::as_str).and_then(|text| serde_json::from_str(text).ok());
        if let Some(parsed) = parsed {
            record.insert(name.to_owned(), parsed);
        }
    }
    for (name, order) in [("parties", "role"), ("attachments", "locator")] {
        let rows = tables.rows(&format!("SELECT * FROM {name} WHERE record_id = '{id}' ORDER BY {order}"))?;
        let rows: Vec<Value> = rows
            .into_iter()
            .map(|row| {
                Value::Object(row.into_iter().filter(|(k, v)| k != "record_id" && !v.is_null()).collect::<Map<_, _>>())
            })
            .collect();
        if !rows.is_empty() {
            record.insert(name.to_owned(), Value::Array(rows));
        }
    }
    let entry = record.get("entry").and_then(Value::as_u64).unwrap_or(u64::MAX);
    if let Some(row) = tables.rows(&format!("SELECT path, sha256 FROM entries WHERE entry = {entry}"))?.pop() {
        record.extend(row.into_iter().map(|(k, v)| (format!("entry_{k}"), v)));
    }
    record.retain(|_, v| !v.is_null());
    Ok(Some(record))
}

/// Writes the bytes that a record's locator names.
pub fn bytes(case: &Path, record: &BTreeMap<String, Value>, out: &mut impl Write) -> Result<(), EngineError> {
    let entry = record.get("entry").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
    let locator = record.get("locator").and_then(Value::as_str).and_then(|l| l.parse::<Locator>().ok());
    let (Some(entry), Some(locator)) = (entry, locator) else {
        return Err(EngineError::other(
            "The record names no bytes; this is a fault of the run. Process the case again.",
        ));
    };
    entry_bytes(case, EntryId(entry), locator.start, locator.length, out)
}

/// Writes a range of an entry's content.
pub fn entry_bytes(
    case: &Path,
    entry: EntryId,
    start: u64,
    length: u64,
    out: &mut impl Write,
) -> Result<(), EngineError> {
    let broken = |e: std::io::Error| EngineError::other(format!("Entry {entry} cannot be read: {e}."));
    let copy = ingest::seekable_copy(case, entry);
    // The copy is a convenience: one that is damaged is passed over.
    if let Ok(file) = BlockFile::open(&copy) {
        let mut reader = file.reader();
        reader.seek(SeekFrom::Start(start)).map_err(broken)?;
        std::io::copy(&mut reader.take(length), out).map_err(broken)?;
        return Ok(());
    }
    let mut reader = open_entry(case, entry)?;
    std::io::copy(&mut reader.by_ref().take(start), &mut std::io::sink()).map_err(broken)?;
    std::io::copy(&mut reader.take(length), out).map_err(broken)?;
    Ok(())
}

/// Returns a reader of an entry's content.
pub fn open_entry(case: &Path, entry: EntryId) -> Result<Box<dyn Read + Send>, EngineError> {
    let unknown = || EngineError::other(format!("The case has no entry {entry}."));
    let parts = glasshouse_store::read_parts(case)?;
    let held = parts.iter().rev().find(|p| p.part.first_entry <= entry.0).ok_or_else(unknown)?;
    let container = match held.part.container.as_str() {
        "zip" | "folder" => Container::Zip,
        "tar" => Container::Tar,
        "tar.gz" => Container::TarGz,
        _ => Container::File,
    };
    let path = match &held.part.external {
        Some(path) => {
            ingest::unaltered(Path::new(path), held.part.size)?;
            path.into()
        }
        None => case.join(paths::part(&held.source, held.part.number)),
    };
    let key = format!("{}-{:04}", held.source, held.part.number);
    let password = Options::default().password;
    let (part, catalog) =
        Part::open(&path, container, &case.join("cache"), &key, password.as_deref(), &Limits::default(), &|_| {})?;
    let index = (entry.0 - held.part.first_entry) as usize;
    if catalog.entries.len() != held.part.entries as usize {
        return Err(EngineError::other(format!(
            "{} lists other entries than when it was taken in: nested archives in it need their password.",
            held.part.name
        )));
    }
    if index >= catalog.entries.len() {
        return Err(unknown());
    }
    part.read(index).map_err(|problem| EngineError::other(problem.to_string()))
}
