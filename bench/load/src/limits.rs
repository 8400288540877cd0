//! Every bound of the load tools, in one place.
//!
//! Owns numbers only. Invariant: no buffer, table or wait of the tools exceeds a number here.

use std::time::Duration;

/// Connections of one closed loop.
pub const CONNECTIONS_MAX: usize = 16_000;

/// Requests in one batch.
pub const BATCH_MAX: usize = 4096;

/// Bytes of the one receive buffer.
pub const RECEIVE_BYTES: usize = 128 * 1024;

/// Bytes of one response, head and body; a longer one cannot be measured.
pub const RESPONSE_BYTES_MAX: usize = 64 * 1024;

/// Header lines of one response.
pub const HEADERS_MAX: usize = 64;

/// One batch in this many is checked byte for byte.
pub const CHECK_EVERY: u64 = 1000;

/// How long batches in flight may take to come back after the end of the measured window. One
/// that has not by then is an error: its response was shorter than the first one.
pub const DRAIN: Duration = Duration::from_secs(5);

/// How long a single response is waited for before anything is measured.
pub const ANSWER: Duration = Duration::from_secs(10);

/// Idle connections of one holder process: below its descriptors (usually 20,000) and below the
/// 28,000 ports that one source address has by default.
pub const HELD_PER_PROCESS: usize = 15_000;

/// One held connection in this many is asked for a second answer.
pub const SAMPLE_EVERY: usize = 100;

/// How long a sampled connection is waited for. Short, because hundreds may be dead.
pub const SAMPLE_ANSWER: Duration = Duration::from_secs(1);

/// Events taken from the kernel in one `epoll_wait`.
pub const EVENTS_PER_TURN: usize = 256;
