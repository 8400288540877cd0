//! A listening socket as futures.
//!
//! Owns [`TcpListener`]. Invariant: dropping it closes the socket and everything it has accepted
//! that nobody took.

use core::future::poll_fn;
use core::task::{Context, Poll};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;

use dx_io::{Accepted, ListenOptions, Listener, Reactor};

use super::listeners::{Arrival, ListenerRef};
use super::stream::TcpStream;
use crate::state::State;

/// A listener of the current core.
///
/// ```
/// use dx_rt::net::TcpListener;
///
/// async fn serve() -> std::io::Result<()> {
///     let mut listener = TcpListener::bind("127.0.0.1:0".parse().unwrap())?;
///     loop {
///         let mut stream = listener.accept().await?;
///         dx_rt::spawn(async move {
///             let _ = stream.send(b"hello\n".to_vec()).await;
///         });
///     }
/// }
/// ```
pub struct TcpListener {
    core: Rc<State>,
    at: ListenerRef,
    local: SocketAddr,
}

impl TcpListener {
    /// Binds `addr` with the default options, on the current core.
    ///
    /// # Errors
    /// As [`Listener::bind`], and when the reactor cannot take the socket.
    ///
    /// # Panics
    /// When called outside a core.
    pub fn bind(addr: SocketAddr) -> io::Result<Self> {
        Self::from_listener(Listener::bind(addr, &ListenOptions::default())?)
    }

    /// Takes over a listener that was bound elsewhere.
    ///
    /// # Errors
    /// When the reactor cannot take the socket.
    ///
    /// # Panics
    /// When called outside a core.
    pub fn from_listener(listener: Listener) -> io::Result<Self> {
        Self::attach(listener, false)
    }

    /// As [`from_listener`](Self::from_listener), but what it accepts is attached to no core, to be
    /// handed over: for platforms whose kernel does not balance shared ports.
    ///
    /// # Errors
    /// When the reactor cannot take the socket.
    ///
    /// # Panics
    /// When called outside a core.
    pub fn for_hand_over(listener: Listener) -> io::Result<Self> {
        Self::attach(listener, true)
    }

    fn attach(listener: Listener, hand_over: bool) -> io::Result<Self> {
        let core = crate::current::current();
        let local = listener.local_addr();
        let sock = core.driver.borrow_mut().listen(listener)?;
        let at = core.listeners.borrow_mut().insert(sock, hand_over);
        Ok(Self { core, at, local })
    }

    /// The bound address.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Accepts that wait in the reactor now.
    #[must_use]
    pub fn posted(&self) -> usize {
        self.core.listeners.borrow().posted(self.at)
    }

    /// Waits for the next connection.
    ///
    /// # Errors
    /// Out of descriptors (`errno::DESCRIPTORS_PROCESS` and its kin): wait a little and call
    /// again. Nothing spins meanwhile: no accept is posted until then.
    pub async fn accept(&mut self) -> io::Result<TcpStream> {
        poll_fn(|cx| self.poll_accept(cx)).await
    }

    /// Polls for the next connection.
    pub fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<TcpStream>> {
        self.poll_arrival(cx).map(|arrival| match arrival? {
            Arrival::Here(sock, peer) => Ok(TcpStream::new(&self.core, sock, peer)),
            Arrival::Anywhere(accepted) => TcpStream::attach(&self.core, accepted),
        })
    }

    fn poll_arrival(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Arrival>> {
        let core = &*self.core;
        let mut listeners = core.listeners.borrow_mut();
        match listeners.accept(self.at, &mut core.driver.borrow_mut()) {
            Some(arrival) => Poll::Ready(arrival),
            None => {
                listeners.wait(self.at, cx.waker());
                Poll::Pending
            }
        }
    }

    /// Waits for the next connection and leaves it unattached, so that it can be sent to another
    /// core. For a listener made by [`for_hand_over`](Self::for_hand_over).
    ///
    /// # Errors
    /// As [`accept`](Self::accept); `InvalidInput` for any other listener.
    pub async fn accept_unattached(&mut self) -> io::Result<Accepted> {
        match poll_fn(|cx| self.poll_arrival(cx)).await? {
            Arrival::Anywhere(accepted) => Ok(accepted),
            Arrival::Here(sock, peer) => {
                drop(TcpStream::new(&self.core, sock, peer));
                Err(io::ErrorKind::InvalidInput.into())
            }
        }
    }
}

impl Drop for TcpListener {
    fn drop(&mut self) {
        let driver = &mut *self.core.driver.borrow_mut();
        let mut streams = self.core.streams.borrow_mut();
        let close = |sock| streams.owe_close(sock);
        self.core.listeners.borrow_mut().remove(self.at, driver, close);
        streams.close_pending(driver);
    }
}

impl core::fmt::Debug for TcpListener {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "TcpListener({})", self.local)
    }
}
