//! One field line: `field-name ":" OWS field-value OWS`, RFC 9112 section 5.
//!
//! Owns the split of a header line. May not know what any field means. Its one invariant: an
//! accepted name is a token and an accepted value holds no control character but HTAB.

use crate::grammar::{self, TOKEN};
use crate::{HeadError, scan};

/// Where the parts of a field line stand, relative to its first byte.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    pub name_len: usize,
    pub value_start: usize,
    pub value_end: usize,
}

/// The field line `bytes` start with and its length with its CRLF; `None` if it is not whole or
/// not valid.
///
/// Finds the line's end and validates it in one pass; [`split`] gives the reason for a `None`.
#[inline(always)]
pub(crate) fn whole(bytes: &[u8]) -> Option<(Field, usize)> {
    let (field, end) = parts(bytes)?;
    matches!(bytes.get(end..end + 2), Some(b"\r\n")).then_some((field, end + 2))
}

/// The parts of `line`, which has no CRLF and is not empty.
pub(crate) fn split(line: &[u8]) -> Result<Field, HeadError> {
    match parts(line) {
        Some((field, end)) if end == line.len() => Ok(field),
        Some(_) => Err(explain_value(line)),
        None => Err(explain_name(line)),
    }
}

/// The parts of a field line and the place of the first control character, which ends its value;
/// `None` if there is no token with a colon behind it.
#[inline(always)]
fn parts(bytes: &[u8]) -> Option<(Field, usize)> {
    // From the line's start, so that where the next line begins does not wait for what is found
    // in this one: the processor works on both at once (`benches/head.rs` sees 5 ns a request).
    // A control character before the colon fails the name below.
    let end = scan::find_control(bytes, 0);
    // Nearly every name is letters and dashes and short; the plain walk knows all tokens.
    let mut name_len = scan::letters(bytes);
    if bytes.get(name_len) != Some(&b':') {
        name_len += grammar::run(&bytes[name_len..], TOKEN);
    }
    if name_len == 0 || bytes.get(name_len) != Some(&b':') {
        return None;
    }
    let mut value_start = name_len + 1;
    while let Some(b' ' | b'\t') = bytes.get(value_start) {
        value_start += 1;
    }
    let mut value_end = end;
    while value_end > value_start && matches!(bytes[value_end - 1], b' ' | b'\t') {
        value_end -= 1;
    }
    Some((Field { name_len, value_start, value_end }, end))
}

#[cold]
fn explain_name(line: &[u8]) -> HeadError {
    let name_len = grammar::run(line, TOKEN);
    if memchr::memchr(b'\r', line).is_some() {
        return HeadError::BareCr;
    }
    match line.get(name_len) {
        // RFC 9112 section 5.2 (and 2.2 for the first line): reject, never unfold.
        Some(b' ' | b'\t') if name_len == 0 => HeadError::ObsFold,
        Some(b':') => HeadError::EmptyName,
        // RFC 9112 section 5.1: white space here is how heads are smuggled.
        Some(b' ' | b'\t') if grammar::trim(&line[name_len..]).first() == Some(&b':') => {
            HeadError::SpaceBeforeColon
        }
        _ if memchr::memchr(b':', line).is_none() => HeadError::MissingColon,
        _ => HeadError::InvalidName,
    }
}

#[cold]
fn explain_value(line: &[u8]) -> HeadError {
    if memchr::memchr(b'\r', line).is_some() { HeadError::BareCr } else { HeadError::InvalidValue }
}
