//! From packets to completions.
//!
//! Owns what each kind of operation does when its packet has come. Knows operations by their
//! tokens only. Invariant: a token that is stale ends nothing, and an operation whose socket was
//! closed meanwhile fails as cancelled, whatever the kernel calls that.

use std::net::SocketAddr;

use socket2::Socket;

use super::calls::{self, Received};
use super::held::Held;
use super::overlapped::Ended;
use super::{IocpReactor, Raw, translate};
use crate::completion::CompletionFlags;
use crate::errno;
use crate::op::Payload;
use crate::sock::{Accepted, Sock};
use crate::token::{OpKind, Token};

impl IocpReactor {
    /// Does what follows from one packet.
    pub(super) fn complete(&mut self, ended: Ended, bytes: u32) {
        let Ended { token, status } = ended;
        let Some(entry) = self.in_flight.entry(token) else { return };
        let result = match translate::status(status) {
            None => i32::try_from(bytes).unwrap_or(i32::MAX),
            // What went out before a cancel is a short send; nothing else moves bytes.
            Some(errno::CANCELLED) if bytes > 0 => i32::try_from(bytes).unwrap_or(i32::MAX),
            Some(errno) => errno,
        };
        match entry.kind {
            OpKind::Accept => {
                self.end_accept(token, result);
                // Not inside, where an accept that fails at once would call itself by the next.
                self.unpark_accepts();
            }
            OpKind::Connect => self.end_connect(token, result),
            OpKind::Recv => self.bytes_or_end(token, entry.sock, result),
            _ => self.end_send(token, entry.sock, result),
        }
    }

    /// An accept is over: its connection, if there is one, is attached here or to nobody.
    pub(super) fn end_accept(&mut self, token: Token, result: i32) {
        let Some(listener) = self.in_flight.entry(token).map(|entry| entry.sock) else { return };
        let Some(Held::Accepting(slot)) = self.in_flight.payload_mut(token) else { return };
        let hand_over = slot.hand_over;
        let mut brought = self.accepted(token, listener, result);
        if !hand_over {
            self.socks.promise_ended();
            brought = brought.and_then(|(socket, peer)| {
                self.adopt(&socket).map_err(|error| translate::error(&error))?;
                Ok((socket, peer))
            });
        }
        let (payload, result) = match brought {
            Ok((socket, peer)) if hand_over => (Payload::Accepted(Accepted::new(socket, peer)), 0),
            Ok((socket, peer)) => (Payload::Connection { sock: self.socks.add(socket), peer }, 0),
            Err(errno) => (Payload::None, errno),
        };
        if let Some(held) = self.in_flight.payload_mut(token) {
            *held = Held::Ready(payload);
        }
        self.end(token, result);
    }

    /// The connection an accept brought, in no port yet.
    fn accepted(
        &mut self,
        token: Token,
        listener: Sock,
        result: i32,
    ) -> Result<(Socket, SocketAddr), i32> {
        let Some(Held::Accepting(slot)) = self.in_flight.payload_mut(token) else {
            return Err(errno::INVALID);
        };
        let socket = slot.socket.take();
        // Without its listener the socket would never be a connected one: it is lost, as what is
        // left in a closed listener's queue.
        let listener = self.socks.socket(listener).ok_or(errno::CANCELLED)?;
        let socket = socket.filter(|_| result >= 0).ok_or(result)?;
        let peer = self.extensions.peer(&slot.addresses).ok_or(errno::CONNECTION_ABORTED)?;
        calls::update_accepted(&socket, listener)?;
        Ok((socket, peer))
    }

    /// A connect is over: on success its socket becomes the owner's.
    pub(super) fn end_connect(&mut self, token: Token, result: i32) {
        let Some(Held::Connecting(slot)) = self.in_flight.payload_mut(token) else { return };
        let (sock, peer) = (slot.sock, slot.peer);
        if let Some(slot) = self.socks.slot_mut(sock) {
            slot.write = Token::NONE;
        }
        let connected = match self.socks.socket(sock) {
            None => Err(errno::CANCELLED),
            Some(_) if result < 0 => Err(result),
            Some(socket) => calls::update_connected(socket),
        };
        let result = match connected {
            Ok(()) => {
                if let Some(held) = self.in_flight.payload_mut(token) {
                    *held = Held::Ready(Payload::Connection { sock, peer });
                }
                0
            }
            // It brings nothing: there is nothing to take behind it.
            Err(errno) => {
                drop(self.in_flight.strip(token));
                self.close_now(sock);
                errno
            }
        };
        self.end(token, result);
    }

    /// A receive need not wait any longer: there are bytes, or the end, or it was cancelled.
    fn bytes_or_end(&mut self, token: Token, sock: Sock, result: i32) {
        // A receive that is not its socket's any more was cancelled or let go of; the bytes stay
        // where they are.
        match self.socks.slot(sock) {
            Some(slot) if slot.recv == token && result >= 0 => self.recv_now(token, sock),
            Some(slot) if slot.recv == token => self.end_recv(token, sock, result),
            _ => self.end(token, errno::CANCELLED),
        }
    }

    /// Receives once and waits for more. Once only, so that one peer cannot keep the core.
    fn recv_now(&mut self, token: Token, sock: Sock) {
        let Some(socket) = self.socks.socket(sock) else { return };
        match calls::recv(socket, &self.buffers) {
            Received::Bytes { id, len } => {
                let flags = CompletionFlags::buffer(id).with(CompletionFlags::MORE);
                self.ready.push(Raw { token, result: i32::from(len), flags });
                self.arm_recv(token, sock);
            }
            Received::Nothing => self.arm_recv(token, sock),
            Received::NoBuffer => {
                if let Some(slot) = self.socks.slot_mut(sock) {
                    slot.starved = true;
                }
                self.starved.push_back(token);
            }
            Received::End => self.end_recv(token, sock, 0),
            Received::Failed(errno) => self.end_recv(token, sock, errno),
        }
    }

    /// Gives buffers that came back to receives that wait for one, oldest first.
    pub(super) fn feed_starved(&mut self) {
        while self.buffers.pool().held() < self.buffers.pool().capacity() {
            let Some(token) = self.starved.pop_front() else { return };
            let Some(entry) = self.in_flight.entry(token) else { continue };
            if let Some(slot) = self.socks.slot_mut(entry.sock) {
                slot.starved = false;
            }
            self.recv_now(token, entry.sock);
        }
    }

    pub(super) fn end_recv(&mut self, token: Token, sock: Sock, result: i32) {
        if let Some(slot) = self.socks.slot_mut(sock) {
            slot.recv = Token::NONE;
            slot.reset |= result == errno::CONNECTION_RESET;
        }
        self.end(token, result);
    }

    pub(super) fn end_send(&mut self, token: Token, sock: Sock, result: i32) {
        let result = match self.socks.slot_mut(sock) {
            None if result < 0 => errno::CANCELLED,
            None => result,
            Some(slot) => {
                slot.write = Token::NONE;
                let broken = matches!(result, errno::CONNECTION_RESET | errno::CONNECTION_ABORTED);
                let told = slot.reset;
                slot.reset |= broken;
                // The first to meet a reset is told so; who sends after that has been told.
                if told && broken { errno::BROKEN_PIPE } else { result }
            }
        };
        self.end(token, result);
    }
}
