//! The readers of a case, the verifier's and the writer's own: one file of a small case is replaced, and the case is
//! read and proven. The first line of an input says which: `part`, `about`, `manifest`, `leaf` and `payload` are
//! signed for as if the case's owner had written them; `file PATH` is changed behind the owner's back; `against` is
//! a kept checkpoint; `extract` is an extract of a log.
#![no_main]

use glasshouse_fuzz::{mutate_rest, named, scratch, seeds, split};
use glasshouse_store::{is_case, prove, read_case_events, read_case_file, read_checkpoint_file, read_parts, read_run};
use glasshouse_verify::{Options, verify, verify_extract};
use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use support::archives::{gzipped, tar, text, zip};
use support::sample::preserve;
use support::writer::{Writer, payload_path};
use support::{put, sha256};

#[allow(dead_code)]
mod support;

const PART: &str = "evidence/s0001/part-0001";

/// Writes the case that inputs change; the last leaf and payload are those of the part.
fn write(folder: &Path) -> Writer {
    let mut writer = Writer::new(folder, 9, "copied");
    writer.add("alteration", "work.saved", &[("work.sqlite", b"tags")]);
    let run = br#"{"run":"r0001","started":"","finished":"","tool":"t","formats":{},"records":1,"warnings":0,"segments":[]}"#;
    writer.add("alteration", "run.completed", &[("runs/r0001/run.json", run)]);
    let inner = gzipped(&tar(&[("t", &text(3, 30))], &[]));
    let part = zip(&[("a", &text(1, 60), true), ("i.tgz", &inner.bytes, true), ("z", b"z", false)], &[(1, &inner)]);
    preserve(&mut writer, "s0001", 1, "zip", &part, 0);
    writer
}

fn deep() -> Options {
    Options { deep: true, ..Options::default() }
}

fn sign_over_part(writer: &mut Writer) {
    let files = ["", ".json", ".manifest.jsonl"].map(|end| writer.file(&format!("{PART}{end}")));
    writer.leaves.pop();
    writer.event("collection", "part.preserved", json!({"files": files}), &[]);
    writer.sign();
}

fn extract(writer: &Writer, case: &Path) -> Value {
    let read = |path: &str| fs::read_to_string(case.join(path)).expect("a file");
    let about = read("case.toml");
    let key = about.lines().find_map(|l| l.strip_prefix("public_key = \"")?.strip_suffix('"')).expect("a key");
    let (checkpoint, proofs) = prove(case, support::writer::ORIGIN, key, &[1, 2]).expect("a proof");
    let events: Vec<_> = proofs
        .iter()
        .map(|proof| {
            let seq = proof.seq;
            let path: Vec<_> = proof.path.iter().map(hex::encode).collect();
            let leaf = String::from_utf8_lossy(&writer.leaves[seq as usize]).into_owned();
            json!({"seq": seq, "leaf": leaf, "path": path, "payload": read(&payload_path(seq))})
        })
        .collect();
    json!({"form": "glasshouse-log-extract-1", "origin": support::writer::ORIGIN, "public_key": key,
        "checkpoint": checkpoint, "events": events})
}

/// Asks everything that the writer reads of a case; what it answers is its own affair.
fn read(case: &Path) {
    let _ = (is_case(case), read_case_file(case), read_case_events(case), read_parts(case), read_run(case));
    let _ = read_checkpoint_file(case);
}

fuzz_target!(
    init: seeds(|out| {
        let folder = scratch();
        let case = folder.path().join("case");
        let writer = write(&case);
        let checkpoint = writer.sign();
        let read = |path: &str| fs::read(case.join(path)).expect("a file");
        out(&named("part", &read(PART)));
        out(&named("about", &read(&format!("{PART}.json"))));
        out(&named("manifest", &read(&format!("{PART}.manifest.jsonl"))));
        out(&named("leaf", writer.leaves.last().expect("a leaf")));
        out(&named("payload", &read(&payload_path(4))));
        for path in ["case.toml", "authorities/self-1.toml", "log/checkpoint", "log/tile/entries/000.p/5",
            "log/tile/0/000.p/5", "log/payload/0/001", "runs/r0001/run.json", "work.sqlite"] {
            out(&named(&format!("file {path}"), &read(path)));
        }
        out(&named("against", checkpoint.as_bytes()));
        out(&named("extract", extract(&writer, &case).to_string().as_bytes()));
    }),
    |data: &[u8]| {
        let Some((name, bytes)) = split(data) else { return };
        let folder = scratch();
        let case = folder.path().join("case");
        if name == "extract" {
            let file = put(folder.path(), "extract.json", bytes);
            let _ = verify_extract(&file, &deep());
            return;
        }
        let mut writer = write(&case);
        match name {
            "part" => {
                put(&case, PART, bytes);
                // The description keeps saying what the part is, so that the change is not stopped at once.
                let about = fs::read(case.join(format!("{PART}.json"))).expect("a file");
                let mut about: Value = serde_json::from_slice(&about).expect("JSON");
                about["part"]["size"] = bytes.len().into();
                about["part"]["sha256"] = sha256(bytes).into();
                put(&case, &format!("{PART}.json"), about.to_string().as_bytes());
                sign_over_part(&mut writer);
            }
            "about" | "manifest" => {
                let end = if name == "about" { ".json" } else { ".manifest.jsonl" };
                put(&case, &format!("{PART}{end}"), bytes);
                sign_over_part(&mut writer);
            }
            "leaf" if bytes.len() <= 65_535 => {
                writer.leaves.pop();
                writer.leaves.push(bytes.to_vec());
                writer.sign();
            }
            "payload" => {
                put(&case, &payload_path(4), bytes);
                let leaf = writer.leaves.pop().expect("a leaf");
                let mut leaf: Value = serde_json::from_slice(&leaf).expect("JSON");
                leaf["payload"] = sha256(bytes).into();
                writer.leaves.push(leaf.to_string().into_bytes());
                writer.sign();
            }
            "against" => {
                writer.sign();
                let kept = Options { against: Some(bytes.to_vec()), ..deep() };
                let _ = verify(&case, &kept);
                return;
            }
            _ => {
                let Some(path) = name.strip_prefix("file ") else { return };
                let kept = Options { against: Some(writer.sign().into_bytes()), ..deep() };
                let Ok(good) = fs::read(case.join(path)) else { return };
                let proven = !["keys/", "cache/", ".lock"].iter().any(|free| path.starts_with(free));
                if path.split('/').any(|step| step == "..") || path.starts_with('/') {
                    return;
                }
                put(&case, path, bytes);
                if let Ok(report) = verify(&case, &kept) {
                    assert_eq!(report.proven(), good == bytes || !proven, "{path}: {:?}", report.findings);
                }
                read(&case);
                return;
            }
        }
        let _ = verify(&case, &deep());
        read(&case);
    }
);

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| { mutate_rest(data, size, max_size, seed) });
