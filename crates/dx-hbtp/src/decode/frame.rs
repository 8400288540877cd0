//! Frames from bytes, without a session.
//!
//! Owns the walk over a run of frames. May not know which frames are allowed. Its one invariant:
//! what is yielded and what [`Frames::rest`] holds are the input, in order.

use crate::{Fault, HbtpHeader, HeaderError};

/// One frame, borrowed from the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Its header.
    pub header: HbtpHeader,
    /// Everything behind the header.
    pub payload: &'a [u8],
}

/// The whole frames at the start of some bytes. Ends at the first that is not whole or not right.
///
/// ```
/// use dx_hbtp::{Frames, HbtpOpcode};
/// let bytes = [3, 0, 1, 0, 0, 0, 0, 0, 3, 0, 2, 0];
/// let mut frames = Frames::new(&bytes, 1024);
/// assert_eq!(frames.next().unwrap().unwrap().header.opcode, HbtpOpcode::Ping);
/// assert!(frames.next().is_none());
/// assert_eq!(frames.rest(), &bytes[8..]);
/// ```
#[derive(Clone, Debug)]
pub struct Frames<'a> {
    rest: &'a [u8],
    payload_max: u32,
}

impl<'a> Frames<'a> {
    /// Walks over `bytes`; a payload has at most `payload_max` bytes (H-1.6).
    pub const fn new(bytes: &'a [u8], payload_max: u32) -> Self {
        Self { rest: bytes, payload_max }
    }

    /// What was not yielded.
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = Result<Frame<'a>, Fault>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let header = match HbtpHeader::from_bytes(self.rest) {
            Ok(header) => header,
            Err(HeaderError::Short { .. }) => return None,
            Err(error) => return error.fault().map(Err),
        };
        if header.length > self.payload_max {
            return Some(Err(Fault::FrameTooLarge));
        }
        let (frame, rest) = self.rest.split_at_checked(header.frame_len())?;
        self.rest = rest;
        Some(Ok(Frame { header, payload: &frame[HbtpHeader::SIZE..] }))
    }
}
