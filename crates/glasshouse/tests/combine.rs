//! Cases made into one: where each authority names the other, within the limits of each, in every log, and sealed.

mod support;

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use support::dump::Dump;
use support::office::Office;
use support::schema::agrees;
use support::team::Served;
use support::{account, glasshouse, run};
use zip::AesMode;
use zip::write::SimpleFileOptions;

const YEAR: [(&str, &str); 3] = [("from", "2022-01-01"), ("until", "2022-12-31"), ("other", "\"held_back\"")];
const PRIVILEGED: [(&str, &str); 2] = [("parties", "[]"), ("terms", "[\"heliotrope\"]")];

fn takeout() -> Vec<PathBuf> {
    account().paths().into_iter().filter(|p| p.extension().is_some_and(|e| e == "zip")).collect()
}

fn id(case: &str) -> String {
    let text = std::fs::read_to_string(Path::new(case).join("case.toml")).expect("a case");
    let line = text.lines().find_map(|line| line.strip_prefix("id = \"")).expect("an id");
    line.trim_end_matches('"').to_owned()
}

/// Two cases: one of a year of a Takeout, the other of all mails among loose files.
struct Pair {
    office: Office,
    cases: [String; 2],
    ids: [String; 2],
}

impl Pair {
    fn new() -> Self {
        let office = Office::new();
        let file = office.limited(1, &[&YEAR[..], &PRIVILEGED].concat());
        let one = office.taken("one", &file, &takeout());
        let file = office.limited(1, &[&[("families", "[\"mail\"]")][..], &PRIVILEGED].concat());
        let two = office.taken("two", &file, &[account().folder.join("loose")]);
        let ids = [id(&one), id(&two)];
        Pair { office, cases: [one, two], ids }
    }

    /// Writes an authority with what it says of combining, has it signed, and returns its path.
    fn named(&self, name: &str, version: u32, limits: &[(&str, &str)], cases: &[&String]) -> String {
        let file = self.office.limited(version, &[limits, &PRIVILEGED].concat());
        let mut text = std::fs::read_to_string(&file).expect("readable");
        if name != "op-rowan-1" {
            text = text.replace("id = \"op-rowan-1\"", &format!("id = \"{name}\""));
        }
        let list = cases.iter().map(|c| format!("\"{c}\"")).collect::<Vec<_>>().join(", ");
        text.push_str(&format!("\n[combination]\ncases = [{list}]\nreason = \"one courier used both\"\n"));
        let file = self.office.path(&format!("{name}.toml"));
        std::fs::write(&file, text).expect("written");
        self.office.good(&[], "r.okoro", &["authority", "sign", &file]);
        file
    }

    /// Has each of the two name the other.
    fn agreed(&self) {
        let amend = |at: usize, limits: &[(&str, &str)]| {
            let file = self.named("op-rowan-1", 2, limits, &[&self.ids[1 - at]]);
            self.office.good(&[], "d.hart", &["authority", "amend", &self.cases[at], &file]);
        };
        amend(0, &YEAR);
        amend(1, &[("families", "[\"mail\"]")]);
    }

    /// The authority for both, which covers all that one of them covers.
    fn both(&self) -> String {
        self.named("op-rowan-both", 1, &[], &[&self.ids[0], &self.ids[1]])
    }

    fn combine<'a>(&'a self, into: &'a str, file: &'a str) -> Vec<&'a str> {
        let [one, two] = &self.cases;
        vec!["case", "combine", "--quiet", one, two, "--into", into, "--authority", file]
    }
}

fn combinations(office: &Office, case: &str) -> Vec<Value> {
    let said = office.good(&["--json", "--kind", "combination"], "t.vale", &["events", case]);
    said.lines().map(|l| serde_json::from_str(l).expect("a JSON line")).collect()
}

fn families(office: &Office, case: &str, which: &str) -> BTreeMap<String, u64> {
    let each = format!("SELECT r.family AS f, count(*) AS n FROM records r {which} GROUP BY r.family");
    let rows = office.rows(case, &each);
    rows.iter().map(|r| (r["f"].as_str().expect("a word").to_owned(), r["n"].as_u64().expect("a number"))).collect()
}

