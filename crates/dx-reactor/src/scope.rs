//! What the handlers of a part of an application share.
//!
//! Owns [`Scope`], the values given by [`App::state`](crate::App::state), and [`Needs`], the types
//! that handlers ask for. May not know requests. Its one invariant: what a handler needs is there
//! when the server starts, or it does not start.

use core::any::{Any, TypeId, type_name};
use core::fmt;
use std::rc::Rc;

/// The shared values that a handler sees: those of its application, and of those around it.
///
/// An [extractor](crate::FromHead) is given it beside the request.
#[derive(Clone, Default)]
pub struct Scope {
    /// The nearer before the farther. They are looked through one by one: there are few.
    states: Vec<(TypeId, Rc<dyn Any>)>,
}

/// The types of shared values that a handler cannot do without.
#[derive(Debug, Default)]
pub struct Needs {
    types: Vec<(TypeId, &'static str)>,
}

impl Scope {
    /// Adds a value. `false`: there is one of its type, which stays.
    pub(crate) fn add<T: 'static>(&mut self, value: T) -> bool {
        let is_new = !self.has(TypeId::of::<T>());
        if is_new {
            self.states.push((TypeId::of::<T>(), Rc::new(value)));
        }
        is_new
    }

    /// This one's values, and those of `outer` that it has none of the same type of.
    pub(crate) fn within(&self, outer: &Self) -> Self {
        let inherited = outer.states.iter().filter(|(id, _)| !self.has(*id));
        Self { states: self.states.iter().chain(inherited).cloned().collect() }
    }

    /// The shared value of type `T`.
    pub fn state<T: 'static>(&self) -> Option<Rc<T>> {
        let (_, value) = self.states.iter().find(|(id, _)| *id == TypeId::of::<T>())?;
        value.clone().downcast().ok()
    }

    fn has(&self, wanted: TypeId) -> bool {
        self.states.iter().any(|(id, _)| *id == wanted)
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scope({} values)", self.states.len())
    }
}

impl Needs {
    /// A shared value of type `T` must be there.
    pub fn state<T: 'static>(&mut self) {
        self.types.push((TypeId::of::<T>(), type_name::<T>()));
    }

    /// The name of the first type that `scope` has no value of.
    pub(crate) fn missing(&self, scope: &Scope) -> Option<&'static str> {
        self.types.iter().find(|(id, _)| !scope.has(*id)).map(|(_, name)| *name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearer_value_wins() {
        let (mut inner, mut outer) = (Scope::default(), Scope::default());
        assert!(inner.add(1_u8));
        assert!(!inner.add(2_u8));
        assert!(outer.add(3_u8));
        assert!(outer.add("outer"));
        let both = inner.within(&outer);
        assert_eq!(both.state::<u8>().as_deref(), Some(&1));
        assert_eq!(both.state::<&str>().as_deref(), Some(&"outer"));
        assert_eq!(both.state::<u16>(), None);
    }

    #[test]
    fn what_is_missing_is_named() {
        let mut scope = Scope::default();
        let mut needs = Needs::default();
        assert_eq!(needs.missing(&scope), None);
        needs.state::<u8>();
        needs.state::<u16>();
        assert_eq!(needs.missing(&scope), Some("u8"));
        assert!(scope.add(0_u8));
        assert_eq!(needs.missing(&scope), Some("u16"));
    }
}
