//! Waiting for time to pass.
//!
//! Owns the core's timers above the wheel, [`sleep`], [`timeout`] and [`Deadline`]. May not read a
//! clock: the turn hands time in. Invariant: nothing fires early.

use core::fmt;
use core::future::poll_fn;
use core::num::NonZeroU32;
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::collections::VecDeque;
use std::rc::Rc;

use dx_io::Instant;

use crate::current;
use crate::limits::{DEADLINE_AHEAD_MAX, TIMER_TICK_NANOS};
use crate::state::State;
use crate::task::TaskRef;
use crate::wheel::{TimerKey, Wheel};

/// Deadlines of one core and who waits for them.
pub(crate) struct Timers {
    wheel: Wheel,
    /// Wakers of [`Sleep`]s, by the number the wheel knows them by.
    sleepers: Vec<Option<Waker>>,
    sleepers_free: Vec<u32>,
    woken: VecDeque<Waker>,
}

impl Timers {
    pub(crate) fn new(now: Instant, timers_max: u32) -> Self {
        Self {
            wheel: Wheel::new(now, timers_max),
            sleepers: Vec::new(),
            sleepers_free: Vec::new(),
            woken: VecDeque::new(),
        }
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.wheel.next_deadline()
    }

    /// Passes every task whose time has come to `wake`; wakers are kept for [`Self::pop_woken`].
    pub(crate) fn advance(&mut self, now: Instant, wake: impl Fn(TaskRef)) {
        let Self { wheel, sleepers, woken, .. } = self;
        wheel.advance(now, &mut |_, owner| match TaskRef::from_bits(owner) {
            Some(task) => wake(task),
            None => woken.extend(sleepers[owner as usize].take()),
        });
    }

    pub(crate) fn pop_woken(&mut self) -> Option<Waker> {
        self.woken.pop_front()
    }
}

/// A deadline of one task, moved often and reached seldom. Moving it later costs no work in the
/// wheel: the task is woken at the earlier time and finds that there is time left.
///
/// Twelve bytes, because every idle connection has one: it counts milliseconds, is up to two of
/// them late, and reaches at most 24 days ahead.
///
/// ```
/// # async fn connection() {
/// use std::time::Duration;
/// let mut deadline = dx_rt::time::Deadline::new();
/// let task = dx_rt::current_task().expect("in a task");
/// deadline.set(dx_rt::time::now() + Duration::from_secs(10), task);
/// // in the task's poll:
/// if deadline.has_passed(dx_rt::time::now(), task) { /* give up */ }
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Deadline {
    key: Option<TimerKey>,
    /// Milliseconds of the core's clock, modulo 2^32. Always odd, so that "never" costs nothing.
    at: Option<NonZeroU32>,
}

const _: () = assert!(size_of::<Deadline>() == 12);

impl Deadline {
    /// A deadline that never comes.
    #[must_use]
    pub const fn new() -> Self {
        Self { key: None, at: None }
    }

    /// Moves the deadline; `task`, of the current core, is woken then at the latest.
    ///
    /// # Panics
    /// Outside a core.
    pub fn set(&mut self, at: Instant, task: TaskRef) {
        let state = current::current();
        let at = odd_milli(at.min(state.now.get() + DEADLINE_AHEAD_MAX));
        self.at = NonZeroU32::new(at.as_millis() as u32);
        if !self.fires_by(&state, at) {
            self.arm(&state, at, task);
        }
    }

    /// Moves the deadline, if there is one, away by so many milliseconds, as
    /// [`has_passed`](Self::has_passed) will find.
    pub fn extend(&mut self, by: Duration) {
        let Some(at) = self.at else { return };
        // Even, so that the sum stays odd.
        let by = by.min(DEADLINE_AHEAD_MAX).as_millis() as u32 & !1;
        self.at = NonZeroU32::new(at.get().wrapping_add(by));
    }

    /// The deadline no longer matters. Its timer stays until it fires or is set again.
    pub const fn clear(&mut self) {
        self.at = None;
    }

    /// Whether the deadline has passed. If it was moved since its timer was set, the timer is set
    /// anew for the rest.
    ///
    /// # Panics
    /// Outside a core.
    pub fn has_passed(&mut self, now: Instant, task: TaskRef) -> bool {
        let Some(at) = self.at else { return false };
        // The difference of two points that are less than 2^31 apart, whichever is later.
        let left = at.get().wrapping_sub(now.as_millis() as u32).cast_signed();
        if left <= 0 {
            return true;
        }
        let at = now + Duration::from_millis(u64::from(left.unsigned_abs()));
        let state = current::current();
        if !self.fires_by(&state, at) {
            self.arm(&state, at, task);
        }
        false
    }

