//! A second reader, in another language, finds what records say at the bytes that their locators lead to.

mod support;

use std::path::Path;
use std::process::Command;
use support::{account, glasshouse, number, open, run};

#[test]
fn a_second_reader_finds_every_record_in_the_evidence() {
    let account = account();
    let folder = tempfile::tempdir().expect("a folder");
    let case = folder.path().join("case");
    run(open(&case, &account.paths(), &[]), 0);

    // Some of each format, since nearly all records of an account are places.
    let chosen = "SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY format ORDER BY random()) AS place \
                  FROM records) WHERE place <= 60";
    let rows = folder.path().join("rows.jsonl");
    let lines: String = [chosen, "SELECT * FROM parties", "SELECT * FROM attachments"]
        .into_iter()
        .map(|statement| {
            let mut command = glasshouse(["sql", "--format", "json"]);
            command.arg(&case).arg(statement);
            run(command, 0)
        })
        .collect();
    std::fs::write(&rows, &lines).expect("written");
    let formats = number(&case, "SELECT count(DISTINCT format) FROM records");
    assert!(formats >= 12, "{formats} formats");
    assert!(lines.lines().filter(|line| line.contains("\"locator\":\"")).count() >= 300, "enough to look at");

    let said = run(locate(&case, &rows), 0);
    assert!(said.contains(" 0 do not"), "{said}");

    // It sees where a record says what the evidence does not hold, and where a range is off by one.
    let foreign = lines.lines().find(|line| line.contains("\"format\":\"mail.eml\"")).expect("a message");
    let title = foreign.replacen("\"title\":\"", "\"title\":\"Not written by anybody ", 1);
    let range = foreign.replacen("\"locator\":\"mime:@0+", "\"locator\":\"mime:@0+9", 1);
    for changed in [title, range] {
        assert_ne!(changed, foreign);
        std::fs::write(&rows, changed).expect("written");
        let said = run(locate(&case, &rows), 1);
        assert!(said.contains("1 locators: 0 hold their text, 1 do not"), "{said}");
    }
}

fn locate(case: &Path, rows: &Path) -> Command {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/independent/locate.py");
    let mut python = Command::new("python3");
    python.arg(script).arg(case).arg(rows);
    python
}
