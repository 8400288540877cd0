//! Numbers.
//!
//! Owns the numbers' wire forms. May not know anything else. Its one invariant: the bytes are
//! little-endian everywhere; a float keeps its bits, NaN included. A slice of numbers starts at a
//! multiple of their size, at most 8, so that typed arrays of a browser can lie on it.

use zerocopy::IntoBytes;
use zerocopy::little_endian as le;

use crate::check::Checker;
use crate::coded::{Coded, Sealed};
use crate::encode::{Encoder, Measure, copy};
use crate::error::ReadError;
use crate::message::Message;
use crate::raw::{Native, native_bytes};
use crate::schema::{Kind, Number, Schema};
use crate::wire::Wire;

/// Copies native values to their wire forms in one go.
#[inline]
pub fn encode_native<T: Native, W: Wire>(items: &[T], out: &mut [W]) {
    copy(out.as_mut_bytes(), native_bytes(items));
}

macro_rules! number {
    ($($type:ident $wire:ty, $kind:ident, $align:expr, $to:expr, $of:expr $(, $bulk:ident)?;)*) => {
        $(
            impl Sealed for $type {}

            impl Coded for $type {
                type Wire = $wire;
                type Read<'a> = Self;
                const SCHEMA: &'static Schema = &Schema::new(
                    stringify!($type), size_of::<$wire>(), Kind::Number(Number::$kind),
                );
                const PLAIN: bool = true;
                const ANY: bool = true;
                const SLICE_ALIGN: usize = $align;

                #[inline]
                fn measure(&self, _: &mut Measure) {}

                #[inline]
                fn encode(&self, out: &mut $wire, _: &mut Encoder<'_>) {
                    *out = $to(*self);
                }

                #[inline]
                fn check(_: &$wire, _: &mut Checker<'_>) -> Result<(), ReadError> {
                    Ok(())
                }

                #[inline]
                fn read<'a>(wire: &'a $wire, _: Message<'a>) -> Self {
                    $of(*wire)
                }

                #[inline]
                fn own(read: Self) -> Self {
                    read
                }

                $(
                    #[inline]
                    fn encode_slice(items: &[Self], out: &mut [$wire], _: &mut Encoder<'_>) {
                        $bulk(items, out);
                    }
                )?
            }
        )*
    };
}

number! {
    u8 u8, Unsigned, 1, core::convert::identity, core::convert::identity, encode_native;
    i8 i8, Signed, 1, core::convert::identity, core::convert::identity, encode_native;
    u16 le::U16, Unsigned, 2, le::U16::new, le::U16::get, encode_native;
    i16 le::I16, Signed, 2, le::I16::new, le::I16::get, encode_native;
    u32 le::U32, Unsigned, 4, le::U32::new, le::U32::get, encode_native;
    i32 le::I32, Signed, 4, le::I32::new, le::I32::get, encode_native;
    u64 le::U64, Unsigned, 8, le::U64::new, le::U64::get, encode_native;
    i64 le::I64, Signed, 8, le::I64::new, le::I64::get, encode_native;
    f32 le::F32, Float, 4, le::F32::new, le::F32::get, encode_native;
    f64 le::F64, Float, 8, le::F64::new, le::F64::get, encode_native;
    u128 le::U128, Unsigned, 8, le::U128::new, le::U128::get;
    i128 le::I128, Signed, 8, le::I128::new, le::I128::get;
}
