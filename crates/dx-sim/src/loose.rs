//! Connections and listeners that belong to no reactor.
//!
//! Owns what is inside an `Accepted` or a `Listener` of the simulation, and how the world learns
//! that one was dropped: they may cross threads, the world may not. Invariant: each is taken into a
//! reactor or reported as dropped, once.

use std::any::Any;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

/// What a loose thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Thing {
    Connection(usize),
    Listener(usize),
}

/// Where drops are reported.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dropped(Arc<Mutex<Vec<Thing>>>);

impl Dropped {
    /// What was dropped since the last call.
    pub(crate) fn drain(&self) -> Vec<Thing> {
        core::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Wraps `thing` for its way.
    pub(crate) fn loose(&self, thing: Thing) -> Box<dyn Any + Send> {
        Box::new(Loose { thing: Some(thing), dropped: self.clone() })
    }

    /// Unwraps what [`Self::loose`] has wrapped.
    ///
    /// # Errors
    /// `InvalidInput` when it is of another world, or of none.
    pub(crate) fn unwrap(&self, wrapped: Box<dyn Any + Send>) -> io::Result<Thing> {
        let wrong = io::ErrorKind::InvalidInput;
        let mut loose = wrapped.downcast::<Loose>().map_err(|_| wrong)?;
        if !Arc::ptr_eq(&loose.dropped.0, &self.0) {
            return Err(wrong.into());
        }
        loose.thing.take().ok_or_else(|| wrong.into())
    }
}

#[derive(Debug)]
struct Loose {
    thing: Option<Thing>,
    dropped: Dropped,
}

impl Drop for Loose {
    fn drop(&mut self) {
        if let Some(thing) = self.thing.take() {
            self.dropped.0.lock().unwrap_or_else(PoisonError::into_inner).push(thing);
        }
    }
}
