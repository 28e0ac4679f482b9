use super::*;
use glasshouse_store::{EntryKind, EntryProblem};
use zip::AesMode;
use zip::unstable::write::FileOptionsExt;

#[test]
fn every_method_lists_and_reads_back() {
    let text = b"the same words again and again ".repeat(4000);
    let methods = [
        (CompressionMethod::Stored, "stored"),
        (CompressionMethod::Deflated, "deflate"),
        (CompressionMethod::Zstd, "zstd"),
    ];
    for (method, name) in methods {
        let options = SimpleFileOptions::default().compression_method(method);
        let bench = Bench::new(&zip_of(&[("a/b.txt", &text), ("empty", b"")], options));
        let (part, catalog) = bench.open();
        assert_eq!(catalog.troubles, [], "{name}");
        assert_eq!(paths(&catalog), ["a/b.txt", "empty"]);
        let entry = catalog.entries.get(0).unwrap();
        assert_eq!((entry.method, entry.size), (name, text.len() as u64));
        assert_eq!(entry.crc32, Some(crc32fast::hash(&text)));
        assert!(content(&part, 0).unwrap() == text);
        assert_eq!(content(&part, 1).unwrap(), b"");
    }
}

#[test]
fn an_empty_zip_has_no_entries() {
    let bench = Bench::new(&zip_of(&[], stored()));
    assert_eq!(bench.kind(), Container::Zip);
    let (_, catalog) = bench.open();
    assert_eq!(catalog, Catalog::default());
}

#[test]
fn content_is_recognised_not_names() {
    assert_eq!(Bench::new(&tar_of(&[("a", b"b")])).kind(), Container::Tar);
    let gzipped = gzip_of(&tar_of(&[("a", b"b")]));
    assert_eq!(Bench::new(&gzipped).kind(), Container::TarGz);
    assert_eq!(Bench::new(&gzip_of(b"text")).kind(), Container::File);
    assert_eq!(Bench::new(b"").kind(), Container::File);
    assert_eq!(Bench::new(&noise(5000)).kind(), Container::File);
    assert_eq!(Bench::new(&[0; 4096]).kind(), Container::File);
}

#[test]
fn a_file_is_its_own_entry() {
    let bench = Bench::new(b"From someone");
    let (part, catalog) = bench.open();
    assert_eq!(paths(&catalog), ["part.bin"]);
    assert_eq!(content(&part, 0).unwrap(), b"From someone");
}

#[test]
fn something_before_the_archive_does_not_matter() {
    let mut bytes = noise(70_000);
    bytes.extend(zip_of(&[("a", b"one"), ("b", b"two")], deflated()));
    let bench = Bench::new(&bytes);
    assert_eq!(bench.kind(), Container::Zip);
    let (part, catalog) = bench.open();
    assert_eq!(catalog.troubles, []);
    assert_eq!(content(&part, 1).unwrap(), b"two");
}

fn encrypted(aes: bool) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = match aes {
        true => deflated().with_aes_encryption(AesMode::Aes256, "right"),
        false => deflated().with_deprecated_encryption(b"right").unwrap(),
    };
    writer.start_file("secret", options).unwrap();
    writer.write_all(&b"hidden words ".repeat(20_000)).unwrap();
    writer.finish().unwrap().into_inner()
}

#[test]
fn a_password_opens_both_kinds_of_encryption() {
    for (aes, method) in [(true, "aes256-deflate"), (false, "zipcrypto-deflate")] {
        let bench = Bench::new(&encrypted(aes));
        let (part, catalog) = bench.open();
        assert!(catalog.entries.get(0).unwrap().encrypted);
        assert_eq!(catalog.entries.get(0).unwrap().method, method);
        assert_eq!(codes(&catalog), ["entry.encrypted"]);
        assert!(matches!(part.read(0), Err(EntryProblem::Encrypted)));

        let open = |password: &[u8]| bench.try_open(Some(password), &Limits::default()).unwrap();
        let (part, catalog) = open(b"right");
        assert_eq!(catalog.troubles, []);
        assert!(content(&part, 0).unwrap() == b"hidden words ".repeat(20_000));
        // The old encryption has one check byte, so a wrong password may only show in the content.
        let (part, _) = open(b"wrong");
        match part.read(0) {
            Err(problem) => assert_eq!(problem, EntryProblem::Encrypted),
            Ok(mut reader) => assert!(reader.read_to_end(&mut Vec::new()).is_err()),
        }
    }
}

