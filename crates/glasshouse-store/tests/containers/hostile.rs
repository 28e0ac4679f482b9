use super::*;
use glasshouse_store::EntryProblem;

#[test]
fn paths_that_lead_out_are_data_with_a_word_about_them() {
    let names = ["../../up", "/root", "C:\\x", "a\\..\\b", "fine/..name"];
    let files: Vec<(&str, &[u8])> = names.iter().map(|n| (*n, &b"x"[..])).collect();
    let bench = Bench::new(&zip_of(&files, stored()));
    let (part, catalog) = bench.open();
    assert_eq!(paths(&catalog), names);
    let expected = ["path.parent", "path.absolute", "path.absolute", "path.parent"];
    assert_eq!(codes(&catalog), expected);
    assert_eq!(content(&part, 0).unwrap(), b"x");
}

#[test]
fn overlapping_entries_are_refused() {
    // Both records of the directory lead to the same bytes.
    let mut bytes = zip_of(&[("a", &[0; 9000]), ("b", &[0; 9000])], deflated());
    let second = rfind(&bytes, b"PK\x01\x02");
    bytes[second + 42..second + 46].fill(0);
    let bench = Bench::new(&bytes);
    let (part, catalog) = bench.open();
    assert!(codes(&catalog).iter().filter(|c| **c == "zip.overlap").count() == 2);
    for index in [0, 1] {
        assert!(matches!(part.read(index), Err(EntryProblem::Refused(_))));
    }
}

#[test]
fn content_longer_than_stated_stops() {
    let mut bytes = zip_of(&[("a", &[0; 1_000_000])], deflated());
    for at in [22, find(&bytes, b"PK\x01\x02") + 24] {
        bytes[at..at + 4].copy_from_slice(&10u32.to_le_bytes());
    }
    let bench = Bench::new(&bytes);
    let (part, _) = bench.open();
    let error = content(&part, 0).unwrap_err();
    assert!(error.to_string().contains("longer"), "{error}");
}

#[test]
fn archives_inside_archives_are_bounded_in_depth() {
    let mut bytes = zip_of(&[("x.txt", b"deep")], deflated());
    for _ in 0..8 {
        bytes = zip_of(&[("n.zip", &bytes)], deflated());
    }
    let (_, catalog) = Bench::new(&bytes).open();
    assert_eq!(codes(&catalog), ["archive.depth"]);
    assert_eq!(catalog.entries.len(), 5);
    assert_eq!(catalog.entries.get(4).unwrap().path, "n.zip!/n.zip!/n.zip!/n.zip!/n.zip");
}

#[test]
fn archives_that_multiply_are_bounded_by_ratio() {
    let zeros = zip_of(&[("zeros", &vec![0; 3 << 20])], stored());
    let many: Vec<(String, &[u8])> = (0..30).map(|i| (format!("{i}.zip"), &zeros[..])).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(n, b)| (n.as_str(), *b)).collect();
    let bench = Bench::new(&zip_of(&many, deflated()));
    let limits = Limits { ratio: 100, ..Limits::default() };
    let (part, catalog) = bench.try_open(None, &limits).unwrap();
    assert!(codes(&catalog).contains(&"archive.ratio"));
    assert!(catalog.entries.iter().filter(|e| e.parent.is_some()).count() < 10);
    // A refused archive is still a file that can be read.
    let last = catalog.entries.len() - 1;
    assert!(content(&part, last).unwrap() == zeros);
}

#[test]
fn the_number_of_entries_is_bounded() {
    let names: Vec<String> = (0..50).map(|i| format!("f{i}")).collect();
    let files: Vec<(&str, &[u8])> = names.iter().map(|n| (n.as_str(), &b""[..])).collect();
    let limits = Limits { entries: 20, ..Limits::default() };
    for bytes in [zip_of(&files, stored()), tar_of(&files)] {
        let (_, catalog) = Bench::new(&bytes).try_open(None, &limits).unwrap();
        assert_eq!(catalog.entries.len(), 20);
        assert!(codes(&catalog).contains(&"archive.entries"));
    }
}

#[test]
fn troubles_of_one_kind_are_counted_past_a_bound() {
    let names: Vec<String> = (0..1500).map(|i| format!("../{i}")).collect();
    let files: Vec<(&str, &[u8])> = names.iter().map(|n| (n.as_str(), &b""[..])).collect();
    let (_, catalog) = Bench::new(&zip_of(&files, stored())).open();
    assert_eq!(catalog.troubles.len(), 1001);
    assert!(catalog.troubles[1000].message.contains("500 more"));
}

#[test]
fn the_length_of_all_paths_is_bounded_with_what_nesting_adds() {
    let names: Vec<String> = (0..100).map(|i| format!("{i}")).collect();
    let files: Vec<(&str, &[u8])> = names.iter().map(|n| (n.as_str(), &b""[..])).collect();
    let long = format!("{}.zip", "n".repeat(1000));
    let bytes = zip_of(&[(&long, &zip_of(&files, stored()))], stored());
    let limits = Limits { path_bytes: 20_000, ..Limits::default() };
    let (_, catalog) = Bench::new(&bytes).try_open(None, &limits).unwrap();
    assert!(catalog.entries.len() < 20);
    assert!(codes(&catalog).contains(&"archive.entries"));
}
