//! A case that is not one's own, served to people: over TLS, to who signs in, with every look in the log.

mod support;

use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;
use support::glasshouse;
use support::office::{Office, PASSWORD};
use support::server::escaped;
use support::team::{Served, pem};

fn events(office: &Office, case: &str, more: &[&str]) -> Vec<Value> {
    let said = office.good(more, "t.vale", &["events", case, "--json"]);
    said.lines().map(|l| serde_json::from_str(l).expect("a JSON line")).collect()
}

#[test]
fn people_sign_in_and_what_they_look_at_is_in_the_log() {
    let office = Office::new();
    office.sign();
    let case = office.case("case");
    let mut served = Served::start(&office, &case);

    // Nothing of the case is given to who has not signed in; the empty page is.
    assert_eq!(served.send("GET", "/", "", "").status, 200);
    for path in ["/api/session", "/api/case", "/api/list?q=a", "/api/checkpoint", "/api/openapi.json", "/api/no"] {
        assert_eq!(served.send("GET", path, "", "").status, 401, "{path}");
    }
    assert_eq!(served.send("GET", "/", "Host: evil.example\r\n", "").status, 403, "another name");
    assert_eq!(served.send("GET", "/", &format!("Host: localhost:{}\r\n", served.port), "").status, 200);
    let mut plain = TcpStream::connect(format!("127.0.0.1:{}", served.port)).expect("connects");
    plain.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("sent");
    let mut said = Vec::new();
    let _ = plain.read_to_end(&mut said);
    assert!(!said.starts_with(b"HTTP"), "what is not encrypted gets no answer");

    // Only people of the installation, with their password, in a role that looks into cases, from our own page.
    let wrong = served.sign_in("d.hart", "not my password");
    let nobody = served.sign_in("n.obody", PASSWORD);
    assert_eq!((wrong.status, nobody.status), (401, 401));
    assert_eq!(wrong.text(), nobody.text(), "who has an account is told to nobody");
    for name in ["../people/d.hart", "", "D.HART"] {
        assert_eq!(served.sign_in(name, PASSWORD).status, 401, "{name}");
    }
    let auditor = served.sign_in("t.vale", PASSWORD);
    assert!(auditor.status == 403 && auditor.text().contains("No policy permits"), "{}", auditor.text());
    assert!(served.sign_in("r.okoro", PASSWORD).text().contains("authorised takes no part"));
    let body = json!({ "name": "d.hart", "password": PASSWORD }).to_string();
    for headers in ["", "Origin: https://evil.example\r\n", "Origin: null\r\n"] {
        assert_eq!(served.send("POST", "/api/sign-in", headers, &body).status, 401, "{headers}");
    }

    // The line of enquiry comes first, and everything is written down under it.
    let hart = served.enter("d.hart");
    let session = hart.get("/api/session");
    assert_eq!((&session["person"]["name"], &session["person"]["role"]), (&json!("d.hart"), &json!("examiner")));
    assert_eq!(session["case"]["notice"], "");
    assert_eq!(session["authority"], "op-rowan-1");
    assert_eq!(session["enquiries"].as_array().map(Vec::len), Some(2));
    assert_eq!(session["enquiry"], Value::Null);
    assert_eq!(session["analyses"], json!([]), "the warrant names none");
    let may: Vec<&str> = session["may"].as_array().expect("actions").iter().filter_map(Value::as_str).collect();
    assert!(may.contains(&"record.bytes") && may.contains(&"work.write") && !may.contains(&"log.read"), "{may:?}");
    let refused = hart.ask("/api/list?q=family:mail");
    assert!(refused.status == 403 && refused.text().contains("line of enquiry"), "{}", refused.text());
    assert_eq!(hart.post("/api/enquiry", &json!({ "line": "3" })).status, 403);
    assert_eq!(served.send("POST", "/api/enquiry", &hart.cookie, r#"{"line":"2"}"#).status, 403, "without the token");
    assert_eq!(hart.post("/api/enquiry", &json!({ "line": "2" })).json()["enquiry"], "who arranged the delivery");

    // How many others are named stands beside what became of the data.
    let others = glasshouse_store::read_run(Path::new(&case)).expect("readable").expect("a run").third_parties;
    assert!(others > Some(5), "{others:?}");
    assert_eq!(hart.get("/api/case")["third_parties"].as_u64(), others);

    // Scrolling is one search, and all that was seen.
    let found = hart.get("/api/list?q=family:mail&limit=2");
    let mut ids: Vec<String> = Vec::new();
    for rank in [0, 2, 4] {
        let rows = hart.get(&format!("/api/list?q=family:mail&limit=2&rank={rank}"))["rows"].clone();
        ids.extend(rows.as_array().expect("rows").iter().map(|r| r["id"].as_str().expect("an id").to_owned()));
    }
    assert!(found["count"].as_u64() >= Some(6) && ids.len() == 6);
    hart.get(&format!("/api/record/{}", ids[0]));
    hart.get(&format!("/api/record/{}/bytes?around=500", ids[0]));
    hart.get(&format!("/api/list?q={}", escaped("secret words")));
    assert_eq!(hart.ask("/api/events").status, 403, "examiners do not read the log");
    let marked = hart.post("/api/marks", &json!({ "record": ids[1], "kind": "tag", "text": "ask" }));
    assert_eq!((marked.status, marked.json()["person"].clone()), (200, json!("d.hart")));

    let all = events(&office, &case, &["--person", "d.hart"]);
    let of = |action: &str| all.iter().filter(|e| e["action"] == action).collect::<Vec<_>>();
    let searches: Vec<&Value> =
        of("search.run").into_iter().filter(|e| e["content"]["query"] == "family:mail").collect();
    assert_eq!(searches.len(), 1, "scrolling through one list is one search");
    for (key, expected) in [("role", "examiner"), ("authority", "op-rowan-1"), ("enquiry", "who arranged the delivery")]
    {
        assert_eq!(searches[0][key], expected);
    }
    let seen = of("records.seen").iter().map(|e| e["detail"]["objects"].to_string()).collect::<String>();
    assert!(ids.iter().all(|id| seen.contains(id.as_str())), "{seen}");
    assert_eq!(of("record.shown")[0]["detail"]["objects"], json!([ids[0]]));
    assert_eq!(of("bytes.shown").len(), 1);
    assert_eq!(of("case.served").len(), 1);
    assert!(!of("access.denied").is_empty());
    let entry = |e: &&Value| e["detail"]["action"] == "session.begin";
    assert_eq!(of("access.denied").into_iter().filter(entry).count(), 1, "a wrong password is in the log");
    let strangers = events(&office, &case, &["--person", "unknown"]);
    assert!(
        strangers.len() >= 4 && strangers.iter().all(|e| e["detail"]["action"] == "session.begin"),
        "{strangers:?}"
    );
    assert!(!format!("{strangers:?}").contains("obody"), "what was typed is not in it");
    assert!(!of("work.saved").is_empty());
    let clipped = hart.get(&format!("/api/record/{}/bytes?around=500", ids[0]));
    assert_eq!(clipped["window_start"], clipped["start"], "what stands beside a record is not given");

    // Two people are two sessions, and one's cookie is nothing to another's token.
    let quill = served.enter("p.quill");
    assert_eq!(quill.post("/api/enquiry", &json!({ "line": "1" })).status, 200);
    assert!(quill.get("/api/events?kind=consultation")["total"].as_u64() > Some(3));
    let crossed = format!("{}X-Glasshouse: {}\r\n", quill.cookie, hart.csrf);
    assert_eq!(served.send("POST", "/api/enquiry", &crossed, r#"{"line":"1"}"#).status, 403);
    assert_eq!(hart.get("/api/session")["enquiry"], "who arranged the delivery");

    // Whoever leaves is gone, and what they saw is written down.
    quill.get("/api/list?q=family:contact&limit=1");
    assert_eq!(quill.post("/api/sign-out", &json!({})).status, 200);
    assert_eq!(quill.ask("/api/session").status, 401);
    let last = events(&office, &case, &["--person", "p.quill"]);
    assert_eq!(last.last().expect("events")["action"], "records.seen");

    // An authority that ends ends the sessions under it.
    office.good(&[], "d.hart", &["authority", "withdraw", &case, "op-rowan-1", "--reason", "no longer needed"]);
    std::thread::sleep(Duration::from_millis(2100));
    assert_eq!(hart.ask("/api/list?q=family:mail").status, 401);
    assert_eq!(served.sign_in("d.hart", PASSWORD).status, 403, "an examiner does not look at what has ended");
    let quill = served.enter("p.quill");

    // A server that is stopped writes down what was seen before it goes.
    assert_eq!(quill.post("/api/enquiry", &json!({ "line": "1" })).status, 200);
    quill.get("/api/list?q=family:contact&limit=1");
    assert_eq!(served.stop(), Some(0));
    let last = events(&office, &case, &["--person", "p.quill"]);
    assert_eq!(last.last().expect("events")["action"], "records.seen");
    let mut verify = glasshouse(["verify"]);
    verify.arg(&case);
    support::run(verify, 0);
}

#[test]
fn other_machines_are_served_encrypted_and_by_a_known_name() {
    let office = Office::new();
    office.sign();
    let case = office.case("case");
    let (certificate, key) = (pem("cert.pem"), pem("key.pem"));
    let (certificate, key) = (certificate.to_string_lossy(), key.to_string_lossy());
    let tls = ["--tls-cert", &certificate, "--tls-key", &key];
    office.refused("", &["serve", &case, "--listen", "0.0.0.0:0"], "encrypted only");
    office.refused("", &[&["serve", &case, "--listen", "0.0.0.0:0"], &tls[..]].concat(), "--name");
    let swapped = ["--tls-cert", &key, "--tls-key", &certificate];
    office.refused("", &[&["serve", &case], &swapped[..]].concat(), "cannot be used");
    let own = office.path("own");
    support::run(support::open(Path::new(&own), &[support::account().folder.join("loose")], &[]), 0);
    office.refused(
        "",
        &[&["serve", &own, "--listen", "0.0.0.0:0", "--name", "x"], &tls[..]].concat(),
        "this machine only",
    );
}
