//! From bytes to requests.
//!
//! Owns the loop that reads heads and bodies and calls handlers, and the budgets that end it. May
//! not know how an answer is written (`reply.rs`) or how a handler is found (`router.rs`).
//! Invariant: no request is taken from the input while another one is being answered.

use core::task::{Context, Poll};

use dx_http::{BodyStep, Framing, Head, Progress, Status, TargetForm};

use super::body::Incoming;
use super::outgoing::Next;
use super::reply::{Answer, Awaited};
use super::upload::Upload;
use super::{Conn, Phase, Work};
use crate::bytes::Bytes;
use crate::group::BodyRule;
use crate::handler::Outcome;
use crate::into_response::IntoResponse;
use crate::limits::{
    CONTENT_PIECE, CONTENT_PIECE_TIGHT, FILE_STEP, INPUT_HIGH_WATER, OUT_HIGH_WATER,
    REQUESTS_PER_TURN,
};
use crate::problem::Problem;
use crate::request::{PooledHead, Request};
use crate::router::Dispatched;

/// Whether the loop goes on.
enum Step {
    Again,
    /// Nothing can be done until something arrives, leaves or wakes.
    Wait,
}

impl Conn {
    /// Answers what can be answered now.
    pub(super) fn serve(&mut self, cx: &mut Context<'_>) {
        let mut requests = 0;
        loop {
            let step = match self.phase {
                Phase::Head | Phase::Body | Phase::Content if self.is_congested() => Step::Wait,
                Phase::Head if requests == REQUESTS_PER_TURN => {
                    // Others have their turn first; nothing else would wake us.
                    cx.waker().wake_by_ref();
                    Step::Wait
                }
                Phase::Head => {
                    requests += 1;
                    self.read_head(cx)
                }
                Phase::Body => self.read_body(cx),
                Phase::Handler => self.await_handler(cx),
                Phase::Content => self.write_content(cx),
                Phase::Closing | Phase::Lingering => return self.forget_input(),
            };
            if matches!(step, Step::Wait) {
                return self.hold_input();
            }
        }
    }

    /// Whether the peer is behind in taking answers: then it is not read from.
    pub(super) fn is_congested(&self) -> bool {
        let unsent = self.work.as_ref().map_or(0, |work| work.unsent());
        unsent >= OUT_HIGH_WATER
            || self.is_tight() && (unsent >= CONTENT_PIECE_TIGHT || self.stream.is_sending())
    }

    /// Whether all clients of the worker together are too far behind.
    #[inline]
    pub(super) fn is_tight(&self) -> bool {
        self.stream.unsent_of_core() >= self.worker.limits.unsent_max
    }

    /// While waiting for anything but bytes, receive buffers are not held: one slow handler or one
    /// slow reader must not starve the core.
    fn hold_input(&mut self) {
        let busy = matches!(self.phase, Phase::Handler | Phase::Content);
        let congested = self.is_congested();
        if !busy && !congested {
            return;
        }
        let Some(work) = &mut self.work else { return };
        let upload_is_full = match &work.upload {
            // What comes is the handler's.
            Some(upload) if !upload.pipe().is_full() => return,
            upload => upload.is_some(),
        };
        while self.stream.has_received() {
            match self.stream.try_recv() {
                Some(Ok(Some(lease))) => work.input.add(lease, &self.worker),
                _ => break,
            }
        }
        work.input.gather_if_scarce(&self.worker);
        if congested && self.worker.has_too_much_input() {
            return self.give_up();
        }
        let enough = work.input.unread().len() >= INPUT_HIGH_WATER || self.worker.is_too_late();
        if congested || enough || upload_is_full {
            self.stream.pause();
        } else if !self.eof {
            // Nothing is taken here; but a peer that is gone shows only to who looks.
            match self.stream.try_recv() {
                Some(Ok(None)) => self.eof = true,
                Some(Err(_)) => self.give_up(),
                Some(Ok(Some(_))) | None => {}
            }
        }
    }

    /// The peer has reset the connection: nobody waits for the handler any more.
    fn give_up(&mut self) {
        self.phase = Phase::Lingering;
        self.eof = true;
    }

    /// Nothing more will be understood, so nothing is kept, least of all receive buffers.
    fn forget_input(&mut self) {
        if let Some(work) = &mut self.work {
            work.input.clear(&self.worker);
        }
        if self.stream.has_received() {
            self.stream.pause();
        }
        while self.stream.has_received() {
            if !matches!(self.stream.try_recv(), Some(Ok(Some(_)))) {
                break;
            }
        }
    }

    /// Gets the next piece behind what is unread. `false`: there is none now, or none any more.
    pub(super) fn receive(&mut self) -> bool {
        if self.eof {
            return false;
        }
        match self.stream.try_recv() {
            Some(Ok(Some(lease))) => {
                let work = self.work.get_or_insert_with(|| self.worker.take_work());
                work.input.add(lease, &self.worker);
                work.late = self.worker.is_too_late();
                true
            }
            Some(Ok(None) | Err(_)) => {
                self.eof = true;
                false
            }
            None => false,
        }
    }

