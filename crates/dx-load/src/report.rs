//! The result of one run.
//!
//! Owns the names of its fields, which other programs read. Invariant: everything in it was
//! counted; nothing is extrapolated.

use serde::{Deserialize, Serialize};

use crate::tally::Failures;

/// What was counted in the measured window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Report {
    /// The generator's kernel interface.
    pub backend: String,
    /// Connections at the start.
    pub connections: usize,
    /// Connections that were still open at the end.
    pub connections_left: usize,
    /// Requests in one batch.
    pub batch: usize,
    /// Open loop: requests a second that were due. Closed loop: none.
    pub rate_due: Option<f64>,
    /// Length of the window.
    pub seconds: f64,
    /// Requests answered within the window.
    pub requests: u64,
    /// The same, a second.
    pub rate: f64,
    /// Batches whose latency was counted.
    pub batches: u64,
    /// Mean latency of a batch in microseconds: in a closed loop from its first byte handed to
    /// the kernel, in an open loop from the time it was due, to the last byte of its answers.
    pub mean_us: f64,
    /// Its median.
    pub p50_us: f64,
    /// What 90 % of the batches do not exceed.
    pub p90_us: f64,
    /// What 99 % do not exceed.
    pub p99_us: f64,
    /// What 99.9 % do not exceed.
    pub p999_us: f64,
    /// The longest.
    pub max_us: f64,
    /// Batches that failed, by kind, warm-up included.
    pub failures: Failures,
    /// Answers that were compared in full, warm-up included.
    pub checked: u64,
    /// Bytes of one answer.
    pub answer_bytes: usize,
}
