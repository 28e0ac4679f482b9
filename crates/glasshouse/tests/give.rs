//! Acts of custody on the page: exports, erasing what events say, certificates.

mod support;

use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};
use support::office::Office;
use support::schema::agrees;
use support::server::{Answer, Server};
use support::team::Served;
use support::{account, glasshouse, open, run};

/// Waits until an export is made, and returns what is said of it.
fn made(get: &dyn Fn(&str) -> Value, n: usize) -> Value {
    let begun = Instant::now();
    loop {
        let one = get("/api/exports")["rows"][n - 1].clone();
        if one["state"] != "running" {
            return one;
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "{one}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Unpacks the file of an export and returns its folder.
fn unpacked(answer: &Answer, into: &Path) -> std::path::PathBuf {
    assert_eq!(answer.header("content-type"), Some("application/zip"));
    assert!(answer.header("content-disposition").is_some_and(|d| d.starts_with("attachment")));
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(answer.body.as_slice())).expect("a zip");
    zip.extract(into).expect("unpacked");
    let folders: Vec<_> = std::fs::read_dir(into).expect("there").flatten().map(|e| e.path()).collect();
    assert_eq!(folders.len(), 1, "{folders:?}");
    folders[0].clone()
}

fn left(case: &Path) -> usize {
    std::fs::read_dir(case.join("cache/exports")).map_or(0, |all| all.flatten().count())
}

#[test]
fn an_export_is_made_fetched_and_proven_and_goes_with_its_visit() {
    let folder = tempfile::tempdir().expect("a folder");
    let case = folder.path().join("case");
    run(open(&case, &[account().folder.join("loose")], &[]), 0);
    // What a server left that was killed is nobody's any longer.
    std::fs::create_dir_all(case.join("cache/exports/old")).expect("made");
    std::fs::write(case.join("cache/exports/old/.held"), "").expect("written");
    let page = Server::start(&case).enter();
    assert_eq!(left(&case), 0);
    let document = page.get("/api/openapi.json");
    let schema = |path: &str, method: &str| {
        document["paths"][path][method]["responses"]["200"]["content"]["application/json"]["schema"].clone()
    };

    let rows = page.get("/api/list?q=has:time&limit=3")["rows"].clone();
    let id = |n: usize| rows[n]["id"].as_str().expect("an id").to_owned();
    for n in [0, 1, 1] {
        let mark = json!({ "record": id(n), "kind": "tag", "text": "to give" });
        assert_eq!(page.post("/api/marks", &mark).status, 200);
    }
    for (wrong, status) in [
        (json!({ "q": "after:yesterday" }), 400),
        (json!({ "q": "x".repeat(20_000) }), 400),
        (json!({ "recipient": "x".repeat(20_000) }), 400),
        (json!({ "tag": 7 }), 400),
    ] {
        assert_eq!(page.post("/api/exports", &wrong).status, status, "{:.80}", wrong.to_string());
    }
    assert_eq!(page.ask("/api/exports/1/file", "").status, 404);

    let begun = page.post("/api/exports", &json!({ "tag": " to give " }));
    assert_eq!(begun.status, 200, "{}", begun.text());
    agrees(&document, &schema("/api/exports", "post"), &begun.json(), "a new export");
    let one = made(&|path| page.get(path), 1);
    agrees(&document, &schema("/api/exports", "get"), &page.get("/api/exports"), "the exports");
    assert_eq!((&one["state"], one["records"].as_u64()), (&json!("done"), Some(2)), "{one}");
    let given = unpacked(&page.ask("/api/exports/1/file", ""), &folder.path().join("tagged"));
    let lines = std::fs::read_to_string(given.join("records.ndjson")).expect("there");
    let ids: Vec<Value> =
        lines.lines().map(|l| serde_json::from_str::<Value>(l).expect("JSON")["id"].clone()).collect();
    assert_eq!(ids, [json!(id(0)), json!(id(1))]);
    let mut verify = glasshouse(["verify"]);
    verify.arg(&given);
    assert!(run(verify, 0).contains("proven"));

    // The same words at the command line give the same records; a query beside the tag narrows.
    let to = folder.path().join("by hand");
    let mut command = glasshouse(["export", "--tag", "to give"]);
    command.arg(&case).arg("--to").arg(&to).args(["--", "-has:time"]);
    run(command, 2);
    assert!(!to.exists());
    let mut command = glasshouse(["export", "--tag", "to give"]);
    command.arg(&case).arg("--to").arg(&to).arg("has:time");
    run(command, 0);
    assert_eq!(std::fs::read_to_string(to.join("records.ndjson")).expect("there").lines().count(), 2);

    // What is found by nothing is a sentence; nothing of it is left.
    page.post("/api/exports", &json!({ "q": "zyzzyvazyzzyva" }));
    let none = made(&|path| page.get(path), 2);
    assert!(none["state"] == "failed" && none["error"].as_str().is_some_and(|e| e.contains("nothing is given away")));
    assert_eq!(page.ask("/api/exports/2/file", "").status, 404);

    // Another server of the same case leaves what is served alone.
    let other = Server::start(&case).enter();
    assert_eq!(other.get("/api/exports")["rows"], json!([]));
    assert_eq!(other.ask("/api/exports/1/file", "").status, 404, "it is another visit's");
    assert_eq!(page.ask("/api/exports/1/file", "").status, 200);
}

#[test]
fn what_events_say_is_erased_by_the_holder_and_the_log_still_proves() {
    let folder = tempfile::tempdir().expect("a folder");
    let case = folder.path().join("case");
    run(open(&case, &[account().folder.join("loose")], &[]), 0);
    let page = Server::start(&case).enter();
    let document = page.get("/api/openapi.json");
    let record = page.get("/api/list?limit=1")["rows"][0]["id"].as_str().expect("an id").to_owned();
    page.post("/api/marks", &json!({ "record": record, "kind": "fact", "text": "quince" }));
    let event = page.get(&format!("/api/events?object={record}"))["rows"][0].clone();
    assert!(event["summary"].as_str().is_some_and(|s| s.contains("quince")), "{event}");
    let n = event["n"].as_u64().expect("a number");
    let erase = |n: u64, content: bool, reason: &str| {
        page.post("/api/events/erase", &json!({ "events": [n], "content": content, "reason": reason }))
    };
    assert_eq!(erase(n, true, " ").status, 400);
    assert_eq!(erase(99_999, false, "tidy").status, 404);
    let erased = erase(n, true, "it names somebody");
    assert_eq!((erased.status, erased.json()["erased"].as_u64()), (200, Some(1)), "{}", erased.text());
    let path = &document["paths"]["/api/events/erase"]["post"]["responses"]["200"];
    agrees(&document, &path["content"]["application/json"]["schema"], &erased.json(), "what was erased");
    assert!(!page.get("/api/events?limit=500").to_string().contains("quince"));
    // What vouches for a file stays, and it is said.
    let stays = erase(0, false, "tidy").json();
    assert_eq!((stays["erased"].as_u64(), stays["left"].as_u64()), (Some(0), Some(1)));
    let mut verify = glasshouse(["verify"]);
    verify.arg(&case);
    run(verify, 0);
}

#[test]
fn the_disclosure_officer_gives_away_and_says_to_whom() {
    let office = Office::new();
    office.sign();
    let case = office.case("case");
    let served = Served::start(&office, &case);
    let (hart, quill) = (served.enter("d.hart"), served.enter("p.quill"));
    for person in [&hart, &quill] {
        assert_eq!(person.post("/api/enquiry", &json!({ "line": "1" })).status, 200);
    }
    let may = |of: &Value| of["may"].as_array().is_some_and(|may| may.contains(&json!("export.make")));
    assert!(may(&quill.get("/api/session")) && !may(&hart.get("/api/session")));
    let asked = json!({ "q": "family:mail", "recipient": "the defence", "purpose": "disclosure before trial" });
    assert_eq!(hart.post("/api/exports", &asked).status, 403);
    assert_eq!(hart.ask("/api/exports").status, 403);
    assert_eq!(hart.post("/api/events/erase", &json!({ "events": [1], "reason": "x" })).status, 403);
    for missing in ["recipient", "purpose"] {
        let mut asked = asked.clone();
        asked[missing] = json!(" ");
        let refused = quill.post("/api/exports", &asked);
        assert!(refused.status == 400 && refused.text().contains("s.62(3)"), "{}", refused.text());
    }
    assert_eq!(quill.post("/api/exports", &asked).status, 200);
    let one = made(&|path| quill.get(path), 1);
    assert_eq!(one["state"], "done", "{one}");
    let given = unpacked(&quill.ask("/api/exports/1/file"), Path::new(&office.path("given")));
    let mut verify = glasshouse(["verify"]);
    verify.arg(&given);
    assert!(run(verify, 0).contains("proven"));
    let log = office.good(&[], "t.vale", &["events", "--kind", "disclosure", "--json", &case]);
    let event: Value = serde_json::from_str(log.lines().last().expect("an event")).expect("JSON");
    assert_eq!((&event["who"], &event["content"]["recipient"]), (&json!("p.quill"), &json!("the defence")));
    assert_eq!(event["detail"]["export"], one["sha256"]);
    // It lies in the case sealed, with a key that is nowhere on the disk.
    let export = std::fs::read_dir(Path::new(&case).join("cache/exports")).expect("a folder").flatten().next();
    let lies = std::fs::read_dir(export.expect("an export").path()).expect("a folder").flatten();
    let lies: Vec<Vec<u8>> = lies.map(|file| std::fs::read(file.path()).expect("readable")).collect();
    let has = |bytes: &[u8], words: &[u8]| bytes.windows(words.len()).any(|w| w == words);
    let first = std::fs::read(given.join("records.ndjson")).expect("there")[..40].to_vec();
    assert!(lies.iter().map(Vec::len).sum::<usize>() > 10_000);
    for words in [&b"records.ndjson"[..], b"PK\x03\x04", b"the defence", &first] {
        assert!(!lies.iter().any(|bytes| has(bytes, words)), "{}", String::from_utf8_lossy(words));
    }
    // It goes with the visit.
    assert_eq!(left(Path::new(&case)), 1);
    assert_eq!(quill.post("/api/sign-out", &json!({})).status, 200);
    let begun = Instant::now();
    while left(Path::new(&case)) > 0 {
        assert!(begun.elapsed() < Duration::from_secs(10), "it is still there");
        std::thread::sleep(Duration::from_millis(50));
    }
}
