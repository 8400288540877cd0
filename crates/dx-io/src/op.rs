//! The closed set of things a reactor can be asked to do.
//!
//! Owns [`Op`], the [`Payload`] that comes back, and [`PushError`]. Knows no kernel. Invariant:
//! a buffer goes in by value and always comes back, by [`take`](crate::Reactor::take) or inside a
//! [`PushError`].

use core::fmt;
use std::net::{Shutdown, SocketAddr};

use crate::file::{File, FileBuf};
use crate::sock::{Accepted, Sock};
use crate::token::{OpKind, Token};
use crate::wake::Waker;

/// One operation. Addresses and buffers are owned by the reactor until the last completion.
#[derive(Debug)]
#[non_exhaustive]
pub enum Op {
    /// Waits for one connection (accept(2)). While a reactor's socket table is full, the
    /// operation is held back, so that the kernel keeps the client in its queue.
    Accept {
        /// Where to accept.
        listener: Sock,
        /// `false`: the connection is attached here at once ([`Payload::Connection`]).
        /// `true`: it can be handed to another core ([`Payload::Accepted`]).
        hand_over: bool,
    },
    /// Opens a connection (connect(2)); [`Payload::Connection`] on success.
    Connect {
        /// The peer.
        peer: SocketAddr,
    },
    /// Receives until the end of the stream: completes once for every piece that arrived, with
    /// a buffer, and keeps [`MORE`](crate::CompletionFlags::MORE) until it ends by 0 (the peer
    /// has finished), an error, or a cancel. Runs out of no buffers: it pauses until one returns.
    Recv {
        /// From where.
        sock: Sock,
    },
    /// Sends `buf[start..]` (send(2)). May come back short. One at a time per socket.
    Send {
        /// To where.
        sock: Sock,
        /// What; comes back as [`Payload::Buffer`].
        buf: Vec<u8>,
        /// First byte to send; clamped to the length.
        start: usize,
    },
    /// Sends all of `bufs` in order (sendmsg(2)). May come back short. One at a time per socket.
    SendVectored {
        /// To where.
        sock: Sock,
        /// What; comes back as [`Payload::Buffers`]. At most
        /// [`SEND_VECTORS_MAX`](crate::limits::SEND_VECTORS_MAX) are sent by one call.
        bufs: Vec<Vec<u8>>,
    },
    /// As [`Op::Send`], but the kernel reads the bytes where they lie, and the operation ends when
    /// it is done with them (`IORING_OP_SEND_ZC`). Worth it for large buffers only
    /// ([`ZERO_COPY_MIN`](crate::limits::ZERO_COPY_MIN)); a plain send where there is none.
    ///
    /// The kernel is done only when the peer has the bytes, and a cancel cannot take back what is
    /// on its way. So a close with such a send in flight resets the connection, and the send ends
    /// by that.
    SendZeroCopy {
        /// To where.
        sock: Sock,
        /// What; comes back as [`Payload::Buffer`].
        buf: Vec<u8>,
        /// First byte to send; clamped to the length.
        start: usize,
    },
    /// Sends bytes of a file without taking them into the process (sendfile(2)). May come back
    /// short; 0 is the end of the file. One at a time per socket, as sends are. Waits for the
    /// socket, not for the disk: bytes that are in no cache hold up the core.
    SendFile {
        /// To where.
        sock: Sock,
        /// What.
        file: File,
        /// First byte.
        offset: u64,
        /// How many bytes at most; more than
        /// [`SEND_FILE_MAX`](crate::limits::SEND_FILE_MAX) come back short.
        len: u32,
    },
    /// Reads from a file at `offset` into all of `buf` (pread(2)). May come back short; 0 is the
    /// end of the file. Where a thread does it, a cancel does not: it runs to its end.
    Read {
        /// From what.
        file: File,
        /// Where to; comes back as [`Payload::File`].
        buf: FileBuf,
        /// First byte.
        offset: u64,
    },
    /// Writes `buf[start..]` to a file at `offset` (pwrite(2)). May come back short.
    Write {
        /// To what.
        file: File,
        /// What; comes back as [`Payload::File`].
        buf: FileBuf,
        /// First byte to write; clamped to the length.
        start: usize,
        /// Where to.
        offset: u64,
    },
    /// Ends one or both directions (shutdown(2)).
    Shutdown {
        /// Of what.
        sock: Sock,
        /// Which.
        how: Shutdown,
    },
    /// Closes. The [`Sock`] is stale at once; operations still in flight on it are cancelled and
    /// complete on their own.
    Close {
        /// What.
        sock: Sock,
    },
    /// Asks for `target` to end early. It always completes itself: with its real result if it was
    /// faster, else with `-ECANCELED`. The cancel's own result is 0, or negative when there was
    /// nothing left to cancel.
    Cancel {
        /// The operation that is no longer wanted.
        target: Token,
    },
    /// Wakes another reactor with the next submission (`IORING_MSG_RING` where there is one).
    Wake {
        /// Whose wait shall return.
        target: Waker,
    },
}

