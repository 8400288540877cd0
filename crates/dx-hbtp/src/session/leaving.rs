//! GOAWAY in both directions (section 10).
//!
//! Owns who is leaving, and the last call accepted. May not know why. Its one invariant: no call is
//! accepted after the final GOAWAY.

use super::{Phase, Session};
use crate::decode::goaway::{FINAL, GoAway};
use crate::{ResponseBuffer, encode};

#[derive(Debug, Default)]
pub(super) struct Leaving {
    is_final: bool,
    is_peer_leaving: bool,
    /// The call that was accepted last; 0 is none.
    accepted_last: u16,
}

impl Leaving {
    #[inline]
    pub(super) fn refuses_calls(&self) -> bool {
        self.is_final
    }

    #[inline]
    pub(super) fn accepted(&mut self, sequence: u16) {
        self.accepted_last = sequence;
    }

    pub(super) fn peer_leaves(&mut self) {
        self.is_peer_leaving = true;
    }

    pub(super) fn is_peer_leaving(&self) -> bool {
        self.is_peer_leaving
    }
}

impl Session {
    /// Tells the peer that we are leaving. With the flag [`FINAL`] no call is accepted from here
    /// on; without it is the announcement. `last_call` is filled in. When
    /// [`is_drained`](Self::is_drained) the connection can be closed.
    pub fn go_away(&mut self, goaway: &GoAway<'_>, out: &mut ResponseBuffer) {
        if !self.is_open() {
            return;
        }
        let is_final = goaway.flags & FINAL != 0;
        self.leaving.is_final |= is_final;
        let last_call = if is_final { self.leaving.accepted_last } else { u16::MAX };
        encode::goaway::goaway(out, &GoAway { last_call, ..*goaway });
    }

    /// Whether the final GOAWAY was sent and no call of the peer is open.
    pub fn is_drained(&self) -> bool {
        self.phase == Phase::Closed || (self.leaving.is_final && self.calls_open() == 0)
    }
}
