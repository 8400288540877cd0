//! The walk over the masks of bytes, block by block.
//!
//! Owns where the walk stands. May not know what is looked for or why. Its one invariant: what
//! lies beyond the end of the bytes counts as a stop, so that every search ends.

use super::{BLOCK, Form, Masks};

/// Searches that begin where the last one ended, or later.
pub(crate) struct Walker<'b, F> {
    bytes: &'b [u8],
    form: F,
    /// Where the block begins that `masks` speaks of.
    base: usize,
    masks: Masks,
}

impl<'b, F: Form> Walker<'b, F> {
    /// A walk through `bytes`.
    #[inline(always)]
    pub(crate) fn new(bytes: &'b [u8], form: F) -> Self {
        Self { bytes, form, base: 0, masks: masks_at(bytes, 0, form) }
    }

    /// The first control character from `from` on. Without one, a place at or behind the end.
    #[inline(always)]
    pub(crate) fn stop(&mut self, from: usize) -> usize {
        self.find(from, |masks| masks.stops)
    }

    /// The first byte from `from` on that is neither a letter nor `-`. Without one, a place at or
    /// behind the end.
    #[inline(always)]
    pub(crate) fn other(&mut self, from: usize) -> usize {
        self.find(from, |masks| masks.others)
    }

    #[inline(always)]
    fn find(&mut self, mut from: usize, mask: impl Fn(&Masks) -> u64) -> usize {
        debug_assert!(from >= self.base);
        loop {
            let offset = from - self.base;
            if offset < BLOCK {
                let found = mask(&self.masks) >> offset;
                if found != 0 {
                    return from + found.trailing_zeros() as usize;
                }
            }
            self.base += BLOCK;
            self.masks = masks_at(self.bytes, self.base, self.form);
            from = from.max(self.base);
        }
    }
}

/// The masks of the block at `at`.
#[inline(always)]
fn masks_at<F: Form>(bytes: &[u8], at: usize, form: F) -> Masks {
    match bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        Some(block) => form.masks(block),
        None => tail(bytes, at, form),
    }
}

/// As [`masks_at`], with fewer bytes left than a block has.
#[inline(always)]
fn tail<F: Form>(bytes: &[u8], at: usize, form: F) -> Masks {
    let left = bytes.len().saturating_sub(at);
    if left == 0 {
        return Masks { stops: u64::MAX, others: u64::MAX };
    }
    let masks = match bytes.last_chunk() {
        // The last whole block reaches back: what was seen before is shifted out.
        Some(block) => {
            let Masks { stops, others } = form.masks(block);
            Masks { stops: stops >> (BLOCK - left), others: others >> (BLOCK - left) }
        }
        None => {
            let mut block = [0; BLOCK];
            block[..left].copy_from_slice(&bytes[at..]);
            form.masks(&block)
        }
    };
    let beyond = u64::MAX << left;
    Masks { stops: masks.stops | beyond, others: masks.others | beyond }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Work;
    use super::super::tests::with_each;
    use super::*;

    /// Every stop and every other byte, as (place, is it a stop).
    #[derive(Clone)]
    struct All<'b>(&'b [u8]);

    impl Work for All<'_> {
        type Output = [Vec<usize>; 2];

        fn with<F: Form>(self, form: F) -> Self::Output {
            let every = |next: fn(&mut Walker<'_, F>, usize) -> usize| {
                let mut walker = Walker::new(self.0, form);
                let (mut places, mut from) = (Vec::new(), 0);
                loop {
                    let place = next(&mut walker, from);
                    assert!(place >= from);
                    if place >= self.0.len() {
                        return places;
                    }
                    places.push(place);
                    from = place + 1;
                }
            };
            [every(|walker, from| walker.stop(from)), every(|walker, from| walker.other(from))]
        }
    }

    fn holds(bytes: &[u8]) {
        let every = |is: fn(&u8) -> bool| {
            let places = bytes.iter().enumerate().filter(|(_, byte)| is(byte));
            places.map(|(place, _)| place).collect::<Vec<_>>()
        };
        let plain = [
            every(|byte| byte.is_ascii_control()),
            every(|byte| !byte.is_ascii_alphabetic() && *byte != b'-'),
        ];
        for (form, found) in with_each(&All(bytes)) {
            assert_eq!(found, plain, "{form}: {}", bytes.escape_ascii());
        }
    }

    #[test]
    fn every_length_with_a_stop_at_every_place() {
        for len in 0..3 * BLOCK + 2 {
            let mut bytes = vec![b'a'; len];
            holds(&bytes);
            for place in 0..len {
                bytes[place] = b'\n';
                holds(&bytes);
                bytes[place] = b'a';
            }
        }
    }

    proptest! {
        /// At every alignment, and with other bytes around that must not be seen.
        #[test]
        fn any_bytes(
            bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'a')], 0..400),
            start in 0usize..70,
            rest in 0usize..70,
        ) {
            let end = bytes.len() - rest.min(bytes.len());
            holds(&bytes[start.min(end)..end]);
        }
    }
}
