//! One field line: `field-name ":" OWS field-value OWS`, RFC 9112 section 5.
//!
//! Owns the split of a header line. May not know what any field means. Its one invariant: an
//! accepted name is a token and an accepted value holds no control character but HTAB.

use crate::HeadError;
use crate::grammar::{self, FIELD, TOKEN};

/// Where the parts of a field line stand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    pub start: usize,
    pub name_end: usize,
    pub value_start: usize,
    pub value_end: usize,
}

impl Field {
    /// The parts of the line of `buf` from `start` to `end` whose name ends at `name_end`, where
    /// its colon is: the value is what is left without the white space around it.
    ///
    /// The line has no control characters but HTAB, so that what is at most SP is white space.
    #[inline(always)]
    pub(crate) fn new(buf: &[u8], start: usize, name_end: usize, end: usize) -> Self {
        let mut value_start = name_end + 1;
        if buf.get(value_start) == Some(&b' ') {
            value_start += 1;
        }
        // The usual line has one space before its value and none behind it. Where the value is
        // empty, its first byte is the CR.
        let is_trimmed = |at: usize| buf.get(at).is_some_and(|&byte| byte > b' ');
        let (value_start, value_end) = if is_trimmed(value_start) && is_trimmed(end - 1) {
            (value_start, end)
        } else {
            trim(buf, name_end + 1, end)
        };
        Self { start, name_end, value_start, value_end }
    }
}

/// Start and end of what is between `start` and `end` without the white space around it. Two
/// numbers, as they fit registers: a [`Field`] would be stored in words and loaded whole, which
/// stalls (it took half of the parser's time).
#[cold]
fn trim(buf: &[u8], mut start: usize, mut end: usize) -> (usize, usize) {
    let is_space = |at: usize| matches!(buf[at], b' ' | b'\t');
    while start < end && is_space(start) {
        start += 1;
    }
    while end > start && is_space(end - 1) {
        end -= 1;
    }
    (start, end)
}

/// The parts of the line of `buf` from `start` to `end`, where its CRLF is; it is not empty.
pub(crate) fn split(buf: &[u8], start: usize, end: usize) -> Result<Field, HeadError> {
    let line = &buf[start..end];
    let name_len = grammar::run(line, TOKEN);
    if name_len == 0 || line.get(name_len) != Some(&b':') {
        return Err(explain_name(line));
    }
    let value = &line[name_len + 1..];
    if grammar::run(value, FIELD) != value.len() {
        return Err(explain_value(line));
    }
    Ok(Field::new(buf, start, start + name_len, end))
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
