//! Framing: frames lie in order within the entry, and do not depend on how its bytes arrive. The first byte of an
//! input chooses the framing, the second how many bytes arrive at a time.
#![no_main]

use glasshouse_fuzz::{fixtures, seeds};
use glasshouse_model::Framing;
use glasshouse_providers::framing::{Span, frame_all, framer};
use libfuzzer_sys::fuzz_target;
use support::load;

#[path = "../../crates/glasshouse-providers/tests/support/mod.rs"]
mod support;

const ALL: [Framing; 13] = [
    Framing::Whole,
    Framing::Mbox,
    Framing::JsonArrays(&["", "locations", "items", "a"]),
    Framing::JsonPaths(&["/chats/list/*/messages/*", "/contacts/list/*", "/a/*/b/*"]),
    Framing::JsonAround(&["messages", "participants", "a"]),
    Framing::JsonAssigned(&["", "a"]),
    Framing::Marker(b"<div class=\"outer-cell"),
    Framing::Marker(b"<tr"),
    Framing::Lines,
    Framing::Rows,
    Framing::Stamped,
    Framing::XmlChildren,
    Framing::Stretches,
];

/// Frames as the engine does: bytes that no later frame needs are let go.
fn in_steps(framing: Framing, bytes: &[u8], step: usize) -> Vec<Span> {
    let mut framer = framer(framing);
    let mut spans = Vec::new();
    let (mut base, mut end) = (0usize, 0usize);
    loop {
        end = (end + step).min(bytes.len());
        framer.scan(&bytes[base..end], base as u64, end == bytes.len(), &mut spans);
        if end == bytes.len() {
            return spans;
        }
        let next = framer.needed_from() as usize;
        assert!(base <= next && next <= end, "needs {next}, which is not in {base}..{end}");
        base = next;
    }
}

fuzz_target!(
    init: seeds(|write| {
        for (_, folder) in fixtures() {
            for file in load(&folder.join("input")) {
                // Each file under the framings that its kind suggests, and under one that does not fit.
                let fitting: &[u8] = match file.path.rsplit('.').next().unwrap_or_default() {
                    "json" => &[2, 3, 4],
                    "js" => &[5],
                    "mbox" => &[1],
                    "html" => &[6, 7],
                    "csv" => &[9],
                    "txt" => &[8, 10],
                    "xml" | "gpx" | "kml" => &[11],
                    _ => &[0],
                };
                let start = &file.bytes[..file.bytes.len().min(4096)];
                fitting.iter().for_each(|kind| write(&[&[*kind, 7][..], start].concat()));
            }
        }
    }),
    |data: &[u8]| {
        let [kind, step, bytes @ ..] = data else { return };
        let framing = ALL[usize::from(*kind) % ALL.len()];
        let (spans, _) = frame_all(framing, bytes);
        let mut end = 0;
        for span in &spans {
            assert!(span.start <= span.end && span.end <= bytes.len() as u64, "{span:?} is not in the entry");
            assert!(span.start >= end || !matches!(framing, Framing::Lines | Framing::Rows | Framing::Mbox), "{span:?} overlaps");
            end = span.end;
        }
        assert_eq!(in_steps(framing, bytes, usize::from(*step).max(1)), spans, "{framing:?} in steps of {step}");
    }
);
