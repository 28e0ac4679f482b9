//! A value of another type than its readers expect must not vanish: it stands in a record, or a warning tells of it.
//!
//! Every member of every JSON document among the fixtures, and every column of every plain table, is put in the place
//! of another type once, with a value that can be found again.

mod support;

use glasshouse_model::{Claim, EntryId, canonical_json};
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use support::{File, Outcome, extension, fixtures, is_malformed, is_text, load, parse_some, table, written};

/// What a value is replaced by; each is found again by its mark.
const TEXT: &str = "\"odd one out\"";
const NUMBER: &str = "918273645";
const OBJECT: &str = "{\"odd key\":\"odd one out\"}";
const LIST: &str = "[\"odd one out\"]";

/// Where a value may be neither kept nor told: who reads it, the member (`*` is any element of a list, and at the end
/// anything below), and why.
const EXCEPT: &[(&str, &str, &str)] = &[
    ("chatgpt.conversations", "/*/mapping/root/parent", TREE),
    ("chatgpt.conversations", "/*/mapping/r/parent", TREE),
    ("discord.messages", "/101", OTHERS),
    ("discord.messages", "/102", OTHERS),
    ("discord.messages", "/c555", OTHERS),
    ("discord.messages", "/id", EMPTY),
    ("discord.messages", "/type", EMPTY),
    ("google.hangouts", "/conversation_state/*/response_header*", SERVER),
    ("google.hangouts", "/continuation_end_timestamp", SERVER),
    ("geojson.feature", "/crs/type", "how a system of coordinates is named, of which the name is read"),
    ("box.listing", "/total_count", PAGE),
    ("box.listing", "/limit", PAGE),
    ("box.listing", "/offset", PAGE),
    ("box.listing", "/order*", PAGE),
    ("dropbox.listing", "/cursor", PAGE),
    ("dropbox.listing", "/has_more", PAGE),
    ("onedrive.listing", "/@odata*", PAGE),
    ("microsoft.teams", "/@odata*", PAGE),
    ("tiktok.user-data", "/App Settings/Block/App", APP),
    ("tiktok.user-data", "/App Settings/Settings/App", APP),
];
const TREE: &str = "where a node hangs that holds no message: any text is one";
const OTHERS: &str = "the names of other channels, which their own messages tell";
const EMPTY: &str = "a channel without messages is no record";
const SERVER: &str = "what the server said of its answer";
const PAGE: &str = "how an interface counts and turns its pages, which says nothing of the account";
const APP: &str = "the name of the app itself, in every list";

/// Of each member this many in one document are tried.
const EACH: usize = 1;

fn is_excepted(by: &str, member: &str) -> bool {
    let fits = |pattern: &str| match pattern.strip_suffix('*') {
        Some(start) => member.starts_with(start),
        None => member == pattern,
    };
    EXCEPT.iter().any(|(reader, pattern, _)| *reader == by && fits(pattern))
}

/// Returns every value in a JSON text: its member, with `*` for the place in a list, and where it is written.
fn values<'a>(raw: &'a str, whole: &str, name: &str, found: &mut Vec<(String, Range<usize>)>) {
    let start = raw.as_ptr() as usize - whole.as_ptr() as usize;
    if !name.is_empty() {
        found.push((name.to_owned(), start..start + raw.len()));
    }
    if raw.starts_with('{') {
        let members: BTreeMap<String, &'a RawValue> = serde_json::from_str(raw).unwrap_or_default();
        members.iter().for_each(|(key, value)| values(value.get(), whole, &format!("{name}/{key}"), found));
    } else if raw.starts_with('[') {
        let items: Vec<&'a RawValue> = serde_json::from_str(raw).unwrap_or_default();
        items.iter().for_each(|value| values(value.get(), whole, &format!("{name}/*"), found));
    }
}

/// Returns the values in all documents that a file holds: one, one behind an assignment, or one a line.
fn documents(file: &File) -> Vec<(String, Range<usize>)> {
    let ending = extension(&file.path);
    if !is_text(file) || !matches!(ending.as_str(), "json" | "js" | "geojson" | "ndjson" | "jsonl") {
        return Vec::new();
    }
    let whole = std::str::from_utf8(&file.bytes).expect("a text");
    let json = whole.trim_start_matches('\u{feff}');
    let json = if ending == "js" { json.split_once('=').map_or(json, |(_, json)| json) } else { json };
    let json = json.trim().trim_end_matches(';').trim_end();
    let mut found = Vec::new();
    let one: Result<&RawValue, _> = serde_json::from_str(json);
    match one {
        Ok(one) => values(one.get(), whole, "", &mut found),
        Err(_) => {
            let lines = json.lines().filter_map(|line| serde_json::from_str::<&RawValue>(line).ok());
            lines.for_each(|line| values(line.get(), whole, "", &mut found));
        }
    }
    let mut counts = BTreeMap::new();
    found.retain(|(name, _)| {
        let count = counts.entry(name.clone()).or_insert(0);
        *count += 1;
        *count <= EACH
    });
    found
}

