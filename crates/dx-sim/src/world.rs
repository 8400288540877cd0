//! The world: what a test holds.
//!
//! Owns [`World`], a handle on one [`State`]. May not know how anything in it works. Invariant:
//! calls and actors of the test run while nobody borrows the state, so they may do anything.

use core::cell::RefCell;
use core::fmt;
use core::time::Duration;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::atomic::Ordering;

use dx_io::{Accepted, Instant, Listener, ReactorConfig};

use crate::chance::Chance;
use crate::faults::Faults;
use crate::limits::WAIT_COST;
use crate::loose::Thing;
use crate::peer::SimPeer;
use crate::reactor::SimReactor;
use crate::room::Room;
use crate::state::{Call, State};
use crate::wire::{Ear, Owner};

/// Something that acts in a world by itself: called whenever something has happened, until it
/// says that it is done.
type Actor = Box<dyn FnMut() -> bool>;

/// A network, a clock and chance, shared by reactors and peers on one thread. Clones are the same
/// world.
#[derive(Clone)]
pub struct World {
    state: Rc<RefCell<State>>,
    actors: Rc<RefCell<Vec<Actor>>>,
}

impl World {
    /// The world of `seed`.
    #[must_use]
    pub fn new(seed: u64, faults: Faults) -> Self {
        let state = Rc::new(RefCell::new(State::new(seed, faults)));
        Self { state, actors: Rc::default() }
    }

    /// A reactor in this world.
    #[must_use]
    pub fn reactor(&self, config: &ReactorConfig) -> SimReactor {
        let index = self.with(|state| {
            state.rooms.push(Room::new(config));
            state.rooms.len() - 1
        });
        SimReactor::on(self, index)
    }

    /// An address at which nobody listens.
    #[must_use]
    pub fn free_address(&self) -> SocketAddr {
        self.with(|state| {
            state.port = state.port.checked_add(1).unwrap_or(1024);
            SocketAddr::from(([127, 0, 0, 1], state.port))
        })
    }

    /// A listener for a reactor. Several may share an address: connections are spread by chance.
    #[must_use]
    pub fn listen(&self, address: SocketAddr) -> Listener {
        self.with(|state| {
            let ear = state.ears.len();
            state.ears.push(Ear::new(Owner::Loose, address));
            Listener::external(state.dropped.loose(Thing::Listener(ear)), address)
        })
    }

    /// A listener of the peers, for reactors to connect to.
    #[must_use]
    pub fn peer_listener(&self) -> SimListener {
        let address = self.free_address();
        let ear = self.with(|state| {
            state.ears.push(Ear::new(Owner::Peer, address));
            state.ears.len() - 1
        });
        SimListener { world: self.clone(), ear, address }
    }

    /// An address at which attempts are never answered.
    #[must_use]
    pub fn deaf_address(&self) -> SocketAddr {
        let address = self.free_address();
        self.with(|state| {
            state.ears.push(Ear { deaf: true, ..Ear::new(Owner::Peer, address) });
        });
        address
    }

    /// Connects a peer. The attempt is on its way when this returns; it fails like a reset.
    ///
    /// # Errors
    /// `ConnectionRefused` when nobody listens there now.
    pub fn connect(&self, address: SocketAddr) -> io::Result<SimPeer> {
        let end = self.with(|state| {
            state.take_dropped();
            let open = |ear: &Ear| ear.address == address && ear.owner != Owner::Closed;
            if !state.ears.iter().any(open) {
                return Err(io::ErrorKind::ConnectionRefused);
            }
            let end = state.make_connection(Owner::Peer, address);
            state.send_knock(end);
            Ok(end)
        })?;
        self.settle();
        Ok(SimPeer::new(self.clone(), end))
    }

    /// A connection that belongs to no reactor, and its other end.
    #[must_use]
    pub fn unattached(&self) -> (Accepted, SimPeer) {
        let address = self.free_address();
        let (accepted, end) = self.with(|state| {
            let end = state.make_connection(Owner::Peer, address);
            let far = state.ends[end].other;
            state.ends[far].owner = Owner::Loose;
            let loose = state.dropped.loose(Thing::Connection(far));
            (Accepted::external(loose, state.ends[end].local), end)
        });
        (accepted, SimPeer::new(self.clone(), end))
    }

    /// Calls `call` that much later.
    pub fn later(&self, after: Duration, call: impl FnOnce() + 'static) {
        let after = u64::try_from(after.as_nanos()).unwrap_or(u64::MAX);
        self.with(|state| state.schedule_call(after, Box::new(call)));
    }

    /// Lets `actor` act whenever something has happened, until it returns true.
    pub fn act(&self, actor: impl FnMut() -> bool + 'static) {
        self.actors.borrow_mut().push(Box::new(actor));
    }

    /// Actors that are not done.
    #[must_use]
    pub fn acting(&self) -> usize {
        self.actors.borrow().len()
    }

    /// Lets go of actors and calls that are left. They hold the world, as it holds them.
    pub fn dismiss(&self) {
        let actors = self.actors.take();
        let calls = self.with(|state| core::mem::take(&mut state.calls));
        drop((actors, calls));
    }

