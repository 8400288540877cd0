//! Streams: every byte once and in order, and nothing kept after a drop.
//!
//! The other end is always the standard library's blocking socket, on a thread where it must not
//! hold up the core.
#![cfg(not(loom))]

mod common;

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream as Peer};
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use common::{backends, core, run};
use dx_rt::net::{TcpListener, TcpStream};
use dx_rt::time::yield_now;
use dx_rt::{Core, Wait};

/// Any port of the loopback.
fn anywhere() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// The byte at `position` of every stream: a piece that is lost, doubled or moved is seen.
fn byte(position: usize) -> u8 {
    let mixed = (position as u64 ^ (position as u64 >> 16)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> 56) as u8
}

fn bytes(from: usize, count: usize) -> Vec<u8> {
    (from..from + count).map(byte).collect()
}

/// Checks that `found` is what stands at `from`; where the next piece begins.
fn check(from: usize, found: &[u8]) -> usize {
    for (position, &found) in (from..).zip(found) {
        assert_eq!(found, byte(position), "at {position}");
    }
    from + found.len()
}

/// A connection of `core` and its other end.
fn connected(core: &Core) -> (TcpStream, Peer) {
    let mut listener = core.enter(|| TcpListener::bind(anywhere())).expect("a free port");
    let peer = Peer::connect(listener.local_addr()).expect("somebody listens");
    let stream = run(core, async move { listener.accept().await }).expect("a connection");
    assert_eq!(stream.peer().to_socket_addr(), peer.local_addr().expect("connected"));
    (stream, peer)
}

/// Turns `core` until nothing is held any more.
fn settle(core: &Core) {
    while !core.held().is_nothing() {
        core.turn(Wait::AtMost(Duration::from_millis(10))).expect("the reactor works");
    }
}

/// Turns `core` so often that whatever is going to happen without its peer has happened.
fn idle(core: &Core) {
    for _ in 0..20 {
        core.turn(Wait::AtMost(Duration::from_millis(2))).expect("the reactor works");
    }
}

async fn echo(stream: &mut TcpStream) -> io::Result<usize> {
    let mut count = 0;
    while let Some(piece) = stream.recv().await? {
        count += piece.len();
        stream.send(piece.to_vec()).await.0?;
    }
    Ok(count)
}

/// Sends `pieces` from one thread and checks what comes back on this one.
fn talk(peer: Peer, pieces: Vec<usize>) -> Peer {
    let mut sender = peer.try_clone().expect("descriptors are left");
    let total = pieces.iter().sum();
    let sending = thread::spawn(move || {
        let mut sent = 0;
        for piece in pieces {
            sender.write_all(&bytes(sent, piece)).expect("the server reads");
            sent += piece;
        }
    });
    let mut receiver = peer;
    let mut buffer = vec![0; 1 << 16];
    let mut received = 0;
    while received < total {
        let count = receiver.read(&mut buffer).expect("the server answers");
        assert_ne!(count, 0, "the server hung up after {received} of {total}");
        received = check(received, &buffer[..count]);
    }
    sending.join().expect("no panic");
    receiver
}

#[test]
fn every_byte_comes_back_in_order() {
    let rows: [Vec<usize>; 6] = [
        vec![1],
        vec![64 << 10],
        vec![5 << 20],
        (0..3000).map(|piece| piece * 31 % 700 + 1).collect(),
        vec![16 << 10; 64],
        vec![1; 2000],
    ];
    for backend in backends() {
        for pieces in &rows {
            let core = core(backend);
            let (mut stream, peer) = connected(&core);
            let (pieces, total) = (pieces.clone(), pieces.iter().sum::<usize>());
            let client = thread::spawn(move || drop(talk(peer, pieces)));
            let echoed = run(&core, async move { echo(&mut stream).await });
            client.join().expect("no panic");
            assert_eq!(echoed.expect("no error"), total, "{backend}");
            settle(&core);
        }
    }
}

/// Both directions are full at once, on many connections of one core.
#[test]
fn many_streams_do_not_mix() {
    for backend in backends() {
        let core = core(backend);
        let clients: Vec<_> = (0..20)
            .map(|number| {
                let (mut stream, peer) = connected(&core);
                let echoing = core.spawn(async move { echo(&mut stream).await });
                let pieces = vec![number * 997 + 1; 40];
                (echoing, thread::spawn(move || drop(talk(peer, pieces))))
            })
            .collect();
        for (echoing, client) in clients {
            run(&core, echoing).expect("no panic").expect("no error");
            client.join().expect("no panic");
        }
        settle(&core);
    }
}

