//! Enums that may grow.
//!
//! Owns [`Open`], and [`Enum`], which the derive implements for enums without data. May not know
//! variants. Its one invariant: a tag of an `Open` may be any byte, so none makes it fail.

use core::fmt;
use core::marker::PhantomData;

use crate::check::Checker;
use crate::coded::{Coded, Sealed};
use crate::encode::{Encoder, Measure};
use crate::error::ReadError;
use crate::message::Message;
use crate::raw::Teleportable;
use crate::schema::{Kind, Schema, Variant};
use crate::wire::TagWire;

/// An enum without data; the derive implements it.
pub trait Enum: Teleportable + Copy {
    /// Its variants.
    const VARIANTS: &'static [Variant];

    /// The tag of the variant.
    fn tag(self) -> u8;

    /// The variant of the tag.
    fn of_tag(tag: u8) -> Option<Self>;
}

/// A field of an enum to which a newer peer may have added variants.
///
/// ```
/// use dx_teleport::{Open, Teleport};
///
/// #[derive(Teleport, Clone, Copy, Debug, PartialEq)]
/// #[repr(u8)]
/// enum Level {
///     Info = 1,
///     Warning = 2,
/// }
///
/// assert_eq!(Open::from(Level::Warning).known(), Some(Level::Warning));
/// assert_eq!(Open::<Level>::of_tag(9).known(), None);
/// ```
pub struct Open<E> {
    tag: u8,
    variants: PhantomData<E>,
}

impl<E: Enum> Open<E> {
    /// Any tag.
    pub fn of_tag(tag: u8) -> Self {
        Self { tag, variants: PhantomData }
    }

    /// The variant, if we know one with this tag.
    pub fn known(self) -> Option<E> {
        E::of_tag(self.tag)
    }
}

impl<E> Open<E> {
    /// The tag.
    pub fn tag(self) -> u8 {
        self.tag
    }
}

impl<E: Enum> From<E> for Open<E> {
    fn from(variant: E) -> Self {
        Self::of_tag(variant.tag())
    }
}

impl<E> Copy for Open<E> {}

impl<E> Clone for Open<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> PartialEq for Open<E> {
    fn eq(&self, other: &Self) -> bool {
        self.tag == other.tag
    }
}

impl<E> Eq for Open<E> {}

impl<E> fmt::Debug for Open<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Open").field(&self.tag).finish()
    }
}

impl<E: Enum> Sealed for Open<E> {}

impl<E: Enum> Coded for Open<E> {
    type Wire = TagWire;
    type Read<'a> = Self;
    const SCHEMA: &'static Schema =
        &Schema::new(E::SCHEMA.name, size_of::<TagWire>(), Kind::Open(E::VARIANTS));
    const PLAIN: bool = true;
    const ANY: bool = true;

    #[inline]
    fn measure(&self, _: &mut Measure) {}

    #[inline]
    fn encode(&self, out: &mut TagWire, _: &mut Encoder<'_>) {
        *out = TagWire(self.tag);
    }

    #[inline]
    fn check(_: &TagWire, _: &mut Checker<'_>) -> Result<(), ReadError> {
        Ok(())
    }

    #[inline]
    fn read<'a>(wire: &'a TagWire, _: Message<'a>) -> Self {
        Self::of_tag(wire.0)
    }

    #[inline]
    fn own(read: Self) -> Self {
        read
    }
}
