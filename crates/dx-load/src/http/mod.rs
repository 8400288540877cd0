//! HTTP/1.1 for the generator.
//!
//! Owns [`Http`], the wire, and [`Url`]. Knows no socket. Invariant: its request asks for a
//! connection that stays open.

mod answer;
mod url;

pub use url::{Url, UrlError};

use crate::wire::{AnswerError, Wire};

use self::answer::Shape;

/// Length of the request of [`Http::plaintext`]: that of TechEmpower's plaintext test.
pub const PLAINTEXT_BYTES: usize = 165;

/// One HTTP/1.1 request, and the shape of its answer once it was learnt.
///
/// ```
/// use dx_load::Wire;
/// use dx_load::http::Http;
///
/// let wire = Http::get(&"http://localhost:8080/".parse().unwrap());
/// assert!(wire.request().starts_with(b"GET / HTTP/1.1\r\nHost: localhost:8080\r\n"));
/// ```
#[derive(Clone, Debug)]
pub struct Http {
    request: Vec<u8>,
    body: Option<Vec<u8>>,
    shape: Option<Shape>,
}

impl Http {
    /// Any request, as bytes. Its method must not be HEAD, whose answers have no body.
    #[must_use]
    pub const fn new(request: Vec<u8>) -> Self {
        Self { request, body: None, shape: None }
    }

    /// A GET of `url`.
    #[must_use]
    pub fn get(url: &Url) -> Self {
        let request = format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: dx-load/{}\r\nAccept: */*\r\n\r\n",
            url.target(),
            url.authority(),
            env!("CARGO_PKG_VERSION"),
        );
        Self::new(request.into_bytes())
    }

    /// A request without a body of exactly [`PLAINTEXT_BYTES`], so that results for different
    /// targets compare; the `User-Agent` is as long as the rest leaves room for. `None` when
    /// method and target leave none: together they may have 24 bytes.
    #[must_use]
    pub fn plaintext(method: &str, target: &str) -> Option<Self> {
        let before = format!(
            "{method} {target} HTTP/1.1\r\nHost: server\r\n\
             Accept: text/plain,text/html;q=0.9,application/xhtml+xml;q=0.9,*/*;q=0.7\r\n\
             User-Agent: "
        );
        let after = "\r\nConnection: keep-alive\r\n\r\n";
        let room = PLAINTEXT_BYTES.checked_sub(before.len() + after.len());
        let room = room.filter(|room| *room > 0)?;
        let agent: String = "load/1".chars().chain(core::iter::repeat('x')).take(room).collect();
        Some(Self::new([&before, &agent, after].concat().into_bytes()))
    }

    /// Demands this body; without it, the first answer's is demanded of all others.
    #[must_use]
    pub fn expect_body(mut self, body: Vec<u8>) -> Self {
        self.body = Some(body);
        self
    }
}

impl Wire for Http {
    fn request(&self) -> &[u8] {
        &self.request
    }

    fn learn(&mut self, bytes: &[u8]) -> Result<Option<usize>, AnswerError> {
        let Some(shape) = Shape::learn(bytes)? else { return Ok(None) };
        if self.body.as_ref().is_some_and(|body| body != shape.body()) {
            return Err(AnswerError::Content);
        }
        let length = shape.bytes();
        self.shape = Some(shape);
        Ok(Some(length))
    }

    fn opening(&self) -> &[u8] {
        self.shape.as_ref().map_or(&[], Shape::opening)
    }

    fn differs(&self, found: &[u8]) -> AnswerError {
        answer::differs(found)
    }

    fn check(&self, answer: &[u8]) -> Result<(), AnswerError> {
        self.shape.as_ref().map_or(Err(AnswerError::Malformed), |shape| shape.check(answer))
    }
}

#[cfg(test)]
mod tests {
    use super::{AnswerError, Http, PLAINTEXT_BYTES, Wire};

    #[test]
    fn every_plaintext_request_has_the_same_length_and_is_a_request() {
        for (method, target) in [("GET", "/"), ("POST", "/echo"), ("GET", "/user/12345678901234")] {
            let wire = Http::plaintext(method, target).unwrap();
            assert_eq!(wire.request().len(), PLAINTEXT_BYTES);
            let mut headers = [httparse::EMPTY_HEADER; 8];
            let mut parsed = httparse::Request::new(&mut headers);
            assert!(parsed.parse(wire.request()).unwrap().is_complete());
            assert_eq!((parsed.method, parsed.path), (Some(method), Some(target)));
            let names: Vec<_> = parsed.headers.iter().map(|header| header.name).collect();
            assert_eq!(names, ["Host", "Accept", "User-Agent", "Connection"]);
        }
    }

    #[test]
    fn the_room_is_used_to_the_last_byte_and_no_further() {
        assert!(Http::plaintext("GET", &"a".repeat(21)).is_some());
        assert!(Http::plaintext("GET", &"a".repeat(22)).is_none());
        assert!(Http::plaintext("GET", &"a".repeat(500)).is_none());
    }

    #[test]
    fn a_demanded_body_is_demanded_of_the_first_answer_too() {
        const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
        let wire = || Http::plaintext("GET", "/").unwrap();
        assert_eq!(wire().learn(ANSWER), Ok(Some(ANSWER.len())));
        assert_eq!(wire().expect_body(b"hi".to_vec()).learn(ANSWER), Ok(Some(ANSWER.len())));
        assert_eq!(wire().expect_body(b"ho".to_vec()).learn(ANSWER), Err(AnswerError::Content));
        assert_eq!(wire().check(ANSWER), Err(AnswerError::Malformed), "nothing was learnt");
    }
}
