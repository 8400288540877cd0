//! What the command `bench` is made of.
//!
//! Owns the two measurements: `compare` (servers in turns under the same load) and `instructions`
//! (what a request of ours costs, counted by callgrind). The servers are in `servers`, the
//! building in `build`, child processes in `child`. Knows no server's insides. Invariant: what is
//! printed or written was measured in this very run.

#![deny(unsafe_code)]

mod bars;
mod build;
#[allow(unsafe_code)] // children die with the driver: prctl between fork and exec
mod child;
mod closed;
pub mod compare;
mod document;
pub mod instructions;
mod machine;
mod markdown;
mod open;
mod options;
mod progress;
mod results;
mod servers;
mod stats;
