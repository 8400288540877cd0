//! The host that no room was written for.
//!
//! Owns the functions of `linux`, in its order, each saying that it cannot. Invariant: nothing
//! here pretends: what is not known is `None` or `Unsupported`.

use std::convert::Infallible;
use std::io;

use super::{HostLimits, Signal, SystemCallFilter, TcpSettings};
use crate::config::StartStep;

pub(super) fn kernel_release() -> Option<String> {
    None
}

pub(super) fn io_uring_disabled() -> Option<u8> {
    None
}

pub(super) fn system_call_filter() -> Option<SystemCallFilter> {
    None
}

pub(super) fn allowed_cpus() -> io::Result<Vec<usize>> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(super) fn restrict_current_thread(_cpus: &[usize]) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(super) fn current_cpu() -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(super) fn cpu_quota() -> Option<f64> {
    None
}

pub(super) fn memory_limit() -> Option<u64> {
    None
}

pub(super) fn limits() -> HostLimits {
    // 256 is the smallest default of the systems that end up here (macOS, `ulimit -n`).
    HostLimits {
        descriptors_soft: 256,
        descriptors_hard: 256,
        memlock_bytes: None,
        accept_queue_max: None,
    }
}

pub(super) fn raise_descriptor_limit() -> io::Result<u64> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(super) fn tcp_settings() -> TcpSettings {
    TcpSettings::default()
}

pub(super) const SHARES_PORTS: bool = false;

pub(super) fn own_port(socket: &socket2::Socket) -> io::Result<()> {
    // Every system that is neither Linux nor Windows and has sockets takes this from BSD.
    socket.set_reuse_address(true)
}

pub(super) fn share_port(_socket: &socket2::Socket) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(super) fn cure(_step: StartStep, _error: &io::Error) -> Option<&'static str> {
    None
}

/// The process's wish to end. Cannot exist on this host: [`install`](Self::install) fails.
#[derive(Debug)]
pub struct Termination(Infallible);

impl Termination {
    /// Says that this host has no signals we know.
    ///
    /// # Errors
    /// Always `Unsupported`.
    pub fn install() -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Blocks until the next signal.
    ///
    /// # Errors
    /// None: there is no value to call it on.
    pub fn wait(&self) -> io::Result<Signal> {
        match self.0 {}
    }

    /// Ends every wait.
    pub fn stop(&self) {
        match self.0 {}
    }

    /// A handle by which another thread ends the wait.
    #[must_use]
    pub fn handle(&self) -> TerminationHandle {
        match self.0 {}
    }
}

/// Ends the waits of a [`Termination`] from elsewhere.
#[derive(Clone, Debug)]
pub struct TerminationHandle(Infallible);

impl TerminationHandle {
    /// Ends every wait.
    pub fn stop(&self) {
        match self.0 {}
    }
}
