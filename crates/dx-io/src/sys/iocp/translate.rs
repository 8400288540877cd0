//! Windows' three kinds of error numbers as those of [`errno`].
//!
//! Owns the two tables: Win32 and Winsock codes, and the `NTSTATUS` that a finished OVERLAPPED
//! carries. Knows no operation. Invariant: what is in no table is [`errno::INPUT_OUTPUT`], so that
//! a number of Windows is never taken for one of ours.

use std::io;

use windows_sys::Win32::Foundation as win32;
use windows_sys::Win32::Foundation::NTSTATUS;
use windows_sys::Win32::Networking::WinSock as winsock;

use crate::errno;

/// Codes of `GetLastError` and `WSAGetLastError`: one space of numbers.
const CODES: &[(u32, i32)] = &[
    (winsock::WSAEACCES as u32, errno::ACCESS_DENIED),
    (winsock::WSAEADDRINUSE as u32, errno::ADDRESS_IN_USE),
    (winsock::WSAEADDRNOTAVAIL as u32, errno::ADDRESS_NOT_AVAILABLE),
    (winsock::WSAECONNABORTED as u32, errno::CONNECTION_ABORTED),
    (winsock::WSAECONNREFUSED as u32, errno::CONNECTION_REFUSED),
    (winsock::WSAECONNRESET as u32, errno::CONNECTION_RESET),
    (winsock::WSAEDISCON as u32, errno::CONNECTION_RESET),
    (winsock::WSAEHOSTUNREACH as u32, errno::HOST_UNREACHABLE),
    (winsock::WSAEINVAL as u32, errno::INVALID),
    (winsock::WSAEISCONN as u32, errno::INVALID),
    (winsock::WSAEMFILE as u32, errno::DESCRIPTORS_PROCESS),
    (winsock::WSAENETDOWN as u32, errno::NETWORK_DOWN),
    // The connection was broken: keep-alive failed, or the network is gone.
    (winsock::WSAENETRESET as u32, errno::CONNECTION_RESET),
    (winsock::WSAENETUNREACH as u32, errno::NETWORK_UNREACHABLE),
    (winsock::WSAENOBUFS as u32, errno::NO_BUFFER_SPACE),
    (winsock::WSAENOTCONN as u32, errno::NOT_CONNECTED),
    (winsock::WSAENOTSOCK as u32, errno::INVALID),
    (winsock::WSAEOPNOTSUPP as u32, errno::UNSUPPORTED),
    (winsock::WSAESHUTDOWN as u32, errno::BROKEN_PIPE),
    (winsock::WSAETIMEDOUT as u32, errno::TIMED_OUT),
    (winsock::WSAEWOULDBLOCK as u32, errno::TRY_AGAIN),
    (winsock::WSA_E_CANCELLED as u32, errno::CANCELLED),
    (win32::ERROR_ACCESS_DENIED, errno::ACCESS_DENIED),
    (win32::ERROR_CONNECTION_ABORTED, errno::CONNECTION_ABORTED),
    (win32::ERROR_CONNECTION_REFUSED, errno::CONNECTION_REFUSED),
    (win32::ERROR_HOST_UNREACHABLE, errno::HOST_UNREACHABLE),
    (win32::ERROR_INVALID_PARAMETER, errno::INVALID),
    (win32::ERROR_NETNAME_DELETED, errno::CONNECTION_RESET),
    (win32::ERROR_NETWORK_UNREACHABLE, errno::NETWORK_UNREACHABLE),
    (win32::ERROR_NOT_ENOUGH_MEMORY, errno::OUT_OF_MEMORY),
    (win32::ERROR_NOT_FOUND, errno::NOT_FOUND),
    (win32::ERROR_NO_SYSTEM_RESOURCES, errno::NO_BUFFER_SPACE),
    (win32::ERROR_OPERATION_ABORTED, errno::CANCELLED),
    (win32::ERROR_OUTOFMEMORY, errno::OUT_OF_MEMORY),
    (win32::ERROR_SEM_TIMEOUT, errno::TIMED_OUT),
    (win32::ERROR_TOO_MANY_OPEN_FILES, errno::DESCRIPTORS_PROCESS),
    (win32::ERROR_WORKING_SET_QUOTA, errno::NO_BUFFER_SPACE),
];

