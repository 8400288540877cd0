//! From the kernel's completions to ours.
//!
//! Owns what each kind of operation does at its end. Knows entries by their tokens only.
//! Invariant: only a completion without `IORING_CQE_F_MORE` retires an operation, and a token
//! that is stale retires nothing.

use std::os::fd::{FromRawFd, OwnedFd};

use io_uring::{cqueue, opcode, types::Fixed};
use socket2::Socket;

use super::held::Held;
use super::ring::{CALL, Raw};
use super::socks::Target;
use super::{INTERNAL, UringReactor, wake};
use crate::completion::{Completion, CompletionFlags};
use crate::inflight::{Entry, State};
use crate::op::Payload;
use crate::sock::{Accepted, Sock};
use crate::sys::socket_calls;
use crate::token::{OpKind, Token, kind_of};

impl UringReactor {
    /// Translates one completion; appends to `out` what its owner must see.
    pub(super) fn complete(&mut self, raw: Raw, out: &mut Vec<Completion>) {
        let token = Token::from_bits(raw.user_data);
        match kind_of(token.tag()) {
            Some(OpKind::Woken) if token == wake::FROM_DESCRIPTOR => {
                self.wake.completed(raw.result, &mut self.ring);
            }
            Some(OpKind::Internal) if token == CALL && raw.result >= 0 => {
                // SAFETY: what is called makes a descriptor, and its caller was told of an error
                // instead: nobody else knows it.
                drop(unsafe { OwnedFd::from_raw_fd(raw.result) });
            }
            Some(OpKind::Woken | OpKind::Internal) | None => {}
            Some(OpKind::Recv) => self.recv_completed(token, raw, out),
            Some(OpKind::SendZeroCopy) => self.zero_copy_completed(token, raw, out),
            Some(OpKind::SendFile) => self.send_file_completed(token, raw.result, out),
            Some(kind) => {
                let Some(entry) = self.in_flight.entry(token) else { return };
                if kind == OpKind::Accept && self.accepts_again(token, &entry, raw.result) {
                    return;
                }
                match kind {
                    OpKind::Accept => self.accept_completed(token, raw.result),
                    OpKind::Connect => self.connect_completed(token, raw.result),
                    OpKind::Close => self.close_completed(&entry),
                    OpKind::Shutdown => self.shutdown_completed(&entry),
                    _ => {}
                }
                let result = match kind {
                    // Its number is its socket, which comes as a payload.
                    OpKind::Accept => raw.result.min(0),
                    // A thread of the kernel is at it, and was told to stop: it will end early
                    // (io_uring_prep_cancel(3)). A send comes there after 128 waits for room.
                    OpKind::Cancel if raw.result == -libc::EALREADY => 0,
                    // How what such a thread was at ends.
                    _ if entry.cancel_requested && raw.result == -libc::EINTR => -libc::ECANCELED,
                    _ => raw.result,
                };
                self.retire(token, &entry, result, out);
            }
        }
    }

    pub(super) fn retire(
        &mut self,
        token: Token,
        entry: &Entry,
        result: i32,
        out: &mut Vec<Completion>,
    ) {
        if !entry.cancel_requested && entry.kind != OpKind::Shutdown {
            self.socks.end(entry.sock);
        }
        if let Some(held) = self.in_flight.finish(token) {
            self.dispose(held);
        }
        if entry.state == State::Submitted {
            out.push(Completion::new(entry.user_data, result, CompletionFlags::NONE));
        }
    }

    fn recv_completed(&mut self, token: Token, raw: Raw, out: &mut Vec<Completion>) {
        let buffer = self.receive_buffer(raw);
        let entry = self.in_flight.entry(token);
        let live = entry.filter(|entry| entry.state == State::Submitted);
        match (buffer, live) {
            (Some(id), Some(entry)) => {
                let flags = CompletionFlags::buffer(id).with(CompletionFlags::MORE);
                out.push(Completion::new(entry.user_data, raw.result, flags));
            }
            (Some(id), None) => self.buffers.discard(id),
            (None, _) => {}
        }
        let Some(entry) = entry else { return };
        if cqueue::more(raw.flags) {
            return;
        }
        let again = match -raw.result {
            libc::ENOBUFS => {
                // Wait for one to return, or for the next to be offered, in `replenish`.
                self.buf_ring.ran_out();
                if entry.state == State::Submitted && !entry.cancel_requested {
                    self.starved.push_back(token);
                    return;
                }
                false
            }
            // A one-shot receive (5.19 rung), or a multishot one the kernel ended early.
            libc::EINTR | libc::EAGAIN => true,
            _ => raw.result > 0,
        };
        let wanted = entry.state == State::Submitted && !entry.cancel_requested;
        if again && wanted && self.arm_recv(token, entry.sock) {
            return;
        }
        let result =
            if again || raw.result == -libc::ENOBUFS { -libc::ECANCELED } else { raw.result };
        self.retire(token, &entry, result, out);
    }

