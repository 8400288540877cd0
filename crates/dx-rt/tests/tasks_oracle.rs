//! The task table under random use, from outside and from within polls, against a naive oracle.
#![cfg(not(loom))]

use std::cell::RefCell;
use std::collections::{BTreeSet, VecDeque};
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Waker};

use dx_rt::Full;
use dx_rt::task::{PoolBox, RemoteQueue, TaskRef, Tasks};
use proptest::prelude::*;

struct NoOtherThread;

impl RemoteQueue for NoOtherThread {
    fn push(&self, task: TaskRef) {
        panic!("{task:?} was woken on its own core, and went through the inbox");
    }
}

#[derive(Clone, Debug)]
enum Step {
    Spawn(Vec<Act>),
    Wake(prop::sample::Index),
    Cancel(prop::sample::Index),
    Run(usize),
    CancelAll,
}

/// What a task does in one poll; when it has no more to do, it completes.
#[derive(Clone, Debug)]
enum Act {
    WakeSelf,
    WakeOther(prop::sample::Index),
    CancelOther(prop::sample::Index),
    CancelSelf,
    Spawn,
    Nothing,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        Just(Act::WakeSelf),
        any::<prop::sample::Index>().prop_map(Act::WakeOther),
        any::<prop::sample::Index>().prop_map(Act::CancelOther),
        Just(Act::CancelSelf),
        Just(Act::Spawn),
        Just(Act::Nothing),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => prop::collection::vec(act(), 0..6).prop_map(Step::Spawn),
        4 => any::<prop::sample::Index>().prop_map(Step::Wake),
        2 => any::<prop::sample::Index>().prop_map(Step::Cancel),
        4 => (0_usize..6).prop_map(Step::Run),
        1 => Just(Step::CancelAll),
    ]
}

/// What should be: live tasks, and places in the queue. A place whose task was cancelled stays,
/// for the next task of the slot.
#[derive(Default)]
struct Oracle {
    all: Vec<TaskRef>,
    live: BTreeSet<TaskRef>,
    queue: VecDeque<u32>,
    polled: Option<TaskRef>,
    drops: usize,
}

impl Oracle {
    fn wake(&mut self, task: TaskRef) {
        if self.live.contains(&task) && !self.queue.contains(&task.index()) {
            self.queue.push_back(task.index());
        }
    }

    fn spawned(&mut self, task: TaskRef) {
        assert!(!self.all.contains(&task), "references are unique");
        assert!(self.live.iter().all(|live| live.index() != task.index()));
        self.all.push(task);
        self.live.insert(task);
        self.wake(task);
    }

    fn next(&mut self) -> Option<TaskRef> {
        while self.ready_len() > 0 {
            let index = self.queue.pop_front()?;
            if let Some(task) = self.at(index) {
                return Some(task);
            }
        }
        None
    }

    fn at(&self, index: u32) -> Option<TaskRef> {
        self.live.iter().copied().find(|task| task.index() == index)
    }

    fn ready_len(&self) -> usize {
        self.queue.iter().filter(|&&index| self.at(index).is_some()).count()
    }
}

struct World {
    tasks: Tasks,
    oracle: RefCell<Oracle>,
}

const TASKS_MAX: u32 = 8;

impl World {
    fn spawn(self: &Rc<Self>, acts: Vec<Act>) {
        struct Count(std::rc::Weak<World>);
        impl Drop for Count {
            fn drop(&mut self) {
                if let Some(world) = self.0.upgrade() {
                    world.oracle.borrow_mut().drops += 1;
                }
            }
        }
        let (world, mut acts) = (Count(Rc::downgrade(self)), acts.into_iter());
        let task = poll_fn(move |cx| {
            let world = world.0.upgrade().unwrap();
            world.oracle.borrow_mut().polled = world.tasks.current();
            match acts.next() {
                None => Poll::Ready(()),
                Some(act) => {
                    world.act(act, cx.waker());
                    Poll::Pending
                }
            }
        });
        let live = self.oracle.borrow().live.len();
        match self.tasks.spawn(PoolBox::future(task)) {
            Ok(task) => self.oracle.borrow_mut().spawned(task),
            Err(Full(refused)) => {
                assert_eq!(live, TASKS_MAX as usize);
                drop(refused);
                self.oracle.borrow_mut().drops -= 1; // it never was a task
                return;
            }
        }
        assert!(live < TASKS_MAX as usize);
    }

    fn act(self: &Rc<Self>, act: Act, waker: &Waker) {
        let me = self.tasks.current().unwrap();
        match act {
            Act::WakeSelf => {
                waker.wake_by_ref();
                self.oracle.borrow_mut().wake(me);
            }
            Act::WakeOther(which) => self.wake(which),
            Act::CancelOther(which) => self.cancel(which),
            Act::CancelSelf => {
                let live = self.oracle.borrow_mut().live.remove(&me);
                assert_eq!(self.tasks.cancel(me), live);
            }
            Act::Spawn => self.spawn(vec![Act::Nothing]),
            Act::Nothing => {}
        }
    }

    fn pick(&self, which: prop::sample::Index) -> Option<TaskRef> {
        let oracle = self.oracle.borrow();
        (!oracle.all.is_empty()).then(|| *which.get(&oracle.all))
    }

    fn wake(&self, which: prop::sample::Index) {
        let Some(task) = self.pick(which) else { return };
        self.tasks.wake(task);
        self.oracle.borrow_mut().wake(task);
    }

    fn cancel(&self, which: prop::sample::Index) {
        let Some(task) = self.pick(which) else { return };
        let live = self.oracle.borrow_mut().live.remove(&task);
        assert_eq!(self.tasks.cancel(task), live);
    }

    fn run_one(&self) {
        let expected = self.oracle.borrow_mut().next();
        let ran = self.tasks.run_one();
        assert_eq!(ran.map(|ran| ran.task), expected);
        let Some(ran) = ran else { return };
        let mut oracle = self.oracle.borrow_mut();
        assert_eq!(oracle.polled, expected);
        // Its own end is what the oracle learns from it; a cancelled task must be done.
        assert!(ran.done || oracle.live.contains(&ran.task));
        if ran.done {
            oracle.live.remove(&ran.task);
        }
    }

    fn check(&self) {
        let oracle = self.oracle.borrow();
        assert_eq!(self.tasks.len(), oracle.live.len());
        assert_eq!(self.tasks.ready_len(), oracle.ready_len());
        assert_eq!(self.tasks.has_ready(), oracle.ready_len() > 0);
        assert!(oracle.all.iter().all(|t| self.tasks.contains(*t) == oracle.live.contains(t)));
        assert_eq!(oracle.drops + oracle.live.len(), oracle.all.len(), "drops, exactly once each");
        assert_eq!(self.tasks.current(), None);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 500,
        failure_persistence: None, // a failure prints what it takes to repeat it
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_table_does_what_the_oracle_does(steps in prop::collection::vec(step(), 0..100)) {
        let tasks = Tasks::new(Arc::new(NoOtherThread), TASKS_MAX);
        let world = Rc::new(World { tasks, oracle: RefCell::default() });
        for step in steps {
            match step {
                Step::Spawn(acts) => world.spawn(acts),
                Step::Wake(which) => world.wake(which),
                Step::Cancel(which) => world.cancel(which),
                Step::Run(times) => (0..times).for_each(|_| world.run_one()),
                Step::CancelAll => {
                    world.oracle.borrow_mut().live.clear();
                    world.tasks.cancel_all();
                }
            }
            world.check();
        }
    }
}
