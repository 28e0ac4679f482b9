//! What a case says it took from others: two verifiers find what is not there, and what the other log has not signed.

mod support;

use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use support::writer::Writer;
use support::{both_find, sha256};

const ORIGIN: &str = "evidence/origin-fedcba9876543210.json";
const PART: &str = "evidence/s0001/part-0001.age";

struct Made {
    _folder: tempfile::TempDir,
    case: PathBuf,
}

/// A case that took a part from another, which was taken away since; `lie` changes what it says of that before the log
/// vouches for it.
fn make(lie: impl Fn(&mut Value)) -> Made {
    let folder = tempfile::tempdir().expect("a folder");
    let other = Writer::new(&folder.path().join("other"), 5, "copied");
    let case = folder.path().join("case");
    let mut writer = Writer::new(&case, 3, "copied");
    writer.add("collection", "part.preserved", &[(PART, b"sealed")]);
    fs::remove_file(case.join(PART)).expect("removed");
    writer.event("alteration", "evidence.repacked", json!({ "files": [], "removed": [PART] }), &[]);
    let mut origin = json!({
        "form": "glasshouse-origin-1", "case": "fedcba9876543210", "public_key": other.public_key(),
        "checkpoint": other.checkpoint(&other.leaves), "authorities": ["id = \"op-rowan-1\""],
        "parts": [{ "source": "s0002", "part": 4, "sha256": sha256(b"there"), "as_source": "s0001", "as_part": 1 }],
    });
    lie(&mut origin);
    let text = origin.to_string() + "\n";
    writer.add("combination", "case.combined", &[(ORIGIN, text.as_bytes())]);
    writer.sign();
    Made { _folder: folder, case }
}

#[test]
fn what_was_taken_is_there_and_the_other_log_signed_it() {
    let made = make(|_| {});
    both_find("untouched", &made.case, &[], &[]);
    let path = made.case.join(ORIGIN);
    let whole = fs::read_to_string(&path).expect("read");
    fs::write(&path, whole.replace("op-rowan-1", "op-rowan-2")).expect("written");
    both_find("changed since", &made.case, &[], &[&format!("altered {ORIGIN}")]);

    let (malformed, unexpected) = (format!("malformed {ORIGIN}"), format!("unexpected {ORIGIN}"));
    let stranger = tempfile::tempdir().expect("a folder");
    let stranger = Writer::new(stranger.path(), 9, "copied");
    let one = json!({ "source": "s0002", "part": 4, "sha256": sha256(b"there"), "as_source": "s0001", "as_part": 1 });
    for (what, place, to, fault) in [
        ("another form", "/form", json!("glasshouse-origin-2"), malformed.as_str()),
        ("another case", "/case", json!("0123456789abcdef"), &malformed),
        ("no list", "/parts", json!("all"), &malformed),
        ("no hash", "/parts/0/sha256", json!("abc"), &malformed),
        ("a number that is none", "/parts/0/part", json!(-1), &malformed),
        ("an authority that is no text", "/authorities/0", json!(1), &malformed),
        ("one part twice", "/parts", json!([one, one]), &malformed),
        ("a key of somebody else", "/public_key", json!(stranger.public_key()), &unexpected),
        ("a checkpoint of somebody else", "/checkpoint", json!(stranger.checkpoint(&stranger.leaves)), &unexpected),
        ("no checkpoint", "/checkpoint", json!("none"), &unexpected),
        ("no key", "/public_key", json!("none"), &unexpected),
        ("a part that never came", "/parts/0/as_part", json!(2), "missing evidence/s0001/part-0002.age"),
    ] {
        let made = make(|origin| *origin.pointer_mut(place).expect("a value") = to.clone());
        both_find(what, &made.case, &[], &[fault]);
    }
}
