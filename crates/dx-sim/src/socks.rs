//! The socket table of one reactor.
//!
//! Owns slots and their generations. May not know what happens on a socket. Invariant: a slot's
//! generation changes when its socket is closed, so an old name is refused.

use dx_io::{Sock, Token};

/// What a socket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Free,
    /// A connection, or one that is being made: its end.
    Connection(usize),
    /// A listener.
    Listener(usize),
}

/// One place in the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    generation: u32,
    pub(crate) kind: Kind,
    /// Its close was pushed.
    closing: bool,
    /// The receive that waits here.
    pub(crate) recv: Token,
    /// The send that waits here.
    pub(crate) write: Token,
    /// The receive waits for a buffer.
    pub(crate) starved: bool,
}

/// All sockets of one reactor.
#[derive(Debug)]
pub(crate) struct Socks {
    slots: Vec<Slot>,
    free: Vec<u32>,
    connections: usize,
    listeners: usize,
    max: usize,
}

impl Socks {
    pub(crate) const fn new(max: u32) -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            connections: 0,
            listeners: 0,
            max: max as usize,
        }
    }

    /// Sockets that are open.
    pub(crate) const fn open(&self) -> usize {
        self.connections + self.listeners
    }

    /// Whether no further connection fits. Listeners do not count.
    pub(crate) const fn is_full(&self) -> bool {
        self.connections >= self.max
    }

    pub(crate) fn add(&mut self, kind: Kind) -> u32 {
        match kind {
            Kind::Connection(_) => self.connections += 1,
            Kind::Listener(_) | Kind::Free => self.listeners += 1,
        }
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot {
                generation: 0,
                kind: Kind::Free,
                closing: false,
                recv: Token::NONE,
                write: Token::NONE,
                starved: false,
            });
            self.slots.len() as u32 - 1
        });
        let slot = &mut self.slots[index as usize];
        slot.kind = kind;
        (slot.closing, slot.starved) = (false, false);
        (slot.recv, slot.write) = (Token::NONE, Token::NONE);
        index
    }

    /// Forgets a socket; what it was.
    pub(crate) fn remove(&mut self, index: u32) -> Kind {
        let slot = &mut self.slots[index as usize];
        let kind = core::mem::replace(&mut slot.kind, Kind::Free);
        match kind {
            Kind::Free => return kind,
            Kind::Connection(_) => self.connections -= 1,
            Kind::Listener(_) => self.listeners -= 1,
        }
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(index);
        kind
    }

    pub(crate) fn name(&self, index: u32) -> Sock {
        Sock::new(index, self.slots[index as usize].generation)
    }

    /// The slot that `sock` names, if it is open and nobody has asked for its close.
    pub(crate) fn usable(&self, sock: Sock) -> Option<u32> {
        let slot = self.slots.get(sock.index() as usize)?;
        let is_usable =
            slot.kind != Kind::Free && slot.generation == sock.generation() && !slot.closing;
        is_usable.then_some(sock.index())
    }

    pub(crate) fn mark_closing(&mut self, index: u32) {
        self.slots[index as usize].closing = true;
    }

    pub(crate) fn slot(&self, index: u32) -> &Slot {
        &self.slots[index as usize]
    }

    pub(crate) fn slot_mut(&mut self, index: u32) -> &mut Slot {
        &mut self.slots[index as usize]
    }

    /// Every socket that is open.
    pub(crate) fn all(&self) -> Vec<u32> {
        (0..self.slots.len() as u32)
            .filter(|&index| self.slots[index as usize].kind != Kind::Free)
            .collect()
    }
}
