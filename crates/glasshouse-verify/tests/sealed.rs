//! A case whose evidence is sealed: what two verifiers see without its key, and what ours sees with it.

mod support;

use age::x25519::Identity;
use serde_json::{Value, json};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use support::archives::{Archive, text, zip};
use support::writer::Writer;
use support::{both_find, ours, put, sha256};

const PART: &str = "evidence/s0001/part-0001.age";
const KEY: &str = "evidence/s0001/part-0001.key.age";
const MANIFEST: &str = "evidence/s0001/part-0001.manifest.jsonl.age";
const ABOUT: &str = "evidence/s0001/part-0001.json";
const CASE_KEY: &str = "evidence/key-1.age";

/// What a case can be made with, other than it should be.
#[derive(Default)]
struct Lies {
    /// The hash of the content that the opening states.
    content: Option<String>,
    /// The salt of the commitment.
    salt: Option<String>,
    /// The key of the part is sealed to somebody else.
    stranger: bool,
    /// The hash that the manifest states of the first entry.
    entry: Option<String>,
    /// The part lies in clear.
    clear: bool,
}

struct Made {
    _folder: tempfile::TempDir,
    case: PathBuf,
    identity: String,
}

fn sealed(bytes: &[u8], to: &Identity) -> Vec<u8> {
    let recipient = to.to_public();
    let encryptor = age::Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient));
    let mut sealed = Vec::new();
    let mut writer = encryptor.expect("a recipient").wrap_output(&mut sealed).expect("begun");
    writer.write_all(bytes).expect("written");
    writer.finish().expect("ended");
    sealed
}

fn secret(identity: &Identity) -> String {
    use age::secrecy::ExposeSecret;
    identity.to_string().expose_secret().to_owned()
}

fn make(lies: &Lies) -> Made {
    let folder = tempfile::tempdir().expect("a folder");
    let case = folder.path().join("case");
    let (reader, key, part_key) = (Identity::generate(), Identity::generate(), Identity::generate());
    let mut writer = Writer::sealed(&case, 3, &key.to_public().to_string());
    writer.add("collection", "case.keyed", &[(CASE_KEY, &sealed(secret(&key).as_bytes(), &reader))]);
    let inner = zip(&[("inner.txt", &text(4, 50), true)], &[]);
    // More than fits into memory, so that it is put aside.
    let long = zip(&[("long.bin", &(0..9_500_000u32).map(|n| (n ^ n >> 8) as u8).collect::<Vec<u8>>(), false)], &[]);
    let files: [(&str, &[u8], bool); 3] = [
        ("secret-name.json", &text(1, 3000), true),
        ("inner.zip", &inner.bytes, true),
        ("long.zip", &long.bytes, true),
    ];
    let archive = zip(&files, &[(1, &inner), (2, &long)]);
    assert!(long.bytes.len() > 9 << 20);
    if lies.clear {
        support::sample::preserve(&mut writer, "s0001", 1, "zip", &archive, 0);
    } else {
        preserve(&mut writer, &archive, lies, &key, &part_key, &reader);
    }
    writer.sign();
    let identity = put(folder.path(), "identity", format!("# a comment\n{}\n", secret(&reader)).as_bytes());
    Made { case, identity: identity.display().to_string(), _folder: folder }
}

fn preserve(
    writer: &mut Writer,
    archive: &Archive,
    lies: &Lies,
    key: &Identity,
    part_key: &Identity,
    other: &Identity,
) {
    let content = lies.content.clone().unwrap_or_else(|| sha256(&archive.bytes));
    let salt = "5a".repeat(32);
    let opening = json!({"name": "export.zip", "series": "export", "size": archive.bytes.len(), "sha256": content,
        "salt": lies.salt.as_ref().unwrap_or(&salt)});
    let manifest = String::from_utf8(archive.manifest(0)).expect("text");
    let manifest = manifest.lines().enumerate().map(|(number, line)| {
        let mut line: Value = serde_json::from_str(line).expect("JSON");
        if let (0, Some(hash)) = (number, &lies.entry) {
            line["sha256"] = json!(hash);
        }
        format!("{line}\n")
    });
    let manifest = sealed((format!("{opening}\n") + &manifest.collect::<String>()).as_bytes(), part_key);
    let bytes = sealed(&archive.bytes, part_key);
    let part = json!({"number": 1, "name": "part-0001.age", "container": "zip", "size": bytes.len(),
        "sha256": sha256(&bytes), "content": sha256(format!("{salt}\n{content}").as_bytes()),
        "added": "2026-11-21T09:00:00Z", "first_entry": 0, "entries": archive.lines.len()});
    let about = json!({"source": "s0001", "series": "s0001", "authority": "self", "part": part}).to_string();
    let sealed_key = sealed(secret(part_key).as_bytes(), if lies.stranger { other } else { key });
    let files: [(&str, &[u8]); 4] =
        [(PART, &bytes), (ABOUT, about.as_bytes()), (KEY, &sealed_key), (MANIFEST, &manifest)];
    writer.add("collection", "part.preserved", &files);
}

