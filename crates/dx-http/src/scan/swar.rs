//! Eight bytes at once, in a word, on any target.
//!
//! Owns the arithmetic. Its one invariant: no step carries from one byte into the next, so that
//! every byte is judged by itself.

use super::{BLOCK, Form, Masks};

/// Eight looks of eight bytes.
#[derive(Clone, Copy)]
pub(super) struct Swar;

/// A word with 1 in every byte.
const ONES: u64 = u64::MAX / 0xFF;
/// A word with the top bit of every byte.
const TOPS: u64 = ONES * 0x80;

impl Form for Swar {
    #[inline(always)]
    fn masks(self, block: &[u8; BLOCK]) -> Masks {
        let (mut stops, mut others) = (0, 0);
        for (at, bytes) in block.as_chunks::<8>().0.iter().enumerate() {
            let word = u64::from_le_bytes(*bytes);
            let low = word & !TOPS;
            let ascii = !word & TOPS;
            let controls = (!at_least(low, 0x20) | at_least(low, 0x7F)) & ascii;
            // Bit 5 set makes capitals small.
            let small = low | (ONES * 0x20);
            let letters = at_least(small, b'a') & !at_least(small, b'z' + 1);
            let dash = at_least(low, b'-') & !at_least(low, b'-' + 1);
            let names = (letters | dash) & ascii;
            stops |= gather(controls) << (at * 8);
            others |= gather(!names & TOPS) << (at * 8);
        }
        Masks { stops, others }
    }
}

/// The top bit of each byte of `low` that is at least `least`; all of them are below 0x80, as
/// `least` is, so the sums stay within their bytes. The other bits mean nothing.
#[inline(always)]
const fn at_least(low: u64, least: u8) -> u64 {
    low + ONES * (0x80 - least as u64)
}

/// The top bits of the eight bytes as the low eight bits: each bit is moved by a factor of its
/// own, and no two products meet in one place.
#[inline(always)]
const fn gather(tops: u64) -> u64 {
    ((tops & TOPS) >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}
