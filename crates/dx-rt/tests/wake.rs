//! What wakes a core: other threads, by wakers and by calls.
#![cfg(not(loom))]

mod common;

use std::collections::HashSet;
use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;

use common::{backends, core, run};
use dx_io::IoBackend;
use dx_rt::limits::CALLS_MAX;
use dx_rt::{Cores, CoresConfig, Full, JoinHandle, Phase, Wait, reached, spawn};

fn pinned(backend: IoBackend, workers: usize) -> CoresConfig {
    let mut config = CoresConfig::pinned(workers);
    config.backend = backend;
    config
}

/// Cores that do what they are called to do, until they are told to drain.
fn idle_cores(backend: IoBackend, workers: usize) -> Cores {
    Cores::start(&pinned(backend, workers), |_| reached(Phase::Draining)).expect("the cores start")
}

fn end(cores: Cores) {
    cores.enter_phase(Phase::Draining);
    for report in cores.join().expect("the cores end well") {
        assert!(report.held.is_nothing(), "{report:?}");
    }
}

/// A number that one thread sets and a task waits for.
#[derive(Default)]
struct Bell {
    rung: AtomicU64,
    waker: Mutex<Option<Waker>>,
}

impl Bell {
    fn ring(&self) {
        self.rung.fetch_add(1, Ordering::Release);
        let waker = self.waker.lock().expect("no panic").take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Waits until it has rung more than `seen` times.
    async fn rung(&self, seen: u64) -> u64 {
        poll_fn(|cx| {
            *self.waker.lock().expect("no panic") = Some(cx.waker().clone());
            match self.rung.load(Ordering::Acquire) {
                rung if rung > seen => Poll::Ready(rung),
                _ => Poll::Pending,
            }
        })
        .await
    }
}

/// Whether a thread sleeps, proc_pid_stat(5).
fn sleeps(thread: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{thread}/stat")).expect("the thread lives");
    let (_, after_name) = stat.rsplit_once(')').expect("a name in parentheses");
    after_name.trim_start().starts_with('S')
}

/// Each ring finds the core asleep in the kernel and must end its wait: nothing else would.
#[test]
fn a_wake_from_another_thread_ends_the_sleep() {
    const ROUNDS: u64 = 200;
    for backend in backends() {
        let bell = Arc::new(Bell::default());
        let answered = Arc::new(AtomicU64::new(0));
        let (tell, told) = channel();
        let (heard, answers) = (Arc::clone(&bell), Arc::clone(&answered));
        let cores = Cores::start(&pinned(backend, 1), move |_| {
            let (heard, answers, tell) = (Arc::clone(&heard), Arc::clone(&answers), tell.clone());
            async move {
                let thread = std::fs::read_link("/proc/thread-self").expect("proc is mounted");
                tell.send(thread.to_string_lossy().into_owned()).expect("the test listens");
                let mut seen = 0;
                while seen < ROUNDS {
                    seen = heard.rung(seen).await;
                    answers.store(seen, Ordering::Release);
                }
            }
        })
        .expect("the core starts");
        let thread = told.recv().expect("the core tells");
        for round in 1..=ROUNDS {
            while !sleeps(&thread) {
                thread::yield_now();
            }
            bell.ring();
            while answered.load(Ordering::Acquire) < round {
                thread::yield_now();
            }
        }
        assert!(cores.stats(0).expect("there is one").turns() >= ROUNDS);
        cores.join().expect("the core ends");
    }
}

/// Four threads, each with a task of its own; after each ring a thread waits for the answer, so a
/// single lost wake ends everything.
#[test]
fn no_wake_is_lost_in_a_storm() {
    const EACH: u64 = 3_000;
    for backend in backends() {
        let core = core(backend);
        let rooms: Vec<_> =
            (0..4).map(|_| Arc::new((Bell::default(), AtomicU64::new(0)))).collect();
        let tasks: Vec<_> = rooms
            .iter()
            .map(|room| {
                let room = Arc::clone(room);
                core.spawn(async move {
                    let mut answers = 0;
                    while room.1.load(Ordering::Relaxed) < EACH {
                        let seen = room.0.rung(room.1.load(Ordering::Relaxed)).await;
                        room.1.store(seen, Ordering::Release);
                        answers += 1;
                    }
                    answers
                })
            })
            .collect();
        thread::scope(|scope| {
            for room in &rooms {
                scope.spawn(move || {
                    for ring in 1..=EACH {
                        room.0.ring();
                        while room.1.load(Ordering::Acquire) < ring {
                            thread::yield_now();
                        }
                    }
                });
            }
            while !tasks.iter().all(JoinHandle::is_finished) {
                core.turn(Wait::Forever).expect("the reactor works");
            }
        });
        for task in tasks {
            assert_eq!(task.try_take(), Some(EACH), "{backend}: one answer for each ring");
        }
    }
}

/// All threads ring one bell, without waiting: wakes may become one, but the last is heard.
#[test]
fn the_last_of_many_wakes_is_heard() {
    const EACH: u64 = 20_000;
    for backend in backends() {
        let core = core(backend);
        let bell = Arc::new(Bell::default());
        let heard = Arc::clone(&bell);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..EACH).for_each(|_| bell.ring()));
            }
            let seen = run(&core, async move {
                let mut seen = 0;
                while seen < 4 * EACH {
                    seen = heard.rung(seen).await;
                }
                seen
            });
            assert_eq!(seen, 4 * EACH, "{backend}");
        });
    }
}