    /// Lets time pass.
    pub fn advance(&self, time: Duration) {
        let time = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let until = self.with(|state| state.now.saturating_add(time));
        self.advance_to(until);
    }

    /// The monotonic clock of all reactors.
    #[must_use]
    pub fn now(&self) -> Instant {
        Instant::from_nanos(self.with(|state| state.now))
    }

    /// What waiting has cost so far: a fixed price each time, so that spinning shows.
    #[must_use]
    pub fn processor_time(&self) -> Duration {
        WAIT_COST * u32::try_from(self.with(|state| state.waits)).unwrap_or(u32::MAX)
    }

    /// Calls `f` with this world's chance, for tests that draw.
    pub fn draw<R>(&self, f: impl FnOnce(&mut Chance) -> R) -> R {
        self.with(|state| f(&mut state.chance))
    }

    /// What goes wrong here.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.with(|state| state.faults.clone())
    }

    /// Lets go wrong what `change` says from now on.
    pub fn change_faults(&self, change: impl FnOnce(&mut Faults)) {
        self.with(|state| change(&mut state.faults));
    }

    /// What users of the reactors did against the contract: nothing, or it is a defect.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        self.with(|state| state.violations.clone())
    }

    /// How often the network has broken a connection, the clock has leapt, and a push was refused:
    /// what an oracle has to forgive.
    #[must_use]
    pub fn excuses(&self) -> (u64, u64, u64) {
        self.with(|state| (state.cuts, state.jumps, state.refusals))
    }

    /// A number that stands for everything that has happened.
    #[must_use]
    pub fn hash(&self) -> u64 {
        self.with(|state| state.trace.hash())
    }

    /// Whether reactor `index` ([`SimReactor::index`]) has something to wake up for.
    #[must_use]
    pub fn is_due(&self, index: usize) -> bool {
        self.with(|state| {
            let room = &state.rooms[index];
            room.woken.load(Ordering::Relaxed) || room.visible(state.now) > 0
        })
    }

    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut State) -> R) -> R {
        f(&mut self.state.borrow_mut())
    }

    /// Lets everything happen that is due.
    pub(crate) fn settle(&self) {
        let calls = self.with(State::settle);
        self.go_on(calls);
    }

    pub(crate) fn advance_to(&self, until: u64) {
        while self.with(|state| state.now < until) {
            let calls = self.with(|state| state.advance(until));
            self.go_on(calls);
        }
        self.settle();
    }

    /// Moves on to the next event, or to `deadline` when that comes first. `false`: there is
    /// neither.
    pub(crate) fn step_before(&self, deadline: Option<u64>) -> bool {
        let next = self.with(|state| state.next_event());
        let Some(until) = deadline.into_iter().chain(next).min() else { return false };
        let calls = self.with(|state| state.advance(until));
        self.go_on(calls);
        true
    }

    /// Lets time pass until `f` gives something.
    pub(crate) fn wait_until<R>(&self, what: &str, mut f: impl FnMut() -> Option<R>) -> R {
        let mut moved = true;
        loop {
            if let Some(outcome) = f() {
                return outcome;
            }
            // Looking may have let things happen, so one more look comes after the last event.
            assert!(moved, "a peer waits for ever for {what}\n{self}");
            moved = self.step_before(None);
        }
    }

    /// Runs what is due of the test's own, and lets the actors act.
    fn go_on(&self, calls: Vec<Call>) {
        for call in calls {
            call();
        }
        // Taken out while they act: what they do lets further things happen.
        let mut actors = self.actors.take();
        if actors.is_empty() {
            return;
        }
        actors.retain_mut(|actor| !actor());
        let mut new = self.actors.replace(actors);
        self.actors.borrow_mut().append(&mut new);
    }
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.state.try_borrow() {
            Ok(state) => {
                for (end, about) in state.ends.iter().enumerate() {
                    if about.owner != Owner::Closed {
                        writeln!(f, "end {end}: {about}")?;
                    }
                }
                for ear in state.ears.iter().filter(|ear| ear.owner != Owner::Closed) {
                    let (waiting, accepts) = (ear.queue.len(), ear.accepts.len());
                    writeln!(f, "{}: {waiting} waiting, {accepts} accepts", ear.address)?;
                }
                write!(f, "{}\nseed {}", state.trace, state.seed)
            }
            Err(_) => f.write_str("a world that is being changed"),
        }
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").finish_non_exhaustive()
    }
}

/// A listener of the peers.
pub struct SimListener {
    world: World,
    ear: usize,
    address: SocketAddr,
}

impl SimListener {
    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits for the next connection.
    #[must_use]
    pub fn accept(&self) -> SimPeer {
        let end = self
            .world
            .wait_until("a connection", || self.world.with(|state| state.take_in_queue(self.ear)));
        SimPeer::new(self.world.clone(), end)
    }
}

impl Drop for SimListener {
    fn drop(&mut self) {
        self.world.with(|state| state.close_ear(self.ear));
    }
}

impl State {
    /// The first connection in a listener's queue, for a peer.
    fn take_in_queue(&mut self, ear: usize) -> Option<usize> {
        let end = self.ears[ear].queue.pop_front()?;
        self.ends[end].owner = Owner::Peer;
        Some(end)
    }
}
