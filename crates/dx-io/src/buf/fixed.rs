//! Buffers for files that are lent out whole.
//!
//! Owns [`FixedBuf`] and its pool. Knows no kernel: a room may register the memory with its own
//! (io_uring_register_buffers(3)), which saves mapping it for each operation. Invariant: a buffer
//! is in the pool or in exactly one `FixedBuf`, and its memory never moves.

use core::cell::RefCell;
use core::fmt;
use core::ops::{Deref, DerefMut};
use std::rc::{Rc, Weak};

/// Numbers and memory of the buffers nobody holds.
type Free = RefCell<Vec<(u16, Box<[u8]>)>>;

/// One buffer of a reactor's registered memory, back in the pool when it drops. `!Send`: it
/// belongs to one core.
pub struct FixedBuf {
    /// `None` only while it drops.
    memory: Option<Box<[u8]>>,
    /// Its number in the registration.
    index: u16,
    /// Bytes in use: what a read may fill, or a write sends.
    len: usize,
    pool: Weak<Free>,
}

impl FixedBuf {
    /// Its number in the registration.
    #[must_use]
    pub const fn index(&self) -> u16 {
        self.index
    }

    /// Bytes the buffer can hold.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.memory.as_ref().map_or(0, |memory| memory.len())
    }

    /// Uses the first `len` bytes only, at most all of them.
    pub fn set_len(&mut self, len: usize) {
        self.len = len.min(self.capacity());
    }
}

/// The place of a buffer in its pool, while its memory is on another thread.
#[derive(Debug)]
pub(crate) struct Ticket {
    index: u16,
    len: usize,
    pool: Weak<Free>,
}

impl FixedBuf {
    /// Parts the memory, which may cross threads, from its place in the pool, which may not.
    pub(crate) fn split(mut self) -> (Box<[u8]>, Ticket) {
        let ticket = Ticket { index: self.index, len: self.len, pool: self.pool.clone() };
        (self.memory.take().unwrap_or_default(), ticket)
    }

    /// Undoes [`Self::split`].
    pub(crate) fn join(memory: Box<[u8]>, ticket: Ticket) -> Self {
        let Ticket { index, len, pool } = ticket;
        Self { memory: Some(memory), index, len, pool }
    }
}

impl Deref for FixedBuf {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.memory.as_ref().map_or(&[], |memory| &memory[..self.len])
    }
}

impl DerefMut for FixedBuf {
    fn deref_mut(&mut self) -> &mut [u8] {
        self.memory.as_mut().map_or(&mut [], |memory| &mut memory[..self.len])
    }
}

impl Drop for FixedBuf {
    fn drop(&mut self) {
        if let (Some(pool), Some(memory)) = (self.pool.upgrade(), self.memory.take()) {
            pool.borrow_mut().push((self.index, memory));
        }
    }
}

impl fmt::Debug for FixedBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FixedBuf({} of {} bytes, number {})", self.len, self.capacity(), self.index)
    }
}

/// The fixed buffers of one reactor that nobody holds.
#[derive(Debug)]
pub(crate) struct FixedBuffers {
    free: Rc<Free>,
}

impl FixedBuffers {
    /// Allocates `count` buffers of `len` bytes.
    pub(crate) fn new(count: u16, len: u32) -> Self {
        let buffer = |index| (index, vec![0; len as usize].into_boxed_slice());
        // The list is last in, first out: number 0 is the first to go.
        Self { free: Rc::new(RefCell::new((0..count).rev().map(buffer).collect())) }
    }

    /// Whether `buf` is one of these.
    pub(crate) fn lent(&self, buf: &FixedBuf) -> bool {
        core::ptr::eq(buf.pool.as_ptr(), Rc::as_ptr(&self.free))
    }

    /// Address and length of every buffer by its number, while all of them are here.
    pub(crate) fn regions(&self) -> Vec<(*mut u8, usize)> {
        let mut free = self.free.borrow_mut();
        let region = |(_, memory): &mut (u16, Box<[u8]>)| (memory.as_mut_ptr(), memory.len());
        // The list is last in, first out.
        free.iter_mut().rev().map(region).collect()
    }

    /// Lends one buffer out whole.
    pub(crate) fn take(&self) -> Option<FixedBuf> {
        let (index, memory) = self.free.borrow_mut().pop()?;
        let len = memory.len();
        Some(FixedBuf { memory: Some(memory), index, len, pool: Rc::downgrade(&self.free) })
    }
}

#[cfg(test)]
mod tests {
    use super::FixedBuffers;

    #[test]
    fn memory_travels_and_comes_back_to_its_place() {
        let (pool, other) = (FixedBuffers::new(1, 8), FixedBuffers::new(1, 8));
        let regions = pool.regions();
        let mut buf = pool.take().expect("one");
        assert!(pool.lent(&buf) && !other.lent(&buf));
        buf.set_len(2);
        let (mut memory, ticket) = buf.split();
        assert!(pool.take().is_none(), "its memory is elsewhere");
        let memory = std::thread::spawn(move || {
            memory[1] = 7;
            memory
        });
        let buf = super::FixedBuf::join(memory.join().expect("thread"), ticket);
        assert_eq!(&*buf, [0, 7]);
        drop(buf);
        assert_eq!(pool.regions(), regions);
    }

    #[test]
    fn a_buffer_is_lent_to_one_at_a_time() {
        let pool = FixedBuffers::new(2, 8);
        let (mut first, second) = (pool.take().expect("one"), pool.take().expect("two"));
        assert_eq!((first.index(), second.index()), (0, 1));
        assert!(pool.take().is_none());
        first.set_len(3);
        first.copy_from_slice(b"abc");
        assert_eq!((&*first, first.capacity()), (&b"abc"[..], 8));
        first.set_len(99);
        assert_eq!(&first[..4], b"abc\0");
        drop(first);
        assert_eq!(pool.take().expect("again").len(), 8, "whole again");
        drop(pool);
        drop(second); // outlives its pool
    }
}
