//! Bytes that are shared by counting.
//!
//! Owns [`Bytes`]: where the bytes are held and which part of them is meant. May not know what they
//! mean. Its one invariant: the bytes never change while a `Bytes` on them exists.

use core::fmt;
use core::mem;
use core::ops::{Bound, Deref, Range, RangeBounds};
use std::rc::Rc;

use dx_io::Lease;

/// Immutable bytes that are cheap to clone and to slice.
///
/// They are part of the program, part of the buffer they were received in, or owned and counted.
/// Bytes in a receive buffer keep that buffer from being reused: who stores them for long calls
/// [`Bytes::into_vec`] or [`Bytes::detach`]. Not `Send`: the count is not atomic, and receive
/// buffers belong to one core.
///
/// ```
/// use dx_reactor::Bytes;
///
/// let bytes = Bytes::from(b"hello world".to_vec());
/// let word = bytes.slice(6..);
/// assert_eq!(&word[..], b"world");
/// assert_eq!(word.clone(), word);
/// ```
///
/// ```compile_fail,E0277
/// fn send<T: Send>(_: T) {}
/// send(dx_reactor::Bytes::default());
/// ```
#[derive(Clone)]
pub struct Bytes {
    held: Held,
}

#[derive(Clone)]
enum Held {
    Static(&'static [u8]),
    /// Known to be text, so that [`Text`](crate::Text) need not look again.
    StaticText(&'static str),
    Lease(Lease),
    Shared {
        bytes: Rc<Vec<u8>>,
        /// INVARIANT: a range of `bytes`.
        part: Range<usize>,
    },
    SharedText {
        text: Rc<String>,
        /// INVARIANT: a range of `text`, not necessarily between characters.
        part: Range<usize>,
    },
}

impl Bytes {
    /// No bytes.
    #[inline]
    pub const fn new() -> Self {
        Self { held: Held::Static(&[]) }
    }

    /// Bytes that are part of the program.
    #[inline]
    pub const fn from_static(bytes: &'static [u8]) -> Self {
        Self { held: Held::Static(bytes) }
    }

    #[inline(always)]
    pub(crate) const fn from_static_text(text: &'static str) -> Self {
        Self { held: Held::StaticText(text) }
    }

    pub(crate) fn from_text(text: String) -> Self {
        let part = 0..text.len();
        Self { held: Held::SharedText { text: Rc::new(text), part } }
    }

    /// The bytes `part` of `bytes`, which must not reach past their end.
    pub(crate) fn from_shared(bytes: Rc<Vec<u8>>, part: Range<usize>) -> Self {
        check(&part, bytes.len());
        Self { held: Held::Shared { bytes, part } }
    }

    /// The part `range` of these bytes; shares them.
    ///
    /// # Panics
    ///
    /// When `range` reaches past the end or ends before it starts, as indexing does.
    #[must_use]
    pub fn slice(&self, range: impl RangeBounds<usize>) -> Self {
        let range = absolute(&range, self.len());
        check(&range, self.len());
        let within = |part: &Range<usize>| part.start + range.start..part.start + range.end;
        let held = match &self.held {
            Held::Static(bytes) => Held::Static(&bytes[range]),
            Held::StaticText(text) => match text.get(range.clone()) {
                Some(text) => Held::StaticText(text),
                None => Held::Static(&text.as_bytes()[range]),
            },
            Held::Lease(lease) => Held::Lease(lease.slice(range)),
            Held::Shared { bytes, part } => {
                Held::Shared { bytes: bytes.clone(), part: within(part) }
            }
            Held::SharedText { text, part } => {
                Held::SharedText { text: text.clone(), part: within(part) }
            }
        };
        Self { held }
    }

    /// The bytes as a vector. Copies them, except when they are owned, whole and not shared.
    #[must_use]
    pub fn into_vec(self) -> Vec<u8> {
        match self.held {
            Held::Shared { bytes, part } if part.len() == bytes.len() => {
                Rc::try_unwrap(bytes).unwrap_or_else(|bytes| bytes.to_vec())
            }
            Held::SharedText { text, part } if part.len() == text.len() => Rc::try_unwrap(text)
                .map_or_else(|text| text.as_bytes().to_vec(), String::into_bytes),
            held => Self { held }.to_vec(),
        }
    }

    /// The same bytes, without holding a receive buffer. Copies them only if they were in one.
    #[must_use]
    pub fn detach(self) -> Self {
        match self.held {
            Held::Lease(lease) => Self::from(lease.to_vec()),
            held => Self { held },
        }
    }

    /// Puts `bytes` in the place of these.
    ///
    /// As an assignment does, but quicker where these are part of the program, as they are in
    /// memory that is used again: then there is nothing to give back.
    #[inline(always)]
    pub(crate) fn replace(&mut self, bytes: Self) {
        if self.is_static() {
            mem::forget(mem::replace(self, bytes));
        } else {
            *self = bytes;
        }
    }

    /// Whether these bytes are part of the program.
    #[inline(always)]
    pub(crate) const fn is_static(&self) -> bool {
        matches!(self.held, Held::Static(_) | Held::StaticText(_))
    }

    /// The text of the program that these bytes are.
    #[inline(always)]
    pub(crate) const fn static_text(&self) -> Option<&'static str> {
        match self.held {
            Held::StaticText(text) => Some(text),
            _ => None,
        }
    }

    /// As [`Bytes::replace`] by text of the program.
    #[inline(always)]
    pub(crate) fn set_static_text(&mut self, text: &'static str) {
        if self.is_static() {
            mem::forget(mem::replace(&mut self.held, Held::StaticText(text)));
        } else {
            self.held = Held::StaticText(text);
        }
    }

    /// Whether these bytes hold a receive buffer of a core that is running low on them.
    #[inline]
    pub(crate) fn is_scarce(&self) -> bool {
        matches!(&self.held, Held::Lease(lease) if lease.is_scarce())
    }

    /// The bytes as text, if it is known without looking at all of them.
    #[inline]
    pub(crate) fn known_text(&self) -> Option<&str> {
        match &self.held {
            Held::StaticText(text) => Some(text),
            Held::SharedText { text, part } => text.get(part.clone()),
            Held::Static(_) | Held::Lease(_) | Held::Shared { .. } => None,
        }
    }
}

impl Held {
    #[inline(never)]
    fn others(&self) -> &[u8] {
        match self {
            Self::Static(bytes) => bytes,
            Self::StaticText(text) => text.as_bytes(),
            Self::Lease(lease) => lease,
            Self::Shared { bytes, part } => &bytes[part.clone()],
            Self::SharedText { text, part } => &text.as_bytes()[part.clone()],
        }
    }
}

impl Default for Bytes {
    #[inline]
    fn default() -> Self {
        Self::new()
    }
}

impl Deref for Bytes {
    type Target = [u8];

