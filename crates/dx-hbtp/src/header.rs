//! The 8 bytes in front of every payload.
//!
//! Owns their layout (H-1.2) and what is wrong in itself (H-1.3 to H-1.5). May not know sessions.
//! Its one invariant: a header that was decoded encodes to the bytes it came from.

use core::fmt;

use crate::limits::LENGTH_MAX;
use crate::{Fault, HbtpFlags, HbtpOpcode};

/// The header of a frame, as a value: no reference into the bytes it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(C)]
pub struct HbtpHeader {
    /// What kind of frame it is.
    pub opcode: HbtpOpcode,
    /// Its flags.
    pub flags: HbtpFlags,
    /// The handle in the opcode's class: a call, a subscription, a surface, a cookie.
    pub sequence: u16,
    /// Bytes of payload behind the header.
    pub length: u32,
}

const _: () = assert!(size_of::<HbtpHeader>() == HbtpHeader::SIZE);

/// Why 8 bytes, or fewer, are no header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HeaderError {
    /// Fewer than 8 bytes: not wrong, more are needed.
    Short {
        /// Bytes there were.
        have: usize,
    },
    /// An opcode that never names a frame (H-1.3).
    ReservedOpcode,
    /// A reserved flag bit (H-1.4).
    ReservedFlags,
    /// A length above 24 bits (H-1.5).
    LengthTooLarge,
}

impl HbtpHeader {
    /// Bytes of a header.
    pub const SIZE: usize = 8;

    /// A header of these fields.
    #[inline]
    pub const fn new(opcode: HbtpOpcode, flags: HbtpFlags, sequence: u16, length: u32) -> Self {
        Self { opcode, flags, sequence, length }
    }

    /// Reads the header at the start of `bytes`.
    ///
    /// # Errors
    /// Says which of H-1.3 to H-1.5 does not hold, the first of them; or that bytes are missing.
    ///
    /// ```
    /// use dx_hbtp::{HbtpHeader, HbtpOpcode, HeaderError};
    /// let header = HbtpHeader::from_bytes(&[3, 0, 0x39, 0x05, 0, 0, 0, 0]).unwrap();
    /// assert_eq!((header.opcode, header.sequence), (HbtpOpcode::Ping, 1337));
    /// assert_eq!(HbtpHeader::from_bytes(&[3]), Err(HeaderError::Short { have: 1 }));
    /// assert_eq!(HbtpHeader::from_bytes(&[0; 8]), Err(HeaderError::ReservedOpcode));
    /// ```
    #[inline]
    pub const fn from_bytes(bytes: &[u8]) -> Result<Self, HeaderError> {
        match bytes.first_chunk::<{ Self::SIZE }>() {
            Some(head) => Self::from_array(*head),
            None => Err(HeaderError::Short { have: bytes.len() }),
        }
    }

    /// Reads a header from exactly its bytes.
    ///
    /// # Errors
    /// As [`from_bytes`](Self::from_bytes), never [`HeaderError::Short`].
    #[inline]
    pub const fn from_array(bytes: [u8; Self::SIZE]) -> Result<Self, HeaderError> {
        let word = u64::from_le_bytes(bytes);
        let opcode = HbtpOpcode::from_value(word as u8);
        let length = (word >> 32) as u32;
        if opcode.is_reserved() {
            return Err(HeaderError::ReservedOpcode);
        }
        let Some(flags) = HbtpFlags::from_bits((word >> 8) as u8) else {
            return Err(HeaderError::ReservedFlags);
        };
        if length > LENGTH_MAX {
            return Err(HeaderError::LengthTooLarge);
        }
        Ok(Self { opcode, flags, sequence: (word >> 16) as u16, length })
    }

    /// Its bytes on the wire.
    #[inline]
    pub const fn to_bytes(self) -> [u8; Self::SIZE] {
        let word = self.opcode.value() as u64
            | (self.flags.bits() as u64) << 8
            | (self.sequence as u64) << 16
            | (self.length as u64) << 32;
        word.to_le_bytes()
    }

    /// Bytes of the whole frame.
    #[inline]
    pub const fn frame_len(&self) -> usize {
        Self::SIZE + self.length as usize
    }
}

impl HeaderError {
    /// How a session ends for it; `None` for bytes that are only missing.
    pub const fn fault(self) -> Option<Fault> {
        match self {
            Self::Short { .. } => None,
            Self::ReservedOpcode => Some(Fault::ReservedOpcode),
            Self::ReservedFlags => Some(Fault::ReservedFlags),
            Self::LengthTooLarge => Some(Fault::LengthTooLarge),
        }
    }
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short { have } => write!(f, "{have} bytes of 8"),
            Self::ReservedOpcode => f.write_str("reserved opcode"),
            Self::ReservedFlags => f.write_str("reserved flag"),
            Self::LengthTooLarge => f.write_str("length above 24 bits"),
        }
    }
}

impl core::error::Error for HeaderError {}
