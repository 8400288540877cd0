//! What answers where no pattern matches.
//!
//! Owns which fallback a path has. May not know patterns of routes. Its one invariant: the fallback
//! of the longest prefix answers.

use core::cmp::Reverse;
use std::rc::Rc;

use crate::app::Fallback;
use crate::group::BodyRule;
use crate::handler::ErasedHandler;
use crate::params::ParamError;
use crate::pattern;
use crate::request::Request;
use crate::route_error::RouteError;

/// The fallbacks of an application and of those nested in it.
///
/// They are looked through one by one: who gets here has found no route. A tree would not do, as
/// one prefix may have a parameter where a shorter one has ended.
#[derive(Default)]
pub(crate) struct Fallbacks {
    root: Option<ErasedHandler>,
    root_body: BodyRule,
    /// The better before the worse.
    nested: Vec<Nested>,
}

struct Nested {
    prefix: String,
    names: Rc<[Box<str>]>,
    handler: ErasedHandler,
    body: BodyRule,
}

impl Fallbacks {
    /// # Errors
    ///
    /// Two fallbacks of one prefix; a prefix that is no pattern.
    pub(crate) fn new(fallbacks: Vec<Fallback>) -> Result<Self, RouteError> {
        let mut all = Self::default();
        for Fallback { prefix, handler, body, .. } in fallbacks {
            if prefix.is_empty() {
                all.root_body = body;
                if all.root.replace(handler).is_some() {
                    return Err(RouteError::DuplicateFallback { with: prefix.clone(), prefix });
                }
                continue;
            }
            let names = match pattern::names(&prefix) {
                Ok(names) => names,
                Err(fault) => return Err(RouteError::Prefix { prefix, fault }),
            };
            let same = all.nested.iter().find(|other| pattern::is_same(&other.prefix, &prefix));
            if let Some(Nested { prefix: with, .. }) = same {
                return Err(RouteError::DuplicateFallback { prefix, with: with.clone() });
            }
            all.nested.push(Nested { prefix, names, handler, body });
        }
        all.nested.sort_by_cached_key(|nested| {
            let ranks = pattern::ranks(&nested.prefix);
            (Reverse(ranks.len()), ranks)
        });
        Ok(all)
    }

    /// The fallback of the request's path; the parameters are those of its prefix.
    pub(crate) fn find(&self, request: &mut Request) -> Result<Option<&ErasedHandler>, ParamError> {
        request.with_params(|(path, start), params| {
            for Nested { prefix, names, handler, .. } in &self.nested {
                if let Some(values) = pattern::match_prefix(prefix, path) {
                    params.fill(names, (path, start), values.into_iter())?;
                    return Ok(Some(handler));
                }
            }
            Ok(self.root.as_ref())
        })
    }

    /// What holds for bodies that are for the fallback of `path`.
    pub(crate) fn body_rule(&self, path: &str) -> BodyRule {
        let mut nested = self.nested.iter();
        match nested.find(|nested| pattern::match_prefix(&nested.prefix, path).is_some()) {
            Some(nested) => nested.body,
            None => self.root_body,
        }
    }

    pub(crate) fn have_body_rules(&self) -> bool {
        !self.root_body.is_usual() || self.nested.iter().any(|nested| !nested.body.is_usual())
    }
}
