//! Who watches a run.
//!
//! Owns [`Observer`]. Invariant: a run calls it at most a few times a second, so that watching
//! costs the measurement nothing.

use core::time::Duration;

/// What a run tells while it lasts. `()` watches nothing.
pub trait Observer {
    /// The window begins now.
    fn begins(&mut self) {}

    /// The window ends now; batches in flight are still waited for.
    fn ends(&mut self) {}

    /// Called about every [`TICK`](crate::limits::TICK).
    fn tick(&mut self, progress: &Progress) {
        let _ = progress;
    }
}

impl Observer for () {}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Since the first request, warm-up included.
    pub elapsed: Duration,
    /// Warm-up and window.
    pub planned: Duration,
    /// Requests answered in the window so far; none in the warm-up.
    pub requests: u64,
    /// Batches failed so far.
    pub failures: u64,
    /// Connections that are open.
    pub connections: usize,
}
