//! What runs around handlers.
//!
//! Owns [`Layer`] and how one is put around a handler. May not know what any layer does. Its one
//! invariant: for every layer whose `before` has let a request through, `after` sees the answer,
//! also if it is that of a panic.

use core::pin::Pin;
use core::task::{Context, Poll};
use std::rc::Rc;

use crate::handler::{self, ErasedHandler, Outcome, Reply, ReplyFuture};
use crate::request::Request;
use crate::response::Response;

/// Something done before and after the handlers of an application, given to
/// [`App::layer`](crate::App::layer).
///
/// Both hooks are plain calls on the worker's thread and should not take long. They are inside the
/// fence: a hook that panics costs its client a 500.
///
/// ```
/// use std::cell::Cell;
/// use dx_reactor::{App, HeaderName, HeaderValue, Layer, Request, Response};
///
/// /// Numbers the requests of a worker.
/// #[derive(Default)]
/// struct Numbered(Cell<u64>);
///
/// impl Layer for Numbered {
///     type Carry = u64;
///
///     fn before(&self, _: &mut Request) -> Result<u64, Response> {
///         self.0.set(self.0.get() + 1);
///         Ok(self.0.get())
///     }
///
///     fn after(&self, number: u64, response: &mut Response) {
///         const NUMBER: HeaderName = HeaderName::from_static("x-number");
///         if let Ok(value) = HeaderValue::new(number.to_string()) {
///             response.append_header(NUMBER, value);
///         }
///     }
/// }
///
/// let app = App::new().layer(Numbered::default()).get("/", || "Hello, World!");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a layer",
    label = "not a layer",
    note = "implement `Layer`, or give a function to `App::before` or `App::after`"
)]
pub trait Layer: 'static {
    /// What `before` leaves for `after` of the same request.
    type Carry: 'static;

    /// Sees the request before the handler.
    ///
    /// # Errors
    ///
    /// The answer: then neither the handler nor what is between the two runs, nor `after` of this
    /// layer.
    fn before(&self, request: &mut Request) -> Result<Self::Carry, Response>;

    /// Sees the answer, whoever gave it: the handler, an inner layer, or the fence if one of them
    /// has panicked. Not called if the client has gone before there was an answer.
    fn after(&self, carry: Self::Carry, response: &mut Response);
}

/// A layer whose type is forgotten.
pub(crate) trait ErasedLayer {
    fn wrap(&self, inner: ErasedHandler) -> ErasedHandler;
}

impl<L: Layer> ErasedLayer for Rc<L> {
    fn wrap(&self, inner: ErasedHandler) -> ErasedHandler {
        let layer = self.clone();
        Box::new(move |mut request| {
            let carry = match layer.before(&mut request) {
                Ok(carry) => carry,
                Err(response) => return Reply::Ready(response),
            };
            match handler::call(&inner, request) {
                Ok(Reply::Ready(mut response)) => {
                    layer.after(carry, &mut response);
                    Reply::Ready(response)
                }
                Ok(Reply::Pending(future)) => {
                    let layer = layer.clone();
                    Reply::later(Layered { future, layer, carry: Some(carry) })
                }
                Ok(Reply::Panicked(mut response)) => {
                    layer.after(carry, &mut response);
                    Reply::Panicked(response)
                }
                Err(mut outcome) => {
                    layer.after(carry, &mut outcome.response);
                    Reply::Panicked(outcome.response)
                }
            }
        })
    }
}

/// The future of an answer that a layer waits for.
struct Layered<L: Layer> {
    future: ReplyFuture,
    layer: Rc<L>,
    /// `None` once it was used.
    carry: Option<L::Carry>,
}

// Nothing in it is ever pinned: the future is where it is and stays there.
impl<L: Layer> Unpin for Layered<L> {}

impl<L: Layer> Future for Layered<L> {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        let Poll::Ready(mut outcome) = handler::poll_reply(&mut self.future, cx) else {
            return Poll::Pending;
        };
        if let Some(carry) = self.carry.take() {
            self.layer.after(carry, &mut outcome.response);
        }
        // The hook may have changed what must not be changed.
        Poll::Ready(outcome.checked())
    }
}

/// The layer of [`App::before`](crate::App::before).
pub(crate) struct Before<F>(pub(crate) F);

impl<F: Fn(&mut Request) -> Result<(), Response> + 'static> Layer for Before<F> {
    type Carry = ();

    fn before(&self, request: &mut Request) -> Result<(), Response> {
        (self.0)(request)
    }

    fn after(&self, (): (), _: &mut Response) {}
}

/// The layer of [`App::after`](crate::App::after).
pub(crate) struct After<F>(pub(crate) F);

impl<F: Fn(&mut Response) + 'static> Layer for After<F> {
    type Carry = ();

    fn before(&self, _: &mut Request) -> Result<(), Response> {
        Ok(())
    }

    fn after(&self, (): (), response: &mut Response) {
        (self.0)(response);
    }
}
