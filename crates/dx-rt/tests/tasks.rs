//! The task table: order, wakes, cancellation, panics, wakers. Random use is in
//! `tasks_oracle.rs`.
#![cfg(not(loom))]

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use dx_rt::Full;
use dx_rt::task::{PoolBox, Ran, RemoteQueue, TaskFuture, TaskRef, Tasks};

#[derive(Default)]
struct Inbox(Mutex<Vec<TaskRef>>);

impl RemoteQueue for Inbox {
    fn push(&self, task: TaskRef) {
        self.0.lock().unwrap().push(task);
    }
}

fn table(tasks_max: u32) -> (Rc<Tasks>, Arc<Inbox>) {
    let inbox = Arc::new(Inbox::default());
    (Rc::new(Tasks::new(Arc::<Inbox>::clone(&inbox), tasks_max)), inbox)
}

fn take(inbox: &Inbox) -> Vec<TaskRef> {
    std::mem::take(&mut *inbox.0.lock().unwrap())
}

fn boxed(future: impl Future<Output = ()> + 'static) -> TaskFuture {
    PoolBox::future(future)
}

/// Counts its drops.
struct Dropped(Rc<Cell<u32>>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

#[test]
fn tasks_run_in_the_order_of_their_wakes() {
    let (tasks, _) = table(10);
    let order = Rc::new(RefCell::new(Vec::new()));
    let refs: Vec<_> = (0..5)
        .map(|name| {
            let order = Rc::clone(&order);
            let task = poll_fn(move |_| {
                order.borrow_mut().push(name);
                Poll::Pending
            });
            tasks.spawn(boxed(task)).unwrap()
        })
        .collect();
    assert_eq!(tasks.run(3), 3);
    assert_eq!(tasks.ready_len(), 2);
    for name in [2, 0, 3, 2, 0] {
        tasks.wake(refs[name]);
    }
    assert_eq!(tasks.run(usize::MAX), 4);
    assert_eq!(*order.borrow(), [0, 1, 2, 3, 4, 2, 0]);
    assert!(!tasks.has_ready());
    assert_eq!(tasks.run_one(), None);
    assert_eq!(tasks.len(), 5);
}

#[test]
fn full_gives_the_future_back_and_stale_references_are_refused() {
    let (tasks, _) = table(1);
    let first = tasks.spawn(boxed(async {})).unwrap();
    let Err(Full(refused)) = tasks.spawn(boxed(async {})) else { panic!("a bound was passed") };
    assert_eq!(tasks.run_one(), Some(Ran { task: first, done: true }));
    let second = tasks.spawn(refused).unwrap();
    assert_eq!(second.index(), first.index());
    assert_ne!(second, first);
    assert!(!tasks.cancel(first) && !tasks.contains(first) && tasks.contains(second));
    assert_eq!(tasks.run(usize::MAX), 1);
    tasks.wake(second);
    tasks.wake(first);
    assert!(!tasks.has_ready() && tasks.is_empty());
    assert_eq!(TaskRef::from_bits(first.to_bits()), Some(first));
    assert_eq!(TaskRef::from_bits(0), None);
    assert_eq!(TaskRef::from_bits(2 << 32 | 7), None);
    let invented = TaskRef::from_bits(1 << 32 | 77).unwrap();
    tasks.wake(invented);
    tasks.schedule_remote(invented);
    assert!(!tasks.cancel(invented));
    assert!(Tasks::new(Arc::new(Inbox::default()), 0).spawn(boxed(async {})).is_err());
}

#[test]
fn a_wake_during_the_poll_is_one_more_poll() {
    let (tasks, inbox) = table(1);
    let polls = Rc::new(Cell::new(0));
    let (count, inside) = (Rc::clone(&polls), Rc::downgrade(&tasks));
    let task = poll_fn(move |cx| {
        count.set(count.get() + 1);
        let tasks = inside.upgrade().unwrap();
        match count.get() {
            1 => cx.waker().wake_by_ref(),
            2 => {
                let clone = cx.waker().clone();
                clone.wake();
            }
            3 => tasks.wake(tasks.current().unwrap()),
            4 => tasks.schedule_remote(tasks.current().unwrap()),
            _ => return Poll::Ready(()),
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    });
    let task = tasks.spawn(boxed(task)).unwrap();
    for poll in 1..=5 {
        assert_eq!(tasks.run_one(), Some(Ran { task, done: poll == 5 }));
        assert_eq!(tasks.ready_len(), usize::from(poll < 5));
    }
    assert_eq!(polls.get(), 5);
    assert_eq!(tasks.current(), None);
    assert!(take(&inbox).is_empty(), "no wake of the core's own went through the inbox");
}

#[test]
fn tasks_spawn_and_cancel_each_other_and_themselves() {
    let (tasks, _) = table(10);
    let drops = Rc::new(Cell::new(0));
    let victim = Dropped(Rc::clone(&drops));
    let victim = tasks
        .spawn(boxed(async move {
            let _victim = victim;
            pending().await
        }))
        .unwrap();
    assert_eq!(tasks.run(1), 1);

    let (inside, own, at_cancel) =
        (Rc::downgrade(&tasks), Dropped(Rc::clone(&drops)), Rc::clone(&drops));
    let killer = tasks
        .spawn(boxed(poll_fn(move |_| {
            let tasks = inside.upgrade().unwrap();
            assert!(tasks.cancel(victim));
            assert_eq!(at_cancel.get(), 1, "another's future goes at once");
            let me = tasks.current().unwrap();
            assert!(tasks.cancel(me) && !tasks.cancel(me));
            assert_eq!(own.0.get(), 1, "one's own after the poll");
            let child = tasks.spawn(boxed(async {})).unwrap();
            assert_eq!(child.index(), me.index(), "the place is free at once");
            tasks.wake(me);
            Poll::Pending
        })))
        .unwrap();
    assert_eq!(tasks.run_one(), Some(Ran { task: killer, done: true }));
    assert_eq!((drops.get(), tasks.len()), (2, 1));
    assert_eq!(tasks.run(usize::MAX), 1);
    assert!(tasks.is_empty());
}

#[test]
fn destructors_may_use_the_table() {
    struct Respawn(std::rc::Weak<Tasks>, TaskRef);
    impl Drop for Respawn {
        fn drop(&mut self) {
            if let Some(tasks) = self.0.upgrade() {
                tasks.wake(self.1);
                tasks.spawn(boxed(async {})).unwrap();
            }
        }
    }
    let (tasks, _) = table(3);
    let sleeper = tasks.spawn(boxed(pending())).unwrap();
    tasks.run(1);
    for cancelled in [false, true] {
        let respawn = Respawn(Rc::downgrade(&tasks), sleeper);
        let task = tasks.spawn(boxed(async move { drop(respawn) })).unwrap();
        if cancelled {
            assert!(tasks.cancel(task));
        }
        assert_eq!(tasks.run(usize::MAX), if cancelled { 2 } else { 3 });
        assert_eq!(tasks.len(), 1);
    }
    let respawn = Respawn(Rc::downgrade(&tasks), sleeper);
    tasks.spawn(boxed(async move { drop(respawn) })).unwrap();
    tasks.cancel_all();
    assert!(tasks.len() <= 1, "what a destructor spawns may survive");
    tasks.cancel_all();
    assert!(tasks.is_empty());
}

#[test]
fn a_panicking_task_is_gone_and_the_rest_lives() {
    let (tasks, inbox) = table(3);
    let drops = Rc::new(Cell::new(0));
    let ended = Rc::new(Cell::new(0));
    let waker: Rc<RefCell<Option<Waker>>> = Rc::default();
    let (own, show) = (Dropped(Rc::clone(&drops)), Rc::clone(&waker));
    let bad = tasks
        .spawn(boxed(poll_fn(move |cx| {
            *show.borrow_mut() = Some(cx.waker().clone());
            cx.waker().wake_by_ref();
            assert!(own.0.get() > 0, "a test's panic");
            Poll::Ready(())
        })))
        .unwrap();
    let good = Dropped(Rc::clone(&ended));
    tasks.spawn(boxed(async move { drop(good) })).unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| tasks.run(usize::MAX))).is_err());
    assert_eq!((drops.get(), ended.get()), (1, 0));
    assert!(!tasks.contains(bad) && tasks.current().is_none());
    assert_eq!((tasks.len(), tasks.ready_len()), (1, 1));

    let waker = waker.borrow_mut().take().unwrap();
    waker.wake_by_ref();
    assert!(take(&inbox).is_empty(), "the dead take no place; and `enter` was left");
    assert_eq!(tasks.run(usize::MAX), 1);
    assert_eq!((ended.get(), tasks.len()), (1, 0));
}

