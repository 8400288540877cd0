//! The io_uring floor: multishot accept into direct descriptors, multishot receive into provided
//! buffers, one send in flight per connection, one `submit_and_wait` a turn (Linux 6.1 or later).
//!
//! Owns the loop and the connections' states. Knows nothing of HTTP beyond `serve`. Invariant: a
//! slot is closed only when it has no operation in flight, so a token needs no generation.

mod buffers;
mod queue;

use std::convert::Infallible;
use std::io;
use std::mem::{self, ManuallyDrop};
use std::net::TcpListener;
use std::os::fd::AsRawFd;
use std::time::SystemTime;

use io_uring::{IoUring, cqueue};
use rustix::io::Errno;

use crate::limits::{COMPLETIONS, CONNECTIONS_MAX, KEPT_BYTES_MAX, SUBMISSIONS, UNSENT_BYTES_MAX};
use crate::reply::Replies;
use crate::serve::{Refused, keep, serve};

use self::buffers::Buffers;
use self::queue::{Kind, Queue, Token};

/// Serves `listener` on this thread until the kernel refuses.
///
/// # Errors
///
/// What io_uring's set-up, registration or entry report. Errors of a single connection close
/// that connection only.
pub fn run(listener: TcpListener) -> io::Result<Infallible> {
    let mut ring = IoUring::builder()
        .setup_single_issuer()
        .setup_defer_taskrun()
        .setup_cqsize(COMPLETIONS)
        .build(SUBMISSIONS)?;
    let (mut submitter, entries, mut completions) = ring.split();
    submitter.register_ring_fd()?;
    submitter.register_files_sparse(CONNECTIONS_MAX as u32)?;
    let buffers = Buffers::register(&submitter)?;
    // Never dropped, so that no error or panic frees bytes that a send in flight still reads.
    let mut server = ManuallyDrop::new(Server {
        queue: Queue::new(submitter, entries),
        buffers,
        replies: Replies::new(SystemTime::now()),
        connections: Vec::new(),
        touched: Vec::new(),
        accepting: false,
        listener,
    });
    let mut reaped: Vec<cqueue::Entry> = Vec::new();
    loop {
        server.resume_accepting()?;
        server.queue.submit_and_wait()?;
        server.replies.refresh(SystemTime::now());
        completions.sync();
        reaped.extend(&mut completions);
        for completion in reaped.drain(..) {
            server.complete(&completion)?;
        }
        server.buffers.publish();
        server.settle()?;
    }
}

/// How far a connection's life has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Phase {
    /// The slot has no connection.
    #[default]
    Free,
    /// Requests are read and answered.
    Open,
    /// The peer will send no more: the replies go out, then the slot is closed.
    Finished,
    /// Refused or broken: nothing more is sent, the socket is shut down, then closed.
    Failed,
    /// The close is in flight.
    Closing,
}

#[derive(Debug, Default)]
struct Connection {
    phase: Phase,
    /// A multishot receive is armed.
    receiving: bool,
    /// A send is in flight, and `sending` belongs to the kernel.
    send_in_flight: bool,
    /// A shutdown has been queued, or has ended already.
    shut_down: bool,
    shutdown_in_flight: bool,
    /// The slot is in `Server::touched`.
    touched: bool,
    /// The start of a head that has not ended yet.
    carry: Vec<u8>,
    /// Replies that wait for the send in flight.
    queued: Vec<u8>,
    /// Replies being sent, from `sent` on. INVARIANT: untouched while `send_in_flight`.
    sending: Vec<u8>,
    sent: usize,
}

impl Connection {
    fn idle(&self) -> bool {
        !self.receiving && !self.send_in_flight && !self.shutdown_in_flight
    }

    /// Answers the requests that `input` completes.
    fn consume(&mut self, input: &[u8], replies: &Replies) -> Result<(), Refused> {
        if self.carry.is_empty() {
            let used = serve(input, replies, &mut self.queued)?;
            keep(&input[used..], &mut self.carry)?;
        } else {
            let mut joined = mem::take(&mut self.carry);
            joined.extend_from_slice(input);
            let used = serve(&joined, replies, &mut self.queued)?;
            keep(&joined[used..], &mut self.carry)?;
        }
        if self.queued.len() > UNSENT_BYTES_MAX { Err(Refused) } else { Ok(()) }
    }
}

struct Server<'ring> {
    queue: Queue<'ring>,
    buffers: Buffers,
    replies: Replies,
    /// Indexed by slot; at most `CONNECTIONS_MAX`, because the file table has no more.
    connections: Vec<Connection>,
    /// Slots that something happened to in this turn.
    touched: Vec<u32>,
    /// The multishot accept is armed.
    accepting: bool,
    listener: TcpListener,
}

