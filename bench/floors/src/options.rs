//! The command line of a floor, and the listener it asks for.
//!
//! Owns `--listen ADDR` and the listener's socket options. Knows nothing of backends. Invariant:
//! accepted sockets inherit `TCP_NODELAY` from here, so no loop has to set it.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Protocol, Socket, Type};

use crate::limits::BACKLOG;

/// Why the arguments cannot be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum OptionsError {
    /// An unknown option, a missing value, or a value that is no socket address.
    Arguments(lexopt::Error),
    /// `--listen` is missing.
    ListenMissing,
}

impl fmt::Display for OptionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Arguments(error) => error.fmt(f),
            Self::ListenMissing => f.write_str("--listen ADDR is missing"),
        }
    }
}

impl std::error::Error for OptionsError {}

impl From<lexopt::Error> for OptionsError {
    fn from(error: lexopt::Error) -> Self {
        Self::Arguments(error)
    }
}

/// Reads `--listen ADDR` from the process's arguments.
///
/// # Errors
///
/// [`OptionsError`] when the arguments are not exactly that.
pub fn listen_address() -> Result<SocketAddr, OptionsError> {
    use lexopt::ValueExt;

    let mut parser = lexopt::Parser::from_env();
    let mut listen = None;
    while let Some(argument) = parser.next()? {
        match argument {
            lexopt::Arg::Long("listen") => listen = Some(parser.value()?.parse()?),
            other => return Err(other.unexpected().into()),
        }
    }
    listen.ok_or(OptionsError::ListenMissing)
}

/// Opens a non-blocking listener on `address`.
///
/// # Errors
///
/// What `socket(2)`, `setsockopt(2)`, `bind(2)` or `listen(2)` report.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_tcp_nodelay(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}
