//! What holds for every provider, checked over the registry and the folders beside it.

mod support;

use glasshouse_providers::providers;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use support::{Outcome, load, parse_all};

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Returns the folder of each provider, written in Rust or as lenses.
fn folders() -> Vec<PathBuf> {
    let below = |folder: PathBuf| {
        fs::read_dir(folder).expect("a folder of providers").map(|entry| entry.expect("a folder entry").path())
    };
    let ours = ["formats", "framing", "lens"];
    let mut folders: Vec<_> = below(source())
        .filter(|path| path.is_dir() && !ours.iter().any(|name| path.ends_with(name)))
        .chain(below(source().with_file_name("lenses")))
        .collect();
    folders.sort();
    folders
}

fn fixtures(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder.join("fixtures")) else { return Vec::new() };
    let mut fixtures: Vec<_> = entries.map(|entry| entry.expect("a folder entry").path()).collect();
    fixtures.sort();
    fixtures
}

#[test]
fn every_folder_is_registered_and_documented() {
    let ids: BTreeSet<_> = providers().iter().map(|p| p.manifest().id).collect();
    assert_eq!(ids.len(), providers().len(), "provider ids are unique");
    let names: BTreeSet<_> =
        folders().iter().map(|f| f.file_name().expect("a name").to_string_lossy().into_owned()).collect();
    assert_eq!(names.iter().map(String::as_str).collect::<BTreeSet<_>>(), ids);
    for folder in folders() {
        let readme = fs::read_to_string(folder.join("README.md")).expect("README.md in each provider's folder");
        for heading in ["## What it reads", "## What it does not cover", "## References"] {
            assert!(readme.contains(heading), "{} lacks `{heading}`", folder.display());
        }
        let fixtures = fixtures(&folder);
        let malformed =
            fixtures.iter().filter(|f| f.file_name().is_some_and(|n| n.to_string_lossy().starts_with("malformed-")));
        assert!(malformed.count() > 0, "{} has no malformed fixture", folder.display());
        assert!(fixtures.len() > 1, "{} has only malformed fixtures", folder.display());
    }
}

#[test]
fn manifests_are_complete() {
    for provider in providers() {
        let manifest = provider.manifest();
        assert!(!manifest.formats.is_empty() && !manifest.title.is_empty(), "{}", manifest.id);
        assert!(!manifest.references.is_empty(), "{} names no source of its facts", manifest.id);
        let ids: BTreeSet<_> = manifest.formats.iter().map(|f| f.id).collect();
        assert_eq!(ids.len(), manifest.formats.len(), "{}: format ids are unique", manifest.id);
        for format in manifest.formats {
            assert!(!format.families.is_empty() && format.version > 0, "{}.{}", manifest.id, format.id);
        }
    }
}

/// Each fixture gives exactly the records, warnings and drift written beside it.
///
/// With `UPDATE_EXPECTED=1` the files are written anew: read the difference before you keep it.
#[test]
fn fixtures_give_what_is_expected() {
    let mut run = 0;
    let mut wrong = Vec::new();
    for fixture in folders().iter().flat_map(|f| fixtures(f)) {
        let files = load(&fixture.join("input"));
        assert!(!files.is_empty(), "{} has no input", fixture.display());
        let outcome = parse_all(&files);
        assert!(outcome.conflicts.is_empty(), "{}: two providers claim {:?}", fixture.display(), outcome.conflicts);
        let found = outcome.to_json();
        let path = fixture.join("expected.json");
        if std::env::var_os("UPDATE_EXPECTED").is_some() {
            fs::write(&path, &found).expect("writing what was found");
        }
        if fs::read_to_string(&path).unwrap_or_default() != found {
            fs::write(fixture.join("expected.json.found"), &found).expect("writing what was found");
            wrong.push(fixture);
        } else {
            let _ = fs::remove_file(fixture.join("expected.json.found"));
        }
        run += 1;
    }
    assert!(wrong.is_empty(), "differ from expected.json (see expected.json.found beside it): {wrong:#?}");
    assert!(run > 0 || providers().is_empty(), "no fixture was run");
}

