//! The examples in `docs/authorities` hold, and each field that their kind needs is missed when it is gone.

use glasshouse_engine::authority::fields::{FIELDS, Field, Needed};
use glasshouse_engine::authority::{self, Fault, Kind};
use std::path::PathBuf;

fn examples() -> Vec<(String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/authorities");
    let mut examples: Vec<(String, String)> = std::fs::read_dir(folder)
        .expect("docs/authorities")
        .map(|e| e.expect("an entry").path())
        .filter(|p| p.extension().is_some_and(|e| e == "toml"))
        .map(|p| {
            let name = p.file_stem().expect("a name").to_string_lossy().into_owned();
            (name, std::fs::read_to_string(&p).expect("readable"))
        })
        .collect();
    examples.sort();
    examples
}

fn example(kind: &str) -> String {
    examples().into_iter().find(|(name, _)| name == kind).expect("an example").1
}

fn faults(text: &str) -> Vec<Fault> {
    authority::check(text).err().unwrap_or_default()
}

#[test]
fn there_is_an_example_of_each_kind_and_each_holds() {
    let names: Vec<String> = examples().into_iter().map(|(name, _)| name).collect();
    let mut kinds: Vec<String> = Kind::NAMES.iter().map(|k| (*k).to_owned()).collect();
    kinds.sort();
    assert_eq!(names, kinds);
    for (name, text) in examples() {
        let authority = authority::check(&text).unwrap_or_else(|f| panic!("{name}:\n{}", authority::lines(&f)));
        assert_eq!(authority.kind.as_str(), name);
        assert!(!authority.limits_in_words().is_empty());
        let services = authority.limits.map_or_else(Vec::new, |limits| limits.services);
        assert_eq!(authority::strangers(&services), None, "{name}: what it covers is read");
    }
}

/// Takes a path out of a document.
fn without(text: &str, path: &str) -> String {
    let mut document: toml::Table = text.parse().expect("TOML");
    let mut names: Vec<&str> = path.split('.').collect();
    let key = names.pop().expect("a key");
    let mut table = &mut document;
    for name in names {
        table = table.get_mut(name).and_then(toml::Value::as_table_mut).expect("a table");
    }
    assert!(table.remove(key).is_some(), "{path} is there to be removed");
    toml::to_string(&document).expect("TOML")
}

fn needed(text: &str, kind: Kind) -> Vec<&'static Field> {
    let document = toml::Value::Table(text.parse().expect("TOML"));
    let value = |path: &str| {
        let mut value = &document;
        for name in path.split('.') {
            value = value.get(name)?;
        }
        Some(match value {
            toml::Value::String(text) => text.clone(),
            toml::Value::Array(items) if items.is_empty() => return None,
            toml::Value::Array(_) | toml::Value::Table(_) => "+".to_owned(),
            other => other.to_string(),
        })
    };
    FIELDS.iter().filter(|f| f.is_needed(kind, &value)).collect()
}

#[test]
fn each_needed_field_that_is_missing_is_named_with_its_rule() {
    let mut seen = 0;
    let mut paths = std::collections::BTreeSet::new();
    for (name, text) in examples() {
        let kind: Kind = name.parse().expect("a kind");
        for field in needed(&text, kind) {
            let faults = faults(&without(&text, field.path));
            let fault = faults.iter().find(|f| f.path == field.path && f.message.contains("is missing"));
            let fault = fault.unwrap_or_else(|| panic!("{name} without {}: {faults:?}", field.path));
            assert!(!field.rule.is_empty() && fault.message.contains(field.rule), "{name} {fault}");
            assert!(fault.message.contains("write: ") && fault.line > 0, "{name} {fault}");
            paths.insert(field.path);
            seen += 1;
        }
    }
    assert!(seen > 400, "{seen} fields were taken away");
    // Those that no example needs have a test of their own, below.
    for field in FIELDS.iter().filter(|f| !matches!(f.needed, Needed::Never)) {
        let apart =
            ["agreement.child_views", "agreement.oral_reason", "agreement.parent_informed"].contains(&field.path);
        assert!(apart || paths.contains(field.path), "no example needs {}", field.path);
    }
}

#[track_caller]
fn refused(text: &str, line: Option<usize>, words: &str) {
    let faults = faults(text);
    let found = faults.iter().find(|f| f.message.contains(words));
    let found = found.unwrap_or_else(|| panic!("{words}: {}", authority::lines(&faults)));
    if let Some(line) = line {
        assert_eq!(found.line, line, "{found}");
    }
}

