//! A simulated client that checks every byte it is sent.
//!
//! Owns [`Client`] and its manners. Knows the script and the connection, and no server. Invariant:
//! answers are the script's, in order, whole; only an excuse (its own connection was cut, a leap of
//! the clock, a table that was full, a shutdown) lets the tail be missing.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::net::{Shutdown, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use dx_io::Instant;
use dx_sim::{Chance, SimPeer, World};

use crate::script::{Script, take_answer, take_interim};

/// How a client behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// Writes and reads as it can; closes when everything is answered.
    Plain,
    /// As plain, and ends its sending direction after the last request.
    Finishing,
    /// Sends its last request a byte a minute.
    Slow,
    /// Reads nothing, ever.
    Deaf,
    /// Goes away in the middle, by a close or a reset.
    Rude,
}

/// Why a client may be answered less than it has asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Excuse {
    /// When a shutdown of the server has begun.
    pub draining: Option<Instant>,
}

/// How long before a shutdown a client must have connected to be sure of being taken in: its
/// attempt and the completion of an accept may both be late.
const SURE: Duration = Duration::from_millis(5);

/// Every status that was answered in one run.
pub type Statuses = Rc<RefCell<BTreeSet<u16>>>;

/// One client.
pub struct Client {
    seen: Statuses,
    world: World,
    peer: SimPeer,
    chance: Chance,
    manner: Manner,
    script: Script,
    written: usize,
    received: Vec<u8>,
    answered: usize,
    /// The server has said that its last answer was the last.
    told_last: bool,
    finished: bool,
    connected: Instant,
    /// When its last byte was on its way.
    written_at: Option<Instant>,
}

impl Client {
    pub fn new(world: &World, address: SocketAddr, seed: u64, seen: Statuses) -> Option<Self> {
        let mut chance = Chance::new(seed);
        let rare = chance.happens(world.faults().half_close);
        let manner = match chance.below(10) {
            0 if rare => Manner::Slow,
            1 if rare => Manner::Deaf,
            2 if rare => Manner::Rude,
            3..5 => Manner::Finishing,
            _ => Manner::Plain,
        };
        let most = if chance.happens(0.2) { 40 } else { 6 };
        let script = Script::draw(&mut chance, most);
        // Whoever sends half a request has to go, or it is waited for.
        let tears = script.is_torn && matches!(manner, Manner::Plain);
        let manner = if tears { Manner::Finishing } else { manner };
        let peer = world.connect(address).ok()?;
        Some(Self {
            seen,
            world: world.clone(),
            peer,
            chance,
            manner,
            script,
            written: 0,
            received: Vec::new(),
            answered: 0,
            told_last: false,
            connected: world.now(),
            written_at: None,
            finished: false,
        })
    }

    /// Goes on; whether it is done. `excuse` is what the test knows.
    pub fn act(&mut self, excuse: Excuse) -> bool {
        if self.manner == Manner::Rude && self.chance.happens(0.05) {
            return true; // dropped: a close, or a reset if something is unread
        }
        self.write();
        if self.manner == Manner::Deaf {
            // The server gives up on it at some time.
            return self.peer.has_ended();
        }
        self.read(excuse)
    }

    const fn is_written(&self) -> bool {
        self.written == self.script.bytes.len()
    }

    /// Where it has to wait for a word of the server.
    fn may_write_to(&self) -> usize {
        self.script.gates.front().map_or(self.script.bytes.len(), |(at, _)| *at)
    }

    fn write(&mut self) {
        while !self.is_written() {
            let rest = &self.script.bytes[self.written..self.may_write_to()];
            if rest.is_empty() {
                return;
            }
            let slow = self.manner == Manner::Slow && rest.len() < 30;
            let len = if slow { 1 } else { 1 + self.chance.index(rest.len()) };
            match self.peer.try_write(&rest[..len]) {
                Ok(written) => self.written += written,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(_) => {
                    // Reading shows how it ended.
                    self.script.gates.clear();
                    self.written = self.script.bytes.len();
                    return;
                }
            }
            if self.chance.happens(0.3) || slow {
                let pause = if slow { 60_000_000 } else { self.chance.below(2000) };
                self.world.later(Duration::from_micros(pause), || ());
                return;
            }
        }
        self.written_at.get_or_insert(self.world.now());
        if self.manner == Manner::Finishing && !self.finished {
            self.finished = true;
            let _ = self.peer.shutdown(Shutdown::Write);
        }
    }

