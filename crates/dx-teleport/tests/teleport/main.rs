//! The tests of this crate, as one program.
//!
//! Owns the list of its parts. May not know anything else. Its one invariant: types and oracle are
//! the same for all of them.

mod buffer;
mod evolution;
mod oracle;
mod properties;
mod types;
mod vector_types;
mod vectors;
