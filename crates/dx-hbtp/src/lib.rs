//! HBTP, the Hyper-Binary Transfer Protocol, as pure state: bytes and `now` in, events and bytes
//! out.
//!
//! Owns the protocol of `docs/hbtp.md`, whose rules (`H-1.2`) are cited throughout: headers
//! ([`HbtpHeader`]), frames ([`Frames`]), payloads the protocol itself reads, one connection
//! ([`Session`]), and the two tables that find a handler ([`OpcodeTable`], [`RouteTable`]). It may
//! not know sockets, clocks, logs, or what a payload means. Its one invariant: the verdict on a
//! sequence of bytes never depends on how it was cut.
//!
//! Decoding allocates nothing: payloads borrow from the input. Bad input is a [`Fault`] (the
//! connection ends) or a [`Refusal`] (one frame is answered with ERROR), each with its rule.
//!
//! ```
//! use dx_hbtp::{Event, HbtpFlags, HbtpHeader, HbtpOpcode, Limits, ResponseBuffer, Session};
//!
//! let call = HbtpHeader::new(HbtpOpcode::RpcCall, HbtpFlags::FINAL, 7, 10);
//! let mut input = call.to_bytes().to_vec();
//! input.extend_from_slice(&[0, 0, 0, 0, 0, 0, 0, 0, b'h', b'i']);
//!
//! let mut out = ResponseBuffer::new();
//! let mut session = Session::server(Limits::default(), 0);
//! let step = session.next(&input, 0, &mut out);
//! let Event::Call { header, payload } = step.event else { panic!() };
//! session.answer(header.sequence, &mut out, |body| {
//!     body.write(payload);
//!     Ok(())
//! }).unwrap();
//! let answer = HbtpHeader::from_bytes(out.as_bytes()).unwrap();
//! assert_eq!(answer.opcode, HbtpOpcode::RpcResponse);
//! assert_eq!((step.consumed, answer.sequence, answer.length), (18, 7, 10));
//! ```
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod choice;
mod code;
pub mod decode;
pub mod encode;
mod error;
mod fault;
mod features;
mod flags;
mod header;
mod limits;
mod opcode;
mod response_buffer;
mod rules;
mod session;
mod table;

pub use choice::{FirstByte, PREFACE};
pub use code::{ErrorCode, Retry, Scope};
pub use decode::frame::{Frame, Frames};
pub use error::HbtpError;
pub use fault::{Fault, Refusal};
pub use features::Features;
pub use flags::HbtpFlags;
pub use header::{HbtpHeader, HeaderError};
pub use limits::Limits;
pub use opcode::HbtpOpcode;
pub use response_buffer::{FrameOverflow, ResponseBuffer};
pub use session::{CallError, CancelReason, Event, NotOpen, PushError, Session, Step, Welcoming};
pub use table::{OpcodeTable, RouteTable, Taken};
