//! Every interleaving of remote wakes with the flag, the inbox and the poll.
//!
//! `RUSTFLAGS="--cfg loom" cargo test -p dx-rt --release --test loom_wake`
#![cfg(loom)]

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Poll, Waker};

use dx_rt::task::{PoolBox, RemoteQueue, TaskRef, Tasks};
use loom::sync::Mutex;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

#[derive(Default)]
struct Inbox(Mutex<VecDeque<TaskRef>>);

impl RemoteQueue for Inbox {
    fn push(&self, task: TaskRef) {
        let mut queue = self.0.lock().unwrap();
        assert!(!queue.contains(&task), "a task stands at most once in the inbox");
        queue.push_back(task);
    }
}

/// One turn: run, then take from the inbox, one at a time so that the lock covers little.
fn turn(tasks: &Tasks, inbox: &Inbox) {
    tasks.run(usize::MAX);
    loop {
        let task = inbox.0.lock().unwrap().pop_front();
        match task {
            Some(task) => tasks.schedule_remote(task),
            None => break,
        }
    }
    tasks.run(usize::MAX);
}

/// A task that shows its waker and ends when all of `facts` are there. The facts are relaxed:
/// only the wakes order them before the poll that must see them.
fn spawn_waiter(tasks: &Tasks, facts: &Arc<Vec<AtomicUsize>>) -> (TaskRef, Waker) {
    let shown = std::rc::Rc::new(std::cell::RefCell::new(None));
    let (show, facts) = (std::rc::Rc::clone(&shown), Arc::clone(facts));
    let task = tasks
        .spawn(PoolBox::future(std::future::poll_fn(move |cx| {
            show.borrow_mut().get_or_insert_with(|| cx.waker().clone());
            let there = facts.iter().all(|fact| fact.load(Ordering::Relaxed) == 1);
            if there { Poll::Ready(()) } else { Poll::Pending }
        })))
        .unwrap();
    assert_eq!(tasks.run(1), 1);
    (task, shown.borrow_mut().take().unwrap())
}

/// Threads write a fact each and wake the task, while its core takes some turns. Then, with every
/// wake made, one more turn must end it.
fn no_wake_is_lost(wakers: usize, turns: usize) {
    loom::model(move || {
        let inbox = Arc::new(Inbox::default());
        let tasks = Tasks::new(Arc::<Inbox>::clone(&inbox), 1);
        let facts: Arc<Vec<_>> = Arc::new((0..wakers).map(|_| AtomicUsize::new(0)).collect());
        let (task, waker) = spawn_waiter(&tasks, &facts);
        let threads: Vec<_> = (0..wakers)
            .map(|index| {
                let (facts, waker) = (Arc::clone(&facts), waker.clone());
                thread::spawn(move || {
                    facts[index].store(1, Ordering::Relaxed);
                    waker.wake();
                })
            })
            .collect();
        for _ in 0..turns {
            turn(&tasks, &inbox);
        }
        for thread in threads {
            thread.join().unwrap();
        }
        // A poll above that followed a wake and did not see its fact is not made good here: the
        // task runs again only if it is ready or in the inbox.
        turn(&tasks, &inbox);
        assert!(!tasks.contains(task), "a wake was lost");
    });
}

#[test]
fn one_waker() {
    no_wake_is_lost(1, 2);
}

#[test]
fn two_wakers() {
    no_wake_is_lost(2, 1);
}

/// A wake races with the end of its task: it is queued at most once, and refused.
#[test]
fn wake_against_cancel() {
    loom::model(|| {
        let inbox = Arc::new(Inbox::default());
        let tasks = Tasks::new(Arc::<Inbox>::clone(&inbox), 1);
        let never = Arc::new(vec![AtomicUsize::new(0)]);
        let (task, waker) = spawn_waiter(&tasks, &never);
        let thread = thread::spawn(move || {
            waker.wake_by_ref();
            waker.wake();
        });
        assert!(tasks.cancel(task));
        let next = tasks.spawn(PoolBox::future(std::future::pending())).unwrap();
        assert_eq!(next.index(), task.index());
        assert_eq!(tasks.run(usize::MAX), 1);
        thread.join().unwrap();
        turn(&tasks, &inbox);
        assert!(inbox.0.lock().unwrap().is_empty());
        assert!(tasks.contains(next) && !tasks.has_ready());
    });
}

/// The core itself wakes: within its turn directly, outside it by the inbox.
#[test]
fn wake_from_the_core_itself() {
    loom::model(|| {
        let inbox = Arc::new(Inbox::default());
        let tasks = Tasks::new(Arc::<Inbox>::clone(&inbox), 1);
        let never = Arc::new(vec![AtomicUsize::new(0)]);
        let (_, waker) = spawn_waiter(&tasks, &never);
        let elsewhere = waker.clone();
        let thread = thread::spawn(move || elsewhere.wake());
        tasks.enter(|| waker.wake_by_ref());
        assert!(tasks.has_ready());
        turn(&tasks, &inbox);
        thread.join().unwrap();
        turn(&tasks, &inbox);
        assert!(!tasks.has_ready());
        waker.wake_by_ref();
        assert_eq!(inbox.0.lock().unwrap().len(), 1);
    });
}
