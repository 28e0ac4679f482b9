//! What was read under an authority that has ended is restricted: neither processed nor erased, unless that is said.

mod support;

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use support::dump::Dump;
use support::office::Office;
use support::{account, open, run, sql};

const NOTHING: [(&str, &str); 3] = [("other", "\"held_back\""), ("parties", "[]"), ("terms", "[\"heliotrope\"]")];
const RESTRICTED: &str = "restricted: covered by an authority that has ended";

fn year<'a>(from: &'a str, until: &'a str) -> Vec<(&'a str, &'a str)> {
    NOTHING.into_iter().chain([("from", from), ("until", until)]).collect()
}

/// What became of records, by outcome and reason.
fn outcomes(office: &Office, case: &str) -> BTreeMap<(String, String), u64> {
    let sum = "SELECT outcome, reason, CAST(sum(count) AS BIGINT) AS n FROM outcomes WHERE unit = 'records' GROUP BY outcome, reason";
    let text = |row: &BTreeMap<String, Value>, name: &str| row[name].as_str().expect("a word").to_owned();
    let rows = office.rows(case, sum);
    rows.iter().map(|r| ((text(r, "outcome"), text(r, "reason")), r["n"].as_u64().expect("a number"))).collect()
}

fn of(outcomes: &BTreeMap<(String, String), u64>, outcome: &str, restricted: bool) -> u64 {
    let counted = |(key, _): &(&(String, String), &u64)| key.0 == outcome && (key.1 == RESTRICTED) == restricted;
    outcomes.iter().filter(counted).map(|(_, n)| n).sum()
}

fn discard(office: &Office, case: &str, restricted: &str) -> String {
    let reason = "the order covers one year";
    let args = ["process", "--quiet", case, "--discard", "--reason", reason, "--restricted", restricted];
    office.good(&[], "r.okoro", &args)
}

fn certificate(case: &str, number: u32) -> Value {
    let path = Path::new(case).join(format!("evidence/discard-{number:04}.json"));
    serde_json::from_slice(&std::fs::read(path).expect("there")).expect("JSON")
}

/// Titles of records between two days that no other record has, nor any entry in its name.
fn titles(whole: &Path, from: &str, until: &str) -> Vec<String> {
    let statement = format!(
        "SELECT title, min(time) AS a, max(time) AS b FROM records WHERE length(title) > 14 AND time IS NOT NULL \
         GROUP BY title HAVING min(time) > '{from}' AND max(time) < '{until}' ORDER BY title LIMIT 400"
    );
    let rows = sql(whole, &statement);
    let all: BTreeSet<String> = rows.iter().filter_map(|row| row["title"].as_str().map(str::to_owned)).collect();
    all.into_iter().filter(|title| title.is_ascii()).collect()
}

fn hits(dump: &Dump, titles: &[String]) -> usize {
    titles.iter().filter(|title| dump.find(title.as_bytes()).is_some()).count()
}

