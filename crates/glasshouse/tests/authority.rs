//! Cases under an authority: who may make them, read them, look into them, and what the log and the verifier say.

mod support;

use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use support::office::{Office, PASSWORD, Said, warrant};
use support::{account, glasshouse};

fn verified(case: &str) -> Said {
    let output = glasshouse(["verify", case]).output().expect("the program runs");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/independent/verify.py");
    let python = Command::new("python3").arg(script).arg(case).output().expect("python3");
    let code = output.status.code().unwrap_or(-1);
    let theirs = python.status.code().unwrap_or(-1);
    // What only ours looks at is who signed; where files were changed, both say so.
    assert!(code == theirs || code == 1, "{}", String::from_utf8_lossy(&python.stdout));
    Said { code, out: String::from_utf8_lossy(&output.stdout).into_owned(), err: String::new() }
}

fn events(office: &Office, case: &str, more: &[&str]) -> Vec<Value> {
    let said = office.good(more, "t.vale", &["events", case, "--json"]);
    said.lines().map(|l| serde_json::from_str(l).expect("a JSON line")).collect()
}

/// One case that several tests only look at.
fn standing() -> &'static (Office, String) {
    static CASE: OnceLock<(Office, String)> = OnceLock::new();
    CASE.get_or_init(|| {
        let office = Office::new();
        office.sign();
        let case = office.case("case");
        (office, case)
    })
}

#[test]
fn an_authority_is_approved_by_somebody_else_before_anything_is_read() {
    let office = Office::new();
    let (file, case) = (office.warrant().to_string_lossy().into_owned(), office.path("case"));
    assert!(office.good(&[], "", &["authority", "check", &file]).contains("whole"));
    office.refused("d.hart", &["case", "new", &case, "--authority", &file], "is not signed");
    office.refused("d.hart", &["authority", "sign", &file], "does not approve it");
    office.refused("t.vale", &["authority", "sign", &file], "No policy permits");
    let wrong = office.run("r.okoro", "not my password", &["authority", "sign", &file]);
    assert!(wrong.code == 2 && wrong.err.contains("not the password"), "{}", wrong.err);
    office.sign();
    office.refused("", &["case", "new", &case, "--authority", &file], "say who you are with --as");
    office.refused("t.vale", &["case", "new", &case, "--authority", &file], "No policy permits `case.create`");
    // A word that is changed after the signature makes it another file.
    let text = std::fs::read_to_string(&file).expect("readable");
    std::fs::write(&file, text.replace("two sorts of records", "all sorts of records")).expect("written");
    office.refused("d.hart", &["case", "new", &case, "--authority", &file], "changed after r.okoro signed it");
    std::fs::write(&file, text).expect("written");
    let said = office.good(&["--authority", &file], "d.hart", &["case", "new", &case]);
    assert!(said.contains("self-enrolled"), "{said}");
    let verified = verified(&case);
    assert!(verified.code == 0 && verified.out.contains("signed by r.okoro; self-enrolled"), "{}", verified.out);
}

