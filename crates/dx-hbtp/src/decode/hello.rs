//! HELLO (H-5.2).
//!
//! Owns its shape. May not know what a server makes of it. Its one invariant: `version_min` is not
//! above `version_max`.

use super::Numbers;
use super::fields::Fields;
use crate::{Fault, Features};

/// What a client offers and takes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hello<'a> {
    /// The lowest version it speaks.
    pub version_min: u16,
    /// The highest version it speaks.
    pub version_max: u16,
    /// What it can do.
    pub features: Features,
    /// Bytes of payload it takes in; 0 is the default.
    pub frame_max: u32,
    /// Open calls it takes in from the server.
    pub inflight_max: u16,
    /// Subscriptions it wants room for.
    pub subscriptions_max: u16,
    /// Of its schema; 0 is none.
    pub schema_hash: u64,
    /// Bytes it may be sent at first (section 12).
    pub credit: u32,
    /// Token, name, resume and others.
    pub fields: Fields<'a>,
}

/// Reads the payload of a HELLO.
///
/// # Errors
/// The rule it breaks.
pub fn hello(payload: &[u8]) -> Result<Hello<'_>, Fault> {
    let mut numbers = Numbers(payload);
    let (hello, reserved) = fixed(&mut numbers).ok_or(Fault::MalformedHello)?;
    if reserved != 0 || hello.version_min > hello.version_max {
        return Err(Fault::MalformedHello);
    }
    Ok(Hello { fields: Fields::check(numbers.0)?, ..hello })
}

fn fixed<'a>(numbers: &mut Numbers<'a>) -> Option<(Hello<'a>, u32)> {
    let hello = Hello {
        version_min: numbers.u16()?,
        version_max: numbers.u16()?,
        features: Features::from_bits(numbers.u32()?),
        frame_max: numbers.u32()?,
        inflight_max: numbers.u16()?,
        subscriptions_max: numbers.u16()?,
        schema_hash: numbers.u64()?,
        credit: numbers.u32()?,
        fields: Fields::default(),
    };
    Some((hello, numbers.u32()?))
}
