//! The connections of a run, and the batch in flight on each.
//!
//! Owns the reactor, the bytes sent and the bytes expected. Decides nothing about when a batch is
//! sent, nor what counts. Invariant: `flying` is the number of connections with a batch in
//! flight, and a connection that fails is closed and never used again.

use core::time::Duration;
use std::net::TcpStream;
use std::time::Instant as SystemInstant;

use dx_io::{
    Accepted, Completion, Driver, Instant, Op, Payload, PushError, PushErrorKind, Reactor,
    ReactorConfig, Sock, Token, errno, host,
};

use crate::error::LoadError;
use crate::limits::{
    BATCH_BYTES_MAX, CHECK_EVERY, CONNECT, DESCRIPTORS_RESERVED, RECV_BUFFER_BYTES,
    RECV_BUFFERS_MAX, RECV_BUFFERS_MIN, REQUEST_BYTES_MAX,
};
use crate::plan::{Plan, PlanError};
use crate::tally::{Failure, Failures};
use crate::wire::Wire;

/// `user_data` is the slot and, in its lowest bit, what completes.
const RECV: u64 = 0;
const SEND: u64 = 1;
/// Nobody waits for a close.
const CLOSE: u64 = u64::MAX;

struct Conn {
    sock: Sock,
    recv: Token,
    send: Option<Token>,
    /// Bytes of the batch in flight that the kernel has taken.
    taken: usize,
    flight: Option<Flight>,
}

/// A batch whose answers have not all arrived.
struct Flight {
    due: Instant,
    sent: Instant,
    received: usize,
    /// The answers themselves, for a batch that is compared in full.
    sample: Option<Vec<u8>>,
}

/// A batch that has been answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answered {
    pub(crate) slot: usize,
    pub(crate) due: Instant,
    pub(crate) at: Instant,
}

pub(crate) struct Conns<'a> {
    driver: Driver,
    wire: &'a dyn Wire,
    conns: Vec<Option<Conn>>,
    open: usize,
    flying: usize,
    /// One batch of requests.
    batch: Vec<u8>,
    /// Copies of it that no send owns; taken from the end, where they are still in the cache.
    spare: Vec<Vec<u8>>,
    answer_bytes: usize,
    expected: usize,
    /// Batches begun, which decides what is compared.
    begun: u64,
    done: Vec<Completion>,
    pub(crate) failures: Failures,
    pub(crate) checked: u64,
}

impl<'a> Conns<'a> {
    /// Opens all connections.
    pub(crate) fn open(
        plan: &Plan,
        wire: &'a dyn Wire,
        answer_bytes: usize,
    ) -> Result<Self, LoadError> {
        let request = wire.request();
        let bytes = request.len().max(answer_bytes).saturating_mul(plan.batch);
        if !(1..=REQUEST_BYTES_MAX).contains(&request.len()) || bytes > BATCH_BYTES_MAX {
            return Err(PlanError::Bytes.into());
        }
        raise_descriptors(plan.connections);
        let mut config = ReactorConfig::default();
        let buffers = plan.connections.clamp(RECV_BUFFERS_MIN, RECV_BUFFERS_MAX);
        config.recv_buffers = buffers.next_power_of_two() as u16;
        config.recv_buffer_len = RECV_BUFFER_BYTES;
        let (driver, _) = Driver::open(plan.backend, &config).map_err(LoadError::Start)?;
        let mut conns = Self {
            driver,
            wire,
            conns: Vec::with_capacity(plan.connections),
            open: 0,
            flying: 0,
            batch: request.repeat(plan.batch),
            spare: Vec::new(),
            answer_bytes,
            expected: answer_bytes * plan.batch,
            begun: 0,
            done: Vec::new(),
            failures: Failures::default(),
            checked: 0,
        };
        let deadline = SystemInstant::now() + CONNECT;
        for opened in 0..plan.connections {
            let left = deadline.saturating_duration_since(SystemInstant::now());
            conns
                .connect(plan, left.max(Duration::from_micros(1)))
                .map_err(|error| LoadError::Connect { address: plan.address, opened, error })?;
        }
        Ok(conns)
    }