    /// The two usual forms, of requests and of answers, by a predicted branch each.
    #[inline(always)]
    fn deref(&self) -> &[u8] {
        match &self.held {
            Held::Lease(lease) => lease,
            Held::StaticText(text) => text.as_bytes(),
            held => held.others(),
        }
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl From<&'static [u8]> for Bytes {
    fn from(bytes: &'static [u8]) -> Self {
        Self::from_static(bytes)
    }
}

impl<const N: usize> From<&'static [u8; N]> for Bytes {
    fn from(bytes: &'static [u8; N]) -> Self {
        Self::from_static(bytes)
    }
}

/// Takes the vector over; its bytes are not copied.
impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        let part = 0..bytes.len();
        Self { held: Held::Shared { bytes: Rc::new(bytes), part } }
    }
}

impl From<String> for Bytes {
    fn from(text: String) -> Self {
        Self::from_text(text)
    }
}

impl From<&'static str> for Bytes {
    #[inline]
    fn from(text: &'static str) -> Self {
        Self::from_static_text(text)
    }
}

impl From<Lease> for Bytes {
    #[inline]
    fn from(lease: Lease) -> Self {
        Self { held: Held::Lease(lease) }
    }
}

impl<T: AsRef<[u8]> + ?Sized> PartialEq<T> for Bytes {
    fn eq(&self, other: &T) -> bool {
        **self == *other.as_ref()
    }
}

impl Eq for Bytes {}

impl core::hash::Hash for Bytes {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

/// As a byte string literal is written.
impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.escape_ascii())
    }
}

