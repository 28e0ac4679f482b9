//! Cases written by the code that ships, checked by both verifiers.

mod support;

use flate2::{Compression, write::GzEncoder};
use glasshouse_layout::{EntryLine, Kind, PartInfo, Payload, SourceFile, hex, paths};
use glasshouse_store::{
    Actor, Cache, Case, Container, EntryKind, Event, Limits, Part, copy_part, hash_file, pack_folder, sniff,
};
use serde_json::Value;
use std::fs;
use std::io::{Cursor, Read, Write};
use std::path::Path;
use support::archives::text;
use support::{both_find, put, sha256};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

fn actor() -> Actor {
    Actor { who: "somebody".into(), place: "somewhere".into() }
}

fn zipped(files: &[(&str, &[u8], CompressionMethod)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content, method) in files {
        zip.start_file(*name, SimpleFileOptions::default().compression_method(*method)).expect("a header");
        zip.write_all(content).expect("memory");
    }
    zip.finish().expect("memory").into_inner()
}

fn tarred(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o600);
        tar.append_data(&mut header, name, *content).expect("memory");
    }
    tar.into_inner().expect("memory")
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut gz = GzEncoder::new(Vec::new(), Compression::default());
    gz.write_all(bytes).expect("memory");
    gz.finish().expect("memory")
}

/// Adds a part as the engine does and returns how many entries it has.
fn preserve(case: &Case, number: u32, given: &Path, first: u32) -> u32 {
    let root = case.root();
    let path = paths::part("s0001", number);
    let place = root.join(&path);
    fs::create_dir_all(place.parent().expect("a parent")).expect("a folder");
    let container = if given.is_dir() {
        pack_folder(given, "folder", &place, &|_, _, _| false, &|_| true).expect("packed");
        "folder"
    } else {
        copy_part(given, &place, &|_| true).expect("copied");
        sniff(&place).expect("sniffed").as_str()
    };
    let kind = sniff(&place).unwrap_or(Container::File);
    let open = |kind| {
        Part::open(
            &place,
            kind,
            Cache { folder: &root.join("cache"), key: &number.to_string(), seal: None },
            &[],
            &Limits::default(),
            &|_| (),
        )
    };
    // What cannot be listed as what it seems is held as one file.
    let (part, catalog) = open(kind).or_else(|_| open(Container::File)).expect("a part");
    let mut manifest = String::new();
    for (index, entry) in catalog.entries.iter().enumerate() {
        let mut content = Vec::new();
        let read = entry.kind == EntryKind::File
            && part.read(index).is_ok_and(|mut reader| reader.read_to_end(&mut content).is_ok());
        let line = EntryLine {
            entry: first + index as u32,
            path: entry.path.to_owned(),
            path_bytes: None,
            kind: if entry.kind == EntryKind::File { "file" } else { "folder" }.into(),
            parent: entry.parent.map(|parent| first + parent as u32),
            method: entry.method.to_owned(),
            offset: entry.offset,
            csize: entry.csize,
            size: entry.size,
            crc32: entry.crc32.map(|crc| format!("{crc:08x}")),
            sha256: read.then(|| sha256(&content)),
            mime: None,
            modified: entry.modified.map(str::to_owned),
            link_target: None,
            encrypted: entry.encrypted,
            problem: entry.problem.map(str::to_owned),
            cut: None,
        };
        manifest += &format!("{}\n", serde_json::to_string(&line).expect("JSON"));
    }
    let (hash, size) = hash_file(&place, &|_| ()).expect("hashed");
    let entries = catalog.entries.len() as u32;
    let part = PartInfo {
        number,
        name: "export".into(),
        container: container.into(),
        size,
        sha256: hex(hash),
        content: None,
        added: glasshouse_store::now(),
        external: None,
        opened: None,
        first_entry: first,
        entries,
        replaces: None,
    };
    let about =
        SourceFile { source: "s0001".into(), series: "export".into(), authority: "self".into(), account: None, part };
    let (about_path, manifest_path) = (paths::source_file("s0001", number), paths::manifest("s0001", number));
    put(root, &about_path, &serde_json::to_vec(&about).expect("JSON"));
    put(root, &manifest_path, manifest.as_bytes());
    let files = [path, about_path, manifest_path].iter().map(|path| case.hash(path).expect("hashed")).collect();
    case.append(&[case.event(Kind::Collection, "part.preserved", files, Value::Null)]).expect("logged");
    entries
}

fn show(case: &Case, count: u64) {
    let event = |_| case.event(Kind::Consultation, "record.shown", Vec::new(), Value::Null);
    case.append(&(0..count).map(event).collect::<Vec<Event>>()).expect("logged");
}

