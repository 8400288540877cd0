//! The machine below the reactor: CPUs, limits, signals, probes.
//!
//! Owns the names by which the rest of the workspace asks the host, so that it names no operating
//! system. May not know reactors beyond [`StartStep`]. Each host is a folder or file with the same
//! functions in the same order; the lines below choose one. Invariant: a host that cannot answer
//! says so (`None`, or an error of kind [`Unsupported`](std::io::ErrorKind::Unsupported)).

use core::fmt;
use std::io;
use std::thread;

use crate::config::StartStep;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
use linux as room;

#[cfg(windows)]
mod windows;
#[cfg(windows)]
use windows as room;

#[cfg(not(any(target_os = "linux", windows)))]
mod other;
#[cfg(not(any(target_os = "linux", windows)))]
use other as room;

pub use room::{Termination, TerminationHandle};

/// The kernel's release as `uname -r` prints it, for
/// [`KernelVersion::parse`](crate::KernelVersion::parse). Source: uname(2).
#[must_use]
pub fn kernel_release() -> Option<String> {
    room::kernel_release()
}

/// The sysctl `kernel.io_uring_disabled` (Linux 6.6): 0 allowed, 1 only for the privileged and
/// for the group `kernel.io_uring_group`, 2 for nobody. `None` where there is no such sysctl.
#[must_use]
pub fn io_uring_disabled() -> Option<u8> {
    room::io_uring_disabled()
}

/// Whether system calls of this process are filtered, as sandboxes and container runtimes do.
/// `None` where the host does not tell. Source: seccomp(2).
#[must_use]
pub fn system_call_filter() -> Option<SystemCallFilter> {
    room::system_call_filter()
}

/// The CPUs that the calling thread may run on, ascending. Threads inherit them, so ask before
/// pinning. Source: sched_getaffinity(2).
///
/// # Errors
/// What the system says; `Unsupported` where there is no such notion.
pub fn allowed_cpus() -> io::Result<Vec<usize>> {
    room::allowed_cpus()
}

/// Lets the calling thread run on `cpus` only. Threads it starts later inherit this.
/// Source: sched_setaffinity(2).
///
/// # Errors
/// `InvalidInput` if no CPU named exists and is allowed to the process, or a number is beyond any
/// machine; `Unsupported` where there is no such notion.
pub fn restrict_current_thread(cpus: &[usize]) -> io::Result<()> {
    room::restrict_current_thread(cpus)
}

/// Pins the calling thread to one CPU: [`restrict_current_thread`] with one element.
///
/// # Errors
/// Those of [`restrict_current_thread`].
pub fn pin_current_thread(cpu: usize) -> io::Result<()> {
    restrict_current_thread(&[cpu])
}

/// The CPU that runs the caller at this moment; true for longer only if the thread is pinned.
/// Source: sched_getcpu(3).
///
/// # Errors
/// What the system says; `Unsupported` where there is no such notion.
pub fn current_cpu() -> io::Result<usize> {
    room::current_cpu()
}

/// How many cores' worth of time the process may use, as a container sets it: the smallest quota
/// of its control groups, version 1 or 2, up to the root it can see. `None` if there is no quota.
#[must_use]
pub fn cpu_quota() -> Option<f64> {
    room::cpu_quota()
}

/// How many bytes of memory the process may use, as a container sets it: the smallest limit of its
/// control groups, version 1 or 2, up to the root it can see. `None` if there is no limit.
#[must_use]
pub fn memory_limit() -> Option<u64> {
    room::memory_limit()
}

/// The CPUs to run one worker each on: those of [`allowed_cpus`], and of these only as many as
/// [`cpu_quota`] (rounded up) can feed, lowest first. Never empty.
///
/// ```
/// assert!(!dx_io::host::worker_cpus().is_empty());
/// ```
#[must_use]
pub fn worker_cpus() -> Vec<usize> {
    let cpus = allowed_cpus().unwrap_or_else(|_| {
        let count = thread::available_parallelism().map_or(1, usize::from);
        (0..count).collect()
    });
    cut_to_quota(cpus, cpu_quota())
}

/// The limits the process runs under now.
#[must_use]
pub fn limits() -> HostLimits {
    room::limits()
}

/// Raises the soft limit of open descriptors to the hard one, and returns it. Idempotent.
/// Source: setrlimit(2).
///
/// Code that calls select(2) cannot use descriptors from 1024 on; nothing in this workspace does.
///
/// # Errors
/// What the system says; `Unsupported` where there is no such limit.
pub fn raise_descriptor_limit() -> io::Result<u64> {
    room::raise_descriptor_limit()
}

/// How the network that the process sees treats TCP.
#[must_use]
pub fn tcp_settings() -> TcpSettings {
    room::tcp_settings()
}

