//! A TCP connection as futures.
//!
//! Owns [`TcpStream`]. May not know protocols. Invariant: dropping it at any point loses no
//! memory and leaks nothing; bytes already received but not taken are given up.

use core::future::poll_fn;
use core::task::{Context, Poll};
use std::io;
use std::net::{Shutdown, SocketAddr};
use std::rc::Rc;

use dx_io::{
    Accepted, Instant, Lease, Op, Payload, PushError, PushErrorKind, Reactor, Sock, errno,
};

use super::buffers::Buffers;
use super::peer::PeerAddr;
use super::streams::StreamRef;
use crate::fs::File;
use crate::state::State;
use crate::task::TaskRef;

/// A connection of the current core. `!Send`: it lives and dies on its core.
///
/// Received bytes are a [`Lease`] on the core's buffers, sent ones a `Vec` that comes back.
///
/// ```
/// use dx_rt::net::TcpStream;
///
/// async fn echo(mut stream: TcpStream) -> std::io::Result<()> {
///     while let Some(bytes) = stream.recv().await? {
///         let (sent, _buffer) = stream.send(bytes.to_vec()).await;
///         sent?;
///     }
///     Ok(())
/// }
/// ```
pub struct TcpStream {
    core: Rc<State>,
    at: StreamRef,
    peer: PeerAddr,
}

impl TcpStream {
    pub(crate) fn new(core: &Rc<State>, sock: Sock, peer: SocketAddr) -> Self {
        let at = core.streams.borrow_mut().insert(sock, &mut core.driver.borrow_mut());
        Self { core: core.clone(), at, peer: peer.into() }
    }

    /// Makes a connection that belongs to no core yet part of the current one, for life.
    ///
    /// # Errors
    /// `QuotaExceeded` when the core's socket table is full; the connection is closed then.
    ///
    /// # Panics
    /// When called outside a core.
    pub fn from_accepted(accepted: Accepted) -> io::Result<Self> {
        Self::attach(&crate::current::current(), accepted)
    }

    pub(crate) fn attach(core: &Rc<State>, accepted: Accepted) -> io::Result<Self> {
        let peer = accepted.peer();
        let sock = core.driver.borrow_mut().attach(accepted)?;
        Ok(Self::new(core, sock, peer))
    }

    /// Opens a connection to `peer`, on the current core.
    ///
    /// # Errors
    /// What connect(2) says, or `QuotaExceeded` when the core's tables are full.
    ///
    /// # Panics
    /// When called outside a core.
    pub async fn connect(peer: SocketAddr) -> io::Result<Self> {
        let core = crate::current::current();
        match crate::single::run(&core, Op::Connect { peer }).await {
            Ok((_, Payload::Connection { sock, peer })) => Ok(Self::new(&core, sock, peer)),
            Ok((error, _)) => Err(errno::to_error(error)),
            Err(PushError { kind: PushErrorKind::Os(error), .. }) => Err(error),
            Err(_) => Err(io::ErrorKind::QuotaExceeded.into()),
        }
    }

    /// The other end's address.
    #[must_use]
    pub const fn peer(&self) -> &PeerAddr {
        &self.peer
    }

    /// From now on `task` is woken by every event of this stream, and the `poll_` methods keep no
    /// waker: the cheap form, for a connection that is one task.
    pub fn set_owner(&self, task: TaskRef) {
        self.core.streams.borrow_mut().set_owner(self.at, task);
    }

    /// The next piece of the stream, `None` after the peer has finished.
    ///
    /// # Errors
    /// `ConnectionReset` and its kin.
    pub async fn recv(&mut self) -> io::Result<Option<Lease>> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// As [`recv`](Self::recv), without waiting: `None` when nothing has arrived.
    pub fn try_recv(&mut self) -> Option<io::Result<Option<Lease>>> {
        self.core.streams.borrow_mut().recv(self.at, &mut self.core.driver.borrow_mut())
    }

    /// Whether a [`try_recv`](Self::try_recv) would give bytes.
    #[must_use]
    pub fn has_received(&self) -> bool {
        self.core.streams.borrow().has_received(self.at)
    }

    /// Stops receiving until the next call that finds nothing to read: for a reader that will be
    /// busy with other things. What is on its way still arrives.
    pub fn pause(&mut self) {
        self.core.streams.borrow_mut().pause(self.at, &mut self.core.driver.borrow_mut());
    }

    /// Polls for the next piece.
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Lease>>> {
        if let Some(piece) = self.try_recv() {
            return Poll::Ready(piece);
        }
        self.core.streams.borrow_mut().wait_readable(self.at, cx.waker());
        Poll::Pending
    }

    /// Sends all of `buf` and gives it back. Dropping the future lets the send go on; the next
    /// send waits for its end, and its buffer is freed then.
    ///
    /// # Errors
    /// `BrokenPipe`, `ConnectionReset` and their kin; how much was sent is then unknown.
    pub async fn send(&mut self, buf: Vec<u8>) -> (io::Result<()>, Vec<u8>) {
        if self.is_sending() {
            // An abandoned send of ours: let it end first, so that the order is kept.
            let _ = poll_fn(|cx| self.poll_sent(cx)).await;
        }
        match self.start_send(buf) {
            Ok(()) => poll_fn(|cx| self.poll_sent(cx)).await,
            Err((error, buf)) => (Err(error), buf),
        }
    }

    /// Starts to send all of `buf`; [`poll_sent`](Self::poll_sent) tells when it is done.
    ///
    /// # Errors
    /// The buffer, with `ResourceBusy` when a send is in flight, or the reason it was refused.
    pub fn start_send(&mut self, buf: Vec<u8>) -> Result<(), (io::Error, Vec<u8>)> {
        let core = &*self.core;
        core.streams.borrow_mut().send(self.at, buf, &mut core.driver.borrow_mut())
    }

