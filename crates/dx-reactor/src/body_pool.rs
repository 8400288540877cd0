//! Memory for response bodies that is used again.
//!
//! Owns [`PooledVec`] and the thread's stock of vectors. May not know what is written to them. Its
//! one invariant: the stock is bounded, in vectors and in the capacity of each.

use core::fmt;
use core::ops::{Deref, DerefMut};
use std::io;

use crate::stock::Stock;

/// Vectors a thread keeps.
pub(crate) const BODIES_KEPT: usize = 128;
/// A vector with more capacity than this is not kept: one large answer would be paid for ever.
pub(crate) const BODY_KEPT_BYTES: usize = 32 * 1024;
/// A vector with less capacity than this is not kept: it would have to grow at its next use.
pub(crate) const BODY_CAPACITY: usize = 1024;

thread_local! {
    static STOCK: Stock<Vec<u8>, BODIES_KEPT> = const { Stock::new() };
}

/// A `Vec<u8>` that returns to its thread's stock when it is dropped, for bodies that are written
/// anew for every response.
///
/// ```
/// use std::io::Write;
/// use dx_reactor::{PooledVec, Response};
///
/// let mut body = PooledVec::take();
/// write!(body, "{} items", 3)?;
/// let response = Response::bytes("text/plain", body);
/// assert_eq!(response.body(), b"3 items");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Default)]
pub struct PooledVec {
    bytes: Vec<u8>,
}

impl PooledVec {
    /// An empty vector: a used one of this thread if there is one, else a new one.
    #[must_use]
    #[inline]
    pub fn take() -> Self {
        let used = Stock::take(&STOCK);
        Self { bytes: used.unwrap_or_else(|| Vec::with_capacity(BODY_CAPACITY)) }
    }
}

impl Drop for PooledVec {
    #[inline]
    fn drop(&mut self) {
        if (BODY_CAPACITY..=BODY_KEPT_BYTES).contains(&self.bytes.capacity()) {
            let mut bytes = core::mem::take(&mut self.bytes);
            bytes.clear();
            Stock::give(&STOCK, bytes);
        }
    }
}

impl Deref for PooledVec {
    type Target = Vec<u8>;

    #[inline]
    fn deref(&self) -> &Vec<u8> {
        &self.bytes
    }
}

impl DerefMut for PooledVec {
    #[inline]
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }
}

/// Takes the vector over; its memory goes to the stock afterwards.
impl From<Vec<u8>> for PooledVec {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes }
    }
}

/// Appends; never fails.
impl io::Write for PooledVec {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for PooledVec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.bytes.escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    // Every test has a thread of its own, and so an empty stock.
    #[test]
    fn memory_is_used_again_and_empty() {
        let mut body = PooledVec::take();
        write!(body, "{}", 42).expect("never fails");
        assert_eq!(**body, b"42"[..]);
        let address = body.as_ptr();
        drop(body);
        let body = PooledVec::take();
        assert!(body.is_empty());
        assert_eq!(body.as_ptr(), address);
        assert_eq!(Stock::len(&STOCK), 0);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let rows = [
            (0, 0),
            (BODY_CAPACITY - 1, 0),
            (BODY_CAPACITY, 1),
            (BODY_KEPT_BYTES, 1),
            (BODY_KEPT_BYTES + 1, 0),
        ];
        for (capacity, wanted) in rows {
            while Stock::take(&STOCK).is_some() {}
            drop(PooledVec::from(Vec::with_capacity(capacity)));
            assert_eq!(Stock::len(&STOCK), wanted, "{capacity}");
        }
        let bodies: Vec<_> = (0..BODIES_KEPT + 10).map(|_| PooledVec::take()).collect();
        drop(bodies);
        assert_eq!(Stock::len(&STOCK), BODIES_KEPT);
    }
}
