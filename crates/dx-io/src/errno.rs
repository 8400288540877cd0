//! Error numbers that code above the rooms tells apart.
//!
//! Owns the numbers a [`Completion`](crate::Completion)'s result is compared with. They are
//! Linux's (errno(3)); rooms of other kernels translate to them, so that nothing above asks which
//! kernel it was. Invariant: every constant is negative, as results are.

use std::io;

/// No such thing to act on (`ENOENT`).
pub const NOT_FOUND: i32 = -2;
/// Input or output failed below the system call (`EIO`).
pub const INPUT_OUTPUT: i32 = -5;
/// Not open, or not open for this (`EBADF`).
pub const BAD_DESCRIPTOR: i32 = -9;
/// Nothing to do it with just now (`EAGAIN`).
pub const TRY_AGAIN: i32 = -11;
/// Another operation of the same kind is in flight (`EBUSY`).
pub const BUSY: i32 = -16;
/// Not possible on such an object (`EINVAL`).
pub const INVALID: i32 = -22;
/// The socket is not connected (`ENOTCONN`).
pub const NOT_CONNECTED: i32 = -107;
/// Nobody listens there (`ECONNREFUSED`).
pub const CONNECTION_REFUSED: i32 = -111;
/// The connection was ended on this side (`ECONNABORTED`).
pub const CONNECTION_ABORTED: i32 = -103;
/// The room or its kernel has no such operation (`EOPNOTSUPP`).
pub const UNSUPPORTED: i32 = -95;

/// The operation was cancelled (`ECANCELED`).
pub const CANCELLED: i32 = -125;
/// The peer does not take any more (`EPIPE`).
pub const BROKEN_PIPE: i32 = -32;
/// A table or the kernel's memory is exhausted (`ENOBUFS`).
pub const NO_BUFFER_SPACE: i32 = -105;
/// The process has no descriptor left (`EMFILE`).
pub const DESCRIPTORS_PROCESS: i32 = -24;
/// The system has no descriptor left (`ENFILE`).
pub const DESCRIPTORS_SYSTEM: i32 = -23;
/// The peer reset the connection (`ECONNRESET`).
pub const CONNECTION_RESET: i32 = -104;

/// Not allowed (`EACCES`).
pub const ACCESS_DENIED: i32 = -13;
/// The kernel has no memory left (`ENOMEM`).
pub const OUT_OF_MEMORY: i32 = -12;
/// Somebody else has the address (`EADDRINUSE`).
pub const ADDRESS_IN_USE: i32 = -98;
/// No such address here (`EADDRNOTAVAIL`).
pub const ADDRESS_NOT_AVAILABLE: i32 = -99;
/// The network is down (`ENETDOWN`).
pub const NETWORK_DOWN: i32 = -100;
/// No way to that network (`ENETUNREACH`).
pub const NETWORK_UNREACHABLE: i32 = -101;
/// The peer did not answer in time (`ETIMEDOUT`).
pub const TIMED_OUT: i32 = -110;
/// No way to that host (`EHOSTUNREACH`).
pub const HOST_UNREACHABLE: i32 = -113;

/// The error a negative result stands for: its kind is the same on every platform.
///
/// ```
/// let error = dx_io::errno::to_error(dx_io::errno::CONNECTION_RESET);
/// assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
/// ```
#[must_use]
pub fn to_error(result: i32) -> io::Error {
    crate::sys::error_of(result.saturating_neg())
}