    fn read_head(&mut self, cx: &mut Context<'_>) -> Step {
        let has_input = self.work.as_ref().is_some_and(|work| !work.input.is_empty());
        if !has_input && !self.receive() {
            return self.no_bytes();
        }
        let Some(work) = &mut self.work else { return Step::Wait };
        let mut head = PooledHead::take();
        let unread = work.input.unread();
        match work.parser.parse(unread, &self.worker.limits.http, &mut head) {
            Ok(Progress::Complete { len }) => {
                let unread = unread.len();
                self.begin_request(cx, head, len, unread - len)
            }
            Ok(Progress::NeedMore) => {
                if work.input.lend() {
                    return Step::Again;
                }
                // The rest may come late or never: hold this in memory of our own.
                work.input.gather(&self.worker);
                if self.worker.has_too_much_input() {
                    self.refuse(Status::SERVICE_UNAVAILABLE);
                    return Step::Again;
                }
                if self.receive() { Step::Again } else { self.no_bytes() }
            }
            Err(error) => {
                self.refuse(error.status());
                Step::Again
            }
        }
    }

    /// Nothing to read. After the peer's last byte, that is the end.
    fn no_bytes(&mut self) -> Step {
        if self.eof {
            self.phase = Phase::Closing;
            return Step::Again;
        }
        Step::Wait
    }

    /// A head is complete: `len` bytes, and `rest` bytes behind it are here.
    fn begin_request(
        &mut self,
        cx: &mut Context<'_>,
        head: PooledHead,
        len: usize,
        rest: usize,
    ) -> Step {
        let Some(work) = &mut self.work else { return Step::Wait };
        let rule = match head.framing {
            Framing::None => BodyRule::default(),
            // The route may have a limit of its own, and says so before anything is read.
            _ => {
                let path = head.path.of(work.input.unread());
                self.worker.router.body_rule(head.method, path)
            }
        };
        let body_max = rule.max.unwrap_or(match rule.streams {
            true => usize::MAX,
            false => self.worker.limits.body_max,
        });
        let body_len = match head.framing {
            Framing::None => 0,
            Framing::Length(length) => match usize::try_from(length) {
                Ok(length) if length <= body_max => length,
                _ => {
                    self.refuse_to(head.method, Status::CONTENT_TOO_LARGE);
                    return Step::Again;
                }
            },
            Framing::Chunked => usize::MAX,
        };
        if body_len > rest {
            // The head waits for its body, which may be slow: not in a receive buffer.
            let bytes = Bytes::from(work.input.unread()[..len].to_vec());
            work.input.consume(len, &self.worker);
            if rule.streams {
                let expects = head.expect_continue && rest == 0;
                work.upload = Some(Upload::new(head.framing, rule.max, expects));
                return self.handle(cx, head, bytes, Bytes::new());
            }
            if head.expect_continue && rest == 0 {
                work.out_mut(self.stream.buffers()).extend_from_slice(dx_http::CONTINUE);
            }
            work.incoming = Some(Incoming::new(head, bytes, body_max));
            self.phase = Phase::Body;
            return Step::Again;
        }
        let bytes = work.input.share(0, len);
        let body = if body_len == 0 { Bytes::new() } else { work.input.share(len, body_len) };
        work.input.consume(len + body_len, &self.worker);
        self.handle(cx, head, bytes, body)
    }

    fn read_body(&mut self, cx: &mut Context<'_>) -> Step {
        let Some(work) = &mut self.work else { return Step::Wait };
        let Some(incoming) = &mut work.incoming else { return Step::Wait };
        let limits = &self.worker.limits;
        let step = match incoming.decoder.decode(work.input.unread(), &limits.http) {
            Ok(step) => step,
            Err(error) => {
                self.refuse(error.status());
                return Step::Again;
            }
        };
        match step {
            BodyStep::Data { data, consumed } => {
                if !incoming.keep(data) {
                    self.refuse(Status::CONTENT_TOO_LARGE);
                    return Step::Again;
                }
                work.input.consume(consumed, &self.worker);
                Step::Again
            }
            BodyStep::NeedMore { consumed } => {
                work.input.consume(consumed, &self.worker);
                if !work.input.is_empty() {
                    // What is unread did not lie together.
                    return Step::Again;
                }
                self.receive_body()
            }
            BodyStep::Done { consumed } => {
                work.input.consume(consumed, &self.worker);
                let Some(incoming) = work.incoming.take() else { return Step::Wait };
                let (head, bytes, body) = incoming.finish();
                self.phase = Phase::Head;
                self.handle(cx, head, bytes, body)
            }
        }
    }

