//! Threads for calls that block: files on readiness backends, and `spawn_blocking`.
//!
//! Owns [`BlockingPool`]. Knows no operation, task or future: a job is a closure, and how its
//! result travels back is the closure's business. Invariant: at most `threads_max` threads live
//! and at most `queue_max` jobs wait; no code of a job ever runs under the pool's lock.

use core::any::Any;
use core::fmt;
use core::time::Duration;
use std::collections::VecDeque;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use crate::limits::{BLOCKING_QUEUE_MAX, BLOCKING_THREADS_MAX};
use crate::sys::host;

/// How long a thread waits for a job before it ends.
const IDLE_MAX: Duration = Duration::from_secs(10);

/// What the pool runs. A result leaves through what the closure captured.
pub type BlockingJob = Box<dyn FnOnce() + Send>;

/// A bounded pool of threads for jobs that block. Clones are handles to the same pool.
///
/// Threads start when a job finds none idle, and end when they have been idle for 10 seconds.
/// Jobs start in the order in which they were given. When the last handle is dropped without
/// [`shutdown`](Self::shutdown), jobs already given still run.
///
/// ```
/// use std::sync::mpsc;
///
/// let pool = dx_io::BlockingPool::default();
/// let (sender, receiver) = mpsc::channel();
/// pool.run(Box::new(move || sender.send(6 * 7).unwrap())).unwrap();
/// assert_eq!(receiver.recv(), Ok(42));
/// pool.shutdown();
/// ```
#[derive(Clone)]
pub struct BlockingPool {
    shared: Arc<Shared>,
}

struct Shared {
    threads_max: usize,
    queue_max: usize,
    idle_max: Duration,
    /// Where the pool's threads may run. A thread inherits the mask of the one that starts it,
    /// and that is often a worker pinned to one CPU: it would share that CPU with its blocking
    /// jobs. Empty if the host does not tell; then threads inherit.
    cpus: Vec<usize>,
    state: Mutex<State>,
    /// A job was queued, or the pool was shut down.
    work: Condvar,
    /// A thread ended.
    ended: Condvar,
}

#[derive(Default)]
struct State {
    queue: VecDeque<BlockingJob>,
    /// Every live thread, so that `shutdown` can tell whether it was called by one of them.
    threads: Vec<ThreadId>,
    /// Threads in `work.wait`, those included that were notified and have not run yet.
    idle: usize,
    shut_down: bool,
}

impl BlockingPool {
    /// A pool of at most `threads_max` threads with at most `queue_max` jobs waiting; 0 means 1.
    ///
    /// Its threads run on the CPUs that the calling thread may use now: make the pool before
    /// the calling thread is pinned. No thread is started yet.
    #[must_use]
    pub fn new(threads_max: usize, queue_max: usize) -> Self {
        Self::with_idle(threads_max, queue_max, IDLE_MAX)
    }

