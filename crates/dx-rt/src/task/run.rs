//! Polling one core's tasks.
//!
//! Owns [`Tasks`]: the table behind a `&self`, and what happens before, during and after a poll.
//! May not know where wakes come from. Invariant: no borrow of the table is held while code that
//! is not ours runs (a poll, a destructor, a waker), so that code may call anything here.

use core::cell::{Cell, RefCell};
use core::fmt;
use std::sync::Arc;

use super::slab::{Ready, Removed, Table, TaskFuture, TaskRef};
use super::wake::{self, PollFrame, RemoteQueue};
use crate::bounded::Full;

/// The tasks of one core. They run on the thread that made it, one at a time.
///
/// Waking a task from its own core costs no atomic operation, and polling it no allocation, unless
/// its waker is cloned: then one, for the life of the task. Memory is 32 bytes for each of the
/// most tasks that lived at once, beside their futures.
///
/// Tasks may call every method from within their poll, except those that poll.
///
/// ```
/// use std::sync::Arc;
/// use dx_rt::task::{PoolBox, RemoteQueue, TaskRef, Tasks};
///
/// struct Inbox;
/// impl RemoteQueue for Inbox {
///     fn push(&self, _task: TaskRef) { /* queue it, wake the core */ }
/// }
///
/// let tasks = Tasks::new(Arc::new(Inbox), 1000);
/// let task = tasks.spawn(PoolBox::future(async {})).unwrap();
/// assert_eq!(tasks.run(64), 1);
/// assert!(!tasks.contains(task));
/// ```
pub struct Tasks {
    core: Arc<dyn RemoteQueue>,
    table: RefCell<Table>,
    /// The task being polled.
    running: Cell<Option<TaskRef>>,
    /// The inbox held the task being polled: its waker is to be cleared once it is back.
    running_scheduled: Cell<bool>,
}

/// One poll of one task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ran {
    /// The task that was polled.
    pub task: TaskRef,
    /// It is gone: it completed, or was cancelled while it ran.
    pub done: bool,
}

impl Tasks {
    /// An empty table for at most `tasks_max` tasks of the core whose inbox is `core`. Each table
    /// needs a `core` of its own.
    #[must_use]
    pub fn new(core: Arc<dyn RemoteQueue>, tasks_max: u32) -> Self {
        Self {
            core,
            table: RefCell::new(Table::new(tasks_max)),
            running: Cell::new(None),
            running_scheduled: Cell::new(false),
        }
    }

    /// Adds a task, which is ready at once.
    ///
    /// # Errors
    ///
    /// [`Full`] with the future when `tasks_max` tasks live.
    pub fn spawn(&self, future: TaskFuture) -> Result<TaskRef, Full<TaskFuture>> {
        self.table.borrow_mut().insert(future)
    }

    /// Makes a task ready; nothing happens if it is ready already or gone. A task that is woken
    /// while it is polled is polled again.
    pub fn wake(&self, task: TaskRef) {
        self.table.borrow_mut().wake(task);
    }

    /// Makes every task ready that lives now.
    pub fn wake_all(&self) {
        let mut table = self.table.borrow_mut();
        for index in 0..table.slots_len() {
            if let Some(task) = table.at(index) {
                table.wake(task);
            }
        }
    }

    /// Makes a task ready that was taken out of the core's inbox ([`RemoteQueue::push`]).
    pub fn schedule_remote(&self, task: TaskRef) {
        if self.running.get() == Some(task) {
            self.running_scheduled.set(true); // the poller has its waker: see `Polling::drop`
            return;
        }
        let mut table = self.table.borrow_mut();
        if let Some(waker) = table.waker(task) {
            waker.clear();
        }
        table.wake(task);
    }

    /// Polls the task that has been ready for longest. `None` when no task is ready.
    ///
    /// # Panics
    ///
    /// When called from within a task's poll, and when the task panics (in its poll or its
    /// destructor). Then that task is gone, and all else is as it should be.
    pub fn run_one(&self) -> Option<Ran> {
        assert!(self.running.get().is_none(), "a task must not run the tasks of its own core");
        let ready = self.table.borrow_mut().pop()?;
        Some(self.enter(|| self.poll(ready)))
    }

    /// Polls ready tasks, at most `budget` times, and returns how many times. First come, first
    /// served, except that a task spawned in the place of one that was cancelled while ready has
    /// its turn.
    ///
    /// # Panics
    ///
    /// As [`run_one`](Self::run_one).
    pub fn run(&self, budget: usize) -> usize {
        self.enter(|| (0..budget).take_while(|_| self.run_one().is_some()).count())
    }