#[test]
fn calls_run_in_order_on_the_core_they_were_sent_to() {
    for backend in backends() {
        let cores = idle_cores(backend, 2);
        let (tell, told) = channel();
        for round in 0..200 {
            for index in 0..2 {
                let tell = tell.clone();
                let call = move || {
                    // Part of the core: it may spawn there.
                    drop(spawn(async move {
                        let ran = (index, round, thread::current().id());
                        tell.send(ran).expect("the test listens");
                    }));
                };
                cores.call(index, call).expect("there is room");
            }
        }
        drop(tell);
        let ran: Vec<_> = told.iter().collect();
        let mut threads = HashSet::new();
        for index in 0..2 {
            let here: Vec<_> = ran.iter().filter(|(at, ..)| *at == index).collect();
            assert!(here.iter().map(|(_, round, _)| *round).eq(0..200), "{backend}: out of order");
            let there: HashSet<_> = here.iter().map(|(.., thread)| *thread).collect();
            assert_eq!(there.len(), 1, "a core has one thread");
            threads.extend(there);
        }
        assert_eq!(threads.len(), 2);
        assert_eq!(cores.call(2, || ()), Err(Full(())), "there is no such core");
        end(cores);
    }
}

#[test]
fn calls_to_a_core_that_is_stuck_have_a_bound() {
    for backend in backends() {
        let cores = idle_cores(backend, 1);
        let ran = Arc::new(AtomicUsize::new(0));
        let (release, released) = channel::<()>();
        let (began, beginning) = channel();
        cores
            .call(0, move || {
                began.send(()).expect("the test listens");
                let _ = released.recv();
            })
            .expect("there is room");
        beginning.recv().expect("the call has begun");
        let count = |ran: &Arc<AtomicUsize>| {
            let ran = Arc::clone(ran);
            move || {
                ran.fetch_add(1, Ordering::Relaxed);
            }
        };
        for call in 0..CALLS_MAX {
            assert_eq!(cores.call(0, count(&ran)), Ok(()), "{call}");
        }
        for _ in 0..3 {
            assert_eq!(cores.call(0, count(&ran)), Err(Full(())));
        }
        drop(release);
        let (tell, told) = channel();
        loop {
            let tell = tell.clone();
            if cores.call(0, move || tell.send(()).expect("the test listens")).is_ok() {
                break;
            }
            thread::yield_now();
        }
        told.recv().expect("the core lives");
        assert_eq!(ran.load(Ordering::Relaxed), CALLS_MAX, "every call that was taken has run");
        end(cores);
    }
}
