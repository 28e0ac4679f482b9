//! Files in odd shapes: marks, line ends, encodings, values of other types. What is the same file must give the same
//! records, what is another must give records or warnings, and nothing may panic.

mod support;

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use support::{File, Outcome, extension, fixtures, is_malformed, is_text, load, parse_all, table, written};

/// Runs a fixture; a panic names it, and locators stay inside their entries.
fn run(fixture: &Path, what: &str, files: &[File]) -> Outcome {
    let outcome = std::panic::catch_unwind(|| parse_all(files))
        .unwrap_or_else(|_| panic!("{}: a parser panicked on {what}", fixture.display()));
    for (_, record) in &outcome.records {
        for at in &record.refs {
            let size = files[at.entry.0 as usize].bytes.len() as u64;
            let end = at.locator.start.checked_add(at.locator.length);
            assert!(
                end.is_some_and(|end| end <= size),
                "{}: {what}: {} beyond its entry",
                fixture.display(),
                at.locator
            );
        }
    }
    outcome
}

/// Returns how many records of each format there are.
fn counts(outcome: &Outcome) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for (provider, record) in &outcome.records {
        *counts.entry(format!("{provider}.{}", record.format)).or_insert(0) += 1;
    }
    counts
}

/// Changes every file that the function changes; none when nothing changed.
fn changed(files: &[File], change: impl Fn(&File) -> Option<Vec<u8>>) -> Option<Vec<File>> {
    let mut any = false;
    let new = files
        .iter()
        .map(|file| match change(file) {
            Some(bytes) => {
                any = true;
                File { path: file.path.clone(), bytes }
            }
            None => file.clone(),
        })
        .collect();
    any.then_some(new)
}

/// Compares the number of records of each format with those of the changed files.
fn same_records(what: &str, except: &[&str], change: impl Fn(&File) -> Option<Vec<u8>>) {
    let mut wrong = Vec::new();
    for fixture in fixtures().iter().filter(|f| !is_malformed(f)) {
        let name = fixture.display().to_string();
        if except.iter().any(|end| name.ends_with(end)) {
            continue;
        }
        let files = load(&fixture.join("input"));
        let Some(new) = changed(&files, &change) else { continue };
        let (old, new) = (counts(&run(fixture, what, &files)), counts(&run(fixture, what, &new)));
        if old != new {
            let differ: Vec<_> = old
                .keys()
                .chain(new.keys())
                .collect::<BTreeSet<_>>()
                .into_iter()
                .filter(|k| old.get(*k) != new.get(*k))
                .map(|k| format!("{k}: {:?} -> {:?}", old.get(k), new.get(k)))
                .collect();
            wrong.push(format!("{name}: {}", differ.join(", ")));
        }
    }
    assert!(wrong.is_empty(), "{what} changed the records of {wrong:#?}");
}

#[test]
fn a_byte_order_mark_changes_nothing() {
    same_records("a byte order mark", &[], |file| {
        let marked = file.bytes.starts_with(b"\xef\xbb\xbf");
        (is_text(file) && !marked).then(|| [b"\xef\xbb\xbf", file.bytes.as_slice()].concat())
    });
}

#[test]
fn line_ends_of_windows_change_nothing() {
    same_records("line ends of Windows", &[], |file| {
        let text = is_text(file).then(|| String::from_utf8_lossy(&file.bytes))?;
        (!text.contains('\r') && text.contains('\n')).then(|| text.replace('\n', "\r\n").into_bytes())
    });
}

/// Columns are known by their names: their order, and a column that nobody knows, change no record.
#[test]
fn columns_in_another_order_are_the_same_table() {
    same_records("columns in another order", &[], |file| {
        let (delimiter, rows) = table(file)?;
        Some(written(delimiter, rows.into_iter().map(|row| row.into_iter().rev().collect())))
    });
    same_records("a new column", &[], |file| {
        let (delimiter, rows) = table(file)?;
        // A row that says nothing still does, and a header that is repeated stays one.
        let header = rows.first().cloned();
        let row = |mut row: Vec<String>| {
            let new = if Some(&row) == header.as_ref() { "brand new".to_owned() } else { row[0].clone() };
            row.insert(1, new);
            row
        };
        Some(written(delimiter, rows.into_iter().map(row)))
    });
}

