//! What is asked.
//!
//! Owns [`Request`] and the thread's stock of the memory that requests are held in. May not know
//! how a request arrived nor which handler gets it. Its one invariant: the spans of the head are
//! read with the bytes that were parsed, which the request owns.

use core::fmt;
use core::mem;
use core::net::{Ipv4Addr, SocketAddr};
use core::ops::{Deref, DerefMut};
use core::str;
use std::rc::Rc;

use dx_http::{Head, Method, Span, Version};

use crate::body_stream::Pipe;
use crate::bytes::Bytes;
use crate::extract::Headers;
use crate::params::{ParamError, Params};
use crate::stock::Stock;
use crate::text::{Text, TextError};

/// Request memories a thread keeps; more requests at once than this are paid with allocations.
pub(crate) const REQUESTS_KEPT: usize = 256;
/// A memory with room for more headers than this is not kept.
pub(crate) const HEADERS_KEPT: usize = 256;

thread_local! {
    // Boxed, because a request is the pointer, and moving it costs nothing.
    static STOCK: Stock<Box<Parts>, REQUESTS_KEPT> = const { Stock::new() };
}

/// One request, complete with its body.
///
/// It has no lifetime and may be kept across `.await`. What it lends, it lends from itself; path
/// and headers are where they were received and are not copied. Not `Send`: it belongs to one
/// core.
///
/// ```
/// use dx_reactor::{App, Request};
///
/// async fn greet(request: Request) -> String {
///     let agent = request.header_str("user-agent").unwrap_or("stranger");
///     format!("Hello, {agent}: {}", request.param("name").unwrap_or_default())
/// }
///
/// let app = App::new().get("/greet/{name}", greet);
/// ```
///
/// ```compile_fail,E0277
/// fn send<T: Send>() {}
/// send::<dx_reactor::Request>();
/// ```
pub struct Request {
    parts: PooledHead,
}

/// Memory for a head, from the stock of the thread and back to it when dropped. It already has
/// room for all else that a [`Request`] is, and so becomes one without being moved.
pub(crate) struct PooledHead {
    /// `None` only while being dropped.
    parts: Option<Box<Parts>>,
}

struct Parts {
    head: Head,
    /// What the spans of `head` are relative to.
    bytes: Bytes,
    body: Bytes,
    params: Params,
    peer: SocketAddr,
    /// The body, where it is taken as it comes.
    pipe: Option<Rc<Pipe>>,
}

impl Request {
    /// The request with this head; `bytes` are those the head was parsed from.
    #[inline]
    pub(crate) fn new(head: PooledHead, bytes: Bytes, body: Bytes, peer: SocketAddr) -> Self {
        let mut request = Self { parts: head };
        let parts = request.parts_mut();
        parts.bytes.replace(bytes);
        parts.body.replace(body);
        parts.peer = peer;
        request
    }

    /// The method; [`Method::Other`] stands for all that HTTP does not name.
    #[inline]
    pub fn method(&self) -> Method {
        self.parts().head.method
    }

    /// The method as it was sent.
    pub fn method_str(&self) -> &str {
        match self.method() {
            Method::Other => self.ascii(self.parts().head.method_token),
            method => method.as_str(),
        }
    }

    /// The path as it was sent: percent-encoded, never decoded or normalised, always ASCII. `*`
    /// for `OPTIONS *`.
    #[inline]
    pub fn path(&self) -> &str {
        self.ascii(self.parts().head.path)
    }

    /// What follows the `?`, as it was sent.
    pub fn query(&self) -> Option<&str> {
        self.parts().head.query.map(|span| self.ascii(span))
    }

    /// The whole request target, as it was sent (RFC 9112 section 3.2).
    pub fn target(&self) -> &str {
        self.ascii(self.parts().head.target)
    }

    /// The version the request is understood as.
    #[inline]
    pub fn version(&self) -> Version {
        self.parts().head.version
    }

