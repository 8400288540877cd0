//! From values to bytes.
//!
//! Owns the payloads that the protocol itself writes, one file each, facing the file of the same
//! name in [`decode`](crate::decode). May not know sessions. Its one invariant: what is written
//! decodes to what was given, or is refused before a byte of it is kept.

pub mod error;
pub mod ext;
pub mod fields;
pub mod frame;
pub mod goaway;
pub mod hello;
pub mod rpc;
pub mod welcome;