fn absolute(range: &impl RangeBounds<usize>, len: usize) -> Range<usize> {
    let start = match range.start_bound() {
        Bound::Included(&at) => at,
        Bound::Excluded(&at) => at.saturating_add(1),
        Bound::Unbounded => 0,
    };
    let end = match range.end_bound() {
        Bound::Included(&at) => at.saturating_add(1),
        Bound::Excluded(&at) => at,
        Bound::Unbounded => len,
    };
    start..end
}

#[track_caller]
fn check(range: &Range<usize>, len: usize) {
    assert!(range.start <= range.end && range.end <= len, "{range:?} of {len} bytes");
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use proptest::prelude::*;

    use super::*;

    /// The same content, held in every way that needs no receive buffer.
    fn every_way(text: &'static str) -> Vec<Bytes> {
        let padded = Rc::new([b"<", text.as_bytes(), b">"].concat());
        vec![
            Bytes::from(text.as_bytes()),
            Bytes::from_static_text(text),
            Bytes::from(text.as_bytes().to_vec()),
            Bytes::from_shared(padded, 1..1 + text.len()),
            Bytes::from_text(text.to_owned()),
        ]
    }

    #[test]
    fn slices_are_those_of_the_standard_library() {
        let text = "a\u{e9}\u{4e16}b";
        for bytes in every_way(text) {
            for start in 0..=text.len() {
                for end in start..=text.len() {
                    let slice = bytes.slice(start..end);
                    assert_eq!(slice, text.as_bytes()[start..end]);
                    assert_eq!(slice.slice(..), slice);
                    assert_eq!(slice.into_vec(), text.as_bytes()[start..end]);
                }
            }
            assert_eq!(bytes.slice(1..=2), text.as_bytes()[1..=2]);
            assert_eq!(bytes.slice((Bound::Excluded(0), Bound::Unbounded)), text.as_bytes()[1..]);
            assert_eq!(bytes.clone().detach(), text.as_bytes());
        }
    }

    #[test]
    #[expect(clippy::reversed_empty_ranges, reason = "what is refused")]
    fn slices_past_the_end_panic() {
        for range in [0..4, 4..4, 2..1, 0..usize::MAX, usize::MAX..usize::MAX] {
            for way in 0..5 {
                let result = catch_unwind(|| every_way("abc")[way].slice(range.clone()).to_vec());
                assert!(result.is_err(), "{range:?} {way}");
            }
        }
        assert!(catch_unwind(|| Bytes::from_static(b"abc").slice(..=usize::MAX)).is_err());
    }

    #[test]
    fn an_owned_vector_comes_back_without_a_copy() {
        let (vec, text) = (b"content".to_vec(), String::from("content"));
        let addresses = [vec.as_ptr(), text.as_ptr()];
        for (bytes, address) in
            [Bytes::from(vec), Bytes::from_text(text)].into_iter().zip(addresses)
        {
            let shared = bytes.clone().into_vec();
            assert_ne!(shared.as_ptr(), address);
            let whole = bytes.into_vec();
            assert_eq!(whole.as_ptr(), address);
            assert_eq!(whole, shared);
        }
    }

    #[test]
    fn cloning_and_slicing_share() {
        let bytes = Bytes::from(b"content".to_vec());
        assert_eq!(bytes.clone().as_ptr(), bytes.as_ptr());
        assert_eq!(bytes.slice(3..).as_ptr(), bytes[3..].as_ptr());
        assert_eq!(bytes.clone().detach().as_ptr(), bytes.as_ptr());
    }

    #[test]
    fn debug_escapes() {
        let written = format!("{:?}", Bytes::from(b"a\n\xff\"".to_vec()));
        assert_eq!(written, r#"b"a\n\xff\"""#);
    }

    proptest! {
        #[test]
        fn slices_of_slices(content: Vec<u8>, cuts: [prop::sample::Index; 4]) {
            let (mut bytes, mut oracle) = (Bytes::from(content.clone()), &content[..]);
            for pair in cuts.chunks(2) {
                let (a, b) = (pair[0].index(oracle.len() + 1), pair[1].index(oracle.len() + 1));
                let range = a.min(b)..a.max(b);
                bytes = bytes.slice(range.clone());
                oracle = &oracle[range];
                prop_assert_eq!(&bytes[..], oracle);
            }
        }
    }
}
