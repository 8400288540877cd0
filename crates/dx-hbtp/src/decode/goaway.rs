//! GOAWAY (H-10.1).
//!
//! Owns its shape. May not know what is drained. Its one invariant: the endpoint is text.

use super::Numbers;
use crate::limits::ENDPOINT_MAX;
use crate::{ErrorCode, Fault};

/// The flag that says that reconnecting is welcome.
pub const RECONNECT: u16 = 1;

/// The flag of the final one.
pub const FINAL: u16 = 2;

/// That a peer is leaving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GoAway<'a> {
    /// Why.
    pub code: ErrorCode,
    /// Bits [`RECONNECT`] and [`FINAL`].
    pub flags: u16,
    /// The call accepted last; 0xFFFF in the announcement.
    pub last_call: u16,
    /// Time it still answers.
    pub drain_ms: u32,
    /// Come back after a random time within this.
    pub jitter_ms: u32,
    /// Where to go instead; empty is here.
    pub endpoint: &'a str,
}

/// Reads the payload of a GOAWAY.
///
/// # Errors
/// [`Fault::MalformedGoAway`].
pub fn goaway(payload: &[u8]) -> Result<GoAway<'_>, Fault> {
    read(payload).ok_or(Fault::MalformedGoAway)
}

fn read(payload: &[u8]) -> Option<GoAway<'_>> {
    let mut numbers = Numbers(payload);
    let code = ErrorCode::from_value(numbers.u16()?);
    let (flags, last_call, first) = (numbers.u16()?, numbers.u16()?, numbers.u16()?);
    let (drain_ms, jitter_ms, second) = (numbers.u32()?, numbers.u32()?, numbers.u32()?);
    if first != 0 || second != 0 || numbers.0.len() > ENDPOINT_MAX {
        return None;
    }
    let endpoint = core::str::from_utf8(numbers.0).ok()?;
    Some(GoAway { code, flags, last_call, drain_ms, jitter_ms, endpoint })
}
