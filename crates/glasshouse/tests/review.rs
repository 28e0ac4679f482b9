//! What is put aside: the privilege reviewer alone sees it, decides on it, and what is decided holds.

mod support;

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;
use support::office::Office;
use support::{account, glasshouse, run};

const TERM: &str = "heliotrope";

fn takeout() -> Vec<PathBuf> {
    account().paths().into_iter().filter(|p| p.extension().is_some_and(|e| e == "zip")).collect()
}

fn outcome(office: &Office, case: &str, word: &str) -> u64 {
    let sum = "SELECT CAST(coalesce(sum(count), 0) AS BIGINT) FROM outcomes WHERE unit = 'records' AND outcome = ";
    office.one(case, &format!("{sum}'{word}'"))
}

fn review(office: &Office, case: &str, more: &[&str]) -> Vec<Value> {
    let args = [&["review", "--json", "--enquiry", "1", case], more].concat();
    let said = office.good(&[], "v.reed", &args);
    said.lines().filter_map(|l| serde_json::from_str(l).ok()).collect()
}

fn decide(office: &Office, case: &str, batch: &[&str], what: &str) {
    let args = [&["review", "--enquiry", "1", case, what, "--reason", "read in full"], batch].concat();
    office.good(&[], "v.reed", &args);
}

