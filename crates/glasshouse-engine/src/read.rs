//! One record whole, and the bytes it was made from.

use crate::EngineError;
use crate::evidence::Evidence;
use crate::ingest::{self, PartPlace};
use crate::sql::Tables;
use glasshouse_layout::{REMAINDER, SourceFile, paths};
use glasshouse_model::{EntryId, Locator};
use glasshouse_store::seal::Seal;
use glasshouse_store::{Cache, Container, Limits, Part};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::path::Path;

/// A record with its parties and attachments, every column under its name.
pub type Whole = BTreeMap<String, Value>;

/// Returns a record with its parties and attachments, every column under its name.
pub fn record(case: &Path, id: &str) -> Result<Option<Whole>, EngineError> {
    Ok(records(&Tables::open(case)?, &[id.to_owned()])?.remove(id))
}

/// As [`record`], for some ids: those that there are, by id.
pub fn records(tables: &Tables, ids: &[String]) -> Result<BTreeMap<String, Whole>, EngineError> {
    let plain = |id: &&String| !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric());
    let list: Vec<String> = ids.iter().filter(plain).map(|id| format!("'{id}'")).collect();
    if list.is_empty() {
        return Ok(BTreeMap::new());
    }
    let list = list.join(", ");
    let text = |row: &Whole, name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut all = BTreeMap::new();
    for mut record in tables.rows(&format!("SELECT * FROM records WHERE id IN ({list})"))? {
        for name in ["fields", "refs", "moments"] {
            let parsed = record.get(name).and_then(Value::as_str).and_then(|text| serde_json::from_str(text).ok());
            if let Some(parsed) = parsed {
                record.insert(name.to_owned(), parsed);
            }
        }
        all.insert(text(&record, "id"), record);
    }
    for (name, order) in [("parties", "role"), ("attachments", "locator")] {
        let rows = format!("SELECT * FROM {name} WHERE record_id IN ({list}) ORDER BY record_id, {order}");
        for row in tables.rows(&rows)? {
            let Some(record) = all.get_mut(&text(&row, "record_id")) else { continue };
            let row: Map<_, _> = row.into_iter().filter(|(k, v)| k != "record_id" && !v.is_null()).collect();
            if let Value::Array(rows) = record.entry(name.to_owned()).or_insert_with(|| Value::Array(Vec::new())) {
                rows.push(Value::Object(row));
            }
        }
    }
    let entries: BTreeSet<u64> = all.values().filter_map(|r| r.get("entry")?.as_u64()).collect();
    let entries = entries.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    let mut named = BTreeMap::new();
    if !entries.is_empty() {
        for row in tables.rows(&format!("SELECT entry, path, sha256 FROM entries WHERE entry IN ({entries})"))? {
            named.extend(row.get("entry").and_then(Value::as_u64).map(|n| (n, row.clone())));
        }
    }
    // In a case that was made out of others, the one that it came from.
    let mut origins = BTreeMap::new();
    for row in tables.rows("SELECT DISTINCT source, origin_case FROM sources WHERE origin_case IS NOT NULL")? {
        origins.extend(row.get("origin_case").map(|case| (text(&row, "source"), case.clone())));
    }
    for record in all.values_mut() {
        let origin = origins.get(&text(record, "source")).cloned();
        record.extend(origin.map(|case| ("origin_case".to_owned(), case)));
        let entry = record.get("entry").and_then(Value::as_u64).and_then(|n| named.get(&n));
        let about = ["path", "sha256"].map(|k| (format!("entry_{k}"), entry.and_then(|e| e.get(k)).cloned()));
        record.extend(about.into_iter().filter_map(|(k, v)| Some((k, v?))));
        record.retain(|_, v| !v.is_null());
    }
    Ok(all)
}

/// Writes the bytes that a record's locator names.
pub fn bytes(
    case: &Path,
    seal: &Seal,
    record: &BTreeMap<String, Value>,
    out: &mut impl Write,
) -> Result<(), EngineError> {
    let entry = record.get("entry").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
    let locator = record.get("locator").and_then(Value::as_str).and_then(|l| l.parse::<Locator>().ok());
    let (Some(entry), Some(locator)) = (entry, locator) else {
        return Err(EngineError::other(
            "The record names no bytes; this is a fault of the run. Process the case again.",
        ));
    };
    let broken = |e: std::io::Error| EngineError::other(format!("Entry {entry} cannot be read: {e}."));
    let reader = Evidence::open(case, seal.clone())?.reader(EntryId(entry), locator.start)?;
    std::io::copy(&mut reader.take(locator.length), out).map_err(broken)?;
    Ok(())
}

/// Returns the part that an entry lies in.
pub(crate) fn held(parts: &[SourceFile], entry: EntryId) -> Result<&SourceFile, EngineError> {
    let within = |p: &&SourceFile| p.part.first_entry <= entry.0 && entry.0 - p.part.first_entry < p.part.entries;
    let held = parts.iter().rev().find(within);
    held.ok_or_else(|| EngineError::other(format!("The case has no entry {entry}.")))
}

/// Opens a part of a case, and returns the number of its entries with it.
pub(crate) fn open_part(case: &Path, seal: &Seal, held: &SourceFile) -> Result<(Part, usize), EngineError> {
    let container = match held.part.container.as_str() {
        "zip" | "folder" | REMAINDER => Container::Zip,
        "tar" => Container::Tar,
        "tar.gz" => Container::TarGz,
        _ => Container::File,
    };
    let (source, number) = (&held.source, held.part.number);
    let key = seal.part(source, number)?;
    let path = match &held.part.external {
        Some(path) => {
            ingest::unaltered(Path::new(path), held.part.size)?;
            path.into()
        }
        None if key.is_some() => case.join(paths::part_sealed(source, number)),
        None => case.join(paths::part(source, number)),
    };
    let folder = case.join("cache");
    let cache = Cache { folder: &folder, key: &format!("{source}-{number:04}"), seal: key.as_ref() };
    let (part, catalog) = Part::open(&path, container, cache, &[], &Limits::default(), &|_| {})?;
    let (part, catalog) = if held.part.container == REMAINDER {
        let place = PartPlace { source, number, first: held.part.first_entry, entries: held.part.entries };
        ingest::as_listed(case, seal, &place, &part, &catalog)?
    } else {
        (part, catalog)
    };
    if catalog.entries.len() != held.part.entries as usize {
        return Err(EngineError::other(format!(
            "{} lists other entries than when it was taken in: nested archives in it need their password.",
            held.part.name
        )));
    }
    Ok((part, catalog.entries.len()))
}
