//! Why bytes were refused, and why a value was not written.
//!
//! Owns one variant per reason. May not know who sent the bytes. Its one invariant: every
//! [`ReadError`] is the peer's fault, every [`WriteError`] the caller's.

use core::fmt;

macro_rules! errors {
    ($(#[$type_doc:meta])* $name:ident {
        $($(#[$doc:meta])* $variant:ident = $text:literal;)*
    }) => {
        $(#[$type_doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* $variant,)*
        }

        impl $name {
            /// The name of the variant, as the shared vectors spell it.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => stringify!($variant),)*
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$variant => $text,)*
                })
            }
        }

        impl core::error::Error for $name {}
    };
}

errors! {
    /// Bytes that are not a value of the type: the peer's fault.
    ReadError {
        /// Fewer bytes than the value needs.
        Short = "the bytes end before the value does";
        /// More bytes than [`MESSAGE_BYTES_MAX`](crate::limits::MESSAGE_BYTES_MAX).
        TooLong = "the message is longer than the limit";
        /// A header with an unknown format, a reserved byte that is not zero, or a wrong length.
        Header = "the header is not one of this format";
        /// An offset that is not where the next block or string has to be: backward, overlapping,
        /// with a gap, or misaligned.
        Offset = "an offset is not where the next block or string starts";
        /// An offset and a length that reach past the end.
        PastEnd = "an offset and a length reach past the end";
        /// Strings that are not UTF-8, or that are cut inside a character.
        Utf8 = "a string is not UTF-8";
        /// A bool that is neither 0 nor 1.
        Bool = "a bool is neither 0 nor 1";
        /// A char that is a surrogate or past U+10FFFF.
        Char = "a char is not a Unicode scalar value";
        /// An enum's tag that no variant has.
        Tag = "an enum has a tag of no variant";
        /// An option whose presence is neither 0 nor 1.
        Presence = "an option is neither present nor absent";
        /// A byte that carries nothing and is not zero.
        NotZero = "a byte that carries nothing is not zero";
        /// A map whose keys do not ascend.
        Unsorted = "the keys of a map do not ascend";
        /// Blocks or strings that nothing refers to.
        Unused = "bytes that nothing refers to";
        /// A lazy reader that was led over more bytes than
        /// [`LAZY_BUDGET`](crate::limits::LAZY_BUDGET) allows.
        Budget = "the message leads over its bytes too many times";
    }
}

errors! {
    /// A value that cannot be written: the caller's fault.
    WriteError {
        /// More bytes than [`MESSAGE_BYTES_MAX`](crate::limits::MESSAGE_BYTES_MAX).
        TooLong = "the message would be longer than the limit";
        /// The space handed in is not exactly as long as the message.
        Space = "the space is not as long as the message";
    }
}
