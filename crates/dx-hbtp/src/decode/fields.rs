//! Fields of HELLO and WELCOME (H-5.6).
//!
//! Owns their order and shape. May not know their meaning. Its one invariant: a [`Fields`] was
//! checked whole, so that reading it cannot fail.

use super::Numbers;
use crate::Fault;

/// The bit of a type that must be understood.
pub const CRITICAL: u16 = 0x8000;

/// Checked fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    /// Checks `bytes`.
    ///
    /// # Errors
    /// If they are no fields in ascending order, or one must be understood. This version
    /// understands none of those.
    pub fn check(bytes: &'a [u8]) -> Result<Self, Fault> {
        let (mut numbers, mut last) = (Numbers(bytes), None);
        while !numbers.0.is_empty() {
            let (kind, _) = one(&mut numbers).ok_or(Fault::MalformedField)?;
            if last.is_some_and(|last| last >= kind) || kind & CRITICAL != 0 {
                return Err(Fault::MalformedField);
            }
            last = Some(kind);
        }
        Ok(Self(bytes))
    }

    /// Types and values, ascending by type.
    pub fn iter(&self) -> impl Iterator<Item = (u16, &'a [u8])> + use<'a> {
        let mut numbers = Numbers(self.0);
        core::iter::from_fn(move || one(&mut numbers))
    }

    /// The value of the field `kind`.
    pub fn find(&self, kind: u16) -> Option<&'a [u8]> {
        self.iter().find(|(found, _)| *found == kind).map(|(_, value)| value)
    }
}

fn one<'a>(numbers: &mut Numbers<'a>) -> Option<(u16, &'a [u8])> {
    let kind = numbers.u16()?;
    let len = numbers.u16()?;
    Some((kind, numbers.bytes(usize::from(len))?))
}
