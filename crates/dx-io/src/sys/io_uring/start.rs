//! From our operations to the kernel's entries.
//!
//! Owns what each kind of operation puts into the submission queue. Knows nothing of completions
//! (`complete.rs`). Invariant: what an entry points to is in the in-flight table before the entry
//! is queued.

use core::time::Duration;
use std::io;
use std::os::fd::AsRawFd;

use io_uring::types::{DestinationSlot, Fd, Fixed};
use io_uring::{opcode, squeue};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use super::held::{AcceptSlot, ConnectSlot, Held, Vectored};
use super::socks::Target;
use super::{INTERNAL, NO_SOCK, UringReactor, buf_ring, wake};
use crate::config::UringRung;
use crate::inflight::State;
use crate::sock::Sock;
use crate::token::{OpKind, Token};
use crate::wake::Waker;

impl UringReactor {
    /// Queues an entry under `token`.
    ///
    /// # Safety
    /// As [`Ring::push`].
    pub(super) unsafe fn queue(&mut self, entry: squeue::Entry, token: Token) {
        // SAFETY: handed on from our caller.
        unsafe { self.ring.push(entry.user_data(token.to_bits())) };
    }

    pub(super) fn insert(
        &mut self,
        kind: OpKind,
        sock: Sock,
        user_data: u64,
        held: Option<Held>,
    ) -> Token {
        // A shutdown ends by itself, whatever becomes of the socket.
        if kind != OpKind::Shutdown {
            self.socks.begin(sock);
        }
        // `push` has checked the bound, so there is room.
        self.in_flight.insert(kind, sock, user_data, held).unwrap_or(Token::NONE)
    }

    pub(super) fn accept(&mut self, listener: Sock, hand_over: bool, user_data: u64) -> Token {
        let held = Held::Accepting(AcceptSlot::new(hand_over));
        let token = self.insert(OpKind::Accept, listener, user_data, Some(held));
        if !hand_over && !self.socks.promise() {
            self.parked.push_back(token);
            return token;
        }
        self.arm_accept(token, listener, hand_over);
        token
    }

