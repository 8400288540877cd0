//! The table of one core's tasks, and the queue of those that are ready.
//!
//! Owns slots, references to them and the order in which they run. May not poll or drop a future,
//! nor run any code that is not its own: what it takes out, it hands out. Invariants: a slot's
//! generation is odd exactly while a task lives in it, and changes with every task; a slot stands
//! in the ready queue at most once, so the queue cannot outgrow the table.

use core::fmt;
use core::mem;
use core::num::NonZeroU64;
use std::sync::Arc;

use super::pool_box::PoolBox;
use super::wake::RemoteWaker;
use crate::bounded::{self, Full};
use crate::limits::TASKS_MAX;

/// A task's future.
pub type TaskFuture = PoolBox<dyn Future<Output = ()>>;

/// Names one task of one core for ever: once the task is gone, the reference is stale and refused.
///
/// (Until its slot has seen 2^31 more tasks; a stale wake would then cause one poll in vain.)
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskRef(NonZeroU64);

/// Slots and the ready queue, which is linked through them.
pub(super) struct Table {
    slots: Vec<Slot>,
    /// First of the free slots, linked by [`Body::Away`].
    free: u32,
    ready_first: u32,
    ready_last: u32,
    /// Live tasks in the ready queue. It may also hold free slots: see [`Slot::ready_next`].
    ready_len: u32,
    len: u32,
    tasks_max: u32,
}

/// A task taken out of the ready queue, to be polled.
pub(super) struct Ready {
    pub(super) task: TaskRef,
    pub(super) future: TaskFuture,
    pub(super) waker: Option<Arc<RemoteWaker>>,
}

/// What is left of a task that was removed.
pub(super) struct Removed {
    /// `None` while the task is being polled: the poller has it.
    pub(super) future: Option<TaskFuture>,
    pub(super) waker: Option<Arc<RemoteWaker>>,
}

struct Slot {
    body: Body,
    /// The one waker of the task that can leave the thread, once somebody has asked for it.
    waker: Option<Arc<RemoteWaker>>,
    generation: u32,
    /// The next slot in the ready queue, [`LAST`], or [`UNQUEUED`]. A task that is removed while
    /// ready leaves its slot in the queue, to be skipped; the next task of the slot inherits the
    /// place. So removal needs no search, and a slot can be reused at once.
    ready_next: u32,
}

enum Body {
    Here(TaskFuture),
    /// The task is being polled and its future is with the poller (then the number says nothing),
    /// or the slot is free and the number is the next free slot or [`LAST`].
    Away(u32),
}

/// The end of a list.
const LAST: u32 = u32::MAX;
/// Not in the ready queue.
const UNQUEUED: u32 = u32::MAX - 1;

const _: () = {
    assert!(TASKS_MAX <= UNQUEUED, "indices stay below the marks");
    assert!(size_of::<Slot>() <= 32);
    assert!(size_of::<Option<TaskRef>>() == 8);
};

impl TaskRef {
    /// The reference as a number, for a token or a timer's owner.
    #[must_use]
    pub const fn to_bits(self) -> u64 {
        self.0.get()
    }

    /// The reference that [`to_bits`](Self::to_bits) was called on; `None` for a number that no
    /// reference has. An invented reference is harmless: at worst it wakes or names some task.
    #[must_use]
    pub const fn from_bits(bits: u64) -> Option<Self> {
        match NonZeroU64::new(bits) {
            Some(nonzero) if (bits >> 32) % 2 == 1 => Some(Self(nonzero)),
            _ => None,
        }
    }

    fn new(index: u32, generation: u32) -> Self {
        let bits = u64::from(generation) << 32 | u64::from(index);
        Self::from_bits(bits).expect("the generation of a live task is odd")
    }

    /// The slot's number: below `tasks_max`.
    #[must_use]
    pub const fn index(self) -> u32 {
        self.0.get() as u32
    }

    const fn generation(self) -> u32 {
        (self.0.get() >> 32) as u32
    }
}

impl fmt::Debug for TaskRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskRef({}.{})", self.index(), self.generation())
    }
}

impl Table {
    pub(super) fn new(tasks_max: u32) -> Self {
        Self {
            slots: Vec::new(),
            free: LAST,
            ready_first: LAST,
            ready_last: LAST,
            ready_len: 0,
            len: 0,
            tasks_max: tasks_max.min(TASKS_MAX),
        }
    }

