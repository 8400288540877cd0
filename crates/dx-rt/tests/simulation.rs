//! The runtime in a simulated world: an echo with every fault on, several cores, hand-over.
//!
//! Owns the server's tasks and the clients' oracle. May not know protocols. Invariant: what a
//! client reads back is what it wrote, up to where a reset cut it off; at the end nothing is held.
#![cfg(not(loom))]

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io::ErrorKind;
use std::net::{Shutdown, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use dx_io::{Driver, ReactorConfig};
use dx_rt::net::{TcpListener, TcpStream};
use dx_rt::time::{sleep, timeout, yield_now};
use dx_rt::{Asleep, Core, CoreConfig, Held, Wait, spawn, spawn_stealable};
use dx_sim::{Chance, Faults, Schedule, SimPeer, Sleeper, Step, World, seeds};

/// Seeds of an ordinary run.
const SEEDS: u64 = 3000;
/// Steps after which a run counts as one that does not end.
const STEPS_MAX: u32 = 200_000;

/// A core as the schedule sees it.
struct SimCore {
    core: Core,
    reactor: usize,
    asleep: RefCell<Option<Asleep>>,
}

impl Sleeper for SimCore {
    fn reactor(&self) -> usize {
        self.reactor
    }

    fn begin(&self) -> Option<Duration> {
        let asleep = self.core.fall_asleep(Wait::Forever).expect("the reactor works");
        let patience = asleep.patience();
        self.asleep.replace(Some(asleep));
        patience
    }

    fn end(&self) {
        let asleep = self.asleep.take().expect("it sleeps");
        self.core.wake_up(asleep).expect("the reactor works");
    }
}

fn cores(world: &World, count: usize) -> Rc<Vec<SimCore>> {
    let (small, few) = world.draw(|chance| (chance.happens(0.5), chance.happens(0.3)));
    let mut config = ReactorConfig::default();
    (config.recv_buffers, config.recv_buffer_len) = if small { (4, 64) } else { (16, 1024) };
    config.sockets_max = if few { 4 } else { 64 };
    let reactors: Vec<_> = (0..count).map(|_| world.reactor(&config)).collect();
    let numbers: Vec<usize> = reactors.iter().map(dx_sim::SimReactor::index).collect();
    let drivers = reactors.into_iter().map(|reactor| Driver::external(Box::new(reactor))).collect();
    let cores = Core::group(drivers, &CoreConfig::default());
    let both = cores.into_iter().zip(numbers);
    Rc::new(
        both.map(|(core, reactor)| SimCore { core, reactor, asleep: RefCell::default() }).collect(),
    )
}

fn sleepers(cores: &[SimCore]) -> Vec<&dyn Sleeper> {
    cores.iter().map(|core| core as &dyn Sleeper).collect()
}

/// Steps until `done`; fails when that will never be.
fn run(world: &World, cores: &[SimCore], schedule: &mut Schedule, done: impl Fn() -> bool) {
    let sleepers = sleepers(cores);
    for _ in 0..STEPS_MAX {
        if done() {
            return;
        }
        if schedule.step(&sleepers) == Step::Stuck {
            assert!(done(), "everybody sleeps and nobody will wake: a wake was lost\n{world}");
        }
    }
    panic!("no end after {STEPS_MAX} steps\n{world}");
}

/// Echoes in one of several manners. An error is the end of the connection, and nothing else.
async fn echo(mut stream: TcpStream, manner: u64) {
    loop {
        let received = match manner % 4 {
            // A reader that is always late: bytes pile up until receiving is paused.
            0 => {
                sleep(Duration::from_millis(3)).await;
                stream.recv().await
            }
            // One that gives up, again and again.
            1 => match timeout(Duration::from_micros(200), stream.recv()).await {
                Ok(received) => received,
                Err(_) => continue,
            },
            2 => {
                stream.pause();
                stream.recv().await
            }
            _ => stream.recv().await,
        };
        let lease = match received {
            Ok(Some(lease)) => lease,
            Ok(None) => break,
            Err(_) => return,
        };
        let mut buf = lease.to_vec();
        drop(lease);
        if manner.is_multiple_of(3) {
            buf = match spawn_stealable(async move { buf }).await {
                Ok(buf) => buf,
                Err(_) => return,
            };
        }
        let (sent, _) = stream.send(buf).await;
        if sent.is_err() {
            return;
        }
        yield_now().await;
    }
    // In order with the send, though nobody waits for that in between.
    if stream.start_send(farewell()).is_ok() {
        let _ = stream.shutdown(Shutdown::Write);
        let _ = poll_fn(|cx| stream.poll_sent(cx)).await;
    }
}

/// What a server says when its client has finished.
fn farewell() -> Vec<u8> {
    (0..700u16).map(|at| (at % 251) as u8).collect()
}

/// Accepts here, and serves here or elsewhere.
async fn accept(
    mut listener: TcpListener,
    cores: Rc<Vec<SimCore>>,
    stop: Rc<Cell<bool>>,
    turned_away: Arc<AtomicBool>,
) {
    let mut number = 0u64;
    while !stop.get() {
        let accepted = timeout(Duration::from_millis(20), listener.accept_unattached()).await;
        number += 1;
        match accepted {
            Err(_) => {}
            Ok(Err(_)) => sleep(Duration::from_millis(1)).await,
            Ok(Ok(accepted)) => {
                let (manner, turned_away) = (number, turned_away.clone());
                let serve = move || match TcpStream::from_accepted(accepted) {
                    Ok(stream) => drop(spawn(echo(stream, manner))),
                    // The other core's table is full, which it says by closing.
                    Err(_) => turned_away.store(true, Ordering::Relaxed),
                };
                let index = number as usize % cores.len();
                cores[0].core.call(index, serve).expect("there is room");
            }
        }
    }
}

/// A client: what it wrote, what came back.
struct Client {
    peer: SimPeer,
    chance: Chance,
    sent: Vec<u8>,
    to_send: Vec<u8>,
    received: usize,
    finished: bool,
    /// It was cut off, or has cut itself off.
    broken: bool,
    rude: bool,
}

impl Client {
    fn new(world: &World, address: SocketAddr, seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let len = chance.index(3000) >> chance.index(4);
        let to_send = (0..len).map(|_| chance.bits() as u8).collect();
        let peer = world.connect(address).expect("somebody listens");
        let rude = chance.happens(world.faults().half_close / 4.0);
        Self {
            peer,
            chance,
            sent: Vec::new(),
            to_send,
            received: 0,
            finished: false,
            broken: false,
            rude,
        }
    }

    /// Goes on; whether it is done.
    fn act(&mut self) -> bool {
        while !self.to_send.is_empty() {
            let len = 1 + self.chance.index(self.to_send.len().min(4000));
            match self.peer.try_write(&self.to_send[..len]) {
                Ok(written) => self.sent.extend(self.to_send.drain(..written)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => self.to_send.clear(),
            }
            if self.rude && self.chance.happens(0.1) {
                return true; // it is dropped with whatever is unread
            }
        }
        if self.to_send.is_empty() && !self.finished {
            self.finished = true;
            let _ = self.peer.shutdown(Shutdown::Write);
        }
        let mut buf = [0; 1500];
        loop {
            match self.peer.try_read(&mut buf) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
                Err(_) => {
                    self.broken = true;
                    return true;
                }
                Ok(0) => {
                    self.broken |= self.peer.is_reset();
                    return true;
                }
                Ok(read) => {
                    let all = self.sent.iter().copied().chain(farewell()).skip(self.received);
                    assert!(all.take(read).eq(buf[..read].iter().copied()), "other bytes");
                    self.received += read;
                }
            }
        }
    }
}

/// One run: the world's hash.
fn run_seed(seed: u64, faults: Faults) -> u64 {
    let world = World::new(seed, faults);
    let count = 1 + world.draw(|chance| chance.index(3));
    let cores = cores(&world, count);
    let address = world.free_address();
    let stop = Rc::new(Cell::new(false));
    let listening = cores[0].core.enter(|| TcpListener::for_hand_over(world.listen(address)));
    let listener = listening.expect("listen");
    let turned_away = Arc::new(AtomicBool::new(false));
    let accepting = accept(listener, cores.clone(), stop.clone(), turned_away.clone());
    let acceptor = cores[0].core.spawn(accepting);
    let clients = 1 + world.draw(|chance| chance.index(6));
    for number in 0..clients as u64 {
        let mut client = Client::new(&world, address, seed ^ (number + 1) << 32);
        let (inside, turned_away) = (world.clone(), turned_away.clone());
        world.act(move || {
            let done = client.act();
            let (cuts, _, refusals) = inside.excuses();
            let excused = cuts + refusals > 0 || turned_away.load(Ordering::Relaxed);
            if done && !client.rude && !excused {
                assert!(!client.broken, "a reset that nobody has asked for\n{inside}");
                let all = client.sent.len() + farewell().len();
                assert_eq!(client.received, all, "bytes are missing\n{inside}");
            }
            done
        });
    }
    let mut schedule = Schedule::new(&world, count);
    run(&world, &cores, &mut schedule, || world.acting() == 0);
    stop.set(true);
    run(&world, &cores, &mut schedule, || acceptor.is_finished());
    world.change_faults(|faults| *faults = Faults::none());
    schedule.wake_all(&sleepers(&cores));
    for core in cores.iter() {
        assert_eq!(core.core.quiesce(200).expect("turns"), Held::default(), "held\n{world}");
    }
    world.dismiss();
    drop(acceptor);
    drop(cores);
    assert_eq!(world.violations(), Vec::<String>::new(), "the contract\n{world}");
    world.hash()
}

#[test]
fn echoes_with_every_fault() {
    seeds::run("echoes_with_every_fault", SEEDS, |seed| {
        let mut chance = Chance::new(!seed);
        let faults = if seed % 4 == 0 { Faults::all() } else { Faults::drawn(&mut chance) };
        run_seed(seed, faults);
    });
}

#[test]
fn a_seed_repeats_exactly() {
    for seed in 0..20 {
        assert_eq!(run_seed(seed, Faults::all()), run_seed(seed, Faults::all()), "seed {seed}");
    }
    assert_ne!(run_seed(0, Faults::all()), run_seed(1, Faults::all()));
}
