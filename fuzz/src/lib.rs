//! What the targets ask. Their bodies stand with the tests of the crates, which ask the same of
//! every kept input.

/// Of `dx-http`.
#[path = "../../crates/dx-http/tests/fuzz/mod.rs"]
pub mod http;

/// Of `dx-reactor`.
#[path = "../../crates/dx-reactor/tests/fuzz/mod.rs"]
pub mod reactor;

/// Of `dx-teleport`: the types of the vectors.
#[path = "../../crates/dx-teleport/tests/teleport/vector_types.rs"]
pub mod vector_types;
