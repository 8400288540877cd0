//! The query of a target.
//!
//! Owns [`Query`], and [`ValueError`], which says where in a value the fault is. May not know how
//! pairs are written. Its one invariant: a value is read once; only a refused one is read again,
//! for the place of the fault.

use core::fmt;

use dx_http::Status;
use serde::de::DeserializeOwned;

use super::{FromHead, Rejection};
use crate::into_response::IntoResponse;
use crate::problem::Problem;
use crate::request::Request;
use crate::response::Response;
use crate::scope::Scope;

/// What follows the `?` of the target, read as `name=value` pairs
/// (`application/x-www-form-urlencoded`, WHATWG URL section 5).
///
/// A field that is a list takes every pair of its name, any other field only one; a pair of an
/// unknown name is ignored unless the type denies it. A target without a query is read as an empty
/// one, and is `None` as `Option<Query<T>>` if that is no `T`. What cannot be read is answered with
/// 400.
///
/// ```
/// use dx_reactor::{App, Query};
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct Search {
///     q: String,
///     #[serde(default)]
///     tag: Vec<String>,
///     page: Option<u32>,
/// }
///
/// // GET /search?q=a+b&tag=x&tag=y
/// let app = App::new().get("/search", |Query(search): Query<Search>| {
///     format!("{} in {:?}, page {}", search.q, search.tag, search.page.unwrap_or(1))
/// });
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Query<T>(pub T);

/// The query is no `T`: 400.
#[derive(Debug)]
pub struct QueryRejection {
    error: ValueError,
    absent: bool,
}

/// What is wrong with a value that was read, and where.
#[derive(Debug)]
pub struct ValueError {
    path: String,
    reason: String,
}

impl<T: DeserializeOwned> FromHead for Query<T> {
    type Rejection = QueryRejection;

    #[inline]
    fn from_head(request: &Request, _: &Scope) -> Result<Self, QueryRejection> {
        let query = request.query();
        read_pairs(query.unwrap_or_default().as_bytes())
            .map(Self)
            .map_err(|error| QueryRejection { error, absent: query.is_none() })
    }
}

/// A value from `name=value` pairs.
#[inline]
pub(super) fn read_pairs<T: DeserializeOwned>(pairs: &[u8]) -> Result<T, ValueError> {
    serde_html_form::from_bytes(pairs).map_err(|_| wrong_pairs::<T>(pairs))
}

#[cold]
fn wrong_pairs<T: DeserializeOwned>(pairs: &[u8]) -> ValueError {
    let pairs = serde_html_form::Deserializer::from_bytes(pairs);
    ValueError::of(serde_path_to_error::deserialize::<_, T>(pairs).err())
}

impl ValueError {
    pub(crate) fn of<E: fmt::Display>(error: Option<serde_path_to_error::Error<E>>) -> Self {
        let Some(error) = error else {
            // Refused once and then not: only a `Deserialize` that is no function of its input.
            return Self { path: String::new(), reason: "refused".into() };
        };
        let is_place = |path: &serde_path_to_error::Path| path.iter().next().is_some();
        let path = if is_place(error.path()) { error.path().to_string() } else { String::new() };
        Self { path, reason: error.inner().to_string() }
    }

    /// The field that is wrong, as `order.items[2].price`; empty if it is the whole value.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong with it.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path() {
            "" => f.write_str(&self.reason),
            path => write!(f, "`{path}`: {}", self.reason),
        }
    }
}

impl core::error::Error for ValueError {}

impl QueryRejection {
    /// What is wrong, and where.
    pub const fn error(&self) -> &ValueError {
        &self.error
    }
}

impl fmt::Display for QueryRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the query does not fit: {}", self.error)
    }
}

impl core::error::Error for QueryRejection {}

impl Rejection for QueryRejection {
    fn is_absent(&self) -> bool {
        self.absent
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::new(Status::BAD_REQUEST).with_detail(rejection.to_string())
    }
}

impl IntoResponse for QueryRejection {
    fn into_response(self) -> Response {
        Problem::from(self).into_response()
    }
}
