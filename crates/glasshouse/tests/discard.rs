//! Discarding: what lies outside is destroyed with a certificate, what is inside stays, and both verifiers say so.

mod support;

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::office::Office;
use support::schema::agrees;
use support::team::Served;
use support::{account, glasshouse, open, run};

const YEAR: [(&str, &str); 3] = [("from", "2022-01-01"), ("until", "2022-12-31"), ("other", "\"held_back\"")];
const PRIVILEGED: [(&str, &str); 2] = [("parties", "[]"), ("terms", "[\"heliotrope\"]")];

fn takeout() -> Vec<PathBuf> {
    account().paths().into_iter().filter(|p| p.extension().is_some_and(|e| e == "zip")).collect()
}

fn outcomes(office: &Office, case: &str) -> BTreeMap<(String, String), u64> {
    let sum = "SELECT outcome, unit, CAST(sum(count) AS BIGINT) AS n FROM outcomes GROUP BY outcome, unit";
    let text = |row: &BTreeMap<String, Value>, name: &str| row[name].as_str().expect("a word").to_owned();
    let rows = office.rows(case, sum);
    rows.iter().map(|r| ((text(r, "outcome"), text(r, "unit")), r["n"].as_u64().expect("a number"))).collect()
}

fn of(outcomes: &BTreeMap<(String, String), u64>, outcome: &str, unit: &str) -> u64 {
    outcomes.get(&(outcome.to_owned(), unit.to_owned())).copied().unwrap_or(0)
}

fn discard(office: &Office, case: &str, more: &[&str]) -> String {
    let args = [&["process", "--quiet", case, "--discard", "--reason", "the order covers one year"], more].concat();
    office.good(&[], "r.okoro", &args)
}

/// What `show --bytes` gives for some records, by id.
fn bytes(office: &Office, case: &str, ids: &[String]) -> BTreeMap<String, String> {
    let one = |id: &String| {
        let said = office.good(&[], "d.hart", &["show", "--bytes", "--enquiry", "1", case, id]);
        (id.clone(), said)
    };
    ids.iter().map(one).collect()
}

