//! Writing a value where it will stay.
//!
//! Owns the two passes: [`Measure`] adds up what a value needs, [`Encoder`] hands out exactly that
//! space, block by block and string by string. May not know types; those call back. Its one
//! invariant: every byte of the space is written exactly once, so nothing older shines through and
//! the same value gives the same bytes.

use zerocopy::FromBytes;

use crate::error::WriteError;
use crate::limits::{MESSAGE_ALIGN, MESSAGE_BYTES_MAX};
use crate::message::{HEADER, header};
use crate::raw::Teleportable;
use crate::wire::{SliceRef, TextRef, Wire};

/// Bytes that a value needs beside its fixed part. 64 bits wide, so that a sum of lengths that fit
/// into memory cannot wrap on any target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    data: u64,
    text: u64,
}

impl Measure {
    /// Counts a string.
    #[inline]
    pub fn text(&mut self, text: &str) {
        self.text += text.len() as u64;
    }

    /// Counts a block of elements.
    #[inline]
    pub fn block(&mut self, count: usize, size: usize, align: usize) {
        if count > 0 {
            let bytes = (count as u64).saturating_mul(size as u64);
            self.data = self.data.next_multiple_of(align as u64).saturating_add(bytes);
            // Far beyond any message, and far from the end of 64 bits.
            self.data = self.data.min(1 << 60);
        }
    }

    /// The length of the whole message.
    fn total(self) -> Result<usize, WriteError> {
        let total = (self.data + self.text).next_multiple_of(MESSAGE_ALIGN as u64);
        let fits = total <= MESSAGE_BYTES_MAX as u64;
        if fits { Ok(total as usize) } else { Err(WriteError::TooLong) }
    }
}

fn measure<T: Teleportable>(value: &T) -> Measure {
    let mut measure = Measure { data: (HEADER + size_of::<T::Wire>()) as u64, text: 0 };
    value.measure(&mut measure);
    measure
}

/// Bytes of the message that `value` makes.
pub fn encoded_len<T: Teleportable>(value: &T) -> Result<usize, WriteError> {
    measure(value).total()
}

/// Writes the message into `space`, which is exactly [`encoded_len`] bytes long; what was in it
/// before does not matter.
pub fn encode_into<T: Teleportable>(value: &T, space: &mut [u8]) -> Result<(), WriteError> {
    let need = measure(value);
    if need.total()? != space.len() {
        return Err(WriteError::Space);
    }
    fill(value, need, space);
    Ok(())
}

/// Makes room for the message behind what `out` holds, and writes it there.
pub(crate) fn append<T: Teleportable>(
    value: &T,
    out: &mut alloc::vec::Vec<u8>,
) -> Result<(), WriteError> {
    let need = measure(value);
    let start = out.len();
    out.resize(start + need.total()?, 0);
    fill(value, need, &mut out[start..]);
    Ok(())
}

/// Writes the message at the start of `space`, which only ever grows, and says how long it is.
pub(crate) fn overwrite<T: Teleportable>(
    value: &T,
    space: &mut alloc::vec::Vec<u8>,
) -> Result<usize, WriteError> {
    let need = measure(value);
    let total = need.total()?;
    if space.len() < total {
        space.resize(total, 0);
    }
    fill(value, need, &mut space[..total]);
    Ok(total)
}

fn fill<T: Teleportable>(value: &T, need: Measure, space: &mut [u8]) {
    let (data_len, text_len) = (need.data as usize, need.text as usize);
    let (data, rest) = space.split_at_mut(data_len);
    let (text, pad) = rest.split_at_mut(text_len);
    pad.fill(0);
    let (head, blocks) = data.split_at_mut(HEADER);
    head.copy_from_slice(&header(data_len as u32, pad.len() as u8));
    let mut encoder = Encoder { data: blocks, data_at: HEADER, text, text_at: data_len };
    let root = encoder.take::<T::Wire>(1);
    value.encode(&mut root[0], &mut encoder);
    assert!(encoder.data.is_empty() && encoder.text.is_empty(), "measured as it is written");
}

/// Space that is being filled. Types see it in [`Coded::encode`](crate::coded::Coded::encode);
/// nobody else makes one.
#[derive(Debug)]
pub struct Encoder<'b> {
    data: &'b mut [u8],
    data_at: usize,
    text: &'b mut [u8],
    text_at: usize,
}

impl<'b> Encoder<'b> {
    /// For plain values, which take neither blocks nor strings.
    pub(crate) fn of_nothing() -> Self {
        Self { data: &mut [], data_at: 0, text: &mut [], text_at: 0 }
    }

    /// Puts a string into the table.
    #[inline]
    pub fn text(&mut self, text: &str) -> TextRef {
        let len = text.len();
        if len == 0 {
            return TextRef { offset: 0.into(), len: 0.into() };
        }
        let (space, rest) = core::mem::take(&mut self.text).split_at_mut(len);
        copy(space, text.as_bytes());
        self.text = rest;
        let offset = self.text_at;
        self.text_at += len;
        TextRef { offset: (offset as u32).into(), len: (len as u32).into() }
    }

    /// Takes the space of the next block, whose elements the caller writes at once.
    #[inline]
    pub fn block<T, W: Wire>(&mut self, count: usize, align: usize) -> (SliceRef<T>, &'b mut [W]) {
        let element = core::marker::PhantomData;
        if count == 0 {
            return (SliceRef { offset: 0.into(), count: 0.into(), element }, &mut []);
        }
        let gap = self.data_at.next_multiple_of(align) - self.data_at;
        if gap > 0 {
            self.take::<u8>(gap).fill(0);
        }
        let offset = self.data_at as u32;
        let slice = SliceRef { offset: offset.into(), count: (count as u32).into(), element };
        (slice, self.take(count))
    }

    #[inline]
    fn take<W: Wire>(&mut self, count: usize) -> &'b mut [W] {
        let bytes = count * size_of::<W>();
        let (space, rest) = core::mem::take(&mut self.data).split_at_mut(bytes);
        self.data = rest;
        self.data_at += bytes;
        // The length is that of `count` elements and the alignment is 1, so this cannot fail.
        <[W]>::mut_from_bytes(space).unwrap_or(&mut [])
    }
}

/// Copies `from` into `to`, which is as long. Most strings are short; for those a call of memcpy
/// costs more than the copy, so up to sixteen bytes are two words that overlap.
#[inline]
pub(crate) fn copy(to: &mut [u8], from: &[u8]) {
    fn ends<const N: usize>(to: &mut [u8], from: &[u8]) -> Option<()> {
        let (first, last) = (from.first_chunk::<N>()?, from.last_chunk::<N>()?);
        *to.first_chunk_mut::<N>()? = *first;
        *to.last_chunk_mut::<N>()? = *last;
        Some(())
    }
    let done = match from.len() {
        0..=3 => None,
        4..=7 => ends::<4>(to, from),
        8..=16 => ends::<8>(to, from),
        17..=32 => ends::<16>(to, from),
        _ => None,
    };
    if done.is_none() {
        to.copy_from_slice(from);
    }
}
