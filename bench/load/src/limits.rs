//! Every bound of the load tools beyond those of `dx-load`.
//!
//! Owns numbers only. Invariant: no table or wait of the tools exceeds a number here.

use std::time::Duration;

/// How long the first answer on a held connection is waited for.
pub const ANSWER: Duration = Duration::from_secs(10);

/// Idle connections of one holder process: below its descriptors (usually 20,000) and below the
/// 28,000 ports that one source address has by default.
pub const HELD_PER_PROCESS: usize = 15_000;

/// One held connection in this many is asked for a second answer.
pub const SAMPLE_EVERY: usize = 100;

/// How long a sampled connection is waited for. Short, because hundreds may be dead.
pub const SAMPLE_ANSWER: Duration = Duration::from_secs(1);
