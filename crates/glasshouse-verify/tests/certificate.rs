//! The certificate of a discard: two verifiers find damage to any part of it, and one that says what the log does not.

mod support;

use age::x25519::Identity;
use serde_json::{Value, json};
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use support::writer::Writer;
use support::{both_find, sha256};

const CERTIFICATE: &str = "evidence/discard-0001.json";
const PART: [&str; 4] = [
    "evidence/s0001/part-0001.age",
    "evidence/s0001/part-0001.json",
    "evidence/s0001/part-0001.manifest.jsonl.age",
    "evidence/s0001/part-0001.key.age",
];

struct Made {
    _folder: tempfile::TempDir,
    case: PathBuf,
}

/// A case of which a whole part was discarded; `lie` changes the certificate before the log vouches for it, and with
/// `early` it comes before the part was taken away.
fn make(lie: impl Fn(&mut Value), early: bool) -> Made {
    let folder = tempfile::tempdir().expect("a folder");
    let case = folder.path().join("case");
    let (key, reader) = (Identity::generate(), Identity::generate());
    let mut writer = Writer::sealed(&case, 3, &key.to_public().to_string());
    let recipient = reader.to_public();
    let encryptor = age::Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient));
    let (mut sealed, mut text) = (Vec::new(), String::new());
    {
        use age::secrecy::ExposeSecret;
        text.push_str(key.to_string().expose_secret());
    }
    let mut out = encryptor.expect("a recipient").wrap_output(&mut sealed).expect("begun");
    out.write_all(text.as_bytes()).expect("written");
    out.finish().expect("ended");
    writer.add("collection", "case.keyed", &[("evidence/key-1.age", &sealed)]);
    let files = PART.map(|path| (path, path.as_bytes()));
    writer.add("collection", "part.preserved", &files);
    let before: Vec<Value> = PART.iter().map(|path| writer.file(path)).collect();
    PART.iter().for_each(|path| fs::remove_file(case.join(path)).expect("removed"));
    let mut certificate = json!({
        "form": "glasshouse-discard-1", "number": 1, "case": "0123456789abcdef",
        "decided": "2026-11-21T09:00:05.000000Z", "destroyed": "2026-11-21T09:00:06.000000Z",
        "person": "r.okoro", "role": "authoriser", "where": "h", "authorities": ["op-rowan-1/1"],
        "reason": "the order covers one year", "withheld": false, "method": ["The key was written over."],
        "parts": [{
            "source": "s0001", "before": before, "content": sha256(b"salted"), "after": [],
            "entries": 3, "whole": 0, "cut": 0, "bytes": 900, "bytes_left": 0, "uncut": 0
        }],
        "outcomes": [{ "service": "google", "family": "mail", "reason": "date", "unit": "records", "count": 7 }]
    });
    lie(&mut certificate);
    let text = serde_json::to_string_pretty(&certificate).expect("JSON") + "\n";
    let vouch = |writer: &mut Writer| writer.add("erasure", "evidence.discarded", &[(CERTIFICATE, text.as_bytes())]);
    if early {
        vouch(&mut writer);
    }
    let removed = json!({ "files": [], "removed": PART, "detail": { "certificate": certificate } });
    writer.event("alteration", "evidence.repacked", removed, &[]);
    if !early {
        vouch(&mut writer);
    }
    writer.sign();
    Made { _folder: folder, case }
}

/// Every value in a piece of JSON, by its pointer.
fn places(value: &Value, at: &str, all: &mut Vec<String>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| places(value, &format!("{at}/{name}"), all)),
        Value::Array(items) if !items.is_empty() => {
            (0..).zip(items).for_each(|(n, value)| places(value, &format!("{at}/{n}"), all));
        }
        _ => all.push(at.to_owned()),
    }
}

#[test]
fn damage_to_any_part_of_a_certificate_is_found() {
    let made = make(|_| {}, false);
    let said = both_find("untouched", &made.case, &[], &[]);
    assert!(said.notes.contains(&("discarded".into(), PART[0].into())), "{}", said.text);
    let path = made.case.join(CERTIFICATE);
    let whole = fs::read(&path).expect("read");
    let certificate: Value = serde_json::from_slice(&whole).expect("JSON");
    let mut all = Vec::new();
    places(&certificate, "", &mut all);
    assert!(all.len() > 35, "{all:?}");
    for place in &all {
        let mut changed = certificate.clone();
        let value = changed.pointer_mut(place).expect("a value");
        *value = match &*value {
            Value::String(text) => json!(format!("{text}x")),
            Value::Number(number) => json!(number.as_u64().expect("a count") + 1),
            Value::Bool(value) => json!(!value),
            _ => json!(["more"]),
        };
        fs::write(&path, serde_json::to_string_pretty(&changed).expect("JSON") + "\n").expect("written");
        both_find(place, &made.case, &[], &[&format!("altered {CERTIFICATE}")]);
    }
    fs::write(&path, &whole[..whole.len() - 1]).expect("written");
    both_find("a byte less", &made.case, &[], &[&format!("altered {CERTIFICATE}")]);
    fs::remove_file(&path).expect("removed");
    both_find("gone", &made.case, &[], &[&format!("missing {CERTIFICATE}")]);
    fs::write(&path, &whole).expect("written");
    let second = "evidence/discard-0002.json";
    fs::write(made.case.join(second), &whole).expect("written");
    both_find("one that no event mentions", &made.case, &[], &[&format!("unmentioned {second}")]);
}

/// Whoever has the key of the log can have it vouch for any certificate, and it still has to agree with the log.
#[test]
fn a_certificate_that_says_what_the_log_does_not_is_found() {
    let set = |place: &'static str, to: Value| {
        move |certificate: &mut Value| *certificate.pointer_mut(place).expect("a value") = to.clone()
    };
    let other = sha256(b"another");
    let malformed = format!("malformed {CERTIFICATE}");
    let unexpected = format!("unexpected {CERTIFICATE}");
    for (what, place, to, fault) in [
        ("another number", "/number", json!(2), &malformed),
        ("another case", "/case", json!("fedcba9876543210"), &malformed),
        ("another form", "/form", json!("glasshouse-discard-2"), &malformed),
        ("no list", "/parts", json!("all"), &malformed),
        ("another hash", "/parts/0/before/0/sha256", json!(other), &unexpected),
        ("a file that never was", "/parts/0/before/1/path", json!("evidence/s0001/part-0009.json"), &unexpected),
        (
            "something left that is not there",
            "/parts/0/after",
            json!([{ "path": "evidence/s0001/part-0002.age", "size": 1, "sha256": other }]),
            &unexpected,
        ),
    ] {
        let made = make(set(place, to), false);
        both_find(what, &made.case, &[], &[fault]);
    }
    let early = make(|_| {}, true);
    both_find("before it was taken away", &early.case, &[], &[unexpected.as_str()]);
}
