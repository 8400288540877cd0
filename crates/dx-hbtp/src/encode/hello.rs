//! HELLO (H-5.2).
//!
//! Owns how it is written. May not know why. Its one invariant: the fixed part has 32 bytes.

use super::fields::fields;
use super::frame::control;
use crate::decode::hello::Hello;
use crate::{HbtpFlags, HbtpOpcode, ResponseBuffer};

/// Appends a HELLO with the numbers of `hello` and the `extra` fields, in ascending order of type.
pub fn hello(out: &mut ResponseBuffer, hello: &Hello<'_>, extra: &[(u16, &[u8])]) {
    control(out, HbtpOpcode::Hello, HbtpFlags::NONE, 0, |out| {
        out.write(&hello.version_min.to_le_bytes());
        out.write(&hello.version_max.to_le_bytes());
        out.write(&hello.features.bits().to_le_bytes());
        out.write(&hello.frame_max.to_le_bytes());
        out.write(&hello.inflight_max.to_le_bytes());
        out.write(&hello.subscriptions_max.to_le_bytes());
        out.write(&hello.schema_hash.to_le_bytes());
        out.write(&hello.credit.to_le_bytes());
        out.write(&0_u32.to_le_bytes());
        fields(out, extra);
    });
}
