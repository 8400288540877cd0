//! The peers of the rows, and time, as a simulated world has them.
//!
//! Owns [`Net`], with the names that `net.rs` of dx-io's table has. Knows no row. Invariant:
//! nothing here sleeps, starts a thread or looks at a clock.

use std::cell::Cell;
use std::io;
use std::net::{Shutdown, SocketAddr};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dx_io::{Accepted, Listener, Reactor, ReactorConfig, StartError, Waker};
use dx_sim::{Faults, SimListener, SimPeer, World};

use crate::Backend;
use crate::bench::Bench;

/// The other end of a connection.
pub type Peer = SimPeer;

/// The network of one row.
#[derive(Clone)]
pub struct Net {
    world: World,
}

/// What a [`Net::play`]ed client does.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// Writes all of it.
    Write(&'static [u8]),
    /// Reads as much, and it is this.
    Expect(&'static [u8]),
    /// Sends nothing more.
    Finish,
    /// Finds that the other side sends nothing more.
    End,
}

impl Net {
    pub fn new(backend: Backend) -> Self {
        // Worlds differ as machines do.
        static SEED: AtomicU64 = AtomicU64::new(1);
        let mut faults = Faults::none();
        if backend.slow {
            (faults.late_completion, faults.few_completions) = (0.5, 0.5);
        }
        Self { world: World::new(SEED.fetch_add(1, Ordering::Relaxed), faults) }
    }

    /// A reactor on this network.
    pub fn reactor(&self, _backend: Backend, config: &ReactorConfig) -> Box<dyn Reactor> {
        Box::new(self.world.reactor(config))
    }

    /// As [`Self::reactor`]: nothing is refused here.
    pub fn try_reactor(
        &self,
        backend: Backend,
        config: &ReactorConfig,
    ) -> Result<Box<dyn Reactor>, StartError> {
        Ok(self.reactor(backend, config))
    }

    /// A listener on a free port, for a reactor.
    pub fn listener(&self) -> Listener {
        self.world.listen(self.world.free_address())
    }

    pub fn connect(&self, address: SocketAddr) -> io::Result<Peer> {
        self.world.connect(address)
    }

    /// A listener of the peers, for a reactor to connect to.
    pub fn peer_listener(&self) -> SimListener {
        self.world.peer_listener()
    }

    /// A connection that belongs to no reactor, and its other end.
    pub fn unattached(&self) -> (Accepted, Peer) {
        self.world.unattached()
    }

    /// An address at which a connection is being attempted for ever.
    pub fn deaf_listener(&self) -> (SocketAddr, ()) {
        (self.world.deaf_address(), ())
    }

    /// An address nobody listens on.
    pub fn closed_port(&self) -> (SocketAddr, ()) {
        (self.world.free_address(), ())
    }

    /// Time as the peers see it.
    pub fn now(&self) -> Duration {
        Duration::from_nanos(self.world.now().as_nanos())
    }

    /// What waiting has cost.
    pub fn processor_time(&self) -> Duration {
        self.world.processor_time()
    }

    pub fn sleep(&self, time: Duration) {
        self.world.advance(time);
    }

    /// Calls `f`, that much later.
    pub fn later(&self, after: Duration, f: impl FnOnce() + Send + 'static) {
        self.world.later(after, f);
    }

    /// Calls `f` with another reactor of the same world.
    pub fn elsewhere<R: Send + 'static>(
        &self,
        backend: Backend,
        f: impl FnOnce(&mut Bench) -> R + Send + 'static,
    ) -> R {
        f(&mut Bench::on(self, backend, |_| {}))
    }

    /// Calls `near` with the waker of another reactor, which then waits for ever; what that one
    /// reaped after its wait. On one thread the wake comes before the wait.
    pub fn wait_elsewhere(&self, backend: Backend, near: impl FnOnce(Waker)) -> usize {
        let mut other = Bench::on(self, backend, |_| {});
        near(other.reactor.waker());
        other.reactor.wait(None).expect("wait");
        other.reactor.reap(&mut Vec::new())
    }

    /// Has a client connect and follow `script`, `times` times one after another.
    pub fn play(&self, address: SocketAddr, script: &'static [Step], times: usize) -> Playing {
        let left = Rc::new(Cell::new(times));
        let (world, told) = (self.world.clone(), left.clone());
        let mut client = Client { peer: None, script, at: 0, read: 0 };
        self.world.act(move || {
            while told.get() > 0 {
                let peer = match client.peer.take() {
                    Some(peer) => peer,
                    None => world.connect(address).expect("connect"),
                };
                match client.follow(peer) {
                    Some(peer) => {
                        client.peer = Some(peer);
                        return false;
                    }
                    None => told.set(told.get() - 1),
                }
            }
            true
        });
        self.world.advance(Duration::ZERO);
        Playing { world: self.world.clone(), left }
    }
}