    /// Like [`new`](Self::new), with threads that end after `idle_max` without a job.
    #[must_use]
    pub fn with_idle(threads_max: usize, queue_max: usize, idle_max: Duration) -> Self {
        let shared = Shared {
            threads_max: threads_max.max(1),
            queue_max: queue_max.max(1),
            idle_max,
            cpus: host::allowed_cpus().unwrap_or_default(),
            state: Mutex::default(),
            work: Condvar::new(),
            ended: Condvar::new(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Queues `job`; returns before it has run.
    ///
    /// A panic of the job is caught and dropped; the panic hook has reported it by then.
    ///
    /// # Errors
    /// [`PoolFull`] with the job inside: `queue_max` jobs wait already, the system gives no
    /// first thread, or the pool was shut down.
    pub fn run(&self, job: BlockingJob) -> Result<(), PoolFull> {
        let mut state = self.shared.lock();
        if state.shut_down || state.queue.len() >= self.shared.queue_max {
            let shut_down = state.shut_down;
            return Err(PoolFull { job, shut_down });
        }
        // Every idle thread will take one queued job; this one needs a thread of its own if
        // they are all spoken for.
        let wanted = state.idle <= state.queue.len();
        if wanted && state.threads.len() < self.shared.threads_max {
            // Under the lock: the thread cannot end before it is listed.
            match self.shared.start_thread() {
                Some(id) => state.threads.push(id),
                None if state.threads.is_empty() => {
                    return Err(PoolFull { job, shut_down: false });
                }
                None => {} // The threads there are will come to it.
            }
        }
        state.queue.push_back(job);
        drop(state);
        self.shared.work.notify_one();
        Ok(())
    }

    /// Refuses new jobs, drops those that wait, and returns when those that run have returned.
    ///
    /// Who waits for a dropped job sees it by what its closure owned (a channel's sender, for
    /// example). Called by a job of this pool it does not wait, because that would be for itself.
    /// Calling it twice is harmless.
    ///
    /// # Panics
    /// If dropping a queued job panics.
    pub fn shutdown(&self) {
        let mut state = self.shared.lock();
        state.shut_down = true;
        let dropped = mem::take(&mut state.queue);
        drop(state);
        self.shared.work.notify_all();
        drop(dropped);

        let mut state = self.shared.lock();
        if state.threads.contains(&thread::current().id()) {
            return;
        }
        while !state.threads.is_empty() {
            state = self.shared.ended.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Threads that live now, busy or idle.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.shared.lock().threads.len()
    }

    /// Jobs that wait now for a thread.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.shared.lock().queue.len()
    }
}

impl Default for BlockingPool {
    /// A pool with the bounds of [`limits`](crate::limits).
    fn default() -> Self {
        Self::new(BLOCKING_THREADS_MAX, BLOCKING_QUEUE_MAX)
    }
}

impl fmt::Debug for BlockingPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.shared.lock();
        f.debug_struct("BlockingPool")
            .field("threads", &state.threads.len())
            .field("queued", &state.queue.len())
            .field("shut_down", &state.shut_down)
            .finish_non_exhaustive()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing under this lock leaves the state half changed, so poison says nothing.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start_thread(self: &Arc<Self>) -> Option<ThreadId> {
        let shared = Arc::clone(self);
        let started = thread::Builder::new()
            .name("dx-blocking".into())
            .spawn(move || shared.work_until_idle());
        // The handle is dropped: `ended` tells what joining would.
        started.ok().map(|handle| handle.thread().id())
    }

    /// The life of one thread.
    fn work_until_idle(&self) {
        if !self.cpus.is_empty() {
            // A CPU may have gone offline since; then the inherited mask must do.
            let _ = host::restrict_current_thread(&self.cpus);
        }
        let mut state = self.lock();
        while !state.shut_down {
            if let Some(job) = state.queue.pop_front() {
                drop(state);
                run_caught(job);
                state = self.lock();
                continue;
            }
            state.idle += 1;
            let (woken, waited) = self
                .work
                .wait_timeout(state, self.idle_max)
                .unwrap_or_else(PoisonError::into_inner);
            state = woken;
            state.idle -= 1;
            // A job may have come in the same moment as the timeout: its notification may have
            // been ours, so it must not be left behind.
            if waited.timed_out() && state.queue.is_empty() {
                break;
            }
        }
        let this = thread::current().id();
        state.threads.retain(|id| *id != this);
        drop(state);
        self.ended.notify_all();
    }
}

/// Runs `job` so that nothing it does unwinds into the pool.
fn run_caught(job: BlockingJob) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(job)) {
        // What was thrown may panic again when it is dropped; what that throws is leaked, as
        // there is no end to it otherwise.
        let dropped = catch_unwind(AssertUnwindSafe(|| drop::<Box<dyn Any + Send>>(payload)));
        if let Err(again) = dropped {
            mem::forget(again);
        }
    }
}

/// The pool did not take a job; here it is.
pub struct PoolFull {
    job: BlockingJob,
    shut_down: bool,
}

impl PoolFull {
    /// The job, to be run elsewhere or later.
    #[must_use]
    pub fn into_job(self) -> BlockingJob {
        self.job
    }

    /// Whether the pool was shut down: trying again is useless.
    #[must_use]
    pub const fn is_shut_down(&self) -> bool {
        self.shut_down
    }
}

impl fmt::Debug for PoolFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolFull").field("shut_down", &self.shut_down).finish_non_exhaustive()
    }
}

impl fmt::Display for PoolFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.shut_down {
            "the blocking pool was shut down"
        } else {
            "the blocking pool is full"
        })
    }
}

impl std::error::Error for PoolFull {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::{Receiver, Sender, channel};

    const LONG: Duration = Duration::from_secs(3600);

    /// A job that says when it runs, and ends when the sender that is returned is dropped.
    fn blocked(pool: &BlockingPool) -> Sender<()> {
        let (release, released) = channel::<()>();
        let (started, running) = channel();
        let job = move || {
            started.send(()).unwrap();
            assert!(released.recv().is_err());
        };
        pool.run(Box::new(job)).unwrap();
        running.recv().unwrap();
        release
    }

    /// A job that only reports its name.
    fn named(name: usize, report: &Sender<usize>) -> BlockingJob {
        let report = report.clone();
        Box::new(move || report.send(name).unwrap())
    }

    #[test]
    fn jobs_run_in_order_and_the_queue_has_an_end() {
        let pool = BlockingPool::with_idle(1, 3, LONG);
        let (report, reported) = channel();
        let release = blocked(&pool);
        for name in 0..3 {
            pool.run(named(name, &report)).unwrap();
        }
        let full = pool.run(named(9, &report)).unwrap_err();
        assert!(!full.is_shut_down());
        assert_eq!(full.to_string(), "the blocking pool is full");
        assert_eq!((pool.queued(), pool.threads()), (3, 1));
        assert!(reported.try_recv().is_err(), "a job ran beside the only thread");

        drop(release);
        assert_eq!(reported.iter().take(3).collect::<Vec<_>>(), [0, 1, 2]);
        // The job came back whole, and there is room for it now.
        pool.run(full.into_job()).unwrap();
        assert_eq!(reported.recv(), Ok(9));
        pool.shutdown();
    }

