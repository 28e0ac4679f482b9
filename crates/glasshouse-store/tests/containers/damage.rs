use super::*;
use std::io::ErrorKind;

fn three() -> Vec<u8> {
    let (a, b) = (noise(5000), noise(7000));
    zip_of(&[("a", &a), ("b", &b), ("c", b"see")], deflated())
}

#[test]
fn a_missing_directory_is_replaced_by_local_headers() {
    let whole = three();
    let bench = Bench::new(&whole[..find(&whole, b"PK\x01\x02")]);
    let (part, catalog) = bench.open();
    assert_eq!(paths(&catalog), ["a", "b", "c"]);
    assert_eq!(codes(&catalog), ["zip.central-directory"]);
    assert!(content(&part, 1).unwrap() == noise(7000));
    assert_eq!(content(&part, 2).unwrap(), b"see");
}

#[test]
fn a_directory_cut_short_is_completed() {
    let mut bytes = three();
    let second = rfind(&bytes, b"PK\x01\x02");
    bytes[second] = b'X';
    let bench = Bench::new(&bytes);
    let (part, catalog) = bench.open();
    assert_eq!(paths(&catalog), ["a", "b", "c"]);
    assert_eq!(codes(&catalog), ["zip.central-directory", "zip.unlisted"]);
    assert_eq!(content(&part, 2).unwrap(), b"see");
}

#[test]
fn a_wrong_end_record_is_not_believed() {
    let mut bytes = three();
    let end = rfind(&bytes, b"PK\x05\x06");
    bytes[end + 12..end + 20].fill(0x77);
    let bench = Bench::new(&bytes);
    let (_, catalog) = bench.open();
    assert_eq!(paths(&catalog), ["a", "b", "c"]);
    assert_eq!(codes(&catalog), ["zip.central-directory"]);
}

#[test]
fn a_download_that_stopped_gives_what_arrived() {
    let whole = three();
    let cut = find(&whole[5100..], b"PK\x03\x04") + 5100 + 20;
    for to in [4000, cut, whole.len() - 30] {
        let bench = Bench::new(&whole[..to]);
        let (part, catalog) = bench.open();
        assert!(!catalog.entries.is_empty(), "{to}");
        assert!(codes(&catalog).contains(&"zip.central-directory"));
        if to == 4000 {
            assert!(codes(&catalog).contains(&"zip.truncated"));
            assert!(catalog.entries.get(0).unwrap().problem.is_some());
            let error = content(&part, 0).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidData);
        }
    }
}

#[test]
fn a_damaged_stream_fails_where_it_is_damaged() {
    let mut bytes = zip_of(&[("a", &b"abcdefgh".repeat(50_000))], deflated());
    bytes[200..260].fill(0xff);
    let bench = Bench::new(&bytes);
    let (part, catalog) = bench.open();
    assert_eq!(catalog.troubles, []);
    let error = content(&part, 0).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
}

#[test]
fn a_changed_byte_shows_in_the_checksum() {
    let mut bytes = zip_of(&[("a", b"pay 100")], stored());
    let at = find(&bytes, b"pay 100");
    bytes[at + 4] = b'9';
    let bench = Bench::new(&bytes);
    let (part, _) = bench.open();
    let error = content(&part, 0).unwrap_err();
    assert!(error.to_string().contains("CRC-32"), "{error}");
}

#[test]
fn headers_that_disagree_are_named() {
    let mut bytes = zip_of(&[("evil.txt", b"x"), ("b", b"y")], stored());
    let local = find(&bytes, b"evil.txt");
    bytes[local..local + 8].copy_from_slice(b"good.txt");
    let bench = Bench::new(&bytes);
    let (part, catalog) = bench.open();
    assert_eq!(codes(&catalog), ["zip.name-mismatch"]);
    assert_eq!(content(&part, 0).unwrap(), b"x");

    let mut bytes = zip_of(&[("a", b"x")], stored());
    bytes[22] = 9;
    let (_, catalog) = Bench::new(&bytes).open();
    assert_eq!(codes(&catalog), ["zip.size-mismatch"]);
}

