//! The load tools' parts: a closed loop of fixed-length batches, and holders of idle connections.
//!
//! Owns what `load` and `idle` are made of: the request (`request`), the shape of its response
//! (`response`), latencies (`histogram`), another process's CPU time and memory (`process`), the
//! loop (`closed_loop`), its result (`report`), and one process's share of idle connections
//! (`holder`). It may not know any server's insides. Invariant: nothing is counted as answered
//! whose length was not exactly the expected one.

#![deny(unsafe_code)]

pub mod closed_loop;
pub mod histogram;
#[allow(unsafe_code)] // a socket option that no crate names
pub mod holder;
pub mod limits;
pub mod process;
pub mod report;
pub mod request;
pub mod response;
