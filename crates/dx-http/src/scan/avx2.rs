//! Thirty-two bytes at once, where the processor can.
//!
//! Owns the intrinsics of AVX2 and the proof that they may be used. Its one invariant: an [`Avx2`]
//! exists only on a processor that has AVX2, BMI1 and BMI2.

use core::arch::x86_64::{
    __m256i, _mm256_cmpeq_epi8, _mm256_loadu_si256, _mm256_min_epu8, _mm256_movemask_epi8,
    _mm256_or_si256, _mm256_set1_epi8, _mm256_sub_epi8,
};

use super::{BLOCK, Form, Masks, Work};

const LANES: usize = 32;

/// Two looks of thirty-two bytes.
#[derive(Clone, Copy)]
pub(super) struct Avx2(
    /// INVARIANT: made by [`Avx2::detect`] alone, on a processor that has what it asks for.
    (),
);

impl Avx2 {
    /// The form, if this processor has it.
    #[inline(always)]
    pub(super) fn detect() -> Option<Self> {
        let has = std::is_x86_feature_detected!("avx2")
            && std::is_x86_feature_detected!("bmi1")
            && std::is_x86_feature_detected!("bmi2");
        has.then_some(Self(()))
    }

    /// Does `work`, compiled for this processor as far as it is inlined here.
    #[inline(always)]
    pub(super) fn with<W: Work>(self, work: W) -> W::Output {
        // SAFETY: `self` proves that the processor has the features the function is compiled for.
        unsafe { compiled(self, work) }
    }
}

/// A place in the program where the compiler may use the features for all that is inlined.
#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2")]
fn compiled<W: Work>(form: Avx2, work: W) -> W::Output {
    work.with(form)
}

impl Form for Avx2 {
    #[inline(always)]
    fn masks(self, block: &[u8; BLOCK]) -> Masks {
        // SAFETY: `self` proves that the processor has AVX2.
        unsafe { masks(block) }
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn masks(block: &[u8; BLOCK]) -> Masks {
    let (halves, _) = block.as_chunks::<LANES>();
    let ((low_stops, low_names), (high_stops, high_names)) = (look(&halves[0]), look(&halves[1]));
    let both = |low: u32, high: u32| u64::from(high) << LANES | u64::from(low);
    Masks { stops: both(low_stops, high_stops), others: !both(low_names, high_names) }
}

/// The control characters, and the letters and `-`.
#[inline]
#[target_feature(enable = "avx2")]
fn look(bytes: &[u8; LANES]) -> (u32, u32) {
    // SAFETY: the pointer is valid for reads of 32 bytes, and the load needs no alignment.
    let lanes = unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) };
    let stops = _mm256_or_si256(at_most(lanes, 0x1F), _mm256_cmpeq_epi8(lanes, all(0x7F)));
    // Bit 5 set makes capitals small; counted from `a`, a letter is then one of 26.
    let from_a = _mm256_sub_epi8(_mm256_or_si256(lanes, all(0x20)), all(b'a'));
    let names = _mm256_or_si256(at_most(from_a, 25), _mm256_cmpeq_epi8(lanes, all(b'-')));
    (_mm256_movemask_epi8(stops) as u32, _mm256_movemask_epi8(names) as u32)
}

#[inline]
#[target_feature(enable = "avx2")]
fn all(byte: u8) -> __m256i {
    _mm256_set1_epi8(byte as i8)
}

/// The lanes that are at most `max`, as numbers without sign.
#[inline]
#[target_feature(enable = "avx2")]
fn at_most(lanes: __m256i, max: u8) -> __m256i {
    _mm256_cmpeq_epi8(_mm256_min_epu8(lanes, all(max)), lanes)
}