/// What the page is told: the cases that it was made of, and of each part and record from which it came.
fn the_page_says_where_each_came_from(pair: &Pair, into: &str) {
    let office = &pair.office;
    let served = Served::start(office, into);
    let hart = served.enter("d.hart");
    assert_eq!(hart.post("/api/enquiry", &json!({ "line": "1" })).status, 200);
    let about = hart.get("/api/case");
    let document = hart.get("/api/openapi.json");
    agrees(&document, &json!({ "$ref": "#/components/schemas/Case" }), &about, "case");
    let made_of = about["made_of"].as_array().expect("cases");
    assert_eq!(made_of.len(), 2);
    for (case, folder) in pair.ids.iter().zip(&pair.cases) {
        let one = made_of.iter().find(|one| one["case"] == case.as_str()).expect("a case that it was made of");
        assert_eq!(one["authorities"], json!(["op-rowan-1"]));
        assert!(one["checkpoint"].as_str().is_some_and(|text| text.contains(case.as_str())), "{one}");
        let key = glasshouse_store::read_case_file(Path::new(folder)).expect("readable").public_key;
        assert_eq!(one["fingerprint"], glasshouse_layout::fingerprint(&key));
        let sources = about["sources"].as_array().expect("sources");
        let parts = sources.iter().flat_map(|source| source["parts"].as_array().expect("parts"));
        let from = parts.filter(|part| part["origin"]["case"] == case.as_str()).count();
        assert!(from > 0 && one["parts"] == from, "{about}");
        let its = format!(
            "SELECT r.id AS id, s.origin_source AS source FROM records r JOIN sources s ON r.source = s.source WHERE s.origin_case = '{case}' LIMIT 1"
        );
        let row = &office.rows(into, &its)[0];
        let record = hart.get(&format!("/api/record/{}", row["id"].as_str().expect("an id")));
        agrees(&document, &json!({ "$ref": "#/components/schemas/Record" }), &record, "record");
        let origin = &record["refs"][0]["part"]["origin"];
        assert_eq!((&origin["case"], &origin["source"]), (&json!(case), &row["source"]), "{record}");
    }
}

