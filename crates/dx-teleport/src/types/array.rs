//! Arrays of a fixed count, in place.
//!
//! Owns nothing but the loop. May not know the elements. Its one invariant: the count is part of
//! the type, so it is not on the wire.

use crate::check::Checker;
use crate::coded::{Coded, Sealed};
use crate::encode::{Encoder, Measure};
use crate::error::ReadError;
use crate::message::Message;
use crate::raw::Teleportable;
use crate::schema::{Kind, Schema};

impl<T: Teleportable, const N: usize> Sealed for [T; N] {}

impl<T: Teleportable, const N: usize> Coded for [T; N] {
    type Wire = [T::Wire; N];
    type Read<'a> = [T::Read<'a>; N];
    const SCHEMA: &'static Schema =
        &Schema::new("Array", size_of::<[T::Wire; N]>(), Kind::Array(T::SCHEMA, N as u32));
    const PLAIN: bool = T::PLAIN;
    const ANY: bool = T::ANY;
    const SLICE_ALIGN: usize = T::SLICE_ALIGN;

    #[inline]
    fn measure(&self, measure: &mut Measure) {
        T::measure_slice(self, measure);
    }

    #[inline]
    fn encode(&self, out: &mut [T::Wire; N], encoder: &mut Encoder<'_>) {
        T::encode_slice(self, out, encoder);
    }

    #[inline]
    fn check(wire: &[T::Wire; N], checker: &mut Checker<'_>) -> Result<(), ReadError> {
        T::check_slice(wire, checker)
    }

    #[inline]
    fn read<'a>(wire: &'a [T::Wire; N], message: Message<'a>) -> [T::Read<'a>; N] {
        wire.each_ref().map(|wire| T::read(wire, message))
    }

    #[inline]
    fn own(read: [T::Read<'_>; N]) -> Self {
        read.map(T::own)
    }

    #[inline]
    fn encode_slice(items: &[Self], out: &mut [[T::Wire; N]], encoder: &mut Encoder<'_>) {
        if T::PLAIN {
            T::encode_slice(items.as_flattened(), out.as_flattened_mut(), encoder);
        } else {
            items.iter().zip(out).for_each(|(item, out)| item.encode(out, encoder));
        }
    }
}
