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
