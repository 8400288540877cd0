//! Which answers a connection's bytes must get.
//!
//! Owns the oracle: it reads the whole buffer by the oracles of heads and bodies, and knows what
//! the routes of `server.rs` say. Invariant: time, cuts and buffers do not exist here.

use dx_http::Limits;

use super::oracle::chunked::{Stop, walk};
use super::oracle::head::{Body, Request, Verdict, judge};

/// Bytes of a body that the server takes.
pub const BODY_MAX: usize = 600;
/// Bytes that `/big` answers: more than a connection keeps unsent.
pub const BIG: usize = 70_000;

/// One final answer.
#[derive(Debug)]
pub struct Final {
    pub status: u16,
    pub to_head: bool,
    pub modern: bool,
    /// It is the last, and says so.
    pub closes: bool,
    /// An interim `100 Continue` may come before: whether it does depends on what is there.
    pub may_continue: bool,
    /// Some of the body is there, if there is one: then no interim answer need be sent.
    pub is_begun: bool,
    pub content: Content,
}

/// What an answer holds.
#[derive(Debug)]
pub enum Content {
    Exactly(Vec<u8>),
    /// Some words about what went wrong.
    Problem,
}

/// All that is to be seen of a connection.
#[derive(Debug, Default)]
pub struct Expected {
    pub answers: Vec<Final>,
    /// The server ends the connection.
    pub ends: bool,
}

/// What `bytes` must get; `finishes`: the peer's end follows them.
pub fn expect(bytes: &[u8], limits: &Limits, finishes: bool) -> Expected {
    let mut expected = Expected::default();
    let mut at = 0;
    loop {
        let request = match judge(&bytes[at..], limits) {
            Verdict::Head(request) => request,
            Verdict::Refused(status) => {
                // Of a head that is not understood, only this much counts.
                let lines = bytes[at..].iter().take_while(|byte| b"\r\n".contains(byte)).count();
                let is_head = bytes[at + lines..].starts_with(b"HEAD ");
                let method = if is_head { b"HEAD".to_vec() } else { Vec::new() };
                let request = Request { method, ..Request::default() };
                expected.refuse(status, &request, Continues::default());
                return expected;
            }
            Verdict::More => {
                // A request that is not whole when the peer has finished is none, RFC 9112
                // section 8; until then it may be completed.
                expected.ends = finishes;
                return expected;
            }
        };
        at += request.len;
        let continues = Continues {
            may: request.expect_continue && has_content(request.body),
            is_begun: at < bytes.len(),
        };
        match body(&bytes[at..], request.body, limits) {
            Ok((content, len)) => {
                at += len;
                expected.answer(&request, &content, continues);
                if expected.ends {
                    return expected;
                }
            }
            Err(Stop::Refused(status)) => {
                expected.refuse(status, &request, continues);
                return expected;
            }
            Err(Stop::More) => {
                expected.ends = finishes;
                return expected;
            }
        }
    }
}

/// What is known about an interim answer.
#[derive(Clone, Copy, Debug, Default)]
struct Continues {
    may: bool,
    is_begun: bool,
}

const fn has_content(body: Body) -> bool {
    !matches!(body, Body::None | Body::Length(0))
}

/// The content of the body that `bytes` begins with, and the length of the body.
fn body(bytes: &[u8], body: Body, limits: &Limits) -> Result<(Vec<u8>, usize), Stop> {
    match body {
        Body::None => Ok((Vec::new(), 0)),
        Body::Length(length) if length > BODY_MAX as u64 => Err(Stop::Refused(413)),
        Body::Length(length) => {
            let len = length as usize;
            let content = bytes.get(..len).ok_or(Stop::More)?;
            Ok((content.to_vec(), len))
        }
        Body::Chunked => {
            let (walked, end) = walk(bytes, limits);
            // Content comes before whatever is wrong behind it.
            if walked.content.len() > BODY_MAX {
                return Err(Stop::Refused(413));
            }
            end.map(|()| (walked.content, walked.at))
        }
    }
}

impl Expected {
    fn answer(&mut self, request: &Request, content: &[u8], continues: Continues) {
        let (status, content) = route(request, content);
        // RFC 9931 section 8: what comes behind a refused tunnel is not looked at.
        let closes = !request.keep_alive || request.method == b"CONNECT";
        self.answers.push(Final {
            status,
            to_head: request.method == b"HEAD",
            modern: request.modern,
            closes,
            may_continue: continues.may,
            is_begun: continues.is_begun,
            content,
        });
        self.ends = closes;
    }

    fn refuse(&mut self, status: u16, request: &Request, continues: Continues) {
        self.answers.push(Final {
            status,
            to_head: request.method == b"HEAD",
            modern: true,
            closes: true,
            may_continue: continues.may,
            is_begun: continues.is_begun,
            content: Content::Problem,
        });
        self.ends = true;
    }
}

/// What the routes of `server.rs` answer.
fn route(request: &Request, body: &[u8]) -> (u16, Content) {
    let echo = || Content::Exactly(describe(request, body));
    let reads = request.method == b"GET" || request.method == b"HEAD";
    match (&request.method[..], &request.path[..]) {
        // RFC 9110 section 7.4.
        _ if is_for_https(&request.target) => (421, Content::Problem),
        (b"CONNECT", _) => (501, Content::Problem),
        (b"OPTIONS", b"*" | b"/wait" | b"/yield" | b"/big" | b"/none" | b"/same") => {
            (204, Content::Exactly(Vec::new()))
        }
        (_, b"/wait" | b"/yield") if reads => (200, echo()),
        (_, b"/big") if reads => (200, Content::Exactly(vec![b'b'; BIG])),
        (_, b"/none") if reads => (204, Content::Exactly(Vec::new())),
        (_, b"/same") if reads => (304, Content::Exactly(Vec::new())),
        (_, b"/wait" | b"/yield" | b"/big" | b"/none" | b"/same") => (405, Content::Problem),
        _ => (200, echo()),
    }
}

/// Whether the target is one of a scheme that this connection cannot have.
fn is_for_https(target: &[u8]) -> bool {
    target.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"https://"))
}

/// All that the handler is to have seen of a request.
fn describe(request: &Request, body: &[u8]) -> Vec<u8> {
    let version = if request.modern { "1" } else { "0" };
    let mut text = Vec::new();
    let mut add = |part: &[u8]| {
        text.extend_from_slice(part);
        text.push(b'\n');
    };
    add(&request.method);
    add(&request.target);
    add(&request.path);
    add(request.query.as_deref().unwrap_or(b"-"));
    add(version.as_bytes());
    add(request.host.as_deref().unwrap_or(b"-"));
    for (name, value) in &request.fields {
        add(name);
        add(value);
    }
    add(body);
    text
}
