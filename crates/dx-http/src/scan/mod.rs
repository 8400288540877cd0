//! Looking at many bytes at once.
//!
//! Owns what is asked of 64 bytes, the walk over the answers, and which form of the question this
//! machine gets. May not know lines or fields. Its one invariant: every form gives what the plain
//! walk gives. `avx2.rs` is chosen when the processor has it, `sse2.rs` is the baseline of x86-64,
//! `swar.rs` is for any other target.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod sse2;
#[cfg(any(test, not(target_arch = "x86_64")))]
mod swar;
mod walker;

pub(crate) use walker::Walker;

/// Bytes of one look.
pub(crate) const BLOCK: usize = 64;

/// What the bytes of a block are: bit `n` speaks of byte `n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Masks {
    /// Control characters, DEL among them: all that may not stand in a field value, and HTAB.
    pub stops: u64,
    /// Neither a letter nor `-`, of which nearly every field name is made. Holds all of `stops`.
    pub others: u64,
}

/// One way to look at a block.
pub(crate) trait Form: Copy {
    /// What the bytes of `block` are.
    fn masks(self, block: &[u8; BLOCK]) -> Masks;
}

/// Work that looks through bytes, by whichever form it is given.
///
/// A trait and no closure, because the work is compiled once for each form. What it calls must be
/// inlined into it to be compiled with it.
pub(crate) trait Work {
    /// What comes of it.
    type Output;

    /// Does it.
    fn with<F: Form>(self, form: F) -> Self::Output;
}

/// Does `work` by the best form there is.
#[inline(always)]
pub(crate) fn with_best<W: Work>(work: W) -> W::Output {
    #[cfg(target_arch = "x86_64")]
    {
        // A load and a test of bits, once the processor was asked.
        if let Some(avx2) = avx2::Avx2::detect() {
            return avx2.with(work);
        }
        work.with(sse2::Sse2)
    }
    #[cfg(not(target_arch = "x86_64"))]
    work.with(swar::Swar)
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The oracle: byte by byte.
    #[derive(Clone, Copy)]
    pub(crate) struct Plain;

    impl Form for Plain {
        fn masks(self, block: &[u8; BLOCK]) -> Masks {
            let mask = |is: fn(u8) -> bool| {
                block.iter().rev().fold(0, |mask, &byte| mask << 1 | u64::from(is(byte)))
            };
            Masks {
                stops: mask(|byte| byte.is_ascii_control()),
                others: mask(|byte| !byte.is_ascii_alphabetic() && byte != b'-'),
            }
        }
    }

    /// Does `work` once by every form this machine has.
    pub(crate) fn with_each<W: Work + Clone>(work: &W) -> Vec<(&'static str, W::Output)> {
        let mut outputs = vec![("swar", work.clone().with(swar::Swar))];
        #[cfg(target_arch = "x86_64")]
        {
            outputs.push(("sse2", work.clone().with(sse2::Sse2)));
            let avx2 = avx2::Avx2::detect();
            outputs.extend(avx2.map(|avx2| ("avx2", avx2.with(work.clone()))));
        }
        outputs.push(("best", with_best(work.clone())));
        outputs
    }

    #[derive(Clone)]
    struct Look([u8; BLOCK]);

    impl Work for Look {
        type Output = Masks;

        fn with<F: Form>(self, form: F) -> Masks {
            form.masks(&self.0)
        }
    }

    fn holds(block: [u8; BLOCK]) {
        let plain = Plain.masks(&block);
        for (form, masks) in with_each(&Look(block)) {
            assert_eq!(masks, plain, "{form}: {}", block.escape_ascii());
        }
        assert_eq!(plain.others & plain.stops, plain.stops);
    }

    #[test]
    fn every_byte_at_every_place_among_bytes_at_the_edges() {
        for around in [b'a', b'z', b'A', b'Z', b'-', b'@', b'[', 0, 0x1F, b' ', 0x7F, 0x80, 0xFF] {
            for place in 0..BLOCK {
                for byte in 0..=255 {
                    let mut block = [around; BLOCK];
                    block[place] = byte;
                    holds(block);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn any_block(block in prop::collection::vec(any::<u8>(), BLOCK)) {
            holds(block.try_into().expect("of that length"));
        }
    }
}
