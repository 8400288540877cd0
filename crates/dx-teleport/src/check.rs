//! Proving that bytes are a value.
//!
//! Owns the walk over a message in the order of its writer. May not know types; those call back.
//! Its one invariant: every block and every string starts exactly where the one before it ended,
//! so there are no cycles, no shared targets, no gaps, and the walk takes as long as the message.

use zerocopy::FromBytes;

use crate::error::ReadError;
use crate::message::{HEADER, Message, Parts, split};
use crate::raw::{Table, Teleportable, wires};
use crate::wire::{SliceRef, TextRef, Wire};

/// Where a check stands. Types see it in [`Coded::check`](crate::coded::Coded::check); nobody
/// else makes one.
#[derive(Debug)]
pub struct Checker<'a> {
    message: Message<'a>,
    data_at: usize,
    text_at: usize,
}

/// Checks all of `bytes` as a message whose root is a `T`.
pub(crate) fn check<T: Teleportable>(bytes: &[u8]) -> Result<(&T::Wire, Message<'_>), ReadError> {
    let Parts { data, table } = split(bytes)?;
    let text = Table::new(table).ok_or(ReadError::Utf8)?;
    let root = data.get(HEADER..).ok_or(ReadError::Short)?;
    let (root, _) = T::Wire::ref_from_prefix(root).map_err(|_| ReadError::Short)?;
    let message = Message { data, text };
    let data_at = HEADER + size_of::<T::Wire>();
    let mut checker = Checker { message, data_at, text_at: data.len() };
    T::check(root, &mut checker)?;
    checker.finish()?;
    Ok((root, message))
}

/// Checks one value that refers to nothing.
pub(crate) fn check_plain<T: Teleportable>(wire: &T::Wire) -> Result<(), ReadError> {
    const { assert!(T::PLAIN, "a value with strings or slices needs a message: use View") };
    T::check(wire, &mut Checker::of_nothing())
}

impl<'a> Checker<'a> {
    /// For plain values, which take neither blocks nor strings.
    pub(crate) fn of_nothing() -> Self {
        Self { message: Message::NONE, data_at: 0, text_at: 0 }
    }

    /// Takes the next string.
    #[inline]
    pub fn text(&mut self, text: &TextRef) -> Result<(), ReadError> {
        let (offset, len) = (text.offset.get() as usize, text.len.get() as usize);
        if len == 0 {
            return if offset == 0 { Ok(()) } else { Err(ReadError::Offset) };
        }
        if offset != self.text_at {
            return Err(ReadError::Offset);
        }
        let start = offset - self.message.data.len();
        if len > self.message.text.len() - start {
            return Err(ReadError::PastEnd);
        }
        if !self.message.text.is_boundary(start + len) {
            return Err(ReadError::Utf8);
        }
        self.text_at = offset + len;
        Ok(())
    }

    /// Takes the next block, which starts at a multiple of `align`.
    #[inline]
    pub fn block<T, W: Wire>(
        &mut self,
        slice: &SliceRef<T>,
        align: usize,
    ) -> Result<&'a [W], ReadError> {
        let (offset, count) = (slice.offset.get() as usize, slice.count.get() as usize);
        if count == 0 {
            return if offset == 0 { Ok(&[]) } else { Err(ReadError::Offset) };
        }
        if offset != self.data_at.next_multiple_of(align) {
            return Err(ReadError::Offset);
        }
        let rest = self.message.data.get(offset..).ok_or(ReadError::PastEnd)?;
        let (wires, len) = wires::<W>(rest, slice.count.get()).ok_or(ReadError::PastEnd)?;
        if align > 1 {
            zeros(&self.message.data[self.data_at..offset])?;
        }
        self.data_at = offset + len;
        Ok(wires)
    }

    /// What the types read from.
    #[inline]
    pub fn message(&self) -> Message<'a> {
        self.message
    }

    fn finish(&self) -> Result<(), ReadError> {
        let end = self.message.data.len() + self.message.text.len();
        let is_used = self.data_at == self.message.data.len() && self.text_at == end;
        if is_used { Ok(()) } else { Err(ReadError::Unused) }
    }
}

/// Bytes that carry nothing are zero.
#[inline]
pub fn zeros(bytes: &[u8]) -> Result<(), ReadError> {
    let any = bytes.iter().fold(0, |any, byte| any | byte);
    if any == 0 { Ok(()) } else { Err(ReadError::NotZero) }
}
