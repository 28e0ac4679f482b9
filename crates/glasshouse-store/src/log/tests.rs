use super::*;
use tlog_tiles::TileHashReader;

fn event(n: u64) -> Event {
    let payload = Payload { detail: serde_json::json!({ "n": n }), ..Payload::default() };
    let content = BTreeMap::from([("query", format!("words {n}"))]);
    Event { kind: Kind::Consultation, action: "record.shown", payload, erases: Vec::new(), content }
}

/// An event that is no look, and so brings everything to the disk.
fn change(n: u64) -> Event {
    Event { kind: Kind::Alteration, action: "work.saved", ..event(n) }
}

#[test]
fn events_survive_reopening_at_every_size_around_a_tile() {
    let folder = tempfile::tempdir().expect("a folder");
    let (keys, public) = Keys::generate("glasshouse.test/log").expect("keys");
    let mut log = Log::create(folder.path(), "glasshouse.test/log", &keys);
    let mut size = 0;
    for batch in [1u64, 1, 253, 1, 1, 255, 2] {
        let events: Vec<_> = (0..batch).map(|i| event(size + i)).collect();
        assert_eq!(log.append(&events).expect("appended"), size);
        size += batch;
        log = Log::open(folder.path(), "glasshouse.test/log", &public, &keys).expect("opens again");
        assert_eq!(log.size(), size);
        let read = read_events(folder.path(), "glasshouse.test/log", &public).expect("readable");
        assert_eq!(read.len() as u64, size);
        for (n, (leaf, payload)) in (0..).zip(&read) {
            assert_eq!(leaf.seq, n);
            assert_eq!(payload.as_ref().map(|p| p.detail["n"].as_u64()), Some(Some(n)));
            let sealed = read_sealed(folder.path(), n, payload.as_ref().expect("a payload"));
            assert_eq!(sealed["query"].text, format!("words {n}"));
        }
    }
    log.append(&[change(size)]).expect("appended");
    assert!(!folder.path().join("log/tile/0/000.p").exists());
    assert_eq!(fs::read(folder.path().join(paths::AHEAD)).expect("there").len(), 0, "all is in its place");
    let (_, other) = Keys::generate("glasshouse.test/log").expect("keys");
    assert!(Log::open(folder.path(), "glasshouse.test/log", &other, &keys).is_err(), "another key");
}

/// What a crash leaves beyond the checkpoint is no part of the log and does not stop it.
#[test]
fn leftovers_of_a_crash_are_written_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let (keys, public) = Keys::generate("glasshouse.test/log").expect("keys");
    let mut log = Log::create(folder.path(), "glasshouse.test/log", &keys);
    log.append(&(0..255).map(change).collect::<Vec<_>>()).expect("appended");
    let kept = fs::read(folder.path().join(paths::CHECKPOINT)).expect("a checkpoint");
    log.append(&[change(255), change(256)]).expect("appended");
    fs::write(folder.path().join(paths::CHECKPOINT), kept).expect("rolled back");
    let mut log = Log::open(folder.path(), "glasshouse.test/log", &public, &keys).expect("opens");
    assert_eq!(log.size(), 255);
    log.append(&[change(1000)]).expect("appended");
    let log = Log::open(folder.path(), "glasshouse.test/log", &public, &keys).expect("opens");
    assert_eq!(log.size(), 256);
}

/// The tiles on disk satisfy the library's own tile reader, which knows nothing of this writer.
#[test]
fn tiles_prove_the_root() {
    struct Disk(PathBuf);
    impl tlog_tiles::TileReader for Disk {
        fn height(&self) -> u8 {
            TILE_HEIGHT
        }
        fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
            let read = |t: &Tile| fs::read(self.0.join(paths::tile(t.level(), t.level_index(), t.width())));
            tiles.iter().map(|t| read(t).map_err(|_| tlog_tiles::Error::IndexesNotInTree)).collect()
        }
        fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (keys, _) = Keys::generate("glasshouse.test/log").expect("keys");
    let mut log = Log::create(folder.path(), "glasshouse.test/log", &keys);
    log.append(&(0..600).map(event).collect::<Vec<_>>()).expect("appended");
    let disk = Disk(folder.path().to_path_buf());
    let reader = TileHashReader::new(600, log.root().expect("a root"), &disk);
    for n in [0, 1, 255, 256, 511, 512, 599] {
        let index = tlog_tiles::stored_hash_index(0, n);
        let hash = reader.read_hashes(&[index]).expect("proven by the tiles")[0];
        let leaves = read_leaves(folder.path(), 600).expect("leaves");
        assert_eq!(hash, record_hash(&leaves[n as usize]));
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").map(|e| e.expect("an entry")) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).expect("copied");
        }
    }
}

/// Every file of a log, without what is written ahead and partial tiles that a fuller one stands for.
fn files(folder: &Path, size: u64) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.join("log")];
    while let Some(next) = folders.pop() {
        for path in fs::read_dir(next).expect("a folder").map(|e| e.expect("an entry").path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let inside = path.strip_prefix(folder).expect("inside").to_path_buf();
            let text = inside.to_string_lossy().into_owned();
            let newest = text.ends_with(&format!(".p/{}", size % TILE_WIDTH)) || !text.contains(".p/");
            if newest && text != paths::AHEAD {
                found.insert(inside, fs::read(path).expect("readable"));
            }
        }
    }
    found
}

