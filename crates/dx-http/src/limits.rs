//! Every bound this crate keeps on what a peer may send.
//!
//! Owns the numbers and the status answered when one is reached. May not know how the bytes are
//! parsed. Its one invariant: a limit is reached at the same byte however the input was cut.

/// The largest position a [`Span`](crate::Span) can name; a larger `head_max` acts as this one.
pub(crate) const SPAN_MAX: u32 = u16::MAX as u32;

/// Hexadecimal digits of a chunk size, leading zeros included: what fits into 64 bits.
pub(crate) const CHUNK_SIZE_DIGITS_MAX: u8 = 16;

/// Decimal digits of a `content-length`, leading zeros included: what always fits into 64 bits.
pub(crate) const CONTENT_LENGTH_DIGITS_MAX: usize = 19;

/// What a peer may send before it is refused.
///
/// The size of a body is not here: it belongs to a route, and
/// [`Framing::Length`](crate::Framing::Length) and the data returned by
/// [`BodyDecoder`](crate::BodyDecoder) let the caller count it.
///
/// ```
/// let limits = dx_http::Limits { headers_max: 32, ..dx_http::Limits::default() };
/// assert_eq!(limits.request_line_max, 16 * 1024);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the request line with its CRLF. Beyond: 414 (RFC 9112 section 3 asks for at least
    /// 8000).
    pub request_line_max: u32,
    /// Bytes of a whole head: tolerated empty lines, request line, header lines, final CRLF.
    /// Beyond: 431. Values above 65,535 act as 65,535, because spans are 16 bits wide.
    pub head_max: u32,
    /// Header lines. Beyond: 431.
    pub headers_max: u16,
    /// Empty lines tolerated before the request line (RFC 9112 section 2.2). Beyond: 400.
    pub empty_lines_max: u8,
    /// Bytes of one chunk line, size and extensions, without its CRLF. Beyond: 400.
    pub chunk_line_max: u32,
    /// Bytes of all chunk extensions and of the trailer section of one body. Beyond: 431
    /// (RFC 9112 section 7.1.1 asks for such a bound).
    pub chunk_overhead_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_line_max: 16 * 1024,
            head_max: SPAN_MAX,
            headers_max: 128,
            empty_lines_max: 4,
            chunk_line_max: 4 * 1024,
            chunk_overhead_max: 16 * 1024,
        }
    }
}
