//! The two system calls as this room makes them.
//!
//! Owns io_uring_enter(2) with an extended argument and the registration of the ring's own
//! descriptor. Knows nothing of operations. Invariant: pointers handed to the kernel here live
//! until the call returns.

use core::time::Duration;
use std::io;
use std::os::fd::RawFd;

/// `IORING_ENTER_GETEVENTS`, `IORING_ENTER_EXT_ARG`, `IORING_ENTER_REGISTERED_RING` of
/// `linux/io_uring.h`.
const ENTER_GETEVENTS: u32 = 1 << 0;
/// Wakes the thread that polls submissions.
pub(super) const ENTER_SQ_WAKEUP: u32 = 1 << 1;
/// Waits until that thread has made room in the submission queue (5.10).
pub(super) const ENTER_SQ_WAIT: u32 = 1 << 2;
const ENTER_EXT_ARG: u32 = 1 << 3;
const ENTER_REGISTERED_RING: u32 = 1 << 4;
/// `IORING_REGISTER_RING_FDS` and its opposite (5.18).
const REGISTER_RING_FDS: u32 = 20;
const UNREGISTER_RING_FDS: u32 = 21;

/// `struct io_uring_getevents_arg`.
#[repr(C)]
struct GetEventsArg {
    sigmask: u64,
    sigmask_sz: u32,
    min_wait_usec: u32,
    ts: u64,
}

/// `struct io_uring_rsrc_update`.
#[repr(C)]
struct RsrcUpdate {
    offset: u32,
    resv: u32,
    data: u64,
}

/// `struct __kernel_timespec`.
#[repr(C)]
struct Timespec {
    tv_sec: i64,
    tv_nsec: i64,
}

/// How a ring is named when it is entered.
#[derive(Clone, Copy, Debug)]
pub(super) enum RingName {
    /// By descriptor: the kernel looks the file up at every call.
    Descriptor(RawFd),
    /// By the index of its registration (5.18), which saves that.
    Registered(u32),
}

/// Submits `to_submit` entries, runs deferred task work, and waits for `min` completions or the
/// timeout. `flags` is 0 but for a ring whose submissions are polled. Returns how many entries the
/// kernel took.
///
/// # Errors
/// As the system call; running out of time is not an error here.
pub(super) fn enter(
    ring: RingName,
    to_submit: u32,
    min: u32,
    timeout: Option<Duration>,
    flags: u32,
) -> io::Result<usize> {
    let (fd, name_flag) = match ring {
        RingName::Descriptor(fd) => (fd as u32, 0),
        RingName::Registered(index) => (index, ENTER_REGISTERED_RING),
    };
    // The kernel adds the time since boot and wraps: what no one lives to see is no timeout.
    let timeout = timeout.filter(|timeout| timeout.as_secs() < 1 << 32);
    let timespec = timeout.map(|timeout| Timespec {
        tv_sec: i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(timeout.subsec_nanos()),
    });
    let arg = GetEventsArg {
        sigmask: 0,
        sigmask_sz: 8,
        min_wait_usec: 0,
        ts: timespec.as_ref().map_or(0, |timespec| core::ptr::from_ref(timespec) as u64),
    };
    // SAFETY: the argument and the timespec it points to live until the call returns; the entries
    // between the queue's head and tail were written by `Ring::push`, whose callers prove them.
    let result = unsafe {
        libc::syscall(
            libc::SYS_io_uring_enter,
            fd,
            to_submit,
            min,
            ENTER_GETEVENTS | ENTER_EXT_ARG | name_flag | flags,
            core::ptr::from_ref(&arg),
            size_of::<GetEventsArg>(),
        )
    };
    if result >= 0 {
        return Ok(result as usize);
    }
    let error = io::Error::last_os_error();
    if error.raw_os_error() == Some(libc::ETIME) { Ok(0) } else { Err(error) }
}

/// Registers the ring's descriptor with the calling thread and returns its index.
///
/// # Errors
/// `EINVAL` before 5.18.
pub(super) fn register_ring(fd: RawFd) -> io::Result<u32> {
    let mut update = RsrcUpdate { offset: u32::MAX, resv: 0, data: fd as u64 };
    register(fd, REGISTER_RING_FDS, &mut update)?;
    Ok(update.offset)
}

/// Undoes [`register_ring`], so that closing the descriptor closes the ring.
pub(super) fn unregister_ring(fd: RawFd, index: u32) {
    let mut update = RsrcUpdate { offset: index, resv: 0, data: 0 };
    // It can only fail if it was never registered, and then there is nothing to undo.
    let _ = register(fd, UNREGISTER_RING_FDS, &mut update);
}

fn register(fd: RawFd, opcode: u32, update: &mut RsrcUpdate) -> io::Result<()> {
    // SAFETY: both opcodes take a pointer to one `io_uring_rsrc_update`, which outlives the call.
    let result = unsafe {
        libc::syscall(libc::SYS_io_uring_register, fd, opcode, core::ptr::from_mut(update), 1)
    };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