    /// Removes a task and drops its future: now, or after its poll when it is being polled.
    /// `false` when it is gone already.
    ///
    /// # Panics
    ///
    /// When the future's destructor does; the task is gone then.
    pub fn cancel(&self, task: TaskRef) -> bool {
        let Some(Removed { future, waker }) = self.table.borrow_mut().remove(task) else {
            return false;
        };
        if let Some(waker) = &waker {
            waker.retire();
        }
        self.enter(|| drop(future));
        true
    }

    /// Cancels every task that lives now. What their destructors spawn may survive: ask
    /// [`len`](Self::len).
    ///
    /// # Panics
    ///
    /// When a future's destructor does; tasks that were not reached live on.
    pub fn cancel_all(&self) {
        let slots_len = self.table.borrow().slots_len();
        for index in 0..slots_len {
            let task = self.table.borrow().at(index);
            if let Some(task) = task {
                self.cancel(task);
            }
        }
    }

    /// Calls `f`, the core's turn or a part of it: wakers used within wake tasks of this table
    /// directly, not through the core's inbox. Methods that poll do this themselves.
    pub fn enter<R>(&self, f: impl FnOnce() -> R) -> R {
        wake::enter(self, f)
    }

    /// The task being polled.
    #[must_use]
    pub fn current(&self) -> Option<TaskRef> {
        self.running.get()
    }

    /// Whether the task lives.
    #[must_use]
    pub fn contains(&self, task: TaskRef) -> bool {
        self.table.borrow().contains(task)
    }

    /// Whether a task is ready.
    #[must_use]
    pub fn has_ready(&self) -> bool {
        self.ready_len() > 0
    }

    /// Tasks that are ready.
    #[must_use]
    pub fn ready_len(&self) -> usize {
        self.table.borrow().ready_len()
    }

    /// Tasks that live.
    #[must_use]
    pub fn len(&self) -> usize {
        self.table.borrow().len()
    }

    /// Whether no task lives.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether this is the table of that core.
    pub(super) fn is_of(&self, core: &Arc<dyn RemoteQueue>) -> bool {
        Arc::ptr_eq(&self.core, core)
    }

    fn poll(&self, ready: Ready) -> Ran {
        let Ready { task, future, waker } = ready;
        let frame = PollFrame::new(&self.core, task, waker);
        let mut polling =
            Polling { tasks: self, task, parts: Some((future, frame)), pending: false };
        polling.poll();
        drop(polling);
        Ran { task, done: !self.contains(task) }
    }
}

/// Drops every future, as [`Tasks::cancel_all`] does.
impl Drop for Tasks {
    fn drop(&mut self) {
        self.cancel_all();
    }
}

impl fmt::Debug for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tasks")
            .field("len", &self.len())
            .field("ready_len", &self.ready_len())
            .field("current", &self.current())
            .finish()
    }
}

/// A poll under way. Its destructor ends it, so that a panic ends it too.
struct Polling<'a> {
    tasks: &'a Tasks,
    task: TaskRef,
    /// `None` only once the poll has ended.
    parts: Option<(TaskFuture, PollFrame<'a>)>,
    /// The poll returned, and the task has not completed.
    pending: bool,
}

impl Polling<'_> {
    fn poll(&mut self) {
        self.tasks.running_scheduled.set(false);
        self.tasks.running.set(Some(self.task));
        if let Some((future, frame)) = &mut self.parts {
            self.pending = frame.with_context(|cx| future.as_pin_mut().poll(cx)).is_pending();
        }
    }
}

impl Drop for Polling<'_> {
    fn drop(&mut self) {
        let Self { tasks, task, .. } = *self;
        tasks.running.set(None);
        let Some((future, frame)) = self.parts.take() else { return };
        let ready = Ready { task, future, waker: frame.into_waker() };
        let kept = if self.pending {
            tasks.table.borrow_mut().put_back(ready)
        } else {
            tasks.table.borrow_mut().remove(task); // without its parts, which are here
            Err(ready)
        };
        match kept {
            Ok(()) if tasks.running_scheduled.get() => tasks.schedule_remote(task),
            Ok(()) => {}
            Err(Ready { future, waker, .. }) => {
                if let Some(waker) = &waker {
                    waker.retire();
                }
                drop(future);
            }
        }
    }
}
