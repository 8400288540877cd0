//! Waiting for a connect.
//!
//! Owns the table of connects in flight, of which there are few, and the future of one. Invariant:
//! a dropped future orphans its connect, and the reactor closes what it brings.

use core::future::poll_fn;
use core::task::{Poll, Waker};
use std::io;
use std::rc::Rc;

use dx_io::{Completion, Op, Payload, PushErrorKind, Reactor, Token, errno};

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

/// Connects in flight on one core.
#[derive(Debug, Default)]
pub(crate) struct Connects {
    slots: Vec<Slot>,
}

impl Connects {
    pub(crate) const fn new() -> Self {
        Self { slots: Vec::new() }
    }

    /// A connect has completed.
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
        let free = self.slots.iter().position(|slot| !slot.live).unwrap_or_else(|| {
            let token = Token::NONE;
            self.slots.push(Slot { token, result: None, waker: None, generation: 0, live: false });
            self.slots.len() - 1
        });
        let slot = &mut self.slots[free];
        slot.generation = slot.generation.wrapping_add(1) & crate::net::GENERATION_MASK;
        (slot.live, slot.result, slot.waker) = (true, None, None);
        (free as u32, slot.generation)
    }
}

/// Gives the entry back, and gives up on the connect if it has not ended.
struct Pending<'a> {
    core: &'a State,
    index: u32,
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        let mut connects = self.core.connects.borrow_mut();
        let slot = &mut connects.slots[self.index as usize];
        slot.live = false;
        self.core.driver.borrow_mut().orphan(slot.token);
    }
}

/// Pushes `op`, a connect, and waits for it.
pub(crate) async fn connect(core: &Rc<State>, op: Op) -> io::Result<Payload> {
    let (index, generation) = core.connects.borrow_mut().insert();
    let pending = Pending { core, index };
    let data = UserData::new(Kind::Connect, generation, index).to_bits();
    let pushed = core.driver.borrow_mut().push(op, data);
    let token = pushed.map_err(|refused| match refused.kind {
        PushErrorKind::Os(error) => error,
        _ => io::ErrorKind::QuotaExceeded.into(),
    });
    let token = match token {
        Ok(token) => token,
        Err(error) => {
            core.connects.borrow_mut().slots[index as usize].token = Token::NONE;
            return Err(error);
        }
    };
    core.connects.borrow_mut().slots[index as usize].token = token;
    let result = poll_fn(|cx| {
        let mut connects = core.connects.borrow_mut();
        let slot = &mut connects.slots[index as usize];
        if let Some(result) = slot.result {
            return Poll::Ready(result);
        }
        slot.waker = Some(cx.waker().clone());
        Poll::Pending
    })
    .await;
    let payload = core.driver.borrow_mut().take(token);
    drop(pending);
    if result < 0 { Err(errno::to_error(result)) } else { Ok(payload) }
}
