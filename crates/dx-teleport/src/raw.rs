//! What unsafe code may trust: the only unsafe code of the crate.
//!
//! Owns [`Teleportable`] and who is it, [`Native`], and the casts that are proved by a look at the
//! bytes, by `Native` or by `zerocopy`. May not know messages or offsets. Its one invariant: a type
//! is `Native` only if each of its bytes is part of a number, so any bytes are a value of it, and
//! it has none that is not initialised.

use core::slice;

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use crate::coded::Coded;
use crate::types::{Enum, MapKey, Open};
use crate::wire::Wire;

/// A type whose values have a wire form.
///
/// Implemented for numbers, `bool`, `char`, `String`, `Vec<T>`, `Option<T>`, `[T; N]`,
/// `BTreeMap<K, V>` and [`Open<E>`](crate::Open), and by `#[derive(Teleport)]`. Not for `usize`,
/// pointers, references or hash maps: their size, their meaning or their order is not the same on
/// both sides.
///
/// # Safety
///
/// Only the derive implements it outside of this crate.
///
/// - What [`Coded`] asks for holds.
/// - The type owns plain data: no pointer of it travels, and its wire form, by `zerocopy`, takes
///   any bytes, has none that is not initialised, and has alignment 1.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be teleported",
    label = "this type has no wire form",
    note = "cure: use a sized number instead of `usize`, a value instead of a pointer or a \
            reference, `BTreeMap` instead of `HashMap`",
    note = "for a type of your own: `#[derive(Teleport)]`"
)]
pub unsafe trait Teleportable: Coded {}

macro_rules! single {
    ($($single:ty)*) => {
        $(
            // SAFETY: a single value refers to nothing: it counts, takes and checks no blocks and
            // no strings, and its wire form, which has its size, is assigned whole.
            unsafe impl Teleportable for $single {}
        )*
    };
}

single!(u8 u16 u32 u64 u128 i8 i16 i32 i64 i128 f32 f64 bool char);

// SAFETY: one tag, as above; any byte is a value.
unsafe impl<E: Enum> Teleportable for Open<E> {}

// SAFETY: one string is counted, taken and checked; both words of the reference are assigned.
unsafe impl Teleportable for String {}

// SAFETY: each of measure, encode and check takes one block of the elements, then what these
// take, in their order; both words of the reference are assigned.
unsafe impl<T: Teleportable> Teleportable for Vec<T> {}

// SAFETY: as for `Vec`, with pairs: what the key takes, then what the value takes, pair by pair.
unsafe impl<K: MapKey, V: Teleportable> Teleportable for BTreeMap<K, V> {}

// SAFETY: a value that is there is counted, written and checked by its own type; one that is not,
// by none of the three. The byte of presence and the value's bytes are written in both cases.
unsafe impl<T: Teleportable> Teleportable for Option<T> {}

// SAFETY: each of measure, encode and check goes through all elements in order.
unsafe impl<T: Teleportable, const N: usize> Teleportable for [T; N] {}

#[cfg(target_endian = "big")]
compile_error!("native values are little-endian in memory; a big-endian target has none");

/// Values that are the same bytes in memory and on the wire.
///
/// Numbers, arrays of them, and structs with `#[teleport(native)]`, which proves the list below
/// in const evaluation.
///
/// # Safety
///
/// - The type has no padding: its size is the sum of the sizes of its numbers.
/// - Every pattern of bits is a value of it.
/// - It has no pointer, no reference and no interior mutability.
/// - Its bytes in memory, on a little-endian target, are those of its wire form.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the same bytes in memory and on the wire",
    note = "a native struct has numbers, arrays of numbers and other native structs only",
    note = "cure: leave out `#[teleport(native)]`, or make the field a number"
)]
pub unsafe trait Native: Copy + 'static {}

macro_rules! native {
    ($($number:ty)*) => {
        $(
            // SAFETY: a primitive number has no padding and takes every pattern of bits; it is
            // little-endian in memory on every target that this file compiles for.
            unsafe impl Native for $number {}
        )*
    };
}

native!(u8 u16 u32 u64 i8 i16 i32 i64 f32 f64);

// SAFETY: an array is its elements one behind the other, without bytes in between, so what holds
// for the element holds for it.
unsafe impl<T: Native, const N: usize> Native for [T; N] {}

/// The bytes of `items`.
pub fn native_bytes<T: Native>(items: &[T]) -> &[u8] {
    let len = size_of_val(items);
    // SAFETY: the pointer and the length in bytes are those of one live slice, borrowed as long as
    // the result; `T: Native` has no padding, so each byte is initialised, and no interior
    // mutability, so none changes while it is borrowed. `u8` needs no alignment.
    unsafe { slice::from_raw_parts(items.as_ptr().cast::<u8>(), len) }
}

/// `bytes` as values in place; `None` if they are not aligned, or not a whole number of values.
pub fn native_slice<T: Native>(bytes: &[u8]) -> Option<&[T]> {
    let size = size_of::<T>();
    let pointer = bytes.as_ptr().cast::<T>();
    if size == 0 || !bytes.len().is_multiple_of(size) || !pointer.is_aligned() {
        return None;
    }
    // SAFETY: the pointer is aligned for `T`, as just checked, and the bytes behind it are live,
    // initialised and borrowed as long as the result; `len / size` values are exactly the bytes
    // of `bytes`. `T: Native` takes every pattern of bits.
    Some(unsafe { slice::from_raw_parts(pointer, bytes.len() / size) })
}

