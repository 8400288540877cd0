//! What operations do when they are handed over.
//!
//! Owns the queue's way into the world, in order. May not know what completions are for. Invariant:
//! an operation that was handed over has ended or waits somewhere.

use std::net::Shutdown;

use dx_io::limits::SEND_VECTORS_MAX;
use dx_io::{Token, Waker, errno};

use crate::ops::{Held, Stage};
use crate::socks::Kind;
use crate::state::State;

/// A step without its memory.
enum Step {
    Accept { ear: usize, hand_over: bool },
    Connect { slot: u32 },
    Recv { slot: u32 },
    Send { slot: u32 },
    File,
    Shutdown { slot: u32, how: Shutdown },
    Close { slot: u32 },
    Cancel { target: Token },
    Wake { target: Waker },
}

impl State {
    /// Hands over everything that was pushed; how many operations that were.
    pub(crate) fn submit(&mut self, room: usize) -> usize {
        let queued = core::mem::take(&mut self.rooms[room].queued);
        let count = queued.len();
        for token in queued {
            self.execute(room, token);
        }
        count
    }

    fn execute(&mut self, room: usize, token: Token) {
        self.note("execute", room as u64, token.number(), 0);
        let Some(flight) = self.rooms[room].ops.get(token) else { return };
        flight.stage = Stage::Active;
        let orphaned = flight.orphaned;
        match step_of(&flight.held) {
            // What could wait for ever is not begun for nobody.
            Step::Accept { .. } | Step::Recv { .. } | Step::Connect { .. } if orphaned => {
                self.end(room, token, errno::CANCELLED);
            }
            Step::Accept { ear, hand_over } => match self.ears.get_mut(ear) {
                Some(listener) => {
                    listener.accepts.push_back((token.number(), hand_over));
                    self.serve_accepts(ear);
                }
                // A connection accepts nothing (accept(2)).
                None => self.end(room, token, errno::INVALID),
            },
            Step::Connect { slot } => {
                if let Kind::Connection(end) = self.rooms[room].socks.slot(slot).kind {
                    self.ends[end].connecting = Some((room, token.number()));
                    self.send_knock(end);
                }
            }
            Step::Recv { slot } => self.begin_recv(room, slot, token),
            Step::Send { slot } => self.begin_send(room, slot, token),
            Step::File => {
                let result = self.do_file(room, token);
                self.end(room, token, result);
            }
            Step::Shutdown { slot, how } => {
                let result = self.shutdown(room, slot, how);
                self.end(room, token, result);
            }
            Step::Close { slot } => {
                self.close_slot(room, slot);
                self.end(room, token, 0);
            }
            Step::Cancel { target } => {
                let result = self.cancel(room, target);
                self.end(room, token, result);
            }
            Step::Wake { target } => {
                target.wake();
                self.end(room, token, 0);
            }
        }
    }

    fn begin_recv(&mut self, room: usize, slot: u32, token: Token) {
        let waiting = self.rooms[room].socks.slot_mut(slot);
        if !matches!(waiting.kind, Kind::Connection(_)) {
            return self.end(room, token, errno::NOT_CONNECTED);
        }
        if !waiting.recv.is_none() {
            self.violation(format!("reactor {room}: two receives on socket {slot}"));
            return self.end(room, token, errno::BUSY);
        }
        waiting.recv = token;
        self.pump_recv(room, slot);
    }

    fn begin_send(&mut self, room: usize, slot: u32, token: Token) {
        if !self.rooms[room].socks.slot(slot).write.is_none() {
            self.violation(format!("reactor {room}: two sends on socket {slot}"));
            return self.end(room, token, errno::BUSY);
        }
        match self.try_send(room, slot, token) {
            Some(result) => self.end(room, token, result),
            None => self.rooms[room].socks.slot_mut(slot).write = token,
        }
    }

    /// Sends once: a count, `-errno`, or `None` while there is no room.
    pub(crate) fn try_send(&mut self, room: usize, slot: u32, token: Token) -> Option<i32> {
        let Kind::Connection(end) = self.rooms[room].socks.slot(slot).kind else {
            return Some(errno::NOT_CONNECTED);
        };
        let state = &mut self.ends[end];
        if core::mem::take(&mut state.error) {
            return Some(errno::CONNECTION_RESET);
        }
        if state.reset || state.write_shut {
            return Some(errno::BROKEN_PIPE);
        }
        let free = self.room_at(end);
        let flight = self.rooms[room].ops.get(token)?;
        let vectors: Vec<u8>;
        let mut bytes: &[u8] = match &flight.held {
            Held::Send { buf, start, .. } => &buf[(*start).min(buf.len())..],
            Held::SendVectored { bufs, .. } => {
                vectors = bufs.iter().take(SEND_VECTORS_MAX).flatten().copied().collect();
                &vectors
            }
            Held::SendFile { file, offset, len, .. } => {
                let len = (*len).min(dx_io::limits::SEND_FILE_MAX) as usize;
                match crate::files::read_some(file, *offset, len.min(free)) {
                    Ok(read) => {
                        vectors = read;
                        &vectors
                    }
                    Err(error) => return Some(error),
                }
            }
            _ => &[],
        };
        if bytes.is_empty() {
            let waits = free == 0 && matches!(flight.held, Held::SendFile { .. });
            return (!waits).then_some(0);
        }
        if free == 0 {
            return None;
        }
        if self.chance.happens(self.faults.short_send) {
            bytes = &bytes[..1 + self.chance.index(bytes.len())];
        }
        let bytes = bytes.to_vec(); // the table is borrowed no more
        Some(self.send_bytes(end, &bytes) as i32)
    }

    fn shutdown(&mut self, room: usize, slot: u32, how: Shutdown) -> i32 {
        let Kind::Connection(end) = self.rooms[room].socks.slot(slot).kind else {
            return errno::NOT_CONNECTED;
        };
        if self.ends[end].reset {
            return errno::NOT_CONNECTED;
        }
        if how != Shutdown::Read {
            self.finish_sending(end);
        }
        if how != Shutdown::Write {
            self.ends[end].read_shut = true;
            self.pump_recv(room, slot);
        }
        0
    }
}

fn step_of(held: &Held) -> Step {
    match held {
        Held::Accept { ear, hand_over } => Step::Accept { ear: *ear, hand_over: *hand_over },
        Held::Connect { slot, .. } => Step::Connect { slot: *slot },
        Held::Recv { slot } => Step::Recv { slot: *slot },
        Held::Send { slot, .. } | Held::SendVectored { slot, .. } | Held::SendFile { slot, .. } => {
            Step::Send { slot: *slot }
        }
        Held::Read { .. } | Held::Write { .. } | Held::Ended(_) => Step::File,
        Held::Shutdown { slot, how } => Step::Shutdown { slot: *slot, how: *how },
        Held::Close { slot } => Step::Close { slot: *slot },
        Held::Cancel { target } => Step::Cancel { target: *target },
        Held::Wake { target } => Step::Wake { target: target.clone() },
    }
}