#[test]
fn an_entry_that_the_directory_hides_is_listed() {
    // The first entry of one archive, then a whole archive that does not know of it.
    let hidden = zip_of(&[("hidden", b"secret")], stored());
    let mut bytes = hidden[..find(&hidden, b"PK\x01\x02")].to_vec();
    bytes.extend(zip_of(&[("shown", b"open")], stored()));
    let bench = Bench::new(&bytes);
    let (part, catalog) = bench.open();
    assert_eq!(paths(&catalog), ["shown", "hidden"]);
    assert_eq!(codes(&catalog), ["zip.unlisted"]);
    assert_eq!(content(&part, 1).unwrap(), b"secret");
}

#[test]
fn both_of_two_equal_names_are_listed() {
    let mut bytes = zip_of(&[("aa", b"1"), ("ab", b"2")], stored());
    for at in [find(&bytes, b"ab"), rfind(&bytes, b"ab")] {
        bytes[at + 1] = b'a';
    }
    let bench = Bench::new(&bytes);
    let (part, catalog) = bench.open();
    assert_eq!(paths(&catalog), ["aa", "aa"]);
    assert_eq!(codes(&catalog), ["zip.duplicate-name"]);
    assert_eq!(content(&part, 0).unwrap(), b"1");
    assert_eq!(content(&part, 1).unwrap(), b"2");
}

#[test]
fn any_single_changed_byte_is_survived() {
    let whole = zip_of(&[("a", &b"words ".repeat(30)), ("b/c", b"x")], deflated());
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xff;
        let bench = Bench::new(&bytes);
        let Ok((part, catalog)) = bench.try_open(None, &Limits::default()) else {
            continue;
        };
        for index in 0..catalog.entries.len() {
            if let Ok(mut reader) = part.read(index) {
                // Whether it reads does not matter here, only that it comes back.
                let _ = reader.read_to_end(&mut Vec::new());
            }
        }
    }
}

#[test]
fn any_cut_is_survived() {
    let whole = zip_of(&[("a", &b"words ".repeat(30)), ("b/c", b"x")], deflated());
    for to in 0..whole.len() {
        let bench = Bench::new(&whole[..to]);
        assert!(bench.try_open(None, &Limits::default()).is_ok(), "{to}");
    }
}

#[test]
fn one_file_of_a_split_archive_is_refused_with_advice() {
    let mut bytes = three();
    let end = rfind(&bytes, b"PK\x05\x06");
    bytes[end + 4] = 2;
    bytes[end + 6] = 2;
    let error = Bench::new(&bytes).try_open(None, &Limits::default()).err().unwrap();
    assert!(error.to_string().contains("Join its files"), "{error}");
}

#[test]
fn a_damaged_stream_without_a_directory_does_not_hide_what_follows() {
    let mut writer = zip::ZipWriter::new_stream(Vec::new());
    for (name, bytes) in [("one", noise(9000)), ("two", b"two".repeat(500))] {
        writer.start_file(name, deflated()).unwrap();
        writer.write_all(&bytes).unwrap();
    }
    let mut bytes = writer.finish().unwrap().into_inner();
    bytes.truncate(find(&bytes, b"PK\x01\x02"));
    let data = 30 + 3 + usize::from(bytes[28]);
    for (from, shows) in [(data, true), (data + 10, false)] {
        // At its beginning the stream stops making sense; further on only the checksum tells.
        let mut bytes = bytes.clone();
        bytes[from..from + 20].fill(0xff);
        let (part, catalog) = Bench::new(&bytes).open();
        assert_eq!(paths(&catalog), ["one", "two"]);
        assert_eq!(codes(&catalog).contains(&"zip.truncated"), shows);
        assert!(content(&part, 0).is_err());
        assert_eq!(content(&part, 1).unwrap(), b"two".repeat(500));
    }
}
