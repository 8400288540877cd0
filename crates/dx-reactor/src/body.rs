//! The content of a response.
//!
//! Owns [`Body`]. May not know status or headers. Its one invariant: making a body copies nothing.

use core::mem;
use core::ops::{Deref, Range};
use std::borrow::Cow;

use dx_rt::fs::File;
use futures_core::Stream;

use crate::body_pool::PooledVec;
use crate::body_source::{self, BodyError, BodyWriter, Source};
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
    /// Not in memory.
    Made(Box<Source>),
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

/// Content that is not in memory. It is asked for piece by piece, as the client takes it; the
/// content as a slice is empty.
impl Body {
    /// The pieces of a stream. Without a length, the client learns of the end by chunks, or in
    /// HTTP/1.0 by the end of the connection.
    ///
    /// When the stream fails, the connection is cut, so that the client does not take the part it
    /// has for the whole. The stream is dropped when the client is gone.
    pub fn from_stream<S, B, E>(stream: S) -> Self
    where
        S: Stream<Item = Result<B, E>> + 'static,
        B: Into<Bytes>,
        E: Into<BodyError>,
    {
        Self::made(Source::Pieces(body_source::pieces(stream), None))
    }

    /// What a function writes; as [`from_stream`](Self::from_stream) otherwise.
    ///
    /// ```
    /// use dx_reactor::{Body, BodyError, BodyWriter, Response};
    ///
    /// fn countdown() -> Response {
    ///     Response::text(Body::written_by(async |mut out: BodyWriter| {
    ///         for number in (0..10).rev() {
    ///             out.write(format!("{number}\n")).await?;
    ///             dx_rt::time::sleep(std::time::Duration::from_millis(10)).await;
    ///         }
    ///         Ok::<(), BodyError>(())
    ///     }))
    /// }
    /// ```
    pub fn written_by<F, W, E>(function: F) -> Self
    where
        F: FnOnce(BodyWriter) -> W,
        W: Future<Output = Result<(), E>> + 'static,
        E: Into<BodyError> + 'static,
    {
        Self::made(Source::Pieces(body_source::written_by(function), None))
    }

    /// These bytes of a file, which do not pass through the process (sendfile(2)). A file that
    /// turns out to be shorter is a stream that fails.
    #[must_use]
    pub fn file(file: File, range: Range<u64>) -> Self {
        Self::made(Source::File(file, range))
    }

    /// Announces this many bytes. If there turn out to be more or fewer, the connection is cut.
    /// Content in memory and files know their length, and it stays.
    #[must_use]
    pub fn with_length(mut self, length: u64) -> Self {
        if let Held::Made(made) = &mut self.held
            && let Source::Pieces(_, len) = &mut **made
        {
            *len = Some(length);
        }
        self
    }

    fn made(source: Source) -> Self {
        Self { held: Held::Made(Box::new(source)) }
    }

    /// Bytes in all; `None` if that is not known before they are there.
    #[inline]
    pub(crate) fn length(&self) -> Option<u64> {
        match &self.held {
            Held::Made(source) => source.len(),
            _ => Some(self.len() as u64),
        }
    }

    /// What makes the content, if it is not in memory.
    pub(crate) fn into_source(self) -> Result<Box<Source>, Self> {
        match self.held {
            Held::Made(source) => Ok(source),
            held => Err(Self { held }),
        }
    }

    /// Whether the content is in memory.
    #[inline(always)]
    pub(crate) const fn is_whole(&self) -> bool {
        !matches!(self.held, Held::Made(_))
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
            Held::Made(_) => &[],
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
