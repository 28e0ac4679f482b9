//! The one place that opens a connection to somewhere else: to the issuer that the organisation names, and its hosts.

use axum::http::{HeaderValue, Request, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use glasshouse_engine::EngineError;
use glasshouse_engine::issuer::{Issuer, host};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};

/// An issuer that takes longer is as good as down.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of an answer.
const MOST_ANSWER: u64 = 1 << 20;
/// Where systems keep the authorities that they trust.
const TRUSTED: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// Asks the issuer, and nobody else.
pub struct Asking {
    agent: Agent,
    hosts: Vec<String>,
}

/// What came of a question.
pub enum Failed {
    /// Nothing came back, or nothing that can be read.
    Down,
    /// The issuer says no, or says what cannot be true.
    Refused,
}

impl Asking {
    pub fn new(issuer: &Issuer) -> Result<Self, EngineError> {
        let own = host(&issuer.url).unwrap_or_default().to_owned();
        let roots = roots(issuer)?;
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()))
            .root_certs(RootCerts::from(roots.into_iter()))
            .build();
        let agent = Agent::config_builder()
            .tls_config(tls)
            .timeout_global(Some(PATIENCE))
            .http_status_as_error(false)
            // What answers elsewhere is somebody else: neither redirects nor proxies are followed.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .build()
            .new_agent();
        Ok(Asking { agent, hosts: std::iter::once(own).chain(issuer.hosts.iter().cloned()).collect() })
    }

    /// Says whether an address is one that may be asked.
    pub fn may(&self, url: &str) -> bool {
        host(url).is_some_and(|host| self.hosts.iter().any(|own| own == host))
    }

    /// Fetches a JSON document.
    pub fn get(&self, url: &str) -> Result<Value, Failed> {
        let (status, value) = self.ask(Request::get(url).body(Vec::new()).map_err(|_| Failed::Refused)?)?;
        if status == 200 { Ok(value) } else { Err(Failed::Down) }
    }

    /// Sends a form, with a name and secret for this installation if they do not stand in it.
    pub fn post(&self, url: &str, form: &[(&str, &str)], known: Option<(&str, &str)>) -> Result<Value, Failed> {
        let body: Vec<String> = form.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        let mut request = Request::post(url)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "application/json");
        if let Some((name, secret)) = known {
            let pair = STANDARD.encode(format!("{}:{}", escaped(name), escaped(secret)));
            let mut value = HeaderValue::from_str(&format!("Basic {pair}")).map_err(|_| Failed::Refused)?;
            value.set_sensitive(true);
            request = request.header(header::AUTHORIZATION, value);
        }
        match self.ask(request.body(body.join("&").into_bytes()).map_err(|_| Failed::Refused)?)? {
            (200, value) => Ok(value),
            (400..=499, _) => Err(Failed::Refused),
            _ => Err(Failed::Down),
        }
    }

    fn ask(&self, request: Request<Vec<u8>>) -> Result<(u16, Value), Failed> {
        if !self.may(&request.uri().to_string()) {
            return Err(Failed::Refused);
        }
        let mut answer = self.agent.run(request).map_err(|_| Failed::Down)?;
        let status = answer.status().as_u16();
        let body = answer.body_mut().with_config().limit(MOST_ANSWER).read_to_vec().map_err(|_| Failed::Down)?;
        let value = serde_json::from_slice(&body);
        if status == 200 { value.map(|v| (status, v)).map_err(|_| Failed::Down) } else { Ok((status, Value::Null)) }
    }
}

/// Reads the authorities that may certify the issuer; none for one on this machine that speaks plain http.
fn roots(issuer: &Issuer) -> Result<Vec<Certificate<'static>>, EngineError> {
    let given = issuer.certificates_file.as_deref();
    if given.is_none() && !issuer.url.starts_with("https") {
        return Ok(Vec::new());
    }
    let usual = TRUSTED.iter().map(Path::new).find(|path| path.exists());
    let Some(file) = given.or(usual) else {
        return Err(EngineError::other(
            "This system keeps no list of certificate authorities where one is looked for. Name a file of them in organisation.toml: certificates_file under [sign_in].",
        ));
    };
    let wrong = |why: String| {
        EngineError::other(format!(
            "{} cannot be used: {why}. It has to hold the certificates (PEM) that vouch for the issuer.",
            file.display()
        ))
    };
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let certificates = read.map_err(|e| wrong(e.to_string()))?;
    if certificates.is_empty() {
        return Err(wrong("no certificate is in it".into()));
    }
    Ok(certificates.iter().map(|der| Certificate::from_der(der).to_owned()).collect())
}

/// Writes a text as a value of a form or an address.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
