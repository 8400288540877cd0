//! A request whose body is still coming.
//!
//! Owns the head that waits and the bytes of the body so far. Invariant: room is made for bytes
//! that have come, not for a length that was announced.

use dx_http::{BodyDecoder, Method};

use super::upload::Pace;
use crate::bytes::Bytes;
use crate::limits::BODY_RESERVE;
use crate::request::PooledHead;

/// Head, decoder and body of one request.
pub(super) struct Incoming {
    head: PooledHead,
    bytes: Bytes,
    pub(super) decoder: BodyDecoder,
    body: Vec<u8>,
    /// Bytes that the body may have.
    body_max: usize,
    pub(super) pace: Pace,
}

impl Incoming {
    pub(super) fn new(head: PooledHead, bytes: Bytes, body_max: usize) -> Box<Self> {
        let decoder = BodyDecoder::new(head.framing);
        let announced = usize::try_from(decoder.remaining_hint()).unwrap_or(usize::MAX);
        let body = Vec::with_capacity(announced.min(BODY_RESERVE));
        Box::new(Self { head, bytes, decoder, body, body_max, pace: Pace::default() })
    }

    /// The request's method.
    pub(super) fn method(&self) -> Method {
        self.head.method
    }

    /// Adds content; `false` when the body would be larger than it may be, as it is when a chunk is
    /// announced that goes beyond it.
    pub(super) fn keep(&mut self, data: &[u8]) -> bool {
        let room = self.body_max - self.body.len();
        let coming = self.decoder.remaining_hint().saturating_add(data.len() as u64);
        if coming > room as u64 {
            return false;
        }
        self.body.extend_from_slice(data);
        true
    }

    /// Head, its bytes, and the whole body.
    pub(super) fn finish(self) -> (PooledHead, Bytes, Bytes) {
        (self.head, self.bytes, Bytes::from(self.body))
    }
}
