//! Bounded growth.
//!
//! Owns [`Full`], the one error of everything with a bound, and the push that respects one. May
//! not know what is stored. Invariant: a vector never reserves room for more than its bound.

use core::fmt;

/// The bound is reached. Carries back what was refused.
///
/// ```
/// use dx_rt::{Full, mailbox::Mailbox};
///
/// let mailbox = Mailbox::new(1, || ());
/// assert_eq!(mailbox.push("first"), Ok(()));
/// assert_eq!(mailbox.push("second"), Err(Full("second")));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Full<T = ()>(
    /// What was refused, untouched.
    pub T,
);

impl<T> fmt::Debug for Full<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Full")
    }
}

impl<T> fmt::Display for Full<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the bound is reached")
    }
}

impl<T> core::error::Error for Full<T> {}

/// Room that a growing vector takes at first.
const FIRST_ROOM: usize = 64;

/// Appends `item` and returns its index, unless `vec` already holds `max` items.
///
/// Capacity doubles but never passes `max`, which `Vec::push` alone would not promise.
pub(crate) fn push<T>(vec: &mut Vec<T>, item: T, max: u32) -> Result<u32, Full<T>> {
    let len = vec.len();
    match u32::try_from(len) {
        Ok(index) if index < max => {
            if len == vec.capacity() {
                vec.reserve_exact(len.max(FIRST_ROOM).min(max as usize - len));
            }
            vec.push(item);
            Ok(index)
        }
        _ => Err(Full(item)),
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn room_never_passes_the_bound() {
        for max in [0_u32, 1, 63, 64, 65, 100, 200] {
            let mut vec = Vec::new();
            for index in 0..max {
                assert_eq!(push(&mut vec, (), max), Ok(index));
            }
            assert_eq!(push(&mut vec, (), max), Err(Full(())));

            let mut vec = Vec::new();
            while push(&mut vec, 0_u8, max).is_ok() {
                assert!(vec.capacity() <= max as usize, "{} of {max}", vec.capacity());
            }
            assert_eq!(vec.len(), max as usize);
        }
    }
}
