//! The peers of the rows, and time, as the operating system has them.
//!
//! Owns [`Net`] and what is done beside the reactor: connections of the standard library, threads,
//! clocks. Knows no row. A simulator runs the table with a `net` of its own that has the same
//! names. Invariant: a [`Peer`] reads and writes as [`std::io`] says, and waits for as long as it
//! takes.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use dx_io::{Accepted, Driver, ListenOptions, Listener, Reactor, ReactorConfig, StartError, Waker};
use socket2::{Domain, SockRef, Socket, Type};

use crate::Backend;
use crate::bench::Bench;

/// The other end of a connection.
pub type Peer = TcpStream;

/// The network of one row.
#[derive(Clone)]
pub struct Net {
    start: Instant,
}

/// What a [`Net::play`]ed client does.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// Writes all of it.
    Write(&'static [u8]),
    /// Reads as much, and it is this.
    Expect(&'static [u8]),
    /// Sends nothing more.
    Finish,
    /// Finds that the other side sends nothing more.
    End,
}

impl Net {
    pub fn new(_backend: Backend) -> Self {
        Self { start: Instant::now() }
    }

    /// A reactor on this network, of the calling thread.
    pub fn reactor(&self, backend: Backend, config: &ReactorConfig) -> Box<dyn Reactor> {
        self.try_reactor(backend, config).expect(backend.name)
    }

    /// As [`Self::reactor`], where the system may refuse.
    pub fn try_reactor(
        &self,
        backend: Backend,
        config: &ReactorConfig,
    ) -> Result<Box<dyn Reactor>, StartError> {
        let mut config = config.clone();
        backend.configure(&mut config);
        Ok(Box::new(Driver::open(backend.backend, &config)?.0))
    }

    /// A listener on a free port, for a reactor.
    pub fn listener(&self) -> Listener {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        Listener::bind(any, &ListenOptions::default()).expect("bind")
    }

    pub fn connect(&self, address: SocketAddr) -> io::Result<Peer> {
        TcpStream::connect(address)
    }

    /// A listener of the peers, for a reactor to connect to.
    pub fn peer_listener(&self) -> PeerListener {
        PeerListener(TcpListener::bind("127.0.0.1:0").expect("bind"))
    }

    /// A connection that belongs to no reactor, and its other end.
    pub fn unattached(&self) -> (Accepted, Peer) {
        let listener = self.peer_listener();
        let client = self.connect(listener.address()).expect("connect");
        (Accepted::from_std(listener.accept()).expect("connected"), client)
    }

    /// An address at which a connection is being attempted for ever: the listener's queue is full.
    /// Returns what keeps it so.
    pub fn deaf_listener(&self) -> (SocketAddr, (Vec<Peer>, Socket)) {
        let socket = bound();
        socket.listen(0).expect("listen");
        let address = address(&socket);
        let mut fillers = Vec::new();
        // A queue of length 0 takes one; the attempt that is not answered shows that it is full.
        while let Ok(filler) = TcpStream::connect_timeout(&address, Duration::from_millis(100)) {
            fillers.push(filler);
        }
        (address, (fillers, socket))
    }

    /// An address nobody listens on, and what keeps others from listening there.
    pub fn closed_port(&self) -> (SocketAddr, Socket) {
        let socket = bound();
        (address(&socket), socket)
    }

    /// Time as the peers see it, since the row began.
    pub fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// Processor time that this thread has used.
    pub fn processor_time(&self) -> Duration {
        crate::processor::time()
    }

    pub fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }

    /// Calls `f` elsewhere, that much later.
    pub fn later(&self, after: Duration, f: impl FnOnce() + Send + 'static) {
        std::thread::spawn(move || {
            std::thread::sleep(after);
            f();
        });
    }

    /// Calls `f` with another reactor where that lives, and waits for the end.
    pub fn elsewhere<R: Send + 'static>(
        &self,
        backend: Backend,
        f: impl FnOnce(&mut Bench) -> R + Send + 'static,
    ) -> R {
        std::thread::spawn(move || f(&mut Bench::open(backend))).join().expect("thread")
    }

    /// Calls `near` with the waker of another reactor that waits for ever; what that one reaped
    /// after its wait.
    pub fn wait_elsewhere(&self, backend: Backend, near: impl FnOnce(Waker)) -> usize {
        let (send, receive) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let mut other = Bench::open(backend);
            send.send(other.reactor.waker()).expect("channel");
            other.reactor.wait(None).expect("wait");
            other.reactor.reap(&mut Vec::new())
        });
        near(receive.recv().expect("waker"));
        thread.join().expect("thread")
    }

    /// Has a client connect and follow `script`, `times` times one after another.
    pub fn play(&self, address: SocketAddr, script: &'static [Step], times: usize) -> Playing {
        let follow = move || {
            for _ in 0..times {
                let mut stream = TcpStream::connect(address).expect("connect");
                script.iter().for_each(|&step| follow(&mut stream, step));
            }
        };
        Playing(std::thread::spawn(follow))
    }
}

fn follow(stream: &mut TcpStream, step: Step) {
    match step {
        Step::Write(bytes) => stream.write_all(bytes).expect("write"),
        Step::Expect(bytes) => {
            let mut answer = vec![0; bytes.len()];
            stream.read_exact(&mut answer).expect("read");
            assert_eq!(answer, bytes);
        }
        Step::Finish => stream.shutdown(Shutdown::Write).expect("shutdown"),
        Step::End => assert_eq!(stream.read(&mut [0]).expect("read"), 0, "the other side ends"),
    }
}

/// A listener of the peers.
pub struct PeerListener(TcpListener);

impl PeerListener {
    pub fn address(&self) -> SocketAddr {
        self.0.local_addr().expect("address")
    }

    pub fn accept(&self) -> Peer {
        self.0.accept().expect("accept").0
    }
}

/// A client that follows its script.
pub struct Playing(JoinHandle<()>);

impl Playing {
    /// Waits for its end.
    pub fn join(self) {
        self.0.join().expect("client");
    }
}

/// A peer that writes while the row goes on.
pub struct Writing(JoinHandle<Peer>);

impl Writing {
    /// Waits until it has written everything.
    pub fn join(self) -> Peer {
        self.0.join().expect("thread")
    }
}

/// A peer that reads while the row goes on.
pub struct Reading(JoinHandle<Vec<u8>>);

impl Reading {
    /// Waits for the end of the stream, and gives all of it.
    pub fn join(self) -> Vec<u8> {
        self.0.join().expect("thread")
    }
}

/// Writes `bytes`, `times` times, with a pause of `pause` before each.
pub fn write_meanwhile(mut peer: Peer, bytes: Vec<u8>, times: usize, pause: Duration) -> Writing {
    Writing(std::thread::spawn(move || {
        for _ in 0..times {
            std::thread::sleep(pause);
            peer.write_all(&bytes).expect("write");
        }
        peer
    }))
}

/// Reads to the end of the stream.
pub fn read_meanwhile(mut peer: Peer) -> Reading {
    Reading(std::thread::spawn(move || {
        let mut received = Vec::new();
        peer.read_to_end(&mut received).map(|_| received).expect("read")
    }))
}

/// Ends a connection by a reset.
pub fn reset(peer: Peer) {
    SockRef::from(&peer).set_linger(Some(Duration::ZERO)).expect("linger");
    drop(peer);
}

fn bound() -> Socket {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("socket");
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).expect("bind");
    socket
}

fn address(socket: &Socket) -> SocketAddr {
    socket.local_addr().ok().and_then(|address| address.as_socket()).expect("address")
}
