//! What a handler may return.
//!
//! Owns [`IntoResponse`] and its implementations for the types of the language. May not know who
//! asks. Its one invariant: every conversion succeeds; what cannot be sent becomes a [`Problem`].

use core::convert::Infallible;
use std::borrow::Cow;

use dx_http::{HeaderName, HeaderValue, Status};

use crate::body::Body;
use crate::body_pool::PooledVec;
use crate::bytes::Bytes;
use crate::problem::Problem;
use crate::response::Response;
use crate::text::{Text, TextError};

/// Values that can be answered.
///
/// | value | answer |
/// |---|---|
/// | [`Response`] | itself |
/// | `&'static str`, `String`, `Cow<'static, str>`, [`Text`] | 200, `text/plain; charset=utf-8` |
/// | `&'static [u8]`, `Vec<u8>`, [`Bytes`] | 200, `application/octet-stream` |
/// | [`Json<T>`](crate::Json) | 200, `application/json` |
/// | [`Html<T>`] | 200, `text/html; charset=utf-8` |
/// | [`Redirect`](crate::Redirect) | 303, 307 or 308, with `location` |
/// | `()` | 200 without content |
/// | [`Status`] | that status without content |
/// | `(Status, R)` | that of `R`, with this status |
/// | `([(HeaderName, HeaderValue); N], R)` | that of `R`, with these headers besides |
/// | `(Status, [(HeaderName, HeaderValue); N], R)` | both |
/// | `Result<R, E>` | that of `R` or of `E` |
/// | [`Problem`] | its status, `application/problem+json` |
///
/// ```
/// use dx_reactor::{IntoResponse, Problem, Response, Status};
///
/// enum Failure {
///     Missing,
///     Full,
/// }
///
/// impl IntoResponse for Failure {
///     fn into_response(self) -> Response {
///         let status = match self {
///             Self::Missing => Status::NOT_FOUND,
///             Self::Full => Status::CONFLICT,
///         };
///         Problem::new(status).into_response()
///     }
/// }
///
/// fn handler() -> Result<&'static str, Failure> {
///     Err(Failure::Full)
/// }
/// assert_eq!(handler().into_response().status(), Status::CONFLICT);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be answered to a client",
    label = "not a response",
    note = "a handler may return: `Response`, `&'static str`, `String`, `Text`, `Bytes`, \
            `Vec<u8>`, `()`, `Status`, `(Status, R)`, `Html<T>`, `Json<T>`, `Redirect`, `Problem`, \
            or `Result<R, E>` of these",
    note = "implement `IntoResponse` for your own types, also for errors"
)]
pub trait IntoResponse {
    /// The answer.
    fn into_response(self) -> Response;
}

impl IntoResponse for Response {
    #[inline]
    fn into_response(self) -> Response {
        self
    }
}

macro_rules! content {
    ($constructor:expr; $($type:ty)*) => {$(
        impl IntoResponse for $type {
            #[inline(always)]
            fn into_response(self) -> Response {
                $constructor(self)
            }
        }
    )*};
}

content! { Response::text; &'static str String Cow<'static, str> Text }
content! { octets; &'static [u8] Vec<u8> Bytes PooledVec }

#[inline]
fn octets(body: impl Into<Body>) -> Response {
    Response::bytes("application/octet-stream", body)
}

impl<const N: usize> IntoResponse for &'static [u8; N] {
    #[inline]
    fn into_response(self) -> Response {
        octets(self)
    }
}

impl IntoResponse for () {
    #[inline]
    fn into_response(self) -> Response {
        Response::new(Status::OK)
    }
}

impl IntoResponse for Status {
    #[inline]
    fn into_response(self) -> Response {
        Response::new(self)
    }
}

impl<R: IntoResponse> IntoResponse for (Status, R) {
    #[inline]
    fn into_response(self) -> Response {
        self.1.into_response().with_status(self.0)
    }
}

/// The headers are added to those of `R`; a content type takes the place of its own.
impl<const N: usize, R: IntoResponse> IntoResponse for ([(HeaderName, HeaderValue); N], R) {
    fn into_response(self) -> Response {
        let (headers, inner) = self;
        let mut response = inner.into_response();
        for (name, value) in headers {
            response.append_header(name, value);
        }
        response
    }
}

