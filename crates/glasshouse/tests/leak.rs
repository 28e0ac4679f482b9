//! What lies in the folder of a case under an authority: nothing of what is outside its limits, in no file, in clear
//! or compressed. The same search through the holder's own case of the same export finds all of it.

mod support;

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use support::dump::{Dump, words};
use support::office::{Office, warrant};
use support::team::Served;
use support::{account, instant, named_day, open, run, sql};

/// Needles of one sort that are looked for, spread over all that there are.
const MOST: usize = 300;
/// 2022, and a margin in which nothing is looked for: days of the window are counted in a zone.
const WINDOW: (i64, i64) = (1_640_995_200_000_000, 1_672_531_200_000_000);
/// The end of its first half.
const HALF: i64 = 1_656_633_600_000_000;
const MARGIN: i64 = 3 * 86_400_000_000;

/// An authority's limits, and what they mean for a record.
struct Limits {
    name: &'static str,
    fields: Vec<(&'static str, &'static str)>,
    outside: fn(&Row) -> bool,
}

/// A record of the holder's own case, with all that belongs to it.
struct Row {
    service: String,
    family: String,
    account: bool,
    conversation: Option<String>,
    entry: u64,
    /// The entries that it was made from and that it names.
    entries: BTreeSet<u64>,
    instants: Vec<i64>,
    /// And of times without an instant the day, where it is told.
    days: Vec<i64>,
    place: Option<(f64, f64)>,
    text: String,
    /// Everything there is about it.
    all: String,
}

impl Row {
    fn times(&self) -> impl Iterator<Item = i64> {
        self.instants.iter().chain(&self.days).copied()
    }
}

fn before_or_after(row: &Row) -> bool {
    row.times().all(|i| i < WINDOW.0 - MARGIN || i > WINDOW.1 + MARGIN)
}

fn limits() -> Vec<Limits> {
    let year = [("from", "2022-01-01"), ("until", "2022-12-31"), ("other", "\"held_back\"")];
    let services = ("services", "[\"google\", \"icalendar\"]");
    vec![
        Limits {
            name: "a year and two services",
            fields: year.into_iter().chain([services]).collect(),
            outside: |row| !["google", "icalendar"].contains(&row.service.as_str()) || before_or_after(row),
        },
        Limits { name: "a year", fields: year.to_vec(), outside: before_or_after },
        Limits {
            name: "two services",
            fields: vec![services],
            outside: |row| !["google", "icalendar"].contains(&row.service.as_str()),
        },
        Limits {
            name: "families",
            fields: vec![("families", "[\"message\", \"event\"]")],
            outside: |row| !["message", "event"].contains(&row.family.as_str()),
        },
        Limits { name: "an account", fields: Vec::new(), outside: |row| !row.account },
    ]
}

/// Paths of the export, whose parts are of the account, and of what is somebody else's.
fn given() -> (Vec<PathBuf>, Vec<PathBuf>) {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../glasshouse-providers/src");
    let others = ["whatsapp/fixtures/2024-ios-brackets", "discord/fixtures/2024-json", "x/fixtures/2024-archive"];
    let loose = others.iter().map(|f| fixtures.join(f).join("input"));
    (account().parts(), loose.chain([account().folder.join("loose")]).collect())
}