#[test]
fn a_reader_of_encrypted_content_may_be_dropped_early() {
    let bench = Bench::new(&encrypted(true));
    let (part, _) = bench.try_open(Some(b"right"), &Limits::default()).unwrap();
    let mut some = [0; 10];
    part.read(0).unwrap().read_exact(&mut some).unwrap();
    assert_eq!(&some, b"hidden wor");
}

#[test]
fn data_descriptors_are_read() {
    let mut writer = zip::ZipWriter::new_stream(Vec::new());
    for name in ["one", "two"] {
        writer.start_file(name, deflated()).unwrap();
        writer.write_all(name.repeat(1000).as_bytes()).unwrap();
    }
    let bytes = writer.finish().unwrap().into_inner();
    let bench = Bench::new(&bytes);
    let (part, catalog) = bench.open();
    assert_eq!(catalog.troubles, []);
    assert_eq!(content(&part, 1).unwrap(), "two".repeat(1000).as_bytes());

    // Without its directory, the streams themselves say where they end.
    let bench = Bench::new(&bytes[..find(&bytes, b"PK\x01\x02")]);
    let (part, catalog) = bench.open();
    assert_eq!(paths(&catalog), ["one", "two"]);
    assert_eq!(codes(&catalog), ["zip.central-directory"]);
    assert_eq!(content(&part, 1).unwrap(), "two".repeat(1000).as_bytes());
}

#[test]
fn names_keep_their_bytes() {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for name in [&b"gr\x81n.txt"[..], "größe".as_bytes()] {
        writer.start_file_with_options(stored().name(name)).unwrap();
    }
    let bench = Bench::new(writer.finish().unwrap().get_ref());
    let (_, catalog) = bench.open();
    assert_eq!(paths(&catalog), ["grün.txt", "größe"]);
    let bytes = catalog.entries.get(0).unwrap().path_bytes;
    assert_eq!(bytes, Some(&b"gr\x81n.txt"[..]));
    assert_eq!(catalog.entries.get(1).unwrap().path_bytes, None);
}

#[test]
fn folders_and_links_are_listed_and_not_followed() {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    writer.add_directory("d/", stored()).unwrap();
    writer.add_symlink("d/l", "/etc/passwd", stored()).unwrap();
    let bench = Bench::new(writer.finish().unwrap().get_ref());
    let (part, catalog) = bench.open();
    assert_eq!(catalog.entries.get(0).unwrap().kind, EntryKind::Folder);
    assert_eq!(catalog.entries.get(1).unwrap().kind, EntryKind::Link);
    let target = catalog.entries.get(1).unwrap().link_target;
    assert_eq!(target, Some("/etc/passwd"));
    assert!(matches!(part.read(0), Err(EntryProblem::NotAFile)));
    assert!(matches!(part.read(1), Err(EntryProblem::NotAFile)));
    assert!(matches!(part.read(99), Err(EntryProblem::NotAFile)));
}

#[test]
fn entries_read_from_many_threads() {
    let files: Vec<(String, Vec<u8>)> = (0..40).map(|i| (format!("f{i}"), noise(30_000 + i))).collect();
    let refs: Vec<(&str, &[u8])> = files.iter().map(|(n, b)| (n.as_str(), b.as_slice())).collect();
    let bench = Bench::new(&zip_of(&refs, deflated()));
    let (part, _) = bench.open();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let (part, files) = (part.clone(), &files);
            scope.spawn(move || {
                for (i, (_, bytes)) in files.iter().enumerate() {
                    assert!(content(&part, i).unwrap() == *bytes);
                }
            });
        }
    });
}

