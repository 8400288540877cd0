//! WELCOME (H-5.4).
//!
//! Owns its shape. May not know what the client offered. Its one invariant: `verdict` and
//! `resumed` are numbers that have a meaning.

use super::Numbers;
use super::fields::Fields;
use crate::{Fault, Features};

/// What a server chose and takes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Welcome<'a> {
    /// The version from here on.
    pub version: u16,
    /// 0 identical schema or not asked, 1 layouts follow, 2 unknown.
    pub verdict: u8,
    /// 0 fresh, 1 positions only, 2 full.
    pub resumed: u8,
    /// What both sides can do.
    pub features: Features,
    /// Bytes of payload it takes in.
    pub frame_max: u32,
    /// Open calls it takes in.
    pub inflight_max: u16,
    /// Subscriptions it has room for.
    pub subscriptions_max: u16,
    /// Silence after which it pings.
    pub keepalive_ms: u32,
    /// Time between Pings it answers.
    pub ping_interval_ms: u32,
    /// Its clock, since 1970.
    pub server_time_ms: u64,
    /// Bytes it may be sent at first (section 12).
    pub credit: u32,
    /// Names the session.
    pub session_id: [u8; 16],
    /// Resume token, route map and others.
    pub fields: Fields<'a>,
}

/// Reads the payload of a WELCOME.
///
/// # Errors
/// The rule it breaks.
pub fn welcome(payload: &[u8]) -> Result<Welcome<'_>, Fault> {
    let mut numbers = Numbers(payload);
    let (welcome, reserved) = fixed(&mut numbers).ok_or(Fault::MalformedWelcome)?;
    if reserved != 0 || welcome.verdict > 2 || welcome.resumed > 2 {
        return Err(Fault::MalformedWelcome);
    }
    Ok(Welcome { fields: Fields::check(numbers.0)?, ..welcome })
}

fn fixed<'a>(numbers: &mut Numbers<'a>) -> Option<(Welcome<'a>, u32)> {
    let mut welcome = Welcome {
        version: numbers.u16()?,
        verdict: numbers.u8()?,
        resumed: numbers.u8()?,
        features: Features::from_bits(numbers.u32()?),
        frame_max: numbers.u32()?,
        inflight_max: numbers.u16()?,
        subscriptions_max: numbers.u16()?,
        keepalive_ms: numbers.u32()?,
        ping_interval_ms: numbers.u32()?,
        server_time_ms: numbers.u64()?,
        credit: numbers.u32()?,
        session_id: [0; 16],
        fields: Fields::default(),
    };
    let reserved = numbers.u32()?;
    welcome.session_id = numbers.array()?;
    Some((welcome, reserved))
}
