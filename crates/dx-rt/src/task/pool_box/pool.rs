//! The thread's pool of blocks.
//!
//! Owns pages, their headers and the free lists. May not know what stands in a block. Invariants:
//! a block is in use or in its class's free list, never both; a page lives until its thread's pool
//! is gone and every block carved from it is back.
//!
//! Nothing here is shared between threads: [`take`] and [`release`] of a block happen on one
//! thread, which `PoolBox` keeps by not being `Send`.

use core::alloc::Layout;
use core::cell::Cell;
use core::ptr::{self, NonNull};
use std::alloc;

use crate::limits::{POOL_BLOCK_BYTES_MAX, POOL_BLOCK_BYTES_MIN, POOL_PAGE_BYTES};

const CLASSES: usize = (POOL_BLOCK_BYTES_MAX / POOL_BLOCK_BYTES_MIN).ilog2() as usize + 1;

/// The header at the start of a page. Pages are aligned to their size, so that a block's address
/// tells its page.
#[repr(C, align(64))]
struct Page {
    /// The page carved before this one.
    older: *mut Page,
    /// Blocks carved so far. INVARIANT: they are the first ones after the header.
    carved: u32,
    /// Once the pool is gone: how many of the carved blocks are back. 0 before.
    back: u32,
}

/// What a free block holds.
struct Free {
    next: *mut Free,
}

/// Pages and free blocks of one size.
struct Class {
    /// The free list. INVARIANT: each block in it was taken from a page of this class, was
    /// released, and stands in it once.
    free: Cell<*mut Free>,
    /// The newest page: the only one with blocks that were never carved.
    page: Cell<*mut Page>,
}

struct Pool {
    classes: [Class; CLASSES],
}

const _: () = {
    assert!(POOL_BLOCK_BYTES_MIN.is_power_of_two() && POOL_BLOCK_BYTES_MAX.is_power_of_two());
    assert!(POOL_PAGE_BYTES.is_power_of_two(), "a mask finds the page of a block");
    assert!(size_of::<Page>() == POOL_BLOCK_BYTES_MIN, "the first block is aligned");
    assert!(size_of::<Page>() + POOL_BLOCK_BYTES_MAX <= POOL_PAGE_BYTES, "a page has a block");
    assert!(size_of::<Free>() <= POOL_BLOCK_BYTES_MIN && align_of::<Free>() <= align_of::<Page>());
};

thread_local! {
    static POOL: Pool = const { Pool::new() };
}

/// The class for values of this layout; `None` when they are too large or too aligned.
pub(super) fn class_of(layout: Layout) -> Option<usize> {
    if layout.size() > POOL_BLOCK_BYTES_MAX || layout.align() > POOL_BLOCK_BYTES_MIN {
        return None;
    }
    let bytes = layout.size().max(POOL_BLOCK_BYTES_MIN).next_power_of_two();
    Some((bytes / POOL_BLOCK_BYTES_MIN).ilog2() as usize)
}

/// A block of this class (below [`CLASSES`]), aligned to 64, the caller's alone.
pub(super) fn take(class: usize) -> NonNull<u8> {
    POOL.try_with(|pool| pool.classes[class].take(class)).unwrap_or_else(|_| {
        // A destructor of another thread-local makes a box after ours has run. It gets a page of
        // its own, without a pool, which goes when the block is given back.
        let page = Page::allocate(ptr::null_mut());
        // SAFETY: a page just made has room for a block.
        unsafe { Page::carve(page, class) }
    })
}

/// Takes a block back.
///
/// # Safety
///
/// - `block` came from [`take`] with the same `class`, on this thread.
/// - It was not released since, and nothing uses it any more.
pub(super) unsafe fn release(class: usize, block: NonNull<u8>) {
    let kept = POOL.try_with(|pool| {
        let class = &pool.classes[class];
        let free = block.cast::<Free>();
        // SAFETY: the block is free, and large and aligned enough for a link (const asserts).
        unsafe { free.write(Free { next: class.free.get() }) };
        class.free.set(free.as_ptr());
    });
    if kept.is_err() {
        let page = Page::of(block.as_ptr());
        // SAFETY: the block was in use, so its page lives; the pool is gone, so that only this
        // thread's remaining boxes refer to the page, and `count_back` is told of this block once.
        unsafe { Page::count_back(page) };
    }
}

impl Pool {
    const fn new() -> Self {
        Self { classes: [const { Class::new() }; CLASSES] }
    }
}

