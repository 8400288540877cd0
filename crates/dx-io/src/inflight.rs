//! The table of operations in flight.
//!
//! Owns the slots, their generations and what each operation keeps alive until the kernel is done
//! with it. Knows no kernel: `P` is whatever a room must keep (buffers, addresses, headers).
//! Invariant: a slot is given out again only after its operation has ended and its payload was
//! taken or orphaned, and with a new generation.

use crate::sock::Sock;
use crate::token::{OpKind, Token, kind_of};

/// No payload, or the end of the free list.
const NIL: u32 = LINK_MASK;
const LINK_MASK: u32 = (1 << 30) - 1;

/// Life of a slot, in the upper two bits of its link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum State {
    /// On the free list.
    Free = 0,
    /// The kernel, or the room's queue on the way to it, has the operation.
    Submitted = 1,
    /// As submitted, but nobody will ask for the result.
    Orphaned = 2,
    /// Ended; the payload waits to be taken.
    Done = 3,
}

/// 24 bytes an operation; an idle connection has one, its receive.
#[derive(Debug)]
struct Slot {
    user_data: [u32; 2],
    /// Kind and generation of the present or next operation.
    tag: u32,
    /// State (2 bits), then the payload's index, or the next free slot.
    link: u32,
    /// Socket the operation works on, as the room numbers them (31 bits), and whether its end
    /// was asked for.
    sock: u32,
    sock_generation: u32,
}

const CANCEL_REQUESTED: u32 = 1 << 31;

const _: () = assert!(size_of::<Slot>() == 24);

impl Slot {
    const fn state(&self) -> State {
        match self.link >> 30 {
            0 => State::Free,
            1 => State::Submitted,
            2 => State::Orphaned,
            _ => State::Done,
        }
    }

    const fn set(&mut self, state: State, link: u32) {
        self.link = ((state as u32) << 30) | (link & LINK_MASK);
    }

    const fn user_data(&self) -> u64 {
        (self.user_data[0] as u64) << 32 | self.user_data[1] as u64
    }
}

/// What the table knows of one live operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) user_data: u64,
    pub(crate) kind: OpKind,
    pub(crate) state: State,
    pub(crate) sock: Sock,
    pub(crate) cancel_requested: bool,
}

/// Operations of one reactor. Grows as needed up to its bound and never shrinks.
#[derive(Debug)]
pub(crate) struct InFlight<P> {
    slots: Vec<Slot>,
    free: u32,
    live: u32,
    max: u32,
    /// Only operations that own something have an entry here.
    payloads: Vec<Option<P>>,
    payloads_free: Vec<u32>,
}

impl<P> InFlight<P> {
    pub(crate) fn new(max: u32) -> Self {
        Self {
            slots: Vec::new(),
            free: NIL,
            live: 0,
            max: max.min(NIL - 1),
            payloads: Vec::new(),
            payloads_free: Vec::new(),
        }
    }

    /// Starts an operation.
    ///
    /// # Errors
    /// The payload, when the table is at its bound.
    pub(crate) fn insert(
        &mut self,
        kind: OpKind,
        sock: Sock,
        user_data: u64,
        payload: Option<P>,
    ) -> Result<Token, Option<P>> {
        debug_assert!(sock.index & CANCEL_REQUESTED == 0);
        if self.is_full() {
            return Err(payload);
        }
        let index = self.free_slot();
        let link = payload.map_or(NIL, |payload| self.store(payload));
        let slot = &mut self.slots[index as usize];
        let token = Token::new(kind, slot.tag, index);
        *slot = Slot {
            user_data: [(user_data >> 32) as u32, user_data as u32],
            tag: token.tag(),
            link: 0,
            sock: sock.index,
            sock_generation: sock.generation,
        };
        slot.set(State::Submitted, link);
        self.live += 1;
        Ok(token)
    }

    /// Whether another operation would be refused.
    pub(crate) const fn is_full(&self) -> bool {
        self.live >= self.max
    }

