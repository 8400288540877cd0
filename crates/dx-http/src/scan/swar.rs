//! Eight bytes at once, in a word, on any target.
//!
//! Owns the arithmetic. Its one invariant: the lowest set bit of a mask names the first byte
//! meant; bits above it may be wrong, because borrows run upwards.

/// A word with 1 in every byte.
const ONES: u64 = u64::MAX / 0xFF;
/// A word with the top bit of every byte.
const TOPS: u64 = ONES * 0x80;

/// The place of the first byte below 0x20, or of 0x7F: "determine if a word has a byte less than
/// n" and "has a zero byte" from Anderson, "Bit Twiddling Hacks".
#[inline(always)]
pub(super) fn first_control(block: &[u8; 8]) -> Option<usize> {
    let word = u64::from_le_bytes(*block);
    let delete = word ^ (ONES * 0x7F);
    let low = word.wrapping_sub(ONES * 0x20) & !word;
    let mask = (low | (delete.wrapping_sub(ONES) & !delete)) & TOPS;
    (mask != 0).then(|| mask.trailing_zeros() as usize / 8)
}

/// How many letters and `-` the block begins with. A walk: names are short, and words do not
/// compare ranges cheaply.
#[inline(always)]
pub(super) fn letters(block: &[u8; 8]) -> usize {
    let other = |byte: &u8| !byte.is_ascii_alphabetic() && *byte != b'-';
    block.iter().position(other).unwrap_or(block.len())
}
