//! ERROR (H-9.1, H-9.2).
//!
//! Owns its shape. May not know what ends for it. Its one invariant: scope and retry are known
//! ones, and the message is text.

use super::Numbers;
use crate::limits::MESSAGE_MAX;
use crate::{ErrorCode, Fault, Retry, Scope};

/// What a peer refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorBody<'a> {
    /// What went wrong.
    pub code: ErrorCode,
    /// What it is about; which one is in the header's sequence.
    pub scope: Scope,
    /// Whether to try again.
    pub retry: Retry,
    /// For a person.
    pub message: &'a str,
    /// The layout of `detail`; 0 is none.
    pub detail_layout: u16,
    /// Whatever follows.
    pub detail: &'a [u8],
}

/// Reads the payload of an ERROR.
///
/// # Errors
/// [`Fault::MalformedError`].
pub fn error(payload: &[u8]) -> Result<ErrorBody<'_>, Fault> {
    read(payload).ok_or(Fault::MalformedError)
}

fn read(payload: &[u8]) -> Option<ErrorBody<'_>> {
    let mut numbers = Numbers(payload);
    let code = ErrorCode::from_value(numbers.u16()?);
    let scope = Scope::from_value(numbers.u8()?)?;
    let (retry, after_ms) = (numbers.u8()?, numbers.u32()?);
    let retry = match retry {
        0 => Retry::Never,
        1 => Retry::Now,
        2 => Retry::After(after_ms),
        _ => return None,
    };
    let message_len = usize::from(numbers.u16()?);
    let detail_layout = numbers.u16()?;
    if message_len > MESSAGE_MAX {
        return None;
    }
    let message = core::str::from_utf8(numbers.bytes(message_len)?).ok()?;
    Some(ErrorBody { code, scope, retry, message, detail_layout, detail: numbers.0 })
}
