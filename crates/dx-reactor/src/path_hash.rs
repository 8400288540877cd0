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

#[cfg(test)]
mod tests {
    use core::hash::{BuildHasher, BuildHasherDefault};
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn alike_paths_spread() {
        let state = BuildHasherDefault::<PathHasher>::default();
        let numbered = (0..20_000).map(|number| format!("/api/{number}"));
        let lengths = (0..20_000).map(|len| "/".repeat(len));
        let hashes: Vec<u64> =
            numbered.chain(lengths).map(|path| state.hash_one(path.as_bytes())).collect();
        assert_eq!(hashes.iter().collect::<HashSet<_>>().len(), hashes.len());
        // Tables take a bucket from the low bits and a tag from the high seven.
        for shift in [0, 57] {
            let mut counts = [0; 128];
            hashes.iter().for_each(|hash| counts[(hash >> shift) as usize % 128] += 1);
            let (least, most) = (counts.iter().min(), counts.iter().max());
            assert!(least > Some(&200) && most < Some(&450), "{least:?} {most:?} of 40,000");
        }
    }
}
