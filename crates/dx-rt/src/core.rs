//! The turn of one core.
//!
//! Owns [`Core`]: what a thread, or a simulator, calls again and again. Knows the order of the
//! steps; `state.rs` has the steps. Invariant: a turn never blocks while anything is ready.

use core::time::Duration;
use std::io;
use std::rc::Rc;
use std::sync::Arc;

use async_task::Runnable;
use crossbeam_deque::Worker;
use dx_io::{BlockingPool, Driver, Instant, Reactor};

use crate::bounded::Full;
use crate::current;
use crate::join::JoinHandle;
use crate::limits::{LOCAL_TASKS_MAX, POLLS_PER_TURN, TIMERS_MAX, ZERO_COPY_MIN};
use crate::peers::{CoreStats, Group, Peer, Phase};
use crate::state::State;

/// Sizes of one core.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CoreConfig {
    /// Local tasks at a time.
    pub tasks_max: u32,
    /// Timers at a time.
    pub timers_max: u32,
    /// Sends of at least this many bytes are made without a copy
    /// ([`Op::SendZeroCopy`](dx_io::Op::SendZeroCopy)). Off by default
    /// ([`ZERO_COPY_MIN`](crate::limits::ZERO_COPY_MIN)).
    pub zero_copy_min: usize,
}

impl Default for CoreConfig {
    fn default() -> Self {
        Self { tasks_max: LOCAL_TASKS_MAX, timers_max: TIMERS_MAX, zero_copy_min: ZERO_COPY_MIN }
    }
}

/// How long a turn may wait for something to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Not at all.
    Poll,
    /// Until something happens, or the next timer.
    Forever,
    /// As [`Wait::Forever`], but no longer than this.
    AtMost(Duration),
}

/// What one turn did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turned {
    /// Polls of local tasks.
    pub polled: usize,
    /// Stealable jobs run.
    pub jobs: usize,
    /// Completions taken in.
    pub completions: usize,
    /// Messages taken in.
    pub messages: usize,
    /// Jobs taken from siblings and run.
    pub stolen: usize,
}

/// A core in the middle of its turn: it sleeps, and those who want something of it wake it.
#[derive(Debug)]
#[must_use = "a core that fell asleep must wake up"]
pub struct Asleep {
    patience: Option<Duration>,
    polled: usize,
    jobs: usize,
}

impl Asleep {
    /// How long the core would wait; `None` for ever.
    #[must_use]
    pub const fn patience(&self) -> Option<Duration> {
        self.patience
    }
}

impl Turned {
    /// Whether nothing at all happened.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        *self == Self::default()
    }
}

/// One core: a reactor, its tasks, timers and sockets. `!Send`: it stays on its thread.
///
/// ```
/// use dx_io::{Driver, IoBackend, ReactorConfig};
/// use dx_rt::{Core, CoreConfig, Wait};
///
/// let (driver, _) = Driver::open(IoBackend::Auto, &ReactorConfig::default())?;
/// let core = Core::new(driver, &CoreConfig::default());
/// let answer = core.spawn(async { 6 * 7 });
/// core.turn(Wait::Poll)?;
/// assert_eq!(answer.try_take(), Some(42));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Core {
    state: Rc<State>,
}

/// A core's seat in a group, made on the core's own thread before the group exists.
pub(crate) struct Seat {
    driver: Driver,
    jobs: Worker<Runnable>,
    pub(crate) peer: Arc<Peer>,
}

impl Seat {
    pub(crate) fn new(driver: Driver) -> Self {
        let jobs = Worker::new_fifo();
        let peer = Arc::new(Peer::new(driver.waker(), jobs.stealer()));
        Self { driver, jobs, peer }
    }

    /// The core itself, number `index` of the group that was formed.
    pub(crate) fn take(
        self,
        config: &CoreConfig,
        index: usize,
        group: Arc<Group>,
        blocking: BlockingPool,
    ) -> Core {
        let Self { driver, jobs, peer } = self;
        Core { state: Rc::new(State::new(driver, config, (index, group), jobs, peer, blocking)) }
    }
}

impl Core {
    /// A core on its own.
    #[must_use]
    pub fn new(driver: Driver, config: &CoreConfig) -> Self {
        let mut cores = Self::group(vec![driver], config);
        cores.pop().expect("one driver, one core")
    }

    /// Cores that know each other, all on the calling thread: for simulators, which turn them one
    /// by one.
    #[must_use]
    pub fn group(drivers: Vec<Driver>, config: &CoreConfig) -> Vec<Self> {
        let blocking = BlockingPool::default();
        let seats: Vec<Seat> = drivers.into_iter().map(Seat::new).collect();
        let group = Group::form(seats.iter().map(|seat| seat.peer.clone()).collect());
        seats
            .into_iter()
            .enumerate()
            .map(|(index, seat)| seat.take(config, index, group.clone(), blocking.clone()))
            .collect()
    }