#[test]
fn two_cases_become_one_within_the_limits_of_each() {
    let pair = Pair::new();
    let (office, [one, two]) = (&pair.office, &pair.cases);
    let (into, file) = (office.path("both"), pair.both());
    // Neither names the other, then one of them does.
    office.refused("d.hart", &pair.combine(&into, &file), "the authority of each names the others");
    let named = pair.named("op-rowan-1", 2, &YEAR, &[&pair.ids[1]]);
    office.good(&[], "d.hart", &["authority", "amend", one, &named]);
    office.refused("d.hart", &pair.combine(&into, &file), "the authority of each names the others");
    let named = pair.named("op-rowan-1", 2, &[("families", "[\"mail\"]")], &[&pair.ids[0]]);
    office.good(&[], "d.hart", &["authority", "amend", two, &named]);
    for (person, words) in [("t.vale", "No policy permits"), ("r.okoro", "authorised takes no part"), ("", "say who")] {
        office.refused(person, &pair.combine(&into, &file), words);
    }
    office.refused("d.hart", &["case", "combine", one, one, "--into", &into, "--authority", &file], "given twice");
    // What goes further is named with its line.
    let (a, b) = (&pair.ids[0], &pair.ids[1]);
    let further = [
        (pair.named("w1", 1, &[("services", "[\"google\", \"x\"]")], &[a, b]), "`x` is covered in none"),
        (pair.named("w2", 1, &[("accounts", "[\"p.lund@example.com\"]")], &[a, b]), "covered in none of the cases"),
        (pair.named("w3", 1, &[("until", "2041-01-01")], &[a, b]), "window goes beyond"),
        (pair.named("w4", 1, &[("terms", "[\"other\"]")], &[a, b]), "`heliotrope` (privilege) is put aside in case"),
        (pair.named("w5", 1, &[], &[a]), "It has to name these"),
    ];
    for (file, words) in &further {
        office.refused("d.hart", &pair.combine(&into, file), words);
        office.refused("d.hart", &pair.combine(&into, file), "line ");
    }
    assert!(!Path::new(&into).exists(), "nothing is made of what is refused");

    let said = office.good(&[], "d.hart", &pair.combine(&into, &file));
    assert!(said.contains("out of 2 cases"), "{said}");
    // Of each case the same is shown as there, and the quarantine is put aside again.
    let rows = office.rows(&into, "SELECT DISTINCT origin_case, source, origin_source FROM sources ORDER BY source");
    let from = |case: &str| rows.iter().filter(|r| r["origin_case"] == id(case)).count();
    assert!(from(one) >= 1 && from(two) == 1 && rows.len() == from(one) + from(two), "{rows:?}");
    for case in &pair.cases {
        let one = format!(
            "SELECT r.id AS id FROM records r JOIN sources s ON r.source = s.source WHERE s.origin_case = '{}' LIMIT 1",
            id(case)
        );
        let record = office.rows(&into, &one)[0]["id"].as_str().expect("an id").to_owned();
        let said = office.good(&["--enquiry", "1"], "d.hart", &["show", &into, &record]);
        assert!(
            said.contains("origin_case") && said.contains(&id(case)),
            "each record says where it came from: {said}"
        );
        let of = format!(
            "JOIN (SELECT DISTINCT source FROM sources WHERE origin_case = '{}') s ON r.source = s.source",
            id(case)
        );
        let (there, here) = (families(office, case, ""), families(office, &into, &of));
        assert_eq!(here, there, "{case}");
        assert!(!there.is_empty());
    }
    the_page_says_where_each_came_from(&pair, &into);
    let aside = "SELECT CAST(sum(count) AS BIGINT) AS n FROM outcomes WHERE outcome = 'quarantined'";
    assert_eq!(office.one(&into, aside), pair.cases.iter().map(|c| office.one(c, aside)).sum::<u64>());
    assert_eq!(office.one(&into, "SELECT count(*) AS n FROM records WHERE text LIKE '%heliotrope%'"), 0);
    // It is in every log, with the others and their checkpoints.
    for case in &pair.cases {
        let [event] = &combinations(office, case)[..] else { panic!("one event") };
        assert_eq!(event["detail"]["into"]["case"], id(&into));
        assert_eq!(event["detail"]["into"]["authority"], "op-rowan-both/1");
        let with = &event["detail"]["with"][0];
        let other = pair.cases.iter().find(|c| *c != case).expect("another");
        assert_eq!(with["case"], id(other));
        assert!(with["checkpoint"].as_str().is_some_and(|text| text.contains(&id(other))));
        office.proven(case);
    }
    let [event] = &combinations(office, &into)[..] else { panic!("one event") };
    assert_eq!(event["detail"]["of"].as_array().map(Vec::len), Some(2));
    assert_eq!((&event["who"], &event["role"]), (&"d.hart".into(), &"examiner".into()));
    office.proven(&into);
    let said = office.good(&[], "t.vale", &["case", "show", &into]);
    assert!(said.contains(&format!("combined out of case {a}")) && said.contains(&id(&into)), "{said}");
    // Nothing of it lies in clear.
    let needle = takeout()[0].file_name().expect("a name").to_string_lossy().into_owned();
    let key = office.home.join("processing.key");
    assert_eq!(Dump::of(Path::new(&into)).find(needle.as_bytes()), None);
    assert!(Dump::opened(Path::new(&into), Some(&key)).find(needle.as_bytes()).is_some());
    // The command again changes nothing, and what was made is nobody else's to make.
    let digest = office.good(&[], "d.hart", &["digest", &into]);
    assert!(office.good(&[], "d.hart", &pair.combine(&into, &file)).contains("out of 2 cases"));
    assert_eq!(office.good(&[], "d.hart", &["digest", &into]), digest);
    assert_eq!(combinations(office, one).len(), 1);
    let again = pair.named("op-rowan-both-2", 1, &[], &[a, b]);
    office.refused("d.hart", &pair.combine(&into, &again), "is a case already");
    office.refused("d.hart", &pair.combine(one, &file), "is a case already");
    // An amendment of it goes no further either.
    let amended = |name: &str, limits: &[(&str, &str)], cases: &[&String]| {
        let file = pair.named("op-rowan-both", 2, limits, cases);
        let as_named = office.path(name);
        std::fs::rename(&file, &as_named).expect("renamed");
        std::fs::rename(format!("{file}.sig"), format!("{as_named}.sig")).expect("renamed");
        as_named
    };
    let loose = amended("loose.toml", &[("terms", "[\"other\"]")], &[a, b]);
    office.refused("d.hart", &["authority", "amend", &into, &loose], "`heliotrope` (privilege) is put aside in case");
    let tight = amended("tight.toml", &[("from", "2022-02-01")], &[a, b]);
    office.good(&[], "d.hart", &["authority", "amend", &into, &tight]);
    office.good(&[], "d.hart", &["process", "--quiet", &into]);
    let early = "SELECT count(*) AS n FROM records WHERE time < '2022-01-31T00:00:00Z'";
    assert_eq!(office.one(&into, early), 0);
    // A verifier sees what was changed of where parts came from, and nothing is read then.
    let origin = Path::new(&into).join(format!("evidence/origin-{a}.json"));
    let text = std::fs::read_to_string(&origin).expect("readable");
    std::fs::write(&origin, text.replace("2022-12-31", "2032-12-31")).expect("written");
    office.refused("d.hart", &["process", &into], "is not what its log vouches for");
    assert!(run(glasshouse(["verify", &into]), 1).contains("origin-"));
    std::fs::write(&origin, text).expect("written");
    // What ends in a case that it was made out of does not reach it: whoever ends it is told, and ends this one, too.
    let shown = office.good(&[], "t.vale", &["case", "show", one]);
    assert!(shown.contains(&format!("combined into case {} under op-rowan-both/1", id(&into))), "{shown}");
    let erase = ["log", "erase", one, "--kind", "combination", "--reason", "tidy"];
    let said = office.run("a.mensah", support::office::PASSWORD, &erase);
    assert!(said.code == 1 && said.out.contains("stay as they are"), "{}{}", said.out, said.err);
    let said = office.good(&[], "d.hart", &["authority", "withdraw", one, "op-rowan-1", "--reason", "it was quashed"]);
    assert!(said.contains(&format!("lies in case {} as well", id(&into))), "{said}");
    assert!(said.contains("authority withdraw CASE op-rowan-both"), "{said}");
    let ended = office.good(&["--json", "--action", "authority.withdrawn"], "t.vale", &["events", one]);
    let ended: Value = serde_json::from_str(ended.trim()).expect("one event");
    assert_eq!(ended["detail"]["combined"], serde_json::json!([id(&into)]));
    let named = pair.named("op-rowan-1", 3, &[("families", "[\"mail\"]")], &[&pair.ids[0]]);
    let said = office.good(&[], "d.hart", &["authority", "amend", two, &named]);
    assert!(said.contains(&format!("lies in case {} as well", id(&into))), "{said}");
    assert!(office.one(&into, "SELECT count(*) AS n FROM records") > 0);
    let both = ["authority", "withdraw", &into, "op-rowan-both", "--reason", "op-rowan-1 has ended"];
    let said = office.good(&[], "d.hart", &both);
    assert!(!said.contains("as well"), "nothing was made out of it: {said}");
    office.refused("d.hart", &["search", "--enquiry", "1", &into, "family:mail"], "restricted");
}

