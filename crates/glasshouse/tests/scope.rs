//! What an authority's limits let into a case, against the same export in its holder's own case.

mod support;

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use support::office::Office;
use support::{account, instant, named_day, number, open, run, sql};

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

/// A record of the holder's own case, as far as limits look at it.
struct Row {
    format: String,
    family: String,
    account: Option<String>,
    /// Role, instant where one is stated, precision and text of each time.
    times: Vec<(String, Option<i64>, String, String)>,
    /// Service and conversation.
    talk: Option<(String, String)>,
    entry: u64,
    attached: BTreeSet<u64>,
    /// Everything that is said in it, in small letters.
    said: String,
}

/// Reads all of the holder's own case.
fn everything_of(whole: &Path) -> Vec<Row> {
    let text = |row: &BTreeMap<String, Value>, name: &str| row.get(name).and_then(Value::as_str).map(str::to_owned);
    let mut around: BTreeMap<String, (String, BTreeSet<u64>)> = BTreeMap::new();
    for row in sql(whole, "SELECT record_id, name FROM parties WHERE name IS NOT NULL") {
        around.entry(text(&row, "record_id").expect("an id")).or_default().0 += &(row["name"].to_string() + " ");
    }
    for row in sql(whole, "SELECT record_id, name, entry FROM attachments") {
        let around = around.entry(text(&row, "record_id").expect("an id")).or_default();
        around.0 += &(row["name"].to_string() + " ");
        around.1.extend(row["entry"].as_u64());
    }
    let columns = "id, format, family, service, account, time_role, time_text, precision, moments, conversation, entry, \
        title, text, address, fields, CAST(EXTRACT(EPOCH FROM time) * 1000000 AS BIGINT) AS instant";
    sql(whole, &format!("SELECT {columns} FROM records"))
        .iter()
        .map(|row| {
            let own = |name: &str| text(row, name).unwrap_or_default();
            let many: Vec<Value> = serde_json::from_str(&own("moments")).unwrap_or_default();
            let several = many.iter().map(|m| {
                let part = |name: &str| m[name].as_str().unwrap_or_default().to_owned();
                (part("role"), m["instant"].as_i64(), part("precision"), part("text"))
            });
            let one =
                text(row, "time_role").map(|role| (role, row["instant"].as_i64(), own("precision"), own("time_text")));
            let times: Vec<_> = if many.is_empty() { one.into_iter().collect() } else { several.collect() };
            let (names, mut attached) = around.get(&own("id")).cloned().unwrap_or_default();
            let entry = row["entry"].as_u64().expect("an entry");
            attached.remove(&entry);
            let said = [own("title"), own("text"), own("address"), own("fields"), names].join(" ").to_lowercase();
            let talk = text(row, "conversation").map(|talk| (own("service"), talk));
            Row {
                format: own("format"),
                family: own("family"),
                account: text(row, "account"),
                times,
                talk,
                entry,
                attached,
                said,
            }
        })
        .collect()
}

/// Says where a window of days has a record: inside, or outside as far as is known, or without a time to tell.
fn in_window(row: &Row, from: &str, until: &str) -> Option<bool> {
    const HOUR: i64 = 3_600_000_000;
    // The days are London's, in a winter in which its clocks show UTC.
    let window = (instant(from).expect("a day"), instant(until).expect("a day") + 24 * HOUR);
    let tested = row.times.iter().filter(|(role, ..)| ["sent", "received", "observed"].contains(&role.as_str()));
    let inside = tested.map(|(_, at, precision, text)| {
        let length = match precision.as_str() {
            "microsecond" => 1,
            "millisecond" => 1_000,
            "second" => 1_000_000,
            "minute" => 60_000_000,
            "hour" => HOUR,
            "day" => 24 * HOUR,
            other => panic!("{other} is not tried here"),
        };
        // A clock somewhere is up to 14 hours ahead and 12 behind.
        let wall = || text.get(..10).and_then(instant).or_else(|| named_day(text));
        let span = at.map(|i| (i, i + length)).or_else(|| wall().map(|w| (w - 14 * HOUR, w + 36 * HOUR)));
        span.is_some_and(|(start, end)| window.0 <= start && end <= window.1)
    });
    inside.fold(None, |known, inside| Some(known.unwrap_or(false) || inside))
}

/// An authority's limits as they are written.
struct Limits<'a>(&'a [(&'a str, &'a str)]);

