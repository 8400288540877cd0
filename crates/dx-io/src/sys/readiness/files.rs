//! Files in a readiness room: no selector knows them, so threads that may block read and write.
//!
//! Owns the way of a read or write to its job and back. Knows no socket. Invariant: an operation
//! whose memory is elsewhere ends when its job gives that back, never before.

use super::Readiness;
use super::held::Held;
use super::selector::Selector;
use crate::op::Payload;
use crate::token::Token;

impl<S: Selector> Readiness<S> {
    pub(super) fn begin_file(&mut self, token: Token) {
        let Some(held) = self.in_flight.payload_mut(token) else { return };
        if let Held::File(work) = core::mem::replace(held, Held::Elsewhere(None)) {
            let ticket = self.files.start(token, *work);
            if let Some(held) = self.in_flight.payload_mut(token) {
                *held = Held::Elsewhere(ticket);
            }
        }
    }

    /// Takes in what jobs have come to.
    pub(super) fn collect_files(&mut self) {
        for finished in self.files.collect() {
            let (token, result) = (finished.token, finished.result);
            let Some(held) = self.in_flight.payload_mut(token) else { continue };
            let ticket = match core::mem::replace(held, Held::Ready(Payload::None)) {
                Held::Elsewhere(ticket) => ticket,
                _ => None,
            };
            *held = Held::Ready(Payload::File(finished.into_buf(ticket)));
            self.end(token, result);
        }
    }
}