/// How an overlapped operation ends when it fails.
const STATUSES: &[(NTSTATUS, i32)] = &[
    (win32::STATUS_ACCESS_DENIED, errno::ACCESS_DENIED),
    (win32::STATUS_ADDRESS_ALREADY_EXISTS, errno::ADDRESS_IN_USE),
    (win32::STATUS_CANCELLED, errno::CANCELLED),
    (win32::STATUS_CONNECTION_ABORTED, errno::CONNECTION_ABORTED),
    (win32::STATUS_CONNECTION_DISCONNECTED, errno::CONNECTION_RESET),
    (win32::STATUS_CONNECTION_INVALID, errno::NOT_CONNECTED),
    (win32::STATUS_CONNECTION_REFUSED, errno::CONNECTION_REFUSED),
    (win32::STATUS_CONNECTION_RESET, errno::CONNECTION_RESET),
    (win32::STATUS_GRACEFUL_DISCONNECT, errno::BROKEN_PIPE),
    (win32::STATUS_HOST_UNREACHABLE, errno::HOST_UNREACHABLE),
    (win32::STATUS_INSUFFICIENT_RESOURCES, errno::NO_BUFFER_SPACE),
    (win32::STATUS_INVALID_CONNECTION, errno::NOT_CONNECTED),
    (win32::STATUS_INVALID_PARAMETER, errno::INVALID),
    (win32::STATUS_IO_TIMEOUT, errno::TIMED_OUT),
    (win32::STATUS_LOCAL_DISCONNECT, errno::CONNECTION_ABORTED),
    (win32::STATUS_NETWORK_UNREACHABLE, errno::NETWORK_UNREACHABLE),
    (win32::STATUS_NO_MEMORY, errno::OUT_OF_MEMORY),
    (win32::STATUS_PIPE_DISCONNECTED, errno::BROKEN_PIPE),
    (win32::STATUS_PORT_UNREACHABLE, errno::CONNECTION_RESET),
    (win32::STATUS_PROTOCOL_UNREACHABLE, errno::HOST_UNREACHABLE),
    (win32::STATUS_REMOTE_DISCONNECT, errno::CONNECTION_RESET),
    (win32::STATUS_REMOTE_NOT_LISTENING, errno::CONNECTION_REFUSED),
    (win32::STATUS_TOO_MANY_OPENED_FILES, errno::DESCRIPTORS_PROCESS),
    (win32::STATUS_WORKING_SET_QUOTA, errno::NO_BUFFER_SPACE),
];

/// A code of `GetLastError` or `WSAGetLastError`.
pub(super) fn code(code: u32) -> i32 {
    let row = CODES.iter().find(|(number, _)| *number == code);
    row.map_or(errno::INPUT_OUTPUT, |&(_, errno)| errno)
}

/// How an overlapped operation ended, if it failed.
pub(super) fn status(status: NTSTATUS) -> Option<i32> {
    // Successes and notes are positive (NTSTATUS, its two severity bits).
    if status >= 0 {
        return None;
    }
    let row = STATUSES.iter().find(|(number, _)| *number == status);
    Some(row.map_or(errno::INPUT_OUTPUT, |&(_, errno)| errno))
}

/// An error of the standard library: a call's, or one it made itself.
pub(in crate::sys) fn error(error: &io::Error) -> i32 {
    match error.raw_os_error() {
        Some(number) => code(number.cast_unsigned()),
        None => errno::INPUT_OUTPUT,
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};

    use windows_sys::Win32::Foundation as win32;
    use windows_sys::Win32::Networking::WinSock as winsock;

    use super::{CODES, STATUSES, code, error, status};
    use crate::errno;

    #[test]
    fn every_number_is_there_once_and_is_an_error() {
        for &(number, errno) in CODES {
            assert!(errno < 0 && code(number) == errno, "{number}");
        }
        for &(number, errno) in STATUSES {
            assert!(errno < 0 && status(number) == Some(errno), "{number:x}");
        }
    }

    #[test]
    fn strangers_are_errors_of_input_and_output() {
        assert_eq!(code(104), errno::INPUT_OUTPUT, "not ECONNRESET");
        assert_eq!(status(0xC000_FFFFu32.cast_signed()), Some(errno::INPUT_OUTPUT));
        assert_eq!(status(win32::STATUS_SUCCESS), None);
        assert_eq!(status(win32::STATUS_PENDING), None);
        assert_eq!(error(&ErrorKind::Other.into()), errno::INPUT_OUTPUT);
    }

    #[test]
    fn kinds_survive_the_translation() {
        let rows = [
            (winsock::WSAECONNRESET, ErrorKind::ConnectionReset),
            (winsock::WSAECONNREFUSED, ErrorKind::ConnectionRefused),
            (winsock::WSAECONNABORTED, ErrorKind::ConnectionAborted),
            (winsock::WSAENOTCONN, ErrorKind::NotConnected),
            (winsock::WSAEADDRINUSE, ErrorKind::AddrInUse),
            (winsock::WSAETIMEDOUT, ErrorKind::TimedOut),
            (winsock::WSAEHOSTUNREACH, ErrorKind::HostUnreachable),
        ];
        for (number, kind) in rows {
            let windows = Error::from_raw_os_error(number);
            assert_eq!(windows.kind(), kind, "what the standard library says");
            assert_eq!(errno::to_error(error(&windows)).kind(), kind, "what we say");
        }
    }
}