/// Has the file say that it was begun before the system was last started, as it is after a power cut.
fn of_another_start(case: &Path) {
    let path = case.join(paths::AHEAD);
    let bytes = fs::read(&path).expect("there");
    let first = bytes.iter().position(|b| *b == b'\n').expect("a line");
    let begin: Begin = serde_json::from_slice(&bytes[65..first]).expect("its beginning");
    let mut lines = Vec::new();
    crate::ahead::line(&mut lines, &Begin { boot: "another".into(), ..begin }).expect("written");
    lines.extend_from_slice(&bytes[first + 1..]);
    fs::write(path, lines).expect("written");
}

/// Of looks nothing but the one file may have reached the disk when the power goes.
#[test]
fn looks_come_back_after_a_power_cut() {
    let keep = tempfile::tempdir().expect("a folder");
    let (live, durable) = (keep.path().join("live"), keep.path().join("durable"));
    let origin = "glasshouse.test/log";
    let (keys, public) = Keys::generate(origin).expect("keys");
    let mut log = Log::create(&live, origin, &keys);
    log.append(&(0..3).map(change).collect::<Vec<_>>()).expect("appended");
    copy(&live, &durable);
    copy(&live, &keep.path().join("before"));
    let mut sizes = vec![3];
    for batch in [1u64, 2, 249, 1, 1, 2] {
        log.append(&(0..batch).map(event).collect::<Vec<_>>()).expect("appended");
        sizes.push(log.size());
    }
    assert_eq!(log.size(), 259);
    let whole = fs::read(live.join(paths::AHEAD)).expect("written ahead");

    // All of it came to the disk.
    fs::write(durable.join(paths::AHEAD), &whole).expect("written");
    of_another_start(&durable);
    let cut = fs::read(durable.join(paths::AHEAD)).expect("there");
    let opened = Log::open(&durable, origin, &public, &keys).expect("opens");
    assert_eq!(opened.size(), 259);
    assert_eq!(files(&durable, 259), files(&live, 259));
    assert_eq!(fs::read(durable.join(paths::AHEAD)).expect("there").len(), 0);

    // A line that did not come to the disk whole was never answered.
    let ends: Vec<usize> = (0..).zip(&cut).filter(|(_, b)| **b == b'\n').map(|(at, _)| at + 1).collect();
    for (lines, end) in (1..).zip(&ends) {
        for torn in [0, 200] {
            let again = keep.path().join(format!("again {lines} {torn}"));
            copy(&keep.path().join("before"), &again);
            fs::write(again.join(paths::AHEAD), &cut[..(end + torn).min(cut.len())]).expect("written");
            let log = Log::open(&again, origin, &public, &keys).expect("opens");
            let whole = if end + torn >= cut.len() { ends.len() - 1 } else { lines - 1 };
            assert_eq!(log.size(), sizes[whole], "{lines} lines and {torn} bytes");
            read_events(&again, origin, &public).expect("readable");
        }
    }

    // A process that was killed before it moved the checkpoint into place.
    let older = serde_json::from_slice::<Begin>(&cut[65..ends[0] - 1]).expect("its beginning").checkpoint;
    fs::write(live.join(paths::CHECKPOINT), older).expect("written");
    assert_eq!(Log::open(&live, origin, &public, &keys).expect("opens").size(), 259);
}

/// What somebody else wrote there is not signed, and is not taken.
#[test]
fn what_is_written_ahead_is_taken_if_the_case_signed_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let origin = "glasshouse.test/log";
    let (keys, public) = Keys::generate(origin).expect("keys");
    let mut log = Log::create(folder.path(), origin, &keys);
    log.append(&[change(0)]).expect("appended");
    log.append(&[event(1)]).expect("appended");
    of_another_start(folder.path());
    let path = folder.path().join(paths::AHEAD);
    let kept = fs::read(&path).expect("there");
    let first = kept.iter().position(|b| *b == b'\n').expect("a line") + 1;
    let commit: Commit = serde_json::from_slice(&kept[first + 65..kept.len() - 1]).expect("a commit");
    for what in ["leaf", "more"] {
        let mut changed = commit.clone();
        match what {
            "leaf" => changed.events[0].leaf = changed.events[0].leaf.replace("record.shown", "search.run  "),
            _ => changed.events.push(commit.events[0].clone()),
        }
        let mut bytes = kept[..first].to_vec();
        crate::ahead::line(&mut bytes, &changed).expect("written");
        fs::write(&path, bytes).expect("written");
        assert!(Log::open(folder.path(), origin, &public, &keys).is_err(), "{what}");
    }
    fs::write(&path, kept).expect("written");
    assert_eq!(Log::open(folder.path(), origin, &public, &keys).expect("opens").size(), 2);
}

/// The content of looks is erased by who erases their files, also here.
#[test]
fn what_is_written_ahead_goes_when_all_is_in_its_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let (keys, public) = Keys::generate("glasshouse.test/log").expect("keys");
    let mut log = Log::create(folder.path(), "glasshouse.test/log", &keys);
    log.append(&[change(0)]).expect("appended");
    log.append(&[event(1)]).expect("appended");
    assert!(String::from_utf8_lossy(&fs::read(folder.path().join(paths::AHEAD)).expect("there")).contains("words 1"));
    // Another process goes on, and erases.
    let mut log = Log::open(folder.path(), "glasshouse.test/log", &public, &keys).expect("opens");
    fs::remove_file(folder.path().join(paths::sealed(1))).expect("removed");
    let mut erasure = change(2);
    erasure.payload.unsealed = vec![1];
    erasure.kind = Kind::Erasure;
    log.append(&[erasure]).expect("appended");
    assert_eq!(fs::read(folder.path().join(paths::AHEAD)).expect("there").len(), 0);
    Log::open(folder.path(), "glasshouse.test/log", &public, &keys).expect("opens");
    assert!(!folder.path().join(paths::sealed(1)).exists());
}
