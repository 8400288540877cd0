//! Atomics, locks and thread-locals: std's, or loom's under `--cfg loom`.
//!
//! Owns the choice; knows nothing of who uses it. Invariant: code whose interleavings loom checks
//! names these types from here only, so that what is checked is what runs.

#[cfg(loom)]
pub(crate) use loom::sync::{
    Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering, fence},
};
#[cfg(not(loom))]
pub(crate) use std::sync::{
    Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering, fence},
};

/// One thread-local. With std it is const-initialised: reading it costs no state check, and with
/// a type that needs no destructor it is readable until the very end of its thread.
macro_rules! thread_local_const {
    ($(#[$meta:meta])* static $name:ident: $type:ty = $value:expr;) => {
        #[cfg(not(loom))]
        std::thread_local! { $(#[$meta])* static $name: $type = const { $value }; }
        #[cfg(loom)]
        loom::thread_local! { $(#[$meta])* static $name: $type = $value; }
    };
}
pub(crate) use thread_local_const;
