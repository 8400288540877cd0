//! A counter that is readable while it is not zero: what selectors are woken by.
//!
//! Owns [`EventFd`], an eventfd(2). Knows no selector. Invariant: a wake is never lost, and never
//! blocks.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use crate::wake::WakeTarget;

/// One eventfd(2).
#[derive(Debug)]
pub(super) struct EventFd {
    fd: OwnedFd,
}

impl EventFd {
    /// # Errors
    /// The system's: no descriptor, no memory.
    pub(super) fn new() -> io::Result<Self> {
        // SAFETY: no pointers are involved.
        let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        if fd == -1 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: eventfd(2) has just made the descriptor for us.
        Ok(Self { fd: unsafe { OwnedFd::from_raw_fd(fd) } })
    }

    pub(super) fn raw(&self) -> RawFd {
        self.fd.as_raw_fd()
    }

    /// Takes all wakes so far for one.
    pub(super) fn drain(&self) {
        let mut counter = [0u8; 8];
        // SAFETY: the descriptor is open as long as `self`, and eight bytes are what eventfd(2)
        // gives. There is nothing to do about a failure: the next wait reports it again.
        unsafe { libc::read(self.fd.as_raw_fd(), counter.as_mut_ptr().cast(), counter.len()) };
    }
}

impl WakeTarget for EventFd {
    fn wake(&self) {
        let one = 1u64.to_ne_bytes();
        // SAFETY: the descriptor is open as long as `self`, and eight bytes are what eventfd(2)
        // takes. A full counter (EAGAIN) means that a wake is pending already.
        unsafe { libc::write(self.fd.as_raw_fd(), one.as_ptr().cast(), one.len()) };
    }
}