    /// The first value of the header `name`, compared without regard to ASCII case.
    #[inline]
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        let parts = self.parts();
        parts.head.header(&parts.bytes, name)
    }

    /// As [`Request::header`], if the value is UTF-8.
    pub fn header_str(&self, name: &str) -> Option<&str> {
        self.header(name).and_then(|value| str::from_utf8(value).ok())
    }

    /// Every value of the header `name` in the order sent.
    pub fn header_all<'r>(&'r self, name: &'r str) -> impl Iterator<Item = &'r [u8]> {
        let parts = self.parts();
        parts.head.header_all(&parts.bytes, name)
    }

    /// Every header line in the order sent; names in the peer's case.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let bytes = &*self.parts().bytes;
        let lines = self.parts().head.headers.iter();
        lines.map(|line| (self.ascii(line.name), line.value.of(bytes)))
    }

    /// `host[:port]` of the target if it names one, else of the Host header (RFC 9112 section
    /// 3.2.2). `None` only in HTTP/1.0; empty if the header was.
    pub fn host(&self) -> Option<&str> {
        self.parts().head.host.map(|span| self.ascii(span))
    }

    /// The address the request came from.
    #[inline]
    pub fn peer(&self) -> SocketAddr {
        self.parts().peer
    }

    /// The body.
    #[inline]
    pub fn body(&self) -> &[u8] {
        &self.parts().body
    }

    /// The body, shared.
    #[inline]
    pub fn into_body(mut self) -> Bytes {
        mem::take(&mut self.parts_mut().body)
    }

    /// The body comes through this pipe.
    pub(crate) fn set_pipe(&mut self, pipe: Rc<Pipe>) {
        self.parts_mut().pipe = Some(pipe);
    }

    /// The pipe that the body comes through, if it does.
    pub(crate) fn take_pipe(&mut self) -> Option<Rc<Pipe>> {
        self.parts_mut().pipe.take()
    }

    /// The body as text, shared.
    ///
    /// # Errors
    ///
    /// [`TextError`] if it is not UTF-8, whatever the content type says.
    pub fn body_text(&self) -> Result<Text, TextError> {
        Text::try_from(self.parts().body.clone())
    }

    /// The parameter `name` of the route's pattern, percent-decoded. `None` if the pattern has no
    /// such parameter.
    ///
    /// A value that does not decode to UTF-8 is answered with 400 and reaches no handler.
    pub fn param(&self, name: &str) -> Option<&str> {
        let parts = self.parts();
        parts.params.get(name, &parts.bytes)
    }

    /// All parameters of the route's pattern with their values, in its order.
    pub fn params(&self) -> impl Iterator<Item = (&str, &str)> {
        let parts = self.parts();
        parts.params.iter(&parts.bytes)
    }

    /// As [`Request::param`], shared: the value may outlive the request, for which nothing is
    /// copied and nothing allocated.
    pub fn param_text(&self, name: &str) -> Option<Text> {
        let parts = self.parts();
        parts.params.text(name, &parts.bytes)
    }

    /// The same request, for a handler that may keep it for long: while receive buffers are running
    /// low, it is copied out of them, so that slow handlers cannot starve the core.
    #[inline]
    pub(crate) fn kept(mut self) -> Self {
        if self.parts().bytes.is_scarce() {
            let parts = self.parts_mut();
            parts.bytes = mem::take(&mut parts.bytes).detach();
            parts.body = mem::take(&mut parts.body).detach();
        }
        self
    }

    /// Every header line, shared.
    pub(crate) fn share_headers(&self) -> Headers {
        let parts = self.parts();
        Headers::new(parts.bytes.clone(), &parts.head.headers)
    }

    /// The path's bytes.
    #[inline]
    pub(crate) fn path_bytes(&self) -> &[u8] {
        let parts = self.parts();
        parts.head.path.of(&parts.bytes)
    }

    /// Gives the path, with its place in the head, to `matching`, which fills the parameters.
    #[inline]
    pub(crate) fn with_params<R>(
        &mut self,
        matching: impl FnOnce((&str, u16), &mut Params) -> Result<R, ParamError>,
    ) -> Result<R, ParamError> {
        let Parts { head, bytes, params, .. } = self.parts_mut();
        let path = str::from_utf8(head.path.of(bytes)).unwrap_or_default();
        matching((path, head.path.start), params)
    }

    /// A part of the head that the grammar keeps to ASCII; no other bytes get past the parser.
    #[inline]
    fn ascii(&self, span: Span) -> &str {
        str::from_utf8(span.of(&self.parts().bytes)).unwrap_or_default()
    }

    #[inline(always)]
    fn parts(&self) -> &Parts {
        self.parts.parts()
    }

    #[inline(always)]
    fn parts_mut(&mut self) -> &mut Parts {
        self.parts.parts_mut()
    }
}

/// Method, path and parameters; what the peer may hold secret is not written.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method_str())
            .field("path", &self.path())
            .field("params", &self.params().collect::<Vec<_>>())
            .field("body_len", &self.body().len())
            .finish_non_exhaustive()
    }
}

