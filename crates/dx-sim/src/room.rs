//! The world's side of a reactor: its tables, and how operations end.
//!
//! Owns [`Room`], completions, and what waits at a socket: receives, sends, accepts, connects. May
//! not know how operations begin (`execute.rs`). Invariant: an active operation either waits in
//! exactly one place or has its last completion in `done`.

use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use dx_io::external::{FilePool, RecvBuffers};
use dx_io::{Accepted, Completion, CompletionFlags, Payload, Token, errno};

use crate::loose::Thing;
use crate::ops::{self, Held, Ops, Stage};
use crate::socks::{Kind, Socks};
use crate::state::{Event, State, number};
use crate::wire::Owner;

/// How late a completion, a cancel or a buffer may be, when it is.
const LATE_MAX: Duration = Duration::from_millis(3);

/// One reactor, as the world sees it.
pub(crate) struct Room {
    pub(crate) socks: Socks,
    pub(crate) ops: Ops,
    pub(crate) buffers: Rc<RecvBuffers>,
    pub(crate) files: FilePool,
    pub(crate) queued: Vec<Token>,
    pub(crate) done: VecDeque<Done>,
    starved: VecDeque<u32>,
    /// Until then there is no buffer, whatever the pool says.
    starving_until: u64,
    pub(crate) woken: Arc<AtomicBool>,
}

/// A completion that was not reaped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Done {
    /// When it becomes visible.
    pub(crate) at: u64,
    token: Token,
    result: i32,
    flags: CompletionFlags,
}

impl Room {
    pub(crate) fn new(config: &dx_io::ReactorConfig) -> Self {
        Self {
            socks: Socks::new(config.sockets_max),
            ops: Ops::new(config.in_flight_max),
            buffers: Rc::new(RecvBuffers::new(config.recv_buffers, config.recv_buffer_len)),
            files: FilePool::new(config.fixed_buffers, config.fixed_buffer_len),
            queued: Vec::new(),
            done: VecDeque::new(),
            starved: VecDeque::new(),
            starving_until: 0,
            woken: Arc::default(),
        }
    }

    /// Completions that can be reaped at `now`.
    pub(crate) fn visible(&self, now: u64) -> usize {
        self.done.iter().filter(|done| done.at <= now).count()
    }

    fn has_buffer(&self) -> bool {
        self.buffers.pool().held() < self.buffers.pool().capacity()
    }

    /// Forgets what nobody has reaped of `token`.
    fn forget_done(&mut self, token: Token) {
        let buffers = &self.buffers;
        self.done.retain(|done| {
            if done.token == token
                && let Some(id) = done.flags.buffer_id()
            {
                buffers.discard(id);
            }
            done.token != token
        });
    }
}

impl State {
    /// An operation has completed, once or for good.
    pub(crate) fn complete(
        &mut self,
        room: usize,
        token: Token,
        result: i32,
        flags: CompletionFlags,
    ) {
        self.note("complete", room as u64, number(token), i64::from(result));
        let late = self.chance.happens(self.faults.late_completion);
        let late = if late { self.chance.time(LATE_MAX) } else { 0 };
        let now = self.now;
        let state = &mut self.rooms[room];
        let Some(flight) = state.ops.get(token) else { return };
        if flight.orphaned {
            if let Some(id) = flags.buffer_id() {
                state.buffers.discard(id);
            }
            if !flags.has_more() {
                self.forget(room, token);
            }
            return;
        }
        if !flags.has_more() {
            flight.stage = Stage::Ended;
        }
        flight.seen_at = flight.seen_at.max(now + late);
        let at = flight.seen_at;
        state.done.push_back(Done { at, token, result, flags });
        if at > now {
            self.schedule_at(at, Event::Look(room));
        }
    }

    pub(crate) fn end(&mut self, room: usize, token: Token, result: i32) {
        self.complete(room, token, result, CompletionFlags::NONE);
    }