#[test]
fn a_combination_that_is_killed_goes_on_and_says_when_it_is_not_whole() {
    let pair = Pair::new();
    pair.agreed();
    let (office, file) = (&pair.office, pair.both());
    let into = office.path("whole");
    let begun = Instant::now();
    office.good(&[], "d.hart", &pair.combine(&into, &file));
    let takes = begun.elapsed();
    let digest = office.good(&[], "d.hart", &["digest", &into]);
    // A fast machine may be past the middle between two kills: then they come closer to each other.
    let cut_off = [20, 80, 320].iter().any(|steps| {
        let into = office.path(&format!("killed-{steps}"));
        let cut_off = killed_in_steps(&pair, &file, &into, takes / *steps);
        office.good(&[], "d.hart", &pair.combine(&into, &file));
        assert_eq!(office.good(&[], "d.hart", &["digest", &into]), digest);
        office.proven(&into);
        for case in &pair.cases {
            let into = id(&into);
            let ours =
                combinations(office, case).into_iter().filter(|e| e["detail"]["into"]["case"] == into.as_str()).count();
            assert_eq!(ours, 1, "each log has it once");
            office.proven(case);
        }
        cut_off
    });
    assert!(cut_off, "it was never cut off in the middle");
}

/// Kills a combination after a time that grows by `step`, again and again until it comes to its end. Says whether what
/// it left was ever not whole.
fn killed_in_steps(pair: &Pair, file: &str, into: &str, step: Duration) -> bool {
    let (mut after, mut cut_off) = (step, false);
    while !pair.office.killed("d.hart", &pair.combine(into, file), after) {
        after += step;
        if Path::new(into).join("log/checkpoint").exists() {
            let said = pair.office.run("d.hart", support::office::PASSWORD, &["process", "--quiet", into]);
            let known = ["was cut off", "holds nothing yet"].iter().any(|words| said.err.contains(words));
            assert!(said.code == 0 || (said.code == 2 && known), "{}", said.err);
            cut_off |= said.code == 2;
            if said.code == 0 && Path::new(into).join("runs").exists() {
                break;
            }
        }
    }
    cut_off
}

