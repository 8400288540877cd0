//! From answers to bytes.
//!
//! Owns how an outcome is written to the connection's output, and whether the connection lives on
//! after it. May not know how it came about. Invariant: what is written for one request is one
//! complete answer.

use core::task::{Context, Poll};

use dx_http::{HeadParser, Method, ResponseFraming, ResponseHead, Status, Version};

use super::outgoing::Outgoing;
use super::{Conn, Phase, Work};
use crate::handler::{Outcome, ReplyFuture, guarded, poll_reply};
use crate::into_response::IntoResponse;
use crate::limits::{CONTENT_PIECE, CONTENT_PIECE_TIGHT};
use crate::problem::Problem;
use crate::response::Response;

/// What of a request decides how it is answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    pub(super) method: Method,
    pub(super) version: Version,
    pub(super) keep_alive: bool,
}

/// A handler that was not ready at once.
pub(super) struct Awaited {
    pub(super) future: ReplyFuture,
    pub(super) answer: Answer,
}

impl Awaited {
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Outcome> {
        poll_reply(&mut self.future, cx)
    }
}

impl Conn {
    /// Writes an answer and decides what follows.
    #[inline]
    pub(super) fn reply(&mut self, answer: &Answer, outcome: Outcome) {
        if self.work.as_ref().is_some_and(|work| work.upload.is_some()) {
            self.skip_upload();
        }
        // In a shutdown, whatever has arrived is still answered; the last answer says that it is
        // the last. A peer that sends on and on gets no more than the request it had begun.
        let work = self.work.as_deref();
        let (late, spoiled) = work.map_or((false, false), |work| (work.late, work.spoiled));
        let last = self.worker.draining.get() && (late || !self.has_input());
        let keep_alive = answer.keep_alive && !outcome.panicked && !last && !spoiled;
        self.write(answer, outcome.response, keep_alive);
    }

    /// Answers what could not be understood or took too long; then the connection ends, because
    /// nobody knows where the next request would begin.
    pub(super) fn refuse(&mut self, status: Status) {
        let method = match self.work.as_deref() {
            Some(Work { incoming: Some(incoming), .. }) => incoming.method(),
            // Of a head that is not understood, only this much counts.
            Some(work) if HeadParser::asks_with_head(work.input.unread()) => Method::Head,
            _ => Method::Get,
        };
        self.refuse_to(method, status);
    }

    /// As [`refuse`](Self::refuse), for a request whose method is known: HEAD gets no content.
    pub(super) fn refuse_to(&mut self, method: Method, status: Status) {
        let answer = Answer { method, version: Version::Http11, keep_alive: false };
        let response = Problem::new(status).into_response();
        self.worker.router.refused(status);
        self.work.get_or_insert_with(|| self.worker.take_work());
        self.write(&answer, response, false);
    }

    fn has_input(&self) -> bool {
        self.work.as_ref().is_some_and(|work| !work.input.is_empty()) || self.stream.has_received()
    }

    /// Writes the head, and the content if there is not much of it; then the phase is what follows.
    fn write(&mut self, answer: &Answer, mut response: Response, keep_alive: bool) {
        let at_once = if self.is_tight() { CONTENT_PIECE_TIGHT } else { CONTENT_PIECE };
        self.phase = Phase::Closing;
        let Some(work) = &mut self.work else { return };
        let out = work.out_mut(self.stream.buffers());
        let (framing, keep_alive) = self.worker.with_heads(|date, last| {
            let head = ResponseHead {
                status: response.status(),
                version: answer.version,
                keep_alive,
                content_type: response.content_type(),
                framing: match response.content_length() {
                    Some(length) => ResponseFraming::Length(length),
                    None if response.announces_length() => ResponseFraming::Chunked,
                    None => ResponseFraming::None,
                },
                date,
                headers: response.headers(),
            };
            last.encode(&head, out);
            (head.framing_sent(), head.keep_alive_sent())
        });
        if keep_alive {
            self.phase = Phase::Head;
        }
        // An answer to HEAD has the length and not the content (RFC 9110 section 9.3.2).
        if answer.method == Method::Head || framing == ResponseFraming::None {
            // Content that is made may be anybody's code.
            guarded(move || drop(response));
            return;
        }
        let body = response.body();
        if response.is_whole() && body.len() <= at_once {
            out.extend_from_slice(body);
        } else {
            work.outgoing = Some(Outgoing::new(response.take_body(), framing, keep_alive));
            self.phase = Phase::Content;
        }
    }
}
