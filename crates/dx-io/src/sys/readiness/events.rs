//! What readiness does for the operations that wait.
//!
//! Owns the answer to every event: one receive, one try at sending, or a bounded round of
//! accepts. Knows nothing of pushing. Invariant: an event nobody waits for changes what is
//! watched for, so a level-triggered selector cannot report it for ever.

use core::time::Duration;
use std::io;

use super::held::Held;
use super::selector::{Event, Interest, Selector};
use super::steps::sock_of_key;
use super::{Raw, Readiness, socket_calls};
use crate::completion::CompletionFlags;
use crate::limits::{ACCEPTS_PER_TURN, RECVS_PER_EVENT};
use crate::op::Payload;
use crate::sock::{Accepted, Sock};
use crate::sys::socket_calls::Received;
use crate::token::{OpKind, Token, kind_of};

impl<S: Selector> Readiness<S> {
    /// Asks the selector once and answers every event; whether a wake arrived.
    pub(super) fn poll(&mut self, timeout: Option<Duration>) -> io::Result<bool> {
        let woken = self.selector.wait(timeout, &mut self.events)?;
        let mut events = core::mem::take(&mut self.events);
        for event in events.drain(..) {
            self.answer(event);
        }
        self.events = events;
        self.collect_files();
        Ok(woken)
    }

    /// Watches sockets again that were parked without a buffer, one for each buffer that is free:
    /// more would only be parked again.
    pub(super) fn feed_starved(&mut self) {
        if !self.socks.any_starved() {
            return;
        }
        let free = self.buffers.pool().capacity() - self.buffers.pool().held();
        for _ in 0..free {
            let Some(sock) = self.socks.next_starved() else { return };
            self.watch(sock);
        }
    }

    fn answer(&mut self, event: Event) {
        let sock = sock_of_key(event.key);
        if event.writable
            && let Some(slot) = self.socks.slot(sock)
            && !slot.write.is_none()
        {
            self.writable(slot.write, sock);
        }
        // Looked up again: the socket may be gone by now.
        let Some(slot) = self.socks.slot(sock) else { return };
        let (recv, armed) = (slot.recv, slot.armed);
        if event.readable && self.socks.is_listener(sock) {
            self.acceptable(sock);
        } else if event.readable && armed.read() && !recv.is_none() {
            self.readable(recv, sock);
        } else if armed != Interest::NONE {
            self.watch(sock);
        }
    }

    /// Receives what is there, up to its bound. What is left is reported again.
    fn readable(&mut self, token: Token, sock: Sock) {
        for round in 0..RECVS_PER_EVENT {
            let Some(socket) = self.socks.socket(sock) else { return };
            match socket_calls::recv(socket, &self.buffers) {
                Received::Bytes { id, len } => {
                    let flags = CompletionFlags::buffer(id).with(CompletionFlags::MORE);
                    self.ready.push(Raw { token, result: i32::from(len), flags });
                    // Only a full buffer promises more, and to ask costs a call.
                    if len < self.buffers.buffer_len() {
                        return;
                    }
                }
                Received::NoBuffer if round == 0 => {
                    self.socks.park(sock);
                    return self.watch(sock);
                }
                Received::Nothing | Received::NoBuffer => return,
                Received::End => return self.end_detached(token, sock, 0),
                Received::Failed(errno) => return self.end_detached(token, sock, -errno),
            }
        }
    }

    fn writable(&mut self, token: Token, sock: Sock) {
        let result = match kind_of(token.tag()) {
            Some(OpKind::Connect) => self.socks.socket(sock).and_then(socket_calls::connected),
            _ => self.try_send(token, sock),
        };
        if let Some(result) = result {
            self.end_detached(token, sock, result);
        }
    }

    fn end_detached(&mut self, token: Token, sock: Sock, result: i32) {
        if self.detach(token, sock) {
            self.end_waiting(token, result);
        }
    }

    /// Accepts for those who wait, as long as somebody knocks.
    fn acceptable(&mut self, sock: Sock) {
        for round in 0..ACCEPTS_PER_TURN {
            let Some(next) = self.socks.next_accept(sock) else {
                if round > 0 {
                    // The owner is about to ask again; if not, the next event comes to nothing.
                    return;
                }
                // Either nobody waits, or there is no room: quiet until that changes.
                self.held_back |= self.socks.is_full();
                return self.watch(sock);
            };
            let Some(socket) = self.socks.socket(sock) else { return };
            match socket_calls::accept(socket) {
                Ok((socket, peer)) => {
                    self.pop_accept(sock);
                    let payload = if next.hand_over {
                        Payload::Accepted(Accepted::new(socket, peer))
                    } else {
                        Payload::Connection { sock: self.socks.add(socket), peer }
                    };
                    if let Some(held) = self.in_flight.payload_mut(next.token) {
                        *held = Held::Ready(payload);
                    }
                    self.end(next.token, 0);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if socket_calls::concerns_the_peer(socket_calls::errno(&error)) => {}
                Err(error) => {
                    self.pop_accept(sock);
                    return self.end(next.token, -socket_calls::errno(&error));
                }
            }
        }
    }

    fn pop_accept(&mut self, sock: Sock) {
        if let Some(accepts) = self.socks.accepts(sock) {
            accepts.pop_front();
        }
    }
}
