//! Wakers.
//!
//! Owns the two kinds of `Waker` that a task's poll can see, the flag that keeps a task from
//! standing twice in a core's inbox, and which table is current on this thread. May not poll.
//! Invariants: [`CURRENT`] points to a table that is borrowed by a frame of this thread's stack,
//! or is null; data written before a wake is seen by the poll that the wake causes.
//!
//! The first polls of a task see a *borrowed* waker: a pointer to the poll's [`PollFrame`], no
//! allocation, no count. When somebody clones it, an `Arc<RemoteWaker>` is made, once in a task's
//! life; the clone and the waker of every later poll point to it (*owned*), so that `will_wake` is
//! true. Each kind has one static table, as `will_wake` compares addresses.

use core::cell::Cell;
use core::mem::ManuallyDrop;
use core::ptr;
use core::task::{Context, RawWaker, RawWakerVTable, Waker};
use std::sync::{Arc, OnceLock};

use super::run::Tasks;
use super::slab::TaskRef;
use crate::sync::{AtomicBool, Ordering, thread_local_const};

/// The way into one core's inbox from other threads.
pub trait RemoteQueue: Send + Sync {
    /// Queues `task` for [`Tasks::schedule_remote`] and wakes the core if it sleeps. Called on any
    /// thread; on the core's own only outside [`Tasks::enter`].
    ///
    /// Must not fail: a wake lost here is lost. It need not be unbounded either: each live task
    /// stands in the queue at most once, and a task that ends takes no new place, so there are at
    /// most `tasks_max` entries and those of tasks that ended since the queue was last drained.
    fn push(&self, task: TaskRef);
}

thread_local_const! {
    /// The table whose turn runs on this thread.
    /// INVARIANT: null, or points to a `Tasks` borrowed by an `enter` below us on the stack.
    static CURRENT: Cell<*const Tasks> = Cell::new(ptr::null());
}

/// Calls `f` with `tasks` as the current table of this thread.
///
/// A closure and no guard, as a guard could be forgotten: here the borrow of `tasks` provably
/// lasts until `CURRENT` is restored, so the pointer cannot dangle.
pub(super) fn enter<R>(tasks: &Tasks, f: impl FnOnce() -> R) -> R {
    /// Restores on return and while unwinding. What it restores was put there by an outer `enter`,
    /// which is still on the stack.
    struct Restore(*const Tasks);
    impl Drop for Restore {
        fn drop(&mut self) {
            CURRENT.with(|current| current.set(self.0));
        }
    }
    let _restore = Restore(CURRENT.with(|current| current.replace(tasks)));
    f()
}

/// Wakes `task` without the inbox if its core's table is current on this thread.
fn wake_here(core: &Arc<dyn RemoteQueue>, task: TaskRef) -> bool {
    let current = CURRENT.with(Cell::get);
    if current.is_null() {
        return false;
    }
    // SAFETY: `CURRENT` is this thread's and not null, so an `enter` below us on this thread's
    // stack borrows the table: it is valid, shared, and not touched by other threads (`!Sync`).
    let tasks = unsafe { &*current };
    let here = tasks.is_of(core);
    if here {
        tasks.wake(task);
    }
    here
}

/// The waker of one task that may go anywhere and stay as long as it likes.
pub(super) struct RemoteWaker {
    core: Arc<dyn RemoteQueue>,
    task: TaskRef,
    /// The task stands in the inbox, or is gone.
    queued: AtomicBool,
}

impl RemoteWaker {
    fn new(core: &Arc<dyn RemoteQueue>, task: TaskRef) -> Arc<Self> {
        Arc::new(Self { core: Arc::clone(core), task, queued: AtomicBool::new(false) })
    }

    fn wake(&self) {
        if wake_here(&self.core, self.task) {
            return;
        }
        // AcqRel, though a set flag is left as it was: whoever clears the flag then has what was
        // written before every wake since the last time it was cleared, not only before the one
        // that pushed.
        if !self.queued.swap(true, Ordering::AcqRel) {
            self.core.push(self.task);
        }
    }

    /// The inbox's entry was taken out, and the task is about to be made ready. In this order: a
    /// wake from here on pushes again, a wake from before is covered by the coming poll.
    pub(super) fn clear(&self) {
        self.queued.swap(false, Ordering::AcqRel);
    }

    /// The task is gone: no wake shall push any more.
    pub(super) fn retire(&self) {
        self.queued.store(true, Ordering::Relaxed);
    }
}

/// What the waker of one poll refers to; lives on the poller's stack.
pub(super) struct PollFrame<'a> {
    core: &'a Arc<dyn RemoteQueue>,
    task: TaskRef,
    /// A `OnceLock`, as the borrowed waker is `Sync`: other threads can clone it during the poll.
    owned: OnceLock<Arc<RemoteWaker>>,
}

