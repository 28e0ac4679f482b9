//! Every byte that lies in a folder: files as they are, and what compressed files hold.

use datafusion::arrow::array::{Array, ArrayData};
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use glasshouse_store::seal::{Identity, Seal, unseal};
use glasshouse_store::{Cache, Container, Limits, Part, read_case_file};
use memchr::memmem;
use rusqlite::types::ValueRef;
use std::collections::HashSet;
use std::path::Path;
use tantivy::Index;

/// The content of a folder, by file and by what was decoded of it.
pub struct Dump {
    pub pieces: Vec<(String, Vec<u8>)>,
    words: HashSet<String>,
}

impl Dump {
    pub fn of(folder: &Path) -> Self {
        Dump::opened(folder, None)
    }

    /// As [`Dump::of`], with what lies sealed opened by a key.
    pub fn opened(folder: &Path, key: Option<&Path>) -> Self {
        let mut pieces = Vec::new();
        let seal = key.map(|key| {
            let key = Identity::parse(&std::fs::read_to_string(key).expect("a key")).expect("a key");
            Seal::open(folder, &read_case_file(folder).expect("a case"), &[key]).expect("the key opens it")
        });
        walk(folder, folder, seal.as_ref(), &mut pieces);
        let texts = pieces.iter().map(|(_, bytes)| String::from_utf8_lossy(bytes));
        let words = texts.flat_map(|text| words(&text).collect::<Vec<_>>()).collect();
        Dump { pieces, words }
    }

    /// Returns where some bytes lie, if anywhere.
    pub fn find(&self, needle: &[u8]) -> Option<&str> {
        let finder = memmem::Finder::new(needle);
        self.pieces.iter().find(|(_, bytes)| finder.find(bytes).is_some()).map(|(place, _)| place.as_str())
    }

    /// Says whether a word lies anywhere, by itself.
    pub fn has_word(&self, word: &str) -> bool {
        self.words.contains(word)
    }

    /// Returns the number of bytes.
    pub fn len(&self) -> usize {
        self.pieces.iter().map(|(_, bytes)| bytes.len()).sum()
    }
}

/// Returns the words of a text in small letters: what may be a name, and not a number.
pub fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    let long = |w: &&str| w.len() >= 6 && w.chars().filter(|c| c.is_alphabetic()).count() >= 4;
    text.split(|c: char| !c.is_alphanumeric()).filter(long).map(str::to_lowercase)
}

/// Adds what a sealed file of the case holds.
fn unsealed(place: &str, path: &Path, seal: &Seal, pieces: &mut Vec<(String, Vec<u8>)>) {
    let bytes = std::fs::read(path).expect("read");
    if place.starts_with("runs/") {
        let sealed = seal.reader(path).expect("opens").expect("sealed");
        let (mut opened, mut at) = (vec![0; sealed.len() as usize], 0);
        let mut reader = sealed.reader();
        while at < opened.len() {
            let n = reader.read_at(&mut opened[at..], at as u64).expect("reads");
            assert!(n > 0, "{place} breaks off");
            at += n;
        }
        let mut file = tempfile::tempfile().expect("a file");
        std::io::Write::write_all(&mut file, &opened).expect("written");
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet");
        return pieces.push((format!("{place}, opened"), columns(builder)));
    }
    let name = place.rsplit('/').next().unwrap_or_default();
    let number = name.strip_prefix("part-").and_then(|n| n.split('.').next()).and_then(|n| n.parse().ok());
    let (Some(number), Some(source)) = (number, place.split('/').nth(1)) else { return };
    if name.ends_with(".key.age") {
        return;
    }
    let key = seal.part(source, number).expect("a key").expect("sealed");
    pieces.push((format!("{place}, opened"), unseal(&bytes, &key).expect("opens").to_vec()));
    if name.contains("manifest") {
        return;
    }
    let scratch = tempfile::tempdir().expect("a folder");
    let cache = Cache { folder: scratch.path(), key: "look", seal: Some(&key) };
    let opened = Part::open(path, Container::Zip, cache, &[], &Limits::default(), &|_| {});
    let Ok((part, catalog)) = opened else { return };
    for (index, entry) in catalog.entries.iter().enumerate() {
        pieces.push((format!("the name of an entry of {place}"), entry.path.as_bytes().to_vec()));
        let mut content = Vec::new();
        if let Ok(mut reader) = part.read(index) {
            std::io::Read::read_to_end(&mut reader, &mut content).expect("reads");
        }
        pieces.push((format!("{} in {place}", entry.path), content));
    }
}

/// The places that the journal seals texts for.
const SEALED_FOR: [&str; 6] = ["facts.value", "hashes", "parts.series", "parts.name", "parts.origin", "parts.sha256"];