impl Server<'_> {
    /// Arms the accept again after it ended, but not while the table is full: the kernel would
    /// accept and drop the client.
    fn resume_accepting(&mut self) -> io::Result<()> {
        if self.accepting {
            return Ok(());
        }
        let full = self.connections.len() == CONNECTIONS_MAX
            && self.connections.iter().all(|connection| connection.phase != Phase::Free);
        if full {
            return Ok(());
        }
        self.accepting = true;
        self.queue.accept(self.listener.as_raw_fd())
    }

    fn complete(&mut self, completion: &cqueue::Entry) -> io::Result<()> {
        let Token { kind, slot } = Token::decode(completion.user_data());
        match kind {
            Kind::Accept => return self.accepted(completion),
            Kind::Receive => self.received(slot, completion),
            Kind::Send => self.sent(slot, completion.result()),
            Kind::Shutdown => self.connections[slot as usize].shutdown_in_flight = false,
            Kind::Close => {
                self.connections[slot as usize] = Connection::default();
                return Ok(());
            }
        }
        self.touch(slot);
        Ok(())
    }

    fn accepted(&mut self, completion: &cqueue::Entry) -> io::Result<()> {
        self.accepting = cqueue::more(completion.flags());
        let Ok(slot) = u32::try_from(completion.result()) else {
            return match Errno::from_raw_os_error(-completion.result()) {
                // The client left while it waited, or the table is full: armed again later.
                Errno::CONNABORTED | Errno::NFILE | Errno::AGAIN | Errno::INTR => Ok(()),
                error => Err(error.into()),
            };
        };
        if self.connections.len() <= slot as usize {
            self.connections.resize_with(slot as usize + 1, Connection::default);
        }
        self.connections[slot as usize].phase = Phase::Open;
        self.touch(slot);
        Ok(())
    }

    fn received(&mut self, slot: u32, completion: &cqueue::Entry) {
        let connection = &mut self.connections[slot as usize];
        connection.receiving = cqueue::more(completion.flags());
        if let Some(id) = cqueue::buffer_select(completion.flags()) {
            let length = usize::try_from(completion.result()).unwrap_or(0);
            // SAFETY: this completion names the buffer and its bytes; it is given back below.
            let input = unsafe { self.buffers.bytes(id, length) };
            if connection.phase == Phase::Open && connection.consume(input, &self.replies).is_err()
            {
                connection.phase = Phase::Failed;
            }
            // SAFETY: this completion named the buffer, and `input` is not used again.
            unsafe { self.buffers.give_back(id) };
        }
        let out_of_buffers = completion.result() == -Errno::NOBUFS.raw_os_error();
        if connection.phase == Phase::Open && completion.result() <= 0 && !out_of_buffers {
            connection.phase =
                if completion.result() == 0 { Phase::Finished } else { Phase::Failed };
        }
    }

    fn sent(&mut self, slot: u32, result: i32) {
        let connection = &mut self.connections[slot as usize];
        connection.send_in_flight = false;
        match usize::try_from(result) {
            Ok(sent) => connection.sent += sent,
            Err(_) => connection.phase = Phase::Failed,
        }
    }

    fn touch(&mut self, slot: u32) {
        let connection = &mut self.connections[slot as usize];
        if !mem::replace(&mut connection.touched, true) {
            self.touched.push(slot);
        }
    }

    /// Queues what each touched connection needs next: the send, the receive, or the way out.
    fn settle(&mut self) -> io::Result<()> {
        let mut touched = mem::take(&mut self.touched);
        for slot in touched.drain(..) {
            self.connections[slot as usize].touched = false;
            self.settle_one(slot)?;
        }
        self.touched = touched;
        Ok(())
    }

    fn settle_one(&mut self, slot: u32) -> io::Result<()> {
        let connection = &mut self.connections[slot as usize];
        let may_send = matches!(connection.phase, Phase::Open | Phase::Finished);
        if may_send && !connection.send_in_flight {
            if connection.sent == connection.sending.len() {
                connection.sending.clear();
                connection.sent = 0;
                mem::swap(&mut connection.sending, &mut connection.queued);
            }
            if connection.sent < connection.sending.len() {
                connection.send_in_flight = true;
                let rest = &connection.sending[connection.sent..];
                // SAFETY: `sending` is not touched before the completion clears
                // `send_in_flight`, the slot is not reset before that
                // either, and the server is never dropped.
                unsafe { self.queue.send(slot, rest)? };
            } else if connection.queued.capacity() + connection.sending.capacity() > KEPT_BYTES_MAX
            {
                connection.queued = Vec::new();
                connection.sending = Vec::new();
            }
        }
        match connection.phase {
            Phase::Open if !connection.receiving => {
                connection.receiving = true;
                self.queue.receive(slot)
            }
            Phase::Failed if !mem::replace(&mut connection.shut_down, true) => {
                connection.shutdown_in_flight = true;
                self.queue.shutdown(slot)
            }
            Phase::Finished | Phase::Failed if connection.idle() => {
                connection.phase = Phase::Closing;
                self.queue.close(slot)
            }
            _ => Ok(()),
        }
    }
}