/// Whether the kernel spreads connections over listeners that share one address. Where it does
/// not, one core accepts and hands over.
pub const SHARES_PORTS: bool = room::SHARES_PORTS;

/// Prepares `socket` to bind an address for a server: a restarted one does not wait for old
/// connections in `TIME_WAIT`, and no stranger takes the address over while it is bound.
///
/// # Errors
/// What the system says.
pub fn own_port(socket: &socket2::Socket) -> io::Result<()> {
    room::own_port(socket)
}

/// Lets several listeners share one address: `SO_REUSEPORT`, socket(7).
///
/// # Errors
/// What the system says; `Unsupported` where there is no such option.
pub fn share_port(socket: &socket2::Socket) -> io::Result<()> {
    room::share_port(socket)
}

/// What a user can do about `error` at `step`, as a clause to put behind the error.
#[must_use]
pub fn cure(step: StartStep, error: &io::Error) -> Option<&'static str> {
    room::cure(step, error)
}

/// What [`Termination::wait`] ended with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Signal {
    /// The system or an operator asks the process to end (`SIGTERM`).
    Terminate,
    /// The user at the terminal does (`SIGINT`, Ctrl-C).
    Interrupt,
    /// No signal: [`Termination::stop`] or [`TerminationHandle::stop`] ended the wait.
    Stopped,
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Terminate => "SIGTERM",
            Self::Interrupt => "SIGINT",
            Self::Stopped => "stopped",
        })
    }
}

/// Limits of the process and the machine. `u64::MAX` stands for a limit of "unlimited".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HostLimits {
    /// Descriptors the process may hold now (`ulimit -Sn`).
    pub descriptors_soft: u64,
    /// Descriptors it may raise that to (`ulimit -Hn`).
    pub descriptors_hard: u64,
    /// Memory it may lock, in bytes (`ulimit -l`); `None` for unlimited.
    pub memlock_bytes: Option<u64>,
    /// Longest accept queue of a listener, in connections (`net.core.somaxconn`); `None` if the
    /// host does not tell.
    pub accept_queue_max: Option<u32>,
}

/// Whether a filter stands between the process and the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SystemCallFilter {
    /// None.
    Open,
    /// Only reading, writing and ending are allowed.
    Strict,
    /// A program decides on each call.
    Filtered,
}

/// Settings of TCP; `None` for what the host does not tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TcpSettings {
    /// Handshakes of a listener that may be under way at a time without cookies
    /// (`net.ipv4.tcp_max_syn_backlog`).
    pub handshakes_max: Option<u32>,
    /// Whether handshakes beyond the queue are answered with cookies (`net.ipv4.tcp_syncookies`).
    pub syn_cookies: Option<bool>,
    /// First and last port that outgoing connections are given (`net.ipv4.ip_local_port_range`).
    pub ports: Option<(u16, u16)>,
    /// The algorithm that paces what is sent (`net.ipv4.tcp_congestion_control`).
    pub congestion_control: Option<String>,
}

/// The first `ceil(quota)` of `cpus`, at least one.
fn cut_to_quota(mut cpus: Vec<usize>, quota: Option<f64>) -> Vec<usize> {
    if let Some(quota) = quota {
        // A float-to-integer cast saturates: a quota of 0.0 or NaN gives 0, then 1.
        let fed = (quota.ceil() as usize).max(1);
        cpus.truncate(fed);
    }
    if cpus.is_empty() {
        cpus.push(0);
    }
    cpus
}

#[cfg(test)]
mod tests {
    use super::cut_to_quota;

    #[test]
    fn quota_cuts_from_the_end_and_never_to_nothing() {
        let rows: &[(&[usize], Option<f64>, &[usize])] = &[
            (&[0, 1, 2, 3], None, &[0, 1, 2, 3]),
            (&[0, 1, 2, 3], Some(4.0), &[0, 1, 2, 3]),
            (&[0, 1, 2, 3], Some(64.0), &[0, 1, 2, 3]),
            (&[0, 1, 2, 3], Some(2.0), &[0, 1]),
            (&[0, 1, 2, 3], Some(2.01), &[0, 1, 2]),
            (&[5, 9], Some(0.1), &[5]),
            (&[5, 9], Some(0.0), &[5]),
            (&[5, 9], Some(f64::NAN), &[5]),
            (&[5, 9], Some(f64::INFINITY), &[5, 9]),
            (&[], None, &[0]),
            (&[], Some(3.0), &[0]),
        ];
        for (cpus, quota, expected) in rows {
            assert_eq!(cut_to_quota(cpus.to_vec(), *quota), *expected, "{cpus:?} {quota:?}");
        }
    }
}
