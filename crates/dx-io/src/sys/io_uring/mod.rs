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
mod files;
mod held;
mod poller;
mod ring;
mod send_file;
mod socks;
mod start;
mod wake;

use core::time::Duration;
use std::collections::VecDeque;
use std::io;

use io_uring::opcode;
use io_uring::types::CancelBuilder;

use self::buf_ring::BufRing;
use self::held::Held;
use self::ring::{Raw, Ring};
use self::socks::{Socks, Target};
use self::wake::UringWake;
use super::clock::HostClock;
use socket2::SockRef;

use crate::buf::{BufferPool, FixedBuf, FixedBuffers, Lease, RoomBuffers};
use crate::completion::Completion;
use crate::config::{IoBackend, ReactorConfig, StartError, StartStep, UringRung};
use crate::inflight::{InFlight, State};
use crate::kernel_version::KernelVersion;
use crate::op::{Op, Payload, PushError, PushErrorKind};
use crate::reactor::Reactor;
use crate::sock::{Accepted, Listener, Sock};
use crate::time::Instant;
use crate::token::{OpKind, Token};
use crate::wake::Waker;

/// Cancels that nobody asked the result of.
const INTERNAL: Token = Token::new(OpKind::Internal, 0, 0);
/// An operation that has no socket.
const NO_SOCK: Sock = Sock::new(u32::MAX >> 1, 0);
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
    fixed: FixedBuffers,
    socks: Socks,
    /// Receives that found no buffer, first come first served.
    starved: VecDeque<Token>,
    /// Accepts held back because the socket table is full.
    parked: VecDeque<Token>,
    /// Closes that wait for a shutdown of the same slot.
    closing: Vec<(u32, Target, Token)>,
    /// Operations that ended without the kernel, and how. Retired when they are reaped, so that
    /// they can be orphaned until then.
    local: Vec<(Token, i32)>,
    /// Reused by every reap.
    raw: Vec<Raw>,
    /// Connections are slots of the ring's own table. From 6.13: before, the kernel lets go of a
    /// closed slot only after every operation that began earlier on any slot has ended, and each
    /// idle connection has one that does not end (liburing issue 1192).
    direct: bool,
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
        let sockets = if self.direct { "direct" } else { "plain" };
        let (rung, multishot) = (self.ring.rung(), self.ring.rung() >= UringRung::Deferred);
        if !self.ring.is_polled() {
            return format!("{rung}, {sockets} descriptors");
        }
        let receive =
            if multishot { "single issuer, multishot receive" } else { "provided buffers" };
        format!("a submission poller, {receive}, {sockets} descriptors")
    }

    /// How often this ring has entered the kernel.
    pub(crate) const fn enters(&self) -> Option<u64> {
        Some(self.ring.enters())
    }

    /// Connections that can be open at a time.
    pub(crate) const fn sockets_max(&self) -> u32 {
        self.socks.direct_max()
    }

    fn end_locally(&mut self, token: Token, result: i32) {
        self.local.push((token, result));
    }

    /// Retires what has ended without the kernel.
    fn reap_local(&mut self, out: &mut Vec<Completion>) {
        // Retiring one may end others.
        while let Some((token, result)) = self.local.pop() {
            if let Some(entry) = self.in_flight.entry(token) {
                self.retire(token, &entry, result, out);
            }
        }
    }

    /// Gives returned buffers to the kernel, and starved receives another chance.
    fn replenish(&mut self) {
        self.buf_ring.top_up(&self.buffers);
        if self.starved.is_empty() {
            return;
        }
        if self.buffers.pool().held() == self.buffers.pool().capacity() {
            return;
        }
        // All of them, even for one buffer: the kernel picks a buffer before it looks at the
        // socket and puts it back when there is nothing to receive.
        for _ in 0..self.starved.len() {
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

/// The first kernel on which closed direct descriptors are let go of at once.
const DIRECT_FROM: KernelVersion = KernelVersion::new(6, 13, 0);

/// Whether the kernel is known to be that new: a version is all there is to tell this by.
fn kernel_is_at_least(version: KernelVersion) -> bool {
    super::host::kernel_release()
        .and_then(|release| KernelVersion::parse(&release))
        .is_some_and(|running| running >= version)
}

impl Reactor for UringReactor {
    fn new(config: &ReactorConfig) -> Result<Self, StartError> {
        let ring = Ring::new(config)?;
        let direct = ring.rung() >= UringRung::Deferred && kernel_is_at_least(DIRECT_FROM);
        let descriptors = super::host::limits().descriptors_soft;
        let direct_max = match direct {
            true => config.sockets_max.min(u32::try_from(descriptors).unwrap_or(u32::MAX)),
            false => config.connections_with(descriptors),
        };
        ring.uring()
            .submitter()
            .register_files_sparse(direct_max)
            .map_err(|error| StartError::new(StartStep::UringDescriptors, error))?;
        let fixed = files::fixed_buffers(&ring, config)?;
        let buffers = RoomBuffers::new(config.recv_buffers, config.recv_buffer_len);
        let buf_ring = BufRing::register(ring.uring(), &buffers)
            .map_err(|error| StartError::new(StartStep::UringBuffers, error))?;
        let wake =
            UringWake::new(&ring).map_err(|error| StartError::new(StartStep::Waker, error))?;
        let mut reactor = Self {
            ring,
            buf_ring,
            buffers,
            in_flight: InFlight::new(config.in_flight_max),
            fixed,
            socks: Socks::new(direct_max),
            starved: VecDeque::new(),
            parked: VecDeque::new(),
            closing: Vec::new(),
            local: Vec::new(),
            raw: Vec::new(),
            direct,
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
                Some(target) => self.send(OpKind::Send, (sock, target), buf, start, user_data),
                None => return stale(Op::Send { sock, buf, start }),
            },
            Op::SendZeroCopy { sock, buf, start } => match target(sock) {
                Some(target) => {
                    self.send(OpKind::SendZeroCopy, (sock, target), buf, start, user_data)
                }
                None => return stale(Op::SendZeroCopy { sock, buf, start }),
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
            Op::SendFile { sock, file, offset, len } => match target(sock) {
                Some(_) => self.send_file(sock, file, (offset, len), user_data),
                None => return stale(Op::SendFile { sock, file, offset, len }),
            },
            Op::Read { file, buf, offset } => self.read(file, buf, offset, user_data),
            Op::Write { file, buf, start, offset } => {
                self.write(file, buf, start, offset, user_data)
            }
        };
        self.queued += 1;
        Ok(token)
    }

    fn submit(&mut self) -> io::Result<usize> {
        self.submit_and_wait(0, None)
    }

    fn wait(&mut self, timeout: Option<Duration>) -> io::Result<usize> {
        self.replenish();
        if self.local.is_empty() {
            self.ring.enter(1, timeout)?;
        }
        Ok(self.local.len() + self.ring.ready())
    }

    fn submit_and_wait(&mut self, min: usize, timeout: Option<Duration>) -> io::Result<usize> {
        self.replenish();
        self.ring.enter(min.saturating_sub(self.local.len()), timeout)?;
        Ok(core::mem::take(&mut self.queued))
    }

    fn reap(&mut self, out: &mut Vec<Completion>) -> usize {
        let before = out.len();
        let mut raw = core::mem::take(&mut self.raw);
        self.ring.reap(&mut raw);
        for completion in raw.drain(..) {
            self.complete(completion, out);
        }
        self.raw = raw;
        self.reap_local(out);
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
            self.cancel_in_kernel(token, INTERNAL);
        }
    }

    fn claim(&mut self, completion: &Completion) -> Option<Lease> {
        self.buffers.claim(completion.flags.buffer_id()?)
    }

    fn listen(&mut self, listener: Listener) -> io::Result<Sock> {
        // The ring waits for connections itself; a non-blocking listener would answer EAGAIN.
        let socket = listener.into_socket()?;
        socket.set_nonblocking(false)?;
        Ok(self.socks.add_listener(socket))
    }

    fn attach(&mut self, accepted: Accepted) -> io::Result<Sock> {
        if self.socks.open() >= self.socks.direct_max() as usize {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        let socket = accepted.into_socket()?;
        socket.set_nonblocking(false)?;
        Ok(self.socks.add_plain(socket))
    }

    fn with_raw(&mut self, sock: Sock, f: &mut dyn FnMut(SockRef<'_>)) -> io::Result<()> {
        self.lend_raw(sock, f)
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

impl Drop for UringReactor {
    fn drop(&mut self) {
        let pending: Vec<Token> = self.in_flight.pending().collect();
        for token in pending {
            let sock = self.in_flight.entry(token).map(|entry| entry.sock);
            self.orphan(token);
            if let Some(sock) = sock.filter(|&sock| self.socks.lends(sock)) {
                // Only its close makes the kernel let go.
                self.close_quietly(sock);
            }
            // What takes several steps takes no further one.
            self.in_flight.request_cancel(token);
        }
        // SAFETY: the entry points to nothing. It ends sends and our own wake, too.
        unsafe {
            self.queue(opcode::AsyncCancel2::new(CancelBuilder::any()).build(), INTERNAL);
        }
        self.wake.stop();
        let mut swallowed = Vec::new();
        for _ in 0..DRAIN_ROUNDS {
            self.reap_local(&mut swallowed);
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
