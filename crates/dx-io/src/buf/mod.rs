//! Receive buffers of one core.
//!
//! Owns the memory, who holds which buffer, and the counted [`Lease`] on received bytes. May not
//! know kernels: a room moves buffers between itself and the pool. Invariant: a buffer is held by
//! exactly one of the kernel, the room (filled, not yet claimed), or its leases.

mod fixed;
mod lease;
mod pool;

pub use fixed::FixedBuf;
pub(crate) use fixed::{FixedBuffers, Ticket};
pub use lease::Lease;
pub use pool::BufferPool;
pub(crate) use pool::RoomBuffers;
