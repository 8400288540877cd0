//! A pinned, owning pointer into the thread's pool.
//!
//! Owns [`PoolBox`], how a value is placed ([`Place`]) and dropped. May not know what the values
//! do. Invariant: the block behind a `PoolBox` is its own from `new` to the end of the value's
//! destructor, and the value never moves in between.

use core::alloc::Layout;
use core::fmt;
use core::marker::PhantomData;
use core::mem;
use core::ops::{Deref, DerefMut};
use core::pin::Pin;
use core::ptr::NonNull;
use core::task::{Context, Poll};
use std::alloc;

mod pool;

/// Like `Pin<Box<T>>`, but the memory comes from a pool of the thread, and it stays there.
///
/// Blocks have 64, 128, ... 4096 bytes, all aligned to 64, and are carved out of 64 KiB pages;
/// larger or more aligned values come from the global allocator. Making one in a warm pool and
/// dropping it is a few instructions each, without an allocator, a lock or an atomic. The pool
/// keeps, for each size, at most what was in use at once (rounded up to a page): what bounds the
/// number of boxes bounds the pool. When the thread ends, its pages go back to the global
/// allocator, each with its last block.
///
/// It is not `Send`:
///
/// ```compile_fail,E0277
/// fn send<T: Send>(_: T) {}
/// send(dx_rt::task::PoolBox::new(1));
/// ```
///
/// A future, erased:
///
/// ```
/// use core::task::{Context, Poll, Waker};
/// use dx_rt::task::PoolBox;
///
/// let mut future = PoolBox::future(async { 6 * 7 });
/// let mut cx = Context::from_waker(Waker::noop());
/// assert_eq!(future.as_pin_mut().poll(&mut cx), Poll::Ready(42));
/// ```
pub struct PoolBox<T: ?Sized> {
    /// INVARIANT: points to a valid `T` in a block from `allocate(Layout::for_value(T))`, made on
    /// this thread (`NonNull` is not `Send`), that nothing else points to.
    pointer: NonNull<T>,
    /// Owns a `T`, for the drop check.
    owns: PhantomData<T>,
}

/// Where a value of some layout lives: a function of the layout alone, so that the destructor
/// finds the same answer as the constructor.
enum Place {
    /// In a block of the pool's n-th class.
    Pool(usize),
    /// In an allocation of this layout, whose size is not 0.
    Global(Layout),
}

/// Gives the block back when it goes out of scope, also while unwinding.
struct Block {
    /// INVARIANT: a block from `allocate(self.layout)` on this thread, not given back yet, whose
    /// value is destroyed by the time this is dropped.
    start: NonNull<u8>,
    layout: Layout,
}

impl<T> PoolBox<T> {
    /// Moves `value` into a block, where it stays. Aborts when memory is exhausted, as `Box` does.
    #[must_use]
    pub fn new(value: T) -> Self {
        let pointer = allocate(Layout::new::<T>()).cast::<T>();
        // SAFETY: the block is ours alone, and large and aligned enough for a `T` (`allocate`).
        unsafe { pointer.write(value) };
        Self { pointer, owns: PhantomData }
    }
}

impl<O> PoolBox<dyn Future<Output = O>> {
    /// Moves `future` into a block and forgets its type.
    #[must_use]
    pub fn future<F: Future<Output = O> + 'static>(future: F) -> Self {
        let boxed = mem::ManuallyDrop::new(PoolBox::new(future));
        let erased: *mut dyn Future<Output = O> = boxed.pointer.as_ptr();
        // SAFETY: the pointer of a `NonNull` is not null, and erasing keeps its address.
        let pointer = unsafe { NonNull::new_unchecked(erased) };
        // `pointer`'s invariant: the value and so its layout are the same as before, and `boxed`,
        // which is never dropped, has handed it over.
        Self { pointer, owns: PhantomData }
    }
}

impl<T: ?Sized> PoolBox<T> {
    /// The value, pinned.
    #[must_use]
    pub fn as_pin_mut(&mut self) -> Pin<&mut T> {
        // SAFETY: the reference is unique, as `self` is and `pointer` is the only pointer to the
        // value. Pinned: the value never moves, as `&mut T` is given out only where `T: Unpin`, and
        // its block is reused only after its destructor has run (`Drop`).
        unsafe { Pin::new_unchecked(self.pointer.as_mut()) }
    }
}

impl<T: ?Sized> Drop for PoolBox<T> {
    fn drop(&mut self) {
        // SAFETY: `pointer` points to a valid value.
        let layout = Layout::for_value(unsafe { self.pointer.as_ref() });
        // Dropped at the end of this function, or while a panic of the destructor unwinds.
        let _block = Block { start: self.pointer.cast(), layout };
        // SAFETY: the value is valid, and destroyed only here: `self` is not used again.
        unsafe { self.pointer.drop_in_place() };
    }
}

impl<T: ?Sized> Deref for PoolBox<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: `pointer` points to a valid value, borrowed as long as `self` is.
        unsafe { self.pointer.as_ref() }
    }
}

impl<T: ?Sized + Unpin> DerefMut for PoolBox<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.as_pin_mut().get_mut()
    }
}

/// The box may move; the value behind it does not.
impl<T: ?Sized> Unpin for PoolBox<T> {}

impl<F: ?Sized + Future> Future for PoolBox<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.as_pin_mut().poll(cx)
    }
}

impl<T: ?Sized> fmt::Debug for PoolBox<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PoolBox")
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        match Place::of(self.layout) {
            // SAFETY: the same layout gave the same class in `allocate`, on this thread; the
            // block is given back only here.
            Place::Pool(class) => unsafe { pool::release(class, self.start) },
            // SAFETY: the same layout gave the same place in `allocate`; given back only here.
            Place::Global(layout) => unsafe { alloc::dealloc(self.start.as_ptr(), layout) },
        }
    }
}

impl Place {
    fn of(layout: Layout) -> Self {
        if let Some(class) = pool::class_of(layout) {
            return Self::Pool(class);
        }
        // A type without size can be over-aligned; the global allocator wants a size.
        let sized = Layout::from_size_align(layout.size().max(1), layout.align());
        Self::Global(sized.unwrap_or(layout))
    }
}

/// A block for a value of this layout: the caller's alone until it is given back.
fn allocate(layout: Layout) -> NonNull<u8> {
    match Place::of(layout) {
        Place::Pool(class) => pool::take(class),
        Place::Global(layout) => {
            // SAFETY: `Place::Global` holds a layout whose size is not 0.
            let start = unsafe { alloc::alloc(layout) };
            NonNull::new(start).unwrap_or_else(|| alloc::handle_alloc_error(layout))
        }
    }
}
