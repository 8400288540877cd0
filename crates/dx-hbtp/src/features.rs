//! What two peers agree on beyond the core.
//!
//! Owns the bits of H-5.3. May not know what they turn on. Its one invariant: a session has a
//! feature only if both sides said so.

/// A set of features.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Features(u32);

impl Features {
    /// The core alone.
    pub const NONE: Self = Self(0);
    /// Section 8.
    pub const STREAMS: Self = Self(0x01);
    /// Section 12.
    pub const CREDIT: Self = Self(0x02);
    /// Section 13.
    pub const COMPRESSION: Self = Self(0x04);
    /// Section 14.
    pub const SEALED: Self = Self(0x08);
    /// Section 17.
    pub const RESUME: Self = Self(0x10);
    /// AUTH frames.
    pub const AUTH: Self = Self(0x20);
    /// Section 16.
    pub const MANIFEST: Self = Self(0x40);

    /// What this crate can do in a session; it never agrees to more.
    pub const SUPPORTED: Self = Self::NONE;

    /// The set with these bits, also those nobody knows.
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// Its bits on the wire.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether every feature of `other` is in `self`.
    #[inline]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// What both have.
    #[must_use]
    pub const fn common(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}
