//! The rooms: one per kernel interface, and the line that chooses them.
//!
//! Owns every name of an operating system in this workspace. A room supplies a type that
//! implements [`Reactor`](crate::Reactor); a host supplies what `host/` lists (affinity, limits,
//! signals, probes). A platform may have one of the two kinds of room only: the other is
//! `absent::Absent`. Invariant: removing a room breaks only its lines here.

#[cfg(not(target_os = "linux"))]
mod absent;
pub(crate) mod clock;
#[cfg(any(test, not(target_os = "linux")))]
mod error_kinds;
pub mod host;

#[cfg(target_os = "linux")]
pub(crate) mod epoll;
#[cfg(target_os = "linux")]
mod event_fd;
#[cfg(any(target_os = "linux", windows))]
mod file_calls;
#[cfg(any(target_os = "linux", windows))]
mod file_jobs;
#[cfg(target_os = "linux")]
pub(crate) mod io_uring;
#[cfg(windows)]
pub(crate) mod iocp;
#[cfg(target_os = "linux")]
pub(crate) mod readiness;
#[cfg(target_os = "linux")]
mod socket_calls;
#[cfg(target_os = "linux")]
pub(crate) mod uring_poll;

/// What implements completion on this platform.
#[cfg(not(any(target_os = "linux", windows)))]
pub(crate) use absent::Absent as CompletionRoom;
#[cfg(target_os = "linux")]
pub(crate) use io_uring::UringReactor as CompletionRoom;
#[cfg(windows)]
pub(crate) use iocp::IocpReactor as CompletionRoom;

/// What stands in for completion on kernels of this platform that are too old for it.
#[cfg(not(target_os = "linux"))]
pub(crate) use absent::Absent as FallbackRoom;
#[cfg(target_os = "linux")]
pub(crate) use uring_poll::UringPollReactor as FallbackRoom;

/// What implements readiness on this platform.
#[cfg(not(target_os = "linux"))]
pub(crate) use absent::Absent as ReadinessRoom;
#[cfg(target_os = "linux")]
pub(crate) use epoll::EpollReactor as ReadinessRoom;

/// The error that `errno`, the positive of a number of [`crate::errno`], stands for.
#[cfg(target_os = "linux")]
pub(crate) fn error_of(errno: i32) -> std::io::Error {
    std::io::Error::from_raw_os_error(errno)
}
#[cfg(not(target_os = "linux"))]
pub(crate) use error_kinds::error_of;
