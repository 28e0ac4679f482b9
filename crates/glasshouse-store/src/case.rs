use crate::StoreError;
use crate::files::{make_folder, write_atomic};
use crate::keys::{Keys, random};
use crate::log::{Event, Log, now, read_events, read_some};
use crate::reading::{is_case, list, read_case_file};
use crate::seal::{self, Identity, Seal};
use glasshouse_layout::{AuthorityFile, CaseFile, FORMAT_VERSION, FileHash, Kind, Leaf, SEALED, fingerprint, paths};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// The authority of every case that an account holder opens on their own data.
pub const SELF_AUTHORITY: &str = "self";

/// What is said of a case that somebody else writes.
/// What is said of a case that another process has.
pub const BUSY: &str = "being written by another Glasshouse process";

/// What the person who opens such a case confirms.
pub const SELF_STATEMENT: &str = "This is my own account's data.";

/// Who acts, for the log.
#[derive(Clone, Debug)]
pub struct Actor {
    pub who: String,
    pub place: String,
}

/// Under which authority, as what and for which line of enquiry somebody acts, for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acting {
    pub authority: String,
    pub role: String,
    pub enquiry: String,
    /// The policies that decided that they may.
    pub policies: Vec<String>,
}

impl Default for Acting {
    fn default() -> Self {
        Acting {
            authority: SELF_AUTHORITY.to_owned(),
            role: String::new(),
            enquiry: String::new(),
            policies: Vec::new(),
        }
    }
}

/// What a case begins with.
#[derive(Clone, Debug)]
pub struct Founding {
    /// `self` or `authorised`.
    pub kind: String,
    /// Files below `authorities/` by path, with their bytes.
    pub files: Vec<(String, Vec<u8>)>,
    /// What the log says of them.
    pub detail: serde_json::Value,
    pub acting: Acting,
    /// Who may open the evidence, with what is sealed to them; nobody for evidence in clear.
    pub recipients: Vec<(String, String)>,
}

/// A case folder opened for writing: nobody else writes while it lives.
pub struct Case {
    root: PathBuf,
    file: CaseFile,
    keys: Keys,
    actor: Actor,
    acting: Mutex<Acting>,
    log: Mutex<Log>,
    /// The keys of its evidence, once they are opened.
    seal: OnceLock<Seal>,
    lock: File,
}

impl Case {
    /// Makes a case of the kind `self` in a folder that is empty or does not exist.
    ///
    /// A folder in which an earlier attempt was interrupted before the case existed is taken over.
    pub fn create(root: &Path, title: &str, custody: &str, actor: Actor) -> Result<Self, StoreError> {
        Case::create_sealed(root, title, custody, actor, Vec::new())
    }

    /// As [`Case::create`], with the evidence sealed to these, if there are any: names with what is sealed to them.
    pub fn create_sealed(
        root: &Path,
        title: &str,
        custody: &str,
        actor: Actor,
        recipients: Vec<(String, String)>,
    ) -> Result<Self, StoreError> {
        let authority = AuthorityFile {
            id: SELF_AUTHORITY.to_owned(),
            version: 1,
            kind: SELF_AUTHORITY.to_owned(),
            statement: SELF_STATEMENT.to_owned(),
            given: now(),
        };
        let founding = Founding {
            kind: SELF_AUTHORITY.to_owned(),
            files: vec![(paths::authority(SELF_AUTHORITY, 1), to_toml(&authority)?.into_bytes())],
            detail: serde_json::json!({ "kind": SELF_AUTHORITY, "statement": SELF_STATEMENT }),
            acting: Acting::default(),
            recipients,
        };
        Case::found(root, title, custody, actor, founding)
    }

