//! A server of a case, and a browser in as few lines as will do.

use super::glasshouse;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};

/// `glasshouse serve`, stopped when it is dropped.
pub struct Server {
    child: Child,
    pub host: String,
    /// The path that opens it once.
    pub link: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An answer: status, head in lower case, body.
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    /// Returns a header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(": "))
    }
}

impl Server {
    pub fn start(case: &Path) -> Self {
        let mut child =
            glasshouse(["serve", "--listen", "127.0.0.1:0"]).arg(case).stdout(Stdio::piped()).spawn().expect("runs");
        let mut line = String::new();
        // The reader goes after this line, as a script's does; the server must not mind.
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        let url = line.trim().strip_prefix("Open once: http://").expect("a link");
        let (host, link) = url.split_once('/').expect("a path");
        Server { child, host: host.to_owned(), link: format!("/{link}") }
    }

    /// Sends one request as it is and returns the answer.
    pub fn send(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> Answer {
        let host = if headers.contains("Host:") { String::new() } else { format!("Host: {}\r\n", self.host) };
        let mut stream = TcpStream::connect(&self.host).expect("connects");
        let length = body.len();
        let head =
            format!("{method} {path} HTTP/1.1\r\n{host}{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n");
        let sent = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
        let mut answer = Vec::new();
        // A server that refuses a body may close before it has read all of it.
        let ended = stream.read_to_end(&mut answer);
        assert!(ended.is_ok() || !answer.is_empty(), "{path}: {sent:?} {ended:?}");
        parsed(&answer)
    }

    /// Opens the link and returns a browser that holds the session.
    pub fn enter(self) -> Browser {
        let opened = self.send("GET", &self.link, "", b"");
        assert_eq!(opened.status, 303, "{}", opened.head);
        let cookie = opened.header("set-cookie").and_then(|c| c.split(';').next()).expect("a cookie").to_owned();
        let mut browser = Browser { server: self, cookie: format!("Cookie: {cookie}\r\n"), csrf: String::new() };
        let session = browser.get("/api/session");
        browser.csrf = session["csrf"].as_str().expect("a token").to_owned();
        browser
    }
}

/// Reads what a server sent.
pub fn parsed(answer: &[u8]) -> Answer {
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    let status = head.get(9..12).and_then(|s| s.parse().ok()).expect("a status");
    let mut body = answer[end + 4..].to_vec();
    if head.contains("transfer-encoding: chunked") {
        body = unchunked(&body);
    }
    Answer { status, head, body }
}

/// Somebody who opened the link.
pub struct Browser {
    pub server: Server,
    pub cookie: String,
    pub csrf: String,
}

impl Browser {
    /// Asks and returns the whole answer.
    pub fn ask(&self, path: &str, headers: &str) -> Answer {
        self.server.send("GET", path, &format!("{}{headers}", self.cookie), b"")
    }

    /// Asks and returns the JSON of an answer that has to be good.
    pub fn get(&self, path: &str) -> Value {
        let answer = self.ask(path, "");
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }

    /// Makes a change as the page does.
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        let headers = format!("{}X-Glasshouse: {}\r\nContent-Type: application/json\r\n", self.cookie, self.csrf);
        self.server.send("POST", path, &headers, body.to_string().as_bytes())
    }
}

fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = body.windows(2).position(|w| w == b"\r\n") {
        let size = usize::from_str_radix(String::from_utf8_lossy(&body[..end]).trim(), 16).unwrap_or(0);
        if size == 0 || body.len() < end + 2 + size {
            break;
        }
        whole.extend_from_slice(&body[end + 2..end + 2 + size]);
        body = &body[(end + 4 + size).min(body.len())..];
    }
    whole
}

/// Returns a text as it stands in a query of an address.
pub fn escaped(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

/// Returns the bytes that a text in base64 stands for.
pub fn unbase64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |b: u8| DIGITS.iter().position(|d| *d == b).map(|d| d as u32);
    let digits: Vec<u32> = text.bytes().filter_map(digit).collect();
    let mut bytes = Vec::new();
    for group in digits.chunks(4) {
        let n = group.iter().fold(0, |n, d| n << 6 | d) << (6 * (4 - group.len()));
        bytes.extend_from_slice(&n.to_be_bytes()[1..group.len()]);
    }
    bytes
}
