//! Local tasks: futures of one core.
//!
//! Owns where futures live ([`PoolBox`]), the table of them ([`Tasks`], [`TaskRef`]) and how they
//! are woken ([`RemoteQueue`]). May not know sockets, timers or the turn that calls it. Invariant:
//! a wake is never lost: after it, the task is polled once more or is gone.
//!
//! All `unsafe` of this crate is below here: `pool_box.rs` (memory and pinning) and `wake.rs`
//! (wakers by pointer). `slab.rs` (the table) and `run.rs` (polling) are safe code.

mod pool_box;
mod run;
mod slab;
mod wake;

pub use pool_box::PoolBox;
pub use run::{Ran, Tasks};
pub use slab::{TaskFuture, TaskRef};
pub use wake::RemoteQueue;
