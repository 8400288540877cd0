//! Nanoseconds per request head parsed and response head encoded.
//!
//! Owns one 165-byte request and one response. May not judge: it prints, a person compares. Its
//! one invariant: every round parses bytes the compiler cannot see through.

use std::hint::black_box;
use std::time::Instant;

use dx_http::{
    Date, Head, HeadParser, HeaderName, HeaderValue, Limits, Progress, ResponseFraming,
    ResponseHead, Status, Version,
};

const REQUEST: &[u8; 165] = b"GET /plaintext HTTP/1.1\r\nHost: localhost\r\n\
    Accept: text/plain,text/html;q=0.9,application/xhtml+xml;q=0.9,*/*;q=0.8\r\n\
    User-Agent: bench/1.0\r\nConnection: keep-alive\r\n\r\n";

const ROUNDS: u32 = 2_000_000;
const REPEATS: u32 = 7;

fn main() {
    let limits = Limits::default();
    let mut head = Head::default();
    measure("parse 165 bytes", || {
        let mut parser = HeadParser::default();
        let done = parser.parse(black_box(REQUEST), &limits, &mut head);
        assert_eq!(done, Ok(Progress::Complete { len: 165 }));
        black_box(&head);
    });
    // As they lie in a receive buffer: the next request is behind this one.
    let pipelined = REQUEST.repeat(64);
    let mut at = 0;
    measure("the same, pipelined", || {
        let mut parser = HeadParser::default();
        let done = parser.parse(black_box(&pipelined[at..]), &limits, &mut head);
        assert_eq!(done, Ok(Progress::Complete { len: 165 }));
        at = (at + 165) % pipelined.len();
        black_box(&head);
    });
    measure("parse in two cuts", || {
        let mut parser = HeadParser::default();
        let first = parser.parse(black_box(&REQUEST[..100]), &limits, &mut head);
        assert_eq!(first, Ok(Progress::NeedMore));
        let done = parser.parse(black_box(REQUEST), &limits, &mut head);
        assert_eq!(done, Ok(Progress::Complete { len: 165 }));
    });
    measure("httparse, no semantics", || {
        let mut headers = [httparse::EMPTY_HEADER; 16];
        let mut request = httparse::Request::new(&mut headers);
        let done = request.parse(black_box(REQUEST));
        assert_eq!(done, Ok(httparse::Status::Complete(165)));
        black_box(&request);
    });
    measure("httparse, pipelined", || {
        let mut headers = [httparse::EMPTY_HEADER; 16];
        let mut request = httparse::Request::new(&mut headers);
        let done = request.parse(black_box(&pipelined[at..]));
        assert_eq!(done, Ok(httparse::Status::Complete(165)));
        at = (at + 165) % pipelined.len();
        black_box(&request);
    });

    let (date, text) = (Date::from_unix(1_700_000_000), HeaderValue::from_static("text/plain"));
    let server = [(HeaderName::from_static("server"), HeaderValue::from_static("dx"))];
    let mut out = Vec::with_capacity(4096);
    for (name, headers) in [("encode 200", &server[..0]), ("encode 200 + server", &server[..])] {
        measure(name, || {
            out.clear();
            let response = ResponseHead {
                status: black_box(Status::OK),
                version: Version::Http11,
                keep_alive: true,
                content_type: Some(&text),
                framing: ResponseFraming::Length(black_box(13)),
                date: &date,
                headers: black_box(headers),
            };
            response.encode(&mut out);
            black_box(&out);
        });
    }
}

/// Prints the best of several repeats, the one other work on the machine disturbed least.
fn measure(name: &str, mut work: impl FnMut()) {
    let best = (0..REPEATS)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..ROUNDS {
                work();
            }
            start.elapsed().as_nanos() as f64 / f64::from(ROUNDS)
        })
        .fold(f64::INFINITY, f64::min);
    println!("{name:<24} {best:6.1} ns");
}
