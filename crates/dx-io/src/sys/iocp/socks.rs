//! The room's sockets.
//!
//! Owns every handle, its generation, and which operation of each kind is in flight on it. Makes
//! no call of the system. Invariant: an entry's generation changes when it is freed, so that an
//! old [`Sock`] is refused; connections and promised places together never exceed the bound.

use socket2::{Domain, Socket};

use crate::sock::Sock;
use crate::token::Token;

/// "None" of an index: the end of the free list, or an entry that is no listener.
const NIL: u32 = u32::MAX;

/// One socket: 40 bytes.
#[derive(Debug)]
pub(super) struct Slot {
    /// `None` while the entry is free.
    socket: Option<Socket>,
    generation: u32,
    /// Number of a listener; of a free entry, the next one.
    link: u32,
    /// The receive in flight, or none.
    pub(super) recv: Token,
    /// The send or connect in flight, or none.
    pub(super) write: Token,
    /// The receive waits for a buffer, not for bytes.
    pub(super) starved: bool,
    /// An operation was told that the connection is reset: what is sent now meets a broken pipe.
    pub(super) reset: bool,
    /// A close is queued: no further operation.
    closing: bool,
}

const _: () = assert!(size_of::<Slot>() == 40);

/// What accepts on a listener need to know of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listens {
    pub(super) domain: Domain,
    /// Accepted connections have `TCP_NODELAY`: nothing is inherited here.
    pub(super) nodelay: bool,
}

/// All sockets of one room.
#[derive(Debug)]
pub(super) struct Socks {
    slots: Vec<Slot>,
    free: u32,
    open: u32,
    listeners: Vec<Option<Listens>>,
    listening: u32,
    /// Accepts in the kernel, each of which may bring a connection at any moment.
    promised: u32,
    connections_max: u32,
}

impl Socks {
    /// A table for at most `connections_max` connections; listeners are not counted.
    pub(super) const fn new(connections_max: u32) -> Self {
        Self {
            slots: Vec::new(),
            free: NIL,
            open: 0,
            listeners: Vec::new(),
            listening: 0,
            promised: 0,
            connections_max: if connections_max < NIL { connections_max } else { NIL - 1 },
        }
    }

    /// Whether there is no room for another connection.
    pub(super) const fn is_full(&self) -> bool {
        self.open - self.listening + self.promised >= self.connections_max
    }

    /// Sets a place aside for an accept, if one is free.
    pub(super) const fn promise(&mut self) -> bool {
        if self.is_full() {
            return false;
        }
        self.promised += 1;
        true
    }

    /// An accept has ended: its connection is added now, or there is none.
    pub(super) const fn promise_ended(&mut self) {
        self.promised -= 1;
    }

    pub(super) fn add(&mut self, socket: Socket) -> Sock {
        self.insert(socket, NIL)
    }

    /// Adds a listener, which never counts as a connection.
    pub(super) fn add_listener(&mut self, socket: Socket, listens: Listens) -> Sock {
        let number = self.listeners.iter().position(Option::is_none).unwrap_or_else(|| {
            self.listeners.push(None);
            self.listeners.len() - 1
        });
        self.listeners[number] = Some(listens);
        self.listening += 1;
        self.insert(socket, number as u32)
    }

    /// Frees the entry and gives up its socket. `None` when it is stale.
    pub(super) fn remove(&mut self, sock: Sock) -> Option<Socket> {
        let free = self.free;
        let slot = self.slot_mut(sock)?;
        let socket = slot.socket.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        let number = core::mem::replace(&mut slot.link, free);
        self.free = sock.index;
        self.open -= 1;
        if number != NIL {
            self.listeners[number as usize] = None;
            self.listening -= 1;
        }
        Some(socket)
    }

    /// From now on `sock` takes no further operations.
    pub(super) fn mark_closing(&mut self, sock: Sock) {
        if let Some(slot) = self.slot_mut(sock) {
            slot.closing = true;
        }
    }

