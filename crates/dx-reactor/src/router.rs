//! From a request to its handler.
//!
//! Owns the compiled routes and what is answered where there is none. May not know connections.
//! Its one invariant: every request gets exactly one answer, and a handler only requests whose
//! parameters are text.

use std::rc::Rc;

use dx_http::{HeaderValue, Method, Status};

use crate::access_log;
use crate::app::{Fallback, Route};
use crate::exact_paths::ExactPaths;
use crate::fallbacks::Fallbacks;
use crate::group::{self, Around, BodyRule, Group};
use crate::handler::{self, ErasedHandler, Outcome, Reply, ReplyFuture};
use crate::own_answers;
use crate::params::ParamError;
use crate::pattern;
use crate::request::Request;
use crate::route_error::{PatternFault, RouteError};

/// The methods a pattern may have handlers for, in the order `Allow` names them; their places are
/// [`place`]'s.
const METHODS: [Method; 9] = [
    Method::Get,
    Method::Head,
    Method::Post,
    Method::Put,
    Method::Patch,
    Method::Delete,
    Method::Options,
    Method::Trace,
    Method::Other,
];

/// Compiled routes.
pub(crate) struct Router {
    endpoints: Vec<Endpoint>,
    /// Places in `endpoints` of patterns without parameters, which win over all others. Finding
    /// them here instead of in the tree saves 9 ns with one route and 20 ns with two hundred, and
    /// costs the other patterns 1 ns.
    exact: ExactPaths,
    /// Places in `endpoints` of all patterns.
    patterns: matchit::Router<usize>,
    fallbacks: Fallbacks,
    /// Answers where there is neither a pattern nor a fallback.
    unknown_path: ErasedHandler,
    /// Whether any route has rules of its own for bodies.
    has_body_rules: bool,
    /// Whether what is refused without a handler is written down.
    access_log: bool,
}

/// What a request came to, unless its handler waits.
pub(crate) enum Dispatched {
    /// The answer.
    Ready(Outcome),
    /// The future of the answer, for [`poll_reply`](crate::handler::poll_reply); not polled yet.
    Pending(ReplyFuture),
}

/// All that one pattern has handlers for.
struct Endpoint {
    pattern: String,
    names: Rc<[Box<str>]>,
    handlers: [Option<ErasedHandler>; METHODS.len()],
    bodies: [BodyRule; METHODS.len()],
    /// The applications that its first route was nested in.
    around: Around,
    /// Answers to the other methods; `None` while not all are known.
    other_method: Option<ErasedHandler>,
}

impl Router {
    /// The routes of an application with `root` around all of it.
    ///
    /// # Errors
    ///
    /// The first fault.
    pub(crate) fn new(
        routes: Vec<Route>,
        fallbacks: Vec<Fallback>,
        root: Rc<Group>,
    ) -> Result<Self, RouteError> {
        let mut endpoints: Vec<Endpoint> = Vec::new();
        for route in routes {
            let Some(place) = place(route.method) else {
                let Route { method, pattern, .. } = route;
                return Err(RouteError::Unroutable { method, pattern });
            };
            let known = endpoints.iter_mut().find(|endpoint| endpoint.pattern == route.pattern);
            let endpoint = match known {
                Some(endpoint) => endpoint,
                None => endpoints.push_mut(Endpoint::new(route.pattern, route.around.clone())?),
            };
            endpoint.bodies[place] = route.body;
            if endpoint.handlers[place].replace(route.handler).is_some() {
                let pattern = endpoint.pattern.clone();
                return Err(RouteError::Duplicate { method: route.method, pattern });
            }
        }
        let mut patterns = matchit::Router::new();
        let mut exact = ExactPaths::default();
        for place in 0..endpoints.len() {
            patterns
                .insert(&endpoints[place].pattern, place)
                .map_err(|error| refused(error, &endpoints, place))?;
            endpoints[place].complete();
            if endpoints[place].names.is_empty() {
                exact.insert(endpoints[place].pattern.as_bytes(), place);
            }
        }
        let all = METHODS
            .into_iter()
            .filter(|&method| endpoints.iter().any(|endpoint| endpoint.handler(method).is_some()));
        let unknown_path = own_answers::unknown_path(allow(&all.collect::<Vec<_>>()));
        let fallbacks = Fallbacks::new(fallbacks)?;
        let mut bodies = endpoints.iter().flat_map(|endpoint| endpoint.bodies);
        Ok(Self {
            has_body_rules: bodies.any(|rule| !rule.is_usual()) || fallbacks.have_body_rules(),
            endpoints,
            exact,
            patterns,
            fallbacks,
            access_log: root.access_log,
            unknown_path: group::enclose(unknown_path, &vec![root]),
        })
    }