    /// The operation `token` names, if it is not stale.
    pub(crate) fn entry(&self, token: Token) -> Option<Entry> {
        let slot = self.slots.get(token.slot() as usize)?;
        if slot.tag != token.tag() || slot.state() == State::Free {
            return None;
        }
        let kind = kind_of(slot.tag)?;
        Some(Entry {
            user_data: slot.user_data(),
            kind,
            state: slot.state(),
            sock: Sock { index: slot.sock & !CANCEL_REQUESTED, generation: slot.sock_generation },
            cancel_requested: slot.sock & CANCEL_REQUESTED != 0,
        })
    }

    /// What the operation owns.
    pub(crate) fn payload_mut(&mut self, token: Token) -> Option<&mut P> {
        self.entry(token)?;
        let link = self.slots[token.slot() as usize].link & LINK_MASK;
        self.payloads.get_mut(link as usize)?.as_mut()
    }

    /// Takes what the operation keeps before it has ended, so that there is nothing to take after.
    pub(crate) fn strip(&mut self, token: Token) -> Option<P> {
        let state = self.entry(token)?.state;
        let slot = &mut self.slots[token.slot() as usize];
        let link = slot.link & LINK_MASK;
        if link == NIL {
            return None;
        }
        slot.set(state, NIL);
        self.payloads_free.push(link);
        self.payloads[link as usize].take()
    }

    /// The last completion has come: an orphan's slot is freed and its payload returned, for the
    /// room to dispose of; any other waits to be taken.
    pub(crate) fn finish(&mut self, token: Token) -> Option<P> {
        let entry = self.entry(token)?;
        match entry.state {
            State::Orphaned => self.release(token),
            State::Submitted if !self.owns_payload(token) => self.release(token),
            State::Submitted => {
                let slot = &mut self.slots[token.slot() as usize];
                slot.set(State::Done, slot.link);
                None
            }
            State::Done | State::Free => None,
        }
    }

    /// Takes the payload of an operation that has ended.
    pub(crate) fn take(&mut self, token: Token) -> Option<P> {
        (self.entry(token)?.state == State::Done).then(|| self.release(token)).flatten()
    }

    /// Marks an operation as nobody's. `Some` with its payload when it had ended already.
    pub(crate) fn orphan(&mut self, token: Token) -> Option<P> {
        match self.entry(token)?.state {
            State::Done => self.release(token),
            State::Submitted => {
                let slot = &mut self.slots[token.slot() as usize];
                slot.set(State::Orphaned, slot.link);
                None
            }
            State::Orphaned | State::Free => None,
        }
    }

    /// Remembers that the end of the operation was asked for, so that it is not armed again.
    pub(crate) fn request_cancel(&mut self, token: Token) {
        if self.entry(token).is_some() {
            self.slots[token.slot() as usize].sock |= CANCEL_REQUESTED;
        }
    }

    /// Operations that have not ended, or whose payload was not taken.
    pub(crate) const fn live(&self) -> usize {
        self.live as usize
    }

    /// Every operation that has not ended, for a room that shuts down.
    pub(crate) fn pending(&self) -> impl Iterator<Item = Token> + '_ {
        let live = |slot: &Slot| matches!(slot.state(), State::Submitted | State::Orphaned);
        self.slots.iter().enumerate().filter(move |(_, slot)| live(slot)).filter_map(
            |(index, slot)| Some(Token::new(kind_of(slot.tag)?, slot.tag, index as u32)),
        )
    }

    fn owns_payload(&self, token: Token) -> bool {
        self.slots[token.slot() as usize].link & LINK_MASK != NIL
    }

    fn free_slot(&mut self) -> u32 {
        if self.free == NIL {
            // Generations start at 1, so that no token is all zeroes.
            self.slots.push(Slot {
                user_data: [0; 2],
                tag: 1,
                link: 0,
                sock: 0,
                sock_generation: 0,
            });
            return self.slots.len() as u32 - 1;
        }
        let index = self.free;
        self.free = self.slots[index as usize].link & LINK_MASK;
        index
    }

    fn store(&mut self, payload: P) -> u32 {
        if let Some(index) = self.payloads_free.pop() {
            self.payloads[index as usize] = Some(payload);
            return index;
        }
        self.payloads.push(Some(payload));
        self.payloads.len() as u32 - 1
    }

    fn release(&mut self, token: Token) -> Option<P> {
        let slot = &mut self.slots[token.slot() as usize];
        let link = slot.link & LINK_MASK;
        slot.tag = slot.tag.wrapping_add(1);
        slot.set(State::Free, self.free);
        self.free = token.slot();
        self.live -= 1;
        if link == NIL {
            return None;
        }
        self.payloads_free.push(link);
        self.payloads[link as usize].take()
    }
}

