//! Everything one core owns.
//!
//! Owns the parts, each behind its own cell, and the small steps a turn is made of. May not know
//! protocols. Invariant: no part stays borrowed while code that is not ours runs (a poll, a
//! waker, a destructor).

use core::cell::{Cell, RefCell};
use core::task::Waker;
use core::time::Duration;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use async_task::Runnable;
use crossbeam_deque::Worker;
use dx_io::{BlockingPool, Completion, Driver, Instant, Reactor};

use crate::core::{CoreConfig, Wait};
use crate::limits::JOBS_PER_TURN;
use crate::net::{Buffers, Kind, Listeners, Streams, UserData, Wake};
use crate::peers::{Group, Message, Peer, Phase};
use crate::single::Singles;
use crate::task::Tasks;
use crate::time::Timers;

/// One core.
pub(crate) struct State {
    pub(crate) tasks: Tasks,
    pub(crate) streams: RefCell<Streams>,
    pub(crate) buffers: Buffers,
    pub(crate) listeners: RefCell<Listeners>,
    pub(crate) singles: RefCell<Singles>,
    pub(crate) timers: RefCell<Timers>,
    /// The time at which this turn's wait ended.
    pub(crate) now: Cell<Instant>,
    /// Stealable jobs of this core.
    pub(crate) jobs: Worker<Runnable>,
    pub(crate) peer: Arc<Peer>,
    pub(crate) blocking: BlockingPool,
    pub(crate) index: usize,
    pub(crate) group: Arc<Group>,
    /// Something has happened that only the caller of the turn can see.
    pub(crate) look_outside: Cell<bool>,
    /// Who waits for a phase, by the number of the wait.
    phase_wakers: RefCell<BTreeMap<u64, Waker>>,
    phase_waits: Cell<u64>,
    phase_seen: Cell<Phase>,
    completions: RefCell<Vec<Completion>>,
    /// How many of them the last wait brought.
    pub(crate) reaped: Cell<usize>,
    messages: RefCell<Vec<Message>>,
    // Last, so that it outlives what may still orphan operations in it.
    pub(crate) driver: RefCell<Driver>,
}

impl State {
    pub(crate) fn new(
        driver: Driver,
        config: &CoreConfig,
        seat: (usize, Arc<Group>),
        jobs: Worker<Runnable>,
        peer: Arc<Peer>,
        blocking: BlockingPool,
    ) -> Self {
        let (index, group) = seat;
        let now = driver.now();
        Self {
            tasks: Tasks::new(peer.clone(), config.tasks_max),
            streams: RefCell::new(Streams::new(config.zero_copy_min)),
            buffers: Buffers::new(),
            listeners: RefCell::new(Listeners::new()),
            singles: RefCell::new(Singles::new()),
            timers: RefCell::new(Timers::new(now, config.timers_max)),
            now: Cell::new(now),
            jobs,
            peer,
            blocking,
            index,
            group,
            look_outside: Cell::new(false),
            phase_wakers: RefCell::new(BTreeMap::new()),
            phase_waits: Cell::new(0),
            phase_seen: Cell::new(Phase::Running),
            completions: RefCell::new(Vec::new()),
            reaped: Cell::new(0),
            messages: RefCell::new(Vec::new()),
            driver: RefCell::new(driver),
        }
    }

    /// Runs stealable jobs of this core; how many.
    pub(crate) fn run_jobs(&self) -> usize {
        let mut ran = 0;
        while ran < JOBS_PER_TURN
            && let Some(job) = self.jobs.pop()
        {
            run_job(job);
            ran += 1;
        }
        ran
    }

    /// Wakes whoever's time has come.
    pub(crate) fn fire_timers(&self) {
        // Wakers run code that is not ours, so they are collected first.
        let mut timers = self.timers.borrow_mut();
        timers.advance(self.now.get(), |task| self.tasks.wake(task));
        while let Some(waker) = timers.pop_woken() {
            drop(timers);
            waker.wake();
            timers = self.timers.borrow_mut();
        }
    }

    /// How long this turn may wait, having advertised a sleep: `None` for ever.
    pub(crate) fn patience(&self, wait: Wait) -> Option<Duration> {
        let look_outside = self.look_outside.take();
        if wait == Wait::Poll || look_outside || self.tasks.has_ready() || !self.jobs.is_empty() {
            return Some(Duration::ZERO);
        }
        if !self.peer.prepare_idle(&self.group, self.index) || !self.peer.mailbox.prepare_sleep() {
            return Some(Duration::ZERO);
        }
        let until_timer = self.timers.borrow().next_deadline().map(|at| at - self.now.get());
        match (until_timer, wait) {
            (Some(timer), Wait::AtMost(most)) => Some(timer.min(most)),
            (None, Wait::AtMost(most)) => Some(most),
            (until_timer, _) => until_timer,
        }
    }