fn rows(case: &Path) -> Vec<Row> {
    let mut around: BTreeMap<String, String> = BTreeMap::new();
    for table in ["parties", "attachments"] {
        for row in sql(case, &format!("SELECT * FROM {table}")) {
            let id = row["record_id"].as_str().expect("an id").to_owned();
            let rest: Vec<_> = row.iter().filter(|(k, _)| *k != "record_id").map(|(_, v)| v.to_string()).collect();
            *around.entry(id).or_default() += &(rest.join(" ") + " ");
        }
    }
    let mut attached: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for row in sql(case, "SELECT record_id, entry FROM attachments WHERE entry IS NOT NULL") {
        let id = row["record_id"].as_str().expect("an id").to_owned();
        attached.entry(id).or_default().extend(row["entry"].as_u64());
    }
    let ours: BTreeSet<String> = sql(case, "SELECT DISTINCT source FROM sources WHERE name LIKE 'takeout-%'")
        .iter()
        .map(|row| row["source"].to_string())
        .collect();
    let listed =
        sql(case, "SELECT r.*, e.path FROM records r LEFT JOIN entries e ON e.entry = r.entry WHERE r.id IS NOT NULL");
    let row = |row: BTreeMap<String, Value>| {
        let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let moments: Vec<Value> = serde_json::from_str(&text("moments")).unwrap_or_default();
        let mut instants: Vec<i64> = moments.iter().filter_map(|m| m["instant"].as_i64()).collect();
        instants.extend(instant(&text("time")));
        let kept = |name: &&String| !["id", "claim", "authority", "same_as"].contains(&name.as_str());
        let all: Vec<String> = row.iter().filter(|(n, _)| kept(n)).map(|(_, v)| v.to_string()).collect();
        let number = |name: &str| row.get(name).and_then(Value::as_f64);
        let refs: Vec<Value> = serde_json::from_str(&text("refs")).unwrap_or_default();
        let mut entries: BTreeSet<u64> = refs.iter().filter_map(|r| r["entry"].as_u64()).collect();
        entries.extend(row["entry"].as_u64());
        entries.extend(attached.get(&text("id")).into_iter().flatten());
        Row {
            service: text("service"),
            family: text("family"),
            account: ours.contains(&row["source"].to_string()),
            conversation: row.get("conversation").and_then(Value::as_str).map(str::to_owned),
            entry: row["entry"].as_u64().expect("an entry"),
            entries,
            instants,
            days: named_day(&text("time_text")).into_iter().collect(),
            place: number("lat").zip(number("lon")),
            text: text("title") + "\n" + &text("text"),
            all: all.join(" ") + " " + around.get(&text("id")).map_or("", |t| t.as_str()),
        }
    };
    listed.into_iter().map(row).collect()
}

/// What must not be found, by sort.
type Needles = BTreeMap<&'static str, BTreeSet<Vec<u8>>>;

fn needles(all: &[Row], entries: &[BTreeMap<String, Value>], outside: &dyn Fn(&Row) -> bool, known: &str) -> Needles {
    let (out, inside): (Vec<&Row>, Vec<&Row>) = all.iter().partition(|row| outside(row));
    let within: BTreeSet<u64> = inside.iter().flat_map(|row| row.entries.clone()).collect();
    let listed = entries.iter().filter(|e| e["entry"].as_u64().is_some_and(|n| within.contains(&n)));
    let listed: Vec<&str> = listed.filter_map(|e| e["path"].as_str()).collect();
    let texts = inside.iter().map(|row| row.all.as_str()).chain(listed).collect::<Vec<_>>();
    let inner = texts.join("\n");
    let inner_words: BTreeSet<String> = words(&inner).chain(words(known)).collect();
    let lower = inner.to_lowercase();
    let mut needles = Needles::new();
    let mut add = |sort, needle: Vec<u8>| needles.entry(sort).or_default().insert(needle);
    let inner_places: BTreeSet<_> = inside.iter().filter_map(|r| r.place).map(|(lat, _)| lat.to_bits()).collect();
    let inner_times: BTreeSet<i64> = inside.iter().flat_map(|r| r.instants.clone()).collect();
    for row in &out {
        for word in words(&row.all).filter(|w| !inner_words.contains(w)) {
            add("words", word.into_bytes());
        }
        for line in row.text.lines().map(str::trim).filter(|l| l.chars().count() >= 16) {
            let beginning: String = line.chars().take(40).collect();
            if !lower.contains(&beginning.to_lowercase()) {
                add("beginnings of texts", beginning.into_bytes());
            }
        }
        if let Some((lat, _)) = row.place.filter(|(lat, _)| *lat != 0.0 && !inner_places.contains(&lat.to_bits())) {
            add("latitudes", lat.to_le_bytes().to_vec());
        }
        // The last is the one that has a column of numbers.
        if let Some(instant) = row.instants.last().filter(|i| !inner_times.contains(i)) {
            add("times", instant.to_le_bytes().to_vec());
        }
    }
    for entry in entries.iter().filter(|e| !within.contains(&e["entry"].as_u64().expect("a number"))) {
        let path = entry["path"].as_str().expect("a path");
        let name = path.rsplit('/').next().unwrap_or_default();
        // A mail from inside lies under each of its labels, which it names, and counts in the first alone.
        let stem = name.strip_suffix(".mbox").unwrap_or(name);
        if !lower.contains(&stem.to_lowercase()) {
            add("paths", path.as_bytes().to_vec());
            // The same bytes may lie in two places, one of which is inside.
            let hash = entry["sha256"].as_str().unwrap_or(path);
            let twin = |e: &&BTreeMap<String, Value>| {
                e["sha256"] == hash && e["entry"].as_u64().is_some_and(|n| within.contains(&n))
            };
            if !entries.iter().any(|e| twin(&e)) {
                add("hashes", hash.as_bytes().to_vec());
            }
        }
    }
    needles
}

