//! Ending a ring's wait from another thread.
//!
//! Owns the eventfd(2) that any thread may write to, and the read of it that stands in the ring.
//! Another ring sends a message instead (`IORING_OP_MSG_RING`, 5.18), which costs no call of its
//! own. Invariant: the read's eight bytes live until the kernel has completed the read.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::Arc;

use io_uring::{opcode, types::Fd};

use super::ring::Ring;
use crate::token::{OpKind, Token};
use crate::wake::{WakeTarget, Waker};

/// The read of the eventfd has completed.
pub(super) const FROM_DESCRIPTOR: Token = Token::new(OpKind::Woken, 0, 0);
/// Another ring has sent a message.
pub(super) const FROM_RING: Token = Token::new(OpKind::Woken, 0, 1);

/// What wakers share with the room. Both descriptors outlive the reactor with the last waker, so
/// that a late wake reaches nobody rather than a stranger.
#[derive(Debug)]
struct Shared {
    event: OwnedFd,
    ring: OwnedFd,
}

impl WakeTarget for Shared {
    fn wake(&self) {
        let one = 1u64.to_ne_bytes();
        // SAFETY: the descriptor is open as long as `self`, and eight bytes are what eventfd(2)
        // takes. A full counter (EAGAIN) means that a wake is pending already.
        unsafe { libc::write(self.event.as_raw_fd(), one.as_ptr().cast(), one.len()) };
    }

    fn ring(&self) -> Option<i32> {
        Some(self.ring.as_raw_fd())
    }
}

/// The room's end.
#[derive(Debug)]
pub(super) struct UringWake {
    shared: Arc<Shared>,
    /// INVARIANT: while `armed`, the kernel may write here.
    counter: Box<[u8; 8]>,
    armed: bool,
    stopped: bool,
}

impl UringWake {
    pub(super) fn new(ring: &Ring) -> io::Result<Self> {
        // SAFETY: no pointers are involved.
        let event = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC) };
        if event < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: eventfd(2) has just made it for us.
        let event = unsafe { OwnedFd::from_raw_fd(event) };
        let ring = ring.as_fd().try_clone_to_owned()?;
        let shared = Arc::new(Shared { event, ring });
        Ok(Self { shared, counter: Box::new([0; 8]), armed: false, stopped: false })
    }

    pub(super) fn waker(&self) -> Waker {
        Waker::new(self.shared.clone())
    }

    /// Queues the read that a wake completes.
    pub(super) fn arm(&mut self, ring: &mut Ring) {
        self.armed = true;
        let fd = Fd(self.shared.event.as_raw_fd());
        let entry = opcode::Read::new(fd, self.counter.as_mut_ptr(), 8)
            .build()
            .user_data(FROM_DESCRIPTOR.to_bits());
        // SAFETY: `counter` is boxed, and `UringReactor::drop` waits for the read, or leaks it.
        unsafe { ring.push(entry) };
    }

    /// The read has completed, by a wake or by a cancel.
    pub(super) fn completed(&mut self, result: i32, ring: &mut Ring) {
        self.armed = false;
        let retry = result > 0 || [libc::EINTR, libc::EAGAIN, libc::ENOMEM].contains(&-result);
        if retry && !self.stopped {
            self.arm(ring);
        }
    }

    /// From now on a wake does not arm the next.
    pub(super) const fn stop(&mut self) {
        self.stopped = true;
    }

    pub(super) const fn is_armed(&self) -> bool {
        self.armed
    }

    /// Gives the counter to the kernel for good.
    pub(super) fn leak(&mut self) {
        core::mem::forget(core::mem::replace(&mut self.counter, Box::new([0; 8])));
    }
}
