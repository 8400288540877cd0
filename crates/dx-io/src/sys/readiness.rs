//! Readiness turned into completion, once, for every kernel that has only readiness.
//!
//! Owns [`Readiness`], a [`Reactor`] over any [`Selector`]: the queue of what was pushed, the
//! queue of what is done. `steps.rs` executes operations, `events.rs` answers readiness. May not
//! know which kernel it runs on. Invariant: an operation is in exactly one place: queued here,
//! waiting at its socket (`socks.rs`), or ended in `ready`; its table entry retires when its last
//! completion is reaped, so an owner may let go at any point before.
//!
//! Calls on sockets are synchronous: the kernel holds no memory of ours between them, and dropping
//! the reactor with everything in flight is safe. Files go to threads that may block (`files.rs`),
//! which own what they work on.

mod events;
mod files;
mod held;
mod selector;
mod socks;
mod steps;
#[cfg(test)]
mod tests;

use core::mem;
use core::time::Duration;
use std::io;

pub(crate) use self::selector::{Event, Interest, Selector};

use self::held::Held;
use self::socks::Socks;
use self::steps::{Queued, Step};
use super::clock::HostClock;
use super::file_jobs::{FileJobs, FileWork};
use super::socket_calls;
use socket2::SockRef;

use crate::buf::{BufferPool, FixedBuf, FixedBuffers, Lease, RoomBuffers};
use crate::completion::{Completion, CompletionFlags};
use crate::config::{IoBackend, ReactorConfig, StartError};
use crate::inflight::{InFlight, State};
use crate::limits::SELECTOR_EVENTS;
use crate::op::{Op, Payload, PushError, PushErrorKind};
use crate::reactor::Reactor;
use crate::sock::{Accepted, Listener, Sock};
use crate::time::Instant;
use crate::token::{OpKind, Token};
use crate::wake::Waker;

/// An operation that has no socket.
const NO_SOCK: Sock = Sock::new(0, 0);

/// One step of an operation has happened; the table entry still stands.
#[derive(Clone, Copy, Debug)]
struct Raw {
    token: Token,
    result: i32,
    flags: CompletionFlags,
}

/// A [`Reactor`] on a readiness selector.
#[derive(Debug)]
pub(crate) struct Readiness<S> {
    selector: S,
    socks: Socks,
    in_flight: InFlight<Held>,
    buffers: RoomBuffers,
    fixed: FixedBuffers,
    files: FileJobs,
    /// Pushed, not yet executed. Bounded by the in-flight table.
    queued: Vec<Queued>,
    /// Happened, not yet reaped. Bounded by the in-flight table and the receive buffers.
    ready: Vec<Raw>,
    /// Reused by every wait.
    events: Vec<Event>,
    clock: HostClock,
    /// An accept was held back because the socket table was full.
    held_back: bool,
    /// The last wait asked the selector.
    asked: bool,
}

impl<S: Selector> Readiness<S> {
    /// The name `Driver` knows this room by.
    pub(crate) const BACKEND: IoBackend = S::BACKEND;

    /// What this room uses of its kernel, for people.
    pub(crate) fn features(&self) -> String {
        self.selector.features()
    }

    /// Connections that can be open at a time.
    pub(crate) const fn sockets_max(&self) -> u32 {
        self.socks.connections_max()
    }

    /// Waits until `min` operations are done, a wake arrived, or `timeout` passed.
    fn wait_for(&mut self, min: usize, timeout: Option<Duration>) -> io::Result<()> {
        self.feed_starved();
        if self.ready.len() >= min {
            // Sends end at once, so most turns come here with something done. Asking the selector
            // every second time keeps a chain of sends from starving the sockets, and saves the
            // others a system call. A caller that has work of its own (`min` 0) always asks.
            self.asked = min == 0 || !self.asked;
            return if self.asked { self.poll(Some(Duration::ZERO)).map(drop) } else { Ok(()) };
        }
        self.asked = true;
        let deadline = timeout.map(|timeout| self.clock.now() + timeout);
        let mut left = timeout;
        loop {
            if self.poll(left)? || self.ready.len() >= min {
                return Ok(());
            }
            // Interrupted, or the readiness came to nothing: wait for the rest.
            left = deadline.map(|deadline| deadline - self.clock.now());
            if left == Some(Duration::ZERO) {
                return Ok(());
            }
        }
    }

