//! What an operation came to.
//!
//! Owns [`Completion`], three plain numbers, and [`CompletionFlags`]. Knows nothing of buffers or
//! sockets: owned payloads are taken from the reactor by token. Invariant: a reactor hands out
//! `user_data` exactly as it was pushed.

/// The outcome of one operation, or of one step of a multishot one.
///
/// `result` is a count of bytes, or a negative `errno` with the same meaning on every platform
/// (see [`Completion::into_result`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Completion {
    /// The number that was given to [`push`](crate::Reactor::push).
    pub user_data: u64,
    /// Bytes moved, zero, or `-errno`.
    pub result: i32,
    /// Whether more will follow and whether a receive buffer came with it.
    pub flags: CompletionFlags,
}

const _: () = assert!(size_of::<Completion>() == 16);

impl Completion {
    /// Builds a completion; reactors, simulators and tests use it.
    #[must_use]
    pub const fn new(user_data: u64, result: i32, flags: CompletionFlags) -> Self {
        Self { user_data, result, flags }
    }

    /// The result as the standard library spells it.
    ///
    /// # Errors
    /// The error a negative `result` stands for (see [`to_error`](crate::errno::to_error)).
    ///
    /// ```
    /// use dx_io::{Completion, CompletionFlags};
    ///
    /// assert_eq!(Completion::new(7, 5, CompletionFlags::NONE).into_result().unwrap(), 5);
    /// assert!(Completion::new(7, -104, CompletionFlags::NONE).into_result().is_err());
    /// ```
    pub fn into_result(self) -> std::io::Result<usize> {
        usize::try_from(self.result).map_err(|_| crate::errno::to_error(self.result))
    }
}

/// Flags of a [`Completion`]: bit 0 "a receive buffer came with it", bit 1 "more will follow",
/// upper 16 bits the buffer's id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub struct CompletionFlags(u32);

impl CompletionFlags {
    /// No flag.
    pub const NONE: Self = Self(0);
    /// The operation stays in flight and will complete again.
    pub const MORE: Self = Self(1 << 1);
    const BUFFER: u32 = 1;

    /// "A receive buffer came with it": `id` names it.
    #[must_use]
    pub const fn buffer(id: u16) -> Self {
        Self(Self::BUFFER | ((id as u32) << 16))
    }

    /// Flags from their bits, any bits.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// The bits.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Both sets of flags.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the operation stays in flight.
    #[must_use]
    pub const fn has_more(self) -> bool {
        self.0 & Self::MORE.0 != 0
    }

    /// The id of the receive buffer that came with the completion, if one did.
    #[must_use]
    pub const fn buffer_id(self) -> Option<u16> {
        if self.0 & Self::BUFFER != 0 { Some((self.0 >> 16) as u16) } else { None }
    }
}
