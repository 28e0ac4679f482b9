use super::*;
use glasshouse_store::{EntryKind, pack_folder};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, SystemTime};

fn make(folder: &Path) {
    fs::create_dir_all(folder.join("a/empty")).unwrap();
    fs::write(folder.join("a/photo.jpg"), noise(3_000_000)).unwrap();
    fs::write(folder.join("a.txt"), b"text").unwrap();
    fs::write(folder.join(OsStr::from_bytes(b"gr\x81n")), b"old name").unwrap();
    symlink("/etc/passwd", folder.join("link")).unwrap();
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_704_067_200);
    for path in ["a/empty", "a/photo.jpg", "a.txt", "a", "."] {
        fs::File::open(folder.join(path)).unwrap().set_modified(time).unwrap();
    }
}

#[test]
fn a_packed_folder_lists_and_reads_back() {
    let bench = Bench::new(b"");
    let folder = bench.folder.path().join("export");
    make(&folder);
    fs::remove_file(&bench.path).unwrap();
    let packed = pack_folder(&folder, "export", &bench.path, &|_, _, _| false, &|_| true).unwrap();
    assert_eq!((packed.files, packed.bytes), (3, 3_000_012));
    assert_eq!(packed.problems, []);

    let (part, catalog) = bench.open();
    assert_eq!(catalog.troubles, []);
    let expected =
        ["export/", "export/a.txt", "export/a/", "export/a/empty/", "export/a/photo.jpg", "export/grün", "export/link"];
    assert_eq!(paths(&catalog), expected);
    let photo = catalog.entries.get(4).unwrap();
    assert_eq!(photo.method, "stored");
    assert_eq!(photo.modified.as_deref(), Some("2024-01-01T00:00:00Z"));
    assert!(content(&part, 4).unwrap() == noise(3_000_000));
    let raw = catalog.entries.get(5).unwrap().path_bytes;
    assert_eq!(raw, Some(&b"export/gr\x81n"[..]));
    assert_eq!(catalog.entries.get(6).unwrap().kind, EntryKind::Link);
    let target = catalog.entries.get(6).unwrap().link_target;
    assert_eq!(target, Some("/etc/passwd"));
    // Another reader agrees.
    let file = fs::File::open(&bench.path).unwrap();
    assert_eq!(zip::ZipArchive::new(file).unwrap().len(), 7);
}

#[test]
fn the_same_folder_gives_the_same_bytes_wherever_the_container_lies() {
    let bench = Bench::new(b"");
    let folder = bench.folder.path().join("export");
    make(&folder);
    let first = bench.folder.path().join("one.zip");
    let second = bench.folder.path().join("two.zip");
    pack_folder(&folder, "x", &first, &|_, _, _| false, &|_| true).unwrap();
    pack_folder(&folder, "x/", &second, &|_, _, _| false, &|_| true).unwrap();
    assert!(fs::read(&first).unwrap() == fs::read(&second).unwrap());
    let inside = pack_folder(&folder, "x", &folder.join("in.zip"), &|_, _, _| false, &|_| true).unwrap();
    assert_eq!(inside.files, 3);
}

#[test]
fn sockets_are_problems_and_missing_folders_errors() {
    let bench = Bench::new(b"");
    let folder = bench.folder.path().join("export");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("kept"), b"1").unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(folder.join("s")).unwrap();
    let out = bench.folder.path().join("out.zip");
    let packed = pack_folder(&folder, "e", &out, &|_, _, _| false, &|_| true).unwrap();
    assert_eq!(packed.files, 1);
    assert_eq!(packed.problems.len(), 1);
    assert_eq!(packed.problems[0].0, "e/s");

    let again = pack_folder(&folder, "e", &out, &|_, _, _| false, &|_| true);
    assert!(again.unwrap_err().to_string().contains("Choose another"));
    let missing = bench.folder.path().join("missing");
    let other = bench.folder.path().join("other.zip");
    assert!(pack_folder(&missing, "e", &other, &|_, _, _| false, &|_| true).is_err());
    assert!(!other.exists());
}
