//! Nothing adds up: connections by the hundred thousand, cores by the dozen.
//!
//! Descriptors of the process are counted, so this file has one test.
#![cfg(not(loom))]

mod common;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream as Peer};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use common::{backends, core, driver, run};
use dx_io::IoBackend;
use dx_rt::limits::ACCEPTS_POSTED;
use dx_rt::net::{TcpListener, TcpStream};
use dx_rt::{Core, CoreConfig, Held, Wait, spawn, spawn_stealable};

/// Connections of one backend in all.
const CONNECTIONS: usize = 100_000;
const ROUNDS: usize = 10;
const CLIENTS: usize = 4;

/// Descriptors of this process that are open.
fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").expect("proc is mounted").count()
}

/// Answers until the peer has finished or is gone.
async fn echo(mut stream: TcpStream) {
    while let Ok(Some(piece)) = stream.recv().await {
        if stream.send(piece.to_vec()).await.0.is_err() {
            return;
        }
    }
}

/// Opens `count` connections, one after another. Every second one leaves with the answer unread,
/// which resets it and so leaves no port in TIME_WAIT; the others use an address of their own.
fn client(port: u16, number: usize, count: usize) {
    for turn in 0..count {
        let host = Ipv4Addr::new(127, 0, 0, 2 + (turn / 2 % 8) as u8);
        let mut peer = Peer::connect((host, port)).expect("it listens");
        let sent = [number as u8, turn as u8];
        peer.write_all(&sent).expect("it reads");
        let mut answer = [0; 2];
        match turn % 2 {
            0 => peer.read_exact(&mut answer).expect("it answers"),
            _ => assert_eq!(peer.peek(&mut answer[..1]).expect("it answers"), 1),
        }
        assert_eq!(answer[0], sent[0]);
    }
}

/// One round of connections against `core`, which serves them to the end.
fn round(core: &Core, port: u16) {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let clients = scope.spawn(|| {
            thread::scope(|scope| {
                for number in 0..CLIENTS {
                    scope.spawn(move || client(port, number, CONNECTIONS / ROUNDS / CLIENTS));
                }
            });
            done.store(true, Ordering::Release);
        });
        while !done.load(Ordering::Acquire) && !clients.is_finished() {
            core.turn(Wait::AtMost(Duration::from_millis(10))).expect("the reactor works");
        }
        clients.join().expect("no client has failed");
    });
}

/// Serves every connection of every round on one core.
fn serve(backend: IoBackend) {
    let core = core(backend);
    let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let mut listener = core.enter(|| TcpListener::bind(any)).expect("a free port");
    let port = listener.local_addr().port();
    drop(core.spawn(async move {
        loop {
            drop(spawn(echo(listener.accept().await.expect("descriptors are left"))));
        }
    }));
    // The task that accepts, its listener, and the accepts that stand ready.
    let at_rest = Held { tasks: 1, streams: 0, sockets: 1, operations: ACCEPTS_POSTED, buffers: 0 };
    let mut open = None;
    for _ in 0..ROUNDS {
        drop(driver(backend)); // a sign of life for the watchdog
        round(&core, port);
        // What completes late completes; the accepts that were used stand ready again.
        while core.held() != at_rest {
            core.turn(Wait::AtMost(Duration::from_millis(10))).expect("the reactor works");
        }
        let now = descriptors();
        assert_eq!(*open.get_or_insert(now), now, "{backend}: descriptors that nobody closed");
    }
    assert!(core.quiesce(200).expect("the reactor works").is_nothing());
}

/// Cores come and go, with a listener, a connection and work of every kind still there.
fn come_and_go(backend: IoBackend) {
    for _ in 0..30 {
        let mut group = Core::group(vec![driver(backend), driver(backend)], &CoreConfig::default());
        let second = group.pop().expect("two drivers, two cores");
        let first = group.pop().expect("two drivers, two cores");
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut listener = first.enter(|| TcpListener::bind(loopback)).expect("a free port");
        let connecting = second.spawn(TcpStream::connect(listener.local_addr()));
        let peer = thread::spawn({
            let addr = listener.local_addr();
            move || Peer::connect(addr).expect("it listens")
        });
        let accepted = run(&first, async move { (listener.accept().await, listener) });
        let _jobs: Vec<_> = first.enter(|| {
            drop(spawn(std::future::pending::<()>()));
            (0..3).map(|_| spawn_stealable(std::future::pending::<()>())).collect()
        });
        second.turn(Wait::Poll).expect("the reactor works");
        drop((accepted, connecting, first, second));
        drop(peer.join().expect("no panic"));
    }
}

#[test]
fn nothing_is_left_of_what_has_ended() {
    for backend in backends() {
        // Whatever the process opens once and keeps.
        come_and_go(backend);
        let before = settled();
        come_and_go(backend);
        assert_eq!(settled(), before, "{backend}: cores that were dropped are still open");
        serve(backend);
        assert_eq!(settled(), before, "{backend}: descriptors that nobody closed");
    }
}

/// Descriptors when their number has come to rest: the kernel may close those of a ring late.
fn settled() -> usize {
    let mut last = descriptors();
    let mut same = 0;
    while same < 20 {
        thread::sleep(Duration::from_millis(2));
        let now = descriptors();
        same = if now == last { same + 1 } else { 0 };
        last = now;
    }
    last
}
