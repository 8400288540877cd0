//! Response heads and chunked response bodies.
//!
//! Owns what is written before and around a body. May not know the body or the request, except
//! its version. Its one invariant: what it writes has exactly one framing, which the peer
//! understands, and no input can add a line to it.

use crate::{Date, HeaderName, HeaderValue, Status, Version};

/// The interim response that invites a body, whole.
pub const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// Room for all that is not given by the caller: status line, framing, date, connection.
const FIXED_LEN_MAX: usize = 256;

/// How the end of a response body is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseFraming {
    /// This many bytes. Answering HEAD, the number GET would have had, and no body.
    Length(u64),
    /// Chunks, see [`ChunkedEncoder`].
    Chunked,
    /// The connection closes after the last byte.
    UntilClose,
    /// No body and no length: 1xx, 204 and 304.
    None,
}

/// The head of one response.
///
/// ```
/// use dx_http::{Date, HeaderValue, ResponseFraming, ResponseHead, Status, Version};
///
/// let mut out = Vec::new();
/// ResponseHead {
///     status: Status::OK,
///     version: Version::Http11,
///     keep_alive: true,
///     content_type: Some(&HeaderValue::from_static("text/plain")),
///     framing: ResponseFraming::Length(13),
///     date: &Date::from_unix(784_111_777),
///     headers: &[],
/// }
/// .encode(&mut out);
/// assert_eq!(
///     out,
///     b"HTTP/1.1 200 OK\r\ncontent-length: 13\r\ncontent-type: text/plain\r\n\
///       date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n"
/// );
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ResponseHead<'a> {
    /// The status.
    pub status: Status,
    /// The version of the request. The status line always says HTTP/1.1, the version of this
    /// server (RFC 9110 section 6.2); this decides what the peer understands.
    pub version: Version,
    /// Whether the connection stays open, as far as the framing allows it.
    pub keep_alive: bool,
    /// The value of `content-type`.
    pub content_type: Option<&'a HeaderValue>,
    /// How the body ends, as far as status and version allow it; see
    /// [`ResponseHead::framing_sent`].
    pub framing: ResponseFraming,
    /// The value of `date`.
    pub date: &'a Date,
    /// Further headers. Those that are [managed](HeaderName::is_managed) are skipped.
    pub headers: &'a [(HeaderName, HeaderValue)],
}

impl ResponseHead<'_> {
    /// The framing that is really announced, by which the body has to be written:
    ///
    /// - 1xx and 204 have none whatever was asked (RFC 9110 section 8.6, RFC 9112 section 6.1),
    /// - other statuses but 304 cannot have none; they get a length of 0,
    /// - chunks are not sent to HTTP/1.0 (RFC 9112 section 6.1); there the body ends with the
    ///   connection.
    #[inline]
    pub fn framing_sent(&self) -> ResponseFraming {
        match (self.framing, self.status) {
            (_, status) if status.is_informational() || status == Status::NO_CONTENT => {
                ResponseFraming::None
            }
            (ResponseFraming::None, Status::NOT_MODIFIED) => ResponseFraming::None,
            (ResponseFraming::None, _) => ResponseFraming::Length(0),
            (ResponseFraming::Chunked, _) if self.version < Version::Http11 => {
                ResponseFraming::UntilClose
            }
            (framing, _) => framing,
        }
    }

    /// Whether the connection stays open after this response, as it is announced.
    #[inline]
    pub fn keep_alive_sent(&self) -> bool {
        self.keep_alive && self.framing_sent() != ResponseFraming::UntilClose
    }

    /// Appends the head to `out`, up to and including the empty line.
    ///
    /// `out` grows at most once, by what this head needs.
    #[inline]
    pub fn encode(&self, out: &mut Vec<u8>) {
        let given = self
            .headers
            .iter()
            .map(|(name, value)| name.as_bytes().len() + value.as_bytes().len() + 4);
        let content_type = self.content_type.map_or(0, |value| value.as_bytes().len());
        out.reserve(FIXED_LEN_MAX + content_type + given.sum::<usize>());
        self.status_line(out);
        match self.framing_sent() {
            ResponseFraming::Length(length) => {
                out.extend_from_slice(b"content-length: ");
                decimal(length, out);
                out.extend_from_slice(b"\r\n");
            }
            ResponseFraming::Chunked => out.extend_from_slice(b"transfer-encoding: chunked\r\n"),
            ResponseFraming::UntilClose | ResponseFraming::None => {}
        }
        if let Some(value) = self.content_type {
            out.extend_from_slice(b"content-type: ");
            out.extend_from_slice(value.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
        for (name, value) in self.headers {
            if !name.is_managed() {
                out.extend_from_slice(name.as_bytes());
                out.extend_from_slice(b": ");
                out.extend_from_slice(value.as_bytes());
                out.extend_from_slice(b"\r\n");
            }
        }
        out.extend_from_slice(self.connection());
        if !self.status.is_informational() {
            // RFC 9110 section 6.6.1: MUST in 2xx, 3xx and 4xx.
            out.extend_from_slice(self.date.line());
        }
        out.extend_from_slice(b"\r\n");
    }

    #[inline(always)]
    fn status_line(&self, out: &mut Vec<u8>) {
        if self.status == Status::OK {
            out.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
        } else if let Some(line) = self.status.line() {
            out.extend_from_slice(line);
        } else {
            // RFC 9112 section 4: the SP stays when there is no reason phrase.
            out.extend_from_slice(b"HTTP/1.1 ");
            decimal(u64::from(self.status.code()), out);
            out.extend_from_slice(b" \r\n");
        }
    }

    /// The connection line, or nothing where the version's default says it.
    ///
    /// RFC 9110 section 7.8: who sends Upgrade, as 101 and 426 must, names it in Connection.
    #[inline(always)]
    fn connection(&self) -> &'static [u8] {
        match (self.status, self.keep_alive_sent(), self.version) {
            (Status::SWITCHING_PROTOCOLS, ..) => b"connection: upgrade\r\n",
            (Status::UPGRADE_REQUIRED, true, _) => b"connection: upgrade\r\n",
            (Status::UPGRADE_REQUIRED, false, _) => b"connection: close, upgrade\r\n",
            // An interim response says nothing about what follows the final one.
            (status, ..) if status.is_informational() => b"",
            (_, true, Version::Http11) => b"",
            (_, true, Version::Http10) => b"connection: keep-alive\r\n",
            (_, false, _) => b"connection: close\r\n",
        }
    }
}

