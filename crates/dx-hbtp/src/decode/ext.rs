//! Extension fields in front of a payload (section 11).
//!
//! Owns their shape and which must be understood. May not know their meaning. Its one invariant:
//! an [`Extensions`] was checked whole, so that reading it cannot fail.

use super::Numbers;
use crate::{HbtpFlags, HbtpHeader, Refusal};

/// The bit of a type that must be understood.
pub const CRITICAL: u8 = 0x80;

/// Checked extension fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extensions<'a>(&'a [u8]);

impl<'a> Extensions<'a> {
    /// Splits the payload of a frame with `header` into extension fields and the payload proper. A
    /// frame without EXT has none.
    ///
    /// # Errors
    /// The rule that is broken.
    #[inline]
    pub fn split(header: &HbtpHeader, payload: &'a [u8]) -> Result<(Self, &'a [u8]), Refusal> {
        if header.flags.contains(HbtpFlags::EXT) {
            return split_block(payload);
        }
        Ok((Self::default(), payload))
    }

    /// Types and values, ascending by type.
    pub fn iter(&self) -> impl Iterator<Item = (u8, &'a [u8])> + use<'a> {
        let mut numbers = Numbers(self.0);
        core::iter::from_fn(move || one(&mut numbers))
    }

    /// The value of the field `kind`.
    pub fn find(&self, kind: u8) -> Option<&'a [u8]> {
        self.iter().find(|(found, _)| *found == kind).map(|(_, value)| value)
    }
}

fn split_block(payload: &[u8]) -> Result<(Extensions<'_>, &[u8]), Refusal> {
    let mut numbers = Numbers(payload);
    let malformed = Refusal::MalformedExtension;
    let len = usize::from(numbers.u16().ok_or(malformed)?);
    let block = numbers.bytes(len).ok_or(malformed)?;
    let padding = numbers.bytes((2 + len).next_multiple_of(8) - (2 + len)).ok_or(malformed)?;
    if padding.iter().any(|&byte| byte != 0) {
        return Err(malformed);
    }
    let (mut fields, mut last) = (Numbers(block), None);
    let mut must_know = false;
    while !fields.0.is_empty() {
        let (kind, _) = one(&mut fields).ok_or(malformed)?;
        if last.is_some_and(|last| last >= kind) {
            return Err(malformed);
        }
        must_know |= kind & CRITICAL != 0;
        last = Some(kind);
    }
    if must_know { Err(Refusal::UnknownExtension) } else { Ok((Extensions(block), numbers.0)) }
}

fn one<'a>(numbers: &mut Numbers<'a>) -> Option<(u8, &'a [u8])> {
    let kind = numbers.u8()?;
    let len = numbers.u8()?;
    Some((kind, numbers.bytes(usize::from(len))?))
}
