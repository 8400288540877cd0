//! What an operation keeps alive while the kernel works on it.
//!
//! Owns the memory behind pointers in submission entries. Knows no ring. Invariant: what the
//! kernel points at is on the heap and stays there until the last completion, wherever the table
//! moves its entries.

use core::{mem, ptr};
use std::net::SocketAddr;

use socket2::{SockAddr, SockAddrStorage};

use super::send_file::SendFile;
use crate::file::{File, FileBuf};
use crate::limits::SEND_VECTORS_MAX;
use crate::op::Payload;
use crate::sock::Sock;
use crate::wake::Waker;

/// Payload of an operation in this room's in-flight table.
#[derive(Debug)]
pub(super) enum Held {
    /// A send's bytes. The heap block of a `Vec` does not move with the `Vec`.
    Buffer(Vec<u8>),
    /// As `Buffer`, until the kernel has said that it is done with the bytes; and how many it
    /// sent, or `-errno`, which it says before.
    ZeroCopy {
        buf: Vec<u8>,
        result: i32,
    },
    Vectored(Box<Vectored>),
    SendFile(SendFile),
    /// A read's or write's memory, and the file, so that it stays open.
    File {
        _file: File,
        buf: FileBuf,
    },
    Accepting(Box<AcceptSlot>),
    Connecting(Box<ConnectSlot>),
    /// Keeps the woken ring's descriptor open until the message was delivered.
    Waking {
        _target: Waker,
    },
    /// What came of it, waiting to be taken.
    Ready(Payload),
}

impl Held {
    /// What the owner gets back.
    pub(super) fn into_payload(self) -> Payload {
        match self {
            Self::Buffer(buf) | Self::ZeroCopy { buf, .. } => Payload::Buffer(buf),
            Self::File { buf, .. } => Payload::File(buf),
            Self::Vectored(vectored) => Payload::Buffers(vectored.bufs),
            Self::Ready(payload) => payload,
            Self::SendFile(_) | Self::Accepting(_) | Self::Connecting(_) | Self::Waking { .. } => {
                Payload::None
            }
        }
    }
}

/// Where the kernel writes the peer's address.
#[derive(Debug)]
pub(super) struct AcceptSlot {
    storage: SockAddrStorage,
    len: libc::socklen_t,
    pub(super) hand_over: bool,
}

impl AcceptSlot {
    pub(super) fn new(hand_over: bool) -> Box<Self> {
        let storage = SockAddrStorage::zeroed();
        let len = storage.size_of();
        Box::new(Self { storage, len, hand_over })
    }

    pub(super) fn pointers(&mut self) -> (*mut libc::sockaddr, *mut libc::socklen_t) {
        (ptr::from_mut(&mut self.storage).cast(), ptr::from_mut(&mut self.len))
    }

    /// Takes the peer's address, after the accept has completed.
    pub(super) fn take_peer(&mut self) -> SocketAddr {
        let storage = mem::replace(&mut self.storage, SockAddrStorage::zeroed());
        let len = self.len.min(storage.size_of());
        // SAFETY: zeroed at first, then written by the kernel, which set `len` to the length of
        // the address (accept(2)); every bit pattern of the storage is valid.
        let address = unsafe { SockAddr::new(storage, len) };
        let unknown = SocketAddr::from(([0, 0, 0, 0], 0));
        address.as_socket().unwrap_or(unknown)
    }
}

/// The address the kernel reads, and the socket that is being connected.
#[derive(Debug)]
pub(super) struct ConnectSlot {
    pub(super) address: SockAddr,
    pub(super) peer: SocketAddr,
    pub(super) sock: Sock,
}

/// A message header with the vectors and buffers it points to.
#[derive(Debug)]
pub(super) struct Vectored {
    header: libc::msghdr,
    vectors: Vec<libc::iovec>,
    bufs: Vec<Vec<u8>>,
}

impl Vectored {
    pub(super) fn new(bufs: Vec<Vec<u8>>) -> Box<Self> {
        let vectors = bufs
            .iter()
            .take(SEND_VECTORS_MAX)
            .map(|buf| libc::iovec { iov_base: buf.as_ptr().cast_mut().cast(), iov_len: buf.len() })
            .collect();
        // SAFETY: all zeroes is a valid, empty msghdr.
        let header = unsafe { mem::zeroed() };
        let mut vectored = Box::new(Self { header, vectors, bufs });
        vectored.header.msg_iov = vectored.vectors.as_mut_ptr();
        vectored.header.msg_iovlen = vectored.vectors.len();
        vectored
    }

    pub(super) fn header(&self) -> *const libc::msghdr {
        ptr::from_ref(&self.header)
    }
}
