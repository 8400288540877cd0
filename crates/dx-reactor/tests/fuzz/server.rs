//! The real server, in memory.
//!
//! Owns its routes and one connection to it. May not know what is right. Invariant: the machine is
//! kind and no clock runs out, so what is seen follows from the bytes and the manners alone.

use std::io::ErrorKind;
use std::net::Shutdown;
use std::time::Duration;

use dx_io::{Driver, ReactorConfig};
use dx_reactor::{
    App, DxReactor, Limits, Request, Response, Seat, Status, Stepped, WorkerStrategy,
};
use dx_rt::{Held, Wait};
use dx_sim::{Faults, SimPeer, World};

use super::expected::{BIG, BODY_MAX};

/// Time without news after which nothing more is expected to happen: handlers take a part of it.
const QUIET: Duration = Duration::from_millis(4);
/// Pieces that an input is cut into, at most; further cuts would cost time and find nothing new.
const PIECES_MAX: usize = 40;
/// How long a turn may wait.
const TURN: Duration = Duration::from_micros(500);
/// Turns that a server may take to come to its end, or to anything at all.
const TURNS_MAX: u32 = 1000;

/// How the peer and the machine behave.
#[derive(Clone, Copy, Debug)]
pub struct Manners {
    /// The peer ends its sending direction after its bytes.
    pub finishes: bool,
    /// The server receives into a few small buffers.
    pub small_buffers: bool,
    /// The peer reads only when it has written everything.
    pub slow_reader: bool,
}

/// What the peer has seen.
#[derive(Debug, Default)]
pub struct Seen {
    pub output: Vec<u8>,
    pub ended: bool,
    pub reset: bool,
}

/// A server that serves one connection.
struct Bench {
    world: World,
    server: Stepped,
    peer: SimPeer,
    seen: Seen,
}

/// Sends `bytes`, cut at `cuts`, and looks at what comes back.
pub fn serve(bytes: &[u8], cuts: &[usize], http: &dx_http::Limits, manners: &Manners) -> Seen {
    let mut bench = Bench::new(http, manners);
    let mut start = 0;
    let step = 1 + cuts.len() / PIECES_MAX;
    for &end in cuts.iter().step_by(step).chain([&bytes.len()]) {
        bench.write(&bytes[start..end]);
        start = end;
        bench.turn();
        if !manners.slow_reader {
            bench.read();
        }
    }
    if manners.finishes {
        // After a reset it cannot be; that is seen by reading.
        let _ = bench.peer.shutdown(Shutdown::Write);
    }
    bench.wait();
    bench.end()
}

impl Bench {
    fn new(http: &dx_http::Limits, manners: &Manners) -> Self {
        let world = World::new(0, Faults::none());
        let mut config = ReactorConfig::default();
        let (count, len) = if manners.small_buffers { (4, 64) } else { (16, 8192) };
        (config.recv_buffers, config.recv_buffer_len, config.sockets_max) = (count, len, 4);
        let address = world.free_address();
        let seat = Seat {
            driver: Driver::external(Box::new(world.reactor(&config))),
            listeners: vec![world.listen(address)],
        };
        let server = DxReactor::build()
            .workers(WorkerStrategy::Fixed(1))
            .limits(limits(http))
            .app(|_| app())
            .build();
        let server = server.start_stepped(vec![seat]).expect("it starts");
        let peer = world.connect(address).expect("it listens");
        let bench = Self { world, server, peer, seen: Seen::default() };
        bench.turn();
        bench
    }

    fn write(&mut self, bytes: &[u8]) {
        match self.peer.try_write(bytes) {
            Ok(written) => assert_eq!(written, bytes.len(), "there is room for any input"),
            // The server is gone already; what it has said is read all the same.
            Err(error) => assert_ne!(error.kind(), ErrorKind::WouldBlock),
        }
    }

    /// One turn of the worker, and whatever it lets happen.
    fn turn(&self) {
        let core = &self.server.cores()[0];
        core.turn(Wait::AtMost(TURN)).expect("the reactor works");
    }

    /// Reads what is there; whether there was anything new.
    fn read(&mut self) -> bool {
        let mut buf = [0; 4096];
        let mut news = false;
        while !self.seen.ended {
            match self.peer.try_read(&mut buf) {
                Ok(len) if len > 0 => self.seen.output.extend_from_slice(&buf[..len]),
                Ok(_) => self.seen.ended = true,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return news,
                Err(_) => (self.seen.ended, self.seen.reset) = (true, true),
            }
            news = true;
        }
        self.seen.reset |= self.peer.is_reset();
        news
    }

    /// Until nothing happens any more.
    fn wait(&mut self) {
        let (mut since, mut turns) = (self.world.now(), 0);
        while self.world.now() < since + QUIET && !self.seen.ended {
            self.turn();
            turns += 1;
            if self.read() {
                (since, turns) = (self.world.now(), 0);
            }
            assert!(turns < TURNS_MAX, "turns, and nothing comes of them\n{}", self.world);
        }
    }

    /// Ends the server, which must let go of everything.
    fn end(self) -> Seen {
        let Self { world, server, peer, seen } = self;
        drop(peer);
        server.end();
        let core = &server.cores()[0];
        for _ in 0..TURNS_MAX {
            if server.is_finished() {
                break;
            }
            core.turn(Wait::AtMost(TURN)).expect("the reactor works");
        }
        assert!(server.is_finished(), "no end\n{world}");
        assert_eq!(core.quiesce(200).expect("turns"), Held::default(), "held\n{world}");
        world.dismiss();
        drop(server);
        assert_eq!(world.violations(), Vec::<String>::new(), "the contract\n{world}");
        seen
    }
}

fn limits(http: &dx_http::Limits) -> Limits {
    let mut limits = Limits::default();
    limits.http = *http;
    limits.body_max = BODY_MAX;
    let never = Duration::from_secs(3600);
    (limits.head_timeout, limits.body_timeout, limits.idle_timeout) = (never, never, never);
    (limits.write_timeout, limits.linger_timeout) = (never, never);
    limits
}

fn app() -> App {
    App::new()
        .get("/wait", wait)
        .get("/yield", yield_once)
        .get("/big", || Response::bytes("application/octet-stream", vec![b'b'; BIG]))
        .get("/none", || Status::NO_CONTENT)
        .get("/same", || Status::NOT_MODIFIED)
        .fallback(describe)
}

async fn wait(request: Request) -> Response {
    dx_rt::time::sleep(Duration::from_micros(500)).await;
    describe(request)
}

async fn yield_once(request: Request) -> Response {
    let mut yielded = false;
    std::future::poll_fn(|cx| {
        if core::mem::replace(&mut yielded, true) {
            return std::task::Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
    describe(request)
}

/// All that a handler can see of a request, in the form of `expected.rs`.
fn describe(request: Request) -> Response {
    let mut text = Vec::new();
    let mut add = |part: &[u8]| {
        text.extend_from_slice(part);
        text.push(b'\n');
    };
    add(request.method_str().as_bytes());
    add(request.target().as_bytes());
    add(request.path().as_bytes());
    add(request.query().unwrap_or("-").as_bytes());
    add(if request.version() == dx_http::Version::Http11 { b"1" } else { b"0" });
    add(request.host().unwrap_or("-").as_bytes());
    for (name, value) in request.headers() {
        add(name.as_bytes());
        add(value);
    }
    add(request.body());
    Response::bytes("application/octet-stream", text)
}
