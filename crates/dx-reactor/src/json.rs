//! JSON to and from Rust values.
//!
//! Owns [`Json`] and [`Request::json`]. May not know routes. Its one invariant: neither a value
//! that cannot be written nor bytes that cannot be read is more than a [`Problem`].

use dx_http::Status;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::body_pool::PooledVec;
use crate::into_response::IntoResponse;
use crate::request::Request;
use crate::response::{Problem, Response};

/// Answers a value as `application/json`.
///
/// A value that cannot be written (a map whose keys are no strings, a `Serialize` that fails) is
/// answered with 500.
///
/// ```
/// use dx_reactor::{IntoResponse, Json};
///
/// let response = Json([1, 2, 3]).into_response();
/// assert_eq!(response.body(), b"[1,2,3]");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    #[inline]
    fn into_response(self) -> Response {
        let mut body = PooledVec::take();
        match serde_json::to_writer(&mut *body, &self.0) {
            Ok(()) => Response::json_bytes(body),
            // The reason is the program's business, not the client's.
            Err(_) => Problem::new(Status::INTERNAL_SERVER_ERROR).into_response(),
        }
    }
}

impl Request {
    /// The body, read as JSON.
    ///
    /// # Errors
    ///
    /// A problem to answer with: 415 unless the content type is `application/json` or ends with
    /// `+json` (RFC 6839 section 3.1), 400 for a body that is not JSON or not a `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        if !self.header("content-type").is_some_and(is_json) {
            return Err(Problem::new(Status::UNSUPPORTED_MEDIA_TYPE)
                .with_detail("the content type must be application/json"));
        }
        serde_json::from_slice(self.body())
            .map_err(|error| Problem::new(Status::BAD_REQUEST).with_detail(error.to_string()))
    }
}

/// Whether a content type, parameters aside, says JSON; types have no case (RFC 9110 section
/// 8.3.1).
fn is_json(content_type: &[u8]) -> bool {
    let essence = content_type.split(|&byte| byte == b';').next().unwrap_or_default();
    let essence = essence.trim_ascii_end();
    let ends_with = |suffix: &[u8]| {
        let start = essence.len().checked_sub(suffix.len());
        start.is_some_and(|start| start > 0 && essence[start..].eq_ignore_ascii_case(suffix))
    };
    essence.eq_ignore_ascii_case(b"application/json") || ends_with(b"+json")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;
    use crate::request::tests::request;

    #[derive(Serialize, Deserialize, Debug, PartialEq)]
    struct Point {
        x: i32,
        y: Option<String>,
    }

    struct Unwritable;

    impl Serialize for Unwritable {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("secret"))
        }
    }

    #[test]
    fn values_are_written() {
        let response = Json(Point { x: -1, y: Some("\u{e9}\"".into()) }).into_response();
        assert_eq!(response.body(), "{\"x\":-1,\"y\":\"\u{e9}\\\"\"}".as_bytes());
        let content_type = response.content_type().map(|value| value.as_bytes());
        assert_eq!(content_type, Some(&b"application/json"[..]));
        let created = (Status::CREATED, Json(1)).into_response();
        assert_eq!((created.status(), created.body()), (Status::CREATED, &b"1"[..]));
    }

    #[test]
    fn what_cannot_be_written_is_a_problem() {
        let late = Json((vec![1; 1000], Unwritable)).into_response();
        let keys = Json(BTreeMap::from([((1, 2), 3)])).into_response();
        for response in [Json(Unwritable).into_response(), late, keys] {
            assert_eq!(response.status(), Status::INTERNAL_SERVER_ERROR);
            let body = br#"{"title":"Internal Server Error","status":500}"#;
            assert_eq!(response.body(), body);
        }
    }

    #[test]
    fn bodies_are_read() {
        let good = r#"{"x":1,"y":null}"#;
        let deep = "[".repeat(100_000);
        let rows = [
            ("application/json", good, Ok(())),
            ("APPLICATION/Json ; charset=utf-8", good, Ok(())),
            ("application/problem+json", good, Ok(())),
            ("text/plain", good, Err(415)),
            ("application/jsonp", good, Err(415)),
            ("+json", good, Err(415)),
            ("", good, Err(415)),
            ("application/json", "", Err(400)),
            ("application/json", "{\"x\":1", Err(400)),
            ("application/json", "{\"x\":1} x", Err(400)),
            ("application/json", "{\"x\":\"1\"}", Err(400)),
            ("application/json", "{\"x\":4294967296}", Err(400)),
            ("application/json", &deep, Err(400)),
        ];
        for (content_type, body, wanted) in rows {
            let head =
                format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Type: {content_type}\r\n\r\n");
            let request = request(&head, body.as_bytes());
            let found =
                request.json::<Point>().map(|point| assert_eq!(point, Point { x: 1, y: None }));
            assert_eq!(found.map_err(|problem| problem.status().code()), wanted, "{content_type}");
        }
        let bare = request("POST / HTTP/1.1\r\nHost: a\r\n\r\n", good.as_bytes());
        let status = bare.json::<Point>().map_err(|problem| problem.status());
        assert_eq!(status, Err(Status::UNSUPPORTED_MEDIA_TYPE));
    }
}