    /// A send without a copy completes twice: with what it sent, then with word that the kernel
    /// is done with the bytes (io_uring_prep_send_zc(3)). Its owner sees the second, with the
    /// result of the first. One that sent nothing may complete once.
    fn zero_copy_completed(&mut self, token: Token, raw: Raw, out: &mut Vec<Completion>) {
        let Some(entry) = self.in_flight.entry(token) else { return };
        let result = match self.in_flight.payload_mut(token) {
            Some(Held::ZeroCopy { result, .. }) if cqueue::more(raw.flags) => {
                *result = raw.result;
                if !entry.cancel_requested {
                    // It ends by itself now, so a close has nothing to cancel.
                    self.in_flight.request_cancel(token);
                    self.socks.end(entry.sock);
                }
                return;
            }
            Some(Held::ZeroCopy { result, .. }) if cqueue::notif(raw.flags) => *result,
            _ => raw.result,
        };
        self.socks.set_lends(entry.sock, false);
        self.retire(token, &entry, result, out);
    }

    /// The id of the buffer that came with a completion, marked as filled.
    fn receive_buffer(&mut self, raw: Raw) -> Option<u16> {
        let id = cqueue::buffer_select(raw.flags)?;
        self.buf_ring.taken(usize::try_from(raw.result).unwrap_or(0));
        match u16::try_from(raw.result) {
            Ok(len) if len > 0 => {
                // SAFETY: the kernel says that it took buffer `id` out of its ring and wrote
                // `result` bytes to its start (io_uring_prep_recv_multishot(3)).
                unsafe { self.buffers.mark_filled(id, len) };
                Some(id)
            }
            _ => {
                self.buffers.push_returned(id);
                None
            }
        }
    }

    /// Arms an accept again whose connection was gone before it could be accepted; whether it was
    /// that. Its owner waits for the next one.
    fn accepts_again(&mut self, token: Token, entry: &Entry, result: i32) -> bool {
        let wanted = entry.state == State::Submitted && !entry.cancel_requested;
        let Some(Held::Accepting(slot)) = self.in_flight.payload_mut(token) else { return false };
        let hand_over = slot.hand_over;
        let again = wanted && socket_calls::concerns_the_peer(-result);
        if again {
            self.arm_accept(token, entry.sock, hand_over);
        }
        again
    }

    fn accept_completed(&mut self, token: Token, result: i32) {
        let Some(Held::Accepting(slot)) = self.in_flight.payload_mut(token) else { return };
        let (hand_over, peer) = (slot.hand_over, slot.take_peer());
        if !hand_over {
            self.socks.promise_ended();
        }
        let payload = if result < 0 {
            Payload::None
        } else if hand_over {
            // SAFETY: accept(2) has just made this descriptor for us; nobody else knows it.
            let socket = Socket::from(unsafe { OwnedFd::from_raw_fd(result) });
            Payload::Accepted(Accepted::new(socket, peer))
        } else if self.direct {
            Payload::Connection { sock: self.socks.opened(result as u32), peer }
        } else {
            // SAFETY: accept(2) has just made this descriptor for us; nobody else knows it.
            let socket = Socket::from(unsafe { OwnedFd::from_raw_fd(result) });
            Payload::Connection { sock: self.socks.add_plain(socket), peer }
        };
        if let Some(held) = self.in_flight.payload_mut(token) {
            *held = Held::Ready(payload);
        }
        if result < 0 {
            self.unpark_accepts();
        }
    }

    fn connect_completed(&mut self, token: Token, result: i32) {
        let Some(Held::Connecting(slot)) = self.in_flight.payload_mut(token) else { return };
        let (sock, peer) = (slot.sock, slot.peer);
        let payload = if result < 0 { Payload::None } else { Payload::Connection { sock, peer } };
        if let Some(held) = self.in_flight.payload_mut(token) {
            *held = Held::Ready(payload);
        }
        if result < 0 {
            self.close_quietly(sock);
        }
    }

    fn close_completed(&mut self, entry: &Entry) {
        self.socks.freed(entry.sock.index);
        self.unpark_accepts();
    }

    fn shutdown_completed(&mut self, entry: &Entry) {
        let index = entry.sock.index;
        if !self.socks.shutdown_ends(index) {
            return;
        }
        if let Some(at) = self.closing.iter().position(|(closing, ..)| *closing == index) {
            let (_, target, token) = self.closing.swap_remove(at);
            self.close_target(target, token);
        }
    }

    /// Frees what an operation nobody waits for has brought.
    pub(super) fn dispose(&mut self, held: Held) {
        if let Held::Ready(Payload::Connection { sock, .. }) = held {
            self.close_quietly(sock);
        }
    }

    /// Closes without anybody waiting for it.
    pub(super) fn close_quietly(&mut self, sock: Sock) {
        if self.in_flight.is_full() {
            // No room for the bookkeeping of a close: the descriptor itself must still go.
            return self.close_now(sock);
        }
        let token = self.close(sock, 0);
        self.in_flight.orphan(token);
    }

    fn close_now(&mut self, sock: Sock) {
        let Some(target) = self.socks.close(sock) else { return };
        self.socks.freed(sock.index);
        match target {
            Target::Direct(index) => {
                let entry = opcode::Close::new(Fixed(index)).build();
                // SAFETY: the entry points to nothing.
                unsafe { self.queue(entry, INTERNAL) };
            }
            Target::Plain(fd) => {
                // SAFETY: `Socks::close` has just given this descriptor up to us.
                drop(unsafe { OwnedFd::from_raw_fd(fd) });
            }
        }
    }
}
