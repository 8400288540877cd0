//! A session with somebody behind it.
//!
//! Owns the application that the vectors assume (`vectors/hbtp/README.md`), and the words for its
//! events. May not know what is expected. Its one invariant: the same bytes lead to the same words,
//! however they were cut.

use dx_hbtp::decode::error::ErrorBody;
use dx_hbtp::decode::ext::Extensions;
use dx_hbtp::decode::goaway::GoAway;
use dx_hbtp::{
    CancelReason, ErrorCode, Event, HbtpHeader, HbtpOpcode, Limits, Refusal, ResponseBuffer, Retry,
    Session, Welcoming, decode, encode,
};

/// One side of a connection.
pub struct Peer {
    pub session: Session,
    pub out: ResponseBuffer,
    /// What happened, a line each.
    pub events: Vec<String>,
    unread: Vec<u8>,
    now_ms: u64,
}

impl Peer {
    pub fn new(role: &str, limits: Limits) -> Self {
        let mut out = ResponseBuffer::new();
        let session = match role {
            "server" => Session::server(limits, 0),
            "upgraded" => Session::server_upgraded(limits, 0),
            "client" => Session::client(Limits::client(), 0, false, 0, &[], &mut out),
            other => panic!("no role {other}"),
        };
        Self { session, out, events: Vec::new(), unread: Vec::new(), now_ms: 0 }
    }

    pub fn receive(&mut self, bytes: &[u8]) {
        self.unread.extend_from_slice(bytes);
        let input = std::mem::take(&mut self.unread);
        let mut at = 0;
        loop {
            let step = self.session.next(&input[at..], self.now_ms, &mut self.out);
            at += step.consumed;
            if matches!(step.event, Event::NeedMore { .. } | Event::Ended) {
                break;
            }
            self.handle(step.event);
        }
        self.unread.extend_from_slice(&input[at..]);
    }

    pub fn at(&mut self, now_ms: u64) {
        self.now_ms = now_ms;
    }

    pub fn tick(&mut self, now_ms: u64) {
        self.now_ms = now_ms;
        while let Some(event) = self.session.tick(now_ms, &mut self.out) {
            self.handle(event);
        }
    }

    pub fn answer(&mut self, call: u16) {
        let answered = self.session.answer(call, &mut self.out, |out| {
            encode::rpc::response(out, 0, 0);
            out.write(b"ok");
            Ok(())
        });
        if answered.is_err() {
            self.events.push(format!("not-open {call:04x}"));
        }
    }

    pub fn go_away(&mut self, flags: u16) {
        let code = ErrorCode::GOING_AWAY;
        let (drain_ms, jitter_ms) = (100, 200);
        let goaway = GoAway { code, flags, last_call: 0, drain_ms, jitter_ms, endpoint: "" };
        self.session.go_away(&goaway, &mut self.out);
    }

    pub fn call(&mut self, payload: &[u8], deadline_ms: u32) {
        let called = self.session.call(deadline_ms, self.now_ms, &mut self.out, |out| {
            out.write(payload);
            Ok(())
        });
        if called.is_err() {
            self.events.push("no-call".to_owned());
        }
    }

    pub fn cancel(&mut self, call: u16) {
        self.session.cancel(call, &mut self.out);
    }

    pub fn end(&mut self) {
        let ended = self.session.end(self.unread.len());
        self.events.push(if ended.is_ok() { "end" } else { "truncated" }.to_owned());
        while let Some(call) = self.session.drain_asked() {
            self.events.push(format!("unavailable {call:04x}"));
        }
    }

    fn handle(&mut self, event: Event<'_>) {
        self.events.push(words(&event));
        match event {
            Event::Hello(_) => {
                let session_id = std::array::from_fn(|at| at as u8);
                let server_time_ms = 1_700_000_000_000;
                let welcoming = Welcoming { session_id, server_time_ms, ..Welcoming::default() };
                self.session.accept(&welcoming, &mut self.out);
            }
            Event::Call { header, payload } => self.run(header, payload),
            Event::Frame { header, payload } => match header.opcode.value() {
                0x22 | 0x30 | 0x34 | 0x80 | 0xC0 => {
                    self.session.reply(&header, &mut self.out, |out| {
                        out.write(payload);
                        Ok(())
                    });
                }
                _ => {
                    if let Some(fault) = self.session.unhandled(&header, &mut self.out) {
                        self.events.push(words(&Event::Closed(fault)));
                    }
                }
            },
            _ => {}
        }
    }

