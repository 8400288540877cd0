//! Handlers that have only so much time.
//!
//! Owns what happens to a handler that takes too long. May not know who has set the limit. Its one
//! invariant: a handler whose time is up is dropped before its client is answered.

use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use dx_http::Status;
use dx_rt::time::{Sleep, sleep};

use crate::handler::{self, ErasedHandler, Outcome, Reply, ReplyFuture};
use crate::into_response::IntoResponse;
use crate::problem::Problem;

/// Gives `inner` this much time after its call.
pub(crate) fn wrap(inner: ErasedHandler, limit: Duration) -> ErasedHandler {
    Box::new(move |request| match inner(request) {
        Reply::Pending(future) => {
            Reply::later(Limited { future: Some(future), time: sleep(limit) })
        }
        ready => ready,
    })
}

struct Limited {
    /// `None` once its time is up.
    future: Option<ReplyFuture>,
    time: Sleep,
}

impl Future for Limited {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        let Some(future) = &mut self.future else { return Poll::Pending };
        // An answer that is ready at the same moment wins.
        if let Poll::Ready(outcome) = handler::poll_reply(future, cx) {
            return Poll::Ready(outcome);
        }
        if Pin::new(&mut self.time).poll(cx).is_pending() {
            return Poll::Pending;
        }
        self.future = None;
        // Not 504, which says that somebody behind us was too slow (RFC 9110 section 15.6.5): all
        // that is known here is that we cannot answer in time now.
        let problem = Problem::new(Status::SERVICE_UNAVAILABLE)
            .with_detail("the answer was not ready in time");
        Poll::Ready(Outcome::answered(problem.into_response()))
    }
}