    fn connect(&mut self, plan: &Plan, timeout: Duration) -> std::io::Result<()> {
        let stream = TcpStream::connect_timeout(&plan.address, timeout)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let sock = self.driver.attach(Accepted::from_std(stream)?)?;
        let user_data = (self.conns.len() as u64) << 1 | RECV;
        let recv = self.driver.push(Op::Recv { sock }, user_data).map_err(system)?;
        self.conns.push(Some(Conn { sock, recv, send: None, taken: 0, flight: None }));
        self.open += 1;
        Ok(())
    }

    pub(crate) fn backend(&self) -> &'static str {
        self.driver.backend().as_str()
    }

    pub(crate) fn now(&self) -> Instant {
        self.driver.now()
    }

    /// Connections that are open.
    pub(crate) const fn open_count(&self) -> usize {
        self.open
    }

    /// Connections with a batch in flight.
    pub(crate) const fn flying(&self) -> usize {
        self.flying
    }

    pub(crate) fn is_open(&self, slot: usize) -> bool {
        self.conns[slot].is_some()
    }

    /// Queues a batch on a connection that has none in flight; false when it is closed.
    pub(crate) fn begin(
        &mut self,
        slot: usize,
        due: Instant,
        now: Instant,
    ) -> Result<bool, LoadError> {
        let Some(conn) = &mut self.conns[slot] else { return Ok(false) };
        debug_assert!(conn.flight.is_none() && conn.send.is_none(), "one batch at a time");
        let is_compared = self.begun.is_multiple_of(CHECK_EVERY);
        let sample = is_compared.then(|| Vec::with_capacity(self.expected));
        self.begun += 1;
        self.flying += 1;
        conn.taken = 0;
        conn.flight = Some(Flight { due, sent: now, received: 0, sample });
        let buf = self.spare.pop().unwrap_or_else(|| self.batch.clone());
        let op = Op::Send { sock: conn.sock, buf, start: 0 };
        conn.send = Some(push(&mut self.driver, op, (slot as u64) << 1 | SEND)?);
        Ok(true)
    }

    /// One turn: hands over what was queued, waits at most `wait` (not at all: `None`), and adds
    /// the batches that are answered now.
    pub(crate) fn turn(
        &mut self,
        wait: Option<Duration>,
        answered: &mut Vec<Answered>,
    ) -> Result<(), LoadError> {
        let min = usize::from(wait.is_some());
        self.driver.submit_and_wait(min, wait).map_err(LoadError::Reactor)?;
        let mut done = core::mem::take(&mut self.done);
        self.driver.reap(&mut done);
        for completion in done.drain(..).filter(|done| done.user_data != CLOSE) {
            let slot = (completion.user_data >> 1) as usize;
            let settled = if completion.user_data & 1 == RECV {
                self.received(slot, &completion)
            } else {
                self.sent(slot, &completion)?
            };
            match settled {
                Ok(()) => answered.extend(self.complete(slot)),
                Err(failure) => self.fail(slot, failure),
            }
        }
        self.done = done;
        Ok(())
    }

    /// Fails every batch that was sent before `limit`.
    pub(crate) fn expire(&mut self, limit: Instant) {
        for slot in 0..self.conns.len() {
            let flight = self.conns[slot].as_ref().and_then(|conn| conn.flight.as_ref());
            if flight.is_some_and(|flight| flight.sent < limit) {
                self.fail(slot, Failure::TimedOut);
            }
        }
    }

    fn received(&mut self, slot: usize, completion: &Completion) -> Result<(), Failure> {
        // Claimed in any case: a buffer that nobody claims is lost.
        let lease = self.driver.claim(completion);
        let Some(conn) = &mut self.conns[slot] else { return Ok(()) };
        let Some(lease) = lease else {
            return match completion.result {
                0 => Err(Failure::Closed),
                result if result < 0 => Err(Failure::Reset),
                _ => Ok(()),
            };
        };
        let Some(flight) = &mut conn.flight else { return Err(Failure::Length) };
        let end = flight.received + lease.len();
        if end > self.expected {
            return Err(Failure::Length);
        }
        let opening = self.wire.opening();
        let mut start = flight.received.next_multiple_of(self.answer_bytes);
        while start < end {
            let found = &lease[start - flight.received..];
            let length = opening.len().min(found.len());
            if found[..length] != opening[..length] {
                return Err(self.wire.differs(found).into());
            }
            start += self.answer_bytes;
        }
        if let Some(sample) = &mut flight.sample {
            sample.extend_from_slice(&lease);
        }
        flight.received = end;
        Ok(())
    }

    fn sent(
        &mut self,
        slot: usize,
        completion: &Completion,
    ) -> Result<Result<(), Failure>, LoadError> {
        let Some(conn) = &mut self.conns[slot] else { return Ok(Ok(())) };
        let Some(token) = conn.send.take() else { return Ok(Ok(())) };
        let Payload::Buffer(buf) = self.driver.take(token) else { return Ok(Ok(())) };
        let sent = match completion.result {
            result if result > 0 => result as usize,
            errno::BROKEN_PIPE => return Ok(Err(Failure::Closed)),
            _ => return Ok(Err(Failure::Reset)),
        };
        conn.taken += sent;
        let start = conn.taken;
        if start < buf.len() {
            let op = Op::Send { sock: conn.sock, buf, start };
            conn.send = Some(push(&mut self.driver, op, (slot as u64) << 1 | SEND)?);
        } else {
            self.spare.push(buf);
        }
        Ok(Ok(()))
    }

    /// Takes the batch of `slot` out of flight if it has been sent and answered.
    fn complete(&mut self, slot: usize) -> Option<Answered> {
        let conn = self.conns[slot].as_mut()?;
        let is_complete = conn.send.is_none()
            && conn.flight.as_ref().is_some_and(|flight| flight.received == self.expected);
        let flight = if is_complete { conn.flight.take()? } else { return None };
        self.flying -= 1;
        let answered = Answered { slot, due: flight.due, at: self.driver.now() };
        for answer in flight.sample.iter().flat_map(|sample| sample.chunks(self.answer_bytes)) {
            self.checked += 1;
            if let Err(error) = self.wire.check(answer) {
                self.fail(slot, error.into());
                return None;
            }
        }
        Some(answered)
    }

    /// Counts a failure and closes the connection.
    fn fail(&mut self, slot: usize, failure: Failure) {
        let Some(conn) = self.conns[slot].take() else { return };
        self.failures.add(failure, 1);
        self.open -= 1;
        self.flying -= usize::from(conn.flight.is_some());
        self.driver.orphan(conn.recv);
        if let Some(send) = conn.send {
            self.driver.orphan(send);
        }
        // Refused only when it is closed already.
        let _closed = self.driver.push(Op::Close { sock: conn.sock }, CLOSE);
    }
}

/// Makes room for so many sockets where the process's soft limit has none.
fn raise_descriptors(connections: usize) {
    let wanted = connections as u64 + DESCRIPTORS_RESERVED;
    if host::limits().descriptors_soft < wanted {
        // Refused, the limit stays as it is, and the connection that does not fit says so.
        let _raised = host::raise_descriptor_limit();
    }
}

fn push(driver: &mut Driver, op: Op, user_data: u64) -> Result<Token, LoadError> {
    driver.push(op, user_data).map_err(|refused| LoadError::Reactor(system(refused)))
}

/// The system's side of a refused operation.
fn system(refused: PushError) -> std::io::Error {
    match refused.kind {
        PushErrorKind::Os(error) => error,
        _ => std::io::Error::other(refused.to_string()),
    }
}
