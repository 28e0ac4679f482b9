//! The page's interface, spoken to as a browser and as an intruder would.

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use support::{account, glasshouse, number, open, run};

struct Server {
    child: Child,
    host: String,
    link: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn serve(case: &std::path::Path) -> Server {
    let mut child =
        glasshouse(["serve", "--listen", "127.0.0.1:0"]).arg(case).stdout(Stdio::piped()).spawn().expect("runs");
    let mut line = String::new();
    // The reader goes after this line, as a script's does; the server must not mind.
    BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
    let url = line.trim().strip_prefix("Open once: http://").expect("a link");
    let (host, link) = url.split_once('/').expect("a path");
    Server { child, host: host.to_owned(), link: format!("/{link}") }
}

/// Sends one request and returns the answer, head and body.
fn ask(server: &Server, path: &str, headers: &str) -> String {
    let host = if headers.contains("Host:") { String::new() } else { format!("Host: {}\r\n", server.host) };
    let mut stream = TcpStream::connect(&server.host).expect("connects");
    let request = format!("GET {path} HTTP/1.1\r\n{host}{headers}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = Vec::new();
    // A server that closes at once may reset the connection after its answer.
    let ended = stream.read_to_end(&mut answer);
    assert!(ended.is_ok() || !answer.is_empty(), "{path}: {ended:?}");
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn only_who_has_the_link_gets_in_and_once() {
    let account = account();
    let folder = tempfile::tempdir().expect("a folder");
    let case = folder.path().join("case");
    run(open(&case, &account.paths(), &[]), 0);
    let server = serve(&case);

    for path in ["/", "/api/case", "/api/search?q=a", "/open", "/open?link=0", "/nowhere"] {
        let answer = ask(&server, path, "");
        assert!(answer.starts_with("HTTP/1.1 403"), "{path}: {answer}");
        assert!(answer.to_lowercase().contains("content-security-policy: default-src 'none'"), "{answer}");
    }
    assert!(ask(&server, &server.link, "Host: evil.example\r\n").starts_with("HTTP/1.1 403"), "another name");
    let answer = ask(&server, &server.link, "");
    assert!(answer.starts_with("HTTP/1.1 303") && answer.contains("HttpOnly; SameSite=Strict"), "{answer}");
    let cookie = answer
        .lines()
        .find_map(|l| l.strip_prefix("set-cookie: "))
        .and_then(|c| c.split(';').next())
        .expect("a cookie");
    let cookie = format!("Cookie: {cookie}\r\n");
    assert!(ask(&server, &server.link, "").starts_with("HTTP/1.1 403"), "the link works once");
    assert!(ask(&server, "/api/case", &format!("{cookie}Host: evil.example\r\n")).starts_with("HTTP/1.1 403"));

    let page = ask(&server, "/", &cookie);
    assert!(page.starts_with("HTTP/1.1 200") && !page.contains("<script>") && !page.contains("http://"), "{page}");
    let all = number(&case, "SELECT count(*) FROM records");
    assert!(ask(&server, "/api/search?limit=3&q=", &cookie).contains(&format!("\"count\":{all}")));
    assert!(ask(&server, "/api/search?q=%22open", &cookie).starts_with("HTTP/1.1 400"));
    for path in ["/api/record/nothing", "/api/bytes/..%2f..%2fcase.toml", "/api/record/'%20OR%20'1'='1"] {
        let answer = ask(&server, path, &cookie);
        assert!(answer.starts_with("HTTP/1.1 400"), "{path}: {answer}");
    }

    // The histogram's bars add up to the records that have a time, as SQL counts them.
    for (query, condition) in [("", "true"), ("family:mail", "family = 'mail'")] {
        for unit in ["day", "month", "year"] {
            let answer = ask(&server, &format!("/api/histogram?by={unit}&q={query}"), &cookie);
            let body = answer.split("\r\n\r\n").nth(1).expect("a body");
            let bars: std::collections::BTreeMap<String, u64> = serde_json::from_str(body).expect(body);
            let timed = number(&case, &format!("SELECT count(*) FROM records WHERE time IS NOT NULL AND {condition}"));
            assert_eq!(bars.values().sum::<u64>(), timed, "{query} by {unit}");
            assert!(bars.len() > 3, "{bars:?}");
        }
    }
    let march = number(&case, "SELECT count(*) FROM records WHERE time >= '2022-03-01' AND time < '2022-04-01'");
    assert!(ask(&server, "/api/histogram?q=", &cookie).contains(&format!("\"2022-03\":{march}")));
}
