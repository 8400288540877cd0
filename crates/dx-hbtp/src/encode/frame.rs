//! Frames of the protocol's own, written whole.
//!
//! Owns the one way a control frame gets into the output. May not know which are allowed. Its one
//! invariant: the length in the header is that of the payload.

use core::convert::Infallible;

use crate::limits::LENGTH_MAX;
use crate::{HbtpFlags, HbtpOpcode, ResponseBuffer};

/// Appends a frame of `opcode` with the flags and payload given. A payload above 24 bits of length
/// is left out whole, and `false` returned.
pub fn frame(
    out: &mut ResponseBuffer,
    opcode: HbtpOpcode,
    flags: HbtpFlags,
    sequence: u16,
    payload: &[u8],
) -> bool {
    control(out, opcode, flags, sequence, |body| body.write(payload))
}

#[inline]
pub(crate) fn control(
    out: &mut ResponseBuffer,
    opcode: HbtpOpcode,
    flags: HbtpFlags,
    sequence: u16,
    write: impl FnOnce(&mut ResponseBuffer),
) -> bool {
    let kept = out.frame((opcode, flags, sequence), LENGTH_MAX, |body| {
        write(body);
        Ok::<(), Infallible>(())
    });
    kept.is_ok()
}
