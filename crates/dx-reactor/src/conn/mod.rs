//! One connection: the only place where a stream meets a protocol.
//!
//! Owns the order in which bytes become requests, requests answers, and answers bytes. Knows
//! neither kernels nor the grammar of HTTP. Invariants: answers leave in the order of their
//! requests; at most one send is in flight; a peer that takes no answers is not read from; an idle
//! connection owns no buffer.
//!
//! The future is written by hand, so that a connection costs little when nothing happens on it:
//! what it needs only while bytes are pending is in a pooled [`Work`].

mod body;
mod input;
mod outgoing;
mod reply;
mod serve;
mod upload;

use core::pin::Pin;
use core::task::{Context, Poll};
use std::net::Shutdown;
use std::rc::Rc;

use dx_rt::net::{Buffers, TcpStream};
use dx_rt::task::{PoolBox, TaskRef};
use dx_rt::time::Deadline;

use self::body::Incoming;
use self::input::Input;
use self::outgoing::Outgoing;
use self::reply::Awaited;
use self::upload::Upload;
use crate::body_stream::BodyStreamError;
use crate::limits::{LAST_LOOK, SEND_MAX};
use crate::worker::Worker;

/// What a connection is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Waits for a request, or reads its head.
    Head,
    /// Reads a request's body.
    Body,
    /// Waits for a handler.
    Handler,
    /// Writes content that does not go out with its head.
    Content,
    /// Nothing more will be read; what is written goes out.
    Closing,
    /// Everything is out and the peer was told so; its last bytes are read and forgotten.
    Lingering,
}

/// What limits the time a connection may take now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Clock {
    /// Nothing: a handler works.
    Stopped,
    Idle,
    /// A shutdown has begun: what the kernel has may still come.
    LastLook,
    Head,
    Body,
    /// An answer goes out that nobody waits for; once it is out, the connection is idle.
    Answered,
    Write,
    Linger,
}

/// What a connection needs only while bytes are pending.
#[derive(Default)]
pub(crate) struct Work {
    input: Input,
    parser: dx_http::HeadParser,
    /// Answers not handed to the kernel yet, from `out_sent` on.
    out: Vec<u8>,
    out_sent: usize,
    incoming: Option<Box<Incoming>>,
    awaited: Option<Awaited>,
    outgoing: Option<Box<Outgoing>>,
    upload: Option<Box<Upload>>,
    /// What is unread is the rest of something that was given up: the next answer is the last.
    spoiled: bool,
    /// Bytes came so long after the beginning of a shutdown that the next answer is the last.
    late: bool,
}

impl Work {
    fn is_empty(&self) -> bool {
        self.input.is_empty()
            && self.out.is_empty()
            && self.incoming.is_none()
            && self.awaited.is_none()
            && self.outgoing.is_none()
    }

    /// Bytes of answers not handed to the kernel yet.
    const fn unsent(&self) -> usize {
        self.out.len() - self.out_sent
    }

    /// Where further answers are written. What was sent of the earlier ones makes room first:
    /// else a peer that always has a little left to take would have all it ever took kept.
    fn out_mut(&mut self, buffers: &Buffers) -> &mut Vec<u8> {
        if self.out.capacity() == 0 {
            self.out = buffers.take();
        }
        if self.out_sent > 0 {
            // At most what is unsent is moved, and nothing is answered above the high-water mark.
            self.out.drain(..core::mem::take(&mut self.out_sent));
        }
        &mut self.out
    }

    /// What to send next: all there is, or a piece of it. The write timeout is for one send, so
    /// that a peer which takes long for much is not taken for one that takes nothing.
    fn next_send(&mut self, buffers: &Buffers, tight: bool) -> Vec<u8> {
        if tight && self.unsent() <= SEND_MAX && self.out.capacity() > 2 * self.unsent() {
            // It may be on its way for long: no room that it does not need.
            let exact = self.out[self.out_sent..].to_vec();
            self.forget_out(buffers);
            return exact;
        }
        if self.out.len() <= SEND_MAX {
            return core::mem::take(&mut self.out);
        }
        let mut piece = buffers.take();
        let end = self.out.len().min(self.out_sent + SEND_MAX);
        piece.extend_from_slice(&self.out[self.out_sent..end]);
        self.out_sent = end;
        if self.unsent() == 0 {
            self.forget_out(buffers);
        }
        piece
    }

    fn forget_out(&mut self, buffers: &Buffers) {
        self.out_sent = 0;
        buffers.give(core::mem::take(&mut self.out));
    }
}

/// A connection's future.
pub(crate) struct Conn {
    worker: Rc<Worker>,
    stream: TcpStream,
    work: Option<Box<Work>>,
    deadline: Deadline,
    phase: Phase,
    clock: Clock,
    /// The peer has finished sending.
    eof: bool,
    /// The stream wakes this task.
    owned: bool,
}

// An idle connection is this and nothing else here; 64 bytes are the smallest block of the pool.
const _: () = assert!(size_of::<Conn>() <= 64);

