//! Damaged input: whatever becomes of a fixture's bytes, parsers return, and what they return keeps the rules.

mod support;

use std::fs;
use std::path::Path;
use support::{File, load, parse_all};

/// A small generator of numbers that needs no seed from outside, so that a failure can be run again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below.max(1) as u64) as usize
    }
}

fn damage(bytes: &mut Vec<u8>, dice: &mut Dice) {
    const NASTY: &[&[u8]] = &[
        b"\0",
        b"\xff\xfe",
        b"\xed\xa0\x80",
        b"{",
        b"[",
        b"]",
        b"}",
        b"\"",
        b"\\",
        b"\\u",
        b"\\ud800",
        b"<",
        b">",
        b"&#x0;",
        b"\nFrom ",
        b"\r\n\r\n",
        b"--",
        b"1e999",
        b"-0",
        b"18446744073709551616",
        b"99999999999999999999",
        b"9223372036854775807",
        b"=?utf-8?b?",
        b"BEGIN:VEVENT\r\n",
        b"END:VCARD\r\n",
        b"\xf0\x9f\x98\x80",
        b"null",
        b"0000-00-00T99:99:99Z",
        b"NaN",
    ];
    for _ in 0..=dice.roll(4) {
        let at = dice.roll(bytes.len() + 1);
        match dice.roll(5) {
            0 if !bytes.is_empty() => {
                let at = at.min(bytes.len() - 1);
                bytes[at] ^= 1 << dice.roll(8);
            }
            1 => bytes.truncate(at),
            2 => {
                let end = (at + dice.roll(64)).min(bytes.len());
                bytes.drain(at..end);
            }
            3 => {
                let end = (at + dice.roll(256)).min(bytes.len());
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
            _ => {
                bytes.splice(at..at, NASTY[dice.roll(NASTY.len())].iter().copied());
            }
        }
    }
}

#[test]
fn damaged_fixtures_neither_panic_nor_break_the_rules() {
    let rounds: u64 = std::env::var("GLASSHOUSE_FUZZ_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(40);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["src", "lenses"].map(|name| fs::read_dir(root.join(name)).expect("a folder of providers"));
    let mut runs = 0;
    for folder in folders.into_iter().flatten().filter_map(|f| f.ok()) {
        let Ok(fixtures) = fs::read_dir(folder.path().join("fixtures")) else { continue };
        for fixture in fixtures.filter_map(|f| f.ok()) {
            let files = load(&fixture.path().join("input"));
            for round in 0..rounds {
                let mut dice = Dice(0x9e37_79b9_7f4a_7c15 ^ (round + 1).wrapping_mul(0xd134_2543_de82_ef95));
                let mut damaged: Vec<File> = files.clone();
                let hit = dice.roll(damaged.len());
                damage(&mut damaged[hit].bytes, &mut dice);
                let outcome = std::panic::catch_unwind(|| parse_all(&damaged)).unwrap_or_else(|_| {
                    panic!("{} round {round}: a parser panicked on {}", fixture.path().display(), damaged[hit].path)
                });
                outcome.to_json();
                for (_, record) in &outcome.records {
                    for at in &record.refs {
                        let size = damaged[at.entry.0 as usize].bytes.len() as u64;
                        let end = at.locator.start.checked_add(at.locator.length);
                        assert!(end.is_some_and(|end| end <= size), "{} beyond its entry", at.locator);
                    }
                }
                runs += 1;
            }
        }
    }
    assert!(runs > 0 || glasshouse_providers::providers().is_empty(), "nothing was damaged");
}
