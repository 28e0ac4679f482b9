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

/// Where the directory and a local header state different sizes, the content shows which are right.
#[test]
fn the_sizes_that_fit_the_content_are_taken() {
    let text = b"what was said, and said again, and again".repeat(20);
    for options in [stored(), deflated()] {
        let whole = zip_of(&[("a", &text), ("b", b"y")], options);
        let directory = find(&whole, b"PK\x01\x02");
        // The packed size and the whole one, each alone and both: in the directory, then in the local header.
        for (header, at) in [(directory, 20), (0, 18)] {
            for wrong in [&[at][..], &[at + 4], &[at, at + 4]] {
                for by in [-3, 5] {
                    let mut bytes = whole.clone();
                    for field in wrong {
                        let place = header + field..header + field + 4;
                        let size = i32::from_le_bytes(bytes[place.clone()].try_into().unwrap());
                        bytes[place].copy_from_slice(&(size + by).to_le_bytes());
                    }
                    let bench = Bench::new(&bytes);
                    let (part, catalog) = bench.open();
                    assert_eq!(codes(&catalog), ["zip.size-mismatch"], "{header} {wrong:?} {by}");
                    assert_eq!(content(&part, 0).unwrap(), text, "{header} {wrong:?} {by}");
                    assert_eq!(content(&part, 1).unwrap(), b"y");
                }
            }
        }
    }
}

/// A directory whose places are all wrong hides nothing: what lies in the archive is found without it.
#[test]
fn entries_are_found_where_the_directory_is_wrong_about_their_places() {
    for by in [9i32, -9, 40] {
        let mut bytes = zip_of(&[("a", b"first"), ("b", b"second"), ("c", b"third")], deflated());
        let mut from = 0;
        while let Some(at) = bytes[from..].windows(4).position(|w| w == b"PK\x01\x02").map(|at| from + at) {
            let place = at + 42..at + 46;
            let offset = i32::from_le_bytes(bytes[place.clone()].try_into().unwrap());
            bytes[place].copy_from_slice(&(offset + by).to_le_bytes());
            from = at + 4;
        }
        let bench = Bench::new(&bytes);
        let (part, catalog) = bench.open();
        let read: Vec<Vec<u8>> = (0..catalog.entries.len())
            .filter_map(|i| {
                let mut bytes = Vec::new();
                part.read(i).ok()?.read_to_end(&mut bytes).ok().map(|_| bytes)
            })
            .collect();
        for text in [&b"first"[..], b"second", b"third"] {
            assert!(read.iter().any(|content| content == text), "{by}: {:?}", codes(&catalog));
        }
        assert!(codes(&catalog).contains(&"zip.local-header"), "{by}");
    }
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
