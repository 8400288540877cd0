//! What is answered where there is no handler.
//!
//! Owns the answers to methods without a handler, to unknown paths, and to broken ones. May not
//! know routes. Its one invariant: these are handlers like others, so that layers see what they
//! answer.

use dx_http::{HeaderName, HeaderValue, Method, Status};

use crate::handler::{ErasedHandler, Reply};
use crate::into_response::IntoResponse;
use crate::params::ParamError;
use crate::problem::Problem;
use crate::request::Request;
use crate::response::Response;

const ALLOW: HeaderName = HeaderName::from_static("allow");

/// For a known path and a method without a handler.
pub(crate) fn other_method(allow: HeaderValue) -> ErasedHandler {
    Box::new(move |request: Request| {
        let response = match request.method() {
            Method::Options => Response::new(Status::NO_CONTENT),
            // RFC 9110 section 15.5.6: MUST say what is allowed.
            _ => Problem::new(Status::METHOD_NOT_ALLOWED).into_response(),
        };
        Reply::Ready(response.with_header(ALLOW, allow.clone()))
    })
}

/// For a path that no pattern matches and that has no fallback; `allow`: what any path allows.
pub(crate) fn unknown_path(allow: HeaderValue) -> ErasedHandler {
    Box::new(move |request: Request| {
        let status = match request.method() {
            // RFC 9110 section 9.3.7: what the server can do in general.
            Method::Options if request.path() == "*" => {
                let response = Response::new(Status::NO_CONTENT);
                return Reply::Ready(response.with_header(ALLOW, allow.clone()));
            }
            // RFC 9110 section 9.3.6: for proxies. Section 9.1: a method that is not known.
            Method::Connect | Method::Other => Status::NOT_IMPLEMENTED,
            _ => Status::NOT_FOUND,
        };
        Reply::Ready(Problem::new(status).into_response())
    })
}

/// For a path whose parameters are no text.
#[cold]
pub(crate) fn bad_param(error: ParamError) -> Response {
    let detail = match error {
        ParamError::BrokenEscape => "the path has an invalid percent-encoding",
        ParamError::NotUtf8 => "the path is not UTF-8",
    };
    Problem::new(Status::BAD_REQUEST).with_detail(detail).into_response()
}
