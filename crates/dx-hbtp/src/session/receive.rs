//! From bytes to events.
//!
//! Owns the order in which a frame is judged (H-1.7). May not know what is answered. Its one
//! invariant: nothing changes before a frame is whole, so that cuts cannot matter.

use super::{Event, Phase, Role, Session, Step};
use crate::decode::ext::Extensions;
use crate::limits::PING_PAYLOAD_MAX;
use crate::{
    Fault, Features, HbtpFlags, HbtpHeader, HbtpOpcode, HeaderError, Refusal, ResponseBuffer,
    Scope, decode, encode, rules,
};

impl Session {
    /// Takes in frames from the start of `input` up to the first that is an event. What the
    /// protocol answers itself is appended to `out`. A call that was reported before and is not
    /// answered is from now on an open call without deadline (see [`Session::defer`]).
    #[inline]
    pub fn next<'a>(&mut self, input: &'a [u8], now_ms: u64, out: &mut ResponseBuffer) -> Step<'a> {
        if let Some(sequence) = self.current.take() {
            self.calls.insert(sequence, None);
        }
        if let Some(step) = self.plain_call(input, now_ms) {
            return step;
        }
        self.next_of_any(input, now_ms, out)
    }

    /// The one frame that comes often: a whole call without extension fields, on a connection that
    /// takes it. Whatever is unusual about it is left to [`next_of_any`](Self::next_of_any), which
    /// would say the same of this one.
    #[inline]
    fn plain_call<'a>(&mut self, input: &'a [u8], now_ms: u64) -> Option<Step<'a>> {
        const EXPECTED: u64 = HbtpOpcode::RpcCall.value() as u64;
        const EITHER_WAY: HbtpFlags = HbtpFlags::EXPECTS_RESPONSE.union(HbtpFlags::FINAL);
        const OPCODE_AND_FLAGS: u64 = 0xFFFF & !((EITHER_WAY.bits() as u64) << 8);
        let (head, rest) = input.split_first_chunk::<{ HbtpHeader::SIZE }>()?;
        let word = u64::from_le_bytes(*head);
        let (sequence, length) = ((word >> 16) as u16, (word >> 32) as u32);
        let is_plain = word & OPCODE_AND_FLAGS == EXPECTED
            && length <= self.agreed.frame_in_max
            && sequence != 0;
        if !is_plain || !self.is_open() || !self.takes_call(sequence) {
            return None;
        }
        let payload = rest.get(..length as usize)?;
        let flags = HbtpFlags::from_bits((word >> 8) as u8)?;
        self.life.seen(now_ms);
        self.leaving.accepted(sequence);
        self.current = Some(sequence);
        let header = HbtpHeader { opcode: HbtpOpcode::RpcCall, flags, sequence, length };
        let event = Event::Call { header, payload };
        Some(Step { consumed: header.frame_len(), event })
    }

    /// Whether none of H-7.1, H-10.2 and H-7.5 is in the way of a call.
    #[inline]
    fn takes_call(&self, sequence: u16) -> bool {
        !self.calls.contains(sequence)
            && !self.leaving.refuses_calls()
            && self.calls.len() < usize::from(self.agreed.inflight_in_max)
    }

    #[inline(never)]
    fn next_of_any<'a>(
        &mut self,
        input: &'a [u8],
        now_ms: u64,
        out: &mut ResponseBuffer,
    ) -> Step<'a> {
        let mut consumed = 0;
        if !self.is_open() {
            match self.before_open(input, out) {
                Ok(skip) => consumed = skip,
                Err(step) => return step,
            }
        }
        loop {
            let rest = &input[consumed..];
            let header = match HbtpHeader::from_bytes(rest) {
                Ok(header) => header,
                Err(error) => return self.no_header(error, consumed, input.len(), out),
            };
            if let Err(fault) = self.admit(&header) {
                return Step { consumed: input.len(), event: self.close(fault, out) };
            }
            let total = header.frame_len();
            let Some(payload) = rest.get(HbtpHeader::SIZE..total) else {
                return Step { consumed, event: Event::NeedMore { total } };
            };
            consumed += total;
            self.life.seen(now_ms);
            if let Some(event) = self.take_in(header, payload, now_ms, out) {
                let consumed = if self.is_closed() { input.len() } else { consumed };
                return Step { consumed, event };
            }
        }
    }

    fn no_header(
        &mut self,
        error: HeaderError,
        consumed: usize,
        len: usize,
        out: &mut ResponseBuffer,
    ) -> Step<'static> {
        match error.fault() {
            Some(fault) => Step { consumed: len, event: self.close(fault, out) },
            None => Step { consumed, event: Event::NeedMore { total: HbtpHeader::SIZE } },
        }
    }

    /// Judges a header by phase, opcode, flags, length and sequence, in this order (H-1.7).
    fn admit(&self, header: &HbtpHeader) -> Result<(), Fault> {
        let (row, is_bare) = (rules::row(header.opcode), self.phase == Phase::Bare);
        self.admit_phase(header.opcode)?;
        if !row.is_known {
            return Err(Fault::UnknownOpcode);
        }
        if !self.agreed.features.contains(row.feature) {
            return Err(Fault::FeatureMissing);
        }
        if !row.flags.contains(header.flags) {
            return Err(Fault::FlagNotAllowed);
        }
        if header.flags.contains(HbtpFlags::COMPRESSED)
            && !self.agreed.features.contains(Features::COMPRESSION)
        {
            return Err(Fault::CompressionMissing);
        }
        if is_bare && header.flags.contains(HbtpFlags::EXT) {
            return Err(Fault::BareExtension);
        }
        if header.length > self.agreed.frame_in_max {
            return Err(Fault::FrameTooLarge);
        }
        let is_zero = header.sequence == 0;
        if (row.is_unnumbered && !is_zero) || (row.is_numbered && is_zero && !is_bare) {
            return Err(Fault::BadSequence);
        }
        Ok(())
    }

    fn admit_phase(&self, opcode: HbtpOpcode) -> Result<(), Fault> {
        let is_handshake = matches!(opcode, HbtpOpcode::Hello | HbtpOpcode::Welcome);
        match (self.phase, self.role) {
            (Phase::Open, _) if is_handshake => Err(Fault::HandshakeRepeated),
            (Phase::Bare, Role::Server) => match opcode {
                HbtpOpcode::Ping | HbtpOpcode::RpcCall => Ok(()),
                _ => Err(Fault::BareOpcode),
            },
            (Phase::Bare, Role::Client) => match opcode {
                HbtpOpcode::Pong
                | HbtpOpcode::RpcResponse
                | HbtpOpcode::Error
                | HbtpOpcode::GoAway => Ok(()),
                _ => Err(Fault::BareOpcode),
            },
            (Phase::AwaitHello, _) if opcode != HbtpOpcode::Hello => Err(Fault::HelloExpected),
            (Phase::AwaitWelcome, _)
                if !matches!(opcode, HbtpOpcode::Welcome | HbtpOpcode::Error) =>
            {
                Err(Fault::WelcomeExpected)
            }
            _ => Ok(()),
        }
    }

    fn take_in<'a>(
        &mut self,
        header: HbtpHeader,
        payload: &'a [u8],
        now_ms: u64,
        out: &mut ResponseBuffer,
    ) -> Option<Event<'a>> {
        if header.opcode == HbtpOpcode::RpcCall {
            return self.call_came(header, payload, out);
        }
        if header.opcode.is_control() {
            return self.control_came(header, payload, now_ms, out);
        }
        if header.opcode == HbtpOpcode::RpcResponse {
            return self.response_came(header, payload, now_ms, out);
        }
        if let Err(refusal) = Extensions::split(&header, payload) {
            self.refuse_frame(&header, refusal, out);
            return None;
        }
        Some(Event::Frame { header, payload })
    }

    fn call_came<'a>(
        &mut self,
        header: HbtpHeader,
        payload: &'a [u8],
        out: &mut ResponseBuffer,
    ) -> Option<Event<'a>> {
        let sequence = header.sequence;
        if self.calls.contains(sequence) {
            return Some(self.close(Fault::DuplicateCall, out));
        }
        let refusal = if self.leaving.refuses_calls() {
            Some(Refusal::GoingAway)
        } else if self.calls.len() >= usize::from(self.agreed.inflight_in_max) {
            Some(Refusal::TooManyCalls)
        } else {
            Extensions::split(&header, payload).err()
        };
        if let Some(refusal) = refusal {
            self.refuse_frame(&header, refusal, out);
            return None;
        }
        self.leaving.accepted(sequence);
        self.current = Some(sequence);
        Some(Event::Call { header, payload })
    }

    fn response_came<'a>(
        &mut self,
        header: HbtpHeader,
        payload: &'a [u8],
        now_ms: u64,
        out: &mut ResponseBuffer,
    ) -> Option<Event<'a>> {
        // Without streams an answer is unary whatever FINAL says (H-8.1).
        match self.asked.remove(header.sequence) {
            Some(call) if call.is_expired() => None,
            Some(_) => Some(Event::Response { header, payload }),
            None => self.stray(now_ms, out),
        }
    }

    fn control_came<'a>(
        &mut self,
        header: HbtpHeader,
        payload: &'a [u8],
        now_ms: u64,
        out: &mut ResponseBuffer,
    ) -> Option<Event<'a>> {
        let sequence = header.sequence;
        match header.opcode {
            HbtpOpcode::Hello => Some(self.hello_came(payload, out)),
            HbtpOpcode::Welcome => Some(self.welcome_came(payload, out)),
            HbtpOpcode::Ping => self.ping_came(sequence, payload, now_ms, out),
            HbtpOpcode::Pong => Some(Event::Pong { sequence }).filter(|_| !self.life.pong()),
            HbtpOpcode::GoAway => Some(match decode::goaway::goaway(payload) {
                Ok(goaway) => {
                    self.leaving.peer_leaves();
                    Event::GoAway(goaway)
                }
                Err(fault) => self.close(fault, out),
            }),
            HbtpOpcode::Error => self.error_came(sequence, payload, now_ms, out),
            HbtpOpcode::Cancel => self.cancel_came(sequence, payload, now_ms, out),
            // Their features are never agreed to, so the header was refused (H-2.3).
            _ => None,
        }
    }

    fn ping_came(
        &mut self,
        sequence: u16,
        payload: &[u8],
        now_ms: u64,
        out: &mut ResponseBuffer,
    ) -> Option<Event<'static>> {
        if payload.len() > PING_PAYLOAD_MAX {
            return Some(self.close(Fault::LongPing, out));
        }
        if self.life.pays_ping(&self.limits, now_ms) {
            encode::frame::frame(out, HbtpOpcode::Pong, HbtpFlags::NONE, sequence, payload);
        } else {
            self.refuse_scoped((Scope::Frame, sequence), Refusal::PingRate, out);
        }
        None
    }

    fn cancel_came(
        &mut self,
        sequence: u16,
        payload: &[u8],
        now_ms: u64,
        out: &mut ResponseBuffer,
    ) -> Option<Event<'static>> {
        if !payload.is_empty() {
            return Some(self.close(Fault::MalformedCancel, out));
        }
        match self.calls.cancel(sequence) {
            Some(true) => Some(Event::Cancel { sequence, reason: super::CancelReason::Caller }),
            Some(false) => None,
            None => self.stray(now_ms, out),
        }
    }

    fn error_came<'a>(
        &mut self,
        sequence: u16,
        payload: &'a [u8],
        now_ms: u64,
        out: &mut ResponseBuffer,
    ) -> Option<Event<'a>> {
        let error = match decode::error::error(payload) {
            Ok(error) => error,
            Err(fault) => return Some(self.close(fault, out)),
        };
        match error.scope {
            Scope::Connection => {
                self.phase = Phase::Closed;
                Some(Event::PeerClosed(error))
            }
            Scope::Call => match self.asked.remove(sequence) {
                Some(call) if call.is_expired() => None,
                Some(_) => Some(Event::CallFailed { sequence, error }),
                None => self.stray(now_ms, out),
            },
            _ => Some(Event::Refused { sequence, error }),
        }
    }

    /// A frame about a call that is not open (H-7.9).
    fn stray(&mut self, now_ms: u64, out: &mut ResponseBuffer) -> Option<Event<'static>> {
        let is_bearable = self.life.bears_stray(&self.limits, now_ms);
        (!is_bearable).then(|| self.close(Fault::TooManyStrays, out))
    }
}