    /// One turn: run what is ready, fire timers, hand everything to the kernel and wait, take in
    /// what completed and what other cores sent, and only with nothing else to do, steal.
    ///
    /// # Errors
    /// The reactor's, which is then beyond use.
    pub fn turn(&self, wait: Wait) -> io::Result<Turned> {
        let asleep = self.before_wait(wait);
        self.after_wait(asleep)
    }

    /// The first half of a turn: everything up to the wait, with which others count from now on.
    /// Hands over what was queued.
    ///
    /// For simulators, which let other cores run while this one sleeps, and call
    /// [`wake_up`](Self::wake_up) when it is time.
    ///
    /// # Errors
    /// The reactor's, which is then beyond use.
    pub fn fall_asleep(&self, wait: Wait) -> io::Result<Asleep> {
        let asleep = self.before_wait(wait);
        self.state.driver.borrow_mut().submit()?;
        Ok(asleep)
    }

    /// The second half of a turn, after a wait that was not this core's own: takes in what has
    /// happened and does not wait again.
    ///
    /// # Errors
    /// The reactor's, which is then beyond use.
    pub fn wake_up(&self, asleep: Asleep) -> io::Result<Turned> {
        self.after_wait(Asleep { patience: Some(Duration::ZERO), ..asleep })
    }

    fn before_wait(&self, wait: Wait) -> Asleep {
        let state = &*self.state;
        current::enter(&self.state, || {
            let polled = state.tasks.run(POLLS_PER_TURN);
            let jobs = state.run_jobs();
            state.fire_timers();
            Asleep { patience: state.patience(wait), polled, jobs }
        })
    }

    fn after_wait(&self, asleep: Asleep) -> io::Result<Turned> {
        let state = &*self.state;
        let Asleep { patience, polled, jobs } = asleep;
        current::enter(&self.state, || {
            state.submit_and_wait(patience)?;
            let completions = state.reap();
            let messages = state.drain_mailbox();
            let stolen = state.maybe_steal();
            state.peer.stats.turned();
            Ok(Turned { polled, jobs, completions, messages, stolen })
        })
    }

    /// Runs `call` on core `index` of this core's group.
    ///
    /// # Errors
    /// [`Full`] when that core's mailbox is, it has ended, or there is no such core.
    pub fn call(&self, index: usize, call: impl FnOnce() + Send + 'static) -> Result<(), Full<()>> {
        self.state.group.peers.get(index).ok_or(Full(()))?.call(Box::new(call))
    }

    /// Adds a task to this core.
    ///
    /// # Panics
    /// When the core's task table is full.
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
    {
        self.enter(|| crate::spawn::spawn(future))
    }

    /// Calls `f` as part of this core, so that it may spawn, sleep and open sockets.
    pub fn enter<R>(&self, f: impl FnOnce() -> R) -> R {
        current::enter(&self.state, f)
    }

    /// The core's clock at the end of its last wait.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.state.now.get()
    }

    /// When the next timer is due, for a simulator that jumps there.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.state.timers.borrow().next_deadline()
    }

    /// Which core of its group this is.
    #[must_use]
    pub fn index(&self) -> usize {
        self.state.index
    }

    /// What this core has done so far.
    #[must_use]
    pub fn stats(&self) -> &CoreStats {
        &self.state.peer.stats
    }

    /// Moves the whole group on to `phase`.
    pub fn enter_phase(&self, phase: Phase) {
        self.state.group.enter(phase);
    }

    /// What is still held: tasks, connections, operations in flight, receive buffers.
    #[must_use]
    pub fn held(&self) -> Held {
        let driver = self.state.driver.borrow();
        Held {
            tasks: self.state.tasks.len(),
            streams: self.state.streams.borrow().len(),
            sockets: driver.sockets(),
            operations: driver.in_flight(),
            buffers: driver.buffers().held(),
        }
    }

    /// Cancels every task and turns until the kernel has let go of everything, at most `turns`
    /// times. What is left then is returned: nothing, unless there is a defect.
    ///
    /// # Errors
    /// The reactor's.
    pub fn quiesce(&self, turns: u32) -> io::Result<Held> {
        self.enter(|| self.state.tasks.cancel_all());
        for _ in 0..turns {
            if self.held().is_nothing() {
                break;
            }
            self.turn(Wait::AtMost(Duration::from_millis(10)))?;
            self.enter(|| self.state.tasks.cancel_all());
        }
        Ok(self.held())
    }
}

/// What a core still holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Local tasks.
    pub tasks: usize,
    /// Streams that nobody has dropped.
    pub streams: usize,
    /// Sockets the reactor has not closed.
    pub sockets: usize,
    /// Operations the kernel has not ended, or whose result nobody took.
    pub operations: usize,
    /// Receive buffers that are leased.
    pub buffers: usize,
}

impl Held {
    /// Whether nothing is held.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        // Tasks and jobs hold the core they run on; without this they would keep each other alive.
        self.enter(|| self.state.tasks.cancel_all());
        // Not as part of this core, or the jobs would come back to it.
        self.state.close();
    }
}
