//! One connection as a machine: bytes and `now` in, events and bytes out.
//!
//! Owns the phases of a connection and the walk from bytes to events. May not know sockets, clocks
//! or handlers. Its one invariant: every call it reports gets exactly one terminal frame, if its
//! caller answers it (H-7.4).

mod answers;
mod asking;
mod calls;
mod event;
mod handshake;
mod leaving;
mod life;
mod receive;

use crate::{Fault, Features, Limits, ResponseBuffer, Retry, Scope, encode};

pub use answers::NotOpen;
pub use asking::{CallError, PushError};
use calls::CallTable;
pub use event::{CancelReason, Event, Step};
pub use handshake::Welcoming;
use leaving::Leaving;
use life::Life;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Server,
    Client,
}

/// Where a connection is. `Start` ends with the first byte, the handshake with WELCOME.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Start,
    AwaitHello,
    /// HELLO was reported, its acceptance is awaited.
    Deciding,
    AwaitWelcome,
    Open,
    Bare,
    Closed,
}

/// What holds between the two sides now.
#[derive(Clone, Copy, Debug)]
struct Agreed {
    features: Features,
    /// Bytes of payload we take in, and open calls.
    frame_in_max: u32,
    inflight_in_max: u16,
    /// Bytes of payload the peer takes in, and open calls.
    frame_out_max: u32,
    inflight_out_max: u16,
}

/// One connection.
///
/// The caller keeps what was received and not yet consumed, and calls [`next`](Self::next) until it
/// says [`Event::NeedMore`]; sends what is in the [`ResponseBuffer`]; and calls
/// [`tick`](Self::tick) when [`deadline`](Self::deadline) has come. It bounds the output by not
/// calling `next` while too much of it is unsent: one call of `next` reports one event.
#[derive(Debug)]
pub struct Session {
    role: Role,
    phase: Phase,
    limits: Limits,
    agreed: Agreed,
    /// Open calls of the peer that were not answered at once.
    calls: CallTable,
    /// The call reported last, until it is answered or the next event is asked for.
    current: Option<u16>,
    /// Our own open calls.
    asked: CallTable,
    asked_last: u16,
    life: Life,
    leaving: Leaving,
}

impl Session {
    /// A server's side of a new connection, whose first bytes decide between preface and bare.
    pub fn server(limits: Limits, now_ms: u64) -> Self {
        Self::new(Role::Server, Phase::Start, limits, now_ms)
    }

    /// A server's side of a connection that was upgraded: HELLO comes first (H-4.6).
    pub fn server_upgraded(limits: Limits, now_ms: u64) -> Self {
        let mut session = Self::new(Role::Server, Phase::AwaitHello, limits, now_ms);
        session.agreed.frame_in_max = limits.hello_max;
        session
    }

    /// A client's side of a bare connection (H-4.4). See [`Session::client`] for the other.
    pub fn client_bare(limits: Limits, now_ms: u64) -> Self {
        let mut session = Self::new(Role::Client, Phase::Bare, limits, now_ms);
        session.agreed.frame_in_max = limits.frame_max;
        session.agreed.inflight_in_max = 0;
        session
    }

    fn new(role: Role, phase: Phase, limits: Limits, now_ms: u64) -> Self {
        // What the peer takes in is not known yet: the defaults of the specification.
        let assumed = match role {
            Role::Server => Limits::client(),
            Role::Client => Limits::server(),
        };
        let agreed = Agreed {
            features: Features::NONE,
            frame_in_max: limits.bare_frame_max,
            inflight_in_max: limits.bare_inflight_max,
            frame_out_max: match role {
                Role::Server => assumed.frame_max,
                Role::Client => assumed.bare_frame_max,
            },
            inflight_out_max: match role {
                Role::Server => 0,
                Role::Client => assumed.bare_inflight_max,
            },
        };
        Self {
            role,
            phase,
            limits,
            agreed,
            calls: CallTable::default(),
            current: None,
            asked: CallTable::default(),
            asked_last: 0,
            life: Life::new(&limits, now_ms),
            leaving: Leaving::default(),
        }
    }

    /// The transport has ended, with `unread` bytes that were not consumed.
    ///
    /// # Errors
    /// [`Fault::Truncated`] if it ended inside a frame or preface (H-1.8). Whether or not, our open
    /// calls have failed: [`drain_asked`](Self::drain_asked) names them.
    pub fn end(&mut self, unread: usize) -> Result<(), Fault> {
        let was_closed = core::mem::replace(&mut self.phase, Phase::Closed) == Phase::Closed;
        if unread > 0 && !was_closed { Err(Fault::Truncated) } else { Ok(()) }
    }

    /// Whether nothing more will be said or heard, so that the transport can be closed once the
    /// output is sent.
    pub fn is_closed(&self) -> bool {
        self.phase == Phase::Closed
    }

    /// Whether frames can be exchanged: bare, or after the handshake.
    pub fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open | Phase::Bare)
    }

    /// Open calls of the peer.
    pub fn calls_open(&self) -> usize {
        self.calls.len() + usize::from(self.current.is_some())
    }

    /// What both sides can do.
    pub fn features(&self) -> Features {
        self.agreed.features
    }

    /// Ends the connection: ERROR with scope connection, then nothing more.
    fn close(&mut self, fault: Fault, out: &mut ResponseBuffer) -> Event<'static> {
        let about = (Scope::Connection, 0);
        encode::error::error(out, about, fault.code(), Retry::Never, fault.rule());
        self.phase = Phase::Closed;
        Event::Closed(fault)
    }
}