#[test]
fn a_peer_that_has_finished_is_still_answered() {
    for backend in backends() {
        let core = core(backend);
        let (mut stream, mut peer) = connected(&core);
        let client = thread::spawn(move || {
            peer.write_all(b"question").expect("the server reads");
            peer.shutdown(Shutdown::Write).expect("connected");
            let mut answer = String::new();
            peer.read_to_string(&mut answer).expect("no reset");
            answer
        });
        run(&core, async move {
            let mut question = Vec::new();
            while let Some(piece) = stream.recv().await.expect("no error") {
                question.extend_from_slice(&piece);
            }
            assert_eq!(question, b"question");
            assert!(stream.recv().await.expect("no error").is_none(), "the end stays the end");
            let (sent, buffer) = stream.send(b"answer".to_vec()).await;
            sent.expect("the other direction is open");
            assert_eq!(buffer, b"answer", "the buffer comes back");
            stream.shutdown(Shutdown::Write).expect("the table has room");
        });
        assert_eq!(client.join().expect("no panic"), "answer");
        settle(&core);
    }
}

/// "In order with what was sent before": also with what has not left yet.
#[test]
fn a_shutdown_waits_for_the_send_before_it() {
    const ALL: usize = 12 << 20;
    for backend in backends() {
        let core = core(backend);
        let (mut stream, mut peer) = connected(&core);
        stream.start_send(bytes(0, ALL)).expect("none is in flight");
        stream.shutdown(Shutdown::Write).expect("the table has room");
        idle(&core);
        let client = thread::spawn(move || {
            let mut all = Vec::new();
            peer.read_to_end(&mut all).expect("no reset");
            check(0, &all)
        });
        run(&core, async move {
            std::future::poll_fn(|cx| stream.poll_sent(cx)).await.0.expect("all of it");
            assert!(stream.recv().await.expect("no error").is_none(), "the peer has its end");
        });
        assert_eq!(client.join().expect("no panic"), ALL, "{backend}");
        settle(&core);
    }
}

/// A close with bytes unread makes the kernel answer with a reset (RFC 9293, 3.6.1).
fn reset(core: &Core) -> TcpStream {
    let (mut stream, peer) = connected(core);
    run(core, async move {
        stream.send(vec![0; 100]).await.0.expect("connected");
        let mut one = [0];
        peer.peek(&mut one).expect("it has arrived");
        drop(peer);
        stream
    })
}

#[test]
fn a_reset_is_an_error_and_stays_one() {
    for backend in backends() {
        let core = core(backend);
        let mut stream = reset(&core);
        run(&core, async move {
            for _ in 0..3 {
                let error = stream.recv().await.expect_err("the peer has reset");
                assert_eq!(error.kind(), ErrorKind::ConnectionReset);
            }
            let (sent, buffer) = stream.send(vec![7; 10]).await;
            let error = sent.expect_err("nobody is there");
            let gone = [ErrorKind::BrokenPipe, ErrorKind::ConnectionReset];
            assert!(gone.contains(&error.kind()), "{error}");
            assert_eq!(buffer, vec![7; 10], "the buffer comes back");
        });
        settle(&core);
    }
}

/// The states in which a stream is dropped.
#[derive(Clone, Copy, Debug)]
enum Dropped {
    Idle,
    Receiving,
    Unread,
    Paused,
    Sending,
    SendingAndReceiving,
    ShutDown,
    Finished,
    Reset,
    SentToReset,
}

/// More than the kernel takes from a peer that does not read.
const TOO_MUCH: usize = 24 << 20;

/// A stream in `state`, and its peer where it still is.
fn in_state(core: &Core, state: Dropped) -> (TcpStream, Option<Peer>) {
    if matches!(state, Dropped::Reset | Dropped::SentToReset) {
        let mut stream = reset(core);
        if matches!(state, Dropped::SentToReset) {
            stream.start_send(vec![1; 1000]).expect("no send is in flight");
        }
        return (stream, None);
    }
    let (mut stream, mut peer) = connected(core);
    if matches!(state, Dropped::Receiving | Dropped::SendingAndReceiving) {
        stream = run(core, async move {
            let received = dx_rt::time::timeout(Duration::from_millis(1), stream.recv()).await;
            assert!(received.is_err(), "the peer says nothing");
            stream
        });
    }
    match state {
        Dropped::Sending | Dropped::SendingAndReceiving => {
            stream.start_send(vec![1; TOO_MUCH]).expect("no send is in flight");
            idle(core);
            assert!(stream.try_sent().is_none(), "the peer does not read");
        }
        Dropped::Unread => {
            peer.write_all(&[1; 100]).expect("connected");
            while !stream.has_received() {
                core.turn(Wait::Forever).expect("the reactor works");
            }
        }
        Dropped::Paused => stream.pause(),
        Dropped::ShutDown => stream.shutdown(Shutdown::Both).expect("the table has room"),
        Dropped::Finished => {
            peer.shutdown(Shutdown::Write).expect("connected");
            idle(core);
        }
        _ => {}
    }
    (stream, Some(peer))
}

