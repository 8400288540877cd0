//! The io_uring room: operations become entries, completions come back as they are.
//!
//! Owns one ring, its direct descriptors, its provided buffers and the wake from elsewhere. Knows
//! no readiness. Invariant: everything a queued entry points to lives in the in-flight table or
//! in the buffer pool until its last completion has been reaped; on drop the ring is emptied
//! first, and what could not be emptied is leaked, never freed.
//!
//! Kernels: 6.1 for everything, 5.19 with one-shot receives that are armed again here
//! (`UringRung`). `IORING_RECVSEND_BUNDLE` and `IOU_PBUF_RING_INC` stay off: kernels 6.12 to 6.15
//! returned buffers out of order with them (liburing issues 1409, 1433).

mod abi;
mod buf_ring;
mod complete;
mod held;
mod ring;
mod socks;
mod wake;

use core::time::Duration;
use std::collections::VecDeque;
use std::io;
use std::os::fd::AsRawFd;

use io_uring::types::{CancelBuilder, DestinationSlot, Fd, Fixed};
use io_uring::{opcode, squeue};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use self::buf_ring::BufRing;
use self::held::{AcceptSlot, ConnectSlot, Held, Vectored};
use self::ring::{Raw, Ring};
use self::socks::{Socks, Target};
use self::wake::UringWake;
use super::clock::HostClock;
use crate::buf::{BufferPool, Lease, RoomBuffers};
use crate::completion::{Completion, CompletionFlags};
use crate::config::{IoBackend, ReactorConfig, StartError, StartStep, UringRung};
use crate::inflight::{InFlight, State};
use crate::op::{Op, Payload, PushError, PushErrorKind};
use crate::reactor::Reactor;
use crate::sock::{Accepted, Listener, Sock};
use crate::time::Instant;
use crate::token::{OpKind, Token};
use crate::wake::Waker;

/// Cancels that nobody asked the result of.
const INTERNAL: Token = Token::new(OpKind::Internal, 0, 0);
/// An operation that has no socket.
const NO_SOCK: Sock = Sock::new(0, 0);
/// How long a drop waits for the kernel to let go, per round, and how often.
const DRAIN_ROUND: Duration = Duration::from_millis(20);
const DRAIN_ROUNDS: u32 = 250;

/// A [`Reactor`] on one io_uring.
#[derive(Debug)]
pub(crate) struct UringReactor {
    // Dropped in this order: the ring closes before anything it may still point to is freed.
    ring: Ring,
    buf_ring: BufRing,
    buffers: RoomBuffers,
    in_flight: InFlight<Held>,
    socks: Socks,
    /// Receives that found no buffer, first come first served.
    starved: VecDeque<Token>,
    /// Accepts held back because the socket table is full.
    parked: VecDeque<Token>,
    /// Completions that came about without the kernel.
    local: Vec<Completion>,
    /// Reused by every reap.
    raw: Vec<Raw>,
    /// Operations pushed since the last submission.
    queued: usize,
    wake: UringWake,
    clock: HostClock,
}

impl UringReactor {
    /// The name `Driver` knows this room by.
    pub(crate) const BACKEND: IoBackend = IoBackend::IoUring;

    /// What this ring uses of its kernel, for people.
    pub(crate) fn features(&self) -> String {
        self.ring.rung().to_string()
    }

    /// Connections that can be open at a time.
    pub(crate) const fn sockets_max(&self) -> u32 {
        self.socks.direct_max()
    }

    /// Queues an entry under `token`.
    ///
    /// # Safety
    /// As [`Ring::push`].
    unsafe fn queue(&mut self, entry: squeue::Entry, token: Token) {
        // SAFETY: handed on from our caller.
        unsafe { self.ring.push(entry.user_data(token.to_bits())) };
    }

    fn insert(&mut self, kind: OpKind, sock: Sock, user_data: u64, held: Option<Held>) -> Token {
        // `push` has checked the bound, so there is room.
        self.in_flight.insert(kind, sock, user_data, held).unwrap_or(Token::NONE)
    }

