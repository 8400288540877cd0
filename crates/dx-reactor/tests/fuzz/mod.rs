//! What the fuzz target of whole connections asks, shared by it and by the tests.
//!
//! Owns the list. Knows no fuzzer. Invariant: an input is judged by the same code wherever it
//! comes from.

pub mod connection;

mod answers;
mod expected;
mod recipe;
mod server;

#[path = "../../../dx-http/tests/fuzz/input.rs"]
mod input;
#[path = "../../../dx-http/tests/fuzz/oracle/mod.rs"]
mod oracle;