#[test]
fn other_encodings_empty_files_and_headers_alone() {
    type Change = fn(&File) -> Option<Vec<u8>>;
    let utf16 = |file: &File, bytes: fn(u16) -> [u8; 2]| {
        is_text(file).then(|| {
            let text = String::from_utf8_lossy(&file.bytes).into_owned();
            std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(bytes).collect::<Vec<u8>>()
        })
    };
    let changes: [(&str, Change); 6] = [
        ("empty files", |_| Some(Vec::new())),
        ("a byte order mark alone", |file| is_text(file).then(|| b"\xef\xbb\xbf".to_vec())),
        ("blanks alone", |file| is_text(file).then(|| b" \r\n\r\n \t\n".to_vec())),
        ("columns twice", |file| {
            let (delimiter, rows) = table(file)?;
            Some(written(delimiter, rows.into_iter().map(|row| [row.clone(), row].concat())))
        }),
        ("no header", |file| table(file).map(|(delimiter, rows)| written(delimiter, rows.into_iter().skip(1)))),
        ("a header alone", |file| table(file).map(|(delimiter, rows)| written(delimiter, rows.into_iter().take(1)))),
    ];
    for fixture in fixtures() {
        let files = load(&fixture.join("input"));
        for (what, change) in changes {
            let Some(new) = changed(&files, change) else { continue };
            run(&fixture, what, &new);
        }
        for (what, order) in [("UTF-16", u16::to_le_bytes as fn(u16) -> [u8; 2]), ("UTF-16 BE", u16::to_be_bytes)] {
            let Some(new) = changed(&files, |file| utf16(file, order)) else { continue };
            let outcome = run(&fixture, what, &new);
            let silent = !outcome.claimed.is_empty() && outcome.records.is_empty() && outcome.warnings.is_empty();
            assert!(!silent, "{}: {what} was claimed and went by without a word", fixture.display());
        }
    }
}

/// A document that ends before it is closed says so, wherever it was cut.
#[test]
fn what_is_cut_off_says_so() {
    let mut silent = Vec::new();
    for fixture in fixtures().iter().filter(|f| !is_malformed(f)) {
        let files = load(&fixture.join("input"));
        let closed = |file: &File| {
            let end = file.bytes.trim_ascii_end();
            let closed = match extension(&file.path).as_str() {
                "json" | "js" | "geojson" => end.ends_with(b"]") || end.ends_with(b"}"),
                "xml" | "gpx" | "kml" | "tcx" | "ics" | "vcf" | "html" => true,
                _ => false,
            };
            closed && is_text(file)
        };
        let whole = run(fixture, "nothing", &files);
        for (at, file) in files.iter().enumerate().filter(|(_, file)| closed(file)) {
            let mine = |outcome: &Outcome| outcome.claimed.iter().any(|c| c.starts_with(&format!("{} as ", file.path)));
            if !mine(&whole) {
                continue;
            }
            for part in [1, 2, 3] {
                let mut cut = files.clone();
                let length = file.bytes.trim_ascii_end().len() * part / 4;
                cut[at].bytes.truncate(length);
                let outcome = run(fixture, "a cut", &cut);
                let told = outcome.warnings.iter().any(|w| w.at.as_ref().is_some_and(|r| r.entry.0 as usize == at));
                if mine(&outcome) && !told {
                    silent.push(format!("{} {} at {length}", fixture.display(), file.path));
                }
            }
        }
    }
    assert!(silent.is_empty(), "cut off without a warning: {silent:#?}");
}

/// A row that ends in its first columns says so.
#[test]
fn a_row_that_is_cut_off_says_so() {
    let mut silent = Vec::new();
    for fixture in fixtures().iter().filter(|f| !is_malformed(f)) {
        let files = load(&fixture.join("input"));
        for (at, file) in files.iter().enumerate() {
            let Some((delimiter, rows)) = table(file).filter(|(_, rows)| rows[0].len() > 2) else { continue };
            let mut cut = files.clone();
            let mut bytes = written(delimiter, rows);
            let row = bytes.trim_ascii_end().iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
            let column = bytes[row..].iter().position(|b| *b == delimiter as u8).expect("a delimiter");
            bytes.truncate(row + column);
            if bytes.ends_with(b"\n") {
                continue;
            }
            cut[at].bytes = bytes;
            let outcome = run(fixture, "a cut row", &cut);
            let mine = outcome.claimed.iter().any(|c| c.starts_with(&format!("{} as ", file.path)));
            let told = outcome.warnings.iter().any(|w| w.at.as_ref().is_some_and(|r| r.entry.0 as usize == at));
            if mine && !told {
                silent.push(format!("{} {}", fixture.display(), file.path));
            }
        }
    }
    assert!(silent.is_empty(), "a row was cut off without a warning: {silent:#?}");
}