#[test]
fn a_panicking_destructor_is_the_end_of_that_task_alone() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("a test's panic");
        }
    }
    for cancelled in [false, true] {
        let (tasks, _) = table(3);
        let bomb = Bomb;
        let polled = poll_fn(move |_| {
            let _ = &bomb;
            Poll::Ready(())
        });
        let task = tasks.spawn(boxed(polled)).unwrap();
        tasks.spawn(boxed(async {})).unwrap();
        let result = catch_unwind(AssertUnwindSafe(|| match cancelled {
            true => drop(tasks.cancel(task)),
            false => drop(tasks.run_one()),
        }));
        assert!(result.is_err());
        assert_eq!((tasks.contains(task), tasks.current(), tasks.len()), (false, None, 1));
        assert_eq!(tasks.run(usize::MAX), 1);
    }
}

#[test]
fn polls_do_not_nest() {
    let (tasks, _) = table(2);
    let inside = Rc::downgrade(&tasks);
    tasks
        .spawn(boxed(poll_fn(move |_| {
            inside.upgrade().unwrap().run(1);
            Poll::Ready(())
        })))
        .unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| tasks.run(1))).is_err());
    assert!(tasks.is_empty());
}

#[test]
fn the_second_poll_sees_the_waker_that_the_first_one_cloned() {
    let (tasks, inbox) = table(1);
    let kept: Rc<RefCell<Option<Waker>>> = Rc::default();
    let keep = Rc::clone(&kept);
    let task = tasks
        .spawn(boxed(poll_fn(move |cx| {
            let mut kept = keep.borrow_mut();
            match &*kept {
                None => {
                    let clone = cx.waker().clone();
                    assert!(clone.will_wake(&cx.waker().clone()));
                    *kept = Some(clone);
                }
                Some(kept) => assert!(cx.waker().will_wake(kept)),
            }
            Poll::Pending
        })))
        .unwrap();
    assert_eq!(tasks.run(1), 1);
    for _ in 0..3 {
        let waker = kept.borrow().clone().unwrap();
        waker.wake_by_ref();
        waker.wake();
        assert_eq!(take(&inbox), [task], "outside the turn: the inbox, once");
        assert!(!tasks.has_ready());
        tasks.schedule_remote(task);
        assert_eq!(tasks.run(usize::MAX), 1);
    }
    tasks.enter(|| kept.borrow().as_ref().unwrap().wake_by_ref());
    assert_eq!((take(&inbox), tasks.ready_len()), (vec![], 1));

    assert!(tasks.cancel(task));
    kept.borrow().as_ref().unwrap().wake_by_ref();
    assert!(take(&inbox).is_empty(), "a task that is gone takes no place in the inbox");
    drop(tasks);
    kept.borrow_mut().take().unwrap().wake();
}

