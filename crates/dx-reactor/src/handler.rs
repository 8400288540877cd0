//! Functions that answer requests.
//!
//! Owns how a function becomes a handler, and the fence around its panics. May not know routes or
//! connections, nor how arguments are had (`arguments.rs`). Its one invariant: a handler that
//! panics costs its client a 500 and nobody else anything.

use core::future::Future;
use core::marker::PhantomData;
use core::mem;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use dx_http::Status;
use dx_rt::task::PoolBox;

use crate::arguments::{Arguments, Function};
use crate::into_response::IntoResponse;
use crate::problem::Problem;
use crate::request::Request;
use crate::response::Response;
use crate::scope::{Needs, Scope};

/// A function that answers requests: `fn` or `async fn`, of up to eight arguments.
///
/// Its last argument may be anything that is [`FromRequest`](crate::FromRequest), such as the
/// [`Request`] itself or the body as [`Json`](crate::Json); the others are
/// [`FromHead`](crate::FromHead), such as a path's parameters. They are taken in their order.
///
/// ```
/// use dx_reactor::{App, Json, Path, Query, Request, Status};
/// use serde::{Deserialize, Serialize};
///
/// fn plain() -> &'static str {
///     "Hello, World!"
/// }
///
/// async fn echo(request: Request) -> Result<dx_reactor::Text, Status> {
///     request.body_text().map_err(|_| Status::BAD_REQUEST)
/// }
///
/// #[derive(Deserialize, Serialize)]
/// struct Note {
///     text: String,
/// }
///
/// async fn put(Path(id): Path<u64>, Json(note): Json<Note>) -> Json<Note> {
///     Json(Note { text: format!("{id}: {}", note.text) })
/// }
///
/// let app = App::new()
///     .get("/", plain)
///     .post("/echo", echo)
///     .put("/notes/{id}", put)
///     .get("/closure", |request: Request| request.path().to_owned());
/// ```
///
/// A synchronous handler is a plain call. An asynchronous one is pinned in memory of the core. Both
/// run on the core of their connection, so that neither they nor what they hold need be `Send`.
///
/// The parameter `M` says which form a function has; it is always inferred. The trait cannot be
/// implemented outside this crate.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler",
    label = "not a handler",
    note = "a handler is a `fn` or `async fn`, or a closure of that shape, that takes up to eight \
            arguments and owns all it holds (`'static`)",
    note = "a closure says the type of its arguments: `|request: Request| ..`"
)]
pub trait Handler<M>: 'static {
    #[doc(hidden)]
    fn call(&self, scope: &Scope, request: Request) -> Reply;

    #[doc(hidden)]
    fn needs(needs: &mut Needs);

    #[doc(hidden)]
    fn streams() -> bool;
}

/// What a handler may return: a response, or a future of one.
///
/// The parameter `T` says which; it is always inferred.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be answered to a client",
    label = "neither a response nor a future of one",
    note = "a handler may return: `Response`, `&'static str`, `String`, `Text`, `Bytes`, \
            `Vec<u8>`, `()`, `Status`, `(Status, R)`, `Html<T>`, `Json<T>`, `Redirect`, `Problem`, \
            or `Result<R, E>` of these",
    note = "implement `IntoResponse` for your own types, also for errors"
)]
pub trait Answer<T> {
    /// Whether what the handler was given lives on when it has returned.
    #[doc(hidden)]
    const IS_LATER: bool;

    #[doc(hidden)]
    fn answer(self) -> Reply;
}

/// The form of handlers that answer when they are called.
#[derive(Debug)]
pub enum Synchronous {}

/// The form of handlers that return a future of their answer.
#[derive(Debug)]
pub enum Asynchronous {}

/// What a handler's call came to.
#[expect(missing_debug_implementations, reason = "cannot be named outside this crate")]
pub enum Reply {
    /// The answer.
    Ready(Response),
    /// The answer's future, not polled yet.
    Pending(ReplyFuture),
    /// The answer to a panic that did not get past a layer.
    Panicked(Response),
}

/// The future of a handler's answer, for [`poll_reply`].
pub(crate) type ReplyFuture = PoolBox<dyn Future<Output = Outcome>>;

/// A handler whose form is forgotten.
pub(crate) type ErasedHandler = Box<dyn Fn(Request) -> Reply>;

/// A handler that does not know yet what it shares with others.
pub(crate) trait Unbound {
    /// The name of the first type that it needs and `scope` does not have.
    fn missing(&self, scope: &Scope) -> Option<&'static str>;

    /// Whether it is called before the body has come.
    fn streams(&self) -> bool;

    fn bind(self: Box<Self>, scope: Rc<Scope>) -> ErasedHandler;
}

/// What a request came to.
#[derive(Debug)]
pub struct Outcome {
    /// What to answer.
    pub(crate) response: Response,
    /// Whether the handler panicked: then the connection closes, because nobody knows what else
    /// the handler left undone.
    pub(crate) panicked: bool,
}

