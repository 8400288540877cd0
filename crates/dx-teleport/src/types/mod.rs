//! The types of the language and of its library, one file per kind.
//!
//! Owns nothing itself. May not know the derive. Its one invariant: encode, check and read of one
//! type stand in one file, facing each other.

mod array;
mod enums;
mod map;
mod number;
mod option;
mod single;
mod slice;
mod text;

pub use enums::{Enum, Open};
pub use map::{MapKey, Pairs};
pub use number::encode_native;
pub use slice::{Items, ItemsIter};
