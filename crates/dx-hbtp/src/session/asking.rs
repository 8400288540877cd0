//! What we ask of the peer.
//!
//! Owns our calls, their numbers, and frames that are pushed. May not know why. Its one invariant:
//! a number is not used while a call with it is open (H-7.1).

use core::fmt;

use super::Session;
use crate::encode::frame::control;
use crate::{HbtpError, HbtpFlags, HbtpOpcode, ResponseBuffer, encode};

/// Why a call was not sent. Nothing of it is in the output.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallError {
    /// No handshake yet, or closed.
    NotReady,
    /// The peer is leaving (H-10.2).
    GoingAway,
    /// As many calls are open as the peer takes in (H-7.5).
    TooManyCalls,
    /// The payload is larger than the peer takes in (H-1.6).
    TooLarge,
    /// What `write` returned.
    Failed(HbtpError),
}

/// Why a frame was not sent. Nothing of it is in the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PushError {
    /// No handshake yet, closed, or a bare connection.
    NotReady,
    /// The opcode belongs to the protocol, or is answered by other means.
    NotPushable,
    /// A flag that the opcode does not allow, or that was not negotiated.
    BadFlags,
    /// The payload is larger than the peer takes in (H-1.6).
    TooLarge,
}

impl Session {
    /// Calls the peer: `write` writes the payload of the RpcCall (see
    /// [`encode::rpc::call`](crate::encode::rpc::call)). Returns the number of the call. After
    /// `deadline_ms`, if not 0, the call is cancelled and reported as timed out.
    ///
    /// # Errors
    /// Why it was not sent.
    pub fn call(
        &mut self,
        deadline_ms: u32,
        now_ms: u64,
        out: &mut ResponseBuffer,
        write: impl FnOnce(&mut ResponseBuffer) -> Result<(), HbtpError>,
    ) -> Result<u16, CallError> {
        if !self.is_open() {
            return Err(CallError::NotReady);
        }
        if self.leaving.is_peer_leaving() {
            return Err(CallError::GoingAway);
        }
        if self.asked.len() >= usize::from(self.agreed.inflight_out_max) {
            return Err(CallError::TooManyCalls);
        }
        let sequence = self.free_number();
        let flags = HbtpFlags::FINAL | HbtpFlags::EXPECTS_RESPONSE;
        let head = (HbtpOpcode::RpcCall, flags, sequence);
        match out.frame(head, self.agreed.frame_out_max, write) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(CallError::Failed(error)),
            Err(_) => return Err(CallError::TooLarge),
        }
        let deadline = (deadline_ms != 0).then(|| now_ms.saturating_add(deadline_ms.into()));
        self.asked.insert(sequence, deadline);
        self.asked_last = sequence;
        Ok(sequence)
    }

    /// Asks the peer to stop a call of ours. It still ends with one terminal frame (H-7.7). On a
    /// bare connection nothing can be cancelled, and nothing is sent.
    pub fn cancel(&mut self, sequence: u16, out: &mut ResponseBuffer) {
        if self.phase == super::Phase::Open && self.asked.cancel(sequence) == Some(true) {
            control(out, HbtpOpcode::Cancel, HbtpFlags::NONE, sequence, |_| {});
        }
    }

    /// Sends any frame that is not the protocol's own and no call: state, UI, events, notes, the
    /// application's.
    ///
    /// # Errors
    /// Why it was not sent.
    pub fn push(
        &mut self,
        opcode: HbtpOpcode,
        flags: HbtpFlags,
        sequence: u16,
        payload: &[u8],
        out: &mut ResponseBuffer,
    ) -> Result<(), PushError> {
        if self.phase != super::Phase::Open {
            return Err(PushError::NotReady);
        }
        let row = crate::rules::row(opcode);
        let is_call = matches!(opcode, HbtpOpcode::RpcCall | HbtpOpcode::RpcResponse);
        let is_ours = opcode.is_control() || is_call || opcode.is_reserved() || !row.is_known;
        if is_ours || !self.agreed.features.contains(row.feature) {
            return Err(PushError::NotPushable);
        }
        if !row.flags.without(HbtpFlags::COMPRESSED).contains(flags) {
            return Err(PushError::BadFlags);
        }
        if payload.len() > self.agreed.frame_out_max as usize {
            return Err(PushError::TooLarge);
        }
        encode::frame::frame(out, opcode, flags, sequence, payload);
        Ok(())
    }

    /// Asks for a Pong with this cookie; the answer is reported.
    ///
    /// # Errors
    /// [`PushError::NotReady`]; or [`PushError::TooLarge`], above 64 bytes (H-6.1).
    pub fn ping(
        &mut self,
        cookie: u16,
        payload: &[u8],
        out: &mut ResponseBuffer,
    ) -> Result<(), PushError> {
        let is_bare_server = self.role == super::Role::Server && self.phase != super::Phase::Open;
        if !self.is_open() || is_bare_server {
            return Err(PushError::NotReady);
        }
        if payload.len() > crate::limits::PING_PAYLOAD_MAX {
            return Err(PushError::TooLarge);
        }
        encode::frame::frame(out, HbtpOpcode::Ping, HbtpFlags::NONE, cookie, payload);
        Ok(())
    }

    /// One of our calls that will get no answer, because the transport has ended: it failed with
    /// UNAVAILABLE (H-1.8). Call until `None`, after [`end`](Self::end).
    pub fn drain_asked(&mut self) -> Option<u16> {
        if self.is_closed() { self.asked.pop() } else { None }
    }

    /// The next number that is free, not 0. There is one: fewer than 65,535 are open.
    fn free_number(&self) -> u16 {
        let mut number = self.asked_last;
        loop {
            number = number.wrapping_add(1);
            if number != 0 && !self.asked.contains(number) {
                return number;
            }
        }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotReady => f.write_str("the connection is not open"),
            Self::GoingAway => f.write_str("the peer is leaving"),
            Self::TooManyCalls => f.write_str("too many open calls"),
            Self::TooLarge => f.write_str("larger than the peer takes in"),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for CallError {}

impl fmt::Display for PushError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotReady => "the connection is not open",
            Self::NotPushable => "the opcode cannot be pushed",
            Self::BadFlags => "a flag that the opcode does not allow",
            Self::TooLarge => "larger than the peer takes in",
        })
    }
}

impl core::error::Error for PushError {}