    /// Moves visible completions to `out`.
    pub(crate) fn reap(&mut self, room: usize, out: &mut Vec<Completion>) -> usize {
        let few = self.chance.happens(self.faults.few_completions);
        let mut left = if few { 1 + self.chance.index(3) } else { usize::MAX };
        let now = self.now;
        let state = &mut self.rooms[room];
        let before = out.len();
        for _ in 0..state.done.len() {
            let Some(done) = state.done.pop_front() else { break };
            if done.at > now || left == 0 {
                state.done.push_back(done);
                continue;
            }
            left -= 1;
            let Some(flight) = state.ops.get(done.token) else { continue };
            out.push(Completion::new(flight.user_data, done.result, done.flags));
            if done.flags.has_more() {
                continue;
            }
            flight.stage = Stage::Reaped;
            if !flight.held.owns() {
                state.ops.remove(done.token);
            }
        }
        let count = out.len() - before;
        self.note("reap", room as u64, count as u64, 0);
        count
    }

    /// Frees an operation that has ended, and what it brought.
    fn forget(&mut self, room: usize, token: Token) {
        let Some(flight) = self.rooms[room].ops.remove(token) else { return };
        match flight.held {
            Held::Ended(Payload::Connection { sock, .. }) => {
                if let Kind::Connection(end) = self.rooms[room].socks.slot(sock.index()).kind {
                    self.mark_unheard(end);
                }
                self.close_slot(room, sock.index());
            }
            Held::Connect { slot, .. } => self.close_slot(room, slot),
            held => drop(held), // a connection that is handed over closes itself
        }
        self.take_dropped();
    }

    /// Gives up on an operation.
    pub(crate) fn orphan(&mut self, room: usize, token: Token) {
        self.note("orphan", room as u64, number(token), 0);
        let Some(flight) = self.rooms[room].ops.get(token) else { return };
        if core::mem::replace(&mut flight.orphaned, true) {
            return;
        }
        let (stage, held) = (flight.stage, &flight.held);
        let waits = matches!(held, Held::Accept { .. } | Held::Connect { .. } | Held::Recv { .. });
        self.rooms[room].forget_done(token);
        match stage {
            Stage::Ended | Stage::Reaped => self.forget(room, token),
            Stage::Active if waits => self.cancel_soon(room, token),
            Stage::Queued | Stage::Active => {}
        }
    }

    /// Ends `token` by a cancel, now or in a while.
    fn cancel_soon(&mut self, room: usize, token: Token) {
        if self.chance.happens(self.faults.cancel_race) {
            let after = self.chance.time(LATE_MAX);
            return self.schedule(after, Event::Cancelled(room, number(token)));
        }
        self.end_waiting(room, token);
    }

    /// What a cancel of `target` comes to.
    pub(crate) fn cancel(&mut self, room: usize, target: Token) -> i32 {
        if self.chance.happens(self.faults.cancel_race) {
            self.hurry(room, target);
        }
        let active = |stage| stage == Stage::Active;
        if !self.rooms[room].ops.get(target).is_some_and(|flight| active(flight.stage)) {
            return errno::NOT_FOUND;
        }
        self.cancel_soon(room, target);
        0
    }

    /// Has what `target` waits for happen just before it is cancelled.
    fn hurry(&mut self, room: usize, target: Token) {
        let Some(flight) = self.rooms[room].ops.get(target) else { return };
        if let Held::Recv { slot } = flight.held
            && let Kind::Connection(end) = self.rooms[room].socks.slot(slot).kind
        {
            self.deliver(end, u64::MAX);
        }
    }

    /// A cancel that took its time.
    pub(crate) fn cancelled_late(&mut self, room: usize, target: u64) {
        self.end_waiting(room, ops::token(target));
    }

