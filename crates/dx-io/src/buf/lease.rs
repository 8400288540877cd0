//! A counted hold on received bytes.
//!
//! Owns [`Lease`]. Knows only its pool. Invariant: the bytes do not change while a lease on them
//! exists, and the buffer returns to its pool with the last one.

use core::fmt;
use core::ops::{Bound, Deref, RangeBounds};
use std::rc::Rc;

use super::pool::Shared;

/// Received bytes, shared by counting and never copied. `!Send`: they belong to one core.
///
/// ```
/// fn first_line(lease: &dx_io::Lease) -> dx_io::Lease {
///     let end = lease.iter().position(|&byte| byte == b'\n').unwrap_or(lease.len());
///     lease.slice(..end)
/// }
/// ```
pub struct Lease {
    shared: Rc<Shared>,
    id: u16,
    /// INVARIANT: `start + len` is at most the filled length of buffer `id`.
    start: u16,
    len: u16,
}

impl Lease {
    pub(super) const fn new(shared: Rc<Shared>, id: u16, len: u16) -> Self {
        Self { shared, id, start: 0, len }
    }

    /// A lease on part of these bytes.
    ///
    /// # Panics
    /// When `range` reaches past the end, as indexing does.
    #[inline] // once or more a request, from another crate
    #[must_use]
    pub fn slice(&self, range: impl RangeBounds<usize>) -> Self {
        let start = match range.start_bound() {
            Bound::Included(&at) => at,
            Bound::Excluded(&at) => at + 1,
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(&at) => at + 1,
            Bound::Excluded(&at) => at,
            Bound::Unbounded => self.len(),
        };
        assert!(start <= end && end <= self.len(), "{start}..{end} of {} bytes", self.len());
        let mut part = self.clone();
        part.start += start as u16;
        part.len = (end - start) as u16;
        part
    }

    /// Gives up the first `count` bytes, at most all of them.
    pub fn advance(&mut self, count: usize) {
        let count = count.min(usize::from(self.len)) as u16;
        self.start += count;
        self.len -= count;
    }

    /// Whether this buffer's pool is running low, so that a copy is the better keepsake.
    #[must_use]
    pub fn is_scarce(&self) -> bool {
        self.shared.is_scarce()
    }
}

impl Clone for Lease {
    #[inline]
    fn clone(&self) -> Self {
        self.shared.add_lease(self.id);
        Self { shared: self.shared.clone(), id: self.id, start: self.start, len: self.len }
    }
}

impl Drop for Lease {
    #[inline]
    fn drop(&mut self) {
        self.shared.drop_lease(self.id);
    }
}

impl Deref for Lease {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        self.shared.bytes(self.id, self.start, self.len)
    }
}

impl AsRef<[u8]> for Lease {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lease({} bytes of buffer {})", self.len, self.id)
    }
}
