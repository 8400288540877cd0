//! The fixed parts of calls and of their answers (H-7.2, H-7.3).
//!
//! Owns how they are written. May not know routes. Its one invariant: the message can be appended
//! right behind.

use crate::ResponseBuffer;

/// Appends the fixed part of a call's payload; the arguments follow.
#[inline]
pub fn call(out: &mut ResponseBuffer, route: u16, layout: u16, deadline_ms: u32) {
    let word = u64::from(route) | u64::from(layout) << 16 | u64::from(deadline_ms) << 32;
    out.write(&word.to_le_bytes());
}

/// Appends the fixed part of an answer's payload; the result follows.
#[inline]
pub fn response(out: &mut ResponseBuffer, status: u16, layout: u16) {
    let word = u64::from(status) | u64::from(layout) << 16;
    out.write(&word.to_le_bytes());
}
