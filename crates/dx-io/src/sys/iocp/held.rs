//! What an operation keeps alive while the kernel works on it.
//!
//! Owns the memory behind pointers in calls, except the OVERLAPPED (`overlapped.rs`). Knows no
//! port. Invariant: what the kernel points at is on the heap and stays there until the packet,
//! wherever the table moves its entries.

use std::net::SocketAddr;

use socket2::{SockAddr, Socket};

use super::calls::AddressBuffer;
use crate::buf::Ticket;
use crate::op::Payload;
use crate::sock::Sock;
use crate::sys::file_jobs::FileWork;

/// Payload of an operation in this room's in-flight table.
#[derive(Debug)]
pub(super) enum Held {
    /// A send: what, and from where on. The heap block of a `Vec` does not move with the `Vec`.
    Buffer {
        buf: Vec<u8>,
        start: usize,
    },
    /// A vectored send.
    Buffers(Vec<Vec<u8>>),
    /// A read or write of a file, not yet handed over. Boxed: it is rare, and large.
    File(Box<FileWork>),
    /// A read or write of a file that another thread does, with the memory; and the place of that
    /// memory, if it has one.
    Elsewhere(Option<Ticket>),
    Accepting(Box<AcceptSlot>),
    Connecting(Box<ConnectSlot>),
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
            Self::Accepting(_) | Self::Connecting(_) | Self::Elsewhere(_) => Payload::None,
        }
    }
}

/// An accept that has not ended.
#[derive(Debug)]
pub(super) struct AcceptSlot {
    /// Made beforehand, in the port of none. `None` while the accept is not in the kernel.
    pub(super) socket: Option<Socket>,
    /// Where the kernel writes both addresses.
    pub(super) addresses: AddressBuffer,
    /// The connection takes no place in the socket table.
    pub(super) hand_over: bool,
}

impl AcceptSlot {
    pub(super) fn new(hand_over: bool) -> Box<Self> {
        Box::new(Self { socket: None, addresses: AddressBuffer::new(), hand_over })
    }
}

/// A connect that has not ended: the socket's owner has not seen it yet.
#[derive(Debug)]
pub(super) struct ConnectSlot {
    pub(super) address: SockAddr,
    pub(super) peer: SocketAddr,
    pub(super) sock: Sock,
}
