//! Bodies that are forms.
//!
//! Owns [`Form`]. May not know how pairs are read. Its one invariant: a body is not looked into
//! unless its content type says what it is.

use core::fmt;

use dx_http::Status;
use serde::de::DeserializeOwned;

use super::query::read_pairs;
use super::{FromRequest, Rejection, ValueError};
use crate::into_response::IntoResponse;
use crate::problem::Problem;
use crate::request::Request;
use crate::response::Response;
use crate::scope::Scope;

/// The body, read as an HTML form sends it (`application/x-www-form-urlencoded`), by the rules of
/// [`Query`](crate::Query).
///
/// 415 for another content type, 422 for a form that is no `T`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Form<T>(pub T);

/// The body is no form, or not this one.
#[derive(Debug)]
#[non_exhaustive]
pub enum FormRejection {
    /// The content type is another one, or there is none: 415.
    ContentType {
        /// There is neither a type nor a body.
        absent: bool,
    },
    /// The form is no `T`: 422.
    Value(ValueError),
}

impl<T: DeserializeOwned> FromRequest for Form<T> {
    type Rejection = FormRejection;

    fn from_request(request: Request, _: &Scope) -> Result<Self, FormRejection> {
        let content_type = request.header("content-type");
        if !content_type.is_some_and(is_form) {
            let absent = content_type.is_none() && request.body().is_empty();
            return Err(FormRejection::ContentType { absent });
        }
        read_pairs(request.body()).map(Self).map_err(FormRejection::Value)
    }
}

fn is_form(content_type: &[u8]) -> bool {
    let essence = content_type.split(|&byte| byte == b';').next().unwrap_or_default();
    essence.trim_ascii_end().eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
}

impl fmt::Display for FormRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ContentType { .. } => {
                f.write_str("the content type must be application/x-www-form-urlencoded")
            }
            Self::Value(error) => write!(f, "the form does not fit: {error}"),
        }
    }
}

impl core::error::Error for FormRejection {}

impl Rejection for FormRejection {
    fn is_absent(&self) -> bool {
        matches!(self, Self::ContentType { absent: true })
    }
}

impl From<FormRejection> for Problem {
    fn from(rejection: FormRejection) -> Self {
        let status = match rejection {
            FormRejection::ContentType { .. } => Status::UNSUPPORTED_MEDIA_TYPE,
            FormRejection::Value(_) => Status::UNPROCESSABLE_CONTENT,
        };
        Self::new(status).with_detail(rejection.to_string())
    }
}

impl IntoResponse for FormRejection {
    fn into_response(self) -> Response {
        Problem::from(self).into_response()
    }
}
