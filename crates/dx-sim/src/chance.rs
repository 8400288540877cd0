//! Chance, from one seed.
//!
//! Owns [`Chance`], a stream of numbers (SplitMix64: Steele, Lea, Flood, "Fast splittable
//! pseudorandom number generators", OOPSLA 2014). Knows nothing else. Invariant: the same seed
//! gives the same numbers for ever, on every machine.

use core::time::Duration;

/// A stream of numbers that follow from a seed.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// The stream of `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 64 bits.
    pub const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number below `bound`; 0 when that is 0.
    pub const fn below(&mut self, bound: u64) -> u64 {
        ((self.bits() as u128 * bound as u128) >> 64) as u64
    }

    /// An index into `len` things, which are not none.
    pub const fn index(&mut self, len: usize) -> usize {
        self.below(len as u64) as usize
    }

    /// True with this probability, from 0 to 1.
    pub fn happens(&mut self, probability: f64) -> bool {
        // Drawn either way: a fault that is off changes the stream's numbers, not their order.
        let drawn = (self.bits() >> 11) as f64 / (1u64 << 53) as f64;
        drawn < probability
    }

    /// A length of time, at most `max`, short ones more often than long ones.
    pub fn time(&mut self, max: Duration) -> u64 {
        let max = u64::try_from(max.as_nanos()).unwrap_or(u64::MAX);
        let scale = self.below(4);
        self.below((max >> (4 * scale)).saturating_add(1))
    }
}

#[cfg(test)]
mod tests {
    use super::Chance;

    #[test]
    fn numbers_follow_from_the_seed() {
        let draw = |seed| {
            let mut chance = Chance::new(seed);
            (0..100).map(|_| chance.below(1000)).collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        assert!(draw(3).into_iter().all(|number| number < 1000));
        // The reference implementation's first number for seed 0.
        assert_eq!(Chance::new(0).bits(), 0xe220_a839_7b1d_cdaf);
    }

    #[test]
    fn probabilities_are_kept() {
        let mut chance = Chance::new(9);
        let often = (0..10_000).filter(|_| chance.happens(0.25)).count();
        assert!((2_200..2_800).contains(&often), "{often}");
        assert!((0..1000).all(|_| !chance.happens(0.0)));
        assert!((0..1000).all(|_| chance.happens(1.0)));
    }
}
