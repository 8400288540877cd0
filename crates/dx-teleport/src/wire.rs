//! The wire forms that are not numbers.
//!
//! Owns the fixed parts of strings, slices, options, pairs and single bytes. May not know what is
//! a valid one. Its one invariant: every wire form takes any bytes, has alignment 1 and no padding,
//! so a reference to one is sound before anything was checked.

use core::marker::PhantomData;

use zerocopy::little_endian::U32;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// What a wire form has to be; there is nothing else to implement.
pub trait Wire:
    FromBytes + IntoBytes + KnownLayout + Immutable + Unaligned + Copy + 'static
{
}

impl<T> Wire for T where
    T: FromBytes + IntoBytes + KnownLayout + Immutable + Unaligned + Copy + 'static
{
}

/// A string: where it starts, from the start of the message, and its bytes. Empty is all zeros.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug)]
#[repr(C)]
pub struct TextRef {
    pub(crate) offset: U32,
    pub(crate) len: U32,
}

/// Elements: where they start, from the start of the message, and how many. Empty is all zeros.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Debug)]
#[repr(C)]
pub struct SliceRef<T> {
    pub(crate) offset: U32,
    pub(crate) count: U32,
    pub(crate) element: PhantomData<T>,
}

impl<T> Copy for SliceRef<T> {}

impl<T> Clone for SliceRef<T> {
    fn clone(&self) -> Self {
        *self
    }
}

/// One byte that says whether the value is there; the value is zeros if not.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug)]
#[repr(C)]
pub struct OptionWire<W> {
    pub(crate) present: u8,
    pub(crate) value: W,
}

/// A key and its value.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug)]
#[repr(C)]
pub struct PairWire<K, V> {
    pub(crate) key: K,
    pub(crate) value: V,
}

/// A bool that may still be any byte.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug)]
#[repr(transparent)]
pub struct BoolWire(pub(crate) u8);

/// A char that may still be any number.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug)]
#[repr(transparent)]
pub struct CharWire(pub(crate) U32);

/// The tag of an enum that may still be any byte.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug)]
#[repr(transparent)]
pub struct TagWire(#[doc(hidden)] pub u8);

/// The size of the largest of a data enum's variants.
#[doc(hidden)]
pub const fn largest(sizes: &[usize]) -> usize {
    let (mut largest, mut at) = (0, 0);
    while at < sizes.len() {
        if sizes[at] > largest {
            largest = sizes[at];
        }
        at += 1;
    }
    largest
}

/// The fields of a variant, and the room behind them.
#[doc(hidden)]
#[inline]
pub fn variant<W: Wire>(room: &[u8]) -> (&W, &[u8]) {
    // The room is that of the largest variant, and the alignment is 1.
    W::ref_from_prefix(room).unwrap_or_else(|_| unreachable!())
}

/// The fields of a variant, to be written; the room behind them is zero from here on.
#[doc(hidden)]
#[inline]
pub fn variant_mut<W: Wire>(room: &mut [u8]) -> &mut W {
    let (fields, rest) = W::mut_from_prefix(room).unwrap_or_else(|_| unreachable!());
    rest.fill(0);
    fields
}
