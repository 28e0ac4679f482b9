//! The organisation's file: who is who, who may authorise, and whether personal cases are allowed here.
//!
//! Its administrator signs it. Without it an authority is *self-enrolled*: two keys are not two people.

use crate::authority::{Fault, Kind, Sheet, is_name, lines};
use crate::issuer::{self, Issuer};
use crate::people::Role;
use glasshouse_layout::{statement, states};
use glasshouse_store::sign;

/// What `organisation.toml` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organisation {
    pub name: String,
    pub version: u32,
    pub administrator: String,
    pub administrator_key: String,
    /// Whether cases of the kind `self` may be made on this installation.
    pub own_allowed: bool,
    pub members: Vec<Member>,
    /// Files with further `forbid` rules beside it, and their SHA-256.
    pub policies: Vec<(String, String)>,
    /// Who vouches for people at the page; their passwords, if left out.
    pub issuer: Option<Issuer>,
    /// Whether a password alone lets nobody in at the page.
    pub second_factor: bool,
}

/// One of its people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub name: String,
    pub key: String,
    pub roles: Vec<Role>,
    /// The kinds of authority that this person may authorise.
    pub may_authorise: Vec<Kind>,
    /// What evidence is sealed to for this person, if the file pins it.
    pub recipient: Option<String>,
    /// What the issuer calls this person, where that is not the name of the account.
    pub known_as: Option<String>,
}

const FIELDS: [&str; 9] = [
    "name",
    "version",
    "administrator",
    "administrator_key",
    "self_allowed",
    "people",
    "policies",
    "about",
    "second_factor",
];
/// What is said of one of the people.
const OF_PEOPLE: [&str; 6] = ["name", "key", "roles", "may_authorise", "recipient", "known_as"];

impl Organisation {
    /// Reads and checks the file.
    pub fn check(text: &str) -> Result<Self, Vec<Fault>> {
        let mut sheet = Sheet::parse(text).map_err(|fault| vec![fault])?;
        for path in sheet.paths() {
            if !FIELDS.contains(&path.as_str()) && !issuer::FIELDS.contains(&path.as_str()) {
                sheet.fault(
                    &path,
                    format!("`{path}` is not a field of organisation.toml. Remove it, or write it as a `#` comment."),
                );
            }
        }
        for (path, example) in [
            ("name", "name = \"Northtown Police\""),
            ("administrator", "administrator = \"a.mensah\""),
            ("administrator_key", "administrator_key = \"name+hash+base64\", as `glasshouse person list` prints it"),
        ] {
            if sheet.plain(path).is_none() {
                sheet.fault(path, format!("`{path}` is missing. Write: {example}."));
            }
        }
        let version = sheet.plain("version").and_then(|v| v.parse::<u32>().ok()).filter(|v| *v > 0);
        if version.is_none() {
            sheet.fault("version", "`version` is missing or no number from 1 on. Write: version = 1, and the next number with each change.");
        }
        let own = sheet.plain("self_allowed");
        if own.as_deref().is_some_and(|v| v != "true" && v != "false") {
            sheet.fault("self_allowed", "`self_allowed` is neither true nor false.");
        }
        let second = sheet.plain("second_factor");
        if second.as_deref().is_some_and(|v| v != "required" && v != "optional") {
            sheet.fault("second_factor", "`second_factor` is neither \"required\" nor \"optional\".");
        }
        let members = members(&mut sheet);
        let issuer = issuer::read(&mut sheet);
        let policies = policies(&mut sheet);
        let key = sheet.plain("administrator_key").unwrap_or_default();
        let administrator = sheet.plain("administrator").unwrap_or_default();
        if !key.is_empty() && (!sign::is_key(&key) || key.split('+').next() != Some(&administrator)) {
            sheet.fault("administrator_key", "`administrator_key` is not the verifier key of the administrator, as `glasshouse person list` prints it.");
        }
        if !sheet.faults.is_empty() {
            return Err(sheet.faults);
        }
        Ok(Organisation {
            name: sheet.plain("name").unwrap_or_default(),
            version: version.unwrap_or(1),
            administrator,
            administrator_key: key,
            own_allowed: own.as_deref() == Some("true"),
            members,
            policies,
            issuer,
            second_factor: second.as_deref() == Some("required"),
        })
    }

    /// Reads the file if its administrator signed it.
    pub fn signed(file: &[u8], signature: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(file).map_err(|_| "it is not UTF-8".to_owned())?;
        let organisation = Organisation::check(text).map_err(|faults| lines(&faults))?;
        let said = sign::opened(signature, &organisation.administrator_key).map_err(|why| {
            format!(
                "its signature does not hold: {why}. The administrator signs it with `glasshouse organisation sign`."
            )
        })?;
        if !states(&said, "organisation", &organisation.version.to_string(), file) {
            return Err("its signature is of another file: it was changed after it was signed. The administrator signs it anew with `glasshouse organisation sign`.".into());
        }
        Ok(organisation)
    }

