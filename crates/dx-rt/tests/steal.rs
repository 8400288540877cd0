//! Stealing: only by a core with nothing else to do, only what may move.
#![cfg(not(loom))]

mod common;

use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

use common::{backends, core, driver, run};
use dx_io::IoBackend;
use dx_rt::time::{sleep, yield_now};
use dx_rt::{Core, CoreConfig, Cores, CoresConfig, JoinHandle, Phase, Wait};
use dx_rt::{reached, spawn, spawn_stealable};

fn pair(backend: IoBackend) -> (Core, Core) {
    let mut cores = Core::group(vec![driver(backend), driver(backend)], &CoreConfig::default());
    let second = cores.pop().expect("two drivers, two cores");
    (cores.pop().expect("two drivers, two cores"), second)
}

/// Jobs of `core`, each of which says where it ran.
fn backlog(core: &Core, count: usize) -> Vec<JoinHandle<ThreadId>> {
    core.enter(|| (0..count).map(|_| spawn_stealable(async { thread::current().id() })).collect())
}

fn turn(core: &Core) -> dx_rt::Turned {
    core.turn(Wait::Poll).expect("the reactor works")
}

/// Every kind of own work keeps a core from stealing, for as long as there is any.
#[test]
fn a_core_with_work_of_its_own_does_not_steal() {
    for backend in backends() {
        for kind in ["task", "job"] {
            let (victim, busy) = pair(backend);
            let stop = Arc::new(AtomicBool::new(false));
            let stopped = Arc::clone(&stop);
            let work = async move {
                while !stopped.load(Ordering::Relaxed) {
                    yield_now().await;
                }
            };
            let work = match kind {
                "task" => busy.spawn(work),
                _ => busy.enter(|| spawn_stealable(work)),
            };
            let jobs = backlog(&victim, 20);
            for _ in 0..100 {
                turn(&busy);
            }
            assert_eq!(busy.stats().stolen(), 0, "{backend}: a core with a {kind} has stolen");
            assert!(jobs.iter().all(|job| !job.is_finished()));

            stop.store(true, Ordering::Relaxed);
            let mut turns = 0;
            while !jobs.iter().all(JoinHandle::is_finished) {
                turn(&busy);
                turns += 1;
                assert!(turns < 1000, "{backend}: an idle core does not steal");
            }
            assert!(work.is_finished());
            assert_eq!(busy.stats().stolen(), 20);
            assert_eq!(victim.stats().turns(), 0, "the victim has had no part in it");
        }
    }
}

#[test]
fn a_core_alone_runs_its_own_jobs() {
    for backend in backends() {
        let here = thread::current().id();
        let ran =
            run(&core(backend), async { spawn_stealable(async { thread::current().id() }).await });
        assert_eq!(ran, Ok(here));
    }
}

#[test]
fn a_core_keeps_the_jobs_that_nobody_takes() {
    for backend in backends() {
        let (owner, other) = pair(backend);
        let jobs = backlog(&owner, 200);
        while !jobs.iter().all(JoinHandle::is_finished) {
            turn(&owner);
        }
        for _ in 0..10 {
            assert_eq!(turn(&other).stolen, 0);
        }
        assert_eq!((owner.stats().stolen(), other.stats().stolen()), (0, 0));
    }
}

/// A job that waits without leaving its waker anywhere can only end: its handle hears of it, and
/// what it held is dropped, be it at home or on a thief's core.
#[test]
fn a_job_that_nobody_can_wake_is_lost_and_lets_go() {
    for backend in backends() {
        for at_home in [true, false] {
            let (owner, thief) = pair(backend);
            let held = Arc::new(());
            let inside = Arc::clone(&held);
            let job = owner.enter(|| {
                spawn_stealable(async move {
                    std::future::pending::<()>().await;
                    drop(inside);
                })
            });
            let runner = if at_home { &owner } else { &thief };
            let mut turns = 0;
            while !job.is_finished() {
                turn(runner);
                turns += 1;
                assert!(turns < 100, "{backend}: the job is forgotten");
            }
            assert_eq!(job.try_take(), None, "{backend}: lost, without a result");
            assert_eq!(Arc::strong_count(&held), 1, "{backend}: what the job held is leaked");
        }
    }
}

/// A job that was stolen and waits is woken from anywhere and ends; its maker hears of it.
#[test]
fn a_stolen_job_that_waits_ends() {
    for backend in backends() {
        let (victim, thief) = pair(backend);
        let (value, given) = channel();
        let waker = Arc::new(Mutex::new(None::<std::task::Waker>));
        let place = Arc::clone(&waker);
        let job = victim.enter(|| {
            spawn_stealable(std::future::poll_fn(move |cx| match given.try_recv() {
                Ok(value) => std::task::Poll::Ready(value),
                Err(_) => {
                    *place.lock().unwrap() = Some(cx.waker().clone());
                    std::task::Poll::Pending
                }
            }))
        });
        let told = victim.spawn(job);
        turn(&thief);
        assert_eq!(thief.stats().stolen(), 1);
        turn(&thief);
        turn(&victim);
        let woken = waker.lock().unwrap().take().expect("the job waits");
        thread::spawn(move || {
            value.send(7).unwrap();
            woken.wake();
        })
        .join()
        .unwrap();
        // Woken from outside the group, it goes to where it was made, or is stolen again.
        let mut turns = 0;
        while !told.is_finished() {
            turn(&thief);
            turn(&victim);
            turns += 1;
            assert!(turns < 1000, "{backend}: the wake was lost");
        }
        assert_eq!(told.try_take(), Some(Ok(7)));
    }
}

