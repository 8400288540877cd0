//! What a session reports.
//!
//! Owns the events. May not know how they come about. Its one invariant: what they borrow is the
//! caller's input, never the session.

use crate::decode::error::ErrorBody;
use crate::decode::goaway::GoAway;
use crate::decode::hello::Hello;
use crate::decode::welcome::Welcome;
use crate::{Fault, HbtpHeader};

/// One step of a session.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step<'a> {
    /// Bytes of the input that are done with.
    pub consumed: usize,
    /// What happened.
    pub event: Event<'a>,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// More input is needed: `total` bytes, counted from the first that is not consumed.
    NeedMore {
        /// Bytes of the whole frame, or of the header as long as it is not there.
        total: usize,
    },
    /// HELLO awaits [`Session::accept`](crate::Session::accept) or
    /// [`Session::refuse`](crate::Session::refuse).
    Paused,
    /// The connection was closed before; input is thrown away.
    Ended,
    /// A client has said HELLO.
    Hello(Hello<'a>),
    /// The server has accepted us.
    Welcome(Welcome<'a>),
    /// A call. It is answered by [`Session::answer`](crate::Session::answer), now or later.
    Call {
        /// Its header.
        header: HbtpHeader,
        /// Everything behind the header.
        payload: &'a [u8],
    },
    /// Any other frame that is not the protocol's own. Answer by
    /// [`Session::reply`](crate::Session::reply) or
    /// [`Session::unhandled`](crate::Session::unhandled).
    Frame {
        /// Its header.
        header: HbtpHeader,
        /// Everything behind the header.
        payload: &'a [u8],
    },
    /// The answer to a call of ours, which is over.
    Response {
        /// Its header; the sequence is the call.
        header: HbtpHeader,
        /// Everything behind the header.
        payload: &'a [u8],
    },
    /// A call of ours failed, and is over.
    CallFailed {
        /// The call.
        sequence: u16,
        /// Why.
        error: ErrorBody<'a>,
    },
    /// The deadline of a call of ours is over. It was cancelled; nothing more is reported of it.
    CallTimedOut {
        /// The call.
        sequence: u16,
    },
    /// A call of the peer should stop. It is still to be answered.
    Cancel {
        /// The call.
        sequence: u16,
        /// Who asks.
        reason: CancelReason,
    },
    /// Something of ours was refused that is no call.
    Refused {
        /// The subscription, surface or frame, by the scope of `error`.
        sequence: u16,
        /// Why.
        error: ErrorBody<'a>,
    },
    /// Our Ping with this cookie was answered.
    Pong {
        /// The cookie.
        sequence: u16,
    },
    /// The peer is leaving.
    GoAway(GoAway<'a>),
    /// The peer ended the connection with an ERROR.
    PeerClosed(ErrorBody<'a>),
    /// The peer broke a rule; the ERROR for it is in the output.
    Closed(Fault),
}

/// Why a call should stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelReason {
    /// The caller asks (H-7.7).
    Caller,
    /// Its deadline is over (H-7.8). The answer will say so, whatever is answered.
    Deadline,
}
