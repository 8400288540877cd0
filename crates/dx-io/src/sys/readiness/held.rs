//! What an operation owns while it is in flight in a readiness room.
//!
//! Owns [`Held`]. Knows no selector. Invariant: the kernel holds none of this between calls, so
//! it may be dropped at any time.

use std::net::SocketAddr;

use crate::op::Payload;
use crate::sock::Sock;

/// Payload of an operation in this room's in-flight table.
#[derive(Debug)]
pub(super) enum Held {
    /// A send: what, and from where on.
    Buffer { buf: Vec<u8>, start: usize },
    /// A vectored send.
    Buffers(Vec<Vec<u8>>),
    /// An accept that has not ended.
    Accepting,
    /// A connect that has not ended: the peer, and the socket, which its owner has not seen yet.
    Connecting { sock: Sock, peer: SocketAddr },
    /// What came of it, waiting to be taken.
    Ready(Payload),
}

impl Held {
    /// What the owner gets back.
    pub(super) fn into_payload(self) -> Payload {
        match self {
            Self::Buffer { buf, .. } => Payload::Buffer(buf),
            Self::Buffers(bufs) => Payload::Buffers(bufs),
            Self::Ready(payload) => payload,
            Self::Accepting | Self::Connecting { .. } => Payload::None,
        }
    }
}