impl Conn {
    /// Serves `stream` on the current core.
    pub(crate) fn spawn(worker: &Rc<Worker>, stream: TcpStream) {
        if !worker.opened(stream.peer()) {
            return; // closed, as it is dropped
        }
        let conn = Self {
            worker: worker.clone(),
            stream,
            work: None,
            deadline: Deadline::new(),
            phase: Phase::Head,
            clock: Clock::Stopped,
            eof: false,
            owned: false,
        };
        // Full: the connection is dropped, and thereby closed.
        let _ = dx_rt::spawn_pooled(PoolBox::future(conn));
    }

    /// Goes on as far as it can without waiting. `Ready` when the connection is over.
    fn advance(&mut self, cx: &mut Context<'_>, task: TaskRef) -> Poll<()> {
        if self.collect_sent().is_err() {
            return Poll::Ready(());
        }
        if self.phase != Phase::Lingering {
            self.serve(cx);
            self.flush();
            self.begin_linger();
        }
        if self.phase == Phase::Lingering && self.linger().is_ready() {
            return Poll::Ready(());
        }
        self.put_work_away();
        self.keep_time(task)
    }

    /// Takes the buffer of a send that has ended.
    ///
    /// # Errors
    /// The peer is gone, or takes nothing any more: there is nobody to talk to.
    fn collect_sent(&mut self) -> Result<(), std::io::Error> {
        if self.has_file_under_way() {
            return self.collect_file_step();
        }
        let Some((sent, buf)) = self.stream.try_sent() else {
            if self.clock == Clock::Answered && !self.stream.is_sending() {
                self.clock = Clock::Stopped;
            }
            return Ok(());
        };
        self.stream.buffers().give(buf);
        // The clock of the write ends with it.
        self.clock = Clock::Stopped;
        sent
    }

    fn has_file_under_way(&mut self) -> bool {
        let outgoing = self.work.as_mut().and_then(|work| work.outgoing.as_mut());
        let file = outgoing.and_then(|outgoing| outgoing.file());
        file.is_some_and(|(reading, _)| reading.sending)
    }

    /// Takes note of a step of a file that has ended.
    ///
    /// # Errors
    /// As [`collect_sent`](Self::collect_sent), and when the file has ended before its time.
    #[cold]
    fn collect_file_step(&mut self) -> Result<(), std::io::Error> {
        let Some(step) = self.stream.try_file_sent() else { return Ok(()) };
        self.clock = Clock::Stopped;
        let outgoing = self.work.as_mut().and_then(|work| work.outgoing.as_mut());
        let Some((reading, left)) = outgoing.and_then(|outgoing| outgoing.file()) else {
            return Ok(());
        };
        reading.sending = false;
        match u64::from(step?) {
            0 => {
                tracing::error!(missing = *left, "a file has become shorter while it was sent");
                Err(std::io::ErrorKind::UnexpectedEof.into())
            }
            sent => {
                reading.offset += sent;
                *left = left.saturating_sub(sent);
                Ok(())
            }
        }
    }

    /// Hands all answers to the kernel, one send a turn, unless one is still under way.
    fn flush(&mut self) {
        let tight = self.is_tight();
        let Some(work) = &mut self.work else { return };
        if work.out.is_empty() || self.stream.is_sending() {
            return;
        }
        let out = work.next_send(self.stream.buffers(), tight);
        if let Err((_, out)) = self.stream.start_send(out) {
            // The tables are full or the socket is gone. Nothing can be said to the peer.
            self.stream.buffers().give(out);
            self.phase = Phase::Lingering;
            self.eof = true;
        }
    }

    /// When the last answer is out: says so to the peer, and goes on to wait for its end.
    fn begin_linger(&mut self) {
        let unsent = self.work.as_ref().is_some_and(|work| !work.out.is_empty());
        if self.phase != Phase::Closing || unsent || self.stream.is_sending() {
            return;
        }
        self.phase = Phase::Lingering;
        // A peer that has finished needs no separate word: the close says the same.
        if !self.eof && self.stream.shutdown(Shutdown::Write).is_err() {
            self.eof = true;
        }
    }

    /// Reads and forgets. A socket closed with unread bytes sends a reset, which can destroy an
    /// answer on its way (RFC 9112 section 9.6).
    fn linger(&mut self) -> Poll<()> {
        if let Some(mut work) = self.work.take() {
            work.input.clear(&self.worker);
            work.parser.reset();
            work.incoming = None;
            work.awaited = None;
            work.outgoing = None;
            work.upload = None;
            work.spoiled = false;
            work.forget_out(self.stream.buffers());
            self.worker.give_work(work);
        }
        while !self.eof {
            match self.stream.try_recv() {
                Some(Ok(Some(_))) => {}
                Some(Ok(None) | Err(_)) => self.eof = true,
                None => return Poll::Pending,
            }
        }
        Poll::Ready(())
    }

