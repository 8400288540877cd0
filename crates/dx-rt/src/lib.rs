//! One core's life.
//!
//! Owns what a core does between two waits: its tasks, its timer wheel, its sockets, its mailbox,
//! and the threads that cores run on. May not know protocols or operating systems: the kernel is
//! behind `dx-io`. Invariant: every queue and table
//! here has a bound, and reaching it is a typed outcome ([`Full`]), never growth.

#![deny(unsafe_code)]

mod bounded;
#[cfg(not(loom))]
mod core;
#[cfg(not(loom))]
mod cores;
#[cfg(not(loom))]
mod current;
#[cfg(not(loom))]
pub mod fs;
#[cfg(not(loom))]
mod join;
pub mod limits;
pub mod mailbox;
#[cfg(not(loom))]
pub mod net;
#[cfg(not(loom))]
mod peers;
#[cfg(not(loom))]
mod single;
#[cfg(not(loom))]
mod spawn;
#[cfg(not(loom))]
mod state;
mod sync;
#[allow(unsafe_code)] // the one room for it: futures are pinned, erased and woken by pointer
pub mod task;
#[cfg(not(loom))]
pub mod time;
pub mod wheel;

#[cfg(not(loom))]
pub use self::core::{Asleep, Core, CoreConfig, Held, Turned, Wait};
pub use bounded::Full;
#[cfg(not(loom))]
pub use cores::{
    CoreContext, CoreReport, Cores, CoresConfig, PhaseHandle, RunError, phase, reached,
};
#[cfg(not(loom))]
pub use join::{JoinHandle, JoinLost};
#[cfg(not(loom))]
pub use peers::{CoreStats, Phase};
#[cfg(not(loom))]
pub use spawn::{
    completions, current_task, spawn, spawn_blocking, spawn_pooled, spawn_stealable, wake_all,
};
