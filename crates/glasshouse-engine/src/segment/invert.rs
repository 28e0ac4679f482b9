//! Turning texts into lists of where each word stands.
//!
//! The words of a run of rows are numbered as they are met, then sorted by word at once, and kept packed. Noting each
//! word in a list of its own as it is met would go all over the memory, which takes several times as long.

use crate::text::Found;
use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;

/// Words that are collected before they are sorted.
const RUN: usize = 256 << 10;

/// Words that are looked up together: none of them waits for the memory of the one before.
const TOGETHER: usize = 256;

/// A word as the table finds it.
#[derive(Clone, Copy)]
struct Slot {
    /// Where it stands in `letters`, its length first. A segment holds far less than 4 GiB.
    start: u32,
    number: u32,
}

/// A word that is to be looked up.
#[derive(Clone, Copy)]
struct Heard {
    hash: u64,
    start: u32,
    end: u32,
    row: u32,
    position: u32,
}

/// A word at its place.
#[derive(Clone, Copy)]
struct Met {
    word: u32,
    row: u32,
    position: u32,
}

/// Where a word stands in the rows of a run: some of `packed`.
#[derive(Clone, Copy)]
struct Block {
    start: usize,
    end: usize,
    /// The number of the word's next block and one; 0 for none.
    next: u32,
}

/// What is known of a word beside its letters.
#[derive(Clone, Copy, Default)]
struct Word {
    /// Numbers of its first and last block, and one; 0 for none.
    first: u32,
    last: u32,
    /// The number of rows that have it.
    rows: u32,
}

/// The words of one field of an index.
#[derive(Default)]
pub(super) struct Inverted {
    hasher: DefaultHashBuilder,
    table: HashTable<Slot>,
    letters: Vec<u8>,
    words: Vec<Word>,
    heard: Vec<Heard>,
    /// The letters of what was heard.
    said: String,
    met: Vec<Met>,
    packed: Vec<u8>,
    blocks: Vec<Block>,
    /// The number of all words, met again and again.
    count: u64,
    /// The row of the last text, and the position that its next text would begin at.
    row: u32,
    position: u32,
}

impl Inverted {
    /// Adds a text of a row. Rows are given ascending; no phrase goes from one text of a row into the next.
    pub(super) fn add(&mut self, row: u32, text: &str) {
        if row != self.row {
            if self.met.len() >= RUN {
                self.look_up();
                self.pack();
            }
            (self.row, self.position) = (row, 0);
        }
        let mut found = Found::new(text);
        let mut start = self.said.len();
        let mut position = self.position;
        while found.next(&mut self.said).is_some() {
            let end = self.said.len();
            let hash = self.hasher.hash_one(&self.said.as_bytes()[start..end]);
            self.heard.push(Heard { hash, start: start as u32, end: end as u32, row, position });
            position = position.wrapping_add(1);
            start = end;
            if self.heard.len() >= TOGETHER {
                self.look_up();
                start = 0;
            }
        }
        self.position = position.wrapping_add(1);
    }

