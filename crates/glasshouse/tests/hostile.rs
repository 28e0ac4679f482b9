//! What a hostile export, a hostile question or a broken disk does to the program.

mod support;

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use support::{count, glasshouse, number, open, run, sql};

/// A message whose subject and file name try to steer a terminal.
fn steering(folder: &Path) -> PathBuf {
    let path = folder.join("in");
    fs::create_dir(&path).expect("a folder");
    let mail = "From: a@example.com\nSubject: =?utf-8?q?end_=1B]0;pwn=07_=1B[2J_=C2=9B31m_=E2=80=AEgnp?=\nDate: Mon, 1 Jan 2024 00:00:00 +0000\n\nneedle \x1b[31m\n";
    fs::write(path.join("a\u{1b}[2J\nb.eml"), mail).expect("written");
    path
}

fn with<S: AsRef<std::ffi::OsStr>>(command: &str, case: &Path, more: impl IntoIterator<Item = S>) -> Command {
    let mut all = glasshouse([command]);
    all.arg(case).args(more);
    all
}

#[test]
fn evidence_does_not_steer_the_terminal() {
    let folder = tempfile::tempdir().expect("a folder");
    let case = folder.path().join("case");
    run(open(&case, &[steering(folder.path())], &[]), 0);
    let id = sql(&case, "SELECT id FROM records")[0]["id"].as_str().expect("an id").to_owned();
    let none: [&str; 0] = [];
    let printed = [
        run(with("search", &case, ["needle"]), 0),
        run(with("search", &case, ["--json", "needle"]), 0),
        run(with("show", &case, [id.as_str()]), 0),
        run(with("entries", &case, none), 0),
        run(with("entries", &case, ["--json"]), 0),
        run(with("sql", &case, ["SELECT path, title, text FROM entries JOIN records USING (entry)"]), 0),
    ];
    for text in &printed {
        let bad = text.chars().find(|c| (c.is_control() && *c != '\n') || matches!(c, '\u{202a}'..='\u{202e}'));
        assert_eq!(bad, None, "{text:?}");
    }
    assert_eq!(
        printed[3].lines().count(),
        number(&case, "SELECT count(*) FROM entries") as usize,
        "an entry is one line"
    );
    // The JSON still says exactly what the evidence says.
    let hit: Value = serde_json::from_str(&printed[1]).expect("JSON");
    assert!(hit["title"].as_str().is_some_and(|t| t.contains('\u{202e}')), "{hit}");
}

#[test]
fn hostile_sql_is_refused_or_capped() {
    let folder = tempfile::tempdir().expect("a folder");
    let case = folder.path().join("case");
    run(open(&case, &[steering(folder.path())], &[]), 0);
    let chain = format!("SELECT {}", vec!["1"; 20_000].join("+"));
    let deepest = format!("SELECT {} AS n", vec!["1"; 400].join("+"));
    let tables: Vec<String> = (0..9000).map(|i| format!("runs r{i}")).collect();
    let cross = format!("SELECT count(*) FROM {}", tables.join(","));
    let refused = [
        (chain.as_str(), "operators"),
        (cross.as_str(), "stopped|memory|longer"),
        ("SELECT lpad('x', 2000000000, 'y')", "memory|stopped|overflow|larger"),
        ("SELECT range(0, 1000000000)", "memory|stopped"),
        ("SELECT repeat('x', 10000000000)", "overflow"),
        ("SELECT string_agg(repeat('x', 1000), '') FROM generate_series(1, 10000000)", "memory|stopped"),
        ("SELECT count(*) FROM generate_series(1, 1000000000000)", "stopped"),
        ("SELECT * FROM generate_series(1, 1000000000000)", "rows|larger"),
        (
            "SELECT max(a.value * b.value) FROM generate_series(1, 10000000) a, generate_series(1, 10000000) b",
            "stopped|memory",
        ),
        ("WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t", "stopped"),
        ("EXPLAIN SELECT * FROM records", "EXPLAIN is refused"),
        ("EXPLAIN ANALYZE SELECT * FROM records", "EXPLAIN is refused"),
        ("COPY records TO '/tmp/x.csv'", "not supported"),
        ("CREATE EXTERNAL TABLE x STORED AS CSV LOCATION '/etc/passwd'", "not supported"),
        ("SELECT * FROM '/etc/passwd'", "not found"),
        ("SET datafusion.execution.batch_size = 1", "not supported"),
    ];
    for (statement, why) in refused {
        let begun = Instant::now();
        let said = run(with("sql", &case, ["--seconds", "2", statement]), 2);
        let short: String = statement.chars().take(80).collect();
        assert!(why.split('|').any(|w| said.contains(w)), "{short}: {said}");
        assert!(begun.elapsed() < Duration::from_secs(20), "{short} took {:?}", begun.elapsed());
    }
    assert_eq!(number(&case, &deepest), 400);
}