impl<const N: usize, R> IntoResponse for (Status, [(HeaderName, HeaderValue); N], R)
where
    R: IntoResponse,
{
    fn into_response(self) -> Response {
        let (status, headers, inner) = self;
        (headers, inner).into_response().with_status(status)
    }
}

/// Content that is HTML.
///
/// ```
/// use dx_reactor::{App, Html};
///
/// let app = App::new().get("/", || Html("<!doctype html><title>Hello</title>"));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Html<T>(pub T);

impl<T: Into<Body>> IntoResponse for Html<T> {
    #[inline]
    fn into_response(self) -> Response {
        Response::html(self.0)
    }
}

impl<R: IntoResponse, E: IntoResponse> IntoResponse for Result<R, E> {
    #[inline]
    fn into_response(self) -> Response {
        match self {
            Ok(value) => value.into_response(),
            Err(error) => error.into_response(),
        }
    }
}

/// Never happens: for `Result<R, Infallible>`.
impl IntoResponse for Infallible {
    fn into_response(self) -> Response {
        match self {}
    }
}

impl IntoResponse for TextError {
    fn into_response(self) -> Response {
        Problem::new(Status::BAD_REQUEST).with_detail(self.to_string()).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type() {
        let text = "text/plain; charset=utf-8";
        let octets = "application/octet-stream";
        let failed: Result<&str, Status> = Err(Status::GONE);
        let sure: Result<&str, Infallible> = Ok("a");
        let rows: [(Response, u16, &str, &[u8]); 21] = [
            (Html("a").into_response(), 200, "text/html; charset=utf-8", b"a"),
            (Html(Text::from("a")).into_response(), 200, "text/html; charset=utf-8", b"a"),
            (Response::html("a").into_response(), 200, "text/html; charset=utf-8", b"a"),
            ("a".into_response(), 200, text, b"a"),
            (String::from("a").into_response(), 200, text, b"a"),
            (Cow::Borrowed("a").into_response(), 200, text, b"a"),
            (Cow::<str>::Owned("a".into()).into_response(), 200, text, b"a"),
            (Text::from("a").into_response(), 200, text, b"a"),
            (Bytes::from(b"a").into_response(), 200, octets, b"a"),
            (b"a".to_vec().into_response(), 200, octets, b"a"),
            (b"a".into_response(), 200, octets, b"a"),
            (b"a"[..].into_response(), 200, octets, b"a"),
            (PooledVec::from(b"a".to_vec()).into_response(), 200, octets, b"a"),
            (().into_response(), 200, "", b""),
            (Status::ACCEPTED.into_response(), 202, "", b""),
            ((Status::CREATED, "a").into_response(), 201, text, b"a"),
            ((Status::NO_CONTENT, "a").into_response(), 204, text, b""),
            (Ok::<_, Status>("a").into_response(), 200, text, b"a"),
            (failed.into_response(), 410, "", b""),
            (sure.into_response(), 200, text, b"a"),
            (
                TextError::NotUtf8 { valid_len: 3 }.into_response(),
                400,
                "application/problem+json",
                br#"{"title":"Bad Request","status":400,"detail":"not UTF-8 after 3 bytes"}"#,
            ),
        ];
        for (row, (response, code, content_type, body)) in rows.into_iter().enumerate() {
            assert_eq!(response.status().code(), code, "row {row}");
            let found = response.content_type().map_or(&[][..], |value| value.as_bytes());
            assert_eq!(found, content_type.as_bytes(), "row {row}");
            assert_eq!(response.body(), body, "row {row}");
        }
    }

    #[test]
    fn headers_are_added() {
        const NAME: HeaderName = HeaderName::from_static("x-a");
        const TYPE: HeaderName = HeaderName::from_static("content-type");
        let value = HeaderValue::from_static;
        let inner = ([(NAME, value("1"))], "a");
        let response = (Status::GONE, [(NAME, value("2")), (TYPE, value("text/css"))], inner);
        let response = response.into_response();
        assert_eq!((response.status(), response.body()), (Status::GONE, &b"a"[..]));
        assert_eq!(response.headers(), [(NAME, value("1")), (NAME, value("2"))]);
        assert_eq!(response.content_type(), Some(&value("text/css")));
    }
}
