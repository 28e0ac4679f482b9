//! What an authority's limits let into a case, against the same export in its holder's own case.

mod support;

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use support::office::Office;
use support::{account, number, open, run, sql};

fn limited(office: &Office, version: u32, limits: &[(&str, &str)]) -> String {
    office.limited(version, limits)
}

fn takeout() -> Vec<PathBuf> {
    account().paths().into_iter().filter(|p| p.extension().is_some_and(|e| e == "zip")).collect()
}

/// Takes the export into a case under the warrant.
fn taken(office: &Office, name: &str, file: &str) -> String {
    office.taken(name, file, &takeout())
}

fn rows(office: &Office, case: &str, statement: &str) -> Vec<BTreeMap<String, Value>> {
    office.rows(case, statement)
}

fn one(office: &Office, case: &str, statement: &str) -> u64 {
    office.one(case, statement)
}

/// The holder's own case of the same export: everything that there is.
fn whole(office: &Office) -> PathBuf {
    let case = office.folder.join("whole");
    run(open(&case, &takeout(), &[]), 0);
    case
}

/// Records by family in what was read: what the outcomes say, and what the holder's own case has.
fn read_and_true(office: &Office, case: &str, whole: &Path, limits: &[(&str, &str)]) -> [BTreeMap<String, u64>; 2] {
    let by_family = |rows: Vec<BTreeMap<String, Value>>| -> BTreeMap<String, u64> {
        let pair = |row: &BTreeMap<String, Value>| Some((row["family"].as_str()?.to_owned(), row["n"].as_u64()?));
        rows.iter().filter_map(pair).collect()
    };
    let told = "SELECT family, CAST(sum(count) AS BIGINT) AS n FROM outcomes WHERE unit = 'records' GROUP BY family";
    let told = by_family(rows(office, case, told));
    // An entry is read if its format may give a family that is covered.
    let wanted = |name: &str| limits.iter().find(|(field, _)| *field == name).map(|(_, list)| *list);
    let covered = |list: Option<&str>, item: &str| list.is_none_or(|list| list.contains(&format!("\"{item}\"")));
    let read = support::run(support::glasshouse(["providers", "--json"]), 0);
    let formats = read.lines().filter_map(|line| {
        let format: Value = serde_json::from_str(line).expect("a JSON line");
        let families = format["families"].as_array().expect("families");
        let any =
            families.is_empty() || families.iter().any(|f| covered(wanted("families"), f.as_str().unwrap_or_default()));
        let id = format["format"].as_str().expect("a format");
        let service = id.split('.').next().unwrap_or_default();
        (any && covered(wanted("services"), service)).then(|| format!("'{id}'"))
    });
    let formats = formats.collect::<Vec<_>>().join(", ");
    let truth = format!("SELECT family, count(*) AS n FROM records WHERE format IN ({formats}) GROUP BY family");
    [told, by_family(sql(whole, &truth))]
}

