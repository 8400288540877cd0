//! Memory teleportation: values whose bytes are the wire.
//!
//! Owns the wire form of values: how they are written ([`Writer`], [`TeleportBuffer`]), checked and
//! read in place ([`View`], [`Lazy`], [`TeleportReader`]), and how two peers find out whether they
//! mean the same ([`TeleportLayout`]). It may not know frames, sockets or clocks. Its one
//! invariant: for any bytes whatever, reading neither panics nor looks outside of them, and the
//! same value gives the same bytes on every target.
//!
//! ```
//! use dx_teleport::{Teleport, View, Writer};
//!
//! #[derive(Teleport)]
//! struct Reading {
//!     sensor: String,
//!     at_ms: u64,
//!     values: Vec<f32>,
//! }
//!
//! let mut writer = Writer::new();
//! let reading = Reading { sensor: "roof".into(), at_ms: 17, values: vec![20.5, 21.0] };
//! let bytes = writer.write(&reading).unwrap();
//! let view = View::<Reading>::check(bytes).unwrap();
//! assert_eq!((view.sensor(), view.at_ms(), view.values().get(1)), ("roof", 17, Some(21.0)));
//! ```
#![no_std]
#![deny(unsafe_code)]

extern crate alloc;
// So that what the derive writes also compiles in this crate's own tests.
extern crate self as dx_teleport;

mod buffer;
mod check;
#[doc(hidden)]
pub mod coded;
mod encode;
mod error;
mod evolve;
mod hash;
mod json;
mod lazy;
pub mod limits;
mod message;
#[allow(unsafe_code)] // a room: what may be trusted, and numbers as bytes and back
mod raw;
mod reader;
pub mod schema;
mod types;
mod view;
mod wire;

pub use buffer::{Slot, TeleportBuffer};
pub use dx_teleport_derive::Teleport;
pub use encode::{encode_into, encoded_len};
pub use error::{ReadError, WriteError};
pub use evolve::{Incompatible, PeerLayout, Translation};
pub use json::{manifest, to_json};
pub use lazy::Lazy;
pub use raw::{Native, Teleportable};
pub use reader::TeleportReader;
pub use schema::TeleportLayout;
pub use types::{Enum, Items, ItemsIter, MapKey, Open, Pairs};
pub use view::{View, Writer, append_to, to_bytes};
pub use wire::{SliceRef, TextRef};

/// What the derive names; nobody else should.
#[doc(hidden)]
pub mod __private {
    pub use crate::check::{Checker, zeros};
    pub use crate::coded::{Coded, Sealed};
    pub use crate::encode::{Encoder, Measure};
    pub use crate::message::Message;
    pub use crate::schema::{Field, Kind, Schema, Struct, Variant, chain};
    pub use crate::types::encode_native;
    pub use crate::wire::{TagWire, Wire, largest, variant, variant_mut};
    pub use zerocopy;
    pub use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};
}
