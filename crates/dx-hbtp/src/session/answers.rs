//! Answers to what the peer sent.
//!
//! Owns the terminal frame of a call, and refusals. May not know handlers. Its one invariant: a
//! call leaves the table in the same step in which its terminal frame is written.

use core::fmt;

use super::Session;
use crate::limits::BUSY_RETRY_MS;
use crate::{
    ErrorCode, Fault, HbtpError, HbtpFlags, HbtpHeader, HbtpOpcode, Refusal, ResponseBuffer, Retry,
    Scope, encode, rules,
};

/// The caller of a session named a call that is not open: answered already, or never there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotOpen;

impl fmt::Display for NotOpen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no such open call")
    }
}

impl core::error::Error for NotOpen {}

impl Session {
    /// Answers a call: with what `write` writes as the payload of the RpcResponse, or with the
    /// error it returns. An answer larger than the peer takes in becomes RESOURCE_EXHAUSTED.
    ///
    /// On a closed connection nothing is written.
    ///
    /// # Errors
    /// If the call is not open; `write` is not called then.
    #[inline]
    pub fn answer(
        &mut self,
        sequence: u16,
        out: &mut ResponseBuffer,
        write: impl FnOnce(&mut ResponseBuffer) -> Result<(), HbtpError>,
    ) -> Result<(), NotOpen> {
        if self.current == Some(sequence) {
            self.current = None;
        } else {
            let call = self.calls.remove(sequence).ok_or(NotOpen)?;
            if call.is_expired() && !self.is_closed() {
                self.refuse_scoped((Scope::Call, sequence), Refusal::DeadlineExceeded, out);
                return Ok(());
            }
        }
        let head = (HbtpOpcode::RpcResponse, HbtpFlags::FINAL, sequence);
        self.write_answer(head, Scope::Call, out, write);
        Ok(())
    }

    /// Leaves the call that was reported last open, to be answered later, with a deadline if
    /// `deadline_ms` is not 0 (H-7.8).
    ///
    /// # Errors
    /// If it is not the call reported last, or answered.
    pub fn defer(&mut self, sequence: u16, deadline_ms: u32, now_ms: u64) -> Result<(), NotOpen> {
        if self.current != Some(sequence) {
            return Err(NotOpen);
        }
        self.current = None;
        let deadline = (deadline_ms != 0).then(|| now_ms.saturating_add(deadline_ms.into()));
        self.calls.insert(sequence, deadline);
        Ok(())
    }

    /// Answers a frame that is no call (H-2.6). If it expects no answer, only runs `write` and
    /// keeps nothing of what it wrote.
    pub fn reply(
        &mut self,
        header: &HbtpHeader,
        out: &mut ResponseBuffer,
        write: impl FnOnce(&mut ResponseBuffer) -> Result<(), HbtpError>,
    ) {
        let head = (header.opcode, HbtpFlags::FINAL, header.sequence);
        if header.flags.contains(HbtpFlags::EXPECTS_RESPONSE) {
            return self.write_answer(head, rules::scope_of(header.opcode), out, write);
        }
        // Written as a frame that is then given up, so that `write` finds the buffer it expects.
        let given_up = |body: &mut ResponseBuffer| {
            let _ = write(body);
            Err(())
        };
        let _ = out.frame(head, self.agreed.frame_out_max, given_up);
    }

    /// Says that nobody handles a frame that was reported (H-2.1, H-2.2, H-2.5). The fault that is
    /// returned has ended the connection.
    pub fn unhandled(&mut self, header: &HbtpHeader, out: &mut ResponseBuffer) -> Option<Fault> {
        if self.is_closed() {
            return None;
        }
        let opcode = header.opcode;
        if opcode == HbtpOpcode::RpcCall {
            let refused = |_: &mut ResponseBuffer| Err(Refusal::Unimplemented.into());
            let _ = self.answer(header.sequence, out, refused);
            return None;
        }
        let is_application = opcode.value() >= 0x80;
        if is_application && !opcode.is_ignorable() {
            self.close(Fault::UnknownOpcode, out);
            return Some(Fault::UnknownOpcode);
        }
        let expects = header.flags.contains(HbtpFlags::EXPECTS_RESPONSE);
        if !opcode.is_ignorable() || expects {
            self.refuse_frame(header, Refusal::Unimplemented, out);
        }
        None
    }

    #[inline]
    fn write_answer(
        &mut self,
        (opcode, flags, sequence): (HbtpOpcode, HbtpFlags, u16),
        scope: Scope,
        out: &mut ResponseBuffer,
        write: impl FnOnce(&mut ResponseBuffer) -> Result<(), HbtpError>,
    ) {
        if self.is_closed() {
            return;
        }
        match out.frame((opcode, flags, sequence), self.agreed.frame_out_max, write) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => write_error((scope, sequence), &error, out),
            Err(_) => {
                let error = HbtpError::new(ErrorCode::RESOURCE_EXHAUSTED, "answer too large");
                write_error((scope, sequence), &error, out);
            }
        }
    }

    pub(super) fn refuse_frame(
        &self,
        header: &HbtpHeader,
        refusal: Refusal,
        out: &mut ResponseBuffer,
    ) {
        let about = (rules::scope_of(header.opcode), header.sequence);
        self.refuse_scoped(about, refusal, out);
    }

    pub(super) fn refuse_scoped(
        &self,
        about: (Scope, u16),
        refusal: Refusal,
        out: &mut ResponseBuffer,
    ) {
        let retry = match refusal {
            Refusal::PingRate => Retry::After(self.limits.ping_interval_ms),
            Refusal::TooManyCalls => Retry::After(BUSY_RETRY_MS),
            Refusal::GoingAway => Retry::Now,
            _ => Retry::Never,
        };
        encode::error::error(out, about, refusal.code(), retry, refusal.rule());
    }
}

#[cold]
fn write_error(about: (Scope, u16), error: &HbtpError, out: &mut ResponseBuffer) {
    encode::error::error(out, about, error.code, error.retry, &error.message);
}
