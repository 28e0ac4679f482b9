//! Cases whose own writer lies: everything is signed and hashed as it should be, and says what cannot be.

mod support;

use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use support::archives::{Archive, gzipped, tar, text, zip};
use support::sample::{about, preserve};
use support::writer::Writer;
use support::{both_find, ours, put, sha256};

/// Makes a signed case out of what `write` does.
fn case(custody: &str, write: impl FnOnce(&mut Writer)) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let mut writer = Writer::new(&folder.path().join("case"), 5, custody);
    write(&mut writer);
    writer.sign();
    folder
}

fn check(what: &str, custody: &str, arguments: &[&str], faults: &[&str], write: impl FnOnce(&mut Writer)) {
    let folder = case(custody, write);
    both_find(what, &folder.path().join("case"), arguments, faults);
}

fn vouch(writer: &mut Writer, files: Value) {
    writer.event("collection", "part.preserved", json!({"files": files}), &[]);
}

#[test]
fn paths_that_lead_out_of_the_case_are_refused() {
    let long = "a".repeat(5000);
    let secret = json!({"size": 6, "sha256": sha256(b"secret")});
    for path in ["../secret", "/etc/hostname", "evidence/../../secret", "a//b", "./a", "c:\\x", "a\nb", "", &long] {
        let faults = ["malformed log/payload/0/002"];
        check(path, "copied", &[], &faults, |writer| {
            put(&writer.folder, "../secret", b"secret");
            let mut file = secret.clone();
            file["path"] = json!(path);
            vouch(writer, json!([file]));
        });
        check(path, "copied", &[], &faults, |writer| {
            writer.event("erasure", "part.removed", json!({"removed": [path]}), &[]);
        });
    }
}

#[test]
fn payloads_and_leaves_have_one_form() {
    let malformed = ["malformed log/payload/0/002"];
    let file = json!({"path": "work.sqlite", "size": 0, "sha256": sha256(b"")});
    for (what, files) in [
        ("no hash", json!([{"path": "work.sqlite", "size": 0, "sha256": "x"}])),
        ("hash in capitals", json!([{"path": "work.sqlite", "size": 0, "sha256": sha256(b"").to_uppercase()}])),
        ("twice", json!([file, file])),
        ("negative", json!([{"path": "work.sqlite", "size": -1, "sha256": sha256(b"")}])),
        ("no list", json!({})),
    ] {
        check(what, "copied", &[], &malformed, |writer| vouch(writer, files));
    }
    let bundle = ["unexpected log/tile/entries/000.p/3"];
    check("made twice", "copied", &[], &bundle, |writer| {
        writer.event("collection", "case.created", json!({}), &[]);
    });
    let edited = |edit: fn(&mut Value)| {
        move |writer: &mut Writer| {
            writer.show(3);
            let mut leaf: Value = serde_json::from_slice(&writer.leaves[2]).expect("a leaf");
            edit(&mut leaf);
            writer.leaves[2] = leaf.to_string().into_bytes();
        }
    };
    check("back in time", "copied", &[], &bundle, edited(|leaf| leaf["time"] = json!("2026-11-21T09:00:01.9999Z")));
    check("another number", "copied", &[], &bundle, edited(|leaf| leaf["seq"] = json!(7)));
    let malformed = ["malformed log/tile/entries/000.p/3"];
    check("no time", "copied", &[], &malformed, edited(|leaf| leaf["time"] = json!("yesterday")));
    check("version", "copied", &[], &malformed, edited(|leaf| leaf["v"] = json!(2)));
    check("kind", "copied", &[], &malformed, edited(|leaf| leaf["kind"] = json!("surveillance")));
    check("erases itself", "copied", &[], &malformed, edited(|leaf| leaf["erases"] = json!([2])));
    check("no JSON", "copied", &[], &malformed, |writer| {
        writer.show(3);
        writer.leaves[2] = b"[[[[".repeat(10_000);
    });
}

