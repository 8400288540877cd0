//! Bytes on their way out.
//!
//! Owns a growing buffer and the frame that is being written into it. May not know sessions. Its
//! one invariant: frames before the open one cannot be changed by whoever writes its payload.

use alloc::vec::Vec;

use crate::{HbtpFlags, HbtpHeader, HbtpOpcode};

/// The ceiling outside frames.
const NO_FRAME: usize = usize::MAX;

/// A reusable buffer for frames: [`reset`](Self::reset) keeps the memory.
///
/// Inside [`frame`](Self::frame) it behaves as if it held the payload of that frame alone, and
/// takes no more than the frame may hold. Outside, the caller bounds it by sending what is in it.
///
/// ```
/// let mut buffer = dx_hbtp::ResponseBuffer::with_capacity(64);
/// buffer.write(b"answer");
/// assert_eq!(buffer.as_bytes(), b"answer");
/// buffer.reset();
/// assert!(buffer.is_empty() && buffer.capacity() >= 64);
/// ```
#[derive(Debug)]
pub struct ResponseBuffer {
    bytes: Vec<u8>,
    /// Where the payload of the open frame starts; 0 without one.
    floor: usize,
    /// Where the payload of the open frame must end; `usize::MAX` without one.
    ceiling: usize,
    is_overflowing: bool,
}

/// A payload was larger than the frame may hold; nothing of it was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameOverflow;

impl Default for ResponseBuffer {
    fn default() -> Self {
        Self::new()
    }
}

impl ResponseBuffer {
    /// An empty buffer without memory.
    pub const fn new() -> Self {
        Self { bytes: Vec::new(), floor: 0, ceiling: NO_FRAME, is_overflowing: false }
    }

    /// An empty buffer with room for `capacity` bytes.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { bytes: Vec::with_capacity(capacity), ..Self::new() }
    }

    /// Appends `bytes`. Inside a frame that cannot hold them nothing is appended, and the frame
    /// fails when it ends.
    #[inline]
    pub fn write(&mut self, bytes: &[u8]) {
        if self.ceiling - self.bytes.len() < bytes.len() {
            self.is_overflowing = true;
            return;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Forgets what was written, keeps the memory. Inside a frame: its payload only.
    #[inline]
    pub fn reset(&mut self) {
        self.bytes.truncate(self.floor);
        self.is_overflowing = false;
    }

    /// Forgets the first `count` bytes, which have been sent.
    ///
    /// # Panics
    /// If there are fewer.
    pub fn consume(&mut self, count: usize) {
        assert!(self.ceiling == NO_FRAME, "sent from inside a frame");
        self.bytes.drain(..count);
    }

    /// What was written. Inside a frame: its payload only.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[self.floor..]
    }

    /// Bytes written. Inside a frame: of its payload.
    #[inline]
    pub fn len(&self) -> usize {
        self.bytes.len() - self.floor
    }

    /// Whether nothing was written.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes it holds without allocating.
    #[inline]
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Appends one frame whose payload `write` writes, and returns what `write` returned. If that
    /// is an error, or the payload comes to more than `payload_max`, nothing of the frame is kept.
    ///
    /// # Errors
    /// The inner result is that of `write`; the outer one tells that the payload was too large.
    ///
    /// # Panics
    /// If a frame is open already.
    #[inline]
    pub fn frame<E>(
        &mut self,
        (opcode, flags, sequence): (HbtpOpcode, HbtpFlags, u16),
        payload_max: u32,
        write: impl FnOnce(&mut Self) -> Result<(), E>,
    ) -> Result<Result<(), E>, FrameOverflow> {
        assert!(self.ceiling == NO_FRAME, "a frame inside a frame");
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; HbtpHeader::SIZE]);
        self.floor = start + HbtpHeader::SIZE;
        self.ceiling = self.floor.saturating_add(payload_max as usize);
        self.is_overflowing = false;
        let result = write(self);
        let length = (self.bytes.len() - self.floor) as u32;
        let is_kept = result.is_ok() && !self.is_overflowing;
        (self.floor, self.ceiling) = (0, NO_FRAME);
        if is_kept {
            let header = HbtpHeader::new(opcode, flags, sequence, length).to_bytes();
            self.bytes[start..start + HbtpHeader::SIZE].copy_from_slice(&header);
            return Ok(result);
        }
        self.bytes.truncate(start);
        if self.is_overflowing && result.is_ok() { Err(FrameOverflow) } else { Ok(result) }
    }
}