    /// Route 0 echoes, route 1 is answered later, others are not there.
    fn run(&mut self, header: HbtpHeader, payload: &[u8]) {
        let (_, message) = Extensions::split(&header, payload).expect("checked by the session");
        let body = decode::rpc::call(message);
        if let Ok(body) = body
            && body.route == 1
        {
            let deferred = self.session.defer(header.sequence, body.deadline_ms, self.now_ms);
            return deferred.expect("reported last");
        }
        let answered = self.session.answer(header.sequence, &mut self.out, |out| {
            let body = body?;
            if body.route != 0 {
                return Err(Refusal::RouteUnknown.into());
            }
            encode::rpc::response(out, 0, 0);
            out.write(body.arguments);
            Ok(())
        });
        answered.expect("reported last");
    }
}

fn words(event: &Event<'_>) -> String {
    match event {
        Event::Hello(hello) => format!(
            "hello {} {} {} {} {}",
            hello.version_min,
            hello.version_max,
            hello.features.bits(),
            hello.frame_max,
            hello.inflight_max
        ),
        Event::Welcome(welcome) => format!(
            "welcome {} {} {} {} {}",
            welcome.version,
            welcome.verdict,
            welcome.features.bits(),
            welcome.frame_max,
            welcome.inflight_max
        ),
        Event::Call { header, payload } => frame_words("call", header, payload),
        Event::Frame { header, payload } => frame_words("frame", header, payload),
        Event::Response { header, payload } => frame_words("response", header, payload),
        Event::CallFailed { sequence, error } => {
            format!("failed {sequence:04x} {}", error_words(error))
        }
        Event::CallTimedOut { sequence } => format!("timed-out {sequence:04x}"),
        Event::Cancel { sequence, reason: CancelReason::Caller } => {
            format!("cancel {sequence:04x} caller")
        }
        Event::Cancel { sequence, reason: CancelReason::Deadline } => {
            format!("cancel {sequence:04x} deadline")
        }
        Event::Refused { sequence, error } => {
            format!("refused {sequence:04x} {}", error_words(error))
        }
        Event::Pong { sequence } => format!("pong {sequence:04x}"),
        Event::GoAway(goaway) => format!(
            "goaway {:04x} {} {:04x} {} {} {}",
            goaway.code.value(),
            goaway.flags,
            goaway.last_call,
            goaway.drain_ms,
            goaway.jitter_ms,
            or_dash(goaway.endpoint)
        ),
        Event::PeerClosed(error) => format!("peer-closed {}", error_words(error)),
        Event::Closed(fault) => format!("closed {} {:04x}", fault.rule(), fault.code().value()),
        other => format!("{other:?}"),
    }
}

fn frame_words(word: &str, header: &HbtpHeader, payload: &[u8]) -> String {
    let hex: String = payload.iter().map(|byte| format!("{byte:02x}")).collect();
    let HbtpHeader { opcode, flags, sequence, .. } = header;
    assert_eq!(header.length as usize, payload.len());
    assert_ne!(*opcode, HbtpOpcode::Hello);
    format!("{word} {:02x} {:02x} {sequence:04x} {}", opcode.value(), flags.bits(), or_dash(&hex))
}

fn error_words(error: &ErrorBody<'_>) -> String {
    let retry = match error.retry {
        Retry::Never => "never".to_owned(),
        Retry::Now => "now".to_owned(),
        Retry::After(ms) => format!("after-{ms}"),
    };
    let (code, scope) = (error.code.value(), error.scope as u8);
    format!("{code:04x} {scope} {retry} {}", or_dash(error.message))
}

fn or_dash(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}
