//! A case under several authorities, and one whose authority changes: what is among the records is looked at only for
//! as long as the authorities as they now are let it through.

mod support;

use serde_json::json;
use std::path::Path;
use std::time::Duration;
use support::dump::Dump;
use support::office::{Office, PASSWORD};
use support::team::Served;
use support::{account, glasshouse, run};

const MAILS: (&str, &str) = ("families", "[\"mail\"]");
const OTHERS: (&str, &str) = ("families", "[\"contact\", \"event\"]");

/// Returns the families of what is among the records, with the authority that each was read under.
fn families(office: &Office, case: &str, under: &str) -> Vec<(String, String)> {
    let statement = "SELECT DISTINCT authority, family FROM records ORDER BY authority, family";
    let args = ["sql", "--format", "json", "--enquiry", "1", "--under", under, case, statement];
    let said = office.good(&[], "d.hart", &args);
    let rows = said.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("a JSON line"));
    let word = |row: &serde_json::Value, name: &str| row[name].as_str().expect("a word").to_owned();
    rows.map(|row| (word(&row, "authority"), word(&row, "family"))).collect()
}

fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
}

fn proven(case: &str) {
    run(glasshouse(["verify", case]), 0);
}

#[test]
fn what_was_read_under_an_authority_that_ended_is_restricted_and_leaves() {
    let office = Office::new();
    let rowan = office.named("op-rowan-1", 1, &[MAILS]);
    let more = ("terms", "[\"legal advice\", \"without prejudice\", \"diagnosis\"]");
    let alder = office.named("op-alder-1", 1, &[OTHERS, more]);
    let case = office.taken("case", &rowan, &[account().folder.join("loose")]);
    let one = "SELECT title FROM records WHERE length(title) > 12 ORDER BY title LIMIT 1";
    let needle = office.rows(&case, one)[0]["title"].as_str().expect("a title").to_owned();
    // One that puts aside what is put aside already holds nobody up.
    let elder = office.named("op-elder-1", 1, &[OTHERS]);
    let copy = office.path("copy");
    assert!(std::process::Command::new("cp").args(["-a", &case, &copy]).status().expect("cp runs").success());
    office.good(&[], "d.hart", &["authority", "add", &copy, &elder]);
    office.good(&["--count"], "d.hart", &["search", "--enquiry", "1", "--under", "op-elder-1", &copy, "family:mail"]);
    office.good(&[], "d.hart", &["authority", "add", &case, &alder]);
    // This one puts more conversations aside: until that is done nobody looks.
    let search = |under: &'static str| vec!["search", "--enquiry", "1", "--under", under, &case, "family:mail"];
    office.refused("d.hart", &search("op-rowan-1"), "lets less through or puts more aside");
    office.refused("p.quill", &search("op-rowan-1"), "glasshouse process");
    // At the page nobody can name one, and is told what holds of each.
    let served = Served::start(&office, &case);
    let refused = served.sign_in("d.hart", PASSWORD);
    assert_eq!(refused.status, 403);
    for words in ["Under op-alder-1: ", "Under op-rowan-1: ", "`glasshouse process` takes that out"] {
        assert!(refused.text().contains(words) && !refused.text().contains("--under"), "{}", refused.text());
    }
    drop(served);
    office.good(&["--under", "op-alder-1"], "d.hart", &["process", "--quiet", &case]);
    let all = [("op-alder-1/1", "contact"), ("op-alder-1/1", "event"), ("op-rowan-1/1", "mail")];
    assert_eq!(families(&office, &case, "op-alder-1"), pairs(&all), "each record knows its authority");
    let shown = office.good(&["--under", "op-alder-1"], "t.vale", &["case", "show", &case]);
    assert!(shown.contains("op-rowan-1 version 1") && shown.contains("op-alder-1 version 1"), "{shown}");

    // Somebody is at the page under the one that stays, and sees the limits of both.
    let served = Served::start(&office, &case);
    let asked = json!({ "name": "d.hart", "password": PASSWORD, "authority": "op-alder-1" }).to_string();
    let entered = served.send("POST", "/api/sign-in", &format!("Origin: https://{}\r\n", served.host()), &asked);
    assert_eq!(entered.status, 200, "{}", entered.text());
    let cookie = entered.header("set-cookie").and_then(|c| c.split(';').next()).expect("a cookie");
    let cookie = format!("Cookie: {cookie}\r\n");
    let told = served.send("GET", "/api/case", &cookie, "").json();
    let limits = told["authority"]["limits"].to_string();
    assert!(limits.contains("op-alder-1 version 1 (warrant), in force: self-enrolled"), "{limits}");
    assert!(limits.contains("Families: mail.") && limits.contains("Families: contact, event."), "{limits}");

    let ends = ["authority", "withdraw", &case, "op-rowan-1", "--reason", "quashed", "--under", "op-alder-1"];
    let said = office.good(&[], "d.hart", &ends);
    assert!(said.contains("only a disclosure officer") && said.contains("glasshouse process"), "{said}");
    // Under the one that is in force nobody sees what was read under the other.
    office.refused("d.hart", &search("op-alder-1"), "still among the records");
    office.refused("d.hart", &search("op-rowan-1"), "restricted");
    office.refused("v.reed", &["review", "--enquiry", "1", "--under", "op-alder-1", &case], "still among the records");
    for under in ["op-alder-1", "op-rowan-1"] {
        office.good(&["--count"], "p.quill", &search(under));
    }
    std::thread::sleep(Duration::from_millis(2100));
    assert_eq!(served.send("GET", "/api/list?q=family:mail", &cookie, "").status, 401);
    assert_eq!(served.sign_in("d.hart", PASSWORD).status, 403);
    drop(served);
    assert!(Dump::of(Path::new(&case).join("runs").as_path()).find(needle.as_bytes()).is_some());

    office.good(&["--under", "op-alder-1"], "d.hart", &["process", "--quiet", &case]);
    let left = [("op-alder-1/1", "contact"), ("op-alder-1/1", "event")];
    assert_eq!(families(&office, &case, "op-alder-1"), pairs(&left));
    let told = office.good(&["--under", "op-alder-1", "--enquiry", "1"], "d.hart", &["outcomes", &case]);
    assert!(told.lines().any(|line| line.contains("entries  not read     mail")), "{told}");
    assert!(!told.lines().any(|line| line.contains("records") && line.contains(" mail ")), "{told}");
    assert_eq!(Dump::of(Path::new(&case)).find(needle.as_bytes()), None, "it is gone from the disk but sealed");
    proven(&case);
}