impl<F, A, W, T> Handler<(A, W, T)> for F
where
    F: Function<A> + 'static,
    A: Arguments<W>,
    F::Output: Answer<T>,
{
    #[inline(always)]
    fn call(&self, scope: &Scope, request: Request) -> Reply {
        let outlives = A::HOLDS && F::Output::IS_LATER;
        let request = if outlives { request.kept() } else { request };
        match A::extract(request, scope) {
            Ok(arguments) => self.invoke(arguments).answer(),
            Err(response) => Reply::Ready(response),
        }
    }

    fn needs(needs: &mut Needs) {
        A::needs(needs);
    }

    fn streams() -> bool {
        A::STREAMS
    }
}

impl<R: IntoResponse> Answer<Synchronous> for R {
    const IS_LATER: bool = false;

    #[inline(always)]
    fn answer(self) -> Reply {
        Reply::Ready(self.into_response())
    }
}

impl<F> Answer<Asynchronous> for F
where
    F: Future + 'static,
    F::Output: IntoResponse,
{
    const IS_LATER: bool = true;

    #[inline]
    fn answer(self) -> Reply {
        Reply::later(Awaiting { future: Some(self) })
    }
}

impl Reply {
    #[inline]
    pub(crate) fn later(future: impl Future<Output = Outcome> + 'static) -> Self {
        Self::Pending(PoolBox::future(future))
    }
}

impl Outcome {
    /// What a handler or the router answered; never an interim response.
    #[inline]
    pub(crate) fn answered(response: Response) -> Self {
        if response.status().is_informational() {
            return Self::interim();
        }
        Self { response, panicked: false }
    }

    /// The same, once more made sure of after somebody has changed the response.
    pub(crate) fn checked(self) -> Self {
        Self { panicked: self.panicked, ..Self::answered(self.response) }
    }

    /// What a handler that has panicked is answered with.
    #[cold]
    pub(crate) fn of_panic(response: Response) -> Self {
        Self { panicked: true, ..Self::answered(response) }
    }

    /// An interim response (RFC 9110 section 15.2) would leave the client waiting for ever.
    #[cold]
    fn interim() -> Self {
        let problem = Problem::new(Status::INTERNAL_SERVER_ERROR);
        Self { response: problem.into_response(), panicked: false }
    }

    #[cold]
    fn panicked() -> Self {
        Self::of_panic(Problem::new(Status::INTERNAL_SERVER_ERROR).into_response())
    }
}

/// Forgets the form of `handler`.
pub(crate) fn erase<M: 'static, H: Handler<M>>(handler: H) -> Box<dyn Unbound> {
    Box::new(Formed { handler, form: PhantomData })
}

/// A handler of a known form.
struct Formed<H, M> {
    handler: H,
    form: PhantomData<M>,
}

impl<M: 'static, H: Handler<M>> Unbound for Formed<H, M> {
    fn missing(&self, scope: &Scope) -> Option<&'static str> {
        let mut needs = Needs::default();
        H::needs(&mut needs);
        needs.missing(scope)
    }

    fn streams(&self) -> bool {
        H::streams()
    }

    fn bind(self: Box<Self>, scope: Rc<Scope>) -> ErasedHandler {
        let handler = self.handler;
        Box::new(move |request| handler.call(&scope, request))
    }
}

/// Calls `handler`; an error is the outcome of its panic.
#[inline]
pub(crate) fn call(handler: &ErasedHandler, request: Request) -> Result<Reply, Outcome> {
    guarded(|| handler(request)).ok_or_else(Outcome::panicked)
}

/// Polls the future of a handler, which is not polled again after `Ready`.
#[inline]
pub(crate) fn poll_reply(future: &mut ReplyFuture, cx: &mut Context<'_>) -> Poll<Outcome> {
    match guarded(|| future.as_pin_mut().poll(cx)) {
        Some(Poll::Pending) => Poll::Pending,
        Some(Poll::Ready(outcome)) => Poll::Ready(outcome),
        None => Poll::Ready(Outcome::panicked()),
    }
}

/// Runs a handler's code; `None` if it panics, which the panic hook has reported.
///
/// Unwind safety: what a handler shares with others it shares by means of its own, and whatever it
/// was given is gone with it.
#[inline]
pub(crate) fn guarded<R>(work: impl FnOnce() -> R) -> Option<R> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(value) => Some(value),
        Err(payload) => {
            // What was thrown may throw when it is dropped; then it is not dropped.
            if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
                mem::forget(again);
            }
            None
        }
    }
}

pin_project_lite::pin_project! {
    /// The future of a handler's answer, which keeps the panics of the handler's destructors in.
    struct Awaiting<F> {
        // `None` once it has answered or panicked.
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for Awaiting<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut future = this.project().future;
            guarded(|| future.set(None));
        }
    }
}

impl<F> Future for Awaiting<F>
where
    F: Future,
    F::Output: IntoResponse,
{
    type Output = Outcome;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        let mut future = self.project().future;
        let Some(running) = future.as_mut().as_pin_mut() else { return Poll::Pending };
        let Poll::Ready(output) = running.poll(cx) else { return Poll::Pending };
        // Dropped here, inside the fence, and before the answer is on its way.
        future.set(None);
        Poll::Ready(Outcome::answered(output.into_response()))
    }
}

#[cfg(test)]
mod tests;
