//! Whole servers in a simulated world: every fault on, every answer checked.
//!
//! Owns the server under test and its run; `script.rs` has what is asked, `client.rs` who asks.
//! Invariant: a run follows from its seed; at its end the workers hold nothing, and nobody has
//! broken the contract of the reactor.

mod client;
mod drain;
mod script;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use client::{Client, Excuse, Statuses};
use dx_io::{Driver, ReactorConfig};
use dx_reactor::{App, Bytes, DxReactor, Limits, Request, Seat, Stepped};
use dx_rt::limits::JOBS_PER_TURN;
use dx_rt::{Asleep, Core, Held, Wait};
use dx_sim::{Chance, Faults, Schedule, SimReactor, Sleeper, Step, World, seeds};

/// Seeds of an ordinary run.
const SEEDS: u64 = 7000;
/// Steps after which a run counts as one that does not end.
const STEPS_MAX: u32 = 300_000;

/// A worker's core as the schedule sees it.
struct SimCore<'a> {
    core: &'a Core,
    reactor: usize,
    asleep: RefCell<Option<Asleep>>,
}

impl Sleeper for SimCore<'_> {
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

fn number(request: &Request, name: &str) -> usize {
    request.param(name).and_then(|text| text.parse().ok()).unwrap_or_default()
}

async fn slow(request: Request) -> String {
    let micros = number(&request, "micros") as u64;
    dx_rt::time::sleep(Duration::from_micros(micros)).await;
    number(&request, "n").to_string()
}

async fn steal(request: Request) -> String {
    let n = number(&request, "n");
    // More than a core runs in one turn: what is left may be stolen by another.
    let count = if n.is_multiple_of(4) { JOBS_PER_TURN + 8 } else { 4 };
    let jobs: Vec<_> = (0..count)
        .map(|part| dx_rt::spawn_stealable(async move { if part == 3 { n } else { 0 } }))
        .collect();
    let mut sum = 0;
    for job in jobs {
        sum += job.await.unwrap_or_default();
    }
    sum.to_string()
}

async fn echo(request: Request) -> Bytes {
    request.into_body()
}

fn app() -> App {
    App::new()
        .get("/n/{n}", |request: Request| number(&request, "n").to_string())
        .get("/slow/{micros}/{n}", slow)
        .get("/steal/{n}", steal)
        .get("/big/{len}", |request: Request| script::big(number(&request, "len")))
        .post("/echo", echo)
}

fn limits(chance: &mut Chance) -> Limits {
    let mut limits = Limits::default();
    limits.body_max = script::BODY_MAX;
    if chance.happens(0.2) {
        limits.connections_max = 1 + chance.below(3) as u32;
    }
    limits
}

fn reactor_config(chance: &mut Chance) -> ReactorConfig {
    let mut config = ReactorConfig::default();
    let small = chance.happens(0.5);
    (config.recv_buffers, config.recv_buffer_len) = if small { (4, 64) } else { (16, 2048) };
    config.sockets_max = if chance.happens(0.2) { 3 } else { 64 };
    if chance.happens(0.1) {
        config.in_flight_max = 24;
    }
    config
}

/// A server on `count` workers, and the numbers of their reactors.
fn start(world: &World, count: usize) -> (Stepped, Vec<usize>, std::net::SocketAddr) {
    let address = world.free_address();
    let config = world.draw(reactor_config);
    let reactors: Vec<SimReactor> = (0..count).map(|_| world.reactor(&config)).collect();
    let numbers = reactors.iter().map(SimReactor::index).collect();
    let seats = reactors
        .into_iter()
        .map(|reactor| Seat {
            driver: Driver::external(Box::new(reactor)),
            listeners: vec![world.listen(address)],
        })
        .collect();
    let server = DxReactor::build().limits(world.draw(limits)).app(|_| app()).build();
    (server.start_stepped(seats).expect("it starts"), numbers, address)
}

/// Steps until `done`; fails when that will never be.
fn run(
    world: &World,
    cores: &[&dyn Sleeper],
    schedule: &mut Schedule,
    mut done: impl FnMut() -> bool,
) {
    for _ in 0..STEPS_MAX {
        if done() {
            return;
        }
        if schedule.step(cores) == Step::Stuck {
            assert!(done(), "everybody sleeps and nobody will wake: a wake was lost\n{world}");
        }
    }
    panic!("no end after {STEPS_MAX} steps\n{world}");
}

