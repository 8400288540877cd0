//! What operations do when they are handed over.
//!
//! Owns [`Step`] and its execution, and the ways by which an operation is ended from this side.
//! Knows no packets (`complete.rs`). Invariant: what a call points to is in the in-flight table
//! before the call is made, and an operation whose call has failed at once has ended.

use std::io;
use std::net::{Shutdown, SocketAddr};

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use super::held::{ConnectSlot, Held};
use super::socks::Slot;
use super::{IocpReactor, Raw, calls, port, translate};
use crate::completion::CompletionFlags;
use crate::errno;
use crate::inflight::State;
use crate::sock::Sock;
use crate::token::{OpKind, Token, kind_of};
use crate::wake::Waker;

/// An operation that was pushed and not yet handed over.
#[derive(Debug)]
pub(super) struct Queued {
    pub(super) token: Token,
    pub(super) sock: Sock,
    pub(super) step: Step,
}

/// What is to be done for it, as far as the in-flight table does not say.
#[derive(Debug)]
pub(super) enum Step {
    Accept,
    Connect,
    Recv,
    Send,
    File,
    Shutdown(Shutdown),
    Close,
    Cancel(Token),
    Wake(Waker),
}

impl IocpReactor {
    pub(super) fn execute(&mut self, queued: Queued) {
        let Queued { token, sock, step } = queued;
        let orphaned =
            self.in_flight.entry(token).is_some_and(|entry| entry.state == State::Orphaned);
        match step {
            // What could wait for ever is not begun for nobody.
            Step::Accept | Step::Connect | Step::Recv if orphaned => {
                if let Some(held) = self.in_flight.finish(token) {
                    self.dispose(held);
                }
            }
            Step::Accept => self.begin_accept(token, sock),
            Step::Connect => self.begin_connect(token, sock),
            Step::Recv => self.begin_recv(token, sock),
            Step::Send => self.begin_send(token, sock),
            Step::File => self.begin_file(token),
            Step::Shutdown(how) => {
                let result = match self.socks.socket(sock).map(|socket| socket.shutdown(how)) {
                    Some(Ok(())) => 0,
                    Some(Err(error)) => translate::error(&error),
                    None => errno::CANCELLED,
                };
                self.end(token, result);
            }
            Step::Close => {
                self.close_now(sock);
                self.end(token, 0);
            }
            Step::Cancel(target) => {
                let result = self.cancel(target);
                self.end(token, result);
            }
            Step::Wake(target) => {
                target.wake();
                self.end(token, 0);
            }
        }
    }

    /// The last step of an operation that is in no other place.
    pub(super) fn end(&mut self, token: Token, result: i32) {
        self.ready.push(Raw { token, result, flags: CompletionFlags::NONE });
    }

    fn begin_accept(&mut self, token: Token, listener: Sock) {
        let Some(Held::Accepting(slot)) = self.in_flight.payload_mut(token) else { return };
        let hand_over = slot.hand_over;
        if self.socks.slot(listener).is_some() && self.socks.listens(listener).is_none() {
            return self.end(token, errno::INVALID); // a connection accepts nothing
        }
        if !hand_over && !self.socks.promise() {
            return self.parked.push_back(token);
        }
        self.arm_accept(token, listener);
    }

    /// Hands an accept to the kernel, together with the socket of its connection. A place in the
    /// table has been promised to it, if it takes one.
    fn arm_accept(&mut self, token: Token, listener: Sock) {
        if let Err(errno) = self.try_arm_accept(token, listener) {
            self.end_accept(token, errno);
        }
    }

    fn try_arm_accept(&mut self, token: Token, sock: Sock) -> Result<(), i32> {
        let (listens, listener) = (self.socks.listens(sock), self.socks.socket(sock));
        let (Some(listens), Some(listener)) = (listens, listener) else {
            return Err(errno::CANCELLED);
        };
        let socket = tcp(listens.domain, listens.nodelay).map_err(|e| translate::error(&e))?;
        let Some(Held::Accepting(slot)) = self.in_flight.payload_mut(token) else {
            return Err(errno::INVALID);
        };
        let socket = slot.socket.insert(socket);
        let overlapped = self.overlapped.lend(token);
        // SAFETY: the address buffer is boxed in the in-flight table until the accept has ended,
        // and the OVERLAPPED is lent to it.
        let begun =
            unsafe { self.extensions.accept(listener, socket, &mut slot.addresses, overlapped) };
        begun.inspect_err(|_| self.overlapped.take_back(token))
    }

