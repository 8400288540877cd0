//! Places inside a head.
//!
//! Owns offsets of 16 bits. May not know what stands at them. Its one invariant: reading a span
//! from any buffer never panics.

/// A run of bytes, relative to the first byte of the buffer given to
/// [`HeadParser::parse`](crate::HeadParser::parse).
///
/// ```
/// let span = dx_http::Span { start: 4, len: 2 };
/// assert_eq!(span.of(b"GET /a HTTP/1.1"), b"/a");
/// assert_eq!(span.of(b"GET"), b"");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u16,
    /// Number of bytes.
    pub len: u16,
}

/// One header line: its name as sent, and its value without the white space around it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct HeaderSpan {
    /// The field name, a token in the peer's case.
    pub name: Span,
    /// The field value; may be empty, may hold bytes over 0x7F.
    pub value: Span,
}

// A head of 128 headers is one kilobyte of spans.
const _: () = assert!(size_of::<HeaderSpan>() == 8);

impl Span {
    /// The run from `start` to `end`, both at most 65,535 because a head is no longer.
    #[inline(always)]
    pub(crate) fn new(start: usize, end: usize) -> Self {
        debug_assert!(start <= end && end <= usize::from(u16::MAX));
        Self { start: start as u16, len: (end - start) as u16 }
    }

    /// The bytes at this place in `buf`; empty if `buf` does not reach that far.
    #[inline]
    pub fn of(self, buf: &[u8]) -> &[u8] {
        let start = usize::from(self.start);
        buf.get(start..start + usize::from(self.len)).unwrap_or_default()
    }

    /// Whether the run has no bytes.
    #[inline]
    pub fn is_empty(self) -> bool {
        self.len == 0
    }
}
