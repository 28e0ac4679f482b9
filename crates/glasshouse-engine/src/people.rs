//! Local accounts: who may act, with a password and a key to sign with.
//!
//! They lie in the folder of the installation, one file a person, readable by its owner alone. The password is
//! kept as an Argon2id hash; the seed of the signing key is sealed under the password.

mod second;

pub use second::{Attempt, Fresh};

use crate::EngineError;
use crate::authority::is_name;
use crate::organisation::Organisation;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use glasshouse_layout::paths;
use glasshouse_store::seal::Identity;
use glasshouse_store::{files, sign};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Fewest characters of a password.
const SHORTEST: usize = 12;
/// Memory (KiB), passes and lanes of Argon2id: the second choice of RFC 9106.
const COST: (u32, u32, u32) = (64 << 10, 3, 4);
/// What the secret for evidence is sealed as, so that it is not taken for the key that signs.
const IDENTITY: &[u8] = b"identity";

macro_rules! roles {
    ($($variant:ident $name:literal),* $(,)?) => {
        /// As what somebody acts.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Role { $($variant),* }

        impl Role {
            pub const ALL: &'static [Role] = &[$(Role::$variant),*];
            pub const NAMES: &'static [&'static str] = &[$($name),*];

            /// Returns the name used in files, policies and the log.
            pub const fn as_str(self) -> &'static str {
                match self { $(Role::$variant => $name),* }
            }
        }

        impl FromStr for Role {
            type Err = ();
            fn from_str(text: &str) -> Result<Self, ()> {
                match text { $($name => Ok(Role::$variant),)* _ => Err(()) }
            }
        }
    };
}

roles! {
    Holder "holder",
    Examiner "examiner",
    PrivilegeReviewer "privilege_reviewer",
    Authoriser "authoriser",
    DisclosureOfficer "disclosure_officer",
    Auditor "auditor",
    Administrator "administrator",
}

/// Somebody who can act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Short and of small letters: what the log and authorities name.
    pub name: String,
    pub full_name: String,
    pub roles: Vec<Role>,
    /// Verifier key, `name+hash+base64`.
    pub key: String,
    /// What evidence is sealed to for them; accounts of an early version have none until they sign something.
    pub recipient: Option<String>,
}

/// A person's file.
#[derive(Serialize, Deserialize)]
struct Kept {
    name: String,
    full_name: String,
    roles: Vec<String>,
    key: String,
    made: String,
    /// Argon2id, in the PHC form.
    password: String,
    /// The seed of the signing key, sealed; salt and nonce, hexadecimal.
    salt: String,
    nonce: String,
    sealed_key: String,
    /// What evidence is sealed to for this person, and the secret that opens it: nonce and sealed text, hexadecimal.
    #[serde(default)]
    recipient: Option<String>,
    #[serde(default)]
    sealed_identity: Option<String>,
    #[serde(default)]
    second: Option<second::Second>,
}

/// The folder of an installation: people, the organisation, its policies.
#[derive(Clone, Debug)]
pub struct Home {
    folder: PathBuf,
}

impl Home {
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Home { folder: folder.into() }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns everybody, by name. In an organisation their roles are those that its file gives them.
    pub fn people(&self) -> Result<Vec<Person>, EngineError> {
        let folder = self.folder.join("people");
        let Ok(entries) = fs::read_dir(&folder) else { return Ok(Vec::new()) };
        let mut names: Vec<String> =
            entries.filter_map(|e| Some(e.ok()?.file_name().to_str()?.strip_suffix(".toml")?.to_owned())).collect();
        names.sort();
        names.iter().map(|name| self.person(name)).collect()
    }

    /// Returns one person.
    pub fn person(&self, name: &str) -> Result<Person, EngineError> {
        self.placed(self.kept(name)?)
    }

