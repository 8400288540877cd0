//! The closed loop and the holder against small servers that behave or misbehave on purpose.
//!
//! Owns the servers. Knows only the public API. Invariant: each way to misbehave shows as errors.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use bench_load::closed_loop::{LoadError, Plan, run};
use bench_load::holder::{Alive, Holder};
use bench_load::request::{REQUEST_BYTES, request};
use bench_load::response::ResponseError;

const GOOD: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
const OTHER_BODY: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhullo";
const SHORT: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhell";
const LONG: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello!";
const REFUSED: &[u8] = b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n";

/// What a server says to request number n of a connection; it closes on `None`.
type Answer = fn(usize) -> Option<&'static [u8]>;

/// Serves every connection on a thread of its own.
fn serve(answer: Answer) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(move || converse(stream.unwrap(), answer));
        }
    });
    address
}

fn converse(mut stream: TcpStream, answer: Answer) {
    let mut request = [0; REQUEST_BYTES];
    for number in 0.. {
        // The client leaves whenever it likes.
        if stream.read_exact(&mut request).is_err() {
            return;
        }
        match answer(number) {
            Some(bytes) if stream.write_all(bytes).is_ok() => {}
            _ => return,
        }
    }
}

fn plan(address: SocketAddr) -> Plan {
    Plan {
        address,
        connections: 3,
        batch: 4,
        warmup: Duration::from_millis(20),
        window: Duration::from_millis(100),
        request: request("GET", "/").unwrap(),
        body: Some(b"hello".to_vec()),
        pid: None,
    }
}

#[test]
fn a_good_server_is_measured_without_errors() {
    let report = run(&plan(serve(|_| Some(GOOD)))).unwrap();
    assert_eq!((report.errors, report.response_bytes), (0, GOOD.len()));
    assert!(report.requests > 0 && report.requests.is_multiple_of(4), "{report:?}");
    assert!(report.checked >= 4, "{report:?}");
    assert!(report.p50_us > 0.0 && report.p50_us <= report.p99_us, "{report:?}");
    assert!((report.rate * report.seconds - report.requests as f64).abs() < 1.0, "{report:?}");
}

#[test]
fn every_misbehaviour_is_an_error() {
    let rows: [(&str, Answer); 4] = [
        ("closes later", |number| (number < 5).then_some(GOOD)),
        ("too many bytes", |number| Some(if number == 7 { LONG } else { GOOD })),
        ("too few bytes", |number| Some(if number == 7 { SHORT } else { GOOD })),
        ("another body", |number| Some(if number < 1 { GOOD } else { OTHER_BODY })),
    ];
    for (name, answer) in rows {
        let report = run(&plan(serve(answer))).unwrap();
        assert!(report.errors > 0, "{name}: {report:?}");
    }
}

#[test]
fn a_first_response_that_cannot_be_measured_is_refused() {
    let response = |answer| run(&plan(serve(answer))).unwrap_err();
    let refused = response(|_| Some(REFUSED));
    assert!(matches!(refused, LoadError::Response(ResponseError::Status(503))), "{refused:?}");
    let body = response(|_| Some(OTHER_BODY));
    assert!(matches!(body, LoadError::Response(ResponseError::BodyChanged)), "{body:?}");
    let closed = response(|_| None);
    assert!(matches!(closed, LoadError::Connect(_)), "{closed:?}");
}

#[test]
fn a_holder_knows_who_is_alive() {
    let rows: [(Answer, usize); 2] =
        [(|_| Some(GOOD), 3), (|number| (number < 1).then_some(GOOD), 0)];
    for (answer, answered) in rows {
        let source = Ipv4Addr::new(127, 0, 0, 3);
        let mut holder = Holder::new(serve(answer), source, request("GET", "/").unwrap(), true);
        let mut output = Vec::new();
        holder.serve(b"open 1\nopen 200\n".as_slice(), &mut output).unwrap();
        assert_eq!(output, b"opened 1\nopened 200\n");
        assert_eq!(holder.check(), Alive { open: 201, asked: 3, answered });
        assert!(holder.serve(b"dance\n".as_slice(), &mut output).is_err());
    }
}
