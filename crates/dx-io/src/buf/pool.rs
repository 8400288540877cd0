//! The pool: one region of memory, and the state of every buffer in it.
//!
//! Owns allocation and hand-over. Knows no kernel. Invariant: `refs[id]` is [`IDLE`] while the
//! kernel or the free list holds buffer `id`, [`FILLED`] between a completion and its claim, else
//! the number of leases; bytes are readable only through a lease.

use core::alloc::Layout;
use core::cell::{Cell, RefCell};
use core::ptr::NonNull;
use std::rc::Rc;

use super::lease::Lease;

/// Held by the room: given to the kernel, or waiting in the returned list.
const IDLE: u32 = 0;
/// Holds received bytes nobody has claimed yet.
const FILLED: u32 = u32::MAX;

/// Buffers start on page boundaries: a kernel pins and maps whole pages.
const REGION_ALIGN: usize = 4096;

/// A shared, single-threaded view of one core's receive buffers.
#[derive(Clone, Debug)]
pub struct BufferPool {
    pub(super) shared: Rc<Shared>,
}

/// What pool, leases and room share.
#[derive(Debug)]
pub(super) struct Shared {
    /// INVARIANT: allocated with `layout()`, freed only when this drops; never moved.
    base: NonNull<u8>,
    /// INVARIANT: `base` spans `count * buffer_len` bytes.
    buffer_len: u16,
    count: u16,
    refs: Box<[Cell<u32>]>,
    /// INVARIANT: at most `buffer_len`, and that many bytes were written before [`FILLED`].
    filled_len: Box<[Cell<u16>]>,
    returned: RefCell<Vec<u16>>,
    held: Cell<u16>,
}

impl Shared {
    fn layout(count: u16, buffer_len: u16) -> Layout {
        let size = usize::from(count) * usize::from(buffer_len);
        Layout::from_size_align(size.max(1), REGION_ALIGN).expect("at most 2 GiB, page-aligned")
    }

    fn address(&self, id: u16) -> NonNull<u8> {
        assert!(id < self.count);
        // SAFETY: `id < count`, so the offset stays inside the allocation `base` spans.
        unsafe { self.base.add(usize::from(id) * usize::from(self.buffer_len)) }
    }

    /// The bytes `start..start + len` of buffer `id`, which must be leased.
    pub(super) fn bytes(&self, id: u16, start: u16, len: u16) -> &[u8] {
        debug_assert!(!matches!(self.refs[usize::from(id)].get(), IDLE | FILLED));
        debug_assert!(start <= self.buffer_len && len <= self.buffer_len - start);
        // SAFETY: a lease lies within `filled_len` of its buffer, all of which was written before
        // the buffer was marked filled; while a lease exists nobody writes to the buffer.
        unsafe {
            core::slice::from_raw_parts(
                self.address(id).as_ptr().add(usize::from(start)),
                usize::from(len),
            )
        }
    }

    pub(super) fn is_scarce(&self) -> bool {
        u32::from(self.held.get()) * 2 > u32::from(self.count)
    }

    #[inline]
    pub(super) fn add_lease(&self, id: u16) {
        let refs = &self.refs[usize::from(id)];
        // FILLED is u32::MAX; wrapping into it would free a buffer that is still read.
        assert!(refs.get() < FILLED - 1, "too many leases on one buffer");
        refs.set(refs.get() + 1);
    }

    #[inline]
    pub(super) fn drop_lease(&self, id: u16) {
        let refs = &self.refs[usize::from(id)];
        let left = refs.get() - 1;
        refs.set(left);
        if left == 0 {
            self.give_back(id);
        }
    }

    fn give_back(&self, id: u16) {
        self.refs[usize::from(id)].set(IDLE);
        self.held.set(self.held.get() - 1);
        self.returned.borrow_mut().push(id);
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // SAFETY: allocated by `RoomBuffers::new` with this very layout; leases hold an `Rc` on
        // `self` and the room quiesces its kernel before it drops its own, so nobody is left.
        unsafe {
            std::alloc::dealloc(self.base.as_ptr(), Self::layout(self.count, self.buffer_len));
        }
    }
}

impl BufferPool {
    /// Buffers in all.
    #[must_use]
    pub fn capacity(&self) -> usize {
        usize::from(self.shared.count)
    }

    /// Buffers that hold received bytes now, claimed or not.
    #[must_use]
    pub fn held(&self) -> usize {
        usize::from(self.shared.held.get())
    }

    /// Whether fewer than half of the buffers are free: time to copy and let go.
    #[must_use]
    pub fn is_scarce(&self) -> bool {
        self.shared.is_scarce()
    }

    /// Bytes of one buffer.
    #[must_use]
    pub fn buffer_len(&self) -> usize {
        usize::from(self.shared.buffer_len)
    }
}

/// The room's side of the pool: it alone moves buffers to and from the kernel.
#[derive(Debug)]
pub(crate) struct RoomBuffers {
    pool: BufferPool,
}

