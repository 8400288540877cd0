//! Received bytes that were not understood yet.
//!
//! Owns the unread part of what has arrived: a lease while one piece holds it all, else a chunk
//! that pieces are gathered in. May not know what the bytes mean. Invariant: bytes are given out
//! once and in order; a gathered chunk never holds more than was asked for beyond one piece.

use std::rc::Rc;

use dx_io::Lease;

use crate::bytes::Bytes;
use crate::worker::Worker;

/// Unread bytes of one connection.
#[derive(Default)]
pub(super) enum Input {
    #[default]
    Empty,
    /// One received piece, from `read` on.
    Piece { lease: Lease, read: usize },
    /// Pieces gathered in memory of our own, from `read` on.
    Gathered { chunk: Rc<Vec<u8>>, read: usize },
}

impl Input {
    pub(super) const fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    /// What is unread.
    pub(super) fn unread(&self) -> &[u8] {
        match self {
            Self::Empty => &[],
            Self::Piece { lease, read } => &lease[*read..],
            Self::Gathered { chunk, read } => &chunk[*read..],
        }
    }

    /// Adds a piece behind what is unread.
    pub(super) fn add(&mut self, lease: Lease, worker: &Worker) {
        if self.is_empty() {
            *self = Self::Piece { lease, read: 0 };
            return;
        }
        self.gather(worker);
        if let Self::Gathered { chunk, .. } = self {
            match Rc::get_mut(chunk) {
                Some(chunk) => chunk.extend_from_slice(&lease),
                None => *chunk = Rc::new([&chunk[..], &lease[..]].concat()),
            }
        }
    }

    /// Moves what is unread into memory of our own, so that no receive buffer is held.
    pub(super) fn gather(&mut self, worker: &Worker) {
        let Self::Piece { lease, read } = self else { return };
        let mut chunk = worker.take_shared_chunk();
        match Rc::get_mut(&mut chunk) {
            Some(bytes) => bytes.extend_from_slice(&lease[*read..]),
            None => chunk = Rc::new(lease[*read..].to_vec()),
        }
        *self = Self::Gathered { chunk, read: 0 };
    }

    /// As [`gather`](Self::gather), if receive buffers are running low.
    pub(super) fn gather_if_scarce(&mut self, worker: &Worker) {
        if matches!(self, Self::Piece { lease, .. } if lease.is_scarce()) {
            self.gather(worker);
        }
    }

    /// The first `len` unread bytes to keep, shared while there are receive buffers to spare.
    pub(super) fn share(&self, start: usize, len: usize) -> Bytes {
        match self {
            Self::Empty => Bytes::from(&[][..]),
            Self::Piece { lease, read } if lease.is_scarce() => {
                Bytes::from(lease[read + start..read + start + len].to_vec())
            }
            Self::Piece { lease, read } => {
                Bytes::from(lease.slice(read + start..read + start + len))
            }
            Self::Gathered { chunk, read } => {
                Bytes::from_shared(chunk.clone(), read + start..read + start + len)
            }
        }
    }

    /// The first `len` unread bytes are understood.
    pub(super) fn consume(&mut self, len: usize, worker: &Worker) {
        let (read, total) = match self {
            Self::Empty => return,
            Self::Piece { lease, read } => (read, lease.len()),
            Self::Gathered { chunk, read } => (read, chunk.len()),
        };
        *read += len;
        if *read >= total {
            self.clear(worker);
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self, worker: &Worker) {
        if let Self::Gathered { chunk, .. } = core::mem::take(self) {
            worker.give_shared_chunk(chunk);
        }
    }
}
