//! Codes, scopes and retries of errors (section 9).
//!
//! Owns their numbers. May not know who sends them. Its one invariant: any code can be carried,
//! also one this version does not name.

use core::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $value:literal;)*) => {
        impl ErrorCode {
            $($(#[$doc])* pub const $name: Self = Self($value);)*

            /// The name in the specification.
            pub const fn name(self) -> Option<&'static str> {
                match self {
                    $(Self::$name => Some(stringify!($name)),)*
                    _ => None,
                }
            }
        }
    };
}

/// The code of an error (H-9.4): 0 to 16 are those of gRPC, 0x0100 and up the protocol's own,
/// 0x8000 and up the application's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct ErrorCode(u16);

codes! {
    /// No error; not in an ERROR.
    OK = 0;
    /// The caller gave up.
    CANCELLED = 1;
    /// Something else.
    UNKNOWN = 2;
    /// The arguments are wrong whatever the state is.
    INVALID_ARGUMENT = 3;
    /// The time is over.
    DEADLINE_EXCEEDED = 4;
    /// What was asked for is not there.
    NOT_FOUND = 5;
    /// What was to be made is there already.
    ALREADY_EXISTS = 6;
    /// The caller may not.
    PERMISSION_DENIED = 7;
    /// A limit was reached.
    RESOURCE_EXHAUSTED = 8;
    /// Not in this state.
    FAILED_PRECONDITION = 9;
    /// Lost against another.
    ABORTED = 10;
    /// Past the end.
    OUT_OF_RANGE = 11;
    /// Nobody handles it.
    UNIMPLEMENTED = 12;
    /// The callee is broken.
    INTERNAL = 13;
    /// Not now.
    UNAVAILABLE = 14;
    /// Data is gone.
    DATA_LOSS = 15;
    /// The caller is not known.
    UNAUTHENTICATED = 16;
    /// The peer broke a rule that has no code of its own.
    PROTOCOL = 0x0100;
    /// A payload above a limit.
    FRAME_TOO_LARGE = 0x0101;
    /// An opcode that cannot be ignored.
    UNKNOWN_OPCODE = 0x0102;
    /// A flag that is reserved, not allowed or not negotiated.
    BAD_FLAGS = 0x0103;
    /// No such route.
    ROUTE_UNKNOWN = 0x0104;
    /// Layouts differ.
    LAYOUT_MISMATCH = 0x0105;
    /// More was sent than allowed.
    CREDIT_EXCEEDED = 0x0106;
    /// A compressed payload that is none.
    DECOMPRESS = 0x0107;
    /// A sealed record that does not open.
    DECRYPT = 0x0108;
    /// No handshake in time.
    HANDSHAKE_TIMEOUT = 0x0109;
    /// Not resumed.
    RESUME_REJECTED = 0x010A;
    /// The subscriber does not read.
    SLOW_CONSUMER = 0x010B;
    /// A state delta is missing.
    STATE_GAP = 0x010C;
    /// No common version.
    UPGRADE_REQUIRED = 0x010D;
    /// The peer is leaving.
    GOING_AWAY = 0x010E;
    /// Too often.
    RATE_LIMITED = 0x010F;
    /// Too many subscriptions.
    TOO_MANY_SUBSCRIPTIONS = 0x0110;
    /// Not HBTP.
    BAD_PREFACE = 0x0111;
    /// Not without HELLO.
    HANDSHAKE_REQUIRED = 0x0112;
    /// The transport ended inside a frame.
    TRUNCATED = 0x0113;
    /// The peer is silent.
    KEEPALIVE_TIMEOUT = 0x0114;
    /// The number of an open call.
    DUPLICATE_CALL = 0x0115;
    /// A payload of a wrong shape.
    MALFORMED = 0x0116;
}

impl ErrorCode {
    /// The code of this number.
    pub const fn from_value(value: u16) -> Self {
        Self(value)
    }

    /// Its number on the wire.
    pub const fn value(self) -> u16 {
        self.0
    }
}

impl fmt::Debug for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "ErrorCode(0x{:04X})", self.0),
        }
    }
}

/// What an error is about (H-9.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Scope {
    /// The connection, which ends.
    Connection = 0,
    /// A call.
    Call = 1,
    /// A subscription.
    Subscription = 2,
    /// A surface of the UI.
    Surface = 3,
    /// One frame.
    Frame = 4,
}

impl Scope {
    /// The scope of this number.
    pub const fn from_value(value: u8) -> Option<Self> {
        match value {
            0 => Some(Self::Connection),
            1 => Some(Self::Call),
            2 => Some(Self::Subscription),
            3 => Some(Self::Surface),
            4 => Some(Self::Frame),
            _ => None,
        }
    }
}

/// Whether to try again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Retry {
    /// It would not help.
    #[default]
    Never,
    /// At once.
    Now,
    /// After so many milliseconds.
    After(u32),
}