    /// Makes a case under an authority, in a folder that is empty or does not exist.
    pub fn found(
        root: &Path,
        title: &str,
        custody: &str,
        actor: Actor,
        founding: Founding,
    ) -> Result<Self, StoreError> {
        make_folder(root)?;
        if !is_case(root) {
            let entries = fs::read_dir(root).map_err(|e| StoreError::io(root, "list", e))?;
            if !entries.into_iter().all(|entry| entry.is_ok_and(|e| is_leftover(&e))) {
                return Err(StoreError::other(format!(
                    "{} is not a case and is not empty. Choose another folder with --case.",
                    root.display()
                )));
            }
        }
        let lock = lock(root)?;
        if root.join(paths::CHECKPOINT).exists() {
            return Err(StoreError::other(format!("{} holds a case already.", root.display())));
        }
        let id = glasshouse_layout::hex(random::<8>()?);
        let origin = format!("glasshouse.local/case/{id}");
        let (keys, public_key) = Keys::generate(&origin)?;
        keys.write(root)?;
        let sealed = !founding.recipients.is_empty();
        let recipients: Vec<String> = founding.recipients.iter().map(|(_, recipient)| recipient.clone()).collect();
        let seal = if sealed { Seal::found(root, &recipients)? } else { Seal::none() };
        let file = CaseFile {
            format: FORMAT_VERSION,
            id,
            title: title.to_owned(),
            created: now(),
            kind: founding.kind,
            custody: custody.to_owned(),
            encryption: if sealed { SEALED } else { "none" }.to_owned(),
            recipient: seal.recipient().unwrap_or_default(),
            origin,
            public_key,
            tool: tool(),
        };
        write_atomic(&root.join(paths::CASE), to_toml(&file)?.as_bytes())?;
        make_folder(&root.join("authorities"))?;
        for (path, bytes) in &founding.files {
            write_atomic(&root.join(path), bytes)?;
        }
        for folder in ["evidence", "runs", "cache", "log"] {
            make_folder(&root.join(folder))?;
        }
        let log = Mutex::new(Log::create(root, &file.origin, &keys));
        let acting = Mutex::new(founding.acting);
        let case = Case { root: root.to_path_buf(), file, keys, actor, acting, log, seal: seal.into(), lock };
        let mut made = vec![case.hash(paths::CASE)?];
        let mut detail = serde_json::Value::Null;
        if sealed {
            made.push(case.hash(&paths::case_key(1))?);
            let to: BTreeMap<_, _> = founding.recipients.into_iter().collect();
            detail = serde_json::json!({ "sealed_to": to });
        }
        let created = case.event(Kind::Collection, "case.created", made, detail);
        let files = founding.files.iter().map(|(path, _)| case.hash(path)).collect::<Result<Vec<_>, _>>()?;
        let added = case.event(Kind::Collection, "authority.added", files, founding.detail);
        case.append(&[created, added])?;
        Ok(case)
    }

    /// Opens a case for writing; fails if another process has it open so.
    pub fn open(root: &Path, actor: Actor) -> Result<Self, StoreError> {
        Case::opened(root, actor, &|_| true)
    }

    fn opened(root: &Path, actor: Actor, wanted: &dyn Fn(&Leaf) -> bool) -> Result<Self, StoreError> {
        let file = read_case_file(root)?;
        let lock = lock(root)?;
        let keys = Keys::read(root)?;
        let log = Log::open(root, &file.origin, &file.public_key, &keys)?;
        let acting = Mutex::new(Acting::default());
        let seal = OnceLock::new();
        let log = Mutex::new(log);
        let case = Case { root: root.to_path_buf(), file, keys, actor, acting, log, seal, lock };
        case.intact(wanted)?;
        Ok(case)
    }

    /// As [`Case::open`], and waits this long for whoever has the case open.
    pub fn open_within(root: &Path, actor: Actor, patience: Duration) -> Result<Self, StoreError> {
        patiently(patience, || Case::open(root, actor.clone()))
    }

    /// As [`Case::open_within`], for writing down what is looked at: of the log's payloads only those that vouch for
    /// authorities are read, so that it takes as long in the thousandth search as in the first.
    pub fn open_to_log(root: &Path, actor: Actor, patience: Duration) -> Result<Self, StoreError> {
        patiently(patience, || Case::opened(root, actor.clone(), &|leaf| leaf.action.starts_with("authority.")))
    }

    /// Lets others write the case until it is resumed.
    pub fn pause(self) -> Result<Paused, StoreError> {
        self.lock.unlock().map_err(|e| StoreError::io(&self.root.join(".lock"), "unlock", e))?;
        Ok(Paused(self))
    }

