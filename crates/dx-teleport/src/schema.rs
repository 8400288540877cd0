//! What a type looks like on the wire, as data.
//!
//! Owns [`Schema`] and the two hashes made from it. May not know values or bytes. Its one
//! invariant: everything here is computed in const evaluation, from names, sizes and offsets only,
//! so server and client get the same numbers on every target.

use crate::hash::{SEED, mix, mix_text};

/// The wire form of one type.
#[derive(Debug, PartialEq, Eq)]
pub struct Schema {
    /// The type's name as it was declared, without path and generic arguments.
    pub name: &'static str,
    /// Bytes of the fixed part.
    pub size: u32,
    /// The deep hash: equal exactly when everything that can be reached looks the same.
    pub hash: u64,
    /// What it is made of.
    pub kind: Kind,
}

/// What a type is made of.
#[derive(Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number, little-endian.
    Number(Number),
    /// One byte, 0 or 1.
    Bool,
    /// A Unicode scalar value in four bytes.
    Char,
    /// Offset and length of a string in the table.
    Text,
    /// Offset and count of elements, which start at a multiple of the number.
    Slice(&'static Schema, u32),
    /// Offset and count of pairs of key and value, by ascending key.
    Map(&'static Schema, &'static Schema),
    /// One byte of presence, then the value or zeros.
    Option(&'static Schema),
    /// So many elements, in place.
    Array(&'static Schema, u32),
    /// Fields in order, without padding.
    Struct(Struct),
    /// One byte of tag, then the fields of that variant, then zeros.
    Enum(&'static [Variant]),
    /// An enum of which any tag is taken.
    Open(&'static [Variant]),
}

/// The kinds of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// Counts from zero.
    Unsigned,
    /// Two's complement.
    Signed,
    /// IEEE 754.
    Float,
}

/// The fields of a struct.
#[derive(Debug, PartialEq, Eq)]
pub struct Struct {
    /// The fields, in order of declaration.
    pub fields: &'static [Field],
    /// `chain[k]` is the shallow hash of the name and the first `k` fields.
    pub chain: &'static [u64],
    /// In memory exactly as on the wire; such a struct never grows.
    pub native: bool,
}

/// One field.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name; tuples count from 0.
    pub name: &'static str,
    /// Bytes before it.
    pub offset: u32,
    /// Its type.
    pub schema: &'static Schema,
}

/// One variant of an enum.
#[derive(Debug, PartialEq, Eq)]
pub struct Variant {
    /// Its name.
    pub name: &'static str,
    /// Its tag.
    pub tag: u8,
    /// Its fields; offsets count from behind the tag.
    pub fields: &'static [Field],
}

/// What two peers compare before they exchange values of a type.
///
/// ```
/// const LAYOUT: dx_teleport::TeleportLayout = dx_teleport::TeleportLayout::of::<u32>();
/// assert_eq!((LAYOUT.size, LAYOUT.align), (4, 1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TeleportLayout {
    /// Bytes of the fixed part.
    pub size: u32,
    /// Alignment of the fixed part: always 1, any receive buffer will do.
    pub align: u32,
    /// Fields of a struct, 0 for anything else.
    pub fields: u16,
    /// The deep hash, [`Schema::hash`].
    pub hash: u64,
    /// The shallow hashes of every prefix, [`Struct::chain`].
    pub chain: &'static [u64],
}

impl TeleportLayout {
    /// The layout of `T`.
    pub const fn of<T: crate::Teleportable>() -> Self {
        T::SCHEMA.layout()
    }
}

impl Schema {
    /// A type from its parts.
    pub const fn new(name: &'static str, size: usize, kind: Kind) -> Self {
        assert!(size > 0, "a type without bytes cannot be counted on the wire");
        assert!(size <= crate::limits::MESSAGE_BYTES_MAX, "a type larger than a message");
        let size = size as u32;
        let hash = mix_kind(mix(mix_text(SEED, name), size as u64), &kind, true);
        Self { name, size, hash, kind }
    }

    /// What a peer has to know.
    pub const fn layout(&self) -> TeleportLayout {
        let (fields, chain): (usize, &'static [u64]) = match &self.kind {
            Kind::Struct(it) => (it.fields.len(), it.chain),
            _ => (0, &[]),
        };
        TeleportLayout { size: self.size, align: 1, fields: fields as u16, hash: self.hash, chain }
    }

    /// The hash that a referring field uses: of a struct that may grow, its name alone.
    pub(crate) const fn shallow(&self) -> u64 {
        mix_kind(mix(mix_text(SEED, self.name), self.size as u64), &self.kind, false)
    }

    /// Whether fields may be appended to it where it is referred to by offset.
    pub(crate) const fn can_grow(&self) -> bool {
        matches!(&self.kind, Kind::Struct(it) if !it.native)
    }
}

/// The chain of a struct: `N` is the count of its fields and one.
pub const fn chain<const N: usize>(name: &str, fields: &[Field]) -> [u64; N] {
    assert!(fields.len() + 1 == N && N <= u16::MAX as usize);
    let mut chain = [mix_text(SEED, name); N];
    let mut at = 0;
    while at < fields.len() {
        chain[at + 1] = mix_field(chain[at], &fields[at], false);
        at += 1;
    }
    chain
}

const fn mix_field(hash: u64, field: &Field, deep: bool) -> u64 {
    let hash = mix(mix_text(hash, field.name), field.offset as u64);
    mix(hash, if deep { field.schema.hash } else { field.schema.shallow() })
}

const fn mix_fields(mut hash: u64, fields: &[Field], deep: bool) -> u64 {
    let mut at = 0;
    hash = mix(hash, fields.len() as u64);
    while at < fields.len() {
        hash = mix_field(hash, &fields[at], deep);
        at += 1;
    }
    hash
}

/// Behind an offset, a struct that may grow counts with its name; everything else with all of it.
const fn referred(element: &Schema, deep: bool) -> u64 {
    if deep {
        element.hash
    } else if element.can_grow() {
        mix_text(SEED, element.name)
    } else {
        element.shallow()
    }
}

const fn mix_kind(hash: u64, kind: &Kind, deep: bool) -> u64 {
    match kind {
        Kind::Number(number) => mix(mix(hash, 1), *number as u64),
        Kind::Bool => mix(hash, 2),
        Kind::Char => mix(hash, 3),
        Kind::Text => mix(hash, 4),
        Kind::Slice(element, align) => {
            mix(mix(mix(hash, 5), *align as u64), referred(element, deep))
        }
        Kind::Map(key, value) => {
            let key = if deep { key.hash } else { key.shallow() };
            mix(mix(mix(hash, 6), key), if deep { value.hash } else { value.shallow() })
        }
        Kind::Option(some) => mix(mix(hash, 7), if deep { some.hash } else { some.shallow() }),
        Kind::Array(element, count) => {
            let element = if deep { element.hash } else { element.shallow() };
            mix(mix(mix(hash, 8), *count as u64), element)
        }
        Kind::Struct(it) => mix_fields(mix(mix(hash, 9), it.native as u64), it.fields, deep),
        Kind::Enum(variants) => {
            let (mut hash, mut at) = (mix(mix(hash, 10), variants.len() as u64), 0);
            while at < variants.len() {
                let variant = &variants[at];
                hash = mix(mix_text(hash, variant.name), variant.tag as u64);
                hash = mix_fields(hash, variant.fields, deep);
                at += 1;
            }
            hash
        }
        Kind::Open(_) => mix(hash, 11),
    }
}