#[test]
fn outcomes_add_up_to_the_truth_under_each_limit_alone_and_under_all() {
    let office = Office::new();
    let everything = account().paths();
    let whole = office.folder.join("whole");
    run(open(&whole, &everything, &[]), 0);
    // The holder's case has what the account was made with: the truth is known by construction.
    let held: BTreeMap<String, u64> = sql(&whole, "SELECT format, count(*) AS n FROM records GROUP BY format")
        .iter()
        .map(|row| (row["format"].as_str().expect("a format").to_owned(), row["n"].as_u64().expect("a number")))
        .collect();
    let truth: BTreeMap<String, u64> =
        serde_json::from_value(account().truth["records"].clone()).expect("counts by format");
    assert_eq!(held, truth.into_iter().filter(|(_, n)| *n > 0).collect());

    let window = [("from", "2022-01-01"), ("until", "2022-02-28")];
    let services = [("services", "[\"google\"]")];
    let families = [("families", "[\"mail\", \"location\"]")];
    let out = [("other", "\"held_back\"")];
    let terms = [("parties", "[]"), ("terms", "[\"heliotrope\", \"marzipan\"]")];
    let all = [&services[..], &families, &window, &out, &terms].concat();
    let alone: [(&str, Vec<(&str, &str)>, bool); 8] = [
        ("nothing", vec![], true),
        ("services", services.to_vec(), true),
        ("families", families.to_vec(), true),
        ("window", window.to_vec(), true),
        ("timeless", [&window[..], &out].concat(), true),
        ("terms", terms.to_vec(), true),
        ("account", vec![], false),
        ("all", all, true),
    ];
    for (name, limits, account) in alone {
        let file = limited(&office, 1, &limits);
        let case = office.path(name);
        let mut args = vec!["open", "--no-serve", "--quiet", "--authority", &file, "--case", &case];
        if account {
            args.extend(["--account", "j.marsh@example.com"]);
        }
        let paths: Vec<String> = everything.iter().map(|p| p.to_string_lossy().into_owned()).collect();
        args.extend(paths.iter().map(String::as_str));
        office.good(&[], "d.hart", &args);
        let mut limits = limits;
        if !limits.iter().any(|(field, _)| *field == "services") {
            limits.push(("services", r#"["google", "mail", "vcard", "icalendar", "media", "gpx"]"#));
        }
        let [told, truth] = read_and_true(&office, &case, &whole, &limits);
        assert_eq!(told, truth, "{name}");
        let kept = "SELECT outcome, count(*) AS kinds, CAST(sum(count) AS BIGINT) AS n FROM outcomes \
            WHERE unit = 'records' GROUP BY outcome ORDER BY outcome";
        let by: BTreeMap<String, u64> = rows(&office, &case, kept)
            .iter()
            .map(|row| (row["outcome"].as_str().expect("a word").to_owned(), row["n"].as_u64().expect("a number")))
            .collect();
        assert_eq!(
            by.get("shown").copied().unwrap_or(0),
            one(&office, &case, "SELECT count(*) FROM records"),
            "{name}"
        );
        // Something is out under each, or it is not tried here: some records name another account than the warrant's.
        assert!(by["held back"] > 0, "{name}: {by:?}");
        if matches!(name, "terms" | "all") {
            assert!(by.contains_key("quarantined"), "{name}: {by:?}");
            // A preview says the same, each record once.
            let preview = office.good(&[], "d.hart", &["process", "--preview", "--quiet", &case]);
            for (outcome, n) in &by {
                let lines = preview.lines().filter(|l| l.contains(" records ") && l.contains(outcome.as_str()));
                let count = |l: &str| l.split_whitespace().next().unwrap_or("0").replace(',', "").parse().unwrap_or(0);
                assert_eq!(lines.map(count).sum::<u64>(), *n, "{name} {outcome}: {preview}");
            }
        }
    }
}

const IN_WINDOW: &str = "time >= '2022-01-01' AND time < '2022-03-01'";

#[test]
fn only_what_the_warrant_covers_comes_in() {
    let office = Office::new();
    let whole = whole(&office);
    let limits = [
        ("services", "[\"google\"]"),
        ("families", "[\"mail\", \"location\"]"),
        ("from", "2022-01-01"),
        ("until", "2022-02-28"),
        ("other", "\"held_back\""),
        ("parties", "[]"),
        ("terms", "[\"heliotrope\"]"),
    ];
    let file = limited(&office, 1, &limits[..]);
    let case = taken(&office, "limited", &file);

    // Nothing outside is a record, whichever way it is asked for.
    assert_eq!(one(&office, &case, &format!("SELECT count(*) FROM records WHERE NOT ({IN_WINDOW})")), 0);
    assert_eq!(
        one(&office, &case, "SELECT count(*) FROM records WHERE service <> 'google' OR text ILIKE '%heliotrope%'"),
        0
    );
    assert_eq!(one(&office, &case, "SELECT count(*) FROM records WHERE authority IS DISTINCT FROM 'op-rowan-1/1'"), 0);
    let shown = one(&office, &case, "SELECT count(*) FROM records");
    assert!(shown > 0, "something is inside");

    // What came in is what the holder's case has there, but for conversations that were put aside.
    let inside = number(&whole, &format!("SELECT count(*) FROM records WHERE service = 'google' AND {IN_WINDOW}"));
    let by = |outcome: &str| {
        let sum = format!(
            "SELECT CAST(coalesce(sum(count), 0) AS BIGINT) FROM outcomes WHERE unit = 'records' AND outcome = '{outcome}'"
        );
        one(&office, &case, &sum)
    };
    assert_eq!(by("shown"), shown);
    assert!(shown <= inside, "{shown} of {inside}");
    assert!(by("held back") > 0);

    // No name of an entry from outside is listed anywhere that can be asked.
    let listed = rows(&office, &case, "SELECT path FROM entries");
    let told: Vec<String> = listed.iter().map(|r| r["path"].to_string()).collect();
    for row in sql(&whole, "SELECT e.path FROM entries e WHERE e.entry NOT IN (SELECT entry FROM records)") {
        let path = row["path"].as_str().expect("a path");
        if path.ends_with(".jpg") || path.ends_with(".html") {
            assert!(!told.iter().any(|t| t.contains(path)), "{path}");
        }
    }
    let unread =
        "SELECT CAST(coalesce(sum(count), 0) AS BIGINT) FROM outcomes WHERE outcome = 'not read' AND unit = 'bytes'";
    assert!(one(&office, &case, unread) > 0, "what was not opened is counted in bytes");

    // A preview says the same and keeps nothing.
    let preview = office.good(&[], "d.hart", &["process", "--preview", "--quiet", &case]);
    let previewed: u64 = preview
        .lines()
        .filter(|l| l.contains("shown") && l.contains("location"))
        .map(|l| l.split_whitespace().next().unwrap_or("0").replace(',', "").parse::<u64>().expect("a number"))
        .sum();
    let places = one(&office, &case, "SELECT count(*) FROM records WHERE family = 'location'");
    assert_eq!(previewed, places, "{preview}");
}

#[test]
fn a_wider_authority_reads_what_was_held_back_and_a_narrower_one_lets_it_go() {
    let office = Office::new();
    let narrow = [("from", "2022-01-01"), ("until", "2022-02-28"), ("other", "\"held_back\"")];
    let file = limited(&office, 1, &narrow);
    let case = taken(&office, "case", &file);
    let before = one(&office, &case, "SELECT count(*) FROM records");
    let file = limited(&office, 2, &[("from", "2021-01-01"), ("until", "2022-12-31"), ("other", "\"held_back\"")]);
    office.good(&[], "d.hart", &["authority", "amend", &case, &file]);
    office.good(&[], "d.hart", &["process", "--quiet", &case]);
    let wide = one(&office, &case, "SELECT count(*) FROM records");
    assert!(wide > before, "{wide} after {before}");
    let file = limited(&office, 3, &narrow);
    office.good(&[], "d.hart", &["authority", "amend", &case, &file]);
    office.good(&[], "d.hart", &["process", "--quiet", &case]);
    assert_eq!(one(&office, &case, "SELECT count(*) FROM records"), before);
    assert_eq!(one(&office, &case, &format!("SELECT count(*) FROM records WHERE NOT ({IN_WINDOW})")), 0);
}

#[test]
fn records_of_an_account_that_is_not_stated_stay_out() {
    let office = Office::new();
    let file = limited(&office, 1, &[]);
    let case = office.path("case");
    let zip = takeout()[0].to_string_lossy().into_owned();
    office.good(&[], "d.hart", &["open", "--no-serve", "--quiet", "--authority", &file, "--case", &case, &zip]);
    let reason =
        "SELECT count(*) FROM outcomes WHERE outcome = 'held back' AND reason = 'account not stated' AND count > 0";
    assert!(one(&office, &case, reason) > 0);
}
