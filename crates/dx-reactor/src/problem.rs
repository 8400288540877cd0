//! Errors as they are told to clients.
//!
//! Owns [`Problem`], the form of RFC 9457. May not know who has found what problem. Its one
//! invariant: what is written is JSON, whatever its members hold.

use core::fmt;
use std::borrow::Cow;

use dx_http::Status;
use serde::Serialize;

use crate::body_pool::PooledVec;
use crate::into_response::IntoResponse;
use crate::response::Response;

const PROBLEM: &str = "application/problem+json";

/// The members that have a meaning of their own (RFC 9457 section 3.1).
const MEMBERS: [&str; 5] = ["type", "title", "status", "detail", "instance"];

/// An error as it is told to the client: `application/problem+json` (RFC 9457).
///
/// Without a type, the problem is what the status says (`about:blank`, section 4.2.1).
///
/// ```
/// use dx_reactor::{IntoResponse, Problem, Status};
///
/// let response = Problem::new(Status::NOT_FOUND).with_detail("no such user").into_response();
/// let body = br#"{"title":"Not Found","status":404,"detail":"no such user"}"#;
/// assert_eq!(response.body(), body);
///
/// let response = Problem::new(Status::FORBIDDEN)
///     .with_type("https://example.com/out-of-credit")
///     .with_title("You do not have enough credit.")
///     .with_instance("/account/12345/msgs/abc")
///     .with_extension("balance", &30)
///     .into_response();
/// let body = br#"{"type":"https://example.com/out-of-credit","#;
/// assert!(response.body().starts_with(body));
/// assert!(response.body().ends_with(br#""instance":"/account/12345/msgs/abc","balance":30}"#));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    status: Status,
    title: Cow<'static, str>,
    detail: Cow<'static, str>,
    /// Apart, because problems are returned as errors, and few have any of it.
    rare: Option<Box<Rare>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Rare {
    kind: Cow<'static, str>,
    instance: Cow<'static, str>,
    /// Names and values that are JSON already.
    extensions: Vec<(&'static str, Box<[u8]>)>,
}

impl Problem {
    /// The problem that `status` names; its title is the status's reason phrase.
    pub const fn new(status: Status) -> Self {
        let title = Cow::Borrowed(status.reason());
        Self { status, title, detail: Cow::Borrowed(""), rare: None }
    }

    /// The same problem, of the type that this URI names (section 3.1.1). Sent as it is.
    #[must_use]
    pub fn with_type(mut self, uri: impl Into<Cow<'static, str>>) -> Self {
        self.rare_mut().kind = uri.into();
        self
    }

    /// The same problem with another title: a short summary that is the same every time.
    #[must_use]
    pub fn with_title(mut self, title: impl Into<Cow<'static, str>>) -> Self {
        self.title = title.into();
        self
    }

    /// The same problem, with what helps the client to do better this time. Sent as it is.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = detail.into();
        self
    }

    /// The same problem, with a URI that names this occurrence of it (section 3.1.5). Sent as it
    /// is.
    #[must_use]
    pub fn with_instance(mut self, uri: impl Into<Cow<'static, str>>) -> Self {
        self.rare_mut().instance = uri.into();
        self
    }

    /// The same problem with one more member (section 3.2), in the place of an earlier one of that
    /// name. A value that cannot be written as JSON is left away.
    ///
    /// # Panics
    ///
    /// If `name` is not three or more letters, digits and `_` that begin with a letter, or names a
    /// member that has a method here.
    #[must_use]
    pub fn with_extension(mut self, name: &'static str, value: &impl Serialize) -> Self {
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let begins = name.as_bytes().first().is_some_and(u8::is_ascii_alphabetic);
        let is_name = begins && name.len() >= 3 && name.as_bytes().iter().all(is_word);
        assert!(is_name && !MEMBERS.contains(&name), "`{name}` is no name of an extension");
        let extensions = &mut self.rare_mut().extensions;
        extensions.retain(|(other, _)| *other != name);
        if let Ok(json) = serde_json::to_vec(value) {
            extensions.push((name, json.into()));
        }
        self
    }

    /// The status it is answered with.
    pub const fn status(&self) -> Status {
        self.status
    }

    /// The type; empty if it is what the status says.
    pub fn type_uri(&self) -> &str {
        self.rare.as_ref().map_or("", |rare| &rare.kind)
    }

    /// The title; may be empty.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The detail; may be empty.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The URI of this occurrence; may be empty.
    pub fn instance(&self) -> &str {
        self.rare.as_ref().map_or("", |rare| &rare.instance)
    }

    fn rare_mut(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status.code(), self.title)?;
        if self.detail.is_empty() { Ok(()) } else { write!(f, ": {}", self.detail) }
    }
}