    fn read(&mut self, excuse: Excuse) -> bool {
        let mut buf = [0; 2000];
        loop {
            let read = self.peer.try_read(&mut buf);
            match read {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    // Everything is answered and the server waits: we go.
                    return self.answered == self.script.answers.len()
                        && !self.script.closes
                        && !self.finished;
                }
                Ok(read) if read > 0 => {
                    self.received.extend(&buf[..read]);
                    self.check();
                }
                Ok(_) => {
                    self.take_bare_timeout();
                    self.check_end(excuse, self.peer.is_reset());
                    return true;
                }
                Err(_) => {
                    self.check_end(excuse, true);
                    return true;
                }
            }
        }
    }

    fn check(&mut self) {
        loop {
            self.pass_gate();
            let expected = self.script.answers.get(self.answered);
            let to_head = expected.is_some_and(|answer| answer.head);
            let Some((answer, last)) = take_answer(&mut self.received, to_head) else { return };
            assert!(!self.told_last, "an answer after the last\n{}", self.world);
            self.told_last = last;
            self.seen.borrow_mut().insert(answer.status);
            if answer.status == 408 && self.may_be_late() {
                // The request it stands for was never read to its end.
                assert!(last, "a timeout ends the connection");
                self.script.answers.truncate(self.answered);
                return;
            }
            let Some(expected) = expected else {
                panic!("{answer:?} to nothing\n{}", self.world);
            };
            assert_eq!(answer.status, expected.status, "answer {}\n{}", self.answered, self.world);
            if let Some(body) = &expected.body {
                assert!(answer.body.as_ref() == Some(body), "content\n{}", self.world);
            }
            self.answered += 1;
        }
    }

    /// A head that was not whole in time is answered without content if it was known to be HEAD by
    /// then, and with content otherwise: only the end tells which it was.
    fn take_bare_timeout(&mut self) {
        let to_head = self.script.answers.get(self.answered).is_some_and(|answer| answer.head);
        let bare = self.received.starts_with(b"HTTP/1.1 408 ")
            && self.received.ends_with(b"\r\n\r\n")
            && self.received.windows(4).filter(|window| window == b"\r\n\r\n").count() == 1;
        if to_head && bare && self.may_be_late() {
            self.received.clear();
            self.told_last = true;
            self.seen.borrow_mut().insert(408);
            self.script.answers.truncate(self.answered);
        }
    }

    /// Goes on where it waited, if the server has said so.
    ///
    /// A server that has a part of the content already need not say anything (RFC 9110 section
    /// 10.1.1); but who waits at a gate has sent none of it.
    fn pass_gate(&mut self) {
        if take_interim(&mut self.received) {
            let gate = self.script.gates.pop_front();
            let for_this =
                gate.is_some_and(|(at, answer)| at == self.written && answer == self.answered);
            assert!(for_this && !self.told_last, "a word to nobody\n{}", self.world);
            self.seen.borrow_mut().insert(100);
        }
    }

    /// Whether the server may have lost patience.
    fn may_be_late(&self) -> bool {
        let (_, jumps, _) = self.world.excuses();
        self.manner == Manner::Slow || jumps > 0
    }

    fn check_end(&self, excuse: Excuse, reset: bool) {
        let (_, jumps, refusals) = self.world.excuses();
        // Of a connection that others lost, this one knows nothing.
        if self.peer.is_cut() || refusals > 0 {
            return;
        }
        // A server that ends takes whom it has taken in to an orderly end. The others are those
        // that came so late that the listener was closing.
        if self.peer.is_unheard() {
            let sure = SURE + self.world.faults().latency_max;
            let late = excuse.draining.is_some_and(|at| self.connected + sure > at);
            assert!(late, "connected before the shutdown and never taken in\n{}", self.world);
            return;
        }
        assert!(!reset, "a reset that nobody has asked for\n{}", self.world);
        assert!(
            self.received.is_empty(),
            "half an answer, then the end: {}\n{}",
            self.received.escape_ascii(),
            self.world
        );
        let sure = SURE + self.world.faults().latency_max;
        let was_written = |at| self.written_at.is_some_and(|written| written + sure <= at);
        if jumps > 0 || self.manner == Manner::Slow {
            return;
        }
        if let Some(at) = excuse.draining {
            // Requests that were written before the shutdown may have been read after it, behind
            // others or for want of room: then the server says which answer is the last.
            let missing = self.answered < self.script.answers.len();
            let told = !missing || self.told_last || !was_written(at);
            assert!(told, "gone without a word in a shutdown\n{}", self.world);
            return;
        }
        assert_eq!(self.answered, self.script.answers.len(), "answers are missing\n{}", self.world);
        assert!(self.script.closes || self.finished, "closed without a reason\n{}", self.world);
    }
}