#[test]
fn evidence_is_never_changed_not_even_by_an_event() {
    let path = "evidence/s0001/notes";
    check("twice", "copied", &[], &["unexpected evidence/s0001/notes", "altered evidence/s0001/notes"], |writer| {
        writer.add("collection", "part.preserved", &[(path, b"one")]);
        writer.add("collection", "part.preserved", &[(path, b"other")]);
    });
    let faults = ["unexpected evidence/s0001/notes", "unmentioned evidence/s0001/notes"];
    check("after it was removed", "copied", &[], &faults, |writer| {
        writer.add("collection", "part.preserved", &[(path, b"one")]);
        writer.event("erasure", "part.removed", json!({"removed": [path]}), &[]);
        writer.add("collection", "part.preserved", &[(path, b"other")]);
    });
    check("removed for good", "copied", &[], &[], |writer| {
        writer.add("collection", "part.preserved", &[(path, b"one")]);
        writer.event("erasure", "part.removed", json!({"removed": [path]}), &[]);
        fs::remove_file(writer.folder.join(path)).expect("removed");
    });
    check("what may change", "copied", &[], &[], |writer| {
        writer.add("alteration", "work.saved", &[("work.sqlite", b"one")]);
        writer.add("alteration", "work.saved", &[("work.sqlite", b"other")]);
    });
}

#[test]
fn parts_left_in_place_are_missing_or_altered() {
    let part = text(1, 100);
    let left = |place: &str| {
        let place = place.to_string();
        let part = part.clone();
        move |writer: &mut Writer| {
            let place =
                if place == "beside" { writer.folder.join("../left.mbox").display().to_string() } else { place };
            let hash = json!({"path": "evidence/s0001/part-0001", "size": part.len(), "sha256": sha256(&part), "external": place});
            let line = json!({"path": "left.mbox", "kind": "file", "method": "file", "offset": 0, "csize": part.len(),
                "size": part.len(), "sha256": sha256(&part)});
            let archive = Archive { bytes: part.clone(), lines: vec![line] };
            let mut about: Value = serde_json::from_slice(&about("s0001", 1, "file", &archive, 0)).expect("JSON");
            about["part"]["external"] = json!(place);
            put(&writer.folder, "evidence/s0001/part-0001.json", about.to_string().as_bytes());
            put(&writer.folder, "evidence/s0001/part-0001.manifest.jsonl", &archive.manifest(0));
            let beside = ["evidence/s0001/part-0001.json", "evidence/s0001/part-0001.manifest.jsonl"];
            let files = json!([hash, writer.file(beside[0]), writer.file(beside[1])]);
            vouch(writer, files);
        }
    };
    let folder = case("external", left("beside"));
    let path = folder.path().join("case");
    let place = folder.path().join("left.mbox");
    both_find("gone", &path, &[], &["external-missing evidence/s0001/part-0001"]);
    fs::write(&place, &part).expect("written");
    let said = both_find("there", &path, &["--deep"], &[]);
    assert!(said.text.contains("content of 1 entry hashed"), "{}", said.text);
    fs::write(&place, text(2, 100)).expect("written");
    both_find("changed", &path, &[], &["altered evidence/s0001/part-0001"]);
    fs::remove_file(&place).expect("removed");
    fs::create_dir(&place).expect("a folder");
    both_find("a folder", &path, &[], &["malformed evidence/s0001/part-0001"]);
    let malformed = ["malformed evidence/s0001/part-0001"];
    check("relative", "external", &[], &malformed, left("left.mbox"));
    check("in a case of copies", "copied", &[], &malformed, left("beside"));
    #[cfg(unix)]
    check("a device", "external", &[], &malformed, left("/dev/zero"));
}

