//! The IOCP room: operations become overlapped calls, packets come back as completions.
//!
//! Owns one completion port and the sockets that are associated with it for life. `start.rs`
//! executes operations, `complete.rs` reads packets. Knows no readiness. Invariant: an operation
//! is in exactly one place: queued here, in the kernel (its OVERLAPPED is lent), waiting for a
//! buffer or a place (`starved`, `parked`), or ended in `ready`; its table entry retires when its
//! last completion is reaped, so an owner may let go at any point before. What the kernel points
//! at lives until its packet has come; on drop the port is emptied first, and what could not be
//! emptied is leaked, never freed.
//!
//! Every call that began ends by a packet, also one that was done at once:
//! `FILE_SKIP_COMPLETION_PORT_ON_SUCCESS` stays off. It saves a packet where a send is done at
//! once, but needs a budget (a socket that is always ready would never let go of the core) and a
//! provider of Winsock that is a plain one; that is a matter of speed, to be measured first.

mod calls;
mod complete;
mod files;
mod held;
mod overlapped;
mod port;
mod socks;
mod start;
#[cfg(test)]
mod tests;
mod translate;
mod wake;

pub(super) use self::translate::error as errno_of;

use core::mem;
use core::time::Duration;
use std::collections::VecDeque;
use std::io;

use socket2::SockRef;

use self::calls::Extensions;
use self::held::Held;
use self::overlapped::Overlapped;
use self::port::{Packet, Port};
use self::socks::{Listens, Socks};
use self::start::{Queued, Step};
use self::wake::IocpWake;
use super::clock::HostClock;
use super::file_jobs::{FileJobs, FileWork};
use crate::buf::{BufferPool, FixedBuf, FixedBuffers, Lease, RoomBuffers};
use crate::completion::{Completion, CompletionFlags};
use crate::config::{IoBackend, ReactorConfig, StartError, StartStep};
use crate::inflight::{InFlight, State};
use crate::limits::COMPLETION_PACKETS;
use crate::op::{Op, Payload, PushError, PushErrorKind};
use crate::reactor::Reactor;
use crate::sock::{Accepted, Listener, Sock};
use crate::time::Instant;
use crate::token::{OpKind, Token};
use crate::wake::Waker;

/// An operation that has no socket.
const NO_SOCK: Sock = Sock::new(u32::MAX >> 1, 0);
/// How long a drop waits for the kernel to let go, per round, and how often.
const DRAIN_ROUND: Duration = Duration::from_millis(20);
const DRAIN_ROUNDS: u32 = 250;

/// One step of an operation has happened; the table entry still stands.
#[derive(Clone, Copy, Debug)]
struct Raw {
    token: Token,
    result: i32,
    flags: CompletionFlags,
}

/// A [`Reactor`] on one completion port.
#[derive(Debug)]
pub(crate) struct IocpReactor {
    port: Port,
    extensions: Extensions,
    overlapped: Overlapped,
    in_flight: InFlight<Held>,
    socks: Socks,
    buffers: RoomBuffers,
    fixed: FixedBuffers,
    files: FileJobs,
    /// Pushed, not yet executed. Bounded by the in-flight table.
    queued: Vec<Queued>,
    /// Happened, not yet reaped. Bounded by the in-flight table and the receive buffers.
    ready: Vec<Raw>,
    /// Receives that found no buffer, first come first served.
    starved: VecDeque<Token>,
    /// Accepts held back because the socket table is full.
    parked: VecDeque<Token>,
    /// Reused by every wait.
    packets: Vec<Packet>,
    wake: IocpWake,
    clock: HostClock,
}

impl IocpReactor {
    /// The name `Driver` knows this room by.
    pub(crate) const BACKEND: IoBackend = IoBackend::Iocp;

    /// What this room uses of its kernel, for people.
    pub(crate) fn features(&self) -> String {
        format!("AcceptEx, ConnectEx, zero-byte receives, {COMPLETION_PACKETS} packets at a time")
    }

    /// No call of this room is counted.
    pub(crate) const fn enters(&self) -> Option<u64> {
        None
    }

    /// Connections that can be open at a time.
    pub(crate) const fn sockets_max(&self) -> u32 {
        self.socks.connections_max()
    }

    /// Waits until `min` operations are done, a wake arrived, or `timeout` passed.
    fn wait_for(&mut self, min: usize, timeout: Option<Duration>) -> io::Result<()> {
        self.feed_starved();
        if self.ready.len() >= min {
            return self.poll(Some(Duration::ZERO)).map(drop);
        }
        let deadline = timeout.map(|timeout| self.clock.now() + timeout);
        let mut left = timeout;
        loop {
            if self.poll(left)? || self.ready.len() >= min {
                return Ok(());
            }
            // A tick too early, or the packets came to nothing: wait for the rest.
            left = deadline.map(|deadline| deadline - self.clock.now());
            if left == Some(Duration::ZERO) {
                return Ok(());
            }
        }
    }

    /// Takes one batch of packets and does what follows from them. Whether a wake was among them.
    fn poll(&mut self, timeout: Option<Duration>) -> io::Result<bool> {
        let mut packets = mem::take(&mut self.packets);
        let taken = self.port.take(timeout, &mut packets);
        let mut woken = false;
        for packet in packets.drain(..) {
            match packet {
                Packet::Wake => {
                    self.wake.arrived();
                    woken = true;
                }
                Packet::Ended { overlapped, bytes } => {
                    // SAFETY: operations are the only ones that give OVERLAPPEDs to sockets of
                    // this port, all of them lent by `overlapped`; each is used for one call,
                    // which ends by one packet.
                    let ended = unsafe { self.overlapped.ended(overlapped) };
                    self.complete(ended, bytes);
                }
            }
        }
        self.packets = packets;
        self.collect_files();
        taken.map(|()| woken)
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
        if !raw.flags.has_more()
            && let Some(held) = self.in_flight.finish(raw.token)
        {
            self.dispose(held);
        }
        wanted.map(|entry| Completion::new(entry.user_data, raw.result, raw.flags))
    }

