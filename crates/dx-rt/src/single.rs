//! Waiting for one operation that belongs to no stream: a connect, a read or write of a file.
//!
//! Owns the table of such operations in flight, and the future of one. Knows no operation.
//! Invariant: a dropped future orphans its operation, and the reactor closes or frees what it
//! brings.

use core::future::poll_fn;
use core::task::{Poll, Waker};

use dx_io::{Completion, Op, Payload, PushError, Reactor, Token};

use crate::net::{Kind, UserData};
use crate::state::State;

#[derive(Debug)]
struct Slot {
    token: Token,
    result: Option<i32>,
    waker: Option<Waker>,
    generation: u32,
    live: bool,
}

/// Single operations in flight on one core. Bounded by the reactor's in-flight table.
#[derive(Debug, Default)]
pub(crate) struct Singles {
    slots: Vec<Slot>,
    free: Vec<u32>,
}

impl Singles {
    pub(crate) const fn new() -> Self {
        Self { slots: Vec::new(), free: Vec::new() }
    }

    /// An operation has completed.
    pub(crate) fn completed(&mut self, data: UserData, completion: Completion) -> Option<Waker> {
        let slot = self.slots.get_mut(data.index as usize)?;
        if !slot.live || slot.generation != data.generation {
            return None;
        }
        slot.result = Some(completion.result);
        slot.waker.take()
    }

    /// Sets an entry aside; its number and generation.
    fn insert(&mut self) -> (u32, u32) {
        let index = self.free.pop().unwrap_or_else(|| {
            let token = Token::NONE;
            self.slots.push(Slot { token, result: None, waker: None, generation: 0, live: false });
            self.slots.len() as u32 - 1
        });
        let slot = &mut self.slots[index as usize];
        slot.generation = slot.generation.wrapping_add(1) & crate::net::GENERATION_MASK;
        (slot.live, slot.token, slot.result, slot.waker) = (true, Token::NONE, None, None);
        (index, slot.generation)
    }
}

/// Gives the entry back, and gives up on the operation if it has not ended.
struct Pending<'a> {
    core: &'a State,
    index: u32,
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        let mut singles = self.core.singles.borrow_mut();
        let slot = &mut singles.slots[self.index as usize];
        slot.live = false;
        let (token, waker) = (slot.token, slot.waker.take());
        singles.free.push(self.index);
        drop(singles);
        drop(waker);
        self.core.driver.borrow_mut().orphan(token);
    }
}

/// Pushes `op` and waits for it: its result, and what it owned or brings.
///
/// # Errors
/// The operation, when it was refused.
pub(crate) async fn run(core: &State, op: Op) -> Result<(i32, Payload), PushError> {
    let (index, generation) = core.singles.borrow_mut().insert();
    let pending = Pending { core, index };
    let data = UserData::new(Kind::Single, generation, index).to_bits();
    let token = core.driver.borrow_mut().push(op, data)?;
    core.singles.borrow_mut().slots[index as usize].token = token;
    let result = poll_fn(|cx| {
        let mut singles = core.singles.borrow_mut();
        let slot = &mut singles.slots[index as usize];
        if let Some(result) = slot.result {
            return Poll::Ready(result);
        }
        slot.waker = Some(cx.waker().clone());
        Poll::Pending
    })
    .await;
    let payload = core.driver.borrow_mut().take(token);
    drop(pending);
    Ok((result, payload))
}
