//! What a reactor outside this crate is built from.
//!
//! Owns [`RecvBuffers`], the safe face of the receive pool, for simulators and recorders that
//! come in by [`Driver::external`](crate::Driver::external). Knows no kernel. Invariant: bytes
//! enter the pool by being copied, so nothing here needs a promise about who writes where.
//!
//! Together with [`Token::external`](crate::Token::external),
//! [`Listener::external`](crate::Listener::external),
//! [`Accepted::external`](crate::Accepted::external), [`Waker::new`](crate::Waker::new) and
//! [`Sock::new`](crate::Sock::new) this is all that such a reactor needs.

use crate::buf::{BufferPool, FixedBuf, FixedBuffers, Lease, RoomBuffers};

/// Receive buffers as a reactor outside this crate sees them.
///
/// ```
/// use dx_io::external::RecvBuffers;
///
/// let buffers = RecvBuffers::new(1, 64);
/// let id = buffers.fill(b"hello").expect("one buffer is free");
/// assert!(buffers.fill(b"more").is_none(), "starved");
/// let lease = buffers.claim(id).expect("filled");
/// assert_eq!(&*lease, b"hello");
/// drop(lease);
/// assert!(buffers.fill(b"more").is_some());
/// ```
#[derive(Debug)]
pub struct RecvBuffers {
    room: RoomBuffers,
}

impl RecvBuffers {
    /// Allocates `count` buffers (rounded up to a power of two) of `buffer_len` bytes (at least
    /// 64).
    #[must_use]
    pub fn new(count: u16, buffer_len: u16) -> Self {
        let room = RoomBuffers::new(count, buffer_len);
        (0..room.count()).rev().for_each(|id| room.push_returned(id));
        Self { room }
    }

    /// What [`Reactor::buffers`](crate::Reactor::buffers) shows.
    #[must_use]
    pub const fn pool(&self) -> &BufferPool {
        self.room.pool()
    }

    /// Copies the beginning of `bytes`, as much as fits, into a free buffer and gives its id, for
    /// [`CompletionFlags::buffer`](crate::CompletionFlags::buffer); `None` when none is free.
    #[must_use]
    pub fn fill(&self, bytes: &[u8]) -> Option<u16> {
        self.room.fill(bytes)
    }

    /// The lease on a filled buffer; once only.
    #[must_use]
    pub fn claim(&self, id: u16) -> Option<Lease> {
        self.room.claim(id)
    }

    /// Gives a filled buffer back unread.
    pub fn discard(&self, id: u16) {
        self.room.discard(id);
    }
}

/// Fixed buffers as a reactor outside this crate lends them.
#[derive(Debug)]
pub struct FilePool {
    buffers: FixedBuffers,
}

impl FilePool {
    /// Allocates `count` buffers of `len` bytes.
    #[must_use]
    pub fn new(count: u16, len: u32) -> Self {
        Self { buffers: FixedBuffers::new(count, len) }
    }

    /// Whether `buf` is one of these.
    #[must_use]
    pub fn lent(&self, buf: &FixedBuf) -> bool {
        self.buffers.lent(buf)
    }

    /// Address and length of every buffer by its number, while all of them are here: what a
    /// kernel may be told beforehand.
    #[must_use]
    pub fn regions(&self) -> Vec<(*mut u8, usize)> {
        self.buffers.regions()
    }

    /// Lends one out; `None` when all are out.
    #[must_use]
    pub fn take(&self) -> Option<FixedBuf> {
        self.buffers.take()
    }
}
