//! Erasing: what events say of people, and whole cases. That something was erased stays in the log, and the log proves.

use crate::EngineError;
use crate::session::Session;
use glasshouse_layout::{Kind, paths};
use glasshouse_store::{destroy, read_case_events};
use serde_json::json;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The event of a case that is destroyed.
const DESTROYED: &str = "case.destroyed";

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Numbers of events.
    pub events: Vec<u64>,
    /// Only the content that is kept apart: the words of queries, recipients. Who did what and when stays.
    pub content: bool,
    pub reason: String,
}

/// What was erased.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    pub events: u64,
    /// Events that vouch for files, or say that something was erased or combined: what they say is needed, and stays.
    pub left: u64,
}

/// Erases what events say. Who erased it, when and why is an event; the events themselves stay as leaves.
pub fn events(session: &Session, asked: &Asked) -> Result<Erased, EngineError> {
    let case = session.open("log.erase")?;
    let root = session.root();
    // What an erasure that was cut off left behind is not erased a second time.
    sweep(root)?;
    let all = read_case_events(root)?;
    let wanted: BTreeSet<u64> = asked.events.iter().copied().collect();
    let (mut erases, mut unsealed, mut left) = (Vec::new(), Vec::new(), 0);
    for (leaf, payload) in all.iter().filter(|(leaf, _)| wanted.contains(&leaf.seq)) {
        let Some(payload) = payload else { continue };
        let sealed = root.join(paths::sealed(leaf.seq)).exists();
        if asked.content {
            unsealed.extend(sealed.then_some(leaf.seq));
        } else if !payload.files.is_empty() || !payload.removed.is_empty() {
            left += 1;
        } else if matches!(leaf.kind, Kind::Erasure | Kind::Combination) || payload.detail.get("sealed_to").is_some() {
            // That a case was made out of this one is needed when an authority here ends.
            left += 1;
        } else {
            erases.push(leaf.seq);
        }
    }
    let erased = Erased { events: (erases.len() + unsealed.len()) as u64, left };
    if erased.events == 0 {
        return Ok(erased);
    }
    let mut event = case.event(Kind::Erasure, "log.erased", Vec::new(), json!({ "count": erased.events }));
    event.erases = erases;
    event.payload.unsealed = unsealed;
    event.content.insert("reason", asked.reason.clone());
    case.append(&[event])?;
    sweep(root)?;
    Ok(erased)
}

/// Takes away what the log says was erased; an erasure that was cut off ends here.
fn sweep(root: &Path) -> Result<(), EngineError> {
    for (leaf, payload) in read_case_events(root)? {
        for seq in &leaf.erases {
            destroy(&root.join(paths::payload(*seq)))?;
            destroy(&root.join(paths::sealed(*seq)))?;
        }
        for seq in payload.iter().flat_map(|p| &p.unsealed) {
            destroy(&root.join(paths::sealed(*seq)))?;
        }
    }
    Ok(())
}

/// Destroys a case. Of a personal one nothing is left; of any other its log and its authorities, which prove that it was
/// there and was destroyed.
pub fn case(session: &Session, reason: &str) -> Result<(), EngineError> {
    let case = session.open("case.destroy")?;
    let root = session.root().to_path_buf();
    if session.is_own() {
        glasshouse_store::files::write_atomic(&root.join(paths::DESTROYING), b"")?;
        drop(case);
        return whole(&root);
    }
    let goes = |path: &String| ["evidence/", "runs/", paths::WORK].iter().any(|p| path.starts_with(p));
    let removed: Vec<String> = case.logged_files()?.into_keys().filter(goes).collect();
    let told = || Ok::<_, EngineError>(read_case_events(&root)?.iter().any(|(leaf, _)| leaf.action == DESTROYED));
    // One that was cut off is in the log already, and only has to end.
    if !removed.is_empty() || !told()? {
        let mut event = case.event(Kind::Erasure, DESTROYED, Vec::new(), json!({ "files": removed.len() }));
        event.payload.removed = removed;
        event.content.insert("reason", reason.to_owned());
        case.append(&[event])?;
    }
    for folder in ["evidence", "runs", "cache"] {
        burn(&root.join(folder))?;
        glasshouse_store::files::make_folder(&root.join(folder))?;
    }
    for name in ["work.sqlite", "work.sqlite.new"] {
        destroy(&root.join(name))?;
    }
    Ok(())
}

/// Says whether a folder is what is left of a personal case that was being destroyed when that was cut off.
pub fn is_cut_off(root: &Path) -> bool {
    root.join(paths::DESTROYING).exists()
}

/// Removes a personal case: what it consists of, and nothing that somebody else put into its folder. What it was
/// begun on may be gone in part, and cannot be opened any more.
pub fn whole(root: &Path) -> Result<(), EngineError> {
    // The keys first; then nothing else needs to be in an order.
    destroy(&root.join(paths::KEYS))?;
    for folder in ["keys", "evidence", "runs", "cache", "authorities"] {
        burn(&root.join(folder))?;
    }
    for name in ["work.sqlite", "work.sqlite.new", "case.toml"] {
        destroy(&root.join(name))?;
    }
    burn(&root.join("log"))?;
    for name in [".lock", paths::DESTROYING] {
        let _ = fs::remove_file(root.join(name));
    }
    fs::remove_dir(root).map_err(|e| EngineError::io(root, "remove, for something else lies in it,", e))
}

/// Destroys every file of a folder, those of keys first, and removes it. Links are removed and not followed.
fn burn(folder: &Path) -> Result<(), EngineError> {
    let mut open = vec![folder.to_path_buf()];
    let (mut folders, mut files) = (Vec::new(), Vec::new());
    while let Some(folder) = open.pop() {
        let Ok(inside) = fs::read_dir(&folder) else { continue };
        for entry in inside.filter_map(Result::ok) {
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => open.push(path),
                Ok(kind) if kind.is_symlink() => {
                    fs::remove_file(&path).map_err(|e| EngineError::io(&path, "remove", e))?;
                }
                _ => files.push(path),
            }
        }
        folders.push(folder);
    }
    let is_key = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.ends_with(".key.age") || name.starts_with("key-")
    };
    files.sort_by_key(|path| !is_key(path));
    for path in files {
        destroy(&path)?;
    }
    for folder in folders.into_iter().rev() {
        match fs::remove_dir(&folder) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                return Err(EngineError::io(&folder, "remove", e));
            }
            _ => {}
        }
    }
    Ok(())
}
