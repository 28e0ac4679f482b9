use super::archives::{Archive, gzipped, tar, text, zip};
use super::writer::Writer;
use super::{copy, put, sha256};
use serde_json::json;
use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;
use tempfile::TempDir;

/// The event that another one erased.
pub const ERASED: u64 = 290;
/// The event that vouches for the part `evidence/s0001/part-0001`.
pub const PART: u64 = 2;
/// Events of the sample, and of its earlier state.
pub const EVENTS: usize = 613;
pub const EARLIER: usize = 520;

/// A case with everything in it, made once.
pub struct Sample {
    folder: TempDir,
    pub fingerprint: String,
    /// The erased payload, as somebody might bring it back.
    pub erased: Vec<u8>,
}

impl Sample {
    pub fn get() -> &'static Sample {
        static SAMPLE: OnceLock<Sample> = OnceLock::new();
        SAMPLE.get_or_init(make)
    }

    /// Returns a copy of the case to tamper with.
    pub fn case(&self) -> Copy {
        self.copy_of("case")
    }

    /// Returns a copy of the case as it was at `EARLIER` events.
    pub fn earlier(&self) -> Copy {
        self.copy_of("earlier")
    }

    /// Returns the file of the checkpoint kept at `EVENTS` or `EARLIER`.
    pub fn kept(&self, events: usize) -> String {
        self.folder.path().join(format!("kept-{events}")).display().to_string()
    }

    fn copy_of(&self, which: &str) -> Copy {
        let folder = tempfile::tempdir().expect("a folder");
        let case = folder.path().join("case");
        copy(&self.folder.path().join(which), &case);
        Copy { _folder: folder, path: case }
    }
}

/// A copy that goes away.
pub struct Copy {
    _folder: TempDir,
    pub path: PathBuf,
}

impl Copy {
    pub fn read(&self, path: &str) -> Vec<u8> {
        fs::read(self.path.join(path)).expect("a file")
    }

    pub fn write(&self, path: &str, bytes: &[u8]) {
        put(&self.path, path, bytes);
    }

    pub fn remove(&self, path: &str) {
        fs::remove_file(self.path.join(path)).expect("a file");
    }
}

fn make() -> Sample {
    let folder = tempfile::tempdir().expect("a folder");
    let case = folder.path().join("case");
    let mut writer = Writer::new(&case, 7, "copied");
    fill(&mut writer, 260);
    writer.show(300);
    let erased = fs::read(case.join(super::writer::payload_path(ERASED))).expect("a payload");
    writer.event("erasure", "record.erased", json!({}), &[ERASED]);
    fs::remove_file(case.join(super::writer::payload_path(ERASED))).expect("a payload");
    writer.show(EARLIER);
    fs::write(folder.path().join(format!("kept-{EARLIER}")), writer.sign()).expect("written");
    copy(&case, &folder.path().join("earlier"));
    writer.add("alteration", "work.saved", &[("work.sqlite", b"tags, and more tags")]);
    writer.show(EVENTS);
    fs::write(folder.path().join(format!("kept-{EVENTS}")), writer.sign()).expect("written");
    Sample { folder, fingerprint: writer.fingerprint(), erased }
}

/// Adds parts, a run and people's work, and shows records until there are `until` events.
pub fn fill(writer: &mut Writer, until: usize) {
    let inner = tar(&[("deep.txt", &text(3, 40)), ("deeper.txt", b"")], &[]);
    let inner_gz = gzipped(&inner);
    let middle = zip(&[("a.txt", &text(4, 50), true), ("inner.tgz", &inner_gz.bytes, false)], &[(1, &inner_gz)]);
    let files: [(&str, &[u8], bool); 4] = [
        ("one.json", &text(1, 3000), true),
        ("two.bin", &text(2, 100), false),
        ("middle.zip", &middle.bytes, true),
        ("inner.tar", &inner.bytes, false),
    ];
    let mut part = zip(&files, &[(2, &middle), (3, &inner)]);
    part.lines.push(json!({"path": "odd", "kind": "file", "method": "zstd", "offset": 0, "csize": 0, "size": 0, "sha256": sha256(b"")}));
    part.lines
        .push(json!({"path": "folder/", "kind": "folder", "method": "stored", "offset": 0, "csize": 0, "size": 0}));
    assert_eq!(preserve(writer, "s0001", 1, "zip", &part, 0), PART);
    let outer =
        gzipped(&tar(&[("x", &text(5, 9)), ("middle.zip", &middle.bytes), ("y", &text(6, 900))], &[(1, &middle)]));
    let first = part.lines.len() as u64;
    preserve(writer, "s0001", 2, "tar.gz", &outer, first);
    let first = first + outer.lines.len() as u64;
    let content = text(9, 10);
    let whole = json!({"path": "mail.mbox", "kind": "file", "method": "file", "offset": 0, "csize": content.len(),
        "size": content.len(), "sha256": sha256(&content)});
    preserve(writer, "s0002", 1, "file", &Archive { bytes: content, lines: vec![whole] }, first);
    let run = json!({"run": "r0001", "started": "", "finished": "", "tool": "test 1", "formats": {}, "records": 1,
        "warnings": 0, "segments": [{"path": "runs/r0001/segments/000000", "rows": 1, "text": false}]});
    let run = run.to_string().into_bytes();
    let files: [(&str, &[u8]); 2] =
        [("runs/r0001/run.json", &run), ("runs/r0001/segments/000000/records.parquet", b"PAR1 and so on")];
    writer.add("alteration", "run.completed", &files);
    writer.add("alteration", "work.saved", &[("work.sqlite", b"tags")]);
    writer.show(until);
}

/// Preserves a part and returns its event.
pub fn preserve(writer: &mut Writer, source: &str, number: u32, container: &str, archive: &Archive, first: u64) -> u64 {
    let path = format!("evidence/{source}/part-{number:04}");
    let about = about(source, number, container, archive, first);
    let files: [(&str, &[u8]); 3] = [
        (&path, &archive.bytes),
        (&format!("{path}.json"), &about),
        (&format!("{path}.manifest.jsonl"), &archive.manifest(first)),
    ];
    writer.add("collection", "part.preserved", &files)
}

/// Returns the description of a part.
pub fn about(source: &str, number: u32, container: &str, archive: &Archive, first: u64) -> Vec<u8> {
    let part = json!({"number": number, "name": "export", "container": container, "size": archive.bytes.len(),
        "sha256": sha256(&archive.bytes), "added": "2026-11-21T09:00:00Z", "first_entry": first,
        "entries": archive.lines.len()});
    let about = json!({"source": source, "series": "export", "authority": "self", "part": part});
    about.to_string().into_bytes()
}
