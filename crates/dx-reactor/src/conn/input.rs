//! Received bytes that were not understood yet.
//!
//! Owns the unread part of what has arrived: a received piece where it lies, and before it what had
//! to be gathered in memory of our own, because a head began in one piece and ends in the next.
//! May not know what the bytes mean. Invariant: bytes are given out once and in order.

use std::rc::Rc;

use dx_io::Lease;

use crate::bytes::Bytes;
use crate::worker::Worker;

/// Bytes of the next piece that are gathered behind an unfinished head, at a time: heads are
/// short, and the rest of the piece is read where it lies.
const LENT_AT_ONCE: usize = 512;

/// Unread bytes of one connection.
#[derive(Default)]
pub(super) struct Input {
    gathered: Option<Gathered>,
    piece: Option<Piece>,
}

/// Unread bytes in memory of our own; they come before the piece.
struct Gathered {
    chunk: Rc<Vec<u8>>,
    read: usize,
    /// How many of the last bytes are those that the piece begins with.
    lent: usize,
    /// Bytes that the worker was told of.
    counted: usize,
}

/// A received piece, unread from `read` on.
struct Piece {
    lease: Lease,
    read: usize,
}

impl Input {
    pub(super) const fn is_empty(&self) -> bool {
        self.gathered.is_none() && self.piece.is_none()
    }

    /// What is unread, as far as it lies together.
    #[inline]
    pub(super) fn unread(&self) -> &[u8] {
        match (&self.gathered, &self.piece) {
            (Some(gathered), _) => &gathered.chunk[gathered.read..],
            (None, Some(piece)) => &piece.lease[piece.read..],
            (None, None) => &[],
        }
    }

    /// Adds a piece behind what is unread.
    pub(super) fn add(&mut self, lease: Lease, worker: &Worker) {
        if self.piece.is_some() {
            self.gather(worker);
            self.append(&lease, worker);
        } else {
            self.piece = Some(Piece { lease, read: 0 });
        }
    }

    /// Makes more of the unread bytes lie together, if there are more. To be called when what
    /// [`unread`](Self::unread) gives is not enough.
    pub(super) fn lend(&mut self) -> bool {
        let (Some(gathered), Some(piece)) = (&mut self.gathered, &self.piece) else { return false };
        let rest = &piece.lease[piece.read + gathered.lent..];
        let more = &rest[..rest.len().min(LENT_AT_ONCE)];
        extend(&mut gathered.chunk, more);
        gathered.lent += more.len();
        !more.is_empty()
    }

    /// Moves everything unread into memory of our own, so that no receive buffer is held.
    pub(super) fn gather(&mut self, worker: &Worker) {
        let Some(Piece { lease, read }) = self.piece.take() else { return };
        let lent = self.gathered.as_mut().map_or(0, |gathered| core::mem::take(&mut gathered.lent));
        self.append(&lease[read + lent..], worker);
    }

    /// As [`gather`](Self::gather), if receive buffers are running low.
    pub(super) fn gather_if_scarce(&mut self, worker: &Worker) {
        if self.piece.as_ref().is_some_and(|piece| piece.lease.is_scarce()) {
            self.gather(worker);
        }
    }

    /// The `len` unread bytes from `start` on, shared.
    #[inline]
    pub(super) fn share(&self, start: usize, len: usize) -> Bytes {
        match (&self.gathered, &self.piece) {
            (Some(Gathered { chunk, read, .. }), _) => {
                Bytes::from_shared(chunk.clone(), read + start..read + start + len)
            }
            (None, Some(Piece { lease, read })) => {
                Bytes::from(lease.slice(read + start..read + start + len))
            }
            (None, None) => Bytes::new(),
        }
    }

    /// The first `len` unread bytes are understood.
    #[inline]
    pub(super) fn consume(&mut self, len: usize, worker: &Worker) {
        if self.gathered.is_some() {
            return self.consume_gathered(len, worker);
        }
        let Some(piece) = &mut self.piece else { return };
        piece.read += len;
        if piece.read >= piece.lease.len() {
            self.piece = None;
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self, worker: &Worker) {
        self.piece = None;
        self.forget_gathered(worker);
    }

    fn forget_gathered(&mut self, worker: &Worker) {
        if let Some(gathered) = self.gathered.take() {
            worker.count_gathered(0, gathered.counted);
            worker.give_chunk(gathered.chunk);
        }
    }

    #[cold]
    fn consume_gathered(&mut self, len: usize, worker: &Worker) {
        let Some(gathered) = &mut self.gathered else { return };
        gathered.read += len;
        let left = gathered.chunk.len() - gathered.read;
        if left > gathered.lent {
            return;
        }
        // The rest lies in the piece as well: read on there.
        let read_in_piece = gathered.lent - left;
        self.forget_gathered(worker);
        self.consume(read_in_piece, worker);
    }

    fn append(&mut self, bytes: &[u8], worker: &Worker) {
        let gathered = self.gathered.get_or_insert_with(|| Gathered {
            chunk: worker.take_chunk(),
            read: 0,
            lent: 0,
            counted: 0,
        });
        // What is understood makes room: a peer that always has half a request here would else
        // have all it ever sent kept.
        let read = core::mem::take(&mut gathered.read);
        match Rc::get_mut(&mut gathered.chunk) {
            Some(chunk) => drop(chunk.drain(..read)),
            None => gathered.chunk = Rc::new(gathered.chunk[read..].to_vec()),
        }
        extend(&mut gathered.chunk, bytes);
        let counted = core::mem::replace(&mut gathered.counted, gathered.chunk.len());
        worker.count_gathered(gathered.counted, counted);
    }
}

/// Appends to a chunk; one that a request still reads is copied first.
fn extend(chunk: &mut Rc<Vec<u8>>, bytes: &[u8]) {
    match Rc::get_mut(chunk) {
        Some(chunk) => chunk.extend_from_slice(bytes),
        None => *chunk = Rc::new([&chunk[..], bytes].concat()),
    }
}