    /// Makes an account.
    pub fn enrol(&self, name: &str, full_name: &str, roles: &[Role], password: &[u8]) -> Result<Person, EngineError> {
        if !is_name(name) {
            return Err(EngineError::other(format!(
                "`{name}` cannot name a person: small letters, digits, `-`, `_` and `.` only, such as d.hart."
            )));
        }
        if roles.contains(&Role::Holder) {
            return Err(EngineError::other("The role holder is nobody's to have: it is that of the kind `self`."));
        }
        if String::from_utf8_lossy(password).chars().count() < SHORTEST {
            return Err(EngineError::other(format!(
                "A password has at least {SHORTEST} characters. A few words will do."
            )));
        }
        let path = self.path(name);
        if path.exists() {
            return Err(EngineError::other(format!("There is an account {name} already. Choose another name.")));
        }
        let (seed, key) = sign::new_key(name)?;
        let salt: [u8; 16] = sign::random()?;
        let nonce: [u8; 12] = sign::random()?;
        let mut sealed = seed.to_vec();
        let sealing = sealing_key(password, &salt)?;
        sealing
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(key.as_bytes()), &mut sealed)
            .map_err(|_| EngineError::other("The key cannot be sealed."))?;
        let phc_salt = SaltString::encode_b64(&sign::random::<16>()?).map_err(|e| EngineError::other(e.to_string()))?;
        let hash = hasher()?.hash_password(password, &phc_salt).map_err(|e| EngineError::other(e.to_string()))?;
        let (recipient, identity) = new_identity(&sealing)?;
        let kept = Kept {
            name: name.to_owned(),
            full_name: full_name.to_owned(),
            roles: roles.iter().map(|r| r.as_str().to_owned()).collect(),
            key,
            made: glasshouse_store::now(),
            password: hash.to_string(),
            salt: glasshouse_layout::hex(salt),
            nonce: glasshouse_layout::hex(nonce),
            sealed_key: glasshouse_layout::hex(sealed),
            recipient: Some(recipient),
            sealed_identity: Some(identity),
            second: None,
        };
        files::make_private_folder(&self.folder.join("people"))?;
        self.write(&kept)?;
        self.placed(kept)
    }

    /// Returns a person who knows their password.
    pub fn authenticate(&self, name: &str, password: &[u8]) -> Result<Person, EngineError> {
        let kept = self.kept(name)?;
        let hash = PasswordHash::new(&kept.password).map_err(|_| damaged(&self.path(name)))?;
        hasher()?
            .verify_password(password, &hash)
            .map_err(|_| EngineError::other(format!("That is not the password of {name}.")))?;
        self.placed(kept)
    }

    /// Returns the person whom the organisation's issuer names so: a member with this account and its key.
    pub fn recognised(&self, called: &str) -> Result<Option<Person>, EngineError> {
        let Some(organisation) = self.organisation()? else { return Ok(None) };
        let Some(member) = organisation.called(called) else { return Ok(None) };
        if !self.path(&member.name).exists() {
            return Ok(None);
        }
        Ok(Some(self.person(&member.name)?).filter(|person| person.key == member.key))
    }

    /// Says whether somebody is still who they were: an account with this key, and these roles.
    pub fn still_has(&self, person: &Person) -> Result<bool, EngineError> {
        if !self.path(&person.name).exists() {
            return Ok(false);
        }
        let now = self.person(&person.name)?;
        Ok(now.key == person.key && now.roles == person.roles)
    }

    /// Signs a text as a person, who gives their password for it.
    pub fn sign(&self, name: &str, password: &[u8], text: &str) -> Result<String, EngineError> {
        self.authenticate(name, password)?;
        let mut kept = self.kept(name)?;
        let damaged = || damaged(&self.path(name));
        let bytes = |text: &str| hex::decode(text).map_err(|_| damaged());
        let nonce: [u8; 12] = bytes(&kept.nonce)?.try_into().map_err(|_| damaged())?;
        let mut sealed = bytes(&kept.sealed_key)?;
        let sealing = sealing_key(password, &bytes(&kept.salt)?)?;
        let seed = sealing
            .open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(kept.key.as_bytes()), &mut sealed)
            .map_err(|_| damaged())?;
        let seed: [u8; 32] = (&*seed).try_into().map_err(|_| damaged())?;
        if kept.recipient.is_none() {
            let (recipient, identity) = new_identity(&sealing)?;
            (kept.recipient, kept.sealed_identity) = (Some(recipient), Some(identity));
            self.write(&kept)?;
        }
        Ok(sign::sign(name, &seed, text)?)
    }

    /// Returns the secret with which a person opens evidence that is sealed to them; they give their password for it.
    pub fn identity(&self, name: &str, password: &[u8]) -> Result<Identity, EngineError> {
        self.authenticate(name, password)?;
        let kept = self.kept(name)?;
        let Some(sealed) = &kept.sealed_identity else {
            return Err(EngineError::other(format!(
                "The account {name} was made before there were keys for evidence. It gets one with the next authority that {name} approves."
            )));
        };
        let damaged = || damaged(&self.path(name));
        let bytes = |text: &str| hex::decode(text).map_err(|_| damaged());
        let mut sealed = bytes(sealed)?;
        let (nonce, text) = sealed.split_first_chunk_mut::<12>().ok_or_else(damaged)?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let text = sealing_key(password, &bytes(&kept.salt)?)?
            .open_in_place(nonce, Aad::from(IDENTITY), text)
            .map_err(|_| damaged())?;
        std::str::from_utf8(text).ok().and_then(Identity::parse).ok_or_else(damaged)
    }

    fn write(&self, kept: &Kept) -> Result<(), EngineError> {
        let text = toml::to_string(kept).map_err(|e| EngineError::other(e.to_string()))?;
        Ok(files::write_private(&self.path(&kept.name), text.as_bytes())?)
    }

    /// Returns the organisation of this installation, if it has one, with its signature checked.
    pub fn organisation(&self) -> Result<Option<Organisation>, EngineError> {
        let path = self.folder.join("organisation.toml");
        if !path.exists() {
            return Ok(None);
        }
        let read = |path: &Path| fs::read(path).map_err(|e| EngineError::io(path, "read", e));
        let signature = PathBuf::from(paths::signature(&path.to_string_lossy()));
        let organisation = Organisation::signed(&read(&path)?, &read(&signature)?)
            .map_err(|why| EngineError::other(format!("{}: {why}", path.display())))?;
        Ok(Some(organisation))
    }

    fn placed(&self, kept: Kept) -> Result<Person, EngineError> {
        let own: Vec<Role> = kept.roles.iter().filter_map(|r| r.parse().ok()).collect();
        let roles = match self.organisation()? {
            None => own,
            Some(organisation) => organisation.member(&kept.name, &kept.key).map_or_else(Vec::new, |m| m.roles.clone()),
        };
        let recipient = kept.recipient;
        Ok(Person { name: kept.name, full_name: kept.full_name, roles, key: kept.key, recipient })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join("people").join(format!("{name}.toml"))
    }

    fn kept(&self, name: &str) -> Result<Kept, EngineError> {
        let path = self.path(name);
        if !is_name(name) || !path.exists() {
            return Err(EngineError::other(format!(
                "There is no account `{name}` in {}. `glasshouse person list` lists them; `glasshouse person new {name}` makes one.",
                self.folder.display()
            )));
        }
        let text = fs::read_to_string(&path).map_err(|e| EngineError::io(&path, "read", e))?;
        let kept: Kept = toml::from_str(&text).map_err(|_| damaged(&path))?;
        if kept.name == name { Ok(kept) } else { Err(damaged(&path)) }
    }
}

