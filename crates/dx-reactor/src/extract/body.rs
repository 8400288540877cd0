//! Bodies as they are.
//!
//! Owns the extractors of a body that nothing is read from but whether it is text. May not know
//! content types. Its one invariant: nothing is copied, unless a `String` is asked for.

use core::convert::Infallible;
use core::fmt;

use dx_http::Status;

use super::{FromRequest, Rejection};
use crate::bytes::Bytes;
use crate::into_response::IntoResponse;
use crate::problem::Problem;
use crate::request::Request;
use crate::response::Response;
use crate::scope::Scope;
use crate::text::{Text, TextError};

/// The body was to be text and is none: 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextRejection {
    error: TextError,
}

/// The body.
impl FromRequest for Bytes {
    type Rejection = Infallible;

    #[inline]
    fn from_request(request: Request, _: &Scope) -> Result<Self, Infallible> {
        Ok(request.into_body())
    }
}

/// The body, whatever the content type says.
impl FromRequest for Text {
    type Rejection = TextRejection;

    #[inline]
    fn from_request(request: Request, _: &Scope) -> Result<Self, TextRejection> {
        Self::try_from(request.into_body()).map_err(|error| TextRejection { error })
    }
}

/// As [`Text`], copied.
impl FromRequest for String {
    type Rejection = TextRejection;

    fn from_request(request: Request, scope: &Scope) -> Result<Self, TextRejection> {
        Text::from_request(request, scope).map(|text| text.as_str().to_owned())
    }
}

impl fmt::Display for TextRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the body is {}", self.error)
    }
}

impl core::error::Error for TextRejection {}

impl Rejection for TextRejection {}

impl From<TextRejection> for Problem {
    fn from(rejection: TextRejection) -> Self {
        Self::new(Status::BAD_REQUEST).with_detail(rejection.to_string())
    }
}

impl IntoResponse for TextRejection {
    fn into_response(self) -> Response {
        Problem::from(self).into_response()
    }
}