fn some_ids(office: &Office, case: &str) -> Vec<String> {
    let each = "SELECT id FROM (SELECT id, format, row_number() OVER (PARTITION BY format ORDER BY id) AS n FROM records) \
        WHERE n <= 2 ORDER BY id";
    office.rows(case, each).iter().map(|r| r["id"].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn what_is_outside_is_destroyed_and_what_is_inside_stays() {
    let office = Office::new();
    let file = office.limited(1, &[&YEAR[..], &PRIVILEGED].concat());
    let case = office.taken("case", &file, &takeout());
    let before = outcomes(&office, &case);
    let (held, aside) = (of(&before, "held back", "records"), of(&before, "quarantined", "records"));
    assert!(held > 0 && aside > 0 && of(&before, "not read", "entries") > 0, "{before:?}");
    let digest = office.good(&[], "d.hart", &["digest", &case]);
    let ids = some_ids(&office, &case);
    let shown = bytes(&office, &case, &ids);
    let size = |folder: &str| -> u64 {
        let files = std::fs::read_dir(Path::new(&case).join(folder)).expect("a folder").filter_map(Result::ok);
        files.map(|f| f.metadata().expect("known").len()).sum()
    };
    let large = size("evidence/s0001");

    // Who examines does not destroy, and who destroys says why.
    office.refused("d.hart", &["process", &case, "--discard", "--reason", "tidy"], "evidence.discard");
    office.refused("r.okoro", &["process", &case, "--discard", "--reason", " "], "--reason");
    // What would go is counted before, by who may do it, and nothing is changed by that.
    let preview = ["process", "--quiet", &case, "--discard", "--preview"];
    office.refused("d.hart", &preview, "evidence.discard");
    let counted = office.good(&[], "r.okoro", &preview);
    let digits =
        |line: &str| line.chars().take_while(|c| !c.is_alphabetic()).filter(char::is_ascii_digit).collect::<String>();
    let would: u64 =
        counted.lines().filter(|l| l.contains("records")).filter_map(|l| digits(l).parse::<u64>().ok()).sum();
    assert!(would == held && counted.contains("would go"), "{counted}");
    assert_eq!(size("evidence/s0001"), large);
    let said = discard(&office, &case, &[]);
    assert!(said.contains("discarded") && said.contains("evidence/discard-0001.json"), "{said}");
    assert!(size("evidence/s0001") < large / 2, "{} of {large}", size("evidence/s0001"));

    // The same is shown, from the same bytes; what was outside is counted as discarded.
    assert_eq!(office.good(&[], "d.hart", &["digest", &case]), digest);
    assert_eq!(bytes(&office, &case, &ids), shown);
    let after = outcomes(&office, &case);
    assert_eq!(of(&after, "shown", "records"), of(&before, "shown", "records"));
    assert_eq!(of(&after, "quarantined", "records"), aside);
    assert_eq!((of(&after, "discarded", "records"), of(&after, "held back", "records")), (held, 0));
    let unread = |o: &BTreeMap<_, _>, unit| of(o, "not read", unit) + of(o, "discarded", unit);
    assert_eq!(unread(&after, "entries"), of(&before, "not read", "entries"));
    assert_eq!(unread(&after, "bytes"), of(&before, "not read", "bytes"));

    // The certificate is what the log says, and the verifiers tell discarded from missing.
    let said = office.proven(&case);
    assert!(said.contains("discarded: evidence/s0001/part-0001.age") && said.contains("discarded as"), "{said}");
    let certificate = std::fs::read_to_string(Path::new(&case).join("evidence/discard-0001.json")).expect("there");
    let certificate: Value = serde_json::from_str(&certificate).expect("JSON");
    assert_eq!((&certificate["person"], &certificate["role"]), (&"r.okoro".into(), &"authoriser".into()));
    assert_eq!(certificate["authorities"][0], "op-rowan-1/1");
    let log = office.good(&[], "t.vale", &["events", "--kind", "erasure", &case]);
    assert!(log.contains("evidence.discarded"), "{log}");

    // The page shows it, and gives the certificate as it lies there.
    let served = Served::start(&office, &case);
    let hart = served.enter("d.hart");
    assert_eq!(hart.post("/api/enquiry", &serde_json::json!({ "line": "1" })).status, 200);
    let (document, shown) = (hart.get("/api/openapi.json"), hart.get("/api/custody"));
    let schema = &document["paths"]["/api/custody"]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
    agrees(&document, schema, &shown, "/api/custody");
    assert_eq!(shown["certificates"][0]["person"], "r.okoro");
    let counts = |outcomes: &Value| -> Vec<(Value, Value)> {
        let all = outcomes.as_array().expect("outcomes").iter();
        all.map(|one| (one["reason"].clone(), one["count"].clone())).collect()
    };
    assert_eq!(counts(&shown["certificates"][0]["outcomes"]), counts(&certificate["outcomes"]));
    assert_eq!(hart.ask("/api/custody/certificates/1").json(), certificate);
    assert_eq!(hart.ask("/api/custody/certificates/2").status, 404);
    drop(served);

    // Again there is nothing to do, and processing changes nothing.
    assert!(discard(&office, &case, &[]).contains("Nothing lies outside"));
    assert!(office.good(&[], "r.okoro", &preview).contains("Nothing lies outside"));
    office.good(&[], "d.hart", &["process", "--quiet", &case]);
    assert_eq!(office.good(&[], "d.hart", &["digest", &case]), digest);

    // A part that is really gone is missing.
    let part = std::fs::read_dir(Path::new(&case).join("evidence/s0001")).expect("a folder");
    let part = part.filter_map(Result::ok).map(|f| f.path()).find(|p| p.ends_with("part-0004.age"));
    let part = part.expect("what is left of part 1, 2 or 3");
    std::fs::remove_file(&part).expect("removed");
    let said = run(glasshouse(["verify", &case]), 1);
    assert!(said.contains("missing: evidence/s0001/part-0004.age"), "{said}");
}

#[test]
fn limits_that_change_act_on_what_is_left() {
    let office = Office::new();
    let file = office.limited(1, &[&YEAR[..], &PRIVILEGED].concat());
    let case = office.taken("case", &file, &takeout());
    discard(&office, &case, &[]);
    let records = "SELECT count(*) FROM records";
    let all = office.one(&case, records);
    // Of a time whose zone is not told the day is known; the last of them may lie on either side.
    let spring = "SELECT count(*) FROM records WHERE (time >= '2022-01-01' AND time < '2022-03-01') OR (time IS NULL \
        AND (time_text LIKE 'Jan %, 2022,%' OR time_text LIKE 'Feb %, 2022,%') AND time_text NOT LIKE 'Feb 28,%')";
    let in_spring = office.one(&case, spring);
    assert!(in_spring > 0 && in_spring < all);

    // Wider: the bytes are gone, and that is said.
    let wide = [("from", "2020-01-01"), ("until", "2023-12-31"), ("other", "\"held_back\"")];
    let file = office.limited(2, &[&wide[..], &PRIVILEGED].concat());
    let said = office.good(&[], "d.hart", &["authority", "amend", &case, &file]);
    assert!(said.contains("No authority brings it back"), "{said}");
    let said = office.good(&[], "d.hart", &["process", "--quiet", &case]);
    assert!(said.contains("No authority brings it back"), "{said}");
    assert_eq!(office.one(&case, records), all);

    // Narrower: what lies outside now goes from the records, and by the next discard from the evidence.
    let narrow = [("from", "2022-01-01"), ("until", "2022-02-28"), ("other", "\"held_back\"")];
    let file = office.limited(3, &[&narrow[..], &PRIVILEGED].concat());
    office.good(&[], "d.hart", &["authority", "amend", &case, &file]);
    let preview = office.good(&[], "d.hart", &["process", "--preview", "--quiet", &case]);
    office.good(&[], "d.hart", &["process", "--quiet", &case]);
    let left = office.one(&case, records);
    assert_eq!((left, office.one(&case, spring)), (in_spring, in_spring));
    let count = |l: &str| l.split_whitespace().next().unwrap_or("0").replace(',', "").parse::<u64>().unwrap_or(0);
    let previewed: u64 = preview.lines().filter(|l| l.contains(" shown ")).map(count).sum();
    assert_eq!(previewed, left, "{preview}");
    let before = outcomes(&office, &case);
    assert!(of(&before, "held back", "records") >= all - left);
    discard(&office, &case, &[]);
    let after = outcomes(&office, &case);
    assert_eq!(of(&after, "held back", "records"), 0);
    assert_eq!(
        of(&after, "discarded", "records"),
        of(&before, "discarded", "records") + of(&before, "held back", "records")
    );
    assert_eq!(office.one(&case, records), left);
    office.proven(&case);

    // What comes later is read by itself.
    let loose = account().folder.join("loose").to_string_lossy().into_owned();
    office.good(&[], "d.hart", &["add", "--quiet", "--account", "j.marsh@example.com", &case, &loose]);
    assert!(office.one(&case, records) >= left);
    office.proven(&case);
}

#[test]
fn what_is_withheld_goes_only_if_that_is_asked_for() {
    let office = Office::new();
    let file = office.limited(1, &[&YEAR[..], &PRIVILEGED].concat());
    let case = office.taken("case", &file, &takeout());
    let review = |more: &[&str]| {
        let args = [&["review", "--enquiry", "1", &case], more].concat();
        office.good(&[], "v.reed", &args)
    };
    let aside = of(&outcomes(&office, &case), "quarantined", "records");
    let listed = review(&["--json", "--sample", "1"]);
    let batches: Vec<Value> = listed.lines().filter_map(|l| serde_json::from_str(l).ok()).collect();
    let threads: Vec<&Value> = batches.iter().filter(|b| b["by"] == "thread").collect();
    assert!(threads.len() > 1, "{listed}");
    let (keep, go) = (threads[0]["name"].as_str().expect("a name"), threads[1]["name"].as_str().expect("a name"));
    review(&["--thread", go, "--withhold", "--reason", "advice of counsel"]);
    let withheld = threads[1]["records"].as_u64().expect("a number");
    discard(&office, &case, &[]);
    assert_eq!(of(&outcomes(&office, &case), "quarantined", "records"), aside, "not asked for");
    discard(&office, &case, &["--withheld"]);
    let after = outcomes(&office, &case);
    assert_eq!(of(&after, "quarantined", "records"), aside - withheld);
    // What is still there can still be let out, bytes and all.
    let shown = of(&after, "shown", "records");
    review(&["--thread", keep, "--release", "--reason", "no advice in it"]);
    assert!(of(&outcomes(&office, &case), "shown", "records") > shown);
    let released = office.rows(&case, "SELECT id FROM records WHERE decision IS NOT NULL LIMIT 1");
    let id = released[0]["id"].as_str().expect("an id").to_owned();
    assert!(!bytes(&office, &case, &[id]).values().next().expect("bytes").is_empty());
    office.proven(&case);
}

#[test]
fn a_discard_that_is_killed_loses_nothing_and_goes_on() {
    let office = Office::new();
    let file = office.limited(1, &[&YEAR[..], &PRIVILEGED].concat());
    let whole = office.taken("whole", &file, &takeout());
    let digest = office.good(&[], "d.hart", &["digest", &whole]);
    let before = outcomes(&office, &whole);
    let began = std::time::Instant::now();
    let copy = |name: &str| {
        let to = office.path(name);
        let done = Command::new("cp").args(["-a", &whole, &to]).status().expect("cp runs");
        assert!(done.success());
        to
    };
    let full = copy("undisturbed");
    let started = std::time::Instant::now();
    discard(&office, &full, &[]);
    let mut takes = started.elapsed();
    let mut cut_off = 0;
    for step in 1..=8u32 {
        let case = copy(&format!("killed {step}"));
        let mut command = glasshouse(["process", "--quiet", &case, "--discard", "--reason", "one year"]);
        command.env("GLASSHOUSE_HOME", &office.home).env("GLASSHOUSE_PERSON", "r.okoro").args(["--secret-fd", "0"]);
        command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::null());
        let mut child = command.stderr(std::process::Stdio::null()).spawn().expect("the program runs");
        let mut input = child.stdin.take().expect("an input");
        std::io::Write::write_all(&mut input, format!("{}\n", support::office::PASSWORD).as_bytes()).expect("typed");
        drop(input);
        std::thread::sleep(takes * step / 9);
        child.kill().expect("killed");
        match child.wait().expect("ended").success() {
            // It was quicker than the one that was timed, while others used the machine.
            true => takes = takes * 2 / 3,
            false => cut_off += 1,
        }
        // Whatever writes it next finds it whole, or goes on.
        office.good(&[], "d.hart", &["process", "--quiet", &case]);
        assert_eq!(office.good(&[], "d.hart", &["digest", &case]), digest, "killed at {step}");
        let said = discard(&office, &case, &[]);
        assert!(said.contains("certificate") || said.contains("Nothing lies outside"), "{said}");
        let after = outcomes(&office, &case);
        assert_eq!(of(&after, "discarded", "records"), of(&before, "held back", "records"), "killed at {step}");
        office.proven(&case);
        std::fs::remove_dir_all(&case).expect("removed");
    }
    assert!(cut_off > 3, "{cut_off} of 8 were cut off in {:?}", began.elapsed());
}

/// The message that put a conversation aside may lie outside the limits, and is destroyed then.
#[test]
fn what_was_put_aside_keeps_its_conversation_aside() {
    let office = Office::new();
    let file = office.limited(1, &[&YEAR[..], &PRIVILEGED].concat());
    let mail = |n: u32, thread: u32, date: &str, words: &str| {
        format!(
            "From x@example.com Thu Jan 01 00:00:00 2022\nMessage-ID: <{n}@example.com>\nX-GM-THRID: {thread}\nFrom: K. Lowe <k.lowe@example.com>\nTo: j.marsh@example.com\nDate: {date} 10:00:00 +0000\nSubject: plans\n\n{words}\n\n"
        )
    };
    let part = |name: &str, text: &str| {
        let folder = office.folder.join(name).join("Takeout/Mail");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join(format!("{name}.mbox")), text).expect("written");
        office.folder.join(name)
    };
    let before = mail(1, 77, "Fri, 01 Jan 2021", "about the heliotrope") + &mail(2, 77, "Sat, 01 Jan 2022", "again");
    let case = office.taken("case", &file, &[part("first", &before)]);
    let counts = |outcome: &str| of(&outcomes(&office, &case), outcome, "records");
    assert_eq!((counts("shown"), counts("quarantined"), counts("held back")), (0, 1, 1));
    discard(&office, &case, &[]);
    assert_eq!((counts("shown"), counts("quarantined"), counts("discarded")), (0, 1, 1));
    let later = mail(3, 77, "Sun, 02 Jan 2022", "once more") + &mail(4, 88, "Sun, 02 Jan 2022", "of another matter");
    let later = part("second", &later).to_string_lossy().into_owned();
    office.good(&[], "d.hart", &["add", "--quiet", "--account", "j.marsh@example.com", &case, &later]);
    assert_eq!((counts("shown"), counts("quarantined"), counts("held back")), (1, 2, 0));
    office.proven(&case);
}

#[test]
fn a_personal_case_has_nothing_outside() {
    let folder = tempfile::tempdir().expect("a folder");
    let case = folder.path().join("own");
    run(open(&case, &[account().folder.join("loose")], &[]), 0);
    let mut command = glasshouse(["process", "--discard", "--reason", "less"]);
    command.arg(&case);
    let output = command.output().expect("the program runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no limits"));
}
