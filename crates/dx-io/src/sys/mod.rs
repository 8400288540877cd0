//! The rooms: one per kernel interface, and the line that chooses them.
//!
//! Owns every name of an operating system in this workspace. A room supplies a type that
//! implements [`Reactor`](crate::Reactor); a host supplies what `host/` lists (affinity, limits,
//! signals, probes). Invariant: removing a room breaks only its lines here.

pub(crate) mod clock;
pub mod host;

#[cfg(target_os = "linux")]
pub(crate) mod epoll;
#[cfg(target_os = "linux")]
mod event_fd;
#[cfg(target_os = "linux")]
pub(crate) mod io_uring;
#[cfg(target_os = "linux")]
pub(crate) mod readiness;
#[cfg(target_os = "linux")]
mod socket_calls;
#[cfg(target_os = "linux")]
pub(crate) mod uring_poll;

/// What implements completion on this platform.
#[cfg(target_os = "linux")]
pub(crate) use io_uring::UringReactor as CompletionRoom;

/// What stands in for completion on kernels of this platform that are too old for it.
#[cfg(target_os = "linux")]
pub(crate) use uring_poll::UringPollReactor as FallbackRoom;

/// What implements readiness on this platform.
#[cfg(target_os = "linux")]
pub(crate) use epoll::EpollReactor as ReadinessRoom;
