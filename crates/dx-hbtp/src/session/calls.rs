//! Open calls, by number.
//!
//! Owns one table for one direction. May not know frames. Its one invariant: a number is in the
//! table once, at or behind its own place without a gap (open addressing, linear probing).
//!
//! Callers count upward, so a number's low bits are a perfect hash as long as the open calls lie
//! close together; the table is never more than half full.

use alloc::vec::Vec;

use crate::limits::CALL_PLACES_MIN;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Empty,
    Open,
    Cancelled,
    Expired,
}

/// One open call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call {
    /// When its time is over; `u64::MAX` without a deadline.
    deadline_ms: u64,
    sequence: u16,
    state: State,
}

impl Call {
    const EMPTY: Self = Self { deadline_ms: u64::MAX, sequence: 0, state: State::Empty };

    /// Whether its deadline was reported.
    pub(super) fn is_expired(self) -> bool {
        self.state == State::Expired
    }
}

/// The open calls of one side.
#[derive(Debug)]
pub(super) struct CallTable {
    /// A power of two of places, or none.
    places: Vec<Call>,
    len: usize,
    /// No deadline is earlier.
    soonest_ms: u64,
}

impl Default for CallTable {
    fn default() -> Self {
        Self { places: Vec::new(), len: 0, soonest_ms: u64::MAX }
    }
}

impl CallTable {
    /// Adds a call that is not there; the caller has looked at the limit.
    pub(super) fn insert(&mut self, sequence: u16, deadline_ms: Option<u64>) {
        if self.places.len() < (self.len + 1) * 2 {
            self.grow();
        }
        let deadline_ms = deadline_ms.unwrap_or(u64::MAX);
        self.soonest_ms = self.soonest_ms.min(deadline_ms);
        self.put(Call { deadline_ms, sequence, state: State::Open });
        self.len += 1;
    }

    /// Takes a call out.
    pub(super) fn remove(&mut self, sequence: u16) -> Option<Call> {
        let mut hole = self.place_of(sequence)?;
        let call = self.places[hole];
        let mask = self.places.len() - 1;
        let mut at = hole;
        loop {
            at = (at + 1) & mask;
            let next = self.places[at];
            if next.state == State::Empty {
                break;
            }
            // It may move into the hole if that is not before its own place.
            let home = usize::from(next.sequence) & mask;
            if (at.wrapping_sub(home) & mask) >= (at.wrapping_sub(hole) & mask) {
                self.places[hole] = next;
                hole = at;
            }
        }
        self.places[hole] = Call::EMPTY;
        self.len -= 1;
        if self.len == 0 {
            self.soonest_ms = u64::MAX;
        }
        Some(call)
    }

    /// Marks a call as cancelled: whether it was not before, or `None` if it is not open.
    pub(super) fn cancel(&mut self, sequence: u16) -> Option<bool> {
        let place = self.place_of(sequence)?;
        let call = &mut self.places[place];
        let is_first = call.state == State::Open;
        if is_first {
            call.state = State::Cancelled;
            call.deadline_ms = u64::MAX;
        }
        Some(is_first)
    }

    /// One call whose time is over at `now_ms`, marked as expired. `None` when there is none left.
    pub(super) fn expire(&mut self, now_ms: u64) -> Option<u16> {
        if now_ms < self.soonest_ms {
            return None;
        }
        self.soonest_ms = u64::MAX;
        let mut found = None;
        for call in self.places.iter_mut().filter(|call| call.state == State::Open) {
            if found.is_none() && call.deadline_ms <= now_ms {
                call.state = State::Expired;
                call.deadline_ms = u64::MAX;
                found = Some(call.sequence);
                continue;
            }
            self.soonest_ms = self.soonest_ms.min(call.deadline_ms);
        }
        found
    }

    /// Takes any call out.
    pub(super) fn pop(&mut self) -> Option<u16> {
        let sequence = self.places.iter().find(|call| call.state != State::Empty)?.sequence;
        self.remove(sequence).map(|call| call.sequence)
    }

    /// Gives the memory back if no call is open.
    pub(super) fn release(&mut self) {
        if self.len == 0 {
            self.places = Vec::new();
        }
    }

    #[inline]
    pub(super) fn contains(&self, sequence: u16) -> bool {
        self.len != 0 && self.place_of(sequence).is_some()
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// When [`expire`](Self::expire) is to be called at the latest.
    pub(super) fn deadline(&self) -> Option<u64> {
        (self.soonest_ms != u64::MAX).then_some(self.soonest_ms)
    }

    fn place_of(&self, sequence: u16) -> Option<usize> {
        let mask = self.places.len().checked_sub(1)?;
        let mut at = usize::from(sequence) & mask;
        loop {
            let call = &self.places[at];
            match call.state {
                State::Empty => return None,
                _ if call.sequence == sequence => return Some(at),
                _ => at = (at + 1) & mask,
            }
        }
    }

    /// Puts `call` at the first free place from its own on; there is one.
    fn put(&mut self, call: Call) {
        let mask = self.places.len() - 1;
        let mut at = usize::from(call.sequence) & mask;
        while self.places[at].state != State::Empty {
            at = (at + 1) & mask;
        }
        self.places[at] = call;
    }

    #[cold]
    fn grow(&mut self) {
        let places = (self.places.len() * 2).max(CALL_PLACES_MIN);
        let before = core::mem::replace(&mut self.places, alloc::vec![Call::EMPTY; places]);
        for call in before.into_iter().filter(|call| call.state != State::Empty) {
            self.put(call);
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use super::CallTable;

    /// Numbers that collide, wrap and leave holes, against a set.
    #[test]
    fn the_table_is_a_set() {
        let (mut table, mut set) = (CallTable::default(), BTreeSet::new());
        let mut state = 1_u32;
        for _ in 0..20_000 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let sequence = ((state >> 16) as u16 & 0x3F) << ((state >> 8) & 7);
            if state >> 31 == 0 && !set.contains(&sequence) {
                table.insert(sequence, None);
                set.insert(sequence);
            } else {
                assert_eq!(table.remove(sequence).is_some(), set.remove(&sequence));
            }
            assert_eq!(table.len(), set.len());
            assert!(set.iter().all(|&sequence| table.contains(sequence)));
        }
    }

    #[test]
    fn deadlines_are_reported_once_each() {
        let mut table = CallTable::default();
        for (sequence, at) in [(1, Some(30)), (2, None), (3, Some(10)), (4, Some(20))] {
            table.insert(sequence, at);
        }
        assert_eq!(table.deadline(), Some(10));
        assert_eq!(table.expire(9), None);
        let mut expired = [table.expire(20), table.expire(20), table.expire(20)];
        expired.sort();
        assert_eq!(expired, [None, Some(3), Some(4)]);
        assert_eq!(table.deadline(), Some(30));
        assert!(table.remove(3).is_some_and(|call| call.is_expired()));
        assert_eq!(
            (table.cancel(1), table.cancel(1), table.cancel(9)),
            (Some(true), Some(false), None)
        );
        assert_eq!(table.expire(40), None, "cancelled before");
    }
}