/// The borrowed waker lends a `&PollFrame` to any thread, so it must be `Sync`.
const _: () = {
    const fn assert_sync<T: Sync>() {}
    assert_sync::<PollFrame<'_>>();
    const fn assert_send_sync<T: Send + Sync>() {}
    assert_send_sync::<RemoteWaker>();
};

impl<'a> PollFrame<'a> {
    /// A frame for `task`, with its waker from an earlier poll if it has one.
    pub(super) fn new(
        core: &'a Arc<dyn RemoteQueue>,
        task: TaskRef,
        waker: Option<Arc<RemoteWaker>>,
    ) -> Self {
        Self { core, task, owned: waker.map_or_else(OnceLock::new, OnceLock::from) }
    }

    /// Calls `f` with a context whose waker wakes the task.
    pub(super) fn with_context<R>(&self, f: impl FnOnce(&mut Context<'_>) -> R) -> R {
        let raw = match self.owned.get() {
            Some(waker) => RawWaker::new(Arc::as_ptr(waker).cast(), &OWNED),
            None => RawWaker::new(ptr::from_ref(self).cast(), &BORROWED),
        };
        // SAFETY: `BORROWED` is given a `PollFrame`, `OWNED` an `Arc::as_ptr` whose count this
        // frame holds; both outlive `waker`, as they are borrowed for the whole call, and a
        // reference to `waker` cannot leave it. `waker` is never dropped nor moved out of, so the
        // count of the owned one is not given away.
        let waker = ManuallyDrop::new(unsafe { Waker::from_raw(raw) });
        f(&mut Context::from_waker(&waker))
    }

    /// The task's waker, if there is one by now.
    pub(super) fn into_waker(self) -> Option<Arc<RemoteWaker>> {
        self.owned.into_inner()
    }

    fn owned(&self) -> &Arc<RemoteWaker> {
        self.owned.get_or_init(|| RemoteWaker::new(self.core, self.task))
    }
}

/// For a pointer to a [`PollFrame`] that outlives the waker. Nothing is counted.
static BORROWED: RawWakerVTable =
    RawWakerVTable::new(borrowed_clone, borrowed_wake, borrowed_wake, borrowed_drop);

/// For an `Arc<RemoteWaker>` as a pointer. Each waker holds one count.
static OWNED: RawWakerVTable =
    RawWakerVTable::new(owned_clone, owned_wake, owned_wake_by_ref, owned_drop);

/// # Safety
///
/// - `data` points to a valid [`PollFrame`].
unsafe fn borrowed_clone(data: *const ()) -> RawWaker {
    // SAFETY: the caller's promise; the frame is `Sync`, so the thread does not matter.
    let frame = unsafe { &*data.cast::<PollFrame<'_>>() };
    let owned = Arc::clone(frame.owned());
    RawWaker::new(Arc::into_raw(owned).cast(), &OWNED)
}

/// By value and by reference are the same, as nothing is counted.
///
/// # Safety
///
/// - `data` points to a valid [`PollFrame`].
unsafe fn borrowed_wake(data: *const ()) {
    // SAFETY: the caller's promise; the frame is `Sync`, so the thread does not matter.
    let frame = unsafe { &*data.cast::<PollFrame<'_>>() };
    if !wake_here(frame.core, frame.task) {
        frame.owned().wake(); // its flag keeps the task from being pushed twice
    }
}

/// # Safety
///
/// None needed: nothing is counted, so nothing is given back.
unsafe fn borrowed_drop(_: *const ()) {}

/// # Safety
///
/// - `data` is an `Arc<RemoteWaker>` as a pointer, with at least one count.
unsafe fn owned_clone(data: *const ()) -> RawWaker {
    // SAFETY: the caller's promise; the new count is the new waker's.
    unsafe { Arc::increment_strong_count(data.cast::<RemoteWaker>()) };
    RawWaker::new(data, &OWNED)
}

/// # Safety
///
/// - `data` is an `Arc<RemoteWaker>` as a pointer, with a count that this call takes.
unsafe fn owned_wake(data: *const ()) {
    // SAFETY: the caller's promise.
    unsafe { Arc::from_raw(data.cast::<RemoteWaker>()) }.wake();
}

/// # Safety
///
/// - `data` is an `Arc<RemoteWaker>` as a pointer, with at least one count.
unsafe fn owned_wake_by_ref(data: *const ()) {
    // SAFETY: the caller's promise; the count is held for the duration of the call.
    unsafe { &*data.cast::<RemoteWaker>() }.wake();
}

/// # Safety
///
/// - `data` is an `Arc<RemoteWaker>` as a pointer, with a count that this call takes.
unsafe fn owned_drop(data: *const ()) {
    // SAFETY: the caller's promise.
    unsafe { Arc::decrement_strong_count(data.cast::<RemoteWaker>()) };
}
