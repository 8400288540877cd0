//! Slices: elements one behind the other in a block of their own.
//!
//! Owns how a `Vec` refers to its block, and [`Items`], the block as it is read. May not know the
//! elements. Its one invariant: a block's elements come first, what they refer to behind them.

use core::fmt;
use core::slice::Iter;

use alloc::vec::Vec;

use zerocopy::IntoBytes;

use crate::check::Checker;
use crate::coded::{Coded, Sealed};
use crate::encode::{Encoder, Measure};
use crate::error::ReadError;
use crate::message::Message;
use crate::raw::{Native, Teleportable, native_slice};
use crate::schema::{Kind, Schema};
use crate::wire::SliceRef;

impl<T: Teleportable> Sealed for Vec<T> {}

impl<T: Teleportable> Coded for Vec<T> {
    type Wire = SliceRef<T>;
    type Read<'a> = Items<'a, T>;
    const SCHEMA: &'static Schema = &Schema::new(
        "Vec",
        size_of::<SliceRef<T>>(),
        Kind::Slice(T::SCHEMA, T::SLICE_ALIGN as u32),
    );
    const PLAIN: bool = false;
    const ANY: bool = false;

    #[inline]
    fn measure(&self, measure: &mut Measure) {
        measure.block(self.len(), size_of::<T::Wire>(), T::SLICE_ALIGN);
        T::measure_slice(self, measure);
    }

    #[inline]
    fn encode(&self, out: &mut SliceRef<T>, encoder: &mut Encoder<'_>) {
        let (slice, wires) = encoder.block::<T, T::Wire>(self.len(), T::SLICE_ALIGN);
        *out = slice;
        T::encode_slice(self, wires, encoder);
    }

    #[inline]
    fn check(wire: &SliceRef<T>, checker: &mut Checker<'_>) -> Result<(), ReadError> {
        let wires = checker.block::<T, T::Wire>(wire, T::SLICE_ALIGN)?;
        T::check_slice(wires, checker)
    }

    #[inline]
    fn read<'a>(wire: &'a SliceRef<T>, message: Message<'a>) -> Items<'a, T> {
        Items { wires: message.block(wire.offset.get(), wire.count.get()), message }
    }

    fn own(read: Items<'_, T>) -> Self {
        read.iter().map(T::own).collect()
    }
}

/// The elements of a slice, in place.
pub struct Items<'a, T: Teleportable> {
    wires: &'a [T::Wire],
    message: Message<'a>,
}

impl<'a, T: Teleportable> Items<'a, T> {
    pub(crate) fn new(wires: &'a [T::Wire], message: Message<'a>) -> Self {
        Self { wires, message }
    }

    /// How many there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.wires.len()
    }

    /// Whether there is none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.wires.is_empty()
    }

    /// The element at `index`.
    #[inline]
    pub fn get(&self, index: usize) -> Option<T::Read<'a>> {
        self.wires.get(index).map(|wire| T::read(wire, self.message))
    }

    /// All of them, in order.
    #[inline]
    pub fn iter(&self) -> ItemsIter<'a, T> {
        ItemsIter { wires: self.wires.iter(), message: self.message }
    }

    /// Their bytes.
    #[inline]
    pub fn as_bytes(&self) -> &'a [u8] {
        self.wires.as_bytes()
    }
}

impl<'a, T: Teleportable + Native> Items<'a, T> {
    /// The elements as they are in memory, where the address allows it. Numbers start at a
    /// multiple of 8 from the start of the message, so it does when the message's address is one.
    #[inline]
    pub fn as_native(&self) -> Option<&'a [T]> {
        native_slice(self.wires.as_bytes())
    }
}

impl<T: Teleportable> Copy for Items<'_, T> {}

impl<T: Teleportable> Clone for Items<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Teleportable> fmt::Debug for Items<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'a, T: Teleportable> IntoIterator for Items<'a, T> {
    type Item = T::Read<'a>;
    type IntoIter = ItemsIter<'a, T>;

    #[inline]
    fn into_iter(self) -> ItemsIter<'a, T> {
        self.iter()
    }
}

/// See [`Items::iter`].
pub struct ItemsIter<'a, T: Teleportable> {
    wires: Iter<'a, T::Wire>,
    message: Message<'a>,
}

impl<'a, T: Teleportable> Iterator for ItemsIter<'a, T> {
    type Item = T::Read<'a>;

    #[inline]
    fn next(&mut self) -> Option<T::Read<'a>> {
        self.wires.next().map(|wire| T::read(wire, self.message))
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.wires.size_hint()
    }
}

impl<T: Teleportable> ExactSizeIterator for ItemsIter<'_, T> {}

impl<T: Teleportable> fmt::Debug for ItemsIter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ItemsIter").field("left", &self.wires.len()).finish()
    }
}