    /// Calls the handler that `request` is for.
    #[inline]
    pub(crate) fn dispatch(&self, mut request: Request) -> Dispatched {
        let endpoint = match self.find(&mut request) {
            Ok(Some(endpoint)) => endpoint,
            Ok(None) => return self.no_endpoint(request),
            Err(error) => return self.bad_param(&request, error),
        };
        match endpoint.handler(request.method()) {
            Some(handler) => call(handler, request),
            None => self.no_handler(endpoint, request),
        }
    }

    #[inline]
    fn find(&self, request: &mut Request) -> Result<Option<&Endpoint>, ParamError> {
        if let Some(place) = self.exact.get(request.path_bytes()) {
            return Ok(Some(&self.endpoints[place]));
        }
        request.with_params(|(path, start), params| {
            let Ok(found) = self.patterns.at(path) else { return Ok(None) };
            let endpoint = &self.endpoints[*found.value];
            if !endpoint.names.is_empty() {
                let values = found.params.iter().map(|(_, value)| value);
                params.fill(&endpoint.names, (path, start), values)?;
            }
            Ok(Some(endpoint))
        })
    }

    /// What holds for the body of a request whose head says this. To be asked before it is read.
    pub(crate) fn body_rule(&self, method: Method, path: &[u8]) -> BodyRule {
        if !self.has_body_rules {
            return BodyRule::default();
        }
        let path = core::str::from_utf8(path).unwrap_or_default();
        let found = self.exact.get(path.as_bytes());
        match found.or_else(|| self.patterns.at(path).ok().map(|found| *found.value)) {
            Some(place) => self.endpoints[place].body_rule(method),
            None => self.fallbacks.body_rule(path),
        }
    }

    #[cold]
    fn no_endpoint(&self, mut request: Request) -> Dispatched {
        // Neither names anything that a fallback could be for (RFC 9110 sections 9.3.6, 9.3.7).
        let is_path = request.method() != Method::Connect && request.path() != "*";
        let fallback = if is_path { self.fallbacks.find(&mut request) } else { Ok(None) };
        match fallback {
            Ok(handler) => call(handler.unwrap_or(&self.unknown_path), request),
            Err(error) => self.bad_param(&request, error),
        }
    }

    #[cold]
    fn no_handler(&self, endpoint: &Endpoint, request: Request) -> Dispatched {
        call(endpoint.other_method.as_ref().unwrap_or(&self.unknown_path), request)
    }

    #[cold]
    fn bad_param(&self, request: &Request, error: ParamError) -> Dispatched {
        let response = own_answers::bad_param(error);
        if self.access_log {
            access_log::answered(request, &response);
        }
        Dispatched::Ready(Outcome::answered(response))
    }

    /// Takes note of what a connection refuses without a request.
    #[cold]
    pub(crate) fn refused(&self, status: Status) {
        if self.access_log {
            access_log::refused(status);
        }
    }
}

impl Endpoint {
    fn new(pattern: String, around: Around) -> Result<Self, RouteError> {
        match pattern::names(&pattern) {
            Ok(names) => Ok(Self {
                pattern,
                names,
                handlers: [const { None }; METHODS.len()],
                bodies: [BodyRule::default(); METHODS.len()],
                around,
                other_method: None,
            }),
            Err(fault) => Err(RouteError::Pattern { pattern, fault }),
        }
    }