    fn accept(&mut self, listener: Sock, hand_over: bool, user_data: u64) -> Token {
        let held = Held::Accepting(AcceptSlot::new(hand_over));
        let token = self.insert(OpKind::Accept, listener, user_data, Some(held));
        if !hand_over && !self.socks.promise() {
            self.parked.push_back(token);
            return token;
        }
        self.arm_accept(token, listener, hand_over);
        token
    }

    fn arm_accept(&mut self, token: Token, listener: Sock, hand_over: bool) {
        let target = self.socks.target(listener);
        let Some(Held::Accepting(slot)) = self.in_flight.payload_mut(token) else { return };
        let (address, len) = slot.pointers();
        let slot = (!hand_over).then(DestinationSlot::auto_target);
        // A direct descriptor has no close-on-exec flag: it is in no process's table.
        let flags = if hand_over { libc::SOCK_CLOEXEC } else { 0 };
        let entry = match target {
            Some(Target::Plain(fd)) => opcode::Accept::new(Fd(fd), address, len),
            Some(Target::Direct(index)) => opcode::Accept::new(Fixed(index), address, len),
            // Closed while parked: the kernel says EBADF, as for any dead descriptor.
            None => opcode::Accept::new(Fd(-1), address, len),
        };
        // SAFETY: the address slot is boxed in the in-flight table until the accept completes.
        unsafe { self.queue(entry.file_index(slot).flags(flags).build(), token) };
    }

    /// Arms a receive, also again. A socket that was closed meanwhile ends it.
    fn arm_recv(&mut self, token: Token, sock: Sock) -> bool {
        let Some(target) = self.socks.target(sock) else { return false };
        let multishot = self.ring.rung() >= UringRung::Deferred;
        let group = buf_ring::GROUP;
        let entry = match (target, multishot) {
            (Target::Direct(index), true) => opcode::RecvMulti::new(Fixed(index), group).build(),
            (Target::Plain(fd), true) => opcode::RecvMulti::new(Fd(fd), group).build(),
            (target, false) => {
                let null = core::ptr::null_mut();
                let len = u32::from(self.buffers.buffer_len());
                match target {
                    Target::Direct(index) => opcode::Recv::new(Fixed(index), null, len),
                    Target::Plain(fd) => opcode::Recv::new(Fd(fd), null, len),
                }
                .buf_group(group)
                .build()
                .flags(squeue::Flags::BUFFER_SELECT)
            }
        };
        // SAFETY: the kernel writes to provided buffers only, which the pool holds for it.
        unsafe { self.queue(entry, token) };
        true
    }