    /// Refuses a case whose authority, organisation or log is not what the log vouches for; `wanted` says which
    /// payloads are read.
    fn intact(&self, wanted: &dyn Fn(&Leaf) -> bool) -> Result<(), StoreError> {
        let events = read_some(&self.root, &self.file.origin, &self.file.public_key, wanted)?;
        let erased: BTreeSet<u64> = events.iter().flat_map(|(leaf, _)| leaf.erases.iter().copied()).collect();
        let mut files: BTreeMap<&str, &str> = BTreeMap::new();
        for (leaf, payload) in &events {
            match payload {
                Some(payload) => {
                    let here = payload.files.iter().filter(|f| f.path.starts_with("authorities/"));
                    files.extend(here.map(|f| (f.path.as_str(), f.sha256.as_str())));
                }
                None if erased.contains(&leaf.seq) || !wanted(leaf) => {}
                None => {
                    return Err(StoreError::log(format!("the payload of event {} is gone or was changed", leaf.seq)));
                }
            }
        }
        let root = self.root.display();
        if files.is_empty() {
            return Err(StoreError::other(format!("{root} has no authority. Nothing is read without one.")));
        }
        // What somebody put there would otherwise count as an authority.
        for path in list(&self.root.join("authorities"))? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if !files.contains_key(format!("authorities/{name}").as_str()) && !name.ends_with(".new") {
                return Err(StoreError::other(format!(
                    "authorities/{name} is in no event of the log: it was put into {root}, or its addition was cut off. Remove it; nothing is read while it is there."
                )));
            }
        }
        for (path, sha256) in files {
            if !self.root.join(path).exists() {
                return Err(StoreError::other(format!(
                    "{root} has no authority: {path} is gone. Nothing is read without it; run glasshouse-verify to see what else changed."
                )));
            }
            if self.hash(path)?.sha256 != sha256 {
                return Err(StoreError::other(format!(
                    "{root} has an authority that was altered: {path} is not what the log vouches for. Nothing is read under it; put it back as it was, or run glasshouse-verify to see what else changed."
                )));
            }
        }
        Ok(())
    }

    /// Says for the log under which authority, as what and for what the actor acts from now on.
    pub fn act(&self, acting: Acting) {
        *self.acting.lock().unwrap_or_else(PoisonError::into_inner) = acting;
    }

    /// Returns the id of the authority that is acted under.
    pub fn authority(&self) -> String {
        self.acting.lock().unwrap_or_else(PoisonError::into_inner).authority.clone()
    }

    /// Writes files that are never changed, and the event that vouches for them.
    pub fn put(
        &self,
        files: &[(String, Vec<u8>)],
        kind: Kind,
        action: &'static str,
        detail: serde_json::Value,
    ) -> Result<(), StoreError> {
        let logged = self.logged_files()?;
        for (path, bytes) in files {
            let full = self.root.join(path);
            // One that the log does not know is what an earlier attempt left when it was cut off.
            if logged.contains_key(path) {
                return Err(StoreError::other(format!("{path} is in the case already, and is never changed.")));
            }
            write_atomic(&full, bytes)?;
        }
        let hashes = files.iter().map(|(path, _)| self.hash(path)).collect::<Result<Vec<_>, _>>()?;
        self.append(&[self.event(kind, action, hashes, detail)])?;
        Ok(())
    }

    /// Returns the case's folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns what the case is.
    pub fn file(&self) -> &CaseFile {
        &self.file
    }

    /// Opens the keys of the evidence with one of some identities; without one that fits they stay closed.
    pub fn unlock(&self, identities: &[Identity]) {
        if let Ok(seal) = Seal::open(&self.root, &self.file, identities) {
            // They are open already, and are the same.
            let _ = self.seal.set(seal);
        }
    }

    /// Returns the keys of the evidence; an error says what can be done where they are not at hand.
    pub fn seal(&self) -> Result<Seal, StoreError> {
        match self.seal.get() {
            Some(seal) => Ok(seal.clone()),
            None if self.file.encryption != SEALED => Ok(Seal::none()),
            None => Err(seal::locked(&self.root)),
        }
    }

    /// Returns the key that record ids are made with. Where evidence is sealed it comes from the key of the case, so
    /// that a guess about what is outside the limits cannot be tried by whoever has the folder.
    pub fn record_key(&self) -> Result<[u8; 32], StoreError> {
        self.seal()?.record_key()?.map_or_else(|| self.keys.record_key(), Ok)
    }

    /// Returns the fingerprint of the log's key, in groups.
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.file.public_key)
    }

    /// Returns the signed tree head as it stands.
    pub fn checkpoint(&self) -> Result<String, StoreError> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).checkpoint()
    }

    /// Returns an event by this case's actor, to be appended.
    pub fn event(&self, kind: Kind, action: &'static str, files: Vec<FileHash>, detail: serde_json::Value) -> Event {
        let acting = self.acting.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Event::by(&self.actor, acting, kind, action, files, detail)
    }

    /// Appends events in one commit; they are durable when it returns.
    pub fn append(&self, events: &[Event]) -> Result<u64, StoreError> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).append(events)
    }

    /// Returns size and hash of a file of the case.
    pub fn hash(&self, path: &str) -> Result<FileHash, StoreError> {
        let full = self.root.join(path);
        let (sha256, size) = crate::copy::hash_file(&full, &|_| {}).map_err(|e| StoreError::io(&full, "read", e))?;
        Ok(FileHash { path: path.to_owned(), size, sha256: glasshouse_layout::hex(sha256), external: None })
    }

    /// Returns the hash of each path that the log vouches for now.
    pub fn logged_files(&self) -> Result<BTreeMap<String, String>, StoreError> {
        let mut files = BTreeMap::new();
        for (_, payload) in read_events(&self.root, &self.file.origin, &self.file.public_key)? {
            let Some(payload) = payload else { continue };
            files.extend(payload.files.into_iter().map(|f| (f.path, f.sha256)));
            for path in payload.removed {
                files.remove(&path);
            }
        }
        Ok(files)
    }
}

/// A case that somebody else may write meanwhile.
pub struct Paused(Case);