#[test]
fn what_is_looked_at_is_in_the_log_before_it_is_seen() {
    let (office, case) = standing();
    office.refused("d.hart", &["search", case, "pasta"], "Say which line of enquiry");
    office.refused("d.hart", &["search", case, "pasta", "--enquiry", "3"], "is no line of enquiry");
    office.refused("", &["search", case, "pasta"], "say who you are");
    office.refused("t.vale", &["search", case, "pasta", "--enquiry", "1"], "No policy permits `record.search`");
    office.refused("r.okoro", &["show", case, "x", "--enquiry", "1"], "authorised takes no part");
    office.refused("t.vale", &["sql", case, "SELECT 1", "--enquiry", "1"], "No policy permits");

    let said = office.good(&["--enquiry", "2", "--limit", "3", "--json"], "d.hart", &["search", case, "family:mail"]);
    let ids: Vec<String> = said
        .lines()
        .map(|l| serde_json::from_str::<Value>(l).expect("JSON")["id"].as_str().expect("an id").to_owned())
        .collect();
    assert_eq!(ids.len(), 3);
    office.good(&["--enquiry", "who arr"], "d.hart", &["show", case, &ids[0]]);
    office.good(&["--enquiry", "1", "--bytes"], "d.hart", &["show", case, &ids[1]]);
    office.good(
        &["--enquiry", "1"],
        "d.hart",
        &["sql", case, "SELECT count(*) FROM records WHERE text = 'secret words'"],
    );
    office.good(&["--enquiry", "1"], "d.hart", &["warnings", case]);

    let all = events(office, case, &["--person", "d.hart"]);
    let of = |action: &str| all.iter().filter(|e| e["action"] == action).last().cloned().expect(action);
    // Another test searches the same case.
    let ours = |e: &&Value| e["action"] == "search.run" && e["content"]["query"] == "family:mail";
    let search = all.iter().find(ours).cloned().expect("the search");
    for (key, expected) in [
        ("kind", "consultation"),
        ("who", "d.hart"),
        ("role", "examiner"),
        ("authority", "op-rowan-1"),
        ("enquiry", "who arranged the delivery"),
    ] {
        assert_eq!(search[key], expected, "{search}");
    }
    assert_eq!(search["policies"], serde_json::json!(["examiner-works"]));
    assert!(search["where"].is_string() && search["tool"].as_str().is_some_and(|t| t.starts_with("glasshouse ")));
    let seen = all.iter().find(|e| e["action"] == "records.seen" && e["detail"]["of"] == search["seq"]).expect("seen");
    assert_eq!(seen["detail"]["objects"], serde_json::json!(ids));
    assert!(seen["seq"].as_u64() > search["seq"].as_u64());
    assert_eq!(of("record.shown")["detail"]["objects"], serde_json::json!([ids[0]]));
    assert_eq!(of("bytes.shown")["detail"]["objects"], serde_json::json!([ids[1]]));
    assert!(of("sql.run")["content"]["query"].as_str().is_some_and(|q| q.contains("secret words")));
    assert_eq!(of("list.shown")["detail"]["objects"], serde_json::json!(["warnings"]));

    // Filters.
    let count = |more: &[&str]| events(office, case, more).len();
    assert!(events(office, case, &["--object", &ids[0]]).iter().all(|e| e.to_string().contains(&ids[0])));
    assert_eq!(count(&["--object", &ids[1], "--action", "bytes.shown"]), 1);
    assert_eq!(count(&["--kind", "erasure"]), 0);
    assert_eq!(count(&["--until", "2020"]), 0);
    assert!(count(&["--action", "access.denied"]) >= 3, "what was refused is there, too");
    assert!(events(office, case, &["--person", "t.vale", "--kind", "consultation"]).len() > 1, "auditors are logged");
    let subject = account_correspondent(office, case);
    let about = events(office, case, &["--subject", &subject]);
    assert!(
        !about.is_empty() && about.iter().all(|e| e["detail"]["objects"].as_array().is_some_and(|o| !o.is_empty()))
    );

    // No leaf and no payload holds the words of a query.
    for folder in ["log/payload", "log/tile"] {
        assert!(!holds(&Path::new(case).join(folder), b"secret words"), "{folder}");
    }
    assert!(holds(&Path::new(case).join("log/sealed"), b"secret words"));
    let said = verified(case);
    assert_eq!(said.code, 0, "{}", said.out);
}

/// Returns an address that a record, which somebody looked at, names.
fn account_correspondent(office: &Office, case: &str) -> String {
    let shown = events(office, case, &["--action", "record.shown"]);
    let id = shown.last().expect("an event")["detail"]["objects"][0].as_str().expect("an id").to_owned();
    let statement =
        format!("SELECT identifier FROM parties WHERE record_id = '{id}' AND identifier IS NOT NULL LIMIT 1");
    let said = office.good(&["--enquiry", "1", "--format", "json"], "d.hart", &["sql", case, &statement]);
    let row: Value = serde_json::from_str(said.lines().next().expect("a party")).expect("JSON");
    row["identifier"].as_str().expect("an address").to_owned()
}

fn holds(folder: &Path, needle: &[u8]) -> bool {
    std::fs::read_dir(folder).expect("a folder").any(|entry| {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            return holds(&path, needle);
        }
        std::fs::read(&path).expect("readable").windows(needle.len()).any(|w| w == needle)
    })
}