#[test]
fn what_is_restricted_goes_only_if_that_is_said() {
    let office = Office::new();
    let whole = office.folder.join("whole");
    run(open(&whole, &account().parts(), &[]), 0);
    let (never, then) = (titles(&whole, "2019-01-05", "2019-12-25"), titles(&whole, "2021-01-05", "2021-12-25"));
    assert!(never.len() > 20 && then.len() > 20, "{} and {}", never.len(), then.len());

    let rowan = office.named("op-rowan-1", 1, &year("2022-01-01", "2022-12-31"));
    let alder = office.named("op-alder-1", 1, &year("2021-01-01", "2021-12-31"));
    let case = office.taken("case", &rowan, &account().parts());
    office.good(&[], "d.hart", &["authority", "add", &case, &alder]);
    office.good(&["--under", "op-rowan-1"], "d.hart", &["process", "--quiet", &case]);
    let asked = ["sql", "--format", "json", "--enquiry", "1", "--under", "op-rowan-1", &case];
    let count = |statement: &str| {
        let said = office.good(&[statement], "d.hart", &asked);
        serde_json::from_str::<Value>(&said).expect("JSON")["n"].as_u64().expect("a number")
    };
    let read = count("SELECT count(*) AS n FROM records WHERE authority = 'op-alder-1/1'");
    let aside = count("SELECT CAST(sum(count) AS BIGINT) AS n FROM outcomes WHERE outcome = 'quarantined'");
    assert!(read > 100, "{read}");

    let ends = ["authority", "withdraw", &case, "op-alder-1", "--reason", "quashed", "--under", "op-rowan-1"];
    office.good(&[], "r.okoro", &ends);
    let ask = ["process", "--quiet", &case, "--discard", "--reason", "one year"];
    // Nothing goes before the records are within what is in force, and then it has to be said what becomes of the rest.
    office.refused("r.okoro", &[&ask[..], &["--restricted", "keep"]].concat(), "glasshouse process");
    office.good(&[], "d.hart", &["process", "--quiet", &case]);
    let before = outcomes(&office, &case);
    // What had been put aside under it is restricted with what had been shown.
    let read = read + aside - of(&before, "quarantined", false);
    assert_eq!(of(&before, "held back", true), read, "each is counted as restricted: {before:?}");
    office.refused("r.okoro", &ask, "op-alder-1/1 has ended");
    office.refused("r.okoro", &[&ask[..], &["--preview"]].concat(), "--restricted destroy");
    let other = of(&before, "held back", false);
    assert!(other > 100, "{before:?}");
    let shown = office.run("t.vale", support::office::PASSWORD, &["case", "show", &case]);
    let told = shown.out + &shown.err;
    assert!(told.contains("op-alder-1") && told.contains("It has ended and is not amended any more"), "{told}");
    let copy = office.path("copy");
    assert!(Command::new("cp").args(["-a", &case, &copy]).status().expect("cp runs").success());
    let key = office.home.join("processing.key");
    let opened = |case: &str| Dump::opened(Path::new(case), Some(&key));
    assert!(hits(&opened(&case), &never) * 2 > never.len() && hits(&opened(&case), &then) * 2 > then.len());

    // Kept: its bytes stay, under the key, and what no authority ever covered goes.
    let said = discard(&office, &case, "keep");
    assert!(said.contains("What op-alder-1/1 had covered is restricted") && !said.contains(RESTRICTED), "{said}");
    let first = certificate(&case, 1);
    assert_eq!((&first["ended"][0], &first["restricted"]), (&"op-alder-1/1".into(), &false.into()));
    let dump = opened(&case);
    assert_eq!(hits(&dump, &never), 0);
    assert!(hits(&dump, &then) * 2 > then.len(), "{} of {}", hits(&dump, &then), then.len());
    assert_eq!(hits(&Dump::of(Path::new(&case)), &then), 0, "without the key nothing of it is told");
    let after = outcomes(&office, &case);
    let counts = |o: &BTreeMap<_, _>| (of(o, "held back", true), of(o, "held back", false), of(o, "discarded", false));
    assert_eq!(counts(&after), (read, 0, other));
    assert_eq!(of(&after, "shown", false), of(&before, "shown", false));
    office.proven(&case);
    // Again there is nothing to do, and what comes later is read as ever.
    office.refused("r.okoro", &ask, "op-alder-1/1 has ended");
    assert!(discard(&office, &case, "keep").contains("Nothing lies outside"));
    office.good(&[], "d.hart", &["process", "--quiet", &case]);
    assert_eq!(counts(&outcomes(&office, &case)), (read, 0, other));

    // Destroyed, at once or later: it has its own line in the certificate.
    for (case, number) in [(&copy, 1), (&case, 2)] {
        let said = discard(&office, case, "destroy");
        assert!(said.contains(RESTRICTED) && said.contains("it was destroyed, too"), "{said}");
        let certificate = certificate(case, number);
        assert_eq!((&certificate["ended"][0], &certificate["restricted"]), (&"op-alder-1/1".into(), &true.into()));
        let lines = certificate["outcomes"].as_array().expect("outcomes").iter();
        let own: u64 = lines.filter(|l| l["reason"] == RESTRICTED).filter_map(|l| l["count"].as_u64()).sum();
        assert_eq!(own, read);
        let dump = opened(case);
        assert_eq!((hits(&dump, &never), hits(&dump, &then)), (0, 0));
        let after = outcomes(&office, case);
        assert_eq!((of(&after, "held back", true), of(&after, "discarded", true)), (0, read));
        assert_eq!(of(&after, "discarded", false), other);
        assert_eq!(of(&after, "shown", false), of(&before, "shown", false));
        office.proven(case);
        // Nothing of it is left, so that nothing has to be said any more.
        let said = office.good(&[], "r.okoro", &["process", "--quiet", case, "--discard", "--reason", "one year"]);
        assert!(said.contains("Nothing lies outside"), "{said}");
        office.refused(
            "r.okoro",
            &["process", case, "--discard", "--reason", "x", "--restricted", "keep"],
            "Leave out",
        );
    }
}

