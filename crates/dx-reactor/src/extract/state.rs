//! What handlers share.
//!
//! Owns [`State`]. May not know how a value got into the scope. Its one invariant: a handler that
//! asks for a value that nobody has given keeps the server from starting.

use core::fmt;
use core::marker::PhantomData;
use core::ops::Deref;
use std::rc::Rc;

use dx_http::Status;

use super::{FromHead, Rejection};
use crate::into_response::IntoResponse;
use crate::problem::Problem;
use crate::request::Request;
use crate::response::Response;
use crate::scope::{Needs, Scope};

/// The value of type `T` that [`App::state`](crate::App::state) was given, here or in an
/// application around this one. It belongs to one worker, so that it need not be `Send`.
///
/// A route whose handler takes one that nobody has given is reported when the server starts
/// ([`RouteError::MissingState`](crate::RouteError::MissingState)).
///
/// ```
/// use std::cell::Cell;
/// use dx_reactor::{App, State};
///
/// #[derive(Default)]
/// struct Visits(Cell<u64>);
///
/// fn count(visits: State<Visits>) -> String {
///     visits.0.0.set(visits.0.0.get() + 1);
///     format!("{} on this worker", visits.0.0.get())
/// }
///
/// let app = App::new().state(Visits::default()).get("/", count);
/// ```
pub struct State<T>(pub Rc<T>);

/// Nobody has given a value of type `T`: 500. Seen only through `Option` and `Result`.
pub struct StateRejection<T> {
    wanted: PhantomData<fn() -> T>,
}

impl<T: 'static> FromHead for State<T> {
    type Rejection = StateRejection<T>;

    #[inline]
    fn from_head(_: &Request, scope: &Scope) -> Result<Self, StateRejection<T>> {
        scope.state().map(State).ok_or(StateRejection { wanted: PhantomData })
    }

    fn needs(needs: &mut Needs) {
        needs.state::<T>();
    }
}

impl<T> Deref for State<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Clone for State<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: fmt::Debug> fmt::Debug for State<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("State").field(&self.0).finish()
    }
}

impl<T> fmt::Debug for StateRejection<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<T> fmt::Display for StateRejection<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no state of type {}", core::any::type_name::<T>())
    }
}

impl<T> core::error::Error for StateRejection<T> {}

impl<T> Rejection for StateRejection<T> {
    fn is_absent(&self) -> bool {
        true
    }
}

impl<T> From<StateRejection<T>> for Problem {
    /// Which type is missing is the program's business, not the client's.
    fn from(_: StateRejection<T>) -> Self {
        Self::new(Status::INTERNAL_SERVER_ERROR)
    }
}

impl<T> IntoResponse for StateRejection<T> {
    fn into_response(self) -> Response {
        Problem::from(self).into_response()
    }
}
