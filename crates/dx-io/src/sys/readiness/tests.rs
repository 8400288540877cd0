//! What a turn costs in calls to the selector.
//!
//! Owns [`Counting`], a selector that counts. What a turn does is told by `tests/conformance`.
//! Invariant: counts are exact, not bounds.

use core::cell::Cell;
use core::time::Duration;
use std::io::{self, Read, Write};
use std::net::TcpStream;

use socket2::Socket;

use super::{Event, Interest, Readiness, Selector};
use crate::completion::Completion;
use crate::config::{IoBackend, ReactorConfig, StartError};
use crate::op::{Op, Payload};
use crate::reactor::Reactor;
use crate::sock::{Listener, Sock};
use crate::sys::epoll::Epoll;
use crate::wake::Waker;

/// Additions, changes, deletions and waits.
#[derive(Debug)]
struct Counting {
    inner: Epoll,
    calls: [Cell<u32>; 4],
}

impl Counting {
    fn count(&self, call: usize) {
        self.calls[call].set(self.calls[call].get() + 1);
    }

    /// The counts since this was last asked.
    fn calls(&self) -> [u32; 4] {
        self.calls.each_ref().map(|calls| calls.replace(0))
    }
}

impl Selector for Counting {
    const BACKEND: IoBackend = IoBackend::Epoll;

    fn new() -> Result<Self, StartError> {
        Ok(Self { inner: Epoll::new()?, calls: Default::default() })
    }

    fn features(&self) -> String {
        self.inner.features()
    }

    fn add(&mut self, socket: &Socket, key: u64, interest: Interest) -> io::Result<()> {
        self.count(0);
        self.inner.add(socket, key, interest)
    }

    fn modify(&mut self, socket: &Socket, key: u64, interest: Interest) -> io::Result<()> {
        self.count(1);
        self.inner.modify(socket, key, interest)
    }

    fn delete(&mut self, socket: &Socket) -> io::Result<()> {
        self.count(2);
        self.inner.delete(socket)
    }

    fn wait(&mut self, timeout: Option<Duration>, events: &mut Vec<Event>) -> io::Result<bool> {
        self.count(3);
        self.inner.wait(timeout, events)
    }

    fn waker(&self) -> Waker {
        self.inner.waker()
    }
}

/// One turn that waits for something; what came.
fn turn(room: &mut Readiness<Counting>) -> Vec<Completion> {
    let mut out = Vec::new();
    room.submit_and_wait(1, None).expect("submit_and_wait");
    room.reap(&mut out);
    out
}

/// Accepts one connection, in one turn.
fn accept(room: &mut Readiness<Counting>, listener: Sock, client: &TcpStream) -> Sock {
    let token = room.push(Op::Accept { listener, hand_over: false }, 1).expect("push");
    assert_eq!(turn(room).len(), 1);
    let Payload::Connection { sock, peer } = room.take(token) else { panic!("no connection") };
    assert_eq!(Some(peer), client.local_addr().ok());
    sock
}

#[test]
fn a_request_costs_one_wait() {
    let mut room = Readiness::<Counting>::new(&ReactorConfig::default()).expect("epoll");
    let any = "127.0.0.1:0".parse().expect("address");
    let listener = Listener::bind(any, &Default::default()).expect("bind");
    let address = listener.local_addr();
    let listener = room.listen(listener).expect("listen");
    assert_eq!(room.selector.calls(), [0; 4], "nobody wants to accept yet");

    let clients = [0; 3].map(|_| TcpStream::connect(address).expect("connect"));
    let mut socks = clients.each_ref().map(|client| accept(&mut room, listener, client));
    assert_eq!(room.selector.calls(), [1, 0, 0, 3], "a listener stays registered");

    let [mut client, ..] = clients;
    let sock = socks[0];
    room.push(Op::Recv { sock }, 2).expect("push");
    room.submit().expect("submit");
    assert_eq!(room.selector.calls(), [1, 0, 0, 0]);
    for _ in 0..50 {
        client.write_all(b"ping").expect("write");
        let received = turn(&mut room);
        assert_eq!((received.len(), received[0].result), (1, 4));
        let buf = room.claim(&received[0]).expect("received bytes").to_vec();
        let send = room.push(Op::Send { sock, buf, start: 0 }, 3).expect("push");
        let sent = turn(&mut room);
        assert_eq!((sent.len(), sent[0].result), (1, 4));
        assert!(matches!(room.take(send), Payload::Buffer(_)));
        client.read_exact(&mut [0; 4]).expect("read");
    }
    assert_eq!(room.selector.calls(), [0, 0, 0, 50], "no registration, one wait a request");

    // Nothing waits on the others: nothing is to be taken back when they close.
    socks.reverse();
    for sock in socks {
        room.push(Op::Close { sock }, 4).expect("push");
    }
    room.submit().expect("submit");
    assert_eq!(room.selector.calls(), [0, 0, 1, 0]);
}

#[test]
fn a_chain_of_sends_does_not_keep_sockets_from_being_heard() {
    let mut room = Readiness::<Counting>::new(&ReactorConfig::default()).expect("epoll");
    let target = room.waker();
    for _ in 0..10 {
        // Each turn begins with something done.
        room.push(Op::Wake { target: target.clone() }, 1).expect("push");
        assert_eq!(turn(&mut room).len(), 1);
    }
    let [_, _, _, waits] = room.selector.calls();
    assert_eq!(waits, 5, "every second turn asks");
}