/// What a manifest claims is seen: each format gives records in some fixture.
#[test]
fn every_format_is_seen() {
    let mut seen = BTreeSet::new();
    for fixture in folders().iter().flat_map(|f| fixtures(f)) {
        let outcome = parse_all(&load(&fixture.join("input")));
        seen.extend(outcome.records.iter().map(|(provider, record)| (*provider, record.format)));
    }
    let all = providers().iter().map(|p| p.manifest()).flat_map(|m| m.formats.iter().map(|f| (m.id, f.id)));
    let unseen: Vec<_> = all.filter(|format| !seen.contains(format)).collect();
    assert!(unseen.is_empty(), "claimed, and in no fixture: {unseen:?}");
}

/// Every locator lies inside its entry, every format is in its manifest, one field has one type in a format.
#[test]
fn records_keep_the_rules() {
    let mut types: BTreeMap<(String, String), (String, String)> = BTreeMap::new();
    for fixture in folders().iter().flat_map(|f| fixtures(f)) {
        let files = load(&fixture.join("input"));
        let Outcome { records, warnings, .. } = parse_all(&files);
        let sizes: BTreeMap<u32, u64> = files.iter().zip(0..).map(|(f, i)| (i, f.bytes.len() as u64)).collect();
        let here = fixture.display();
        for (provider, record) in &records {
            let manifest =
                providers().iter().map(|p| p.manifest()).find(|m| m.id == *provider).expect("a registered provider");
            let format = manifest.formats.iter().find(|f| f.id == record.format);
            let format = format.unwrap_or_else(|| panic!("{here}: {} is not in the manifest", record.format));
            assert!(format.families.contains(&record.family), "{here}: {} as {}", record.format, record.family);
            assert!(!record.refs.is_empty(), "{here}: a record without bytes");
            for at in &record.refs {
                let end = at.locator.start.checked_add(at.locator.length);
                assert!(end.is_some_and(|end| end <= sizes[&at.entry.0]), "{here}: {} beyond its entry", at.locator);
            }
            let names = member_names(&record.fields.to_json());
            let once: BTreeSet<_> = names.iter().collect();
            let malformed = here.to_string().contains("malformed-");
            assert!(malformed || once.len() == names.len(), "{here}: {} has a field twice: {names:?}", record.format);
            let fields: serde_json::Value = serde_json::from_str(&record.fields.to_json()).expect("fields are JSON");
            for (name, value) in fields.as_object().expect("an object") {
                let kind = match value {
                    serde_json::Value::Null => continue,
                    serde_json::Value::Bool(_) => "bool",
                    serde_json::Value::Number(_) => "number",
                    serde_json::Value::String(_) => "text",
                    serde_json::Value::Array(_) => "list",
                    serde_json::Value::Object(_) => "object",
                };
                if malformed {
                    continue;
                }
                let key = (format!("{provider}.{}", record.format), name.clone());
                let first = types.entry(key).or_insert((kind.into(), here.to_string()));
                assert_eq!(first.0, kind, "{here}: {}.{name} was another type in {}", record.format, first.1);
            }
        }
        for warning in &warnings {
            assert!(warning.at.is_some(), "{here}: `{}` names no place", warning.code);
        }
        if here.to_string().contains("malformed-") {
            assert!(!warnings.is_empty(), "{here}: damage went by without a warning");
        }
    }
}

/// Returns the names of an object's members, those that stand twice as well.
fn member_names(json: &str) -> Vec<String> {
    struct Names(Vec<String>);
    impl<'de> serde::de::Visitor<'de> for Names {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: serde::de::MapAccess<'de>>(mut self, mut map: A) -> Result<Vec<String>, A::Error> {
            while let Some((name, _)) = map.next_entry::<String, serde::de::IgnoredAny>()? {
                self.0.push(name);
            }
            Ok(self.0)
        }
    }
    let mut reader = serde_json::Deserializer::from_str(json);
    serde::Deserializer::deserialize_map(&mut reader, Names(Vec::new())).expect("fields are JSON")
}