impl RoomBuffers {
    /// Allocates `count` buffers (a power of two) of `buffer_len` bytes. The memory is not
    /// touched, so what is never used costs address space only.
    pub(crate) fn new(count: u16, buffer_len: u16) -> Self {
        let count = count.clamp(1, 1 << 15).next_power_of_two();
        let buffer_len = buffer_len.max(64);
        let layout = Shared::layout(count, buffer_len);
        // SAFETY: the layout's size is never zero.
        let base = unsafe { std::alloc::alloc(layout) };
        let Some(base) = NonNull::new(base) else { std::alloc::handle_alloc_error(layout) };
        let shared = Shared {
            base,
            buffer_len,
            count,
            refs: vec![Cell::new(IDLE); usize::from(count)].into(),
            filled_len: vec![Cell::new(0); usize::from(count)].into(),
            returned: RefCell::new(Vec::with_capacity(usize::from(count))),
            held: Cell::new(0),
        };
        Self { pool: BufferPool { shared: Rc::new(shared) } }
    }

    pub(crate) const fn pool(&self) -> &BufferPool {
        &self.pool
    }

    pub(crate) fn count(&self) -> u16 {
        self.pool.shared.count
    }

    pub(crate) fn buffer_len(&self) -> u16 {
        self.pool.shared.buffer_len
    }

    /// Where buffer `id` lies, for the kernel to write to.
    pub(crate) fn address(&self, id: u16) -> NonNull<u8> {
        self.pool.shared.address(id)
    }

    /// Records that the kernel wrote `len` bytes at the start of buffer `id`.
    ///
    /// # Safety
    /// - the kernel was the holder of buffer `id` and is no longer;
    /// - it has written at least `len` bytes from the start of it.
    pub(crate) unsafe fn mark_filled(&self, id: u16, len: u16) {
        let shared = &self.pool.shared;
        assert_eq!(shared.refs[usize::from(id)].get(), IDLE, "the kernel filled a held buffer");
        assert!(len <= shared.buffer_len);
        shared.filled_len[usize::from(id)].set(len);
        shared.refs[usize::from(id)].set(FILLED);
        shared.held.set(shared.held.get() + 1);
    }

    /// Copies the beginning of `bytes`, as much as fits, into a returned buffer.
    pub(crate) fn fill(&self, bytes: &[u8]) -> Option<u16> {
        let id = self.pop_returned()?;
        let len = bytes.len().min(usize::from(self.buffer_len()));
        // SAFETY: the id came from the returned list, so nobody else reads or writes the buffer,
        // which spans `buffer_len >= len` bytes and cannot overlap a slice somebody holds.
        unsafe {
            self.address(id).as_ptr().copy_from_nonoverlapping(bytes.as_ptr(), len);
            self.mark_filled(id, len as u16);
        }
        Some(id)
    }

    /// The lease on a filled buffer; once only.
    pub(crate) fn claim(&self, id: u16) -> Option<Lease> {
        let refs = self.pool.shared.refs.get(usize::from(id))?;
        if refs.get() != FILLED {
            return None;
        }
        refs.set(1);
        let len = self.pool.shared.filled_len[usize::from(id)].get();
        Some(Lease::new(self.pool.shared.clone(), id, len))
    }

    /// Gives a filled buffer back unread: its operation has no owner any more.
    pub(crate) fn discard(&self, id: u16) {
        if self.pool.shared.refs[usize::from(id)].get() == FILLED {
            self.pool.shared.give_back(id);
        }
    }

    /// Takes one returned buffer, the one that came back last.
    pub(crate) fn pop_returned(&self) -> Option<u16> {
        self.pool.shared.returned.borrow_mut().pop()
    }

    /// Puts a buffer that was never filled back on the returned list.
    pub(crate) fn push_returned(&self, id: u16) {
        debug_assert_eq!(self.pool.shared.refs[usize::from(id)].get(), IDLE);
        self.pool.shared.returned.borrow_mut().push(id);
    }
}

#[cfg(test)]
mod tests {
    use super::RoomBuffers;

    fn fill(room: &RoomBuffers, id: u16, bytes: &[u8]) {
        // SAFETY: the test plays the kernel: it holds the buffer and writes all of `bytes`.
        unsafe {
            room.address(id).as_ptr().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
            room.mark_filled(id, bytes.len() as u16);
        }
    }

    #[test]
    fn a_buffer_comes_back_once_after_its_last_lease() {
        let room = RoomBuffers::new(4, 64);
        fill(&room, 2, b"hello");
        assert_eq!(room.pool().held(), 1);
        let lease = room.claim(2).expect("filled");
        assert!(room.claim(2).is_none(), "a second claim");
        let other = lease.slice(1..3);
        assert_eq!((&*lease, &*other), (&b"hello"[..], &b"el"[..]));
        drop(lease);
        assert_eq!(room.pop_returned(), None);
        drop(other);
        assert_eq!((room.pop_returned(), room.pop_returned()), (Some(2), None));
        assert_eq!(room.pool().held(), 0);
    }

    #[test]
    fn leases_outlive_the_room() {
        let room = RoomBuffers::new(1, 64);
        fill(&room, 0, b"late");
        let lease = room.claim(0).expect("filled");
        drop(room);
        assert_eq!(&*lease, b"late");
    }

    #[test]
    fn discard_touches_only_unclaimed_buffers() {
        let room = RoomBuffers::new(2, 64);
        fill(&room, 1, b"x");
        let lease = room.claim(1).expect("filled");
        room.discard(1);
        assert_eq!(room.pop_returned(), None);
        drop(lease);
        assert_eq!(room.pop_returned(), Some(1));
    }

    #[test]
    fn scarce_means_more_than_half_are_held() {
        let room = RoomBuffers::new(4, 64);
        for id in 0..3 {
            assert!(!room.pool().is_scarce());
            fill(&room, id, b"x");
        }
        assert!(room.pool().is_scarce());
    }
}
