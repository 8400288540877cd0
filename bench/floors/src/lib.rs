//! The floors: the least an HTTP server can do on each backend, to measure real servers against.
//!
//! Owns two complete loops (`epoll`, `uring`) and what they share: the command line (`options`),
//! the tokenise-compare-append step (`serve`), the canned replies (`reply`) and the bounds
//! (`limits`). It may not know the engine: a floor that shares code with what it judges would
//! rise and sink with it. Invariant: both loops give the same bytes for the same input.
//!
//! A floor understands exactly what the comparison needs: request heads, pipelined and split
//! anywhere. A request's body is read as the next request.

#![deny(unsafe_code)]

pub mod epoll;
pub mod limits;
pub mod options;
pub mod reply;
pub mod serve;
#[allow(unsafe_code)] // the ring and its buffers
pub mod uring;
