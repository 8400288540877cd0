//! Rules that a peer broke.
//!
//! Owns one variant per rule that can be broken, with its number and code. May not know how it was
//! found out. Its one invariant: every one of them is the peer's fault; what the caller of this
//! crate does wrong has errors of its own.

use core::fmt;

use crate::{ErrorCode, HbtpError};

macro_rules! broken {
    ($(#[$type_doc:meta])* $name:ident {
        $($(#[$doc:meta])* $variant:ident = $code:ident, $rule:literal;)*
    }) => {
        $(#[$type_doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* $variant,)*
        }

        impl $name {
            /// Every one of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The number of the broken rule in the specification.
            pub const fn rule(self) -> &'static str {
                match self {
                    $(Self::$variant => $rule,)*
                }
            }

            /// The code that the ERROR carries.
            pub const fn code(self) -> ErrorCode {
                match self {
                    $(Self::$variant => ErrorCode::$code,)*
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?} ({})", self.code(), self.rule())
            }
        }

        impl core::error::Error for $name {}
    };
}

broken! {
    /// Why a connection ends: scope connection.
    Fault {
        /// An opcode that never names a frame.
        ReservedOpcode = UNKNOWN_OPCODE, "H-1.3";
        /// A reserved flag bit.
        ReservedFlags = BAD_FLAGS, "H-1.4";
        /// A length above 24 bits.
        LengthTooLarge = FRAME_TOO_LARGE, "H-1.5";
        /// A payload above the limit.
        FrameTooLarge = FRAME_TOO_LARGE, "H-1.6";
        /// The transport ended inside a frame.
        Truncated = TRUNCATED, "H-1.8";
        /// A critical opcode nobody knows.
        UnknownOpcode = UNKNOWN_OPCODE, "H-2.2";
        /// An opcode of a feature that was not negotiated.
        FeatureMissing = UNKNOWN_OPCODE, "H-2.3";
        /// A sequence number the opcode does not allow.
        BadSequence = PROTOCOL, "H-2.4";
        /// A flag the opcode does not allow.
        FlagNotAllowed = BAD_FLAGS, "H-3.1";
        /// Compressed, but no compression was negotiated.
        CompressionMissing = BAD_FLAGS, "H-3.2";
        /// Extension fields on a bare connection.
        BareExtension = BAD_FLAGS, "H-3.3";
        /// A first byte of no known protocol.
        UnknownProtocol = BAD_PREFACE, "H-4.1";
        /// A preface that breaks off.
        BadPreface = BAD_PREFACE, "H-4.2";
        /// No handshake in time.
        HandshakeTimeout = HANDSHAKE_TIMEOUT, "H-4.3";
        /// More than Ping and RpcCall on a bare connection.
        BareOpcode = HANDSHAKE_REQUIRED, "H-4.5";
        /// Another frame before HELLO.
        HelloExpected = HANDSHAKE_REQUIRED, "H-5.1";
        /// A HELLO of a wrong shape.
        MalformedHello = MALFORMED, "H-5.2";
        /// A WELCOME of a wrong shape.
        MalformedWelcome = MALFORMED, "H-5.4";
        /// No common version.
        NoCommonVersion = UPGRADE_REQUIRED, "H-5.5";
        /// A field of HELLO or WELCOME of a wrong shape.
        MalformedField = MALFORMED, "H-5.6";
        /// A handshake frame after the handshake, or from the wrong side.
        HandshakeRepeated = PROTOCOL, "H-5.7";
        /// Another frame before WELCOME.
        WelcomeExpected = PROTOCOL, "H-5.8";
        /// A Ping with more than 64 bytes.
        LongPing = MALFORMED, "H-6.1";
        /// Silence in a session.
        KeepaliveTimeout = KEEPALIVE_TIMEOUT, "H-6.3";
        /// Silence on a bare connection.
        BareIdle = GOING_AWAY, "H-6.4";
        /// The number of an open call.
        DuplicateCall = DUPLICATE_CALL, "H-7.1";
        /// Too many frames for calls that are not open.
        TooManyStrays = PROTOCOL, "H-7.9";
        /// A CANCEL with a payload.
        MalformedCancel = MALFORMED, "H-7.12";
        /// An ERROR of a wrong shape.
        MalformedError = MALFORMED, "H-9.2";
        /// A GOAWAY of a wrong shape.
        MalformedGoAway = MALFORMED, "H-10.1";
    }
}

broken! {
    /// Why one frame or call is refused; the connection stays.
    Refusal {
        /// Nobody handles the opcode.
        Unimplemented = UNIMPLEMENTED, "H-2.5";
        /// Too many Pings.
        PingRate = RATE_LIMITED, "H-6.2";
        /// A call without its fixed part.
        CallTooShort = MALFORMED, "H-7.2";
        /// An answer without its fixed part.
        ResponseMalformed = MALFORMED, "H-7.3";
        /// Too many open calls.
        TooManyCalls = RESOURCE_EXHAUSTED, "H-7.5";
        /// No such route.
        RouteUnknown = ROUTE_UNKNOWN, "H-7.6";
        /// The time is over.
        DeadlineExceeded = DEADLINE_EXCEEDED, "H-7.8";
        /// A call after the final GOAWAY.
        GoingAway = GOING_AWAY, "H-10.2";
        /// Extension fields of a wrong shape.
        MalformedExtension = MALFORMED, "H-11.1";
        /// An extension field that must be understood and is not.
        UnknownExtension = MALFORMED, "H-11.2";
    }
}

impl From<Refusal> for HbtpError {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.code(), refusal.rule())
    }
}
