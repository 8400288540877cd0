//! The parameters of the route that matched.
//!
//! Owns where their values stand and what those are once percent-decoded. May not know how routes
//! match. Its one invariant: every value is text; a path for which that is not so reaches no
//! handler.

use core::str;
use std::rc::Rc;

use dx_http::Span;

use crate::bytes::Bytes;
use crate::text::Text;

/// Parameters of one pattern; a pattern with more is refused when the routes are compiled.
pub(crate) const PARAMS_MAX: usize = 8;

/// Parameters: names from the pattern, values from the path.
#[derive(Default)]
pub(crate) struct Params {
    names: Option<Rc<[Box<str>]>>,
    spans: [Span; PARAMS_MAX],
    /// Values that decoding changed, with their place among the parameters.
    decoded: Vec<(usize, Text)>,
}

/// A value that is not text once it is decoded: the peer's fault, answered with 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ParamError {
    /// `%` that is not followed by two hexadecimal digits.
    BrokenEscape,
    /// The decoded bytes are not UTF-8.
    NotUtf8,
}

impl Params {
    /// Takes the values of `names`, in their order, which are parts of `path`; `path` starts at
    /// `start` in the head.
    pub(crate) fn fill<'p>(
        &mut self,
        names: &Rc<[Box<str>]>,
        (path, start): (&'p str, u16),
        values: impl Iterator<Item = &'p str>,
    ) -> Result<(), ParamError> {
        self.decoded.clear();
        for (place, (span, value)) in self.spans.iter_mut().zip(values).enumerate() {
            let offset = value.as_ptr().addr() - path.as_ptr().addr();
            // Both fit: a path is a part of a head, whose places are 16 bits wide.
            *span = Span { start: start + offset as u16, len: value.len() as u16 };
            if value.contains('%') {
                self.decoded.push((place, decode(value)?.into()));
            }
        }
        self.names = Some(names.clone());
        Ok(())
    }

    /// Forgets everything but capacity.
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.names = None;
        self.decoded.clear();
    }

    /// The value of `name`; `head` is the bytes that the path is a part of.
    pub(crate) fn get<'a>(&'a self, name: &str, head: &'a [u8]) -> Option<&'a str> {
        Some(self.value(self.place(name)?, head))
    }

    /// The value of `name`, shared.
    pub(crate) fn text(&self, name: &str, head: &Bytes) -> Option<Text> {
        let place = self.place(name)?;
        if let Some(text) = self.changed(place) {
            return Some(text.clone());
        }
        let Span { start, len } = self.spans[place];
        let start = usize::from(start);
        // A part of a path, which the parser keeps to ASCII.
        Some(Text::proven(head.slice(start..start + usize::from(len))))
    }

    /// Names and values, in the order of the pattern.
    pub(crate) fn iter<'a>(&'a self, head: &'a [u8]) -> impl Iterator<Item = (&'a str, &'a str)> {
        let names = self.names.as_deref().unwrap_or_default();
        names.iter().enumerate().map(|(place, name)| (&**name, self.value(place, head)))
    }

    fn value<'a>(&'a self, place: usize, head: &'a [u8]) -> &'a str {
        match self.changed(place) {
            Some(text) => text,
            // A part of a path, which the parser keeps to ASCII.
            None => str::from_utf8(self.spans[place].of(head)).unwrap_or_default(),
        }
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.names.as_ref()?.iter().position(|other| **other == *name)
    }

    fn changed(&self, place: usize) -> Option<&Text> {
        self.decoded.iter().find(|(other, _)| *other == place).map(|(_, text)| text)
    }
}

/// `value` with its escapes (RFC 3986 section 2.1) replaced by what they stand for.
pub(crate) fn decode(value: &str) -> Result<String, ParamError> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        if byte != b'%' {
            bytes.push(byte);
            rest = after;
            continue;
        }
        let Some((&[high, low], after)) = after.split_first_chunk() else {
            return Err(ParamError::BrokenEscape);
        };
        let digit = |byte: u8| char::from(byte).to_digit(16).ok_or(ParamError::BrokenEscape);
        bytes.push((digit(high)? * 16 + digit(low)?) as u8);
        rest = after;
    }
    String::from_utf8(bytes).map_err(|_| ParamError::NotUtf8)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decoding() {
        let rows = [
            ("", Ok("")),
            ("a", Ok("a")),
            ("%61", Ok("a")),
            ("a%20b", Ok("a b")),
            ("a+b", Ok("a+b")),
            ("%2f%2F", Ok("//")),
            ("%2e%2E", Ok("..")),
            ("%2541", Ok("%41")),
            ("%00", Ok("\0")),
            ("%E4%B8%96x", Ok("\u{4e16}x")),
            ("%", Err(ParamError::BrokenEscape)),
            ("%4", Err(ParamError::BrokenEscape)),
            ("a%4g", Err(ParamError::BrokenEscape)),
            ("%g4", Err(ParamError::BrokenEscape)),
            ("%+4", Err(ParamError::BrokenEscape)),
            ("%%41", Err(ParamError::BrokenEscape)),
            ("%ff", Err(ParamError::NotUtf8)),
            ("%E4%B8", Err(ParamError::NotUtf8)),
            ("%C0%AF", Err(ParamError::NotUtf8)),
            ("%ED%A0%80", Err(ParamError::NotUtf8)),
        ];
        for (value, wanted) in rows {
            assert_eq!(decode(value).as_deref(), wanted.as_ref().map(|text| *text), "{value}");
        }
    }

    proptest! {
        #[test]
        fn what_was_encoded_is_decoded(text: String) {
            let set = percent_encoding::NON_ALPHANUMERIC;
            let encoded = percent_encoding::utf8_percent_encode(&text, set).to_string();
            prop_assert_eq!(decode(&encoded), Ok(text));
        }

        #[test]
        fn well_formed_escapes_decode_as_the_oracle_does(
            pieces in prop::collection::vec("[a-z0-9._~+]|%[0-9a-fA-F]{2}", 0..12)
        ) {
            let value = pieces.concat();
            let wanted = percent_encoding::percent_decode_str(&value).decode_utf8();
            prop_assert_eq!(decode(&value).ok(), wanted.ok().map(|text| text.into_owned()));
        }
    }
}
