//! JSON to and from Rust values.
//!
//! Owns [`Json`], [`JsonRejection`] and [`Request::json`]. May not know routes. Its one invariant:
//! neither a value that cannot be written nor bytes that cannot be read is more than a [`Problem`].

use core::fmt;

use dx_http::Status;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::body_pool::PooledVec;
use crate::extract::{FromRequest, Rejection, ValueError};
use crate::into_response::IntoResponse;
use crate::problem::Problem;
use crate::request::Request;
use crate::response::Response;
use crate::scope::Scope;

/// A value as `application/json`: what a handler returns, or its last argument.
///
/// Returned, a value that cannot be written (a map whose keys are no strings, a `Serialize` that
/// fails) is answered with 500. Taken, it is the body, read by [`Request::json`].
///
/// ```
/// use dx_reactor::{App, IntoResponse, Json};
///
/// let response = Json([1, 2, 3]).into_response();
/// assert_eq!(response.body(), b"[1,2,3]");
///
/// let app = App::new().post("/sum", |Json(numbers): Json<Vec<i64>>| {
///     Json(numbers.iter().sum::<i64>())
/// });
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
            Err(error) => {
                tracing::error!("a value cannot be written as JSON: {error}");
                Problem::new(Status::INTERNAL_SERVER_ERROR).into_response()
            }
        }
    }
}

/// The body is no JSON, or not this value.
#[derive(Debug)]
#[non_exhaustive]
pub enum JsonRejection {
    /// The content type is another one, or there is none: 415.
    ContentType {
        /// There is neither a type nor a body.
        absent: bool,
    },
    /// The body is no JSON: 400.
    Syntax {
        /// The line of the fault, from 1.
        line: usize,
        /// The column of the fault, in bytes, from 1; 0 before the first.
        column: usize,
        /// What is wrong there.
        reason: Box<str>,
    },
    /// The JSON is no `T`: 422.
    Value(ValueError),
}

impl<T: DeserializeOwned> FromRequest for Json<T> {
    type Rejection = JsonRejection;

    #[inline]
    fn from_request(request: Request, _: &Scope) -> Result<Self, JsonRejection> {
        request.json().map(Self)
    }
}

impl Request {
    /// The body, read as JSON.
    ///
    /// # Errors
    ///
    /// What to answer: 415 unless the content type is `application/json` or ends with `+json` (RFC
    /// 6839 section 3.1), 400 for a body that is not JSON, 422 for JSON that is not a `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, JsonRejection> {
        let content_type = self.header("content-type");
        if !content_type.is_some_and(is_json) {
            let absent = content_type.is_none() && self.body().is_empty();
            return Err(JsonRejection::ContentType { absent });
        }
        serde_json::from_slice(self.body()).map_err(|error| wrong_json::<T>(&error, self.body()))
    }
}

#[cold]
fn wrong_json<T: DeserializeOwned>(error: &serde_json::Error, body: &[u8]) -> JsonRejection {
    if error.classify() == Category::Data {
        // Read once more, for the name of the field that is wrong.
        let mut json = serde_json::Deserializer::from_slice(body);
        let error = serde_path_to_error::deserialize::<_, T>(&mut json).err();
        return JsonRejection::Value(ValueError::of(error));
    }
    let text = error.to_string();
    // The place is told by numbers.
    let reason = text.split_once(" at line ").map_or(&*text, |(reason, _)| reason);
    JsonRejection::Syntax { line: error.line(), column: error.column(), reason: reason.into() }
}

impl fmt::Display for JsonRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ContentType { .. } => f.write_str("the content type must be application/json"),
            Self::Syntax { line, column, reason } => {
                write!(f, "the body is not JSON at line {line}, column {column}: {reason}")
            }
            Self::Value(error) => write!(f, "the JSON does not fit: {error}"),
        }
    }
}

impl core::error::Error for JsonRejection {}

impl Rejection for JsonRejection {
    fn is_absent(&self) -> bool {
        matches!(self, Self::ContentType { absent: true })
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        let status = match rejection {
            JsonRejection::ContentType { .. } => Status::UNSUPPORTED_MEDIA_TYPE,
            JsonRejection::Syntax { .. } => Status::BAD_REQUEST,
            JsonRejection::Value(_) => Status::UNPROCESSABLE_CONTENT,
        };
        Self::new(status).with_detail(rejection.to_string())
    }
}

impl IntoResponse for JsonRejection {
    fn into_response(self) -> Response {
        Problem::from(self).into_response()
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
    fn refusals_say_where() {
        #[derive(Deserialize, Debug)]
        struct Order {
            #[serde(rename = "items")]
            _items: Vec<Point>,
        }
        let rows = [
            ("{\n  \"items\": x}", "the body is not JSON at line 2, column 12: expected value"),
            ("{", "the body is not JSON at line 1, column 1: EOF while parsing an object"),
            ("", "the body is not JSON at line 1, column 0: EOF while parsing a value"),
            (
                "{\"items\":[{\"x\":1},{\"x\":\"2\"}]}",
                "the JSON does not fit: `items[1].x`: invalid type: string \"2\", expected i32 \
                 at line 1 column 26",
            ),
            ("{}", "the JSON does not fit: missing field `items` at line 1 column 2"),
        ];
        for (body, wanted) in rows {
            let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\r\n";
            let refused = request(head, body.as_bytes()).json::<Order>().expect_err(body);
            assert_eq!(refused.to_string(), wanted);
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
            ("application/json", "{\"x\":\"1\"}", Err(422)),
            ("application/json", "{\"x\":4294967296}", Err(422)),
            ("application/json", "{\"y\":null}", Err(422)),
            // The first list is no number already.
            ("application/json", &deep, Err(422)),
        ];
        for (content_type, body, wanted) in rows {
            let head =
                format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Type: {content_type}\r\n\r\n");
            let request = request(&head, body.as_bytes());
            let found =
                request.json::<Point>().map(|point| assert_eq!(point, Point { x: 1, y: None }));
            let found = found.map_err(|rejection| Problem::from(rejection).status().code());
            assert_eq!(found, wanted, "{content_type} {body:.20}");
        }
        let bare = request("POST / HTTP/1.1\r\nHost: a\r\n\r\n", good.as_bytes());
        let status = bare.json::<Point>().map_err(|rejection| Problem::from(rejection).status());
        assert_eq!(status, Err(Status::UNSUPPORTED_MEDIA_TYPE));
    }
}
