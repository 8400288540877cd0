//! The shape of an HTTP answer: learnt once, then expected byte for byte or by length.
//!
//! Owns the parsing of answers. Knows no socket. Invariant: only a good answer that says where it
//! ends has a shape.

use crate::limits::{ANSWER_BYTES_MAX, HEADERS_MAX};
use crate::wire::AnswerError;

/// Bytes of `HTTP/1.1 200`: what all answers to one request have in common, and what shows that
/// an answer begins where it should.
const OPENING_BYTES: usize = 12;

/// What every answer must look like: status, length of the head, and body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    opening: [u8; OPENING_BYTES],
    head_bytes: usize,
    /// As sent: of a chunked body with its framing.
    body: Vec<u8>,
    is_chunked: bool,
}

impl Shape {
    /// The shape of the answer at the start of `bytes`; `None` while it is incomplete.
    pub(super) fn learn(bytes: &[u8]) -> Result<Option<Self>, AnswerError> {
        let too_long = bytes.len() > ANSWER_BYTES_MAX;
        let incomplete = if too_long { Err(AnswerError::TooLong) } else { Ok(None) };
        let Some(head) = Head::parse(bytes)? else { return incomplete };
        if !(200..300).contains(&head.status) {
            return Err(AnswerError::Status(head.status));
        }
        if head.closes {
            return Err(AnswerError::Closes);
        }
        let rest = &bytes[head.bytes..];
        let body_bytes = match head.body {
            Body::Length(length) => (length <= rest.len() as u64).then_some(length as usize),
            Body::Chunked => chunked_bytes(rest)?,
        };
        if let Body::Length(length) = head.body
            && length > (ANSWER_BYTES_MAX - head.bytes.min(ANSWER_BYTES_MAX)) as u64
        {
            return Err(AnswerError::TooLong);
        }
        let Some(body_bytes) = body_bytes else { return incomplete };
        let opening = bytes.first_chunk().ok_or(AnswerError::Malformed)?;
        Ok(Some(Self {
            opening: *opening,
            head_bytes: head.bytes,
            body: rest[..body_bytes].to_vec(),
            is_chunked: matches!(head.body, Body::Chunked),
        }))
    }

    /// Checks one whole answer: the learnt status, lengths and body. The head's content may
    /// differ (the date does).
    pub(super) fn check(&self, answer: &[u8]) -> Result<(), AnswerError> {
        let head = Head::parse(answer)?.ok_or(AnswerError::Malformed)?;
        if !answer.starts_with(&self.opening) {
            return Err(AnswerError::Status(head.status));
        }
        let same_framing = match head.body {
            Body::Length(length) => !self.is_chunked && length == self.body.len() as u64,
            Body::Chunked => self.is_chunked,
        };
        if !same_framing || head.bytes != self.head_bytes || answer.len() != self.bytes() {
            return Err(AnswerError::Length);
        }
        if answer[self.head_bytes..] != self.body {
            return Err(AnswerError::Content);
        }
        Ok(())
    }

    pub(super) const fn opening(&self) -> &[u8] {
        &self.opening
    }

    /// Bytes of the whole answer.
    pub(super) fn bytes(&self) -> usize {
        self.head_bytes + self.body.len()
    }

    /// The body, as sent.
    pub(super) fn body(&self) -> &[u8] {
        &self.body
    }
}

/// What `found` is when it stands where an answer should begin.
pub(super) fn differs(found: &[u8]) -> AnswerError {
    let digits = found.strip_prefix(b"HTTP/1.1 ").or_else(|| found.strip_prefix(b"HTTP/1.0 "));
    let status = digits
        .and_then(|digits| digits.get(..3))
        .and_then(|digits| core::str::from_utf8(digits).ok())
        .and_then(|digits| digits.parse().ok());
    // Anything else is the middle of an answer: one before it had another length.
    status.map_or(AnswerError::Length, AnswerError::Status)
}

/// Where a body ends (RFC 9112, 6.3).
enum Body {
    Length(u64),
    Chunked,
}

struct Head {
    bytes: usize,
    status: u16,
    closes: bool,
    body: Body,
}

impl Head {
    /// The head at the start of `bytes`; `None` while it is incomplete.
    fn parse(bytes: &[u8]) -> Result<Option<Self>, AnswerError> {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut response = httparse::Response::new(&mut headers);
        let head_bytes = match response.parse(bytes) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(_) => return Err(AnswerError::Malformed),
        };
        let status = response.code.ok_or(AnswerError::Malformed)?;
        let values = |name: &'static str| {
            let named =
                move |header: &&httparse::Header<'_>| header.name.eq_ignore_ascii_case(name);
            response.headers.iter().filter(named).map(|header| header.value)
        };
        let has = |name, word: &[u8]| {
            values(name)
                .flat_map(|value| value.split(|byte| *byte == b','))
                .any(|part| part.trim_ascii().eq_ignore_ascii_case(word))
        };
        let is_old = response.version == Some(0);
        let closes = has("connection", b"close") || (is_old && !has("connection", b"keep-alive"));
        let body = if has("transfer-encoding", b"chunked") {
            Body::Chunked
        } else if let Some(value) = values("content-length").next() {
            let digits = core::str::from_utf8(value).ok().and_then(|value| value.parse().ok());
            Body::Length(digits.ok_or(AnswerError::LengthMissing)?)
        } else if status == 204 || status == 304 {
            Body::Length(0)
        } else if (200..300).contains(&status) {
            return Err(AnswerError::LengthMissing);
        } else {
            // The status is what matters, not where the body of a failure ends.
            Body::Length(0)
        };
        Ok(Some(Self { bytes: head_bytes, status, closes, body }))
    }
}

