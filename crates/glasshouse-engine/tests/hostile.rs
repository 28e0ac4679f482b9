//! Damaged text: whatever becomes of a query, a statement or an authority's file, there is an answer.
//!
//! Parsers and readers of bytes have fuzz targets of their own (`fuzz/`); these sit on crates that are too large to
//! be built a second time with instrumentation.

use glasshouse_engine::authority;
use glasshouse_engine::ingest::{Options, Progress, ingest};
use glasshouse_engine::organisation::Organisation;
use glasshouse_engine::search::{ids, query, search};
use glasshouse_engine::sql::{Limits, Tables};
use glasshouse_engine::view::{Sorted, View};
use glasshouse_store::{Actor, Case};
use std::path::Path;

/// A generator whose numbers are the same on every machine (xorshift64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below.max(1) as u64) as usize
    }

    /// Changes a text in a few places: characters go, come, are repeated, and `pieces` are put in.
    fn damage(&mut self, text: &str, pieces: &[&str]) -> String {
        let mut chars: Vec<char> = text.chars().collect();
        for _ in 0..=self.roll(5) {
            let at = self.roll(chars.len() + 1);
            match self.roll(4) {
                0 => chars.truncate(at),
                1 => drop(chars.drain(at..(at + self.roll(12)).min(chars.len()))),
                2 => {
                    let again: Vec<char> = chars[at..(at + self.roll(40)).min(chars.len())].to_vec();
                    chars.splice(at..at, again);
                }
                _ => drop(chars.splice(at..at, pieces[self.roll(pieces.len())].chars())),
            }
        }
        chars.into_iter().collect()
    }
}

