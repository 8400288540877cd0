//! What operations do when they are handed over.
//!
//! Owns [`Step`] and its execution: most end at once, the rest wait at their socket. Knows no
//! events. Invariant: an executed operation either waits at its socket or has its last
//! completion in `ready`, never both and never neither.

use std::net::{Shutdown, SocketAddr};
use std::os::fd::AsFd;

use super::held::Held;
use super::selector::{Interest, Selector};
use super::socks::Accept;
use super::{Raw, Readiness, socket_calls};
use crate::completion::CompletionFlags;
use crate::inflight::State;
use crate::op::Payload;
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
    Accept { hand_over: bool },
    Connect(SocketAddr),
    Recv,
    Send,
    File,
    Shutdown(Shutdown),
    Close,
    Cancel(Token),
    Wake(Waker),
}

impl<S: Selector> Readiness<S> {
    pub(super) fn execute(&mut self, queued: Queued) {
        let Queued { token, sock, step } = queued;
        let orphaned =
            self.in_flight.entry(token).is_some_and(|entry| entry.state == State::Orphaned);
        match step {
            // What could wait for ever is not begun for nobody.
            Step::Accept { .. } | Step::Connect(_) | Step::Recv if orphaned => {
                if let Some(held) = self.in_flight.finish(token) {
                    self.dispose(held);
                }
            }
            Step::Accept { hand_over } => self.begin_accept(token, sock, hand_over),
            Step::Connect(peer) => self.begin_connect(token, sock, peer),
            Step::Recv => self.begin_recv(token, sock),
            Step::Send => self.begin_send(token, sock),
            Step::File => self.begin_file(token),
            Step::Shutdown(how) => {
                let result = match self.socks.socket(sock).map(|socket| socket.shutdown(how)) {
                    Some(Ok(())) => 0,
                    Some(Err(error)) => -socket_calls::errno(&error),
                    None => -libc::ECANCELED,
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

    /// The last step of an operation that waits nowhere.
    pub(super) fn end(&mut self, token: Token, result: i32) {
        self.ready.push(Raw { token, result, flags: CompletionFlags::NONE });
    }

    fn begin_accept(&mut self, token: Token, sock: Sock, hand_over: bool) {
        match self.socks.accepts(sock) {
            Some(accepts) => accepts.push_back(Accept { token, hand_over }),
            // A connection accepts nothing (accept(2)); a socket that is gone, neither.
            None => return self.end(token, -libc::EINVAL),
        }
        self.held_back |= self.socks.is_full();
        self.watch(sock);
    }

    fn begin_connect(&mut self, token: Token, sock: Sock, peer: SocketAddr) {
        let Some(socket) = self.socks.socket(sock) else {
            return self.end(token, -libc::ECANCELED);
        };
        match socket_calls::connect(socket, peer) {
            Some(result) => self.end_connect(token, result),
            None => self.wait_to_write(token, sock),
        }
    }

    fn begin_recv(&mut self, token: Token, sock: Sock) {
        let listener = self.socks.is_listener(sock);
        match self.socks.slot_mut(sock) {
            None => self.end(token, -libc::ECANCELED),
            Some(_) if listener => self.end(token, -libc::ENOTCONN),
            Some(slot) if !slot.recv.is_none() => self.end(token, -libc::EBUSY),
            Some(slot) => {
                slot.recv = token;
                self.watch(sock);
            }
        }
    }

    fn begin_send(&mut self, token: Token, sock: Sock) {
        match self.socks.slot(sock) {
            None => self.end(token, -libc::ECANCELED),
            // One at a time per socket: what it would send belongs behind the first one's rest.
            Some(slot) if !slot.write.is_none() => self.end(token, -libc::EBUSY),
            Some(_) => match self.try_send(token, sock) {
                Some(result) => self.end(token, result),
                None => self.wait_to_write(token, sock),
            },
        }
    }

    /// Sends once: a count, `-errno`, or `None` while the kernel's buffer is full.
    pub(super) fn try_send(&mut self, token: Token, sock: Sock) -> Option<i32> {
        let Some(socket) = self.socks.socket(sock) else { return Some(-libc::ECANCELED) };
        match self.in_flight.payload_mut(token) {
            Some(Held::Buffer { buf, start }) => {
                socket_calls::send(socket, &buf[(*start).min(buf.len())..])
            }
            Some(Held::Buffers(bufs)) => socket_calls::send_vectored(socket, bufs),
            Some(Held::SendFile { file, offset, len }) => {
                socket_calls::send_file(socket.as_fd(), file, *offset, *len)
            }
            _ => Some(-libc::EINVAL),
        }
    }

    /// The last step of a connect: on success its socket becomes the owner's.
    pub(super) fn end_connect(&mut self, token: Token, result: i32) {
        if let Some(held) = self.in_flight.payload_mut(token)
            && let Held::Connecting { sock, peer } = *held
        {
            if result == 0 {
                *held = Held::Ready(Payload::Connection { sock, peer });
            } else {
                *held = Held::Ready(Payload::None);
                self.close_now(sock);
            }
        }
        self.end(token, result);
    }

    fn wait_to_write(&mut self, token: Token, sock: Sock) {
        if let Some(slot) = self.socks.slot_mut(sock) {
            slot.write = token;
        }
        self.watch(sock);
    }

    /// Ends `target` if it waits at a socket; 0, or `-ENOENT` when there was nothing to end.
    fn cancel(&mut self, target: Token) -> i32 {
        let Some(entry) = self.in_flight.entry(target) else { return -libc::ENOENT };
        if !self.detach(target, entry.sock) {
            return -libc::ENOENT;
        }
        self.end_waiting(target, -libc::ECANCELED);
        0
    }

    /// Takes an operation from the socket it waits at; whether it did wait there.
    pub(super) fn detach(&mut self, token: Token, sock: Sock) -> bool {
        if let Some(accepts) = self.socks.accepts(sock) {
            let place = accepts.iter().position(|accept| accept.token == token);
            let found = place.and_then(|place| accepts.remove(place)).is_some();
            self.watch(sock);
            return found;
        }
        let Some(slot) = self.socks.slot_mut(sock) else { return false };
        if slot.recv == token {
            slot.recv = Token::NONE;
            self.socks.unpark(sock);
        } else if slot.write == token {
            slot.write = Token::NONE;
        } else {
            return false;
        }
        self.watch(sock);
        true
    }

    /// The last step of an operation that was just detached.
    pub(super) fn end_waiting(&mut self, token: Token, result: i32) {
        match kind_of(token.tag()) {
            Some(OpKind::Connect) => self.end_connect(token, result),
            _ => self.end(token, result),
        }
    }

    /// Ends everything that waits at `sock`.
    fn end_all(&mut self, sock: Sock, result: i32) {
        while let Some(accept) = self.socks.accepts(sock).and_then(|all| all.pop_front()) {
            self.end(accept.token, result);
        }
        let Some(slot) = self.socks.slot_mut(sock) else { return };
        let waiting = [slot.recv, slot.write];
        (slot.recv, slot.write) = (Token::NONE, Token::NONE);
        self.socks.unpark(sock);
        for token in waiting.into_iter().filter(|token| !token.is_none()) {
            self.end_waiting(token, result);
        }
    }

    /// Closes; what waits at the socket is cancelled. Nothing happens when it is stale.
    pub(super) fn close_now(&mut self, sock: Sock) {
        self.end_all(sock, -libc::ECANCELED);
        let Some(slot) = self.socks.slot(sock) else { return };
        let registered = slot.armed != Interest::NONE;
        let Some(socket) = self.socks.remove(sock.index) else { return };
        if registered {
            // A copy of the descriptor elsewhere would keep the registration alive. A refusal
            // changes nothing: the event's key is stale from now on.
            let _ = self.selector.delete(&socket);
        }
        drop(socket);
        if self.held_back && !self.socks.is_full() {
            self.held_back = false;
            self.resume_accepts();
        }
    }

    fn resume_accepts(&mut self) {
        let mut number = 0;
        while let Ok(listener) = self.socks.listener(number) {
            if let Some(sock) = listener {
                self.watch(sock);
            }
            number += 1;
        }
    }

    /// Tells the selector what `sock` is to be watched for, if that has changed. When it refuses,
    /// what waits there ends with its error.
    pub(super) fn watch(&mut self, sock: Sock) {
        let wanted = self.socks.wanted(sock);
        let Some(slot) = self.socks.slot_mut(sock) else { return };
        let armed = core::mem::replace(&mut slot.armed, wanted);
        if armed == wanted {
            return;
        }
        let Some(socket) = self.socks.socket(sock) else { return };
        let key = key_of(sock);
        let told = match (armed, wanted) {
            (Interest::NONE, _) => self.selector.add(socket, key, wanted),
            // Hang-ups cannot be masked (epoll_ctl(2)): only a deletion keeps them quiet.
            (_, Interest::NONE) => self.selector.delete(socket),
            _ => self.selector.modify(socket, key, wanted),
        };
        if let Err(error) = told {
            if let Some(slot) = self.socks.slot_mut(sock) {
                slot.armed = armed;
            }
            self.end_all(sock, -socket_calls::errno(&error));
        }
    }
}

/// What the selector carries: an event for a slot's earlier socket is told apart.
pub(super) const fn key_of(sock: Sock) -> u64 {
    (sock.generation as u64) << 32 | sock.index as u64
}

/// The socket a selector's key names; not trusted until the table has checked it.
pub(super) const fn sock_of_key(key: u64) -> Sock {
    Sock { index: key as u32, generation: (key >> 32) as u32 }
}
