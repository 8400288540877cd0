//! The parameters of a route.
//!
//! Owns [`Path`] and the shapes its type may have. May not know how one value is read
//! (`path_value.rs`). Its one invariant: a value that does not fit is the client's fault, a shape
//! that does not fit the pattern is the program's.

use core::fmt;

use dx_http::Status;
use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess};
use serde::de::{Visitor, value::BorrowedStrDeserializer};

use super::path_value::{Value, forward};
use super::{FromHead, Rejection};
use crate::into_response::IntoResponse;
use crate::problem::Problem;
use crate::request::Request;
use crate::response::Response;
use crate::scope::Scope;

/// The parameters of the route's pattern, percent-decoded and read.
///
/// `T` may be one value, if there is one parameter; a tuple, in the order of the pattern; a struct
/// or a map, by name. 400 for a value that is no such value; 500 for a type that does not fit the
/// pattern.
///
/// ```
/// use dx_reactor::{App, Path};
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct Comment {
///     post: u64,
///     comment: u32,
/// }
///
/// let app = App::new()
///     .get("/users/{id}", |Path(id): Path<u64>| format!("user {id}"))
///     .get("/{year}/{month}", |Path((year, month)): Path<(i32, u8)>| format!("{month}.{year}"))
///     .get("/posts/{post}/{comment}", |Path(path): Path<Comment>| {
///         format!("comment {} on {}", path.comment, path.post)
///     });
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Path<T>(pub T);

/// The parameters are no `T`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PathRejection {
    /// A value is none: the client's fault, 400.
    Value {
        /// The parameter; empty if the type did not say which one it was reading.
        name: Box<str>,
        /// What is wrong with it.
        reason: Box<str>,
    },
    /// The type does not fit the pattern: the program's fault, 500.
    Shape {
        /// What does not fit.
        reason: Box<str>,
        /// The pattern has no parameters.
        absent: bool,
    },
}

impl<T: DeserializeOwned> FromHead for Path<T> {
    type Rejection = PathRejection;

    #[inline]
    fn from_head(request: &Request, _: &Scope) -> Result<Self, PathRejection> {
        T::deserialize(Params { request }).map(Self)
    }
}

/// The parameters of a request, to be read as any shape.
#[derive(Clone, Copy)]
struct Params<'r> {
    request: &'r Request,
}

impl<'r> Params<'r> {
    /// The only parameter.
    fn only(self) -> Result<Value<'r>, PathRejection> {
        let mut params = self.request.params();
        match (params.next(), params.next()) {
            (Some((name, value)), None) => Ok(Value::new(name, value)),
            _ => Err(self.shape("one value")),
        }
    }

    #[cold]
    fn shape(self, wanted: &str) -> PathRejection {
        let count = self.request.params().count();
        let reason = format!("the handler takes {wanted}, the pattern has {count} parameters");
        PathRejection::Shape { reason: reason.into(), absent: count == 0 }
    }

    fn sequence<V: Visitor<'r>>(self, len: usize, visitor: V) -> Result<V::Value, PathRejection> {
        if self.request.params().count() != len {
            return Err(self.shape(&format!("{len} values")));
        }
        self.deserialize_seq(visitor)
    }
}

impl<'r> Deserializer<'r> for Params<'r> {
    type Error = PathRejection;

    fn deserialize_any<V: Visitor<'r>>(self, visitor: V) -> Result<V::Value, PathRejection> {
        self.deserialize_map(visitor)
    }

    fn deserialize_map<V: Visitor<'r>>(self, visitor: V) -> Result<V::Value, PathRejection> {
        visitor.visit_map(Entries { rest: self.request.params(), value: None })
    }

    fn deserialize_struct<V: Visitor<'r>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, PathRejection> {
        self.deserialize_map(visitor)
    }

    fn deserialize_seq<V: Visitor<'r>>(self, visitor: V) -> Result<V::Value, PathRejection> {
        visitor.visit_seq(Values { rest: self.request.params() })
    }

    fn deserialize_tuple<V: Visitor<'r>>(
        self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, PathRejection> {
        self.sequence(len, visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'r>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, PathRejection> {
        self.sequence(len, visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'r>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, PathRejection> {
        visitor.visit_newtype_struct(self)
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

    fn deserialize_enum<V: Visitor<'r>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, PathRejection> {
        let value = self.only()?;
        value.named(value.deserialize_enum(name, variants, visitor))
    }

    forward! { only }
}

/// Names and values, for structs and maps.
struct Entries<'r, I> {
    rest: I,
    value: Option<Value<'r>>,
}

impl<'r, I: Iterator<Item = (&'r str, &'r str)>> MapAccess<'r> for Entries<'r, I> {
    type Error = PathRejection;

    fn next_key_seed<K: DeserializeSeed<'r>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, PathRejection> {
        let Some((name, value)) = self.rest.next() else { return Ok(None) };
        self.value = Some(Value::new(name, value));
        seed.deserialize(BorrowedStrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'r>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, PathRejection> {
        match self.value.take() {
            Some(value) => value.named(seed.deserialize(value)),
            None => Err(de::Error::custom("a value is asked for before its name")),
        }
    }
}

/// Values, for tuples and lists.
struct Values<I> {
    rest: I,
}

impl<'r, I: Iterator<Item = (&'r str, &'r str)>> SeqAccess<'r> for Values<I> {
    type Error = PathRejection;

    fn next_element_seed<T: DeserializeSeed<'r>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, PathRejection> {
        let Some((name, value)) = self.rest.next() else { return Ok(None) };
        let value = Value::new(name, value);
        value.named(seed.deserialize(value)).map(Some)
    }
}

impl de::Error for PathRejection {
    fn custom<T: fmt::Display>(reason: T) -> Self {
        Self::Value { name: "".into(), reason: reason.to_string().into() }
    }

    fn missing_field(field: &'static str) -> Self {
        let reason = format!("the pattern has no parameter `{field}`");
        Self::Shape { reason: reason.into(), absent: false }
    }

    fn unknown_field(field: &str, _: &'static [&'static str]) -> Self {
        let reason = format!("the handler does not take the parameter `{field}`");
        Self::Shape { reason: reason.into(), absent: false }
    }

    fn invalid_length(len: usize, expected: &dyn de::Expected) -> Self {
        let reason = format!("{len} parameters for {expected}");
        Self::Shape { reason: reason.into(), absent: false }
    }
}

impl fmt::Display for PathRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value { name, reason } if name.is_empty() => write!(f, "the path: {reason}"),
            Self::Value { name, reason } => write!(f, "the path parameter `{name}`: {reason}"),
            Self::Shape { reason, .. } => f.write_str(reason),
        }
    }
}

impl core::error::Error for PathRejection {}

impl Rejection for PathRejection {
    fn is_absent(&self) -> bool {
        matches!(self, Self::Shape { absent: true, .. })
    }
}

impl From<PathRejection> for Problem {
    fn from(rejection: PathRejection) -> Self {
        match rejection {
            PathRejection::Value { .. } => {
                Self::new(Status::BAD_REQUEST).with_detail(rejection.to_string())
            }
            // The reason is the program's business, not the client's.
            PathRejection::Shape { reason, .. } => {
                tracing::error!("a handler's `Path` does not fit its pattern: {reason}");
                Self::new(Status::INTERNAL_SERVER_ERROR)
            }
        }
    }
}

impl IntoResponse for PathRejection {
    fn into_response(self) -> Response {
        Problem::from(self).into_response()
    }
}
