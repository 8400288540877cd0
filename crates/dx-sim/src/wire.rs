//! The two ends of a connection and what lies between them.
//!
//! Owns [`End`] and [`Ear`] (a listener), and how bytes leave an end. May not know reactors beyond
//! the number of one that owns an end. Invariants: bytes arrive in the order they left and none is
//! lost, doubled or changed, unless the connection is reset; what is under way and not read is at
//! most [`PIPE_BYTES`].

use core::fmt;
use std::collections::VecDeque;
use std::net::SocketAddr;

use crate::limits::{PIECES_MAX, PIPE_BYTES};
use crate::state::{Event, State};

/// Whose an end or a listener is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// In a listener's queue, or on its way there.
    Queue,
    /// Between reactors.
    Loose,
    /// Of a reactor, at this place in its table.
    Room(usize, u32),
    /// Of a peer that the test drives.
    Peer,
    Closed,
}

/// What is under way.
#[derive(Clone, Debug)]
pub(crate) enum Chunk {
    Bytes(Vec<u8>),
    /// The sender has finished.
    Fin,
    /// The connection is broken.
    Reset,
}

/// One end of a connection.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) owner: Owner,
    pub(crate) other: usize,
    pub(crate) local: SocketAddr,
    pub(crate) remote: SocketAddr,
    /// Towards this end, with its time of arrival.
    pub(crate) flying: VecDeque<(u64, Chunk)>,
    flying_bytes: usize,
    last_arrival: u64,
    /// Arrived and unread.
    pub(crate) queue: VecDeque<u8>,
    pub(crate) fin: bool,
    pub(crate) reset: bool,
    /// The reset was not told to anybody yet.
    pub(crate) error: bool,
    /// By the network.
    pub(crate) cut: bool,
    /// Nobody has taken the connection in.
    pub(crate) unheard: bool,
    pub(crate) write_shut: bool,
    pub(crate) read_shut: bool,
    /// A peer that reads everything at once keeps it here.
    pub(crate) collected: Option<Vec<u8>>,
    /// What a peer still wants to write.
    pub(crate) outbox: VecDeque<u8>,
    /// Connected by a reactor, under this token, and not answered yet.
    pub(crate) connecting: Option<(usize, u64)>,
}

/// A listener.
#[derive(Debug)]
pub(crate) struct Ear {
    pub(crate) owner: Owner,
    pub(crate) address: SocketAddr,
    pub(crate) queue: VecDeque<usize>,
    /// Accepts that stand ready: token and whether the connection is to be handed over.
    pub(crate) accepts: VecDeque<(u64, bool)>,
    /// Takes nobody in, as if its queue were full for ever.
    pub(crate) deaf: bool,
}

impl State {
    /// Makes both ends of a connection to `address`, which then has to be knocked at. The number
    /// of the near end.
    pub(crate) fn make_connection(&mut self, owner: Owner, address: SocketAddr) -> usize {
        self.port = self.port.checked_add(1).unwrap_or(1024);
        let from = SocketAddr::from(([127, 1, 0, 1], self.port));
        let near = self.ends.len();
        self.ends.push(End::new(owner, near + 1, from, address));
        self.ends.push(End::new(Owner::Queue, near, address, from));
        if self.chance.happens(self.faults.reset) {
            let after = self.chance.below(400_000_000);
            self.schedule(after, Event::Cut(near));
        }
        near
    }

    /// Has the attempt of `near` reach its listener.
    pub(crate) fn send_knock(&mut self, near: usize) {
        let at = self.now + self.latency();
        let far = self.ends[near].other;
        self.ends[far].last_arrival = at;
        self.schedule_at(at, Event::Knock(near));
    }

    pub(crate) fn latency(&mut self) -> u64 {
        let max = self.faults.latency_max;
        self.chance.time(max)
    }

    /// Bytes that can leave `end` now.
    pub(crate) fn room_at(&self, end: usize) -> usize {
        let far = &self.ends[self.ends[end].other];
        PIPE_BYTES.saturating_sub(far.flying_bytes + far.queue.len())
    }

    /// Sends from `end` what there is room for, and how much that was.
    pub(crate) fn send_bytes(&mut self, end: usize, bytes: &[u8]) -> usize {
        let len = bytes.len().min(self.room_at(end));
        let mut rest = &bytes[..len];
        if len > 1 && self.chance.happens(self.faults.segment) {
            for _ in 0..=self.chance.below(PIECES_MAX) {
                let (piece, behind) = rest.split_at(self.chance.index(rest.len() + 1));
                self.send_chunk(end, Chunk::Bytes(piece.to_vec()));
                rest = behind;
            }
        }
        self.send_chunk(end, Chunk::Bytes(rest.to_vec()));
        len
    }