    /// The one system call of the turn.
    pub(crate) fn submit_and_wait(&self, patience: Option<Duration>) -> io::Result<()> {
        let min = usize::from(patience != Some(Duration::ZERO));
        let result = self.driver.borrow_mut().submit_and_wait(min, patience);
        self.peer.awake();
        self.peer.mailbox.awake();
        self.now.set(self.driver.borrow().now());
        result.map(drop)
    }

    /// Moves every completion to whom it concerns; how many.
    pub(crate) fn reap(&self) -> usize {
        let mut completions = self.completions.take();
        self.driver.borrow_mut().reap(&mut completions);
        let count = completions.len();
        self.reaped.set(count);
        for completion in completions.drain(..) {
            match self.dispatch(completion) {
                Wake::Nobody => {}
                Wake::Task(task) => self.tasks.wake(task),
                Wake::Waker(waker) => waker.wake(),
            }
        }
        self.completions.replace(completions);
        self.streams.borrow_mut().close_pending(&mut self.driver.borrow_mut());
        count
    }

    fn dispatch(&self, completion: Completion) -> Wake {
        let data = UserData::from_bits(completion.user_data);
        let driver = &mut *self.driver.borrow_mut();
        let waker = match data.kind {
            Kind::Recv | Kind::Send => {
                let ended = (self.now.get(), &self.buffers);
                return self.streams.borrow_mut().completed(data, completion, ended, driver);
            }
            Kind::Accept => self.listeners.borrow_mut().completed(data, completion, driver),
            Kind::Single => self.singles.borrow_mut().completed(data, completion),
            Kind::Ignored => None,
        };
        waker.map_or(Wake::Nobody, Wake::Waker)
    }

    /// Takes in what other threads have sent; how many messages.
    pub(crate) fn drain_mailbox(&self) -> usize {
        self.notice_phase();
        if self.peer.mailbox.is_empty() {
            return 0;
        }
        let mut messages = self.messages.take();
        let count = self.peer.mailbox.drain(&mut messages);
        for message in messages.drain(..) {
            match message {
                Message::Wake(task) => self.tasks.schedule_remote(task),
                Message::Run(job) => self.push_job(job),
                Message::Call(call) => {
                    self.peer.call_taken();
                    call();
                }
            }
        }
        self.messages.replace(messages);
        count
    }

    /// Adds a stealable job, and has an idle sibling woken when there is a backlog.
    pub(crate) fn push_job(&self, job: Runnable) {
        self.jobs.push(job);
        self.peer.help(&self.group, self.jobs.len());
    }

    /// Runs one job of a sibling, if this core has nothing else to do at all.
    pub(crate) fn maybe_steal(&self) -> usize {
        if self.tasks.has_ready() || !self.jobs.is_empty() {
            return 0;
        }
        if self.group.peers.len() < 2 {
            return 0;
        }
        let Some(job) = self.group.steal(self.index) else { return 0 };
        self.peer.stats.stole(1);
        // At once: in our deque, two idle cores could take it from each other for ever.
        run_job(job);
        1
    }

    /// The phase of the group, as this core has last seen it.
    pub(crate) fn phase(&self) -> Phase {
        self.phase_seen.get()
    }

    /// A number for one wait for a phase.
    pub(crate) fn new_phase_wait(&self) -> u64 {
        self.phase_waits.replace(self.phase_waits.get() + 1)
    }

    /// Remembers whom to wake when the phase changes.
    pub(crate) fn wait_phase(&self, wait: u64, waker: &Waker) {
        let old = self.phase_wakers.borrow_mut().insert(wait, waker.clone());
        drop(old);
    }

    /// Forgets a wait that has ended or was given up.
    pub(crate) fn forget_phase_wait(&self, wait: u64) {
        let old = self.phase_wakers.borrow_mut().remove(&wait);
        drop(old);
    }

    /// Takes no more messages and lets go of every job: those that were stolen go home, our own
    /// end. Each holds the core that made it, by the way it is woken, so none may stay behind.
    pub(crate) fn close(&self) {
        for message in self.peer.mailbox.close() {
            if let Message::Run(job) = message {
                job.schedule();
            }
        }
        while let Some(job) = self.jobs.pop() {
            job.schedule();
        }
    }

    fn notice_phase(&self) {
        let phase = self.group.phase();
        if phase == self.phase_seen.get() {
            return;
        }
        self.phase_seen.set(phase);
        for waker in self.phase_wakers.take().into_values() {
            waker.wake();
        }
    }
}

/// Runs `job` once more. One that nobody can wake any more ends: without the waker held across the
/// run, its memory would be freed and all that its future holds forgotten, the end that its handle
/// waits for included. The last waker to go has the job scheduled to be dropped (async-task 4.7).
fn run_job(job: Runnable) {
    let waker = job.waker();
    job.run();
    drop(waker);
}
