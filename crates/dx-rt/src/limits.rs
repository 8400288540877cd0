//! The bounds of this crate, by name.
//!
//! Owns the constants; knows nothing else. Bounds that a deployment chooses (`timers_max`,
//! `tasks_max`, a mailbox's capacity) are arguments; what stands here is fixed. Invariant: a bound
//! that code relies on for soundness is asserted where it is used.

/// Length of one tick of the timer wheel, in nanoseconds: timers fire at most this much late.
pub const TIMER_TICK_NANOS: u64 = 1_000_000;

/// Most tasks that one core's table can hold: a larger `tasks_max` is cut to this. The two numbers
/// above are marks in the ready queue.
pub const TASKS_MAX: u32 = u32::MAX - 2;

/// Bytes of one page from which [`PoolBox`](crate::task::PoolBox) blocks are carved.
pub const POOL_PAGE_BYTES: usize = 64 * 1024;

/// Smallest block of the pool, in bytes; blocks double from here. Also their alignment.
pub const POOL_BLOCK_BYTES_MIN: usize = 64;

/// Largest block of the pool, in bytes: larger values go to the global allocator.
pub const POOL_BLOCK_BYTES_MAX: usize = 4096;

/// Received pieces that a stream holds for a reader that is behind, before it stops receiving.
pub const RECV_CHUNKS_MAX: u16 = 4;

/// Buffers that a core keeps to send from again.
pub const BUFFERS_KEPT: usize = 64;

/// A buffer that grew beyond this is not kept.
pub const BUFFER_KEPT_BYTES: usize = 128 * 1024;

/// The rest of a short send is copied, up to so many bytes, if it is less than half of its buffer.
pub const SEND_REST_COPIED: usize = 64 * 1024;

/// A new buffer's capacity.
pub const BUFFER_BYTES: usize = 4 * 1024;

/// Accepts that stand ready for each listener of a core.
pub const ACCEPTS_POSTED: usize = 16;

/// Local tasks of one core.
pub const LOCAL_TASKS_MAX: u32 = 1 << 21;

/// Timers of one core: one a task, and as many `sleep`s.
pub const TIMERS_MAX: u32 = 2 * LOCAL_TASKS_MAX;

/// Polls of local tasks in one turn, so that I/O is looked at in between.
pub const POLLS_PER_TURN: usize = 512;

/// Stealable jobs run in one turn, for the same reason.
pub const JOBS_PER_TURN: usize = 32;

/// Stealable jobs that a busy core keeps before it wakes an idle sibling to help.
pub const JOBS_BACKLOG: usize = 1;

/// Closures that wait in one core's mailbox. Wakes are bounded by the tasks they wake.
pub const CALLS_MAX: usize = 4096;

/// From how many bytes on a stream sends without a copy, unless configured: never, because on the
/// loopback the kernel copies after all (when the bytes reach the receiver), and each send waits
/// for that. Processor time of the sending thread a MiB, medians of 5 rounds, Linux 6.18, by
/// `cargo run --release -p dx-rt --example send_file -- buffers 256`:
///
/// | bytes of a send | 16 Ki | 64 Ki | 256 Ki | 1 Mi | 4 Mi |
/// |---|---|---|---|---|---|
/// | copied, us | 406 | 178 | 141 | 154 | 166 |
/// | not copied, us | 1,131 | 391 | 232 | 215 | 209 |
///
/// A network card that sends from where the bytes lie changes this: measure there.
pub const ZERO_COPY_MIN: usize = usize::MAX;

/// How far ahead a [`Deadline`](crate::time::Deadline) can be: it counts 2^31 milliseconds.
pub const DEADLINE_AHEAD_MAX: core::time::Duration =
    core::time::Duration::from_millis((1 << 31) - 2);