#[test]
fn a_part_its_description_and_its_manifest_must_fit() {
    let archive = || zip(&[("a", b"content of a", false), ("b", b"content of b", false)], &[]);
    let described = |edit: fn(&mut Value), lines: fn(&mut Vec<Value>)| {
        move |writer: &mut Writer| {
            let mut archive = archive();
            let mut about: Value = serde_json::from_slice(&about("s0001", 1, "zip", &archive, 0)).expect("JSON");
            edit(&mut about);
            lines(&mut archive.lines);
            let manifest: String = archive.lines.iter().map(|line| format!("{line}\n")).collect();
            let about = about.to_string();
            let files: [(&str, &[u8]); 3] = [
                ("evidence/s0001/part-0001", &archive.bytes),
                ("evidence/s0001/part-0001.json", about.as_bytes()),
                ("evidence/s0001/part-0001.manifest.jsonl", manifest.as_bytes()),
            ];
            writer.add("collection", "part.preserved", &files);
        }
    };
    let numbered = |lines: &mut Vec<Value>| {
        for (number, line) in lines.iter_mut().enumerate() {
            line["entry"] = json!(number);
        }
    };
    check("as it should be", "copied", &["--deep"], &[], described(|_| (), numbered));
    let description = ["malformed evidence/s0001/part-0001.json"];
    check("another size", "copied", &[], &description, described(|about| about["part"]["size"] = json!(1), numbered));
    check("another source", "copied", &[], &description, described(|about| about["source"] = json!("s0002"), numbered));
    check(
        "no container",
        "copied",
        &[],
        &description,
        described(|about| about["part"]["container"] = json!("rar"), numbered),
    );
    check("no JSON", "copied", &[], &description, described(|about| *about = json!([]), numbered));
    let manifest = ["malformed evidence/s0001/part-0001.manifest.jsonl"];
    check("a line too few", "copied", &[], &manifest, described(|about| about["part"]["entries"] = json!(3), numbered));
    check("no numbers", "copied", &[], &manifest, described(|_| (), |_| ()));
    check(
        "a gap",
        "copied",
        &[],
        &manifest,
        described(
            |_| (),
            |lines| {
                lines[0]["entry"] = json!(0);
                lines[1]["entry"] = json!(2);
            },
        ),
    );
    check(
        "its own parent",
        "copied",
        &[],
        &manifest,
        described(
            |_| (),
            |lines| {
                lines[0]["entry"] = json!(0);
                lines[1]["entry"] = json!(1);
                lines[1]["parent"] = json!(1);
            },
        ),
    );
    check("no manifest", "copied", &[], &["malformed evidence/s0001/part-0001.manifest.jsonl"], |writer| {
        let about = about("s0001", 1, "zip", &archive(), 0);
        let files: [(&str, &[u8]); 2] =
            [("evidence/s0001/part-0001", &archive().bytes), ("evidence/s0001/part-0001.json", &about)];
        writer.add("collection", "part.preserved", &files);
    });
    check("the same entries", "copied", &[], &["malformed evidence/s0001/part-0002.json"], |writer| {
        preserve(writer, "s0001", 1, "zip", &archive(), 0);
        preserve(writer, "s0001", 2, "zip", &archive(), 1);
    });
    check("a segment without a hash", "copied", &[], &["malformed runs/r0001/run.json"], |writer| {
        let run = json!({"run": "r0001", "started": "", "finished": "", "tool": "", "formats": {}, "records": 0, "warnings": 0,
            "segments": [{"path": "runs/r0001/segments/000000", "rows": 0, "text": false}]});
        writer.add("alteration", "run.completed", &[("runs/r0001/run.json", run.to_string().as_bytes())]);
    });
}