    /// Returns the text that its administrator signs.
    pub fn to_sign(&self, file: &[u8], time: &str) -> String {
        statement("organisation", &self.version.to_string(), file, time)
    }

    /// Returns the member of this name and key.
    pub fn member(&self, name: &str, key: &str) -> Option<&Member> {
        self.members.iter().find(|m| m.name == name && m.key == key)
    }

    /// Returns the member whom the issuer calls so: by `known_as`, or by their name if they have none.
    pub fn called(&self, said: &str) -> Option<&Member> {
        self.members.iter().find(|m| m.called() == said)
    }

    /// Says why somebody's signature does not count for an authority, if it does not.
    pub fn refuses(&self, authoriser: &str, key: &str, kind: Kind) -> Option<String> {
        let Some(member) = self.member(authoriser, key) else {
            return Some(format!("{authoriser}, with this key, is not in organisation.toml of {}", self.name));
        };
        if !member.roles.contains(&Role::Authoriser) {
            return Some(format!("organisation.toml of {} does not make {authoriser} an authoriser", self.name));
        }
        (!member.may_authorise.contains(&kind))
            .then(|| format!("organisation.toml of {} does not let {authoriser} authorise the kind {kind}", self.name))
    }
}

impl Member {
    fn called(&self) -> &str {
        self.known_as.as_deref().unwrap_or(&self.name)
    }
}

fn one<'t>(table: &'t [(String, Vec<String>)], key: &str) -> &'t [String] {
    table.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_slice()).unwrap_or_default()
}

fn members(sheet: &mut Sheet<'_>) -> Vec<Member> {
    let mut members: Vec<Member> = Vec::new();
    for table in sheet.tables("people") {
        let name = one(&table, "name").first().cloned().unwrap_or_default();
        let key = one(&table, "key").first().cloned().unwrap_or_default();
        let (roles, kinds) = (one(&table, "roles"), one(&table, "may_authorise"));
        let recipient = one(&table, "recipient").first().cloned();
        let parsed: Vec<Role> = roles.iter().filter_map(|r| r.parse().ok()).filter(|r| *r != Role::Holder).collect();
        let may: Vec<Kind> = kinds.iter().filter_map(|k| k.parse().ok()).filter(|k| *k != Kind::Own).collect();
        let known_as = one(&table, "known_as").first().map(|called| called.trim().to_owned());
        let called = known_as.as_deref().unwrap_or(&name);
        let strange = table.iter().find(|(k, _)| !OF_PEOPLE.contains(&k.as_str()));
        let wrong = if !is_name(&name) {
            Some("needs a name of small letters".to_owned())
        } else if !sign::is_key(&key) || key.split('+').next() != Some(&name) {
            Some(format!("`{name}` needs their verifier key, as `glasshouse person list` prints it"))
        } else if parsed.len() != roles.len() || roles.is_empty() {
            Some(format!("`{name}` needs roles out of {}", Role::NAMES[1..].join(", ")))
        } else if may.len() != kinds.len() {
            Some(format!("`{name}` may authorise kinds out of {}", Kind::NAMES[1..].join(", ")))
        } else if !may.is_empty() && !parsed.contains(&Role::Authoriser) {
            Some(format!("`{name}` may authorise and is no authoriser"))
        } else if recipient.as_deref().is_some_and(|r| !glasshouse_store::seal::is_recipient(r)) {
            Some(format!(
                "`{name}` has a recipient that is none; it begins with age1, as `glasshouse person list` prints it"
            ))
        } else if members.iter().any(|m| m.name == name) {
            Some(format!("`{name}` is there twice"))
        } else if called.is_empty() || members.iter().any(|m| m.called() == called) {
            Some(format!("`{name}` is known as `{called}`, and so is somebody else, or nobody"))
        } else {
            strange.map(|(key, _)| format!("has the unknown key `{key}`"))
        };
        if let Some(wrong) = wrong {
            sheet.fault("people", format!("An entry of [[people]] {wrong}."));
        }
        members.push(Member { name, key, roles: parsed, may_authorise: may, recipient, known_as });
    }
    members
}

fn policies(sheet: &mut Sheet<'_>) -> Vec<(String, String)> {
    let mut policies = Vec::new();
    for table in sheet.tables("policies") {
        let file = one(&table, "file").first().cloned().unwrap_or_default();
        let sha256 = one(&table, "sha256").first().cloned().unwrap_or_default();
        if !is_name(&file) || !file.ends_with(".cedar") || sha256.len() != 64 {
            sheet.fault("policies", "An entry of [[policies]] needs `file`, a name ending in .cedar in the folder policies, and its `sha256`.");
        }
        policies.push((file, sha256));
    }
    policies
}