/// Returns a new secret for evidence, as its recipient and as it is kept.
fn new_identity(sealing: &LessSafeKey) -> Result<(String, String), EngineError> {
    let identity = Identity::generate();
    let nonce: [u8; 12] = sign::random()?;
    let mut sealed = identity.text().as_bytes().to_vec();
    sealing
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(IDENTITY), &mut sealed)
        .map_err(|_| EngineError::other("The key cannot be sealed."))?;
    Ok((identity.recipient(), glasshouse_layout::hex([nonce.as_slice(), &sealed].concat())))
}

fn damaged(path: &Path) -> EngineError {
    EngineError::other(format!("{} is not an account, or is damaged. Restore it from a backup.", path.display()))
}

fn hasher() -> Result<Argon2<'static>, EngineError> {
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, None).map_err(|e| EngineError::other(e.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn sealing_key(password: &[u8], salt: &[u8]) -> Result<LessSafeKey, EngineError> {
    let mut key = [0; 32];
    hasher()?.hash_password_into(password, salt, &mut key).map_err(|e| EngineError::other(e.to_string()))?;
    let unbound = UnboundKey::new(&CHACHA20_POLY1305, &key).map_err(|_| EngineError::other("No key can be made."))?;
    Ok(LessSafeKey::new(unbound))
}
