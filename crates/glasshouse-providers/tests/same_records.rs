//! Layouts that say the same give the same records.

mod support;

use glasshouse_providers::ALL;
use std::path::Path;
use support::{load, parse_all};

/// Returns what each record of a format says, without its place in the file: sorted, one line a record.
fn said(provider: &str, fixture: &str, format: &str, with_times: bool, fields: &[&str]) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(provider).join("fixtures").join(fixture);
    assert!(ALL.iter().any(|p| p.manifest().id == provider));
    let outcome = parse_all(&load(&root.join("input")));
    let records = outcome.records.iter().filter(|(id, record)| *id == provider && record.format == format);
    let mut lines: Vec<String> = records
        .map(|(_, record)| {
            let all: serde_json::Value = serde_json::from_str(&record.fields.to_json()).expect("fields are JSON");
            let fields: Vec<_> = fields.iter().map(|name| all.get(name).map(ToString::to_string)).collect();
            let times: Vec<_> = record.moments.iter().filter(|_| with_times).map(|m| (m.role, m.instant)).collect();
            let files: Vec<_> = record.attachments.iter().map(|a| (&a.name, a.size, a.at.is_some())).collect();
            format!(
                "{} {:?} {:?} {:?} {times:?} {:?} {:?} {:?} {files:?} {fields:?}",
                record.family,
                record.title,
                record.text,
                record.parties,
                record.account,
                record.conversation,
                record.place
            )
        })
        .collect();
    lines.sort();
    lines
}

#[test]
fn messages_of_every_root_and_as_pages() {
    let fields = ["share", "reactions"];
    let new = said("facebook", "2022-messages", "messages", true, &fields);
    assert_eq!(new.len(), 5);
    assert_eq!(said("facebook", "2019-messages", "messages", true, &fields), new);
    let pages = said("facebook", "2023-messages-html", "messages", false, &fields);
    // Only in the first part did both speak.
    let of = |lines: &[String]| {
        let strip = |line: &String| {
            line.replace(", Party { role: To, name: Some(\"Zoë Müller\"), identifiers: [] }", "")
                .replace(", Party { role: To, name: Some(\"Nora Field\"), identifiers: [] }", "")
        };
        lines.iter().map(strip).collect::<Vec<_>>()
    };
    assert_eq!(of(&pages), of(&said("facebook", "2022-messages", "messages", false, &fields)));
    assert_eq!(said("facebook", "2019-messages-html", "messages", false, &fields), pages);
}

/// Pages have no instants, no ids and no names of members: what is said must be the same, and whom about.
#[test]
fn pages_say_what_json_says() {
    for (format, count) in [
        ("comments", 1),
        ("searches", 1),
        ("logins", 1),
        ("locations", 1),
        ("reactions", 1),
        ("connections", 2),
        ("posts", 1),
    ] {
        let pages = said("instagram", "2026-html", format, false, &[]);
        let json = said("instagram", "2024-activity", format, false, &[]);
        assert_eq!(pages.len(), count, "{format}: {pages:#?}");
        assert!(pages.iter().all(|line| json.contains(line)), "{format}: {pages:#?} {json:#?}");
    }
    for format in ["connections", "searches", "comments"] {
        let pages = said("facebook", "2025-activity-html", format, false, &[]);
        let json = said("facebook", "2024-activity", format, false, &[]);
        // The author of a comment stands in its heading alone, in the language of the account.
        let author = "Party { role: Author, name: Some(\"Nora Field\"), identifiers: [] }";
        let json: Vec<String> = json.iter().map(|line| line.replace(author, "")).collect();
        assert_eq!(pages.len(), 1, "{format}: {pages:#?}");
        assert!(json.contains(&pages[0]), "{format}: {pages:#?} {json:#?}");
    }
}

#[test]
fn tweets_wrapped_and_bare() {
    let fields = ["id_str", "lang", "full_text"];
    let bare = said("x", "2018-bare", "tweets", true, &fields);
    let wrapped = said("x", "2024-archive", "tweets", true, &fields);
    assert_eq!(bare.len(), 1);
    assert!(bare.iter().all(|line| wrapped.contains(line)), "{bare:#?} {wrapped:#?}");
    let account = said("x", "2018-bare", "account", true, &["kind", "email"]);
    assert!(said("x", "2024-archive", "account", true, &["kind", "email"]).contains(&account[0]));
}

#[test]
fn facebook_activity_of_old_and_new_folders() {
    for (format, fields) in [
        ("posts", &["attachments_"][..]),
        ("comments", &["data"]),
        ("reactions", &["data"]),
        ("connections", &["contact_info"]),
        ("logins", &["ip_address", "user_agent", "city"]),
        ("searches", &["data"]),
    ] {
        let old = said("facebook", "2019-activity", format, true, fields);
        let new = said("facebook", "2024-activity", format, true, fields);
        assert!(!old.is_empty() && old.iter().all(|line| new.contains(line)), "{format}: {old:#?} {new:#?}");
    }
}

#[test]
fn instagram_of_old_and_new_folders_and_labels() {
    for format in ["posts", "messages", "connections", "comments", "searches"] {
        let old = said("instagram", "2021-flat", format, true, &[]);
        let new = said("instagram", "2024-activity", format, true, &[]);
        assert!(!old.is_empty() && old.iter().all(|line| new.contains(line)), "{format}: {old:#?} {new:#?}");
    }
    let moved = said("instagram", "2026-labels", "posts", true, &[]);
    let new = said("instagram", "2024-activity", "posts", true, &[]);
    assert!(moved.iter().any(|line| new.contains(line)), "{moved:#?} {new:#?}");
}

#[test]
fn google_products_of_old_and_new_layouts() {
    let said = |fixture, format, fields: &[&str]| said("google", fixture, format, true, fields);
    for (format, fields) in
        [("chrome", &["kind", "url", "page_transition", "usage_timestamp"][..]), ("youtube", &["kind", "Comment ID"])]
    {
        let old = said("2021-products-german", format, fields);
        let new = said("2024-products", format, fields);
        // The list of likes has no newer form in the fixture.
        let old: Vec<_> = old.into_iter().filter(|line| !line.contains("list entry")).collect();
        assert!(old.len() > 1 && old.iter().all(|line| new.contains(line)), "{format}: {old:#?} {new:#?}");
    }
}
