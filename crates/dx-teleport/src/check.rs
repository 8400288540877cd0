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
    if any(bytes) == 0 { Ok(()) } else { Err(ReadError::NotZero) }
}

/// The bits that are set in any of the bytes, each at its place in a byte, somewhere in a word.
/// Most of what is looked at is short; words that overlap spare it a loop.
#[inline]
pub(crate) fn any(bytes: &[u8]) -> u64 {
    if let Some(last) = bytes.last_chunk::<8>() {
        let (words, _) = bytes.as_chunks::<8>();
        return words
            .iter()
            .fold(u64::from_ne_bytes(*last), |any, word| any | u64::from_ne_bytes(*word));
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        return u64::from(u32::from_ne_bytes(*first) | u32::from_ne_bytes(*last));
    }
    u64::from(bytes.iter().fold(0, |any, byte| any | byte))
}

#[cfg(test)]
mod tests {
    use super::any;

    #[test]
    fn no_byte_is_overlooked() {
        for len in 0..40 {
            assert_eq!(any(&alloc::vec![0; len]), 0);
            for at in 0..len {
                let mut bytes = alloc::vec![1; len];
                bytes[at] = 0x40;
                assert_ne!(any(&bytes) & 0x4040_4040_4040_4040, 0, "{at} of {len}");
                assert_eq!(any(&bytes) & !0x4141_4141_4141_4141, 0, "{at} of {len}");
            }
        }
    }
}