#[test]
fn beyond_four_gigabytes_reads_through_zip64() {
    // A sparse file: the first entry is 4.5 GiB of zeros that take no space.
    const SIZE: u64 = (4 << 30) + (1 << 29);
    let bench = Bench::new(b"");
    let mut file = std::fs::File::create(&bench.path).unwrap();
    let zip64 = |numbers: &[u64]| {
        let mut field = vec![1, 0, (numbers.len() * 8) as u8, 0];
        numbers.iter().for_each(|n| field.extend(n.to_le_bytes()));
        field
    };
    let common = |extra: &[u8], crc: u32, name: &str| {
        let mut bytes = vec![45, 0, 0, 0, 0, 0, 0, 0, 0x21, 0x58];
        bytes.extend(crc.to_le_bytes());
        bytes.extend([0xff; 8]);
        bytes.extend((name.len() as u16).to_le_bytes());
        bytes.extend((extra.len() as u16).to_le_bytes());
        bytes
    };
    let mut directory = Vec::new();
    let mut at = 0;
    for (name, size, crc) in [("zeros", SIZE, 0), ("after", 5, crc32fast::hash(b"after"))] {
        let extra = zip64(&[size, size]);
        let mut local = b"PK\x03\x04".to_vec();
        local.extend(common(&extra, crc, name));
        local.extend(name.as_bytes());
        local.extend(&extra);
        file.write_all(&local).unwrap();
        let extra = zip64(&[size, size, at]);
        directory.extend(b"PK\x01\x02\x2d\x03");
        directory.extend(common(&extra, crc, name));
        directory.extend([0; 10]);
        directory.extend([0xff; 4]);
        directory.extend(name.as_bytes());
        directory.extend(&extra);
        at += local.len() as u64 + size;
        if size > 5 {
            file.set_len(at).unwrap();
            std::io::Seek::seek(&mut file, std::io::SeekFrom::End(0)).unwrap();
        } else {
            file.write_all(b"after").unwrap();
        }
    }
    let mut end = b"PK\x06\x06".to_vec();
    end.extend(44u64.to_le_bytes());
    end.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    for n in [2, 2, directory.len() as u64, at] {
        end.extend(n.to_le_bytes());
    }
    end.extend(b"PK\x06\x07\0\0\0\0");
    end.extend((at + directory.len() as u64).to_le_bytes());
    end.extend([1, 0, 0, 0]);
    end.extend(b"PK\x05\x06\0\0\0\0");
    end.extend([0xff; 12]);
    end.extend([0, 0]);
    file.write_all(&directory).unwrap();
    file.write_all(&end).unwrap();

    let (part, catalog) = bench.open();
    assert_eq!(catalog.troubles, []);
    assert_eq!(catalog.entries.get(0).unwrap().size, SIZE);
    assert!(catalog.entries.get(1).unwrap().offset > SIZE);
    assert_eq!(content(&part, 1).unwrap(), b"after");
}

#[test]
fn deflate64_reads_through_the_general_reader() {
    // Without long matches both formats are the same bits.
    let text = noise(60_000);
    let mut bytes = zip_of(&[("a", &text)], deflated());
    let central = rfind(&bytes, b"PK\x01\x02");
    (bytes[8], bytes[central + 10]) = (9, 9);
    let (part, catalog) = Bench::new(&bytes).open();
    assert_eq!(catalog.troubles, []);
    assert_eq!(catalog.entries.get(0).unwrap().method, "deflate64");
    assert!(content(&part, 0).unwrap() == text);
}

#[test]
fn unknown_methods_and_strong_encryption_are_named() {
    let whole = zip_of(&[("a", b"text")], stored());
    let central = rfind(&whole, b"PK\x01\x02");
    let mut bytes = whole.clone();
    (bytes[8], bytes[central + 10]) = (12, 12);
    let (part, catalog) = Bench::new(&bytes).open();
    assert_eq!(catalog.troubles, []);
    let problem = part.read(0).err().unwrap();
    assert_eq!(problem.to_string(), "The entry is not readable here: its method is bzip2.");
    let mut bytes = whole;
    (bytes[6], bytes[central + 8]) = (0x41, 0x41);
    let (part, _) = Bench::new(&bytes).open();
    assert!(matches!(part.read(0), Err(EntryProblem::Unsupported(_))));
}

#[test]
fn content_that_was_piped_into_the_archive_is_a_file() {
    let mut bytes = zip_of(&[("-", b"piped")], stored());
    let central = rfind(&bytes, b"PK\x01\x02");
    bytes[central + 40..central + 42].copy_from_slice(&0o010_600u16.to_le_bytes());
    let (part, catalog) = Bench::new(&bytes).open();
    assert_eq!(catalog.entries.get(0).unwrap().kind, EntryKind::File);
    assert_eq!(content(&part, 0).unwrap(), b"piped");
}