#[test]
fn what_is_written_is_proven_down_to_the_entries() {
    let folder = tempfile::tempdir().expect("a folder");
    let (deflate, store) = (CompressionMethod::Deflated, CompressionMethod::Stored);
    let big = text(7, 700_000);
    let tgz = gzipped(&tarred(&[("t/one", &text(1, 30)), ("t/two", &text(2, 3000))]));
    let inner = zipped(&[("a", &text(3, 500), deflate), ("b.tgz", &tgz, store)]);
    let outer = zipped(&[
        ("big.json", &big, deflate),
        ("inner.zip", &inner, deflate),
        ("same.zip", &inner, store),
        ("z", b"", store),
    ]);
    let outer_tgz = gzipped(&tarred(&[("one", &text(4, 9)), ("inner.zip", &inner), ("big", &big)]));
    put(folder.path(), "folder/x/y", &text(5, 5));
    put(folder.path(), "folder/inner.zip", &inner);
    let given = [
        put(folder.path(), "export.zip", &outer),
        put(folder.path(), "export.tgz", &outer_tgz),
        put(folder.path(), "export.tar", &tarred(&[("one", &text(6, 9)), ("b.tgz", &tgz)])),
        put(folder.path(), "mail.mbox", &text(8, 100)),
        folder.path().join("folder"),
    ];
    let root = folder.path().join("case");
    let case = Case::create(&root, "A case", "copied", actor()).expect("made");
    let mut entries = 0;
    for (number, given) in (1..).zip(&given) {
        entries += preserve(&case, number, given, entries);
    }
    show(&case, 300);
    let kept = case.checkpoint().expect("a checkpoint");
    let kept = put(folder.path(), "kept", kept.as_bytes()).display().to_string();
    drop(case);
    let case = Case::open(&root, actor()).expect("opened");
    show(&case, 1);
    show(&case, 290);
    drop(case);
    let said = both_find("written", &root, &["--deep", "--against", &kept], &[]);
    assert!(said.notes.is_empty(), "{}", said.text);
    let last = said.text.lines().last().expect("a line");
    assert!(last.starts_with("proven: 598 events, 5 parts") && last.contains(" hashed, of 0 not"), "{last}");
    // Were nothing inflated, this would hold, too.
    assert!(entries > 25 && last.contains(&format!("{entries} entries;")), "{entries}: {last}");

    let part = root.join(paths::part("s0001", 1));
    let mut bytes = fs::read(&part).expect("a part");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&part, bytes).expect("written");
    both_find("changed", &root, &["--deep", "--against", &kept], &["altered evidence/s0001/part-0001"]);
}

/// Damaged parts are kept as they are, and what could be read of them is proven like anything else.
#[test]
fn damaged_parts_are_proven_as_far_as_they_were_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let (deflate, store) = (CompressionMethod::Deflated, CompressionMethod::Stored);
    let files: [(&str, &[u8]); 3] = [("one", &text(1, 3000)), ("two", &text(2, 3000)), ("three", &text(3, 9000))];
    let tgz = gzipped(&tarred(&files));
    let cut = &tgz[..tgz.len() / 2];
    let zip = zipped(&[("a", &text(4, 900), deflate), ("cut.tgz", cut, store), ("b", &text(5, 900), deflate)]);
    let mut streamed = ZipWriter::new_stream(Vec::new());
    for (name, content) in files {
        streamed.start_file(name, SimpleFileOptions::default()).expect("a header");
        streamed.write_all(content).expect("memory");
    }
    let streamed = streamed.finish().expect("memory").into_inner();
    let mut flipped = zip.clone();
    flipped[60] ^= 0x55;
    let mut broken = tgz.clone();
    broken[tgz.len() * 2 / 3] ^= 0x24;
    let given = [
        put(folder.path(), "cut.tgz", cut),
        put(folder.path(), "broken.tgz", &broken),
        put(folder.path(), "broken-inside.zip", &zipped(&[("broken.tgz", &broken, deflate)])),
        put(folder.path(), "whole.zip", &zip),
        put(folder.path(), "flipped.zip", &flipped),
        put(folder.path(), "no-directory.zip", &zip[..zip.len() - 200]),
        put(folder.path(), "streamed.zip", &streamed),
        put(folder.path(), "streamed-cut.zip", &streamed[..streamed.len() - 150]),
        put(folder.path(), "nothing.zip", b"PK\x03\x04"),
        put(folder.path(), "padded.tgz", &[&tgz[..], &[0; 700]].concat()),
        put(folder.path(), "followed.tgz", &[&tgz[..], b"else"].concat()),
        put(folder.path(), "cut.tar", &tarred(&files)[..150_000]),
        put(folder.path(), "empty", b""),
    ];
    let root = folder.path().join("case");
    let case = Case::create(&root, "A case", "copied", actor()).expect("made");
    let mut entries = 0;
    for (number, given) in (1..).zip(&given) {
        entries += preserve(&case, number, given, entries);
    }
    drop(case);
    let said = both_find("damaged", &root, &["--deep"], &[]);
    let last = said.text.lines().last().expect("a line");
    assert!(last.contains("13 parts") && entries > 20, "{last}");
}

#[test]
fn what_is_erased_is_told_from_what_is_missing() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("case");
    let case = Case::create(&root, "A case", "copied", actor()).expect("made");
    show(&case, 3);
    let payload = Payload { who: "somebody".into(), ..Payload::default() };
    case.append(&[Event {
        kind: Kind::Erasure,
        action: "record.erased",
        payload,
        erases: vec![3],
        content: Default::default(),
    }])
    .expect("logged");
    fs::remove_file(root.join(paths::payload(3))).expect("removed");
    both_find("erased", &root, &[], &[]);
    fs::remove_file(root.join(paths::payload(4))).expect("removed");
    both_find("missing", &root, &[], &["missing log/payload/0/004"]);
}

/// A write that was cut off before its checkpoint, and a case that goes on afterwards, is no tampering.
#[test]
fn a_write_that_was_cut_off_is_no_fault() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("case");
    let case = Case::create(&root, "A case", "copied", actor()).expect("made");
    let before = fs::read(root.join(paths::CHECKPOINT)).expect("a checkpoint");
    show(&case, 1);
    drop(case);
    fs::write(root.join(paths::CHECKPOINT), before).expect("written");
    both_find("cut off", &root, &[], &[]);
    let case = Case::open(&root, actor()).expect("opened");
    show(&case, 5);
    drop(case);
    both_find("went on", &root, &[], &[]);
}
