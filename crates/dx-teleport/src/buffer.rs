//! Values one behind the other, and strings in a table behind them all.
//!
//! Owns [`TeleportBuffer`], the front for messages whose order both sides know. May not know who
//! reads them. Its one invariant: values first, then the table; nothing is moved once written.

use core::marker::PhantomData;

use alloc::vec::Vec;

use zerocopy::{FromBytes, FromZeros, IntoBytes};

use crate::encode::Encoder;
use crate::error::WriteError;
use crate::limits::MESSAGE_BYTES_MAX;
use crate::raw::Teleportable;

/// Writes plain values and strings; [`TeleportReader`](crate::TeleportReader) faces it.
///
/// ```
/// use dx_teleport::{TeleportBuffer, TeleportReader};
///
/// let mut buffer = TeleportBuffer::new(256);
/// buffer.write(&7_u64);
/// let (offset, len) = buffer.write_string("Hello, World!");
/// let table = buffer.string_table_offset();
///
/// let reader = TeleportReader::with_string_table(buffer.finalize(), table);
/// assert_eq!(reader.read::<u64>(), Ok(7));
/// assert_eq!(reader.read_string(offset, len), Ok("Hello, World!"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct TeleportBuffer {
    /// The values; behind them, once finalized, the table.
    bytes: Vec<u8>,
    /// Bytes of the values.
    values: usize,
    strings: Vec<u8>,
    is_full: bool,
}

/// A place kept by [`TeleportBuffer::reserve`]. It is good until the buffer is reset.
#[derive(Debug)]
pub struct Slot<T> {
    at: usize,
    value: PhantomData<T>,
}

impl TeleportBuffer {
    /// A buffer that takes `capacity` bytes of values before it allocates again, and at most
    /// [`MESSAGE_BYTES_MAX`] with its strings.
    pub fn new(capacity: usize) -> Self {
        let bytes = Vec::with_capacity(capacity.min(MESSAGE_BYTES_MAX));
        Self { bytes, ..Self::default() }
    }

    /// Writes a plain value behind the others.
    ///
    /// A type with strings or slices of its own does not compile here: it is a message, for
    /// [`Writer`](crate::Writer).
    pub fn write<T: Teleportable>(&mut self, value: &T) {
        let slot = self.reserve::<T>();
        self.patch(&slot, value);
    }

    /// Writes the count of the elements in four bytes, then the elements.
    pub fn write_slice<T: Teleportable>(&mut self, items: &[T]) {
        plain::<T>();
        if !self.take(items.len().saturating_mul(size_of::<T::Wire>()).saturating_add(4)) {
            return;
        }
        self.bytes.extend_from_slice(&(items.len() as u32).to_le_bytes());
        let start = self.bytes.len();
        self.bytes.resize(start + items.len() * size_of::<T::Wire>(), 0);
        if let Ok(wires) = <[T::Wire]>::mut_from_bytes(&mut self.bytes[start..]) {
            T::encode_slice(items, wires, &mut Encoder::of_nothing());
        }
        self.values = self.bytes.len();
    }

    /// Puts a string into the table. Returns where it is, counted from the start of the table,
    /// and its bytes; `(0, 0)` if there is no room.
    pub fn write_string(&mut self, text: &str) -> (u32, u32) {
        if !self.take(text.len()) {
            return (0, 0);
        }
        let offset = self.strings.len() as u32;
        self.strings.extend_from_slice(text.as_bytes());
        (offset, text.len() as u32)
    }

    /// Keeps room for a value that is not known yet; zeros until [`patch`](Self::patch).
    pub fn reserve<T: Teleportable>(&mut self) -> Slot<T> {
        plain::<T>();
        let at = self.values;
        if self.take(size_of::<T::Wire>()) {
            self.bytes.resize(at + size_of::<T::Wire>(), 0);
            self.values = self.bytes.len();
        }
        Slot { at, value: PhantomData }
    }

    /// Writes the value into the room kept for it. Does nothing if the buffer has been reset and
    /// is shorter now.
    pub fn patch<T: Teleportable>(&mut self, slot: &Slot<T>, value: &T) {
        let mut wire = T::Wire::new_zeroed();
        value.encode(&mut wire, &mut Encoder::of_nothing());
        let space = self.bytes[..self.values].get_mut(slot.at..slot.at + size_of::<T::Wire>());
        if let Some(space) = space {
            space.copy_from_slice(wire.as_bytes());
        }
    }

    /// Where the table starts, once the last value is written.
    pub fn string_table_offset(&self) -> usize {
        self.values
    }

    /// The values and the table behind them. Empty if there was no room for all.
    ///
    /// It can be called again, and more can be written afterwards.
    pub fn finalize(&mut self) -> &[u8] {
        self.try_finalize().unwrap_or(&[])
    }

    /// [`finalize`](Self::finalize), with the reason.
    pub fn try_finalize(&mut self) -> Result<&[u8], WriteError> {
        if self.is_full {
            return Err(WriteError::TooLong);
        }
        self.bytes.truncate(self.values);
        self.bytes.extend_from_slice(&self.strings);
        Ok(&self.bytes)
    }

    /// Forgets everything but the memory.
    pub fn reset(&mut self) {
        self.bytes.clear();
        self.strings.clear();
        self.values = 0;
        self.is_full = false;
    }

    /// Whether `more` bytes fit; takes the table off, if it had been put behind the values.
    fn take(&mut self, more: usize) -> bool {
        self.bytes.truncate(self.values);
        let used = self.values + self.strings.len();
        self.is_full |= more > MESSAGE_BYTES_MAX - used;
        !self.is_full
    }
}

const fn plain<T: Teleportable>() {
    const { assert!(T::PLAIN, "a value with strings or slices is a message: use Writer") };
}
