use super::*;
use crate::{Cache, Container, EntryKind, Limits, Part, pack_sealed};

fn bytes(n: usize) -> Vec<u8> {
    (0..n).map(|i| (i * 7 + i / 251) as u8).collect()
}

#[test]
fn a_sealed_copy_reads_as_what_it_was_and_tells_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (key, other) = (Identity::generate(), Identity::generate());
    for n in [0, 1, 65_535, 65_536, 65_537, 131_072, 1_000_003] {
        let (from, to) = (folder.path().join(format!("{n}")), folder.path().join(format!("{n}.age")));
        let content = bytes(n);
        fs::write(&from, &content).expect("written");
        let plain = copy_sealed(&from, &to, &key, &|_| true).expect("copied");
        assert_eq!(plain.sha256, glasshouse_layout::hex(glasshouse_layout::sha256(&content)));
        let sealed = fs::read(&to).expect("read");
        assert_eq!(plain.sealed_sha256, glasshouse_layout::hex(glasshouse_layout::sha256(&sealed)));
        assert_eq!((plain.len, plain.sealed_len), (n as u64, sealed.len() as u64));
        assert!(n < 64 || !sealed.windows(64).any(|w| w == &content[..64]));
        // Any tool that knows the format opens it.
        assert_eq!(*unseal(&sealed, &key).expect("opens"), content);
        let file = SealedFile::open(&to, &key).expect("opens");
        assert_eq!(file.len(), n as u64);
        let mut reader = file.reader();
        for start in [0, n / 2, 65_535, 65_536, n.saturating_sub(3), n, 0] {
            let mut found = Vec::new();
            let mut buffer = [0; 40_000];
            loop {
                let at = (start + found.len()) as u64;
                match reader.read_at(&mut buffer, at).expect("reads") {
                    0 => break,
                    n => found.extend_from_slice(&buffer[..n]),
                }
            }
            assert!(found == content.get(start..).unwrap_or_default(), "{n} from {start}");
        }
        assert!(SealedFile::open(&to, &other).is_err());
        assert!(copy_sealed(&from, &to, &key, &|_| true).is_err(), "nothing is overwritten");
        if n > 65_536 {
            // Cut off at the end of a piece, and changed in the middle.
            let header = sealed.len() - n - n.div_ceil(65_536) * 16;
            let cut = folder.path().join("cut");
            fs::write(&cut, &sealed[..header + 65_536 + 16]).expect("written");
            assert!(SealedFile::open(&cut, &key).is_err());
            let mut changed = sealed.clone();
            changed[header + 100] ^= 1;
            fs::write(&cut, &changed).expect("written");
            let file = SealedFile::open(&cut, &key).expect("the end is whole");
            assert!(file.reader().read_at(&mut [0; 10], 0).is_err());
        }
    }
}

#[test]
fn a_folder_is_packed_without_touching_the_disk_in_clear() {
    let folder = tempfile::tempdir().expect("a folder");
    let given = folder.path().join("given");
    fs::create_dir_all(given.join("inner")).expect("made");
    fs::write(given.join("inner/long.bin"), bytes(200_000)).expect("written");
    fs::write(given.join("a.txt"), "words that are to be found nowhere").expect("written");
    std::os::unix::fs::symlink("a.txt", given.join("link")).expect("linked");
    let key = Identity::generate();
    let to = folder.path().join("part.age");
    let (plain, packed) = pack_sealed(&given, "given", &to, &key, &|_, _, _| false, &|_| true).expect("packed");
    assert_eq!((packed.files, packed.problems.len()), (2, 0));
    let cache = folder.path().join("cache");
    let cache = Cache { folder: &cache, key: "k", seal: Some(&key) };
    let (part, catalog) = Part::open(&to, Container::Zip, cache, &[], &Limits::default(), &|_| {}).expect("lists");
    assert!(catalog.troubles.is_empty(), "{:?}", catalog.troubles);
    let paths: Vec<&str> = catalog.entries.iter().map(|e| e.path).collect();
    assert_eq!(paths, ["given/", "given/a.txt", "given/inner/", "given/inner/long.bin", "given/link"]);
    for (index, entry) in catalog.entries.iter().enumerate().filter(|(_, e)| e.kind == EntryKind::File) {
        assert_eq!(entry.method, "stored");
        let mut content = Vec::new();
        part.read(index).expect("opens").read_to_end(&mut content).expect("reads");
        assert_eq!(content, fs::read(folder.path().join(&entry.path)).expect("read"), "{}", entry.path);
    }
    let sealed = fs::read(&to).expect("read");
    assert_eq!(plain.sealed_len, sealed.len() as u64);
    assert!(!sealed.windows(8).any(|w| w == b"long.bin" || w == b"words th"));
}

