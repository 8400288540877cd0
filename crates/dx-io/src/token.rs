//! The name of one operation in flight.
//!
//! Owns [`Token`]: kind, generation and slot of the in-flight table in one `u64`, which is what
//! the kernel carries. Knows nothing of what a slot holds. Invariant: a slot's generation changes
//! each time it is given out again, so a completion that arrives late names nobody.

use core::fmt;

/// Bits of the kind: what the operation was (6), then generation (26), then slot (32).
const KIND_BITS: u32 = 6;
const GENERATION_BITS: u32 = 26;
const GENERATION_MASK: u32 = (1 << GENERATION_BITS) - 1;

/// Names one operation between [`push`](crate::Reactor::push) and
/// [`take`](crate::Reactor::take).
///
/// A token whose operation has ended and been taken is *stale*: every method refuses it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token(u64);

impl Token {
    /// A token that never names an operation.
    pub const NONE: Self = Self(0);

    /// Packs `kind`, `generation` (its lower 26 bits) and `slot`.
    pub(crate) const fn new(kind: OpKind, generation: u32, slot: u32) -> Self {
        let tag = ((kind as u32) << GENERATION_BITS) | (generation & GENERATION_MASK);
        Self(((tag as u64) << 32) | slot as u64)
    }

    /// A token of a reactor outside this crate, by whatever number it keeps its operations under.
    #[must_use]
    pub const fn external(number: core::num::NonZeroU64) -> Self {
        Self(number.get())
    }

    /// The number of [`Self::external`]; no use is defined for a token of this crate's own rooms.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The number the kernel carries.
    pub(crate) const fn to_bits(self) -> u64 {
        self.0
    }

    /// What the kernel gave back; not trusted until the in-flight table has checked it.
    pub(crate) const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// Kind and generation together, as the table stores them.
    pub(crate) const fn tag(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// Index into the in-flight table.
    pub(crate) const fn slot(self) -> u32 {
        self.0 as u32
    }

    /// Whether this is [`Token::NONE`].
    #[must_use]
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tag = self.tag();
        write!(
            f,
            "Token(kind {}, generation {}, slot {})",
            tag >> GENERATION_BITS,
            tag & GENERATION_MASK,
            self.slot()
        )
    }
}

/// Splits a stored tag back into its kind, if the kind exists.
pub(crate) const fn kind_of(tag: u32) -> Option<OpKind> {
    Some(match tag >> GENERATION_BITS {
        1 => OpKind::Accept,
        2 => OpKind::Connect,
        3 => OpKind::Recv,
        4 => OpKind::Send,
        5 => OpKind::SendVectored,
        6 => OpKind::Shutdown,
        7 => OpKind::Close,
        8 => OpKind::Cancel,
        9 => OpKind::Wake,
        10 => OpKind::SendZeroCopy,
        11 => OpKind::SendFile,
        12 => OpKind::Read,
        13 => OpKind::Write,
        62 => OpKind::Woken,
        63 => OpKind::Internal,
        _ => return None,
    })
}

/// What an operation is, as far as the table and the tokens care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum OpKind {
    Accept = 1,
    Connect = 2,
    Recv = 3,
    Send = 4,
    SendVectored = 5,
    Shutdown = 6,
    Close = 7,
    Cancel = 8,
    Wake = 9,
    SendZeroCopy = 10,
    SendFile = 11,
    Read = 12,
    Write = 13,
    /// A wake has arrived at this reactor; never in the table.
    Woken = 62,
    /// The room's own housekeeping (a cancel nobody asked the result of); never in the table.
    Internal = 63,
}

const _: () = assert!(KIND_BITS + GENERATION_BITS == 32);

#[cfg(test)]
mod tests {
    use super::{OpKind, Token, kind_of};

    #[test]
    fn packs_and_unpacks_every_kind() {
        for bits in 0..64u32 {
            let Some(kind) = kind_of(bits << 26) else { continue };
            let token = Token::new(kind, 0x3ff_ffff, u32::MAX - 1);
            assert_eq!(kind_of(token.tag()), Some(kind));
            assert_eq!(token.slot(), u32::MAX - 1);
            assert_eq!(token.tag() & 0x3ff_ffff, 0x3ff_ffff);
        }
        assert_eq!(kind_of(Token::new(OpKind::Recv, 1 << 26, 7).tag()), Some(OpKind::Recv));
    }
}
