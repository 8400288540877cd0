//! Tasks of one core and of several: where they run and what becomes of them.
#![cfg(not(loom))]

mod common;
#[path = "runtime/polled.rs"]
mod polled;

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{channel, sync_channel};
use std::task::Poll;
use std::thread;

use common::{backends, core, driver, run};
use dx_io::{IoBackend, host};
use dx_rt::task::PoolBox;
use dx_rt::time::yield_now;
use dx_rt::{Core, CoreConfig, Cores, CoresConfig, Full, JoinLost, Wait};
use dx_rt::{current_task, spawn, spawn_blocking, spawn_pooled, spawn_stealable, wake_all};

fn pinned(backend: IoBackend, workers: usize) -> CoresConfig {
    let mut config = CoresConfig::pinned(workers);
    config.backend = backend;
    config
}

/// A line of this thread's status, proc_pid_status(5).
fn status(name: &str) -> String {
    let status = std::fs::read_to_string("/proc/thread-self/status").expect("proc is mounted");
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.expect("the line is there").trim().to_owned()
}

#[test]
fn each_worker_has_its_cpu_and_no_other() {
    for backend in backends() {
        let allowed = host::worker_cpus();
        for workers in [1, allowed.len(), 2 * allowed.len() + 1] {
            let (tell, told) = channel();
            let cores = Cores::start(&pinned(backend, workers), move |context| {
                let tell = tell.clone();
                async move {
                    let seen = (context.index, context.cpu, status("Cpus_allowed_list"));
                    tell.send((seen, thread::current().id())).expect("the test listens");
                }
            })
            .expect("the cores start");
            assert_eq!((cores.len(), cores.detections().len()), (workers, workers));
            assert!(cores.detections().iter().all(|detection| detection.backend() == backend));
            assert_eq!(cores.join().expect("the cores end").len(), workers);

            let (mut seen, threads): (Vec<_>, HashSet<_>) = told.iter().unzip();
            assert_eq!(threads.len(), workers, "a thread of its own for each core");
            seen.sort();
            let expected: Vec<_> = (0..workers)
                .map(|index| {
                    let cpu = allowed[index % allowed.len()];
                    (index, Some(cpu), cpu.to_string())
                })
                .collect();
            assert_eq!(seen, expected, "{backend}");
        }
    }
}

#[test]
fn local_tasks_share_what_is_not_send() {
    for backend in backends() {
        let core = core(backend);
        let log = Rc::new(RefCell::new(Vec::new()));
        let seen = Rc::clone(&log);
        let sum = run(&core, async move {
            let tasks: Vec<_> = (1..=10)
                .map(|number| {
                    let log = Rc::clone(&log);
                    spawn(async move {
                        let inner = Rc::clone(&log);
                        let doubled = spawn(async move {
                            inner.borrow_mut().push(number);
                            Rc::new(number * 2)
                        });
                        *doubled.await.expect("no panic") + 1
                    })
                })
                .collect();
            let mut sum = 0;
            for task in tasks {
                sum += task.await.expect("no panic");
            }
            sum
        });
        assert_eq!(sum, 120);
        assert_eq!(*seen.borrow(), (1..=10).collect::<Vec<_>>());
        assert!(core.held().is_nothing());
    }
}

#[test]
fn a_task_without_its_handle_goes_on() {
    for backend in backends() {
        let core = core(backend);
        let count = Rc::new(Cell::new(0));
        for _ in 0..5 {
            let count = Rc::clone(&count);
            drop(core.spawn(async move {
                yield_now().await;
                count.set(count.get() + 1);
            }));
        }
        while core.held().tasks > 0 {
            core.turn(Wait::Poll).expect("the reactor works");
        }
        assert_eq!(count.get(), 5);
    }
}

/// Whoever turns a core by hand may wait without bound for a task to end.
#[test]
fn the_end_of_a_task_ends_the_wait_of_its_turn() {
    for backend in backends() {
        let core = core(backend);
        for rounds in [0, 1, 5] {
            let task = core.spawn(async move {
                for _ in 0..rounds {
                    yield_now().await;
                }
            });
            while !task.is_finished() {
                core.turn(Wait::Forever).expect("the reactor works");
            }
            assert_eq!((task.try_take(), task.try_take()), (Some(()), None), "taken once");
        }
        let lost = core.spawn(async { panic!("as the test wants") });
        while !lost.is_finished() {
            core.turn(Wait::Forever).expect("the reactor works");
        }
        assert_eq!(lost.try_take(), None::<()>);
    }
}

#[test]
fn a_panic_costs_one_task() {
    for backend in backends() {
        let core = core(backend);
        run(&core, async {
            for late in [false, true] {
                let bystander = spawn(async {
                    yield_now().await;
                    "lives"
                });
                let broken = spawn(async move {
                    if late {
                        yield_now().await;
                    }
                    panic!("as the test wants")
                });
                assert_eq!(broken.await, Err::<(), _>(JoinLost));
                assert_eq!(bystander.await, Ok("lives"));
            }
            let job = spawn_stealable(async { panic!("as the test wants") });
            assert_eq!(job.await, Err::<(), _>(JoinLost));
        });
        assert!(core.held().is_nothing());
    }
}