#[test]
fn the_reviewer_lets_a_thread_out_and_takes_it_back() {
    let office = Office::new();
    let file = office.limited(1, &[("parties", "[]"), ("terms", "[\"heliotrope\"]")]);
    let case = office.taken("case", &file, &takeout());
    let (aside, shown) = (outcome(&office, &case, "quarantined"), outcome(&office, &case, "shown"));
    assert!(aside > 0 && shown > 0);

    // It lies sealed as the evidence does.
    let folder = Path::new(&case).join("runs/r0001/quarantine");
    let segments = std::fs::read_dir(&folder).expect("a folder").filter_map(Result::ok);
    let files: Vec<PathBuf> = segments
        .flat_map(|s| std::fs::read_dir(s.path()).expect("a segment").filter_map(Result::ok).map(|f| f.path()))
        .collect();
    assert!(files.len() >= 4);
    for file in &files {
        assert!(std::fs::read(file).expect("readable").starts_with(b"age-encryption.org/v1"), "{}", file.display());
    }

    // The examiner learns that there is something, and nothing of it.
    office.refused("d.hart", &["review", "--enquiry", "1", &case], "quarantine.review");
    let with_term = format!("SELECT count(*) FROM records WHERE text ILIKE '%{TERM}%' OR title ILIKE '%{TERM}%'");
    assert_eq!(office.one(&case, &with_term), 0);

    let batches = review(&office, &case, &[]);
    let of = |by: &str| batches.iter().filter(|b| b["by"] == by).cloned().collect::<Vec<Value>>();
    let sum = |list: &[Value], field: &str| list.iter().filter_map(|b| b[field].as_u64()).sum::<u64>();
    // Each record meets a term, or is in a conversation that does.
    assert_eq!((sum(&of("term"), "records"), sum(&of("term"), "undecided")), (aside, aside));
    assert!(of("term").iter().any(|b| b["name"] == format!("term {TERM}")));
    // What the list prints can be typed, and so can the term as the authority has it.
    let listed = office.good(&[], "v.reed", &["review", "--enquiry", "1", &case]);
    assert!(listed.contains(&format!("--term 'term {TERM}'\n")), "{listed}");
    let in_full = format!("term {TERM}");
    assert_eq!(review(&office, &case, &["--term", TERM]), review(&office, &case, &["--term", &in_full]));
    let none = ["review", "--enquiry", "1", &case, "--term", "xyz", "--withhold", "--reason", "x"];
    office.refused("v.reed", &none, "`glasshouse review CASE` lists the batches");
    assert!(!of("sender").is_empty());
    let thread = of("thread").into_iter().find(|b| b["records"].as_u64() > Some(1)).expect("a thread of several");
    let (name, n) = (thread["name"].as_str().expect("a name"), thread["records"].as_u64().expect("a number"));
    let items = review(&office, &case, &["--thread", name, "--sample", "1000"]);
    assert_eq!(items.len() as u64, n, "a thread is put aside whole");
    assert!(items.iter().any(|i| i["text"].to_string().contains(TERM) || i["title"].to_string().contains(TERM)));

    decide(&office, &case, &["--thread", name], "--release");
    assert_eq!(outcome(&office, &case, "quarantined"), aside - n);
    assert_eq!(outcome(&office, &case, "shown"), shown + n);
    let noted = "SELECT count(*) FROM records WHERE decision IS NOT NULL AND authority = 'op-rowan-1/1'";
    assert_eq!(office.one(&case, noted), n, "each says which decision let it out");
    assert!(office.one(&case, &with_term) > 0);
    let id = items[0]["id"].as_str().expect("an id");
    let found = office.good(&[], "d.hart", &["search", "--count", "--enquiry", "1", &case, TERM]);
    assert!(found.trim().parse::<u64>().expect("a number") > 0, "it is in the index");
    office.good(&[], "d.hart", &["show", "--enquiry", "1", &case, id]);

    // What is derived is made anew, and decisions are people's work: they hold.
    std::fs::remove_dir_all(Path::new(&case).join("runs")).expect("removed");
    office.good(&[], "d.hart", &["process", "--quiet", "--account", "j.marsh@example.com", &case]);
    assert_eq!((outcome(&office, &case, "quarantined"), office.one(&case, noted)), (aside - n, n));

    decide(&office, &case, &["--item", id], "--withhold");
    assert_eq!(outcome(&office, &case, "quarantined"), aside - n + 1);
    let gone = office.run("d.hart", support::office::PASSWORD, &["show", "--enquiry", "1", &case, id]);
    assert_eq!((gone.code, gone.out.as_str()), (2, ""));
    decide(&office, &case, &["--thread", name], "--withhold");
    assert_eq!((outcome(&office, &case, "quarantined"), outcome(&office, &case, "shown")), (aside, shown));
    assert_eq!(office.one(&case, noted), 0);

    // Looks and decisions are events; the words of the batch are content apart.
    let events = office.good(&[], "t.vale", &["events", "--json", &case, "--person", "v.reed"]);
    for words in ["quarantine.reviewed", "decision.released", "decision.withheld", "read in full", "privilege_reviewer"]
    {
        assert!(events.contains(words), "{words}: {events}");
    }
    assert!(events.contains(&format!("thread {name}")), "the auditor, where the key is, reads the words");
    // Whoever else may read the log learns that there were decisions, and not on whom or why.
    for person in ["p.quill", "r.okoro", "a.mensah"] {
        let events = office.good(&[], person, &["events", "--json", &case, "--person", "v.reed"]);
        assert!(events.contains("decision.released") && events.contains(r#""reason":"sealed""#), "{events}");
        assert!(!events.contains(name) && !events.contains("read in full"), "{person}: {events}");
    }
    let proven = run(glasshouse(["verify", &case]), 0);
    assert!(proven.contains("unanchored"), "{proven}");
}

#[test]
fn a_conversation_that_grows_is_put_aside_with_what_was_shown_of_it() {
    let office = Office::new();
    let file = office.limited(1, &[("parties", "[]"), ("terms", "[\"heliotrope\"]")]);
    let mail = |n: u32, words: &str| {
        format!(
            "From x@example.com Thu Jan 01 00:00:00 2022\nMessage-ID: <{n}@example.com>\nX-GM-THRID: 77\nFrom: K. Lowe <k.lowe@example.com>\nTo: j.marsh@example.com\nDate: Sat, 01 Jan 2022 10:0{n}:00 +0000\nSubject: plans\n\n{words}\n\n"
        )
    };
    let part = |name: &str, text: &str| {
        let folder = office.folder.join(name).join("Takeout/Mail");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join(format!("{name}.mbox")), text).expect("written");
        office.folder.join(name)
    };
    let case = office.taken("case", &file, &[part("first", &(mail(1, "hello") + &mail(2, "again")))]);
    assert_eq!((outcome(&office, &case, "shown"), outcome(&office, &case, "quarantined")), (2, 0));
    let second = part("second", &mail(3, "about the heliotrope")).to_string_lossy().into_owned();
    office.good(&[], "d.hart", &["add", "--quiet", "--account", "j.marsh@example.com", &case, &second]);
    assert_eq!((outcome(&office, &case, "shown"), outcome(&office, &case, "quarantined")), (0, 3));
    assert_eq!(office.one(&case, "SELECT count(*) FROM parties"), 0);
    let found = office.run("d.hart", support::office::PASSWORD, &["search", "--enquiry", "1", &case, "hello"]);
    assert_eq!(found.code, 1, "{}", found.out);
    // Its mailbox is not named any more.
    assert_eq!(office.one(&case, "SELECT count(*) FROM entries"), 0);
}

/// What waits to be decided on lies sealed, and an intake that is killed goes on with it.
#[test]
fn an_intake_that_is_killed_decides_the_same() {
    let office = Office::new();
    let file = office.limited(1, &[("parties", "[]"), ("terms", "[\"heliotrope\", \"marzipan\"]")]);
    let whole = office.taken("whole", &file, &takeout());
    let case = office.path("killed");
    let paths: Vec<String> = takeout().iter().map(|p| p.to_string_lossy().into_owned()).collect();
    let args = |more: &[&str]| {
        let all = ["open", "--no-serve", "--quiet", "--account", "j.marsh@example.com", "--case", &case];
        all.iter().chain(more).map(|a| (*a).to_owned()).chain(paths.iter().cloned()).collect::<Vec<_>>()
    };
    let (mut after, mut waited) = (Duration::from_millis(500), 0);
    loop {
        let begun = Path::new(&case).join("log/checkpoint").exists();
        let authority = ["--authority", &file];
        let given = args(if begun { &[] } else { &authority });
        let given: Vec<&str> = given.iter().map(String::as_str).collect();
        if office.killed("d.hart", &given, after) {
            break;
        }
        let waiting = Path::new(&case).join("runs/r0001/waiting");
        for segment in std::fs::read_dir(waiting).into_iter().flatten().filter_map(Result::ok) {
            for file in std::fs::read_dir(segment.path()).expect("a segment").filter_map(Result::ok) {
                let bytes = std::fs::read(file.path()).expect("readable");
                // A file that is being written has another name, or nothing yet.
                let sealed = bytes.is_empty() || bytes.starts_with(b"age-encryption.org/v1");
                assert!(sealed, "{}", file.path().display());
                waited += 1;
            }
        }
        after += Duration::from_millis(400);
    }
    println!("{waited} files of what waited were seen");
    let all = "SELECT outcome, service, family, reason, unit, CAST(sum(count) AS BIGINT) AS n FROM outcomes \
        GROUP BY outcome, service, family, reason, unit ORDER BY outcome, service, family, reason, unit";
    assert_eq!(office.rows(&case, all), office.rows(&whole, all));
    let entries = "SELECT path, status FROM entries ORDER BY path";
    assert_eq!(office.rows(&case, entries), office.rows(&whole, entries));
    let warnings = "SELECT code, message, count(*) AS n FROM warnings GROUP BY code, message ORDER BY code, message";
    assert_eq!(office.rows(&case, warnings), office.rows(&whole, warnings));
    let digest = |case: &str| office.good(&[], "d.hart", &["digest", case]);
    assert_eq!(digest(&case), digest(&whole));
    for case in [&case, &whole] {
        assert!(!Path::new(case).join("runs/r0001/waiting").exists(), "nothing waits any more");
    }
}
