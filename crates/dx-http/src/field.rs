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
    #[inline(always)]
    pub(crate) fn new(buf: &[u8], start: usize, name_end: usize, end: usize) -> Self {
        let mut value_start = name_end + 1;
        while value_start < end && matches!(buf[value_start], b' ' | b'\t') {
            value_start += 1;
        }
        let mut value_end = end;
        while value_end > value_start && matches!(buf[value_end - 1], b' ' | b'\t') {
            value_end -= 1;
        }
        Self { start, name_end, value_start, value_end }
    }
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
