//! What the error numbers of results mean where they are not the platform's own.
//!
//! Owns the table from the numbers of `crate::errno`, which are Linux's, to kinds of errors.
//! Knows no room. Invariant: the table says what the standard library says on Linux, which a test
//! there checks number by number.

use std::io::ErrorKind;

/// Numbers of errno(3) as Linux has them, and their kinds.
const KINDS: &[(i32, ErrorKind)] = &[
    (1, ErrorKind::PermissionDenied),     // EPERM
    (2, ErrorKind::NotFound),             // ENOENT
    (4, ErrorKind::Interrupted),          // EINTR
    (7, ErrorKind::ArgumentListTooLong),  // E2BIG
    (11, ErrorKind::WouldBlock),          // EAGAIN
    (12, ErrorKind::OutOfMemory),         // ENOMEM
    (13, ErrorKind::PermissionDenied),    // EACCES
    (16, ErrorKind::ResourceBusy),        // EBUSY
    (17, ErrorKind::AlreadyExists),       // EEXIST
    (20, ErrorKind::NotADirectory),       // ENOTDIR
    (21, ErrorKind::IsADirectory),        // EISDIR
    (22, ErrorKind::InvalidInput),        // EINVAL
    (27, ErrorKind::FileTooLarge),        // EFBIG
    (28, ErrorKind::StorageFull),         // ENOSPC
    (29, ErrorKind::NotSeekable),         // ESPIPE
    (32, ErrorKind::BrokenPipe),          // EPIPE
    (95, ErrorKind::Unsupported),         // EOPNOTSUPP
    (98, ErrorKind::AddrInUse),           // EADDRINUSE
    (99, ErrorKind::AddrNotAvailable),    // EADDRNOTAVAIL
    (100, ErrorKind::NetworkDown),        // ENETDOWN
    (101, ErrorKind::NetworkUnreachable), // ENETUNREACH
    (103, ErrorKind::ConnectionAborted),  // ECONNABORTED
    (104, ErrorKind::ConnectionReset),    // ECONNRESET
    (107, ErrorKind::NotConnected),       // ENOTCONN
    (110, ErrorKind::TimedOut),           // ETIMEDOUT
    (111, ErrorKind::ConnectionRefused),  // ECONNREFUSED
    (113, ErrorKind::HostUnreachable),    // EHOSTUNREACH
    (122, ErrorKind::QuotaExceeded),      // EDQUOT
];

/// The error that `errno`, the positive of a number of `crate::errno`, stands for.
#[cfg(not(target_os = "linux"))]
pub(crate) fn error_of(errno: i32) -> std::io::Error {
    match kind_of(errno) {
        Some(kind) => kind.into(),
        None => std::io::Error::other(format!("error {errno} of errno(3)")),
    }
}

fn kind_of(errno: i32) -> Option<ErrorKind> {
    KINDS.iter().find(|(number, _)| *number == errno).map(|&(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::{KINDS, kind_of};

    #[test]
    fn every_number_has_one_kind() {
        for &(errno, kind) in KINDS {
            assert_eq!(kind_of(errno), Some(kind), "{errno} is there twice");
            #[cfg(target_os = "linux")]
            assert_eq!(std::io::Error::from_raw_os_error(errno).kind(), kind, "{errno}");
        }
        assert_eq!((kind_of(0), kind_of(125)), (None, None));
    }
}
