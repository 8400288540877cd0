//! `PoolBox`: placement, destructors, and that a warm pool does not allocate.
//!
//! Counts are kept per thread, as the test harness runs tests side by side.
#![cfg(not(loom))]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use dx_rt::task::{PoolBox, RemoteQueue, TaskRef, Tasks};

/// The system's allocator, counted.
struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: everything is the system allocator's; the counters do not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(start, layout) }
    }
}

fn allocations() -> usize {
    ALLOCATIONS.get()
}

fn poll_once<T>(future: &mut PoolBox<dyn Future<Output = T>>) -> Poll<T> {
    future.as_pin_mut().poll(&mut Context::from_waker(Waker::noop()))
}

#[repr(align(128))]
struct Aligned([u8; 128]);

#[repr(align(4096))]
struct AlignedNothing;

#[test]
fn values_of_every_size_are_placed_and_kept() {
    fn check<const N: usize>() {
        let boxes: Vec<_> = (0..200_u8).map(|fill| PoolBox::new([fill; N])).collect();
        for (fill, value) in (0..200_u8).zip(&boxes) {
            assert_eq!(value.as_ptr() as usize % 64, 0, "blocks are aligned to 64");
            assert!(value.iter().all(|&byte| byte == fill), "{N} bytes overlap their neighbour");
        }
    }
    check::<0>();
    check::<1>();
    check::<64>();
    check::<65>();
    check::<128>();
    check::<129>();
    check::<1000>();
    check::<2049>();
    check::<4096>();
    for boxes in [4097, 70_000].map(|len| PoolBox::new(vec![7_u8; len])) {
        assert!(boxes.iter().all(|&byte| byte == 7));
    }
    let big = PoolBox::new([3_u8; 4097]);
    assert!(big.iter().all(|&byte| byte == 3));
    for _ in 0..3 {
        let aligned = PoolBox::new(Aligned([5; 128]));
        assert_eq!(aligned.0.as_ptr() as usize % 128, 0);
        assert_eq!(aligned.0, [5; 128]);
        let nothing = PoolBox::new(AlignedNothing);
        assert_eq!(std::ptr::from_ref(&*nothing) as usize % 4096, 0);
    }
}

#[test]
fn a_page_is_carved_evenly_and_blocks_are_reused() {
    let first: Vec<_> = (0..2000).map(|value| PoolBox::new([value as u16; 300])).collect();
    let mut addresses: Vec<_> = first.iter().map(|value| value.as_ptr() as usize).collect();
    drop(first);
    let again: Vec<_> = (0..2000).map(|value| PoolBox::new([value as u16; 300])).collect();
    let mut reused: Vec<_> = again.iter().map(|value| value.as_ptr() as usize).collect();
    addresses.sort_unstable();
    reused.sort_unstable();
    assert_eq!(addresses, reused, "the pool keeps what was in use at once and adds nothing");
    assert!(addresses.windows(2).all(|pair| pair[1] - pair[0] >= 1024), "blocks do not overlap");
}

#[test]
fn a_warm_pool_does_not_allocate() {
    fn round() {
        let mut small = PoolBox::future(async { 1_u8 });
        let mut large = PoolBox::future(async {
            let bytes = [1_u8; 3000];
            std::future::ready(()).await;
            bytes.iter().map(|&byte| u32::from(byte)).sum::<u32>()
        });
        assert_eq!(poll_once(&mut small), Poll::Ready(1));
        assert_eq!(poll_once(&mut large), Poll::Ready(3000));
    }
    round();
    let before = allocations();
    for _ in 0..10_000 {
        round();
    }
    assert_eq!(allocations(), before);
    std::hint::black_box(Box::new(1));
    assert_eq!(allocations(), before + 1, "the counter counts");
}

struct Ignored;

impl RemoteQueue for Ignored {
    fn push(&self, _: TaskRef) {}
}

#[test]
fn warm_tasks_do_not_allocate() {
    let tasks = Rc::new(Tasks::new(Arc::new(Ignored), 100));
    let round = || {
        for _ in 0..50 {
            let tasks_inside = Rc::downgrade(&tasks);
            let task = tasks.spawn(PoolBox::future(async move {
                let mut polls = 0;
                std::future::poll_fn(|cx| {
                    polls += 1;
                    if polls % 2 == 0 {
                        cx.waker().wake_by_ref();
                    } else if let Some(tasks) = tasks_inside.upgrade() {
                        tasks.wake(tasks.current().unwrap());
                    }
                    if polls == 4 { Poll::Ready(()) } else { Poll::Pending }
                })
                .await;
            }));
            assert!(task.is_ok());
        }
        assert_eq!(tasks.run(usize::MAX), 200);
        assert!(tasks.is_empty());
    };
    round();
    let before = allocations();
    for _ in 0..100 {
        round();
    }
    assert_eq!(allocations(), before);
}

#[test]
fn one_allocation_for_all_clones_of_a_tasks_waker() {
    let tasks = Tasks::new(Arc::new(Ignored), 1);
    let count = Rc::new(Cell::new(0));
    let polls = Rc::clone(&count);
    let task = tasks
        .spawn(PoolBox::future(std::future::poll_fn(move |cx| {
            drop((cx.waker().clone(), cx.waker().clone()));
            polls.set(polls.get() + 1);
            Poll::Pending
        })))
        .unwrap();
    let before = allocations();
    for _ in 0..100 {
        tasks.wake(task);
        tasks.run(1);
    }
    assert_eq!((count.get(), allocations() - before), (100, 1));
}

#[test]
fn destructors_run_once_and_their_panic_returns_the_block() {
    struct Loud<'a>(&'a Cell<u32>, bool);
    impl Drop for Loud<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
            assert!(!self.1, "a test's panic");
        }
    }
    let drops = Cell::new(0);
    let quiet = PoolBox::new(Loud(&drops, false));
    let address = std::ptr::from_ref(&*quiet);
    drop(quiet);
    assert_eq!(drops.get(), 1);

    let loud = PoolBox::new(Loud(&drops, true));
    assert_eq!(std::ptr::from_ref(&*loud), address);
    assert!(catch_unwind(AssertUnwindSafe(|| drop(loud))).is_err());
    assert_eq!(drops.get(), 2);
    let next = PoolBox::new(Loud(&drops, false));
    assert_eq!(std::ptr::from_ref(&*next), address, "the block came back");
}

#[test]
fn a_pinned_value_stays_where_it_is_when_the_box_moves() {
    struct SelfAware {
        address: usize,
        _pinned: std::marker::PhantomPinned,
    }
    impl Future for SelfAware {
        type Output = bool;
        fn poll(mut self: std::pin::Pin<&mut Self>, _: &mut Context<'_>) -> Poll<bool> {
            let here = std::ptr::from_ref(&*self) as usize;
            if self.address == 0 {
                // SAFETY: a field is written, nothing is moved.
                unsafe { self.as_mut().get_unchecked_mut() }.address = here;
                return Poll::Pending;
            }
            Poll::Ready(self.address == here)
        }
    }
    let future = SelfAware { address: 0, _pinned: std::marker::PhantomPinned };
    let mut future = PoolBox::future(future);
    assert_eq!(poll_once(&mut future), Poll::Pending);
    let moved = Box::new(future);
    let mut moved = pin!(*moved);
    assert_eq!(moved.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(true));
}
