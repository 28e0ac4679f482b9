//! Every way of tampering with a case is found, by two verifiers, under its right name.

mod support;

use std::fs;
use support::sample::{EARLIER, ERASED, EVENTS, PART, Sample};
use support::writer::{Writer, bundle, payload_path};
use support::{both_find, independent, ours};

/// One file of each kind, and what a flipped bit in its middle, a lost byte and an added byte make of it.
const KINDS: [(&str, &str, &str); 17] = [
    ("authorities/self-1.toml", "altered", "altered"),
    ("evidence/s0001/part-0001", "altered", "altered"),
    ("evidence/s0001/part-0001.json", "altered", "altered"),
    ("evidence/s0001/part-0001.manifest.jsonl", "altered", "altered"),
    ("evidence/s0001/part-0002", "altered", "altered"),
    ("runs/r0001/run.json", "altered", "altered"),
    ("runs/r0001/segments/000000/records.parquet", "altered", "altered"),
    ("work.sqlite", "altered", "altered"),
    ("log/tile/0/000", "altered", "malformed"),
    ("log/tile/0/002.p/101", "altered", "malformed"),
    ("log/tile/0/002.p/8", "altered", "malformed"),
    ("log/tile/1/000.p/2", "altered", "malformed"),
    ("log/tile/entries/000", "altered", "malformed"),
    ("log/tile/entries/002.p/101", "altered", "malformed"),
    ("log/tile/entries/002.p/8", "altered", "malformed"),
    ("log/payload/0/002", "altered", "altered"),
    ("log/payload/0/512", "altered", "altered"),
];

#[test]
fn an_untouched_case_is_proven() {
    let sample = Sample::get();
    let case = sample.case();
    let said = both_find("untouched", &case.path, &["--deep"], &[]);
    let erased = payload_path(ERASED);
    assert_eq!(
        said.notes.iter().map(|(class, _)| class.as_str()).collect::<Vec<_>>(),
        ["erased", "not-checked", "unanchored"]
    );
    assert!(said.notes.contains(&("erased".into(), erased)), "{}", said.text);
    let last = said.text.lines().last().expect("a line");
    assert!(last.starts_with("proven: 613 events, 3 parts, 20 entries; 14 files"), "{last}");
    assert!(last.contains("content of 18 entries hashed, of 1 not"), "{last}");
    assert!(last.contains("unanchored: nobody outside the case vouches for its key"), "{last}");
    for kept in [EARLIER, EVENTS] {
        let said = both_find("anchored", &case.path, &["--against", &sample.kept(kept)], &[]);
        assert!(
            said.text.contains(&format!("anchored by the checkpoint that was given (the first {kept} of 613 events)"))
        );
    }
    let said = both_find("anchored", &case.path, &["--fingerprint", &sample.fingerprint], &[]);
    assert!(said.text.contains("anchored by the fingerprint that was given"), "{}", said.text);
}

#[test]
fn a_flipped_bit_is_found_wherever_it_is() {
    for (path, middle, _) in KINDS {
        let case = Sample::get().case();
        let good = case.read(path);
        // The middle of a bundle may be a length; byte 60 is inside its first leaf.
        let mut bad = good.clone();
        bad[if path.contains("entries") { 60 } else { good.len() / 2 }] ^= 1;
        case.write(path, &bad);
        both_find(&format!("{path}, the middle"), &case.path, &[], &[&format!("{middle} {path}")]);
        // The last byte may be a line feed, a bracket or part of a hash: what it makes of the file differs.
        let mut bad = good;
        if let Some(last) = bad.last_mut() {
            *last ^= 4;
        }
        case.write(path, &bad);
        let (a, b) = (ours(&case.path, &[]), independent(&case.path, &[]));
        assert_eq!((a.code, &a.faults), (b.code, &b.faults), "{path}, the end:\n{}\n{}", a.text, b.text);
        assert_eq!(a.code, Some(1), "{path}, the end");
        assert!(a.faults.iter().all(|(_, at)| at == path), "{path}, the end: {}", a.text);
    }
}

#[test]
fn a_file_cut_off_or_longer_is_found() {
    for (path, _, length) in KINDS {
        let case = Sample::get().case();
        let good = case.read(path);
        for bytes in [&good[..good.len() - 1], &[good.as_slice(), b"\n"].concat()] {
            case.write(path, bytes);
            both_find(&format!("{path}, {} bytes", bytes.len()), &case.path, &[], &[&format!("{length} {path}")]);
        }
    }
}

