//! Who vouches for an organisation's people at the page: an issuer of OpenID Connect, as `organisation.toml` names it.

use crate::authority::Sheet;
use std::path::{Path, PathBuf};

/// The table `[sign_in]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// As the issuer calls itself; https, or http on this machine.
    pub url: String,
    /// What the issuer knows this installation by.
    pub client_id: String,
    /// A file with the secret that goes with it.
    pub client_secret_file: Option<PathBuf>,
    /// The claim of an ID token that names the person.
    pub claim: String,
    /// Hosts that the issuer answers at, beside its own.
    pub hosts: Vec<String>,
    /// A file with the authorities (PEM) that may certify these hosts; those that the system trusts, if left out.
    pub certificates_file: Option<PathBuf>,
    /// Whether a password lets people in, too.
    pub passwords: bool,
}

impl Issuer {
    /// Returns it with its files where they lie: what is no whole path is meant from the installation's folder.
    pub fn under(mut self, folder: &Path) -> Self {
        for file in [&mut self.client_secret_file, &mut self.certificates_file].into_iter().flatten() {
            *file = folder.join(&file);
        }
        self
    }
}

/// The paths in `organisation.toml` that this page reads.
pub(crate) const FIELDS: [&str; 7] = [
    "sign_in.issuer",
    "sign_in.client_id",
    "sign_in.client_secret_file",
    "sign_in.claim",
    "sign_in.hosts",
    "sign_in.certificates_file",
    "sign_in.passwords",
];

/// Reads the table, if there is one, and notes what is wrong with it.
pub(crate) fn read(sheet: &mut Sheet<'_>) -> Option<Issuer> {
    sheet.find("sign_in")?;
    let url = sheet.plain("sign_in.issuer").unwrap_or_default();
    if host(&url).is_none() {
        sheet.fault(
            "sign_in.issuer",
            "`sign_in.issuer` is no address of an issuer. Write what it calls itself: issuer = \"https://id.example.com\". Plain http is for an issuer on this machine.",
        );
    }
    for (path, example) in [
        ("sign_in.client_id", "client_id = \"glasshouse\", as it is registered at the issuer"),
        ("sign_in.claim", "claim = \"preferred_username\", \"email\" or \"sub\": what of an ID token names the person"),
    ] {
        if sheet.plain(path).is_none() {
            sheet.fault(path, format!("`{path}` is missing. Write: {example}."));
        }
    }
    let passwords = sheet.plain("sign_in.passwords");
    if passwords.as_deref().is_some_and(|v| v != "true" && v != "false") {
        sheet.fault("sign_in.passwords", "`sign_in.passwords` is neither true nor false.");
    }
    let hosts = sheet.texts("sign_in.hosts");
    if hosts.iter().any(|host| host.is_empty() || host.contains(['/', '@', ':', ' '])) {
        sheet.fault("sign_in.hosts", "`sign_in.hosts` lists names of hosts: hosts = [\"keys.example.com\"].");
    }
    Some(Issuer {
        url,
        client_id: sheet.plain("sign_in.client_id").unwrap_or_default(),
        client_secret_file: sheet.plain("sign_in.client_secret_file").map(PathBuf::from),
        claim: sheet.plain("sign_in.claim").unwrap_or_default(),
        hosts,
        certificates_file: sheet.plain("sign_in.certificates_file").map(PathBuf::from),
        passwords: passwords.as_deref() == Some("true"),
    })
}

/// Returns the host of an address that a secret may be sent to: over TLS, or in clear within this machine.
pub fn host(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    if url.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\') || authority.contains('@') {
        return None;
    }
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split_once(']')?.0,
        None => authority.split(':').next()?,
    };
    let here = matches!(host, "127.0.0.1" | "::1" | "localhost");
    (!host.is_empty() && (scheme == "https" || (scheme == "http" && here))).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn secrets_go_over_tls_or_stay_on_this_machine() {
        for (url, expected) in [
            ("https://id.example.com/realms/north", Some("id.example.com")),
            ("https://id.example.com:8443?x=1", Some("id.example.com")),
            ("http://127.0.0.1:3000", Some("127.0.0.1")),
            ("http://[::1]:3000/", Some("::1")),
            ("http://localhost/a", Some("localhost")),
            ("http://id.example.com", None),
            ("http://localhost.example.com", None),
            ("https://127.0.0.1@id.example.com/", None),
            ("http://127.0.0.1\\@id.example.com/", None),
            ("https://", None),
            ("ftp://localhost", None),
            ("id.example.com", None),
        ] {
            assert_eq!(host(url), expected, "{url}");
        }
    }
}
