//! What a server under test has said.
//!
//! Owns [`TestResponse`] and how one is read from bytes. May not know where they come from. Its one
//! invariant: a response is read when it is whole, by the rules of RFC 9112 section 6.3.

use core::fmt;
use core::str;

use dx_http::{BodyDecoder, BodyStep, Framing, Limits, Status};
use serde::de::DeserializeOwned;

/// A response as a client sees it.
pub struct TestResponse {
    status: Status,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl TestResponse {
    /// The final response at the beginning of `bytes`, if it is whole; `to_head`: it answers HEAD.
    ///
    /// # Panics
    ///
    /// If the bytes are no response.
    pub(super) fn read(bytes: &[u8], to_head: bool, has_ended: bool) -> Option<Self> {
        let head_len = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
        let head = &bytes[..head_len - 4];
        let rest = &bytes[head_len..];
        let mut lines = head.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii_end);
        let status = lines.next().and_then(status_of);
        let Some(status) = status else { panic!("no response: {}", bytes.escape_ascii()) };
        if status.is_informational() {
            return Self::read(rest, to_head, has_ended);
        }
        let headers = lines.map(header_of).collect();
        let response = Self { status, headers, body: Vec::new() };
        let body = response.body_in(rest, to_head, has_ended)?;
        Some(Self { body, ..response })
    }

    fn body_in(&self, rest: &[u8], to_head: bool, has_ended: bool) -> Option<Vec<u8>> {
        if to_head || matches!(self.status, Status::NO_CONTENT | Status::NOT_MODIFIED) {
            return Some(Vec::new());
        }
        if self.header("transfer-encoding") == Some(b"chunked") {
            return unchunked(rest);
        }
        match self.header_str("content-length") {
            Some(len) => {
                let len: usize = len.parse().expect("a length in digits");
                rest.get(..len).map(<[u8]>::to_vec)
            }
            None => has_ended.then(|| rest.to_vec()),
        }
    }

    /// The status.
    pub const fn status(&self) -> Status {
        self.status
    }

    /// The first value of the header `name`, compared without regard to ASCII case.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        let mut lines = self.headers.iter();
        let line = lines.find(|(other, _)| other.eq_ignore_ascii_case(name));
        line.map(|(_, value)| &**value)
    }

    /// As [`TestResponse::header`], if the value is UTF-8.
    pub fn header_str(&self, name: &str) -> Option<&str> {
        self.header(name).and_then(|value| str::from_utf8(value).ok())
    }

    /// Every header line, in the order sent.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.headers.iter().map(|(name, value)| (&**name, &**value))
    }

    /// The content.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The content as text.
    ///
    /// # Panics
    ///
    /// If it is not UTF-8.
    pub fn text(&self) -> &str {
        str::from_utf8(&self.body).expect("content that is text")
    }

    /// The content, read as JSON.
    ///
    /// # Panics
    ///
    /// If it is no `T`.
    pub fn json<T: DeserializeOwned>(&self) -> T {
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("{error}: {}", self.body.escape_ascii()),
        }
    }
}

impl fmt::Debug for TestResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.status)?;
        let lossy = |bytes| String::from_utf8_lossy(bytes).into_owned();
        let headers = self.headers().map(|(name, value)| (name, lossy(value)));
        f.debug_map().entries(headers).finish()?;
        write!(f, " {:?}", lossy(&self.body))
    }
}

/// `HTTP/1.1 200 OK`
fn status_of(line: &[u8]) -> Option<Status> {
    let code = line.strip_prefix(b"HTTP/1.")?.get(2..5)?;
    Status::new(str::from_utf8(code).ok()?.parse().ok()?)
}

/// `name: value`
fn header_of(line: &[u8]) -> (String, Vec<u8>) {
    let colon = line.iter().position(|&byte| byte == b':');
    let Some(colon) = colon else { panic!("no header: {}", line.escape_ascii()) };
    let name = String::from_utf8_lossy(&line[..colon]).into_owned();
    (name, line[colon + 1..].trim_ascii().to_vec())
}

/// The content of a chunked body, if it is whole.
fn unchunked(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let mut decoder = BodyDecoder::new(Framing::Chunked);
    let mut body = Vec::new();
    loop {
        match decoder.decode(bytes, &Limits::default()).expect("a chunked body") {
            BodyStep::Data { data, consumed } => {
                body.extend_from_slice(data);
                bytes = &bytes[consumed..];
            }
            BodyStep::NeedMore { .. } => return None,
            BodyStep::Done { .. } => return Some(body),
        }
    }
}
