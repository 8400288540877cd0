//! The end: phases, panics, a start that fails, and nothing left afterwards.
//!
//! Threads are counted, so one test runs at a time.
#![cfg(not(loom))]

mod common;

use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::net::{SocketAddr, TcpStream as Peer};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use common::{backends, core, run};
use dx_io::{IoBackend, StartStep};
use dx_rt::net::{TcpListener, TcpStream};
use dx_rt::time::{first, sleep, yield_now};
use dx_rt::{Cores, CoresConfig, JoinHandle, Phase, RunError, Wait};
use dx_rt::{phase, reached, spawn, spawn_blocking, spawn_stealable};

fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn config(backend: IoBackend, workers: usize) -> CoresConfig {
    let mut config = CoresConfig::pinned(workers);
    config.backend = backend;
    config
}

/// Threads of this process that are cores, by their names. A thread that was joined is still
/// listed for a moment, but has the flag `PF_EXITING`.
fn core_threads() -> usize {
    const EXITING: u32 = 4;
    let lives = |stat: &String| {
        // proc_pid_stat(5): number (name) state ppid pgrp session tty_nr tpgid flags ...
        let (name, rest) = stat.rsplit_once(')').expect("a name in parentheses");
        let flags = rest.split_whitespace().nth(6).and_then(|flags| flags.parse::<u32>().ok());
        name.contains("(dx-core-") && flags.expect("a number") & EXITING == 0
    };
    let tasks = std::fs::read_dir("/proc/self/task").expect("proc is mounted");
    tasks
        .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("stat")).ok())
        .filter(lives)
        .count()
}

#[test]
fn a_phase_wakes_who_waits_for_it() {
    let _alone = alone();
    for backend in backends() {
        let (tell, told) = channel();
        let cores = Cores::start(&config(backend, 2), move |context| {
            let tell = tell.clone();
            async move {
                assert_eq!(phase(), Phase::Running);
                reached(Phase::Running).await;
                let others: Vec<_> = (0..10).map(|_| spawn(reached(Phase::Draining))).collect();
                tell.send((context.index, phase())).expect("the test listens");
                reached(Phase::Draining).await;
                for other in others {
                    other.await.expect("no panic");
                }
                tell.send((context.index, phase())).expect("the test listens");
                reached(Phase::Ending).await;
                reached(Phase::Draining).await;
                tell.send((context.index, phase())).expect("the test listens");
            }
        })
        .expect("the cores start");
        let handle = cores.phase_handle();
        let steps: [(Phase, &dyn Fn()); 3] = [
            (Phase::Running, &|| ()),
            (Phase::Draining, &|| cores.enter_phase(Phase::Draining)),
            (Phase::Ending, &|| {
                handle.enter(Phase::Ending);
                // Never back.
                handle.enter(Phase::Running);
            }),
        ];
        for (phase, step) in steps {
            step();
            let mut seen: Vec<_> = told.iter().take(2).collect();
            seen.sort_by_key(|(index, _)| *index);
            assert_eq!(seen, [(0, phase), (1, phase)], "{backend}");
        }
        assert!(told.recv().is_err(), "both have ended");
        assert_eq!(cores.join().expect("both end well").len(), 2);
        assert_eq!(core_threads(), 0);
    }
}

/// Counted by its clones.
struct Counted;

impl Wake for Counted {
    fn wake(self: Arc<Self>) {}
}