/// Writes a chunked body (RFC 9112 section 7.1).
///
/// ```
/// use dx_http::ChunkedEncoder;
/// let mut out = Vec::new();
/// ChunkedEncoder::chunk(&mut out, b"hello");
/// ChunkedEncoder::finish(&mut out);
/// assert_eq!(out, b"5\r\nhello\r\n0\r\n\r\n");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ChunkedEncoder;

impl ChunkedEncoder {
    /// Appends one chunk; nothing for no data, because an empty chunk would end the body.
    pub fn chunk(out: &mut Vec<u8>, data: &[u8]) {
        if data.is_empty() {
            return;
        }
        out.reserve(data.len() + 20);
        let digits = (data.len().ilog2() / 4 + 1) as usize;
        for place in (0..digits).rev() {
            out.push(b"0123456789abcdef"[data.len() >> (place * 4) & 0xF]);
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(data);
        out.extend_from_slice(b"\r\n");
    }

    /// Appends the last chunk and an empty trailer section.
    pub fn finish(out: &mut Vec<u8>) {
        out.extend_from_slice(b"0\r\n\r\n");
    }
}

static DIGIT_PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
};

/// Appends `number` in decimal digits.
#[inline(always)]
fn decimal(mut number: u64, out: &mut Vec<u8>) {
    // The usual lengths without a loop.
    if number < 10 {
        return out.push(b'0' + number as u8);
    }
    if number < 100 {
        return out.extend_from_slice(&DIGIT_PAIRS[number as usize]);
    }
    let (mut digits, mut at) = ([0; 20], 20);
    while number >= 10 {
        at -= 2;
        digits[at..at + 2].copy_from_slice(&DIGIT_PAIRS[(number % 100) as usize]);
        number /= 100;
    }
    if number > 0 {
        at -= 1;
        digits[at] = b'0' + number as u8;
    }
    out.extend_from_slice(&digits[at..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_match_the_standard_library() {
        let powers = (0..20).map(|exponent| 10u64.pow(exponent));
        let edges = powers.flat_map(|power| [power - 1, power, power + 1]);
        for number in edges.chain(0..2000).chain([u64::MAX]) {
            let mut out = Vec::new();
            decimal(number, &mut out);
            assert_eq!(out, number.to_string().as_bytes());
        }
    }

    #[test]
    fn the_fixed_part_fits_the_room_reserved_for_it() {
        for &status in Status::ALL {
            for version in [Version::Http10, Version::Http11] {
                let mut out = Vec::new();
                let head = ResponseHead {
                    status,
                    version,
                    keep_alive: false,
                    content_type: Some(&HeaderValue::from_static("")),
                    framing: ResponseFraming::Length(u64::MAX),
                    date: &Date::from_unix(0),
                    headers: &[],
                };
                head.encode(&mut out);
                assert!(out.len() <= FIXED_LEN_MAX, "{status}");
            }
        }
    }
}