#[test]
fn a_manifest_that_lies_is_found_by_reading_the_entries() {
    let manifest = "evidence/s0001/part-0001.manifest.jsonl";
    let inner = || zip(&[("in", &text(2, 50), true)], &[]);
    type Build = fn(&Archive) -> (Archive, &'static str);
    let builds: [(&str, Build); 4] = [
        ("zip", |inner| {
            (zip(&[("a", &text(1, 50), true), ("i.zip", &inner.bytes, true), ("z", b"z", false)], &[(1, inner)]), "zip")
        }),
        ("folder", |inner| {
            (
                zip(&[("a", &text(1, 50), false), ("i.zip", &inner.bytes, false), ("z", b"z", false)], &[(1, inner)]),
                "folder",
            )
        }),
        ("tar", |inner| (tar(&[("a", &text(1, 50)), ("i.zip", &inner.bytes), ("z", b"z")], &[(1, inner)]), "tar")),
        ("tar.gz", |inner| {
            (gzipped(&tar(&[("a", &text(1, 50)), ("i.zip", &inner.bytes), ("z", b"z")], &[(1, inner)])), "tar.gz")
        }),
    ];
    for (what, build) in builds {
        let lie = |which: usize, member: &'static str, value: Value, class: &str| {
            let write = |writer: &mut Writer| {
                let (mut archive, container) = build(&inner());
                archive.lines[which][member] = value.clone();
                preserve(writer, "s0001", 1, container, &archive, 0);
            };
            let folder = case("copied", write);
            let path = folder.path().join("case");
            both_find(&format!("{what}, entry {which}, unread"), &path, &[], &[]);
            let fault = format!("{class} {manifest}");
            both_find(&format!("{what}, entry {which}, {member}"), &path, &["--deep"], &[&fault]);
        };
        for which in [0, 2, 3] {
            lie(which, "sha256", json!(sha256(b"something else")), "altered");
        }
        lie(3, "offset", json!(u64::MAX), "malformed");
        lie(2, "csize", json!(1_000_000), "malformed");
        lie(3, "csize", json!(0), "altered");
        check(what, "copied", &["--deep"], &[], |writer| {
            let (archive, container) = build(&inner());
            preserve(writer, "s0001", 1, container, &archive, 0);
        });
    }
}

#[test]
fn a_bomb_costs_no_more_than_the_list_says() {
    let folder = case("copied", |writer| {
        let zeros = vec![0; 64 << 20];
        let mut archive = zip(&[("bomb", &zeros, true)], &[]);
        archive.lines[0]["size"] = json!(10);
        preserve(writer, "s0001", 1, "zip", &archive, 0);
    });
    let path = folder.path().join("case");
    both_find("bomb", &path, &["--deep"], &["altered evidence/s0001/part-0001.manifest.jsonl"]);
}

#[test]
fn names_cannot_steer_the_terminal() {
    let folder = case("copied", |_| ());
    let path = folder.path().join("case");
    put(&path, "evidence/a\u{1b}[2J\nproven: all is well", b"x");
    let said = ours(&path, &[]);
    assert_eq!(said.code, Some(1));
    assert!(!said.text.contains('\u{1b}') && !said.text.contains("\nproven"), "{}", said.text);
}

#[test]
fn the_report_is_also_there_for_programs() {
    let folder = case("copied", |_| ());
    let path = folder.path().join("case");
    let report: Value = serde_json::from_str(&ours(&path, &["--json"]).text).expect("JSON");
    assert_eq!((&report["tree_size"], &report["anchored"]), (&json!(2), &json!(false)));
    fs::remove_file(path.join("authorities/self-1.toml")).expect("removed");
    let report: Value = serde_json::from_str(&ours(&path, &["--json"]).text).expect("JSON");
    let first = &report["findings"][0];
    assert_eq!((&first["class"], &first["path"]), (&json!("missing"), &json!("authorities/self-1.toml")));
    // The checkpoint can be given as its text.
    let text = fs::read_to_string(path.join("log/checkpoint")).expect("text");
    assert!(ours(&path, &["--against", &text]).text.contains("missing: authorities/self-1.toml"));
    assert_eq!(ours(Path::new("/nowhere"), &[]).code, Some(2));
}
