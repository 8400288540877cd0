//! Sockets as this crate names them.
//!
//! Owns [`Sock`] (attached to one reactor for life), [`Accepted`] (attached to none, may cross
//! threads) and [`Listener`]. Knows no operation. Invariant: a [`Sock`] that was closed is refused
//! afterwards, because its generation no longer matches.

use core::any::Any;
use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, Type};

use crate::limits::LISTEN_BACKLOG;

/// An open socket of one reactor: an index into its table, and the generation of that entry.
///
/// Plain data; using it after its close gives
/// [`PushErrorKind::StaleSock`](crate::PushErrorKind::StaleSock), never another peer's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sock {
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

impl Sock {
    /// Builds the name of entry `index` in its `generation`: for reactors outside this crate.
    #[must_use]
    pub const fn new(index: u32, generation: u32) -> Self {
        Self { index, generation }
    }

    /// Index into the reactor's table.
    #[must_use]
    pub const fn index(self) -> u32 {
        self.index
    }

    /// Generation of that entry.
    #[must_use]
    pub const fn generation(self) -> u32 {
        self.generation
    }
}

/// A connection that belongs to no reactor yet. `Send`, so that it may be handed to another core
/// before [`attach`](crate::Reactor::attach). Dropping it closes the connection.
#[derive(Debug)]
pub struct Accepted {
    origin: Origin,
    peer: SocketAddr,
}

/// What stands behind a socket that is attached to no reactor.
#[derive(Debug)]
enum Origin {
    /// The operating system's.
    Os(Socket),
    /// Whatever a reactor outside this crate made.
    External(Box<dyn Any + Send>),
}

impl Origin {
    fn into_socket(self) -> io::Result<Socket> {
        match self {
            Self::Os(socket) => Ok(socket),
            Self::External(_) => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    fn into_external(self) -> io::Result<Box<dyn Any + Send>> {
        match self {
            Self::External(external) => Ok(external),
            Self::Os(_) => Err(io::ErrorKind::InvalidInput.into()),
        }
    }
}

impl Accepted {
    /// Takes over a connected stream, for example one made by the standard library.
    ///
    /// # Errors
    /// When the peer's address cannot be read: the stream is not connected.
    pub fn from_std(stream: std::net::TcpStream) -> io::Result<Self> {
        let peer = stream.peer_addr()?;
        Ok(Self::new(Socket::from(stream), peer))
    }

    /// A connection of a reactor outside this crate; only that reactor can attach it.
    #[must_use]
    pub fn external(connection: Box<dyn Any + Send>, peer: SocketAddr) -> Self {
        Self { origin: Origin::External(connection), peer }
    }

    /// What [`Self::external`] was given.
    ///
    /// # Errors
    /// `InvalidInput` when it is a connection of the operating system; it is closed then.
    pub fn into_external(self) -> io::Result<Box<dyn Any + Send>> {
        self.origin.into_external()
    }

    pub(crate) const fn new(socket: Socket, peer: SocketAddr) -> Self {
        Self { origin: Origin::Os(socket), peer }
    }

    pub(crate) fn into_socket(self) -> io::Result<Socket> {
        self.origin.into_socket()
    }

    /// The other end's address.
    #[must_use]
    pub const fn peer(&self) -> SocketAddr {
        self.peer
    }
}

/// How a [`Listener`] is bound.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ListenOptions {
    /// Length of the kernel's accept queue, in connections.
    pub backlog: u32,
    /// Several listeners share the address and the kernel spreads connections over them
    /// (`SO_REUSEPORT`, socket(7)). On by default where the kernel spreads them
    /// ([`SHARES_PORTS`](crate::host::SHARES_PORTS)), an error elsewhere.
    pub share_port: bool,
    /// Accepted connections inherit `TCP_NODELAY` (tcp(7)), so no call is needed for each.
    pub nodelay: bool,
}

impl Default for ListenOptions {
    fn default() -> Self {
        Self { backlog: LISTEN_BACKLOG, share_port: crate::sys::host::SHARES_PORTS, nodelay: true }
    }
}

/// A bound, listening TCP socket, not yet attached to a reactor.
#[derive(Debug)]
pub struct Listener {
    origin: Origin,
    local: SocketAddr,
}

impl Listener {
    /// Binds `addr` and listens.
    ///
    /// # Errors
    /// Whatever the operating system says: address in use, not permitted, not available.
    ///
    /// ```
    /// let listener = dx_io::Listener::bind("127.0.0.1:0".parse().unwrap(), &Default::default())?;
    /// assert_ne!(listener.local_addr().port(), 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn bind(addr: SocketAddr, options: &ListenOptions) -> io::Result<Self> {
        let socket = bound(addr, options)?;
        socket.listen(i32::try_from(options.backlog).unwrap_or(i32::MAX))?;
        socket.set_nonblocking(true)?;
        let local = socket.local_addr()?.as_socket().ok_or(io::ErrorKind::InvalidInput)?;
        Ok(Self { origin: Origin::Os(socket), local })
    }

    /// A listener of a reactor outside this crate; only that reactor can listen on it.
    #[must_use]
    pub fn external(listener: Box<dyn Any + Send>, local: SocketAddr) -> Self {
        Self { origin: Origin::External(listener), local }
    }

    /// What [`Self::external`] was given.
    ///
    /// # Errors
    /// `InvalidInput` when it is a listener of the operating system; it is closed then.
    pub fn into_external(self) -> io::Result<Box<dyn Any + Send>> {
        self.origin.into_external()
    }

    pub(crate) fn into_socket(self) -> io::Result<Socket> {
        self.origin.into_socket()
    }

    /// Whether nobody listens on `addr` yet. A port that is shared on purpose
    /// ([`ListenOptions::share_port`]) is otherwise shared with strangers without a word.
    ///
    /// # Errors
    /// `AddrInUse`, or whatever else stands in the way of binding.
    pub fn is_free(addr: SocketAddr) -> io::Result<()> {
        let options = ListenOptions { share_port: false, ..ListenOptions::default() };
        // A listener elsewhere is found by the bind alone; ours must not take connections in.
        bound(addr, &options).map(drop)
    }

    /// The address that was bound, with the port the system chose if 0 was asked for.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.local
    }
}

/// A socket with its options set and its address bound.
fn bound(addr: SocketAddr, options: &ListenOptions) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    if options.share_port {
        crate::sys::host::share_port(&socket)?;
    }
    crate::sys::host::own_port(&socket)?;
    if addr.is_ipv6() {
        // Two families are two listeners; nothing depends on the host's bindv6only.
        socket.set_only_v6(true)?;
    }
    socket.bind(&addr.into())?;
    if options.nodelay {
        socket.set_tcp_nodelay(true)?;
    }
    Ok(socket)
}
