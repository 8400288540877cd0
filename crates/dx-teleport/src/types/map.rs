//! Maps: pairs by ascending key.
//!
//! Owns how a `BTreeMap` refers to its pairs, and [`Pairs`], which searches them in place. May not
//! know keys or values. Its one invariant: keys ascend strictly, so a map has one form.

use core::cmp::Ordering;
use core::fmt;

use alloc::collections::BTreeMap;

use crate::check::Checker;
use crate::coded::{Coded, Sealed};
use crate::encode::{Encoder, Measure};
use crate::error::ReadError;
use crate::message::Message;
use crate::raw::Teleportable;
use crate::schema::{Kind, Schema};
use crate::wire::{PairWire, SliceRef};

/// What may be a key: integers, `bool`, `char`, `String`.
pub trait MapKey: Teleportable + Ord {
    /// The order of two keys as they are read; the same as that of the values.
    fn compare(a: Self::Read<'_>, b: Self::Read<'_>) -> Ordering;
}

macro_rules! keys {
    ($($key:ty)*) => {
        $(
            impl MapKey for $key {
                #[inline]
                fn compare(a: Self::Read<'_>, b: Self::Read<'_>) -> Ordering {
                    a.cmp(&b)
                }
            }
        )*
    };
}

keys!(u8 u16 u32 u64 u128 i8 i16 i32 i64 i128 bool char);

impl MapKey for alloc::string::String {
    #[inline]
    fn compare(a: &str, b: &str) -> Ordering {
        a.cmp(b)
    }
}

type Pair<K, V> = PairWire<<K as Coded>::Wire, <V as Coded>::Wire>;

impl<K: MapKey, V: Teleportable> Sealed for BTreeMap<K, V> {}

impl<K: MapKey, V: Teleportable> Coded for BTreeMap<K, V> {
    type Wire = SliceRef<(K, V)>;
    type Read<'a> = Pairs<'a, K, V>;
    const SCHEMA: &'static Schema =
        &Schema::new("Map", size_of::<SliceRef<(K, V)>>(), Kind::Map(K::SCHEMA, V::SCHEMA));
    const PLAIN: bool = false;
    const ANY: bool = false;

    fn measure(&self, measure: &mut Measure) {
        measure.block(self.len(), size_of::<Pair<K, V>>(), 1);
        if !(K::PLAIN && V::PLAIN) {
            for (key, value) in self {
                key.measure(measure);
                value.measure(measure);
            }
        }
    }

    fn encode(&self, out: &mut Self::Wire, encoder: &mut Encoder<'_>) {
        let (slice, wires) = encoder.block::<(K, V), Pair<K, V>>(self.len(), 1);
        *out = slice;
        for ((key, value), wire) in self.iter().zip(wires) {
            key.encode(&mut wire.key, encoder);
            value.encode(&mut wire.value, encoder);
        }
    }

    fn check(wire: &Self::Wire, checker: &mut Checker<'_>) -> Result<(), ReadError> {
        let wires = checker.block::<(K, V), Pair<K, V>>(wire, 1)?;
        let message = checker.message();
        let mut last = None;
        for pair in wires {
            K::check(&pair.key, checker)?;
            let key = K::read(&pair.key, message);
            if last.is_some_and(|last| K::compare(last, key) != Ordering::Less) {
                return Err(ReadError::Unsorted);
            }
            last = Some(key);
            V::check(&pair.value, checker)?;
        }
        Ok(())
    }

    fn read<'a>(wire: &'a Self::Wire, message: Message<'a>) -> Pairs<'a, K, V> {
        Pairs { wires: message.block(wire.offset.get(), wire.count.get()), message }
    }

    fn own(read: Pairs<'_, K, V>) -> Self {
        read.iter().map(|(key, value)| (K::own(key), V::own(value))).collect()
    }
}

/// The pairs of a map, in place.
pub struct Pairs<'a, K: MapKey, V: Teleportable> {
    wires: &'a [Pair<K, V>],
    message: Message<'a>,
}

impl<'a, K: MapKey, V: Teleportable> Pairs<'a, K, V> {
    /// How many there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.wires.len()
    }

    /// Whether there is none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.wires.is_empty()
    }

    /// The value of `key`, found by binary search.
    pub fn get(&self, key: K::Read<'_>) -> Option<V::Read<'a>> {
        let order = |pair: &Pair<K, V>| K::compare(K::read(&pair.key, self.message), key);
        let index = self.wires.binary_search_by(order).ok()?;
        Some(V::read(&self.wires[index].value, self.message))
    }

    /// All of them, by ascending key.
    #[inline]
    pub fn iter(
        &self,
    ) -> impl ExactSizeIterator<Item = (K::Read<'a>, V::Read<'a>)> + use<'a, K, V> {
        let message = self.message;
        self.wires
            .iter()
            .map(move |pair| (K::read(&pair.key, message), V::read(&pair.value, message)))
    }
}

impl<K: MapKey, V: Teleportable> Copy for Pairs<'_, K, V> {}

impl<K: MapKey, V: Teleportable> Clone for Pairs<'_, K, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K: MapKey, V: Teleportable> fmt::Debug for Pairs<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
