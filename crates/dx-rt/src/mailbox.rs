//! Messages between cores.
//!
//! Owns a bounded queue with many senders and one owner, and the protocol by which an owner that
//! sleeps is woken. May not know what a message means or how a core is woken: that is
//! [`Notify`]'s. Invariant: once a push has returned, either the owner finds the message before it
//! sleeps, or it has been notified.
//!
//! The lock is taken only where cores meet, which is not on a request's path; an owner with an
//! empty mailbox pays one load.

use std::collections::VecDeque;
use std::sync::PoisonError;

use crate::bounded::Full;
use crate::sync::{AtomicBool, AtomicUsize, Mutex, Ordering, fence};

/// Wakes the owner of a mailbox out of its wait. Implemented by every `Fn() + Send + Sync`.
pub trait Notify: Send + Sync {
    /// Makes the owner's present or next wait return. May be called without need.
    fn notify(&self);
}

impl<F: Fn() + Send + Sync> Notify for F {
    fn notify(&self) {
        self();
    }
}

/// A bounded queue into one core.
///
/// Any thread may [`push`](Self::push). The other methods are for the owner alone: from another
/// thread they are safe, but the owner could sleep through a message.
///
/// ```
/// use dx_rt::mailbox::Mailbox;
///
/// let mailbox = Mailbox::new(16, || { /* write to the owner's eventfd */ });
/// mailbox.push("hello").unwrap();
///
/// assert!(!mailbox.prepare_sleep(), "there is something to read: do not sleep");
/// let mut inbox = Vec::new();
/// mailbox.drain(&mut inbox);
/// assert_eq!(inbox, ["hello"]);
///
/// if mailbox.prepare_sleep() {
///     // wait for events here
///     mailbox.awake();
/// }
/// ```
#[derive(Debug)]
pub struct Mailbox<T, N> {
    /// `None` once the mailbox is closed.
    queue: Mutex<Option<VecDeque<T>>>,
    /// The queue's length, written under the lock: lets the owner look without it.
    len: AtomicUsize,
    /// The owner sleeps, or is about to, and wants to be notified of the next message.
    sleeping: AtomicBool,
    capacity: usize,
    notify: N,
}

impl<T, N: Notify> Mailbox<T, N> {
    /// An empty mailbox for at most `capacity` messages, whose owner is awake.
    pub fn new(capacity: usize, notify: N) -> Self {
        Self {
            queue: Mutex::new(Some(VecDeque::new())),
            len: AtomicUsize::new(0),
            sleeping: AtomicBool::new(false),
            capacity,
            notify,
        }
    }

    /// Appends a message, and notifies the owner if it sleeps and no other push has done so.
    /// Messages of one thread arrive in order.
    ///
    /// # Errors
    ///
    /// [`Full`] with the message when `capacity` messages are waiting, or after [`close`].
    ///
    /// [`close`]: Self::close
    pub fn push(&self, message: T) -> Result<(), Full<T>> {
        {
            let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(queue) = queue.as_mut().filter(|queue| queue.len() < self.capacity) else {
                return Err(Full(message));
            };
            queue.push_back(message);
            self.len.store(queue.len(), Ordering::Release);
        }
        // Pairs with the fence in `prepare_sleep`: we wrote `len` and now read `sleeping`, the
        // owner writes `sleeping` and then reads `len`. Of two SeqCst fences one comes first, and
        // what was written before it is seen after the other: one of the two sees the other.
        fence(Ordering::SeqCst);
        // The swap lets one pusher of several notify; the load before it keeps the flag's cache
        // line shared while the owner is awake, which is the common case.
        if self.sleeping.load(Ordering::Relaxed) && self.sleeping.swap(false, Ordering::Relaxed) {
            self.notify.notify();
        }
        Ok(())
    }

    /// Moves every message to the end of `into`, oldest first, and returns how many there were.
    /// Costs one load when there are none; may miss a push that has not returned yet.
    pub fn drain(&self, into: &mut Vec<T>) -> usize {
        if self.is_empty() {
            return 0;
        }
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(queue) = &mut *queue else { return 0 };
        let count = queue.len();
        into.extend(queue.drain(..));
        self.len.store(0, Ordering::Release);
        count
    }

    /// Refuses every message from now on, and returns those that were waiting, oldest first. For an
    /// owner that ends: what it is sent later comes back to the sender at once.
    pub fn close(&self) -> VecDeque<T> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        self.len.store(0, Ordering::Release);
        queue.take().unwrap_or_default()
    }

    /// Advertises that the owner is about to sleep. `true`: it may, and the next push notifies.
    /// `false`: a message is there already, nothing was advertised.
    #[must_use]
    pub fn prepare_sleep(&self) -> bool {
        // A swap, here and in `awake`, where a store would do: loom knows an order between two
        // writes of a flag only if the later one reads, and the owner is about to make a system
        // call anyway.
        self.sleeping.swap(true, Ordering::Relaxed);
        // Pairs with the fence in `push`.
        fence(Ordering::SeqCst);
        if self.len.load(Ordering::Relaxed) == 0 {
            return true;
        }
        self.awake();
        false
    }

    /// Takes back what [`prepare_sleep`](Self::prepare_sleep) advertised. A push that has just
    /// seen it may still notify.
    pub fn awake(&self) {
        self.sleeping.swap(false, Ordering::Relaxed);
    }

    /// Whether no message was waiting a moment ago.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len.load(Ordering::Acquire) == 0
    }
}
