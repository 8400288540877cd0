//! What an application answers, as it is written down.
//!
//! Owns [`App`], the list of routes. May not know requests. Its one invariant: nothing is judged
//! before the list is complete, so that the order of registration does not matter and every fault
//! is found in one place.

use core::fmt;

use dx_http::Method;

use crate::handler::{ErasedHandler, Handler, erase};
use crate::pattern;
use crate::route_error::{PatternFault, RouteError};
use crate::router::Router;

/// Routes and their handlers.
///
/// A pattern is a path in which `{name}` stands for one or more characters of one segment, with
/// text before or after it if need be (`/{file}.json`), and `{*name}`, at the end, for all that
/// follows, slashes included. Text outweighs parameters; `{name}` and `{*name}` at the same place
/// are a conflict. Paths are compared as they are sent: case-sensitively and percent-encoded, and
/// `/a` is not `/a/`.
///
/// What needs no route: `HEAD` is answered by the handler of `GET`, `OPTIONS` and methods without a
/// handler by the list of those that have one, unknown paths by 404.
///
/// Nothing here fails; faults are reported when the server starts ([`RouteError`]).
///
/// ```
/// use dx_reactor::{App, Request, Status};
///
/// fn user(request: Request) -> String {
///     format!("user {}", request.param("id").unwrap_or_default())
/// }
///
/// let api = App::new().get("/users/{id}", user).fallback(|| (Status::NOT_FOUND, "no such API"));
/// let app = App::new().get("/", || "Hello, World!").nest("/api", api);
/// ```
#[derive(Default)]
pub struct App {
    routes: Vec<Route>,
    fallbacks: Vec<Fallback>,
    faults: Vec<RouteError>,
}

/// One method of one pattern.
pub(crate) struct Route {
    pub(crate) method: Method,
    pub(crate) pattern: String,
    pub(crate) handler: ErasedHandler,
}

/// What answers where no pattern matches.
pub(crate) struct Fallback {
    /// Of all paths below this one, and of itself; empty: of all paths.
    pub(crate) prefix: String,
    pub(crate) handler: ErasedHandler,
}

impl App {
    /// An application that answers nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { routes: Vec::new(), fallbacks: Vec::new(), faults: Vec::new() }
    }

    /// As [`App::route`] with [`Method::Get`].
    #[must_use]
    pub fn get<M, H: Handler<M>>(self, pattern: &str, handler: H) -> Self {
        self.route(Method::Get, pattern, handler)
    }

    /// As [`App::route`] with [`Method::Head`].
    #[must_use]
    pub fn head<M, H: Handler<M>>(self, pattern: &str, handler: H) -> Self {
        self.route(Method::Head, pattern, handler)
    }

    /// As [`App::route`] with [`Method::Post`].
    #[must_use]
    pub fn post<M, H: Handler<M>>(self, pattern: &str, handler: H) -> Self {
        self.route(Method::Post, pattern, handler)
    }

    /// As [`App::route`] with [`Method::Put`].
    #[must_use]
    pub fn put<M, H: Handler<M>>(self, pattern: &str, handler: H) -> Self {
        self.route(Method::Put, pattern, handler)
    }

    /// As [`App::route`] with [`Method::Patch`].
    #[must_use]
    pub fn patch<M, H: Handler<M>>(self, pattern: &str, handler: H) -> Self {
        self.route(Method::Patch, pattern, handler)
    }

    /// As [`App::route`] with [`Method::Delete`].
    #[must_use]
    pub fn delete<M, H: Handler<M>>(self, pattern: &str, handler: H) -> Self {
        self.route(Method::Delete, pattern, handler)
    }

    /// As [`App::route`] with [`Method::Options`].
    #[must_use]
    pub fn options<M, H: Handler<M>>(self, pattern: &str, handler: H) -> Self {
        self.route(Method::Options, pattern, handler)
    }

    /// Requests with this method, whose path matches this pattern, go to this handler.
    ///
    /// [`Method::Other`] stands for all methods that have no name here;
    /// [`Request::method_str`](crate::Request::method_str) tells the handler which it is.
    #[must_use]
    pub fn route<M, H: Handler<M>>(mut self, method: Method, pattern: &str, handler: H) -> Self {
        let pattern = pattern.to_owned();
        self.routes.push(Route { method, pattern, handler: erase(handler) });
        self
    }

    /// Requests whose path matches no pattern go to this handler, whatever their method (but
    /// CONNECT). In a nested application: those to its prefix or below, if no longer prefix has a
    /// fallback.
    #[must_use]
    pub fn fallback<M, H: Handler<M>>(mut self, handler: H) -> Self {
        let prefix = String::new();
        self.fallbacks.push(Fallback { prefix, handler: erase(handler) });
        self
    }

    /// Adds all that `app` answers, with `prefix` before its patterns. Its `/` is the prefix
    /// itself. The prefix may have parameters. Nesting costs nothing when requests are matched.
    #[must_use]
    pub fn nest(mut self, prefix: &str, app: Self) -> Self {
        if let Err(fault) = check_prefix(prefix) {
            self.faults.push(RouteError::Prefix { prefix: prefix.to_owned(), fault });
            return self;
        }
        self.faults.extend(app.faults);
        self.routes.extend(app.routes.into_iter().map(|route| match route.pattern.as_str() {
            "/" => Route { pattern: prefix.to_owned(), ..route },
            // Refused later; a prefix must not make a pattern of it.
            inner if !inner.starts_with('/') => route,
            inner => Route { pattern: format!("{prefix}{inner}"), ..route },
        }));
        self.fallbacks.extend(
            app.fallbacks
                .into_iter()
                .map(|inner| Fallback { prefix: format!("{prefix}{}", inner.prefix), ..inner }),
        );
        self
    }

    /// The routes, ready to be matched.
    ///
    /// # Errors
    ///
    /// The first fault.
    pub(crate) fn compile(self) -> Result<Router, RouteError> {
        match self.faults.into_iter().next() {
            Some(fault) => Err(fault),
            None => Router::new(self.routes, self.fallbacks),
        }
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let routes = self.routes.iter().map(|route| (route.method, &route.pattern));
        f.debug_list().entries(routes).finish()
    }
}

fn check_prefix(prefix: &str) -> Result<(), PatternFault> {
    pattern::names(prefix)?;
    if prefix.ends_with('/') {
        return Err(PatternFault::TrailingSlash);
    }
    if prefix.contains("{*") { Err(PatternFault::MisplacedCatchAll) } else { Ok(()) }
}
