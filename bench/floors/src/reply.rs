//! The canned replies and their `Date`.
//!
//! Owns the exact bytes that a floor sends. It reads no clock: the loop passes the time once a
//! turn. Invariant: a reply's length never changes, only the 29 bytes of its date do (RFC 9110,
//! 5.6.7: an IMF-fixdate has fixed length).

use std::time::{SystemTime, UNIX_EPOCH};

/// Length of an IMF-fixdate.
const DATE_BYTES: usize = 29;

/// The replies to `/` and to anything else, with the date of the current second.
#[derive(Debug)]
pub struct Replies {
    hello: Canned,
    not_found: Canned,
    /// Seconds since 1970 of the date in the replies.
    second: u64,
}

impl Replies {
    /// Replies dated `now`.
    #[must_use]
    pub fn new(now: SystemTime) -> Self {
        let mut replies = Self {
            hello: Canned::new("200 OK", "Hello, World!"),
            not_found: Canned::new("404 Not Found", ""),
            second: 0,
        };
        replies.set_date(now);
        replies
    }

    /// Brings the date up to `now`; does nothing within the same second.
    pub fn refresh(&mut self, now: SystemTime) {
        if seconds(now) != self.second {
            self.set_date(now);
        }
    }

    fn set_date(&mut self, now: SystemTime) {
        let date = httpdate::fmt_http_date(now);
        self.hello.set_date(&date);
        self.not_found.set_date(&date);
        self.second = seconds(now);
    }

    /// The reply to a request for `/`.
    #[must_use]
    pub fn hello(&self) -> &[u8] {
        &self.hello.bytes
    }

    /// The reply to a request for any other path.
    #[must_use]
    pub fn not_found(&self) -> &[u8] {
        &self.not_found.bytes
    }
}

/// One reply with a hole for the date.
#[derive(Debug)]
struct Canned {
    bytes: Vec<u8>,
    date_at: usize,
}

impl Canned {
    fn new(status: &str, body: &str) -> Self {
        let mut bytes = format!(
            "HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\n\
             content-length: {}\r\ndate: ",
            body.len()
        )
        .into_bytes();
        let date_at = bytes.len();
        bytes.resize(date_at + DATE_BYTES, b' ');
        bytes.extend_from_slice(b"\r\n\r\n");
        bytes.extend_from_slice(body.as_bytes());
        Self { bytes, date_at }
    }

    fn set_date(&mut self, date: &str) {
        self.bytes[self.date_at..self.date_at + DATE_BYTES].copy_from_slice(date.as_bytes());
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_reply_has_these_bytes_and_only_its_date_changes() {
        let at = |seconds| UNIX_EPOCH + Duration::from_millis(seconds);
        let mut replies = Replies::new(at(784_111_777_000));
        let expected = |time: &str| {
            format!(
                "HTTP/1.1 200 OK\r\ncontent-type: text/plain; charset=utf-8\r\n\
                 content-length: 13\r\ndate: Sun, 06 Nov 1994 {time} GMT\r\n\r\nHello, World!"
            )
        };
        assert_eq!(replies.hello(), expected("08:49:37").as_bytes());
        replies.refresh(at(784_111_777_999));
        assert_eq!(replies.hello(), expected("08:49:37").as_bytes());
        replies.refresh(at(784_111_778_000));
        assert_eq!(replies.hello(), expected("08:49:38").as_bytes());
        assert!(replies.not_found().starts_with(b"HTTP/1.1 404 Not Found\r\n"));
        assert!(replies.not_found().ends_with(b"08:49:38 GMT\r\n\r\n"));
    }
}