    #[inline]
    fn handler(&self, method: Method) -> Option<&ErasedHandler> {
        match (self.handlers[place(method)?].as_ref(), method) {
            // RFC 9110 section 9.3.2; the connection leaves the content away.
            (None, Method::Head) => self.handlers[const { place(Method::Get).unwrap() }].as_ref(),
            (handler, _) => handler,
        }
    }

    /// Every method that has a handler is known.
    fn complete(&mut self) {
        let answers = own_answers::other_method(allow(&self.methods()));
        self.other_method = Some(group::enclose(answers, &self.around));
    }

    fn body_rule(&self, method: Method) -> BodyRule {
        let Some(place) = place(method) else { return BodyRule::default() };
        match (self.handlers[place].is_some(), method) {
            (false, Method::Head) => self.body_rule(Method::Get),
            _ => self.bodies[place],
        }
    }

    /// The methods that were registered.
    fn methods(&self) -> Vec<Method> {
        let methods = METHODS.into_iter().zip(&self.handlers);
        methods.filter(|(_, handler)| handler.is_some()).map(|(method, _)| method).collect()
    }
}

/// Where `method` stands in [`METHODS`]; `None` for CONNECT, which has no path.
#[inline]
const fn place(method: Method) -> Option<usize> {
    Some(match method {
        Method::Get => 0,
        Method::Head => 1,
        Method::Post => 2,
        Method::Put => 3,
        Method::Patch => 4,
        Method::Delete => 5,
        Method::Options => 6,
        Method::Trace => 7,
        Method::Connect => return None,
        _ => 8,
    })
}

const _: () = {
    let mut at = 0;
    while at < METHODS.len() {
        assert!(matches!(place(METHODS[at]), Some(found) if found == at));
        at += 1;
    }
};

/// The value of `Allow` where these methods have handlers.
fn allow(methods: &[Method]) -> HeaderValue {
    let allowed = METHODS.into_iter().filter(|method| match method {
        Method::Head => methods.contains(&Method::Get) || methods.contains(method),
        Method::Options => true,
        // It has many names.
        Method::Other => false,
        method => methods.contains(method),
    });
    let names: Vec<_> = allowed.map(Method::as_str).collect();
    HeaderValue::new(names.join(", ")).unwrap_or_else(|_| unreachable!("names of methods"))
}

#[inline]
fn call(handler: &ErasedHandler, request: Request) -> Dispatched {
    match handler::call(handler, request) {
        Ok(Reply::Ready(response)) => Dispatched::Ready(Outcome::answered(response)),
        Ok(Reply::Pending(future)) => Dispatched::Pending(future),
        Ok(Reply::Panicked(response)) => Dispatched::Ready(Outcome::of_panic(response)),
        Err(outcome) => Dispatched::Ready(outcome),
    }
}

/// Why `endpoints[place]` does not go together with those before it.
fn refused(error: matchit::InsertError, endpoints: &[Endpoint], place: usize) -> RouteError {
    let pattern = endpoints[place].pattern.clone();
    let fault = match error {
        matchit::InsertError::Conflict { with } => {
            let earlier = endpoints[..place].iter().find(|endpoint| endpoint.pattern == with);
            return RouteError::Conflict {
                pattern,
                methods: endpoints[place].methods(),
                with_methods: earlier.map(Endpoint::methods).unwrap_or_default(),
                with,
            };
        }
        matchit::InsertError::InvalidParamSegment => PatternFault::SeveralParamsInSegment,
        matchit::InsertError::InvalidCatchAll => PatternFault::MisplacedCatchAll,
        _ => PatternFault::InvalidParam,
    };
    RouteError::Pattern { pattern, fault }
}

#[cfg(test)]
mod tests;
