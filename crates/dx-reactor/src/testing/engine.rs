//! The server under test, turned by hand.
//!
//! Owns the world that the server is in, and when its core runs. May not know HTTP. Its one
//! invariant: time passes in [`Engine::advance`] and nowhere else, but for what turns take.

use core::time::Duration;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Instant;

use dx_io::{Driver, ReactorConfig};
use dx_rt::limits::TIMER_TICK_NANOS;
use dx_rt::{Asleep, Core, Wait};
use dx_sim::{Faults, SimPeer, World};

use crate::app::App;
use crate::builder::DxReactor;
use crate::error::ServerError;
use crate::limits::Limits;
use crate::stepped::{Seat, Stepped};

/// Chance decides nothing here, as nothing goes wrong.
const SEED: u64 = 1;
/// What a delivery may take, at the most.
const DELIVERY: Duration = Duration::from_micros(20);
/// Turns in which a server that has nothing to wait for comes to rest.
const TURNS_MAX: u32 = 1_000_000;
/// Real time after which an answer counts as one that does not come.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks at what a thread of the pool does.
const LOOK: Duration = Duration::from_micros(50);

/// A server on one core, its network and its clock.
pub(super) struct Engine {
    world: World,
    server: Stepped,
    /// The number of the core's reactor.
    reactor: usize,
    address: SocketAddr,
    /// The core's sleep, between two turns.
    asleep: Option<Asleep>,
    started: dx_io::Instant,
}

/// One connection of the client.
pub(super) struct Line {
    peer: SimPeer,
    unsent: Vec<u8>,
    pub(super) received: Vec<u8>,
    /// The server has said that there will be no more.
    pub(super) has_ended: bool,
}

impl Engine {
    pub(super) fn start(
        limits: Limits,
        app: impl Fn() -> App + Send + Sync + 'static,
    ) -> Result<Self, ServerError> {
        let world = World::new(SEED, Faults::none());
        let address = world.free_address();
        let reactor = world.reactor(&ReactorConfig::default());
        let number = reactor.index();
        let seat = Seat {
            driver: Driver::external(Box::new(reactor)),
            listeners: vec![world.listen(address)],
        };
        let server = DxReactor::build().limits(limits).app(move |_| app()).build();
        let server = server.start_stepped(vec![seat])?;
        let started = world.now();
        Ok(Self { world, server, reactor: number, address, asleep: None, started })
    }

    pub(super) fn now(&self) -> Duration {
        Duration::from_nanos(self.world.now().as_nanos() - self.started.as_nanos())
    }

    /// A new connection on which `bytes` are sent.
    pub(super) fn send(&mut self, bytes: Vec<u8>) -> Line {
        self.rest();
        let peer = self.world.connect(self.address);
        let peer = peer.expect("a server that listens until it is dropped");
        let mut line = Line { peer, unsent: bytes, received: Vec::new(), has_ended: false };
        self.settle(&mut line);
        line
    }

    /// Lets everything happen that needs no time.
    pub(super) fn settle(&mut self, line: &mut Line) {
        loop {
            self.rest();
            if !line.go_on() {
                return;
            }
        }
    }

    /// Waits until `done` finds in what was received what it looks for.
    pub(super) fn wait_for<T>(
        &mut self,
        line: &mut Line,
        mut done: impl FnMut(&Line) -> Option<T>,
    ) -> T {
        let mut waiting_since = None;
        loop {
            self.settle(line);
            if let Some(found) = done(line) {
                return found;
            }
            let received = line.received.escape_ascii();
            assert!(!line.has_ended, "the connection has ended without an answer: \"{received}\"");
            // Nothing happens here: a thread of the pool may be at work.
            let since: &mut Instant = waiting_since.get_or_insert_with(Instant::now);
            assert!(
                since.elapsed() < PATIENCE,
                "no answer: does the handler wait for time to pass? Use `start` and `advance`"
            );
            std::thread::sleep(LOOK);
        }
    }

    pub(super) fn advance(&mut self, time: Duration) {
        // Timers fire at the wheel's ticks: one that is due by then has fired.
        let until = (self.world.now() + time).as_nanos().next_multiple_of(TIMER_TICK_NANOS);
        loop {
            self.rest();
            let left = until.saturating_sub(self.world.now().as_nanos());
            if left == 0 {
                return;
            }
            let left = Duration::from_nanos(left);
            let patience = self.asleep.as_ref().and_then(Asleep::patience);
            self.world.advance(patience.map_or(left, |patience| patience.min(left)));
            self.turn();
        }
    }

    /// Turns until the core has nothing to do before its next timer.
    fn rest(&mut self) {
        for _ in 0..TURNS_MAX {
            self.turn();
            if !self.is_due() {
                self.world.advance(DELIVERY);
                if !self.is_due() {
                    return;
                }
            }
        }
        panic!("the server does not come to rest");
    }

    fn is_due(&self) -> bool {
        let is_ready = |asleep: &Asleep| asleep.patience() == Some(Duration::ZERO);
        self.asleep.as_ref().is_none_or(is_ready) || self.world.is_due(self.reactor)
    }

    fn turn(&mut self) {
        let core = &self.server.cores()[0];
        if let Some(asleep) = self.asleep.take() {
            core.wake_up(asleep).expect("the simulated reactor works");
        }
        self.asleep = Some(fall_asleep(core));
    }
}

fn fall_asleep(core: &Core) -> Asleep {
    core.fall_asleep(Wait::Forever).expect("the simulated reactor works")
}

impl Drop for Engine {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        self.server.end();
        let core = &self.server.cores()[0];
        if let Some(asleep) = self.asleep.take() {
            let _ = core.wake_up(asleep);
        }
        // What is left is cancelled; what the world holds of it goes with the world.
        let _ = core.quiesce(TURNS_MAX);
        self.world.dismiss();
    }
}

impl Line {
    /// Writes and reads what can be; whether there was anything.
    fn go_on(&mut self) -> bool {
        let sent = self.write();
        self.read() || sent
    }

    fn write(&mut self) -> bool {
        if self.unsent.is_empty() {
            return false;
        }
        match self.peer.try_write(&self.unsent) {
            Ok(len) => drop(self.unsent.drain(..len)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
            // The server has closed; what it said before can still be read.
            Err(_) => self.unsent.clear(),
        }
        true
    }

    fn read(&mut self) -> bool {
        let mut any = false;
        let mut piece = [0; 16 * 1024];
        while !self.has_ended {
            match self.peer.try_read(&mut piece) {
                Ok(0) => self.has_ended = true,
                Ok(len) => self.received.extend_from_slice(&piece[..len]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => self.has_ended = true,
            }
            any = true;
        }
        any
    }
}
