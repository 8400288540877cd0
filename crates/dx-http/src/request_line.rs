//! `method SP request-target SP HTTP-version`, RFC 9112 section 3.
//!
//! Owns the split of one request line and its version. May not know headers. Its one invariant:
//! the parts are separated by exactly one SP; white space is never skipped.

use crate::grammar::{self, TOKEN};
use crate::{Head, HeadError, Method, Span, Version, target};

/// Reads `line` (without its CRLF), which starts at `base` in the head, into `head`.
#[inline(always)]
pub(crate) fn parse(line: &[u8], base: usize, head: &mut Head) -> Result<(), HeadError> {
    split(line, base, head).map_err(|error| explain(line, error))
}

/// Whether a request line, or an empty line before one, may begin with this byte, as far as it is
/// there. A bare LF is left to the line that it ends.
///
/// A peer that speaks another protocol (the first byte of TLS is 0x16) may never send a line end;
/// it is refused at once, and not when its time is up.
#[inline]
pub(crate) fn may_begin(first: Option<&u8>) -> Result<(), HeadError> {
    match first {
        Some(&byte) if !grammar::is(byte, TOKEN) && !matches!(byte, b'\r' | b'\n') => {
            Err(HeadError::InvalidMethod)
        }
        _ => Ok(()),
    }
}

#[inline(always)]
fn split(line: &[u8], base: usize, head: &mut Head) -> Result<(), HeadError> {
    let (method, method_len) = match line.first_chunk() {
        // As words, here and for the version: the compiler would compare byte by byte.
        Some(word) if u32::from_ne_bytes(*word) == u32::from_ne_bytes(*b"GET ") => (Method::Get, 3),
        _ => method(line)?,
    };
    let after = method_len + 1;
    let Some((rest, tail)) = line[after..].split_last_chunk::<8>() else {
        return Err(HeadError::MalformedRequestLine);
    };
    // The version is judged before the target, so that other major versions get their 505.
    let version = version(tail)?;
    let Some((b' ', target)) = rest.split_last() else {
        return Err(HeadError::MalformedRequestLine);
    };
    target::parse(target, base + after, method, head)?;
    head.method = method;
    head.method_token = Span::new(base, base + method_len);
    head.version = version;
    Ok(())
}

/// Any method, and its length.
fn method(line: &[u8]) -> Result<(Method, usize), HeadError> {
    let len = grammar::run(line, TOKEN);
    match line.get(len) {
        Some(b' ') if len > 0 => Ok((Method::from_token(&line[..len]), len)),
        None => Err(HeadError::MalformedRequestLine),
        Some(_) => Err(HeadError::InvalidMethod),
    }
}

/// `HTTP-version = "HTTP" "/" DIGIT "." DIGIT`, case-sensitive (RFC 9112 section 2.3).
#[inline(always)]
fn version(bytes: &[u8; 8]) -> Result<Version, HeadError> {
    if u64::from_ne_bytes(*bytes) == u64::from_ne_bytes(*b"HTTP/1.1") {
        return Ok(Version::Http11);
    }
    other_version(bytes)
}

fn other_version(bytes: &[u8; 8]) -> Result<Version, HeadError> {
    match bytes {
        b"HTTP/1.0" => Ok(Version::Http10),
        // RFC 9110 section 2.5: a higher minor version is understood as the highest known one.
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'1'..=b'9'] => Ok(Version::Http11),
        [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9'] => {
            Err(HeadError::UnsupportedVersion)
        }
        _ => Err(HeadError::InvalidVersion),
    }
}

/// A stray CR is the better reason than what it broke; and what looks like a version but has no SP
/// of its own before it is a part of something else.
#[cold]
fn explain(line: &[u8], error: HeadError) -> HeadError {
    if memchr::memchr(b'\r', line).is_some() {
        return HeadError::BareCr;
    }
    let has_space = match line.split_last_chunk::<8>() {
        Some((before @ [.., b' '], _)) => memchr::memchr(b' ', before) != Some(before.len() - 1),
        _ => false,
    };
    match error {
        HeadError::UnsupportedVersion if !has_space => HeadError::MalformedRequestLine,
        error => error,
    }
}
