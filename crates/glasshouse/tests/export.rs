//! What is given away: whole, proven, in the log, and nothing beyond what the person may see.

mod support;

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::office::Office;
use support::{account, glasshouse, open, run};

const TERM: &str = "heliotrope";

fn takeout() -> Vec<PathBuf> {
    account().paths().into_iter().filter(|p| p.extension().is_some_and(|e| e == "zip")).collect()
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).expect("there");
    text.lines().map(|l| serde_json::from_str(l).expect("a JSON line")).collect()
}

/// Returns the exit codes of both verifiers, and class and path of what each finds.
fn both(given: &Path, more: &[&str]) -> [(Option<i32>, BTreeSet<String>); 2] {
    let mut ours = glasshouse(["verify"]);
    ours.args(more).arg(given);
    let mut theirs = Command::new("python3");
    theirs.arg("-B").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/independent/verify.py"));
    theirs.args(more).arg(given);
    [ours, theirs].map(|mut command| {
        let output = command.output().expect("it runs");
        assert!(!String::from_utf8_lossy(&output.stderr).contains("Traceback"), "{output:?}");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let found = text.lines().filter(|line| !line.starts_with("proven")).filter_map(|line| {
            let parts: Vec<&str> = line.split(": ").collect();
            let what = if parts[0] == "note" { 3 } else { 2 };
            (parts.len() > what).then(|| parts[..what].join(": "))
        });
        (output.status.code(), found.collect())
    })
}

const TO: [&str; 4] = ["--recipient", "the defence", "--purpose", "disclosure before trial"];

