//! Containers as they come: whole, odd, damaged and hostile.

mod damage;
mod hostile;
mod nested;
mod pack;
mod tar_part;
mod zip_part;

use glasshouse_store::{Cache, Catalog, Container, Limits, Part, StoreError, sniff};
use std::io::{Cursor, Read, Write};
use std::path::PathBuf;
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

/// A part on disk with its cache.
struct Bench {
    folder: tempfile::TempDir,
    path: PathBuf,
}

impl Bench {
    fn new(bytes: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("part.bin");
        std::fs::write(&path, bytes).unwrap();
        Self { folder, path }
    }

    fn cache(&self) -> PathBuf {
        self.folder.path().join("cache")
    }

    fn try_open(&self, password: Option<&[u8]>, limits: &Limits) -> Result<(Part, Catalog), StoreError> {
        let container = sniff(&self.path).unwrap();
        let cache = self.cache();
        Part::open(
            &self.path,
            container,
            Cache { folder: &cache, key: "key", seal: None },
            &password.map(|p| p.to_vec().into()).into_iter().collect::<Vec<_>>(),
            limits,
            &|_| {},
        )
    }

    fn open(&self) -> (Part, Catalog) {
        self.try_open(None, &Limits::default()).unwrap()
    }

    fn kind(&self) -> Container {
        sniff(&self.path).unwrap()
    }
}

fn paths(catalog: &Catalog) -> Vec<&str> {
    catalog.entries.iter().map(|e| e.path).collect()
}

fn codes(catalog: &Catalog) -> Vec<&str> {
    catalog.troubles.iter().map(|t| t.code).collect()
}

fn content(part: &Part, index: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    part.read(index).unwrap().read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn stored() -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(CompressionMethod::Stored)
}

fn deflated() -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(CompressionMethod::Deflated)
}

fn zip_of(files: &[(&str, &[u8])], options: SimpleFileOptions) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mtime(1_704_067_200);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

fn gzip_of(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Bytes that do not compress well and are the same every time.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..len).map(|_| next()).collect()
}

fn find(bytes: &[u8], what: &[u8]) -> usize {
    bytes.windows(what.len()).position(|w| w == what).unwrap()
}

fn rfind(bytes: &[u8], what: &[u8]) -> usize {
    bytes.windows(what.len()).rposition(|w| w == what).unwrap()
}