impl Op {
    /// The socket the operation is aimed at.
    pub(crate) const fn sock(&self) -> Option<Sock> {
        match self {
            Self::Accept { listener: sock, .. }
            | Self::Recv { sock }
            | Self::Send { sock, .. }
            | Self::SendVectored { sock, .. }
            | Self::SendZeroCopy { sock, .. }
            | Self::SendFile { sock, .. }
            | Self::Shutdown { sock, .. }
            | Self::Close { sock } => Some(*sock),
            Self::Connect { .. }
            | Self::Read { .. }
            | Self::Write { .. }
            | Self::Cancel { .. }
            | Self::Wake { .. } => None,
        }
    }

    pub(crate) const fn kind(&self) -> OpKind {
        match self {
            Self::Accept { .. } => OpKind::Accept,
            Self::Connect { .. } => OpKind::Connect,
            Self::Recv { .. } => OpKind::Recv,
            Self::Send { .. } => OpKind::Send,
            Self::SendVectored { .. } => OpKind::SendVectored,
            Self::SendZeroCopy { .. } => OpKind::SendZeroCopy,
            Self::SendFile { .. } => OpKind::SendFile,
            Self::Read { .. } => OpKind::Read,
            Self::Write { .. } => OpKind::Write,
            Self::Shutdown { .. } => OpKind::Shutdown,
            Self::Close { .. } => OpKind::Close,
            Self::Cancel { .. } => OpKind::Cancel,
            Self::Wake { .. } => OpKind::Wake,
        }
    }
}

/// What an operation owned, or brought, taken back after its last completion.
#[derive(Debug)]
#[non_exhaustive]
pub enum Payload {
    /// The operation owned nothing, failed before it had anything, or was taken before.
    None,
    /// The buffer of a [`Op::Send`] or [`Op::SendZeroCopy`].
    Buffer(Vec<u8>),
    /// The buffer of a [`Op::Read`] or [`Op::Write`].
    File(FileBuf),
    /// The buffers of a [`Op::SendVectored`].
    Buffers(Vec<Vec<u8>>),
    /// A new connection of this reactor.
    Connection {
        /// The connection.
        sock: Sock,
        /// Its other end.
        peer: SocketAddr,
    },
    /// A new connection that is attached to no reactor.
    Accepted(Accepted),
}

/// An operation that was not queued, with the reason; nothing is lost.
#[derive(Debug)]
pub struct PushError {
    /// What was pushed.
    pub op: Op,
    /// Why it was refused.
    pub kind: PushErrorKind,
}

/// Why [`push`](crate::Reactor::push) refused.
#[derive(Debug)]
#[non_exhaustive]
pub enum PushErrorKind {
    /// The in-flight table has reached its bound (`in_flight_max` of the configuration).
    Full,
    /// The socket was closed, or belongs to another reactor. The caller's mistake.
    StaleSock,
    /// The room or its kernel has no such operation.
    Unsupported,
    /// The operating system refused a resource the operation needs from the start.
    Os(std::io::Error),
}

impl fmt::Display for PushError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            PushErrorKind::Full => f.write_str("the in-flight table is full"),
            PushErrorKind::StaleSock => f.write_str("the socket is closed"),
            PushErrorKind::Unsupported => f.write_str("this backend has no such operation"),
            PushErrorKind::Os(error) => write!(f, "the system refused: {error}"),
        }
    }
}

impl std::error::Error for PushError {}
