//! Connections begin: accepted, connected, handed from core to core.
#![cfg(not(loom))]

mod common;

use std::cell::Cell;
use std::future::poll_fn;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream as Peer};
use std::rc::Rc;
use std::sync::mpsc::channel;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use common::{backends, core, run};
use dx_io::{Accepted, Driver, IoBackend, ListenOptions, Listener, ReactorConfig};
use dx_rt::limits::ACCEPTS_POSTED;
use dx_rt::net::{TcpListener, TcpStream};
use dx_rt::{Core, CoreConfig, Cores, CoresConfig, Phase, Wait, reached, spawn};

/// Any port of the loopback.
fn anywhere() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn listener(core: &Core) -> TcpListener {
    core.enter(|| TcpListener::bind(anywhere())).expect("a free port")
}

/// Turns `core` until nothing is held any more.
fn settle(core: &Core) {
    while !core.held().is_nothing() {
        core.turn(Wait::AtMost(Duration::from_millis(10))).expect("the reactor works");
    }
}

/// Sends `byte` and gives back what is answered.
fn ask(peer: &mut Peer, byte: u8) -> u8 {
    let mut answer = [byte];
    peer.write_all(&answer).expect("the server reads");
    peer.read_exact(&mut answer).expect("the server answers");
    answer[0]
}

/// Answers every byte by the next one, until the peer has finished.
async fn increment(mut stream: TcpStream) {
    while let Some(piece) = stream.recv().await.expect("no error") {
        let answer = piece.iter().map(|byte| byte.wrapping_add(1)).collect();
        stream.send(answer).await.0.expect("no error");
    }
}

#[test]
fn a_burst_of_connections_is_served_whole() {
    const BURST: usize = 500;
    for backend in backends() {
        let core = core(backend);
        let mut listener = listener(&core);
        let addr = listener.local_addr();
        // All are open before the first one speaks.
        let client = thread::spawn(move || {
            let mut peers: Vec<_> =
                (0..BURST).map(|_| Peer::connect(addr).expect("it listens")).collect();
            (0_u8..=255).cycle().zip(&mut peers).for_each(|(byte, peer)| {
                assert_eq!(ask(peer, byte), byte.wrapping_add(1));
            });
        });
        run(&core, async move {
            let mut tasks = Vec::new();
            for _ in 0..BURST {
                let stream = listener.accept().await.expect("a connection");
                assert!(listener.posted() <= ACCEPTS_POSTED);
                tasks.push(spawn(increment(stream)));
            }
            for task in tasks {
                task.await.expect("no panic");
            }
        });
        client.join().expect("no panic");
        settle(&core);
    }
}

/// Connections that nobody takes wait in the kernel, but for a few.
#[test]
fn a_server_that_does_not_accept_takes_few() {
    for backend in backends() {
        let core = core(backend);
        let mut listener = listener(&core);
        let peers: Vec<_> =
            (0..100).map(|_| Peer::connect(listener.local_addr()).expect("it listens")).collect();
        let stream = run(&core, async move { (listener.accept().await, listener) });
        for _ in 0..20 {
            core.turn(Wait::AtMost(Duration::from_millis(1))).expect("the reactor works");
        }
        // The listener, the one that was taken, and what its accepts brought.
        assert!(core.held().sockets <= 2 + ACCEPTS_POSTED, "{backend}: {:?}", core.held());
        drop(stream);
        settle(&core);
        for mut peer in peers {
            // Closed with the listener: by an end or a reset, but never left open.
            let read = peer.read(&mut [0]);
            assert!(matches!(&read, Ok(0) | Err(_)), "{backend}: {read:?}");
        }
    }
}

#[test]
fn a_dropped_listener_refuses() {
    for backend in backends() {
        for accepting in [false, true] {
            let core = core(backend);
            let mut listener = listener(&core);
            let addr = listener.local_addr();
            if accepting {
                listener = run(&core, async move {
                    let none = poll_fn(|cx| Poll::Ready(listener.poll_accept(cx).is_pending()));
                    assert!(none.await, "nobody has connected");
                    listener
                });
                assert_eq!(listener.posted(), ACCEPTS_POSTED);
            }
            drop(listener);
            settle(&core);
            let refused = Peer::connect(addr).expect_err("nobody listens");
            assert_eq!(refused.kind(), ErrorKind::ConnectionRefused, "{backend}");
        }
    }
}