#[test]
fn a_dropped_stream_leaves_nothing() {
    let states = [
        Dropped::Idle,
        Dropped::Receiving,
        Dropped::Unread,
        Dropped::Paused,
        Dropped::Sending,
        Dropped::SendingAndReceiving,
        Dropped::ShutDown,
        Dropped::Finished,
        Dropped::Reset,
        Dropped::SentToReset,
    ];
    for backend in backends() {
        for state in states {
            // Between turns, or with a turn in between: the operations are then in the kernel.
            for turned in [false, true] {
                let core = core(backend);
                let (stream, peer) = in_state(&core, state);
                if turned {
                    idle(&core);
                }
                let held = core.held();
                assert_eq!((held.streams, held.sockets), (1, 1), "{backend} {state:?}");
                drop(stream);
                assert_eq!(core.held().streams, 0);
                settle(&core);
                assert!(core.quiesce(1).expect("the reactor works").is_nothing());
                // The peer is told: by an end, or by a reset when it was cut short.
                let Some(mut peer) = peer else { continue };
                let mut rest = Vec::new();
                if let Err(error) = peer.read_to_end(&mut rest) {
                    assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{backend} {state:?}");
                }
                assert!(rest.len() < TOO_MUCH);
            }
        }
    }
}

#[test]
fn a_stream_that_lives_in_a_task_goes_with_it() {
    for backend in backends() {
        let core = core(backend);
        let mut peers = Vec::new();
        for state in [Dropped::Idle, Dropped::Sending, Dropped::Unread] {
            let (stream, peer) = in_state(&core, state);
            peers.push(peer);
            let mut stream = Some(stream);
            drop(core.spawn(async move {
                let mut stream = stream.take().expect("polled once");
                while stream.is_sending() {
                    yield_now().await;
                }
                let _ = stream.recv().await;
                std::future::pending::<()>().await;
            }));
            core.turn(Wait::Poll).expect("the reactor works");
        }
        assert!(core.quiesce(200).expect("the reactor works").is_nothing(), "{backend}");
    }
}

#[test]
fn a_send_that_was_given_up_goes_out_before_the_next() {
    const FIRST: usize = 12 << 20;
    for backend in backends() {
        let core = core(backend);
        let (mut stream, mut peer) = connected(&core);
        let stream = run(&core, async move {
            let send = stream.send(bytes(0, FIRST));
            let gave_up = dx_rt::time::timeout(Duration::from_millis(5), send).await;
            assert!(gave_up.is_err(), "the peer does not read yet");
            stream
        });
        assert!(stream.is_sending(), "it goes on without its future");
        let client = thread::spawn(move || {
            let mut all = Vec::new();
            peer.read_to_end(&mut all).expect("no reset");
            check(0, &all)
        });
        run(&core, async move {
            let mut stream = stream;
            let busy = stream.start_send(Vec::new()).expect_err("one at a time");
            assert_eq!(busy.0.kind(), ErrorKind::ResourceBusy);
            for piece in 0..10 {
                let (sent, _) = stream.send(bytes(FIRST + piece * 1000, 1000)).await;
                sent.expect("connected");
            }
        });
        assert_eq!(client.join().expect("no panic"), FIRST + 10_000, "{backend}");
        settle(&core);
    }
}

/// The bytes that a peer can push until nothing has moved for a while, and the peer.
fn push_until_stuck(core: &Core, peer: &mut Peer, from: usize) -> usize {
    peer.set_nonblocking(true).expect("a socket");
    let (mut pushed, mut stuck) = (from, 0);
    while stuck < 30 {
        match peer.write(&bytes(pushed, 64 << 10)) {
            Ok(count) => (pushed, stuck) = (pushed + count, 0),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                core.turn(Wait::AtMost(Duration::from_millis(2))).expect("the reactor works");
                stuck += 1;
            }
            Err(error) => panic!("{error}"),
        }
    }
    peer.set_nonblocking(false).expect("a socket");
    pushed
}

/// The largest buffer that tcp(7) grows by itself, in one direction.
fn kernel_buffer(name: &str) -> usize {
    let path = format!("/proc/sys/net/ipv4/{name}");
    let three = std::fs::read_to_string(path).expect("proc is mounted");
    three.split_whitespace().last().and_then(|most| most.parse().ok()).expect("three numbers")
}