    /// Hands over accepts that waited for a free place.
    pub(super) fn unpark_accepts(&mut self) {
        while !self.parked.is_empty() && self.socks.promise() {
            let Some(token) = self.parked.pop_front() else { break };
            match self.in_flight.entry(token) {
                Some(entry) => self.arm_accept(token, entry.sock),
                None => self.socks.promise_ended(),
            }
        }
    }

    /// Makes the socket of a connect.
    pub(super) fn connecting(&mut self, peer: SocketAddr) -> io::Result<Box<ConnectSlot>> {
        if self.socks.is_full() {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        let socket = tcp(Domain::for_address(peer), true)?;
        // ConnectEx wants a socket that is bound.
        let any: SocketAddr = match peer {
            SocketAddr::V4(_) => ([0; 4], 0).into(),
            SocketAddr::V6(_) => ([0; 16], 0).into(),
        };
        socket.bind(&any.into())?;
        self.adopt(&socket)?;
        let sock = self.socks.add(socket);
        Ok(Box::new(ConnectSlot { address: SockAddr::from(peer), peer, sock }))
    }

    fn begin_connect(&mut self, token: Token, sock: Sock) {
        let held = self.in_flight.payload_mut(token);
        let (Some(socket), Some(Held::Connecting(slot))) = (self.socks.socket(sock), held) else {
            return self.end_connect(token, errno::CANCELLED);
        };
        let overlapped = self.overlapped.lend(token);
        // SAFETY: the address is boxed in the in-flight table until the connect has ended, and
        // the OVERLAPPED is lent to it.
        let begun = unsafe { self.extensions.connect(socket, &slot.address, overlapped) };
        if let Some(slot) = self.socks.slot_mut(sock) {
            slot.write = token;
        }
        if let Err(errno) = begun {
            self.overlapped.take_back(token);
            self.end_connect(token, errno);
        }
    }

    fn begin_recv(&mut self, token: Token, sock: Sock) {
        let listener = self.socks.listens(sock).is_some();
        match self.socks.slot_mut(sock) {
            None => self.end(token, errno::CANCELLED),
            Some(_) if listener => self.end(token, errno::NOT_CONNECTED),
            Some(slot) if !slot.recv.is_none() => self.end(token, errno::BUSY),
            Some(slot) => {
                slot.recv = token;
                self.arm_recv(token, sock);
            }
        }
    }

    /// Waits for bytes, also again. The receive is the one of its socket.
    pub(super) fn arm_recv(&mut self, token: Token, sock: Sock) {
        let Some(socket) = self.socks.socket(sock) else {
            return self.end_recv(token, sock, errno::CANCELLED);
        };
        let overlapped = self.overlapped.lend(token);
        // SAFETY: the OVERLAPPED is lent to the call.
        let begun = unsafe { calls::await_bytes(socket, overlapped) };
        if let Err(errno) = begun {
            self.overlapped.take_back(token);
            self.end_recv(token, sock, errno);
        }
    }

    fn begin_send(&mut self, token: Token, sock: Sock) {
        let Some(slot) = self.socks.slot_mut(sock) else {
            return self.end(token, errno::CANCELLED);
        };
        if !slot.write.is_none() {
            // One at a time per socket: what it would send belongs behind the first one's rest.
            return self.end(token, errno::BUSY);
        }
        slot.write = token;
        if let Err(result) = self.try_send(token, sock) {
            self.end_send(token, sock, result);
        }
    }

    /// Hands a send to the kernel, or says how it has ended: failed, or with nothing to send.
    fn try_send(&mut self, token: Token, sock: Sock) -> Result<(), i32> {
        let Some(socket) = self.socks.socket(sock) else { return Err(errno::CANCELLED) };
        let (bufs, start) = match self.in_flight.payload_mut(token) {
            Some(Held::Buffer { buf, start }) => (core::slice::from_ref(buf), *start),
            Some(Held::Buffers(bufs)) => (bufs.as_slice(), 0),
            _ => return Err(errno::INVALID),
        };
        let pieces = bufs.iter().map(|buf| &buf[start.min(buf.len())..]);
        if pieces.clone().all(<[u8]>::is_empty) {
            return Err(0);
        }
        let overlapped = self.overlapped.lend(token);
        // SAFETY: the heap blocks of the buffers stay in the in-flight table until the send has
        // ended, and the OVERLAPPED is lent to it.
        let begun = unsafe { calls::send(socket, pieces, overlapped) };
        begun.inspect_err(|_| self.overlapped.take_back(token))
    }

    /// Ends `target` if it has not ended; 0, or [`errno::NOT_FOUND`] when there was nothing to
    /// end.
    fn cancel(&mut self, target: Token) -> i32 {
        let Some(entry) = self.in_flight.entry(target) else { return errno::NOT_FOUND };
        if self.unpark(target, entry.sock) {
            self.end(target, errno::CANCELLED);
            return 0;
        }
        if self.cancel_in_kernel(target, entry.sock) { 0 } else { errno::NOT_FOUND }
    }

    /// Takes an operation that waits for a buffer or a place off its list. Whether it did wait.
    pub(super) fn unpark(&mut self, token: Token, sock: Sock) -> bool {
        let starved = |slot: &Slot| slot.starved && slot.recv == token;
        let list = match kind_of(token.tag()) {
            Some(OpKind::Accept) => &mut self.parked,
            Some(OpKind::Recv) if self.socks.slot(sock).is_some_and(starved) => &mut self.starved,
            _ => return false,
        };
        let at = list.iter().position(|&waiting| waiting == token);
        let waited = at.and_then(|at| list.remove(at)).is_some();
        self.detach_recv(token, sock);
        waited
    }

    /// Asks the kernel to end `token`, whose packet then says how it did. Whether it had it and
    /// will end it before its time.
    pub(super) fn cancel_in_kernel(&mut self, token: Token, sock: Sock) -> bool {
        let Some(overlapped) = self.overlapped.lent_to(token) else { return false };
        if self.in_flight.entry(token).is_some_and(|entry| entry.cancel_requested) {
            return true;
        }
        self.in_flight.request_cancel(token);
        let is_recv = self.detach_recv(token, sock);
        let Some(socket) = self.socks.socket(sock) else { return false };
        // SAFETY: the OVERLAPPED is lent to an operation of this socket.
        let asked = unsafe { port::cancel(socket, overlapped) };
        // A receive that has bytes waiting has not taken them yet: it ends without them.
        asked || is_recv
    }

    /// The socket is free for another receive; whether `token` was the one it had.
    pub(super) fn detach_recv(&mut self, token: Token, sock: Sock) -> bool {
        let Some(slot) = self.socks.slot_mut(sock).filter(|slot| slot.recv == token) else {
            return false;
        };
        slot.recv = Token::NONE;
        slot.starved = false;
        true
    }

    /// Closes; what is in flight on the socket is cancelled. Nothing happens when it is stale.
    pub(super) fn close_now(&mut self, sock: Sock) {
        let Some(slot) = self.socks.slot(sock) else { return };
        let (recv, starved) = (slot.recv, slot.starved);
        if starved && self.unpark(recv, sock) {
            self.end(recv, errno::CANCELLED);
        }
        if self.socks.listens(sock).is_some() {
            self.end_parked_accepts(sock);
        }
        let Some(socket) = self.socks.remove(sock) else { return };
        // SAFETY: null stands for all operations of the socket.
        unsafe { port::cancel(&socket, core::ptr::null_mut()) };
        drop(socket);
        self.unpark_accepts();
    }

    fn end_parked_accepts(&mut self, listener: Sock) {
        for _ in 0..self.parked.len() {
            let Some(token) = self.parked.pop_front() else { break };
            match self.in_flight.entry(token) {
                Some(entry) if entry.sock == listener => self.end(token, errno::CANCELLED),
                _ => self.parked.push_back(token),
            }
        }
    }

    /// Makes a connection one of this port's, for life.
    pub(super) fn adopt(&self, socket: &Socket) -> io::Result<()> {
        // Receives must not block; what is overlapped waits all the same.
        socket.set_nonblocking(true)?;
        self.port.associate(socket)
    }
}

/// An overlapped TCP socket.
fn tcp(domain: Domain, nodelay: bool) -> io::Result<Socket> {
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    if nodelay {
        socket.set_tcp_nodelay(true)?;
    }
    Ok(socket)
}