/// A wait for a phase that is given up leaves nothing: every connection may begin one.
#[test]
fn a_wait_for_a_phase_can_be_given_up() {
    let _alone = alone();
    for backend in backends() {
        let core = core(backend);
        let counted = Arc::new(Counted);
        core.enter(|| {
            let waker = Waker::from(Arc::clone(&counted));
            let mut wait = Box::pin(reached(Phase::Draining));
            assert!(wait.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            assert!(Arc::strong_count(&counted) > 2, "it waits");
        });
        assert_eq!(Arc::strong_count(&counted), 1, "{backend}: a waker is kept");
        run(&core, first(reached(Phase::Draining), reached(Phase::Running)));

        let kept = Rc::new(Cell::new(0));
        let seen = Rc::clone(&kept);
        // Two waits of one task: the end of one does not forget the other.
        let both = core.spawn(async move {
            let long = Box::pin(reached(Phase::Draining));
            first(long, async move {
                first(reached(Phase::Draining), yield_now()).await;
                seen.set(1);
                pending().await
            })
            .await;
        });
        while kept.get() == 0 {
            core.turn(Wait::Poll).expect("the reactor works");
        }
        core.enter_phase(Phase::Draining);
        while !both.is_finished() {
            core.turn(Wait::Forever).expect("the reactor works");
        }
        assert!(core.held().is_nothing(), "{backend}");
    }
}

#[test]
fn a_core_whose_main_panics_is_reported_when_all_have_ended() {
    let _alone = alone();
    for backend in backends() {
        for late in [false, true] {
            let ended = Arc::new(AtomicUsize::new(0));
            let count = Arc::clone(&ended);
            let cores = Cores::start(&config(backend, 3), move |context| {
                let count = Arc::clone(&count);
                async move {
                    if context.index == 1 {
                        if late {
                            sleep(Duration::from_millis(2)).await;
                        }
                        panic!("as the test wants");
                    }
                    reached(Phase::Draining).await;
                    count.fetch_add(1, Ordering::Relaxed);
                }
            })
            .expect("the cores start");
            while core_threads() == 3 {
                std::thread::yield_now();
            }
            assert_eq!(ended.load(Ordering::Relaxed), 0, "the others go on");
            cores.enter_phase(Phase::Draining);
            assert!(matches!(cores.join(), Err(RunError::Panicked)), "{backend}");
            assert_eq!(ended.load(Ordering::Relaxed), 2, "the others have ended well");
            assert_eq!(core_threads(), 0);
        }
    }
}

/// What makes the main future may panic too; it runs in no task.
#[test]
fn a_panic_outside_any_task_is_reported() {
    let _alone = alone();
    for backend in backends() {
        let cores = Cores::start(&config(backend, 2), |context| {
            assert_ne!(context.index, 0, "as the test wants");
            async {}
        });
        assert!(matches!(cores.expect("the cores start").join(), Err(RunError::Panicked)));
        assert_eq!(core_threads(), 0);
    }
}

#[test]
fn a_start_that_fails_leaves_no_thread() {
    let _alone = alone();
    let started = Arc::new(AtomicUsize::new(0));
    for workers in [1, 4] {
        for _ in 0..20 {
            let count = Arc::clone(&started);
            let error = Cores::start(&config(IoBackend::Kqueue, workers), move |_| {
                count.fetch_add(1, Ordering::Relaxed);
                async {}
            });
            let Err(RunError::Start(error)) = error else { panic!("Linux has no kqueue") };
            assert_eq!(error.step, StartStep::Unsupported);
            assert_eq!(core_threads(), 0);
        }
    }
    assert_eq!(started.load(Ordering::Relaxed), 0, "no main future was made");
    let none = Cores::start(&config(IoBackend::Auto, 0), |_| async {});
    assert!(matches!(none, Err(RunError::NoCores)));
}

/// What tasks and jobs hold, to see that they let go: the wakers by which the jobs can be woken.
type Kept = Arc<Mutex<Vec<Waker>>>;

/// Waits for ever, as far as the runtime can know.
async fn parked(kept: Kept) {
    poll_fn(|cx| {
        kept.lock().expect("nobody panics").push(cx.waker().clone());
        Poll::<()>::Pending
    })
    .await;
}

/// Drops the wakers, and with them the jobs, which must take everything along.
fn let_go(kept: &Kept) {
    let wakers = std::mem::take(&mut *kept.lock().expect("nobody panics"));
    drop(wakers);
    assert_eq!(Arc::strong_count(kept), 1, "a job or a task was forgotten, not dropped");
}

/// A core that is in the middle of everything: what it holds, kept by a task each.
async fn busy(addr: SocketAddr, kept: Kept) -> Vec<JoinHandle<()>> {
    let mut tasks = Vec::new();
    let mut listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a port");
    let own = listener.local_addr();
    tasks.push(spawn(async move {
        while let Ok(mut stream) = listener.accept().await {
            drop(spawn(async move { while let Ok(Some(_)) = stream.recv().await {} }));
        }
    }));
    for _ in 0..5 {
        let mut stream = TcpStream::connect(addr).await.expect("somebody listens");
        // The peer does not read.
        tasks.push(spawn(async move { drop(stream.send(vec![7; 16 << 20]).await) }));
        let mut stream = TcpStream::connect(own).await.expect("we listen");
        stream.send(vec![1; 1000]).await.0.expect("connected");
        tasks.push(spawn(async move { drop(stream.recv().await) }));
        tasks.push(spawn(sleep(Duration::from_secs(3600))));
        let (job, waits) = (Arc::clone(&kept), Arc::clone(&kept));
        tasks.push(spawn_stealable(parked(job)));
        tasks.push(spawn(async move {
            let done = spawn_blocking(|| std::thread::sleep(Duration::from_millis(5))).await;
            let _kept = (waits, done);
            pending().await
        }));
    }
    yield_now().await;
    tasks
}

#[test]
fn a_core_that_ends_in_the_middle_of_everything_holds_nothing() {
    let _alone = alone();
    for backend in backends() {
        let server = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let addr = server.local_addr().expect("bound");
        let kept = Kept::default();
        let jobs = Arc::clone(&kept);
        let cores = Cores::start(&config(backend, 2), move |_| {
            let jobs = Arc::clone(&jobs);
            async move {
                let tasks = busy(addr, jobs).await;
                reached(Phase::Draining).await;
                assert!(tasks.iter().all(|task| !task.is_finished()));
            }
        })
        .expect("the cores start");
        let peers: Vec<Peer> =
            (0..10).map(|_| server.accept().expect("both cores connect").0).collect();
        std::thread::sleep(Duration::from_millis(10));
        cores.enter_phase(Phase::Draining);
        let reports = cores.join().expect("both end well");
        assert_eq!(reports.len(), 2);
        for report in reports {
            assert!(report.held.is_nothing(), "{backend}: {report:?}");
        }
        drop(peers);
        assert_eq!(core_threads(), 0);
        assert!(!kept.lock().expect("nobody panics").is_empty());
        let_go(&kept);
    }
}

/// The same by hand, with everything begun in the turn before.
#[test]
fn quiescing_right_after_the_start_of_everything() {
    let _alone = alone();
    for backend in backends() {
        let server = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let addr = server.local_addr().expect("bound");
        for turns in 0..8 {
            let core = core(backend);
            let kept = Kept::default();
            let all = core.spawn(busy(addr, Arc::clone(&kept)));
            for _ in 0..turns {
                core.turn(Wait::AtMost(Duration::from_millis(2))).expect("the reactor works");
            }
            let held = core.quiesce(200).expect("the reactor works");
            assert!(held.is_nothing(), "{backend}, after {turns} turns: {held:?}");
            drop(all);
            drop(core);
            let_go(&kept);
        }
    }
}