fn opened(made: &Made, more: &[&str]) -> support::Said {
    let arguments = [&["--identity", made.identity.as_str()], more].concat();
    ours(&made.case, &arguments)
}

#[test]
fn a_sealed_case_is_proven_with_and_without_its_key() {
    let made = make(&Lies::default());
    let said = both_find("without", &made.case, &["--deep"], &[]);
    assert!(said.notes.contains(&("not-checked".into(), "evidence".into())), "{}", said.text);
    assert!(said.text.contains("1 part, 0 entries"), "{}", said.text);
    assert!(!said.text.contains("secret-name"));
    for more in [&[][..], &["--deep"]] {
        let said = opened(&made, more);
        assert_eq!((said.code, said.faults.len()), (Some(0), 0), "{}", said.text);
        assert!(said.text.contains("1 part, 5 entries"), "{}", said.text);
        assert!(!said.notes.contains(&("not-checked".into(), "evidence".into())), "{}", said.text);
    }
    let deep = opened(&made, &["--deep"]);
    assert!(deep.text.contains("content of 5 entries hashed"), "{}", deep.text);
}

#[test]
fn every_sealed_file_is_held_by_the_log() {
    let made = make(&Lies::default());
    for path in [PART, KEY, MANIFEST, ABOUT, CASE_KEY] {
        let place = made.case.join(path);
        let good = fs::read(&place).expect("a file");
        for at in [0, good.len() / 2, good.len() - 1] {
            let mut bad = good.clone();
            bad[at] ^= 1;
            fs::write(&place, &bad).expect("written");
            both_find(&format!("{path} at {at}"), &made.case, &[], &[&format!("altered {path}")]);
            assert_eq!(opened(&made, &["--deep"]).code, Some(1), "{path} at {at}");
        }
        fs::write(&place, &good[..good.len() - 16]).expect("written");
        both_find(&format!("{path}, cut off"), &made.case, &[], &[&format!("altered {path}")]);
        fs::remove_file(&place).expect("removed");
        both_find(&format!("{path}, gone"), &made.case, &[], &[&format!("missing {path}")]);
        fs::write(&place, &good).expect("written");
    }
    put(&made.case, "evidence/key-2.age", b"age-encryption.org/v1\n");
    both_find("another key", &made.case, &[], &["unmentioned evidence/key-2.age"]);
}

#[test]
fn what_the_log_vouches_for_and_does_not_fit_is_found_with_the_key() {
    let wrong = || Some("ab".repeat(32));
    let cases: [(&str, Lies, &str); 4] = [
        ("content", Lies { content: wrong(), ..Lies::default() }, &format!("altered {PART}")),
        ("salt", Lies { salt: wrong(), ..Lies::default() }, &format!("malformed {MANIFEST}")),
        ("stranger", Lies { stranger: true, ..Lies::default() }, &format!("malformed {KEY}")),
        ("entry", Lies { entry: wrong(), ..Lies::default() }, &format!("altered {MANIFEST}")),
    ];
    for (what, lies, fault) in cases {
        let made = make(&lies);
        both_find(what, &made.case, &[], &[]);
        let said = opened(&made, &["--deep"]);
        assert_eq!(said.faults, support::found(&[fault]), "{what}: {}", said.text);
        assert_eq!(said.code, Some(1), "{what}");
    }
    let made = make(&Lies { clear: true, ..Lies::default() });
    both_find("in clear", &made.case, &[], &["malformed evidence/s0001/part-0001"]);
}

#[test]
fn a_key_that_does_not_fit_is_said() {
    let made = make(&Lies::default());
    let folder = made.case.parent().expect("a folder");
    let other = put(folder, "other", secret(&Identity::generate()).as_bytes()).display().to_string();
    let said = ours(&made.case, &["--identity", &other]);
    assert_eq!(said.faults, support::found(&[&format!("not-checked {CASE_KEY}")]), "{}", said.text);
    assert_eq!(said.code, Some(1));
    let none = put(folder, "none", b"age1notakey\n").display().to_string();
    assert_eq!(ours(&made.case, &["--identity", &none]).code, Some(2));
    assert_eq!(ours(&made.case, &["--identity", &Path::new("/nowhere").display().to_string()]).code, Some(2));
}
