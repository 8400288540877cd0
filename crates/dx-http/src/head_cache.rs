//! The response head that was written last.
//!
//! Owns one head in its encoded form and what it was made from. May not know the grammar: the
//! encoder made the bytes. Its one invariant: what is given out is what [`ResponseHead::encode`]
//! would write for the same head.

use crate::{Date, ResponseFraming, ResponseHead, Status, Version};

/// Remembers the last plain head: 200, HTTP/1.1, kept alive, a content type that is part of the
/// program, a known length, no further headers. A server that answers many requests of one kind
/// in one second writes the same head each time; then it is one copy.
///
/// ```
/// use dx_http::{Date, HeadCache, HeaderValue, ResponseFraming, ResponseHead, Status, Version};
///
/// let mut cache = HeadCache::new();
/// let head = ResponseHead {
///     status: Status::OK,
///     version: Version::Http11,
///     keep_alive: true,
///     content_type: Some(&HeaderValue::from_static("text/plain")),
///     framing: ResponseFraming::Length(13),
///     date: &Date::from_unix(784_111_777),
///     headers: &[],
/// };
/// let (mut first, mut again, mut plain) = (Vec::new(), Vec::new(), Vec::new());
/// cache.encode(&head, &mut first);
/// cache.encode(&head, &mut again);
/// head.encode(&mut plain);
/// assert_eq!((&first, &again), (&plain, &plain));
/// ```
#[derive(Clone, Debug)]
pub struct HeadCache {
    content_type: &'static [u8],
    length: u64,
    date: Date,
    /// Empty until a head was kept.
    bytes: Vec<u8>,
}

impl Default for HeadCache {
    fn default() -> Self {
        Self::new()
    }
}

impl HeadCache {
    /// A cache of nothing.
    #[must_use]
    pub fn new() -> Self {
        Self { content_type: &[], length: 0, date: Date::from_unix(0), bytes: Vec::new() }
    }

    /// Appends `head` to `out`, as [`ResponseHead::encode`] does.
    #[inline]
    pub fn encode(&mut self, head: &ResponseHead<'_>, out: &mut Vec<u8>) {
        let plain = head.status == Status::OK
            && head.version == Version::Http11
            && head.keep_alive
            && head.headers.is_empty();
        let content_type = head.content_type.and_then(|value| value.as_static());
        let (true, Some(content_type), ResponseFraming::Length(length)) =
            (plain, content_type, head.framing)
        else {
            return head.encode(out);
        };
        // By place: the same constant is the same type, and another one is merely encoded anew.
        let known = core::ptr::eq(self.content_type, content_type)
            && self.length == length
            && self.date == *head.date
            && !self.bytes.is_empty();
        if !known {
            self.bytes.clear();
            head.encode(&mut self.bytes);
            (self.content_type, self.length, self.date) = (content_type, length, *head.date);
        }
        out.extend_from_slice(&self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{HeaderName, HeaderValue};

    #[test]
    fn a_cached_head_is_the_encoded_head() {
        let text = HeaderValue::from_static("text/plain");
        let html = HeaderValue::from_static("text/html");
        let boxed = HeaderValue::new("text/plain").unwrap();
        let extra = [(HeaderName::from_static("x"), HeaderValue::from_static("y"))];
        let mut cache = HeadCache::new();
        let mut heads = 0;
        // Every neighbour differs from the one before in one respect, and comes twice.
        for date in [0, 1] {
            let date = Date::from_unix(date);
            for content_type in [None, Some(&text), Some(&html), Some(&boxed), Some(&text)] {
                for framing in [
                    ResponseFraming::Length(0),
                    ResponseFraming::Length(13),
                    ResponseFraming::Chunked,
                    ResponseFraming::None,
                    ResponseFraming::Length(13),
                ] {
                    for (status, version, keep_alive) in [
                        (Status::OK, Version::Http11, true),
                        (Status::OK, Version::Http11, false),
                        (Status::OK, Version::Http10, true),
                        (Status::NOT_FOUND, Version::Http11, true),
                    ] {
                        for headers in [&extra[..0], &extra] {
                            let head = ResponseHead {
                                status,
                                version,
                                keep_alive,
                                content_type,
                                framing,
                                date: &date,
                                headers,
                            };
                            let mut plain = Vec::new();
                            head.encode(&mut plain);
                            for _ in 0..2 {
                                let mut cached = b"before".to_vec();
                                cache.encode(&head, &mut cached);
                                assert_eq!(&cached[6..], plain, "{head:?}");
                            }
                            heads += 1;
                        }
                    }
                }
            }
        }
        assert_eq!(heads, 2 * 5 * 5 * 4 * 2);
    }
}
