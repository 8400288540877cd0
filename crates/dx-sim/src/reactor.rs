//! A reactor of the simulation.
//!
//! Owns [`SimReactor`], the face of a [`Room`]. May not know how the world works. Invariant: it
//! keeps the contract of [`Reactor`] to the letter, and writes down whoever does not.

use core::time::Duration;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use dx_io::external::RecvBuffers;
use dx_io::{
    Accepted, BufferPool, Completion, FixedBuf, Instant, IoBackend, Lease, Listener, Op, Payload,
    PushError, PushErrorKind, Reactor, ReactorConfig, Sock, StartError, Token, WakeTarget, Waker,
    errno,
};
use socket2::SockRef;

use crate::faults::Faults;
use crate::limits::TURN_MAX;
use crate::loose::Thing;
use crate::ops::{Held, Stage};
use crate::socks::Kind;
use crate::state::{Event, State};
use crate::wire::Owner;
use crate::world::World;

/// A reactor of memory and one seed. Made by [`World::reactor`].
pub struct SimReactor {
    world: World,
    index: usize,
    buffers: Rc<RecvBuffers>,
    woken: Arc<AtomicBool>,
}

/// Ends a wait of the simulation.
#[derive(Debug)]
struct Woken(Arc<AtomicBool>);

impl WakeTarget for Woken {
    fn wake(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl SimReactor {
    pub(crate) fn on(world: &World, index: usize) -> Self {
        let (buffers, woken) = world.with(|state| {
            let room = &state.rooms[index];
            (room.buffers.clone(), room.woken.clone())
        });
        Self { world: world.clone(), index, buffers, woken }
    }

    /// The number by which the world knows it.
    #[must_use]
    pub const fn index(&self) -> usize {
        self.index
    }

    /// Waits as `submit_and_wait` and `wait` do; consumes the wakes that have arrived.
    fn wait_for(&self, min: usize, timeout: Option<Duration>) {
        let index = self.index;
        let deadline = self.world.with(|state| {
            state.waits += 1;
            let spent = state.chance.time(TURN_MAX);
            let after = timeout.map(|time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
            let deadline = after.map(|after| state.now.saturating_add(after));
            (state.now + spent, deadline)
        });
        let (spent, deadline) = deadline;
        self.world.advance_to(spent);
        if min == 0 || timeout == Some(Duration::ZERO) {
            self.woken.store(false, Ordering::Relaxed);
            return;
        }
        loop {
            let ready = self.world.with(|state| {
                state.serve_starved(index);
                let spurious = state.chance.happens(state.faults.spurious_wake);
                let late = deadline.is_some_and(|deadline| state.now >= deadline);
                state.rooms[index].visible(state.now) >= min || late || spurious
            });
            if self.woken.swap(false, Ordering::Relaxed) || ready {
                return;
            }
            let moved = self.world.step_before(deadline);
            assert!(moved, "reactor {index} waits for what will never happen\n{}", self.world);
        }
    }

    fn hold(&self, state: &mut State, op: Op) -> Result<Held, PushError> {
        let room = &mut state.rooms[self.index];
        let sock = match &op {
            Op::Accept { listener: sock, .. }
            | Op::Recv { sock }
            | Op::Send { sock, .. }
            | Op::SendVectored { sock, .. }
            | Op::SendZeroCopy { sock, .. }
            | Op::SendFile { sock, .. }
            | Op::Shutdown { sock, .. }
            | Op::Close { sock } => Some(*sock),
            _ => None,
        };
        let slot = match sock {
            None => 0,
            Some(sock) => match room.socks.usable(sock) {
                Some(slot) => slot,
                None => {
                    state.violation(format!("reactor {}: stale {sock:?} in {op:?}", self.index));
                    return Err(PushError { op, kind: PushErrorKind::StaleSock });
                }
            },
        };
        Ok(match op {
            Op::Accept { hand_over, .. } => match room.socks.slot(slot).kind {
                Kind::Listener(ear) => Held::Accept { ear, hand_over },
                _ => Held::Accept { ear: usize::MAX, hand_over },
            },
            Op::Connect { peer } => match self.begin_connect(state, peer) {
                Ok(slot) => Held::Connect { slot, peer },
                Err(error) => return Err(PushError { op, kind: PushErrorKind::Os(error) }),
            },
            Op::Recv { .. } => Held::Recv { slot },
            Op::Send { buf, start, .. } | Op::SendZeroCopy { buf, start, .. } => {
                Held::Send { slot, buf, start }
            }
            Op::SendVectored { bufs, .. } => Held::SendVectored { slot, bufs },
            Op::SendFile { file, offset, len, .. } => Held::SendFile { slot, file, offset, len },
            Op::Read { file, buf, offset } => Held::Read { file, buf, offset },
            Op::Write { file, buf, start, offset } => Held::Write { file, buf, start, offset },
            Op::Shutdown { how, .. } => Held::Shutdown { slot, how },
            Op::Close { .. } => {
                room.socks.mark_closing(slot);
                Held::Close { slot }
            }
            Op::Cancel { target } => Held::Cancel { target },
            Op::Wake { target } => Held::Wake { target },
            op => return Err(PushError { op, kind: PushErrorKind::Unsupported }),
        })
    }

    fn begin_connect(&self, state: &mut State, peer: std::net::SocketAddr) -> io::Result<u32> {
        if state.rooms[self.index].socks.is_full() {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        if state.chance.happens(state.faults.accept_error) {
            return Err(errno::to_error(errno::DESCRIPTORS_PROCESS));
        }
        let end = state.make_connection(Owner::Queue, peer);
        let slot = state.rooms[self.index].socks.add(Kind::Connection(end));
        state.ends[end].owner = Owner::Room(self.index, slot);
        Ok(slot)
    }
}

impl Reactor for SimReactor {
    /// A reactor alone in a kind world of seed 0; see [`World::reactor`].
    fn new(config: &ReactorConfig) -> Result<Self, StartError> {
        Ok(World::new(0, Faults::none()).reactor(config))
    }

    fn backend(&self) -> IoBackend {
        IoBackend::External
    }

    fn push(&mut self, op: Op, user_data: u64) -> Result<Token, PushError> {
        let world = self.world.clone();
        world.with(|state| {
            let ops = &state.rooms[self.index].ops;
            let (full, some) = (ops.is_full(), ops.live() > 0);
            if full || (some && state.chance.happens(state.faults.push_full)) {
                state.refusals += 1;
                state.note("full", self.index as u64, 0, 0);
                // A full table is full of what will end: somebody looks again soon.
                let after = state.chance.time(Duration::from_millis(1));
                state.schedule_nudge(self.index, after);
                return Err(PushError { op, kind: PushErrorKind::Full });
            }
            let held = self.hold(state, op)?;
            let room = &mut state.rooms[self.index];
            let token = room.ops.insert(user_data, held);
            room.queued.push(token);
            state.note("push", self.index as u64, token.number(), user_data as i64);
            Ok(token)
        })
    }

    fn submit(&mut self) -> io::Result<usize> {
        let index = self.index;
        self.world.with(|state| state.serve_starved(index));
        let count = self.world.with(|state| state.submit(index));
        self.world.settle();
        Ok(count)
    }

    fn wait(&mut self, timeout: Option<Duration>) -> io::Result<usize> {
        self.wait_for(1, timeout);
        Ok(self.world.with(|state| state.rooms[self.index].visible(state.now)))
    }

    fn submit_and_wait(&mut self, min: usize, timeout: Option<Duration>) -> io::Result<usize> {
        let count = self.submit()?;
        self.wait_for(min, timeout);
        Ok(count)
    }

    fn reap(&mut self, out: &mut Vec<Completion>) -> usize {
        self.world.with(|state| state.reap(self.index, out))
    }

    fn take(&mut self, token: Token) -> Payload {
        self.world.with(|state| {
            let room = &mut state.rooms[self.index];
            match room.ops.get(token).map(|flight| flight.stage) {
                None => Payload::None,
                Some(Stage::Reaped) => {
                    room.ops.remove(token).map_or(Payload::None, |flight| flight.held.payload())
                }
                Some(_) => {
                    let index = self.index;
                    state.violation(format!("reactor {index}: {token:?} taken before its end"));
                    Payload::None
                }
            }
        })
    }

    fn orphan(&mut self, token: Token) {
        self.world.with(|state| state.orphan(self.index, token));
    }

    fn claim(&mut self, completion: &Completion) -> Option<Lease> {
        let id = completion.flags.buffer_id()?;
        let lease = self.buffers.claim(id);
        if lease.is_none() {
            let index = self.index;
            self.world.with(|state| {
                state
                    .violation(format!("reactor {index}: buffer {id} claimed twice or for nothing"))
            });
        }
        lease
    }

    fn listen(&mut self, listener: Listener) -> io::Result<Sock> {
        let wrapped = listener.into_external()?;
        self.world.with(|state| {
            let Thing::Listener(ear) = state.dropped.unwrap(wrapped)? else {
                return Err(io::ErrorKind::InvalidInput.into());
            };
            let slot = state.rooms[self.index].socks.add(Kind::Listener(ear));
            state.ears[ear].owner = Owner::Room(self.index, slot);
            Ok(state.rooms[self.index].socks.name(slot))
        })
    }

    fn attach(&mut self, accepted: Accepted) -> io::Result<Sock> {
        let wrapped = accepted.into_external()?;
        self.world.with(|state| {
            let Thing::Connection(end) = state.dropped.unwrap(wrapped)? else {
                return Err(io::ErrorKind::InvalidInput.into());
            };
            if state.rooms[self.index].socks.is_full() {
                state.close_end(end);
                return Err(io::ErrorKind::QuotaExceeded.into());
            }
            let slot = state.rooms[self.index].socks.add(Kind::Connection(end));
            state.ends[end].owner = Owner::Room(self.index, slot);
            Ok(state.rooms[self.index].socks.name(slot))
        })
    }

    fn with_raw(&mut self, sock: Sock, _: &mut dyn FnMut(SockRef<'_>)) -> io::Result<()> {
        let usable = self.world.with(|state| state.rooms[self.index].socks.usable(sock).is_some());
        let kind = if usable { io::ErrorKind::Unsupported } else { io::ErrorKind::NotConnected };
        Err(kind.into())
    }

    fn fixed_buffer(&mut self) -> Option<FixedBuf> {
        self.world.with(|state| state.rooms[self.index].files.take())
    }

    fn buffers(&self) -> &BufferPool {
        self.buffers.pool()
    }

    fn waker(&self) -> Waker {
        Waker::new(Arc::new(Woken(self.woken.clone())))
    }

    fn now(&self) -> Instant {
        Instant::from_nanos(self.world.with(|state| state.now))
    }

    fn wall(&self) -> Duration {
        Duration::from_nanos(self.world.with(|state| state.wall()))
    }

    fn entropy(&mut self) -> u64 {
        self.world.with(|state| state.chance.bits())
    }

    fn in_flight(&self) -> usize {
        self.world.with(|state| state.rooms[self.index].ops.live())
    }

    fn sockets(&self) -> usize {
        self.world.with(|state| state.rooms[self.index].socks.open())
    }
}

impl Drop for SimReactor {
    fn drop(&mut self) {
        let (index, held) = (self.index, self.buffers.pool().held());
        self.world.with(|state| {
            let owned = state.rooms[index].ops.owned().count();
            if owned > 0 {
                state.violation(format!("reactor {index}: dropped with {owned} operations"));
            }
            if held > 0 {
                state.violation(format!("reactor {index}: dropped with {held} buffers held"));
            }
            for slot in state.rooms[index].socks.all() {
                state.close_slot(index, slot);
            }
            // What completed unseen may own connections that are on their way to nobody.
            state.rooms[index].ops = crate::ops::Ops::new(0);
            state.take_dropped();
        });
    }
}

impl State {
    /// Ends the next wait of a reactor for nothing.
    fn schedule_nudge(&mut self, room: usize, after: u64) {
        let woken = self.rooms[room].woken.clone();
        self.schedule_call(after, Box::new(move || woken.store(true, Ordering::Relaxed)));
        self.schedule(after, Event::Look(room));
    }
}
