//! The listeners of one core.
//!
//! Owns the accepts that stand ready for each listener and the connections they brought. May not
//! know what is done with a connection. Invariant: accepts in flight and connections not yet taken
//! are together at most [`ACCEPTS_POSTED`] a listener, so a burst waits in the kernel's queue.

use core::task::Waker;
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;

use dx_io::{Accepted, Completion, Driver, Op, Payload, Reactor, Sock, Token, errno};

use super::user_data::{GENERATION_MASK, Kind, UserData};
use crate::limits::ACCEPTS_POSTED;

/// Names one listener of one core.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ListenerRef {
    index: u32,
}

/// What an accept brought.
#[derive(Debug)]
pub(crate) enum Arrival {
    /// Attached to this core.
    Here(Sock, SocketAddr),
    /// Attached to none yet.
    Anywhere(Accepted),
}

#[derive(Debug)]
struct Slot {
    sock: Sock,
    hand_over: bool,
    /// The accepts in flight, [`Token::NONE`] where none is posted.
    posted: [Token; ACCEPTS_POSTED],
    arrived: VecDeque<io::Result<Arrival>>,
    waiter: Option<Waker>,
    generation: u32,
    live: bool,
}

/// All listeners of one core.
#[derive(Debug, Default)]
pub(crate) struct Listeners {
    slots: Vec<Slot>,
}

impl Listeners {
    pub(crate) const fn new() -> Self {
        Self { slots: Vec::new() }
    }

    pub(crate) fn insert(&mut self, sock: Sock, hand_over: bool) -> ListenerRef {
        let fresh = Slot {
            sock,
            hand_over,
            posted: [Token::NONE; ACCEPTS_POSTED],
            arrived: VecDeque::with_capacity(ACCEPTS_POSTED),
            waiter: None,
            generation: 0,
            live: true,
        };
        let free = self.slots.iter().position(|slot| !slot.live);
        let index = free.unwrap_or(self.slots.len());
        match free {
            Some(index) => {
                let generation = self.slots[index].generation.wrapping_add(1) & GENERATION_MASK;
                self.slots[index] = Slot { generation, ..fresh };
            }
            None => self.slots.push(fresh),
        }
        // The handle is the only one and closes on drop, so it cannot be stale.
        ListenerRef { index: index as u32 }
    }

    /// Forgets a listener. Passes its socket, and those of connections that were accepted but not
    /// taken, to `close`.
    pub(crate) fn remove(
        &mut self,
        at: ListenerRef,
        driver: &mut Driver,
        mut close: impl FnMut(Sock),
    ) {
        let slot = &mut self.slots[at.index as usize];
        for token in slot.posted {
            driver.orphan(token);
        }
        for arrival in slot.arrived.drain(..) {
            if let Ok(Arrival::Here(sock, _)) = arrival {
                close(sock);
            }
        }
        slot.live = false;
        close(slot.sock);
    }

    /// The next connection, or error; posts the accepts that are missing.
    pub(crate) fn accept(
        &mut self,
        at: ListenerRef,
        driver: &mut Driver,
    ) -> Option<io::Result<Arrival>> {
        let slot = &mut self.slots[at.index as usize];
        if let Some(arrival) = slot.arrived.pop_front() {
            return Some(arrival);
        }
        slot.post(at.index, driver)
    }

    /// Accepts in flight.
    pub(crate) fn posted(&self, at: ListenerRef) -> usize {
        self.slots[at.index as usize].posted.iter().filter(|token| !token.is_none()).count()
    }

    /// Remembers whom to wake for the next arrival.
    pub(crate) fn wait(&mut self, at: ListenerRef, waker: &Waker) {
        self.slots[at.index as usize].waiter = Some(waker.clone());
    }

    /// An accept has completed.
    pub(crate) fn completed(
        &mut self,
        data: UserData,
        completion: Completion,
        driver: &mut Driver,
    ) -> Option<Waker> {
        let (index, accept) = split(data.index);
        let slot = self.slots.get_mut(index).filter(|slot| slot.generation == data.generation)?;
        let token = core::mem::replace(&mut slot.posted[accept], Token::NONE);
        let arrival = match (completion.result, driver.take(token)) {
            (result, _) if result < 0 => Err(errno::to_error(result)),
            (_, Payload::Connection { sock, peer }) => Ok(Arrival::Here(sock, peer)),
            (_, Payload::Accepted(accepted)) => Ok(Arrival::Anywhere(accepted)),
            _ => return None,
        };
        slot.arrived.push_back(arrival);
        slot.waiter.take()
    }
}

impl Slot {
    /// Posts an accept for every place that has neither one nor an arrival.
    fn post(&mut self, index: u32, driver: &mut Driver) -> Option<io::Result<Arrival>> {
        let (listener, hand_over) = (self.sock, self.hand_over);
        for (accept, token) in self.posted.iter_mut().enumerate() {
            if !token.is_none() {
                continue;
            }
            let data = UserData::new(Kind::Accept, self.generation, join(index, accept));
            match driver.push(Op::Accept { listener, hand_over }, data.to_bits()) {
                Ok(posted) => *token = posted,
                Err(_) => return Some(Err(io::ErrorKind::QuotaExceeded.into())),
            }
        }
        None
    }
}

const fn join(index: u32, accept: usize) -> u32 {
    index * ACCEPTS_POSTED as u32 + accept as u32
}

const fn split(joined: u32) -> (usize, usize) {
    (joined as usize / ACCEPTS_POSTED, joined as usize % ACCEPTS_POSTED)
}
