//! Taking connections in.
//!
//! Owns the accept loop of one listener. May not know protocols. Invariants: no connection is
//! accepted beyond the bound, so that the kernel keeps it and no client is dropped; when
//! descriptors run out, it waits and does not spin.

use core::task::Poll;
use std::rc::Rc;

use dx_io::limits::LISTEN_BACKLOG;
use dx_rt::net::TcpListener;

use crate::conn::Conn;
use crate::limits::ACCEPT_BACKOFF;
use crate::worker::{Worker, last_look};

/// Looks without an arrival, with a wait between two of them, after which the kernel's queue
/// counts as empty.
const EMPTY_LOOKS: u32 = 3;

/// Accepts from one listener, for one worker.
pub(crate) struct Acceptor {
    worker: Rc<Worker>,
    listener: TcpListener,
}

impl Acceptor {
    pub(crate) fn new(worker: &Rc<Worker>, listener: TcpListener) -> Self {
        worker.listening.set(worker.listening.get() + 1);
        Self { worker: worker.clone(), listener }
    }

    /// Runs until a shutdown has begun and the kernel's queue is empty.
    pub(crate) async fn run(mut self) {
        while !self.worker.draining.get() {
            if self.worker.is_full() {
                self.wait_for_room().await;
                continue;
            }
            match self.next_or_draining().await {
                Some(Ok(stream)) => Conn::spawn(&self.worker, stream),
                // Out of descriptors, as a rule. No accept is posted while we wait.
                Some(Err(_)) => dx_rt::time::sleep(ACCEPT_BACKOFF).await,
                None => break,
            }
        }
        self.empty_queue().await;
    }

    /// The next connection, or `None` once a shutdown has begun.
    async fn next_or_draining(&mut self) -> Option<std::io::Result<dx_rt::net::TcpStream>> {
        core::future::poll_fn(|cx| match self.listener.poll_accept(cx) {
            Poll::Ready(accepted) => Poll::Ready(Some(accepted)),
            // A shutdown wakes every task of the core.
            Poll::Pending if self.worker.draining.get() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        })
        .await
    }

    async fn wait_for_room(&self) {
        while self.worker.is_full() && !self.worker.draining.get() {
            self.worker.one_closed().await;
        }
    }

    /// A connection left in the queue of a closed listener is reset by the kernel. Whoever has
    /// connected before the shutdown is taken in, and answered if a request is there. The queue
    /// held no more than its length: clients that keep coming do not keep it from ending.
    async fn empty_queue(&mut self) {
        let (mut empty, mut taken) = (0, 0);
        while empty < EMPTY_LOOKS && taken < LISTEN_BACKLOG {
            if self.worker.is_full() {
                // Connections end fast now; whoever waits for room has connected before as well.
                self.worker.one_closed().await;
                continue;
            }
            match self.next_or_draining().await {
                Some(Ok(stream)) => {
                    (empty, taken) = (0, taken + 1);
                    Conn::spawn(&self.worker, stream);
                }
                // Out of descriptors: errors may stand before connections that were taken in.
                Some(Err(_)) => taken += 1,
                None => {
                    empty += 1;
                    if empty == EMPTY_LOOKS {
                        break; // at once: what arrives in a wait must be looked at
                    }
                    last_look().await;
                }
            }
        }
    }
}

impl Drop for Acceptor {
    fn drop(&mut self) {
        self.worker.listening.set(self.worker.listening.get() - 1);
        self.worker.wake_closed();
    }
}

/// Waits until every listener of the worker is closed.
pub(crate) async fn all_closed(worker: &Worker) {
    while worker.listening.get() > 0 {
        worker.one_closed().await;
    }
}
