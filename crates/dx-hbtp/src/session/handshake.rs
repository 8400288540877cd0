//! From the first byte to WELCOME.
//!
//! Owns preface, HELLO and WELCOME (sections 4 and 5). May not know tokens: who may come in is the
//! caller's matter. Its one invariant: no frame of the application is taken in before WELCOME.

use super::{Event, Phase, Role, Session, Step};
use crate::choice::{FirstByte, PREFACE};
use crate::decode::hello::Hello;
use crate::decode::welcome::Welcome;
use crate::limits::{LENGTH_MAX, VERSION};
use crate::{Fault, Features, HbtpError, Limits, ResponseBuffer, Scope, decode, encode};

/// What a server adds to WELCOME, which the session cannot know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Welcoming<'a> {
    /// 0 identical schema or not asked, 1 layouts follow in a field, 2 unknown.
    pub verdict: u8,
    /// The server's clock, since 1970.
    pub server_time_ms: u64,
    /// Names the session.
    pub session_id: [u8; 16],
    /// In ascending order of type, each type once.
    pub fields: &'a [(u16, &'a [u8])],
}

impl Session {
    /// A client's side of a new connection. Appends preface (unless `is_upgraded`, H-4.6) and HELLO
    /// to `out`, with what `limits` takes in.
    ///
    /// `fields` are in ascending order of type, each type once; of `schema_hash` 0 is none.
    pub fn client(
        limits: Limits,
        now_ms: u64,
        is_upgraded: bool,
        schema_hash: u64,
        fields: &[(u16, &[u8])],
        out: &mut ResponseBuffer,
    ) -> Self {
        if !is_upgraded {
            out.write(&PREFACE);
        }
        let hello = Hello {
            version_min: VERSION,
            version_max: VERSION,
            features: Features::SUPPORTED,
            frame_max: limits.frame_max,
            inflight_max: limits.inflight_max,
            subscriptions_max: limits.subscriptions_max,
            schema_hash,
            credit: 0,
            fields: decode::fields::Fields::default(),
        };
        encode::hello::hello(out, &hello, fields);
        let mut session = Self::new(Role::Client, Phase::AwaitWelcome, limits, now_ms);
        session.agreed.frame_in_max = limits.frame_max;
        session.agreed.inflight_in_max = limits.inflight_max;
        session
    }

    /// Accepts the HELLO that was reported, with WELCOME.
    ///
    /// # Panics
    /// If none waits.
    pub fn accept(&mut self, welcoming: &Welcoming<'_>, out: &mut ResponseBuffer) {
        assert_eq!(self.phase, Phase::Deciding, "no HELLO waits");
        let welcome = Welcome {
            version: VERSION,
            verdict: welcoming.verdict,
            resumed: 0,
            features: self.agreed.features,
            frame_max: self.limits.frame_max,
            inflight_max: self.limits.inflight_max,
            subscriptions_max: self.limits.subscriptions_max,
            keepalive_ms: self.limits.keepalive_ms,
            ping_interval_ms: self.limits.ping_interval_ms,
            server_time_ms: welcoming.server_time_ms,
            credit: 0,
            session_id: welcoming.session_id,
            fields: decode::fields::Fields::default(),
        };
        encode::welcome::welcome(out, &welcome, welcoming.fields);
        self.agreed.frame_in_max = self.limits.frame_max;
        self.agreed.inflight_in_max = self.limits.inflight_max;
        self.phase = Phase::Open;
    }

    /// Ends the connection for a reason of the caller's own, such as a token that is not known.
    pub fn refuse(&mut self, error: &HbtpError, out: &mut ResponseBuffer) {
        if !self.is_closed() {
            let about = (Scope::Connection, 0);
            encode::error::error(out, about, error.code, error.retry, &error.message);
            self.phase = Phase::Closed;
        }
    }

    /// What comes before frames: how many bytes of it there are, or the step that ends here.
    pub(super) fn before_open(
        &mut self,
        input: &[u8],
        out: &mut ResponseBuffer,
    ) -> Result<usize, Step<'static>> {
        match self.phase {
            Phase::Closed => Err(Step { consumed: input.len(), event: Event::Ended }),
            Phase::Deciding => Err(Step { consumed: 0, event: Event::Paused }),
            Phase::Start => self.first_bytes(input, out),
            _ => Ok(0),
        }
    }

    fn first_bytes(
        &mut self,
        input: &[u8],
        out: &mut ResponseBuffer,
    ) -> Result<usize, Step<'static>> {
        let Some(&first) = input.first() else {
            return Err(Step { consumed: 0, event: Event::NeedMore { total: 1 } });
        };
        match FirstByte::choose(first) {
            FirstByte::Bare => {
                self.phase = Phase::Bare;
                Ok(0)
            }
            FirstByte::Preface => {
                let seen = input.len().min(PREFACE.len());
                if input[..seen] != PREFACE[..seen] {
                    return Err(self.closed(Fault::BadPreface, input, out));
                }
                if seen < PREFACE.len() {
                    let event = Event::NeedMore { total: PREFACE.len() };
                    return Err(Step { consumed: 0, event });
                }
                self.phase = Phase::AwaitHello;
                self.agreed.frame_in_max = self.limits.hello_max;
                Ok(PREFACE.len())
            }
            _ => Err(self.closed(Fault::UnknownProtocol, input, out)),
        }
    }

    fn closed(&mut self, fault: Fault, input: &[u8], out: &mut ResponseBuffer) -> Step<'static> {
        Step { consumed: input.len(), event: self.close(fault, out) }
    }

    pub(super) fn hello_came<'a>(
        &mut self,
        payload: &'a [u8],
        out: &mut ResponseBuffer,
    ) -> Event<'a> {
        let hello = match decode::hello::hello(payload) {
            Ok(hello) => hello,
            Err(fault) => return self.close(fault, out),
        };
        if !(hello.version_min..=hello.version_max).contains(&VERSION) {
            return self.close(Fault::NoCommonVersion, out);
        }
        self.agreed.features = hello.features.common(Features::SUPPORTED);
        self.agreed.frame_out_max = match hello.frame_max {
            0 => LENGTH_MAX,
            told => told.min(LENGTH_MAX),
        };
        self.agreed.inflight_out_max = hello.inflight_max;
        self.phase = Phase::Deciding;
        Event::Hello(hello)
    }

    pub(super) fn welcome_came<'a>(
        &mut self,
        payload: &'a [u8],
        out: &mut ResponseBuffer,
    ) -> Event<'a> {
        let welcome = match decode::welcome::welcome(payload) {
            Ok(welcome) => welcome,
            Err(fault) => return self.close(fault, out),
        };
        if welcome.version != VERSION || !Features::SUPPORTED.contains(welcome.features) {
            return self.close(Fault::MalformedWelcome, out);
        }
        self.agreed.features = welcome.features;
        self.agreed.frame_out_max = welcome.frame_max.min(LENGTH_MAX);
        self.agreed.inflight_out_max = welcome.inflight_max;
        self.phase = Phase::Open;
        Event::Welcome(welcome)
    }
}
