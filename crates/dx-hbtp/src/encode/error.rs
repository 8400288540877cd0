//! ERROR (H-9.1).
//!
//! Owns how it is written. May not know why. Its one invariant: a message is cut at a character.

use super::frame::control;
use crate::limits::MESSAGE_MAX;
use crate::{ErrorCode, HbtpFlags, HbtpOpcode, ResponseBuffer, Retry, Scope};

/// Appends an ERROR about `sequence` in `scope`.
pub fn error(
    out: &mut ResponseBuffer,
    (scope, sequence): (Scope, u16),
    code: ErrorCode,
    retry: Retry,
    message: &str,
) {
    let message = &message[..message.floor_char_boundary(MESSAGE_MAX)];
    let (retry, after_ms) = match retry {
        Retry::Never => (0, 0),
        Retry::Now => (1, 0),
        Retry::After(after_ms) => (2, after_ms),
    };
    control(out, HbtpOpcode::Error, HbtpFlags::NONE, sequence, |out| {
        out.write(&code.value().to_le_bytes());
        out.write(&[scope as u8, retry]);
        out.write(&u32::to_le_bytes(after_ms));
        out.write(&(message.len() as u16).to_le_bytes());
        out.write(&0_u16.to_le_bytes());
        out.write(message.as_bytes());
    });
}
