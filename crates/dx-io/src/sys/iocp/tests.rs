//! What only this room's own means can show.
//!
//! Owns the counting of the process's handles and of OVERLAPPEDs. What a turn does is told by
//! `tests/conformance`. Invariant: handles are counted by one test alone, because they are the
//! process's.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};

use windows_sys::Win32::System::Threading::{GetCurrentProcess, GetProcessHandleCount};

use super::IocpReactor;
use crate::completion::Completion;
use crate::config::ReactorConfig;
use crate::errno;
use crate::op::{Op, Payload};
use crate::reactor::Reactor;
use crate::sock::{Listener, Sock};

fn open(change: impl FnOnce(&mut ReactorConfig)) -> IocpReactor {
    let mut config = ReactorConfig::default();
    config.recv_buffers = 2;
    config.recv_buffer_len = 64;
    change(&mut config);
    IocpReactor::new(&config).expect("a port")
}

fn listen(reactor: &mut IocpReactor) -> (Sock, SocketAddr) {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let listener = Listener::bind(any, &Default::default()).expect("bind");
    let address = listener.local_addr();
    (reactor.listen(listener).expect("listen"), address)
}

/// The next completion.
fn next(reactor: &mut IocpReactor) -> Completion {
    let mut out = Vec::new();
    while out.is_empty() {
        reactor.submit_and_wait(1, None).expect("submit_and_wait");
        reactor.reap(&mut out);
    }
    assert_eq!(out.len(), 1);
    out[0]
}

fn connection(reactor: &mut IocpReactor, listener: Sock, at: SocketAddr) -> (Sock, TcpStream) {
    let accept = reactor.push(Op::Accept { listener, hand_over: false }, 1).expect("push");
    let client = TcpStream::connect(at).expect("connect");
    assert_eq!(next(reactor).result, 0);
    match reactor.take(accept) {
        Payload::Connection { sock, .. } => (sock, client),
        payload => panic!("{payload:?}"),
    }
}

#[test]
fn idle_connections_hold_no_buffer() {
    let mut reactor = open(|_| {});
    let (listener, address) = listen(&mut reactor);
    let mut pairs: Vec<_> = (0..10).map(|_| connection(&mut reactor, listener, address)).collect();
    for (number, &(sock, _)) in pairs.iter().enumerate() {
        reactor.push(Op::Recv { sock }, number as u64).expect("push");
    }
    reactor.submit().expect("submit");
    assert_eq!(reactor.overlapped.lent(), 10);
    assert_eq!(reactor.buffers().held(), 0, "ten wait, though there are two buffers");
    pairs[7].1.write_all(b"bytes").expect("write");
    let received = next(&mut reactor);
    assert_eq!((received.user_data, reactor.buffers().held()), (7, 1));
    assert_eq!(&*reactor.claim(&received).expect("received bytes"), b"bytes");
    assert_eq!(reactor.buffers().held(), 0);
}

#[test]
fn accepts_never_promise_more_places_than_there_are() {
    let mut reactor = open(|config| config.sockets_max = 3);
    let (listener, address) = listen(&mut reactor);
    for number in 0..5 {
        reactor.push(Op::Accept { listener, hand_over: false }, number).expect("push");
    }
    reactor.submit().expect("submit");
    assert_eq!((reactor.overlapped.lent(), reactor.parked.len()), (3, 2));
    let refused = reactor.push(Op::Connect { peer: address }, 9).expect_err("all are promised");
    assert!(matches!(refused.op, Op::Connect { .. }));
    // Closing the listener ends those in the kernel and those that never were there.
    reactor.push(Op::Close { sock: listener }, 10).expect("push");
    let mut out = Vec::new();
    while out.len() < 6 {
        reactor.submit_and_wait(1, None).expect("submit_and_wait");
        reactor.reap(&mut out);
    }
    out.sort_by_key(|done| done.user_data);
    let results: Vec<i32> = out.iter().map(|done| done.result).collect();
    assert_eq!(results, [[errno::CANCELLED; 5].as_slice(), &[0]].concat());
    assert_eq!((reactor.overlapped.lent(), reactor.socks.is_full()), (0, false));
}

/// Reactors of [`come_and_go`]: many more than other tests have handles at a time.
const REACTORS: u32 = 150;

/// Comes and goes with work of every kind in flight.
fn come_and_go() {
    for _ in 0..REACTORS {
        let mut reactor = open(|_| {});
        let (listener, address) = listen(&mut reactor);
        let (sock, _client) = connection(&mut reactor, listener, address);
        reactor.push(Op::Recv { sock }, 2).expect("push");
        reactor.push(Op::Send { sock, buf: vec![0; 8 << 20], start: 0 }, 3).expect("push");
        reactor.push(Op::Accept { listener, hand_over: false }, 4).expect("push");
        reactor.push(Op::Accept { listener, hand_over: true }, 5).expect("push");
        reactor.submit().expect("submit");
        reactor.push(Op::Connect { peer: address }, 6).expect("push");
        drop(reactor);
    }
}

fn handles() -> u32 {
    let mut count = 0;
    // SAFETY: the pseudo handle needs no closing, and the pointer is to a local.
    let done = unsafe { GetProcessHandleCount(GetCurrentProcess(), &mut count) };
    assert!(done != 0, "{}", std::io::Error::last_os_error());
    count
}

#[test]
fn dropped_reactors_leave_no_handle() {
    // Whatever the process opens once and keeps. Other tests open and close theirs meanwhile.
    come_and_go();
    let before = handles();
    come_and_go();
    let after = handles();
    assert!(after < before + REACTORS, "{before} handles became {after}: one a reactor, or more");
}
