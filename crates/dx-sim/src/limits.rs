//! Every bound of the simulation, in one place.
//!
//! Owns the constants; knows nothing else. Invariant: a bound of a real system has a counterpart
//! here, so that what waits for room there waits here.

use core::time::Duration;

/// Bytes that one direction of a connection holds between its ends: two socket buffers.
pub const PIPE_BYTES: usize = 192 * 1024;
/// Connections in a listener's queue.
pub const BACKLOG: usize = 128;
/// How long a connection attempt waits before it knocks again at a full queue.
pub const KNOCK_AGAIN: Duration = Duration::from_millis(200);
/// Pieces that one segment of a stream is cut into, at most.
pub const PIECES_MAX: u64 = 6;
/// The last events that a failure shows, unless `DX_SIM_TRACE` asks for more.
pub const TRACE_KEPT: usize = 64;
/// Longest jump of the monotonic clock.
pub const JUMP_MAX: Duration = Duration::from_secs(20);
/// Longest jump of the wall clock, either way.
pub const WALL_JUMP_MAX: Duration = Duration::from_secs(4000);
/// Processor time that one turn takes, at most.
pub const TURN_MAX: Duration = Duration::from_micros(20);
/// Processor time that one wait counts for in [`World::processor_time`](crate::World).
pub const WAIT_COST: Duration = Duration::from_millis(1);
