//! Lenses that a user hands over, and what they read: the first line of an input is the path of an entry; the lens
//! follows, up to a line of `=====`, and then the entry.
#![no_main]

use glasshouse_fuzz::{crate_folder, fixtures, mutate_rest, named, seeds, split};
use glasshouse_model::{EntryId, canonical_json};
use glasshouse_providers::framing::frame_all;
use glasshouse_providers::{Frame, Opened, Sink, Tree, TreeEntry, lens};
use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use std::fs;
use support::load;

#[path = "../../crates/glasshouse-providers/tests/support/mod.rs"]
mod support;

const BETWEEN: &str = "\n=====\n";

fuzz_target!(
    init: seeds(|write| {
        for (name, folder) in fixtures() {
            let provider = name.split('/').next().unwrap_or_default();
            let Ok(lenses) = fs::read_dir(crate_folder("glasshouse-providers").join("lenses").join(provider)) else { continue };
            let lenses: Vec<_> = lenses.filter_map(|l| fs::read_to_string(l.ok()?.path()).ok()).filter(|t| t.contains("provider =")).collect();
            for file in load(&folder.join("input")) {
                let end = file.path.rsplit('/').next().unwrap_or_default().split('.').next().unwrap_or_default().to_lowercase();
                for lens in lenses.iter().filter(|lens| lenses.len() < 4 || lens.to_lowercase().contains(&end)) {
                    // Shipped names are taken.
                    let lens = lens.replacen(&format!("provider = \"{provider}\""), "provider = \"own\"", 1);
                    let entry = &file.bytes[..file.bytes.len().min(2048)];
                    write(&named(&file.path, &[lens.as_bytes(), BETWEEN.as_bytes(), entry].concat()));
                }
            }
        }
    }),
    |data: &[u8]| {
        let Some((path, rest)) = split(data) else { return };
        let text = String::from_utf8_lossy(rest);
        let (text, bytes) = text.split_once(BETWEEN).unwrap_or((&text, ""));
        let Ok(provider) = lens::load(text, "own.toml") else { return };
        let bytes = bytes.as_bytes();
        let entries = [TreeEntry { id: EntryId(0), path: path.into(), size: bytes.len() as u64, crc32: None, part: 0 }];
        let head = |_| bytes[..bytes.len().min(Tree::HEAD)].to_vec();
        for claim in provider.recognise(&Tree::new(&entries, &head)) {
            let (spans, _) = frame_all(claim.framing, bytes);
            let mut sink = Sink::new();
            for span in &spans {
                let frame = Frame {
                    name: &span.name,
                    element: span.element,
                    index: span.index,
                    offset: span.start,
                    bytes: &bytes[span.start as usize..span.end as usize],
                    truncated: span.truncated,
                };
                let opened = Opened {
                    claim: &claim,
                    entry: &entries[0],
                    frames: &[frame],
                    companions: &[],
                    head: &bytes[..bytes.len().min(Opened::HEAD)],
                    survey: &[],
                    positioned: None,
                    decoder: &glasshouse_providers::formats::exif::Here,
                };
                provider.parse(&opened, &mut sink);
            }
            for record in sink.records() {
                canonical_json(provider.manifest().id, record, &|_| path);
                for at in &record.refs {
                    let end = at.locator.start.checked_add(at.locator.length);
                    assert!(end.is_some_and(|end| end <= bytes.len() as u64), "{} beyond its entry", at.locator);
                }
            }
        }
    }
);

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| { mutate_rest(data, size, max_size, seed) });