/// Two cores on one thread, as a simulator has them: each wake finds its own table.
#[test]
fn wakes_between_two_tables_of_one_thread() {
    let ((one, one_inbox), (two, _)) = (table(1), table(1));
    let kept: Rc<RefCell<Option<Waker>>> = Rc::default();
    let keep = Rc::clone(&kept);
    let first = one
        .spawn(boxed(poll_fn(move |cx| {
            *keep.borrow_mut() = Some(cx.waker().clone());
            Poll::Pending
        })))
        .unwrap();
    one.run(1);
    let nested = Rc::clone(&one);
    let wakes = poll_fn(move |_| {
        kept.borrow().as_ref().unwrap().wake_by_ref();
        assert!(!nested.has_ready(), "not while the other table is current");
        nested.enter(|| kept.borrow().as_ref().unwrap().wake_by_ref());
        assert!(nested.has_ready());
        Poll::Pending
    });
    two.spawn(boxed(wakes)).unwrap();
    two.run(1);
    assert_eq!(take(&one_inbox), [first]);
    assert_eq!((one.ready_len(), two.ready_len()), (1, 0));
}

/// During its poll a task lends its waker, borrowed and not cloned, to other threads.
#[test]
fn other_threads_use_the_borrowed_waker() {
    let (tasks, inbox) = table(1);
    let task = tasks
        .spawn(boxed(poll_fn(|cx| {
            let waker = cx.waker();
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| waker.wake_by_ref());
                    scope.spawn(|| {
                        let clone = waker.clone();
                        clone.wake();
                    });
                }
            });
            Poll::Pending
        })))
        .unwrap();
    for _ in 0..20 {
        assert_eq!(tasks.run(1), 1);
        assert!(!tasks.has_ready(), "the wakes are in the inbox");
        assert_eq!(take(&inbox), [task], "once");
        tasks.schedule_remote(task);
        assert_eq!(tasks.ready_len(), 1);
    }
}