/// Writes a zip of one mail that only a password opens.
fn locked(office: &Office, secret: &str) -> PathBuf {
    let mail = "From x@example.com Thu Jan 01 00:00:00 2022\nMessage-ID: <1@example.com>\nFrom: K. Lowe <k.lowe@example.com>\nTo: j.marsh@example.com\nDate: Sat, 15 Jan 2022 10:00:00 +0000\nSubject: plans\n\nlockedneedle\n\n";
    let options = SimpleFileOptions::default().with_aes_encryption(AesMode::Aes256, secret);
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("all.mbox", options).expect("an entry");
    zip.write_all(mail.as_bytes()).expect("written");
    let path = office.folder.join("locked.zip");
    std::fs::write(&path, zip.finish().expect("written").into_inner()).expect("written");
    path
}

#[test]
fn what_a_password_opened_is_asked_for_again() {
    let office = Office::new();
    let secret = account().truth["password"].as_str().expect("a password");
    let file = office.limited(1, &PRIVILEGED);
    // In one the password came later, in the other at once.
    let one = office.taken("one", &file, &[locked(&office, secret)]);
    assert_eq!(office.unlocking("d.hart", secret, &["process", "--quiet", &one]).code, 0);
    let two = office.path("two");
    let encrypted = account().folder.join("encrypted.zip").to_string_lossy().into_owned();
    let open = ["open", "--no-serve", "--quiet", "--authority", &file, "--account", "j.marsh@example.com"];
    let said = office.unlocking("d.hart", secret, &[&open[..], &["--case", &two, &encrypted]].concat());
    assert_eq!(said.code, 0, "{}", said.err);
    let ids = [id(&one), id(&two)];
    let pair = Pair { office, cases: [one, two], ids };
    for at in 0..2 {
        let named = pair.named("op-rowan-1", 2, &[], &[&pair.ids[1 - at]]);
        pair.office.good(&[], "d.hart", &["authority", "amend", &pair.cases[at], &named]);
        pair.office.good(&[], "d.hart", &["process", "--quiet", &pair.cases[at]]);
    }
    let (office, file) = (&pair.office, pair.both());
    let records = |case: &str| office.one(case, "SELECT count(*) AS n FROM records");
    let all: u64 = pair.cases.iter().map(|case| records(case)).sum();
    assert!(all > 1 && records(&pair.cases[0]) == 1);

    let into = office.path("asked");
    office.refused("d.hart", &pair.combine(&into, &file), "--password-fd");
    office.refused("d.hart", &pair.combine(&into, &file), "A password opened 1 of the entries of");
    assert!(!Path::new(&into).exists(), "nothing is begun");
    assert!(pair.cases.iter().all(|case| combinations(office, case).is_empty()));
    let said = office.unlocking("d.hart", secret, &pair.combine(&into, &file));
    assert!(said.code == 0 && !said.out.contains("closed here"), "{}{}", said.out, said.err);
    assert_eq!(records(&into), all);
    let digest = |case: &str| office.good(&[], "d.hart", &["digest", case]);

    // It may stay closed if somebody says so, and a password that opens nothing is told; later it opens all.
    let closed = office.path("closed");
    let mut args = pair.combine(&closed, &file);
    args.push("--leave-closed");
    let said = office.good(&[], "d.hart", &args);
    assert!(said.contains("closed here") && said.contains("--password-fd"), "{said}");
    assert_eq!(records(&closed), 0);
    let wrong = office.path("wrong");
    let said = office.unlocking("d.hart", "another password", &pair.combine(&wrong, &file));
    assert!(said.code == 0 && said.out.contains("closed here"), "{}{}", said.out, said.err);
    for case in [&closed, &wrong] {
        assert_eq!(office.unlocking("d.hart", secret, &["process", "--quiet", case]).code, 0);
        assert_eq!((records(case), digest(case)), (all, digest(&into)));
        office.proven(case);
    }
}