    /// Turns one reached step into what its owner sees, if it has one.
    fn settle(&mut self, raw: Raw) -> Option<Completion> {
        let entry = self.in_flight.entry(raw.token);
        let wanted = entry.filter(|entry| entry.state == State::Submitted);
        if wanted.is_none()
            && let Some(id) = raw.flags.buffer_id()
        {
            self.buffers.discard(id);
        }
        if !raw.flags.has_more() {
            if entry.is_some_and(|entry| entry.kind == OpKind::SendFile) {
                // Its owner gets nothing back, so there is nothing to take.
                drop(self.in_flight.strip(raw.token));
            }
            if let Some(held) = self.in_flight.finish(raw.token) {
                self.dispose(held);
            }
        }
        wanted.map(|entry| Completion::new(entry.user_data, raw.result, raw.flags))
    }

    /// Frees what an operation nobody waits for owned or has brought.
    fn dispose(&mut self, held: Held) {
        match held {
            Held::Ready(Payload::Connection { sock, .. }) | Held::Connecting { sock, .. } => {
                self.close_now(sock);
            }
            _ => {}
        }
    }

    /// Starts an operation and queues what is to be done for it.
    fn enter(&mut self, kind: OpKind, at: (Sock, u64), held: Option<Held>, step: Step) -> Token {
        let (sock, user_data) = at;
        // `push` has checked the bound, so there is room.
        let token = self.in_flight.insert(kind, sock, user_data, held).unwrap_or(Token::NONE);
        self.queued.push(Queued { token, sock, step });
        token
    }

    fn push_connect(&mut self, peer: std::net::SocketAddr, user_data: u64) -> io::Result<Token> {
        if self.socks.is_full() {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        let sock = self.socks.add(socket_calls::connecting(peer)?);
        let held = Held::Connecting { sock, peer };
        Ok(self.enter(OpKind::Connect, (sock, user_data), Some(held), Step::Connect(peer)))
    }
}

impl<S: Selector> Reactor for Readiness<S> {
    fn new(config: &ReactorConfig) -> Result<Self, StartError> {
        let selector = S::new()?;
        let descriptors = super::host::limits().descriptors_soft;
        let sockets_max = config.connections_with(descriptors);
        let buffers = RoomBuffers::new(config.recv_buffers, config.recv_buffer_len);
        // The list is last in, first out: a core under light load uses one warm buffer.
        (0..buffers.count()).rev().for_each(|id| buffers.push_returned(id));
        Ok(Self {
            files: FileJobs::new(config.blocking.clone(), selector.waker()),
            selector,
            socks: Socks::new(sockets_max),
            in_flight: InFlight::new(config.in_flight_max),
            buffers,
            fixed: FixedBuffers::new(config.fixed_buffers, config.fixed_buffer_len),
            queued: Vec::new(),
            ready: Vec::new(),
            events: Vec::with_capacity(SELECTOR_EVENTS),
            clock: HostClock::new(),
            held_back: false,
            asked: false,
        })
    }

    fn backend(&self) -> IoBackend {
        S::BACKEND
    }

    fn push(&mut self, op: Op, user_data: u64) -> Result<Token, PushError> {
        if self.in_flight.is_full() {
            return Err(PushError { op, kind: PushErrorKind::Full });
        }
        let kind = op.kind();
        if let Some(sock) = op.sock()
            && !self.socks.is_usable(sock)
        {
            return Err(PushError { op, kind: PushErrorKind::StaleSock });
        }
        let at = |sock| (sock, user_data);
        Ok(match op {
            Op::Accept { listener, hand_over } => {
                let step = Step::Accept { hand_over };
                self.enter(kind, at(listener), Some(Held::Accepting), step)
            }
            Op::Connect { peer } => match self.push_connect(peer, user_data) {
                Ok(token) => token,
                Err(error) => return Err(PushError { op, kind: PushErrorKind::Os(error) }),
            },
            Op::Recv { sock } => self.enter(kind, at(sock), None, Step::Recv),
            // A kernel with readiness only has no send that ends when the bytes have left.
            Op::Send { sock, buf, start } | Op::SendZeroCopy { sock, buf, start } => {
                self.enter(kind, at(sock), Some(Held::Buffer { buf, start }), Step::Send)
            }
            Op::SendVectored { sock, bufs } => {
                self.enter(kind, at(sock), Some(Held::Buffers(bufs)), Step::Send)
            }
            Op::Shutdown { sock, how } => self.enter(kind, at(sock), None, Step::Shutdown(how)),
            Op::Close { sock } => {
                self.socks.mark_closing(sock);
                self.enter(kind, at(sock), None, Step::Close)
            }
            Op::Cancel { target } => self.enter(kind, at(NO_SOCK), None, Step::Cancel(target)),
            Op::Wake { target } => self.enter(kind, at(NO_SOCK), None, Step::Wake(target)),
            Op::SendFile { sock, file, offset, len } => {
                self.enter(kind, at(sock), Some(Held::SendFile { file, offset, len }), Step::Send)
            }
            Op::Read { file, buf, offset } => {
                let work = FileWork { file, buf, offset, write_from: None };
                self.enter(kind, at(NO_SOCK), Some(Held::File(Box::new(work))), Step::File)
            }
            Op::Write { file, buf, start, offset } => {
                let work = FileWork { file, buf, offset, write_from: Some(start) };
                self.enter(kind, at(NO_SOCK), Some(Held::File(Box::new(work))), Step::File)
            }
        })
    }

