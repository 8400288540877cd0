//! Every bound of the two floors, in one place.
//!
//! Owns numbers only. Invariant: no buffer or table of a floor grows past a number named here.

/// Bytes of the one receive buffer that all connections of the epoll floor share.
pub const RECEIVE_BYTES: usize = 64 * 1024;

/// Bytes of an unfinished request head that are kept between reads; a longer one is refused.
pub const HEAD_BYTES_MAX: usize = 8 * 1024;

/// Header lines in one request; more are refused.
pub const HEADERS_MAX: usize = 32;

/// Connections at once. The io_uring file table may not exceed `RLIMIT_NOFILE`, hence not more.
pub const CONNECTIONS_MAX: usize = 16 * 1024;

/// Connections that may wait to be accepted (`listen(2)`; the kernel lowers it to `somaxconn`).
pub const BACKLOG: i32 = 4096;

/// Events taken from the kernel in one `epoll_wait`.
pub const EVENTS_PER_TURN: usize = 256;

/// Provided receive buffers of the io_uring floor: a power of two, as the kernel demands.
pub const RING_BUFFERS: u16 = 256;

/// Bytes of each provided receive buffer.
pub const RING_BUFFER_BYTES: usize = 16 * 1024;

/// Entries of the submission queue; a full one is submitted early.
pub const SUBMISSIONS: u32 = 1024;

/// Entries of the completion queue. Beyond it the kernel keeps completions in its own list.
pub const COMPLETIONS: u32 = 8192;

/// Unsent reply bytes of one io_uring connection. A peer that stays behind by more is dropped.
/// (The epoll floor stops reading instead, so it needs no such number.)
pub const UNSENT_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Reply capacity that an io_uring connection with nothing to send may keep for its next batch.
pub const KEPT_BYTES_MAX: usize = 256 * 1024;

const _: () = assert!(RING_BUFFERS.is_power_of_two());
const _: () = assert!(HEAD_BYTES_MAX < RECEIVE_BYTES, "a kept head must leave room to read");
