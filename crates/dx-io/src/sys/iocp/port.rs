//! The completion port.
//!
//! Owns the port's handle and the array that packets come out into. Knows packets, not what they
//! are about. Invariant: at most [`COMPLETION_PACKETS`] come out by one call, so a flood of
//! packets cannot keep a turn from ending.

use core::mem::MaybeUninit;
use core::ptr;
use core::time::Duration;
use std::io;
use std::os::windows::io::{AsRawHandle, AsRawSocket, FromRawHandle, OwnedHandle};
use std::sync::Arc;

use socket2::Socket;
use windows_sys::Win32::Foundation::{HANDLE, INVALID_HANDLE_VALUE, WAIT_TIMEOUT};
use windows_sys::Win32::System::IO::{
    CancelIoEx, CreateIoCompletionPort, GetQueuedCompletionStatusEx, OVERLAPPED, OVERLAPPED_ENTRY,
    PostQueuedCompletionStatus,
};
use windows_sys::Win32::System::Threading::INFINITE;

use crate::limits::COMPLETION_PACKETS;

/// Key of what another thread posts.
const WAKE_KEY: usize = 0;
/// Key of every socket: which operation it was, its OVERLAPPED says.
const SOCKET_KEY: usize = 1;

/// One packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packet {
    /// [`Port::post`] was called.
    Wake,
    /// An operation has ended.
    Ended { overlapped: *mut OVERLAPPED, bytes: u32 },
}

/// A port for one thread that waits and any number that post.
#[derive(Debug)]
pub(super) struct Port {
    handle: Arc<OwnedHandle>,
}

impl Port {
    pub(super) fn new() -> io::Result<Self> {
        // One thread waits: the port need not hold back others.
        // SAFETY: no pointers are involved.
        let handle = unsafe { CreateIoCompletionPort(INVALID_HANDLE_VALUE, ptr::null_mut(), 0, 1) };
        if handle.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the call has just made the handle for us.
        Ok(Self { handle: Arc::new(unsafe { OwnedHandle::from_raw_handle(handle) }) })
    }

    /// Another name of the same port, for threads that post.
    pub(super) fn share(&self) -> Self {
        Self { handle: self.handle.clone() }
    }

    /// From now on the ends of `socket`'s operations come out here, for life.
    pub(super) fn associate(&self, socket: &Socket) -> io::Result<()> {
        let handle = handle_of(socket);
        // SAFETY: both handles are open; no pointers are involved.
        let port = unsafe { CreateIoCompletionPort(handle, self.raw(), SOCKET_KEY, 0) };
        if port.is_null() { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    /// Makes the current or the next [`Self::take`] return.
    pub(super) fn post(&self) -> io::Result<()> {
        // SAFETY: the handle is open; a packet may carry no OVERLAPPED.
        let done = unsafe { PostQueuedCompletionStatus(self.raw(), 0, WAKE_KEY, ptr::null()) };
        if done == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    /// Waits for the first packet, at most as long as `timeout` (rounded up to milliseconds), and
    /// appends what there is to `out`.
    pub(super) fn take(&self, timeout: Option<Duration>, out: &mut Vec<Packet>) -> io::Result<()> {
        let mut entries = [const { MaybeUninit::<OVERLAPPED_ENTRY>::uninit() }; COMPLETION_PACKETS];
        let mut count = 0;
        // SAFETY: the array has as many entries as the call is told, and both pointers are to
        // locals. The wait is not alertable, so no code runs inside it.
        let done = unsafe {
            GetQueuedCompletionStatusEx(
                self.raw(),
                entries.as_mut_ptr().cast(),
                entries.len() as u32,
                &mut count,
                millis(timeout),
                0,
            )
        };
        if done == 0 {
            let error = io::Error::last_os_error();
            let timed_out = error.raw_os_error() == Some(WAIT_TIMEOUT.cast_signed());
            return if timed_out { Ok(()) } else { Err(error) };
        }
        for entry in entries.iter().take(count as usize) {
            // SAFETY: the call has written as many entries as it says.
            let entry = unsafe { entry.assume_init_ref() };
            out.push(match entry.lpCompletionKey {
                WAKE_KEY => Packet::Wake,
                _ => Packet::Ended {
                    overlapped: entry.lpOverlapped,
                    bytes: entry.dwNumberOfBytesTransferred,
                },
            });
        }
        Ok(())
    }

    fn raw(&self) -> HANDLE {
        self.handle.as_raw_handle()
    }
}

/// Asks the kernel to end one operation of `socket`, or all of them (null). Whether there was one
/// to end.
///
/// # Safety
/// - `overlapped` is null or was lent to the kernel for an operation of this process.
pub(super) unsafe fn cancel(socket: &Socket, overlapped: *mut OVERLAPPED) -> bool {
    // SAFETY: handed on from our caller; the socket is open.
    unsafe { CancelIoEx(handle_of(socket), overlapped) != 0 }
}

fn handle_of(socket: &Socket) -> HANDLE {
    // A socket without layered providers is a handle of the kernel (Winsock, "Socket Handles").
    socket.as_raw_socket() as usize as HANDLE
}

fn millis(timeout: Option<Duration>) -> u32 {
    let Some(timeout) = timeout else { return INFINITE };
    let millis = timeout.as_nanos().div_ceil(1_000_000);
    // The largest number is INFINITE: a longer wait is waited out in parts.
    u32::try_from(millis).unwrap_or(u32::MAX).min(INFINITE - 1)
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::{COMPLETION_PACKETS, Packet, Port, millis};

    #[test]
    fn packets_come_out_in_bounded_batches() {
        let port = Port::new().expect("a port");
        (0..=COMPLETION_PACKETS).for_each(|_| port.share().post().expect("a packet"));
        let mut out = Vec::new();
        port.take(None, &mut out).expect("packets");
        assert_eq!(out, [Packet::Wake; COMPLETION_PACKETS]);
        port.take(None, &mut out).expect("the last one");
        port.take(Some(Duration::ZERO), &mut out).expect("none");
        assert_eq!(out.len(), COMPLETION_PACKETS + 1);
    }

    #[test]
    fn waits_are_never_shorter_than_they_are_asked_to_be() {
        let rows = [
            (Some(Duration::ZERO), 0),
            (Some(Duration::from_nanos(1)), 1),
            (Some(Duration::from_micros(1001)), 2),
            (Some(Duration::MAX), u32::MAX - 1),
            (None, u32::MAX),
        ];
        for (timeout, expected) in rows {
            assert_eq!(millis(timeout), expected, "{timeout:?}");
        }
    }
}