impl core::error::Error for Problem {}

impl From<Status> for Problem {
    fn from(status: Status) -> Self {
        Self::new(status)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = PooledVec::take();
        body.push(b'{');
        for (name, text) in [("type", self.type_uri()), ("title", self.title())] {
            if !text.is_empty() {
                member(&mut body, name, text);
                body.push(b',');
            }
        }
        member(&mut body, "status", &self.status.code());
        for (name, text) in [("detail", self.detail()), ("instance", self.instance())] {
            if !text.is_empty() {
                body.push(b',');
                member(&mut body, name, text);
            }
        }
        for (name, json) in self.rare.iter().flat_map(|rare| &rare.extensions) {
            body.push(b',');
            quoted(&mut body, name);
            body.extend_from_slice(json);
        }
        body.push(b'}');
        Response::bytes(PROBLEM, body).with_status(self.status)
    }
}

/// Appends one member of an object. Strings and numbers written to memory cannot fail.
fn member<T: Serialize + ?Sized>(body: &mut PooledVec, name: &str, value: &T) {
    quoted(body, name);
    let _ = serde_json::to_writer(&mut **body, value);
}

fn quoted(body: &mut PooledVec, name: &str) {
    body.push(b'"');
    body.extend_from_slice(name.as_bytes());
    body.extend_from_slice(b"\":");
}

#[cfg(test)]
mod tests {
    use core::str;

    use dx_http::HeaderValue;

    use super::*;

    #[test]
    fn problems_are_json() {
        let odd = Status::new(599).expect("three digits");
        let rows = [
            (Problem::new(Status::CONFLICT), r#"{"title":"Conflict","status":409}"#),
            (Problem::new(odd), r#"{"status":599}"#),
            (
                Problem::from(Status::BAD_REQUEST).with_title("a").with_detail("\"\\\n\u{1}\u{e9}"),
                "{\"title\":\"a\",\"status\":400,\"detail\":\"\\\"\\\\\\n\\u0001\u{e9}\"}",
            ),
            (
                Problem::new(odd)
                    .with_type("urn:a")
                    .with_title("b")
                    .with_detail("c")
                    .with_instance("/d")
                    .with_extension("first", &[1, 2])
                    .with_extension("twice", &"lost")
                    .with_extension("unwritable", &std::collections::BTreeMap::from([((1, 2), 3)]))
                    .with_extension("twice", &Some("\"")),
                "{\"type\":\"urn:a\",\"title\":\"b\",\"status\":599,\"detail\":\"c\",\
                 \"instance\":\"/d\",\"first\":[1,2],\"twice\":\"\\\"\"}",
            ),
        ];
        for (problem, wanted) in rows {
            let status = problem.status();
            let response = problem.into_response();
            assert_eq!(response.status(), status);
            let content_type = response.content_type().map(HeaderValue::as_bytes);
            assert_eq!(content_type, Some(PROBLEM.as_bytes()));
            assert_eq!(str::from_utf8(response.body()), Ok(wanted));
        }
    }

    #[test]
    fn names_that_no_extension_has() {
        for name in ["", "ab", "1ab", "a-b", "a\"b", "status", "type", "instance"] {
            let named = || Problem::new(Status::GONE).with_extension(name, &1);
            assert!(std::panic::catch_unwind(named).is_err(), "{name}");
        }
    }
}
