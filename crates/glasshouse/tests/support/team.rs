//! A case served to people over TLS, and a person at their browser.

use super::glasshouse;
use super::office::{Office, PASSWORD};
use super::server::{Answer, parsed};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

pub fn pem(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/tls").join(name)
}

/// The server, and where it is.
pub struct Served {
    child: Child,
    pub port: String,
    config: Arc<ClientConfig>,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Served {
    pub fn start(office: &Office, case: &str) -> Self {
        let mut command = glasshouse(["serve", case, "--listen", "127.0.0.1:0", "--name", "case.example.org"]);
        command.arg("--tls-cert").arg(pem("cert.pem")).arg("--tls-key").arg(pem("key.pem"));
        let mut child =
            command.env("GLASSHOUSE_HOME", &office.home).stdout(Stdio::piped()).spawn().expect("the program runs");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        let port = line.trim().strip_prefix("Sign in at https://case.example.org:").expect("an address");
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(pem("cert.pem")).expect("a certificate")).expect("a root");
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        Served { child, port: port.trim_end_matches('/').to_owned(), config: Arc::new(config) }
    }

    /// Asks it to end, as a service manager does; gives its exit code.
    pub fn stop(&mut self) -> Option<i32> {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().expect("kill runs");
        assert!(asked.success());
        self.child.wait().expect("ends").code()
    }

    pub fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let name = ServerName::try_from("case.example.org").expect("a name");
        let stream = TcpStream::connect(format!("127.0.0.1:{}", self.port)).expect("connects");
        let connection = ClientConnection::new(self.config.clone(), name).expect("a client");
        let mut stream = StreamOwned::new(connection, stream);
        let host = if headers.contains("Host:") { String::new() } else { format!("Host: {}\r\n", self.host()) };
        let length = body.len();
        let json = "Content-Type: application/json\r\nConnection: close\r\n";
        write!(stream, "{method} {path} HTTP/1.1\r\n{host}{headers}{json}Content-Length: {length}\r\n\r\n{body}")
            .expect("sent");
        let mut answer = Vec::new();
        // Servers may end a connection without the farewell that TLS has.
        let _ = stream.read_to_end(&mut answer);
        parsed(&answer)
    }

    pub fn host(&self) -> String {
        format!("case.example.org:{}", self.port)
    }

    pub fn sign_in(&self, name: &str, password: &str) -> Answer {
        let origin = format!("Origin: https://{}\r\n", self.host());
        self.send("POST", "/api/sign-in", &origin, &json!({ "name": name, "password": password }).to_string())
    }

    /// Signs in and returns a person at their browser.
    pub fn enter(&self, name: &str) -> Person<'_> {
        let answer = self.sign_in(name, PASSWORD);
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
        let cookie = answer.header("set-cookie").expect("a cookie").to_owned();
        assert!(cookie.contains("; httponly; samesite=strict; path=/; secure"), "{cookie}");
        let cookie = format!("Cookie: {}\r\n", cookie.split(';').next().expect("a cookie"));
        let mut person = Person { served: self, cookie, csrf: String::new() };
        person.csrf = person.get("/api/session")["csrf"].as_str().expect("a token").to_owned();
        person
    }
}

pub struct Person<'a> {
    pub served: &'a Served,
    pub cookie: String,
    pub csrf: String,
}

impl Person<'_> {
    pub fn ask(&self, path: &str) -> Answer {
        self.served.send("GET", path, &self.cookie, "")
    }

    pub fn get(&self, path: &str) -> Value {
        let answer = self.ask(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        let headers = format!("{}X-Glasshouse: {}\r\n", self.cookie, self.csrf);
        self.served.send("POST", path, &headers, &body.to_string())
    }
}