    /// Takes the timer out of the wheel. To be called before the task ends.
    pub fn cancel(&mut self) {
        self.at = None;
        if let (Some(key), Some(state)) = (self.key.take(), current::try_current()) {
            state.timers.borrow_mut().wheel.cancel(key);
        }
    }

    /// Whether the timer stands in the wheel and will fire at `at` at the latest.
    fn fires_by(&self, state: &State, at: Instant) -> bool {
        let fires = self.key.and_then(|key| state.timers.borrow().wheel.deadline(key));
        // The wheel rounds up to its tick.
        fires.is_some_and(|fires| fires <= at + Duration::from_nanos(TIMER_TICK_NANOS))
    }

    fn arm(&mut self, state: &State, at: Instant, task: TaskRef) {
        let mut timers = state.timers.borrow_mut();
        if let Some(key) = self.key.take() {
            timers.wheel.cancel(key);
        }
        // Full: there are more timers than tasks and sleeps are allowed, which cannot be.
        self.key = timers.wheel.insert(at, task.to_bits()).ok();
    }
}

/// The first point from `at` on that is an odd number of milliseconds.
fn odd_milli(at: Instant) -> Instant {
    let millis = at.as_nanos().div_ceil(1_000_000) | 1;
    Instant::from_nanos(millis.saturating_mul(1_000_000))
}

/// The current core's time: when its last wait ended. Read once a turn.
///
/// # Panics
/// Outside a core.
#[must_use]
pub fn now() -> Instant {
    current::current().now.get()
}

/// Time since the Unix epoch, as the current core's reactor tells it.
///
/// # Panics
/// Outside a core.
#[must_use]
pub fn wall() -> Duration {
    use dx_io::Reactor;
    current::current().driver.borrow().wall()
}

/// Waits until `duration` has passed, rounded up to the wheel's tick of a millisecond.
///
/// # Panics
/// When polled outside a core, or when the core has more timers than its bound.
#[must_use = "a sleep does nothing unless it is awaited"]
pub const fn sleep(duration: Duration) -> Sleep {
    Sleep { duration, started: None }
}

/// The future of [`sleep`]. Time starts at the first poll.
#[derive(Debug)]
pub struct Sleep {
    duration: Duration,
    started: Option<Started>,
}

struct Started {
    core: Rc<State>,
    deadline: Instant,
    key: TimerKey,
    sleeper: u32,
}

impl fmt::Debug for Started {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "until {}", self.deadline)
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.started.is_none() {
            if self.duration.is_zero() {
                return Poll::Ready(());
            }
            self.started = Some(Started::new(self.duration));
        }
        let Some(started) = &self.started else { return Poll::Ready(()) };
        if started.core.now.get() >= started.deadline {
            return Poll::Ready(());
        }
        let mut timers = started.core.timers.borrow_mut();
        timers.sleepers[started.sleeper as usize] = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Started {
    fn new(duration: Duration) -> Self {
        let core = current::current();
        let deadline = core.now.get() + duration;
        let mut timers = core.timers.borrow_mut();
        let sleeper = timers.sleepers_free.pop().unwrap_or_else(|| {
            timers.sleepers.push(None);
            timers.sleepers.len() as u32 - 1
        });
        let key = timers.wheel.insert(deadline, u64::from(sleeper));
        if key.is_err() {
            timers.sleepers_free.push(sleeper);
        }
        drop(timers);
        let key = key.expect("more timers than `timers_max` allows");
        Self { core, deadline, key, sleeper }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let mut timers = self.core.timers.borrow_mut();
        timers.wheel.cancel(self.key);
        timers.sleepers[self.sleeper as usize] = None;
        timers.sleepers_free.push(self.sleeper);
    }
}

/// The time was up before the future was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed;

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the time was up")
    }
}

impl core::error::Error for Elapsed {}

/// Waits for `future`, but no longer than `duration`; then the future is dropped.
///
/// # Errors
/// [`Elapsed`] when the time was up first. A future that is ready at the same moment wins.
///
/// # Panics
/// As [`sleep`].
pub async fn timeout<F: Future>(duration: Duration, future: F) -> Result<F::Output, Elapsed> {
    let mut future = pin!(future);
    let mut sleep = pin!(sleep(duration));
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Ok(output)),
        Poll::Pending => sleep.as_mut().poll(cx).map(|()| Err(Elapsed)),
    })
    .await
}

/// Waits for whichever of the two ends first; the other one is dropped. The left one wins a tie.
pub async fn first<T>(left: impl Future<Output = T>, right: impl Future<Output = T>) -> T {
    let mut left = pin!(left);
    let mut right = pin!(right);
    poll_fn(|cx| match left.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(output),
        Poll::Pending => right.as_mut().poll(cx),
    })
    .await
}

/// Gives every other ready task of the core, and the kernel, a turn first.
pub async fn yield_now() {
    let mut yielded = false;
    poll_fn(|cx| {
        if core::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
