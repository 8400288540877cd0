//! The hash that exact paths are found by.
//!
//! Owns [`PathHasher`]. May not know what is hashed. Its one invariant: it is used for tables
//! whose keys the program chose: peers choose what is looked up, and a look costs the same
//! whatever they choose.

use core::hash::Hasher;

/// Eight bytes a step: multiply, and fold what overflows back in.
#[derive(Default)]
pub(crate) struct PathHasher {
    state: u64,
}

/// Odd, with as many ones as zeros: the fraction of the golden ratio.
const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;

impl PathHasher {
    #[inline(always)]
    fn mix(&mut self, word: u64) {
        let product = u128::from(self.state ^ word) * u128::from(FACTOR);
        self.state = product as u64 ^ (product >> 64) as u64;
    }
}

impl Hasher for PathHasher {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.mix(u64::from_le_bytes(*word));
        }
        let tail = rest.iter().fold(0, |tail, &byte| tail << 8 | u64::from(byte));
        self.mix(tail);
    }

    #[inline]
    fn write_usize(&mut self, number: usize) {
        self.mix(number as u64);
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.state
    }
}
