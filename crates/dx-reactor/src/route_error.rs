//! Why an application's routes are refused.
//!
//! Owns [`RouteError`] and [`PatternFault`]. May not know how routes are matched. Its one
//! invariant: an error names every pattern and method it is about, so that the line to change is
//! found.

use core::fmt;

use dx_http::Method;

/// Routes that cannot be served: the program's fault, found when the server starts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RouteError {
    /// A pattern that is none.
    Pattern {
        /// The pattern, with the prefixes it was nested under.
        pattern: String,
        /// What is wrong with it.
        fault: PatternFault,
    },
    /// A prefix to nest under that is none.
    Prefix {
        /// The prefix.
        prefix: String,
        /// What is wrong with it.
        fault: PatternFault,
    },
    /// Two handlers for one method of one pattern.
    Duplicate {
        /// The method.
        method: Method,
        /// The pattern.
        pattern: String,
    },
    /// Two patterns that match the same paths, none of them better than the other.
    Conflict {
        /// The later pattern.
        pattern: String,
        /// The methods it has handlers for.
        methods: Vec<Method>,
        /// The earlier pattern.
        with: String,
        /// The methods that one has handlers for.
        with_methods: Vec<Method>,
    },
    /// Two fallbacks for the same paths.
    DuplicateFallback {
        /// The prefix that the later one is for; empty for the whole application.
        prefix: String,
        /// The prefix that the earlier one is for: the same but for the names of parameters.
        with: String,
    },
    /// A handler takes a [`State<T>`](crate::State) that nobody has given.
    MissingState {
        /// The method; `None` for a fallback.
        method: Option<Method>,
        /// The pattern, or the fallback's prefix.
        pattern: String,
        /// The name of `T`.
        type_name: &'static str,
    },
    /// An application was given two values of one type to share.
    DuplicateState {
        /// The name of the type.
        type_name: &'static str,
    },
    /// A method that has no path: CONNECT (RFC 9110 section 9.3.6).
    Unroutable {
        /// The method.
        method: Method,
        /// The pattern it was to be routed to.
        pattern: String,
    },
}

/// What is wrong with a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PatternFault {
    /// It does not start with `/`.
    NoLeadingSlash,
    /// It is a prefix and ends with `/`.
    TrailingSlash,
    /// It holds a byte that no path holds (RFC 3986 section 3.3): what is no ASCII letter, digit
    /// or one of ``-._~!$&'()*+,;=:@`` is written percent-encoded. Also `?`, because a query is not
    /// part of a route.
    NotInPath {
        /// The byte.
        byte: u8,
    },
    /// A brace without its other half, or a parameter without a name, or with one that holds a
    /// brace, a slash or a star.
    InvalidParam,
    /// Two parameters with the same name.
    DuplicateParam,
    /// Two parameters between two slashes.
    SeveralParamsInSegment,
    /// `{*rest}` anywhere but as the whole last segment.
    MisplacedCatchAll,
    /// More parameters than a request has room for.
    TooManyParams {
        /// The room.
        max: usize,
    },
}

impl fmt::Display for RouteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pattern { pattern, fault } => write!(f, "route `{pattern}`: {fault}"),
            Self::Prefix { prefix, fault } => write!(f, "prefix `{prefix}`: {fault}"),
            Self::Duplicate { method, pattern } => {
                write!(f, "route `{}{pattern}` has two handlers", Named(&[*method]))
            }
            Self::Conflict { pattern, methods, with, with_methods } => write!(
                f,
                "route `{}{pattern}` matches the same paths as `{}{with}`",
                Named(methods),
                Named(with_methods)
            ),
            Self::DuplicateFallback { prefix, .. } if prefix.is_empty() => {
                f.write_str("the application has two fallbacks")
            }
            Self::DuplicateFallback { prefix, with } => {
                write!(f, "prefix `{prefix}` has a fallback already, that of `{with}`")
            }
            Self::MissingState { method, pattern, type_name } => match method {
                Some(method) => write!(
                    f,
                    "route `{}{pattern}` takes `State<{type_name}>`: give one by `.state(..)`",
                    Named(&[*method])
                ),
                None => write!(
                    f,
                    "the fallback of `{pattern}/` takes `State<{type_name}>`: give one by \
                     `.state(..)`"
                ),
            },
            Self::DuplicateState { type_name } => {
                write!(f, "two values of type `{type_name}` are given by `.state(..)`")
            }
            Self::Unroutable { method, pattern } => {
                write!(f, "route `{pattern}`: {method} has no path to be routed by")
            }
        }
    }
}

impl core::error::Error for RouteError {}

impl fmt::Display for PatternFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLeadingSlash => f.write_str("does not start with `/`"),
            Self::TrailingSlash => f.write_str("a prefix does not end with `/`"),
            Self::NotInPath { byte } => {
                write!(f, "`{}` is never in a path, percent-encode it", byte.escape_ascii())
            }
            Self::InvalidParam => f.write_str("a parameter is `{name}`, the last may be `{*name}`"),
            Self::DuplicateParam => f.write_str("two parameters have the same name"),
            Self::SeveralParamsInSegment => f.write_str("two parameters between two slashes"),
            Self::MisplacedCatchAll => f.write_str("`{*name}` is not the whole last segment"),
            Self::TooManyParams { max } => write!(f, "more than {max} parameters"),
        }
    }
}

/// `GET,POST `, as a route is written.
struct Named<'a>(&'a [Method]);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, method) in self.0.iter().enumerate() {
            let name = if *method == Method::Other { "(other)" } else { method.as_str() };
            write!(f, "{}{name}", if place == 0 { "" } else { "," })?;
        }
        f.write_str(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_say_which_line_to_change() {
        let conflict = RouteError::Conflict {
            pattern: "/a/{x}".into(),
            methods: vec![Method::Get, Method::Other],
            with: "/a/{y}".into(),
            with_methods: vec![Method::Put],
        };
        let fault = PatternFault::NotInPath { byte: b'\n' };
        let rows = [
            (conflict, "route `GET,(other) /a/{x}` matches the same paths as `PUT /a/{y}`"),
            (
                RouteError::Pattern { pattern: "/\n".into(), fault },
                "route `/\n`: `\\n` is never in a path, percent-encode it",
            ),
            (
                RouteError::Duplicate { method: Method::Get, pattern: "/".into() },
                "route `GET /` has two handlers",
            ),
            (
                RouteError::DuplicateFallback { prefix: String::new(), with: String::new() },
                "the application has two fallbacks",
            ),
            (
                RouteError::DuplicateFallback { prefix: "/{a}".into(), with: "/{b}".into() },
                "prefix `/{a}` has a fallback already, that of `/{b}`",
            ),
            (
                RouteError::MissingState {
                    method: Some(Method::Get),
                    pattern: "/a".into(),
                    type_name: "Db",
                },
                "route `GET /a` takes `State<Db>`: give one by `.state(..)`",
            ),
            (
                RouteError::MissingState { method: None, pattern: "/api".into(), type_name: "Db" },
                "the fallback of `/api/` takes `State<Db>`: give one by `.state(..)`",
            ),
            (
                RouteError::DuplicateState { type_name: "Db" },
                "two values of type `Db` are given by `.state(..)`",
            ),
        ];
        for (error, wanted) in rows {
            assert_eq!(error.to_string(), wanted);
        }
    }
}
