//! A small writer of cases after `docs/format.md`, which shares no code with the one that ships, and the two
//! verifiers as processes.
#![allow(dead_code)]

pub mod archives;
pub mod sample;
pub mod writer;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Class and path of a finding.
pub type Found = BTreeSet<(String, String)>;

/// What a verifier said.
#[derive(Debug, PartialEq, Eq)]
pub struct Said {
    pub code: Option<i32>,
    pub faults: Found,
    pub notes: Found,
    pub text: String,
}

/// Runs the verifier of this crate.
pub fn ours(case: &Path, arguments: &[&str]) -> Said {
    said(Command::new(env!("CARGO_BIN_EXE_glasshouse-verify")).arg(case).args(arguments).output().expect("it runs"))
}

/// Runs the verifier that was written from the page alone.
pub fn independent(case: &Path, arguments: &[&str]) -> Said {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/independent/verify.py");
    let output = Command::new("python3").arg("-B").arg(script).arg(case).args(arguments).output();
    let output = output.expect("these tests need python3 (3.11 or later): they check cases with a second verifier");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!errors.contains("Traceback"), "the independent verifier broke:\n{errors}");
    said(output)
}

fn said(output: Output) -> Said {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (mut faults, mut notes) = (Found::new(), Found::new());
    for line in text.lines().filter(|line| !line.starts_with("proven: ")) {
        let (of, line) = match line.strip_prefix("note: ") {
            Some(note) => (&mut notes, note),
            None => (&mut faults, line),
        };
        let mut pieces = line.splitn(3, ": ");
        if let (Some(class), Some(path), Some(_)) = (pieces.next(), pieces.next(), pieces.next()) {
            of.insert((class.to_string(), path.to_string()));
        }
    }
    let text = text + &String::from_utf8_lossy(&output.stderr);
    Said { code: output.status.code(), faults, notes, text }
}

/// Returns class and path of findings written as `class path`.
pub fn found(lines: &[&str]) -> Found {
    lines.iter().filter_map(|line| line.split_once(' ')).map(|(class, path)| (class.into(), path.into())).collect()
}

/// Asserts that both verifiers find exactly these faults and leave with the right code.
pub fn both_find(what: &str, case: &Path, arguments: &[&str], faults: &[&str]) -> Said {
    let (a, b) = (ours(case, arguments), independent(case, arguments));
    let code = Some(i32::from(!faults.is_empty()));
    for (name, said) in [("glasshouse-verify", &a), ("verify.py", &b)] {
        assert_eq!(said.faults, found(faults), "{what}: faults that {name} found; it said:\n{}", said.text);
        assert_eq!(said.code, code, "{what}: exit code of {name}; it said:\n{}", said.text);
    }
    assert_eq!(a.notes, b.notes, "{what}: remarks of glasshouse-verify and of verify.py");
    a
}

/// Copies a folder with all that is in it.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copied");
        }
    }
}

/// Writes a file and the folders above it.
pub fn put(folder: &Path, path: &str, bytes: &[u8]) -> PathBuf {
    let place = folder.join(path);
    fs::create_dir_all(place.parent().expect("a parent")).expect("a folder");
    fs::write(&place, bytes).expect("written");
    place
}

/// Returns the SHA-256 of some bytes, hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(ring::digest::digest(&ring::digest::SHA256, bytes))
}
