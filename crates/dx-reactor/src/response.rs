//! What is answered.
//!
//! Owns [`Response`]. May not know how an answer is put on the wire. Its one invariant: a response
//! whose status forbids content has none, whatever it was given.

use core::fmt;

use dx_http::{HeaderName, HeaderValue, Status};

use crate::body::Body;
use crate::stock::Stock;

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The answer to one request.
///
/// Length, date and connection headers are written by the server.
///
/// ```
/// use dx_reactor::{HeaderName, HeaderValue, Response, Status};
///
/// const RETRY_AFTER: HeaderName = HeaderName::from_static("retry-after");
/// let response = Response::text("come back later")
///     .with_status(Status::SERVICE_UNAVAILABLE)
///     .with_header(RETRY_AFTER, HeaderValue::from_static("5"));
/// assert_eq!(response.content_length(), Some(15));
/// ```
pub struct Response {
    /// `None` only while being dropped.
    parts: Option<Box<Parts>>,
}

/// A response is the pointer to this: it is moved many times on its way from the handler to the
/// connection, and as a plain struct of 100 bytes those moves took half of that way's time.
struct Parts {
    status: Status,
    content_type: Option<HeaderValue>,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Body,
}

const _: () = assert!(size_of::<Response>() == size_of::<usize>());

/// Response memories a thread keeps; more responses at once than this are paid with allocations.
pub(crate) const RESPONSES_KEPT: usize = 256;
/// A memory with room for more headers than this is not kept.
pub(crate) const HEADERS_KEPT: usize = 64;

thread_local! {
    static STOCK: Stock<Box<Parts>, RESPONSES_KEPT> = const { Stock::new() };
}

impl Response {
    /// A response without content.
    #[inline]
    pub fn new(status: Status) -> Self {
        Self::with(status, None, Body::empty())
    }

    /// 200 with `text/plain; charset=utf-8`; `body` is to be UTF-8.
    #[inline(always)]
    pub fn text(body: impl Into<Body>) -> Self {
        Self::with(Status::OK, Some(TEXT), body.into())
    }

    /// 200 with `text/html; charset=utf-8`; `body` is to be UTF-8.
    #[inline]
    pub fn html(body: impl Into<Body>) -> Self {
        Self::with(Status::OK, Some(HTML), body.into())
    }

    /// 200 with `application/json`; `body` is to be JSON already. [`Json`](crate::Json) writes it.
    #[inline]
    pub fn json_bytes(body: impl Into<Body>) -> Self {
        Self::with(Status::OK, Some(JSON), body.into())
    }

    /// 200 with a content type that is part of the program.
    ///
    /// # Panics
    ///
    /// If `content_type` is no header value; a type that comes from elsewhere is set by
    /// [`Response::with_content_type`].
    #[inline]
    pub fn bytes(content_type: &'static str, body: impl Into<Body>) -> Self {
        Self::with(Status::OK, Some(HeaderValue::from_static(content_type)), body.into())
    }

    // Always: built in its place, word by word; through a call it would be stored in words and
    // loaded in pairs of them, which stalls (9 ns of 250 a request, measured).
    #[inline(always)]
    fn with(status: Status, content_type: Option<HeaderValue>, body: Body) -> Self {
        let mut parts = Stock::take(&STOCK).unwrap_or_else(Parts::boxed);
        // What is in stock has neither content type nor headers nor body.
        parts.status = status;
        parts.content_type = content_type;
        parts.body.replace(body);
        Self { parts: Some(parts) }
    }

    /// The same response with another status.
    #[must_use]
    #[inline]
    pub fn with_status(mut self, status: Status) -> Self {
        self.set_status(status);
        self
    }

    /// The same response with another content type.
    #[must_use]
    pub fn with_content_type(mut self, content_type: HeaderValue) -> Self {
        self.parts_mut().content_type = Some(content_type);
        self
    }

