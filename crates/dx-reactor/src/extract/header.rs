//! Headers as arguments.
//!
//! Owns [`Headers`], [`Header`] and [`HeaderField`]. May not know what any header means. Its one
//! invariant: names are compared without regard to ASCII case, values are never changed.

use core::convert::Infallible;
use core::{fmt, str};

use dx_http::{HeaderSpan, Status};

use super::{FromHead, Rejection};
use crate::bytes::Bytes;
use crate::into_response::IntoResponse;
use crate::problem::Problem;
use crate::request::Request;
use crate::response::Response;
use crate::scope::Scope;

/// All header lines of a request. Shares the received bytes; where the lines are is copied.
///
/// ```
/// use dx_reactor::{App, Headers};
///
/// let app = App::new().get("/", |headers: Headers| {
///     format!("{} lines, for {}", headers.len(), headers.get_str("host").unwrap_or("nobody"))
/// });
/// ```
#[derive(Clone)]
pub struct Headers {
    /// What the spans are relative to.
    bytes: Bytes,
    lines: Box<[HeaderSpan]>,
}

impl Headers {
    pub(crate) fn new(bytes: Bytes, lines: &[HeaderSpan]) -> Self {
        Self { bytes, lines: lines.into() }
    }

    /// How many lines there are.
    pub const fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The first value of the header `name`.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// As [`Headers::get`], if the value is UTF-8.
    pub fn get_str(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(|value| str::from_utf8(value).ok())
    }

    /// Every value of the header `name`, in the order sent.
    pub fn get_all<'h>(&'h self, name: &'h str) -> impl Iterator<Item = &'h [u8]> {
        let lines = self.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        lines.map(|(_, value)| value)
    }

    /// Every line in the order sent; names in the peer's case.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        // The grammar keeps names to ASCII.
        let name =
            |line: &HeaderSpan| str::from_utf8(line.name.of(&self.bytes)).unwrap_or_default();
        self.lines.iter().map(move |line| (name(line), line.value.of(&self.bytes)))
    }
}

impl FromHead for Headers {
    type Rejection = Infallible;

    fn from_head(request: &Request, _: &Scope) -> Result<Self, Infallible> {
        Ok(request.share_headers())
    }
}

/// How many; values may be secret and are not written.
impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Headers({} lines)", self.lines.len())
    }
}

/// A header that has a type.
pub trait HeaderField: Sized {
    /// Its name.
    const NAME: &'static str;

    /// What `value` means; `None` if that is nothing.
    fn from_value(value: &[u8]) -> Option<Self>;
}

/// The first header of `T`'s name, read. 400 if there is none or it means nothing; as
/// `Option<Header<T>>`, `None` if there is none.
///
/// ```
/// use dx_reactor::{App, Header, HeaderField};
///
/// struct Depth(u32);
///
/// impl HeaderField for Depth {
///     const NAME: &'static str = "x-depth";
///
///     fn from_value(value: &[u8]) -> Option<Self> {
///         core::str::from_utf8(value).ok()?.parse().ok().map(Self)
///     }
/// }
///
/// fn walk(depth: Option<Header<Depth>>) -> String {
///     format!("{} deep", depth.map_or(1, |Header(Depth(depth))| depth))
/// }
///
/// let app = App::new().get("/tree", walk);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<T>(pub T);

/// A header cannot be had: 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeaderRejection {
    /// There is none.
    Missing {
        /// Its name.
        name: &'static str,
    },
    /// Its value means nothing.
    Invalid {
        /// Its name.
        name: &'static str,
    },
}

impl<T: HeaderField> FromHead for Header<T> {
    type Rejection = HeaderRejection;

    fn from_head(request: &Request, _: &Scope) -> Result<Self, HeaderRejection> {
        let name = T::NAME;
        let value = request.header(name).ok_or(HeaderRejection::Missing { name })?;
        T::from_value(value).map(Self).ok_or(HeaderRejection::Invalid { name })
    }
}

impl fmt::Display for HeaderRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { name } => write!(f, "the header `{name}` is missing"),
            Self::Invalid { name } => write!(f, "the value of the header `{name}` is invalid"),
        }
    }
}

impl core::error::Error for HeaderRejection {}

impl Rejection for HeaderRejection {
    fn is_absent(&self) -> bool {
        matches!(self, Self::Missing { .. })
    }
}

impl From<HeaderRejection> for Problem {
    fn from(rejection: HeaderRejection) -> Self {
        Self::new(Status::BAD_REQUEST).with_detail(rejection.to_string())
    }
}

impl IntoResponse for HeaderRejection {
    fn into_response(self) -> Response {
        Problem::from(self).into_response()
    }
}
