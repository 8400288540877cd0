//! `bool` and `char`.
//!
//! Owns their wire forms. May not know anything else. Its one invariant: neither exists before its
//! bits were looked at.

use zerocopy::IntoBytes;

use crate::check::{Checker, any};
use crate::coded::{Coded, Sealed};
use crate::encode::{Encoder, Measure};
use crate::error::ReadError;
use crate::message::Message;
use crate::schema::{Kind, Schema};
use crate::wire::{BoolWire, CharWire};

impl Sealed for bool {}

impl Coded for bool {
    type Wire = BoolWire;
    type Read<'a> = Self;
    const SCHEMA: &'static Schema = &Schema::new("bool", size_of::<BoolWire>(), Kind::Bool);
    const PLAIN: bool = true;
    const ANY: bool = false;

    #[inline]
    fn measure(&self, _: &mut Measure) {}

    #[inline]
    fn encode(&self, out: &mut BoolWire, _: &mut Encoder<'_>) {
        *out = BoolWire(u8::from(*self));
    }

    #[inline]
    fn check(wire: &BoolWire, _: &mut Checker<'_>) -> Result<(), ReadError> {
        if wire.0 <= 1 { Ok(()) } else { Err(ReadError::Bool) }
    }

    #[inline]
    fn check_slice(wires: &[BoolWire], _: &mut Checker<'_>) -> Result<(), ReadError> {
        // Without an early end, so that many are looked at in one step.
        let is_good = any(wires.as_bytes()) & !0x0101_0101_0101_0101 == 0;
        if is_good { Ok(()) } else { Err(ReadError::Bool) }
    }

    #[inline]
    fn read<'a>(wire: &'a BoolWire, _: Message<'a>) -> Self {
        wire.0 == 1
    }

    #[inline]
    fn own(read: Self) -> Self {
        read
    }
}

impl Sealed for char {}

impl Coded for char {
    type Wire = CharWire;
    type Read<'a> = Self;
    const SCHEMA: &'static Schema = &Schema::new("char", size_of::<CharWire>(), Kind::Char);
    const PLAIN: bool = true;
    const ANY: bool = false;

    #[inline]
    fn measure(&self, _: &mut Measure) {}

    #[inline]
    fn encode(&self, out: &mut CharWire, _: &mut Encoder<'_>) {
        *out = CharWire(u32::from(*self).into());
    }

    #[inline]
    fn check(wire: &CharWire, _: &mut Checker<'_>) -> Result<(), ReadError> {
        if char::from_u32(wire.0.get()).is_some() { Ok(()) } else { Err(ReadError::Char) }
    }

    #[inline]
    fn read<'a>(wire: &'a CharWire, _: Message<'a>) -> Self {
        char::from_u32(wire.0.get()).unwrap_or_default()
    }

    #[inline]
    fn own(read: Self) -> Self {
        read
    }
}
