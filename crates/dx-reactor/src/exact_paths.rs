//! The table that exact paths are found in.
//!
//! Owns the hash and the slots of [`ExactPaths`]. May not know what is found. Its one invariant:
//! at least half of the slots are empty, so that every search ends soon. The keys are those the
//! program chose: peers choose what is looked up, and a look costs about the same whatever they
//! choose.
//!
//! Hand-written, because the one in the standard library is asked once a request and costs three
//! times as much there: it compares by a call, and its slots are found in two steps.

/// A path's place in a list of the owner's, by the path.
#[derive(Default)]
pub(crate) struct ExactPaths {
    /// A power of two of them, or none at all.
    slots: Box<[Option<Slot>]>,
    len: usize,
}

struct Slot {
    hash: u64,
    path: Box<[u8]>,
    place: usize,
}

impl ExactPaths {
    /// Adds `path`, which is not there yet.
    pub(crate) fn insert(&mut self, path: &[u8], place: usize) {
        if (self.len + 1) * 2 > self.slots.len() {
            self.grow();
        }
        self.len += 1;
        put(&mut self.slots, Slot { hash: hash(path), path: path.into(), place });
    }

    /// The place of `path`.
    #[inline(always)]
    pub(crate) fn get(&self, path: &[u8]) -> Option<usize> {
        let hash = hash(path);
        let mut at = hash as usize;
        loop {
            // No slots: nothing is found.
            let slot = self.slots.get(at & self.slots.len().wrapping_sub(1))?.as_ref()?;
            if slot.hash == hash && is_same(&slot.path, path) {
                return Some(slot.place);
            }
            at = at.wrapping_add(1);
        }
    }

    fn grow(&mut self) {
        let len = (self.slots.len() * 2).max(8);
        let mut slots: Box<[_]> = core::iter::repeat_with(|| None).take(len).collect();
        for slot in core::mem::take(&mut self.slots).into_iter().flatten() {
            put(&mut slots, slot);
        }
        self.slots = slots;
    }
}

fn put(slots: &mut [Option<Slot>], slot: Slot) {
    let mut at = slot.hash as usize & (slots.len() - 1);
    while slots[at].is_some() {
        at = (at + 1) & (slots.len() - 1);
    }
    slots[at] = Some(slot);
}

/// Odd, with as many ones as zeros: the fraction of the golden ratio.
const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;

/// Eight bytes a step: multiply, and fold what overflows back in.
#[inline(always)]
fn hash(bytes: &[u8]) -> u64 {
    let mix = |state: u64, word: u64| {
        let product = u128::from(state ^ word) * u128::from(FACTOR);
        product as u64 ^ (product >> 64) as u64
    };
    let mut state = mix(0, bytes.len() as u64);
    let mut rest = bytes;
    while let Some((word, behind)) = rest.split_first_chunk::<8>()
        && !behind.is_empty()
    {
        state = mix(state, u64::from_le_bytes(*word));
        rest = behind;
    }
    mix(state, last_word(bytes))
}

/// Byte for byte, and without a call: paths are short.
#[inline(always)]
fn is_same(one: &[u8], other: &[u8]) -> bool {
    let words = |bytes: &[u8]| bytes.as_chunks::<8>().0.len();
    one.len() == other.len()
        && last_word(one) == last_word(other)
        && (0..words(one)).all(|at| one.as_chunks::<8>().0[at] == other.as_chunks::<8>().0[at])
}

/// The last eight bytes, or all of them where there are fewer.
#[inline(always)]
fn last_word(bytes: &[u8]) -> u64 {
    match bytes.last_chunk() {
        Some(word) => u64::from_le_bytes(*word),
        None => bytes.iter().fold(0, |word, &byte| word << 8 | u64::from(byte)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn alike_paths_spread() {
        let numbered = (0..20_000).map(|number| format!("/api/{number}"));
        let lengths = (0..20_000).map(|len| "/".repeat(len));
        let hashes: Vec<u64> = numbered.chain(lengths).map(|path| hash(path.as_bytes())).collect();
        assert_eq!(hashes.iter().collect::<HashSet<_>>().len(), hashes.len());
        // Slots are chosen by the low bits, of which few are used.
        let mut counts = [0; 128];
        hashes.iter().for_each(|hash| counts[*hash as usize % 128] += 1);
        let (least, most) = (counts.iter().min(), counts.iter().max());
        assert!(least > Some(&200) && most < Some(&450), "{least:?} {most:?} of 40,000");
    }

    #[test]
    fn paths_that_differ_in_one_byte_are_different() {
        for len in 0..40 {
            let path = vec![b'a'; len];
            assert!(is_same(&path, &path.clone()));
            assert!(!is_same(&path, &vec![b'a'; len + 1]));
            for place in 0..len {
                let mut other = path.clone();
                other[place] = b'b';
                assert!(!is_same(&path, &other), "{len} {place}");
                assert_ne!(hash(&path), hash(&other), "{len} {place}");
            }
        }
    }

    proptest! {
        #[test]
        fn finds_what_a_map_finds(
            keys in prop::collection::hash_set("[ab/]{0,20}", 0..60),
            others in prop::collection::vec("[ab/]{0,20}", 0..60),
        ) {
            let (mut table, mut map) = (ExactPaths::default(), HashMap::new());
            for (place, key) in keys.iter().enumerate() {
                table.insert(key.as_bytes(), place);
                map.insert(key.as_bytes(), place);
            }
            for path in keys.iter().chain(&others) {
                prop_assert_eq!(table.get(path.as_bytes()), map.get(path.as_bytes()).copied());
            }
        }
    }
}