    pub(super) fn arm_accept(&mut self, token: Token, listener: Sock, hand_over: bool) {
        let target = self.socks.target(listener);
        let Some(Held::Accepting(slot)) = self.in_flight.payload_mut(token) else { return };
        let (address, len) = slot.pointers();
        let direct = self.direct && !hand_over;
        let slot = direct.then(DestinationSlot::auto_target);
        // A direct descriptor has no close-on-exec flag: it is in no process's table.
        let flags = if direct { 0 } else { libc::SOCK_CLOEXEC };
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
    pub(super) fn arm_recv(&mut self, token: Token, sock: Sock) -> bool {
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

    pub(super) fn connect(
        &mut self,
        peer: std::net::SocketAddr,
        user_data: u64,
    ) -> io::Result<Token> {
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

    /// `kind` says whether the kernel shall read the bytes where they lie.
    pub(super) fn send(
        &mut self,
        kind: OpKind,
        to: (Sock, Target),
        buf: Vec<u8>,
        start: usize,
        data: u64,
    ) -> Token {
        let bytes = &buf[start.min(buf.len())..];
        // A longer buffer is sent in parts, as after any short send.
        let (address, len) = (bytes.as_ptr(), u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        // MSG_WAITALL makes the kernel itself go on after a short send (5.19).
        let flags = libc::MSG_NOSIGNAL | libc::MSG_WAITALL;
        let zero_copy = kind == OpKind::SendZeroCopy && self.ring.has_zero_copy();
        let (sock, target) = to;
        let entry = match (target, zero_copy) {
            (Target::Direct(index), false) => {
                opcode::Send::new(Fixed(index), address, len).flags(flags).build()
            }
            (Target::Plain(fd), false) => {
                opcode::Send::new(Fd(fd), address, len).flags(flags).build()
            }
            (Target::Direct(index), true) => {
                opcode::SendZc::new(Fixed(index), address, len).flags(flags).build()
            }
            (Target::Plain(fd), true) => {
                opcode::SendZc::new(Fd(fd), address, len).flags(flags).build()
            }
        };
        let held = match zero_copy {
            true => Held::ZeroCopy { buf, result: 0 },
            false => Held::Buffer(buf),
        };
        let token = self.insert(kind, sock, data, Some(held));
        if zero_copy {
            self.socks.set_lends(sock, true);
        }
        // SAFETY: the buffer's heap block stays in the in-flight table until the send completes;
        // one without a copy completes here only when the kernel says that it is done with it.
        unsafe { self.queue(entry, token) };
        token
    }

    pub(super) fn send_vectored(
        &mut self,
        sock: Sock,
        target: Target,
        bufs: Vec<Vec<u8>>,
        data: u64,
    ) -> Token {
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

    pub(super) fn shutdown(
        &mut self,
        sock: Sock,
        target: Target,
        how: std::net::Shutdown,
        data: u64,
    ) -> Token {
        let how = match how {
            std::net::Shutdown::Read => libc::SHUT_RD,
            std::net::Shutdown::Write => libc::SHUT_WR,
            std::net::Shutdown::Both => libc::SHUT_RDWR,
        };
        let token = self.insert(OpKind::Shutdown, sock, data, None);
        self.socks.shutdown_begins(sock.index);
        let entry = match target {
            Target::Direct(index) => opcode::Shutdown::new(Fixed(index), how).build(),
            Target::Plain(fd) => opcode::Shutdown::new(Fd(fd), how).build(),
        };
        // SAFETY: the entry points to nothing.
        unsafe { self.queue(entry, token) };
        token
    }

    /// Stale at once for us; in the kernel, what is in flight on the socket ends first.
    pub(super) fn close(&mut self, sock: Sock, user_data: u64) -> Token {
        if self.socks.is_busy(sock) {
            self.cancel_all_of(sock);
        }
        if self.socks.lends(sock) {
            // What the kernel has queued of a send without a copy it keeps until the peer has taken
            // it, which a peer can put off for ever. The owner waits for it no longer: with a
            // linger of zero the close drops it (socket(7)) and tells the peer by a reset. A
            // refusal leaves the memory with the kernel for longer.
            let _ = self.lend_raw(sock, &mut |socket| {
                let _ = socket.set_linger(Some(Duration::ZERO));
            });
        }
        let target = self.socks.close(sock);
        let token = self.insert(OpKind::Close, sock, user_data, None);
        match target {
            // The kernel runs a shutdown on a thread of its own and looks the descriptor up there:
            // its number must not become another socket's before that.
            Some(target) if self.socks.is_shutting_down(sock.index) => {
                self.closing.push((sock.index, target, token));
            }
            Some(target) => self.close_target(target, token),
            None => {}
        }
        token
    }

    pub(super) fn close_target(&mut self, target: Target, token: Token) {
        let entry = match target {
            Target::Direct(index) => opcode::Close::new(Fixed(index)).build(),
            Target::Plain(fd) => opcode::Close::new(Fd(fd)).build(),
        };
        // SAFETY: the entry points to nothing.
        unsafe { self.queue(entry, token) };
    }

    /// Ends what would wait for ever on a socket that is being closed. A search through the whole
    /// table, since cancelling by direct descriptor came only with 6.0; but owners who orphan what
    /// they have in flight before they close, as the runtime does, never come here.
    pub(super) fn cancel_all_of(&mut self, sock: Sock) {
        let tokens: Vec<Token> = self.in_flight.pending().collect();
        for token in tokens {
            let entry = self.in_flight.entry(token);
            if entry.is_some_and(|entry| entry.sock == sock && entry.kind != OpKind::Shutdown) {
                if self.unpark(token) {
                    self.end_locally(token, -libc::ECANCELED);
                } else {
                    self.cancel_in_kernel(token, INTERNAL);
                }
            }
        }
    }

    /// Asks the kernel to end `target`; the answer to that comes under `token`.
    pub(super) fn cancel_in_kernel(&mut self, target: Token, token: Token) {
        let entry = self.in_flight.entry(target);
        if let Some(entry) = entry.filter(|entry| !entry.cancel_requested) {
            self.in_flight.request_cancel(target);
            self.socks.end(entry.sock);
        }
        let entry = opcode::AsyncCancel::new(target.to_bits()).build();
        // SAFETY: the entry points to nothing.
        unsafe { self.queue(entry, token) };
    }

    pub(super) fn cancel(&mut self, target: Token, user_data: u64) -> Token {
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
            self.cancel_in_kernel(target, token);
        }
        token
    }

    /// Takes an operation that is not in the kernel off its waiting list.
    pub(super) fn unpark(&mut self, token: Token) -> bool {
        for list in [&mut self.starved, &mut self.parked] {
            if let Some(at) = list.iter().position(|&parked| parked == token) {
                list.remove(at);
                return true;
            }
        }
        false
    }

    pub(super) fn wake_other(&mut self, target: Waker, user_data: u64) -> Token {
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
}
