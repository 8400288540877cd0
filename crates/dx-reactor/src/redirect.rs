//! Answers that send elsewhere.
//!
//! Owns [`Redirect`]. May not know what is there. Its one invariant: a place that is no URI is not
//! sent; the client gets a 500, and the place is no part of it.

use dx_http::{HeaderName, HeaderValue, Status};

use crate::into_response::IntoResponse;
use crate::problem::Problem;
use crate::response::Response;

const LOCATION: HeaderName = HeaderName::from_static("location");

/// Sends the client to another place (RFC 9110 section 15.4).
///
/// The place is sent as it is, so that whoever makes it of what clients have sent checks that it
/// leads where it should. One that holds bytes of no URI (RFC 3986 section 2) is answered with 500.
///
/// ```
/// use dx_reactor::{App, Redirect};
///
/// let app = App::new()
///     .get("/old", || Redirect::permanent("/new"))
///     .post("/notes", || Redirect::to("/notes/1"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    status: Status,
    location: Option<HeaderValue>,
}

impl Redirect {
    /// 303: the outcome is there, to be fetched by GET. For what follows a POST.
    pub fn to(uri: impl AsRef<str>) -> Self {
        Self::with(Status::SEE_OTHER, uri.as_ref())
    }

    /// 307: this time it is there, to be asked for in the same way.
    pub fn temporary(uri: impl AsRef<str>) -> Self {
        Self::with(Status::TEMPORARY_REDIRECT, uri.as_ref())
    }

    /// 308: from now on it is there, to be asked for in the same way.
    pub fn permanent(uri: impl AsRef<str>) -> Self {
        Self::with(Status::PERMANENT_REDIRECT, uri.as_ref())
    }

    fn with(status: Status, uri: &str) -> Self {
        let is_graphic = !uri.is_empty() && uri.bytes().all(|byte| byte.is_ascii_graphic());
        let location = if is_graphic { HeaderValue::new(uri).ok() } else { None };
        Self { status, location }
    }
}

impl IntoResponse for Redirect {
    fn into_response(self) -> Response {
        match self.location {
            Some(location) => Response::new(self.status).with_header(LOCATION, location),
            None => Problem::new(Status::INTERNAL_SERVER_ERROR).into_response(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_sent_and_nothing_else() {
        let rows = [
            (Redirect::to("/a?b#c"), 303, Some("/a?b#c")),
            (Redirect::temporary("https://example.com/"), 307, Some("https://example.com/")),
            (Redirect::permanent(String::from("a")), 308, Some("a")),
            (Redirect::to(""), 500, None),
            (Redirect::to("/a b"), 500, None),
            (Redirect::to("/a\r\nset-cookie: b"), 500, None),
            (Redirect::to("/\u{e9}"), 500, None),
        ];
        for (redirect, status, location) in rows {
            let response = redirect.into_response();
            assert_eq!(response.status().code(), status);
            let found = response.header("location").map(HeaderValue::as_bytes);
            assert_eq!(found, location.map(str::as_bytes));
        }
    }
}
