//! Waiting for what another task makes.
//!
//! Owns [`JoinHandle`] in its local and its sending form. Invariant: the result is taken once;
//! dropping a handle detaches the task, which goes on.

use core::cell::RefCell;
use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use crate::current;

/// The task ended without a result: it panicked, or its core or pool was shut down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JoinLost;

impl fmt::Display for JoinLost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the task ended without a result")
    }
}

impl core::error::Error for JoinLost {}

/// The result of a task, when it comes.
///
/// The end of a local task that nobody awaits yet ends the turn's wait, so that who turns the core
/// by hand may look at [`is_finished`](Self::is_finished) after each turn. Stealable and blocking
/// work ends elsewhere: await it in a task.
///
/// ```
/// # use dx_io::{Driver, IoBackend, ReactorConfig};
/// # use dx_rt::{Core, CoreConfig, Wait};
/// # let (driver, _) = Driver::open(IoBackend::Auto, &ReactorConfig::default())?;
/// # let core = Core::new(driver, &CoreConfig::default());
/// let outer = core.spawn(async {
///     let inner = dx_rt::spawn(async { String::from("done") });
///     inner.await
/// });
/// while !outer.is_finished() {
///     core.turn(Wait::Poll)?;
/// }
/// assert_eq!(outer.try_take(), Some(Ok(String::from("done"))));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct JoinHandle<T> {
    cell: Cell<T>,
}

enum Cell<T> {
    Local(Rc<RefCell<Slot<T>>>),
    Shared(Arc<Mutex<Slot<T>>>),
}

struct Slot<T> {
    outcome: Outcome<T>,
    waiter: Option<Waker>,
}

enum Outcome<T> {
    Pending,
    Done(T),
    Lost,
    Taken,
}

impl<T> Slot<T> {
    const fn new() -> Self {
        Self { outcome: Outcome::Pending, waiter: None }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, JoinLost>> {
        match core::mem::replace(&mut self.outcome, Outcome::Taken) {
            Outcome::Pending => {
                self.outcome = Outcome::Pending;
                self.waiter = Some(cx.waker().clone());
                Poll::Pending
            }
            Outcome::Done(value) => Poll::Ready(Ok(value)),
            Outcome::Lost | Outcome::Taken => Poll::Ready(Err(JoinLost)),
        }
    }

    fn take(&mut self) -> Option<T> {
        match core::mem::replace(&mut self.outcome, Outcome::Taken) {
            Outcome::Done(value) => Some(value),
            other => {
                self.outcome = other;
                None
            }
        }
    }

    const fn is_ended(&self) -> bool {
        !matches!(self.outcome, Outcome::Pending)
    }

    /// The waiter to wake, unless the outcome was known before.
    fn end(&mut self, outcome: Outcome<T>) -> Option<Waker> {
        if self.is_ended() {
            return None;
        }
        self.outcome = outcome;
        self.waiter.take()
    }
}

impl<T> JoinHandle<T> {
    /// Whether the task has ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.with(|slot| slot.is_ended())
    }

    /// The result, if it is there and was not taken yet.
    #[must_use]
    pub fn try_take(&self) -> Option<T> {
        self.with(Slot::take)
    }

    fn with<R>(&self, f: impl FnOnce(&mut Slot<T>) -> R) -> R {
        match &self.cell {
            Cell::Local(slot) => f(&mut slot.borrow_mut()),
            Cell::Shared(slot) => f(&mut slot.lock().unwrap_or_else(PoisonError::into_inner)),
        }
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinLost>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.with(|slot| slot.poll(cx))
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").field("finished", &self.is_finished()).finish()
    }
}

/// The task's end, on one core. Dropped without a result, the task is lost.
pub(crate) struct LocalEnd<T>(Rc<RefCell<Slot<T>>>);

impl<T> LocalEnd<T> {
    pub(crate) fn finish(self, value: T) {
        self.end(Outcome::Done(value));
    }

    fn end(&self, outcome: Outcome<T>) {
        let mut slot = self.0.borrow_mut();
        if slot.is_ended() {
            return;
        }
        let waiter = slot.end(outcome);
        drop(slot);
        match waiter {
            Some(waiter) => waiter.wake(),
            // Whoever keeps the handle without awaiting it may be outside, between two turns.
            None if Rc::strong_count(&self.0) > 1 => current::look_outside(),
            None => {}
        }
    }
}

impl<T> Drop for LocalEnd<T> {
    fn drop(&mut self) {
        self.end(Outcome::Lost);
    }
}

/// The task's end, wherever it runs.
pub(crate) struct SharedEnd<T>(Arc<Mutex<Slot<T>>>);

impl<T> SharedEnd<T> {
    pub(crate) fn finish(self, value: T) {
        let waiter = self.lock_end(Outcome::Done(value));
        wake(waiter);
    }

    fn lock_end(&self, outcome: Outcome<T>) -> Option<Waker> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).end(outcome)
    }
}

impl<T> Drop for SharedEnd<T> {
    fn drop(&mut self) {
        let waiter = self.lock_end(Outcome::Lost);
        wake(waiter);
    }
}

fn wake(waiter: Option<Waker>) {
    if let Some(waiter) = waiter {
        waiter.wake();
    }
}

pub(crate) fn local<T>() -> (LocalEnd<T>, JoinHandle<T>) {
    let slot = Rc::new(RefCell::new(Slot::new()));
    (LocalEnd(slot.clone()), JoinHandle { cell: Cell::Local(slot) })
}

pub(crate) fn shared<T>() -> (SharedEnd<T>, JoinHandle<T>) {
    let slot = Arc::new(Mutex::new(Slot::new()));
    (SharedEnd(slot.clone()), JoinHandle { cell: Cell::Shared(slot) })
}
