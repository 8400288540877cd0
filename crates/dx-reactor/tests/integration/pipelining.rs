//! Many requests at once.
//!
//! Owns the rows about the order of answers and about where the stream is cut. Invariant: what is
//! answered depends on the bytes sent and not on the pieces they came in.

use core::fmt::Write;
use core::time::Duration;

use dx_reactor::IoBackend;

use crate::bench::{Server, is_alone};
use crate::client::{Client, End};

/// A request, its method, and the status and content of its answer.
struct Exchange {
    request: String,
    method: &'static str,
    status: u16,
    body: String,
}

fn exchange(number: usize) -> Exchange {
    let host = "Host: example.org\r\n";
    let get = |method: &'static str, path: String, status, body: String| Exchange {
        request: format!("{method} {path} HTTP/1.1\r\n{host}\r\n"),
        method,
        status,
        body,
    };
    let content = format!("content {number}");
    let len = content.len();
    match number % 8 {
        0 => get("GET", "/".into(), 200, "Hello, World!".into()),
        1 => get("HEAD", "/user/1".into(), 200, String::new()),
        2 => Exchange {
            request: format!("POST /echo HTTP/1.1\r\n{host}Content-Length: {len}\r\n\r\n{content}"),
            method: "POST",
            status: 200,
            body: content,
        },
        3 => Exchange {
            request: format!(
                "POST /echo HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\n\r\n\
                 {len:x}\r\n{content}\r\n0\r\n\r\n"
            ),
            method: "POST",
            status: 200,
            body: content,
        },
        4 => get("GET", format!("/sleep/{}", number % 3), 200, format!("slept {}", number % 3)),
        5 => {
            get("DELETE", "/".into(), 405, r#"{"title":"Method Not Allowed","status":405}"#.into())
        }
        6 => get("GET", format!("/user/{number}"), 200, number.to_string()),
        _ => Exchange {
            request: format!("PUT /echo HTTP/1.1\r\n{host}Content-Length: {len}\r\n\r\n{content}"),
            method: "PUT",
            status: 200,
            body: content,
        },
    }
}

fn assert_answered(client: &mut Client, exchange: &Exchange) {
    let response = client.response_to(exchange.method);
    let found = (response.status, response.text());
    assert_eq!(found, (exchange.status, exchange.body.as_str()), "{}", exchange.request);
}

