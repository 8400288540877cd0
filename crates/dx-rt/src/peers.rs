//! What cores see of each other.
//!
//! Owns the shared side of a core: its mailbox, its waker, its counters, the deque others may
//! steal from, and the phase of the whole group. May not know tasks' contents. Invariant: a core
//! that sleeps has advertised it before it last looked at its mailbox and at its siblings' deques.

use core::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering, fence};
use std::sync::Arc;

use async_task::Runnable;
use crossbeam_deque::{Steal, Stealer};
use dx_io::Waker;

use crate::bounded::Full;
use crate::limits::{CALLS_MAX, JOBS_BACKLOG};
use crate::mailbox::{Mailbox, Notify};
use crate::task::{RemoteQueue, TaskRef};

/// Where a group of cores is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Phase {
    /// Serving.
    Running = 0,
    /// Finishing what was begun; nothing new is taken in.
    Draining = 1,
    /// Ending now, whatever is left.
    Ending = 2,
}

/// A message into a core.
pub(crate) enum Message {
    Wake(TaskRef),
    Run(Runnable),
    Call(Box<dyn FnOnce() + Send>),
}

/// Ends the core's wait.
pub(crate) struct WakeCore(Waker);

impl Notify for WakeCore {
    fn notify(&self) {
        self.0.wake();
    }
}

/// What one core has done so far. Written by its core alone, read by anyone.
#[derive(Debug, Default)]
pub struct CoreStats {
    turns: AtomicU64,
    stolen: AtomicU64,
    helped: AtomicU64,
}

impl CoreStats {
    /// Turns taken.
    #[must_use]
    pub fn turns(&self) -> u64 {
        self.turns.load(Ordering::Relaxed)
    }

    /// Jobs taken from siblings.
    #[must_use]
    pub fn stolen(&self) -> u64 {
        self.stolen.load(Ordering::Relaxed)
    }

    /// Times this core woke an idle sibling to help.
    #[must_use]
    pub fn helped(&self) -> u64 {
        self.helped.load(Ordering::Relaxed)
    }

    /// One writer, so a load and a store do; no read-modify-write on the hot path.
    fn add(counter: &AtomicU64, count: u64) {
        counter.store(counter.load(Ordering::Relaxed) + count, Ordering::Relaxed);
    }

    pub(crate) fn turned(&self) {
        Self::add(&self.turns, 1);
    }

    pub(crate) fn stole(&self, count: u64) {
        Self::add(&self.stolen, count);
    }
}

/// The shared side of one core.
pub(crate) struct Peer {
    pub(crate) mailbox: Mailbox<Message, WakeCore>,
    waker: Waker,
    stealer: Stealer<Runnable>,
    /// The core sleeps and has nothing to do.
    idle: AtomicBool,
    calls: AtomicUsize,
    pub(crate) stats: CoreStats,
}

/// All cores that work together.
pub(crate) struct Group {
    pub(crate) peers: Box<[Arc<Peer>]>,
    phase: AtomicU8,
}

impl Peer {
    pub(crate) fn new(waker: Waker, stealer: Stealer<Runnable>) -> Self {
        Self {
            // Wakes and runs must not fail; they are bounded by the tasks they belong to.
            mailbox: Mailbox::new(usize::MAX, WakeCore(waker.clone())),
            waker,
            stealer,
            idle: AtomicBool::new(false),
            calls: AtomicUsize::new(0),
            stats: CoreStats::default(),
        }
    }

    /// Has `call` run on this core.
    pub(crate) fn call(&self, call: Box<dyn FnOnce() + Send>) -> Result<(), Full<()>> {
        if self.calls.fetch_add(1, Ordering::Relaxed) >= CALLS_MAX {
            self.calls.fetch_sub(1, Ordering::Relaxed);
            return Err(Full(()));
        }
        self.mailbox.push(Message::Call(call)).map_err(|_| {
            self.call_taken();
            Full(())
        })
    }

    /// A call was taken out of the mailbox.
    pub(crate) fn call_taken(&self) {
        self.calls.fetch_sub(1, Ordering::Relaxed);
    }

    /// Hands a stealable task to this core from elsewhere. When the core has ended, the task ends
    /// here: it lives as long as the core that made it.
    pub(crate) fn run(&self, runnable: Runnable) {
        drop(self.mailbox.push(Message::Run(runnable)));
    }

    /// Says that this core is about to sleep with nothing to do. `false`: a sibling has a backlog.
    pub(crate) fn prepare_idle(&self, group: &Group, own: usize) -> bool {
        self.idle.store(true, Ordering::Relaxed);
        // Pairs with the fence in `help`: a job pushed before it is seen here, or we are seen.
        fence(Ordering::SeqCst);
        if group.has_backlog(own) {
            self.awake();
            return false;
        }
        true
    }

    pub(crate) fn awake(&self) {
        if self.idle.load(Ordering::Relaxed) {
            self.idle.store(false, Ordering::Relaxed);
        }
    }

    /// Called by the core itself after it has pushed a job: with a backlog, one idle sibling is
    /// woken to help.
    pub(crate) fn help(&self, group: &Group, backlog: usize) {
        if backlog <= JOBS_BACKLOG {
            return;
        }
        fence(Ordering::SeqCst);
        for peer in &group.peers {
            // The load keeps the line shared; the swap lets one helper be woken once.
            if peer.idle.load(Ordering::Relaxed) && peer.idle.swap(false, Ordering::Relaxed) {
                CoreStats::add(&self.stats.helped, 1);
                peer.waker.wake();
                return;
            }
        }
    }
}

impl RemoteQueue for Peer {
    fn push(&self, task: TaskRef) {
        // Refused by a core that has ended, and its tasks with it; else there is no bound.
        drop(self.mailbox.push(Message::Wake(task)));
    }
}

impl Group {
    /// Makes a group of `peers`. They do not know it, lest they keep each other alive, and with
    /// them the descriptors of their wakers.
    pub(crate) fn form(peers: Vec<Arc<Peer>>) -> Arc<Self> {
        Arc::new(Self { peers: peers.into(), phase: AtomicU8::new(Phase::Running as u8) })
    }

    /// Whether `peer` is one of this group.
    pub(crate) fn has(&self, peer: &Arc<Peer>) -> bool {
        self.peers.iter().any(|known| Arc::ptr_eq(known, peer))
    }

    pub(crate) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Running,
            1 => Phase::Draining,
            _ => Phase::Ending,
        }
    }

    /// Goes on to `phase`, never back, and tells every core.
    pub(crate) fn enter(&self, phase: Phase) {
        self.phase.fetch_max(phase as u8, Ordering::AcqRel);
        for peer in &self.peers {
            peer.waker.wake();
        }
    }

    fn has_backlog(&self, own: usize) -> bool {
        self.peers.iter().enumerate().any(|(index, peer)| index != own && !peer.stealer.is_empty())
    }

    /// Takes one job from a sibling, beginning with the one after `own`.
    pub(crate) fn steal(&self, own: usize) -> Option<Runnable> {
        let count = self.peers.len();
        (1..count).find_map(|step| {
            let victim = &self.peers[(own + step) % count];
            loop {
                match victim.stealer.steal() {
                    Steal::Success(job) => return Some(job),
                    Steal::Empty => return None,
                    Steal::Retry => {}
                }
            }
        })
    }
}