/// Bytes of the chunked body at the start of `bytes` (RFC 9112, 7.1); `None` while it is
/// incomplete.
fn chunked_bytes(bytes: &[u8]) -> Result<Option<usize>, AnswerError> {
    let mut at = 0;
    loop {
        match httparse::parse_chunk_size(&bytes[at..]) {
            Ok(httparse::Status::Complete((line, 0))) => at += line,
            Ok(httparse::Status::Complete((line, size))) => {
                if size > ANSWER_BYTES_MAX as u64 {
                    return Err(AnswerError::TooLong);
                }
                at += line + size as usize;
                match bytes.get(at..at + 2) {
                    Some(b"\r\n") => at += 2,
                    Some(_) => return Err(AnswerError::Malformed),
                    None => return Ok(None),
                }
                continue;
            }
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(_) => return Err(AnswerError::Malformed),
        }
        // After the last chunk: trailers, each on its line, up to an empty one.
        loop {
            let Some(line) = bytes[at..].windows(2).position(|pair| pair == b"\r\n") else {
                return Ok(None);
            };
            at += line + 2;
            if line == 0 {
                return Ok(Some(at));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{AnswerError, Shape, differs};

    const GOOD: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\ndate: 01\r\n\r\nhi";
    const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\
                           2\r\nhi\r\n3;a=b\r\nyou\r\n0\r\ntrailer: a\r\n\r\n";
    const EMPTY: &str = "HTTP/1.1 204 No Content\r\n\r\n";

    #[test]
    fn a_shape_is_learnt_at_the_last_byte_and_not_before() {
        for good in [GOOD, CHUNKED, EMPTY] {
            for length in 0..good.len() {
                assert_eq!(Shape::learn(&good.as_bytes()[..length]), Ok(None), "{length} {good}");
            }
            let twice = [good, good].concat();
            let shape = Shape::learn(twice.as_bytes()).unwrap().unwrap();
            assert_eq!(shape.bytes(), good.len());
            assert_eq!(shape.check(good.as_bytes()), Ok(()));
        }
    }

    #[test]
    fn each_difference_has_its_error() {
        let shape = Shape::learn(GOOD.as_bytes()).unwrap().unwrap();
        let rows = [
            (("01", "02"), Ok(())),
            (("200 OK", "500 No"), Err(AnswerError::Status(500))),
            (("hi", "ho"), Err(AnswerError::Content)),
            (("hi", "h"), Err(AnswerError::Length)),
            (("01", "001"), Err(AnswerError::Length)),
            (("date", "content-type"), Err(AnswerError::Length)),
            (("Content-Length", "Content-Lengte"), Err(AnswerError::LengthMissing)),
            (("HTTP", "HTTQ"), Err(AnswerError::Malformed)),
            (("\r\n\r\nhi", "\r\n"), Err(AnswerError::Malformed)),
        ];
        for ((from, to), expected) in rows {
            let answer = GOOD.replace(from, to);
            assert_eq!(shape.check(answer.as_bytes()), expected, "{answer}");
        }
        assert_eq!(shape.check(CHUNKED.as_bytes()), Err(AnswerError::Length));
    }

    #[test]
    fn what_cannot_be_measured_is_refused() {
        let rows = [
            ("HTTP/1.1 404 No\r\n\r\n", AnswerError::Status(404)),
            ("HTTP/1.1 301 M\r\ncontent-length: 0\r\n\r\n", AnswerError::Status(301)),
            ("HTTP/1.1 200 OK\r\n\r\n", AnswerError::LengthMissing),
            ("HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n", AnswerError::LengthMissing),
            ("HTTP/1.1 200 OK\r\ncontent-length: 1048577\r\n\r\n", AnswerError::TooLong),
            (
                "HTTP/1.1 200 OK\r\ncontent-length: 18446744073709551615\r\n\r\n",
                AnswerError::TooLong,
            ),
            (
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nFFFFFF\r\n",
                AnswerError::TooLong,
            ),
            (
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nabc",
                AnswerError::Malformed,
            ),
            ("HTTP/1.1 200 OK\r\nconnection: a, Close\r\n\r\n", AnswerError::LengthMissing),
            (
                "HTTP/1.1 200 OK\r\nconnection: a, Close\r\ncontent-length: 0\r\n\r\n",
                AnswerError::Closes,
            ),
            ("HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n", AnswerError::Closes),
            ("SSH-2.0-OpenSSH\r\n", AnswerError::Malformed),
        ];
        for (answer, expected) in rows {
            assert_eq!(Shape::learn(answer.as_bytes()), Err(expected), "{answer}");
        }
        let endless = vec![b'a'; super::ANSWER_BYTES_MAX + 1];
        let head = b"HTTP/1.1 200 OK\r\na: ";
        assert_eq!(Shape::learn(&[head, &endless[..]].concat()), Err(AnswerError::TooLong));
    }

    #[test]
    fn a_wrong_opening_is_another_status_or_another_length() {
        assert_eq!(differs(b"HTTP/1.1 503 Busy"), AnswerError::Status(503));
        assert_eq!(differs(b"HTTP/1.1 50"), AnswerError::Length);
        assert_eq!(differs(b"!HTTP/1.1 200"), AnswerError::Length);
    }
}
