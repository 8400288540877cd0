//! Seeded values.
//!
//! Owns the generator (SplitMix64). May not know shapes. Its one invariant: the same seed gives the
//! same data on every machine.

/// A generator of pseudo-random numbers.
pub struct Random(u64);

impl Random {
    /// One that starts at `seed`.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ (x >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// True every other time.
    pub fn flip(&mut self) -> bool {
        self.next() & 1 == 1
    }

    /// A number from 0 to 1.
    pub fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1 << 24) as f32
    }

    /// A list of `from` to `to` values, the latter excluded.
    pub fn list<T>(&mut self, from: u64, to: u64, mut each: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let len = from + self.below(to - from);
        (0..len).map(|_| each(self)).collect()
    }

    /// A value every other time.
    pub fn maybe<T>(&mut self, each: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.flip() { Some(each(self)) } else { None }
    }

    /// One of the words.
    pub fn pick(&mut self, words: &[&str]) -> String {
        words[self.below(words.len() as u64) as usize].to_owned()
    }
}
