//! What a world is made of.
//!
//! Owns [`State`]: the clock, chance, the events to come, connections, listeners and the rooms of
//! the reactors. The other files each add one part of its behaviour. Invariant: time moves only in
//! [`State::advance`], and every event that is due has happened when it returns.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use dx_io::Token;

use crate::chance::Chance;
use crate::faults::Faults;
use crate::limits::{JUMP_MAX, WALL_JUMP_MAX};
use crate::loose::{Dropped, Thing};
use crate::room::Room;
use crate::trace::Trace;
use crate::wire::{Ear, End};

/// Something that will happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Event {
    /// Bytes reach a connection's end.
    Arrive(usize),
    /// A connection attempt of this end reaches its listener.
    Knock(usize),
    /// Whoever sends from this end may find room.
    Room(usize),
    /// The connection of this end is reset from outside.
    Cut(usize),
    /// A completion of this reactor becomes visible, or its wait shall end for nothing.
    Look(usize),
    /// Buffers of this reactor are there again.
    Fed(usize),
    /// An operation ends by a cancel that took its time.
    Cancelled(usize, Token2),
    /// A connect's outcome reaches its reactor.
    Connected(usize, Token2, i32),
    /// A callback of the test is due.
    Call(u64),
}

/// A token by its number, which can be ordered.
pub(crate) type Token2 = u64;

/// A callback of a test.
pub(crate) type Call = Box<dyn FnOnce()>;

/// One world.
pub(crate) struct State {
    pub(crate) seed: u64,
    pub(crate) chance: Chance,
    pub(crate) faults: Faults,
    /// Nanoseconds since the beginning.
    pub(crate) now: u64,
    /// The wall clock's lead over the monotonic one, in nanoseconds.
    wall_ahead: u64,
    events: BinaryHeap<Reverse<(u64, u64, Event)>>,
    events_made: u64,
    pub(crate) calls: BTreeMap<u64, Call>,
    calls_made: u64,
    pub(crate) trace: Trace,
    pub(crate) violations: Vec<String>,
    pub(crate) ends: Vec<End>,
    pub(crate) ears: Vec<Ear>,
    pub(crate) rooms: Vec<Room>,
    pub(crate) dropped: Dropped,
    pub(crate) port: u16,
    /// How often the network, and not an end, has ended a connection, or the clock has leapt.
    pub(crate) cuts: u64,
    pub(crate) jumps: u64,
    pub(crate) refusals: u64,
    pub(crate) waits: u64,
}

/// 2024-01-01, a Monday, as the beginning of simulated time.
const EPOCH_NANOS: u64 = 1_704_067_200_000_000_000;

impl State {
    pub(crate) fn new(seed: u64, faults: Faults) -> Self {
        Self {
            seed,
            chance: Chance::new(seed),
            faults,
            now: 1_000_000,
            wall_ahead: EPOCH_NANOS,
            events: BinaryHeap::new(),
            events_made: 0,
            calls: BTreeMap::new(),
            calls_made: 0,
            trace: Trace::new(),
            violations: Vec::new(),
            ends: Vec::new(),
            ears: Vec::new(),
            rooms: Vec::new(),
            dropped: Dropped::default(),
            port: 1024,
            cuts: 0,
            jumps: 0,
            refusals: 0,
            waits: 0,
        }
    }

    /// Writes down what happens.
    pub(crate) fn note(&mut self, what: &'static str, a: u64, b: u64, c: i64) {
        self.trace.note(self.now, what, [a, b, c as u64]);
    }

    /// The user of the simulation has broken the contract.
    pub(crate) fn violation(&mut self, what: String) {
        self.note("violation", 0, 0, 0);
        self.violations.push(what);
    }

    /// Has `event` happen `after` nanoseconds from now.
    pub(crate) fn schedule(&mut self, after: u64, event: Event) {
        self.schedule_at(self.now.saturating_add(after), event);
    }

    pub(crate) fn schedule_at(&mut self, at: u64, event: Event) {
        self.events_made += 1;
        self.events.push(Reverse((at, self.events_made, event)));
    }

    /// Has `call` called `after` nanoseconds from now.
    pub(crate) fn schedule_call(&mut self, after: u64, call: Call) {
        self.calls_made += 1;
        self.calls.insert(self.calls_made, call);
        self.schedule(after, Event::Call(self.calls_made));
    }

    /// When the next event is due.
    pub(crate) fn next_event(&self) -> Option<u64> {
        self.events.peek().map(|Reverse((at, ..))| *at)
    }

    /// Moves the clock to `until`, unless an event comes first or the clock leaps; lets everything
    /// happen that is due then. Calls of the test are returned, to be called when nobody borrows.
    pub(crate) fn advance(&mut self, until: u64) -> Vec<Call> {
        let next = self.next_event().unwrap_or(u64::MAX).min(until);
        if next > self.now {
            self.now = next;
            self.leap();
        }
        self.settle()
    }

    /// Lets everything happen that is due now.
    pub(crate) fn settle(&mut self) -> Vec<Call> {
        let mut calls = Vec::new();
        self.take_dropped();
        while let Some(&Reverse((at, _, event))) = self.events.peek()
            && at <= self.now
        {
            self.events.pop();
            match event {
                Event::Arrive(end) => self.arrive(end),
                Event::Knock(end) => self.knock(end),
                Event::Room(end) => self.room_again(end),
                Event::Cut(end) => self.cut(end),
                Event::Look(_) => {}
                Event::Fed(room) => self.serve_starved(room),
                Event::Cancelled(room, token) => self.cancelled_late(room, token),
                Event::Connected(room, token, result) => self.connected(room, token, result),
                Event::Call(call) => calls.extend(self.calls.remove(&call)),
            }
        }
        calls
    }

    /// The wall clock: nanoseconds since the Unix epoch.
    pub(crate) const fn wall(&self) -> u64 {
        self.now.saturating_add(self.wall_ahead)
    }

    fn leap(&mut self) {
        if self.chance.happens(self.faults.clock_jump) {
            let leap = self.chance.time(JUMP_MAX);
            self.now += leap;
            self.jumps += 1;
            self.note("leap", leap, 0, 0);
        }
        if self.chance.happens(self.faults.wall_jump) {
            let max = WALL_JUMP_MAX.as_nanos() as u64;
            let drawn = self.chance.below(2 * max);
            self.wall_ahead = self.wall_ahead + drawn - max;
            self.note("wall", drawn, 0, 0);
        }
    }

    /// Closes what was dropped on its way between reactors.
    pub(crate) fn take_dropped(&mut self) {
        for thing in self.dropped.drain() {
            match thing {
                Thing::Connection(end) => self.close_end(end),
                Thing::Listener(ear) => self.close_ear(ear),
            }
        }
    }
}

/// The number by which the events name a token.
pub(crate) const fn number(token: Token) -> Token2 {
    token.number()
}
