//! What an operation owns while it is in flight in a readiness room.
//!
//! Owns [`Held`]. Knows no selector. Invariant: the kernel holds none of this between calls, so
//! it may be dropped at any time.

use std::net::SocketAddr;

use crate::buf::Ticket;
use crate::file::File;
use crate::op::Payload;
use crate::sock::Sock;
use crate::sys::file_jobs::FileWork;

/// Payload of an operation in this room's in-flight table.
#[derive(Debug)]
pub(super) enum Held {
    /// A send: what, and from where on.
    Buffer { buf: Vec<u8>, start: usize },
    /// A vectored send.
    Buffers(Vec<Vec<u8>>),
    /// A send from a file.
    SendFile { file: File, offset: u64, len: u32 },
    /// A read or write of a file, not yet handed over. Boxed: it is rare, and large.
    File(Box<FileWork>),
    /// A read or write of a file that another thread does, with the memory; and the place of that
    /// memory, if it has one.
    Elsewhere(Option<Ticket>),
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
            Self::File(work) => Payload::File(work.buf),
            Self::Ready(payload) => payload,
            Self::Accepting
            | Self::Connecting { .. }
            | Self::SendFile { .. }
            | Self::Elsewhere(_) => Payload::None,
        }
    }
}
