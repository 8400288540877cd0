//! Why a server did not start, or ended.
//!
//! Owns [`ServerError`]. Invariant: every variant names the cause, and its text the cure.

use core::fmt;
use std::io;
use std::net::SocketAddr;

use dx_rt::RunError;

use crate::route_error::RouteError;

/// A server could not start or go on.
#[derive(Debug)]
#[non_exhaustive]
pub enum ServerError {
    /// `WorkerStrategy::Fixed(0)`.
    NoWorkers,
    /// Neither `.app(..)` nor anything else to serve was given.
    NothingToServe,
    /// An address that was asked for could not be bound.
    Bind {
        /// The address.
        addr: SocketAddr,
        /// What the system said.
        error: io::Error,
    },
    /// The routes contradict each other.
    Routes(RouteError),
    /// A worker's listener could not be registered with its reactor.
    Listen(io::Error),
    /// SIGTERM and SIGINT could not be caught.
    Signals(io::Error),
    /// A worker did not start, or its reactor failed.
    Run(RunError),
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoWorkers => f.write_str("no workers: use WorkerStrategy::Fixed(1) or more"),
            Self::NothingToServe => f.write_str("nothing to serve: give the builder an .app(..)"),
            Self::Bind { addr, error } => {
                write!(f, "cannot listen on {addr}: {error}{}", bind_cure(addr, error))
            }
            Self::Routes(error) => write!(f, "the routes contradict each other: {error}"),
            Self::Listen(error) => write!(f, "the reactor did not take the listener: {error}"),
            Self::Signals(error) => write!(f, "cannot catch SIGTERM and SIGINT: {error}"),
            Self::Run(error) => error.fmt(f),
        }
    }
}

fn bind_cure(addr: &SocketAddr, error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => " (stop the other server, or choose another port)",
        io::ErrorKind::PermissionDenied if addr.port() < 1024 => {
            " (ports below 1024 need privileges: choose a higher one)"
        }
        io::ErrorKind::AddrNotAvailable => " (no interface of this machine has that address)",
        _ => "",
    }
}

impl std::error::Error for ServerError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NoWorkers | Self::NothingToServe => None,
            Self::Bind { error, .. } | Self::Listen(error) | Self::Signals(error) => Some(error),
            Self::Routes(error) => Some(error),
            Self::Run(error) => Some(error),
        }
    }
}

impl From<RunError> for ServerError {
    fn from(error: RunError) -> Self {
        Self::Run(error)
    }
}