/// The inbox is drained while the task that stands in it is being polled.
#[test]
fn scheduling_the_running_task_clears_its_flag() {
    let (tasks, inbox) = table(1);
    let (inside, outside) = (Rc::downgrade(&tasks), Arc::clone(&inbox));
    let task = tasks
        .spawn(boxed(poll_fn(move |cx| {
            let waker = cx.waker();
            std::thread::scope(|scope| {
                scope.spawn(|| waker.wake_by_ref());
            });
            let tasks = inside.upgrade().unwrap();
            for task in take(&outside) {
                tasks.schedule_remote(task);
            }
            Poll::Pending
        })))
        .unwrap();
    for _ in 0..3 {
        assert_eq!(tasks.run(1), 1);
        assert_eq!((tasks.ready_len(), take(&inbox)), (1, vec![]));
    }
    assert!(tasks.cancel(task));
}

#[test]
fn many_threads_wake_one_core() {
    const WAKES: u32 = 5_000;
    let (tasks, inbox) = table(4);
    let counts: Vec<_> = (0..4).map(|_| Arc::new(std::sync::atomic::AtomicU32::new(0))).collect();
    let wakers: Rc<RefCell<Vec<Waker>>> = Rc::default();
    for count in &counts {
        let (count, wakers, mut shown) = (Arc::clone(count), Rc::clone(&wakers), false);
        let task = poll_fn(move |cx| {
            if !std::mem::replace(&mut shown, true) {
                wakers.borrow_mut().push(cx.waker().clone());
            }
            match count.load(std::sync::atomic::Ordering::Relaxed) {
                WAKES => Poll::Ready(()),
                _ => Poll::Pending,
            }
        });
        tasks.spawn(boxed(task)).unwrap();
    }
    tasks.run(4);
    std::thread::scope(|scope| {
        for (count, waker) in counts.iter().zip(wakers.take()) {
            scope.spawn(move || {
                for _ in 0..WAKES {
                    count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    waker.wake_by_ref();
                }
            });
        }
        // A lost wake hangs here: the last one of each thread must be seen.
        while !tasks.is_empty() {
            let inbox = take(&inbox);
            assert!(inbox.len() <= 4, "each task at most once");
            for task in inbox {
                tasks.schedule_remote(task);
            }
            tasks.run(usize::MAX);
            std::thread::yield_now();
        }
    });
}