    #[test]
    fn threads_start_up_to_the_bound_and_not_beyond() {
        let pool = BlockingPool::with_idle(3, 100, LONG);
        assert_eq!(pool.threads(), 0);
        // All three must run at once for any of them to pass the barrier.
        let barrier = Arc::new(Barrier::new(3));
        let (running, highest) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        for _ in 0..60 {
            let (barrier, running, highest) = (barrier.clone(), running.clone(), highest.clone());
            let job = move || {
                let now = running.fetch_add(1, Ordering::SeqCst) + 1;
                highest.fetch_max(now, Ordering::SeqCst);
                barrier.wait();
                running.fetch_sub(1, Ordering::SeqCst);
            };
            pool.run(Box::new(job)).unwrap();
            assert!(pool.threads() <= 3);
        }
        let (report, reported) = channel();
        pool.run(named(0, &report)).unwrap();
        reported.recv().unwrap();
        assert_eq!(pool.threads(), 3);
        pool.shutdown();
        assert_eq!(highest.load(Ordering::SeqCst), 3);
        assert_eq!(running.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn an_idle_thread_is_used_before_another_is_started() {
        let pool = BlockingPool::with_idle(4, 4, LONG);
        let (report, reported) = channel();
        for name in 0..20 {
            pool.run(named(name, &report)).unwrap();
            assert_eq!(reported.recv(), Ok(name));
            while pool.shared.lock().idle == 0 {
                thread::yield_now();
            }
        }
        assert_eq!(pool.threads(), 1);
        pool.shutdown();
    }

    /// Throws another of its kind when it is dropped: the worst that a panic can throw.
    struct Thorn;

    impl Drop for Thorn {
        fn drop(&mut self) {
            std::panic::panic_any(Self);
        }
    }

    #[test]
    fn a_panic_costs_neither_the_thread_nor_the_jobs_behind_it() {
        let pool = BlockingPool::with_idle(1, 8, LONG);
        let (report, reported) = channel();
        let release = blocked(&pool);
        pool.run(Box::new(|| panic!("a job"))).unwrap();
        pool.run(named(1, &report)).unwrap();
        pool.run(Box::new(|| std::panic::panic_any(Thorn))).unwrap();
        pool.run(named(2, &report)).unwrap();
        drop(release);
        assert_eq!(reported.iter().take(2).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(pool.threads(), 1);
        pool.shutdown();
    }

    #[test]
    fn shutdown_drops_what_waits_and_waits_for_what_runs() {
        let pool = BlockingPool::with_idle(1, 8, LONG);
        let release = blocked(&pool);
        let (report, reported) = channel();
        let waiting: Vec<Receiver<usize>> = (0..3)
            .map(|name| {
                let (report, reported) = channel();
                pool.run(named(name, &report)).unwrap();
                reported
            })
            .collect();

        let other = pool.clone();
        let done = thread::spawn(move || {
            other.shutdown();
            report.send(other.threads()).unwrap();
        });
        // The queued jobs end first, without having run; only then is the running one let go.
        for reported in waiting {
            assert!(reported.recv().is_err(), "a queued job ran");
        }
        assert!(reported.try_recv().is_err(), "shutdown did not wait");
        drop(release);
        assert_eq!(reported.recv(), Ok(0), "a thread outlived the shutdown");
        done.join().unwrap();

        let (report, reported) = channel();
        let refused = pool.run(named(7, &report)).unwrap_err();
        assert!(refused.is_shut_down());
        refused.into_job()();
        assert_eq!(reported.recv(), Ok(7));
        pool.shutdown();
        assert_eq!(pool.threads(), 0);
    }

    #[test]
    fn a_job_may_shut_its_own_pool_down() {
        let pool = BlockingPool::with_idle(2, 8, LONG);
        let (report, reported) = channel();
        let inner = pool.clone();
        pool.run(Box::new(move || {
            inner.shutdown();
            report.send(()).unwrap();
        }))
        .unwrap();
        reported.recv().unwrap();
        pool.shutdown();
        assert_eq!(pool.threads(), 0);
    }

    #[test]
    fn idle_threads_end_and_new_ones_start() {
        let pool = BlockingPool::with_idle(2, 8, Duration::from_millis(1));
        let (report, reported) = channel();
        for name in 0..50 {
            pool.run(named(name, &report)).unwrap();
            assert_eq!(reported.recv(), Ok(name));
            // Every other time, the next job meets a pool without a thread.
            while name % 2 == 0 && pool.threads() > 0 {
                thread::yield_now();
            }
        }
        // Jobs that come just as a thread gives up are not left behind.
        for name in 0..200 {
            thread::sleep(Duration::from_micros(900 + name as u64));
            pool.run(named(name, &report)).unwrap();
            assert_eq!(reported.recv(), Ok(name));
        }
        pool.shutdown();
    }

    #[test]
    fn jobs_given_to_the_last_handle_still_run() {
        let pool = BlockingPool::with_idle(1, 8, Duration::ZERO);
        let (report, reported) = channel();
        let release = blocked(&pool);
        pool.run(named(5, &report)).unwrap();
        drop(pool);
        drop(release);
        assert_eq!(reported.recv(), Ok(5));
    }
}