    pub(crate) fn send_chunk(&mut self, end: usize, chunk: Chunk) {
        let latency = self.latency();
        let other = self.ends[end].other;
        let far = &mut self.ends[other];
        if let Chunk::Bytes(bytes) = &chunk {
            if bytes.is_empty() {
                return;
            }
            far.flying_bytes += bytes.len();
        }
        far.last_arrival = far.last_arrival.max(self.now + latency);
        far.flying.push_back((far.last_arrival, chunk));
        let at = far.last_arrival;
        self.schedule_at(at, Event::Arrive(other));
    }

    /// Ends the sending direction, in order.
    pub(crate) fn finish_sending(&mut self, end: usize) {
        if !self.ends[end].write_shut && !self.ends[end].reset {
            self.ends[end].write_shut = true;
            self.send_chunk(end, Chunk::Fin);
        }
    }

    /// Breaks the connection from `end`: what is under way to the other end may be lost.
    pub(crate) fn send_reset(&mut self, end: usize) {
        let other = self.ends[end].other;
        // A reset overtakes what still waits in the sender's buffer, never what was read.
        let kept = self.chance.index(self.ends[other].flying.len() + 1);
        for (_, chunk) in self.ends[other].flying.split_off(kept) {
            if let Chunk::Bytes(bytes) = chunk {
                self.ends[other].flying_bytes -= bytes.len();
            }
        }
        self.send_chunk(end, Chunk::Reset);
    }

    /// Closes an end as close(2) does: with bytes unread, the other end sees a reset.
    pub(crate) fn close_end(&mut self, end: usize) {
        if self.ends[end].owner == Owner::Closed {
            return;
        }
        let state = &mut self.ends[end];
        state.owner = Owner::Closed;
        let unread = !state.queue.is_empty();
        state.queue.clear();
        state.outbox.clear();
        let (broken, connecting) = (state.reset, state.connecting.take().is_some());
        self.note("close", end as u64, u64::from(unread), 0);
        if broken {
            return;
        }
        if unread || connecting {
            self.send_reset(end);
            self.ends[end].reset = true;
        } else {
            self.finish_sending(end);
        }
    }

    /// Closes a listener; whoever waits in its queue is reset.
    pub(crate) fn close_ear(&mut self, ear: usize) {
        self.ears[ear].owner = Owner::Closed;
        for end in core::mem::take(&mut self.ears[ear].queue) {
            self.note("unheard", end as u64, 0, 0);
            self.ends[end].owner = Owner::Closed;
            self.cuts += 1;
            self.mark_unheard(end);
            self.send_reset(end);
        }
    }

    /// Notes that nobody will ever take in `end`.
    pub(crate) fn mark_unheard(&mut self, end: usize) {
        let other = self.ends[end].other;
        self.ends[other].unheard = true;
    }

    /// Notes that the network ends the connection of `end`.
    pub(crate) fn count_cut(&mut self, end: usize) {
        let other = self.ends[end].other;
        self.cuts += 1;
        (self.ends[end].cut, self.ends[other].cut) = (true, true);
    }

    /// Takes the first chunk that has arrived at `end`.
    pub(crate) fn pop_arrived(&mut self, end: usize, now: u64) -> Option<Chunk> {
        let state = &mut self.ends[end];
        if state.flying.front().is_none_or(|(at, _)| *at > now) {
            return None;
        }
        let (_, chunk) = state.flying.pop_front()?;
        if let Chunk::Bytes(bytes) = &chunk {
            state.flying_bytes -= bytes.len();
        }
        Some(chunk)
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unread, flying) = (self.queue.len(), self.flying_bytes);
        write!(f, "{:?}, {unread} unread, {flying} coming", self.owner)?;
        for (is, word) in [
            (self.fin, "peer has finished"),
            (self.write_shut, "has finished"),
            (self.read_shut, "reads no more"),
            (self.reset, "reset"),
            (self.connecting.is_some(), "connecting"),
        ] {
            if is {
                write!(f, ", {word}")?;
            }
        }
        Ok(())
    }
}

impl Ear {
    pub(crate) const fn new(owner: Owner, address: SocketAddr) -> Self {
        Self { owner, address, queue: VecDeque::new(), accepts: VecDeque::new(), deaf: false }
    }
}

impl End {
    const fn new(owner: Owner, other: usize, local: SocketAddr, remote: SocketAddr) -> Self {
        Self {
            owner,
            other,
            local,
            remote,
            flying: VecDeque::new(),
            flying_bytes: 0,
            last_arrival: 0,
            queue: VecDeque::new(),
            fin: false,
            reset: false,
            error: false,
            cut: false,
            unheard: false,
            write_shut: false,
            read_shut: false,
            collected: None,
            outbox: VecDeque::new(),
            connecting: None,
        }
    }

    /// Everything under way to this end is lost.
    pub(crate) fn lose_flying(&mut self) {
        self.flying.clear();
        self.flying_bytes = 0;
    }
}