    /// Receives more of a body that is gathered before its handler is called.
    fn receive_body(&mut self) -> Step {
        let now = self.worker.now.get();
        let received = self.receive();
        if received {
            self.restart_body_clock();
        }
        let Some(work) = &mut self.work else { return Step::Wait };
        let Some(incoming) = &mut work.incoming else { return Step::Wait };
        if received {
            let bytes = work.input.unread().len();
            if !incoming.pace.keeps_up(now, bytes, &self.worker.limits) {
                self.refuse(Status::REQUEST_TIMEOUT);
            }
            return Step::Again;
        }
        if self.eof {
            // The peer promised more than it sent: there is no request to answer.
            self.phase = Phase::Closing;
            return Step::Again;
        }
        incoming.pace.wait(now);
        Step::Wait
    }

    /// Calls the handler of a request that is here, as far as the handler wants to wait for it.
    fn handle(
        &mut self,
        cx: &mut Context<'_>,
        head: PooledHead,
        bytes: Bytes,
        body: Bytes,
    ) -> Step {
        let mut answer = self.answer_for(&head);
        if head.form != TargetForm::Origin {
            // RFC 9931 section 8: what was sent into a tunnel that is not made is no request.
            answer.keep_alive &= head.form != TargetForm::Authority;
            if head.is_for_https(&bytes) {
                self.reply(&answer, misdirected());
                return Step::Again;
            }
        }
        let peer = self.stream.peer().to_socket_addr();
        let mut request = Request::new(head, bytes, body, peer);
        if let Some(Work { upload: Some(upload), .. }) = self.work.as_deref() {
            request.set_pipe(upload.pipe().clone());
        }
        match self.worker.router.dispatch(request) {
            Dispatched::Ready(outcome) => {
                self.reply(&answer, outcome);
                Step::Again
            }
            Dispatched::Pending(future) => {
                let Some(work) = &mut self.work else { return Step::Wait };
                work.awaited = Some(Awaited { future, answer });
                self.phase = Phase::Handler;
                self.await_handler(cx)
            }
        }
    }

    fn await_handler(&mut self, cx: &mut Context<'_>) -> Step {
        let Some(work) = &mut self.work else { return Step::Wait };
        let Some(awaited) = &mut work.awaited else { return Step::Wait };
        let Poll::Ready(outcome) = awaited.poll(cx) else {
            // What has come of the content goes on to the handler, which then has its turn.
            return if self.feed(cx) { Step::Again } else { Step::Wait };
        };
        let Some(Awaited { answer, .. }) = work.awaited.take() else { return Step::Wait };
        self.phase = Phase::Head;
        self.reply(&answer, outcome);
        Step::Again
    }

    /// Writes the next piece of an answer's content.
    fn write_content(&mut self, cx: &mut Context<'_>) -> Step {
        let tight = self.is_tight();
        let Some(work) = &mut self.work else { return Step::Wait };
        let piece_max = if tight { CONTENT_PIECE_TIGHT } else { CONTENT_PIECE };
        let Some(mut outgoing) = work.outgoing.take() else { return Step::Wait };
        let next = match outgoing.file() {
            None => outgoing.write_next(cx, work.out_mut(self.stream.buffers()), piece_max),
            Some((_, &mut 0)) => Next::Ended,
            // In order behind what is written.
            Some(_) if !work.out.is_empty() || self.stream.is_sending() => Next::Pending,
            Some((reading, &mut left)) => {
                let len = u32::try_from(left).unwrap_or(FILE_STEP).min(FILE_STEP);
                match self.stream.start_send_file(&reading.file, reading.offset, len) {
                    Ok(()) => {
                        reading.sending = true;
                        Next::Pending
                    }
                    Err(error) => {
                        tracing::error!(%error, "a file cannot be sent");
                        Next::Failed
                    }
                }
            }
        };
        match next {
            Next::Written | Next::Pending => {
                work.outgoing = Some(outgoing);
                return if next == Next::Written { Step::Again } else { Step::Wait };
            }
            Next::Ended => {
                self.phase = if outgoing.keep_alive { Phase::Head } else { Phase::Closing };
            }
            // A peer that would take the part for the whole must not see an orderly end.
            Next::Failed if outgoing.shows_its_end() => self.phase = Phase::Closing,
            Next::Failed => {
                self.stream.reset_on_close();
                self.give_up();
            }
        }
        Step::Again
    }

    fn answer_for(&self, head: &Head) -> Answer {
        Answer { method: head.method, version: head.version, keep_alive: head.keep_alive }
    }
}

/// The answer to who asks for https over a connection that is not secured (RFC 9110 section 7.4).
#[cold]
fn misdirected() -> Outcome {
    Outcome::answered(Problem::new(Status::MISDIRECTED_REQUEST).into_response())
}
