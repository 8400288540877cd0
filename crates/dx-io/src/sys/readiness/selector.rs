//! What a readiness interface must offer to become a reactor.
//!
//! Owns [`Selector`] and its words, [`Interest`] and [`Event`]. Knows no operation. Invariant:
//! selectors are level-triggered: what is still ready is reported again by the next wait.

use core::time::Duration;
use std::io;

use socket2::Socket;

use crate::config::{IoBackend, StartError};
use crate::wake::Waker;

/// One kernel's readiness interface: epoll(7), and what resembles it.
pub(crate) trait Selector: Sized {
    /// Which interface this is.
    const BACKEND: IoBackend;

    /// Opens one, with its waker registered.
    ///
    /// # Errors
    /// The step the system refused.
    fn new() -> Result<Self, StartError>;

    /// What is used of the kernel, for people.
    fn features(&self) -> String;

    /// Registers a socket that is not registered. `interest` is not empty.
    ///
    /// # Errors
    /// The system's: no memory, too many registrations.
    fn add(&mut self, socket: &Socket, key: u64, interest: Interest) -> io::Result<()>;

    /// Changes the interest in a registered socket. `interest` is not empty.
    ///
    /// # Errors
    /// As [`Self::add`].
    fn modify(&mut self, socket: &Socket, key: u64, interest: Interest) -> io::Result<()>;

    /// Forgets a registered socket, also its hang-ups.
    ///
    /// # Errors
    /// As [`Self::add`].
    fn delete(&mut self, socket: &Socket) -> io::Result<()>;

    /// Waits until something is ready, a wake arrived or `timeout` passed (`None`: for ever);
    /// never returns early for rounding. Replaces `events`; returns whether a wake arrived. Being
    /// interrupted gives no events.
    ///
    /// # Errors
    /// The system's, when the selector itself is unusable.
    fn wait(&mut self, timeout: Option<Duration>, events: &mut Vec<Event>) -> io::Result<bool>;

    /// A handle that ends the wait from any thread.
    fn waker(&self) -> Waker;
}

/// What a socket is watched for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Interest(u8);

impl Interest {
    /// Nothing: the socket is not registered.
    pub(crate) const NONE: Self = Self(0);
    const READ: u8 = 1;
    const WRITE: u8 = 2;

    /// One byte, so that an idle socket stays small.
    pub(crate) const fn new(read: bool, write: bool) -> Self {
        Self(if read { Self::READ } else { 0 } | if write { Self::WRITE } else { 0 })
    }

    /// Whether reading is watched for.
    pub(crate) const fn read(self) -> bool {
        self.0 & Self::READ != 0
    }

    /// Whether writing is watched for.
    pub(crate) const fn write(self) -> bool {
        self.0 & Self::WRITE != 0
    }
}

/// A registered socket is ready. Errors and hang-ups count as both: the call that follows says
/// what happened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    pub(crate) key: u64,
    pub(crate) readable: bool,
    pub(crate) writable: bool,
}
