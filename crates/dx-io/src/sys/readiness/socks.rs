//! The sockets of a readiness room.
//!
//! Owns every descriptor, its generation, which operation waits for it, and what the selector
//! was last told about it. Makes no system call. Invariant: a slot's generation changes when it
//! is freed, so an old [`Sock`] and an old event are refused.

use std::collections::VecDeque;

use socket2::Socket;

use super::selector::Interest;
use crate::sock::Sock;
use crate::token::Token;

/// "None" of an index: the end of the free list, or a slot that is no listener.
const NIL: u32 = u32::MAX;

/// One socket: 32 bytes, because idle connections are counted by their bytes.
#[derive(Debug)]
pub(super) struct Slot {
    /// `None` while the slot is free.
    socket: Option<Socket>,
    generation: u32,
    /// The receive that waits, or none.
    pub(super) recv: Token,
    /// The send or connect that waits, or none.
    pub(super) write: Token,
    /// Number of a listener's queue; of a free slot, the next one.
    link: u32,
    /// What the selector watches for.
    pub(super) armed: Interest,
    /// The receive waits for a buffer, not for bytes: its interest is withheld.
    parked: bool,
    /// The slot's index is on the starved list. Belongs to the slot, not to the socket: it stays
    /// when the slot is freed, so the list never has more entries than there are slots.
    starved: bool,
    /// A close is queued: no further operation.
    closing: bool,
}

const _: () = assert!(size_of::<Slot>() == 32);

/// One accept that waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Accept {
    pub(super) token: Token,
    /// The connection takes no place in this table.
    pub(super) hand_over: bool,
}

/// Accepts that wait on one listener.
#[derive(Debug)]
struct Accepts {
    /// The listener's slot.
    index: u32,
    /// First come, first served.
    waiting: VecDeque<Accept>,
}

/// All sockets of one room.
#[derive(Debug)]
pub(super) struct Socks {
    slots: Vec<Slot>,
    free: u32,
    open: u32,
    listeners: Vec<Option<Accepts>>,
    listening: u32,
    connections_max: u32,
    /// Slots whose receive found no buffer, oldest first.
    starved: VecDeque<u32>,
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
            connections_max: if connections_max < NIL { connections_max } else { NIL - 1 },
            starved: VecDeque::new(),
        }
    }

    /// Sockets that are open, listeners among them.
    pub(super) const fn open(&self) -> usize {
        self.open as usize
    }

    /// Whether there is no room for another connection.
    pub(super) const fn is_full(&self) -> bool {
        self.open - self.listening >= self.connections_max
    }

    pub(super) fn add(&mut self, socket: Socket) -> Sock {
        self.insert(socket, NIL)
    }

    pub(super) fn add_listener(&mut self, socket: Socket) -> Sock {
        let number = self.listeners.iter().position(Option::is_none).unwrap_or_else(|| {
            self.listeners.push(None);
            self.listeners.len() - 1
        });
        let sock = self.insert(socket, number as u32);
        self.listeners[number] = Some(Accepts { index: sock.index, waiting: VecDeque::new() });
        self.listening += 1;
        sock
    }

    /// Frees the slot and gives up its socket. No operation may wait for it any more.
    pub(super) fn remove(&mut self, index: u32) -> Option<Socket> {
        let slot = self.slots.get_mut(index as usize)?;
        let socket = slot.socket.take()?;
        debug_assert!(slot.recv.is_none() && slot.write.is_none());
        if let Some(accepts) = self.listeners.get_mut(slot.link as usize) {
            *accepts = None;
            self.listening -= 1;
        }
        slot.generation = slot.generation.wrapping_add(1);
        slot.armed = Interest::NONE;
        slot.parked = false;
        slot.closing = false;
        slot.link = self.free;
        self.free = index;
        self.open -= 1;
        Some(socket)
    }

    /// Whether `sock` takes further operations.
    pub(super) fn is_usable(&self, sock: Sock) -> bool {
        self.slot(sock).is_some_and(|slot| !slot.closing)
    }

    /// From now on `sock` takes no further operations.
    pub(super) fn mark_closing(&mut self, sock: Sock) {
        if let Some(slot) = self.slot_mut(sock) {
            slot.closing = true;
        }
    }

    /// Connections there is room for.
    pub(super) const fn connections_max(&self) -> u32 {
        self.connections_max
    }

    /// The slot of `sock`, unless it is stale.
    pub(super) fn slot(&self, sock: Sock) -> Option<&Slot> {
        let slot = self.slots.get(sock.index as usize)?;
        (slot.generation == sock.generation && slot.socket.is_some()).then_some(slot)
    }

    /// As [`Self::slot`].
    pub(super) fn slot_mut(&mut self, sock: Sock) -> Option<&mut Slot> {
        let slot = self.slots.get_mut(sock.index as usize)?;
        (slot.generation == sock.generation && slot.socket.is_some()).then_some(slot)
    }

    /// The descriptor of `sock`, unless it is stale.
    pub(super) fn socket(&self, sock: Sock) -> Option<&Socket> {
        self.slot(sock)?.socket.as_ref()
    }

    /// The socket that has slot `index` now.
    pub(super) fn at(&self, index: u32) -> Option<Sock> {
        let slot = self.slots.get(index as usize)?;
        slot.socket.is_some().then_some(Sock { index, generation: slot.generation })
    }

    /// The accepts that wait on `sock`; `None` when it is no listener.
    pub(super) fn accepts(&mut self, sock: Sock) -> Option<&mut VecDeque<Accept>> {
        let number = self.slot(sock)?.link;
        Some(&mut self.listeners.get_mut(number as usize)?.as_mut()?.waiting)
    }

    /// The accept that may be served next; none while there is no room for its connection.
    pub(super) fn next_accept(&self, sock: Sock) -> Option<Accept> {
        let number = self.slot(sock)?.link;
        let first = *self.listeners.get(number as usize)?.as_ref()?.waiting.front()?;
        (first.hand_over || !self.is_full()).then_some(first)
    }

    /// Whether `sock` is a listener.
    pub(super) fn is_listener(&self, sock: Sock) -> bool {
        self.slot(sock).is_some_and(|slot| slot.link != NIL)
    }

    /// Listener `number`, counted from 0 over all that ever were; `Err` past the last.
    pub(super) fn listener(&self, number: usize) -> Result<Option<Sock>, ()> {
        let listener = self.listeners.get(number).ok_or(())?;
        Ok(listener.as_ref().and_then(|accepts| self.at(accepts.index)))
    }

    /// What the selector should watch `sock` for.
    pub(super) fn wanted(&self, sock: Sock) -> Interest {
        let Some(slot) = self.slot(sock) else { return Interest::NONE };
        if slot.link != NIL {
            return Interest::new(self.next_accept(sock).is_some(), false);
        }
        Interest::new(!slot.recv.is_none() && !slot.parked, !slot.write.is_none())
    }

    /// Withholds the interest in reading until a buffer has come back.
    pub(super) fn park(&mut self, sock: Sock) {
        let Some(slot) = self.slot_mut(sock) else { return };
        slot.parked = true;
        if !slot.starved {
            slot.starved = true;
            self.starved.push_back(sock.index);
        }
    }

    /// The receive of `sock` waits for bytes only, or has ended.
    pub(super) fn unpark(&mut self, sock: Sock) {
        if let Some(slot) = self.slot_mut(sock) {
            slot.parked = false;
        }
    }

    /// The socket that has waited longest for a buffer, no longer parked.
    pub(super) fn next_starved(&mut self) -> Option<Sock> {
        while let Some(index) = self.starved.pop_front() {
            let slot = &mut self.slots[index as usize];
            slot.starved = false;
            if slot.parked {
                slot.parked = false;
                return self.at(index);
            }
        }
        None
    }

    /// Whether any slot may be waiting for a buffer.
    pub(super) fn any_starved(&self) -> bool {
        !self.starved.is_empty()
    }

    fn insert(&mut self, socket: Socket, link: u32) -> Sock {
        self.open += 1;
        if self.free == NIL {
            self.slots.push(Slot {
                socket: Some(socket),
                generation: 0,
                recv: Token::NONE,
                write: Token::NONE,
                link,
                armed: Interest::NONE,
                parked: false,
                starved: false,
                closing: false,
            });
            return Sock { index: self.slots.len() as u32 - 1, generation: 0 };
        }
        let index = self.free;
        let slot = &mut self.slots[index as usize];
        self.free = slot.link;
        slot.link = link;
        slot.socket = Some(socket);
        Sock { index, generation: slot.generation }
    }
}

