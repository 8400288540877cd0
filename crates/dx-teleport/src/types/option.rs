//! Options.
//!
//! Owns the byte of presence. May not know the value. Its one invariant: an absent value is zeros,
//! so that an option has one form for each of its values.

use zerocopy::IntoBytes;

use crate::check::{Checker, zeros};
use crate::coded::{Coded, Sealed};
use crate::encode::{Encoder, Measure};
use crate::error::ReadError;
use crate::message::Message;
use crate::raw::Teleportable;
use crate::schema::{Kind, Schema};
use crate::wire::OptionWire;

impl<T: Teleportable> Sealed for Option<T> {}

impl<T: Teleportable> Coded for Option<T> {
    type Wire = OptionWire<T::Wire>;
    type Read<'a> = Option<T::Read<'a>>;
    const SCHEMA: &'static Schema =
        &Schema::new("Option", size_of::<OptionWire<T::Wire>>(), Kind::Option(T::SCHEMA));
    const PLAIN: bool = T::PLAIN;
    const ANY: bool = false;

    #[inline]
    fn measure(&self, measure: &mut Measure) {
        if let Some(value) = self {
            value.measure(measure);
        }
    }

    #[inline]
    fn encode(&self, out: &mut OptionWire<T::Wire>, encoder: &mut Encoder<'_>) {
        out.present = u8::from(self.is_some());
        match self {
            Some(value) => value.encode(&mut out.value, encoder),
            None => out.value.as_mut_bytes().fill(0),
        }
    }

    #[inline]
    fn check(wire: &OptionWire<T::Wire>, checker: &mut Checker<'_>) -> Result<(), ReadError> {
        match wire.present {
            0 => zeros(wire.value.as_bytes()),
            1 => T::check(&wire.value, checker),
            _ => Err(ReadError::Presence),
        }
    }

    #[inline]
    fn read<'a>(wire: &'a OptionWire<T::Wire>, message: Message<'a>) -> Self::Read<'a> {
        (wire.present == 1).then(|| T::read(&wire.value, message))
    }

    fn own(read: Self::Read<'_>) -> Self {
        read.map(T::own)
    }
}
