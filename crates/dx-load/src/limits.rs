//! Every bound of this crate, in one place.
//!
//! Owns numbers only. Invariant: no buffer, table or wait exceeds a number here, or one that the
//! plan names and that is checked against a number here.

use core::time::Duration;

/// Connections of one run.
pub const CONNECTIONS_MAX: usize = 16_000;

/// Descriptors that a process may need beside its connections.
pub const DESCRIPTORS_RESERVED: u64 = 64;

/// Requests in one batch.
pub const BATCH_MAX: usize = 4096;

/// Bytes of one request.
pub const REQUEST_BYTES_MAX: usize = 64 * 1024;

/// Bytes of one answer, head and body; a longer one cannot be measured.
pub const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// Bytes of one batch of requests, and of one batch of answers.
pub const BATCH_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Header lines of one answer.
pub const HEADERS_MAX: usize = 64;

/// Requests a second of an open loop: one batch a nanosecond is the end of the clock.
pub const RATE_MAX: f64 = 1e9;

/// Warm-up and window together.
pub const RUN_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// One batch in this many is compared in full; of all others the lengths and first bytes are.
pub const CHECK_EVERY: u64 = 1000;

/// How long opening all connections may take.
pub const CONNECT: Duration = Duration::from_secs(10);

/// How long one answer may take, the first as well as any later one. A batch that has not come
/// back by then has failed, and its connection is closed.
pub const ANSWER: Duration = Duration::from_secs(10);

/// How long batches in flight may take to come back after the window, at most; a shorter timeout
/// of the plan holds here too.
pub const DRAIN: Duration = Duration::from_secs(5);

/// How often deadlines are looked at: a batch fails at most this much late.
pub const SWEEP: Duration = Duration::from_millis(100);

/// How often an observer hears how far a run is.
pub const TICK: Duration = Duration::from_millis(500);

/// Bytes of each receive buffer: the answers of one batch of 256 hellos come in one piece.
pub const RECV_BUFFER_BYTES: u16 = 60 * 1024;

/// Receive buffers, at least: one for every connection, so that none waits for another's.
pub const RECV_BUFFERS_MIN: usize = 64;

/// Receive buffers, at most: beyond it a receive waits until one is free.
pub const RECV_BUFFERS_MAX: usize = 1024;

/// Significant digits of a latency: a quantile is at most 0.1 % off.
pub const LATENCY_DIGITS: u8 = 3;

/// The longest latency that is told apart from longer ones.
pub const LATENCY_MAX: Duration = Duration::from_secs(600);
