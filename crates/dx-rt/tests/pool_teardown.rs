//! The end of a thread whose boxes outlive its pool. One test, as it counts the process's pages.
#![cfg(not(loom))]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::RefCell;
use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering};

use dx_rt::limits::POOL_PAGE_BYTES;
use dx_rt::task::PoolBox;

/// The system's allocator, with the pool's pages counted.
struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

static PAGES: AtomicIsize = AtomicIsize::new(0);
static PAGES_EVER: AtomicUsize = AtomicUsize::new(0);

fn is_page(layout: Layout) -> bool {
    layout.size() == POOL_PAGE_BYTES && layout.align() == POOL_PAGE_BYTES
}

// SAFETY: everything is the system allocator's; the counters do not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_page(layout) {
            PAGES.fetch_add(1, Ordering::Relaxed);
            PAGES_EVER.fetch_add(1, Ordering::Relaxed);
        }
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        if is_page(layout) {
            PAGES.fetch_sub(1, Ordering::Relaxed);
            // SAFETY: the page is given back, so nobody may read it; whoever does sees noise.
            unsafe { start.write_bytes(0xA5, layout.size()) };
        }
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(start, layout) }
    }
}

thread_local! {
    static ONE: Holder = const { Holder(RefCell::new(Vec::new())) };
    static OTHER: Holder = const { Holder(RefCell::new(Vec::new())) };
}

static HOLDERS_DROPPED: AtomicUsize = AtomicUsize::new(0);

/// Boxes in a thread-local, whose destructor checks them, makes more and drops them all.
struct Holder(RefCell<Vec<PoolBox<[u8; 100]>>>);

impl Holder {
    fn fill(&self, count: usize) {
        let mut boxes = self.0.borrow_mut();
        boxes.extend((0..count).map(|fill| PoolBox::new([fill as u8; 100])));
    }

    fn check(&self) {
        for value in self.0.borrow().iter() {
            assert!(value.iter().all(|&byte| byte == value[0]), "a block was overwritten");
        }
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.check();
        self.0.borrow_mut().truncate(400);
        self.fill(100);
        self.check();
        self.0.borrow_mut().clear();
        HOLDERS_DROPPED.fetch_add(1, Ordering::Relaxed);
    }
}

/// Thread-locals are destroyed in an order that follows that of first use. Both orders are tried:
/// in one of them the pool goes first.
#[test]
fn every_page_goes_and_no_block_goes_early() {
    for pool_first in [false, true] {
        let thread = std::thread::spawn(move || {
            if pool_first {
                drop(PoolBox::new(0));
            }
            ONE.with(|one| one.fill(0));
            if !pool_first {
                drop(PoolBox::new(0));
            }
            for _ in 0..3 {
                ONE.with(|one| one.fill(1000));
                OTHER.with(|other| other.fill(1000));
                ONE.with(|one| one.0.borrow_mut().truncate(700));
            }
        });
        thread.join().unwrap();
        assert_eq!(PAGES.load(Ordering::Relaxed), 0, "pool used first: {pool_first}");
    }
    assert_eq!(HOLDERS_DROPPED.load(Ordering::Relaxed), 4);
    // Boxes made after the pool was gone have a page each: so that case was met, once at least.
    assert!(PAGES_EVER.load(Ordering::Relaxed) >= 100);
}
