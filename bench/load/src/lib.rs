//! What the bench adds to `dx-load`: a server's CPU time and memory, and idle connections.
//!
//! Owns another process's accounting (`process`), a run with that accounting (`accounted`), and
//! one process's share of idle connections (`holder`). The generator is `dx-load`; it may not
//! know any server's insides. Invariant: CPU time and requests are counted over the same window.

#![deny(unsafe_code)]

pub mod accounted;
#[allow(unsafe_code)] // a socket option that no crate names
pub mod holder;
pub mod limits;
pub mod process;