impl PooledHead {
    /// Memory for a head; what is in it means nothing yet.
    #[inline]
    pub(crate) fn take() -> Self {
        Self { parts: Some(Stock::take(&STOCK).unwrap_or_else(Parts::boxed)) }
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

impl Deref for PooledHead {
    type Target = Head;

    #[inline]
    fn deref(&self) -> &Head {
        &self.parts().head
    }
}

impl DerefMut for PooledHead {
    #[inline]
    fn deref_mut(&mut self) -> &mut Head {
        &mut self.parts_mut().head
    }
}

impl Drop for PooledHead {
    #[inline]
    fn drop(&mut self) {
        let Some(mut parts) = self.parts.take() else { return };
        // Receive buffers go back at once, not when the memory is used again.
        parts.bytes.replace(Bytes::new());
        parts.body.replace(Bytes::new());
        parts.params.clear();
        parts.pipe = None;
        if parts.head.headers.capacity() <= HEADERS_KEPT {
            Stock::give(&STOCK, parts);
        }
    }
}

impl Parts {
    #[cold]
    fn boxed() -> Box<Self> {
        Box::new(Self {
            head: Head::default(),
            bytes: Bytes::new(),
            body: Bytes::new(),
            params: Params::default(),
            peer: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
            pipe: None,
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use dx_http::{HeadParser, Limits, Progress};

    use super::*;

    pub(crate) const PEER: ([u8; 4], u16) = ([192, 0, 2, 1], 4711);

    /// The request whose head is `head`, as a connection makes it.
    pub(crate) fn request(head: &str, body: &[u8]) -> Request {
        let mut pooled = PooledHead::take();
        let bytes = Bytes::from([b"...", head.as_bytes()].concat()).slice(3..);
        let done = HeadParser::default().parse(&bytes, &Limits::default(), &mut pooled);
        assert_eq!(done, Ok(Progress::Complete { len: head.len() }), "{head}");
        Request::new(pooled, bytes, Bytes::from(body.to_vec()), PEER.into())
    }

    fn kept() -> usize {
        Stock::len(&STOCK)
    }

    #[test]
    fn everything_that_was_sent() {
        let request = request(
            "PURGE http://a.example:81/x%20y/?q=%31&r HTTP/1.0\r\nHost: b\r\nX-A: 1\r\nx-a:  2 \
             \r\nX-B: \u{e9}\r\n\r\n",
            b"\xffbody",
        );
        assert_eq!((request.method(), request.method_str()), (Method::Other, "PURGE"));
        assert_eq!(request.target(), "http://a.example:81/x%20y/?q=%31&r");
        assert_eq!((request.path(), request.query()), ("/x%20y/", Some("q=%31&r")));
        assert_eq!(request.host(), Some("a.example:81"));
        assert_eq!(request.version(), Version::Http10);
        assert_eq!(request.peer(), PEER.into());
        assert_eq!(request.header("HOST"), Some(&b"b"[..]));
        assert_eq!(request.header_str("x-a"), Some("1"));
        assert_eq!(request.header_str("x-b"), Some("\u{e9}"));
        assert_eq!(request.header("x-c"), None);
        assert!(request.header_all("x-A").eq([b"1", b"2"]));
        let headers: [(&str, &[u8]); 4] =
            [("Host", b"b"), ("X-A", b"1"), ("x-a", b"2"), ("X-B", "\u{e9}".as_bytes())];
        assert!(request.headers().eq(headers));
        assert_eq!(request.param("x"), None);
        assert_eq!(request.param_text("x"), None);
        assert_eq!(request.body(), b"\xffbody");
        assert_eq!(request.body_text(), Err(TextError::NotUtf8 { valid_len: 0 }));
        assert_eq!(request.into_body(), b"\xffbody");
    }

    #[test]
    fn little_that_was_sent() {
        let request = request("GET / HTTP/1.0\r\n\r\n", b"");
        assert_eq!((request.method_str(), request.path(), request.query()), ("GET", "/", None));
        assert_eq!((request.host(), request.headers().count()), (None, 0));
        assert_eq!(request.body_text().as_deref(), Ok(""));
        let written = "Request { method: \"GET\", path: \"/\", params: [], body_len: 0, .. }";
        assert_eq!(format!("{request:?}"), written);
    }

    #[test]
    fn bodies_are_shared() {
        let request = request("GET / HTTP/1.0\r\n\r\n", b"text");
        let address = request.body().as_ptr();
        let text = request.body_text().expect("it is text");
        assert_eq!(text.as_bytes().as_ptr(), address);
        assert_eq!(request.into_body().as_ptr(), address);
        assert_eq!(text, "text");
    }

    #[test]
    fn memory_is_used_again_and_lets_go_of_bytes() {
        let vec = Rc::new(b"GET / HTTP/1.0\r\n\r\n".to_vec());
        let bytes = || Bytes::from_shared(vec.clone(), 0..vec.len());
        let mut head = PooledHead::take();
        let done = HeadParser::default().parse(&vec, &Limits::default(), &mut head);
        assert_eq!(done, Ok(Progress::Complete { len: vec.len() }));
        let request = Request::new(head, bytes(), bytes(), PEER.into());
        assert_eq!((Rc::strong_count(&vec), kept()), (3, 0));
        drop(request);
        assert_eq!((Rc::strong_count(&vec), kept()), (1, 1));
        let head = PooledHead::take();
        assert_eq!(kept(), 0);
        drop(head);
        assert_eq!(kept(), 1);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let heads: Vec<_> = (0..REQUESTS_KEPT + 10).map(|_| PooledHead::take()).collect();
        drop(heads);
        assert_eq!(kept(), REQUESTS_KEPT);
        while Stock::take(&STOCK).is_some() {}
        let mut head = PooledHead::take();
        head.headers.reserve(HEADERS_KEPT + 1);
        drop(head);
        assert_eq!(kept(), 0);
    }
}