#[test]
fn an_export_proves_and_says_who_got_it_and_what_for() {
    let office = Office::new();
    let file = office.limited(1, &[("parties", "[]"), ("terms", "[\"heliotrope\"]")]);
    let case = office.taken("case", &file, &takeout());
    let to = office.path("given");
    let export = |to: &str, query: &str, more: &[&str]| -> Vec<String> {
        let all = [&["export", "--enquiry", "1", "--to", to, &case, query], more].concat();
        all.into_iter().map(str::to_owned).collect()
    };
    let refused = |person: &str, all: &[String], words: &str| {
        office.refused(person, &all.iter().map(String::as_str).collect::<Vec<_>>(), words);
    };
    refused("d.hart", &export(&to, "family:mail", &TO), "export.make");
    refused("p.quill", &export(&to, "family:mail", &TO[2..]), "--recipient");
    refused("p.quill", &export(&to, "family:mail", &TO[..2]), "--purpose");
    refused("p.quill", &export(&to, "zyzzyvazyzzyva", &TO), "finds nothing");
    assert!(!Path::new(&to).exists());

    let count = |family: &str| office.one(&case, &format!("SELECT count(*) FROM records WHERE family = '{family}'"));
    let query = "family:mail";
    let all = export(&to, query, &TO);
    office.good(&[], "p.quill", &all.iter().map(String::as_str).collect::<Vec<_>>());
    // What somebody outside keeps of the case as it stood then.
    let kept = office.path("kept");
    std::fs::copy(Path::new(&case).join("log/checkpoint"), &kept).expect("copied");
    let given = Path::new(&to);
    let records = lines(&given.join("records.ndjson"));
    assert_eq!(records.len() as u64, count("mail"));
    let csv = std::fs::read_to_string(given.join("records.csv")).expect("there");
    assert!(csv.starts_with("id,time,"));
    for record in records.iter().step_by(records.len().div_ceil(5)) {
        let id = record["id"].as_str().expect("an id");
        let shown = office.good(&[], "d.hart", &["show", "--bytes", "--enquiry", "1", &case, id]);
        let bytes = std::fs::read(given.join(record["bytes"].as_str().expect("a path"))).expect("there");
        assert_eq!(String::from_utf8_lossy(&bytes), shown);
        assert!(record["tier"].is_string() && record["bytes_sha256"].is_string());
    }
    let everything = support::dump::Dump::of(given);
    assert!(!everything.has_word(TERM), "{:?}", everything.find(TERM.as_bytes()));
    let page = std::fs::read_to_string(given.join("index.html")).expect("there");
    assert!(
        page.contains("the defence") && page.contains("op-rowan-1 version 1") && page.contains("default-src 'none'")
    );

    // The log had it before, and both programs prove the folder.
    let log = office.good(&[], "t.vale", &["events", "--kind", "disclosure", "--json", &case]);
    let event: Value = serde_json::from_str(log.lines().last().expect("an event")).expect("JSON");
    let list = std::fs::read(given.join("export.json")).expect("there");
    let list: Value = serde_json::from_slice(&list).expect("JSON");
    assert_eq!(list["recipient"], "the defence");
    assert_eq!((&event["action"], &event["who"]), (&"case.exported".into(), &"p.quill".into()));
    assert_eq!(event["detail"]["count"].as_u64(), Some(records.len() as u64));
    let said = run(glasshouse(["verify", &to]), 0);
    assert!(said.contains("proven") && said.contains("unanchored"), "{said}");
    let said = run(glasshouse(["verify", "--against", &kept, &to]), 0);
    assert!(said.contains("anchored by") && !said.contains("unanchored"), "{said}");

    // Whatever is changed shows.
    let damage = |name: &str, change: &dyn Fn(&Path), word: &str| {
        let copy = office.path(name);
        let done = std::process::Command::new("cp").args(["-a", &to, &copy]).status().expect("cp runs");
        assert!(done.success());
        change(Path::new(&copy));
        let said = run(glasshouse(["verify", &copy]), 1);
        assert!(said.contains(word), "{name}: {said}");
    };
    let bytes = records[0]["bytes"].as_str().expect("a path").to_owned();
    damage("altered", &|c| std::fs::write(c.join(&bytes), "other").expect("written"), "altered: bytes/");
    damage("missing", &|c| std::fs::remove_file(c.join(&bytes)).expect("removed"), "missing: bytes/");
    damage("more", &|c| std::fs::write(c.join("note.txt"), "x").expect("written"), "unmentioned: note.txt");
    let longer = |c: &Path| {
        let list = std::fs::read_to_string(c.join("export.json")).expect("there");
        std::fs::write(c.join("export.json"), list.replace("the defence", "the prosecution")).expect("written");
    };
    damage("list", &longer, "altered: export.json");
    damage("checkpoint", &|c| std::fs::write(c.join("checkpoint"), "x").expect("written"), "altered: checkpoint");

    // Both verifiers find the same in the same place, whichever file is changed, gone or emptied.
    let [(code, found), theirs] = both(given, &["--against", &kept]);
    assert_eq!((code, &found), (Some(0), &theirs.1), "{theirs:?}");
    assert_eq!(theirs.0, Some(0));
    let copy = PathBuf::from(office.path("tampered"));
    let put_back = |path: &str| std::fs::copy(given.join(path), copy.join(path)).expect("copied");
    assert!(Command::new("cp").args(["-a", &to]).arg(&copy).status().expect("cp runs").success());
    let agree = |what: &str, expected: Option<&str>| {
        let [(code, found), (their_code, their_found)] = both(&copy, &[]);
        assert_eq!((code, &found), (their_code, &their_found), "{what}");
        match expected {
            Some(expected) => {
                assert_eq!(code, Some(1), "{what}");
                assert!(found.contains(expected), "{what}: {found:?}");
            }
            None => assert_eq!(code, Some(2), "{what}: without the list and the log nothing can be said"),
        }
    };
    let listed: Vec<String> = list["files"].as_array().expect("a list").iter().map(|f| f["path"].to_string()).collect();
    let listed: Vec<&str> = listed.iter().map(|path| path.trim_matches('"')).collect();
    let (some, rest): (Vec<&str>, Vec<&str>) = listed.iter().copied().partition(|path| !path.starts_with("bytes/"));
    assert!(some.contains(&"records.ndjson") && some.contains(&"index.html") && rest.len() > 5);
    for path in some.into_iter().chain(rest.into_iter().take(2)).chain(["checkpoint", "export.json", "log.json"]) {
        let whole = std::fs::read(given.join(path)).expect("there");
        let outside = path.ends_with(".json");
        for (at, what) in [(0, "first"), (whole.len() / 2, "middle")] {
            let mut changed = whole.clone();
            match changed.get_mut(at) {
                Some(byte) => *byte ^= 1,
                None => changed.push(b'x'),
            }
            std::fs::write(copy.join(path), &changed).expect("written");
            if !outside {
                agree(&format!("{path}: {what} byte"), Some(&format!("altered: {path}")));
            } else {
                let [ours, theirs] = both(&copy, &[]);
                assert!(ours.0 != Some(0) && ours == theirs, "{path}: {what} byte: {ours:?} {theirs:?}");
            }
        }
        std::fs::write(copy.join(path), if whole.is_empty() { "\n" } else { "" }).expect("written");
        agree(&format!("{path} emptied"), (!outside).then_some(format!("altered: {path}")).as_deref());
        std::fs::remove_file(copy.join(path)).expect("removed");
        if path != "export.json" {
            agree(&format!("{path} gone"), (!outside).then_some(format!("missing: {path}")).as_deref());
        }
        put_back(path);
    }
    // What the log says of it is changed with care.
    let log: Value = serde_json::from_slice(&std::fs::read(given.join("log.json")).expect("there")).expect("JSON");
    let events = log["events"].as_array().expect("events").clone();
    let given_away = events.len() - 1;
    let seq = events[given_away]["seq"].to_string();
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut log = log.clone();
        change(&mut log);
        std::fs::write(copy.join("log.json"), log.to_string()).expect("written");
    };
    let in_text = |value: &mut Value, from: &str, to: &str| {
        let text = value.as_str().expect("a text").replacen(from, to, 1);
        assert_ne!(Some(text.as_str()), value.as_str(), "{from} is there");
        *value = text.into();
    };
    changed(&|log| log["events"] = events[..given_away].into());
    agree("the event of the export is gone", Some("altered: export.json"));
    changed(&|log| in_text(&mut log["events"][given_away]["payload"], "p.quill", "d.hart"));
    agree("who gave it", Some(&format!("altered: event {seq}")));
    changed(&|log| in_text(&mut log["events"][given_away]["leaf"], "case.exported", "record.shown"));
    agree("what was done", Some(&format!("altered: event {seq}")));
    changed(&|log| in_text(&mut log["events"][given_away]["sealed"]["recipient"]["text"], "defence", "press"));
    agree("who got it", Some(&format!("altered: event {seq}")));
    changed(&|log| log["events"][given_away]["path"][0] = "0".repeat(64).into());
    agree("the way to the root", Some(&format!("altered: event {seq}")));
    changed(&|log| log["events"][0]["seq"] = 1.into());
    agree("a place in the log", Some("altered: event 1"));
    changed(&|log| in_text(&mut log["checkpoint"], "\n", "x\n"));
    agree("the head", Some("altered: checkpoint"));
    put_back("log.json");
    // A whole log of somebody else, with another key, vouches for nothing here.
    assert_eq!(both(&copy, &[])[1].0, Some(0), "all was put back");

    // The folder is not written over.
    refused("p.quill", &export(&to, query, &TO), "is there already");
}

