//! One event for each request, and a span around its handler.
//!
//! Owns what is written of a request, and when. May not know who reads it. Its one invariant: of
//! what a peer sends, only method and path are ever written; no query, no header, no body.
//!
//! Nothing of this is asked on routes of applications without
//! [`App::access_log`](crate::App::access_log), and with it, one comparison while nobody listens at
//! that level.

use core::pin::Pin;
use core::str;
use core::task::{Context, Poll};
use core::time::Duration;

use dx_http::{Method, Status};
use tracing::{Level, Span};

use crate::body_pool::PooledVec;
use crate::handler::{self, ErasedHandler, Outcome, Reply, ReplyFuture};
use crate::request::Request;
use crate::response::Response;

/// The target of the events, for filters.
const TARGET: &str = "dx_reactor::access";

/// Has every call of `inner` written down.
pub(crate) fn wrap(inner: ErasedHandler) -> ErasedHandler {
    Box::new(move |request| {
        if tracing::enabled!(target: TARGET, Level::INFO) {
            observed(&inner, request)
        } else {
            inner(request)
        }
    })
}

/// Writes down what the router has answered by itself.
#[cold]
pub(crate) fn answered(request: &Request, response: &Response) {
    if tracing::enabled!(target: TARGET, Level::INFO) {
        Entry::begin(request).end(response);
    }
}

/// Writes down that something was refused of which no request became: too long, too late, or not
/// understood.
#[cold]
pub(crate) fn refused(status: Status) {
    tracing::info!(target: TARGET, status = status.code(), "refused");
}

fn observed(inner: &ErasedHandler, request: Request) -> Reply {
    let entry = Entry::begin(&request);
    let span = tracing::info_span!(
        target: TARGET,
        "request",
        method = request.method_str(),
        path = request.path()
    );
    let called = span.in_scope(|| handler::call(inner, request));
    match called {
        Ok(Reply::Ready(response)) => {
            entry.end(&response);
            Reply::Ready(response)
        }
        Ok(Reply::Pending(future)) => Reply::later(Observed { future, span, entry: Some(entry) }),
        Ok(Reply::Panicked(response)) | Err(Outcome { response, .. }) => {
            entry.end(&response);
            Reply::Panicked(response)
        }
    }
}

/// The future of an answer that will be written down.
struct Observed {
    future: ReplyFuture,
    span: Span,
    /// `None` once it was written.
    entry: Option<Entry>,
}

impl Future for Observed {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        let Self { future, span, entry } = &mut *self;
        let Poll::Ready(outcome) = span.in_scope(|| handler::poll_reply(future, cx)) else {
            return Poll::Pending;
        };
        if let Some(entry) = entry.take() {
            entry.end(&outcome.response);
        }
        Poll::Ready(outcome)
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        if let Some(entry) = self.entry.take() {
            entry.abandon();
        }
    }
}

/// What is known of a request before its answer.
struct Entry {
    method: Method,
    /// Method and path. A copy: a slow handler must not hold a receive buffer for its log.
    text: PooledVec,
    method_len: usize,
    begun: Duration,
}

impl Entry {
    fn begin(request: &Request) -> Self {
        let mut text = PooledVec::take();
        text.extend_from_slice(request.method_str().as_bytes());
        let method_len = text.len();
        text.extend_from_slice(request.path().as_bytes());
        Self { method: request.method(), text, method_len, begun: dx_rt::time::wall() }
    }

    fn end(self, response: &Response) {
        let (method, path) = self.words();
        let status = response.status().code();
        let bytes = if self.method == Method::Head { 0 } else { response.body().len() };
        let duration_us = self.micros();
        tracing::info!(target: TARGET, method, path, status, bytes, duration_us, "answered");
    }

    /// The client has gone before there was an answer, or the server has ended.
    fn abandon(self) {
        let (method, path) = self.words();
        tracing::info!(target: TARGET, method, path, duration_us = self.micros(), "abandoned");
    }

    fn words(&self) -> (&str, &str) {
        let (method, path) = self.text.split_at(self.method_len);
        // Both are ASCII, as the grammar has it.
        (str::from_utf8(method).unwrap_or_default(), str::from_utf8(path).unwrap_or_default())
    }

    /// A wall clock that was set back in between makes it zero.
    fn micros(&self) -> u64 {
        let passed = dx_rt::time::wall().saturating_sub(self.begun);
        u64::try_from(passed.as_micros()).unwrap_or(u64::MAX)
    }
}
