//! GOAWAY (H-10.1).
//!
//! Owns how it is written. May not know why. Its one invariant: an endpoint is cut at a character.

use super::frame::control;
use crate::decode::goaway::GoAway;
use crate::limits::ENDPOINT_MAX;
use crate::{HbtpFlags, HbtpOpcode, ResponseBuffer};

/// Appends a GOAWAY.
pub fn goaway(out: &mut ResponseBuffer, goaway: &GoAway<'_>) {
    let endpoint = &goaway.endpoint[..goaway.endpoint.floor_char_boundary(ENDPOINT_MAX)];
    control(out, HbtpOpcode::GoAway, HbtpFlags::NONE, 0, |out| {
        out.write(&goaway.code.value().to_le_bytes());
        out.write(&goaway.flags.to_le_bytes());
        out.write(&goaway.last_call.to_le_bytes());
        out.write(&0_u16.to_le_bytes());
        out.write(&goaway.drain_ms.to_le_bytes());
        out.write(&goaway.jitter_ms.to_le_bytes());
        out.write(&0_u32.to_le_bytes());
        out.write(endpoint.as_bytes());
    });
}