pub fn mixed_requests_are_answered_in_order(backend: IoBackend) {
    let server = Server::start(backend);
    let exchanges: Vec<Exchange> = (0..300).map(exchange).collect();
    let batch: String = exchanges.iter().map(|each| each.request.as_str()).collect();
    let mut client = server.connect();
    for _ in 0..3 {
        client.send(&batch);
        for exchange in &exchanges {
            assert_answered(&mut client, exchange);
        }
    }
    client.send("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.response().status, 404);
    client.finish();
    client.assert_eof();
    server.stop();
}

pub fn a_bad_request_in_the_middle_ends_the_connection(backend: IoBackend) {
    let server = Server::start(backend);
    for bad in ["GET / HTTP/1.1\r\n\r\n", "GET /\r\n\r\n", "\0\r\n\r\n"] {
        let before: Vec<Exchange> = (0..20).map(exchange).collect();
        let mut batch: String = before.iter().map(|each| each.request.as_str()).collect();
        batch += bad;
        batch.extend((0..20).map(|number| exchange(number).request));
        let mut client = server.connect();
        client.send(&batch);
        for exchange in &before {
            assert_answered(&mut client, exchange);
        }
        let response = client.response();
        assert!(response.status == 400 && response.says_close(), "{response:?}");
        client.assert_eof();
    }
    server.stop();
}

pub fn nothing_behind_a_close_is_answered(backend: IoBackend) {
    let server = Server::start(backend);
    let last = [
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "GET /sleep/5 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc",
    ];
    for last in last {
        let mut client = server.connect();
        let behind = "GET /user/never HTTP/1.1\r\nHost: a\r\n\r\n".repeat(3);
        client.send(["GET / HTTP/1.1\r\nHost: a\r\n\r\n", last, &behind].concat());
        assert!(!client.response().says_close());
        assert!(client.response().says_close());
        client.assert_eof();
    }
    server.stop();
}

/// A batch that ends with a close.
fn batch() -> String {
    let mut batch: String = (0..8).map(|number| exchange(number).request).collect();
    batch += "GET /user/last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    batch
}

/// All that the server answers to these pieces, without its dates.
fn answers(server: &Server, pieces: &[&[u8]]) -> String {
    let mut client = server.connect();
    for piece in pieces {
        client.send(piece);
        std::thread::sleep(Duration::from_micros(300));
    }
    let (answers, end) = client.rest();
    assert_eq!(end, End::Eof);
    without_dates(&answers)
}

fn without_dates(answers: &[u8]) -> String {
    let mut kept = String::new();
    for line in String::from_utf8_lossy(answers).split_inclusive("\r\n") {
        if !line.starts_with("date: ") {
            let _ = kept.write_str(line);
        }
    }
    kept
}

pub fn every_cut_gives_the_same_answers(backend: IoBackend) {
    let server = Server::start(backend);
    let batch = batch();
    let whole = answers(&server, &[batch.as_bytes()]);
    assert_eq!(whole.matches("HTTP/1.1 ").count(), 9, "{whole}");
    for cut in 1..batch.len() {
        let (first, second) = batch.as_bytes().split_at(cut);
        assert_eq!(answers(&server, &[first, second]), whole, "cut at {cut}");
    }
    server.stop();
}

pub fn random_cuts_give_the_same_answers(backend: IoBackend) {
    let server = Server::start(backend);
    let bad = "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a b\r\n\r\nGET / HTTP/1.1";
    for batch in [batch().as_str(), bad] {
        let whole = answers(&server, &[batch.as_bytes()]);
        for seed in 1..=60_u64 {
            let mut pieces = Vec::new();
            let (mut rest, mut state) = (batch.as_bytes(), seed);
            while !rest.is_empty() {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let len = (state >> 33) as usize % (4 * seed as usize) + 1;
                let (piece, behind) = rest.split_at(len.min(rest.len()));
                pieces.push(piece);
                rest = behind;
            }
            assert_eq!(answers(&server, &pieces), whole, "seed {seed}");
        }
    }
    server.stop();
}

pub fn half_close_still_gets_all_answers(backend: IoBackend) {
    let server = Server::start(backend);
    let exchanges: Vec<Exchange> = (0..50).map(exchange).collect();
    let batch: String = exchanges.iter().map(|each| each.request.as_str()).collect();
    let mut client = server.connect();
    client.send(&batch);
    client.finish();
    for exchange in &exchanges {
        assert_answered(&mut client, exchange);
    }
    client.assert_eof();
    // Half a request behind the last whole one is nobody's question.
    let mut client = server.connect();
    client.send("GET /sleep/5 HTTP/1.1\r\nHost: a\r\n\r\nGET / HT");
    client.finish();
    assert_eq!(client.response().text(), "slept 5");
    client.assert_eof();
    server.stop();
}

/// Bytes of this process that are in memory.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/statm").expect("statm");
    let pages: u64 = status.split(' ').nth(1).and_then(|word| word.parse().ok()).expect("pages");
    pages * 4096
}

/// What is unread never becomes empty, for every piece ends within a request.
pub fn an_endless_pipeline_takes_no_memory(backend: IoBackend) {
    if !is_alone("rows::pipelining::an_endless_pipeline_takes_no_memory", backend) {
        return;
    }
    let server = Server::start(backend);
    // Answered at once, and by handlers that are pending while the next piece comes.
    for (path, filler, count, rounds) in [("/", 10, 250, 1200), ("/elsewhere", 300, 3, 12_000)] {
        let filler = "a".repeat(filler);
        let request = format!("GET {path} HTTP/1.1\r\nHost: example.org\r\nB: {filler}\r\n\r\n");
        let (first, second) = request.split_at(20);
        let piece = [second, &request.repeat(count), first].concat();
        let mut client = server.connect();
        client.send([first, &piece].concat());
        let mut before = 0;
        for round in 0..rounds {
            if round == 200 {
                before = resident();
            }
            // The next piece is on its way before the last one is answered.
            client.send(&piece);
            for _ in 0..=count {
                client.response();
            }
        }
        let (grown, sent) = (resident().saturating_sub(before), (rounds - 200) * piece.len());
        assert!(grown < 4 << 20, "{path}: {grown} bytes more after {sent} sent");
    }
    server.stop();
}
