//! Ending a port's wait from another thread.
//!
//! Owns the packet that any thread may post, and the note that one is under way: a storm of wakes
//! posts one. Knows no operation. Invariant: the note is taken back before the woken core looks
//! at anything else, so a wake that finds it set is not lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::port::Port;
use crate::wake::{WakeTarget, Waker};

/// What wakers share with the room. The port outlives the reactor with the last waker, so that a
/// late wake reaches nobody rather than a stranger.
#[derive(Debug)]
struct Shared {
    port: Port,
    posted: AtomicBool,
}

impl WakeTarget for Shared {
    fn wake(&self) {
        // Release: what was done before the wake is seen by whoever takes the note back.
        if self.posted.swap(true, Ordering::AcqRel) {
            return;
        }
        if self.port.post().is_err() {
            // The kernel's memory is exhausted. The next wake tries again.
            self.posted.store(false, Ordering::Release);
        }
    }
}

/// The room's end.
#[derive(Debug)]
pub(super) struct IocpWake {
    shared: Arc<Shared>,
}

impl IocpWake {
    pub(super) fn new(port: &Port) -> Self {
        Self { shared: Arc::new(Shared { port: port.share(), posted: AtomicBool::new(false) }) }
    }

    pub(super) fn waker(&self) -> Waker {
        Waker::new(self.shared.clone())
    }

    /// The packet has arrived.
    pub(super) fn arrived(&self) {
        // Acquire: pairs with the wakes that found the note set and posted nothing.
        self.shared.posted.swap(false, Ordering::AcqRel);
    }
}