/// A table without room for another operation neither hangs nor keeps the socket.
#[test]
fn a_full_table_is_an_error_and_the_listener_still_closes() {
    for backend in backends() {
        let mut config = ReactorConfig::default();
        config.in_flight_max = 8;
        let (driver, _) = Driver::open(backend, &config).expect("it opened before");
        let core = Core::new(driver, &CoreConfig::default());
        let mut listener = listener(&core);
        let addr = listener.local_addr();
        let (error, listener) = run(&core, async move {
            let refused = listener.accept().await.expect_err("sixteen accepts do not fit");
            (refused, listener)
        });
        assert_eq!(error.kind(), ErrorKind::QuotaExceeded);
        drop(listener);
        settle(&core);
        assert!(Peer::connect(addr).is_err(), "{backend}: it still listens");
    }
}

#[test]
fn connecting_gives_a_stream() {
    for backend in backends() {
        let core = core(backend);
        let server = std::net::TcpListener::bind(anywhere()).expect("a free port");
        let addr = server.local_addr().expect("bound");
        let serving = thread::spawn(move || {
            let (mut peer, from) = server.accept().expect("a connection");
            assert!(from.ip().is_loopback());
            ask(&mut peer, 41)
        });
        run(&core, async move {
            let stream = TcpStream::connect(addr).await.expect("somebody listens");
            assert_eq!(stream.peer().to_socket_addr(), addr);
            increment(stream).await;
        });
        assert_eq!(serving.join().expect("no panic"), 42);
        settle(&core);
    }
}

#[test]
fn a_refused_connect_says_so_and_keeps_nothing() {
    for backend in backends() {
        let core = core(backend);
        let gone = std::net::TcpListener::bind(anywhere()).expect("a free port");
        let addr = gone.local_addr().expect("bound");
        drop(gone);
        for _ in 0..20 {
            let refused = run(&core, TcpStream::connect(addr)).expect_err("nobody listens");
            assert_eq!(refused.kind(), ErrorKind::ConnectionRefused, "{backend}");
        }
        settle(&core);
    }
}

/// An address whose queue is full, so that a connect neither succeeds nor fails, and what keeps
/// it so.
fn deaf() -> (SocketAddr, Listener) {
    let mut options = ListenOptions::default();
    options.backlog = 0;
    let listener = Listener::bind(anywhere(), &options).expect("a free port");
    (listener.local_addr(), listener)
}

#[test]
fn a_connect_that_is_dropped_in_flight_leaves_nothing() {
    for backend in backends() {
        for turns in [0, 1, 5] {
            let core = core(backend);
            let (addr, _listener) = deaf();
            let ended = Rc::new(Cell::new(0));
            for _ in 0..8 {
                let ended = Rc::clone(&ended);
                drop(core.spawn(async move {
                    let connected = TcpStream::connect(addr).await;
                    ended.set(ended.get() + 1);
                    // The first ones fit the queue; they are dropped in the task.
                    std::future::pending::<()>().await;
                    drop(connected);
                }));
            }
            core.turn(Wait::Poll).expect("the reactor works");
            for _ in 0..turns {
                core.turn(Wait::AtMost(Duration::from_millis(2))).expect("the reactor works");
            }
            assert!(ended.get() < 8, "the queue of {addr} takes one or two");
            assert!(core.held().operations > 0);
            assert!(core.quiesce(200).expect("the reactor works").is_nothing(), "{backend}");
        }
    }
}

/// The connect has ended, but its future is dropped before it is polled again.
#[test]
fn a_connection_that_nobody_collects_is_closed() {
    for backend in backends() {
        let core = core(backend);
        let server = std::net::TcpListener::bind(anywhere()).expect("a free port");
        let addr = server.local_addr().expect("bound");
        let task = core.spawn(async move {
            let mut connecting = Box::pin(TcpStream::connect(addr));
            let first = poll_fn(|cx| Poll::Ready(connecting.as_mut().poll(cx).is_pending())).await;
            assert!(first, "no connect ends in its first poll");
            // The peer is told to wait in the kernel until the connect has surely ended.
            dx_rt::time::sleep(Duration::from_millis(20)).await;
            drop(connecting);
        });
        while !task.is_finished() {
            core.turn(Wait::Forever).expect("the reactor works");
        }
        assert_eq!(task.try_take(), Some(()));
        settle(&core);
        let (mut peer, _) = server.accept().expect("it had connected");
        assert!(matches!(peer.read(&mut [0]), Ok(0) | Err(_)), "{backend}: it is still open");
    }
}

