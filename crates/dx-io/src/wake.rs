//! Waking a reactor from elsewhere.
//!
//! Owns [`Waker`], a cheap handle to whatever the room chose. Knows no kernel: the room supplies
//! a [`WakeTarget`]. Invariant: a wake makes the current or the next wait return, and many wakes
//! may become one.

use std::sync::Arc;

/// What a room does to end its own wait, called from any thread.
pub trait WakeTarget: Send + Sync + core::fmt::Debug {
    /// Ends the current or the next wait. Must not block.
    fn wake(&self);

    /// A number by which a reactor of the same kind can be woken without a system call of its
    /// own, if there is one (a ring's descriptor for `IORING_OP_MSG_RING`).
    fn ring(&self) -> Option<i32> {
        None
    }
}

/// Wakes one reactor; clones wake the same one. Outlives its reactor harmlessly.
#[derive(Clone, Debug)]
pub struct Waker(Arc<dyn WakeTarget>);

impl Waker {
    /// Wraps what a room offers.
    #[must_use]
    pub fn new(target: Arc<dyn WakeTarget>) -> Self {
        Self(target)
    }

    /// Ends the reactor's current or next wait.
    pub fn wake(&self) {
        self.0.wake();
    }

    /// The number of [`WakeTarget::ring`], for a reactor of the same kind.
    #[must_use]
    pub fn ring(&self) -> Option<i32> {
        self.0.ring()
    }
}