/// A thief that ends gives back what it has stolen; jobs of a core that has ended end with it.
#[test]
fn stolen_jobs_go_home_when_the_thief_ends() {
    for backend in backends() {
        let (victim, thief) = pair(backend);
        let kept = Arc::new(());
        let jobs: Vec<_> = victim.enter(|| {
            (0..10)
                .map(|_| {
                    let kept = Arc::clone(&kept);
                    spawn_stealable(async move {
                        yield_now().await;
                        Arc::strong_count(&kept)
                    })
                })
                .collect()
        });
        // Each that it steals yields, and so stands in its own deque.
        turn(&thief);
        assert_eq!((thief.stats().stolen(), thief.stats().turns()), (1, 1));
        drop(thief);
        while !jobs.iter().all(JoinHandle::is_finished) {
            turn(&victim);
        }
        assert!(jobs.iter().all(|job| job.try_take().is_some()), "{backend}: a job was lost");
    }
}

/// Whoever still holds the waker of a job whose core has ended ends the job with it.
#[test]
fn a_job_does_not_outlive_its_core() {
    for backend in backends() {
        let (victim, thief) = pair(backend);
        let kept = Arc::new(());
        let wakers = Arc::new(Mutex::new(Vec::new()));
        let jobs: Vec<_> = victim.enter(|| {
            (0..6)
                .map(|_| {
                    let (kept, wakers) = (Arc::clone(&kept), Arc::clone(&wakers));
                    spawn_stealable(std::future::poll_fn(move |cx| {
                        let _kept = &kept;
                        wakers.lock().unwrap().push(cx.waker().clone());
                        std::task::Poll::<()>::Pending
                    }))
                })
                .collect()
        });
        turn(&thief);
        turn(&victim);
        assert_eq!(thief.stats().stolen(), 1);
        drop((victim, thief));
        let wakers = std::mem::take(&mut *wakers.lock().unwrap());
        assert_eq!(wakers.len(), 6);
        for (number, waker) in wakers.into_iter().enumerate() {
            if number % 2 == 0 {
                waker.wake();
            }
        }
        assert!(jobs.iter().all(|job| job.is_finished() && job.try_take().is_none()), "{backend}");
        assert_eq!(Arc::strong_count(&kept), 1, "{backend}: a job is kept for ever");
    }
}

/// What one round with real threads came to.
struct Round {
    busy: ThreadId,
    idle: ThreadId,
    /// Where each job ran.
    jobs: Vec<ThreadId>,
    /// Where each local task ran.
    locals: Vec<ThreadId>,
    stolen: u64,
    helped: u64,
}

const JOBS: usize = 64;

/// Core 0 makes a backlog and does not come back before somebody else has worked it off.
fn round(backend: IoBackend) -> Round {
    let mut config = CoresConfig::pinned(2);
    config.backend = backend;
    let ran = Arc::new((AtomicUsize::new(0), Mutex::new(Vec::new())));
    let log = Arc::clone(&ran);
    let (tell, told) = channel();
    let cores = Cores::start(&config, move |context| {
        let (ran, tell) = (Arc::clone(&log), tell.clone());
        async move {
            if context.index == 1 {
                tell.send((1, vec![thread::current().id()])).unwrap();
                reached(Phase::Draining).await;
                return;
            }
            // Gives the other one time to fall asleep.
            sleep(Duration::from_millis(10)).await;
            let here = Rc::new(thread::current().id());
            let locals: Vec<_> = (0..JOBS)
                .map(|_| {
                    let here = Rc::clone(&here);
                    spawn(async move { (*here, thread::current().id()) })
                })
                .collect();
            for _ in 0..JOBS {
                let ran = Arc::clone(&ran);
                drop(spawn_stealable(async move {
                    ran.1.lock().unwrap().push(thread::current().id());
                    ran.0.fetch_add(1, Ordering::Release);
                }));
            }
            while ran.0.load(Ordering::Acquire) < JOBS {
                thread::yield_now();
            }
            let mut seen = vec![*here];
            for local in locals {
                let (spawned, polled) = local.await.expect("no panic");
                assert_eq!(spawned, polled);
                seen.push(polled);
            }
            tell.send((0, seen)).unwrap();
            reached(Phase::Draining).await;
        }
    })
    .expect("both cores start");
    let mut reports: Vec<_> = told.iter().take(2).collect();
    reports.sort_by_key(|(index, _)| *index);
    let (stolen, helped) = (cores.stats(1).unwrap().stolen(), cores.stats(0).unwrap().helped());
    cores.enter_phase(Phase::Draining);
    cores.join().expect("both cores end");
    let jobs = ran.1.lock().unwrap().clone();
    Round {
        busy: reports[0].1[0],
        idle: reports[1].1[0],
        jobs,
        locals: reports[0].1[1..].to_vec(),
        stolen,
        helped,
    }
}

#[test]
fn an_idle_core_wakes_and_works_off_the_backlog_of_a_busy_one() {
    for backend in backends() {
        // Whether core 1 slept already when the backlog grew is up to the kernel; if it did not,
        // nobody had to wake it, and the round proves only that it stole.
        loop {
            let round = round(backend);
            assert_ne!(round.busy, round.idle);
            assert_eq!(round.jobs, vec![round.idle; JOBS], "{backend}: where the jobs ran");
            assert_eq!(round.locals, vec![round.busy; JOBS], "{backend}: local tasks have moved");
            assert_eq!(round.stolen, JOBS as u64);
            if round.helped > 0 {
                break;
            }
        }
    }
}
