//! A served case, asked over HTTP as a browser asks.

use crate::{Fault, measure};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

/// A served case with one connection that stays open, as a browser's does.
pub struct Server {
    child: Child,
    host: String,
    cookie: String,
    stream: BufReader<TcpStream>,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Serves a case and waits until its columns are in memory.
    pub fn start(glasshouse: &Path, case: &Path) -> Result<Self, Fault> {
        let (mut server, link) = Server::serve(&mut Command::new(glasshouse), case, "Open once: http://")?;
        let (head, _) = server.send("GET", &format!("/{link}"), "", "")?;
        server.cookie = cookie(&head)?;
        for path in ["/api/list", "/api/histogram", "/api/facets", "/api/map", "/api/people"] {
            server.ask(path)?;
        }
        Ok(server)
    }

    /// Serves a case that is not one's own; somebody signs in, and says that it is for the first line of enquiry.
    pub fn enter(command: &mut Command, case: &Path, name: &str, password: &str) -> Result<Self, Fault> {
        let (mut server, _) = Server::serve(command, case, "Sign in at http://")?;
        let who = serde_json::json!({ "name": name, "password": password }).to_string();
        let origin = format!("Origin: http://{}\r\n", server.host);
        let (head, _) = server.send("POST", "/api/sign-in", &origin, &who)?;
        server.cookie = cookie(&head)?;
        let (_, session) = server.ask("/api/session")?;
        let session: serde_json::Value = serde_json::from_slice(&session)?;
        let token = format!("X-Glasshouse: {}\r\n", session["csrf"].as_str().unwrap_or_default());
        let (head, _) = server.send("POST", "/api/enquiry", &token, r#"{"line":"1"}"#)?;
        if head.starts_with("http/1.1 200") { Ok(server) } else { Err(head.into()) }
    }

    /// Begins to serve, and returns what follows the address in the line that says where.
    fn serve(command: &mut Command, case: &Path, says: &str) -> Result<(Self, String), Fault> {
        command.args(["serve", "--listen", "127.0.0.1:0"]).arg(case).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut line)?;
        let url = line.trim().strip_prefix(says).ok_or("The server does not say where it is.")?;
        let (host, link) = url.split_once('/').ok_or("The link has no path.")?;
        let stream = TcpStream::connect(host)?;
        stream.set_nodelay(true)?;
        let server = Server { child, host: host.to_owned(), cookie: String::new(), stream: BufReader::new(stream) };
        Ok((server, link.to_owned()))
    }

    /// Returns the processor seconds that it has taken.
    pub fn cpu_seconds(&self) -> f64 {
        measure::cpu_of(&self.child.id().to_string())
    }

    /// Asks and returns how many milliseconds the answer took.
    pub fn ask(&mut self, path: &str) -> Result<(f64, Vec<u8>), Fault> {
        let start = Instant::now();
        let (head, body) = self.send("GET", path, "", "")?;
        let took = start.elapsed().as_secs_f64() * 1000.0;
        if !head.starts_with("http/1.1 200") {
            return Err(format!("{path}: {head}").into());
        }
        Ok((took, body))
    }

    fn send(&mut self, method: &str, path: &str, more: &str, body: &str) -> Result<(String, Vec<u8>), Fault> {
        let json = format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
        let about = if body.is_empty() { String::new() } else { json };
        let (host, cookie) = (&self.host, &self.cookie);
        let request =
            format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n{more}{about}\r\n{body}");
        self.stream.get_mut().write_all(request.as_bytes())?;
        let mut head = String::new();
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line)? == 0 || line == "\r\n" {
                break;
            }
            // A cookie's value is not a word to be written small.
            let (name, value) = line.split_once(": ").unwrap_or((&line, ""));
            head += &name.to_lowercase();
            if !value.is_empty() {
                head += &format!(": {value}");
            }
        }
        let field = |name: &str| head.lines().find_map(|l| l.strip_prefix(name)).map(str::trim);
        let mut body = Vec::new();
        if let Some(length) = field("content-length:") {
            body.resize(length.parse()?, 0);
            self.stream.read_exact(&mut body)?;
        } else if field("transfer-encoding:").is_some() {
            loop {
                let mut line = String::new();
                self.stream.read_line(&mut line)?;
                let size = usize::from_str_radix(line.trim(), 16)?;
                let mut chunk = vec![0; size + 2];
                self.stream.read_exact(&mut chunk)?;
                body.extend_from_slice(chunk.get(..size).unwrap_or_default());
                if size == 0 {
                    break;
                }
            }
        }
        Ok((head, body))
    }
}

/// Returns the cookie that an answer sets.
fn cookie(head: &str) -> Result<String, Fault> {
    let cookie = head.lines().find_map(|l| l.strip_prefix("set-cookie: ")).and_then(|c| c.split(';').next());
    Ok(cookie.ok_or("The server gave no cookie.")?.to_owned())
}
