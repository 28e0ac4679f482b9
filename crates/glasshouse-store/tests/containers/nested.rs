use super::*;

#[test]
fn nested_archives_follow_their_parent() {
    let inner = zip_of(&[("in.txt", b"inner")], deflated());
    let tgz = gzip_of(&tar_of(&[("t.txt", b"tarred")]));
    let files: [(&str, &[u8]); 6] = [
        ("a.ZIP", &inner),
        ("b.txt", b"plain"),
        ("c.tgz", &tgz),
        ("d.docx", &inner),
        ("e.zip", b"not a zip"),
        ("f.tar", &tar_of(&[("g.zip", &inner)])),
    ];
    for options in [stored(), deflated()] {
        let bench = Bench::new(&zip_of(&files, options));
        let (part, catalog) = bench.open();
        assert_eq!(catalog.troubles, []);
        let expected = [
            ("a.ZIP", None),
            ("a.ZIP!/in.txt", Some(0)),
            ("b.txt", None),
            ("c.tgz", None),
            ("c.tgz!/t.txt", Some(3)),
            ("d.docx", None),
            ("e.zip", None),
            ("f.tar", None),
            ("f.tar!/g.zip", Some(7)),
            ("f.tar!/g.zip!/in.txt", Some(8)),
        ];
        let found: Vec<_> = catalog.entries.iter().map(|e| (e.path, e.parent)).collect();
        assert_eq!(found, expected);
        assert_eq!(content(&part, 1).unwrap(), b"inner");
        assert_eq!(content(&part, 4).unwrap(), b"tarred");
        assert_eq!(content(&part, 9).unwrap(), b"inner");
        // Small archives need no copy on disk.
        assert!(!bench.cache().exists());
    }
}

#[test]
fn large_nested_archives_go_to_the_cache_and_are_used_again() {
    let big = noise(9 << 20);
    let inner = zip_of(&[("big", &big), ("small", b"s")], stored());
    let bench = Bench::new(&zip_of(&[("x", b"y"), ("in.zip", &inner)], deflated()));
    let (part, first) = bench.open();
    assert!(content(&part, 2).unwrap() == big);
    let copy = bench.cache().join("key-1.blocks");
    let made = std::fs::metadata(&copy).unwrap().modified().unwrap();
    let (part, second) = bench.open();
    assert_eq!(first, second);
    assert_eq!(made, std::fs::metadata(&copy).unwrap().modified().unwrap());
    assert_eq!(content(&part, 3).unwrap(), b"s");

    // A copy that is cut short is made again.
    let file = std::fs::OpenOptions::new().write(true).open(&copy).unwrap();
    file.set_len(1000).unwrap();
    let (part, third) = bench.open();
    assert_eq!(first, third);
    assert!(content(&part, 2).unwrap() == big);
}

#[test]
fn a_damaged_nested_archive_gives_what_came_before_every_time() {
    let inner = zip_of(&[("first", b"1"), ("big", &noise(9 << 20))], stored());
    let mut bytes = zip_of(&[("in.zip", &inner)], deflated());
    let middle = bytes.len() / 2;
    bytes[middle..middle + 40_000].fill(0);
    let bench = Bench::new(&bytes);
    let (part, first) = bench.open();
    assert!(codes(&first).contains(&"archive.damaged"));
    let index = first.entries.iter().position(|e| e.path == "in.zip!/first");
    assert_eq!(content(&part, index.unwrap()).unwrap(), b"1");
    let (_, second) = bench.open();
    assert_eq!(first, second);
}

#[test]
fn a_tar_gz_is_inflated_once() {
    let big = noise(3 << 20);
    let tar = tar_of(&[("a", b"one"), ("big", &big), ("z", b"last")]);
    let bench = Bench::new(&gzip_of(&tar));
    let (part, catalog) = bench.open();
    assert_eq!(catalog.troubles, []);
    assert_eq!(paths(&catalog), ["a", "big", "z"]);
    assert!(content(&part, 1).unwrap() == big);
    assert!(bench.cache().join("key.blocks").exists());
    assert_eq!(bench.open().1, catalog);

    let whole = gzip_of(&tar);
    let bench = Bench::new(&whole[..whole.len() / 2]);
    let (part, catalog) = bench.open();
    assert_eq!(paths(&catalog), ["a", "big"]);
    assert!(codes(&catalog).contains(&"gzip.damaged"));
    assert_eq!(content(&part, 0).unwrap(), b"one");
    assert!(content(&part, 1).is_err());
}