    /// An idle connection keeps no working state.
    fn put_work_away(&mut self) {
        if self.work.as_ref().is_some_and(|work| work.is_empty())
            && let Some(mut work) = self.work.take()
        {
            work.parser.reset();
            work.spoiled = false;
            self.worker.give_work(work);
        }
    }

    /// Sets the clock that fits what the connection waits for.
    fn keep_time(&mut self, task: TaskRef) -> Poll<()> {
        let now = self.worker.now.get();
        let clock = self.clock_due();
        if clock == Clock::Stopped {
            self.clock = clock;
            self.deadline.clear();
            return Poll::Pending;
        }
        // A clock runs from the moment it was started; whoever makes progress stops it.
        if (self.clock, clock) == (Clock::Answered, Clock::Write) {
            self.await_sent();
        }
        if clock != self.clock {
            self.clock = clock;
            let since = match clock {
                Clock::Idle => self.stream.quiet_end().unwrap_or(now),
                _ => now,
            };
            self.deadline.set(since + self.timeout(clock), task);
            return Poll::Pending;
        }
        if self.deadline.has_passed(now, task) { self.time_is_up(task) } else { Poll::Pending }
    }

    fn clock_due(&mut self) -> Clock {
        match self.phase {
            Phase::Lingering => Clock::Linger,
            _ if self.stream.is_sending() => {
                let quiet = self.clock != Clock::Write && self.is_done() && !self.is_congested();
                self.stream.set_send_quiet(quiet);
                if quiet { Clock::Answered } else { Clock::Write }
            }
            Phase::Handler if self.waits_for_upload() => Clock::Body,
            Phase::Handler | Phase::Content => Clock::Stopped,
            Phase::Body => Clock::Body,
            Phase::Closing => Clock::Write,
            Phase::Head if self.work.is_some() => Clock::Head,
            Phase::Head if self.worker.draining.get() => Clock::LastLook,
            Phase::Head => Clock::Idle,
        }
    }

    /// Whether a handler takes content that the peer is to send now.
    fn waits_for_upload(&self) -> bool {
        let upload = self.work.as_ref().and_then(|work| work.upload.as_ref());
        upload.is_some_and(|upload| upload.waits_for_bytes())
    }

    /// A piece of a body has come: its clock starts anew. No other one does.
    fn restart_body_clock(&mut self) {
        if self.clock == Clock::Body {
            self.clock = Clock::Stopped;
        }
    }

    /// Whether nothing is left to do but to wait for the next request.
    fn is_done(&self) -> bool {
        self.phase == Phase::Head && self.work.is_none() && !self.worker.draining.get()
    }

    fn timeout(&self, clock: Clock) -> core::time::Duration {
        let limits = &self.worker.limits;
        match clock {
            Clock::Stopped => core::time::Duration::MAX,
            Clock::Idle => limits.idle_timeout,
            Clock::LastLook => LAST_LOOK,
            Clock::Head => limits.head_timeout,
            Clock::Body => limits.body_timeout,
            // Whichever may be over first.
            Clock::Answered => limits.write_timeout.min(limits.idle_timeout),
            Clock::Write => limits.write_timeout,
            Clock::Linger => limits.linger_timeout,
        }
    }

    /// From now on the end of the send under way is awaited, by the time it has had from its start.
    fn await_sent(&mut self) {
        self.stream.set_send_quiet(false);
        self.clock = Clock::Write;
        self.deadline.extend(self.timeout(Clock::Write) - self.timeout(Clock::Answered));
    }

    fn time_is_up(&mut self, task: TaskRef) -> Poll<()> {
        match self.clock {
            // The handler learns of it and answers.
            Clock::Body if self.phase == Phase::Handler => {
                self.spoil(BodyStreamError::TimedOut);
            }
            Clock::Head | Clock::Body => self.refuse(dx_http::Status::REQUEST_TIMEOUT),
            // The last wait may have brought only a part of what the kernel has.
            Clock::LastLook if dx_rt::completions() > 0 && !self.worker.is_too_late() => {
                self.clock = Clock::Stopped;
                return self.keep_time(task);
            }
            // Nothing was begun, so nothing needs to be said.
            Clock::Idle | Clock::LastLook => self.phase = Phase::Closing,
            Clock::Answered => {
                self.await_sent();
                return self.keep_time(task);
            }
            Clock::Write | Clock::Linger | Clock::Stopped => return Poll::Ready(()),
        }
        self.flush();
        self.begin_linger();
        self.clock = Clock::Stopped;
        self.keep_time(task)
    }
}

impl Future for Conn {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let Some(task) = dx_rt::current_task() else {
            unreachable!("a connection is a task of a core")
        };
        if !this.owned {
            this.owned = true;
            this.stream.set_owner(task);
        }
        this.worker.now.set(dx_rt::time::now());
        this.advance(cx, task)
    }
}

impl Drop for Conn {
    fn drop(&mut self) {
        self.deadline.cancel();
        if let Some(mut work) = self.work.take() {
            work.input.clear(&self.worker);
            self.stream.buffers().give(core::mem::take(&mut work.out));
        }
        self.worker.closed(self.stream.peer());
    }
}
