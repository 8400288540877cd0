//! The ring of provided receive buffers.
//!
//! Owns the memory that the kernel fills and the ring through which buffers go back to it. Knows
//! no connection. Invariant: a buffer belongs either to the kernel (it is in the ring) or to the
//! caller (a completion named it), never to both.

use std::alloc::{Layout, alloc_zeroed, handle_alloc_error};
use std::io;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU16, Ordering};

use io_uring::Submitter;
use io_uring::types::BufRingEntry;

use crate::limits::{RING_BUFFER_BYTES, RING_BUFFERS};

/// The one buffer group of the floor.
pub(super) const GROUP: u16 = 0;

/// The kernel wants the ring at the start of a page.
const PAGE_BYTES: usize = 4096;

/// [`RING_BUFFERS`] buffers of [`RING_BUFFER_BYTES`], registered as [`GROUP`].
pub(super) struct Buffers {
    /// INVARIANT: the first of `RING_BUFFERS` entries, page-aligned, never freed.
    entries: NonNull<BufRingEntry>,
    /// INVARIANT: the start of `RING_BUFFERS * RING_BUFFER_BYTES` zeroed bytes, never freed.
    memory: NonNull<u8>,
    /// How many buffers have been given to the kernel so far, modulo 2^16.
    tail: u16,
}

impl Buffers {
    /// Allocates the buffers and hands all of them to the kernel.
    ///
    /// The memory is never freed: it must outlive whatever the kernel still does when the ring
    /// is closed, and the loop runs as long as the process.
    pub(super) fn register(submitter: &Submitter<'_>) -> io::Result<Self> {
        let entries = allocate(size_of::<BufRingEntry>() * usize::from(RING_BUFFERS)).cast();
        let memory = allocate(RING_BUFFER_BYTES * usize::from(RING_BUFFERS));
        let address = entries.as_ptr() as u64;
        // SAFETY: `address` is page-aligned and holds RING_BUFFERS zeroed entries that are never
        // freed, so they outlive the ring.
        unsafe { submitter.register_buf_ring_with_flags(address, RING_BUFFERS, GROUP, 0)? };
        let mut buffers = Self { entries, memory, tail: 0 };
        for id in 0..RING_BUFFERS {
            // SAFETY: the ring is empty, so the kernel has none of them yet.
            unsafe { buffers.give_back(id) };
        }
        buffers.publish();
        Ok(buffers)
    }

    /// Puts buffer `id` back into the ring; the kernel sees it after [`Buffers::publish`].
    ///
    /// # Safety
    ///
    /// - The caller owns buffer `id`: the kernel named it in a completion (or never had it), and
    ///   it has not been given back since.
    /// - No slice from [`Buffers::bytes`] of this `id` is used afterwards.
    pub(super) unsafe fn give_back(&mut self, id: u16) {
        assert!(id < RING_BUFFERS);
        let index = usize::from(self.tail & (RING_BUFFERS - 1));
        // SAFETY: `index` is under RING_BUFFERS. At most RING_BUFFERS buffers are out, so this
        // entry is one the kernel has consumed. Field writes leave the reserved field, which in
        // entry 0 is the ring's tail, alone.
        unsafe {
            let entry = &mut *self.entries.as_ptr().add(index);
            entry.set_addr(self.start(id).as_ptr() as u64);
            entry.set_len(RING_BUFFER_BYTES as u32);
            entry.set_bid(id);
        }
        self.tail = self.tail.wrapping_add(1);
    }

    /// Shows the kernel all buffers given back so far (io_uring_buf_ring_advance(3)).
    pub(super) fn publish(&mut self) {
        // SAFETY: `entries` is the first entry of an initialised ring; the tail in it is only
        // read by the kernel and only written here, and an AtomicU16 has a u16's layout.
        let tail = unsafe { &*BufRingEntry::tail(self.entries.as_ptr()).cast::<AtomicU16>() };
        // Release: the entries above must be visible before the tail that covers them.
        tail.store(self.tail, Ordering::Release);
    }

    /// The first `length` bytes of buffer `id`.
    ///
    /// # Safety
    ///
    /// The caller owns buffer `id`: the kernel named it in a completion with at least `length`
    /// bytes, and it is not given back while the slice lives.
    pub(super) unsafe fn bytes(&self, id: u16, length: usize) -> &[u8] {
        assert!(id < RING_BUFFERS && length <= RING_BUFFER_BYTES);
        // SAFETY: the range lies inside `memory` by the assertion; every byte is initialised
        // (zeroed at first); the kernel does not write to it while the caller owns it.
        unsafe { std::slice::from_raw_parts(self.start(id).as_ptr(), length) }
    }

    fn start(&self, id: u16) -> NonNull<u8> {
        // SAFETY: callers have checked that `id` is under RING_BUFFERS, so the offset stays
        // inside the allocation.
        unsafe { self.memory.add(usize::from(id) * RING_BUFFER_BYTES) }
    }
}

/// Zeroed, page-aligned memory. Large blocks are not touched before they are used.
fn allocate(bytes: usize) -> NonNull<u8> {
    let layout = Layout::from_size_align(bytes, PAGE_BYTES).expect("constant sizes fit");
    // SAFETY: no caller asks for zero bytes.
    let memory = unsafe { alloc_zeroed(layout) };
    NonNull::new(memory).unwrap_or_else(|| handle_alloc_error(layout))
}
