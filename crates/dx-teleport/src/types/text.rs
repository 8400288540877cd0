//! Strings, which live in the message's one table.
//!
//! Owns how a `String` refers to the table. May not know the table's place. Its one invariant: a
//! string is cut between characters only.

use alloc::borrow::ToOwned;
use alloc::string::String;

use crate::check::Checker;
use crate::coded::{Coded, Sealed};
use crate::encode::{Encoder, Measure};
use crate::error::ReadError;
use crate::message::Message;
use crate::schema::{Kind, Schema};
use crate::wire::TextRef;

impl Sealed for String {}

impl Coded for String {
    type Wire = TextRef;
    type Read<'a> = &'a str;
    const SCHEMA: &'static Schema = &Schema::new("String", size_of::<TextRef>(), Kind::Text);
    const PLAIN: bool = false;
    const ANY: bool = false;

    #[inline]
    fn measure(&self, measure: &mut Measure) {
        measure.text(self);
    }

    #[inline]
    fn encode(&self, out: &mut TextRef, encoder: &mut Encoder<'_>) {
        *out = encoder.text(self);
    }

    #[inline]
    fn check(wire: &TextRef, checker: &mut Checker<'_>) -> Result<(), ReadError> {
        checker.text(wire)
    }

    #[inline]
    fn read<'a>(wire: &'a TextRef, message: Message<'a>) -> &'a str {
        message.text(wire.offset.get(), wire.len.get())
    }

    fn own(read: &str) -> Self {
        read.to_owned()
    }
}
