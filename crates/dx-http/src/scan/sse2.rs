//! Sixteen bytes at once, by the baseline of x86-64.
//!
//! Owns the intrinsics, and with them all unsafe code of this crate. Its one invariant: bit `n` of
//! a mask speaks of byte `n`.

use core::arch::x86_64::{
    __m128i, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128,
    _mm_set1_epi8, _mm_sub_epi8,
};

// Every function here is safe to call because of this, and cannot be built without it.
const _: () = assert!(cfg!(target_feature = "sse2"), "the baseline of x86-64 has SSE2");

#[inline(always)]
fn load(block: &[u8; 16]) -> __m128i {
    // SAFETY: SSE2 is there (asserted above); the pointer is valid for reads of 16 bytes, and the
    // load needs no alignment.
    unsafe { _mm_loadu_si128(block.as_ptr().cast()) }
}

#[inline(always)]
fn all(byte: u8) -> __m128i {
    // SAFETY: SSE2 is there (asserted above); no memory is touched.
    unsafe { _mm_set1_epi8(byte as i8) }
}

/// The lanes that are at most `max`, as numbers without sign.
#[inline(always)]
fn at_most(lanes: __m128i, max: u8) -> __m128i {
    // SAFETY: SSE2 is there (asserted above); no memory is touched.
    unsafe { _mm_cmpeq_epi8(_mm_min_epu8(lanes, all(max)), lanes) }
}

/// A bit for each lane that is all ones in `one` or `other`.
#[inline(always)]
fn either(one: __m128i, other: __m128i) -> u32 {
    // SAFETY: SSE2 is there (asserted above); no memory is touched.
    unsafe { _mm_movemask_epi8(_mm_or_si128(one, other)) as u32 }
}

#[inline(always)]
fn equal(lanes: __m128i, byte: u8) -> __m128i {
    // SAFETY: SSE2 is there (asserted above); no memory is touched.
    unsafe { _mm_cmpeq_epi8(lanes, all(byte)) }
}

/// The place of the first byte below 0x20, or of 0x7F.
#[inline(always)]
pub(super) fn first_control(block: &[u8; 16]) -> Option<usize> {
    let lanes = load(block);
    let mask = either(at_most(lanes, 0x1F), equal(lanes, 0x7F));
    (mask != 0).then(|| mask.trailing_zeros() as usize)
}

/// How many letters and `-` the block begins with.
#[inline(always)]
pub(super) fn letters(block: &[u8; 16]) -> usize {
    let lanes = load(block);
    // SAFETY: SSE2 is there (asserted above); no memory is touched. Bit 5 set makes capitals
    // small; counted from `a`, a letter is then one of 26.
    let from_a = unsafe { _mm_sub_epi8(_mm_or_si128(lanes, all(0x20)), all(b'a')) };
    let others = !either(at_most(from_a, 25), equal(lanes, b'-'));
    // The upper bits are ones: sixteen letters count as sixteen.
    others.trailing_zeros() as usize
}
