//! Recognition over hostile paths: each line of an input is an entry, its path, a tab, and its first bytes.
#![no_main]

use glasshouse_fuzz::{fixtures, seeds};
use glasshouse_model::EntryId;
use glasshouse_providers::{Tree, TreeEntry, providers};
use libfuzzer_sys::fuzz_target;
use std::fmt::Write;
use support::load;

#[path = "../../crates/glasshouse-providers/tests/support/mod.rs"]
mod support;

fuzz_target!(
    init: seeds(|write| {
        for (_, folder) in fixtures() {
            let mut lines = String::new();
            for file in load(&folder.join("input")) {
                let head: String = String::from_utf8_lossy(&file.bytes).chars().take(80).collect();
                let _ = writeln!(lines, "{}\t{}", file.path, head.replace('\n', " "));
            }
            write(lines.as_bytes());
        }
    }),
    |data: &[u8]| {
        let text = String::from_utf8_lossy(data);
        let mut lines: Vec<_> = text.lines().map(|line| line.split_once('\t').unwrap_or((line, ""))).collect();
        lines.sort_unstable();
        let entries = lines.iter().zip(0..).map(|((path, head), id)| TreeEntry {
            id: EntryId(id),
            path,
            size: head.len() as u64,
            crc32: None,
            part: id % 3,
        });
        let entries: Vec<_> = entries.collect();
        let head = |id: EntryId| lines[id.0 as usize].1.as_bytes().to_vec();
        let tree = Tree::new(&entries, &head);
        for provider in providers() {
            for claim in provider.recognise(&tree) {
                let named = [claim.main].into_iter().chain(claim.companions).chain(claim.copies);
                for id in named {
                    assert!((id.0 as usize) < entries.len(), "{} claims what is not there", provider.manifest().id);
                }
                assert!(provider.manifest().formats.iter().any(|f| f.id == claim.format), "no such format");
            }
        }
    }
);