/// Returns the needles that lie in a folder, and where; and how many were looked for.
fn found(dump: &Dump, needles: &Needles) -> BTreeMap<&'static str, (usize, Vec<String>)> {
    let look = |sort: &'static str, all: &BTreeSet<Vec<u8>>| {
        let step = all.len().div_ceil(MOST).max(1);
        let some: Vec<_> = if sort == "words" { all.iter().collect() } else { all.iter().step_by(step).collect() };
        let hit = |needle: &&Vec<u8>| {
            let text = String::from_utf8_lossy(needle);
            match sort {
                "words" => dump.has_word(&text).then(|| format!("{text} in {:?}", dump.find(needle))),
                _ => dump.find(needle).map(|place| format!("{text:?} in {place}")),
            }
        };
        (some.len(), some.iter().filter_map(hit).collect())
    };
    needles.iter().map(|(sort, all)| (*sort, look(sort, all))).collect()
}

fn authority(office: &Office, number: usize, services: &str, limits: &Limits) -> String {
    authority_of(office, &number.to_string(), services, &limits.fields)
}

fn authority_of(office: &Office, name: &str, services: &str, fields: &[(&str, &str)]) -> String {
    let text = warrant(&office.key("r.okoro"), 1, "2044-08-03");
    let text: Vec<String> = text
        .lines()
        .map(|line| {
            let key = line.split(" = ").next().unwrap_or_default();
            let of_window = !["from", "until"].contains(&key) || line.contains("1970") || line.contains("2040");
            let changed = fields.iter().find(|(field, _)| *field == key && of_window);
            match changed {
                Some((field, value)) => format!("{field} = {value}"),
                None if key == "services" => format!("services = [{services}]"),
                None if key == "moments" => {
                    r#"moments = ["sent", "received", "created", "modified", "taken", "start", "end", "observed"]"#
                        .into()
                }
                None => line.to_owned(),
            }
        })
        .collect();
    let file = office.folder.join(format!("warrant-{name}.toml"));
    std::fs::write(&file, text.join("\n") + "\n").expect("written");
    let file = file.to_string_lossy().into_owned();
    office.good(&[], "r.okoro", &["authority", "sign", &file]);
    file
}

/// Adds the program's own text; its tests' fixtures are not among it.
fn program(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            program(&path, text);
        } else if path.extension().is_some_and(|e| e == "rs") {
            *text += &(std::fs::read_to_string(&path).expect("read") + "\n");
        }
    }
}

fn texts(paths: &[PathBuf]) -> Vec<String> {
    paths.iter().map(|p| p.to_string_lossy().into_owned()).collect()
}

