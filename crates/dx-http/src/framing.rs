//! Where a request body ends: Content-Length and Transfer-Encoding, and nothing else.
//!
//! Owns every rule about the two fields, because every request-smuggling bug is a rule kept in
//! two places. May not know how a body is read. Its one invariant: exactly one framing, or an
//! error; no ambiguous request is repaired.

use crate::grammar::{self, TOKEN};
use crate::limits::CONTENT_LENGTH_DIGITS_MAX;
use crate::{HeadError, Span, Version};

/// How long a request body is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Framing {
    /// No body: neither field was sent (RFC 9112 section 6.3, rule 7).
    #[default]
    None,
    /// This many bytes; 0 if the peer said so.
    Length(u64),
    /// Chunks up to the last one (RFC 9112 section 7.1).
    Chunked,
}

/// A field that may come once: where its value first came, and whether it came again.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Once {
    first: Span,
    /// 0, 1, or 2 for every number above.
    lines: u8,
}

impl Once {
    #[inline(always)]
    pub(crate) fn note(&mut self, value: Span) {
        if self.lines == 0 {
            (self.first, self.lines) = (value, 1);
        } else {
            self.lines = 2;
        }
    }

    #[inline(always)]
    pub(crate) fn first(&self) -> Option<Span> {
        (self.lines > 0).then_some(self.first)
    }

    #[inline(always)]
    pub(crate) fn is_repeated(&self) -> bool {
        self.lines > 1
    }
}

/// The framing of a request of `buf` with these two fields.
#[inline(always)]
pub(crate) fn judge(
    version: Version,
    content_length: &Once,
    transfer_encoding: &Once,
    buf: &[u8],
) -> Result<Framing, HeadError> {
    match (content_length.first(), transfer_encoding.first()) {
        (None, None) => Ok(Framing::None),
        // RFC 9112 section 6.3, rule 3: "ought to be handled as an error".
        (Some(_), Some(_)) => Err(HeadError::LengthAndTransferEncoding),
        // RFC 9112 section 6.3, rule 5 lets equal values pass; several lines never need to.
        (Some(_), None) if content_length.is_repeated() => Err(HeadError::DuplicateContentLength),
        (Some(value), None) => length(value.of(buf)).map(Framing::Length),
        // RFC 9112 section 6.1: faulty framing in any request below HTTP/1.1.
        (None, Some(_)) if version < Version::Http11 => Err(HeadError::TransferEncodingInHttp10),
        // RFC 9110 section 5.3 lets lists be split over lines; no honest client does it here.
        (None, Some(_)) if transfer_encoding.is_repeated() => {
            Err(HeadError::DuplicateTransferEncoding)
        }
        (None, Some(value)) => codings(value.of(buf)).map(|()| Framing::Chunked),
    }
}

/// `Content-Length = 1*DIGIT` (RFC 9110 section 8.6): no sign, list, white space or emptiness.
fn length(value: &[u8]) -> Result<u64, HeadError> {
    if value.is_empty() || value.len() > CONTENT_LENGTH_DIGITS_MAX {
        return Err(HeadError::InvalidContentLength);
    }
    value.iter().try_fold(0u64, |sum, &byte| match byte {
        // Nineteen digits are below 2^64, so this cannot overflow.
        b'0'..=b'9' => Ok(sum * 10 + u64::from(byte - b'0')),
        _ => Err(HeadError::InvalidContentLength),
    })
}

/// `Transfer-Encoding = #transfer-coding`, of which only `chunked` alone is served.
///
/// Empty list elements are refused although RFC 9110 section 5.6.1.2 would skip them: servers that
/// disagree about `,chunked` are how requests are smuggled.
fn codings(value: &[u8]) -> Result<(), HeadError> {
    // The usual case. Codings are compared case-insensitively (RFC 9112 section 7).
    if value.eq_ignore_ascii_case(b"chunked") {
        return Ok(());
    }
    let mut elements = value.rsplit(|&byte| byte == b',').map(grammar::trim);
    // RFC 9112 section 6.3, rule 4: without a final `chunked` the length is unknowable, 400.
    if !elements.next().is_some_and(|last| last.eq_ignore_ascii_case(b"chunked")) {
        return Err(HeadError::InvalidTransferEncoding);
    }
    for element in elements {
        let name = &element[..grammar::run(element, TOKEN)];
        let parameters = grammar::trim(&element[name.len()..]);
        let valid = !name.is_empty() && matches!(parameters, [] | [b';', ..]);
        // RFC 9112 section 6.1: chunked is applied at most once.
        if !valid || name.eq_ignore_ascii_case(b"chunked") {
            return Err(HeadError::InvalidTransferEncoding);
        }
    }
    // RFC 9112 section 6.1: a coding that is not understood is answered with 501.
    Err(HeadError::UnsupportedTransferEncoding)
}
