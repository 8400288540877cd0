//! What is refused, and how.
//!
//! Owns the rows about limits and malformed input, and about peers that go away in the middle.
//! Invariant: a refusal is one answer with the right status, then the end; the server serves on.

use dx_reactor::IoBackend;

use crate::bench::Server;
use crate::client::Client;

/// One answer with `status` that says close, then the end.
fn assert_refused(mut client: Client, status: u16, what: &str) {
    let response = client.response();
    assert_eq!((response.status, response.says_close()), (status, true), "{what}");
    assert_eq!(response.header("content-type"), Some("application/problem+json"), "{what}");
    client.assert_eof();
}

pub fn heads_that_are_refused(backend: IoBackend) {
    let server = Server::start(backend);
    let rows: &[(&str, u16)] = &[
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
        ("GET / HTTP/1.1\nHost: a\n\n", 400),
        ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\n b: c\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nb\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nb: \0\r\n\r\n", 400),
        ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET /\r\n\r\n", 400),
        ("G@T / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET / http/1.1\r\nHost: a\r\n\r\n", 400),
        ("\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        ("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\na", 400),
        ("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\na", 400),
        ("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na", 400),
        (
            "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\
             Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
        ),
        (
            "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n\
             0\r\n\r\n",
            400,
        ),
        (
            "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n\
             0\r\n\r\n",
            501,
        ),
        ("POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nExpect: a miracle\r\n\r\n", 417),
    ];
    for (request, status) in rows {
        for behind in ["", "GET /user/never HTTP/1.1\r\nHost: a\r\n\r\n"] {
            let mut client = server.connect();
            client.send([request, behind].concat());
            assert_refused(client, *status, request);
        }
    }
    server.assert_serves();
    server.stop();
}

pub fn bodies_that_are_refused(backend: IoBackend) {
    let server = Server::start(backend);
    let head = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    for body in [
        "x\r\n",
        "\r\n",
        "1\r\nab\r\n0\r\n\r\n",
        "1 \r\na\r\n0\r\n\r\n",
        "11111111111111111\r\n",
        "1\ra\r\n0\r\n\r\n",
        "0\r\nno colon\r\n\r\n",
    ] {
        let mut client = server.connect();
        client.send([head, body].concat());
        assert_refused(client, 400, body);
    }
    server.assert_serves();
    server.stop();
}

pub fn limits_of_heads(backend: IoBackend) {
    let server = Server::start(backend);
    let line = |len: usize| {
        let fixed = "GET / HTTP/1.1\r\n".len();
        format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(len - fixed))
    };
    let lines =
        |count: usize| format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "B: c\r\n".repeat(count - 1));
    let bytes = |len: usize| {
        let fixed = "GET / HTTP/1.1\r\nHost: a\r\nB: \r\n\r\n".len();
        format!("GET / HTTP/1.1\r\nHost: a\r\nB: {}\r\n\r\n", "c".repeat(len - fixed))
    };
    let rows = [
        (line(16 * 1024), 404, false),
        (line(16 * 1024 + 1), 414, true),
        (line(200 * 1024), 414, true),
        (lines(128), 200, false),
        (lines(129), 431, true),
        (lines(100_000), 431, true),
        (bytes(65_535), 200, false),
        (bytes(65_536), 431, true),
        (bytes(1 << 20), 431, true),
    ];
    for (request, status, is_refusal) in rows {
        let mut client = server.connect();
        client.send(&request);
        if is_refusal {
            assert_refused(client, status, &request[..30]);
        } else {
            assert_eq!(client.response().status, status, "{}", &request[..30]);
        }
    }
    server.assert_serves();
    server.stop();
}

pub fn limits_of_bodies(backend: IoBackend) {
    let server = Server::limited(backend, |limits| limits.body_max = 100_000);
    let announced = |len: usize| {
        format!(
            "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {len}\r\n\r\n{}",
            "a".repeat(len)
        )
    };
    let chunked = |len: usize| {
        format!(
            "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
             {len:x}\r\n{}\r\n0\r\n\r\n",
            "a".repeat(len)
        )
    };
    for request in [announced(100_000), chunked(100_000)] {
        let mut client = server.connect();
        client.send(&request);
        assert_eq!(client.response().body.len(), 100_000);
    }
    for request in [announced(100_001), chunked(100_001)] {
        let mut client = server.connect();
        client.send(&request);
        assert_refused(client, 413, &request[..70]);
    }
    let mut client = server.connect();
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775807\r\n\r\n");
    assert_refused(client, 413, "the largest length");
    // Extensions and trailers have bounds of their own.
    let mut client = server.connect();
    client.send(format!(
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n{}\r\n",
        "A: b\r\n".repeat(10_000)
    ));
    assert_refused(client, 431, "trailers");
    server.stop();
}

/// A close with unread bytes would reset the connection and destroy the answer.
pub fn what_a_refused_peer_sends_on_is_swallowed(backend: IoBackend) {
    let server = Server::start(backend);
    let mut client = server.connect();
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 16777216\r\n\r\n");
    client.send(vec![b'a'; 16 << 20]);
    assert_refused(client, 413, "16 MiB");
    server.stop();
}

pub fn a_peer_that_promises_more_than_it_sends(backend: IoBackend) {
    let server = Server::start(backend);
    for request in [
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nshort",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        "GET / HTTP/1.1\r\nHo",
    ] {
        let mut client = server.connect();
        client.send(request);
        client.finish();
        client.assert_eof();
        let mut client = server.connect();
        client.send(request);
        drop(client);
    }
    server.assert_serves();
    server.stop();
}

pub fn resets_at_every_byte(backend: IoBackend) {
    let server = Server::start(backend);
    let requests = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello\
                    GET /sleep/1 HTTP/1.1\r\nHost: a\r\n\r\nGET /big HTTP/1.1\r\nHost: a\r\n\r\n";
    for len in 0..=requests.len() {
        for pause in [0, 500] {
            let mut client = server.connect();
            client.send(&requests[..len]);
            std::thread::sleep(core::time::Duration::from_micros(pause));
            client.reset();
        }
    }
    server.assert_serves();
    server.stop();
}