#[test]
fn the_table_of_tasks_has_an_end() {
    for backend in backends() {
        let mut config = CoreConfig::default();
        config.tasks_max = 3;
        let core = Core::new(driver(backend), &config);
        let waiting: Vec<_> = (0..3).map(|_| core.spawn(pending::<()>())).collect();
        let refused = core.enter(|| spawn_pooled(PoolBox::future(async {})));
        let Err(Full(future)) = refused else { panic!("a bound was passed") };
        let panicked = catch_unwind(AssertUnwindSafe(|| core.spawn(async {})));
        assert!(panicked.is_err(), "`spawn` says so in its documentation");
        assert_eq!(core.held().tasks, 3);

        assert!(core.quiesce(1).expect("the reactor works").is_nothing());
        assert!(waiting.iter().all(dx_rt::JoinHandle::is_finished), "cancelled, so lost");
        core.enter(|| spawn_pooled(future)).expect("there is room again");
        run(&core, async {});
    }
}

#[test]
fn blocking_work_runs_elsewhere_and_comes_back() {
    for backend in backends() {
        let core = core(backend);
        run(&core, async {
            let here = thread::current().id();
            let there = spawn_blocking(move || thread::current().id()).await;
            assert_ne!(there.expect("no panic"), here);
            let lost = spawn_blocking(|| panic!("as the test wants")).await;
            assert_eq!(lost, Err::<(), _>(JoinLost));
            let many: Vec<_> = (0..100_u64).map(|n| spawn_blocking(move || n * n)).collect();
            for (n, square) in (0..).zip(many) {
                assert_eq!(square.await, Ok(n * n));
            }
        });
    }
}

/// The core sleeps in the kernel while the job runs: its end is a wake from another thread.
#[test]
fn blocking_work_wakes_a_core_that_sleeps() {
    for backend in backends() {
        let core = core(backend);
        let (release, released) = sync_channel::<()>(0);
        let job = core.spawn(async move { spawn_blocking(move || released.recv().is_ok()).await });
        core.turn(Wait::Poll).expect("the reactor works");
        let before = core.stats().turns();
        let releaser = thread::spawn(move || release.send(()));
        while !job.is_finished() {
            core.turn(Wait::Forever).expect("the reactor works");
        }
        assert_eq!(job.try_take(), Some(Ok(true)));
        assert!(core.stats().turns() > before);
        releaser.join().expect("no panic").expect("the job listened");
    }
}

#[test]
fn stealable_work_gives_its_result_wherever_it_runs() {
    for backend in backends() {
        let (tell, told) = channel();
        let cores = Cores::start(&pinned(backend, 2), move |context| {
            let tell = tell.clone();
            async move {
                let jobs: Vec<_> = (0..50_usize)
                    .map(|n| {
                        spawn_stealable(async move {
                            yield_now().await;
                            n * 3
                        })
                    })
                    .collect();
                let mut sum = context.index;
                for job in jobs {
                    sum += job.await.expect("no panic");
                }
                tell.send(sum).expect("the test listens");
            }
        })
        .expect("the cores start");
        cores.join().expect("the cores end");
        let mut sums: Vec<_> = told.iter().collect();
        sums.sort_unstable();
        assert_eq!(sums, [3675, 3676], "{backend}");
    }
}

/// A job of a core that ends is lost, not kept for ever; whoever waits for it learns so.
#[test]
fn jobs_of_a_core_that_ends_are_dropped() {
    for backend in backends() {
        let kept = Arc::new(());
        let core = core(backend);
        let jobs: Vec<_> = core.enter(|| {
            (0..10)
                .map(|_| {
                    let kept = Arc::clone(&kept);
                    spawn_stealable(async move { Arc::strong_count(&kept) })
                })
                .collect()
        });
        assert_eq!(Arc::strong_count(&kept), 11);
        drop(core);
        assert_eq!(Arc::strong_count(&kept), 1, "{backend}");
        assert!(jobs.iter().all(|job| job.is_finished() && job.try_take().is_none()));
    }
}

#[test]
fn wake_all_polls_every_task_once() {
    for backend in backends() {
        let core = core(backend);
        let polls = Rc::new(Cell::new(0));
        for _ in 0..20 {
            let polls = Rc::clone(&polls);
            drop(core.spawn(poll_fn(move |_| {
                assert!(current_task().is_some());
                polls.set(polls.get() + 1);
                Poll::<()>::Pending
            })));
        }
        assert_eq!(core.turn(Wait::Poll).expect("the reactor works").polled, 20);
        assert!(core.turn(Wait::Poll).expect("the reactor works").is_idle());
        core.enter(wake_all);
        assert_eq!(core.turn(Wait::Poll).expect("the reactor works").polled, 20);
        assert_eq!(polls.get(), 40);
        assert_eq!(core.enter(current_task), None);
    }
}
