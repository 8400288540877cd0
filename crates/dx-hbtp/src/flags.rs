//! The flags of a frame.
//!
//! Owns the five bits of section 3. May not know which opcode allows which. Its one invariant:
//! only these bits are ever set.

use core::fmt;
use core::ops::{BitOr, BitOrAssign};

/// A set of flags. Each is one bit, independent of the others.
///
/// ```
/// use dx_hbtp::HbtpFlags;
/// let flags = HbtpFlags::FINAL | HbtpFlags::EXPECTS_RESPONSE;
/// assert!(flags.contains(HbtpFlags::FINAL) && !flags.contains(HbtpFlags::EXT));
/// assert_eq!(HbtpFlags::from_bits(0x0C), Some(flags));
/// assert_eq!(HbtpFlags::from_bits(0x20), None);
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct HbtpFlags(u8);

impl HbtpFlags {
    /// No flag.
    pub const NONE: Self = Self(0);
    /// The payload is compressed (section 13).
    pub const COMPRESSED: Self = Self(0x01);
    /// The payload is sealed (section 14).
    pub const ENCRYPTED: Self = Self(0x02);
    /// The sender waits for an answer.
    pub const EXPECTS_RESPONSE: Self = Self(0x04);
    /// The last frame of this direction of this call.
    pub const FINAL: Self = Self(0x08);
    /// The payload starts with extension fields (section 11).
    pub const EXT: Self = Self(0x10);
    /// All of them.
    pub const ALL: Self = Self(0x1F);

    /// The set with these bits; `None` if one is reserved (H-1.4).
    #[inline]
    pub const fn from_bits(bits: u8) -> Option<Self> {
        if bits & !Self::ALL.0 == 0 { Some(Self(bits)) } else { None }
    }

    /// Its byte on the wire.
    #[inline]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether every flag of `other` is set.
    #[inline]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The flags of both.
    #[inline]
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The flags of `self` that `other` does not have.
    #[inline]
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Sets every flag of `other`.
    #[inline]
    pub const fn insert(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Clears every flag of `other`.
    #[inline]
    pub const fn remove(&mut self, other: Self) {
        self.0 &= !other.0;
    }

    /// Whether no flag is set.
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl BitOr for HbtpFlags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.union(other)
    }
}

impl BitOrAssign for HbtpFlags {
    fn bitor_assign(&mut self, other: Self) {
        self.insert(other);
    }
}

impl fmt::Debug for HbtpFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            (Self::COMPRESSED, "COMPRESSED"),
            (Self::ENCRYPTED, "ENCRYPTED"),
            (Self::EXPECTS_RESPONSE, "EXPECTS_RESPONSE"),
            (Self::FINAL, "FINAL"),
            (Self::EXT, "EXT"),
        ];
        let set = names.iter().filter(|(flag, _)| self.contains(*flag)).map(|(_, name)| name);
        f.debug_set().entries(set).finish()
    }
}