    /// Says whether there are words.
    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty() && self.heard.is_empty()
    }

    /// Returns the number of all words, counted each time.
    pub(super) fn count(&self) -> u64 {
        self.count + (self.met.len() + self.heard.len()) as u64
    }

    /// Looks up what was heard.
    fn look_up(&mut self) {
        let heard = std::mem::take(&mut self.heard);
        for heard in &heard {
            let word = &self.said.as_bytes()[heard.start as usize..heard.end as usize];
            let letters = &self.letters;
            let known = self.table.find(heard.hash, |slot| letters_at(letters, slot.start) == word);
            let word = match known {
                Some(slot) => slot.number,
                None => self.add_word(*heard),
            };
            self.met.push(Met { word, row: heard.row, position: heard.position });
        }
        self.heard = heard;
        self.heard.clear();
        self.said.clear();
    }

    /// Gives a word a number.
    fn add_word(&mut self, heard: Heard) -> u32 {
        let slot = Slot { start: self.letters.len() as u32, number: self.words.len() as u32 };
        // The tokenizer cuts words to fewer bytes than one can count.
        self.letters.push((heard.end - heard.start) as u8);
        self.letters.extend_from_slice(&self.said.as_bytes()[heard.start as usize..heard.end as usize]);
        self.words.push(Word::default());
        let (hasher, letters) = (&self.hasher, &self.letters);
        self.table.insert_unique(heard.hash, slot, |slot| hasher.hash_one(letters_at(letters, slot.start)));
        slot.number
    }

    /// Sorts what was met by word and packs it.
    fn pack(&mut self) {
        let mut starts = vec![0u32; self.words.len() + 1];
        for met in &self.met {
            starts[met.word as usize + 1] += 1;
        }
        for i in 1..starts.len() {
            starts[i] += starts[i - 1];
        }
        let mut places = vec![(0u32, 0u32); self.met.len()];
        let mut at = starts.clone();
        for met in &self.met {
            let place = &mut at[met.word as usize];
            places[*place as usize] = (met.row, met.position);
            *place += 1;
        }
        for (word, bounds) in self.words.iter_mut().zip(starts.windows(2)) {
            let places = &places[bounds[0] as usize..bounds[1] as usize];
            if places.is_empty() {
                continue;
            }
            let start = self.packed.len();
            word.rows += pack_places(places, &mut self.packed);
            self.blocks.push(Block { start, end: self.packed.len(), next: 0 });
            let block = self.blocks.len() as u32;
            match word.last {
                0 => word.first = block,
                last => self.blocks[last as usize - 1].next = block,
            }
            word.last = block;
        }
        self.count += self.met.len() as u64;
        self.met.clear();
    }

    /// Gives every word, in the order of its bytes, with the number of its rows; then each of these rows, ascending,
    /// with the distances between its places there, the first from the beginning.
    pub(super) fn each<E>(mut self, take: &mut impl Take<E>) -> Result<(), E> {
        self.look_up();
        self.pack();
        let letters = &self.letters;
        let head = |slot: &Slot| head(letters_at(letters, slot.start));
        let mut order: Vec<(u64, Slot)> = self.table.iter().map(|slot| (head(slot), *slot)).collect();
        order.sort_unstable_by(|(a, of_a), (b, of_b)| {
            a.cmp(b).then_with(|| letters_at(letters, of_a.start).cmp(letters_at(letters, of_b.start)))
        });
        let mut steps = Vec::new();
        let mut some = Vec::with_capacity(TOGETHER);
        for (at, (_, slot)) in order.iter().enumerate() {
            // What words point to lies all over the memory: that of many is fetched together, a step at a time.
            if at % TOGETHER == 0 {
                let slots = &order[at..order.len().min(at + TOGETHER)];
                some.clear();
                some.extend(slots.iter().map(|(_, slot)| self.words[slot.number as usize]));
                let block = |word: &Word| self.blocks.get((word.first as usize).wrapping_sub(1));
                let starts = some.iter().filter_map(block).map(|block| block.start);
                std::hint::black_box(starts.fold(0, |sum, start| sum ^ self.packed[start]));
            }
            let word = some[at % TOGETHER];
            take.word(letters_at(letters, slot.start), word.rows)?;
            let mut next = word.first;
            while next > 0 {
                let block = self.blocks[next as usize - 1];
                let mut packed = &self.packed[block.start..block.end];
                let mut row = 0;
                while !packed.is_empty() {
                    row += unpack(&mut packed);
                    steps.clear();
                    for _ in 0..unpack(&mut packed) {
                        steps.push(unpack(&mut packed));
                    }
                    take.row(row, &steps);
                }
                next = block.next;
            }
        }
        Ok(())
    }
}

/// Takes what [`Inverted::each`] gives.
pub(super) trait Take<E> {
    fn word(&mut self, word: &[u8], rows: u32) -> Result<(), E>;
    fn row(&mut self, row: u32, steps: &[u32]);
}

/// Returns the first eight bytes of a word as a number that is ordered as they are.
fn head(word: &[u8]) -> u64 {
    let mut head = [0; 8];
    let n = word.len().min(8);
    head[..n].copy_from_slice(&word[..n]);
    u64::from_be_bytes(head)
}

/// Returns the word that stands at a place of `letters`, its length first.
fn letters_at(letters: &[u8], start: u32) -> &[u8] {
    let start = start as usize;
    &letters[start + 1..][..usize::from(letters[start])]
}

/// Packs the places of a word, in the order of rows: for each row the distance to the one before, how many places,
/// and the distances between them. Returns the number of rows.
fn pack_places(places: &[(u32, u32)], packed: &mut Vec<u8>) -> u32 {
    let (mut rows, mut before) = (0, 0);
    for of_row in places.chunk_by(|a, b| a.0 == b.0) {
        let row = of_row[0].0;
        pack(row - before, packed);
        pack(of_row.len() as u32, packed);
        let mut last = 0;
        for (_, position) in of_row {
            pack(position.wrapping_sub(last), packed);
            last = *position;
        }
        (rows, before) = (rows + 1, row);
    }
    rows
}