/// What no authority in force may read is not read, and restricted all the same; what was looked through for it and holds
/// none goes for its own reason.
#[test]
fn entries_that_are_not_read_any_more_are_restricted() {
    let office = Office::new();
    let of_year = |services: &'static str| {
        let mut fields = year("2022-01-01", "2022-12-31");
        fields.push(("services", services));
        fields
    };
    let rowan = office.named("op-rowan-1", 1, &of_year("[\"icalendar\", \"vcard\"]"));
    let alder = office.named("op-alder-1", 1, &of_year("[\"google\", \"mail\", \"media\"]"));
    let case = office.taken("case", &rowan, &account().paths());
    office.good(&[], "d.hart", &["authority", "add", &case, &alder]);
    office.good(&["--under", "op-rowan-1"], "d.hart", &["process", "--quiet", &case]);
    let read = ["sql", "--format", "json", "--enquiry", "1", "--under", "op-rowan-1", &case];
    let titles = "SELECT DISTINCT title FROM records WHERE authority = 'op-alder-1/1' AND length(title) > 14 LIMIT 200";
    let said = office.good(&[titles], "d.hart", &read);
    let titles: Vec<String> = said
        .lines()
        .filter_map(|l| serde_json::from_str::<Value>(l).ok()?["title"].as_str().map(str::to_owned))
        .filter(|title| title.is_ascii())
        .collect();
    assert!(titles.len() > 20, "{}", titles.len());
    let ends = ["authority", "withdraw", &case, "op-alder-1", "--reason", "withdrawn", "--under", "op-rowan-1"];
    office.good(&[], "r.okoro", &ends);
    office.good(&[], "d.hart", &["process", "--quiet", &case]);
    let unread = |case: &str| {
        let statement = format!(
            "SELECT CAST(coalesce(sum(count), 0) AS BIGINT) AS n FROM outcomes WHERE unit = 'entries' AND reason = '{RESTRICTED}' AND outcome = 'not read'"
        );
        office.one(case, &statement)
    };
    let before = unread(&case);
    assert!(before > 3, "{before}");
    office.refused("r.okoro", &["process", &case, "--discard", "--reason", "x"], "--restricted keep");
    discard(&office, &case, "keep");
    assert!(unread(&case) > 0 && unread(&case) < before, "{} of {before}", unread(&case));
    let key = office.home.join("processing.key");
    let dump = Dump::opened(Path::new(&case), Some(&key));
    assert!(hits(&dump, &titles) * 2 > titles.len(), "{} of {}", hits(&dump, &titles), titles.len());
    let first = certificate(&case, 1);
    assert!(first["outcomes"].as_array().expect("outcomes").iter().all(|line| line["reason"] != RESTRICTED), "{first}");
    office.proven(&case);
    discard(&office, &case, "destroy");
    assert_eq!(unread(&case), 0);
    assert_eq!(hits(&Dump::opened(Path::new(&case), Some(&key)), &titles), 0);
    office.proven(&case);
}
