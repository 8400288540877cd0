//! Reading a few parts of a message without checking the rest.
//!
//! Owns [`Lazy`]: every step checks its own bounds and bits. May not trust a byte. Its one
//! invariant: all steps together look at no more than
//! [`LAZY_BUDGET`](crate::limits::LAZY_BUDGET) times the message.

use core::cell::Cell;

use zerocopy::FromBytes;

use crate::check::check_plain;
use crate::error::ReadError;
use crate::limits::LAZY_BUDGET;
use crate::message::{HEADER, Message, Parts, split};
use crate::raw::Teleportable;
use crate::wire::{SliceRef, TextRef};

/// A message of which only the header was looked at.
///
/// The derive makes a wire struct for each struct (`PlayerWire` for `Player`) with the same
/// fields; a `Lazy` turns those into values, one at a time.
///
/// ```
/// use dx_teleport::{Lazy, Teleport, to_bytes};
///
/// #[derive(Teleport)]
/// struct Player {
///     id: u64,
///     name: String,
/// }
///
/// let bytes = to_bytes(&Player { id: 7, name: "Ada".into() }).unwrap();
/// let lazy = Lazy::open(&bytes).unwrap();
/// let player = lazy.root::<Player>().unwrap();
/// assert_eq!(lazy.value::<u64>(&player.id), Ok(7));
/// assert_eq!(lazy.text(&player.name), Ok("Ada"));
/// ```
#[derive(Debug)]
pub struct Lazy<'a> {
    data: &'a [u8],
    table: &'a [u8],
    budget: Cell<usize>,
}

impl<'a> Lazy<'a> {
    /// Looks at the header and the padding alone.
    pub fn open(bytes: &'a [u8]) -> Result<Self, ReadError> {
        let Parts { data, table } = split(bytes)?;
        Ok(Self { data, table, budget: Cell::new(bytes.len() * LAZY_BUDGET) })
    }

    /// The fixed part of the root value; its fields are not checked yet.
    pub fn root<T: Teleportable>(&self) -> Result<&'a T::Wire, ReadError> {
        let bytes = self.data.get(HEADER..).ok_or(ReadError::Short)?;
        Ok(T::Wire::ref_from_prefix(bytes).map_err(|_| ReadError::Short)?.0)
    }

    /// A value that refers to nothing.
    pub fn value<'w, T: Teleportable>(&self, wire: &'w T::Wire) -> Result<T::Read<'w>, ReadError> {
        check_plain::<T>(wire)?;
        Ok(T::read(wire, Message::NONE))
    }

    /// A string.
    pub fn text(&self, text: &TextRef) -> Result<&'a str, ReadError> {
        let (offset, len) = (text.offset.get() as usize, text.len.get() as usize);
        if len == 0 {
            return Ok("");
        }
        let start = offset.checked_sub(self.data.len()).ok_or(ReadError::Offset)?;
        let tail = self.table.get(start..).ok_or(ReadError::PastEnd)?;
        let bytes = tail.get(..len).ok_or(ReadError::PastEnd)?;
        self.spend(len)?;
        core::str::from_utf8(bytes).map_err(|_| ReadError::Utf8)
    }

    /// The fixed parts of the elements of a slice; their fields are not checked yet.
    pub fn slice<T: Teleportable>(&self, slice: &SliceRef<T>) -> Result<&'a [T::Wire], ReadError> {
        let (offset, count) = (slice.offset.get() as usize, slice.count.get() as usize);
        if count == 0 {
            return Ok(&[]);
        }
        if offset < HEADER || !offset.is_multiple_of(T::SLICE_ALIGN) {
            return Err(ReadError::Offset);
        }
        let rest = self.data.get(offset..).ok_or(ReadError::PastEnd)?;
        let (wires, _) =
            <[T::Wire]>::ref_from_prefix_with_elems(rest, count).map_err(|_| ReadError::PastEnd)?;
        self.spend(size_of_val(wires))?;
        Ok(wires)
    }

    fn spend(&self, bytes: usize) -> Result<(), ReadError> {
        let left = self.budget.get().checked_sub(bytes).ok_or(ReadError::Budget)?;
        self.budget.set(left);
        Ok(())
    }
}