    /// As [`Self::slot`].
    pub(super) fn slot_mut(&mut self, sock: Sock) -> Option<&mut Slot> {
        let slot = self.slots.get_mut(sock.index as usize)?;
        (slot.generation == sock.generation && slot.socket.is_some()).then_some(slot)
    }

    /// The entry of `sock`, unless it is stale.
    pub(super) fn slot(&self, sock: Sock) -> Option<&Slot> {
        let slot = self.slots.get(sock.index as usize)?;
        (slot.generation == sock.generation && slot.socket.is_some()).then_some(slot)
    }

    /// The system's socket, unless `sock` is stale.
    pub(super) fn socket(&self, sock: Sock) -> Option<&Socket> {
        self.slot(sock)?.socket.as_ref()
    }

    /// What `sock` says as a listener; `None` when it is none.
    pub(super) fn listens(&self, sock: Sock) -> Option<Listens> {
        *self.listeners.get(self.slot(sock)?.link as usize)?
    }

    /// Whether `sock` takes further operations.
    pub(super) fn is_usable(&self, sock: Sock) -> bool {
        self.slot(sock).is_some_and(|slot| !slot.closing)
    }

    /// Every socket that is open, for a room that shuts down.
    pub(super) fn all(&self) -> Vec<Sock> {
        let open = |(index, slot): (usize, &Slot)| {
            let sock = Sock { index: index as u32, generation: slot.generation };
            slot.socket.is_some().then_some(sock)
        };
        self.slots.iter().enumerate().filter_map(open).collect()
    }

    /// Sockets that are open, listeners among them.
    pub(super) const fn open(&self) -> usize {
        self.open as usize
    }

    /// Connections there is room for.
    pub(super) const fn connections_max(&self) -> u32 {
        self.connections_max
    }

    fn insert(&mut self, socket: Socket, link: u32) -> Sock {
        self.open += 1;
        let fresh = |generation| Slot {
            socket: Some(socket),
            generation,
            link,
            recv: Token::NONE,
            write: Token::NONE,
            starved: false,
            reset: false,
            closing: false,
        };
        if self.free == NIL {
            self.slots.push(fresh(0));
            return Sock { index: self.slots.len() as u32 - 1, generation: 0 };
        }
        let index = self.free;
        let slot = &mut self.slots[index as usize];
        self.free = slot.link;
        *slot = fresh(slot.generation);
        Sock { index, generation: slot.generation }
    }
}

#[cfg(test)]
mod tests {
    use socket2::{Domain, Socket, Type};

    use super::{Listens, Socks};

    fn socket() -> Socket {
        Socket::new(Domain::IPV4, Type::STREAM, None).expect("socket")
    }

    #[test]
    fn a_freed_entry_refuses_its_old_name() {
        let mut socks = Socks::new(1);
        let old = socks.add(socket());
        assert!(socks.is_full() && socks.is_usable(old));
        socks.mark_closing(old);
        assert!(!socks.is_usable(old) && socks.socket(old).is_some());
        assert!(socks.remove(old).is_some() && socks.remove(old).is_none());
        let new = socks.add(socket());
        assert_eq!(new.index, old.index);
        assert!(socks.slot(old).is_none() && socks.socket(old).is_none());
        assert!(socks.is_usable(new), "the close was the old one's");
        assert_eq!(socks.all(), [new]);
    }

    #[test]
    fn promises_take_places_and_listeners_do_not() {
        let mut socks = Socks::new(2);
        let listens = Listens { domain: Domain::IPV4, nodelay: true };
        let listener = socks.add_listener(socket(), listens);
        assert!(socks.listens(listener).is_some_and(|listens| listens.nodelay));
        assert!(socks.promise() && socks.promise() && !socks.promise());
        socks.promise_ended();
        let connection = socks.add(socket());
        assert!(socks.is_full() && socks.listens(connection).is_none());
        socks.promise_ended();
        assert!(!socks.is_full());
        socks.remove(listener);
        assert!(socks.promise() && !socks.promise());
        assert_eq!(socks.open(), 1);
    }
}
