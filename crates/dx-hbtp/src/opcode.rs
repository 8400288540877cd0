//! What kind of frame it is.
//!
//! Owns the names of opcodes. May not know what a session does with them. Its one invariant: no
//! two names share a value, which is checked when this file is compiled.

use core::fmt;

macro_rules! opcodes {
    ($($(#[$doc:meta])* $name:ident = $value:literal;)*) => {
        #[expect(non_upper_case_globals, reason = "they read as the variants they stand for")]
        impl HbtpOpcode {
            $($(#[$doc])* pub const $name: Self = Self($value);)*

            /// Every opcode that the specification names, in ascending order (rule table of
            /// section 2).
            pub const NAMED: &'static [Self] = &[$(Self::$name,)*];

            /// The name in the specification; `None` for extensions and applications.
            pub const fn name(self) -> Option<&'static str> {
                match self {
                    $(Self::$name => Some(stringify!($name)),)*
                    _ => None,
                }
            }
        }
    };
}

/// An opcode: any byte, of which the specification names some.
///
/// A type around the byte and not an `enum`, because applications have opcodes too (0x80 to 0xFE).
///
/// ```
/// use dx_hbtp::HbtpOpcode;
/// assert_eq!(HbtpOpcode::RpcCall.value(), 0x10);
/// assert_eq!(HbtpOpcode::from_value(0x10), HbtpOpcode::RpcCall);
/// assert!(HbtpOpcode::from_value(0xC0).is_ignorable());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct HbtpOpcode(u8);

opcodes! {
    /// The client's offer, first in a session.
    Hello = 0x01;
    /// The server's answer to [`Hello`](Self::Hello).
    Welcome = 0x02;
    /// Asks for a [`Pong`](Self::Pong).
    Ping = 0x03;
    /// Answers a [`Ping`](Self::Ping).
    Pong = 0x04;
    /// Announces the end of a connection.
    GoAway = 0x05;
    /// Says what was refused, in which scope.
    Error = 0x06;
    /// Asks the callee to stop.
    Cancel = 0x07;
    /// More room to send (reserved for the feature).
    Credit = 0x08;
    /// Position received (reserved for the feature).
    Ack = 0x09;
    /// A fresh token (reserved for the feature).
    Auth = 0x0A;
    /// Names of routes and layouts (reserved for the feature).
    Manifest = 0x0B;
    /// An encrypted record (reserved for the feature).
    Sealed = 0x0F;
    /// Calls a procedure.
    RpcCall = 0x10;
    /// Answers an [`RpcCall`](Self::RpcCall).
    RpcResponse = 0x11;
    /// An item from the caller (reserved for the feature).
    StreamUp = 0x12;
    /// An item from the callee (reserved for the feature).
    StreamDown = 0x13;
    /// A call without an answer.
    Notify = 0x14;
    /// Begins to follow a topic.
    Subscribe = 0x20;
    /// Ends following a topic.
    Unsubscribe = 0x21;
    /// The whole state of a topic.
    StateSync = 0x22;
    /// A change of the state of a topic.
    StateDelta = 0x23;
    /// Publishes to a topic.
    Publish = 0x24;
    /// Who is there.
    Presence = 0x25;
    /// Answers a [`Subscribe`](Self::Subscribe).
    Subscribed = 0x26;
    /// Clones a template into the page.
    HtipClone = 0x30;
    /// Replaces a text of the page.
    HtipPatchText = 0x31;
    /// Many UI operations.
    HtipOps = 0x32;
    /// Templates for later.
    HtipTemplates = 0x33;
    /// An event in the client's page.
    ClientEvent = 0x34;
    /// A batch of UI operations was shown.
    HtipAck = 0x35;
}

const _: () = {
    let mut at = 1;
    while at < HbtpOpcode::NAMED.len() {
        assert!(HbtpOpcode::NAMED[at - 1].0 < HbtpOpcode::NAMED[at].0, "ascending, so unique");
        at += 1;
    }
};

impl HbtpOpcode {
    /// The opcode of this byte.
    #[inline]
    pub const fn from_value(value: u8) -> Self {
        Self(value)
    }

    /// Its byte on the wire.
    #[inline]
    pub const fn value(self) -> u8 {
        self.0
    }

    /// Whether who does not know it may skip it (H-2.1).
    #[inline]
    pub const fn is_ignorable(self) -> bool {
        self.0 & 0x40 != 0
    }

    /// Whether it never names a frame (H-1.3).
    #[inline]
    pub const fn is_reserved(self) -> bool {
        matches!(self.0, 0x00 | 0xBD | 0xFF)
    }

    /// Whether it belongs to the protocol itself, and so to [`Session`](crate::Session) alone.
    #[inline]
    pub const fn is_control(self) -> bool {
        self.0 < 0x10
    }
}

impl From<HbtpOpcode> for u8 {
    fn from(opcode: HbtpOpcode) -> Self {
        opcode.0
    }
}

impl fmt::Debug for HbtpOpcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "Opcode(0x{:02X})", self.0),
        }
    }
}
