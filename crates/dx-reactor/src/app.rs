//! What an application answers, as it is written down.
//!
//! Owns [`App`], the list of routes. May not know requests. Its one invariant: nothing is judged
//! before the list is complete, so that the order of registration does not matter and every fault
//! is found in one place.

use core::any::type_name;
use core::time::Duration;
use core::{fmt, mem};
use std::rc::Rc;

use dx_http::Method;

use crate::group::{self, Around, BodyRule, Group};
use crate::handler::{ErasedHandler, Handler, Unbound, erase};
use crate::layer::{After, Before, Layer};
use crate::pattern;
use crate::request::Request;
use crate::response::Response;
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
/// use dx_reactor::{App, Path, Status};
///
/// fn user(Path(id): Path<u64>) -> String {
///     format!("user {id}")
/// }
///
/// let api = App::new().get("/users/{id}", user).fallback(|| (Status::NOT_FOUND, "no such API"));
/// let app = App::new().get("/", || "Hello, World!").nest("/api", api);
/// ```
#[derive(Default)]
pub struct App {
    routes: Vec<Route<Box<dyn Unbound>>>,
    fallbacks: Vec<Fallback<Box<dyn Unbound>>>,
    faults: Vec<RouteError>,
    group: Group,
}

/// One method of one pattern.
pub(crate) struct Route<H = ErasedHandler> {
    pub(crate) method: Method,
    pub(crate) pattern: String,
    pub(crate) handler: H,
    /// What holds for bodies; known once it is bound.
    pub(crate) body: BodyRule,
    /// The applications it was nested in.
    pub(crate) around: Around,
}

/// What answers where no pattern matches.
pub(crate) struct Fallback<H = ErasedHandler> {
    /// Of all paths below this one, and of itself; empty: of all paths.
    pub(crate) prefix: String,
    pub(crate) handler: H,
    /// What holds for bodies; known once it is bound.
    pub(crate) body: BodyRule,
    /// The applications it was nested in.
    pub(crate) around: Around,
}

