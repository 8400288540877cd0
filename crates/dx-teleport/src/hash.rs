//! The hash of layouts, in const evaluation.
//!
//! Owns the mixing. May not know what is mixed. Its one invariant: the same on every target, since
//! it works on 64-bit words made from bytes in little-endian order.
//!
//! It tells layouts apart that differ by accident or by time. It is no defence: a peer that wants
//! to lie about its layout can, and gets its bytes checked like anybody's.

/// The start of every hash; the digits of pi, which mean nothing.
pub(crate) const SEED: u64 = 0x2437_F6A8_885A_308D;

/// Mixes one word into `hash`.
pub(crate) const fn mix(hash: u64, word: u64) -> u64 {
    let mut x = (hash.rotate_left(23) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    x ^ (x >> 32)
}

/// Mixes the length and the bytes of `text` into `hash`.
pub(crate) const fn mix_text(hash: u64, text: &str) -> u64 {
    let bytes = text.as_bytes();
    let mut hash = mix(hash, bytes.len() as u64);
    let mut at = 0;
    while at < bytes.len() {
        let (mut word, mut shift) = (0, 0);
        while shift < 64 && at < bytes.len() {
            word |= (bytes[at] as u64) << shift;
            shift += 8;
            at += 1;
        }
        hash = mix(hash, word);
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::{SEED, mix, mix_text};

    #[test]
    fn length_order_and_content_count() {
        let hashes = ["", "\0", "\0\0", "ab", "ba", "abcdefgh", "abcdefghi"]
            .map(|text| mix_text(SEED, text));
        for (i, a) in hashes.iter().enumerate() {
            assert!(hashes[..i].iter().all(|b| a != b), "{i}");
        }
        assert_ne!(mix(mix(SEED, 1), 2), mix(mix(SEED, 2), 1));
    }
}