    /// Ends an operation that waits, as cancelled.
    pub(crate) fn end_waiting(&mut self, room: usize, token: Token) {
        let state = &mut self.rooms[room];
        let Some(flight) = state.ops.get(token) else { return };
        if flight.stage != Stage::Active {
            return;
        }
        match flight.held {
            Held::Accept { ear, .. } => {
                if let Some(ear) = self.ears.get_mut(ear) {
                    ear.accepts.retain(|(accept, _)| *accept != number(token));
                }
            }
            Held::Recv { slot } => {
                let slot_state = state.socks.slot_mut(slot);
                (slot_state.recv, slot_state.starved) = (Token::NONE, false);
                state.starved.retain(|&starved| starved != slot);
            }
            Held::Send { slot, .. }
            | Held::SendVectored { slot, .. }
            | Held::SendFile { slot, .. } => state.socks.slot_mut(slot).write = Token::NONE,
            Held::Connect { slot, .. } => {
                flight.held = Held::Ended(Payload::None);
                self.close_slot(room, slot);
            }
            _ => return,
        }
        self.end(room, token, errno::CANCELLED);
    }

    /// Closes a socket; what waits at it is cancelled.
    pub(crate) fn close_slot(&mut self, room: usize, slot: u32) {
        let waiting = *self.rooms[room].socks.slot(slot);
        for token in [waiting.recv, waiting.write] {
            self.end_waiting(room, token);
        }
        match self.rooms[room].socks.remove(slot) {
            Kind::Connection(end) => self.close_end(end),
            Kind::Listener(ear) => {
                for (accept, _) in core::mem::take(&mut self.ears[ear].accepts) {
                    self.end(room, ops::token(accept), errno::CANCELLED);
                }
                self.close_ear(ear);
            }
            Kind::Free => {}
        }
        // Accepts that were held back go on.
        for ear in 0..self.ears.len() {
            if matches!(self.ears[ear].owner, Owner::Room(owner, _) if owner == room) {
                self.serve_accepts(ear);
            }
        }
    }

    /// Gives the receive at `slot` what has arrived.
    pub(crate) fn pump_recv(&mut self, room: usize, slot: u32) {
        if !self.rooms[room].socks.slot(slot).starved {
            while self.pump_piece(room, slot) {}
        }
    }

    /// Completes the receive at `slot` once; whether it may go on.
    fn pump_piece(&mut self, room: usize, slot: u32) -> bool {
        let waiting = *self.rooms[room].socks.slot(slot);
        let Kind::Connection(end) = waiting.kind else { return false };
        if waiting.recv.is_none() {
            return false;
        }
        if self.ends[end].queue.is_empty() {
            let state = &mut self.ends[end];
            let result = match (state.error, state.fin || state.read_shut || state.reset) {
                (true, _) => errno::CONNECTION_RESET,
                (false, true) => 0,
                (false, false) => return false,
            };
            state.error = false;
            self.rooms[room].socks.slot_mut(slot).recv = Token::NONE;
            self.end(room, waiting.recv, result);
            return false;
        }
        if self.chance.happens(self.faults.starve) {
            let after = self.chance.time(LATE_MAX);
            self.rooms[room].starving_until = self.now + after;
            self.schedule(after, Event::Fed(room));
        }
        if self.now < self.rooms[room].starving_until || !self.rooms[room].has_buffer() {
            self.park(room, slot);
            return false;
        }
        let part = self.chance.happens(self.faults.segment);
        let buffer_len = self.rooms[room].buffers.pool().buffer_len();
        let mut len = self.ends[end].queue.len().min(buffer_len);
        if part {
            len = 1 + self.chance.index(len);
        }
        let bytes: Vec<u8> = self.ends[end].queue.drain(..len).collect();
        self.was_read(end, len);
        let id = self.rooms[room].buffers.fill(&bytes).expect("a buffer is free");
        let flags = CompletionFlags::buffer(id).with(CompletionFlags::MORE);
        self.complete(room, waiting.recv, len as i32, flags);
        true
    }