#[cfg(test)]
mod tests {
    use super::{InFlight, State};
    use crate::sock::Sock;
    use crate::token::{OpKind, Token};

    const SOCK: Sock = Sock::new(3, 1);

    #[test]
    fn a_stale_token_names_nobody() {
        let mut table: InFlight<Vec<u8>> = InFlight::new(4);
        let first = table.insert(OpKind::Send, SOCK, 9, Some(vec![1])).expect("room");
        assert_eq!(table.finish(first), None);
        assert_eq!(table.entry(first).map(|entry| entry.state), Some(State::Done));
        assert_eq!(table.take(first), Some(vec![1]));
        let second = table.insert(OpKind::Send, SOCK, 9, None).expect("room");
        assert_eq!(second.slot(), first.slot());
        assert!(table.entry(first).is_none());
        assert_eq!(table.take(first), None);
        assert!(table.orphan(first).is_none());
        assert!(table.entry(second).is_some());
    }

    #[test]
    fn orphans_end_at_their_last_completion() {
        let mut table = InFlight::new(4);
        let send = table.insert(OpKind::Send, SOCK, 1, Some("buffer")).expect("room");
        assert_eq!(table.orphan(send), None);
        assert_eq!((table.take(send), table.live()), (None, 1));
        assert_eq!((table.finish(send), table.live()), (Some("buffer"), 0));
        let done = table.insert(OpKind::Send, SOCK, 1, Some("late")).expect("room");
        table.finish(done);
        assert_eq!((table.orphan(done), table.live()), (Some("late"), 0));
    }

    #[test]
    fn what_was_stripped_leaves_nothing_to_take() {
        let mut table = InFlight::new(2);
        let first = table.insert(OpKind::SendFile, SOCK, 1, Some("file")).expect("room");
        assert_eq!((table.strip(first), table.strip(first)), (Some("file"), None));
        let second = table.insert(OpKind::Send, SOCK, 1, Some("bytes")).expect("room");
        assert_eq!((table.finish(first), table.live()), (None, 1));
        assert_eq!(table.payload_mut(second), Some(&mut "bytes"), "another's place was not taken");
        assert_eq!(table.strip(first), None);
    }

    #[test]
    fn the_bound_refuses_and_returns() {
        let mut table = InFlight::new(2);
        let tokens: Vec<Token> = (0..2)
            .map(|n| table.insert(OpKind::Recv, SOCK, u64::MAX - n, None::<u8>).unwrap())
            .collect();
        assert_eq!(table.insert(OpKind::Send, SOCK, 0, Some(7)), Err(Some(7)));
        assert_eq!(table.entry(tokens[1]).map(|entry| entry.user_data), Some(u64::MAX - 1));
        assert_eq!(table.pending().collect::<Vec<_>>(), tokens);
        table.finish(tokens[0]);
        assert!(table.insert(OpKind::Send, SOCK, 0, Some(7)).is_ok());
    }

    #[test]
    fn forged_tokens_are_refused() {
        let mut table = InFlight::new(8);
        let real = table.insert(OpKind::Accept, SOCK, 0, Some(())).expect("room");
        for bits in [0, u64::MAX, real.to_bits() ^ 1 << 32, real.to_bits() + 1] {
            assert!(table.entry(Token::from_bits(bits)).is_none(), "{bits:x}");
        }
    }
}