#[test]
fn many_connects_at_once() {
    const MANY: u8 = 200;
    for backend in backends() {
        let core = core(backend);
        let mut listener = listener(&core);
        let addr = listener.local_addr();
        let accepting = core.spawn(async move {
            for _ in 0..MANY {
                drop(spawn(increment(listener.accept().await.expect("a connection"))));
            }
        });
        let connects: Vec<_> = (0..MANY)
            .map(|number| {
                core.spawn(async move {
                    let mut stream = TcpStream::connect(addr).await.expect("it listens");
                    stream.send(vec![number]).await.0.expect("no error");
                    let answer = stream.recv().await.expect("no error").expect("an answer");
                    assert_eq!(&answer[..], [number + 1]);
                })
            })
            .collect();
        for connect in connects {
            assert_eq!(run(&core, connect), Ok(()), "{backend}");
        }
        assert_eq!(run(&core, accepting), Ok(()));
        settle(&core);
    }
}

fn idle_cores(backend: IoBackend, workers: usize) -> Cores {
    let mut config = CoresConfig::pinned(workers);
    config.backend = backend;
    Cores::start(&config, |_| reached(Phase::Draining)).expect("the cores start")
}

#[test]
fn a_connection_is_handed_over_and_lives_on_the_other_core() {
    const CONNECTIONS: u8 = 50;
    for backend in backends() {
        let cores = idle_cores(backend, 2);
        let (pass, passed) = channel::<Accepted>();
        let (tell, told) = channel();
        let (bind, bound) = channel();
        let accepting = tell.clone();
        let accept = move || {
            let listener = Listener::bind(anywhere(), &ListenOptions::default());
            let mut listener = TcpListener::for_hand_over(listener.expect("a free port"))
                .expect("the reactor takes it");
            bind.send(listener.local_addr()).expect("the test listens");
            drop(spawn(async move {
                for _ in 0..CONNECTIONS {
                    let accepted = listener.accept_unattached().await.expect("a connection");
                    pass.send(accepted).expect("the test listens");
                }
                accepting.send((0, thread::current().id())).expect("the test listens");
            }));
        };
        cores.call(0, accept).expect("there is room");
        let addr = bound.recv().expect("it is bound");
        for number in 0..CONNECTIONS {
            let mut peer = Peer::connect(addr).expect("it listens");
            let accepted = passed.recv().expect("it is accepted");
            assert_eq!(accepted.peer(), peer.local_addr().expect("connected"));
            let tell = tell.clone();
            let serve = move || {
                let stream = TcpStream::from_accepted(accepted).expect("the table has room");
                drop(spawn(async move {
                    increment(stream).await;
                    tell.send((1, thread::current().id())).expect("the test listens");
                }));
            };
            cores.call(1, serve).expect("there is room");
            for byte in [number, 255, 7] {
                assert_eq!(ask(&mut peer, byte), byte.wrapping_add(1), "{backend}");
            }
        }
        let ends: Vec<_> = told.iter().take(usize::from(CONNECTIONS) + 1).collect();
        let first = ends.iter().find(|(core, _)| *core == 0).expect("core 0 has told").1;
        let mut second = ends.iter().filter(|(core, _)| *core == 1).map(|(_, thread)| *thread);
        assert!(second.all(|thread| thread != first));
        cores.enter_phase(Phase::Draining);
        for report in cores.join().expect("the cores end") {
            assert!(report.held.is_nothing(), "{backend}: {report:?}");
        }
    }
}

#[test]
fn what_is_accepted_for_hand_over_may_also_stay() {
    for backend in backends() {
        let core = core(backend);
        let mut listener = core
            .enter(|| TcpListener::for_hand_over(Listener::bind(anywhere(), &Default::default())?))
            .expect("a free port");
        let addr = listener.local_addr();
        let client = thread::spawn(move || ask(&mut Peer::connect(addr).expect("it listens"), 1));
        run(&core, async move {
            increment(listener.accept().await.expect("a connection")).await;
        });
        assert_eq!(client.join().expect("no panic"), 2);
        settle(&core);
    }
}

#[test]
fn an_ordinary_listener_hands_nothing_over() {
    for backend in backends() {
        let core = core(backend);
        let mut listener = listener(&core);
        let mut peer = Peer::connect(listener.local_addr()).expect("it listens");
        let error = run(&core, async move { listener.accept_unattached().await });
        assert_eq!(error.expect_err("it is attached").kind(), ErrorKind::InvalidInput);
        settle(&core);
        assert!(matches!(peer.read(&mut [0]), Ok(0) | Err(_)), "{backend}");
    }
}
