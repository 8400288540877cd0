//! Buffers that were sent, for the next answers.
//!
//! Owns [`Buffers`], the stock of one core. Knows no streams. Invariant: it holds no more than
//! [`BUFFERS_KEPT`] buffers of [`BUFFER_BYTES`] to [`BUFFER_KEPT_BYTES`], all empty.

use core::cell::RefCell;

use crate::limits::{BUFFER_BYTES, BUFFER_KEPT_BYTES, BUFFERS_KEPT};

/// The stock of buffers to send from of one core: warm memory, without an allocation.
///
/// ```
/// # fn answer(stream: &dx_rt::net::TcpStream) -> Vec<u8> {
/// let mut buffer = stream.buffers().take();
/// buffer.extend_from_slice(b"HTTP/1.1 204 No Content\r\n\r\n");
/// # buffer }
/// ```
#[derive(Debug, Default)]
pub struct Buffers {
    kept: RefCell<Vec<Vec<u8>>>,
}

impl Buffers {
    pub(crate) const fn new() -> Self {
        Self { kept: RefCell::new(Vec::new()) }
    }

    /// An empty buffer: the one that was given last, or a new one.
    #[must_use]
    #[inline]
    pub fn take(&self) -> Vec<u8> {
        self.kept.borrow_mut().pop().unwrap_or_else(|| Vec::with_capacity(BUFFER_BYTES))
    }

    /// Keeps a buffer for later, its content forgotten; one too many, too small or too large is
    /// freed.
    #[inline]
    pub fn give(&self, mut buffer: Vec<u8>) {
        let mut kept = self.kept.borrow_mut();
        let worth = (BUFFER_BYTES..=BUFFER_KEPT_BYTES).contains(&buffer.capacity());
        if worth && kept.len() < BUFFERS_KEPT {
            buffer.clear();
            kept.push(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_is_worth_it_and_no_more() {
        let buffers = Buffers::new();
        let mut used = buffers.take();
        assert_eq!((used.len(), used.capacity()), (0, BUFFER_BYTES));
        used.extend_from_slice(b"old");
        let place = used.as_ptr();
        buffers.give(used);
        let again = buffers.take();
        assert_eq!((again.len(), again.as_ptr()), (0, place));
        buffers.give(Vec::with_capacity(BUFFER_BYTES - 1));
        buffers.give(Vec::with_capacity(BUFFER_KEPT_BYTES + 1));
        assert_eq!(buffers.kept.borrow().len(), 0);
        for _ in 0..=BUFFERS_KEPT {
            buffers.give(Vec::with_capacity(BUFFER_BYTES));
        }
        assert_eq!(buffers.kept.borrow().len(), BUFFERS_KEPT);
    }
}
