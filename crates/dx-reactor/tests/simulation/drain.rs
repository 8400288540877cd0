//! Single runs about the end of a server that no seed is needed for.
//!
//! Owns nothing but tests. Invariant: the world is kind, so that each outcome has one cause.

use std::io::{Read, Write};
use std::time::Duration;

use dx_io::{Driver, ReactorConfig};
use dx_reactor::{App, DxReactor, Limits, Seat};
use dx_rt::{Held, Wait};
use dx_sim::{Faults, World};

/// Who waited for room at a server that is full has connected before its shutdown, and is
/// answered when the others have gone.
#[test]
fn a_full_server_answers_who_waits_for_room() {
    let world = World::new(0, Faults::none());
    let address = world.free_address();
    let seat = Seat {
        driver: Driver::external(Box::new(world.reactor(&ReactorConfig::default()))),
        listeners: vec![world.listen(address)],
    };
    let mut limits = Limits::default();
    limits.connections_max = 1;
    let app = |_| App::new().get("/", || "here");
    let server = DxReactor::build().limits(limits).app(app).build();
    let server = server.start_stepped(vec![seat]).expect("it starts");
    let core = &server.cores()[0];
    let turns = |count| {
        for _ in 0..count {
            core.turn(Wait::AtMost(Duration::from_millis(1))).expect("turn");
        }
    };
    turns(2);
    let idle = world.connect(address).expect("connect");
    turns(2);
    let mut waiting = world.connect(address).expect("connect");
    waiting.write_all(b"GET / HTTP/1.1\r\nHost: sim\r\n\r\n").expect("write");
    turns(5);
    server.drain();
    turns(10);
    assert!(idle.has_ended(), "the idle connection is over");
    drop(idle);
    turns(20);
    let mut answer = String::new();
    waiting.read_to_string(&mut answer).expect("no reset");
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("here"), "{answer}");
    drop(waiting);
    while !server.is_finished() {
        turns(1);
    }
    assert_eq!(core.quiesce(50).expect("turns"), Held::default());
}

/// What arrives while the acceptor waits for the last time is looked at before it closes.
#[test]
fn an_arrival_in_the_last_wait_is_taken_in() {
    let world = World::new(0, Faults::none());
    let address = world.free_address();
    let seat = Seat {
        driver: Driver::external(Box::new(world.reactor(&ReactorConfig::default()))),
        listeners: vec![world.listen(address)],
    };
    let server = DxReactor::build().app(|_| App::new().get("/", || "here")).build();
    let server = server.start_stepped(vec![seat]).expect("it starts");
    let core = &server.cores()[0];
    let turn = || {
        core.turn(Wait::AtMost(Duration::from_micros(100))).expect("turn");
    };
    turn();
    server.drain();
    let until = world.now() + Duration::from_millis(3);
    while world.now() < until {
        turn();
    }
    let mut client = world.connect(address).expect("still open");
    client.write_all(b"GET / HTTP/1.1\r\nHost: sim\r\n\r\n").expect("write");
    (0..50).for_each(|_| turn());
    let mut answer = String::new();
    client.read_to_string(&mut answer).expect("no reset");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}