fn rounds(usual: usize) -> usize {
    std::env::var("GLASSHOUSE_FUZZ_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}

/// A case with a few mails.
fn case(folder: &Path) -> std::path::PathBuf {
    let mbox = folder.join("mail.mbox");
    let mail = |n: u32| {
        format!(
            "From a@example.com Mon Jan  1 00:00:00 2024\nFrom: Ana Ruiz <ana@example.com>\nTo: bo@example.org\n\
             Date: Mon, {n} Jan 2024 10:00:00 +0100\nSubject: Meeting {n}\nMessage-ID: <{n}@example.com>\n\n\
             The meeting about “flight hotel” number {n}.\n\n"
        )
    };
    std::fs::write(&mbox, (1..=9).map(mail).collect::<String>()).expect("written");
    let root = folder.join("case");
    let actor = Actor { who: "w".into(), place: "h".into() };
    let case = Case::create(&root, "A case", "copied", actor).expect("a case");
    ingest(&case, &[mbox], &Options::default(), &Progress::default()).expect("taken in");
    root
}

const PIECES: &[&str] = &[
    "\"",
    "'",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ":",
    "-",
    "*",
    ",",
    ".",
    "=",
    "\n",
    "\0",
    "\u{202e}",
    "é",
    "💬",
    "%",
    "\\",
    " OR ",
    " AND ",
    "after:",
    "before:2024",
    "on:",
    "near:51.5,-0.12,2km",
    "has:",
    "id:",
    "in:",
    "-",
    "--",
    "/*",
    ";",
    "9999999999999999999",
    "-1",
    "1e999",
    "0000-00-00",
    "-9999",
    "9999-12-31",
    "2024-02-30T25:61:61Z",
    "NaN",
    "[[",
    "\"\"\"",
    "\ttrue",
    "= [",
    "SELECT ",
    " UNION ALL SELECT ",
    " FROM records",
    " WHERE ",
    "(SELECT ",
    " OVER (",
    "text_search('",
    "CAST(",
    " AS ",
    "NULL",
    "repeat('a', 1000000000)",
    "fields->>'",
    " LIMIT ",
    " GROUP BY ",
];

#[test]
fn any_query_is_answered_or_refused_and_the_same_whoever_asks() {
    let folder = tempfile::tempdir().expect("a folder");
    let case = case(folder.path());
    let view = View::open(&case).expect("a case");
    let seeds = [
        "meeting \"flight hotel\" -spam one OR other inv* from:alice 10:30",
        "family:mail after:2024-01-02 before:2024-01-05 has:time -has:place format:mbox",
        "on:2024-01-03 near:51.5,-0.12,2km account:x in:y id:z tier:documented source:s0001",
    ];
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut answered = 0;
    for round in 0..rounds(3000) {
        let text = dice.damage(seeds[round % seeds.len()], PIECES);
        // Not every text is a query; every text has an answer.
        let read = query::parse(&text);
        let (listed, selected) = (search(&case, &text, 3), view.select(&text));
        match (&listed, &selected) {
            (Ok(listed), Ok(selected)) => {
                assert_eq!(listed.count, u64::from(selected.len()), "{text:?}");
                let page = view.list(selected, Sorted::NewestFirst, 0, 3).expect("a page");
                let newest: Vec<&str> = listed.rows.iter().map(|hit| hit.id.as_str()).collect();
                assert_eq!(newest, page.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), "{text:?}");
                let mut all = ids(&case, &text).expect("ids");
                assert_eq!(all.len() as u64, listed.count, "{text:?}");
                all.sort_unstable();
                assert!(newest.iter().all(|id| all.binary_search_by(|a| a.as_str().cmp(id)).is_ok()), "{text:?}");
                answered += 1;
            }
            (Err(_), Err(_)) => assert!(read.is_err() || listed.is_err(), "{text:?}"),
            _ => panic!("{text:?}: {:?} and {:?}", listed.map(|h| h.count), selected.map(|s| s.len())),
        }
    }
    assert!(answered > 100, "{answered} queries were answered");
}

#[test]
fn any_statement_is_answered_or_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let tables = Tables::open(&case(folder.path())).expect("tables");
    let seeds = [
        "SELECT family, count(*) AS n FROM records WHERE text LIKE '%meeting%' GROUP BY family ORDER BY n DESC LIMIT 5",
        "SELECT r.id, p.name FROM records r JOIN parties p ON p.record_id = r.id WHERE fields->>'x' IS NULL",
        "WITH t AS (SELECT time, row_number() OVER (ORDER BY time) AS i FROM records) SELECT * FROM t WHERE i < 3",
        "SELECT count(*) FROM text_search('flight hotel') UNION ALL SELECT count(*) FROM entries",
    ];
    let mut dice = Dice(0xd134_2543_de82_ef95);
    let limits = Limits { seconds: 5, rows: 10_000 };
    let mut answered = 0;
    for round in 0..rounds(400) {
        let statement = dice.damage(seeds[round % seeds.len()], PIECES);
        let mut rows = 0;
        let done = tables.each_row(&statement, limits, &mut |_| {
            rows += 1;
            Ok(())
        });
        answered += usize::from(done.is_ok());
        assert!(rows <= limits.rows, "{statement:?} gave {rows} rows");
    }
    assert!(answered > 5, "{answered} statements were answered");
    // What came before has broken nothing.
    let rows = tables.rows("SELECT count(*) AS n FROM records").expect("an answer");
    assert_eq!(rows[0]["n"].as_u64(), Some(9));
}

#[test]
fn any_authority_is_read_or_its_faults_are_told() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/authorities");
    let mut seeds: Vec<String> = std::fs::read_dir(folder)
        .expect("examples")
        .filter_map(|e| std::fs::read_to_string(e.expect("an entry").path()).ok())
        .filter(|text| text.contains("kind ="))
        .collect();
    seeds.sort();
    assert!(seeds.len() > 10, "an example of each kind");
    seeds.push(
        "name = \"x\"\nversion = 1\nself_allowed = false\nadministrator = \"a\"\nadministrator_key = \"k\"\n\n\
         [[people]]\nname = \"n\"\nkey = \"k\"\nroles = [\"authoriser\"]\nmay_authorise = [\"warrant\"]\n"
            .into(),
    );
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    for round in 0..rounds(6000) {
        let text = dice.damage(&seeds[round % seeds.len()], PIECES);
        match authority::check(&text) {
            Ok(authority) => drop(authority.limits_in_words()),
            Err(faults) => {
                assert!(!faults.is_empty(), "refused without a fault: {text}");
                // A fault names a line of the file.
                let lines = text.lines().count() + 1;
                assert!(faults.iter().all(|f| f.line <= lines), "{}\n{text}", authority::lines(&faults));
            }
        }
        if let Err(faults) = Organisation::check(&text) {
            assert!(!faults.is_empty(), "refused without a fault: {text}");
        }
    }
}