#[test]
fn a_finished_case_that_nobody_can_write_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let case = folder.path().join("case");
    run(open(&case, &[steering(folder.path())], &[]), 0);
    // Root may write anywhere, so what is asserted is that nothing is written.
    let before = listing(&case);
    assert_eq!(count(&case, "needle"), 1);
    let id = sql(&case, "SELECT id FROM text_search('needle') JOIN records ON id = record_id")[0]["id"].clone();
    run(with("show", &case, [id.as_str().expect("an id"), "--bytes"]), 0);
    run(with("verify", &case, ["--deep"]), 0);
    assert_eq!(listing(&case), before);
}

/// Every file below a folder with the time of its last change.
fn listing(folder: &Path) -> Vec<(PathBuf, std::time::SystemTime)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry")) {
        let meta = entry.metadata().expect("known");
        found.push((entry.path(), meta.modified().expect("a time")));
        if meta.is_dir() {
            found.extend(listing(&entry.path()));
        }
    }
    found.sort();
    found
}

#[test]
fn parts_left_in_place_are_proven_missing_or_altered() {
    let folder = tempfile::tempdir().expect("a folder");
    let (case, part) = (folder.path().join("case"), folder.path().join("m.eml"));
    fs::write(&part, "From: a@example.com\nSubject: s\n\nneedle\n").expect("written");
    run(open(&case, std::slice::from_ref(&part), &["--in-place"]), 0);
    assert_eq!(count(&case, "needle"), 1);
    run(with("verify", &case, ["--deep"]), 0);
    fs::write(&part, "From: a@example.com\nSubject: s\n\nnoodle\n").expect("written");
    assert!(run(with("verify", &case, ["--deep"]), 1).contains("altered"));
    fs::write(&part, "longer than it was, and not what it was at all: nothing is read from this").expect("written");
    assert!(run(with("process", &case, ["--quiet"]), 2).contains("was altered"));
    fs::remove_file(&part).expect("removed");
    assert!(run(with("process", &case, ["--quiet"]), 2).contains("m.eml"));
    assert!(run(with("verify", &case, ["--deep"]), 1).contains("missing"));
}

#[test]
fn an_altered_index_ends_with_a_message() {
    let folder = tempfile::tempdir().expect("a folder");
    let case = folder.path().join("case");
    run(open(&case, &[steering(folder.path())], &[]), 0);
    let files = listing(&case).into_iter().map(|(path, _)| path);
    for path in files.filter(|p| p.extension().is_some_and(|e| e == "fast")) {
        let mut bytes = fs::read(&path).expect("read");
        bytes.iter_mut().take(5).for_each(|b| *b = 0xff);
        fs::write(&path, bytes).expect("written");
    }
    let output = with("search", &case, ["needle"]).output().expect("the program runs");
    assert!(output.status.code().is_some_and(|code| code < 3), "{output:?}");
    assert!(run(with("verify", &case, ["--deep"]), 1).contains("altered"));
}

