//! Another reading of RFC 9112, to hold the crate's against.
//!
//! Owns judges of whole buffers, written from the grammars and from nothing else. May not know
//! how the crate does it, and is in no hurry. Invariant: nothing here is shared with the crate but
//! the numbers in [`dx_http::Limits`].

pub mod chars;
pub mod chunked;
pub mod head;
pub mod uri;