impl App {
    /// An application that answers nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Shares `value` with the handlers of this application and of those nested in it, which take
    /// it as [`State<T>`](crate::State). One value of each type; a nested application's own wins.
    ///
    /// It belongs to one worker and need not be `Send`: the factory that makes the application
    /// makes one for each worker.
    #[must_use]
    pub fn state<T: 'static>(mut self, value: T) -> Self {
        if !self.group.scope.add(value) {
            self.faults.push(RouteError::DuplicateState { type_name: type_name::<T>() });
        }
        self
    }

    /// Puts `layer` around the handlers of this application and of those nested in it. Of several,
    /// the first is the outermost: its `before` runs first, its `after` last.
    ///
    /// It also sees what the server answers of itself to methods without a handler (405, OPTIONS),
    /// at the paths of the application in which their pattern is registered first, and, on the
    /// application that is served, to unknown paths (404). It does not see requests that are not
    /// understood or too large.
    #[must_use]
    pub fn layer<L: Layer>(mut self, layer: L) -> Self {
        self.group.layers.push(Box::new(Rc::new(layer)));
        self
    }

    /// As [`App::layer`], of a function that is called before handlers and may answer instead.
    #[must_use]
    pub fn before<F>(self, hook: F) -> Self
    where
        F: Fn(&mut Request) -> Result<(), Response> + 'static,
    {
        self.layer(Before(hook))
    }

    /// As [`App::layer`], of a function that is called after handlers.
    #[must_use]
    pub fn after<F: Fn(&mut Response) + 'static>(self, hook: F) -> Self {
        self.layer(After(hook))
    }

    /// Bytes that the body of a request may have here: 413. Instead of
    /// [`Limits::body_max`](crate::Limits::body_max), and instead of what an application around
    /// this one says.
    #[must_use]
    pub const fn body_max(mut self, bytes: usize) -> Self {
        self.group.body_max = Some(bytes);
        self
    }

    /// Time that an asynchronous handler has for its answer, in place of what an application
    /// around this one says: then it is dropped, and its client is answered with 503.
    ///
    /// A synchronous handler cannot be interrupted. The time of layers does not count.
    #[must_use]
    pub const fn timeout(mut self, time: Duration) -> Self {
        self.group.timeout = Some(time);
        self
    }

    /// Has one event for each request written by `tracing`, at level INFO and with the target
    /// `dx_reactor::access`: `method`, `path`, `status`, `bytes` of content, and `duration_us`,
    /// from the call of the handler to its answer. While a handler runs it is in a span `request`,
    /// with method and path. No query, header or body is ever written.
    ///
    /// On the application that is served, what is refused without a request is written as well
    /// (`refused`). A client that has gone before its answer is `abandoned`.
    #[must_use]
    pub const fn access_log(mut self) -> Self {
        self.group.access_log = true;
        self
    }

    /// As [`App::route`] with [`Method::Get`].
    #[must_use]
    pub fn get<M: 'static, H: Handler<M>>(self, pattern: &str, handler: H) -> Self {
        self.route(Method::Get, pattern, handler)
    }

    /// As [`App::route`] with [`Method::Head`].
    #[must_use]
    pub fn head<M: 'static, H: Handler<M>>(self, pattern: &str, handler: H) -> Self {
        self.route(Method::Head, pattern, handler)
    }

    /// As [`App::route`] with [`Method::Post`].
    #[must_use]
    pub fn post<M: 'static, H: Handler<M>>(self, pattern: &str, handler: H) -> Self {
        self.route(Method::Post, pattern, handler)
    }

    /// As [`App::route`] with [`Method::Put`].
    #[must_use]
    pub fn put<M: 'static, H: Handler<M>>(self, pattern: &str, handler: H) -> Self {
        self.route(Method::Put, pattern, handler)
    }

    /// As [`App::route`] with [`Method::Patch`].
    #[must_use]
    pub fn patch<M: 'static, H: Handler<M>>(self, pattern: &str, handler: H) -> Self {
        self.route(Method::Patch, pattern, handler)
    }

    /// As [`App::route`] with [`Method::Delete`].
    #[must_use]
    pub fn delete<M: 'static, H: Handler<M>>(self, pattern: &str, handler: H) -> Self {
        self.route(Method::Delete, pattern, handler)
    }

    /// As [`App::route`] with [`Method::Options`].
    #[must_use]
    pub fn options<M: 'static, H: Handler<M>>(self, pattern: &str, handler: H) -> Self {
        self.route(Method::Options, pattern, handler)
    }

    /// Requests with this method, whose path matches this pattern, go to this handler.
    ///
    /// [`Method::Other`] stands for all methods that have no name here;
    /// [`Request::method_str`](crate::Request::method_str) tells the handler which it is.
    #[must_use]
    pub fn route<M: 'static, H: Handler<M>>(
        mut self,
        method: Method,
        pattern: &str,
        handler: H,
    ) -> Self {
        let (pattern, handler, around) = (pattern.to_owned(), erase(handler), Around::new());
        let body = BodyRule::default();
        self.routes.push(Route { method, pattern, handler, body, around });
        self
    }

    /// Requests whose path matches no pattern go to this handler, whatever their method (but
    /// CONNECT). In a nested application: those to its prefix or below, if no longer prefix has a
    /// fallback.
    #[must_use]
    pub fn fallback<M: 'static, H: Handler<M>>(mut self, handler: H) -> Self {
        let (prefix, handler, around) = (String::new(), erase(handler), Around::new());
        self.fallbacks.push(Fallback { prefix, handler, body: BodyRule::default(), around });
        self
    }

    /// Adds all that `app` answers, with `prefix` before its patterns. Its `/` is the prefix
    /// itself. The prefix may have parameters. Nesting costs nothing when requests are matched.
    #[must_use]
    pub fn nest(mut self, prefix: &str, mut app: Self) -> Self {
        if let Err(fault) = check_prefix(prefix) {
            self.faults.push(RouteError::Prefix { prefix: prefix.to_owned(), fault });
            return self;
        }
        app.enclose();
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

    /// Adds all that `app` answers, at the paths where it answers it: for routes that have
    /// something in common and no prefix.
    ///
    /// ```
    /// use std::time::Duration;
    /// use dx_reactor::{App, Bytes};
    ///
    /// let uploads = App::new()
    ///     .body_max(64 * 1024 * 1024)
    ///     .timeout(Duration::from_secs(60))
    ///     .post("/upload", async |body: Bytes| format!("{} bytes", body.len()));
    /// let app = App::new().get("/", || "Hello, World!").merge(uploads);
    /// ```
    #[must_use]
    pub fn merge(mut self, mut app: Self) -> Self {
        app.enclose();
        self.faults.extend(app.faults);
        self.routes.extend(app.routes);
        self.fallbacks.extend(app.fallbacks);
        self
    }

    /// The routes, ready to be matched.
    ///
    /// # Errors
    ///
    /// The first fault.
    pub(crate) fn compile(mut self) -> Result<Router, RouteError> {
        let root = self.enclose();
        if let Some(fault) = self.faults.into_iter().next() {
            return Err(fault);
        }
        let routes = self.routes.into_iter().map(Route::bound).collect::<Result<_, _>>()?;
        let fallbacks =
            self.fallbacks.into_iter().map(Fallback::bound).collect::<Result<_, _>>()?;
        Router::new(routes, fallbacks, root)
    }

    /// Puts what this application has in common around all that it has.
    fn enclose(&mut self) -> Rc<Group> {
        let group = Rc::new(mem::take(&mut self.group));
        let routes = self.routes.iter_mut().map(|route| &mut route.around);
        let fallbacks = self.fallbacks.iter_mut().map(|fallback| &mut fallback.around);
        for around in routes.chain(fallbacks) {
            around.push(group.clone());
        }
        group
    }
}

impl Route<Box<dyn Unbound>> {
    fn bound(self) -> Result<Route, RouteError> {
        let Self { method, pattern, handler, around, .. } = self;
        let body = BodyRule::of(&*handler, &around);
        match group::bind(handler, &around) {
            Ok(handler) => Ok(Route { method, pattern, handler, body, around }),
            Err(type_name) => {
                Err(RouteError::MissingState { method: Some(method), pattern, type_name })
            }
        }
    }
}

impl Fallback<Box<dyn Unbound>> {
    fn bound(self) -> Result<Fallback, RouteError> {
        let Self { prefix, handler, around, .. } = self;
        let body = BodyRule::of(&*handler, &around);
        match group::bind(handler, &around) {
            Ok(handler) => Ok(Fallback { prefix, handler, body, around }),
            Err(type_name) => {
                Err(RouteError::MissingState { method: None, pattern: prefix, type_name })
            }
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