/// What a value may turn into.
const ODD: &[&str] = &[
    "9223372036854775808",
    "-9223372036854775808",
    "1e308",
    "\"\"",
    "\"99999-99-99T99:99:99Z\"",
    "null",
    "true",
    "[]",
    "{}",
    "\"9007199254740993000000000\"",
    "[[[[1]]]]",
    "{\"a\":{\"b\":[null]}}",
    "\"0001-01-01T00:00:00Z\"",
    "\"\\u0000\\ud83d\\ude00\\u202e\"",
    "-1",
    "\"9999-12-31T23:59:59.999999999+23:59\"",
];

fn keys(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(key, value)| {
            found.insert(key.clone());
            keys(value, found);
        }),
        Value::Array(items) => items.iter().for_each(|item| keys(item, found)),
        _ => {}
    }
}

fn replace(value: &mut Value, key: &str, with: &Value) {
    match value {
        Value::Object(members) => members.iter_mut().for_each(|(name, value)| {
            if name == key {
                *value = with.clone();
            } else {
                replace(value, key, with);
            }
        }),
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, key, with)),
        _ => {}
    }
}

/// Members of documents, and columns of plain tables, hold something else for once: with `GLASSHOUSE_FUZZ_ROUNDS`
/// each of them each of the values, else every third one of them.
#[test]
fn values_of_other_types_are_kept_or_told() {
    let all = std::env::var_os("GLASSHOUSE_FUZZ_ROUNDS").is_some();
    let odd: Vec<Value> = ODD.iter().map(|text| serde_json::from_str(text).expect("JSON")).collect();
    let mut turn = 0;
    for fixture in fixtures() {
        let files = load(&fixture.join("input"));
        let with = |at: usize, bytes: Vec<u8>| {
            let mut new = files.clone();
            new[at].bytes = bytes;
            new
        };
        for (at, file) in files.iter().enumerate().filter(|(_, file)| is_text(file)) {
            let text = String::from_utf8_lossy(&file.bytes).into_owned();
            let start = if extension(&file.path) == "js" { text.find('=').map_or(0, |i| i + 1) } else { 0 };
            let (before, json) = text.split_at(start);
            if let Ok(document) = serde_json::from_str::<Value>(json.trim_start_matches('\u{feff}')) {
                let mut names = BTreeSet::new();
                keys(&document, &mut names);
                for name in &names {
                    turn += 1;
                    for (i, other) in odd.iter().enumerate() {
                        if !all && (turn % 3 != 0 || i != turn / 3 % odd.len()) {
                            continue;
                        }
                        let mut new = document.clone();
                        replace(&mut new, name, other);
                        let what = format!("{name} = {other} in {}", file.path);
                        run(&fixture, &what, &with(at, format!("{before}{new}").into_bytes()));
                    }
                }
                let deep = format!("{before}{}", json.replacen(": ", &format!(": {}", "[".repeat(100_000)), 1));
                run(&fixture, "depth", &with(at, deep.into_bytes()));
            }
            let Some((delimiter, rows)) = table(file) else { continue };
            for column in 0..rows[0].len() {
                turn += 1;
                for (i, other) in odd.iter().enumerate() {
                    if !all && (turn % 3 != 0 || i != turn / 3 % odd.len()) {
                        continue;
                    }
                    let value = other.as_str().map_or_else(|| other.to_string(), str::to_owned);
                    let mut new = rows.clone();
                    new.iter_mut()
                        .skip(1)
                        .filter_map(|row| row.get_mut(column))
                        .for_each(|cell| cell.clone_from(&value));
                    let what = format!("column {column} = {value} in {}", file.path);
                    let mut outcome = run(&fixture, &what, &with(at, written(delimiter, new)));
                    outcome.warnings.truncate(0);
                    outcome.to_json();
                }
            }
        }
    }
    assert!(turn > 1000, "nothing was changed");
}
