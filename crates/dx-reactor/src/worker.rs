//! What the connections of one core share.
//!
//! Owns the compiled routes, the date of the second, and pools of what connections work with.
//! Invariant: everything here belongs to one core; nothing is locked and nothing is atomic.

use core::cell::{Cell, RefCell};
use std::rc::Rc;

use dx_http::{Date, HeadCache};
use dx_io::Instant;
use dx_rt::net::PeerAddr;

use crate::addresses::Addresses;
use crate::conn::Work;
use crate::limits::{
    CHUNK_BYTES, CHUNK_KEPT_BYTES, CHUNKS_KEPT, LAST_LOOK, LAST_LOOKS_MAX, Limits, WORKS_KEPT,
};
use crate::router::Router;

/// One core's share of the server.
pub(crate) struct Worker {
    pub(crate) router: Router,
    pub(crate) limits: Limits,
    /// The turn's time, as of the last poll of a connection.
    pub(crate) now: Cell<Instant>,
    /// Connections that live.
    pub(crate) connections: Cell<u32>,
    addresses: RefCell<Addresses>,
    /// Bytes of all connections that were gathered: to be answered, or understood, later.
    gathered: Cell<usize>,
    /// Listeners that are open.
    pub(crate) listening: Cell<u32>,
    /// A shutdown has begun: answer what was read, take nothing new.
    pub(crate) draining: Cell<bool>,
    /// From then on, what arrives came after the shutdown had begun.
    too_late: Cell<bool>,
    /// Woken when a connection or a listener ends. As many as there are listeners, and one.
    closed: RefCell<Vec<core::task::Waker>>,
    heads: RefCell<Heads>,
    /// What input is gathered in.
    chunks: RefCell<Vec<Rc<Vec<u8>>>>,
    // Boxed, because a connection holds its state by a pointer and is small without it.
    #[allow(clippy::vec_box)]
    works: RefCell<Vec<Box<Work>>>,
}

struct Heads {
    date: Date,
    /// When the date must be made anew.
    until: Instant,
    last: HeadCache,
}

impl Worker {
    pub(crate) fn new(router: Router, limits: Limits) -> Rc<Self> {
        Rc::new(Self {
            router,
            limits,
            now: Cell::new(Instant::ZERO),
            connections: Cell::new(0),
            addresses: RefCell::new(Addresses::default()),
            gathered: Cell::new(0),
            listening: Cell::new(0),
            draining: Cell::new(false),
            too_late: Cell::new(false),
            closed: RefCell::new(Vec::new()),
            heads: RefCell::new(Heads {
                date: Date::from_unix(0),
                until: Instant::ZERO,
                last: HeadCache::new(),
            }),
            chunks: RefCell::new(Vec::new()),
            works: RefCell::new(Vec::new()),
        })
    }

    /// Calls `f` with the date of the present second, which is formatted once a second, and the
    /// head that was written last.
    pub(crate) fn with_heads<R>(&self, f: impl FnOnce(&Date, &mut HeadCache) -> R) -> R {
        let now = self.now.get();
        let heads = &mut *self.heads.borrow_mut();
        if now >= heads.until {
            let wall = dx_rt::time::wall();
            let rest = 1_000_000_000 - u64::from(wall.subsec_nanos());
            heads.date = Date::from_unix(wall.as_secs());
            heads.until = Instant::from_nanos(now.as_nanos() + rest);
        }
        f(&heads.date, &mut heads.last)
    }

    /// An empty buffer, warm if there is one, ready to be shared; nobody else holds it yet.
    pub(crate) fn take_chunk(&self) -> Rc<Vec<u8>> {
        let kept = self.chunks.borrow_mut().pop();
        kept.unwrap_or_else(|| Rc::new(Vec::with_capacity(CHUNK_BYTES)))
    }

    /// Takes a buffer back, unless somebody still reads it.
    pub(crate) fn give_chunk(&self, mut chunk: Rc<Vec<u8>>) {
        let mut chunks = self.chunks.borrow_mut();
        let Some(bytes) = Rc::get_mut(&mut chunk) else { return };
        if bytes.capacity() <= CHUNK_KEPT_BYTES && chunks.len() < CHUNKS_KEPT {
            bytes.clear();
            chunks.push(chunk);
        }
    }

    pub(crate) fn take_work(&self) -> Box<Work> {
        self.works.borrow_mut().pop().unwrap_or_default()
    }

    /// Takes a working state back; it must be empty.
    pub(crate) fn give_work(&self, work: Box<Work>) {
        let mut works = self.works.borrow_mut();
        if works.len() < WORKS_KEPT {
            works.push(work);
        }
    }

    /// A shutdown begins, and with it the last look.
    pub(crate) async fn begin_draining(&self) {
        self.draining.set(true);
        dx_rt::wake_all();
        last_look().await;
        self.too_late.set(true);
    }

    /// Whether what arrives now came after the shutdown had begun.
    pub(crate) fn is_too_late(&self) -> bool {
        self.too_late.get()
    }

    /// `bytes` were gathered, or let go of.
    pub(crate) fn count_gathered(&self, more: usize, less: usize) {
        self.gathered.set(self.gathered.get() + more - less);
    }

    /// Whether more was gathered than may be.
    pub(crate) fn has_too_much_input(&self) -> bool {
        self.gathered.get() > self.limits.input_max
    }

    /// Whether no further connection is allowed.
    pub(crate) const fn is_full(&self) -> bool {
        self.connections.get() >= self.limits.connections_max
    }

    /// Counts a connection, unless its client has too many.
    pub(crate) fn opened(&self, peer: &PeerAddr) -> bool {
        let max = self.limits.connections_per_address_max;
        if max < u32::MAX {
            let address = peer.to_socket_addr().ip();
            if !self.addresses.borrow_mut().add(address, max) {
                return false;
            }
        }
        self.connections.set(self.connections.get() + 1);
        true
    }

    pub(crate) fn closed(&self, peer: &PeerAddr) {
        if self.limits.connections_per_address_max < u32::MAX {
            self.addresses.borrow_mut().remove(peer.to_socket_addr().ip());
        }
        self.connections.set(self.connections.get() - 1);
        self.wake_closed();
    }

    /// Wakes everybody who waits for a connection or a listener to end.
    pub(crate) fn wake_closed(&self) {
        for waker in self.closed.take() {
            waker.wake();
        }
    }

    /// Waits until a connection or a listener has ended, or a shutdown has begun.
    pub(crate) async fn one_closed(&self) {
        let before = self.ends();
        core::future::poll_fn(|cx| {
            if self.ends() != before {
                return core::task::Poll::Ready(());
            }
            self.closed.borrow_mut().push(cx.waker().clone());
            core::task::Poll::Pending
        })
        .await;
    }

    fn ends(&self) -> (u32, u32, bool) {
        (self.connections.get(), self.listening.get(), self.draining.get())
    }
}

/// Waits until what the kernel had before has been taken in.
///
/// The end is an event, not a point in time, however long the process stood still: a wait that
/// brought nothing, or so many waits that peers who send on and on must be all that is left.
pub(crate) async fn last_look() {
    dx_rt::time::sleep(LAST_LOOK).await;
    for _ in 0..LAST_LOOKS_MAX {
        // The timer has fired before a wait, and this runs after it.
        if dx_rt::completions() == 0 {
            return;
        }
        dx_rt::time::yield_now().await;
    }
}