#[test]
fn a_file_taken_away_or_replaced_is_found() {
    for (path, ..) in KINDS {
        let case = Sample::get().case();
        let good = case.read(path);
        case.remove(path);
        // An outdated form of a tile may go.
        let missing = [format!("missing {path}")];
        let missing: Vec<&str> = missing.iter().map(String::as_str).filter(|_| !path.ends_with(".p/8")).collect();
        both_find(&format!("{path}, removed"), &case.path, &[], &missing);
        let malformed = format!("malformed {path}");
        fs::create_dir(case.path.join(path)).expect("a folder");
        both_find(&format!("{path}, a folder"), &case.path, &[], &[&malformed]);
        fs::remove_dir(case.path.join(path)).expect("a folder");
        // A link is not followed, even where it leads to the very bytes.
        let outside = case.path.parent().expect("a folder").join("outside");
        fs::write(&outside, good).expect("written");
        #[cfg(unix)]
        std::os::unix::fs::symlink(&outside, case.path.join(path)).expect("a link");
        both_find(&format!("{path}, a link"), &case.path, &[], &[&malformed]);
    }
}

#[test]
fn case_toml_cannot_be_changed() {
    let sample = Sample::get();
    let case = sample.case();
    let good = String::from_utf8(case.read("case.toml")).expect("text");
    let check = |what: &str, text: &str, faults: &[&str]| {
        case.write("case.toml", text.as_bytes());
        both_find(what, &case.path, &[], faults);
    };
    check("title", &good.replace("A case", "B case"), &["altered case.toml"]);
    check("custody", &good.replace("copied", "external"), &["altered case.toml"]);
    let renamed = good.replace("origin = \"example", "origin = \"Example");
    check("origin", &renamed, &["altered case.toml", "unexpected case.toml", "unexpected log/checkpoint"]);
    check("no TOML", &good.replace("id =", "id"), &["altered case.toml", "malformed case.toml"]);
    check("no tool", &good.replace("tool", "toot"), &["altered case.toml", "malformed case.toml"]);
    case.remove("case.toml");
    both_find("removed", &case.path, &[], &["missing case.toml"]);
    case.write("case.toml", good.replace("format = 1", "format = 2").as_bytes());
    assert_eq!((ours(&case.path, &[]).code, independent(&case.path, &[]).code), (Some(2), Some(2)));
}

#[test]
fn the_checkpoint_cannot_be_changed() {
    let sample = Sample::get();
    let case = sample.case();
    let good = String::from_utf8(case.read("log/checkpoint")).expect("text");
    let place = good.find("— ").expect("a signature") + 60;
    let (before, after) = good.split_at(place);
    let other = if after.starts_with('A') { "B" } else { "A" };
    let flipped = format!("{before}{other}{}", &after[1..]);
    let check = |what: &str, text: &str, faults: &[&str]| {
        case.write("log/checkpoint", text.as_bytes());
        both_find(what, &case.path, &[], faults);
    };
    check("signature", &flipped, &["altered log/checkpoint"]);
    check(
        "size",
        &good.replace("\n613\n", "\n612\n"),
        &["altered log/checkpoint", "missing log/tile/entries/002.p/100"],
    );
    check("name", &good.replace("— example", "— Example"), &["unexpected log/checkpoint"]);
    check("cut off", good.trim_end(), &["malformed log/checkpoint"]);
    check("empty", "", &["malformed log/checkpoint"]);
    check("size zero", &good.replace("\n613\n", "\n0\n"), &["malformed log/checkpoint"]);
    case.remove("log/checkpoint");
    both_find("removed", &case.path, &[], &["missing log/checkpoint"]);
    case.remove("case.toml");
    for (path, code) in [(case.path.clone(), Some(2)), (case.path.join("nowhere"), Some(2))] {
        assert_eq!((ours(&path, &[]).code, independent(&path, &[]).code), (code, code));
    }
}

#[test]
fn leaves_cannot_change_places() {
    let sample = Sample::get();
    let case = sample.case();
    let path = "log/tile/entries/000";
    let mut leaves: Vec<Vec<u8>> =
        glasshouse_layout::decode_bundle(&case.read(path)).expect("a bundle").into_iter().map(<[u8]>::to_vec).collect();
    leaves.swap(100, 101);
    case.write(path, &bundle(&leaves));
    both_find("leaves swapped", &case.path, &[], &[&format!("altered {path}")]);

    let case = sample.case();
    let (a, b) = (payload_path(100), payload_path(101));
    let (of_a, of_b) = (case.read(&a), case.read(&b));
    case.write(&a, &of_b);
    case.write(&b, &of_a);
    both_find("payloads swapped", &case.path, &[], &[&format!("altered {a}"), &format!("altered {b}")]);
}

#[test]
fn history_cannot_be_written_anew_without_the_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut writer = Writer::new(folder.path(), 3, "copied");
    writer.show(300);
    writer.sign();
    both_find("before", folder.path(), &[], &[]);
    // All tiles fit the new leaves; only the signature is of the old ones.
    writer.leaves.swap(200, 201);
    writer.write_tiles();
    let faults = [
        "unexpected log/checkpoint",
        "unexpected log/tile/entries/000",
        "altered log/payload/0/200",
        "altered log/payload/0/201",
    ];
    both_find("reordered", folder.path(), &[], &faults);
}

