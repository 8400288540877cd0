//! What a part of an application has in common.
//!
//! Owns [`Group`] and how a handler is bound to the groups around it. May not know how routes are
//! matched. Its one invariant: everything is decided when the routes are compiled, so that a
//! request pays for what its own route has, and for nothing else.

use std::rc::Rc;

use crate::handler::{ErasedHandler, Unbound};
use crate::scope::Scope;

/// What the routes of one application share.
#[derive(Default)]
pub(crate) struct Group {
    pub(crate) scope: Scope,
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
    match handler.missing(&scope) {
        Some(missing) => Err(missing),
        None => Ok(handler.bind(Rc::new(scope))),
    }
}
