//! What the fuzz targets of HTTP ask, shared by them and by the tests.
//!
//! Owns the list. Knows no fuzzer: `fuzz/` gives each the inputs it has made up, `corpora.rs`
//! those that were kept. Invariant: an input is judged by the same code in both.

pub mod chunked;
pub mod differential;
pub mod head;
pub mod input;
pub mod kept;
pub mod oracle;

#[path = "../common/body.rs"]
mod body_runs;
#[path = "../common/head.rs"]
mod head_runs;