#[test]
fn a_password_given_later_opens_and_one_left_out_loses_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (case, part, more) = (folder.path().join("case"), folder.path().join("p.zip"), folder.path().join("m.eml"));
    fs::write(&part, ENCRYPTED).expect("written");
    fs::write(&more, "From: a@example.com\nSubject: s\n\nother\n").expect("written");
    let with_password = |password: &str| {
        let key = folder.path().join("key");
        fs::write(&key, password).expect("written");
        let mut command = open(&case, std::slice::from_ref(&part), &["--password-fd", "0"]);
        command.stdin(fs::File::open(&key).expect("the password"));
        run(command, 0)
    };
    with_password("wrong");
    assert_eq!(number(&case, "SELECT count(*) FROM entries WHERE status = 'encrypted'"), 1);
    let warned = "SELECT count(*) FROM warnings JOIN entries USING (entry) WHERE code = 'entry.encrypted'";
    assert_eq!(number(&case, warned), 1, "a password that opens nothing is told");
    with_password("pass");
    assert_eq!(number(&case, warned), 0);
    assert_eq!(count(&case, "pwneedle"), 1);
    assert_eq!(number(&case, "SELECT count(*) FROM entries WHERE status = 'parsed' AND sha256 IS NOT NULL"), 1);
    run(open(&case, &[part.clone(), more], &[]), 0);
    assert_eq!((count(&case, "pwneedle"), count(&case, "other")), (1, 1));
    run(with("verify", &case, ["--deep"]), 0);
}

#[test]
fn an_archive_in_an_archive_opens_with_a_password_given_later() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let message =
        |needle: &str| format!("From: a@example.com\nSubject: s\nDate: Mon, 1 Jan 2024 00:00:00 +0000\n\n{needle}\n");
    let plain = zipped(&[("m.eml", message("innerneedle").as_bytes())], None);
    let locked = zipped(&[("n.eml", message("deepneedle").as_bytes())], Some("deep"));
    let inner = [("inner.zip", plain.as_slice()), ("locked.zip", locked.as_slice())];
    let outer = std::io::Cursor::new(zipped(&inner, Some("late")));
    let mut zip = zip::ZipWriter::new_append(outer).expect("a zip");
    zip.start_file("last.eml", zip::write::SimpleFileOptions::default()).expect("an entry");
    std::io::Write::write_all(&mut zip, message("lastneedle").as_bytes()).expect("written");
    fs::write(path("outer.zip"), zip.finish().expect("written").into_inner()).expect("written");
    let with_passwords = |case: &Path, passwords: &str| {
        fs::write(path("key"), passwords).expect("written");
        let mut command = open(case, &[path("outer.zip")], &["--password-fd", "0"]);
        command.stdin(fs::File::open(path("key")).expect("the passwords"));
        run(command, 0)
    };
    let found = |case: &Path| ["lastneedle", "innerneedle", "deepneedle"].map(|needle| count(case, needle));

    let case = path("case");
    run(open(&case, &[path("outer.zip")], &[]), 0);
    assert_eq!(found(&case), [1, 0, 0]);
    let opened = "SELECT count(*) FROM entries WHERE status = 'opened'";
    assert_eq!(number(&case, opened), 0);
    // One that does not fit changes nothing; the one that fits opens what it fits.
    with_passwords(&case, "wrong");
    with_passwords(&case, "late");
    assert_eq!((found(&case), number(&case, opened)), ([1, 1, 0], 2));
    assert_eq!(number(&case, "SELECT count(*) FROM entries WHERE path = 'inner.zip!/m.eml' AND status = 'parsed'"), 1);
    with_passwords(&case, "deep");
    assert_eq!(found(&case), [1, 1, 1]);
    let parts = number(&case, "SELECT count(*) FROM sources");
    with_passwords(&case, "late\ndeep");
    run(open(&case, &[path("outer.zip")], &[]), 0);
    assert_eq!(
        (found(&case), number(&case, "SELECT count(*) FROM sources")),
        ([1, 1, 1], parts),
        "nothing comes twice"
    );
    run(with("verify", &case, ["--deep"]), 0);
    let id = sql(&case, "SELECT id FROM records WHERE text LIKE '%deepneedle%'")[0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    assert!(
        run(with("show", &case, [id.as_str(), "--bytes"]), 2).contains("encrypted"),
        "its own password is not kept"
    );
    let id = sql(&case, "SELECT id FROM records WHERE text LIKE '%innerneedle%'")[0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    assert!(run(with("show", &case, [id.as_str(), "--bytes"]), 0).contains("innerneedle"));

    // All passwords at once give the same records, and a case whose runs are deleted reads what was opened again.
    let at_once = path("at-once");
    with_passwords(&at_once, "deep\nlate\n");
    assert_eq!(found(&at_once), [1, 1, 1]);
    assert_eq!(support::digest(&at_once), support::digest(&case));
    fs::remove_dir_all(case.join("runs")).expect("removed");
    run(with("process", &case, ["--quiet"]), 0);
    assert_eq!(found(&case), [1, 1, 0], "what needs no password");
    run(with("verify", &case, ["--deep"]), 0);
}

/// Returns a zip of these files, encrypted as WinZip does it where there is a password.
fn zipped(files: &[(&str, &[u8])], password: Option<&str>) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        let plain = zip::write::SimpleFileOptions::default();
        let options = password.map_or(plain, |password| plain.with_aes_encryption(zip::AesMode::Aes256, password));
        zip.start_file(*name, options).expect("an entry");
        std::io::Write::write_all(&mut zip, bytes).expect("written");
    }
    zip.finish().expect("written").into_inner()
}

