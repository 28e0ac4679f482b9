//! Numbers that look random and follow from a seed alone.

/// A SplitMix64 generator.
///
/// It is small, has no state to warm up, and any item of the account can have its own, so that an item is the same
/// wherever and however often it is written.
pub(crate) struct Rng(u64);

impl Rng {
    /// Returns the generator of one item of one stream of the account.
    pub(crate) fn of(seed: u64, stream: u64, index: u64) -> Self {
        let mut rng = Self(seed ^ stream.wrapping_mul(0xd6e8_feb8_6659_fd93));
        let mixed = rng.next();
        Self(mixed ^ index.wrapping_mul(0xa076_1d64_78bd_642f))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number from zero up to, not including, `limit`; zero for a limit of zero.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        if limit == 0 { 0 } else { self.next() % limit }
    }

    /// Returns a number between -1 and 1.
    pub(crate) fn swing(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }

    /// Returns one of the items, which must not be none.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len() as u64) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_numbers() {
        // The first numbers of the published algorithm for the seed 1234567.
        let mut rng = Rng(1_234_567);
        assert_eq!(rng.next(), 6_457_827_717_110_365_317);
        assert_eq!(rng.next(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn swings_stay_within_one() {
        let mut rng = Rng::of(1, 2, 3);
        assert!((0..1000).map(|_| rng.swing()).all(|s| (-1.0..1.0).contains(&s)));
    }
}