#[test]
fn an_extract_proves_what_it_holds_and_nothing_more() {
    let (office, case) = standing();
    // That nothing was found is as much of a search as any.
    office.run("d.hart", PASSWORD, &["search", case, "saffron", "--enquiry", "1"]);
    let out = office.path("extract.json");
    office.refused("t.vale", &["log", "extract", case, "--out", &out], "names its recipient");
    office.refused("d.hart", &["log", "extract", case, "--out", &out, "--recipient", "me"], "No policy permits");
    let extract = |name: &str, more: &[&str]| {
        let out = office.path(name);
        office.good(more, "t.vale", &["log", "extract", case, "--out", &out, "--recipient", "The ICO"]);
        let said = verified_extract(&out);
        (std::fs::read_to_string(&out).expect("readable"), said, out)
    };
    let (whole, said, _) = extract("whole.json", &[]);
    assert!(said.code == 0 && whole.contains("saffron") && whole.contains("The ICO"), "{}", said.out);
    let (redacted, said, path) = extract("redacted.json", &["--redact", "--kind", "consultation"]);
    assert!(said.code == 0 && said.out.contains("redacted or erased"), "{}", said.out);
    assert!(redacted.contains("d.hart") && !redacted.contains("saffron") && !redacted.contains("The ICO"));
    let (bare, said, _) = extract("bare.json", &["--redact", "payloads"]);
    assert!(said.code == 0 && !bare.contains("d.hart") && bare.contains("search.run"), "{}", said.out);
    // Any change shows.
    for (from, to) in [("d.hart", "x.hart"), ("search.run", "search.ran"), ("\\\"seq\\\":5", "\\\"seq\\\":6")] {
        assert!(redacted.contains(from), "{from}");
        std::fs::write(&path, redacted.replacen(from, to, 1)).expect("written");
        let said = verified_extract(&path);
        assert_eq!(said.code, 1, "{from}: {}", said.out);
    }
    std::fs::write(&path, "{}").expect("written");
    assert_eq!(verified_extract(&path).code, 2);
}