/// A zip with one message, `pwneedle`, encrypted with the password `pass`.
#[rustfmt::skip]
const ENCRYPTED: &[u8] = &[
    0x50, 0x4b, 0x03, 0x04, 0x14, 0x00, 0x09, 0x00, 0x08, 0x00, 0x73, 0x04, 0x76, 0x5d, 0x1a, 0x0a, 0xdb, 0xe0, 0x4e, 0x00, 0x00, 0x00, 0x45, 0x00,
    0x00, 0x00, 0x05, 0x00, 0x00, 0x00, 0x6d, 0x2e, 0x65, 0x6d, 0x6c, 0x51, 0x25, 0x16, 0x0a, 0x6e, 0xcc, 0xb7, 0x72, 0x36, 0x6a, 0xeb, 0xe0, 0x3a,
    0xe5, 0xd4, 0x71, 0x07, 0xcb, 0xe6, 0x53, 0x66, 0x94, 0xef, 0xee, 0xac, 0x8e, 0x39, 0xf6, 0x5d, 0x54, 0x2e, 0x03, 0x85, 0xb5, 0x57, 0x6c, 0x54,
    0x55, 0x73, 0xe1, 0xa9, 0xca, 0x4e, 0x98, 0x6f, 0xe9, 0xde, 0x66, 0xca, 0x7a, 0x35, 0x1c, 0xc6, 0x8c, 0xeb, 0x47, 0x2e, 0xf0, 0xf2, 0x54, 0xfe,
    0x10, 0xf1, 0xcb, 0x56, 0x57, 0x88, 0x7e, 0xd7, 0x61, 0x85, 0x7f, 0x33, 0x37, 0xfb, 0x46, 0xd7, 0x40, 0x50, 0x4b, 0x07, 0x08, 0x1a, 0x0a, 0xdb,
    0xe0, 0x4e, 0x00, 0x00, 0x00, 0x45, 0x00, 0x00, 0x00, 0x50, 0x4b, 0x01, 0x02, 0x1e, 0x03, 0x14, 0x00, 0x09, 0x00, 0x08, 0x00, 0x73, 0x04, 0x76,
    0x5d, 0x1a, 0x0a, 0xdb, 0xe0, 0x4e, 0x00, 0x00, 0x00, 0x45, 0x00, 0x00, 0x00, 0x05, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00,
    0x00, 0xa4, 0x81, 0x00, 0x00, 0x00, 0x00, 0x6d, 0x2e, 0x65, 0x6d, 0x6c, 0x50, 0x4b, 0x05, 0x06, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x01, 0x00,
    0x33, 0x00, 0x00, 0x00, 0x81, 0x00, 0x00, 0x00, 0x00, 0x00,
];
