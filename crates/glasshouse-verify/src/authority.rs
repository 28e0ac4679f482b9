//! Checks the authorities of a case: who signed them, and whose signature an organisation says counts.

use crate::events::State;
use crate::files::Root;
use crate::note::{Key, Note, Signed};
use crate::report::{Class, Report};
use glasshouse_layout::{CaseFile, fingerprint_of_key, paths, states};
use std::collections::BTreeSet;

/// Longest file below `authorities/` that is read.
const MAX_FILE: u64 = 16 << 20;
/// The kind of authority that nobody signs: the holder's own word.
const OWN: &str = "self";

struct Organisation {
    name: String,
    administrator_key: String,
    people: Vec<toml::Table>,
}

/// Checks every authority that the log vouches for and that is as the log says.
pub fn check(root: &Root, state: &State, good: &BTreeSet<&str>, case: Option<&CaseFile>, report: &mut Report) {
    let files: Vec<&str> = state
        .files
        .keys()
        .map(String::as_str)
        .filter(|p| p.starts_with("authorities/") && p.ends_with(".toml") && good.contains(p))
        .collect();
    let mut organisations = Vec::new();
    for path in files.iter().filter(|p| p.starts_with("authorities/organisation-")) {
        match organisation(root, good, path) {
            Ok(organisation) => organisations.push(organisation),
            Err(why) => report.fault(Class::Malformed, *path, why),
        }
    }
    for path in files.iter().filter(|p| !p.starts_with("authorities/organisation-")) {
        // What cannot be read as TOML is reported with the other small files.
        let Ok((_, table)) = read(root, path) else { continue };
        if path.ends_with("-withdrawn.toml") {
            let (id, ended) = (text(&table, "id"), text(&table, "ended"));
            report.authorities.push(format!("{id} {ended} {}", text(&table, "at")));
            continue;
        }
        match authority(root, good, path, &organisations) {
            Ok(said) => report.authorities.push(said),
            Err(why) => report.fault(Class::Unexpected, *path, why),
        }
        let own = text(&table, "kind") == OWN;
        if case.is_some_and(|case| (case.kind == OWN) != own) {
            report.fault(
                Class::Unexpected,
                *path,
                "a personal case has the authority `self` and no other, and no other case has it",
            );
        }
    }
    let needs_one = case.is_some_and(|case| case.kind != OWN);
    if needs_one && state.complete && !state.files.keys().any(|p| p.starts_with("authorities/")) {
        report.fault(Class::Malformed, "authorities", "no event gives the case an authority");
    }
}

fn read(root: &Root, path: &str) -> Result<(Vec<u8>, toml::Table), String> {
    let bytes = root.read(path, MAX_FILE).map_err(|e| e.to_string())?;
    let table = std::str::from_utf8(&bytes).ok().and_then(|t| t.parse::<toml::Table>().ok());
    table.map(|t| (bytes, t)).ok_or_else(|| "it is not TOML".to_owned())
}

fn text<'t>(table: &'t toml::Table, path: &str) -> &'t str {
    let mut names = path.split('.');
    let mut value = names.next().and_then(|n| table.get(n));
    for name in names {
        value = value.and_then(|v| v.get(name));
    }
    value.and_then(toml::Value::as_str).unwrap_or_default()
}

fn number(table: &toml::Table, key: &str) -> i64 {
    table.get(key).and_then(toml::Value::as_integer).unwrap_or_default()
}

/// Returns whether the file's signature is there, by this key, and about this file.
fn signed(
    root: &Root,
    good: &BTreeSet<&str>,
    path: &str,
    key: &str,
    what: &str,
    name: &str,
    file: &[u8],
) -> Result<(), String> {
    let signature = paths::signature(path);
    if !good.contains(signature.as_str()) {
        return Err("it is not signed, or its signature is not as the log says".into());
    }
    let key = Key::parse(key).map_err(|e| e.to_string())?;
    let bytes = root.read(&signature, MAX_FILE).map_err(|e| e.to_string())?;
    let note = Note::parse(&bytes).map_err(|e| format!("its signature is no signed note: {e}"))?;
    if note.signed_by(&key) != Signed::Yes {
        return Err(format!("its signature is not one by {}", key.name));
    }
    if states(&note.text, what, name, file) { Ok(()) } else { Err("its signature is of another file".into()) }
}

fn organisation(root: &Root, good: &BTreeSet<&str>, path: &str) -> Result<Organisation, String> {
    let (file, table) = read(root, path)?;
    let version = number(&table, "version");
    if u32::try_from(version).map(paths::organisation).ok().as_deref() != Some(path) {
        return Err("it says that it is another version".into());
    }
    let administrator_key = text(&table, "administrator_key").to_owned();
    signed(root, good, path, &administrator_key, "organisation", &version.to_string(), &file)?;
    let people = table.get("people").and_then(toml::Value::as_array);
    let people = people.into_iter().flatten().filter_map(|p| p.as_table().cloned()).collect();
    Ok(Organisation { name: text(&table, "name").to_owned(), administrator_key, people })
}

fn authority(root: &Root, good: &BTreeSet<&str>, path: &str, organisations: &[Organisation]) -> Result<String, String> {
    let (file, table) = read(root, path)?;
    let (id, version, kind) = (text(&table, "id"), number(&table, "version"), text(&table, "kind"));
    if u32::try_from(version).map(|v| paths::authority(id, v)).ok().as_deref() != Some(path) {
        return Err("it says that it is another authority or version".into());
    }
    let title = format!("{id} version {version} ({kind})");
    if kind == OWN {
        return Ok(format!("{title}, the holder's own word; no legal basis recorded"));
    }
    let (applicant, authoriser) = (text(&table, "people.applicant"), text(&table, "people.authoriser"));
    if authoriser.is_empty() || applicant == authoriser {
        return Err("it is not authorised by somebody other than its applicant".into());
    }
    let key = text(&table, "people.authoriser_key");
    signed(root, good, path, key, "authority", &format!("{id} {version}"), &file)?;
    if organisations.is_empty() {
        return Ok(format!(
            "{title}, signed by {authoriser}; self-enrolled, for no organisation.toml says whose signature counts"
        ));
    }
    let list = |person: &toml::Table, key: &str, word: &str| {
        let words = person.get(key).and_then(toml::Value::as_array);
        words.is_some_and(|w| w.iter().any(|w| w.as_str() == Some(word)))
    };
    let pinned = organisations.iter().rev().find(|o| {
        o.people.iter().any(|p| {
            text(p, "name") == authoriser
                && text(p, "key") == key
                && list(p, "roles", "authoriser")
                && list(p, "may_authorise", kind)
        })
    });
    let Some(pinned) = pinned else {
        return Err(format!("no organisation.toml of the case lets {authoriser} authorise this kind with this key"));
    };
    Ok(format!(
        "{title}, signed by {authoriser}, pinned by organisation.toml of {} (key {})",
        pinned.name,
        fingerprint_of_key(&pinned.administrator_key)
    ))
}