    /// Whether a send was started and not yet collected.
    #[must_use]
    pub fn is_sending(&self) -> bool {
        self.core.streams.borrow().is_sending(self.at)
    }

    /// As [`poll_sent`](Self::poll_sent), without waiting.
    pub fn try_sent(&mut self) -> Option<(io::Result<()>, Vec<u8>)> {
        self.core.streams.borrow_mut().sent(self.at, &mut self.core.driver.borrow_mut())
    }

    /// Polls for the end of the send in flight.
    pub fn poll_sent(&mut self, cx: &mut Context<'_>) -> Poll<(io::Result<()>, Vec<u8>)> {
        if let Some(sent) = self.try_sent() {
            return Poll::Ready(sent);
        }
        self.core.streams.borrow_mut().wait_writable(self.at, cx.waker());
        Poll::Pending
    }

    /// Whether the end of the send in flight is of no interest: then, unless it fails, it wakes
    /// nobody, [`poll_sent`](Self::poll_sent) never tells of it, its buffer goes to
    /// [`buffers`](Self::buffers), and [`quiet_end`](Self::quiet_end) says when. Nothing happens
    /// when no send is in flight; every send starts with its end awaited.
    pub fn set_send_quiet(&mut self, quiet: bool) {
        self.core.streams.borrow_mut().set_send_quiet(self.at, quiet);
    }

    /// When the last send ended, to the millisecond, if it ended quietly.
    #[must_use]
    pub fn quiet_end(&self) -> Option<Instant> {
        self.core.streams.borrow().quiet_end(self.at, self.core.now.get())
    }

    /// Has the peer see a reset, not an orderly end, when this stream is dropped (`SO_LINGER` of
    /// zero, socket(7)); what is not sent by then is lost.
    pub fn reset_on_close(&self) {
        let sock = self.core.streams.borrow().sock(self.at);
        let mut driver = self.core.driver.borrow_mut();
        // Refused where the peer is gone or there is no real socket: then there is nobody to tell.
        let _ = driver.with_raw(sock, &mut |socket| {
            let _ = socket.set_linger(Some(core::time::Duration::ZERO));
        });
    }

    /// Bytes that are being sent and not gone yet, of all streams of the core.
    #[must_use]
    pub fn unsent_of_core(&self) -> usize {
        self.core.streams.borrow().unsent()
    }

    /// The core's stock of buffers to send from.
    #[must_use]
    pub fn buffers(&self) -> &Buffers {
        &self.core.buffers
    }

    /// Sends `len` bytes of `file` from `offset` on, without taking them into the process, and says
    /// how many that were: fewer than `len` only when the file ends before. Other tasks run between
    /// its steps of at most [`SEND_FILE_MAX`](dx_io::limits::SEND_FILE_MAX) bytes. Bytes that are
    /// in no cache of the system hold up the core while the disk is read.
    ///
    /// Dropping the future stops it after the step in flight.
    ///
    /// # Errors
    /// As [`send`](Self::send), and `Unsupported` where the backend has no such operation.
    pub async fn send_file(&mut self, file: &File, offset: u64, len: u64) -> io::Result<u64> {
        let mut sent = 0;
        while sent < len {
            if self.is_sending() {
                // Abandoned by an earlier future: the order is kept.
                let _ = poll_fn(|cx| self.poll_sent(cx)).await;
            }
            let at = offset.checked_add(sent).ok_or(io::ErrorKind::InvalidInput)?;
            self.start_send_file(file, at, u32::try_from(len - sent).unwrap_or(u32::MAX))?;
            match poll_fn(|cx| self.poll_file_sent(cx)).await? {
                0 => break,
                step => sent += u64::from(step),
            }
        }
        Ok(sent)
    }

    /// Starts one step of [`send_file`](Self::send_file);
    /// [`poll_file_sent`](Self::poll_file_sent) tells how far it came.
    ///
    /// # Errors
    /// `ResourceBusy` when a send is in flight, or the reason it was refused.
    pub fn start_send_file(&mut self, file: &File, offset: u64, len: u32) -> io::Result<()> {
        let core = &*self.core;
        let range = (offset, len);
        let driver = &mut core.driver.borrow_mut();
        core.streams.borrow_mut().send_file(self.at, file.inner().clone(), range, driver)
    }

    /// As [`poll_file_sent`](Self::poll_file_sent), without waiting.
    pub fn try_file_sent(&mut self) -> Option<io::Result<u32>> {
        let core = &*self.core;
        core.streams.borrow_mut().file_sent(self.at, &mut core.driver.borrow_mut())
    }

    /// Polls for the end of the step in flight: how many bytes it sent, 0 at the file's end.
    pub fn poll_file_sent(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<u32>> {
        if let Some(sent) = self.try_file_sent() {
            return Poll::Ready(sent);
        }
        self.core.streams.borrow_mut().wait_writable(self.at, cx.waker());
        Poll::Pending
    }

    /// Ends one or both directions, in order with what was sent before.
    ///
    /// # Errors
    /// When the core's tables are full.
    pub fn shutdown(&mut self, how: Shutdown) -> io::Result<()> {
        let core = &*self.core;
        core.streams.borrow_mut().shutdown(self.at, how, &mut core.driver.borrow_mut())
    }
}

impl Drop for TcpStream {
    fn drop(&mut self) {
        self.core.streams.borrow_mut().remove(self.at, &mut self.core.driver.borrow_mut());
    }
}

impl core::fmt::Debug for TcpStream {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "TcpStream({})", self.peer)
    }
}