#[cfg(test)]
mod tests {
    use socket2::{Domain, Socket, Type};

    use super::Socks;

    fn socket() -> Socket {
        Socket::new(Domain::IPV4, Type::STREAM, None).expect("socket")
    }

    #[test]
    fn a_freed_slot_refuses_its_old_name() {
        let mut socks = Socks::new(1);
        let old = socks.add(socket());
        assert!(socks.is_full() && socks.is_usable(old));
        socks.mark_closing(old);
        assert!(!socks.is_usable(old) && socks.socket(old).is_some());
        assert!(socks.remove(old.index).is_some() && socks.remove(old.index).is_none());
        let new = socks.add(socket());
        assert_eq!(new.index, old.index);
        assert!(socks.slot(old).is_none() && socks.socket(old).is_none());
        assert!(socks.is_usable(new), "the close was the old one's");
        assert_eq!(socks.open(), 1);
    }

    #[test]
    fn listeners_take_no_connection_s_place() {
        let mut socks = Socks::new(1);
        let listener = socks.add_listener(socket());
        assert!(!socks.is_full() && socks.is_listener(listener));
        let connection = socks.add(socket());
        assert!(socks.is_full() && !socks.is_listener(connection));
        socks.remove(listener.index);
        assert!(socks.is_full());
        assert_eq!(socks.listener(0), Ok(None));
        let other = socks.add_listener(socket());
        assert_eq!(socks.listener(0), Ok(Some(other)), "its place is used again");
        assert_eq!(socks.listener(1), Err(()));
    }

    #[test]
    fn the_starved_list_is_bounded_by_the_slots_and_first_come_first_served() {
        let mut socks = Socks::new(8);
        for _ in 0..100 {
            let sock = socks.add(socket());
            socks.park(sock);
            socks.park(sock);
            socks.remove(sock.index);
        }
        assert_eq!(socks.starved.len(), 1, "one slot, one place");
        assert_eq!(socks.next_starved(), None, "it is not parked any more");
        let all = [0, 1, 2].map(|_| socks.add(socket()));
        for sock in all {
            socks.park(sock);
        }
        socks.unpark(all[1]);
        assert_eq!(socks.next_starved(), Some(all[0]));
        socks.park(all[0]);
        assert_eq!(socks.next_starved(), Some(all[2]));
        assert_eq!(socks.next_starved(), Some(all[0]));
        assert_eq!(socks.next_starved(), None);
        assert!(!socks.any_starved());
    }
}