    /// Adds a task, ready to run.
    pub(super) fn insert(&mut self, future: TaskFuture) -> Result<TaskRef, Full<TaskFuture>> {
        let index = if self.free == LAST {
            let body = Body::Here(future);
            let slot = Slot { body, waker: None, generation: 1, ready_next: UNQUEUED };
            bounded::push(&mut self.slots, slot, self.tasks_max).map_err(|Full(slot)| match slot
                .body
            {
                Body::Here(future) => Full(future),
                Body::Away(_) => unreachable!("made with its future four lines above"),
            })?
        } else {
            let index = self.free;
            let slot = &mut self.slots[index as usize];
            let Body::Away(next) = mem::replace(&mut slot.body, Body::Here(future)) else {
                unreachable!("a free slot has no future");
            };
            slot.generation = slot.generation.wrapping_add(1);
            self.free = next;
            index
        };
        self.len += 1;
        self.enqueue(index);
        Ok(TaskRef::new(index, self.slots[index as usize].generation))
    }

    /// Makes a task ready, unless it is already or is gone.
    pub(super) fn wake(&mut self, task: TaskRef) {
        if self.live(task).is_some_and(|slot| slot.ready_next == UNQUEUED) {
            self.enqueue(task.index());
        }
    }

    /// Takes the next ready task to poll it.
    pub(super) fn pop(&mut self) -> Option<Ready> {
        while self.ready_len > 0 {
            let index = self.ready_first;
            let slot = &mut self.slots[index as usize];
            self.ready_first = mem::replace(&mut slot.ready_next, UNQUEUED);
            if self.ready_first == LAST {
                self.ready_last = LAST;
            }
            if !slot.is_live() {
                continue;
            }
            self.ready_len -= 1;
            let Body::Here(future) = mem::replace(&mut slot.body, Body::Away(LAST)) else {
                unreachable!("polls do not nest, so a queued task is not being polled");
            };
            let task = TaskRef::new(index, slot.generation);
            return Some(Ready { task, future, waker: slot.waker.take() });
        }
        None
    }

    /// Puts back what [`pop`](Self::pop) handed out; `Err` when the task was removed meanwhile.
    pub(super) fn put_back(&mut self, ready: Ready) -> Result<(), Ready> {
        match self.live(ready.task) {
            None => Err(ready),
            Some(slot) => {
                slot.body = Body::Here(ready.future);
                slot.waker = ready.waker;
                Ok(())
            }
        }
    }

    /// Removes a task; `None` when it is gone already. Its slot is free at once.
    pub(super) fn remove(&mut self, task: TaskRef) -> Option<Removed> {
        let free = self.free;
        let slot = self.live(task)?;
        slot.generation = slot.generation.wrapping_add(1);
        let was_ready = slot.ready_next != UNQUEUED;
        let waker = slot.waker.take();
        let future = match mem::replace(&mut slot.body, Body::Away(free)) {
            Body::Here(future) => Some(future),
            Body::Away(_) => None,
        };
        self.free = task.index();
        self.len -= 1;
        self.ready_len -= u32::from(was_ready);
        Some(Removed { future, waker })
    }

    /// The waker of a task that is not being polled.
    pub(super) fn waker(&mut self, task: TaskRef) -> Option<&Arc<RemoteWaker>> {
        self.live(task)?.waker.as_ref()
    }

    pub(super) fn contains(&self, task: TaskRef) -> bool {
        self.at(task.index()) == Some(task)
    }

    /// The task in the slot of this number.
    pub(super) fn at(&self, index: u32) -> Option<TaskRef> {
        let slot = self.slots.get(index as usize)?;
        slot.is_live().then(|| TaskRef::new(index, slot.generation))
    }

    /// Slots ever used: the numbers of all tasks are below.
    pub(super) fn slots_len(&self) -> u32 {
        self.slots.len() as u32
    }

    pub(super) fn len(&self) -> usize {
        self.len as usize
    }

    pub(super) fn ready_len(&self) -> usize {
        self.ready_len as usize
    }

    fn live(&mut self, task: TaskRef) -> Option<&mut Slot> {
        let slot = self.slots.get_mut(task.index() as usize)?;
        (slot.generation == task.generation()).then_some(slot)
    }

    /// Counts a live task among the ready ones, at the place its slot still has in the queue or
    /// else at the end. The task was not ready before.
    fn enqueue(&mut self, index: u32) {
        self.ready_len += 1;
        let slot = &mut self.slots[index as usize];
        if slot.ready_next != UNQUEUED {
            return;
        }
        slot.ready_next = LAST;
        if self.ready_last == LAST {
            self.ready_first = index;
        } else {
            self.slots[self.ready_last as usize].ready_next = index;
        }
        self.ready_last = index;
    }
}

impl Slot {
    fn is_live(&self) -> bool {
        self.generation % 2 == 1
    }
}
