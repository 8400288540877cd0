//! Signs of life, and what is counted over time.
//!
//! Owns clocks of a session: handshake, keepalive, deadlines, the bucket of Pings, strays. May not
//! read a clock. Its one invariant: a time that goes backwards changes nothing.

use super::{CancelReason, Event, Phase, Role, Session};
use crate::encode::frame::control;
use crate::limits::STRAYS_WINDOW_MS;
use crate::{Fault, HbtpFlags, HbtpOpcode, Limits, ResponseBuffer};

#[derive(Debug)]
pub(super) struct Life {
    started_ms: u64,
    seen_ms: u64,
    /// When we pinged, as long as nothing has come since.
    pinged_ms: Option<u64>,
    /// Whether the next Pong answers the keepalive and not our caller.
    is_pong_ours: bool,
    ping_tokens: u16,
    refilled_ms: u64,
    strays: u16,
    strays_since_ms: u64,
}

impl Life {
    pub(super) fn new(limits: &Limits, now_ms: u64) -> Self {
        Self {
            started_ms: now_ms,
            seen_ms: now_ms,
            pinged_ms: None,
            is_pong_ours: false,
            ping_tokens: limits.ping_burst,
            refilled_ms: now_ms,
            strays: 0,
            strays_since_ms: now_ms,
        }
    }

    /// A frame has come (H-6.3).
    #[inline]
    pub(super) fn seen(&mut self, now_ms: u64) {
        self.seen_ms = now_ms;
        self.pinged_ms = None;
    }

    /// A Pong has come: whether it is the keepalive's.
    pub(super) fn pong(&mut self) -> bool {
        core::mem::take(&mut self.is_pong_ours)
    }

    /// Whether there is a token for a Ping, which is taken (H-6.2).
    pub(super) fn pays_ping(&mut self, limits: &Limits, now_ms: u64) -> bool {
        let interval = u64::from(limits.ping_interval_ms);
        if interval == 0 {
            return true;
        }
        let earned = now_ms.saturating_sub(self.refilled_ms) / interval;
        let full = u64::from(limits.ping_burst);
        if earned > 0 {
            self.ping_tokens = full.min(earned.saturating_add(self.ping_tokens.into())) as u16;
            self.refilled_ms += earned * interval;
        }
        let Some(left) = self.ping_tokens.checked_sub(1) else { return false };
        self.ping_tokens = left;
        true
    }

    /// Counts a stray: whether it is still bearable (H-7.9).
    pub(super) fn bears_stray(&mut self, limits: &Limits, now_ms: u64) -> bool {
        if now_ms.saturating_sub(self.strays_since_ms) >= STRAYS_WINDOW_MS {
            (self.strays, self.strays_since_ms) = (0, now_ms);
        }
        self.strays = self.strays.saturating_add(1);
        self.strays <= limits.strays_max
    }
}

impl Session {
    /// Does what is due at `now_ms`, one event at a time: call until `None`.
    pub fn tick(&mut self, now_ms: u64, out: &mut ResponseBuffer) -> Option<Event<'static>> {
        match self.phase {
            Phase::Closed | Phase::Deciding => return None,
            Phase::Start | Phase::AwaitHello | Phase::AwaitWelcome => {
                let is_late = self.handshake_deadline() <= now_ms;
                return is_late.then(|| self.close(Fault::HandshakeTimeout, out));
            }
            Phase::Open | Phase::Bare => {}
        }
        if let Some(sequence) = self.calls.expire(now_ms) {
            return Some(Event::Cancel { sequence, reason: CancelReason::Deadline });
        }
        if let Some(sequence) = self.asked.expire(now_ms) {
            if self.phase == Phase::Open {
                control(out, HbtpOpcode::Cancel, HbtpFlags::NONE, sequence, |_| {});
            }
            return Some(Event::CallTimedOut { sequence });
        }
        self.calls.release();
        self.asked.release();
        self.silence(now_ms, out)
    }

    /// When [`tick`](Self::tick) is to be called next; it never moves to an earlier time by bytes
    /// that come, except by calls with deadlines.
    pub fn deadline(&self) -> Option<u64> {
        match self.phase {
            Phase::Closed | Phase::Deciding => None,
            Phase::Start | Phase::AwaitHello | Phase::AwaitWelcome => {
                Some(self.handshake_deadline())
            }
            Phase::Open | Phase::Bare => {
                let calls = [self.calls.deadline(), self.asked.deadline(), self.silence_deadline()];
                calls.into_iter().flatten().min()
            }
        }
    }

    fn handshake_deadline(&self) -> u64 {
        self.life.started_ms.saturating_add(self.limits.handshake_ms.into())
    }

    /// H-6.3 and H-6.4, which are a server's.
    fn silence(&mut self, now_ms: u64, out: &mut ResponseBuffer) -> Option<Event<'static>> {
        if self.silence_deadline().is_none_or(|due| now_ms < due) {
            return None;
        }
        if self.phase == Phase::Bare {
            return Some(self.close(Fault::BareIdle, out));
        }
        if self.life.pinged_ms.is_some() {
            return Some(self.close(Fault::KeepaliveTimeout, out));
        }
        self.life.pinged_ms = Some(now_ms);
        self.life.is_pong_ours = true;
        control(out, HbtpOpcode::Ping, HbtpFlags::NONE, 0, |_| {});
        None
    }

    fn silence_deadline(&self) -> Option<u64> {
        if self.role == Role::Client {
            return None;
        }
        let (since, wait) = match (self.phase, self.life.pinged_ms) {
            (Phase::Bare, _) if self.calls_open() > 0 => return None,
            (Phase::Bare, _) => (self.life.seen_ms, self.limits.bare_idle_ms),
            (_, Some(pinged)) => (pinged, self.limits.pong_wait_ms),
            (_, None) => (self.life.seen_ms, self.limits.keepalive_ms),
        };
        Some(since.saturating_add(wait.into()))
    }
}