impl Paused {
    /// Goes on where the case was paused; waits this long for whoever has it open.
    pub fn resume(self, patience: Duration) -> Result<Case, StoreError> {
        let case = self.0;
        let lock = patiently(patience, || lock(&case.root))?;
        let checkpoint = case.root.join(paths::CHECKPOINT);
        let here = fs::read(&checkpoint).map_err(|e| StoreError::io(&checkpoint, "read", e))?;
        if here == case.checkpoint()?.as_bytes() {
            return Ok(Case { lock, ..case });
        }
        // Somebody wrote it.
        drop(lock);
        let acting = case.acting.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let again = Case::open_to_log(&case.root, case.actor, patience)?;
        again.act(acting);
        Ok(again)
    }
}

/// Does what fails while somebody else has the case open, until it does not or patience ends.
fn patiently<T>(patience: Duration, attempt: impl Fn() -> Result<T, StoreError>) -> Result<T, StoreError> {
    let begun = Instant::now();
    loop {
        match attempt() {
            Err(StoreError::Other(said)) if said.contains(BUSY) && begun.elapsed() < patience => {
                std::thread::sleep(Duration::from_millis(2));
            }
            other => return other,
        }
    }
}

/// Says whether a file or folder is what an interrupted [`Case::create`] left behind.
fn is_leftover(entry: &fs::DirEntry) -> bool {
    let name = entry.file_name();
    let name = name.to_string_lossy();
    match name.as_ref() {
        paths::CASE | "case.toml.new" | "keys" | "authorities" | "log" | ".lock" => true,
        // Made empty, but for the key; with something else in them they are somebody's.
        "evidence" | "runs" | "cache" => fs::read_dir(entry.path()).is_ok_and(|mut inside| {
            inside.all(|e| e.is_ok_and(|e| e.file_name().to_string_lossy().starts_with("key-1.age")))
        }),
        _ => false,
    }
}

/// Returns the name and version that this build writes into what it makes.
pub fn tool() -> String {
    concat!("glasshouse ", env!("CARGO_PKG_VERSION")).to_owned()
}

fn lock(root: &Path) -> Result<File, StoreError> {
    let path = root.join(".lock");
    let file = File::create(&path).map_err(|e| StoreError::io(&path, "open", e))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => {
            Err(StoreError::other(format!("{} is {BUSY}. Wait for it to end, or stop it.", root.display())))
        }
        Err(fs::TryLockError::Error(e)) => Err(StoreError::io(&path, "lock", e)),
    }
}

fn to_toml(value: &impl serde::Serialize) -> Result<String, StoreError> {
    toml::to_string(value).map_err(|e| StoreError::other(format!("This cannot be written as TOML: {e}.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actor() -> Actor {
        Actor { who: "tester".into(), place: "here".into() }
    }

    #[test]
    fn a_case_can_be_made_once_and_opened_by_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("case");
        let case = Case::create(&root, "t", "copied", actor()).expect("made");
        assert!(Case::open(&root, actor()).is_err_and(|e| e.to_string().contains("another Glasshouse process")));
        drop(case);
        assert!(Case::create(&root, "t", "copied", actor()).is_err());
        let case = Case::open(&root, actor()).expect("opens");
        assert_eq!(case.logged_files().expect("readable").len(), 2);
        drop(case);
        let authority = root.join(paths::authority("self", 1));
        let good = fs::read(&authority).expect("readable");
        fs::write(&authority, "id = \"self\"").expect("written");
        assert!(Case::open(&root, actor()).is_err_and(|e| e.to_string().contains("was altered")));
        fs::remove_file(&authority).expect("removed");
        assert!(Case::open(&root, actor()).is_err_and(|e| e.to_string().contains("no authority")));
        fs::write(&authority, good).expect("written");
        fs::write(root.join(paths::payload(1)), "").expect("written");
        assert!(Case::open(&root, actor()).is_err_and(|e| e.to_string().contains("payload of event 1")));
    }

    #[test]
    fn an_interrupted_beginning_is_taken_over_and_foreign_folders_are_not() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["case.toml", "case.toml.new"] {
            fs::write(folder.path().join(name), "half").expect("written");
        }
        for name in ["authorities", "evidence", "runs", "cache", "log"] {
            fs::create_dir(folder.path().join(name)).expect("made");
        }
        Case::create(folder.path(), "t", "copied", actor()).expect("made");
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("evidence")).expect("made");
        fs::write(folder.path().join("evidence/thesis.doc"), "mine").expect("written");
        assert!(Case::create(folder.path(), "t", "copied", actor()).is_err());
    }

    #[test]
    fn secrets_are_private() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        Case::create(folder.path(), "t", "copied", actor()).expect("made");
        let mode = fs::metadata(folder.path().join(paths::KEYS)).expect("keys").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