    /// The same response with other content.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Body>) -> Self {
        self.parts_mut().body = body.into();
        self
    }

    /// The same response with one more header line; earlier ones of that name stay.
    ///
    /// `content-type` takes the place of the type that was set. Headers that the server writes
    /// itself ([`HeaderName::is_managed`]) are kept here but not sent.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.append_header(name, value);
        self
    }

    /// Changes the status.
    #[inline]
    pub fn set_status(&mut self, status: Status) {
        self.parts_mut().status = status;
    }

    /// As [`Response::with_header`].
    pub fn append_header(&mut self, name: HeaderName, value: HeaderValue) {
        if name.as_bytes() == b"content-type" {
            self.parts_mut().content_type = Some(value);
        } else {
            self.parts_mut().headers.push((name, value));
        }
    }

    /// As [`Response::append_header`], in the place of all earlier ones of that name.
    pub fn set_header(&mut self, name: HeaderName, value: HeaderValue) {
        self.parts_mut().headers.retain(|(other, _)| *other != name);
        self.append_header(name, value);
    }

    /// The status.
    #[inline]
    pub fn status(&self) -> Status {
        self.parts().status
    }

    /// The content type.
    #[inline]
    pub fn content_type(&self) -> Option<&HeaderValue> {
        self.parts().content_type.as_ref()
    }

    /// The other headers, in the order they were added.
    #[inline]
    pub fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.parts().headers
    }

    /// The first value of the header `name`, which is written in lower case.
    pub fn header(&self, name: &str) -> Option<&HeaderValue> {
        if name == "content-type" {
            return self.content_type();
        }
        let mut lines = self.headers().iter();
        lines.find(|(other, _)| other.as_bytes() == name.as_bytes()).map(|(_, value)| value)
    }

    /// The content; empty where the status forbids any: 1xx, 204, 205 and 304 (RFC 9110
    /// sections 6.4.1 and 15.3.6).
    #[inline]
    pub fn body(&self) -> &[u8] {
        let parts = self.parts();
        if parts.status == Status::OK || !self.forbids_content() { &parts.body } else { &[] }
    }

    /// The content's length in bytes; `None` where the response is not to announce one: 1xx and
    /// 204 must not (RFC 9110 section 8.6), and 304 would have to know that of the 200.
    #[inline]
    pub fn content_length(&self) -> Option<u64> {
        let parts = self.parts();
        if parts.status == Status::OK && parts.body.is_whole() {
            return Some(parts.body.len() as u64);
        }
        self.unusual_length()
    }

    /// Whether the length of the content is announced.
    #[inline]
    pub(crate) fn announces_length(&self) -> bool {
        match self.status() {
            Status::OK => true,
            Status::NO_CONTENT | Status::NOT_MODIFIED => false,
            status => !status.is_informational(),
        }
    }

    #[cold]
    fn unusual_length(&self) -> Option<u64> {
        if !self.announces_length() {
            return None;
        }
        let parts = self.parts();
        if parts.body.is_whole() || self.forbids_content() {
            Some(self.body().len() as u64)
        } else {
            parts.body.length()
        }
    }

    /// Whether the content is in memory.
    #[inline]
    pub(crate) fn is_whole(&self) -> bool {
        self.parts().body.is_whole() || self.forbids_content()
    }

    /// Takes the content out.
    pub(crate) fn take_body(&mut self) -> Body {
        core::mem::take(&mut self.parts_mut().body)
    }

    fn forbids_content(&self) -> bool {
        let status = self.status();
        status.is_informational()
            || matches!(status, Status::NO_CONTENT | Status::RESET_CONTENT | Status::NOT_MODIFIED)
    }

    #[inline(always)]
    fn parts(&self) -> &Parts {
        self.parts.as_deref().unwrap_or_else(|| unreachable!("gone only while being dropped"))
    }

    #[inline(always)]
    fn parts_mut(&mut self) -> &mut Parts {
        self.parts.as_deref_mut().unwrap_or_else(|| unreachable!("gone only while being dropped"))
    }
}

impl Drop for Response {
    #[inline]
    fn drop(&mut self) {
        let Some(mut parts) = self.parts.take() else { return };
        parts.content_type = None;
        parts.headers.clear();
        parts.body.replace(Body::empty());
        if parts.headers.capacity() <= HEADERS_KEPT {
            Stock::give(&STOCK, parts);
        }
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status())
            .field("content_type", &self.content_type())
            .field("headers", &self.headers())
            .field("body_len", &self.body().len())
            .finish()
    }
}

