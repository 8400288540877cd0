//! The shape of the response: learnt once, then expected byte for byte or by length.
//!
//! Owns the parsing of response heads. Knows no socket. Invariant: only a response with status
//! 200 and a `Content-Length` has a shape.

use std::fmt;

use crate::limits::{HEADERS_MAX, RESPONSE_BYTES_MAX};

/// Why a response cannot be measured, or is not the one that was learnt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResponseError {
    /// The head is no HTTP/1.1 response head.
    Malformed,
    /// The status is not 200.
    Status(u16),
    /// There is no usable `Content-Length`, so the end cannot be known without parsing.
    LengthMissing,
    /// Head and body exceed [`RESPONSE_BYTES_MAX`].
    TooLong,
    /// The head or the body has another length than before.
    LengthChanged,
    /// The body differs.
    BodyChanged,
}

impl fmt::Display for ResponseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("the response head is malformed"),
            Self::Status(code) => write!(f, "the status is {code}, not 200"),
            Self::LengthMissing => f.write_str("the response has no usable content-length"),
            Self::TooLong => write!(f, "the response exceeds {RESPONSE_BYTES_MAX} bytes"),
            Self::LengthChanged => f.write_str("the response's length changed"),
            Self::BodyChanged => f.write_str("the response's body is not the expected one"),
        }
    }
}

impl std::error::Error for ResponseError {}

/// What every response must look like: the length of its head, and its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    head_bytes: usize,
    body: Vec<u8>,
}

impl Shape {
    /// The shape of the response at the start of `bytes`; `None` while it is incomplete.
    ///
    /// # Errors
    ///
    /// [`ResponseError`] when the response can have no shape.
    pub fn learn(bytes: &[u8]) -> Result<Option<Self>, ResponseError> {
        let Some((head_bytes, body_bytes)) = lengths(bytes)? else {
            return if bytes.len() > RESPONSE_BYTES_MAX {
                Err(ResponseError::TooLong)
            } else {
                Ok(None)
            };
        };
        if body_bytes > RESPONSE_BYTES_MAX || head_bytes + body_bytes > RESPONSE_BYTES_MAX {
            return Err(ResponseError::TooLong);
        }
        let body = bytes.get(head_bytes..head_bytes + body_bytes);
        Ok(body.map(|body| Self { head_bytes, body: body.to_vec() }))
    }

    /// Checks one whole response: status 200, the learnt lengths, the learnt body. The head's
    /// content may differ (the date does).
    ///
    /// # Errors
    ///
    /// [`ResponseError`] naming the first difference.
    pub fn check(&self, response: &[u8]) -> Result<(), ResponseError> {
        let lengths = lengths(response)?.ok_or(ResponseError::Malformed)?;
        if lengths != (self.head_bytes, self.body.len()) || response.len() != self.bytes() {
            return Err(ResponseError::LengthChanged);
        }
        if response[self.head_bytes..] != self.body {
            return Err(ResponseError::BodyChanged);
        }
        Ok(())
    }

    /// Bytes of the whole response.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.head_bytes + self.body.len()
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }
}

/// The lengths of head and body; `None` while the head is incomplete.
fn lengths(bytes: &[u8]) -> Result<Option<(usize, usize)>, ResponseError> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut response = httparse::Response::new(&mut headers);
    let head_bytes = match response.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(ResponseError::Malformed),
    };
    match response.code {
        Some(200) => {}
        Some(code) => return Err(ResponseError::Status(code)),
        None => return Err(ResponseError::Malformed),
    }
    let body_bytes = response
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("content-length"))
        .and_then(|header| std::str::from_utf8(header.value).ok())
        .and_then(|value| value.parse().ok())
        .ok_or(ResponseError::LengthMissing)?;
    Ok(Some((head_bytes, body_bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\ndate: 01\r\n\r\nhi";

    #[test]
    fn a_shape_is_learnt_at_the_last_byte_and_not_before() {
        for length in 0..GOOD.len() {
            assert_eq!(Shape::learn(&GOOD[..length]), Ok(None), "{length}");
        }
        let shape = Shape::learn(&[GOOD, GOOD].concat()).unwrap().unwrap();
        assert_eq!((shape.bytes(), shape.body()), (GOOD.len(), b"hi".as_slice()));
    }

    #[test]
    fn each_difference_has_its_error() {
        let shape = Shape::learn(GOOD).unwrap().unwrap();
        let changed = |from, to| String::from_utf8(GOOD.to_vec()).unwrap().replace(from, to);
        let rows = [
            (changed("01", "02"), Ok(())),
            (changed("200 OK", "500 No"), Err(ResponseError::Status(500))),
            (changed("hi", "ho"), Err(ResponseError::BodyChanged)),
            (changed("hi", "h"), Err(ResponseError::LengthChanged)),
            (changed("01", "001"), Err(ResponseError::LengthChanged)),
            (changed("date", "content-type"), Err(ResponseError::LengthChanged)),
            (changed("Content-Length", "Content-Lengte"), Err(ResponseError::LengthMissing)),
            (changed("HTTP", "HTTQ"), Err(ResponseError::Malformed)),
            (changed("\r\n\r\nhi", "\r\n"), Err(ResponseError::Malformed)),
        ];
        for (response, expected) in rows {
            assert_eq!(shape.check(response.as_bytes()), expected, "{response}");
        }
    }

    #[test]
    fn a_huge_length_is_refused_and_not_added_up() {
        for length in ["65537", "18446744073709551615"] {
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
            assert_eq!(Shape::learn(head.as_bytes()), Err(ResponseError::TooLong), "{length}");
        }
    }
}