    fn connect(&mut self, peer: std::net::SocketAddr, user_data: u64) -> io::Result<Token> {
        let socket = Socket::new(Domain::for_address(peer), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_tcp_nodelay(true)?;
        let fd = Fd(socket.as_raw_fd());
        let sock = self.socks.add_plain(socket);
        let slot = Box::new(ConnectSlot { address: SockAddr::from(peer), peer, sock });
        let (address, len) = (slot.address.as_ptr().cast(), slot.address.len());
        let token = self.insert(OpKind::Connect, sock, user_data, Some(Held::Connecting(slot)));
        // SAFETY: the address is boxed in the in-flight table until the connect completes.
        unsafe { self.queue(opcode::Connect::new(fd, address, len).build(), token) };
        Ok(token)
    }

    fn send(&mut self, sock: Sock, target: Target, buf: Vec<u8>, start: usize, data: u64) -> Token {
        let bytes = &buf[start.min(buf.len())..];
        // A longer buffer is sent in parts, as after any short send.
        let (address, len) = (bytes.as_ptr(), u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        let entry = match target {
            Target::Direct(index) => opcode::Send::new(Fixed(index), address, len),
            Target::Plain(fd) => opcode::Send::new(Fd(fd), address, len),
        };
        // MSG_WAITALL makes the kernel itself go on after a short send (5.19).
        let entry = entry.flags(libc::MSG_NOSIGNAL | libc::MSG_WAITALL).build();
        let token = self.insert(OpKind::Send, sock, data, Some(Held::Buffer(buf)));
        // SAFETY: the buffer's heap block stays in the in-flight table until the send completes.
        unsafe { self.queue(entry, token) };
        token
    }

    fn send_vectored(&mut self, sock: Sock, target: Target, bufs: Vec<Vec<u8>>, data: u64) -> Token {
        let vectored = Vectored::new(bufs);
        let header = vectored.header();
        let entry = match target {
            Target::Direct(index) => opcode::SendMsg::new(Fixed(index), header),
            Target::Plain(fd) => opcode::SendMsg::new(Fd(fd), header),
        };
        let flags = (libc::MSG_NOSIGNAL | libc::MSG_WAITALL) as u32;
        let held = Held::Vectored(vectored);
        let token = self.insert(OpKind::SendVectored, sock, data, Some(held));
        // SAFETY: header, vectors and bytes are on the heap in the in-flight table until then.
        unsafe { self.queue(entry.flags(flags).build(), token) };
        token
    }

    fn shutdown(&mut self, sock: Sock, target: Target, how: std::net::Shutdown, data: u64) -> Token {
        let how = match how {
            std::net::Shutdown::Read => libc::SHUT_RD,
            std::net::Shutdown::Write => libc::SHUT_WR,
            std::net::Shutdown::Both => libc::SHUT_RDWR,
        };
        let token = self.insert(OpKind::Shutdown, sock, data, None);
        // SAFETY: the entry points to nothing.
        unsafe { self.queue(shutdown_entry(target, how), token) };
        token
    }

    /// Stale at once for us; in the kernel, what is in flight on the socket ends first.
    fn close(&mut self, sock: Sock, user_data: u64) -> Token {
        let token = self.insert(OpKind::Close, sock, user_data, None);
        let Some(target) = self.socks.close(sock) else { return token };
        let end = match (self.ring.rung(), target) {
            (UringRung::Provided, target) => shutdown_entry(target, libc::SHUT_RDWR),
            (_, Target::Direct(index)) => {
                opcode::AsyncCancel2::new(CancelBuilder::fd(Fixed(index)).all()).build()
            }
            (_, Target::Plain(fd)) => {
                opcode::AsyncCancel2::new(CancelBuilder::fd(Fd(fd)).all()).build()
            }
        };
        let close = match target {
            Target::Direct(index) => opcode::Close::new(Fixed(index)).build(),
            Target::Plain(fd) => opcode::Close::new(Fd(fd)).build(),
        };
        // SAFETY: neither entry points to anything.
        unsafe {
            self.queue(end, INTERNAL);
            self.queue(close, token);
        }
        token
    }

    fn cancel(&mut self, target: Token, user_data: u64) -> Token {
        let token = self.insert(OpKind::Cancel, NO_SOCK, user_data, None);
        let live = self
            .in_flight
            .entry(target)
            .is_some_and(|entry| matches!(entry.state, State::Submitted | State::Orphaned));
        if !live {
            self.end_locally(token, -libc::ENOENT);
        } else if self.unpark(target) {
            self.end_locally(target, -libc::ECANCELED);
            self.end_locally(token, 0);
        } else {
            self.in_flight.request_cancel(target);
            let entry = opcode::AsyncCancel::new(target.to_bits()).build();
            // SAFETY: the entry points to nothing.
            unsafe { self.queue(entry, token) };
        }
        token
    }

    /// Takes an operation that is not in the kernel off its waiting list.
    fn unpark(&mut self, token: Token) -> bool {
        for list in [&mut self.starved, &mut self.parked] {
            if let Some(at) = list.iter().position(|&parked| parked == token) {
                list.remove(at);
                return true;
            }
        }
        false
    }

    fn wake_other(&mut self, target: Waker, user_data: u64) -> Token {
        let ring = target.ring();
        let token = self.insert(
            OpKind::Wake,
            NO_SOCK,
            user_data,
            ring.map(|_| Held::Waking { _target: target.clone() }),
        );
        let Some(ring) = ring else {
            target.wake();
            self.end_locally(token, 0);
            return token;
        };
        let woken = wake::FROM_RING.to_bits();
        let entry = opcode::MsgRingData::new(Fd(ring), 0, woken, None).build();
        // SAFETY: the entry points to nothing; the payload keeps the other ring's descriptor.
        unsafe { self.queue(entry, token) };
        token
    }

    fn end_locally(&mut self, token: Token, result: i32) {
        let Some(entry) = self.in_flight.entry(token) else { return };
        self.in_flight.finish(token);
        if entry.state == State::Submitted {
            self.local.push(Completion::new(entry.user_data, result, CompletionFlags::NONE));
        }
    }

    /// Gives returned buffers to the kernel, and starved receives another chance.
    fn replenish(&mut self) {
        if self.buffers.has_returned() {
            let ring = &mut self.buf_ring;
            let buffers = &self.buffers;
            buffers.drain_returned(|id| ring.add(buffers, id));
            ring.publish();
        }
        if self.starved.is_empty() {
            return;
        }
        let free = self.buffers.pool().capacity() - self.buffers.pool().held();
        for _ in 0..free.min(self.starved.len()) {
            let Some(token) = self.starved.pop_front() else { break };
            let Some(entry) = self.in_flight.entry(token) else { continue };
            if entry.cancel_requested || !self.arm_recv(token, entry.sock) {
                self.end_locally(token, -libc::ECANCELED);
            }
        }
    }

    /// Arms accepts that waited for a free slot.
    fn unpark_accepts(&mut self) {
        while !self.parked.is_empty() && self.socks.promise() {
            let Some(token) = self.parked.pop_front() else { break };
            match self.in_flight.entry(token) {
                Some(entry) => self.arm_accept(token, entry.sock, false),
                None => self.socks.promise_ended(),
            }
        }
    }
}

fn shutdown_entry(target: Target, how: i32) -> squeue::Entry {
    match target {
        Target::Direct(index) => opcode::Shutdown::new(Fixed(index), how).build(),
        Target::Plain(fd) => opcode::Shutdown::new(Fd(fd), how).build(),
    }
}

impl Reactor for UringReactor {
    fn new(config: &ReactorConfig) -> Result<Self, StartError> {
        let ring = Ring::new(config)?;
        let descriptors = super::host::limits().descriptors_soft;
        let direct_max = config.sockets_max.min(u32::try_from(descriptors).unwrap_or(u32::MAX));
        ring.uring()
            .submitter()
            .register_files_sparse(direct_max)
            .map_err(|error| StartError::new(StartStep::UringDescriptors, error))?;
        let buffers = RoomBuffers::new(config.recv_buffers, config.recv_buffer_len);
        let buf_ring = BufRing::register(ring.uring(), &buffers)
            .map_err(|error| StartError::new(StartStep::UringBuffers, error))?;
        let wake = UringWake::new(&ring)
            .map_err(|error| StartError::new(StartStep::Waker, error))?;
        let mut reactor = Self {
            ring,
            buf_ring,
            buffers,
            in_flight: InFlight::new(config.in_flight_max),
            socks: Socks::new(direct_max),
            starved: VecDeque::new(),
            parked: VecDeque::new(),
            local: Vec::new(),
            raw: Vec::new(),
            queued: 0,
            wake,
            clock: HostClock::new(),
        };
        reactor.wake.arm(&mut reactor.ring);
        Ok(reactor)
    }

    fn backend(&self) -> IoBackend {
        IoBackend::IoUring
    }

    fn push(&mut self, op: Op, user_data: u64) -> Result<Token, PushError> {
        if self.in_flight.is_full() {
            return Err(PushError { op, kind: PushErrorKind::Full });
        }
        let target = |sock| self.socks.target(sock);
        let stale = |op| Err(PushError { op, kind: PushErrorKind::StaleSock });
        let token = match op {
            Op::Accept { listener, hand_over } => match target(listener) {
                Some(_) => self.accept(listener, hand_over, user_data),
                None => return stale(op),
            },
            Op::Connect { peer } => match self.connect(peer, user_data) {
                Ok(token) => token,
                Err(error) => return Err(PushError { op, kind: PushErrorKind::Os(error) }),
            },
            Op::Recv { sock } => match target(sock) {
                Some(_) => {
                    let token = self.insert(OpKind::Recv, sock, user_data, None);
                    self.arm_recv(token, sock);
                    token
                }
                None => return stale(op),
            },
            Op::Send { sock, buf, start } => match target(sock) {
                Some(target) => self.send(sock, target, buf, start, user_data),
                None => return stale(Op::Send { sock, buf, start }),
            },
            Op::SendVectored { sock, bufs } => match target(sock) {
                Some(target) => self.send_vectored(sock, target, bufs, user_data),
                None => return stale(Op::SendVectored { sock, bufs }),
            },
            Op::Shutdown { sock, how } => match target(sock) {
                Some(target) => self.shutdown(sock, target, how, user_data),
                None => return stale(op),
            },
            Op::Close { sock } => match target(sock) {
                Some(_) => self.close(sock, user_data),
                None => return stale(op),
            },
            Op::Cancel { target } => self.cancel(target, user_data),
            Op::Wake { target } => self.wake_other(target, user_data),
        };
        self.queued += 1;
        Ok(token)
    }

    fn submit(&mut self) -> io::Result<usize> {
        self.submit_and_wait(0, None)
    }

    fn wait(&mut self, timeout: Option<Duration>) -> io::Result<usize> {
        if self.local.is_empty() {
            self.replenish();
            self.ring.enter(1, timeout)?;
        }
        Ok(self.local.len() + self.ring.ready())
    }

    fn submit_and_wait(&mut self, min: usize, timeout: Option<Duration>) -> io::Result<usize> {
        self.replenish();
        let min = if self.local.is_empty() { min } else { 0 };
        self.ring.enter(min, timeout)?;
        Ok(core::mem::take(&mut self.queued))
    }

    fn reap(&mut self, out: &mut Vec<Completion>) -> usize {
        let before = out.len();
        out.append(&mut self.local);
        let mut raw = core::mem::take(&mut self.raw);
        self.ring.reap(&mut raw);
        for completion in raw.drain(..) {
            self.complete(completion, out);
        }
        self.raw = raw;
        // Completing one operation may have ended others here.
        out.append(&mut self.local);
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
        if entry.state != State::Submitted {
            return;
        }
        if self.unpark(token) {
            self.end_locally(token, -libc::ECANCELED);
        } else if matches!(entry.kind, OpKind::Accept | OpKind::Connect | OpKind::Recv) {
            self.in_flight.request_cancel(token);
            let entry = opcode::AsyncCancel::new(token.to_bits()).build();
            // SAFETY: the entry points to nothing.
            unsafe { self.queue(entry, INTERNAL) };
        }
    }

    fn claim(&mut self, completion: &Completion) -> Option<Lease> {
        self.buffers.claim(completion.flags.buffer_id()?)
    }

    fn listen(&mut self, listener: Listener) -> io::Result<Sock> {
        // The ring waits for connections itself; a non-blocking listener would answer EAGAIN.
        listener.socket.set_nonblocking(false)?;
        Ok(self.socks.add_plain(listener.socket))
    }

    fn attach(&mut self, accepted: Accepted) -> io::Result<Sock> {
        if self.socks.open() >= self.socks.direct_max() as usize {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        accepted.socket.set_nonblocking(false)?;
        Ok(self.socks.add_plain(accepted.socket))
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

impl Drop for UringReactor {
    fn drop(&mut self) {
        let pending: Vec<Token> = self.in_flight.pending().collect();
        for token in pending {
            self.orphan(token);
        }
        // SAFETY: the entry points to nothing. It ends sends and our own wake, too.
        unsafe {
            self.queue(opcode::AsyncCancel2::new(CancelBuilder::any()).build(), INTERNAL);
        }
        self.wake.stop();
        let mut swallowed = Vec::new();
        for _ in 0..DRAIN_ROUNDS {
            if self.in_flight.pending().next().is_none() && !self.wake.is_armed() {
                break;
            }
            if self.ring.enter(1, Some(DRAIN_ROUND)).is_err() {
                break;
            }
            self.reap(&mut swallowed);
            swallowed.clear();
        }
        if self.in_flight.pending().next().is_some() || self.wake.is_armed() {
            // The kernel still holds pointers: leaking is the only safe answer.
            let table = core::mem::replace(&mut self.in_flight, InFlight::new(0));
            core::mem::forget(table);
            core::mem::forget(self.buffers.pool().clone());
            self.wake.leak();
        }
        self.buf_ring.unregister(self.ring.uring());
        // A waker elsewhere may keep the ring's descriptor; the sockets must not wait for it.
        let _ = self.ring.uring().submitter().unregister_files();
    }
}
