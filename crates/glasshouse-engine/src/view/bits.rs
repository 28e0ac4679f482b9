//! Positions as bits, with counts beside them: what a query found of many records takes an eighth of a byte for each
//! record of the case, and place and position answer each other at once.

/// Bits of a word.
const WORD: u32 = u64::BITS;
/// Words whose bits are counted together.
const BLOCK: usize = 8;

/// A bit for each position.
pub(super) struct Bits {
    words: Vec<u64>,
    /// How many bits are set before each block of words, and in all.
    before: Vec<u32>,
}

impl Bits {
    pub fn new(words: Vec<u64>) -> Self {
        let mut before = Vec::with_capacity(words.len() / BLOCK + 2);
        let mut all = 0;
        for block in words.chunks(BLOCK) {
            before.push(all);
            all += block.iter().map(|word| word.count_ones()).sum::<u32>();
        }
        before.push(all);
        Bits { words, before }
    }

    /// Returns the bits of some positions below `all`, given in any order.
    pub fn of(all: u32, positions: impl IntoIterator<Item = u32>) -> Self {
        let mut words = none(all);
        positions.into_iter().for_each(|position| set(&mut words, position));
        Bits::new(words)
    }

    /// Returns how many are set.
    pub fn len(&self) -> u32 {
        self.before.last().copied().unwrap_or(0)
    }

    pub fn has(&self, position: u32) -> bool {
        is_set(&self.words, position)
    }

    /// Returns how many are set below a position.
    pub fn before(&self, position: u32) -> u32 {
        let word = (position / WORD) as usize;
        let block = word / BLOCK;
        let Some(before) = self.before.get(block).filter(|_| word < self.words.len()) else { return self.len() };
        let whole = self.words.get(block * BLOCK..word).unwrap_or_default();
        let part = self.word(word) & !(u64::MAX << (position % WORD));
        before + whole.iter().map(|word| word.count_ones()).sum::<u32>() + part.count_ones()
    }

    /// Returns the position that has so many set below it, and is set itself.
    pub fn at(&self, place: u32) -> Option<u32> {
        let block = self.before.partition_point(|before| *before <= place).checked_sub(1)?;
        let mut left = place - self.before.get(block)?;
        for number in block * BLOCK..((block + 1) * BLOCK).min(self.words.len()) {
            let word = self.word(number);
            if left >= word.count_ones() {
                left -= word.count_ones();
                continue;
            }
            return ones(word).nth(left as usize).map(|bit| number as u32 * WORD + bit);
        }
        None
    }

    /// Calls a function with each position that is set from one on and before another, ascending.
    pub fn each(&self, from: u32, to: u32, mut take: impl FnMut(u32)) {
        for number in from / WORD..to.div_ceil(WORD).min(self.words.len() as u32) {
            let start = number * WORD;
            ones(self.word(number as usize) & between(start, from, to)).for_each(|bit| take(start + bit));
        }
    }

    /// Returns the positions that are set, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        (0u32..).zip(&self.words).flat_map(|(number, word)| ones(*word).map(move |bit| number * WORD + bit))
    }

    pub fn bytes(&self) -> usize {
        size_of_val(&*self.words) + size_of_val(&*self.before)
    }

    fn word(&self, number: usize) -> u64 {
        self.words.get(number).copied().unwrap_or(0)
    }
}

/// Returns room for bits of which none is set.
pub(super) fn none(all: u32) -> Vec<u64> {
    vec![0; all.div_ceil(WORD) as usize]
}

pub(super) fn set(words: &mut [u64], number: u32) {
    if let Some(word) = words.get_mut((number / WORD) as usize) {
        *word |= 1 << (number % WORD);
    }
}

pub(super) fn is_set(words: &[u64], number: u32) -> bool {
    words.get((number / WORD) as usize).is_some_and(|word| word >> (number % WORD) & 1 == 1)
}

/// Returns, of the word that begins at `start`, the bits from `from` on and before `to`.
pub(super) fn between(start: u32, from: u32, to: u32) -> u64 {
    let below = |end: u32| match end.saturating_sub(start) {
        length if length >= WORD => u64::MAX,
        length => !(u64::MAX << length),
    };
    below(to) & !below(from)
}

/// Returns the numbers of the bits that are set in a word, ascending.
fn ones(word: u64) -> impl Iterator<Item = u32> {
    let some = |word: u64| (word != 0).then_some(word);
    std::iter::successors(some(word), move |word| some(word & (word - 1))).map(u64::trailing_zeros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn place_and_position_answer_each_other() {
        let all = 5000;
        let every: Vec<Vec<u32>> = vec![
            Vec::new(),
            vec![0],
            vec![all - 1],
            (0..all).collect(),
            (0..all).filter(|p| p % 7 == 3 || (900..1700).contains(p)).collect(),
            vec![63, 64, 511, 512, 513, 4999],
        ];
        for positions in every {
            let bits = Bits::of(all, positions.iter().rev().copied());
            assert_eq!(bits.len() as usize, positions.len());
            assert_eq!(bits.iter().collect::<Vec<_>>(), positions);
            for (place, position) in (0..).zip(&positions) {
                assert_eq!((bits.at(place), bits.before(*position)), (Some(*position), place));
            }
            assert_eq!(bits.at(bits.len()), None);
            for position in [0, 1, 62, 63, 64, 65, 511, 512, 899, 900, 1700, all - 1, all, all + 1000] {
                assert_eq!(bits.has(position), positions.contains(&position), "{position}");
                assert_eq!(bits.before(position) as usize, positions.partition_point(|p| *p < position), "{position}");
                let mut seen = Vec::new();
                bits.each(position, position + 130, |p| seen.push(p));
                let wanted = positions.iter().filter(|p| (position..position + 130).contains(*p));
                assert_eq!(seen, wanted.copied().collect::<Vec<_>>(), "{position}");
            }
        }
    }
}
