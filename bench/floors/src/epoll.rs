//! The epoll floor: level-triggered, one shared receive buffer, one `recv` per ready connection
//! and one `send` per `recv`.
//!
//! Owns the loop and the table of connections. Knows nothing of HTTP beyond `serve`. Invariant:
//! a connection with unsent replies is watched for writing only, so its output is bounded by
//! what one full receive buffer can cause.

use std::convert::Infallible;
use std::io;
use std::net::TcpListener;
use std::os::fd::{AsFd, OwnedFd};
use std::time::SystemTime;

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, SocketFlags};

use crate::limits::{CONNECTIONS_MAX, EVENTS_PER_TURN, RECEIVE_BYTES};
use crate::reply::Replies;
use crate::serve::{keep, serve};

/// The listener's token; connections use their slot.
const LISTENER: u64 = u64::MAX;

/// Serves `listener` (which must be non-blocking) on this thread until the kernel refuses.
///
/// # Errors
///
/// What `epoll_create1`, `epoll_ctl` or `epoll_wait` report. Errors of a single connection close
/// that connection only.
pub fn run(listener: TcpListener) -> io::Result<Infallible> {
    let mut server = Server::new(listener)?;
    let mut events = Vec::with_capacity(EVENTS_PER_TURN);
    loop {
        events.clear();
        match epoll::wait(&server.epoll, spare_capacity(&mut events), None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        server.replies.refresh(SystemTime::now());
        for event in &events {
            match event.data.u64() {
                LISTENER => server.accept()?,
                slot => server.ready(slot as usize)?,
            }
        }
    }
}

struct Connection {
    socket: OwnedFd,
    /// The start of a head that has not ended yet.
    carry: Vec<u8>,
    /// Replies that the socket did not take, from `sent` on.
    unsent: Vec<u8>,
    sent: usize,
}

/// What a connection's turn came to.
enum Outcome {
    Keep,
    Close,
}

struct Server {
    epoll: OwnedFd,
    listener: TcpListener,
    /// Whether the listener is being watched: not while the table or the process is full, since
    /// a level-triggered listener that cannot be served would spin.
    accepting: bool,
    connections: Vec<Option<Connection>>,
    free: Vec<usize>,
    replies: Replies,
    received: Box<[u8]>,
    out: Vec<u8>,
}

impl Server {
    fn new(listener: TcpListener) -> io::Result<Self> {
        let mut server = Self {
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            listener,
            accepting: false,
            connections: Vec::new(),
            free: Vec::new(),
            replies: Replies::new(SystemTime::now()),
            received: vec![0; RECEIVE_BYTES].into_boxed_slice(),
            out: Vec::new(),
        };
        server.watch_listener(true)?;
        Ok(server)
    }

    fn watch_listener(&mut self, accepting: bool) -> io::Result<()> {
        if accepting {
            let data = EventData::new_u64(LISTENER);
            epoll::add(&self.epoll, &self.listener, data, EventFlags::IN)?;
        } else {
            epoll::delete(&self.epoll, &self.listener)?;
        }
        self.accepting = accepting;
        Ok(())
    }

    fn accept(&mut self) -> io::Result<()> {
        loop {
            if self.free.is_empty() && self.connections.len() == CONNECTIONS_MAX {
                return self.watch_listener(false);
            }
            let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
            match rustix::net::accept_with(&self.listener, flags) {
                Ok(socket) => self.add(socket)?,
                Err(Errno::AGAIN) => return Ok(()),
                Err(Errno::MFILE | Errno::NFILE) => return self.watch_listener(false),
                // The client left while it waited (accept(2), "Error handling").
                Err(Errno::INTR | Errno::CONNABORTED) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn add(&mut self, socket: OwnedFd) -> io::Result<()> {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.connections.push(None);
            self.connections.len() - 1
        });
        epoll::add(&self.epoll, &socket, EventData::new_u64(slot as u64), EventFlags::IN)?;
        self.connections[slot] =
            Some(Connection { socket, carry: Vec::new(), unsent: Vec::new(), sent: 0 });
        Ok(())
    }

    /// Handles the one event of `slot` in this turn. A connection closes only here, so no later
    /// event of the same turn can mean a socket that has since taken its slot.
    fn ready(&mut self, slot: usize) -> io::Result<()> {
        let Some(mut connection) = self.connections[slot].take() else { return Ok(()) };
        // HUP and ERR need no case of their own: the call below reports them.
        let outcome = if connection.unsent.is_empty() {
            self.receive(slot, &mut connection)?
        } else {
            self.flush(slot, &mut connection)?
        };
        match outcome {
            Outcome::Keep => self.connections[slot] = Some(connection),
            Outcome::Close => {
                // Closing the only descriptor of the socket also removes it from the epoll set.
                drop(connection);
                self.free.push(slot);
                if !self.accepting {
                    self.watch_listener(true)?;
                }
            }
        }
        Ok(())
    }

    fn receive(&mut self, slot: usize, connection: &mut Connection) -> io::Result<Outcome> {
        let carried = connection.carry.len();
        self.received[..carried].copy_from_slice(&connection.carry);
        let room = &mut self.received[carried..];
        let filled = match rustix::net::recv(&connection.socket, room, RecvFlags::empty()) {
            Ok((0, _)) => return Ok(Outcome::Close),
            Ok((length, _)) => carried + length,
            Err(Errno::AGAIN | Errno::INTR) => return Ok(Outcome::Keep),
            Err(_) => return Ok(Outcome::Close),
        };
        self.out.clear();
        let Ok(used) = serve(&self.received[..filled], &self.replies, &mut self.out) else {
            return Ok(Outcome::Close);
        };
        if keep(&self.received[used..filled], &mut connection.carry).is_err() {
            return Ok(Outcome::Close);
        }
        if self.out.is_empty() {
            return Ok(Outcome::Keep);
        }
        let sent = match send(&connection.socket, &self.out) {
            Ok(sent) => sent,
            Err(_) => return Ok(Outcome::Close),
        };
        if sent < self.out.len() {
            connection.unsent = self.out[sent..].to_vec();
            connection.sent = 0;
            self.watch(slot, connection, EventFlags::OUT)?;
        }
        Ok(Outcome::Keep)
    }

    fn flush(&mut self, slot: usize, connection: &mut Connection) -> io::Result<Outcome> {
        match send(&connection.socket, &connection.unsent[connection.sent..]) {
            Ok(sent) => connection.sent += sent,
            Err(_) => return Ok(Outcome::Close),
        }
        if connection.sent == connection.unsent.len() {
            connection.unsent = Vec::new();
            self.watch(slot, connection, EventFlags::IN)?;
        }
        Ok(Outcome::Keep)
    }

    fn watch(&self, slot: usize, connection: &Connection, flags: EventFlags) -> io::Result<()> {
        let data = EventData::new_u64(slot as u64);
        Ok(epoll::modify(&self.epoll, connection.socket.as_fd(), data, flags)?)
    }
}

/// Sends what the socket takes now, which may be nothing.
fn send(socket: &OwnedFd, bytes: &[u8]) -> Result<usize, Errno> {
    match rustix::net::send(socket, bytes, SendFlags::NOSIGNAL) {
        Err(Errno::AGAIN | Errno::INTR) => Ok(0),
        other => other,
    }
}
