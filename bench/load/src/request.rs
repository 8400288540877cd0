//! The request that every connection repeats.
//!
//! Owns its bytes. Knows no socket. Invariant: it has exactly [`REQUEST_BYTES`] bytes whatever
//! the method and path, so that results for different paths compare.

use std::fmt;

/// Length of every request: that of TechEmpower's plaintext request.
pub const REQUEST_BYTES: usize = 165;

/// The method and path leave no room for a `User-Agent` in [`REQUEST_BYTES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestTooLong;

impl fmt::Display for RequestTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "method and path do not fit a request of {REQUEST_BYTES} bytes")
    }
}

impl std::error::Error for RequestTooLong {}

/// A keep-alive request without a body; the `User-Agent` is as long as the rest leaves room for.
///
/// # Errors
///
/// [`RequestTooLong`] when method and path together have more than 24 bytes.
///
/// ```
/// let request = bench_load::request::request("GET", "/").unwrap();
/// assert_eq!(request.len(), 165);
/// assert!(request.starts_with(b"GET / HTTP/1.1\r\nHost: "));
/// ```
pub fn request(method: &str, path: &str) -> Result<Vec<u8>, RequestTooLong> {
    let before = format!(
        "{method} {path} HTTP/1.1\r\nHost: server\r\n\
         Accept: text/plain,text/html;q=0.9,application/xhtml+xml;q=0.9,*/*;q=0.7\r\n\
         User-Agent: "
    );
    let after = "\r\nConnection: keep-alive\r\n\r\n";
    let agent = REQUEST_BYTES
        .checked_sub(before.len() + after.len())
        .filter(|room| *room > 0)
        .ok_or(RequestTooLong)?;
    let agent: String = "load/1".chars().chain(std::iter::repeat('x')).take(agent).collect();
    let request = [before, agent, after.to_owned()].concat().into_bytes();
    assert_eq!(request.len(), REQUEST_BYTES);
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_has_the_same_length_and_is_a_request() {
        for (method, path) in [("GET", "/"), ("POST", "/echo"), ("GET", "/user/12345678901234")] {
            let request = request(method, path).unwrap();
            assert_eq!(request.len(), REQUEST_BYTES);
            let mut headers = [httparse::EMPTY_HEADER; 8];
            let mut parsed = httparse::Request::new(&mut headers);
            assert!(parsed.parse(&request).unwrap().is_complete());
            assert_eq!((parsed.method, parsed.path), (Some(method), Some(path)));
            let names: Vec<_> = parsed.headers.iter().map(|header| header.name).collect();
            assert_eq!(names, ["Host", "Accept", "User-Agent", "Connection"]);
        }
    }

    #[test]
    fn the_room_is_used_to_the_last_byte_and_no_further() {
        assert!(request("GET", &"a".repeat(21)).is_ok());
        assert_eq!(request("GET", &"a".repeat(22)), Err(RequestTooLong));
        assert_eq!(request("GET", &"a".repeat(500)), Err(RequestTooLong));
    }
}
