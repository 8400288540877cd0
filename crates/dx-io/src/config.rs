//! What a reactor is asked to be.
//!
//! Owns [`IoBackend`], [`ReactorConfig`] and the [`StartError`] of making one. Knows no kernel.
//! Invariant: the default configuration is the one the server runs with.

use core::fmt;
use std::io;

use crate::blocking::BlockingPool;
use crate::limits;

/// Which kernel interface carries the I/O.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IoBackend {
    /// The best one that this machine allows, found by trying it.
    #[default]
    Auto,
    /// io_uring, Linux 5.19 and later; asked for by name, from 5.1 on.
    IoUring,
    /// epoll, any Linux.
    Epoll,
    /// kqueue, macOS and the BSDs.
    Kqueue,
    /// I/O completion ports, Windows.
    Iocp,
    /// A reactor outside this crate ([`Driver::external`](crate::Driver::external)); cannot be
    /// asked for.
    External,
}

impl IoBackend {
    /// The name as flags and the environment spell it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::IoUring => "io_uring",
            Self::Epoll => "epoll",
            Self::Kqueue => "kqueue",
            Self::Iocp => "iocp",
            Self::External => "external",
        }
    }
}

impl fmt::Display for IoBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownBackend;

impl fmt::Display for UnknownBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a backend: use auto, io_uring, epoll, kqueue or iocp")
    }
}

impl std::error::Error for UnknownBackend {}

impl core::str::FromStr for IoBackend {
    type Err = UnknownBackend;

    fn from_str(text: &str) -> Result<Self, UnknownBackend> {
        [Self::Auto, Self::IoUring, Self::Epoll, Self::Kqueue, Self::Iocp]
            .into_iter()
            .find(|backend| backend.as_str() == text)
            .or((text == "io-uring").then_some(Self::IoUring))
            .ok_or(UnknownBackend)
    }
}

/// How far up the ladder of io_uring features a reactor may climb. Tests force the lower rungs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum UringRung {
    /// Linux 5.1: poll requests, so that the ring tells readiness and no more. On request only:
    /// with [`IoBackend::Auto`] epoll is preferred to it.
    Poll,
    /// Linux 5.19: provided buffer rings, cooperative task running.
    Provided,
    /// Linux 6.1: single issuer, deferred task running, multishot receive.
    #[default]
    Deferred,
}

impl fmt::Display for UringRung {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Poll => "the 5.1 rung: readiness by poll requests",
            Self::Provided => "the 5.19 rung: provided buffer rings",
            Self::Deferred => {
                "the 6.1 rung: single issuer, deferred task running, multishot receive, provided \
                 buffer rings"
            }
        })
    }
}

/// Sizes of one reactor. All bounds are per core.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReactorConfig {
    /// Receive buffers; rounded up to a power of two, at most 32,768.
    pub recv_buffers: u16,
    /// Bytes of each receive buffer.
    pub recv_buffer_len: u16,
    /// Entries of the submission queue.
    pub submissions: u32,
    /// Entries of the completion queue.
    pub completions: u32,
    /// Sockets open at a time; also bounded by what the system allows.
    pub sockets_max: u32,
    /// Operations in flight at a time.
    pub in_flight_max: u32,
    /// Reactors of this process that share its descriptors, where connections need them.
    pub reactors: u32,
    /// Buffers for files that are registered with the kernel where it has that
    /// ([`Reactor::fixed_buffer`](crate::Reactor::fixed_buffer)); locked memory. 0: none.
    pub fixed_buffers: u16,
    /// Bytes of each of them.
    pub fixed_buffer_len: u32,
    /// Where files are read and written if the kernel does that only by blocking. `None`: the
    /// reactor makes a pool of its own when the first file comes.
    pub blocking: Option<BlockingPool>,
    /// The highest io_uring rung to use.
    pub uring_rung_max: UringRung,
    /// Has a thread of the kernel look for submissions, so that none costs a system call
    /// (`IORING_SETUP_SQPOLL`). Left out with a warning
    /// ([`Detection::warnings`](crate::Detection::warnings)) when no CPU is spare for it.
    pub sqpoll: Option<SqPoll>,
    /// CPUs that all reactors of this process share; 0: those that the calling thread may use,
    /// which is one too few to count when it is pinned.
    pub cpus: u32,
}

/// A thread of the kernel that polls one ring's submissions.
///
/// It costs a CPU while it is awake, and the reactor's own wait costs another: the reactor spins as
/// long as the poller is awake, because sleeping would cost the very call that the poller saves.
/// Worth it for latency on a machine with CPUs to spare, never for throughput per CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SqPoll {
    /// Milliseconds without a submission after which the thread sleeps. The next submission then
    /// costs one call, which wakes it.
    pub idle_ms: u32,
    /// The CPU it is pinned to. `None`: it may run where the calling thread may, so name one when
    /// that is pinned (the runtime's cores do).
    pub cpu: Option<u32>,
}