/// A client in its script.
struct Client {
    peer: Option<Peer>,
    script: &'static [Step],
    at: usize,
    /// Bytes of the present step that are done.
    read: usize,
}

impl Client {
    /// Goes on as far as it can; the peer, unless the script is through.
    fn follow(&mut self, mut peer: Peer) -> Option<Peer> {
        while let Some(&step) = self.script.get(self.at) {
            let waits = |error: &io::Error| error.kind() == io::ErrorKind::WouldBlock;
            match step {
                Step::Write(bytes) => peer.write_by_and_by(bytes),
                Step::Finish => peer.shutdown(Shutdown::Write).expect("shutdown"),
                Step::Expect(bytes) => {
                    let mut buf = vec![0; bytes.len() - self.read];
                    match peer.try_read(&mut buf) {
                        Err(error) if waits(&error) => return Some(peer),
                        read => {
                            let read = read.expect("read");
                            assert_eq!(buf[..read], bytes[self.read..self.read + read]);
                            self.read += read;
                            assert!(read > 0, "ended early");
                            if self.read < bytes.len() {
                                continue;
                            }
                        }
                    }
                }
                Step::End => match peer.try_read(&mut [0]) {
                    Err(error) if waits(&error) => return Some(peer),
                    read => assert_eq!(read.expect("read"), 0, "the other side ends"),
                },
            }
            (self.at, self.read) = (self.at + 1, 0);
        }
        self.at = 0;
        None
    }
}

/// A client that follows its script.
pub struct Playing {
    world: World,
    left: Rc<Cell<usize>>,
}

impl Playing {
    /// Waits for its end.
    pub fn join(self) {
        while self.left.get() > 0 {
            self.world.advance(Duration::from_millis(1));
        }
    }
}

/// A peer that writes while the row goes on.
pub struct Writing {
    peer: Peer,
    world: World,
    left: Rc<Cell<usize>>,
}

impl Writing {
    /// Waits until it has written everything.
    pub fn join(self) -> Peer {
        while self.left.get() > 0 || !self.peer.has_written() {
            self.world.advance(Duration::from_millis(1));
        }
        self.peer
    }
}

/// A peer that reads while the row goes on.
pub struct Reading(Peer);

impl Reading {
    /// Waits for the end of the stream, and gives all of it.
    pub fn join(self) -> Vec<u8> {
        self.0.collect().expect("read")
    }
}

/// Writes `bytes`, `times` times, with a pause of `pause` before each.
pub fn write_meanwhile(peer: Peer, bytes: Vec<u8>, times: usize, pause: Duration) -> Writing {
    let left = Rc::new(Cell::new(times));
    for time in 1..=times {
        let (write, told, bytes) = (peer.writer(), left.clone(), bytes.clone());
        peer.world().later(pause * time as u32, move || {
            write(&bytes);
            told.set(told.get() - 1);
        });
    }
    Writing { world: peer.world().clone(), peer, left }
}

/// Reads to the end of the stream.
pub fn read_meanwhile(mut peer: Peer) -> Reading {
    peer.read_by_and_by();
    Reading(peer)
}

/// Ends a connection by a reset.
pub fn reset(peer: Peer) {
    peer.reset();
}
