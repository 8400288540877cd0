//! Text that is shared by counting.
//!
//! Owns [`Text`]. May not know where the bytes are held. Its one invariant: the bytes were proven
//! to be UTF-8.

use core::fmt;
use core::ops::{Deref, RangeBounds};
use core::str;

use crate::bytes::Bytes;

/// [`Bytes`] that are UTF-8: immutable text, cheap to clone and to slice.
///
/// Text made from a `String` or a `&'static str` is read as it is. Text that lies in received
/// bytes is looked through again at every access to its `str`, because this crate contains no
/// unsafe code; [`Text::as_bytes`] costs nothing, and that is what becomes a response.
///
/// ```
/// use dx_reactor::{Bytes, Text};
///
/// let text = Text::try_from(Bytes::from(b"gr\xc3\xbc\xc3\x9fe".to_vec())).unwrap();
/// assert_eq!(text, "grüße");
/// assert!(Text::try_from(Bytes::from(b"\xff")).is_err());
/// ```
#[derive(Clone, Default)]
pub struct Text {
    /// INVARIANT: UTF-8.
    bytes: Bytes,
}

/// Bytes that were to be text are none: the peer's fault, answered with 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TextError {
    /// The bytes are not UTF-8.
    NotUtf8 {
        /// Bytes before the first that cannot be.
        valid_len: usize,
    },
}

impl Text {
    /// Text that is part of the program.
    #[inline]
    pub const fn from_static(text: &'static str) -> Self {
        Self { bytes: Bytes::from_static_text(text) }
    }

    /// Bytes that are known to be text because of where they are from.
    pub(crate) fn proven(bytes: Bytes) -> Self {
        debug_assert!(str::from_utf8(&bytes).is_ok());
        Self { bytes }
    }

    /// The part `range` of this text; shares it.
    ///
    /// # Panics
    ///
    /// When `range` reaches past the end or does not lie between characters, as indexing does.
    #[must_use]
    pub fn slice(&self, range: impl RangeBounds<usize>) -> Self {
        let bounds = (range.start_bound().cloned(), range.end_bound().cloned());
        // Indexing makes sure that the ends lie between characters.
        let _: &str = &self[bounds];
        Self { bytes: self.bytes.slice(bounds) }
    }

    /// The text as `str`.
    #[inline]
    pub fn as_str(&self) -> &str {
        match self.bytes.known_text() {
            Some(text) => text,
            // Proven when it was made; the default is never taken.
            None => str::from_utf8(&self.bytes).unwrap_or_default(),
        }
    }

    /// The text's bytes.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The text's bytes, shared.
    #[inline]
    pub fn into_bytes(self) -> Bytes {
        self.bytes
    }
}

impl Deref for Text {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        self
    }
}

impl AsRef<[u8]> for Text {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl TryFrom<Bytes> for Text {
    type Error = TextError;

    /// Shares the bytes.
    fn try_from(bytes: Bytes) -> Result<Self, TextError> {
        if bytes.known_text().is_none()
            && let Err(error) = str::from_utf8(&bytes)
        {
            return Err(TextError::NotUtf8 { valid_len: error.valid_up_to() });
        }
        Ok(Self { bytes })
    }
}

/// Takes the string over; its bytes are not copied.
impl From<String> for Text {
    fn from(text: String) -> Self {
        Self { bytes: Bytes::from_text(text) }
    }
}

impl From<&'static str> for Text {
    fn from(text: &'static str) -> Self {
        Self::from_static(text)
    }
}

impl From<Text> for Bytes {
    fn from(text: Text) -> Self {
        text.bytes
    }
}

impl<T: AsRef<str> + ?Sized> PartialEq<T> for Text {
    fn eq(&self, other: &T) -> bool {
        self.as_bytes() == other.as_ref().as_bytes()
    }
}

impl Eq for Text {}

impl core::hash::Hash for Text {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUtf8 { valid_len } => write!(f, "not UTF-8 after {valid_len} bytes"),
        }
    }
}

impl core::error::Error for TextError {}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = "a\u{e9}\u{4e16}b";

    fn every_way() -> [Text; 3] {
        let received = Bytes::from(TEXT.as_bytes().to_vec());
        [
            Text::from(TEXT),
            Text::from(TEXT.to_owned()),
            Text::try_from(received).expect("TEXT is text"),
        ]
    }

    #[test]
    fn slices_are_those_of_the_standard_library() {
        for start in 0..TEXT.len() + 2 {
            for end in 0..TEXT.len() + 2 {
                let wanted = TEXT.get(start..end);
                for way in 0..3 {
                    let slice = catch_unwind(|| every_way()[way].slice(start..end).to_string());
                    assert_eq!(slice.ok().as_deref(), wanted, "{start}..{end}, {way}");
                }
            }
        }
    }

    #[test]
    fn nothing_is_copied() {
        let text = String::from("content");
        let address = text.as_ptr();
        let text = Text::from(text);
        assert_eq!(text.as_ptr(), address);
        assert_eq!(text.clone().into_bytes().as_ptr(), address);
        assert_eq!(text.slice(2..).as_bytes().as_ptr(), text[2..].as_ptr());
    }

    #[test]
    fn a_part_of_text_that_cuts_a_character_is_no_text() {
        for text in every_way() {
            let cut = text.into_bytes().slice(..2);
            assert_eq!(Text::try_from(cut), Err(TextError::NotUtf8 { valid_len: 1 }));
        }
    }

    proptest! {
        #[test]
        fn proven_as_the_standard_library_does(bytes: Vec<u8>, text: String) {
            for bytes in [bytes, text.into_bytes()] {
                let wanted = str::from_utf8(&bytes);
                match Text::try_from(Bytes::from(bytes.clone())) {
                    Ok(text) => prop_assert_eq!(Ok(&*text), wanted),
                    Err(TextError::NotUtf8 { valid_len }) => {
                        let wanted = wanted.map_err(|error| error.valid_up_to());
                        prop_assert_eq!(wanted, Err(valid_len));
                    }
                }
            }
        }
    }
}
