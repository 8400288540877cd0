//! The content of a response.
//!
//! Owns [`Body`]. May not know status or headers. Its one invariant: making a body copies nothing.

use core::mem;
use core::ops::Deref;
use std::borrow::Cow;

use crate::body_pool::PooledVec;
use crate::bytes::Bytes;
use crate::text::Text;

/// The content of a response, held in whatever it was made from.
#[derive(Debug)]
pub struct Body {
    held: Held,
}

#[derive(Debug)]
enum Held {
    Counted(Bytes),
    Owned(PooledVec),
}

impl Body {
    /// No content.
    #[inline]
    pub const fn empty() -> Self {
        Self { held: Held::Counted(Bytes::new()) }
    }

    /// As [`Bytes::replace`].
    ///
    /// Text of the program, which most handlers with a constant answer return, is written where it
    /// goes: moved there, it would be stored in words and loaded in pairs of them, which stalls.
    #[inline(always)]
    pub(crate) fn replace(&mut self, body: Self) {
        match (&mut self.held, &body.held) {
            (Held::Counted(old), Held::Counted(new)) if old.is_static() => {
                match new.static_text() {
                    Some(text) => old.set_static_text(text),
                    None => mem::forget(mem::replace(self, body)),
                }
            }
            _ => *self = body,
        }
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::empty()
    }
}

impl Deref for Body {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match &self.held {
            Held::Counted(bytes) => bytes,
            Held::Owned(bytes) => bytes,
        }
    }
}

impl From<Bytes> for Body {
    #[inline]
    fn from(bytes: Bytes) -> Self {
        Self { held: Held::Counted(bytes) }
    }
}

impl From<PooledVec> for Body {
    #[inline]
    fn from(bytes: PooledVec) -> Self {
        Self { held: Held::Owned(bytes) }
    }
}

impl From<Text> for Body {
    #[inline]
    fn from(text: Text) -> Self {
        text.into_bytes().into()
    }
}

impl From<&'static str> for Body {
    #[inline(always)]
    fn from(text: &'static str) -> Self {
        Self { held: Held::Counted(Bytes::from_static_text(text)) }
    }
}

impl From<&'static [u8]> for Body {
    #[inline]
    fn from(bytes: &'static [u8]) -> Self {
        Bytes::from_static(bytes).into()
    }
}

impl<const N: usize> From<&'static [u8; N]> for Body {
    #[inline]
    fn from(bytes: &'static [u8; N]) -> Self {
        Bytes::from_static(bytes).into()
    }
}

impl From<Vec<u8>> for Body {
    #[inline]
    fn from(bytes: Vec<u8>) -> Self {
        PooledVec::from(bytes).into()
    }
}

impl From<String> for Body {
    #[inline]
    fn from(text: String) -> Self {
        text.into_bytes().into()
    }
}

impl From<Cow<'static, str>> for Body {
    fn from(text: Cow<'static, str>) -> Self {
        match text {
            Cow::Borrowed(text) => text.into(),
            Cow::Owned(text) => text.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_keep_what_they_are_made_from() {
        let text = String::from("content");
        let address = text.as_ptr();
        assert_eq!(Body::from(text).as_ptr(), address);
        let bytes = Bytes::from(b"content".to_vec());
        assert_eq!(Body::from(bytes.clone()).as_ptr(), bytes.as_ptr());
        let rows: [Body; 6] = [
            "content".into(),
            Text::from("content").into(),
            b"content".into(),
            b"content"[..].into(),
            b"content".to_vec().into(),
            Cow::Borrowed("content").into(),
        ];
        for body in rows {
            assert_eq!(*body, b"content"[..]);
        }
    }
}
