//! Random damage: the verifier never panics, never hangs, and never calls proven what was changed.

mod support;

use glasshouse_verify::{Options, verify};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use support::archives::{gzipped, tar, text, zip};
use support::sample::preserve;
use support::writer::Writer;
use support::{Found, copy, independent, ours, put};

/// A generator whose numbers are the same on every machine (xorshift64).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }

    /// Changes some bytes: flips, cuts, repeats, or puts in what parsers stumble over.
    fn damage(&mut self, bytes: &mut Vec<u8>) {
        const STUMBLES: [&[u8]; 8] =
            [b"\xff\xff\xff\xff", b"\0", b"18446744073709551615", b"-1", b"[[[[[[[[", b"\"", b"\n\n", b"\xed\xa0\x80"];
        for _ in 0..=self.below(3) {
            let place = self.below(bytes.len() + 1);
            match self.below(4) {
                0 if place < bytes.len() => bytes[place] ^= 1 << self.below(8),
                1 => bytes.truncate(place),
                2 => {
                    let piece = bytes[place..bytes.len().min(place + 40)].to_vec();
                    bytes.splice(place..place, piece);
                }
                _ => {
                    let piece = STUMBLES[self.below(STUMBLES.len())];
                    let end = bytes.len().min(place + piece.len());
                    bytes.splice(place..end, piece.iter().copied());
                }
            }
        }
    }
}

fn rounds() -> usize {
    std::env::var("GLASSHOUSE_FUZZ_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(60)
}

fn deep() -> Options {
    Options { deep: true, ..Options::default() }
}

fn small(writer: &mut Writer) {
    let inner = gzipped(&tar(&[("t", &text(3, 30))], &[]));
    let part = zip(&[("a", &text(1, 60), true), ("i.tgz", &inner.bytes, true), ("z", b"z", false)], &[(1, &inner)]);
    preserve(writer, "s0001", 1, "zip", &part, 0);
    writer.add("alteration", "work.saved", &[("work.sqlite", b"tags")]);
}

fn files(folder: &Path, below: &Path, all: &mut Vec<String>) {
    for entry in fs::read_dir(below).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(folder, &path, all);
        } else {
            all.push(path.strip_prefix(folder).expect("within").display().to_string());
        }
    }
}

#[test]
fn no_change_goes_unnoticed() {
    let folder = tempfile::tempdir().expect("a folder");
    let case = folder.path().join("case");
    let mut writer = Writer::new(&case, 9, "copied");
    small(&mut writer);
    writer.sign();
    writer.show(9);
    writer.sign();
    let kept = Options { against: Some(fs::read(case.join("log/checkpoint")).expect("a checkpoint")), ..deep() };
    let report = verify(&case, &kept).expect("a case");
    assert!(report.proven() && report.anchored, "{:?}", report.findings);
    let mut all = Vec::new();
    files(&case, &case, &mut all);
    all.retain(|path| !path.starts_with("keys") && !path.starts_with("cache") && path != ".lock");
    all.sort();
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    for round in 0..rounds() {
        let path = &all[random.below(all.len())];
        let good = fs::read(case.join(path)).expect("a file");
        let mut bad = good.clone();
        random.damage(&mut bad);
        fs::write(case.join(path), &bad).expect("written");
        if let Ok(report) = verify(&case, &kept) {
            assert_eq!(report.proven(), bad == good, "round {round}, {path}: {}", String::from_utf8_lossy(&bad));
            assert_eq!(report.anchored, bad == good, "round {round}, {path}");
        } else {
            assert_eq!(path, "case.toml", "only another format keeps a case from being checked");
        }
        fs::write(case.join(path), &good).expect("written");
    }
    assert!(verify(&case, &kept).expect("a case").proven());
}

/// Two verifiers that know only the page agree on what is wrong with damage that neither foresaw.
#[test]
fn both_verifiers_say_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let case = folder.path().join("case");
    let mut writer = Writer::new(&case, 9, "copied");
    small(&mut writer);
    writer.show(7);
    writer.sign();
    let mut all = Vec::new();
    files(&case, &case, &mut all);
    all.sort();
    let mut random = Random(0x0123_4567_89ab_cdef);
    for round in 0..rounds() / 5 {
        let path = &all[random.below(all.len())];
        let good = fs::read(case.join(path)).expect("a file");
        let mut bad = good.clone();
        random.damage(&mut bad);
        fs::write(case.join(path), &bad).expect("written");
        let (a, b) = (ours(&case, &["--deep"]), independent(&case, &["--deep"]));
        let (said, page) = (format!("{:?}\n{}", bad.escape_ascii().to_string(), a.text), b.text);
        assert_eq!((a.code, a.faults), (b.code, b.faults), "round {round}, {path}, {said}\n{page}");
        fs::write(case.join(path), &good).expect("written");
    }
}

#[test]
fn whatever_a_signed_case_says_is_survived() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let template = folder.path().join("template");
    let mut writer = Writer::new(&template, 9, "copied");
    small(&mut writer);
    for round in 0..rounds() {
        let case = folder.path().join(format!("{round}"));
        copy(&template, &case);
        let mut writer = Writer::new(&case, 9, "copied");
        let names =
            ["evidence/s0001/part-0001", "evidence/s0001/part-0001.json", "evidence/s0001/part-0001.manifest.jsonl"];
        let chosen = names[random.below(3)];
        let mut bytes = fs::read(case.join(chosen)).expect("a file");
        random.damage(&mut bytes);
        put(&case, chosen, &bytes);
        // The description keeps saying what the part is, so that the damage is not stopped at once.
        if chosen == names[0] {
            let about = fs::read_to_string(case.join(names[1])).expect("text");
            let mut about: serde_json::Value = serde_json::from_str(&about).expect("JSON");
            about["part"]["size"] = bytes.len().into();
            about["part"]["sha256"] = support::sha256(&bytes).into();
            put(&case, names[1], about.to_string().as_bytes());
        }
        let list = serde_json::json!(names.map(|name| writer.file(name)));
        writer.event("collection", "part.preserved", serde_json::json!({"files": list}), &[]);
        if random.below(3) == 0 {
            let last = writer.leaves.len() - 1;
            random.damage(&mut writer.leaves[last]);
        }
        writer.sign();
        // Whether it is a fault depends on the damage; that there is an answer does not.
        let report = verify(&case, &deep()).expect("an answer");
        assert!(report.counts.events <= 3);
        if round % 5 == 0 {
            let (a, b) = (ours(&case, &["--deep"]), independent(&case, &["--deep"]));
            let said = format!("{}\n{}\n{}", bytes.escape_ascii(), a.text, b.text);
            // How much of a damaged stream an inflater gives before it stops is its own affair.
            let places = |found: &Found| found.iter().map(|(_, path)| path.clone()).collect::<BTreeSet<_>>();
            assert_eq!((a.code, places(&a.faults)), (b.code, places(&b.faults)), "round {round}, {chosen}: {said}");
        }
        fs::remove_dir_all(&case).expect("removed");
    }
}
