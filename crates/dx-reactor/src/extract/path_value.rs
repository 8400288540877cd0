//! One parameter of a path, read.
//!
//! Owns what the text of one parameter can be read as. May not know how many there are. Its one
//! invariant: a refusal names the parameter.

use serde::de::{Deserializer, IntoDeserializer, Visitor};

use super::PathRejection;

/// A parameter's name and text.
#[derive(Clone, Copy)]
pub(super) struct Value<'r> {
    name: &'r str,
    text: &'r str,
}

impl<'r> Value<'r> {
    pub(super) const fn new(name: &'r str, text: &'r str) -> Self {
        Self { name, text }
    }

    /// The outcome of reading this value, its refusal with its name.
    pub(super) fn named<T>(self, read: Result<T, PathRejection>) -> Result<T, PathRejection> {
        read.map_err(|rejection| match rejection {
            PathRejection::Value { name, reason } if name.is_empty() => {
                PathRejection::Value { name: self.name.into(), reason }
            }
            other => other,
        })
    }

    #[cold]
    fn is_no(self, wanted: &str) -> PathRejection {
        PathRejection::Value { name: self.name.into(), reason: format!("not {wanted}").into() }
    }

    /// Lists, maps and structs are written with more than one parameter.
    #[cold]
    fn has_no_shape(self) -> PathRejection {
        let reason = format!("the parameter `{}` is to be more than one value", self.name);
        PathRejection::Shape { reason: reason.into(), absent: false }
    }
}

/// The methods of values that the standard library reads, with what the client is told.
macro_rules! parsed {
    ($($method:ident $visit:ident $what:literal;)*) => {$(
        fn $method<V: Visitor<'r>>(self, visitor: V) -> Result<V::Value, PathRejection> {
            match self.text.parse() {
                Ok(value) => self.named(visitor.$visit(value)),
                Err(_) => Err(self.is_no($what)),
            }
        }
    )*};
}

/// The methods of single values, handed on to the parameter that `$only` gives.
macro_rules! forward {
    (@ $only:ident: $($method:ident)*) => {$(
        fn $method<V: Visitor<'r>>(self, visitor: V) -> Result<V::Value, PathRejection> {
            let value = self.$only()?;
            value.named(value.$method(visitor))
        }
    )*};
    ($only:ident) => {
        forward! { @ $only:
            deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
            deserialize_i128 deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
            deserialize_u128 deserialize_f32 deserialize_f64 deserialize_char deserialize_str
            deserialize_string deserialize_bytes deserialize_byte_buf deserialize_option
            deserialize_identifier deserialize_ignored_any
        }
    };
}
pub(super) use forward;

impl<'r> Deserializer<'r> for Value<'r> {
    type Error = PathRejection;

    parsed! {
        deserialize_bool visit_bool "`true` or `false`";
        deserialize_i8 visit_i8 "an integer from -128 to 127";
        deserialize_i16 visit_i16 "an integer from -32768 to 32767";
        deserialize_i32 visit_i32 "an integer of 32 bits";
        deserialize_i64 visit_i64 "an integer of 64 bits";
        deserialize_i128 visit_i128 "an integer of 128 bits";
        deserialize_u8 visit_u8 "an integer from 0 to 255";
        deserialize_u16 visit_u16 "an integer from 0 to 65535";
        deserialize_u32 visit_u32 "an unsigned integer of 32 bits";
        deserialize_u64 visit_u64 "an unsigned integer of 64 bits";
        deserialize_u128 visit_u128 "an unsigned integer of 128 bits";
        deserialize_f32 visit_f32 "a number";
        deserialize_f64 visit_f64 "a number";
        deserialize_char visit_char "one character";
    }

    fn deserialize_any<V: Visitor<'r>>(self, visitor: V) -> Result<V::Value, PathRejection> {
        self.named(visitor.visit_borrowed_str(self.text))
    }

    fn deserialize_bytes<V: Visitor<'r>>(self, visitor: V) -> Result<V::Value, PathRejection> {
        self.named(visitor.visit_borrowed_bytes(self.text.as_bytes()))
    }

    fn deserialize_byte_buf<V: Visitor<'r>>(self, visitor: V) -> Result<V::Value, PathRejection> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'r>>(self, visitor: V) -> Result<V::Value, PathRejection> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'r>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, PathRejection> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'r>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, PathRejection> {
        self.named(visitor.visit_enum(self.text.into_deserializer()))
    }

    fn deserialize_unit<V: Visitor<'r>>(self, visitor: V) -> Result<V::Value, PathRejection> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'r>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, PathRejection> {
        visitor.visit_unit()
    }

    fn deserialize_seq<V: Visitor<'r>>(self, _: V) -> Result<V::Value, PathRejection> {
        Err(self.has_no_shape())
    }

    fn deserialize_map<V: Visitor<'r>>(self, _: V) -> Result<V::Value, PathRejection> {
        Err(self.has_no_shape())
    }

    fn deserialize_tuple<V: Visitor<'r>>(self, _: usize, _: V) -> Result<V::Value, PathRejection> {
        Err(self.has_no_shape())
    }

    fn deserialize_tuple_struct<V: Visitor<'r>>(
        self,
        _: &'static str,
        _: usize,
        _: V,
    ) -> Result<V::Value, PathRejection> {
        Err(self.has_no_shape())
    }

    fn deserialize_struct<V: Visitor<'r>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, PathRejection> {
        Err(self.has_no_shape())
    }

    serde::forward_to_deserialize_any! { <V: Visitor<'r>> str string identifier ignored_any }
}
