//! Messages as people use them: written from a value, checked once, read in place.
//!
//! Owns [`Writer`] and [`View`]. May not know types. Its one invariant: a `View` exists only of
//! bytes that were checked from the first to the last.

use core::fmt;
use core::ops::Deref;

use alloc::vec::Vec;

use crate::check::check;
use crate::encode::{append, overwrite};
use crate::error::{ReadError, WriteError};
use crate::raw::Teleportable;

/// Turns values into messages, in memory that it keeps.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    space: Vec<u8>,
}

impl Writer {
    /// A writer that has allocated nothing.
    pub const fn new() -> Self {
        Self { space: Vec::new() }
    }

    /// The message of `value`. The same value gives the same bytes.
    pub fn write<T: Teleportable>(&mut self, value: &T) -> Result<&[u8], WriteError> {
        let len = overwrite(value, &mut self.space)?;
        Ok(&self.space[..len])
    }
}

/// The message of `value`, in memory of its own.
pub fn to_bytes<T: Teleportable>(value: &T) -> Result<Vec<u8>, WriteError> {
    let mut bytes = Vec::new();
    append(value, &mut bytes)?;
    Ok(bytes)
}

/// Appends the message of `value` to `out`, which stays as it was if that fails.
pub fn append_to<T: Teleportable>(value: &T, out: &mut Vec<u8>) -> Result<(), WriteError> {
    append(value, out)
}

/// Proof that bytes are a `T`, and the `T` as it stands in them.
///
/// It dereferences to what the type hands out: for a derived struct a view with one method per
/// field, none of which allocates, fails or looks at more than it returns.
///
/// ```
/// use dx_teleport::{Teleport, View, to_bytes};
///
/// #[derive(Teleport)]
/// struct Player {
///     id: u64,
///     name: String,
///     scores: Vec<u32>,
/// }
///
/// let player = Player { id: 7, name: "Ada".into(), scores: vec![3, 5] };
/// let bytes = to_bytes(&player).unwrap();
///
/// let view = View::<Player>::check(&bytes).unwrap();
/// assert_eq!((view.id(), view.name()), (7, "Ada"));
/// assert_eq!(view.scores().iter().sum::<u32>(), 8);
/// assert!(View::<Player>::check(&bytes[8..]).is_err());
/// ```
pub struct View<'a, T: Teleportable> {
    read: T::Read<'a>,
}

impl<'a, T: Teleportable> View<'a, T> {
    /// Checks all of `bytes`, at any address.
    ///
    /// # Errors
    ///
    /// What is wrong with the first wrong byte that was met.
    pub fn check(bytes: &'a [u8]) -> Result<Self, ReadError> {
        let (root, message) = check::<T>(bytes)?;
        Ok(Self { read: T::read(root, message) })
    }

    /// What the type hands out, with the lifetime of the bytes.
    #[inline]
    pub fn read(&self) -> T::Read<'a> {
        self.read
    }

    /// A value of its own.
    pub fn to_value(&self) -> T {
        T::own(self.read)
    }
}

impl<T: Teleportable> Copy for View<'_, T> {}

impl<T: Teleportable> Clone for View<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<'a, T: Teleportable> Deref for View<'a, T> {
    type Target = T::Read<'a>;

    #[inline]
    fn deref(&self) -> &T::Read<'a> {
        &self.read
    }
}

impl<T: Teleportable> fmt::Debug for View<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("View").field(&self.read).finish()
    }
}
