//! Sixteen bytes at once, by the baseline of x86-64.
//!
//! Owns the intrinsics of SSE2. Its one invariant: bit `n` of a mask speaks of byte `n`.

use core::arch::x86_64::{
    __m128i, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128,
    _mm_set1_epi8, _mm_sub_epi8,
};

use super::{BLOCK, Form, Masks};

// Every function here is safe to call because of this, and cannot be built without it.
const _: () = assert!(cfg!(target_feature = "sse2"), "the baseline of x86-64 has SSE2");

const LANES: usize = 16;

/// Four looks of sixteen bytes.
#[derive(Clone, Copy)]
pub(super) struct Sse2;

impl Form for Sse2 {
    #[inline(always)]
    fn masks(self, block: &[u8; BLOCK]) -> Masks {
        let (mut stops, mut names) = (0, 0);
        for (at, bytes) in block.as_chunks::<LANES>().0.iter().enumerate() {
            // SAFETY: SSE2 is there (asserted above).
            let (stop, name) = unsafe { look(bytes) };
            stops |= u64::from(stop) << (at * LANES);
            names |= u64::from(name) << (at * LANES);
        }
        Masks { stops, others: !names }
    }
}

/// The control characters, and the letters and `-`.
#[inline]
#[target_feature(enable = "sse2")]
fn look(bytes: &[u8; LANES]) -> (u16, u16) {
    // SAFETY: the pointer is valid for reads of 16 bytes, and the load needs no alignment.
    let lanes = unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) };
    let stops = _mm_or_si128(at_most(lanes, 0x1F), _mm_cmpeq_epi8(lanes, all(0x7F)));
    // Bit 5 set makes capitals small; counted from `a`, a letter is then one of 26.
    let from_a = _mm_sub_epi8(_mm_or_si128(lanes, all(0x20)), all(b'a'));
    let names = _mm_or_si128(at_most(from_a, 25), _mm_cmpeq_epi8(lanes, all(b'-')));
    (_mm_movemask_epi8(stops) as u16, _mm_movemask_epi8(names) as u16)
}

#[inline]
#[target_feature(enable = "sse2")]
fn all(byte: u8) -> __m128i {
    _mm_set1_epi8(byte as i8)
}

/// The lanes that are at most `max`, as numbers without sign.
#[inline]
#[target_feature(enable = "sse2")]
fn at_most(lanes: __m128i, max: u8) -> __m128i {
    _mm_cmpeq_epi8(_mm_min_epu8(lanes, all(max)), lanes)
}
