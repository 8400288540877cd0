//! What a handler takes of a request, as its arguments.
//!
//! Owns the two traits an argument may have, [`FromHead`] and [`FromRequest`], and what refuses
//! one ([`Rejection`]); its folders own the extractors. May not know routes. Its one invariant: an
//! argument that could not be had is an answer to the client, and the handler is not called.

mod body;
mod form;
mod header;
mod path;
mod path_value;
mod query;
mod state;

use core::convert::Infallible;

use dx_http::{Method, Status};

pub use body::TextRejection;
pub use form::{Form, FormRejection};
pub use header::{Header, HeaderField, HeaderRejection, Headers};
pub use path::{Path, PathRejection};
pub use query::{Query, QueryRejection, ValueError};
pub use state::{State, StateRejection};

use crate::into_response::IntoResponse;
use crate::problem::Problem;
use crate::request::Request;
use crate::response::Response;
use crate::scope::{Needs, Scope};

/// Arguments that need only the head of a request: any argument of a handler may be one.
///
/// | argument | what it is | if it cannot be had |
/// |---|---|---|
/// | [`Path<T>`] | the route's parameters | 400 |
/// | [`Query<T>`] | what follows the `?` | 400 |
/// | [`Header<T>`](Header) | one header, by its type | 400 |
/// | [`Headers`] | all header lines | |
/// | [`State<T>`](State) | what [`App::state`](crate::App::state) was given | no start |
/// | [`Method`] | the method | |
/// | `Option<E>` | `None` if there is nothing to extract | as `E` if there is, but wrong |
/// | `Result<E, E::Rejection>` | the refusal, for the handler to answer | |
///
/// Those that take the body as well are [`FromRequest`].
///
/// ```
/// use dx_reactor::{App, FromHead, Problem, Request, Scope, Status};
///
/// /// Who asks, as a proxy in front of us has found out.
/// struct User(String);
///
/// impl FromHead for User {
///     type Rejection = Problem;
///
///     fn from_head(request: &Request, _: &Scope) -> Result<Self, Problem> {
///         let name = request.header_str("x-user").ok_or(Status::UNAUTHORIZED)?;
///         Ok(Self(name.to_owned()))
///     }
/// }
///
/// let app = App::new().get("/me", |User(name): User| name);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be extracted from the head of a request",
    label = "not an extractor, or not the last argument",
    note = "arguments of handlers are `Path<T>`, `Query<T>`, `Header<T>`, `Headers`, `State<T>`, \
            `Method`, or `Option<E>` or `Result<E, E::Rejection>` of these, with `T: Deserialize` \
            for path and query; the last one may also be `Request`, `Json<T>`, `Form<T>`, `Text`, \
            `String` or `Bytes`, which take the body, so that there cannot be two of them",
    note = "implement `FromHead` for your own types"
)]
pub trait FromHead: Sized {
    /// What the client is answered if it cannot be had.
    type Rejection: Rejection;

    /// Takes the argument.
    ///
    /// # Errors
    ///
    /// The answer, instead of the handler's.
    fn from_head(request: &Request, scope: &Scope) -> Result<Self, Self::Rejection>;

    /// Says what must be in the scope; asked when the server starts.
    fn needs(needs: &mut Needs) {
        let _ = needs;
    }
}

/// Arguments that take the whole request: the last argument of a handler may be one.
///
/// | argument | what it is | if it cannot be had |
/// |---|---|---|
/// | [`Request`] | all of it | |
/// | [`Json<T>`](crate::Json) | the body, read as JSON | 415, 400, 422 |
/// | [`Form<T>`](Form) | the body, read as a form | 415, 422 |
/// | [`Bytes`](crate::Bytes) | the body | |
/// | [`BodyStream`](crate::BodyStream) | the body as it comes | |
/// | [`Text`](crate::Text), `String` | the body, UTF-8 | 400 |
/// | all that is [`FromHead`] | | |
///
/// The parameter `W` says which of the two an argument is; it is always inferred.
pub trait FromRequest<W = Whole>: Sized {
    /// What the client is answered if it cannot be had.
    type Rejection: Rejection;

    /// Whether the handler is to be called before the body has come. What wraps another extractor
    /// passes on what that one says.
    const STREAMS: bool = false;

    /// Takes the argument.
    ///
    /// # Errors
    ///
    /// The answer, instead of the handler's.
    fn from_request(request: Request, scope: &Scope) -> Result<Self, Self::Rejection>;

    /// Says what must be in the scope; asked when the server starts.
    fn needs(needs: &mut Needs) {
        let _ = needs;
    }
}

/// Why an argument could not be had, and what is answered then.
pub trait Rejection: IntoResponse {
    /// Whether there was nothing to extract, as opposed to something wrong: then `Option<E>` is
    /// `None`.
    fn is_absent(&self) -> bool {
        false
    }
}

/// Marks arguments that take the whole request.
#[derive(Debug)]
pub enum Whole {}

/// Marks arguments that take only the head.
#[derive(Debug)]
pub enum HeadOnly {}

impl<E: FromHead> FromRequest<HeadOnly> for E {
    type Rejection = E::Rejection;

    #[inline]
    fn from_request(request: Request, scope: &Scope) -> Result<Self, E::Rejection> {
        E::from_head(&request, scope)
    }

    fn needs(needs: &mut Needs) {
        <E as FromHead>::needs(needs);
    }
}

impl FromRequest for Request {
    type Rejection = Infallible;

    #[inline(always)]
    fn from_request(request: Request, _: &Scope) -> Result<Self, Infallible> {
        Ok(request)
    }
}

impl FromHead for Method {
    type Rejection = Infallible;

    #[inline]
    fn from_head(request: &Request, _: &Scope) -> Result<Self, Infallible> {
        Ok(request.method())
    }
}

impl<E: FromHead> FromHead for Option<E> {
    type Rejection = E::Rejection;

    #[inline]
    fn from_head(request: &Request, scope: &Scope) -> Result<Self, E::Rejection> {
        optional(E::from_head(request, scope))
    }
}

impl<E: FromRequest> FromRequest for Option<E> {
    type Rejection = E::Rejection;

    const STREAMS: bool = E::STREAMS;

    #[inline]
    fn from_request(request: Request, scope: &Scope) -> Result<Self, E::Rejection> {
        optional(E::from_request(request, scope))
    }
}

impl<E: FromHead> FromHead for Result<E, E::Rejection> {
    type Rejection = Infallible;

    #[inline]
    fn from_head(request: &Request, scope: &Scope) -> Result<Self, Infallible> {
        Ok(E::from_head(request, scope))
    }
}

impl<E: FromRequest> FromRequest for Result<E, E::Rejection> {
    type Rejection = Infallible;

    const STREAMS: bool = E::STREAMS;

    #[inline]
    fn from_request(request: Request, scope: &Scope) -> Result<Self, Infallible> {
        Ok(E::from_request(request, scope))
    }
}

/// Nothing is fine, something wrong is not.
#[inline]
fn optional<E, R: Rejection>(extracted: Result<E, R>) -> Result<Option<E>, R> {
    match extracted {
        Ok(value) => Ok(Some(value)),
        Err(rejection) if rejection.is_absent() => Ok(None),
        Err(rejection) => Err(rejection),
    }
}

impl Rejection for Infallible {}
impl Rejection for Problem {}
impl Rejection for Response {}
impl Rejection for Status {}

#[cfg(test)]
pub(crate) mod tests;
