//! A format that nobody wrote code for: a text file says what it means.

mod support;

use support::{number, open, run};

const LENS: &str = r#"
lens = 1
provider = "acme"
service = "Acme"
format = "notes"
title = "Notes of Acme"
tier = "unverified"
references = ["https://example.com/export"]

[match]
layout = "csv"
paths = ["notes.csv"]
columns = ["When", "Note"]

[[record]]
family = "note"
text = "Note"

[[record.time]]
field = "When"
role = "created"
format = ["%Y-%m-%d %H:%M"]
zone = "utc"
"#;

#[test]
fn a_lens_that_is_given_is_kept_and_reads() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("notes.csv"), "When,Note,Mood\n2024-05-06 07:08,buy heliotrope,good\nsoon,nothing,bad\n")
        .expect("written");
    std::fs::write(path("acme.toml"), LENS).expect("written");
    let lens = path("acme.toml").to_string_lossy().into_owned();

    let case = path("case");
    run(open(&case, &[path("notes.csv")], &[]), 0);
    assert_eq!(number(&case, "SELECT count(*) FROM records"), 0, "nobody knows such a file");
    run(open(&case, &[path("notes.csv")], &["--lens", &lens]), 0);
    let count = "SELECT count(*) FROM records WHERE format = 'acme.notes' AND tier = 'unverified'";
    assert_eq!(number(&case, count), 2);
    assert_eq!(number(&case, "SELECT count(*) FROM records WHERE time = '2024-05-06T07:08:00Z'"), 1);
    assert_eq!(number(&case, "SELECT count(*) FROM drift WHERE field = 'Mood'"), 1);
    // Without the option the case reads with the lens that it keeps.
    std::fs::write(path("more.txt"), "something else").expect("written");
    run(open(&case, &[path("more.txt")], &[]), 0);
    assert_eq!(number(&case, count), 2);

    std::fs::write(path("wrong.toml"), LENS.replace("family = \"note\"", "family = \"nonsense\"")).expect("written");
    let wrong = path("wrong.toml").to_string_lossy().into_owned();
    let said = run(open(&path("other"), &[path("notes.csv")], &["--lens", &wrong]), 2);
    assert!(said.contains("wrong.toml, line") && said.contains("nonsense"), "{said}");
    let taken = LENS.replace("\"acme\"", "\"linkedin\"");
    std::fs::write(path("taken.toml"), taken).expect("written");
    let taken = path("taken.toml").to_string_lossy().into_owned();
    assert!(run(open(&path("third"), &[path("notes.csv")], &["--lens", &taken]), 2).contains("is there already"));
}