    /// Frees what an operation nobody waits for owned or has brought.
    fn dispose(&mut self, held: Held) {
        match held {
            Held::Ready(Payload::Connection { sock, .. }) => self.close_now(sock),
            Held::Connecting(slot) => self.close_now(slot.sock),
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
}

impl Reactor for IocpReactor {
    fn new(config: &ReactorConfig) -> Result<Self, StartError> {
        let step = |step| move |error| StartError::new(step, error);
        // First, because the first socket starts Winsock.
        let extensions = Extensions::load().map_err(step(StartStep::SocketExtensions))?;
        let port = Port::new().map_err(step(StartStep::CompletionPort))?;
        let buffers = RoomBuffers::new(config.recv_buffers, config.recv_buffer_len);
        // The list is last in, first out: a core under light load uses one warm buffer.
        (0..buffers.count()).rev().for_each(|id| buffers.push_returned(id));
        let wake = IocpWake::new(&port);
        Ok(Self {
            files: FileJobs::new(config.blocking.clone(), wake.waker()),
            fixed: FixedBuffers::new(config.fixed_buffers, config.fixed_buffer_len),
            wake,
            port,
            extensions,
            overlapped: Overlapped::default(),
            in_flight: InFlight::new(config.in_flight_max),
            socks: Socks::new(config.connections_with(super::host::limits().descriptors_soft)),
            buffers,
            queued: Vec::new(),
            ready: Vec::new(),
            starved: VecDeque::new(),
            parked: VecDeque::new(),
            packets: Vec::with_capacity(COMPLETION_PACKETS),
            clock: HostClock::new(),
        })
    }

    fn backend(&self) -> IoBackend {
        IoBackend::Iocp
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
                let held = Held::Accepting(held::AcceptSlot::new(hand_over));
                self.enter(kind, at(listener), Some(held), Step::Accept)
            }
            Op::Connect { peer } => match self.connecting(peer) {
                Ok(slot) => {
                    let sock = slot.sock;
                    self.enter(kind, at(sock), Some(Held::Connecting(slot)), Step::Connect)
                }
                Err(error) => return Err(PushError { op, kind: PushErrorKind::Os(error) }),
            },
            Op::Recv { sock } => self.enter(kind, at(sock), None, Step::Recv),
            // There is no send here that leaves bytes where they lie and says when it is done.
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
            Op::Read { file, buf, offset } => {
                let work = FileWork { file, buf, offset, write_from: None };
                self.enter(kind, at(NO_SOCK), Some(Held::File(Box::new(work))), Step::File)
            }
            Op::Write { file, buf, start, offset } => {
                let work = FileWork { file, buf, offset, write_from: Some(start) };
                self.enter(kind, at(NO_SOCK), Some(Held::File(Box::new(work))), Step::File)
            }
            // TransmitFile does not tell what went out before it was cancelled, so whoever
            // cancels could not go on: no send of files rather than one that may lose its place.
            op @ Op::SendFile { .. } => {
                return Err(PushError { op, kind: PushErrorKind::Unsupported });
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
        // Closing an orphan's connection may have ended others: the next reap has them.
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
        // What is still queued is seen by `execute`, what has ended by `settle`.
        if !matches!(entry.kind, OpKind::Accept | OpKind::Connect | OpKind::Recv) {
            return;
        }
        if self.unpark(token, entry.sock) {
            if let Some(held) = self.in_flight.finish(token) {
                self.dispose(held);
            }
        } else {
            self.cancel_in_kernel(token, entry.sock);
        }
    }

    fn claim(&mut self, completion: &Completion) -> Option<Lease> {
        self.buffers.claim(completion.flags.buffer_id()?)
    }

    fn listen(&mut self, listener: Listener) -> io::Result<Sock> {
        let local = listener.local_addr();
        let socket = listener.into_socket()?;
        self.port.associate(&socket)?;
        let domain = socket2::Domain::for_address(local);
        let listens = Listens { domain, nodelay: socket.tcp_nodelay()? };
        Ok(self.socks.add_listener(socket, listens))
    }

    fn attach(&mut self, accepted: Accepted) -> io::Result<Sock> {
        if self.socks.is_full() {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        let socket = accepted.into_socket()?;
        self.adopt(&socket)?;
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
        self.wake.waker()
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

impl Drop for IocpReactor {
    fn drop(&mut self) {
        let pending: Vec<Token> = self.in_flight.pending().collect();
        for token in pending {
            self.orphan(token);
        }
        for sock in self.socks.all() {
            self.close_now(sock);
        }
        for _ in 0..DRAIN_ROUNDS {
            if self.overlapped.lent() == 0 || self.poll(Some(DRAIN_ROUND)).is_err() {
                break;
            }
        }
        if self.overlapped.lent() > 0 {
            // The kernel still holds pointers: leaking is the only safe answer. The OVERLAPPEDs
            // see to themselves.
            mem::forget(mem::replace(&mut self.in_flight, InFlight::new(0)));
        }
    }
}
