//! Where a request body ends: Content-Length and Transfer-Encoding, and nothing else.
//!
//! Owns every rule about the two fields, because every request-smuggling bug is a rule kept in
//! two places. May not know how a body is read. Its one invariant: exactly one framing, or an
//! error; no ambiguous request is repaired.

use crate::grammar::{self, TOKEN};
use crate::limits::CONTENT_LENGTH_DIGITS_MAX;
use crate::{HeadError, Version};

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

/// A field that may come once: what came first, and whether it came again.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Once<T> {
    pub first: Option<T>,
    pub repeated: bool,
}

impl<T> Once<T> {
    #[inline(always)]
    pub(crate) fn note(&mut self, value: T) {
        if self.first.is_some() {
            self.repeated = true;
        } else {
            self.first = Some(value);
        }
    }
}

/// The framing of a request with these two fields.
#[inline]
pub(crate) fn judge(
    version: Version,
    content_length: Once<&[u8]>,
    transfer_encoding: Once<&[u8]>,
) -> Result<Framing, HeadError> {
    match (content_length.first, transfer_encoding.first) {
        (None, None) => Ok(Framing::None),
        // RFC 9112 section 6.3, rule 3: "ought to be handled as an error".
        (Some(_), Some(_)) => Err(HeadError::LengthAndTransferEncoding),
        // RFC 9112 section 6.3, rule 5 lets equal values pass; several lines never need to.
        (Some(_), None) if content_length.repeated => Err(HeadError::DuplicateContentLength),
        (Some(value), None) => length(value).map(Framing::Length),
        // RFC 9112 section 6.1: faulty framing in any request below HTTP/1.1.
        (None, Some(_)) if version < Version::Http11 => Err(HeadError::TransferEncodingInHttp10),
        // RFC 9110 section 5.3 lets lists be split over lines; no honest client does it here.
        (None, Some(_)) if transfer_encoding.repeated => Err(HeadError::DuplicateTransferEncoding),
        (None, Some(value)) => codings(value).map(|()| Framing::Chunked),
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