fn walk(root: &Path, folder: &Path, seal: Option<&Seal>, pieces: &mut Vec<(String, Vec<u8>)>) {
    let mut inside: Vec<_> =
        std::fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry").path()).collect();
    inside.sort();
    for path in inside {
        let place = path.strip_prefix(root).expect("inside").display().to_string();
        pieces.push((format!("the name of {place}"), place.clone().into_bytes()));
        if path.is_dir() {
            if path.join("meta.json").exists() {
                pieces.push((format!("the index {place}"), index(&path)));
            }
            walk(root, &path, seal, pieces);
            continue;
        }
        let bytes = std::fs::read(&path).expect("read");
        let decoded = match path.extension().and_then(|e| e.to_str()) {
            Some("parquet") => parquet(&path),
            Some("sqlite") => sqlite(&path, seal),
            Some("age") if seal.is_some() => {
                unsealed(&place, &path, seal.expect("given"), pieces);
                Vec::new()
            }
            Some("json") => json(&bytes),
            // A payload is JSON below a line of salt.
            _ if place.starts_with("log/payload") => json(bytes.get(65..).unwrap_or_default()),
            _ if place.starts_with("log/sealed") => json(&bytes),
            // What is compressed and not sealed would have to be decoded here, too.
            _ => {
                assert!(!bytes.starts_with(b"PK\x03\x04") || !place.starts_with("cache/"), "{place}");
                Vec::new()
            }
        };
        pieces.push((place.clone(), bytes));
        pieces.push((format!("{place}, decoded"), decoded));
    }
}

fn parquet(path: &Path) -> Vec<u8> {
    let file = std::fs::File::open(path).expect("opens");
    columns(ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet"))
}

fn columns(builder: ParquetRecordBatchReaderBuilder<std::fs::File>) -> Vec<u8> {
    let mut out = Vec::new();
    for meta in builder.metadata().file_metadata().key_value_metadata().into_iter().flatten() {
        out.extend(format!("{} {:?}\n", meta.key, meta.value).into_bytes());
    }
    for batch in builder.build().expect("Parquet") {
        let batch = batch.expect("a batch");
        batch.columns().iter().for_each(|column| buffers(&column.to_data(), &mut out));
    }
    out
}

fn buffers(data: &ArrayData, out: &mut Vec<u8>) {
    data.buffers().iter().for_each(|buffer| out.extend_from_slice(buffer.as_slice()));
    data.child_data().iter().for_each(|child| buffers(child, out));
}

fn index(folder: &Path) -> Vec<u8> {
    let index = Index::open_in_dir(folder).expect("an index");
    let searcher = index.reader().expect("a reader").searcher();
    let mut out = Vec::new();
    for segment in searcher.segment_readers() {
        for (field, _) in index.schema().fields() {
            let Ok(inverted) = segment.inverted_index(field) else { continue };
            let mut terms = inverted.terms().stream().expect("terms");
            while terms.advance() {
                out.extend_from_slice(terms.key());
                out.push(b'\n');
            }
        }
        let store = segment.get_store_reader(1).expect("a store");
        for document in 0..segment.max_doc() {
            let document: tantivy::TantivyDocument = store.get(document).expect("a document");
            out.extend(format!("{document:?}\n").into_bytes());
        }
    }
    out
}

fn sqlite(path: &Path, seal: Option<&Seal>) -> Vec<u8> {
    let key = seal.and_then(|seal| seal.texts().expect("a key"));
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE;
    let connection = rusqlite::Connection::open_with_flags(path, flags).expect("opens");
    let mut tables = connection.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").expect("SQL");
    let tables: Vec<String> =
        tables.query_map([], |row| row.get(0)).expect("SQL").map(|n| n.expect("a name")).collect();
    let mut out = Vec::new();
    for table in tables {
        let mut all = connection.prepare(&format!("SELECT * FROM \"{table}\"")).expect("SQL");
        let columns = all.column_count();
        let mut rows = all.query([]).expect("SQL");
        while let Some(row) = rows.next().expect("a row") {
            for column in 0..columns {
                match row.get_ref(column).expect("a value") {
                    ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                        out.extend_from_slice(bytes);
                        let opened = key.iter().flat_map(|k| SEALED_FOR.iter().filter_map(|p| k.open(p, bytes)));
                        opened.for_each(|text| out.extend_from_slice(text.as_bytes()));
                    }
                    other => out.extend(format!("{other:?}").into_bytes()),
                }
                out.push(b'\n');
            }
        }
    }
    out
}

fn json(bytes: &[u8]) -> Vec<u8> {
    fn go(value: &serde_json::Value, out: &mut String) {
        match value {
            serde_json::Value::String(text) => out.push_str(&(text.clone() + "\n")),
            serde_json::Value::Array(list) => list.iter().for_each(|v| go(v, out)),
            serde_json::Value::Object(map) => map.iter().for_each(|(k, v)| {
                out.push_str(&(k.clone() + "\n"));
                go(v, out);
            }),
            other => out.push_str(&format!("{other}\n")),
        }
    }
    let mut out = String::new();
    if let Ok(value) = serde_json::from_slice(bytes) {
        go(&value, &mut out);
    }
    out.into_bytes()
}
