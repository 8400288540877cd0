//! The closed loop: every connection sends a batch, waits for all of its answer, sends the next.
//!
//! Owns the measured window; `clients` owns the connections. Knows the response by its shape.
//! Invariant: a batch counts when exactly its expected bytes have arrived, and every batch that
//! was sent either counts or is an error.

mod clients;

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use rustix::io::Errno;

use crate::limits::{ANSWER, DRAIN};
use crate::process::CpuTimes;
use crate::report::Report;
use crate::response::{ResponseError, Shape};

use self::clients::Clients;

/// What to run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Where the server listens.
    pub address: SocketAddr,
    /// How many connections; at least one.
    pub connections: usize,
    /// Requests per batch; at least one.
    pub batch: usize,
    /// Time before the measured window.
    pub warmup: Duration,
    /// The measured window.
    pub window: Duration,
    /// One request.
    pub request: Vec<u8>,
    /// The body that the response must have; `None` takes that of the first response.
    pub body: Option<Vec<u8>>,
    /// The process whose CPU time is accounted.
    pub pid: Option<u32>,
}

/// Why there is no report.
#[derive(Debug)]
#[non_exhaustive]
pub enum LoadError {
    /// A connection could not be opened, or broke before the loop began.
    Connect(io::Error),
    /// The first response cannot be measured.
    Response(ResponseError),
    /// `/proc` does not say what the server has used.
    Process(io::Error),
    /// epoll refused.
    Poll(Errno),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(error) => write!(f, "connecting: {error}"),
            Self::Response(error) => write!(f, "first response: {error}"),
            Self::Process(error) => write!(f, "reading /proc: {error}"),
            Self::Poll(error) => write!(f, "epoll: {error}"),
        }
    }
}

impl std::error::Error for LoadError {}

/// Runs `plan` to its end.
///
/// # Errors
///
/// [`LoadError`] when it cannot start or the kernel refuses; what goes wrong on a connection
/// later is counted in [`Report::errors`].
pub fn run(plan: &Plan) -> Result<Report, LoadError> {
    let mut streams = Vec::with_capacity(plan.connections);
    for _ in 0..plan.connections {
        streams.push(connect(plan.address).map_err(LoadError::Connect)?);
    }
    let shape = first_response(&mut streams[0], &plan.request, ANSWER)?;
    if plan.body.as_ref().is_some_and(|body| body != shape.body()) {
        return Err(LoadError::Response(ResponseError::BodyChanged));
    }
    let mut clients = Clients::new(plan, shape, streams)?;
    let start = Instant::now();
    for slot in 0..plan.connections {
        clients.begin(slot, start)?;
    }

    clients.turn_until(start + plan.warmup)?;
    let before = Usage::read(plan.pid)?;
    let window_start = clients.measure();
    clients.turn_until(window_start + plan.window)?;
    let after = Usage::read(plan.pid)?;
    let seconds = window_start.elapsed().as_secs_f64();
    let (requests, latencies) = clients.stop();

    clients.turn_until(Instant::now() + DRAIN)?;
    clients.errors += clients.live as u64;

    // A window without a request has no cost per request; infinity would not be JSON.
    let per_request = |spent: u64| spent as f64 / requests.max(1) as f64;
    let server_spent =
        after.server.zip(before.server).and_then(|(after, before)| after.since(&before));
    Ok(Report {
        connections: plan.connections,
        batch: plan.batch,
        seconds,
        requests,
        rate: requests as f64 / seconds,
        p50_us: latencies.quantile(500) as f64 / 1e3,
        p99_us: latencies.quantile(990) as f64 / 1e3,
        errors: clients.errors + u64::from(requests == 0),
        checked: clients.checked,
        response_bytes: clients.shape.bytes(),
        load_cpu_ns: after.load.since(&before.load).map(per_request),
        server_cpu_ns: server_spent.map(per_request),
    })
}

fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, ANSWER)?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Sends one request and waits for its answer; each read waits for `wait` at most.
///
/// # Errors
///
/// [`LoadError::Connect`] when the connection ends first, [`LoadError::Response`] when the answer
/// cannot be measured.
pub fn first_response(
    stream: &mut TcpStream,
    request: &[u8],
    wait: Duration,
) -> Result<Shape, LoadError> {
    stream.set_read_timeout(Some(wait)).map_err(LoadError::Connect)?;
    stream.write_all(request).map_err(LoadError::Connect)?;
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    loop {
        if let Some(shape) = Shape::learn(&bytes).map_err(LoadError::Response)? {
            return Ok(shape);
        }
        match stream.read(&mut part).map_err(LoadError::Connect)? {
            0 => return Err(LoadError::Connect(io::ErrorKind::UnexpectedEof.into())),
            length => bytes.extend_from_slice(&part[..length]),
        }
    }
}

/// CPU time used so far by this process and by the server.
struct Usage {
    load: CpuTimes,
    server: Option<CpuTimes>,
}

impl Usage {
    fn read(pid: Option<u32>) -> Result<Self, LoadError> {
        let load = CpuTimes::read(std::process::id()).map_err(LoadError::Process)?;
        let server = pid.map(CpuTimes::read).transpose().map_err(LoadError::Process)?;
        Ok(Self { load, server })
    }
}
