//! Which core this thread is turning.
//!
//! Owns one thread-local. Invariant: it is set exactly while a turn, or a drop of the core's
//! tasks, runs on this thread; a simulator may turn several cores on one thread, one after another.

use core::cell::RefCell;
use std::rc::Rc;

use crate::state::State;

thread_local! {
    static CURRENT: RefCell<Option<Rc<State>>> = const { RefCell::new(None) };
}

/// Restores the core that was current before, also while unwinding.
struct Restore(Option<Rc<State>>);

impl Drop for Restore {
    fn drop(&mut self) {
        let outer = self.0.take();
        // During the teardown of the thread there is nothing to restore.
        let _ = CURRENT.try_with(|current| current.replace(outer));
    }
}

/// Calls `f` as part of `state`'s turn.
pub(crate) fn enter<R>(state: &Rc<State>, f: impl FnOnce() -> R) -> R {
    let outer = CURRENT.with(|current| current.replace(Some(state.clone())));
    let _restore = Restore(outer);
    state.tasks.enter(f)
}

/// The core that is being turned.
///
/// # Panics
/// When there is none: the caller is not inside a task of a core.
pub(crate) fn current() -> Rc<State> {
    try_current().expect("called outside a core: only tasks of a core can do this")
}

/// The wait of the turn that is under way, if there is one, shall not last.
pub(crate) fn look_outside() {
    if let Some(core) = try_current() {
        core.look_outside.set(true);
    }
}

/// The core that is being turned, if there is one.
pub(crate) fn try_current() -> Option<Rc<State>> {
    CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()
}
