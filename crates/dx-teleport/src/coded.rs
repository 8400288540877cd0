//! How a type writes, checks and reads itself.
//!
//! Owns [`Coded`], the working half of [`Teleportable`](crate::Teleportable). May not know any type
//! that implements it. Its one invariant: it is implemented here and by `#[derive(Teleport)]` only,
//! so no safe code can lie in its answers.

use core::fmt::Debug;

use crate::check::Checker;
use crate::encode::{Encoder, Measure};
use crate::error::ReadError;
use crate::message::Message;
use crate::schema::Schema;
use crate::wire::Wire;

/// What `Teleportable` is sealed by; the derive names it, people do not.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be teleported",
    label = "this type has no wire form",
    note = "cure: use a sized number instead of `usize`, a value instead of a pointer or a \
            reference, `BTreeMap` instead of `HashMap`",
    note = "for a type of your own: `#[derive(Teleport)]`"
)]
pub trait Sealed {}

/// What a type does on its way to the wire and back. The derive writes it; people call
/// [`Writer`](crate::Writer) and [`View`](crate::View).
///
/// - [`measure`](Self::measure) counts exactly what [`encode`](Self::encode) takes, in that order.
/// - `encode` writes every byte of `out`.
/// - [`check`](Self::check) takes blocks and strings in the order of `encode`.
/// - [`PLAIN`](Self::PLAIN) is true only if neither takes any, [`ANY`](Self::ANY) only if `check`
///   accepts every wire form as well.
/// - [`SCHEMA`](Self::SCHEMA) describes [`Wire`](Self::Wire).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be teleported",
    label = "this type has no wire form",
    note = "cure: use a sized number instead of `usize`, a value instead of a pointer or a \
            reference, `BTreeMap` instead of `HashMap`",
    note = "for a type of your own: `#[derive(Teleport)]`"
)]
pub trait Coded: Sealed + Sized + 'static {
    /// The fixed part on the wire.
    type Wire: Wire;

    /// What a checked message hands out: a number, a `&str`, a view.
    type Read<'a>: Copy + Debug;

    /// How it looks on the wire.
    const SCHEMA: &'static Schema;

    /// Nothing outside of the fixed part.
    const PLAIN: bool;

    /// Plain, and any bytes are a value.
    const ANY: bool;

    /// Where the elements of a slice of it start, from the start of the message.
    const SLICE_ALIGN: usize = 1;

    /// Counts blocks and strings.
    fn measure(&self, measure: &mut Measure);

    /// Writes the fixed part, and what it refers to.
    fn encode(&self, out: &mut Self::Wire, encoder: &mut Encoder<'_>);

    /// Checks the fixed part, and what it refers to.
    fn check(wire: &Self::Wire, checker: &mut Checker<'_>) -> Result<(), ReadError>;

    /// Reads a checked value. Safe for any bytes; what it says about others is nothing.
    fn read<'a>(wire: &'a Self::Wire, message: Message<'a>) -> Self::Read<'a>;

    /// Makes a value of its own.
    fn own(read: Self::Read<'_>) -> Self;

    /// [`measure`](Self::measure) for the elements of one block.
    #[inline]
    fn measure_slice(items: &[Self], measure: &mut Measure) {
        if !Self::PLAIN {
            items.iter().for_each(|item| item.measure(measure));
        }
    }

    /// [`encode`](Self::encode) for the elements of one block.
    #[inline]
    fn encode_slice(items: &[Self], out: &mut [Self::Wire], encoder: &mut Encoder<'_>) {
        for (item, out) in items.iter().zip(out) {
            item.encode(out, encoder);
        }
    }

    /// [`check`](Self::check) for the elements of one block.
    #[inline]
    fn check_slice(wires: &[Self::Wire], checker: &mut Checker<'_>) -> Result<(), ReadError> {
        if Self::ANY {
            return Ok(());
        }
        wires.iter().try_for_each(|wire| Self::check(wire, checker))
    }
}
