use super::*;
use glasshouse_store::{EntryKind, EntryProblem};

#[test]
fn long_names_links_and_devices_are_listed() {
    let long = format!("{}/name.txt", "folder".repeat(40));
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(4);
    header.set_mtime(1_704_067_200);
    builder.append_data(&mut header, &long, &b"long"[..]).unwrap();
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    let far = format!("/{}", "target".repeat(40));
    builder.append_link(&mut header, "link", &far).unwrap();
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Fifo);
    header.set_size(0);
    builder.append_data(&mut header, "pipe", &b""[..]).unwrap();
    let bench = Bench::new(&builder.into_inner().unwrap());
    assert_eq!(bench.kind(), Container::Tar);
    let (part, catalog) = bench.open();
    assert_eq!(catalog.troubles, []);
    assert_eq!(paths(&catalog), [long.as_str(), "link", "pipe"]);
    let modified = catalog.entries.get(0).unwrap().modified;
    assert_eq!(modified, Some("2024-01-01T00:00:00Z"));
    assert_eq!(content(&part, 0).unwrap(), b"long");
    assert_eq!(catalog.entries.get(1).unwrap().link_target, Some(far.as_str()));
    assert_eq!(catalog.entries.get(2).unwrap().kind, EntryKind::Other);
    assert!(matches!(part.read(1), Err(EntryProblem::NotAFile)));
    assert!(matches!(part.read(2), Err(EntryProblem::NotAFile)));
}

fn with_pax(records: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let records = records.iter().map(|(k, v)| (*k, *v));
    builder.append_pax_extensions(records).unwrap();
    let mut header = tar::Header::new_ustar();
    header.set_size(2);
    builder.append_data(&mut header, "short", &b"ok"[..]).unwrap();
    builder.into_inner().unwrap()
}

#[test]
fn pax_records_are_honoured() {
    let bytes = with_pax(&[("path", "a/ü\nb".as_bytes()), ("mtime", b"1704067200.25"), ("comment", b"x")]);
    let (part, catalog) = Bench::new(&bytes).open();
    assert_eq!(paths(&catalog), ["a/ü\nb"]);
    let modified = catalog.entries.get(0).unwrap().modified;
    assert_eq!(modified, Some("2024-01-01T00:00:00.25Z"));
    assert_eq!(content(&part, 0).unwrap(), b"ok");
}

#[test]
fn sparse_files_are_named_and_not_read() {
    let bytes =
        with_pax(&[("GNU.sparse.major", b"1"), ("GNU.sparse.name", b"real-name"), ("GNU.sparse.realsize", b"99999")]);
    let (part, catalog) = Bench::new(&bytes).open();
    assert_eq!(paths(&catalog), ["real-name"]);
    assert_eq!(catalog.entries.get(0).unwrap().size, 99_999);
    assert_eq!(codes(&catalog), ["tar.sparse"]);
    assert!(matches!(part.read(0), Err(EntryProblem::Unsupported(_))));
}

#[test]
fn a_tar_cut_short_lists_what_is_whole() {
    let whole = tar_of(&[("a", &noise(1000)), ("b", &noise(3000))]);
    let bench = Bench::new(&whole[..3000]);
    let (part, catalog) = bench.open();
    assert_eq!(paths(&catalog), ["a", "b"]);
    assert!(content(&part, 0).unwrap() == noise(1000));
    let error = content(&part, 1).unwrap_err();
    assert!(error.to_string().contains("ends after"), "{error}");
    assert_eq!(codes(&catalog), ["tar.truncated"]);
}

#[test]
fn a_damaged_header_is_passed_over() {
    let mut bytes = tar_of(&[("a", b"1"), ("b", b"2"), ("c", b"3")]);
    bytes[1024 + 10] ^= 0xff;
    let (part, catalog) = Bench::new(&bytes).open();
    assert_eq!(paths(&catalog), ["a", "c"]);
    assert_eq!(codes(&catalog), ["tar.header"]);
    assert_eq!(content(&part, 1).unwrap(), b"3");
}

#[test]
fn entries_after_the_end_mark_are_listed() {
    let mut bytes = tar_of(&[("a", b"1")]);
    bytes.extend(tar_of(&[("b", b"2")]));
    let (_, catalog) = Bench::new(&bytes).open();
    assert_eq!(paths(&catalog), ["a", "b"]);
    assert_eq!(codes(&catalog), ["tar.after-end"]);
}

#[test]
fn a_name_or_size_that_cannot_be_is_survived() {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::GNULongName);
    header.set_size(1 << 40);
    header.set_path("x").unwrap();
    header.set_cksum();
    let (_, catalog) = Bench::new(header.as_bytes()).open();
    assert_eq!(codes(&catalog), ["tar.extension"]);
    let mut header = tar::Header::new_gnu();
    header.set_size(u64::MAX);
    header.set_path("x").unwrap();
    header.set_cksum();
    let (_, catalog) = Bench::new(header.as_bytes()).open();
    assert_eq!(paths(&catalog), ["x"]);
    assert_eq!(codes(&catalog), ["tar.truncated"]);
}

#[test]
fn a_long_name_of_a_lost_entry_is_not_given_to_the_next() {
    let long = format!("{}/lost", "folder".repeat(40));
    let mut bytes = tar_of(&[(&long, b"1"), ("next", b"2")]);
    let header = 1024;
    assert_eq!(&bytes[header..header + 6], b"folder");
    bytes[header + 150] ^= 0x0f;
    let (_, catalog) = Bench::new(&bytes).open();
    assert_eq!(paths(&catalog), ["next"]);
    assert_eq!(codes(&catalog), ["tar.header"]);
}
