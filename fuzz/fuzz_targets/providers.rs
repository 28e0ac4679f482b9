//! Recognition, framing and parsing of every provider: one file of a fixture is replaced by what the fuzzer makes,
//! and the others stay beside it. The first line of an input is `provider/fixture/path`.
#![no_main]

use glasshouse_fuzz::{fixtures, mutate_rest, named, seeds, split};
use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use std::collections::BTreeMap;
use std::sync::LazyLock;
use support::{File, load, parse_all};

#[path = "../../crates/glasshouse-providers/tests/support/mod.rs"]
mod support;

static FIXTURES: LazyLock<BTreeMap<String, Vec<File>>> =
    LazyLock::new(|| fixtures().into_iter().map(|(name, folder)| (name, load(&folder.join("input")))).collect());

/// Returns the files of a case in which `bytes` stand where the name says.
fn files(name: &str, bytes: &[u8]) -> Vec<File> {
    let mut names = name.splitn(3, '/');
    let (provider, fixture, path) = (names.next(), names.next(), names.next());
    let fixture = provider.zip(fixture).and_then(|(p, f)| FIXTURES.get(&format!("{p}/{f}")));
    let mut files = fixture.cloned().unwrap_or_default();
    let path = path.unwrap_or(name);
    match files.iter_mut().find(|file| file.path == path) {
        Some(file) => file.bytes = bytes.to_vec(),
        None => files = vec![File { path: path.to_owned(), bytes: bytes.to_vec() }],
    }
    files
}

fuzz_target!(
    init: seeds(|write| {
        for (name, files) in FIXTURES.iter() {
            files.iter().for_each(|file| write(&named(&format!("{name}/{}", file.path), &file.bytes)));
        }
    }),
    |data: &[u8]| {
        let Some((name, bytes)) = split(data) else { return };
        let files = files(name, bytes);
        let outcome = parse_all(&files);
        outcome.to_json();
        for (_, record) in &outcome.records {
            assert!(!record.refs.is_empty(), "a record without bytes");
            for at in &record.refs {
                let size = files[at.entry.0 as usize].bytes.len() as u64;
                let end = at.locator.start.checked_add(at.locator.length);
                assert!(end.is_some_and(|end| end <= size), "{} beyond its entry", at.locator);
            }
        }
    }
);

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| { mutate_rest(data, size, max_size, seed) });
