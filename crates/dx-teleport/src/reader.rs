//! Reading what a [`TeleportBuffer`](crate::TeleportBuffer) wrote.
//!
//! Owns the cursor. May not trust a byte. Its one invariant: every call looks at bounds and bits
//! before it answers, and a call that fails leaves the cursor where it was.

use core::cell::Cell;

use zerocopy::FromBytes;

use crate::check::{Checker, check_plain};
use crate::error::ReadError;
use crate::message::Message;
use crate::raw::Teleportable;
use crate::types::Items;

/// Reads plain values by value, and strings in place.
#[derive(Clone, Debug)]
pub struct TeleportReader<'a> {
    values: &'a [u8],
    strings: &'a [u8],
    at: Cell<usize>,
}

impl<'a> TeleportReader<'a> {
    /// A reader of values without strings.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { values: bytes, strings: &[], at: Cell::new(0) }
    }

    /// A reader of values whose string table starts at `offset`. Past the end there is none.
    pub fn with_string_table(bytes: &'a [u8], offset: usize) -> Self {
        let (values, strings) = bytes.split_at(offset.min(bytes.len()));
        Self { values, strings, at: Cell::new(0) }
    }

    /// The next value.
    ///
    /// # Errors
    ///
    /// [`ReadError::Short`] at the end, or what is wrong with its bits.
    pub fn read<T: Teleportable>(&self) -> Result<T, ReadError> {
        let (wire, rest) = T::Wire::ref_from_prefix(self.rest()).map_err(|_| ReadError::Short)?;
        check_plain::<T>(wire)?;
        self.at.set(self.values.len() - rest.len());
        Ok(T::own(T::read(wire, Message::NONE)))
    }

    /// The next slice, in place.
    ///
    /// # Errors
    ///
    /// [`ReadError::Short`] if fewer bytes are left than it says, or what is wrong with the bits
    /// of an element.
    pub fn read_slice<T: Teleportable>(&self) -> Result<Items<'a, T>, ReadError> {
        const { assert!(T::PLAIN, "elements with strings or slices are a message: use View") };
        let (count, rest) = self.rest().split_first_chunk().ok_or(ReadError::Short)?;
        let count = u32::from_le_bytes(*count) as usize;
        let (wires, rest) =
            <[T::Wire]>::ref_from_prefix_with_elems(rest, count).map_err(|_| ReadError::Short)?;
        T::check_slice(wires, &mut Checker::of_nothing())?;
        self.at.set(self.values.len() - rest.len());
        Ok(Items::new(wires, Message::NONE))
    }

    /// The string at `offset` of the table.
    ///
    /// # Errors
    ///
    /// [`ReadError::PastEnd`], or [`ReadError::Utf8`].
    pub fn read_string(&self, offset: u32, len: u32) -> Result<&'a str, ReadError> {
        let tail = self.strings.get(offset as usize..).ok_or(ReadError::PastEnd)?;
        let bytes = tail.get(..len as usize).ok_or(ReadError::PastEnd)?;
        core::str::from_utf8(bytes).map_err(|_| ReadError::Utf8)
    }

    /// Bytes of values that were not read yet.
    pub fn remaining(&self) -> usize {
        self.rest().len()
    }

    fn rest(&self) -> &'a [u8] {
        &self.values[self.at.get()..]
    }
}
