//! What arrives, and whom it concerns.
//!
//! Owns the reactions to events of the network: bytes, ends and resets that reach an end, attempts
//! that reach a listener, room that is there again. May not know what an operation is beyond its
//! token. Invariant: whoever waits for what has arrived is told at once.

use crate::limits::{BACKLOG, KNOCK_AGAIN};
use crate::state::{Event, State};
use crate::wire::{Chunk, Owner};

impl State {
    /// Bytes, an end or a reset have reached `end`.
    pub(crate) fn arrive(&mut self, end: usize) {
        self.deliver(end, self.now);
    }

    /// Takes in what reaches `end` until `until`, which may be ahead of the clock.
    pub(crate) fn deliver(&mut self, end: usize, until: u64) {
        let mut news = false;
        while let Some(chunk) = self.pop_arrived(end, until) {
            news = true;
            match chunk {
                Chunk::Bytes(bytes) => self.take_in(end, bytes),
                Chunk::Fin => {
                    self.note("fin", end as u64, 0, 0);
                    self.ends[end].fin = true;
                }
                Chunk::Reset => self.take_reset(end),
            }
        }
        if news {
            self.tell(end);
        }
    }

    fn take_in(&mut self, end: usize, bytes: Vec<u8>) {
        self.note("bytes", end as u64, bytes.len() as u64, 0);
        let state = &mut self.ends[end];
        if state.reset {
            return;
        }
        if state.owner == Owner::Closed {
            // Nobody is there any more: the sender learns it.
            state.reset = true;
            self.send_reset(end);
            return;
        }
        state.queue.extend(bytes);
    }

    fn take_reset(&mut self, end: usize) {
        self.note("reset", end as u64, 0, 0);
        let loses = self.chance.happens(self.faults.reset_loses);
        let state = &mut self.ends[end];
        if state.reset {
            return;
        }
        (state.reset, state.error) = (true, true);
        state.outbox.clear();
        if loses {
            state.queue.clear();
        }
        if let Some((room, token)) = state.connecting.take() {
            self.connected(room, token, dx_io::errno::CONNECTION_RESET);
        }
    }

    /// The network breaks the connection of `end` for both.
    pub(crate) fn cut(&mut self, end: usize) {
        let other = self.ends[end].other;
        let gone = |owner| owner == Owner::Closed;
        if gone(self.ends[end].owner) && gone(self.ends[other].owner) {
            return;
        }
        self.count_cut(end);
        self.note("cut", end as u64, 0, 0);
        for end in [end, other] {
            self.ends[end].lose_flying();
            self.take_reset(end);
            self.tell(end);
        }
    }

    /// Tells whoever owns `end` that something has changed there.
    pub(crate) fn tell(&mut self, end: usize) {
        match self.ends[end].owner {
            Owner::Room(room, slot) => {
                self.pump_recv(room, slot);
                self.pump_send(room, slot);
            }
            Owner::Peer => self.pump_peer(end),
            Owner::Queue | Owner::Loose | Owner::Closed => {}
        }
    }

    /// Bytes were read at the other end: who waits to send from `end` goes on.
    pub(crate) fn room_again(&mut self, end: usize) {
        match self.ends[end].owner {
            Owner::Room(room, slot) => self.pump_send(room, slot),
            Owner::Peer => self.pump_peer(end),
            Owner::Queue | Owner::Loose | Owner::Closed => {}
        }
    }

    /// `len` bytes were read at `end`: its other end has room again.
    pub(crate) fn was_read(&mut self, end: usize, len: usize) {
        if len > 0 {
            let other = self.ends[end].other;
            self.schedule(0, Event::Room(other));
        }
    }

    /// What a peer does without being asked.
    pub(crate) fn pump_peer(&mut self, end: usize) {
        if self.ends[end].collected.is_some() && !self.ends[end].queue.is_empty() {
            let read = core::mem::take(&mut self.ends[end].queue);
            let len = read.len();
            self.ends[end].collected.get_or_insert_default().extend(read);
            self.was_read(end, len);
        }
        if !self.ends[end].outbox.is_empty() && self.room_at(end) > 0 {
            let mut outbox = core::mem::take(&mut self.ends[end].outbox);
            let sent = self.send_bytes(end, outbox.make_contiguous());
            outbox.drain(..sent);
            self.ends[end].outbox = outbox;
        }
    }

    /// A connection attempt reaches the listeners of its address.
    pub(crate) fn knock(&mut self, near: usize) {
        if self.ends[near].owner == Owner::Closed {
            return;
        }
        let (far, address) = (self.ends[near].other, self.ends[near].remote);
        let open: Vec<usize> = (0..self.ears.len())
            .filter(|&ear| self.ears[ear].address == address)
            .filter(|&ear| self.ears[ear].owner != Owner::Closed)
            .collect();
        if open.is_empty() {
            return self.refuse(near, far);
        }
        let ear = open[self.chance.index(open.len())];
        self.note("knock", near as u64, ear as u64, 0);
        if self.ears[ear].deaf {
            return;
        }
        if self.ears[ear].queue.len() >= BACKLOG {
            return self.schedule(KNOCK_AGAIN.as_nanos() as u64, Event::Knock(near));
        }
        self.ears[ear].queue.push_back(far);
        if let Some((room, token)) = self.ends[near].connecting {
            let after = self.latency();
            self.schedule(after, Event::Connected(room, token, 0));
        }
        self.serve_accepts(ear);
    }

    fn refuse(&mut self, near: usize, far: usize) {
        self.note("refused", near as u64, 0, 0);
        self.ends[far].owner = Owner::Closed;
        self.ends[far].reset = true;
        if let Some((room, token)) = self.ends[near].connecting {
            let after = self.latency();
            let result = dx_io::errno::CONNECTION_REFUSED;
            self.schedule(after, Event::Connected(room, token, result));
        } else {
            self.cuts += 1;
            self.mark_unheard(far);
            self.send_chunk(far, Chunk::Reset);
        }
    }
}
