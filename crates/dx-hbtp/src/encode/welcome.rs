//! WELCOME (H-5.4).
//!
//! Owns how it is written. May not know why. Its one invariant: the fixed part has 56 bytes.

use super::fields::fields;
use super::frame::control;
use crate::decode::welcome::Welcome;
use crate::{HbtpFlags, HbtpOpcode, ResponseBuffer};

/// Appends a WELCOME with the numbers of `welcome` and the `extra` fields, in ascending order of
/// type.
pub fn welcome(out: &mut ResponseBuffer, welcome: &Welcome<'_>, extra: &[(u16, &[u8])]) {
    control(out, HbtpOpcode::Welcome, HbtpFlags::NONE, 0, |out| {
        out.write(&welcome.version.to_le_bytes());
        out.write(&[welcome.verdict, welcome.resumed]);
        out.write(&welcome.features.bits().to_le_bytes());
        out.write(&welcome.frame_max.to_le_bytes());
        out.write(&welcome.inflight_max.to_le_bytes());
        out.write(&welcome.subscriptions_max.to_le_bytes());
        out.write(&welcome.keepalive_ms.to_le_bytes());
        out.write(&welcome.ping_interval_ms.to_le_bytes());
        out.write(&welcome.server_time_ms.to_le_bytes());
        out.write(&welcome.credit.to_le_bytes());
        out.write(&0_u32.to_le_bytes());
        out.write(&welcome.session_id);
        fields(out, extra);
    });
}
