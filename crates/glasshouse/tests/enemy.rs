//! An examiner who tries everything that the commands offer learns nothing of what was held back or put aside, but
//! how much there is.
//!
//! Two cases are made of exports that differ only in what is kept out. Whatever the examiner asks, both answer alike.

mod support;

use serde_json::json;
use std::path::{Path, PathBuf};
use support::office::{Office, PASSWORD};
use support::server::escaped;
use support::team::Served;

/// Words that stand in what is kept out, and nowhere else.
const SECRETS: [&str; 11] = [
    "zinnia",
    "quokka",
    "marimba",
    "tamarind",
    "k.lowe",
    "turnpike",
    "obelisk",
    "secretlabel",
    "dossier.pdf",
    "hushpath",
    "98765432",
];

/// What the two exports differ in.
struct Hidden {
    /// Words of mails outside the window, and of a thread that is put aside.
    outside: [&'static str; 2],
    privileged: [&'static str; 2],
    sender: &'static str,
    file: &'static str,
    /// Days of mails outside the window, and of one that is put aside.
    days: [&'static str; 3],
    /// A picture, as base64.
    picture: &'static str,
}

/// A picture of a pixel, black and then white.
const BLACK: &str = "R0lGODdhAQABAIAAAAAAAP///ywAAAAAAQABAAACAkQBADs=";
const WHITE: &str = "R0lGODdhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs=";

const ONE: Hidden = Hidden {
    outside: ["zinnia", "quokka"],
    privileged: ["marimba", "turnpike"],
    sender: "K. Lowe <k.lowe@example.com>",
    file: "dossier.pdf",
    days: ["Tue, 12 Jan 2021", "Wed, 12 Jan 2022", "Sun, 12 Jan 2020"],
    picture: BLACK,
};
/// Its words are as long as the other's: bytes that were not read are counted, and counts are told.
const OTHER: Hidden = Hidden {
    outside: ["aaaaaa", "bbbbbb"],
    privileged: ["c", "d"],
    sender: "M. Else <m.else@example.com>",
    file: "other.pdf",
    days: ["Mon, 06 May 2019", "Thu, 20 Jan 2022", "Sun, 14 Feb 2016"],
    picture: WHITE,
};

fn mail(n: u32, thread: u32, from: &str, date: &str, words: &str) -> String {
    format!(
        "From x@example.com Thu Jan 01 00:00:00 2022\nMessage-ID: <{n}@example.com>\nX-GM-THRID: {thread}\nFrom: {from}\nTo: j.marsh@example.com\nDate: {date}\nSubject: note {n}\n\n{words}\n\n"
    )
}

fn with_attachment(n: u32, thread: u32, hidden: &Hidden) -> String {
    let [words, more] = hidden.privileged;
    format!(
        "From x@example.com Thu Jan 01 00:00:00 2022\nMessage-ID: <{n}@example.com>\nX-GM-THRID: {thread}\nFrom: {}\nTo: j.marsh@example.com\nDate: Sat, 15 Jan 2022 10:00:00 +0000\nSubject: {words}\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nheliotrope {more}\n--b\nContent-Type: application/pdf; name=\"{}\"\nContent-Disposition: attachment; filename=\"{}\"\n\n%PDF tamarind\n--b\nContent-Type: image/gif; name=\"hushpath.gif\"\nContent-Disposition: attachment; filename=\"hushpath.gif\"\nContent-Transfer-Encoding: base64\n\n{}\n--b--\n\n",
        hidden.sender, hidden.file, hidden.file, hidden.picture
    )
}

/// A mail of the garden with a picture, which is the same in both.
fn with_picture(n: u32, from: &str) -> String {
    format!(
        "From x@example.com Thu Jan 01 00:00:00 2022\nMessage-ID: <{n}@example.com>\nX-GM-THRID: 11\nFrom: {from}\nTo: j.marsh@example.com\nDate: Tue, 11 Jan 2022 09:00:00 +0000\nSubject: note {n}\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nagain from the garden\n--b\nContent-Type: image/gif; name=\"pond.gif\"\nContent-Disposition: attachment; filename=\"pond.gif\"\nContent-Transfer-Encoding: base64\n\n{BLACK}\n--b--\n\n"
    )
}

/// Writes an export: what comes in is the same in both.
fn export(office: &Office, name: &str, hidden: &Hidden) -> PathBuf {
    let folder = office.folder.join(name).join("export/Takeout");
    let write = |path: &str, text: &str| {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    };
    let at = |day: &str| format!("{day} 09:00:00 +0000");
    let ana = "Ana Field <ana@example.com>";
    // What is kept out comes last, so that what is shown stands at the same bytes.
    let inbox = mail(1, 11, ana, "Mon, 10 Jan 2022 09:00:00 +0000", "hello from the garden")
        + &with_picture(2, ana)
        + &mail(3, 12, hidden.sender, &at(hidden.days[0]), hidden.outside[0])
        + &mail(4, 13, hidden.sender, &at(hidden.days[1]), hidden.privileged[1])
        + &with_attachment(5, 13, hidden);
    write("Mail/Inbox.mbox", &inbox);
    let secret = hidden.outside[1];
    write(&format!("Mail/secretlabel {secret}.mbox"), &mail(6, 14, hidden.sender, &at(hidden.days[2]), "obelisk"));
    write(&format!("Keep/hushpath {secret}.json"), &format!("{{\"title\":\"{secret}\",\"textContent\":\"98765432\"}}"));
    office.folder.join(name).join("export")
}

fn cases(office: &Office) -> [String; 2] {
    let limits = [
        ("services", "[\"google\"]"),
        ("families", "[\"mail\"]"),
        ("from", "2022-01-01"),
        ("until", "2022-02-28"),
        ("other", "\"held_back\""),
        ("parties", "[]"),
        ("terms", "[\"heliotrope\"]"),
        ("permitted", "[\"similar_pictures\"]"),
    ];
    let file = office.limited(1, &limits);
    [("one", &ONE), ("other", &OTHER)].map(|(name, hidden)| {
        let paths = [export(office, &format!("{name}-export"), hidden)];
        office.taken(name, &file, &paths)
    })
}

/// Returns what the examiner is told, errors and exit code with it.
fn told(office: &Office, case: &str, args: &[&str]) -> String {
    let args: Vec<String> = args.iter().map(|a| a.replace("CASE", case)).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).chain(["--enquiry", "1"]).collect();
    let said = office.run("d.hart", PASSWORD, &args);
    format!("{}\n{}\n{}", said.code, said.out, said.err).replace(case, "CASE")
}

fn keeps_silent(what: &str, answer: &str) {
    let lower = answer.to_lowercase();
    for secret in SECRETS.iter().filter(|s| !what.to_lowercase().contains(**s)) {
        assert!(!lower.contains(secret), "{what} tells {secret}: {answer}");
    }
}

#[test]
fn sql_tells_nothing() {
    let office = Office::new();
    let [one, other] = cases(&office);
    // Sanity: what is in is seen, and something is kept out of each kind.
    assert_eq!(office.one(&one, "SELECT count(*) FROM records"), 2);
    for outcome in ["held back", "quarantined", "not read"] {
        let n = format!("SELECT count(*) FROM outcomes WHERE outcome = '{outcome}' AND count > 0");
        assert!(office.one(&one, &n) > 0, "{outcome}");
    }
    let tables = ["records", "parties", "attachments", "entries", "warnings", "outcomes", "drift", "authorities"];
    let mut statements: Vec<String> = tables.iter().map(|t| format!("SELECT * FROM {t}")).collect();
    for shown in ["tables", "columns", "views", "schemata", "df_settings", "routines", "parameters"] {
        statements.push(format!("SELECT * FROM information_schema.{shown} WHERE 1 = 1"));
    }
    let more = [
        // Errors that speak of a value only where a row is there to speak of.
        "SELECT CAST(text AS INT) FROM records WHERE text LIKE '%marimba%'",
        "SELECT 1 / (CASE WHEN text ILIKE '%turnpike%' THEN 0 ELSE 1 END) FROM records",
        "SELECT CAST(text AS TIMESTAMP) FROM records",
        "SELECT arrow_cast(title, 'Int8') FROM records ORDER BY time LIMIT 1",
        "SELECT 1 / (SELECT count(*) FROM text_search('marimba'))",
        "SELECT 1 / (SELECT count(*) FROM parties WHERE identifier = 'k.lowe@example.com')",
        "SELECT * FROM text_search('marimba')",
        "SELECT * FROM text_search('from:k.lowe@example.com')",
        "SELECT * FROM text_search('zinn*')",
        "SELECT min(text), max(text), min(title), max(title), min(time), max(time), count(*) FROM records",
        "SELECT approx_distinct(conversation), count(DISTINCT conversation) FROM records",
        "SELECT min(identifier), max(identifier), min(name), max(name) FROM parties",
        "SELECT * FROM entries WHERE path LIKE '%secretlabel%' OR path LIKE '%hushpath%'",
        "SELECT * FROM warnings WHERE message ILIKE '%heliotrope%'",
        "SELECT a.id FROM records a FULL OUTER JOIN attachments b ON a.id = b.record_id WHERE a.id IS NULL",
        // What is not offered at all.
        "EXPLAIN SELECT * FROM records WHERE text LIKE '%marimba%'",
        "EXPLAIN ANALYZE SELECT * FROM records",
        "SHOW TABLES",
        "DESCRIBE records",
        "SELECT * FROM events",
        "SELECT * FROM quarantine",
        "SELECT * FROM aside",
        "SELECT * FROM 'CASE/runs/journal.sqlite'",
        "SELECT * FROM 'CASE/runs/r0001/quarantine/000002/records.parquet'",
        "SELECT * FROM read_parquet('CASE/runs/r0001/quarantine/000002/records.parquet')",
        "SELECT * FROM parquet_metadata('CASE/runs/r0001/quarantine/000002/records.parquet')",
        "CREATE EXTERNAL TABLE t STORED AS PARQUET LOCATION 'CASE/runs/r0001/quarantine/000002/records.parquet'",
        "COPY records TO '/tmp/x.parquet'",
        "SET datafusion.catalog.information_schema = true",
        "INSERT INTO records SELECT * FROM records",
        "DROP TABLE records",
    ];
    statements.extend(more.iter().map(|s| (*s).to_owned()));
    for statement in &statements {
        let answers = [&one, &other].map(|case| {
            let statement = statement.replace("CASE", case);
            let answer = told(&office, case, &["sql", "--format", "json", "CASE", &statement]);
            steady(&answer)
        });
        keeps_silent(statement, &answers[0]);
        assert_eq!(answers[0], answers[1], "{statement}");
    }
}

/// What two cases differ in though their data are the same: ids keyed with each case's secret, times, keys, hashes.
fn steady(answer: &str) -> String {
    // The mailbox as a whole differs, and so do its length and its hash.
    let names =
        ["\"id\":", "\"record\":", "\"record_id\":", "\"sha256\":", "\"size\":", "\"entry_sha256\":", "\"modified\":"];
    let mut out = Vec::new();
    for line in answer.lines() {
        let mut line = line.to_owned();
        for name in names {
            while let Some(at) = line.find(name) {
                let end = line[at + name.len()..].find([',', '}']).map_or(line.len(), |e| at + name.len() + e);
                line.replace_range(at..end, "");
            }
        }
        out.push(line);
    }
    // Tables of tables come in no order.
    out.sort();
    out.join("\n")
}

#[test]
fn searching_showing_and_listing_tell_nothing() {
    let office = Office::new();
    let [one, other] = cases(&office);
    let id = office.rows(&one, "SELECT id FROM records ORDER BY time")[0]["id"].as_str().expect("an id").to_owned();
    let queries = [
        "marimba",
        "zinnia",
        "tamarind",
        "turnpike",
        "obelisk",
        "mari*",
        "\"heliotrope turnpike\"",
        "from:k.lowe@example.com",
        "with:lowe",
        "in:13",
        "in:12",
        "has:attachment",
        "before:2021-06-01",
        "on:2022-01-12",
        "family:note",
        "-garden",
        "service:google",
        "family:mail",
    ];
    for query in queries {
        for form in [&["search", "--json"][..], &["search", "--count"], &["search"]] {
            let answers = [&one, &other].map(|case| {
                let mut args: Vec<&str> = form.to_vec();
                args.extend(["--enquiry", "1", case, "--", query]);
                let said = office.run("d.hart", PASSWORD, &args);
                let lines = said.out.lines().map(|l| if form == ["search"] { l.get(16..).unwrap_or(l) } else { l });
                steady(&format!("{}\n{}\n{}", said.code, lines.collect::<Vec<_>>().join("\n"), said.err))
            });
            keeps_silent(query, &answers[0]);
            assert_eq!(answers[0], answers[1], "{query}");
        }
    }
    for args in [
        &["entries", "CASE"][..],
        &["entries", "--json", "CASE"],
        &["warnings", "CASE"],
        &["outcomes", "CASE"],
        &["case", "show", "CASE"],
        &["authority", "show", "CASE"],
        &["process", "--preview", "--quiet", "CASE"],
        &["digest", "CASE"],
        &["sources", "CASE"],
        &["show", "CASE", &id],
        // Ids that are none, and paths where an id is asked for.
        &["show", "CASE", "../../log/checkpoint"],
        &["show", "CASE", "' OR 1=1 --"],
        &["show", "--bytes", "CASE", "../runs/journal.sqlite"],
        &["show", "CASE", "0000000000000000"],
        // What other people's roles do.
        &["review", "CASE"],
        &["review", "CASE", "--thread", "13"],
        &["review", "CASE", "--thread", "13", "--release", "--reason", "x"],
        &["events", "CASE"],
        &["log", "extract", "CASE", "--out", "/dev/null", "--recipient", "x"],
    ] {
        keeps_silent(&args.join(" "), &told(&office, &one, args));
    }
    // The bytes of a record are its own and end with it, though the mailbox goes on.
    for row in office.rows(&one, "SELECT id FROM records") {
        let bytes = told(&office, &one, &["show", "--bytes", "CASE", row["id"].as_str().expect("an id")]);
        assert!(bytes.contains("garden"), "{bytes}");
        keeps_silent("show --bytes", &bytes);
    }
    // A record that is put aside is not to be had by its id, whoever tells it: neither it, nor its bytes.
    let said = office.good(&[], "v.reed", &["review", "--json", "--enquiry", "1", &one, "--thread", "13"]);
    let ids: Vec<String> = said
        .lines()
        .filter_map(|l| serde_json::from_str::<serde_json::Value>(l).ok()?["id"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(ids.len(), 2);
    let nobody = told(&office, &one, &["show", "CASE", "0000000000000000"]);
    for id in &ids {
        assert_eq!(told(&office, &one, &["show", "CASE", id]), nobody.replace("0000000000000000", id));
        let bytes = told(&office, &one, &["show", "--bytes", "CASE", id]);
        assert_eq!(bytes, nobody.replace("0000000000000000", id));
        for table in ["records", "parties", "attachments"] {
            let column = if table == "records" { "id" } else { "record_id" };
            assert_eq!(office.one(&one, &format!("SELECT count(*) FROM {table} WHERE {column} = '{id}'")), 0);
        }
    }
    // Derived files that whoever works on the case is shown from hold nothing of it either.
    let ordinary = files(Path::new(&one), &|path| path.contains("/segments/") || path.ends_with("outcomes.parquet"));
    assert!(!ordinary.is_empty());
    for path in ordinary {
        let bytes = std::fs::read(&path).expect("readable");
        for secret in ["marimba", "turnpike", "k.lowe", "zinnia"] {
            assert!(!bytes.windows(secret.len()).any(|w| w == secret.as_bytes()), "{}: {secret}", path.display());
        }
    }
}

/// The page tells no more than the commands do, whatever its server is asked.
#[test]
fn the_server_tells_nothing() {
    let office = Office::new();
    let [one, other] = cases(&office);
    let id =
        |case: &str| office.rows(case, "SELECT id FROM records ORDER BY time")[0]["id"].as_str().map(str::to_owned);
    let ids = [&one, &other].map(|case| id(case).expect("an id"));
    let said = office.good(&[], "v.reed", &["review", "--json", "--enquiry", "1", &one, "--thread", "13"]);
    let aside = said.lines().filter_map(|l| serde_json::from_str::<serde_json::Value>(l).ok());
    let aside: Vec<String> = aside.filter_map(|item| item["id"].as_str().map(str::to_owned)).collect();
    assert_eq!(aside.len(), 2);

    let served = [&one, &other].map(|case| Served::start(&office, case));
    let people = [0, 1].map(|n| served[n].enter("d.hart"));
    for person in &people {
        assert_eq!(person.post("/api/enquiry", &json!({ "line": "1" })).status, 200);
    }
    let ask = |path: &str| {
        [0, 1].map(|n| {
            let answer = people[n].ask(&path.replace("RECORD", &ids[n]));
            assert!(answer.status < 500, "{path}: {}", answer.text());
            (answer.status, answer.text())
        })
    };
    let mut paths: Vec<String> = Vec::new();
    let words = ["", "marimba", "mari*", "\"heliotrope turnpike\"", "from:k.lowe@example.com", "in:13", "family:note"];
    for q in words.iter().copied().chain(["has:attachment", "before:2021-06-01", "-garden", "family:mail"]) {
        for view in ["list", "facets", "histogram?by=day", "people", "graph", "conversations", "media", "map", "track"]
        {
            let join = if view.contains('?') { '&' } else { '?' };
            paths.push(format!("/api/{view}{join}q={}", escaped(q)));
        }
    }
    for begun in ["from:", "from:k", "with:l", "in:", "in:1", "service:", "is:", "mari", "name:dos"] {
        paths.push(format!("/api/complete?q={}&at={}", escaped(begun), begun.len()));
    }
    paths.extend(
        ["/api/conversation?service=google&id=13", "/api/conversation?service=google&id=12"].map(str::to_owned),
    );
    for path in &paths {
        let [told, elsewhere] = ask(path);
        assert!(told.0 == 200 || path.contains("conversation?"), "{path}: {} {}", told.0, told.1);
        // What was asked for may be said again; what it leads to may not.
        keeps_silent(path, &told.1);
        assert_eq!((told.0, steady(&told.1)), (elsewhere.0, steady(&elsewhere.1)), "{path}");
    }
    // What is shown is shown with its place, though the entry before it in the export is not listed.
    let [(status, record), _] = ask("/api/record/RECORD");
    assert!(status == 200 && record.contains("Inbox.mbox"), "{record}");
    assert!(ask("/api/record/RECORD/bytes")[0].1.contains("garden"));
    let bytes = "/api/record/RECORD/bytes";
    for path in [
        "/api/case",
        "/api/entries",
        "/api/warnings",
        "/api/self",
        "/api/record/RECORD",
        "/api/record/RECORD/near",
        "/api/record/RECORD/near?in=source&limit=100",
        // The mailbox goes on behind the record.
        bytes,
        &format!("{bytes}?around=1000000"),
        &format!("{bytes}?offset=0&limit=1000000"),
        &format!("{bytes}?ref=9"),
        "/api/html/RECORD",
        "/api/media/RECORD/0",
        "/api/media/RECORD/1",
        "/api/thumb/RECORD/0",
    ] {
        keeps_silent(path, &ask(path)[0].1);
    }
    // Nor by the id of what is put aside, and what other roles do is denied.
    for id in &aside {
        for path in ["record/ID", "record/ID/bytes", "record/ID/near", "html/ID", "media/ID/0", "thumb/ID/0"] {
            let answer = people[0].ask(&format!("/api/{}", path.replace("ID", id)));
            assert_eq!(answer.status, 404, "{path}: {}", answer.text());
        }
    }
    assert_eq!(people[0].ask("/api/events").status, 403);
}

/// Returns an answer without what two cases differ in though their data are the same: ids and hashes that are keyed or
/// of sealed files, the lengths of the mailbox, and when things were done to the case.
fn same(text: &str) -> serde_json::Value {
    const OWN: [&str; 18] = [
        "id",
        "modified",
        "entry_sha256",
        "record",
        "sha256",
        "size",
        "bytes",
        "checkpoint",
        "verification",
        "runs",
        "added",
        "csrf",
        "case",
        "export",
        "decided",
        "destroyed",
        "before",
        "after",
    ];
    fn strip(value: &mut serde_json::Value) {
        match value {
            serde_json::Value::Object(map) => {
                map.retain(|name, _| !OWN.contains(&name.as_str()) && name != "content" && name != "bytes_left");
                map.values_mut().for_each(strip);
            }
            serde_json::Value::Array(all) => all.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let mut value = serde_json::from_str(text).unwrap_or_else(|_| json!(text));
    strip(&mut value);
    value
}

/// Neither do pictures that look alike, small pictures, marks, counts, certificates, nor what is given away.
#[test]
fn neither_does_what_else_the_page_offers() {
    let office = Office::new();
    let [one, other] = cases(&office);
    let cases = [&one, &other];
    let pictured = "SELECT record_id AS id FROM attachments WHERE name = 'pond.gif'";
    let ids = cases.map(|case| office.rows(case, pictured)[0]["id"].as_str().expect("an id").to_owned());
    let said = office.good(&[], "v.reed", &["review", "--json", "--enquiry", "1", &one, "--thread", "13"]);
    let aside = said.lines().filter_map(|l| serde_json::from_str::<serde_json::Value>(l).ok());
    let aside: Vec<String> = aside.filter_map(|item| item["id"].as_str().map(str::to_owned)).collect();
    assert_eq!(aside.len(), 2);
    let digests = cases.map(|case| office.good(&[], "d.hart", &["digest", case]));
    assert_eq!(digests[0], digests[1]);
    for list in ["entries", "warnings", "outcomes", "sources"] {
        let rows = cases.map(|case| {
            let said = office.good(&["--json", "--enquiry", "1"], "d.hart", &[list, case]);
            said.lines().map(same).collect::<Vec<_>>()
        });
        assert_eq!(rows[0], rows[1], "{list}");
    }

    let served = cases.map(|case| Served::start(&office, case));
    let people = [0, 1].map(|n| served[n].enter("d.hart"));
    let officers = [0, 1].map(|n| served[n].enter("p.quill"));
    for person in people.iter().chain(&officers) {
        assert_eq!(person.post("/api/enquiry", &json!({ "line": "1" })).status, 200);
    }
    let alike = |people: &[support::team::Person<'_>; 2], path: &str| {
        let told = [0, 1].map(|n| {
            let answer = people[n].ask(&path.replace("RECORD", &ids[n]));
            assert!(answer.status < 500, "{path}: {}", answer.text());
            (answer.status, answer.text())
        });
        keeps_silent(path, &told[0].1);
        assert_eq!((told[0].0, same(&told[0].1)), (told[1].0, same(&told[1].1)), "{path}");
        told[0].clone()
    };
    for path in [
        "/api/case",
        "/api/entries",
        "/api/warnings",
        "/api/self",
        "/api/custody",
        "/api/saved",
        "/api/people/changes",
        "/api/people/changes?name=lowe",
        "/api/marks?record=RECORD",
        "/api/rank?at=2022-01-12T00:00:00Z",
        "/api/rank?at=2019-01-01T00:00:00Z",
        "/api/record/RECORD",
        "/api/record/RECORD/near?in=source&limit=100",
        "/api/media?q=",
        "/api/media/RECORD/0/alike",
        "/api/media/RECORD/0/alike?q=tamarind",
        "/api/media/RECORD/1/alike",
        "/api/thumb/RECORD/0",
        "/api/thumb/RECORD/1",
        "/api/facets?q=-garden",
        "/api/map?q=-garden",
        "/api/graph?q=-garden",
        "/api/histogram?by=year",
        "/api/histogram?by=hour",
    ] {
        alike(&people, path);
        alike(&officers, path);
    }
    let compared = people[0].get(&format!("/api/media/{}/0/alike", ids[0]));
    assert_eq!((&compared["of"], &compared["all"]), (&json!(0), &json!(1)), "{compared}");
    // What is put aside is marked and compared by nobody, as if it were not there.
    let nobody = "0000000000000000";
    for id in &aside {
        for kind in ["tag", "fact", "bookmark"] {
            let told = [id.as_str(), nobody].map(|id| {
                let answer = people[0].post("/api/marks", &json!({ "record": id, "kind": kind, "text": "x" }));
                (answer.status, answer.text().replace(id, nobody))
            });
            assert!(told[0] == told[1] && told[0].0 == 404, "{kind}: {told:?}");
        }
        for path in ["media/ID/0/alike", "thumb/ID/1", "media/ID/1", "marks?record=ID"] {
            let told = [id.as_str(), nobody].map(|id| {
                let answer = people[0].ask(&format!("/api/{}", path.replace("ID", id)));
                (answer.status, answer.text().replace(id, nobody))
            });
            assert_eq!(told[0], told[1], "{path}");
        }
    }

    // What is given away holds what is shown, and of the rest nothing.
    let given = |n: usize, q: &str| {
        let asked = json!({ "q": q, "recipient": "the defence", "purpose": "trial" });
        assert_eq!(officers[n].post("/api/exports", &asked).status, 200);
        loop {
            let all = officers[n].get("/api/exports");
            let last = all["rows"].as_array().and_then(|rows| rows.last().cloned()).expect("one");
            if last["state"] != "running" {
                return last;
            }
            std::thread::sleep(std::time::Duration::from_millis(30));
        }
    };
    for (q, state) in [("", "done"), ("marimba", "failed"), ("has:attachment", "done"), ("in:13", "failed")] {
        let told = [0, 1].map(|n| given(n, q));
        assert_eq!(told[0]["state"], state, "{q}");
        assert_eq!(same(&told[0].to_string()), same(&told[1].to_string()), "{q}");
    }
    let zips = [0, 1].map(|n| {
        let zip = officers[n].ask("/api/exports/1/file").body;
        let mut zip = zip::ZipArchive::new(std::io::Cursor::new(zip)).expect("a zip");
        let mut files = std::collections::BTreeMap::new();
        for at in 0..zip.len() {
            let mut file = zip.by_index(at).expect("a file");
            let mut text = Vec::new();
            std::io::Read::read_to_end(&mut file, &mut text).expect("reads");
            files.insert(file.name().expect("a name").into_owned(), String::from_utf8_lossy(&text).into_owned());
        }
        files
    });
    assert_eq!(zips[0].len(), zips[1].len());
    for (name, text) in zips[0].iter().filter(|(name, _)| !name.ends_with("log.json")) {
        keeps_silent(name, text);
    }
    let lines = zips.each_ref().map(|files| files["export-1/records.ndjson"].lines().map(same).collect::<Vec<_>>());
    assert_eq!(lines[0].len(), 2);

    // A certificate counts what was destroyed, and names nothing of it.
    for case in cases {
        let args = ["process", "--quiet", case, "--discard", "--withheld", "--reason", "the order covers less"];
        office.good(&[], "r.okoro", &args);
    }
    let served = cases.map(|case| Served::start(&office, case));
    for name in ["d.hart", "p.quill"] {
        let people = [0, 1].map(|n| served[n].enter(name));
        for person in &people {
            assert_eq!(person.post("/api/enquiry", &json!({ "line": "1" })).status, 200);
        }
        for path in ["/api/case", "/api/entries", "/api/custody", "/api/custody/certificates/1"] {
            let told = alike(&people, path);
            assert_eq!(told.0, 200, "{name} {path}: {}", told.1);
        }
    }
}

fn files(folder: &Path, wanted: &dyn Fn(&str) -> bool) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").filter_map(Result::ok) {
        let path = entry.path();
        if path.is_dir() {
            all.extend(files(&path, wanted));
        } else if wanted(&path.to_string_lossy()) {
            all.push(path);
        }
    }
    all
}