#[test]
fn what_is_written_wrongly_is_said_with_its_line() {
    let good = example("warrant");
    let line = |needle: &str| 1 + good.lines().position(|l| l.starts_with(needle)).expect(needle);
    let with = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        good.replace(from, to)
    };
    for (from, to, at, words) in [
        ("purpose = \"crime\"", "purpose = \"curiosity\"", "purpose", "is not one of crime"),
        ("version = 1", "version = 0", "version", "whole number"),
        ("version = 1", "version = \"1\"", "version", "whole number"),
        ("given = 2024-05-03", "given = \"yesterday\"", "given", "neither a date"),
        ("given = 2024-05-03", "given = 2024-05-03T10:00:00", "given", "without its offset"),
        ("services = [\"google\"]", "services = []", "services", "is missing"),
        ("services = [\"google\"]", "services = \"google\"", "services", "not a list"),
        ("\"mail\", \"location\"", "\"mails\", \"location\"", "families", "`mails`"),
        ("excess = true", "excess = \"yes\"", "excess", "neither true nor false"),
        ("permitted = []", "permitted = [\"age\"]", "permitted", "never part of Glasshouse"),
        ("permitted = []", "permitted = [\"face_identification\"]", "permitted", "never part of Glasshouse"),
        ("necessity =", "neccessity =", "necessity", "Did you mean `necessity`"),
        ("zone = \"Europe/London\"", "zone = \"Europe/Lndon\"", "zone", "no time zone"),
        ("authoriser = \"r.okoro\"", "authoriser = \"d.hart\"", "authoriser", "Nobody approves their own authority"),
        ("account = \"in\"", "accounts = \"in\"", "account = ", "no family of records"),
        ("account = \"in\"", "account = \"yes\"", "account = ", "not one of in"),
        ("until = 2024-08-03", "until = 2023-08-03", "until = 2024-08", "expires before it begins"),
        ("until = 2024-03-31", "until = 2023-03-31", "until = 2024-03", "ends before it begins"),
        ("kind = \"privilege\"", "kind = \"nosiness\"", "[[exclude]]", "needs a kind out of"),
        ("\"legal advice\", \"without prejudice\"", "\"--\"", "[[exclude]]", "without a letter"),
        ("necessity = \"The provider alone holds the records.\"", "necessity = \"  \"", "necessity", "is missing"),
        ("moments = [\"sent\", \"received\", \"observed\"]", "moments = []", "moments", "names no time"),
        // What is wrong in a table of a list is told with the rule, too.
        ("name = \"warrant-W-2024-0555.pdf\"\n", "", "[[documents]]", "A1 legal-basis record (order: copy hash)"),
        ("reason = \"The suspect's solicitors.\"\n", "", "[[exclude]]", "PCSC Act 2022 ss.37(8)-(10)"),
    ] {
        refused(&with(from, to), Some(line(at)), words);
    }
    refused("id = 1\nkind", Some(2), "not TOML");
    refused("", None, "`kind` is missing");
    refused(&"# long\n".repeat(200_000), Some(1), "longer than 1 MiB");
    refused(&with("id = \"op-rowan-1\"", "id = \"self\""), None, "is taken");
}

#[test]
fn the_power_over_devices_is_no_basis_for_cloud_data() {
    let text = example("warrant")
        .replace("Police and Criminal Evidence Act 1984", "Police, Crime, Sentencing and Courts Act 2022")
        .replace("section = \"Schedule 1\"", "section = \"37\"");
    let faults = faults(&text);
    assert_eq!(faults.len(), 1, "{}", authority::lines(&faults));
    assert!(faults[0].message.contains("stored on an electronic device") && faults[0].path == "basis.statute");
}

#[test]
fn a_child_does_not_agree_for_itself() {
    let consent = example("consent");
    let child = consent.replace("capacity = \"adult\"", "capacity = \"child\"");
    refused(&child, None, "PCSC Act 2022 s.38. Name the parent");
    refused(&child, None, "`agreement.child_views` is missing");
    let another = child.replace("agreed_by_role = \"holder\"", "agreed_by_role = \"responsible_person\"");
    refused(&another, None, "`agreement.parent_informed` is missing");
    refused(&consent.replace("mode = \"written\"", "mode = \"oral\""), None, "`agreement.oral_reason` is missing");
    refused(&consent.replace("agrees = true", "agrees = false"), None, "only true will do");
    let late = consent.replace("copy_given = 2026-03-02T10:20:00Z", "copy_given = 2026-03-01T10:20:00Z");
    refused(&late, None, "before the agreement was made");
}

#[test]
fn days_count_whole_in_the_zone_that_is_named() {
    let warrant = authority::check(&example("warrant")).expect("good");
    let window = warrant.limits.expect("limits").window.expect("a window");
    // London is at UTC on 1 January; 31 March 2024 ended an hour early, for summer time had begun.
    assert_eq!(window.span.start, 1_704_067_200_000_000);
    assert_eq!(window.span.end, 1_711_929_600_000_000 - 3_600_000_000);
}