#[test]
fn a_log_put_back_is_found_with_a_kept_checkpoint() {
    let sample = Sample::get();
    let earlier = sample.earlier();
    both_find("what was true once", &earlier.path, &[], &[]);
    both_find("earlier", &earlier.path, &["--against", &sample.kept(EARLIER)], &[]);
    both_find("rollback", &earlier.path, &["--against", &sample.kept(EVENTS)], &["unexpected log/checkpoint"]);

    let case = sample.case();
    case.write("log/checkpoint", &earlier.read("log/checkpoint"));
    let faults = ["altered work.sqlite", "unexpected log/checkpoint"];
    let said = both_find("checkpoint alone", &case.path, &["--against", &sample.kept(EVENTS)], &faults);
    assert!(said.notes.contains(&("unmentioned".into(), payload_path(600))), "{}", said.text);
    assert!(said.notes.contains(&("unmentioned".into(), "log/tile/entries/002.p/101".into())), "{}", said.text);
}

#[test]
fn a_forked_log_is_found_with_a_kept_checkpoint() {
    let folder = tempfile::tempdir().expect("a folder");
    let kept = folder.path().join("kept");
    let (one, other) = (folder.path().join("one"), folder.path().join("other"));
    let mut writer = Writer::new(&one, 3, "copied");
    writer.show(270);
    fs::write(&kept, writer.sign()).expect("written");
    let kept = kept.display().to_string();
    // The holder of the key leaves out one event and signs the rest anew.
    let mut writer = Writer::new(&other, 3, "copied");
    writer.show(50);
    writer.event("disclosure", "case.exported", serde_json::json!({}), &[]);
    writer.show(280);
    writer.sign();
    both_find("nobody outside", &other, &[], &[]);
    both_find("forked", &other, &["--against", &kept], &["unexpected log/checkpoint"]);
}

#[test]
fn a_replaced_key_is_found_with_what_was_kept() {
    let sample = Sample::get();
    let folder = tempfile::tempdir().expect("a folder");
    let mut writer = Writer::new(folder.path(), 8, "copied");
    support::sample::fill(&mut writer, EVENTS);
    writer.sign();
    both_find("nobody outside", folder.path(), &[], &[]);
    both_find("kept checkpoint", folder.path(), &["--against", &sample.kept(EARLIER)], &["unexpected case.toml"]);
    both_find("kept fingerprint", folder.path(), &["--fingerprint", &sample.fingerprint], &["unexpected case.toml"]);
}

#[test]
fn a_kept_checkpoint_must_itself_be_one() {
    let sample = Sample::get();
    let case = sample.case();
    let forged = case.path.parent().expect("a folder").join("forged");
    let text = fs::read_to_string(sample.kept(EARLIER)).expect("text").replace("\n520\n", "\n519\n");
    fs::write(&forged, text).expect("written");
    let forged = forged.display().to_string();
    both_find("forged", &case.path, &["--against", &forged], &["unexpected log/checkpoint"]);
    fs::write(&forged, "nothing of the kind").expect("written");
    for arguments in [["--against", &forged], ["--against", "/nowhere/at/all"], ["--fingerprint", "12"]] {
        assert_eq!((ours(&case.path, &arguments).code, independent(&case.path, &arguments).code), (Some(2), Some(2)));
    }
}

#[test]
fn erasing_needs_an_event() {
    let sample = Sample::get();
    let case = sample.case();
    case.remove(&payload_path(100));
    both_find("no event", &case.path, &[], &["missing log/payload/0/100"]);

    let case = sample.case();
    case.write(&payload_path(ERASED), &sample.erased);
    both_find("brought back", &case.path, &[], &["unexpected log/payload/0/290"]);

    let case = sample.case();
    case.remove(&payload_path(PART));
    let said = both_find("event of a part", &case.path, &[], &["missing log/payload/0/002"]);
    assert!(said.notes.contains(&("unmentioned".into(), "evidence/s0001/part-0001".into())), "{}", said.text);
}

#[test]
fn what_is_added_is_found_where_it_matters() {
    let sample = Sample::get();
    for (path, fault) in [
        ("evidence/s0001/part-0003", true),
        ("evidence/s0009/part-0001.json", true),
        ("evidence/notes.txt", true),
        ("authorities/warrant-1.toml", true),
        ("runs/r0001/segments/000001/records.parquet", false),
        ("log/tile/2/000.p/1", false),
        ("log/payload/0/613", false),
        ("log/payload/x", false),
        ("notes.txt", false),
        ("work.sqlite-wal", false),
    ] {
        let case = sample.case();
        case.write(path, b"whatever");
        let expected = format!("unmentioned {path}");
        let expected: &[&str] = if fault { &[&expected] } else { &[] };
        let said = both_find(path, &case.path, &[], expected);
        assert!(fault || said.notes.contains(&("unmentioned".into(), path.into())), "{path}: {}", said.text);
    }
    let case = sample.case();
    case.write("runs/r0002/run.json", b"cut off");
    case.write("cache/x", b"disposable");
    let said = both_find("a run that was cut off", &case.path, &[], &[]);
    assert!(said.notes.contains(&("unmentioned".into(), "runs/r0002".into())), "{}", said.text);
}
