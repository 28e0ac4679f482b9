//! The page's interface, spoken to as a browser and as an intruder would.

mod support;

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::OnceLock;
use support::schema::agrees;
use support::server::{Browser, Server, escaped, unbase64};
use support::{account, number, open, run, sql};

/// A case that no test changes.
fn case() -> &'static PathBuf {
    static CASE: OnceLock<(PathBuf, tempfile::TempDir)> = OnceLock::new();
    let (case, _) = CASE.get_or_init(|| {
        let keep = tempfile::tempdir().expect("a folder");
        let case = keep.path().join("case");
        run(open(&case, &account().paths(), &[]), 0);
        (case, keep)
    });
    case
}

fn browser() -> Browser {
    Server::start(case()).enter()
}

fn ids(rows: &Value) -> Vec<String> {
    rows.as_array().expect("rows").iter().map(|r| r["id"].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn only_who_has_the_link_gets_in_and_once() {
    let server = Server::start(case());
    let paths =
        ["/", "/api/case", "/api/list?q=a", "/api/openapi.json", "/assets/x.js", "/open", "/open?link=0", "/no"];
    for path in paths {
        let answer = server.send("GET", path, "", b"");
        assert_eq!(answer.status, 403, "{path}");
        assert!(answer.header("content-security-policy").is_some_and(|p| p.starts_with("default-src 'none'")));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
    assert_eq!(server.send("GET", &server.link, "Host: evil.example\r\n", b"").status, 403, "another name");
    assert_eq!(server.send("POST", &server.link, "", b"").status, 403, "a link is opened, not posted");
    let opened = server.send("GET", &server.link, "", b"");
    assert_eq!(opened.status, 303);
    assert!(opened.head.contains("httponly; samesite=strict"), "{}", opened.head);
    let cookie = opened.header("set-cookie").and_then(|c| c.split(';').next()).expect("a cookie");
    assert_eq!(server.send("GET", &server.link, "", b"").status, 403, "the link works once");
    for host in ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example", ""] {
        let headers = format!("Cookie: {cookie}\r\nHost: {host}\r\n");
        let answer = server.send("GET", "/api/case", &headers, b"");
        assert!(matches!(answer.status, 400 | 403), "{host}: {}", answer.status);
    }
    let port = server.host.rsplit_once(':').expect("a port").1;
    let headers = format!("Cookie: {cookie}\r\nHost: localhost:{port}\r\n");
    assert_eq!(server.send("GET", "/api/case", &headers, b"").status, 200);
    for cookie in ["glasshouse=", "glasshouse", &cookie[..cookie.len() - 1], &format!("x{cookie}")] {
        let answer = server.send("GET", "/api/case", &format!("Cookie: {cookie}\r\n"), b"");
        assert_eq!(answer.status, 403, "{cookie}");
    }
}

#[test]
fn changes_need_what_only_the_page_knows() {
    let folder = tempfile::tempdir().expect("a folder");
    let case = folder.path().join("case");
    run(open(&case, &[account().folder.join("loose")], &[]), 0);
    let page = Server::start(&case).enter();
    let record = ids(&page.get("/api/list?limit=1")["rows"]).remove(0);
    let mark = json!({ "record": record, "kind": "tag", "text": "to ask about" });

    let json_type = "Content-Type: application/json\r\n";
    let body = mark.to_string();
    for headers in [
        String::new(),
        "X-Glasshouse: 0\r\n".to_owned(),
        format!("X-Glasshouse: {}\r\nOrigin: http://evil.example\r\n", page.csrf),
        format!("X-Glasshouse: {}\r\nOrigin: null\r\n", page.csrf),
    ] {
        let headers = format!("{}{json_type}{headers}", page.cookie);
        assert_eq!(page.server.send("POST", "/api/marks", &headers, body.as_bytes()).status, 403, "{headers}");
    }
    let headers = format!("{json_type}X-Glasshouse: {}\r\n", page.csrf);
    assert_eq!(page.server.send("POST", "/api/marks", &headers, body.as_bytes()).status, 403, "no cookie");
    assert_eq!(page.get("/api/marks")["rows"], json!([]));

    for (wrong, status) in [
        (json!({ "record": "0000000000000000", "kind": "tag", "text": "x" }), 404),
        (json!({ "record": record, "kind": "verdict", "text": "x" }), 400),
        (json!({ "record": record, "kind": "tag", "text": " " }), 400),
        (json!({ "record": record, "kind": "tag", "text": "x".repeat(100_000) }), 400),
        (json!({ "record": record, "kind": "tag", "text": "x".repeat(1_000_000) }), 400),
        (json!({ "record": 7 }), 400),
        (json!([]), 400),
    ] {
        assert_eq!(page.post("/api/marks", &wrong).status, status, "{:.80}", wrong.to_string());
    }
    let made = page.post("/api/marks", &mark);
    assert_eq!(made.status, 200, "{}", made.text());
    let note = json!({ "record": record, "kind": "assessment", "text": "<script>perhaps</script>" });
    assert_eq!(page.post("/api/marks", &note).status, 200);
    let shown = page.get(&format!("/api/record/{record}"));
    assert_eq!(shown["tags"][0]["text"], "to ask about");
    assert_eq!(shown["notes"][0]["kind"], "assessment");
    assert_eq!(page.get(&format!("/api/marks?record={record}"))["rows"].as_array().map(Vec::len), Some(2));

    for wrong in ["https://evil.example/", "//evil.example", "javascript:x()", "/\\evil.example", "timeline", "/a\nb"] {
        assert_eq!(page.post("/api/saved", &json!({ "name": "x", "url": wrong })).status, 400, "{wrong}");
    }
    assert_eq!(page.post("/api/saved", &json!({ "name": "", "url": "/x" })).status, 400);
    assert_eq!(page.post("/api/saved", &json!({ "name": "trips", "url": "/timeline?q=trip" })).status, 200);
    assert_eq!(page.get("/api/saved")["rows"][0]["url"], "/timeline?q=trip");
    assert_eq!(page.post("/api/marks/1/undo", &json!({})).status, 200);
    assert_eq!(page.post("/api/marks/1/undo", &json!({})).status, 404, "it is undone already");
    assert_eq!(page.post("/api/saved/9/undo", &json!({})).status, 404);
    assert_eq!(page.post("/api/saved/x/undo", &json!({})).status, 404);
    assert_eq!(page.post("/api/saved/1/undo", &json!({})).status, 200);
    assert_eq!(page.get("/api/saved")["rows"], json!([]));
    assert_eq!(page.get("/api/marks")["rows"].as_array().map(Vec::len), Some(1));

    // Each change is an event, which a proof ties to the checkpoint; the case proves whole.
    let events = page.get("/api/events?kind=alteration&object=work.sqlite");
    assert_eq!(events["total"], 5);
    let asked = page.get(&format!("/api/events?object={record}"));
    assert_eq!((asked["total"].as_u64(), asked["rows"][0]["action"].as_str()), (Some(2), Some("work.saved")));
    let summary = asked["rows"][0]["summary"].as_str().expect("a summary");
    assert!(summary.contains("assessment") && summary.contains("<script>perhaps</script>"), "{summary}");
    let n = asked["rows"][0]["n"].as_u64().expect("a number");
    let proof = page.get(&format!("/api/events/{n}/proof"));
    assert!(proof["leaf"].as_str().is_some_and(|l| l.contains("work.saved")));
    let checkpoint = page.ask("/api/checkpoint", "");
    assert_eq!(proof["checkpoint"].as_str(), Some(checkpoint.text().as_str()));
    assert!(checkpoint.header("content-disposition").is_some_and(|d| d.starts_with("attachment")));
    let mut verify = support::glasshouse(["verify"]);
    verify.arg(&case);
    run(verify, 0);

    // While another process writes the case, changes are refused and nothing is lost.
    let lock = std::fs::File::options().write(true).open(case.join(".lock")).expect("the lock");
    lock.lock().expect("locked");
    assert_eq!(page.post("/api/marks", &mark).status, 409);
    drop(lock);
    assert_eq!(page.post("/api/marks", &mark).status, 200);
    // A file that somebody else changed is not built upon.
    std::fs::write(case.join("work.sqlite"), "not ours").expect("written");
    assert!(page.post("/api/marks", &mark).text().contains("not the file that the log vouches for"));
}

/// Lists, bars and facets say what SQL counts.
#[test]
fn answers_agree_with_sql() {
    let page = browser();
    let all = number(case(), "SELECT count(*) FROM records");
    let searches = [
        ("", "true"),
        ("family:mail", "family = 'mail'"),
        ("-family:location", "family <> 'location'"),
        ("service:google format:chat", "format = 'google.chat'"),
        ("after:2022-03 before:2022-05", "time >= '2022-03-01' AND time < '2022-05-01'"),
        ("on:2022", "time >= '2022-01-01' AND time < '2023-01-01'"),
        ("-after:2022", "(time IS NULL OR time < '2022-01-01')"),
        ("has:place -has:text", "lat IS NOT NULL AND text IS NULL"),
        ("-has:time", "time IS NULL"),
        ("has:attachment", "id IN (SELECT record_id FROM attachments)"),
        ("has:image", "id IN (SELECT record_id FROM attachments WHERE mime LIKE 'image/%' OR name LIKE '%.jpg')"),
        ("in:\"DM 7cKq1AAAAE\"", "conversation = 'DM 7cKq1AAAAE'"),
        ("heliotrope", "id IN (SELECT record_id FROM text_search('heliotrope'))"),
        (
            "heliotrope -family:mail has:time",
            "id IN (SELECT record_id FROM text_search('heliotrope -family:mail')) AND time IS NOT NULL",
        ),
        ("near:52.51,13.45,2km", "id IN (SELECT record_id FROM text_search('near:52.51,13.45,2km'))"),
        ("nowhereatall", "false"),
    ];
    for (query, condition) in searches {
        let q = escaped(query);
        let counted = number(case(), &format!("SELECT count(*) FROM records WHERE {condition}"));
        let list = page.get(&format!("/api/list?q={q}&limit=3"));
        assert_eq!(list["count"], counted, "{query}");
        let timed = number(case(), &format!("SELECT count(*) FROM records WHERE time IS NOT NULL AND {condition}"));
        for unit in ["day", "month", "year"] {
            let bars: BTreeMap<String, u64> =
                serde_json::from_value(page.get(&format!("/api/histogram?by={unit}&q={q}"))).expect("bars");
            assert_eq!(bars.values().sum::<u64>(), timed, "{query} by {unit}");
        }
        let facets = page.get(&format!("/api/facets?of=family,tier&q={q}"));
        for facet in ["family", "tier"] {
            let sum: u64 = facets[facet].as_array().expect("values").iter().filter_map(|v| v["count"].as_u64()).sum();
            assert_eq!(sum, counted, "{query}: {facet}");
        }
    }
    // Both orders hold every record once, by any pages, sorted by time with those without one last.
    for (query, order) in [("-family:location", "time"), ("-family:location", "-time"), ("family:contact", "-time")] {
        let q = escaped(query);
        let mut seen = Vec::new();
        let mut times: Vec<Option<String>> = Vec::new();
        loop {
            let page = page.get(&format!("/api/list?q={q}&order={order}&rank={}&limit=199", seen.len()));
            let rows = page["rows"].as_array().expect("rows").clone();
            if rows.is_empty() {
                break;
            }
            times.extend(rows.iter().map(|r| r["time"].as_str().map(str::to_owned)));
            seen.extend(ids(&page["rows"]));
        }
        assert_eq!(seen.len(), seen.iter().collect::<BTreeSet<_>>().len(), "{order}");
        let known: Vec<&String> = times.iter().flatten().collect();
        assert!(times.iter().skip(known.len()).all(Option::is_none), "untimed come last");
        assert!(known.windows(2).all(|w| if order == "time" { w[0] <= w[1] } else { w[0] >= w[1] }), "{order}");
        assert_eq!(seen.len() as u64, number(case(), &format!("SELECT count(*) FROM text_search('{query}')")));
    }
    let march = number(case(), "SELECT count(*) FROM records WHERE time >= '2022-04-01'");
    assert_eq!(page.get("/api/rank?time=2022-03-31T23:59:59.999999Z")["rank"], march);
    let before = number(case(), "SELECT count(*) FROM records WHERE time < '2022-04-01'");
    assert_eq!(page.get("/api/rank?order=time&time=2022-04-01")["rank"], before);
    assert_eq!(page.get("/api/list?rank=4000000000&limit=5")["rows"], json!([]));
    assert_eq!(page.get(&format!("/api/list?rank={}&limit=5", all - 2))["rows"].as_array().map(Vec::len), Some(2));
    assert_eq!(page.get("/api/list?limit=100000")["rows"].as_array().map(Vec::len), Some(200));
    let placed = number(case(), "SELECT count(*) FROM records WHERE lat IS NOT NULL");
    assert_eq!(page.get("/api/map")["total"], placed);
    let east = number(case(), "SELECT count(*) FROM records WHERE lon >= 0 AND lat >= 0");
    let map = page.get("/api/map?west=0&south=0&east=180&north=90&width=800");
    assert_eq!(map["total"], east);
    let cells = map["cells"].as_array().expect("cells");
    assert_eq!(cells.iter().filter_map(|c| c["count"].as_u64()).sum::<u64>(), east);
    for cell in cells {
        assert_eq!(cell["count"] == 1, cell["id"].is_string(), "{cell}");
    }
    assert_eq!(page.get("/api/track?limit=7")["points"].as_array().map(Vec::len), Some(7));
    for column in ["service", "account", "conversation"] {
        let rows = sql(
            case(),
            &format!(
                "SELECT {column} AS v, count(*) AS n FROM records WHERE {column} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC LIMIT 1"
            ),
        );
        let top = &page.get(&format!("/api/facets?of={column}"))[column][0];
        match rows.first() {
            // Which of equals comes first is for each to choose.
            Some(row) => assert_eq!(&top["count"], &row["n"], "{column}"),
            None => assert!(top.is_null()),
        }
    }
}

/// Every record leads to its bytes, which are the bytes that the command line gives.
#[test]
fn records_and_their_bytes() {
    let page = browser();
    for family in ["mail", "message", "media", "event", "location", "activity", "search", "contact"] {
        let rows = page.get(&format!("/api/list?q=family:{family}&limit=2"));
        for id in ids(&rows["rows"]) {
            let record = page.get(&format!("/api/record/{id}"));
            assert_eq!(record["family"], family);
            let places = record["refs"].as_array().expect("places").len();
            assert!(places > 0);
            let mut show = support::glasshouse(["show", "--bytes"]);
            show.arg(case()).arg(&id);
            let expected = show.output().expect("runs").stdout;
            let bytes = page.get(&format!("/api/record/{id}/bytes"));
            assert_eq!(unbase64(bytes["window_base64"].as_str().expect("bytes")), expected, "{id}");
            assert_eq!(bytes["window_start"], bytes["start"]);
            assert_eq!(bytes["length"].as_u64(), Some(expected.len() as u64));
            let part = page.get(&format!("/api/record/{id}/bytes?offset=3&limit=5"));
            let middle = expected.iter().skip(3).take(5).copied().collect::<Vec<u8>>();
            assert_eq!(unbase64(part["window_base64"].as_str().expect("bytes")), middle);
            let around = page.get(&format!("/api/record/{id}/bytes?around=10"));
            let before = bytes["start"].as_u64().expect("a start").min(10);
            assert_eq!(around["window_start"].as_u64(), Some(bytes["start"].as_u64().expect("a start") - before));
            assert_eq!(page.ask(&format!("/api/record/{id}/bytes?ref={places}"), "").status, 404);
        }
    }
    // Neighbours in time are those of the list.
    let list = ids(&page.get("/api/list?order=time&rank=100&limit=7")["rows"]);
    let near = page.get(&format!("/api/record/{}/near?limit=3", list[3]));
    assert_eq!((ids(&near["previous"]), ids(&near["next"])), (list[..3].to_vec(), list[4..].to_vec()));
    let talk = page.get("/api/conversation?service=google&id=DM%207cKq1AAAAE&limit=3");
    assert_eq!(talk["count"], number(case(), "SELECT count(*) FROM records WHERE conversation = 'DM 7cKq1AAAAE'"));
    let said = ids(&talk["rows"]);
    let near = page.get(&format!("/api/record/{}/near?in=conversation&limit=1", said[1]));
    assert_eq!((ids(&near["previous"]), ids(&near["next"])), (vec![said[0].clone()], vec![said[2].clone()]));
    assert_eq!(page.get(&format!("/api/record/{}/near?in=source", said[1]))["next"].as_array().map(Vec::len), Some(5));
    let own: BTreeSet<bool> = page.get("/api/conversation?service=google&id=DM%207cKq1AAAAE&limit=200")["rows"]
        .as_array()
        .expect("rows")
        .iter()
        .filter_map(|r| r["own"].as_bool())
        .collect();
    assert_eq!(own.len(), 2, "both sides speak");
}

#[test]
fn media_have_safe_types_and_ranges() {
    let page = browser();
    let gallery = page.get("/api/media?limit=200");
    let held = "SELECT count(DISTINCT record_id) FROM attachments WHERE entry IS NOT NULL AND (mime LIKE 'image/%' OR mime LIKE 'video/%' OR mime LIKE 'audio/%')";
    assert_eq!(gallery["count"], number(case(), held));
    let row = gallery["rows"].as_array().expect("rows").iter().find(|r| r["family"] == "media").expect("a photo");
    let path = format!("/api/media/{}/{}", row["id"].as_str().expect("an id"), row["media"]["n"]);
    let whole = page.ask(&path, "");
    assert_eq!((whole.status, whole.header("content-type")), (200, Some("image/jpeg")));
    assert_eq!(row["media"]["size"].as_u64(), Some(whole.body.len() as u64));
    let part = page.ask(&path, "Range: bytes=2-5\r\n");
    assert_eq!((part.status, part.body.as_slice()), (206, &whole.body[2..6]));
    let range = format!("bytes 2-5/{}", whole.body.len());
    assert_eq!(part.header("content-range"), Some(range.as_str()));
    assert_eq!(page.ask(&path, "Range: bytes=-4\r\n").body, whole.body[whole.body.len() - 4..]);
    assert_eq!(page.ask(&path, "Range: bytes=99999999-\r\n").status, 416);
    assert_eq!(page.ask(&path, "Range: nonsense\r\n").status, 200);
    assert_eq!(page.ask(&path.replace("/media/", "/thumb/"), "").status, 200);
    for wrong in ["/api/media/0000000000000000/0", "/api/media/x/0", "/api/thumb/../0", &format!("{path}99999")] {
        assert!(matches!(page.ask(wrong, "").status, 404), "{wrong}");
    }
    // Attachments of every kind come as what they are, or as downloads.
    let mails = page.get("/api/list?q=family:mail%20has:attachment&limit=200");
    let mut types = BTreeSet::new();
    for id in ids(&mails["rows"]).iter().take(40) {
        for file in page.get(&format!("/api/record/{id}"))["attachments"].as_array().expect("attachments") {
            let answer = page.ask(&format!("/api/media/{id}/{}", file["n"]), "");
            assert_eq!(answer.status, 200, "{file}");
            assert_eq!(file["size"].as_u64(), Some(answer.body.len() as u64), "{file}");
            let kind = answer.header("content-type").expect("a type").to_owned();
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
            if kind == "application/octet-stream" {
                assert!(answer.header("content-disposition").is_some_and(|d| d.starts_with("attachment")), "{file}");
            } else {
                assert!(
                    kind.starts_with("image/") || kind.starts_with("audio/") || kind.starts_with("video/"),
                    "{kind}"
                );
            }
            types.insert(kind);
        }
    }
    assert!(types.len() > 1, "{types:?}");
}

/// Mails and files made to attack whoever reads them stay text, downloads, or harmless HTML.
#[test]
fn hostile_evidence_stays_data() {
    let folder = tempfile::tempdir().expect("a folder");
    let evidence = folder.path().join("evidence");
    std::fs::create_dir(&evidence).expect("a folder");
    let mail = "From: \"<script>alert(1)</script>\" <x@example.com>\r\nTo: y@example.com\r\n\
        Date: Mon, 01 Jan 2024 00:00:00 +0000\r\nSubject: <img src=x onerror=alert(2)>\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n\
        <p onclick=alert(3)>hello<script>alert(4)</script><img src=\"http://evil.example/p.png\">\
        <a href=\"javascript:alert(5)\">go</a><iframe src=\"/api/case\"></iframe></p>\r\n--b\r\n\
        Content-Type: image/png\r\nContent-Disposition: attachment; filename=\"a\\\"\r\nX: y.svg\"\r\n\r\n\
        <svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(6)\"/>\r\n--b\r\n\
        Content-Type: image/jpeg\r\nContent-Disposition: attachment; filename=\"page.jpg\"\r\n\r\n\
        <!doctype html><script>alert(7)</script>\r\n--b--\r\n";
    std::fs::write(evidence.join("hostile.eml"), mail).expect("written");
    let case = folder.path().join("case");
    run(open(&case, &[evidence], &[]), 0);
    let page = Server::start(&case).enter();
    let row = &page.get("/api/list?q=family:mail")["rows"][0];
    assert_eq!(row["title"], "<img src=x onerror=alert(2)>");
    assert_eq!(row["from"][0], "<script>alert(1)</script>");
    let id = row["id"].as_str().expect("an id");

    let html = page.ask(&format!("/api/html/{id}"), "");
    assert_eq!(html.status, 200, "{}", html.text());
    assert_eq!(
        html.header("content-security-policy"),
        Some("sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'self'")
    );
    let text = html.text();
    for gone in ["<script", "alert", "evil.example", "javascript:", "<iframe", "onclick"] {
        assert!(!text.contains(gone), "{gone}: {text}");
    }
    assert!(text.contains("hello") && text.contains("go"));
    let files = page.get(&format!("/api/record/{id}"))["attachments"].as_array().expect("attachments").len();
    assert_eq!(files, 2);
    for n in 0..files {
        let answer = page.ask(&format!("/api/media/{id}/{n}"), "");
        assert_eq!(answer.header("content-type"), Some("application/octet-stream"), "{n}");
        assert!(answer.header("content-disposition").is_some_and(|d| d.starts_with("attachment;")), "{n}");
        assert!(answer.header("x").is_none(), "{}", answer.head);
        assert_eq!(page.ask(&format!("/api/thumb/{id}/{n}"), "").status, 404);
    }
}

/// Whatever is asked, the answer is a sentence and never a fault.
#[test]
fn wrong_questions_get_sentences() {
    let page = browser();
    for (path, status) in [
        ("/api/list?q=%22open", 400),
        ("/api/list?q=after:yesterday", 400),
        ("/api/list?order=size", 400),
        ("/api/list?rank=-1", 400),
        ("/api/list?rank=99999999999", 400),
        ("/api/list?limit=x", 400),
        ("/api/list?q=%FF%FE", 200),
        ("/api/list?q=%00", 200),
        ("/api/rank", 400),
        ("/api/rank?time=now", 400),
        ("/api/rank?time=9999-12-30", 200),
        ("/api/rank?time=9999-12-31", 400),
        ("/api/rank?time=-009000-01-01", 200),
        ("/api/histogram?by=hour", 400),
        ("/api/facets?of=secret", 400),
        ("/api/facets?of=", 200),
        ("/api/complete?q=fam&at=999999", 200),
        ("/api/complete?q=%F0%9F%9A%86%20wi&at=1", 200),
        ("/api/complete?q=from:%22", 200),
        ("/api/map?west=0&east=0&south=0&north=0", 200),
        ("/api/map?west=NaN", 400),
        ("/api/map?south=10&north=-10", 400),
        ("/api/map?west=170&east=-170", 200),
        ("/api/map?west=-400&east=400&south=-99&north=99", 200),
        ("/api/map?west=inf", 400),
        ("/api/map?width=0", 200),
        ("/api/map?width=4294967295", 200),
        ("/api/track?limit=0", 200),
        ("/api/track?limit=4294967295", 200),
        ("/api/conversations?rank=4294967295", 200),
        ("/api/conversation", 400),
        ("/api/conversation?service=x&id=y", 200),
        ("/api/conversation?service=google&id=y&time=x", 400),
        ("/api/conversation?service=google&id=y&record=x", 404),
        ("/api/people?q=nowhereatall", 200),
        ("/api/people?name=nobody%20of%20this%20name", 200),
        ("/api/people?id=0000000000000000", 404),
        ("/api/people/changes", 200),
        ("/api/people/join", 405),
        ("/api/graph?limit=0", 200),
        ("/api/graph?limit=18446744073709551615", 200),
        ("/api/record/nothing", 404),
        ("/api/record/'%20OR%20'1'='1", 404),
        ("/api/record/..%2f..%2fcase.toml", 404),
        ("/api/record/%FF", 404),
        ("/api/record/0000000000000000/bytes", 404),
        ("/api/record/0000000000000000/near", 404),
        ("/api/record/0000000000000000/near?in=space", 400),
        ("/api/html/0000000000000000", 404),
        ("/api/events?kind=nothing", 200),
        ("/api/events?offset=18446744073709551615", 200),
        ("/api/events/99999/proof", 404),
        ("/api/events/-1/proof", 404),
        ("/api/warnings?offset=18446744073709551615&limit=18446744073709551615", 200),
        ("/api/entries?offset=18446744073709551615", 200),
        ("/api/entries?status=nothing", 200),
        ("/api/nothing", 404),
        ("/api", 404),
        ("/api/", 404),
        ("/api/../case.toml", 404),
        ("/assets/../../../Cargo.toml", 404),
        ("/assets/..%2f..%2fcase.toml", 404),
        ("/..%2f..%2fcase.toml", 200),
        ("/timeline?q=x", 200),
    ] {
        let answer = page.ask(path, "");
        assert_eq!(answer.status, status, "{path}: {:.200}", answer.text());
        if status != 200 {
            assert!(answer.json()["error"].as_str().is_some_and(|e| e.len() > 10), "{path}");
        }
        assert!(!answer.text().contains("public_key"), "{path}");
    }
    let long = page.ask(&format!("/api/list?q={}", "x".repeat(20_000)), "");
    assert_eq!(long.status, 400);
    assert_eq!(
        page.server.send("POST", "/api/list", &format!("{}X-Glasshouse: {}\r\n", page.cookie, page.csrf), b"").status,
        405
    );
    assert_eq!(page.server.send("DELETE", "/api/marks", &page.cookie, b"").status, 403);
    let view = page.ask("/timeline", "");
    assert!(view.header("content-type").is_some_and(|t| t.starts_with("text/html")));
    assert!(!view.text().contains("<script>"), "nothing inline");
}

#[test]
fn people_and_conversations() {
    let page = browser();
    let people = page.get("/api/people?limit=200");
    let rows = people["rows"].as_array().expect("people");
    assert_eq!(people["count"].as_u64(), Some(rows.len() as u64));
    assert_eq!(rows.iter().filter(|p| p["own"] == true).count(), 1, "one holder");
    assert!(rows.windows(2).all(|w| w[0]["records"].as_u64() >= w[1]["records"].as_u64()));
    let ids: BTreeSet<&str> = rows.iter().filter_map(|p| p["id"].as_str()).collect();
    assert_eq!(ids.len(), rows.len(), "ids tell people apart");
    for person in rows.iter().take(5) {
        // The query finds at least what is counted: words may also stand in others' names.
        let query = escaped(person["query"].as_str().expect("a query"));
        let found = page.get(&format!("/api/list?limit=1&q={query}"))["count"].as_u64().expect("a count");
        assert!(found >= person["records"].as_u64().expect("a count"), "{person}");
    }
    let graph = page.get("/api/graph?limit=20");
    let nodes: BTreeSet<&str> =
        graph["nodes"].as_array().expect("nodes").iter().filter_map(|n| n["id"].as_str()).collect();
    for edge in graph["edges"].as_array().expect("edges") {
        assert!(
            nodes.contains(edge["from"].as_str().expect("from")) && nodes.contains(edge["to"].as_str().expect("to"))
        );
    }
    let talks = page.get("/api/conversations?q=family:message&limit=200");
    let rows = sql(
        case(),
        "SELECT conversation AS c, count(*) AS n FROM records WHERE family = 'message' AND conversation IS NOT NULL GROUP BY 1",
    );
    assert_eq!(talks["count"].as_u64(), Some(rows.len() as u64));
    for row in rows {
        let talk = talks["rows"].as_array().expect("rows").iter().find(|t| t["conversation"] == row["c"]);
        assert_eq!(talk.map(|t| &t["count"]), Some(&row["n"]));
    }
    let talk = |key: &str| escaped(talks["rows"][0][key].as_str().expect("one"));
    let of = format!("service={}&id={}", talk("service"), talk("conversation"));
    let third = page.get(&format!("/api/conversation?{of}&rank=2&limit=1"))["rows"][0]["id"].clone();
    let there = page.get(&format!("/api/conversation?{of}&record={}&limit=1", third.as_str().expect("an id")));
    assert_eq!((there["rank"].as_u64(), &there["rows"][0]["id"]), (Some(2), &third));
    let offers = page.get("/api/complete?q=service:goo&at=11");
    assert_eq!(offers["options"][0]["text"], "service:google");
    let offers = page.get("/api/complete?q=x%20-fam");
    assert_eq!((offers["from"].as_u64(), offers["options"][0]["text"].as_str()), (Some(2), Some("-family:")));
}

/// What the account reveals is counted as the list counts it, and each statement leads to its records.
#[test]
fn what_the_account_reveals() {
    let page = browser();
    let reveals = page.get("/api/self");
    let count = |query: &Value| {
        let query = escaped(query.as_str().expect("a query"));
        page.get(&format!("/api/list?limit=1&q={query}"))["count"].as_u64().expect("a count")
    };
    let mut all = 0;
    for service in reveals["services"].as_array().expect("services") {
        for held in service["held"].as_array().expect("kinds") {
            assert_eq!(held["count"].as_u64(), Some(count(&held["query"])), "{held}");
            all += held["count"].as_u64().expect("a count");
        }
    }
    assert_eq!(all, number(case(), "SELECT count(*) FROM records"));
    // The synthetic holder lives in Berlin, and travels.
    let (lat, lon) = (reveals["home"]["lat"].as_f64().expect("a home"), reveals["home"]["lon"].as_f64().expect("one"));
    assert!((lat - 52.51).abs() < 0.1 && (lon - 13.45).abs() < 0.2, "{lat} {lon}");
    assert!(count(&reveals["home"]["query"]) > 100);
    assert_ne!(reveals["nights_away"], json!([]));
    for stay in reveals["nights_away"].as_array().expect("nights") {
        assert!(count(&stay["query"]) > 0, "{stay}");
        assert!(stay["why"].as_str().is_some_and(|w| w.len() > 20), "a finding says what it follows from");
    }
    assert!(reveals["contacts"].as_array().is_some_and(|c| c.len() > 3));
    let counted = ["searches", "searched"].map(|name| (count(&reveals[name]["query"]), &reveals[name]["count"]));
    assert!(counted[1].0 > 10 && counted.iter().all(|(n, said)| said.as_u64() == Some(*n)), "{counted:?}");
}

/// The document is generated from the handlers, is checked in, and says what the answers hold.
#[test]
fn the_document_is_as_checked_in_and_true() {
    let page = browser();
    let document = page.get("/api/openapi.json");
    let text = serde_json::to_string_pretty(&document).expect("JSON") + "\n";
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::write(golden, &text).expect("written");
    }
    let kept = std::fs::read_to_string(golden).unwrap_or_default();
    assert!(
        kept == text,
        "openapi.json is not what the handlers say. Run with UPDATE_EXPECTED=1 and read the difference."
    );
    let id = ids(&page.get("/api/list?q=has:attachment&limit=1")["rows"]).remove(0);
    for (path, asked) in [
        ("/api/session", String::new()),
        ("/api/case", String::new()),
        ("/api/warnings", String::new()),
        ("/api/entries", String::new()),
        ("/api/list", String::new()),
        ("/api/rank", "?time=2022-01-01".into()),
        ("/api/histogram", String::new()),
        ("/api/facets", "?of=service,family,format,account,tier,party,conversation,attachment".into()),
        ("/api/complete", "?q=f".into()),
        ("/api/map", String::new()),
        ("/api/track", String::new()),
        ("/api/record/{id}", String::new()),
        ("/api/record/{id}/bytes", String::new()),
        ("/api/record/{id}/near", String::new()),
        ("/api/media", String::new()),
        ("/api/conversations", String::new()),
        ("/api/conversation", "?service=google&id=DM%207cKq1AAAAE".into()),
        ("/api/people", String::new()),
        ("/api/people/changes", String::new()),
        ("/api/graph", String::new()),
        ("/api/self", String::new()),
        ("/api/self/made-by", String::new()),
        ("/api/marks", String::new()),
        ("/api/saved", String::new()),
        ("/api/events", String::new()),
        ("/api/events/{n}/proof", String::new()),
    ] {
        let schema = &document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        assert!(schema.is_object(), "{path} is not in the document");
        let answer = page.get(&format!("{}{asked}", path.replace("{id}", &id).replace("{n}", "1")));
        agrees(&document, schema, &answer, path);
    }
}