#[test]
fn any_text_is_answered() {
    let good = example("consent");
    // Cut off anywhere, or with any line gone, it is a file with faults or a good one, never a failure.
    for at in (0..good.len()).step_by(7).filter(|at| good.is_char_boundary(*at)) {
        let _ = authority::check(&good[..at]);
    }
    let lines: Vec<&str> = good.lines().collect();
    for gone in 0..lines.len() {
        let text: Vec<&str> = lines.iter().enumerate().filter(|(i, _)| *i != gone).map(|(_, l)| *l).collect();
        let _ = authority::check(&text.join("\n"));
    }
    for text in
        ["kind = 1", "kind = \"warrant\"\nbasis = 3\nscope = []", "exclude = {}", "documents = [1, 2]", "[kind]\na = 1"]
    {
        assert!(!faults(text).is_empty(), "{text}");
    }
    let deep = format!("kind = {}1{}", "[".repeat(5000), "]".repeat(5000));
    assert!(!faults(&deep).is_empty());
}

/// Answers what is asked as an example would.
struct Example {
    example: toml::Value,
    document: PathBuf,
    /// The field that is asked for now, and how many prompts it had.
    field: (String, usize),
    drafts: Vec<String>,
}

impl authority::Asked for Example {
    fn tell(&mut self, text: &str) {
        let line = text.trim_start();
        if let Some((path, _)) = line.split_once(": ").filter(|(path, _)| FIELDS.iter().any(|f| f.path == *path)) {
            self.field = (path.to_owned(), 0);
        }
    }

    fn answer(&mut self, prompt: &str) -> Result<Option<String>, glasshouse_engine::EngineError> {
        let (path, prompts) = (self.field.0.clone(), self.field.1);
        self.field.1 += 1;
        assert!(prompts < 9, "{path} is asked for again and again: {prompt}");
        let value = path.split('.').try_fold(&self.example, |value, name| value.get(name));
        let said = |value: &toml::Value| match value {
            toml::Value::String(text) => text.clone(),
            toml::Value::Boolean(true) => "yes".to_owned(),
            toml::Value::Boolean(false) => "no".to_owned(),
            toml::Value::Array(items) => {
                let items: Vec<&str> = items.iter().filter_map(toml::Value::as_str).collect();
                items.join(if prompt.contains(';') { "; " } else { ", " })
            }
            other => other.to_string(),
        };
        Ok(Some(match (path.as_str(), value) {
            ("documents", _) => self.document.to_string_lossy().into_owned(),
            ("scope.window.from", None) => "none".to_owned(),
            ("exclude", Some(all)) => {
                let keys = ["kind", "parties", "terms", "reason"];
                let one = all.get(prompts / keys.len());
                let part = one.and_then(|one| one.get(keys[prompts % keys.len()]));
                part.map_or_else(String::new, said)
            }
            (_, Some(value)) => said(value),
            (path, None) => panic!("the example lacks {path}, and it is asked for: {prompt}"),
        }))
    }

    fn key(&self, _: &str) -> Option<String> {
        None
    }

    fn keep(&mut self, draft: &str) -> Result<(), glasshouse_engine::EngineError> {
        self.drafts.push(draft.to_owned());
        Ok(())
    }
}

#[test]
fn every_kind_is_written_by_answering_and_from_each_draft() {
    let document = std::env::temp_dir().join(format!("glasshouse-document-{}", std::process::id()));
    std::fs::write(&document, "the document").expect("written");
    for (name, text) in examples().into_iter().filter(|(name, _)| name != "self") {
        let asked = |begun: Option<&str>| {
            let example = toml::Value::Table(text.parse().expect("TOML"));
            let field = (String::new(), 0);
            let mut input = Example { example, document: document.clone(), field, drafts: Vec::new() };
            let written = authority::complete(begun, &mut input).unwrap_or_else(|e| panic!("{name}: {e}"));
            (written, input.drafts)
        };
        let (written, drafts) = asked(None);
        let (made, model) = (authority::check(&written).expect("whole"), authority::check(&text).expect("whole"));
        assert_eq!((made.kind, &made.id, &made.lines_of_enquiry), (model.kind, &model.id, &model.lines_of_enquiry));
        assert!(drafts.len() > 30, "{name}: {}", drafts.len());
        for draft in drafts.iter().step_by(9) {
            let (again, _) = asked(Some(draft));
            assert_eq!(authority::check(&again).expect("whole"), made, "{name}");
        }
    }
    let _ = std::fs::remove_file(&document);
}
