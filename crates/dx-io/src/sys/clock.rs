//! Time and chance as the host gives them.
//!
//! Owns [`HostClock`], which every room shares. Invariant: nothing else in the workspace asks the
//! host for time or randomness.

use core::hash::{BuildHasher, Hasher};
use core::time::Duration;
use std::collections::hash_map::RandomState;
use std::time::SystemTime;

use crate::time::Instant;

/// The host's clocks, read relative to when the reactor was made, and a source of chance.
#[derive(Debug)]
pub(crate) struct HostClock {
    origin: std::time::Instant,
    keys: RandomState,
    drawn: u64,
}

impl HostClock {
    pub(crate) fn new() -> Self {
        Self { origin: std::time::Instant::now(), keys: RandomState::new(), drawn: 0 }
    }

    pub(crate) fn now(&self) -> Instant {
        Instant::ZERO + self.origin.elapsed()
    }

    pub(crate) fn wall(&self) -> Duration {
        // A clock before 1970 is a host that has not set it; zero is as good as any answer.
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
    }

    /// SipHash of a counter under keys from the system's entropy source: not predictable without
    /// the keys, and no system call each.
    pub(crate) fn entropy(&mut self) -> u64 {
        self.drawn += 1;
        let mut hasher = self.keys.build_hasher();
        hasher.write_u64(self.drawn);
        hasher.finish()
    }
}