#[test]
fn a_personal_export_says_that_no_legal_basis_is_recorded() {
    let folder = tempfile::tempdir().expect("a folder");
    let (case, to) = (folder.path().join("own"), folder.path().join("given"));
    run(open(&case, &[account().folder.join("loose")], &[]), 0);
    let mut command = glasshouse(["export"]);
    command.arg(&case).arg("--to").arg(&to);
    let said = run(command, 0);
    assert!(said.contains("No legal basis recorded"), "{said}");
    let page = std::fs::read_to_string(to.join("index.html")).expect("there");
    assert!(page.contains("No legal basis recorded"));
    let records = lines(&to.join("records.ndjson"));
    let attached = records.iter().flat_map(|r| r["attachments"].as_array().cloned().unwrap_or_default());
    let files: Vec<String> = attached.filter_map(|a| a["bytes"].as_str().map(str::to_owned)).collect();
    assert!(files.iter().all(|f| to.join(f).exists()));
    let mut verify = glasshouse(["verify"]);
    verify.arg(&to);
    let said = run(verify, 0);
    assert!(said.contains("says nothing of exports"), "{said}");

    // What lies elsewhere and can change is not given away.
    let zip = takeout().remove(0);
    let external = folder.path().join("external");
    run(open(&external, &[zip], &["--in-place"]), 0);
    let mut command = glasshouse(["export"]);
    command.arg(&external).arg("--to").arg(folder.path().join("never"));
    assert!(run(command, 2).contains("left in their places"));
}