/// The first `count` wire forms of `bytes`, and the bytes they take; `None` if there are fewer.
#[inline(always)]
pub(crate) fn wires<W: Wire>(bytes: &[u8], count: u32) -> Option<(&[W], usize)> {
    // Both factors have 32 bits, so 64 hold the product.
    const { assert!(size_of::<W>() as u64 <= u32::MAX as u64) };
    let len = u64::from(count) * size_of::<W>() as u64;
    if len > bytes.len() as u64 {
        return None;
    }
    // SAFETY: `count` wire forms are `len` bytes, which are there, live, initialised and borrowed
    // as long as the result. By `zerocopy`, a wire form takes any bytes (`FromBytes`), needs no
    // alignment (`Unaligned`), and is not changed while it is shared (`Immutable`).
    let wires = unsafe { slice::from_raw_parts(bytes.as_ptr().cast::<W>(), count as usize) };
    Some((wires, len as usize))
}

/// A string table that is UTF-8.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table<'a> {
    text: &'a str,
    /// INVARIANT: true only if every byte of `text` is ASCII.
    is_ascii: bool,
}

impl<'a> Table<'a> {
    /// A table without strings.
    pub(crate) const EMPTY: Self = Self { text: "", is_ascii: true };

    /// `bytes`, if they are UTF-8. For ASCII that is found out four times faster.
    pub(crate) fn new(bytes: &'a [u8]) -> Option<Self> {
        if bytes.is_ascii() {
            // SAFETY: each byte is ASCII, as just checked, and ASCII is UTF-8.
            let text = unsafe { core::str::from_utf8_unchecked(bytes) };
            return Some(Self { text, is_ascii: true });
        }
        Some(Self { text: core::str::from_utf8(bytes).ok()?, is_ascii: false })
    }

    /// The string; `None` if it reaches past the end or is cut inside a character.
    #[inline(always)]
    pub(crate) fn get(&self, start: usize, len: usize) -> Option<&'a str> {
        let end = start.checked_add(len)?;
        if !self.is_ascii {
            return self.text.get(start..end);
        }
        let bytes = self.text.as_bytes().get(start..end)?;
        // SAFETY: by the invariant of `is_ascii` each byte of the table is ASCII, so each byte of
        // this part of it is, and ASCII is UTF-8.
        Some(unsafe { core::str::from_utf8_unchecked(bytes) })
    }

    /// Whether a string may end at `at`, which is inside the table or its end.
    #[inline(always)]
    pub(crate) fn is_boundary(&self, at: usize) -> bool {
        self.is_ascii || self.text.is_char_boundary(at)
    }

    /// Bytes of the table.
    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.text.len()
    }
}

#[cfg(test)]
mod tests {
    use super::{Table, native_bytes, native_slice, wires};

    #[test]
    fn wire_forms_at_any_address() {
        type Number = zerocopy::little_endian::U32;
        let bytes = [0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
        let (numbers, len) = wires::<Number>(&bytes[1..], 2).unwrap();
        assert_eq!((numbers[0].get(), numbers[1].get(), len), (1, 2, 8));
        assert!(wires::<Number>(&bytes[1..], 3).is_none());
        assert!(wires::<Number>(&bytes, u32::MAX).is_none());
        assert!(
            wires::<Number>(&[], 0).is_some_and(|(numbers, len)| numbers.is_empty() && len == 0)
        );
    }

    #[test]
    fn tables_cut_between_characters() {
        for text in ["", "abc", "né!", "\u{10FFFF}x", "é"] {
            let table = Table::new(text.as_bytes()).unwrap();
            for start in 0..text.len() + 2 {
                for len in 0..text.len() + 2 {
                    assert_eq!(table.get(start, len), text.get(start..start + len), "{text}");
                }
                assert_eq!(table.get(start, usize::MAX), None);
            }
        }
        for at in 0..99 {
            let mut bytes = [b'a'; 99];
            bytes[at] = 0x80;
            assert!(Table::new(&bytes).is_none(), "{at}");
        }
    }

    #[test]
    fn there_and_back() {
        let numbers = [1_u32, 0xFFFF_FFFF, 7];
        let bytes = native_bytes(&numbers);
        assert_eq!(bytes, [1, 0, 0, 0, 255, 255, 255, 255, 7, 0, 0, 0]);
        assert_eq!(native_slice::<u32>(bytes), Some(&numbers[..]));
        assert_eq!(native_slice::<[u32; 3]>(bytes), Some(&[numbers][..]));
    }

    #[test]
    fn misaligned_odd_or_empty() {
        let numbers = [1_u64, 2, 3];
        let bytes = native_bytes(&numbers);
        for start in 1..8 {
            assert_eq!(native_slice::<u64>(&bytes[start..start + 16]), None, "{start}");
        }
        assert_eq!(native_slice::<u64>(&bytes[..12]), None);
        assert_eq!(native_slice::<[u64; 0]>(bytes), None);
        assert_eq!(native_slice::<u64>(&bytes[..0]), Some(&[][..]));
    }
}
