//! Memory that a thread uses again.
//!
//! Owns [`Stock`]. May not know what is kept. Its one invariant: a stock never holds more than its
//! bound.

use core::cell::RefCell;
use std::thread::LocalKey;

/// Up to `MAX` values that are done with, kept by one thread for its next need.
pub(crate) struct Stock<T, const MAX: usize> {
    kept: RefCell<Vec<T>>,
}

impl<T, const MAX: usize> Stock<T, MAX> {
    pub(crate) const fn new() -> Self {
        Self { kept: RefCell::new(Vec::new()) }
    }

    /// The value that was given last, if there is one.
    #[inline(always)]
    pub(crate) fn take(key: &'static LocalKey<Self>) -> Option<T> {
        // The stock is gone while its thread ends.
        key.try_with(|stock| stock.kept.borrow_mut().pop()).ok().flatten()
    }

    /// Keeps `value`, or drops it if there are enough.
    #[inline(always)]
    pub(crate) fn give(key: &'static LocalKey<Self>, value: T) {
        let _ = key.try_with(move |stock| {
            let mut kept = stock.kept.borrow_mut();
            if kept.len() < MAX {
                kept.push(value);
            }
        });
    }

    #[cfg(test)]
    pub(crate) fn len(key: &'static LocalKey<Self>) -> usize {
        key.with(|stock| stock.kept.borrow().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    thread_local! {
        static STOCK: Stock<u32, 3> = const { Stock::new() };
    }

    #[test]
    fn the_last_given_is_the_first_taken_and_never_more_than_the_bound() {
        assert_eq!(Stock::take(&STOCK), None);
        for value in 0..5 {
            Stock::give(&STOCK, value);
        }
        assert_eq!(Stock::len(&STOCK), 3);
        let taken: Vec<_> = core::iter::from_fn(|| Stock::take(&STOCK)).collect();
        assert_eq!(taken, [2, 1, 0]);
    }
}