    fn park(&mut self, room: usize, slot: u32) {
        self.note("starved", room as u64, u64::from(slot), 0);
        self.rooms[room].socks.slot_mut(slot).starved = true;
        self.rooms[room].starved.push_back(slot);
    }

    /// Gives buffers that have returned to the receives that wait for one, a piece each.
    pub(crate) fn serve_starved(&mut self, room: usize) {
        while self.now >= self.rooms[room].starving_until
            && self.rooms[room].has_buffer()
            && let Some(slot) = self.rooms[room].starved.pop_front()
        {
            self.rooms[room].socks.slot_mut(slot).starved = false;
            if self.pump_piece(room, slot) {
                self.park(room, slot);
            }
        }
    }

    /// Lets the send at `slot` go on.
    pub(crate) fn pump_send(&mut self, room: usize, slot: u32) {
        let token = self.rooms[room].socks.slot(slot).write;
        if !token.is_none()
            && let Some(result) = self.try_send(room, slot, token)
        {
            self.rooms[room].socks.slot_mut(slot).write = Token::NONE;
            self.end(room, token, result);
        }
    }

    /// Matches the connections in a listener's queue with the accepts that stand ready.
    pub(crate) fn serve_accepts(&mut self, ear: usize) {
        while let Owner::Room(room, _) = self.ears[ear].owner
            && !self.rooms[room].socks.is_full()
            && !self.ears[ear].queue.is_empty()
            && let Some((accept, hand_over)) = self.ears[ear].accepts.pop_front()
        {
            let token = ops::token(accept);
            if self.chance.happens(self.faults.accept_error) {
                let result = self.fail_accept(ear);
                self.end(room, token, result);
                continue;
            }
            let Some(far) = self.ears[ear].queue.pop_front() else { return };
            let peer = self.ends[far].remote;
            let payload = if hand_over {
                self.ends[far].owner = Owner::Loose;
                Payload::Accepted(Accepted::external(
                    self.dropped.loose(Thing::Connection(far)),
                    peer,
                ))
            } else {
                let slot = self.rooms[room].socks.add(Kind::Connection(far));
                self.ends[far].owner = Owner::Room(room, slot);
                Payload::Connection { sock: self.rooms[room].socks.name(slot), peer }
            };
            if let Some(flight) = self.rooms[room].ops.get(token) {
                flight.held = Held::Ended(payload);
            }
            self.end(room, token, 0);
        }
    }

    fn fail_accept(&mut self, ear: usize) -> i32 {
        match self.chance.below(3) {
            0 => errno::DESCRIPTORS_PROCESS,
            1 => errno::DESCRIPTORS_SYSTEM,
            _ => {
                if let Some(far) = self.ears[ear].queue.pop_front() {
                    self.count_cut(far);
                    self.ends[far].owner = Owner::Closed;
                    self.send_reset(far);
                }
                errno::CONNECTION_ABORTED
            }
        }
    }

    /// The outcome of a connect has reached its reactor.
    pub(crate) fn connected(&mut self, room: usize, token: u64, result: i32) {
        let token = ops::token(token);
        let state = &mut self.rooms[room];
        let Some(flight) = state.ops.get(token) else { return };
        let Held::Connect { slot, peer } = flight.held else { return };
        if flight.stage != Stage::Active {
            return;
        }
        if result == 0 {
            let sock = state.socks.name(slot);
            flight.held = Held::Ended(Payload::Connection { sock, peer });
            if let Kind::Connection(end) = state.socks.slot(slot).kind {
                self.ends[end].connecting = None;
            }
        } else {
            flight.held = Held::Ended(Payload::None);
            if let Kind::Connection(end) = state.socks.slot(slot).kind {
                // There is nobody who would have to be told.
                (self.ends[end].reset, self.ends[end].connecting) = (true, None);
            }
            self.close_slot(room, slot);
        }
        self.end(room, token, result);
    }
}
