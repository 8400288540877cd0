//! Time: nothing fires early, nothing is forgotten.
#![cfg(not(loom))]

mod common;

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn, ready};
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use common::{backends, core, driver, run};
use dx_io::Instant;
use dx_rt::limits::TIMER_TICK_NANOS;
use dx_rt::time::{Deadline, Elapsed, first, now, sleep, timeout, yield_now};
use dx_rt::{Core, CoreConfig, JoinLost, Wait, current_task, spawn};

const fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// Counts its drops.
struct Dropped(Rc<Cell<u32>>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

#[test]
fn no_sleep_ends_early() {
    for backend in backends() {
        let core = core(backend);
        let sleeps: Vec<_> = [1, 2, 3, 15, 16, 17, 63, 64, 65, 130]
            .into_iter()
            .flat_map(|millis| [ms(millis), ms(millis) + Duration::from_nanos(1)])
            .chain([Duration::from_nanos(1), Duration::from_micros(999)])
            .map(|duration| {
                core.spawn(async move {
                    let began = now();
                    sleep(duration).await;
                    (duration, now() - began)
                })
            })
            .collect();
        for sleep in sleeps {
            let (asked, took) = run(&core, sleep).expect("no panic");
            assert!(took >= asked, "{backend}: {asked:?} took {took:?}");
        }
        assert_eq!(core.next_deadline(), None);
    }
}

/// Lengths of many sleeps, in no order, several of them twice.
fn lengths() -> impl Iterator<Item = u64> {
    (0..400_u64).map(|number| number * 7919 % 97 + 1)
}

/// Starts all of [`lengths`] at once and returns them in the order in which they ended.
fn ends(core: &Core, stall: Duration) -> Vec<u64> {
    let ended = Rc::new(RefCell::new(Vec::new()));
    let log = Rc::clone(&ended);
    run(core, async move {
        let sleeps: Vec<_> = lengths()
            .map(|millis| {
                let log = Rc::clone(&log);
                spawn(async move {
                    sleep(ms(millis)).await;
                    log.borrow_mut().push(millis);
                })
            })
            .collect();
        yield_now().await;
        // A core that is busy finds many timers due at once.
        std::thread::sleep(stall);
        for sleep in sleeps {
            sleep.await.expect("no panic");
        }
    });
    ended.take()
}

#[test]
fn sleeps_end_in_the_order_of_their_times() {
    for backend in backends() {
        let mut expected: Vec<u64> = lengths().collect();
        expected.sort_unstable();
        for stall in [0, 40, 150] {
            assert_eq!(ends(&core(backend), ms(stall)), expected, "{backend}, busy for {stall} ms");
        }
    }
}

#[test]
fn a_dropped_sleep_leaves_no_timer() {
    for backend in backends() {
        let core = core(backend);
        run(&core, async {
            for _ in 0..1000 {
                let left = first(async { sleep(ms(3_600_000)).await }, ready(())).await;
                assert_eq!(left, ());
            }
        });
        assert_eq!(core.next_deadline(), None);

        let sleeper = core.spawn(sleep(ms(3_600_000)));
        core.turn(Wait::Poll).unwrap();
        assert!(core.next_deadline().is_some());
        assert!(core.quiesce(1).unwrap().is_nothing());
        assert_eq!(core.next_deadline(), None, "the task was cancelled, and its timer with it");
        assert!(sleeper.is_finished());
    }
}

#[test]
fn a_sleeping_core_does_not_spin() {
    for backend in backends() {
        let core = core(backend);
        run(&core, sleep(ms(150)));
        let turns = core.stats().turns();
        // One to start, one to end, a few for the levels of the wheel.
        assert!(turns <= 10, "{backend}: {turns} turns");
    }
}

#[test]
fn a_sleep_of_nothing_is_over_at_once() {
    for backend in backends() {
        let core = core(backend);
        let done = core.spawn(sleep(Duration::ZERO));
        assert_eq!(core.turn(Wait::Poll).unwrap().polled, 1);
        assert!(done.is_finished());
    }
}

#[test]
fn timeouts_end_either_way() {
    for backend in backends() {
        let core = core(backend);
        let drops = Rc::new(Cell::new(0));
        let guard = Dropped(Rc::clone(&drops));
        run(&core, async move {
            assert_eq!(timeout(ms(10_000), async { 7 }).await, Ok(7));
            let slow = timeout(ms(10_000), async {
                sleep(ms(2)).await;
                8
            });
            assert_eq!(slow.await, Ok(8));
            let began = now();
            let never = timeout(ms(5), async move {
                let _guard = guard;
                pending::<()>().await;
            });
            assert_eq!(never.await, Err(Elapsed));
            assert!(now() - began >= ms(5));
            // Of two that are due at once, the future wins; nothing at all is time enough for it.
            assert_eq!(timeout(Duration::ZERO, ready(9)).await, Ok(9));
            assert_eq!(timeout(Duration::ZERO, pending::<()>()).await, Err(Elapsed));
            assert_eq!(timeout(ms(5), sleep(ms(5))).await, Ok(()));
        });
        assert_eq!(drops.get(), 1, "what was too slow is dropped");
        assert_eq!(core.next_deadline(), None);
    }
}

#[test]
fn the_bound_of_timers_costs_one_task_not_the_core() {
    for backend in backends() {
        let mut config = CoreConfig::default();
        config.timers_max = 2;
        let core = Core::new(driver(backend), &config);
        run(&core, async {
            let fits = [spawn(sleep(ms(5))), spawn(sleep(ms(6)))];
            yield_now().await;
            for _ in 0..100 {
                assert_eq!(spawn(sleep(ms(1))).await, Err(JoinLost));
            }
            for sleep in fits {
                assert_eq!(sleep.await, Ok(()));
            }
            assert_eq!(spawn(sleep(ms(1))).await, Ok(()), "there is room again");
        });
    }
}

/// What a task with a deadline saw.
#[derive(Debug)]
struct Seen {
    passed: Instant,
    polls: u32,
}

/// Polls `deadline` until it has passed, as a connection does.
async fn until_passed(deadline: &mut Deadline) -> Seen {
    let task = current_task().expect("in a task");
    let mut polls = 0;
    poll_fn(|_| {
        polls += 1;
        match deadline.has_passed(now(), task) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    })
    .await;
    Seen { passed: now(), polls }
}

#[test]
fn a_deadline_that_is_moved_is_neither_early_nor_forgotten() {
    // Where the deadline is set, one move after another, and how often its task is polled at most:
    // at the start, at a time it was moved away from, at the end.
    let rows: &[(&[u64], u32)] = &[
        (&[5], 2),
        (&[5, 30], 3),
        (&[5, 6, 7, 8, 30], 3),
        (&[30, 5], 2),
        (&[3_600_000, 5], 2),
        (&[5, 30, 15], 3),
        (&[5, 60, 5, 20], 3),
    ];
    for backend in backends() {
        for &(moves, polls_max) in rows {
            let core = core(backend);
            run(&core, async move {
                let task = current_task().expect("in a task");
                let mut deadline = Deadline::new();
                let began = now();
                for &millis in moves {
                    deadline.set(began + ms(millis), task);
                }
                let last = began + ms(*moves.last().expect("a row is not empty"));
                let seen = until_passed(&mut deadline).await;
                assert!(seen.passed >= last, "{backend} {moves:?}: early");
                assert!(seen.polls <= polls_max, "{backend} {moves:?}: {seen:?}");
                deadline.cancel();
            });
            assert_eq!(core.next_deadline(), None, "{backend} {moves:?}");
        }
    }
}

#[test]
fn an_earlier_deadline_is_when_the_core_wakes() {
    for backend in backends() {
        let core = core(backend);
        let waits = core.spawn(async {
            let task = current_task().expect("in a task");
            let mut deadline = Deadline::new();
            deadline.set(now() + ms(3_600_000), task);
            deadline.set(now() + ms(1000), task);
            until_passed(&mut deadline).await
        });
        core.turn(Wait::Poll).unwrap();
        let tick = Duration::from_nanos(TIMER_TICK_NANOS);
        assert!(core.next_deadline().is_some_and(|at| at <= core.now() + ms(1000) + tick));
        assert!(core.quiesce(1).unwrap().is_nothing());
        assert!(waits.is_finished());
    }
}

/// The next stage of a connection gets its deadline when the one before has passed, and nobody
/// asks about it before it has passed too.
#[test]
fn a_deadline_that_has_passed_can_be_set_again() {
    for backend in backends() {
        let core = core(backend);
        run(&core, async {
            let task = current_task().expect("in a task");
            let mut deadline = Deadline::new();
            let mut last = now();
            for stage in 0..5 {
                deadline.set(last + ms(5), task);
                let mut asked = false;
                poll_fn(|_| {
                    // As a task that is woken by its deadline alone: the first poll is ours.
                    if !core::mem::replace(&mut asked, true) {
                        return Poll::Pending;
                    }
                    match deadline.has_passed(now(), task) {
                        true => Poll::Ready(()),
                        false => Poll::Pending,
                    }
                })
                .await;
                assert!(now() >= last + ms(5), "stage {stage}");
                last = now();
            }
            deadline.cancel();
        });
        assert_eq!(core.next_deadline(), None);
    }
}

#[test]
fn a_deadline_that_was_cleared_does_not_pass() {
    for backend in backends() {
        let core = core(backend);
        run(&core, async {
            let task = current_task().expect("in a task");
            let mut deadline = Deadline::new();
            assert!(!deadline.has_passed(now(), task), "never, by default");
            deadline.set(now() + ms(2), task);
            deadline.clear();
            sleep(ms(10)).await;
            assert!(!deadline.has_passed(now(), task));
            deadline.set(now() + ms(2), task);
            assert!(until_passed(&mut deadline).await.polls <= 3);
        });
    }
}

#[test]
fn yielding_lets_the_others_run() {
    for backend in backends() {
        let core = core(backend);
        let log = Rc::new(RefCell::new(Vec::new()));
        let tasks: Vec<_> = ["a", "b", "c"]
            .into_iter()
            .map(|name| {
                let log = Rc::clone(&log);
                core.spawn(async move {
                    for _ in 0..3 {
                        log.borrow_mut().push(name);
                        yield_now().await;
                    }
                })
            })
            .collect();
        while !tasks.iter().all(|task| task.is_finished()) {
            core.turn(Wait::Forever).unwrap();
        }
        assert_eq!(*log.borrow(), ["a", "b", "c", "a", "b", "c", "a", "b", "c"]);
    }
}

#[test]
fn the_first_to_end_wins_and_the_other_is_dropped() {
    for backend in backends() {
        let core = core(backend);
        let drops = Rc::new(Cell::new(0));
        let guards = [Dropped(Rc::clone(&drops)), Dropped(Rc::clone(&drops))];
        run(&core, async move {
            let [one, two] = guards;
            let slow = |guard, millis, value| async move {
                let _guard: Dropped = guard;
                sleep(ms(millis)).await;
                value
            };
            assert_eq!(first(slow(one, 5, "left"), slow(two, 3_600_000, "right")).await, "left");
            assert_eq!(first(pending(), ready("right")).await, "right");
            assert_eq!(first(ready("left"), ready("right")).await, "left", "a tie");
        });
        assert_eq!(drops.get(), 2);
        assert_eq!(core.next_deadline(), None);
    }
}
