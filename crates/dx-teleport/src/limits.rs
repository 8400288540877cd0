//! Every bound of this crate.
//!
//! Owns the numbers. May not know how they are kept. Its one invariant: what a writer accepts, a
//! reader accepts, so both use the same numbers.

/// Bytes of one message. Offsets are 32 bits wide; a quarter of that range leaves room for every
/// sum of two of them, and is what a wasm32 client can hold beside its own memory.
pub const MESSAGE_BYTES_MAX: usize = 1 << 30;

/// A message is padded with zero bytes to a multiple of this, so that the next one of a batch
/// starts aligned.
pub const MESSAGE_ALIGN: usize = 8;

/// How many times its own length a message may be followed lazily: what bounds the work when many
/// offsets name the same bytes.
pub const LAZY_BUDGET: usize = 4;

/// Types that one layout may reach, each counted as often as it is reached, when layouts of two
/// peers are compared.
pub const LAYOUTS_MAX: usize = 4096;
