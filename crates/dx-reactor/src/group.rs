//! What a part of an application has in common.
//!
//! Owns [`Group`] and how a handler is bound to the groups around it. May not know how routes are
//! matched. Its one invariant: everything is decided when the routes are compiled, so that a
//! request pays for what its own route has, and for nothing else.

use core::time::Duration;
use std::rc::Rc;

use crate::access_log;
use crate::handler::{ErasedHandler, Unbound};
use crate::layer::ErasedLayer;
use crate::scope::Scope;
use crate::time_limit;

/// What the routes of one application share.
#[derive(Default)]
pub(crate) struct Group {
    pub(crate) scope: Scope,
    /// The outer before the inner.
    pub(crate) layers: Vec<Box<dyn ErasedLayer>>,
    pub(crate) body_max: Option<usize>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) access_log: bool,
}

/// The groups around a route, the nearer before the farther.
pub(crate) type Around = Vec<Rc<Group>>;

/// Gives `handler` what the groups around it have.
///
/// # Errors
///
/// The name of a type that the handler asks for and none of them has.
pub(crate) fn bind(
    handler: Box<dyn Unbound>,
    around: &Around,
) -> Result<ErasedHandler, &'static str> {
    let scope = around.iter().fold(Scope::default(), |scope, group| scope.within(&group.scope));
    if let Some(missing) = handler.missing(&scope) {
        return Err(missing);
    }
    let mut handler = handler.bind(Rc::new(scope));
    if let Some(limit) = around.iter().find_map(|group| group.timeout) {
        handler = time_limit::wrap(handler, limit);
    }
    Ok(enclose(handler, around))
}

/// Puts the layers of the groups around `handler`, and the log around them.
pub(crate) fn enclose(handler: ErasedHandler, around: &Around) -> ErasedHandler {
    let inner_first = around.iter().flat_map(|group| group.layers.iter().rev());
    let layered = inner_first.fold(handler, |handler, layer| layer.wrap(handler));
    if around.iter().any(|group| group.access_log) { access_log::wrap(layered) } else { layered }
}

/// What holds for the body of a request, by its route.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct BodyRule {
    /// Bytes that it may have, where that is not the server's limit.
    pub(crate) max: Option<usize>,
    /// The handler takes it as it comes.
    pub(crate) streams: bool,
}

impl BodyRule {
    /// Of this handler within these groups.
    pub(crate) fn of(handler: &dyn Unbound, around: &Around) -> Self {
        let max = around.iter().find_map(|group| group.body_max);
        Self { max, streams: handler.streams() }
    }

    /// Whether nothing is said that is not so everywhere.
    pub(crate) fn is_usual(self) -> bool {
        self == Self::default()
    }
}

#[cfg(test)]
mod tests;
