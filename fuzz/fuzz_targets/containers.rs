//! The readers of containers: an input is a part, which is opened, listed with the archives in it, and read.
#![no_main]

use flate2::write::GzEncoder;
use glasshouse_fuzz::{scratch, seeds};
use glasshouse_store::{Cache, Catalog, Limits, Part, sniff};
use libfuzzer_sys::fuzz_target;
use std::fs;
use std::io::{Cursor, Read, Write};
use std::path::Path;
use zip::write::SimpleFileOptions;
use zip::{AesMode, CompressionMethod};

/// Bounds that keep one input short; what lies beyond them is the same code again.
fn limits() -> Limits {
    Limits {
        entries: 2000,
        path_bytes: 1 << 20,
        nested_bytes: 8 << 20,
        memory_each: 1 << 16,
        memory_all: 1 << 20,
        ..Limits::default()
    }
}

const MOST_READ: u64 = 8 << 20;

fn open(folder: &Path, cache: &str, password: Option<&[u8]>) -> Option<(Part, Catalog)> {
    let path = folder.join("part");
    let container = sniff(&path).expect("a readable file");
    let cache = Cache { folder: &folder.join(cache), key: "key", seal: None };
    Part::open(&path, container, cache, &password.map(|p| p.to_vec().into()).into_iter().collect::<Vec<_>>(), &limits(), &|_| {}).ok()
}

fuzz_target!(
    init: seeds(|write| {
        let plain = SimpleFileOptions::default();
        let stored = plain.compression_method(CompressionMethod::Stored);
        let deflated = plain.compression_method(CompressionMethod::Deflated);
        let files: [(&str, &[u8]); 3] = [("a/b.txt", b"text text text text"), ("c.json", b"{}"), ("empty", b"")];
        let mut all = Vec::new();
        for options in [
            stored,
            deflated,
            plain.compression_method(CompressionMethod::Zstd),
            deflated.large_file(true),
            deflated.with_aes_encryption(AesMode::Aes256, "secret"),
        ] {
            all.push(zip_of(&files, options));
        }
        all.push(tar_of(&files));
        all.push(tar_of(&[(&"long/".repeat(60), b"deep")]));
        for inner in all.clone() {
            all.push(gzip_of(&inner));
            all.push(zip_of(&[("inner.zip", &inner), ("x", b"y")], deflated));
            all.push(zip_of(&[("inner.tgz", &gzip_of(&inner)), ("i.tar", &inner)], stored));
            all.push(tar_of(&[("inner.zip", &inner)]));
            // A zip without its directory, and one behind something else.
            all.push(inner[..inner.len() * 2 / 3].to_vec());
            all.push([b"#!/bin/sh\n".repeat(3), inner].concat());
        }
        all.push(b"plain".to_vec());
        all.push(Vec::new());
        all.iter().for_each(|bytes| write(bytes));
    }),
    |data: &[u8]| {
        let folder = scratch();
        fs::write(folder.path().join("part"), data).expect("a part");
        let Some((part, catalog)) = open(folder.path(), "cache", Some(b"secret")) else { return };
        for (index, entry) in catalog.entries.iter().enumerate() {
            assert!(entry.parent.is_none_or(|parent| parent < index), "a child stands before its archive");
        }
        for trouble in &catalog.troubles {
            assert!(trouble.entry.is_none_or(|index| index < catalog.entries.len()), "a trouble of no entry");
        }
        let mut left = MOST_READ;
        for index in 0..catalog.entries.len() {
            let Ok(reader) = part.read(index) else { continue };
            let mut content = Vec::new();
            let whole = reader.take(left).read_to_end(&mut content).is_ok();
            let entry = catalog.entries.get(index).unwrap();
            if whole && left > content.len() as u64 {
                assert_eq!(content.len() as u64, entry.size, "{} is read as whole", entry.path);
            }
            left = left.saturating_sub(content.len() as u64);
        }
        // The listing is a function of the bytes and the password, whether copies are kept or not.
        let again = open(folder.path(), "cache", Some(b"secret")).expect("it could be opened before").1;
        assert_eq!(again.entries, catalog.entries, "listed anew with copies at hand");
    }
);

fn zip_of(files: &[(&str, &[u8])], options: SimpleFileOptions) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, options).expect("an entry");
        writer.write_all(bytes).expect("in memory");
    }
    writer.finish().expect("in memory").into_inner()
}

fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *bytes).expect("in memory");
    }
    builder.into_inner().expect("in memory")
}

fn gzip_of(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("in memory");
    encoder.finish().expect("in memory")
}
