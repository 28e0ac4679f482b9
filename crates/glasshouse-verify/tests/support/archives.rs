//! Containers made by hand, with the lines of their manifests.

use super::sha256;
use flate2::{Compression, GzBuilder, write::DeflateEncoder};
use serde_json::{Value, json};
use std::io::Write;

/// A container's bytes and the lines of its manifest.
pub struct Archive {
    pub bytes: Vec<u8>,
    pub lines: Vec<Value>,
}

impl Archive {
    /// Returns the manifest as a file, its entries numbered from `first`.
    pub fn manifest(&self, first: u64) -> Vec<u8> {
        let mut text = String::new();
        for (number, line) in (first..).zip(&self.lines) {
            let mut line = line.clone();
            line["entry"] = json!(number);
            if let Some(parent) = line["parent"].as_u64() {
                line["parent"] = json!(first + parent);
            }
            text += &format!("{line}\n");
        }
        text.into_bytes()
    }

    /// Puts the entries of `inner` behind the last line, whose content `inner` is.
    fn nest(&mut self, inner: &Archive) {
        let outer = self.lines.len() - 1;
        for line in &inner.lines {
            let mut line = line.clone();
            let parent = line["parent"].as_u64().map_or(outer, |parent| outer + 1 + parent as usize);
            line["parent"] = json!(parent);
            line["path"] = json!(format!("{}!/{}", self.lines[outer]["path"].as_str().expect("a path"), line["path"]));
            self.lines.push(line);
        }
    }
}

/// Returns a zip (local headers only: neither verifier looks further) of files, deflated or stored.
pub fn zip(files: &[(&str, &[u8], bool)], nested: &[(usize, &Archive)]) -> Archive {
    let mut archive = Archive { bytes: Vec::new(), lines: Vec::new() };
    for (index, (path, content, deflate)) in files.iter().enumerate() {
        let data = if *deflate { deflated(content) } else { content.to_vec() };
        archive.bytes.extend(b"PK\x03\x04");
        archive.bytes.extend([0; 26]);
        archive.bytes.extend(path.as_bytes());
        let method = if *deflate { "deflate" } else { "stored" };
        archive.lines.push(line(path, method, archive.bytes.len(), data.len(), content));
        archive.bytes.extend(&data);
        for (_, inner) in nested.iter().filter(|(outer, _)| *outer == index) {
            archive.nest(inner);
        }
    }
    archive
}

/// Returns a tar of files.
pub fn tar(files: &[(&str, &[u8])], nested: &[(usize, &Archive)]) -> Archive {
    let mut archive = Archive { bytes: Vec::new(), lines: Vec::new() };
    for (index, (path, content)) in files.iter().enumerate() {
        let mut header = path.as_bytes().to_vec();
        header.resize(512, 0);
        archive.bytes.extend(header);
        archive.lines.push(line(path, "tar", archive.bytes.len(), content.len(), content));
        archive.bytes.extend(*content);
        archive.bytes.resize(archive.bytes.len().next_multiple_of(512), 0);
        for (_, inner) in nested.iter().filter(|(outer, _)| *outer == index) {
            archive.nest(inner);
        }
    }
    archive.bytes.extend([0; 1024]);
    archive
}

/// Returns the same archive gzipped: its entries keep their offsets, which count in what it inflates to.
pub fn gzipped(archive: &Archive) -> Archive {
    let mut gz = GzBuilder::new().filename("export.tar").write(Vec::new(), Compression::default());
    gz.write_all(&archive.bytes).expect("memory");
    Archive { bytes: gz.finish().expect("memory"), lines: archive.lines.clone() }
}

/// Returns content that deflates well and not too well.
pub fn text(seed: u32, lines: u32) -> Vec<u8> {
    (0..lines).flat_map(|n| format!("{seed} {} line {n}\n", n.wrapping_mul(seed | 1)).into_bytes()).collect()
}

fn line(path: &str, method: &str, offset: usize, csize: usize, content: &[u8]) -> Value {
    json!({
        "path": path, "kind": "file", "method": method, "offset": offset, "csize": csize,
        "size": content.len(), "sha256": sha256(content),
    })
}

fn deflated(content: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).expect("memory");
    encoder.finish().expect("memory")
}