#[test]
fn what_was_altered_is_not_taken_and_what_was_discarded_stays_out() {
    let pair = Pair::new();
    pair.agreed();
    let (office, [one, _], file) = (&pair.office, &pair.cases, pair.both());
    let part = Path::new(one).join("evidence/s0001/part-0001.age");
    let good = std::fs::read(&part).expect("readable");
    let mut bad = good.clone();
    let middle = bad.len() / 2;
    bad[middle] ^= 1;
    std::fs::write(&part, &bad).expect("written");
    let into = office.path("altered");
    let said = office.run("d.hart", support::office::PASSWORD, &pair.combine(&into, &file));
    assert_eq!(said.code, 2, "{}{}", said.out, said.err);
    assert!(!Path::new(&into).join("evidence/s0001/part-0001.age").exists());
    std::fs::write(&part, good).expect("written");
    office.good(&[], "d.hart", &pair.combine(&into, &file));
    office.proven(&into);
    // What a discard left cannot be read again, and so cannot be taken; the one before it can be discarded in.
    let args = ["process", "--quiet", one, "--discard", "--reason", "the order covers one year"];
    office.good(&[], "d.hart", &["process", "--quiet", one]);
    office.good(&[], "r.okoro", &args);
    office.refused("d.hart", &pair.combine(&office.path("late"), &file), "what a discard left");
    let args = ["process", "--quiet", &into, "--discard", "--reason", "the orders cover less"];
    let digest = office.good(&[], "d.hart", &["digest", &into]);
    office.good(&[], "r.okoro", &args);
    assert_eq!(office.good(&[], "d.hart", &["digest", &into]), digest);
    let from = "SELECT count(DISTINCT origin_case) AS n FROM sources";
    assert_eq!(office.one(&into, from), 2);
    office.proven(&into);
}

/// Nobody waits for a combination with the end of an authority: what is being taken stops, and what was taken is read
/// without holding up the cases that it came from.
#[test]
fn an_authority_ends_while_cases_are_combined() {
    let pair = Pair::new();
    pair.agreed();
    let (office, [one, two], file) = (&pair.office, &pair.cases, pair.both());
    let into = office.path("both");
    let combine = [&pair.combine(&into, &file)[..], &["--threads", "1"]].concat();
    let journal = Path::new(&into).join("runs/journal.sqlite");
    let ends = |case: &str| {
        let begun = Instant::now();
        office.good(&[], "d.hart", &["authority", "withdraw", case, "op-rowan-1", "--reason", "it was quashed"]);
        begun.elapsed()
    };
    let said = std::thread::scope(|scope| {
        let combining = scope.spawn(|| office.run("d.hart", support::office::PASSWORD, &combine));
        while !journal.exists() && !combining.is_finished() {
            std::thread::sleep(Duration::from_millis(2));
        }
        let waited = ends(one);
        assert!(waited < Duration::from_secs(12), "{waited:?}");
        combining.join().expect("ended")
    });
    let stopped = said.code == 2 && said.err.contains("Somebody writes down that an authority of the case has ended");
    assert!(stopped || said.code == 0, "{}", said.err);
    // Once it has ended nothing is taken from it any more.
    office.refused("d.hart", &pair.combine(&office.path("later"), &file), "op-rowan-1 is withdrawn");
    if stopped {
        office.refused("d.hart", &pair.combine(&into, &file), "op-rowan-1 is withdrawn");
        let said = office.run("d.hart", support::office::PASSWORD, &["process", "--quiet", &into]);
        assert!(said.code == 2 || said.err.is_empty(), "{}", said.err);
    }
    assert!(ends(two) < Duration::from_secs(12));
    for case in &pair.cases {
        office.proven(case);
    }
}