/// Returns what values of other types a value can be replaced by.
fn others(raw: &str) -> Vec<&'static str> {
    let kind = match raw.as_bytes().first() {
        Some(b'"') => TEXT,
        Some(b'{') => OBJECT,
        Some(b'[') => LIST,
        Some(b'-' | b'0'..=b'9') => NUMBER,
        _ => "",
    };
    [TEXT, NUMBER, OBJECT, LIST].into_iter().filter(|other| *other != kind).collect()
}

/// Counts warnings by entry, code and words.
fn told(outcome: &Outcome) -> BTreeMap<(Option<EntryId>, &'static str, &str), usize> {
    let mut counts = BTreeMap::new();
    for warning in &outcome.warnings {
        let at = warning.at.as_ref().map(|at| at.entry);
        *counts.entry((at, warning.code, warning.message.as_ref())).or_insert(0) += 1;
    }
    counts
}

/// Says whether a warning tells of a value that it was not read, whatever it is.
fn is_passed_over(outcome: &Outcome, entry: EntryId, place: u64) -> bool {
    outcome.warnings.iter().any(|warning| {
        let at = warning.at.as_ref().filter(|at| warning.code == "json.member" && at.entry == entry);
        at.is_some_and(|at| at.locator.start <= place && place <= at.locator.start + at.locator.length)
    })
}

/// Says whether a record holds the mark, in whatever unit.
fn stands(outcome: &Outcome, mark: &str) -> bool {
    let path = |id: EntryId| outcome.paths[id.0 as usize].as_str();
    outcome.records.iter().any(|(provider, record)| {
        let line = canonical_json(provider, record, &path);
        let same = record.same_as.as_ref().is_some_and(|same| same.contains(mark));
        same || line.contains(mark) || (mark == NUMBER && line.replace('.', "").contains(mark))
    })
}

/// Returns what of a fixture vanishes.
fn vanished(fixture: &Path) -> Vec<String> {
    let files = load(&fixture.join("input"));
    let readers = parse_some(&files, |_| true, |_| false).read_by;
    let mut lost = BTreeSet::new();
    for (at, file) in files.iter().enumerate() {
        let id = EntryId(at as u32);
        let Some(by) = readers.get(&id) else { continue };
        // Nobody else reads it, and other files say the same as before.
        let reads = |claim: &Claim| claim.main == id || claim.companions.contains(&id);
        let run = |files: &[File], what: &str| {
            let provider = by.split('.').next();
            std::panic::catch_unwind(|| parse_some(files, |id| Some(id) == provider, reads))
                .unwrap_or_else(|_| panic!("{}: a parser panicked on {what}", fixture.display()))
        };
        let before = run(&files, "nothing");
        let known = told(&before);
        let mut tried = |member: &str, place: usize, other: &str, mark: &str, bytes: Vec<u8>| {
            if is_excepted(by, member) {
                return;
            }
            let mut new = files.clone();
            new[at].bytes = bytes;
            let after = run(&new, &format!("{member} = {other} in {}", file.path));
            // A file that nobody reads any more is listed as such.
            let is_new = told(&after).iter().any(|(what, count)| known.get(what).is_none_or(|old| count > old));
            let is_told = is_new || is_passed_over(&after, id, place as u64);
            if after.read_by.contains_key(&id) && !is_told && !stands(&after, mark) {
                lost.insert(format!("{by} {member} = {other} ({} {})", name(fixture), file.path));
            }
        };
        for (member, range) in documents(file) {
            let raw = std::str::from_utf8(&file.bytes[range.clone()]).expect("a text");
            for other in others(raw) {
                let bytes = [&file.bytes[..range.start], other.as_bytes(), &file.bytes[range.end..]].concat();
                tried(&member, range.start, other, if other == NUMBER { NUMBER } else { "odd one out" }, bytes);
            }
        }
        let Some((delimiter, rows)) = table(file) else { continue };
        for (column, title) in rows[0].iter().enumerate() {
            for other in ["odd one out", NUMBER] {
                let mut new = rows.clone();
                // A row is passed over where it repeats the header; the last is one that counts.
                new.last_mut().expect("a row")[column] = other.to_owned();
                tried(title, 0, other, other, written(delimiter, new));
            }
        }
    }
    lost.into_iter().collect()
}

fn name(fixture: &Path) -> String {
    let part = |path: Option<&Path>| {
        path.and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    };
    format!("{} {}", part(fixture.ancestors().nth(2)), part(Some(fixture)))
}

#[test]
fn a_value_of_another_type_stays_or_is_told() {
    // A word of a provider's or a fixture's name, for who mends one.
    let only = std::env::var("GLASSHOUSE_KEPT_ONLY").unwrap_or_default();
    let fixtures: Vec<PathBuf> =
        fixtures().into_iter().filter(|f| !is_malformed(f) && name(f).contains(&only)).collect();
    let (next, lost) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(fixture) = fixtures.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let found = vanished(fixture);
                    found.iter().for_each(|one| println!("{one}"));
                    lost.lock().expect("no worker panicked").extend(found);
                }
            });
        }
    });
    let mut lost = lost.into_inner().expect("no worker panicked");
    lost.sort();
    assert!(lost.is_empty(), "{} values vanished without a word:\n{}", lost.len(), lost.join("\n"));
}