/// Packs a number into as many bytes as it needs, seven bits each.
fn pack(mut number: u32, packed: &mut Vec<u8>) {
    while number >= 0x80 {
        packed.push(number as u8 | 0x80);
        number >>= 7;
    }
    packed.push(number as u8);
}

fn unpack(packed: &mut &[u8]) -> u32 {
    let (mut number, mut shift) = (0, 0);
    while let Some((byte, rest)) = packed.split_first() {
        *packed = rest;
        if *byte < 0x80 {
            return number | u32::from(*byte) << shift;
        }
        number |= u32::from(byte & 0x7f) << shift;
        shift += 7;
    }
    number
}

#[cfg(test)]
mod tests {
    use super::{Inverted, Take, pack, unpack};
    use std::collections::BTreeMap;
    use std::convert::Infallible;

    type Places = BTreeMap<Vec<u8>, BTreeMap<u32, Vec<u32>>>;

    #[derive(Default)]
    struct All {
        places: Places,
        rows: Vec<u32>,
        last: Vec<u8>,
    }

    impl Take<Infallible> for All {
        fn word(&mut self, word: &[u8], rows: u32) -> Result<(), Infallible> {
            assert!(self.places.last_key_value().is_none_or(|(last, _)| last.as_slice() < word), "in order of bytes");
            self.places.insert(word.to_vec(), BTreeMap::new());
            (self.last, self.rows) = (word.to_vec(), [self.rows.as_slice(), &[rows]].concat());
            Ok(())
        }

        fn row(&mut self, row: u32, steps: &[u32]) {
            let places = steps.iter().scan(0, |at, step| {
                *at += step;
                Some(*at)
            });
            let rows = self.places.get_mut(&self.last).unwrap();
            assert!(rows.last_key_value().is_none_or(|(last, _)| *last < row), "rows ascend");
            rows.insert(row, places.collect());
        }
    }

    /// What is said slowly: each word of each text, noted in a map.
    fn plainly(texts: &[(u32, String)]) -> Places {
        let mut places = Places::new();
        let (mut row, mut from) = (0, 0);
        for (of, text) in texts {
            if *of != row {
                (row, from) = (*of, 0);
            }
            let words = crate::text::words(text);
            for (i, word) in words.iter().enumerate() {
                places.entry(word.clone().into_bytes()).or_default().entry(row).or_default().push(from + i as u32);
            }
            from += words.len() as u32 + 1;
        }
        places
    }

    fn check(texts: &[(u32, String)]) {
        let mut inverted = Inverted::default();
        for (row, text) in texts {
            inverted.add(*row, text);
        }
        let mut all = All::default();
        let Ok(()) = inverted.each(&mut all);
        let expected = plainly(texts);
        assert!(all.places == expected);
        let rows: Vec<u32> = expected.values().map(|rows| rows.len() as u32).collect();
        assert_eq!(all.rows, rows);
    }

    #[test]
    fn every_word_is_found_where_it_stands() {
        let words = ["a", "abcdefgh", "abcdefghi", "abcdefghj", "Привет", "会議 請求書", "É", "z9", "", "x\u{0}y"];
        let mut seed = 7u64;
        let mut next = |below: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as usize % below
        };
        let mut texts = Vec::new();
        for row in 0..4000u32 {
            // Some rows have no text, some two.
            for _ in 0..next(3) {
                let text: Vec<String> =
                    (0..next(300)).map(|_| format!("{} w{}", words[next(words.len())], next(9000))).collect();
                texts.push((row * 3, text.join(" ")));
            }
        }
        check(&texts);
        check(&[]);
        check(&[(0, String::new()), (5, " - ".to_owned())]);
        check(&[(0, "one".repeat(400)), (1, format!("{} x", "y ".repeat(700_000)))]);
    }

    #[test]
    fn numbers_are_packed_and_unpacked() {
        for number in [0, 1, 127, 128, 16383, 16384, u32::MAX - 1, u32::MAX] {
            let mut packed = Vec::new();
            pack(number, &mut packed);
            let mut rest = packed.as_slice();
            assert_eq!((unpack(&mut rest), rest), (number, &[][..]));
        }
    }
}