/// The thread ends. Boxes may outlive the pool, in thread-locals destroyed later: pages with a
/// block in use stay, and [`release`] frees each with its last block.
impl Drop for Pool {
    fn drop(&mut self) {
        for class in &self.classes {
            let mut free = class.free.replace(ptr::null_mut());
            while !free.is_null() {
                // SAFETY: the block is in the free list, so it holds a link, and its page lives:
                // this loop frees none. No reference to the page's header exists.
                unsafe {
                    (*Page::of(free.cast())).back += 1;
                    free = (*free).next;
                }
            }
            let mut page = class.page.replace(ptr::null_mut());
            while !page.is_null() {
                // SAFETY: the pages of a living pool live; each is read before it is freed, and
                // freed here only if no block of it is in use.
                unsafe {
                    let older = (*page).older;
                    if (*page).back == (*page).carved {
                        Page::free(page);
                    }
                    page = older;
                }
            }
        }
    }
}

impl Class {
    const fn new() -> Self {
        Self { free: Cell::new(ptr::null_mut()), page: Cell::new(ptr::null_mut()) }
    }

    fn take(&self, class: usize) -> NonNull<u8> {
        if let Some(free) = NonNull::new(self.free.get()) {
            // SAFETY: a block in the free list holds a link and is used by nobody else.
            self.free.set(unsafe { free.read() }.next);
            return free.cast();
        }
        let newest = self.page.get();
        // SAFETY: a page of a living pool lives, and only this thread reads or writes its header.
        let room = !newest.is_null() && unsafe { (*newest).carved } < Page::blocks(class);
        let page = if room {
            newest
        } else {
            let page = Page::allocate(newest);
            self.page.set(page);
            page
        };
        // SAFETY: the page lives and has room for a block.
        unsafe { Page::carve(page, class) }
    }
}

impl Page {
    const LAYOUT: Layout = match Layout::from_size_align(POOL_PAGE_BYTES, POOL_PAGE_BYTES) {
        Ok(layout) => layout,
        Err(_) => unreachable!(),
    };

    /// How many blocks of this class a page has room for.
    fn blocks(class: usize) -> u32 {
        ((POOL_PAGE_BYTES - size_of::<Self>()) / block_bytes(class)) as u32
    }

    /// The page that a block stands in. The pointer may be used where the block's may, as both
    /// stem from the page's allocation.
    fn of(block: *mut u8) -> *mut Self {
        block.map_addr(|address| address & !(POOL_PAGE_BYTES - 1)).cast()
    }

    /// A page with nothing carved. Its memory is touched block by block, as they are carved.
    fn allocate(older: *mut Self) -> *mut Self {
        // SAFETY: the layout's size is not 0.
        let page = unsafe { alloc::alloc(Self::LAYOUT) }.cast::<Self>();
        if page.is_null() {
            alloc::handle_alloc_error(Self::LAYOUT);
        }
        // SAFETY: the allocation is ours, and larger and more aligned than the header.
        unsafe { page.write(Self { older, carved: 0, back: 0 }) };
        page
    }

    /// A block that was never used.
    ///
    /// # Safety
    ///
    /// - `page` lives, belongs to this thread, and all its blocks are of this `class`.
    /// - Fewer than `blocks(class)` are carved.
    unsafe fn carve(page: *mut Self, class: usize) -> NonNull<u8> {
        // SAFETY: the page lives, and no reference to its header exists. The block lies within
        // the page, as there is room for one more, and is not null, as the page is not.
        unsafe {
            let offset = size_of::<Self>() + (*page).carved as usize * block_bytes(class);
            (*page).carved += 1;
            NonNull::new_unchecked(page.cast::<u8>().add(offset))
        }
    }

    /// Counts a block that comes back when its pool is gone; frees the page with the last.
    ///
    /// # Safety
    ///
    /// - `page` lives, belongs to this thread and to no pool.
    /// - A block of it was in use and is released by this call.
    unsafe fn count_back(page: *mut Self) {
        // SAFETY: the page lives, and no reference to its header exists. It is freed when all its
        // blocks are back, so that nothing points into it any more.
        unsafe {
            (*page).back += 1;
            if (*page).back == (*page).carved {
                Self::free(page);
            }
        }
    }

    /// # Safety
    ///
    /// - `page` came from `allocate` and was not freed; nothing uses it or a block of it any more.
    unsafe fn free(page: *mut Self) {
        // SAFETY: the caller's promise; the layout is the one it was allocated with.
        unsafe { alloc::dealloc(page.cast(), Self::LAYOUT) };
    }
}

fn block_bytes(class: usize) -> usize {
    POOL_BLOCK_BYTES_MIN << class
}