fn verified_extract(path: &str) -> Said {
    let output = glasshouse(["verify", path]).output().expect("the program runs");
    let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
    Said { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
}

#[test]
fn whatever_is_taken_from_an_authority_shows_and_stops_the_reading() {
    let office = Office::new();
    let draft = office.good(&["--name", "Northtown"], "a.mensah", &["organisation", "new"]);
    let file = office.path("organisation.toml");
    std::fs::write(&file, draft).expect("written");
    office.good(&["--from", &file], "a.mensah", &["organisation", "new"]);
    assert!(office.good(&[], "", &["organisation", "check"]).contains("policies whole"));
    let own = office.run("", "", &["case", "new", &office.path("own"), "--yes"]);
    assert!(own.code == 2 && own.err.contains("no personal cases"), "{}", own.err);
    office.sign();
    let case = office.case("case");
    let said = verified(&case);
    assert!(said.code == 0 && said.out.contains("pinned by organisation.toml of Northtown"), "{}", said.out);
    let bundles = Path::new(&case).join("log/tile/entries/000.p").read_dir().expect("a folder");
    let widest = bundles.filter_map(|e| e.ok()?.file_name().to_str()?.parse::<u32>().ok()).max().expect("a bundle");
    for name in [
        "authorities/op-rowan-1-1.toml",
        "authorities/op-rowan-1-1.toml.sig",
        "authorities/organisation-1.toml",
        "authorities/organisation-1.toml.sig",
        "log/payload/0/001",
        &format!("log/tile/entries/000.p/{widest}"),
    ] {
        let path = Path::new(&case).join(name);
        let good = std::fs::read(&path).unwrap_or_else(|e| panic!("{name}: {e}"));
        let mut changed = good.clone();
        let at = changed.len() / 2;
        changed[at] ^= 1;
        for damaged in [Some(changed), None] {
            match &damaged {
                Some(bytes) => std::fs::write(&path, bytes).expect("written"),
                None => std::fs::remove_file(&path).expect("removed"),
            }
            assert_eq!(verified(&case).code, 1, "{name} {}", damaged.is_some());
            for args in [&["process", case.as_str(), "--quiet"][..], &["search", &case, "a", "--enquiry", "1"]] {
                let said = office.run("d.hart", PASSWORD, args);
                assert_eq!(said.code, 2, "{name} {args:?}: {}{}", said.out, said.err);
            }
            std::fs::write(&path, &good).expect("written");
        }
    }
    assert_eq!(verified(&case).code, 0);
    // An authority that is only put there, with a good signature, is none.
    let second = office.folder.join("second.toml");
    let text = warrant(&office.key("r.okoro"), 1, "2044-08-03").replace("op-rowan-1", "op-rowan-9");
    std::fs::write(&second, text).expect("written");
    office.good(&[], "r.okoro", &["authority", "sign", &second.to_string_lossy()]);
    for (from, to) in [("second.toml", "op-rowan-9-1.toml"), ("second.toml.sig", "op-rowan-9-1.toml.sig")] {
        std::fs::copy(office.folder.join(from), Path::new(&case).join("authorities").join(to)).expect("copied");
    }
    assert_eq!(verified(&case).code, 1);
    office.refused("d.hart", &["process", &case, "--quiet", "--under", "op-rowan-9"], "no event of the log");
}

#[test]
fn an_authority_is_amended_ends_and_ends_everything() {
    let office = Office::new();
    office.sign();
    let case = office.case("case");
    let file = office.folder.join("amended.toml").to_string_lossy().into_owned();
    let key = office.key("r.okoro");
    std::fs::write(&file, warrant(&key, 3, "2044-09-03")).expect("written");
    office.good(&[], "r.okoro", &["authority", "sign", &file]);
    office.refused("d.hart", &["authority", "amend", &case, &file], "is version 2");
    std::fs::write(&file, warrant(&key, 2, "2044-09-03")).expect("written");
    office.refused("d.hart", &["authority", "amend", &case, &file], "changed after");
    office.good(&[], "r.okoro", &["authority", "sign", &file]);
    office.refused("d.hart", &["authority", "add", &case, &file], "Amend it");
    office.refused("t.vale", &["authority", "amend", &case, &file], "No policy permits");
    office.good(&[], "d.hart", &["authority", "amend", &case, &file]);
    assert!(office.good(&[], "d.hart", &["authority", "list", &case]).contains("version 2  warrant  in force"));
    let shown = office.good(&[], "t.vale", &["authority", "show", &case]);
    assert!(shown.contains("necessity: The provider alone"), "{shown}");
    for words in
        ["documents 1: ", "name warrant-W-2024-0555.pdf", "exclude 1: ", "terms legal advice, without prejudice"]
    {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert_eq!(verified(&case).code, 0);

    office.refused("p.quill", &["authority", "withdraw", &case, "op-rowan-1", "--reason", "x"], "No policy permits");
    office.refused("d.hart", &["authority", "withdraw", &case, "op-rowan-1", "--reason", " "], "Say why");
    office.good(&["--quashed"], "d.hart", &["authority", "withdraw", &case, "op-rowan-1", "--reason", "Quashed today"]);
    for args in [&["process", case.as_str(), "--quiet"][..], &["add", &case, &file, "--quiet"]] {
        office.refused("d.hart", args, "only while an authority is in force");
    }
    for args in [&["search", case.as_str(), "a", "--enquiry", "1"][..], &["sql", &case, "SELECT 1", "--enquiry", "1"]] {
        office.refused("d.hart", args, "restricted");
    }
    // For proceedings, and the log of it stays open to those who oversee.
    let said = office.run("p.quill", PASSWORD, &["search", &case, "--count", "family:mail", "--enquiry", "1"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(events(&office, &case, &["--action", "authority.withdrawn"]).len() == 1);
    let said = verified(&case);
    assert!(said.code == 0 && said.out.contains("op-rowan-1 quashed"), "{}", said.out);
}

#[test]
fn an_expired_authority_reads_nothing() {
    let office = Office::new();
    std::fs::write(office.warrant(), warrant(&office.key("r.okoro"), 1, "2024-08-03")).expect("written");
    office.sign();
    let case = office.path("case");
    let warrant = office.warrant().to_string_lossy().into_owned();
    office.good(&["--authority", &warrant], "d.hart", &["case", "new", &case]);
    let loose = account().folder.join("loose").to_string_lossy().into_owned();
    office.refused("d.hart", &["add", &case, &loose, "--quiet"], "only while an authority is in force");
    assert!(office.good(&[], "d.hart", &["authority", "list", &case]).contains("expired"));
    let held = Path::new(&case).join("evidence").read_dir().expect("a folder");
    assert!(held.map(|e| e.expect("an entry").file_name()).eq(["key-1.age"]), "a key and no evidence");
}

#[test]
fn a_personal_case_stays_one_and_keeps_no_trail() {
    let office = Office::new();
    office.sign();
    let (case, warrant) = (office.path("own"), office.warrant().to_string_lossy().into_owned());
    let loose = account().folder.join("loose").to_string_lossy().into_owned();
    office.good(&["--yes", "--no-serve", "--quiet", "--case", &case], "", &["open", &loose]);
    let before = std::fs::read(Path::new(&case).join("log/checkpoint")).expect("a checkpoint");
    office.good(&["--count"], "", &["search", &case, "family:mail"]);
    office.good(&[], "", &["sql", &case, "SELECT id, kind, state FROM authorities"]);
    office.good(&[], "", &["events", &case]);
    assert_eq!(std::fs::read(Path::new(&case).join("log/checkpoint")).expect("a checkpoint"), before);
    office.refused("d.hart", &["authority", "add", &case, &warrant], "No policy permits `authority.add`");
    office.refused("d.hart", &["authority", "withdraw", &case, "self", "--reason", "x"], "No policy permits");
    let out = office.path("own.json");
    office.good(&["--out", &out], "", &["log", "extract", &case]);
    assert_eq!(verified_extract(&out).code, 0);
}

#[test]
fn an_authority_is_written_by_answering() {
    let office = Office::new();
    let (from, to) = (office.path("begun.toml"), office.path("new.toml"));
    let text = warrant(&office.key("r.okoro"), 1, "2044-08-03");
    let begun: Vec<&str> = text.lines().filter(|l| !l.starts_with("necessity") && !l.starts_with("purpose")).collect();
    std::fs::write(&from, begun.join("\n")).expect("written");
    let mut command = glasshouse(["authority", "new", &to, "--from", &from]);
    let mut child = command
        .env("GLASSHOUSE_HOME", &office.home)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("runs");
    let answers = b"curiosity\ncrime\nThe provider alone holds it.\n";
    child.stdin.take().expect("an input").write_all(answers).expect("written");
    let output = child.wait_with_output().expect("ended");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    for words in ["DPA 2018 s.36", "is not one of crime", "DPA 2018 s.35(2)", "Why this is necessary."] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let written = std::fs::read_to_string(&to).expect("written");
    assert!(written.contains("The provider alone holds it."), "{written}");
    office.good(&[], "", &["authority", "check", &to]);
    assert!(!Path::new(&format!("{to}.draft")).exists());
}

/// Answers as a newcomer does, in two sittings: with mistakes, `none` for an empty list, and no window.
#[test]
fn whoever_stops_goes_on_where_they_were() {
    let office = Office::new();
    let (to, document) = (office.path("notice.toml"), office.path("notice.pdf"));
    std::fs::write(&document, "the notice").expect("written");
    let new = |more: &[&str], answers: &str| {
        let mut command = glasshouse([&["authority", "new", &to][..], more].concat());
        command
            .env("GLASSHOUSE_HOME", &office.home)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("runs");
        child.stdin.take().expect("an input").write_all(answers.as_bytes()).expect("written");
        let output = child.wait_with_output().expect("ended");
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&said).into_owned())
    };
    let (code, said) = new(&[], "self\nstatutory notice\nstatutory_notice\nop-larch-1\n");
    assert_eq!(code, Some(2), "{said}");
    for words in ["need no authority's file", "is not one of", "to go)", "notice.toml.draft. Go on from there"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(!Path::new(&to).exists());
    let draft = format!("{to}.draft");
    let (code, said) = new(&[], "");
    assert!(code == Some(2) && said.contains("holds what was answered before"), "{said}");

    let mut answers = String::new();
    for answer in [
        "What the notice says.",
        "2024-05-03",
        "crime",
        "who arranged the delivery",
        "Why.",
        "Why.",
        "Why.",
        "Nothing else does.",
        "Northtown Police",
        "N-1",
        "Investigatory Powers Act 2016",
        "61",
        "2024-05-04",
        "Example Mail",
        &document,
        "J. Marsh",
        "suspect",
        "gmail",
        "google",
        "j.marsh@example.com",
        "mail, account",
        "none",
        "The notice names no dates.",
        "no",
        "yes",
        "priviledge",
        "privilege",
        "@stoneandreed.example.org",
        "legal advice; without prejudice",
        "The solicitors.",
        "medical",
        "",
        "diagnosis",
        "Letters of a surgery.",
        "",
        "privilege, medical",
        "Some.",
        "None.",
        "Some 200.",
        "none",
        "none",
        "DPIA-1",
        "Told later.",
        "2024-05-03",
        "2044-05-03",
        "2044-06-01",
        "2045-01-01",
        "A schedule.",
        "d.hart",
        "Constable",
        "r.okoro",
        "Inspector",
    ] {
        answers.push_str(answer);
        answers.push('\n');
    }
    let (code, said) = new(&["--from", &draft], &answers);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("No format that is read here is of `gmail`"), "{said}");
    assert!(said.contains("glasshouse authority sign"), "{said}");
    assert!(said.contains("  subject.identifiers: Addresses") && said.contains("combination.cases"), "{said}");
    assert!(!said.contains("  scope.window.unlimited: "), "{said}");
    assert!(!Path::new(&draft).exists(), "all that it held is in the file");
    office.good(&[], "", &["authority", "check", &to]);
    let written: String = std::fs::read_to_string(&to).expect("written");
    assert!(written.contains("services = [\"google\"]") && written.contains("categories = []"), "{written}");
    assert!(written.contains("unlimited = ") && written.matches("kind = \"medical\"").count() == 1, "{written}");
    office.good(&[], "r.okoro", &["authority", "sign", &to]);
}