/// Words that the program itself says are in any case.
fn common() -> String {
    let mut common = String::new();
    for part in ["model", "layout", "store", "engine", "providers"] {
        program(&Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../glasshouse-{part}/src")), &mut common);
    }
    common
}

#[test]
fn nothing_from_outside_the_limits_lies_in_the_folder() {
    let office = Office::new();
    let (takeout, loose) = given();
    let whole = office.folder.join("whole");
    run(open(&whole, &[takeout.clone(), loose.clone()].concat(), &[]), 0);
    let all = rows(&whole);
    let entries = sql(&whole, "SELECT entry, path, sha256 FROM entries WHERE kind = 'file'");
    let services: BTreeSet<String> = all.iter().map(|row| format!("\"{}\"", row.service)).collect();
    let services = services.into_iter().collect::<Vec<_>>().join(", ");
    let own = Dump::of(&whole);
    let common = common();
    for (number, limits) in limits().into_iter().enumerate() {
        let file = authority(&office, number, &services, &limits);
        let case = office.path(&format!("case {number}"));
        let open = |paths: &[PathBuf], account: &str, more: &[&str]| {
            let paths = texts(paths);
            let mut args = vec!["open", "--no-serve", "--quiet", "--account", account, "--case", &case];
            args.extend(more.iter().copied().chain(paths.iter().map(String::as_str)));
            office.good(&[], "d.hart", &args);
        };
        let alone = limits.name == "an account";
        open(&takeout, "j.marsh@example.com", &["--authority", &file]);
        open(&loose, if alone { "somebody@example.net" } else { "j.marsh@example.com" }, &[]);
        let known = common.clone() + &std::fs::read_to_string(&file).expect("read") + &services;
        let needles_of = |outside: &dyn Fn(&Row) -> bool| needles(&all, &entries, outside, &known);
        let needles = needles_of(&limits.outside);
        nothing(limits.name, &Dump::of(Path::new(&case)), &needles);
        // The search finds what is there: in the holder's own case nearly all of it is.
        for (sort, (looked, hits)) in found(&own, &needles) {
            assert!(hits.len() * 10 >= looked * 9, "{}: {} of {looked} {sort}", limits.name, hits.len());
        }
        let sorts: Vec<&str> = needles.keys().copied().collect();
        assert_eq!(sorts, ["beginnings of texts", "hashes", "latitudes", "paths", "times", "words"], "{}", limits.name);
        // Once it is discarded, not even with the key.
        let key = office.home.join("processing.key");
        if limits.name == "families" {
            let opened = Dump::opened(Path::new(&case), Some(&key));
            let all: usize = found(&opened, &needles).values().map(|(_, hits)| hits.len()).sum();
            assert!(all > 100, "{}: the key opens what is held back: {all}", limits.name);
        }
        office.good(&[], "r.okoro", &["process", "--quiet", &case, "--discard", "--reason", "the order"]);
        nothing(&format!("{}, discarded", limits.name), &Dump::opened(Path::new(&case), Some(&key)), &needles);
        if limits.name != "a year" {
            continue;
        }
        // What a narrower authority takes away afterwards is gone as well, and with a discard under the key, too.
        let half = Limits {
            name: "half a year",
            fields: vec![("from", "2022-01-01"), ("until", "2022-06-30"), ("other", "\"held_back\"")],
            outside: |row| row.times().all(|i| i < WINDOW.0 - MARGIN || i > HALF + MARGIN),
        };
        let file = authority(&office, number, &services, &half);
        let text = std::fs::read_to_string(&file).expect("read").replacen("version = 1", "version = 2", 1);
        std::fs::write(&file, text).expect("written");
        office.good(&[], "r.okoro", &["authority", "sign", &file]);
        office.good(&[], "d.hart", &["authority", "amend", &case, &file]);
        office.good(&[], "d.hart", &["process", "--quiet", &case]);
        let needles = needles_of(&half.outside);
        nothing("half a year", &Dump::of(Path::new(&case)), &needles);
        office.good(&[], "r.okoro", &["process", "--quiet", &case, "--discard", "--reason", "the amended order"]);
        nothing("half a year, discarded", &Dump::opened(Path::new(&case), Some(&key)), &needles);
    }
}

/// Asserts that none of what must not be found lies in a folder, in which there is something.
fn nothing(name: &str, dump: &Dump, needles: &Needles) {
    assert!(dump.len() > 1 << 20, "{name}: something is there");
    for (sort, (looked, hits)) in found(dump, needles) {
        println!("{name}: {looked} {sort} looked for in {} bytes", dump.len());
        assert!(hits.is_empty(), "{name}: {} of {looked} {sort}: {:?}", hits.len(), &hits[..hits.len().min(20)]);
    }
}

/// What is put aside for the privilege reviewer, and what the reviewer looked at and decided, lies nowhere in clear.
#[test]
fn nothing_that_is_put_aside_lies_in_the_folder_when_it_is_decided_on() {
    let office = Office::new();
    let whole = office.folder.join("whole");
    run(open(&whole, &account().parts(), &[]), 0);
    let all = rows(&whole);
    let often = "SELECT identifier AS i, count(DISTINCT record_id) AS n FROM parties WHERE identifier LIKE '%@%' \
        AND identifier <> 'j.marsh@example.com' GROUP BY identifier HAVING count(DISTINCT record_id) BETWEEN 3 AND 60 ORDER BY i LIMIT 1";
    let party = sql(&whole, often)[0]["i"].as_str().expect("an address").to_lowercase();
    let by_party = format!("[\"{party}\"]");
    let terms = vec![("parties", "[]"), ("terms", "[\"heliotrope\", \"marzipan\"]")];
    let parties = vec![("parties", by_party.as_str()), ("terms", "[]")];
    aside(&office, &whole, &all, "terms", &["heliotrope", "marzipan"], terms);
    aside(&office, &whole, &all, "parties", &[&party], parties);
}

/// Takes the account in where what meets these words is put aside, decides on some of it, and looks for all of it.
fn aside(office: &Office, whole: &Path, all: &[Row], name: &str, terms: &[&str], fields: Vec<(&'static str, &str)>) {
    let takeout = account().parts();
    let met: Vec<&Row> = all.iter().filter(|row| terms.iter().any(|t| row.all.to_lowercase().contains(t))).collect();
    let talk = |row: &Row| row.conversation.clone().map(|talk| (row.service.clone(), talk));
    let talks: BTreeSet<_> = met.iter().filter_map(|row| talk(row)).collect();
    let meets = |row: &Row| {
        terms.iter().any(|t| row.all.to_lowercase().contains(t)) || talk(row).is_some_and(|t| talks.contains(&t))
    };
    let attached = all.iter().filter(|row| meets(row)).flat_map(|row| row.entries.iter().filter(|e| **e != row.entry));
    let attached: BTreeSet<u64> = attached.copied().collect();
    let aside = |row: &Row| meets(row) || attached.contains(&row.entry);
    let entries = sql(whole, "SELECT entry, path, sha256 FROM entries WHERE kind = 'file'");

    let services: BTreeSet<String> = all.iter().map(|row| format!("\"{}\"", row.service)).collect();
    let services = services.into_iter().collect::<Vec<_>>().join(", ");
    let file = authority_of(office, name, &services, &fields);
    let case = office.taken(name, &file, &takeout);
    let review = |more: &[&str]| office.good(&[], "v.reed", &[&["review", "--enquiry", "1", &case], more].concat());
    let batches: Vec<Value> =
        review(&["--json"]).lines().map(|l| serde_json::from_str(l).expect("a JSON line")).collect();
    let total: u64 = batches.iter().filter(|b| b["by"] == "term").filter_map(|b| b["records"].as_u64()).sum();
    let here = all.iter().filter(|row| aside(row)).count() as u64;
    assert!(total > here / 2 && total <= here, "{total} of {here}: some are outside the limits by their times");
    for by in ["sender", "thread", "term"] {
        let name = batches.iter().find(|b| b["by"] == by).and_then(|b| b["name"].as_str()).expect("a batch").to_owned();
        let option = format!("--{by}");
        review(&[&option, &name]);
        let reason = format!("read in full: zanzibarian {name}");
        review(&[&option, &name, "--withhold", "--reason", &reason]);
    }

    let known = common() + &std::fs::read_to_string(&file).expect("read") + &services + "j.marsh@example.com";
    let mut needles = needles(all, &entries, &aside, &known);
    // Names of conversations, and a word of the reasons.
    needles.insert("threads", talks.iter().map(|(_, talk)| talk.as_bytes().to_vec()).collect());
    needles.entry("words").or_default().insert(b"zanzibarian".to_vec());
    assert!(needles.values().all(|some| !some.is_empty()), "{name}");
    nothing(name, &Dump::of(Path::new(&case)), &needles);
    needles.get_mut("words").expect("words").remove(b"zanzibarian".as_slice());
    for (sort, (looked, hits)) in found(&Dump::of(whole), &needles) {
        assert!(hits.len() * 10 >= looked * 9, "{} of {looked} {sort}", hits.len());
    }
    // What is withheld goes with the rest if that is asked for, and then not even the key opens it.
    let key = office.home.join("processing.key");
    for batch in batches.iter().filter(|b| b["by"] == "term") {
        let batch = batch["name"].as_str().expect("a name");
        review(&["--term", batch, "--withhold", "--reason", "privileged"]);
    }
    let go = ["process", "--quiet", &case, "--discard", "--withheld", "--reason", "privileged, and not needed"];
    office.good(&[], "r.okoro", &go);
    nothing(&format!("{name}, discarded"), &Dump::opened(Path::new(&case), Some(&key)), &needles);
}

/// A day of work at the page, and an export from it, leave nothing of what is outside or put aside: neither while the
/// server runs, nor where it is killed.
#[test]
fn nothing_of_it_lies_there_after_a_day_at_the_page() {
    let office = Office::new();
    let whole = office.folder.join("whole");
    run(open(&whole, &account().parts(), &[]), 0);
    let all = rows(&whole);
    let entries = sql(&whole, "SELECT entry, path, sha256 FROM entries WHERE kind = 'file'");
    let services: BTreeSet<String> = all.iter().map(|row| format!("\"{}\"", row.service)).collect();
    let services = services.into_iter().collect::<Vec<_>>().join(", ");
    let fields = [
        ("from", "2022-01-01"),
        ("until", "2022-12-31"),
        ("other", "\"held_back\""),
        ("parties", "[]"),
        ("terms", "[\"heliotrope\"]"),
    ];
    let file = authority_of(&office, "page", &services, &fields);
    let case = office.taken("case", &file, &account().parts());
    let talk = |row: &Row| row.conversation.clone().map(|talk| (row.service.clone(), talk));
    let meets = |row: &&Row| row.all.to_lowercase().contains("heliotrope");
    let talks: BTreeSet<_> = all.iter().filter(meets).filter_map(talk).collect();
    let out = |row: &Row| before_or_after(row) || meets(&row) || talk(row).is_some_and(|talk| talks.contains(&talk));
    let known = common() + &std::fs::read_to_string(&file).expect("read") + &services + "j.marsh@example.com";
    let needles = needles(&all, &entries, &out, &known);

    let served = Served::start(&office, &case);
    let [hart, quill] = ["d.hart", "p.quill"].map(|name| served.enter(name));
    for person in [&hart, &quill] {
        assert_eq!(person.post("/api/enquiry", &json!({ "line": "1" })).status, 200);
        for path in ["case", "facets", "histogram?by=year", "map", "graph", "conversations", "people", "self", "media"]
        {
            person.get(&format!("/api/{path}"));
        }
        for path in ["entries", "warnings", "complete?field=from&begin=a", "custody", "saved", "people/changes"] {
            person.ask(&format!("/api/{path}"));
        }
        let listed = person.get("/api/list?limit=60");
        for row in listed["rows"].as_array().expect("rows") {
            let id = row["id"].as_str().expect("an id");
            person.get(&format!("/api/record/{id}"));
            for path in ["record/ID/bytes", "record/ID/near?in=source&limit=100", "html/ID", "marks?record=ID"] {
                person.ask(&format!("/api/{}", path.replace("ID", id)));
            }
        }
        for one in person.get("/api/media?limit=40")["rows"].as_array().expect("rows") {
            let (id, n) = (one["id"].as_str().expect("an id"), &one["media"]["n"]);
            for path in ["media", "thumb"] {
                person.ask(&format!("/api/{path}/{id}/{n}"));
            }
            // An analysis that the authority does not name.
            let refused = person.ask(&format!("/api/media/{id}/{n}/alike"));
            assert!(refused.status == 403 && refused.text().contains("analysis.run"), "{}", refused.text());
        }
        let id = listed["rows"][0]["id"].as_str().expect("an id").to_owned();
        for kind in ["tag", "fact", "bookmark"] {
            assert_eq!(person.post("/api/marks", &json!({ "record": id, "kind": kind, "text": "ask" })).status, 200);
        }
    }
    let asked = json!({ "q": "", "recipient": "the defence", "purpose": "disclosure" });
    assert_eq!(quill.post("/api/exports", &asked).status, 200);
    let begun = std::time::Instant::now();
    let made = loop {
        let one = quill.get("/api/exports")["rows"][0].clone();
        if one["state"] != "running" {
            break one;
        }
        assert!(begun.elapsed().as_secs() < 240, "{one}");
        std::thread::sleep(std::time::Duration::from_millis(100));
    };
    assert_eq!(made["state"], "done", "{made}");
    let given = quill.ask("/api/exports/1/file").body;
    // What was given away holds nothing of it either, once it is unpacked.
    let unpacked = office.folder.join("given");
    zip::ZipArchive::new(std::io::Cursor::new(given)).expect("a zip").extract(&unpacked).expect("unpacked");
    nothing("given away", &Dump::of(&unpacked), &needles);
    let exports = Path::new(&case).join("cache/exports");
    assert!(std::fs::read_dir(&exports).expect("a folder").count() > 0);
    nothing("while it is served", &Dump::of(Path::new(&case)), &needles);
    drop(served);
    assert!(std::fs::read_dir(&exports).expect("a folder").count() > 0, "it was killed");
    nothing("once it is killed", &Dump::of(Path::new(&case)), &needles);
}
