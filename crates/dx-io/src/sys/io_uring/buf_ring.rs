//! The ring of receive buffers that is shared with the kernel.
//!
//! Owns the ring's memory and its tail (io_uring_register_buf_ring(3)). Knows the pool only as a
//! source of addresses. Invariant: a buffer stands in the ring, or is held elsewhere, never both.

use core::alloc::Layout;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU16, Ordering};
use std::io;

use io_uring::IoUring;
use io_uring::types::BufRingEntry;

use crate::buf::RoomBuffers;
use crate::limits::{BUFFERS_OFFERED, RECV_BATCH_BYTES};

/// The one buffer group of a ring.
pub(super) const GROUP: u16 = 0;

/// The kernel maps whole pages.
const RING_ALIGN: usize = 4096;

/// The shared ring. The kernel takes from its head, we add at its tail.
#[derive(Debug)]
pub(super) struct BufRing {
    /// INVARIANT: page-aligned, `entries` long, allocated with `layout()`, freed on drop only.
    base: NonNull<BufRingEntry>,
    /// INVARIANT: a power of two.
    entries: u16,
    tail: u16,
    /// Buffers that the kernel has not taken yet.
    offered: u16,
    /// Buffers that are offered while there are as many. The kernel goes round the ring: with all
    /// of them in it, the bytes of every batch would lie in memory that no cache knows.
    offered_max: u16,
    /// Bytes received since buffers were last offered.
    received: usize,
}

impl BufRing {
    /// Allocates and registers a ring for all of `buffers`, and offers the first of them.
    ///
    /// # Errors
    /// `EINVAL` before 5.19; `ENOMEM`.
    pub(super) fn register(uring: &IoUring, buffers: &RoomBuffers) -> io::Result<Self> {
        let entries = buffers.count();
        let layout = Self::layout(entries);
        // SAFETY: the layout is not of size zero.
        let base = unsafe { std::alloc::alloc_zeroed(layout) };
        let Some(base) = NonNull::new(base.cast::<BufRingEntry>()) else {
            std::alloc::handle_alloc_error(layout);
        };
        let offered_max = BUFFERS_OFFERED.min(entries);
        let mut ring = Self { base, entries, tail: 0, offered: 0, offered_max, received: 0 };
        // SAFETY: `base` is valid for `entries` entries until `BufRing` drops, which its owner
        // does only after `unregister` or after the io_uring itself is gone.
        unsafe {
            uring.submitter().register_buf_ring_with_flags(
                base.as_ptr() as u64,
                entries,
                GROUP,
                0,
            )?;
        }
        // Last in, first out.
        (0..entries).rev().for_each(|id| buffers.push_returned(id));
        ring.top_up(buffers);
        Ok(ring)
    }

    /// Takes the ring from the kernel.
    pub(super) fn unregister(&self, uring: &IoUring) {
        // Fails only if the group does not exist; then the kernel has no hold on the memory.
        let _ = uring.submitter().unregister_buf_ring(GROUP);
    }

    /// Offers returned buffers, the last returned first, up to the bound.
    pub(super) fn top_up(&mut self, buffers: &RoomBuffers) {
        let before = self.offered;
        if core::mem::take(&mut self.received) > 2 * RECV_BATCH_BYTES {
            self.offered_max = (self.offered_max / 2).max(BUFFERS_OFFERED.min(self.entries));
        }
        while self.offered < self.offered_max
            && let Some(id) = buffers.pop_returned()
        {
            self.add(buffers, id);
            self.offered += 1;
        }
        if self.offered > before {
            self.publish();
        }
    }

    /// The kernel has taken a buffer, for so many bytes.
    pub(super) fn taken(&mut self, bytes: usize) {
        self.offered -= 1;
        self.received += bytes;
    }

    /// The kernel has found no buffer. If that was for many small pieces, more are offered from
    /// now on.
    pub(super) fn ran_out(&mut self) {
        if self.received < RECV_BATCH_BYTES {
            self.offered_max = self.offered_max.saturating_mul(2).min(self.entries);
        }
    }

    /// Puts buffer `id` behind the tail; the kernel sees it after [`Self::publish`].
    fn add(&mut self, buffers: &RoomBuffers, id: u16) {
        let index = usize::from(self.tail & (self.entries - 1));
        // SAFETY: `index < entries`, so the entry lies in the allocation; the kernel does not
        // read entries at or behind the published tail, and there are as many entries as
        // buffers, so a slot that is written again was consumed before.
        let entry = unsafe { &mut *self.base.as_ptr().add(index) };
        entry.set_addr(buffers.address(id).as_ptr() as u64);
        entry.set_len(u32::from(buffers.buffer_len()));
        entry.set_bid(id);
        self.tail = self.tail.wrapping_add(1);
    }

    /// Makes everything added visible to the kernel.
    fn publish(&self) {
        // SAFETY: `base` points to the first, initialised entry of the ring; the tail lies in its
        // `resv` field, is aligned for u16, and the kernel accesses it atomically.
        let tail = unsafe { &*BufRingEntry::tail(self.base.as_ptr()).cast::<AtomicU16>() };
        tail.store(self.tail, Ordering::Release);
    }

    fn layout(entries: u16) -> Layout {
        Layout::array::<BufRingEntry>(usize::from(entries))
            .and_then(|layout| layout.align_to(RING_ALIGN))
            .expect("at most 512 KiB")
    }
}

impl Drop for BufRing {
    fn drop(&mut self) {
        // SAFETY: allocated in `register` with the same layout; the kernel's hold has ended (see
        // there).
        unsafe {
            std::alloc::dealloc(self.base.as_ptr().cast(), Self::layout(self.entries));
        }
    }
}