/// What a run came to.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    /// Of everything that happened.
    hash: u64,
    statuses: BTreeSet<u16>,
    /// Jobs that one core took from another.
    stolen: u64,
    /// Connections broken by the network, leaps of the clock, refused pushes.
    excuses: (u64, u64, u64),
}

fn run_seed(seed: u64, faults: Faults) -> Outcome {
    let world = World::new(seed, faults);
    let count = 1 + world.draw(|chance| chance.index(3));
    let (server, numbers, address) = start(&world, count);
    let (excuse, seen) = (Rc::new(Cell::new(Excuse::default())), Statuses::default());
    let clients = 1 + world.draw(|chance| chance.index(5));
    for number in 1..=clients as u64 {
        let (inside, excuse, seen) = (world.clone(), excuse.clone(), seen.clone());
        let connect = move || {
            let Some(mut client) = Client::new(&inside, address, seed ^ number << 32, seen) else {
                return; // the server has ended
            };
            inside.act(move || client.act(excuse.get()));
        };
        let after = world.draw(|chance| chance.below(5000));
        world.later(Duration::from_micros(after), connect);
    }
    let drain_early = world.draw(|chance| chance.happens(0.3));
    let drain_after = Duration::from_micros(world.draw(|chance| chance.below(10_000)));
    let (drain_at, begun) = (world.now() + drain_after, world.now() + Duration::from_millis(6));
    for after in [drain_after, Duration::from_millis(6)] {
        world.later(after, || ()); // time gets there
    }
    let sim_cores: Vec<SimCore<'_>> = server
        .cores()
        .iter()
        .zip(numbers)
        .map(|(core, reactor)| SimCore { core, reactor, asleep: RefCell::default() })
        .collect();
    let cores: Vec<&dyn Sleeper> = sim_cores.iter().map(|core| core as &dyn Sleeper).collect();
    let mut schedule = Schedule::new(&world, count);
    run(&world, &cores, &mut schedule, || {
        if drain_early && excuse.get().draining.is_none() && world.now() >= drain_at {
            excuse.set(Excuse { draining: Some(world.now()) });
            server.drain();
        }
        world.now() >= begun && world.acting() == 0
    });
    server.drain();
    run(&world, &cores, &mut schedule, || server.is_finished());
    world.change_faults(|faults| *faults = Faults::none());
    schedule.wake_all(&cores);
    for core in server.cores() {
        assert_eq!(core.quiesce(200).expect("turns"), Held::default(), "held\n{world}");
    }
    world.dismiss();
    let stolen = server.cores().iter().map(|core| core.stats().stolen()).sum();
    drop(server);
    assert_eq!(world.violations(), Vec::<String>::new(), "the contract\n{world}");
    Outcome { hash: world.hash(), statuses: seen.take(), stolen, excuses: world.excuses() }
}

#[test]
fn every_answer_is_right() {
    seeds::run("every_answer_is_right", SEEDS, |seed| {
        let mut chance = Chance::new(!seed);
        let faults = match seed % 8 {
            0 => Faults::all(),
            1 => Faults::none(),
            _ => Faults::drawn(&mut chance),
        };
        run_seed(seed, faults);
    });
}

/// A simulation that never gets anywhere finds nothing.
#[test]
fn the_seeds_reach_what_they_are_for() {
    let (mut statuses, mut stolen, mut excuses) = (BTreeSet::new(), 0, (0, 0, 0));
    for seed in 0..400 {
        let outcome = run_seed(seed, Faults::all());
        statuses.extend(outcome.statuses);
        stolen += outcome.stolen;
        excuses.0 += outcome.excuses.0;
        excuses.1 += outcome.excuses.1;
        excuses.2 += outcome.excuses.2;
    }
    for status in [100, 200, 400, 404, 408, 413, 414, 431] {
        assert!(statuses.contains(&status), "{status} was never answered: {statuses:?}");
    }
    assert!(stolen > 0, "no job was stolen");
    assert!(excuses.0 > 0 && excuses.1 > 0 && excuses.2 > 0, "{excuses:?}");
}

#[test]
fn a_seed_repeats_exactly() {
    for seed in 0..20 {
        assert_eq!(run_seed(seed, Faults::all()), run_seed(seed, Faults::all()), "seed {seed}");
    }
    assert_ne!(run_seed(0, Faults::all()).hash, run_seed(1, Faults::all()).hash);
}
