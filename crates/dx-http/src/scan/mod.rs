//! Looking through many bytes at once.
//!
//! Owns the two searches that heads spend their time in, and which form of them this target uses.
//! May not know lines or fields. Its one invariant: every form gives what the plain walk gives;
//! `swar.rs` is the form for any target, `sse2.rs` that of x86-64, whose baseline has SSE2.

#[cfg(target_arch = "x86_64")]
mod sse2;
#[cfg(any(test, not(target_arch = "x86_64")))]
mod swar;

#[cfg(target_arch = "x86_64")]
use sse2 as form;
#[cfg(not(target_arch = "x86_64"))]
use swar as form;

use crate::grammar::{self, FIELD};

/// The first byte from `from` on that may not stand in a field value; the end if there is none.
#[inline(always)]
pub(crate) fn find_control(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(block) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        match form::first_control(block) {
            None => at += block.len(),
            Some(offset) => {
                at += offset;
                // The rare HTAB is allowed and costs one round more.
                if bytes[at] != b'\t' {
                    return at;
                }
                at += 1;
            }
        }
    }
    bytes.get(at..).map_or(bytes.len(), |rest| at + grammar::run(rest, FIELD))
}

/// Length of the prefix of `bytes` made of letters and `-`, as far as one look can tell: what
/// nearly every field name is made of. All of them are `tchar`.
#[inline(always)]
pub(crate) fn letters(bytes: &[u8]) -> usize {
    bytes.first_chunk().map_or(0, form::letters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_are_found_at_every_length_and_place() {
        for len in 0..40 {
            for place in 0..len {
                for byte in 0..=255 {
                    let mut bytes = vec![b'a'; len];
                    bytes[place] = byte;
                    // What stands behind the place must not hide it.
                    for behind in [b'a', b'\t', 0x7F, 0x80, 0x00] {
                        bytes[place + 1..].fill(behind);
                        for from in [0, place] {
                            let plain = from + grammar::run(&bytes[from..], FIELD);
                            assert_eq!(find_control(&bytes, from), plain, "{bytes:?}");
                        }
                    }
                }
            }
        }
        assert_eq!(find_control(b"", 0), 0);
    }

    /// What both forms are held against.
    fn plain_control(block: &[u8]) -> Option<usize> {
        block.iter().position(|&byte| byte < 0x20 || byte == 0x7F)
    }

    fn plain_letters(block: &[u8]) -> usize {
        block.iter().take_while(|byte| byte.is_ascii_alphabetic() || **byte == b'-').count()
    }

    fn holds<const N: usize>(
        control: fn(&[u8; N]) -> Option<usize>,
        letters: fn(&[u8; N]) -> usize,
    ) {
        for place in 0..N {
            for byte in 0..=255 {
                for (before, behind) in [(b'-', b'z'), (b'Z', 0), (b'a', 0x7F), (b'A', 0xFF)] {
                    let mut block = [behind; N];
                    block[..place].fill(before);
                    block[place] = byte;
                    assert_eq!(control(&block), plain_control(&block), "{block:?}");
                    assert_eq!(letters(&block), plain_letters(&block), "{block:?}");
                }
            }
        }
    }

    #[test]
    fn every_form_gives_what_the_plain_walk_gives() {
        holds(swar::first_control, swar::letters);
        #[cfg(target_arch = "x86_64")]
        holds(sse2::first_control, sse2::letters);
    }
}