impl Parts {
    #[cold]
    fn boxed() -> Box<Self> {
        let (headers, body) = (Vec::new(), Body::empty());
        Box::new(Self { status: Status::OK, content_type: None, headers, body })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::Bytes;

    #[test]
    fn constructors() {
        let rows = [
            (Response::text("a"), "text/plain; charset=utf-8"),
            (Response::html("a".to_owned()), "text/html; charset=utf-8"),
            (Response::json_bytes(Bytes::from(b"a")), "application/json"),
            (Response::bytes("image/png", b"a"), "image/png"),
        ];
        for (response, content_type) in rows {
            assert_eq!(response.status(), Status::OK);
            assert_eq!(response.content_type(), Some(&HeaderValue::from_static(content_type)));
            assert_eq!(response.body(), b"a");
            assert_eq!(response.content_length(), Some(1));
            assert!(response.headers().is_empty());
        }
        let empty = Response::new(Status::CREATED);
        assert_eq!((empty.body(), empty.content_length()), (&[][..], Some(0)));
        assert_eq!(empty.content_type(), None);
        assert_eq!(empty.with_body("other").body(), b"other");
    }

    #[test]
    fn statuses_that_forbid_content() {
        let rows: [(u16, &[u8], Option<u64>); 8] = [
            (100, b"", None),
            (199, b"", None),
            (200, b"content", Some(7)),
            (204, b"", None),
            (205, b"", Some(0)),
            (206, b"content", Some(7)),
            (304, b"", None),
            (500, b"content", Some(7)),
        ];
        for (code, body, length) in rows {
            let status = Status::new(code).expect("three digits");
            let response = Response::text("content").with_status(status);
            assert_eq!(response.body(), body, "{code}");
            assert_eq!(response.content_length(), length, "{code}");
        }
    }

    #[test]
    fn headers_are_added_in_order() {
        const SET_COOKIE: HeaderName = HeaderName::from_static("set-cookie");
        let value = HeaderValue::from_static;
        let response = Response::text("")
            .with_header(SET_COOKIE, value("a=1"))
            .with_header(SET_COOKIE, value("b=2"))
            .with_header(HeaderName::from_static("content-type"), value("text/css"));
        let wanted = [(SET_COOKIE, value("a=1")), (SET_COOKIE, value("b=2"))];
        assert_eq!(response.headers(), wanted);
        assert_eq!(response.header("set-cookie"), Some(&value("a=1")));
        assert_eq!(response.header("content-type"), Some(&value("text/css")));
        assert_eq!(response.content_type(), Some(&value("text/css")));
        assert_eq!(response.header("vary"), None);
    }

    #[test]
    fn memory_is_used_again_and_holds_nothing() {
        const VARY: HeaderName = HeaderName::from_static("vary");
        let bytes = std::rc::Rc::new(b"content".to_vec());
        let body = Bytes::from_shared(bytes.clone(), 0..7);
        drop(Response::text(body).with_header(VARY, HeaderValue::from_static("*")));
        assert_eq!((std::rc::Rc::strong_count(&bytes), Stock::len(&STOCK)), (1, 1));
        let response = Response::new(Status::GONE);
        assert_eq!(Stock::len(&STOCK), 0);
        assert_eq!((response.status(), response.body()), (Status::GONE, &[][..]));
        assert!(response.content_type().is_none() && response.headers().is_empty());
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let responses: Vec<_> =
            (0..RESPONSES_KEPT + 10).map(|_| Response::new(Status::OK)).collect();
        drop(responses);
        assert_eq!(Stock::len(&STOCK), RESPONSES_KEPT);
        while Stock::take(&STOCK).is_some() {}
        let mut response = Response::new(Status::OK);
        response.parts_mut().headers.reserve(HEADERS_KEPT + 1);
        drop(response);
        assert_eq!(Stock::len(&STOCK), 0);
    }
}
