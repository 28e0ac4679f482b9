//! The first page, which does not wait for the columns, and every later one say the same.

use glasshouse_engine::ingest::{Options, Progress, ingest};
use glasshouse_engine::view::{Sorted, View};
use glasshouse_store::{Actor, Case};

#[test]
fn a_list_says_the_same_before_and_after_the_columns_are_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let mail = |n: u32| {
        let many: Vec<String> = (0..n % 12).map(|k| format!("Guest {k} <guest{k}@example.org>")).collect();
        let to = if many.is_empty() { "bo@example.org".to_owned() } else { many.join(", ") };
        format!(
            "From a@example.com Mon Jan  1 00:00:00 2024\nFrom: Ana Ruiz <ana{}@example.com>\nTo: {to}, ANA <bo@example.org>\n\
             Date: Mon, {} Jan 2024 10:{:02}:00 +0100\nSubject: Meeting {n}\nMessage-ID: <{n}@example.com>\n\
             MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nwords\n--b\n\
             Content-Type: image/png\nContent-Disposition: attachment; filename=a{n}.png\n\nx\n--b--\n\n",
            n % 3,
            n % 28 + 1,
            n % 60
        )
    };
    let mbox = folder.path().join("mail.mbox");
    std::fs::write(&mbox, (1..=90).map(mail).collect::<String>()).expect("written");
    let root = folder.path().join("case");
    let case = Case::create(&root, "A case", "copied", Actor { who: "w".into(), place: "h".into() }).expect("a case");
    ingest(&case, &[mbox], &Options::default(), &Progress::default()).expect("taken in");
    let said = |view: &View, query: &str, sorted| {
        let set = view.select(query).expect("a set");
        view.list(&set, sorted, 3, 50).expect("a list").iter().map(|row| format!("{row:?}")).collect::<Vec<_>>()
    };
    for query in ["", "meeting", "after:2024-01-09"] {
        for sorted in [Sorted::NewestFirst, Sorted::OldestFirst] {
            let cold = View::open(&root).expect("a case");
            let first = said(&cold, query, sorted);
            assert_eq!(first.len(), 50, "{query}");
            assert!(
                first.iter().any(|row| row.contains("Guest 3") && row.contains("attachments: Number(1)")),
                "{}",
                first[0]
            );
            cold.warm().expect("columns");
            assert_eq!(said(&cold, query, sorted), first, "{query}");
        }
    }
}