#[test]
fn copies_in_the_cache_are_sealed_with_the_part() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut inner = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    inner.start_file("secret-name.bin", stored).expect("begun");
    inner.write_all(&bytes(3 << 20)).expect("written");
    let inner = inner.finish().expect("ended").into_inner();
    let mut outer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    outer.start_file("inner.zip", zip::write::SimpleFileOptions::default()).expect("begun");
    outer.write_all(&inner).expect("written");
    fs::write(folder.path().join("outer"), outer.finish().expect("ended").into_inner()).expect("written");
    let (key, other) = (Identity::generate(), Identity::generate());
    let part = folder.path().join("part.age");
    copy_sealed(&folder.path().join("outer"), &part, &key, &|_| true).expect("copied");
    let limits = Limits { memory_each: 1000, ..Limits::default() };
    let cache = folder.path().join("cache");
    for _ in 0..2 {
        let cache = Cache { folder: &cache, key: "k", seal: Some(&key) };
        let (part, catalog) = Part::open(&part, Container::Zip, cache, &[], &limits, &|_| {}).expect("lists");
        assert_eq!(catalog.entries.len(), 2);
        let mut content = Vec::new();
        part.read(1).expect("opens").read_to_end(&mut content).expect("reads");
        assert!(content == bytes(3 << 20));
    }
    let copies: Vec<_> = fs::read_dir(&cache).expect("listed").map(|e| e.expect("there").path()).collect();
    assert_eq!(copies.len(), 1);
    let copy = fs::read(&copies[0]).expect("read");
    assert!(copy.starts_with(b"age-encryption.org/v1") && !copy.windows(11).any(|w| w == b"secret-name"));
    assert!(crate::BlockFile::open(&copies[0], Some(&key)).is_ok());
    assert!(crate::BlockFile::open(&copies[0], Some(&other)).is_err());
    assert!(crate::BlockFile::open(&copies[0], None).is_err());
    let mut whole = Vec::new();
    let opened = age::Decryptor::new(copy.as_slice()).expect("a header");
    let mut opened = opened.decrypt(iter::once(key.age() as &dyn age::Identity)).expect("opens");
    opened.read_to_end(&mut whole).expect("reads");
    let mut ours = Vec::new();
    input(&copies[0], Some(&key)).expect("opens").read_to_end(&mut ours).expect("reads");
    assert!(whole == ours && whole.starts_with(b"GHblock"));
}

#[test]
fn texts_are_bound_to_their_place_and_their_case() {
    let (case, other) = (Identity::generate(), Identity::generate());
    let key = TextKey::of(&case).expect("a key");
    let sealed = key.seal("facts.value", "a name").expect("sealed");
    assert_ne!(sealed, key.seal("facts.value", "a name").expect("sealed"));
    assert!(!sealed.windows(6).any(|w| w == b"a name"));
    assert_eq!(key.open("facts.value", &sealed).as_deref(), Some("a name"));
    assert_eq!(TextKey::of(&case).expect("a key").open("facts.value", &sealed).as_deref(), Some("a name"));
    assert_eq!(key.open("parts.name", &sealed), None);
    assert_eq!(TextKey::of(&other).expect("a key").open("facts.value", &sealed), None);
    assert_eq!(key.open("facts.value", b"short"), None);
}

#[test]
fn a_key_is_opened_by_those_it_is_sealed_to() {
    let (one, two, three) = (Identity::generate(), Identity::generate(), Identity::generate());
    let sealed = seal(b"text", &[one.recipient(), two.recipient()]).expect("sealed");
    assert_eq!(**unseal(&sealed, &one).expect("opens"), *b"text");
    assert_eq!(**unseal(&sealed, &two).expect("opens"), *b"text");
    assert!(unseal(&sealed, &three).is_err());
    assert!(seal(b"text", &["age1nobody".to_owned()]).is_err() && seal(b"text", &[]).is_err());
    let text = format!("# a comment\n{}\n", one.text().as_str());
    assert_eq!(Identity::parse(&text).expect("parses").recipient(), one.recipient());
    assert!(Identity::parse("# nothing").is_none());
    assert!(is_recipient(&one.recipient()) && !is_recipient("age1"));
}