    fn submit(&mut self) -> io::Result<usize> {
        let mut queued = mem::take(&mut self.queued);
        let count = queued.len();
        for queued in queued.drain(..) {
            self.execute(queued);
        }
        self.queued = queued; // executing queues nothing; keep the memory
        Ok(count)
    }

    fn wait(&mut self, timeout: Option<Duration>) -> io::Result<usize> {
        self.wait_for(1, timeout)?;
        Ok(self.ready.len())
    }

    fn submit_and_wait(&mut self, min: usize, timeout: Option<Duration>) -> io::Result<usize> {
        let count = self.submit()?;
        self.wait_for(min, timeout)?;
        Ok(count)
    }

    fn reap(&mut self, out: &mut Vec<Completion>) -> usize {
        let before = out.len();
        let mut ready = mem::take(&mut self.ready);
        out.extend(ready.drain(..).filter_map(|raw| self.settle(raw)));
        // Closing an orphan's connection may have ended an accept: the next reap has it.
        ready.append(&mut self.ready);
        self.ready = ready;
        out.len() - before
    }

    fn take(&mut self, token: Token) -> Payload {
        self.in_flight.take(token).map_or(Payload::None, Held::into_payload)
    }

    fn orphan(&mut self, token: Token) {
        let Some(entry) = self.in_flight.entry(token) else { return };
        if let Some(held) = self.in_flight.orphan(token) {
            return self.dispose(held);
        }
        let waits_for_ever = matches!(entry.kind, OpKind::Accept | OpKind::Connect | OpKind::Recv);
        // What is still queued is seen by `execute`, what has ended by `settle`.
        if waits_for_ever
            && self.detach(token, entry.sock)
            && let Some(held) = self.in_flight.finish(token)
        {
            self.dispose(held);
        }
    }

    fn claim(&mut self, completion: &Completion) -> Option<Lease> {
        self.buffers.claim(completion.flags.buffer_id()?)
    }

    fn listen(&mut self, listener: Listener) -> io::Result<Sock> {
        let socket = listener.into_socket()?;
        socket.set_nonblocking(true)?;
        Ok(self.socks.add_listener(socket))
    }

    fn attach(&mut self, accepted: Accepted) -> io::Result<Sock> {
        if self.socks.is_full() {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        let socket = accepted.into_socket()?;
        // Sends and receives say that they must not block; sendfile(2) cannot.
        socket.set_nonblocking(true)?;
        Ok(self.socks.add(socket))
    }

    fn with_raw(&mut self, sock: Sock, f: &mut dyn FnMut(SockRef<'_>)) -> io::Result<()> {
        let socket = self.socks.socket(sock).ok_or(io::ErrorKind::NotConnected)?;
        f(SockRef::from(socket));
        Ok(())
    }

    fn fixed_buffer(&mut self) -> Option<FixedBuf> {
        self.fixed.take()
    }

    fn buffers(&self) -> &BufferPool {
        self.buffers.pool()
    }

    fn waker(&self) -> Waker {
        self.selector.waker()
    }

    fn now(&self) -> Instant {
        self.clock.now()
    }

    fn wall(&self) -> Duration {
        self.clock.wall()
    }

    fn entropy(&mut self) -> u64 {
        self.clock.entropy()
    }

    fn in_flight(&self) -> usize {
        self.in_flight.live()
    }

    fn sockets(&self) -> usize {
        self.socks.open()
    }
}