impl Limits<'_> {
    fn of(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(field, _)| *field == name).map(|(_, value)| *value)
    }

    fn lets_in(&self, name: &str, item: &str) -> bool {
        self.of(name).is_none_or(|list| list.contains(&format!("\"{item}\"")))
    }

    /// Formats that are read: those that may give a family that is covered.
    fn read(&self) -> BTreeSet<String> {
        let listed = run(support::glasshouse(["providers", "--json"]), 0);
        let formats = listed.lines().filter_map(|line| {
            let format: Value = serde_json::from_str(line).expect("a JSON line");
            let families = format["families"].as_array().expect("families");
            let any = families.is_empty()
                || families.iter().any(|f| self.lets_in("families", f.as_str().unwrap_or_default()));
            let id = format["format"].as_str().expect("a format").to_owned();
            (any && self.lets_in("services", id.split('.').next().unwrap_or_default())).then_some(id)
        });
        formats.collect()
    }

    /// What becomes of all that there is, by outcome and family, worked out beside the program.
    fn outcomes(&self, all: &[Row], account: bool) -> BTreeMap<(String, String), u64> {
        let read = self.read();
        let terms: Vec<&str> = self.of("terms").map_or_else(Vec::new, |t| t.split('"').skip(1).step_by(2).collect());
        let meets = |row: &Row| terms.iter().any(|term| row.said.contains(term));
        let met: Vec<&Row> = all.iter().filter(|row| read.contains(&row.format) && meets(row)).collect();
        let talks: BTreeSet<_> = met.iter().filter_map(|row| row.talk.clone()).collect();
        let in_talks = |row: &&Row| meets(row) || row.talk.as_ref().is_some_and(|talk| talks.contains(talk));
        let attached: BTreeSet<u64> = all
            .iter()
            .filter(|row| read.contains(&row.format))
            .filter(in_talks)
            .flat_map(|row| row.attached.clone())
            .collect();
        let mut counts = BTreeMap::new();
        for row in all.iter().filter(|row| read.contains(&row.format)) {
            let mine = row.account.as_deref().map_or(account, |a| a.eq_ignore_ascii_case("j.marsh@example.com"));
            // The widest window of the warrant is still one: a time that nobody can place is in none.
            let (from, until) = (self.of("from").unwrap_or("1970-01-01"), self.of("until").unwrap_or("2040-01-01"));
            let timeless = self.of("other") != Some("\"held_back\"") || row.family == "account";
            let within = in_window(row, from, until).unwrap_or(timeless);
            let covered = mine && within && self.lets_in("families", &row.family);
            let outcome = match covered {
                false => "held back",
                true if in_talks(&row) || attached.contains(&row.entry) => "quarantined",
                true => "shown",
            };
            *counts.entry((outcome.to_owned(), row.family.clone())).or_default() += 1;
        }
        counts
    }
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

    let all_there_is = everything_of(&whole);
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
        let told = "SELECT outcome, family, CAST(sum(count) AS BIGINT) AS n FROM outcomes \
            WHERE unit = 'records' GROUP BY outcome, family";
        let told: BTreeMap<(String, String), u64> = rows(&office, &case, told)
            .iter()
            .map(|row| {
                let word = |name: &str| row[name].as_str().expect("a word").to_owned();
                ((word("outcome"), word("family")), row["n"].as_u64().expect("a number"))
            })
            .collect();
        let limits = Limits(&limits);
        assert_eq!(told, limits.outcomes(&all_there_is, account), "{name}");
        // What was not read is told in entries and bytes.
        let read: Vec<String> = limits.read().iter().map(|f| format!("'{f}'")).collect();
        let unread = format!(
            "SELECT count(*) AS n, CAST(coalesce(sum(size), 0) AS BIGINT) AS bytes FROM entries WHERE kind = 'file' \
             AND status <> 'opened' AND NOT (status IN ('parsed', 'partly') AND format IN ({}))",
            read.join(", ")
        );
        let truth = &sql(&whole, &unread)[0];
        for (unit, n) in [("entries", &truth["n"]), ("bytes", &truth["bytes"])] {
            let told = format!(
                "SELECT CAST(coalesce(sum(count), 0) AS BIGINT) FROM outcomes WHERE outcome = 'not read' AND unit = '{unit}'"
            );
            assert_eq!(Some(one(&office, &case, &told)), n.as_u64(), "{name}: {unit} not read");
        }
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

#[test]
fn other_people_are_counted_once_however_they_are_written() {
    let office = Office::new();
    let file = limited(&office, 1, &[]);
    let mail = |n: u32, from: &str, to: &str| {
        format!(
            "From x@example.com Thu Jan 01 00:00:00 2022\nMessage-ID: <{n}@example.com>\nFrom: {from}\nTo: {to}\nDate: Sat, 01 Jan 2022 10:0{n}:00 +0000\nSubject: plans\n\nhello\n\n"
        )
    };
    let folder = office.folder.join("given/Takeout/Mail");
    std::fs::create_dir_all(&folder).expect("a folder");
    let text = mail(1, "K. Lowe <k.lowe@example.com>", "j.marsh@example.com")
        + &mail(2, "J. Marsh <J.Marsh@example.com>", "Kim <K.LOWE@example.com>, t.ash@example.org")
        + &mail(3, "t.ash@example.org", "j.marsh@example.com");
    std::fs::write(folder.join("All mail.mbox"), text).expect("written");
    let case = office.taken("case", &file, &[office.folder.join("given")]);
    assert_eq!(one(&office, &case, "SELECT count(*) FROM records"), 3);
    let said = office.good(&[], "d.hart", &["case", "show", &case]);
    assert!(said.contains("           2  people other than the subject, by an estimate"), "{said}");
    let said = office.good(&[], "d.hart", &["outcomes", "--enquiry", "1", &case]);
    assert!(said.contains(" 2 people other than the subject"), "{said}");
}