/// What reads the case stops for it, so that nobody has to wait for the end of a long intake.
#[test]
fn an_authority_ends_while_the_case_is_read() {
    let office = Office::new();
    let file = office.named("op-rowan-1", 1, &[MAILS]);
    let case = office.path("case");
    let paths: Vec<String> = account().paths().iter().map(|p| p.to_string_lossy().into_owned()).collect();
    let mut args = vec!["open", "--no-serve", "--quiet", "--threads", "1", "--authority", &file, "--case", &case];
    args.extend(paths.iter().map(String::as_str));
    let said = std::thread::scope(|scope| {
        let reading = scope.spawn(|| office.run("d.hart", PASSWORD, &args));
        while !Path::new(&case).join("runs/journal.sqlite").exists() && !reading.is_finished() {
            std::thread::sleep(Duration::from_millis(20));
        }
        let ends = ["authority", "withdraw", &case, "op-rowan-1", "--reason", "consent was withdrawn"];
        let refused = office.run("p.quill", PASSWORD, &ends);
        assert!(refused.code == 2 && refused.err.contains("No policy permits"), "{}", refused.err);
        assert!(!Path::new(&case).join("ending").exists(), "who may not end it stops nothing");
        office.good(&[], "d.hart", &ends);
        reading.join().expect("ended")
    });
    // A fast machine may be done before.
    let stopped = said.code == 2 && said.err.contains("Somebody writes down that an authority of the case has ended");
    assert!(stopped || said.code == 0, "{}", said.err);
    assert!(!Path::new(&case).join("ending").exists());
    if stopped {
        let event = office.good(&["--json", "--action", "authority.withdrawn"], "t.vale", &["events", &case]);
        assert!(event.contains(r#""unfinished":"#), "what was copied is destroyed, and that is told: {event}");
    }
    office.refused("d.hart", &["process", "--quiet", &case], "only while an authority is in force");
    proven(&case);
}

#[test]
fn an_amendment_that_lets_less_through_counts_before_anybody_looks_again() {
    let office = Office::new();
    let amend = |case: &str, version: u32, limits: &[(&str, &str)]| {
        let file = office.named("op-rowan-1", version, limits);
        office.good(&[], "d.hart", &["authority", "amend", case, &file]);
    };
    let both = ("families", "[\"mail\", \"contact\", \"event\"]");
    let file = office.named("op-rowan-1", 1, &[both]);
    let case = office.taken("case", &file, &[account().folder.join("loose")]);
    let looks = || office.one(&case, "SELECT count(*) AS n FROM records");
    let all = looks();
    let refused = |words: &str| {
        for (person, args) in [
            ("d.hart", &["search", "--enquiry", "1", case.as_str(), "a"][..]),
            ("d.hart", &["sql", "--enquiry", "1", &case, "SELECT 1"]),
            ("d.hart", &["entries", "--enquiry", "1", &case]),
            ("v.reed", &["review", "--enquiry", "1", &case]),
            ("p.quill", &["export", "--enquiry", "1", &case, "--to", "nowhere", "--recipient", "x", "--purpose", "y"]),
        ] {
            office.refused(person, args, words);
        }
    };
    let process = || office.good(&[], "d.hart", &["process", "--quiet", &case]);
    // Who the authority is of and when it is looked at again say nothing of what comes in.
    amend(&case, 2, &[both]);
    assert_eq!(looks(), all);
    for (version, limits) in [
        (3, &[("families", "[\"contact\", \"event\"]")][..]),
        (5, &[both, ("from", "2022-01-01")]),
        (7, &[both, ("terms", "[\"legal advice\", \"without prejudice\", \"the\"]")]),
        (9, &[both, ("services", "[\"mail\"]")]),
        (11, &[both, ("other", "\"held_back\"")]),
    ] {
        amend(&case, version, limits);
        refused("lets less through");
        process();
        let less = looks();
        assert!(less < all, "{limits:?}: {less} of {all}");
        // Wider again: nothing is among the records that may not be, and `process` reads the rest.
        amend(&case, version + 1, &[both]);
        assert_eq!(looks(), less);
        process();
        assert_eq!(looks(), all, "{limits:?}");
    }
    proven(&case);
}
