//! The connections of a closed loop, turned by epoll.
//!
//! Owns the sockets, the batch in flight on each, and the counting. Decides nothing about when
//! the window begins or ends. Invariant: `live` is the number of connections that still have a
//! batch in flight.

use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::time::Instant;

use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};

use super::{LoadError, Plan};
use crate::histogram::Histogram;
use crate::limits::{CHECK_EVERY, EVENTS_PER_TURN, RECEIVE_BYTES};
use crate::response::Shape;

/// One connection and the batch it has in flight.
struct Client {
    socket: TcpStream,
    /// Bytes of the batch in flight that the socket has taken.
    written: usize,
    /// Bytes of its answer that have arrived.
    received: usize,
    began: Instant,
    /// The answer itself, for a batch that is checked.
    sample: Option<Vec<u8>>,
    /// The socket is watched for writing too.
    blocked: bool,
}

/// All connections, and what has been counted so far.
pub(super) struct Clients {
    epoll: OwnedFd,
    /// `None` after an error, or after the last batch.
    clients: Vec<Option<Client>>,
    pub(super) live: usize,
    pub(super) shape: Shape,
    batch: Vec<u8>,
    requests_per_batch: u64,
    answer_bytes: usize,
    buffer: Box<[u8]>,
    /// Batches begun, which decides what is checked.
    begun: u64,
    measuring: bool,
    stopping: bool,
    requests: u64,
    latencies: Histogram,
    pub(super) errors: u64,
    pub(super) checked: u64,
}

impl Clients {
    pub(super) fn new(
        plan: &Plan,
        shape: Shape,
        streams: Vec<TcpStream>,
    ) -> Result<Self, LoadError> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).map_err(LoadError::Poll)?;
        let mut clients = Vec::with_capacity(streams.len());
        for (slot, socket) in streams.into_iter().enumerate() {
            socket.set_nonblocking(true).map_err(LoadError::Connect)?;
            let data = EventData::new_u64(slot as u64);
            epoll::add(&epoll, &socket, data, EventFlags::IN).map_err(LoadError::Poll)?;
            clients.push(Some(Client {
                socket,
                written: 0,
                received: 0,
                began: Instant::now(),
                sample: None,
                blocked: false,
            }));
        }
        Ok(Self {
            epoll,
            live: clients.len(),
            clients,
            batch: plan.request.repeat(plan.batch),
            requests_per_batch: plan.batch as u64,
            answer_bytes: shape.bytes() * plan.batch,
            shape,
            buffer: vec![0; RECEIVE_BYTES].into_boxed_slice(),
            begun: 0,
            measuring: false,
            stopping: false,
            requests: 0,
            latencies: Histogram::new(),
            errors: 0,
            checked: 0,
        })
    }

    /// Starts counting.
    pub(super) fn measure(&mut self) -> Instant {
        self.measuring = true;
        Instant::now()
    }

    /// Stops counting and begins no further batch.
    pub(super) fn stop(&mut self) -> (u64, Histogram) {
        self.measuring = false;
        self.stopping = true;
        (self.requests, std::mem::take(&mut self.latencies))
    }

    /// Serves events until `end`, or until no connection is left.
    pub(super) fn turn_until(&mut self, end: Instant) -> Result<(), LoadError> {
        let mut events = Vec::with_capacity(EVENTS_PER_TURN);
        while self.live > 0 {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            // Cannot fail: durations here are seconds, not centuries.
            let timeout = Timespec::try_from(left).unwrap_or(Timespec { tv_sec: 1, tv_nsec: 0 });
            events.clear();
            match epoll::wait(&self.epoll, spare_capacity(&mut events), Some(&timeout)) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(LoadError::Poll(error)),
            }
            for event in &events {
                self.ready(event.data.u64() as usize)?;
            }
        }
        Ok(())
    }

    /// Begins the next batch of `slot` at `now`.
    pub(super) fn begin(&mut self, slot: usize, now: Instant) -> Result<(), LoadError> {
        let Some(client) = &mut self.clients[slot] else { return Ok(()) };
        client.written = 0;
        client.received = 0;
        client.began = now;
        let checked = self.begun.is_multiple_of(CHECK_EVERY);
        client.sample = checked.then(|| Vec::with_capacity(self.answer_bytes));
        self.begun += 1;
        self.write(slot)
    }

    /// Writes what the socket takes of the batch, and watches for more room only if needed.
    fn write(&mut self, slot: usize) -> Result<(), LoadError> {
        let Some(client) = &mut self.clients[slot] else { return Ok(()) };
        let rest = &self.batch[client.written..];
        match rustix::net::send(&client.socket, rest, SendFlags::NOSIGNAL) {
            Ok(length) => client.written += length,
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(_) => {
                self.fail(slot);
                return Ok(());
            }
        }
        let blocked = client.written < self.batch.len();
        if blocked != client.blocked {
            client.blocked = blocked;
            let flags = if blocked { EventFlags::IN | EventFlags::OUT } else { EventFlags::IN };
            let data = EventData::new_u64(slot as u64);
            epoll::modify(&self.epoll, &client.socket, data, flags).map_err(LoadError::Poll)?;
        }
        Ok(())
    }

    fn ready(&mut self, slot: usize) -> Result<(), LoadError> {
        if self.clients[slot].as_ref().is_some_and(|client| client.blocked) {
            self.write(slot)?;
        }
        let Some(client) = &mut self.clients[slot] else { return Ok(()) };
        match rustix::net::recv(&client.socket, &mut self.buffer[..], RecvFlags::empty()) {
            Ok((length @ 1.., _)) => {
                client.received += length;
                if let Some(sample) = &mut client.sample {
                    sample.extend_from_slice(&self.buffer[..length]);
                }
            }
            Err(Errno::AGAIN | Errno::INTR) => return Ok(()),
            Ok(_) | Err(_) => {
                self.fail(slot);
                return Ok(());
            }
        }
        if client.received < self.answer_bytes {
            return Ok(());
        }
        self.complete(slot)
    }

    /// The answer of `slot` has all its bytes, or too many.
    fn complete(&mut self, slot: usize) -> Result<(), LoadError> {
        let Some(client) = &mut self.clients[slot] else { return Ok(()) };
        if client.received > self.answer_bytes || client.written < self.batch.len() {
            self.fail(slot);
            return Ok(());
        }
        if let Some(sample) = client.sample.take() {
            for response in sample.chunks(self.shape.bytes()) {
                self.checked += 1;
                self.errors += u64::from(self.shape.check(response).is_err());
            }
        }
        let now = Instant::now();
        if self.measuring {
            self.requests += self.requests_per_batch;
            self.latencies.record(now.duration_since(client.began).as_nanos() as u64);
        }
        if self.stopping {
            self.clients[slot] = None;
            self.live -= 1;
            return Ok(());
        }
        self.begin(slot, now)
    }

    fn fail(&mut self, slot: usize) {
        self.clients[slot] = None;
        self.live -= 1;
        self.errors += 1;
    }
}