#[test]
fn a_reader_that_is_behind_stops_its_peer_and_loses_nothing() {
    for backend in backends() {
        let core = core(backend);
        let (mut stream, mut peer) = connected(&core);
        let bound = kernel_buffer("tcp_rmem") + kernel_buffer("tcp_wmem") + (2 << 20);
        let pushed = push_until_stuck(&core, &mut peer, 0);
        assert!(pushed < bound, "{backend}: {pushed} bytes were taken from the peer");
        // A few pieces, and what one batch of the kernel brought before it heard of the pause.
        let held = core.held().buffers;
        assert!((1..=64).contains(&held), "{backend}: {held} buffers for a reader that is behind");
        assert_eq!(push_until_stuck(&core, &mut peer, pushed), pushed, "stuck is stuck");

        let client = thread::spawn(move || {
            peer.write_all(&bytes(pushed, TOO_MUCH)).expect("it is read again");
        });
        let received = run(&core, async move {
            let mut received = 0;
            while let Some(piece) = stream.recv().await.expect("no error") {
                received = check(received, &piece);
            }
            received
        });
        client.join().expect("no panic");
        assert_eq!(received, pushed + TOO_MUCH, "{backend}");
        settle(&core);
    }
}

/// A reader that is slow all the time pauses and goes on again and again.
#[test]
fn a_slow_reader_loses_nothing() {
    const TOTAL: usize = 6 << 20;
    for backend in backends() {
        let core = core(backend);
        let (mut stream, mut peer) = connected(&core);
        let client = thread::spawn(move || peer.write_all(&bytes(0, TOTAL)));
        let received = run(&core, async move {
            let (mut received, mut kept) = (0, Vec::new());
            while let Some(piece) = stream.recv().await.expect("no error") {
                received = check(received, &piece);
                // Holds on to buffers, so that there are few at times.
                kept.push(Rc::new(piece));
                if kept.len() > 200 {
                    kept.clear();
                }
                for _ in 0..received % 7 {
                    yield_now().await;
                }
            }
            received
        });
        client.join().expect("no panic").expect("all is read");
        assert_eq!(received, TOTAL, "{backend}");
        settle(&core);
    }
}

#[test]
fn a_paused_stream_receives_nothing_until_it_is_read() {
    for backend in backends() {
        let core = core(backend);
        let (mut stream, mut peer) = connected(&core);
        stream.pause();
        stream.pause();
        while core.held().operations > 0 {
            core.turn(Wait::AtMost(Duration::from_millis(10))).expect("the reactor works");
        }
        peer.write_all(b"late").expect("connected");
        idle(&core);
        assert!(!stream.has_received(), "{backend}");
        let client = run(&core, async move {
            let piece = stream.recv().await.expect("no error").expect("bytes");
            assert_eq!(&piece[..], b"late");
            // Not paused any more: what comes next arrives by itself.
            peer.write_all(b"more").expect("connected");
            while !stream.has_received() {
                yield_now().await;
            }
            stream.pause();
            let piece = stream.recv().await.expect("no error").expect("bytes");
            assert_eq!(&piece[..], b"more", "what had arrived is not lost by a pause");
            peer.shutdown(Shutdown::Write).expect("connected");
            assert!(stream.recv().await.expect("no error").is_none(), "the end is heard");
            peer
        });
        drop(client);
        settle(&core);
    }
}

/// One task owns the stream and is woken by all of its events, without a waker of its own.
#[test]
fn an_owner_is_woken_by_every_event() {
    for backend in backends() {
        let core = core(backend);
        let (mut stream, peer) = connected(&core);
        let client = thread::spawn(move || drop(talk(peer, vec![300 << 10; 8])));
        let echoed = run(&core, async move {
            stream.set_owner(dx_rt::current_task().expect("in a task"));
            let mut count = 0;
            std::future::poll_fn(move |_| {
                loop {
                    if stream.is_sending() {
                        let Some((sent, _)) = stream.try_sent() else {
                            return std::task::Poll::Pending;
                        };
                        sent.expect("connected");
                    }
                    match stream.try_recv() {
                        None => return std::task::Poll::Pending,
                        Some(piece) => match piece.expect("no error") {
                            None => return std::task::Poll::Ready(count),
                            Some(piece) => {
                                count += piece.len();
                                stream.start_send(piece.to_vec()).expect("none is in flight");
                            }
                        },
                    }
                }
            })
            .await
        });
        client.join().expect("no panic");
        assert_eq!(echoed, 8 * (300 << 10), "{backend}");
        settle(&core);
    }
}