impl Default for SqPoll {
    fn default() -> Self {
        Self { idle_ms: limits::SQPOLL_IDLE_MS, cpu: None }
    }
}

impl Default for ReactorConfig {
    fn default() -> Self {
        Self {
            recv_buffers: limits::RECV_BUFFERS,
            recv_buffer_len: limits::RECV_BUFFER_LEN,
            submissions: limits::SUBMISSIONS,
            completions: limits::COMPLETIONS,
            sockets_max: limits::SOCKETS_MAX,
            in_flight_max: limits::IN_FLIGHT_MAX,
            reactors: 1,
            fixed_buffers: 0,
            fixed_buffer_len: limits::FIXED_BUFFER_LEN,
            blocking: None,
            uring_rung_max: UringRung::default(),
            sqpoll: None,
            cpus: 0,
        }
    }
}

impl ReactorConfig {
    /// Connections that take a descriptor each, when the process may open `descriptors` in all:
    /// this reactor's share, and never none, or it would wait for room for ever.
    pub(crate) fn connections_with(&self, descriptors: u64) -> u32 {
        let usable = descriptors.saturating_sub(limits::DESCRIPTORS_RESERVED.into());
        let share = (usable / u64::from(self.reactors.max(1))).max(1);
        self.sockets_max.min(u32::try_from(share).unwrap_or(u32::MAX))
    }
}

/// A reactor could not be made: which step failed, what the system said, and the cure.
#[derive(Debug)]
#[non_exhaustive]
pub struct StartError {
    /// The step, a system call or a registration.
    pub step: StartStep,
    /// What the operating system said.
    pub error: io::Error,
}

impl StartError {
    /// `error` happened at `step`.
    #[must_use]
    pub const fn new(step: StartStep, error: io::Error) -> Self {
        Self { step, error }
    }
}

/// A step of starting a reactor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StartStep {
    /// This build has no such backend on this platform.
    Unsupported,
    /// The environment variable `DX_IO_BACKEND` was read.
    Environment,
    /// io_uring_setup(2).
    UringSetup,
    /// io_uring_setup(2) with a thread that polls submissions.
    UringPoller,
    /// The kernel lacks an operation we need (`IORING_REGISTER_PROBE`).
    UringOperations,
    /// `IORING_REGISTER_FILES2`: the table of direct descriptors.
    UringDescriptors,
    /// `IORING_REGISTER_PBUF_RING`: the ring of receive buffers.
    UringBuffers,
    /// `IORING_REGISTER_BUFFERS`: the fixed buffers of files, which are locked memory.
    UringFixedBuffers,
    /// io_uring_enter(2).
    UringEnter,
    /// `CreateIoCompletionPort`: the completion port.
    CompletionPort,
    /// `SIO_GET_EXTENSION_FUNCTION_POINTER`: AcceptEx and ConnectEx.
    SocketExtensions,
    /// epoll_create1(2) or its kin.
    Selector,
    /// eventfd(2) or its kin: what another thread wakes us by.
    Waker,
}

impl fmt::Display for StartStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unsupported => "this platform has no such backend",
            Self::Environment => "DX_IO_BACKEND",
            Self::UringSetup => "io_uring_setup",
            Self::UringPoller => "io_uring_setup with a submission poller",
            Self::UringOperations => "io_uring lacks an operation",
            Self::UringDescriptors => "io_uring direct descriptors",
            Self::UringBuffers => "io_uring buffer ring",
            Self::UringFixedBuffers => "io_uring fixed buffers",
            Self::UringEnter => "io_uring_enter",
            Self::CompletionPort => "CreateIoCompletionPort",
            Self::SocketExtensions => "AcceptEx and ConnectEx",
            Self::Selector => "the readiness selector",
            Self::Waker => "the waker",
        })
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.step == StartStep::Unsupported {
            return write!(f, "{}", self.step);
        }
        write!(f, "{}: {}", self.step, self.error)?;
        match crate::sys::host::cure(self.step, &self.error) {
            Some(cure) => write!(f, " ({cure})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

#[cfg(test)]
mod tests {
    use super::ReactorConfig;

    #[test]
    fn a_reactor_has_room_for_one_connection_at_least() {
        let rows = [
            (1000, 1, 936),
            (1000, 2, 468),
            (1000, 0, 936),
            (65, 2, 1),
            (64, 1, 1),
            (0, 7, 1),
            (u64::MAX, 1, ReactorConfig::default().sockets_max),
        ];
        for (descriptors, reactors, expected) in rows {
            let config = ReactorConfig { reactors, ..ReactorConfig::default() };
            assert_eq!(config.connections_with(descriptors), expected, "{descriptors} {reactors}");
        }
    }
}
