//! Large bodies and many peers.
//!
//! Owns the rows about volume. Invariant: every byte arrives once and at its place.

use dx_reactor::{IoBackend, WorkerStrategy};

use crate::bench::{BIG, Server, app, describe, pattern};

pub fn large_echoes(backend: IoBackend) {
    let server = Server::start(backend);
    let body = pattern(19 * 1024 * 1024 / 10);
    let mut client = server.connect();
    for method in ["POST", "PUT"] {
        let head = format!("{method} /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", {
            body.len()
        });
        client.send([head.as_bytes(), &body].concat());
        assert!(client.response().body == body, "announced");

        let mut chunked =
            format!("{method} /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
                .into_bytes();
        for (number, chunk) in body.chunks(70_000).enumerate() {
            let (small, large) = chunk.split_at(number % 100);
            for chunk in [small, large].into_iter().filter(|chunk| !chunk.is_empty()) {
                chunked.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                chunked.extend_from_slice(chunk);
                chunked.extend_from_slice(b"\r\n");
            }
        }
        chunked.extend_from_slice(b"0\r\n\r\n");
        client.send(chunked);
        assert!(client.response().body == body, "chunked");
    }
    drop(client);
    server.stop();
}

pub fn a_large_response(backend: IoBackend) {
    let server = Server::start(backend);
    let mut client = server.connect();
    let request = "GET /big HTTP/1.1\r\nHost: a\r\n\r\n";
    client.send([request, "HEAD /big HTTP/1.1\r\nHost: a\r\n\r\n", request].concat());
    assert!(client.response().body == *BIG);
    let head = client.response_to("HEAD");
    assert_eq!(head.header("content-length"), Some(BIG.len().to_string().as_str()));
    assert!(client.response().body == *BIG);
    client.finish();
    client.assert_eof();
    server.stop();
}

pub fn many_connections_at_once(backend: IoBackend) {
    let workers = WorkerStrategy::Fixed(2);
    let server = Server::of(describe(backend).workers(workers).app(|_| app()));
    let addr = server.addr();
    std::thread::scope(|scope| {
        for peer in 0..64 {
            scope.spawn(move || {
                let mut client = crate::client::Client::connect(addr);
                for number in 0..50 {
                    let word = format!("{peer}-{number}");
                    client.send(format!(
                        "GET /user/{word} HTTP/1.1\r\nHost: a\r\n\r\n\
                         GET /sleep/1 HTTP/1.1\r\nHost: a\r\n\r\n\
                         PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{word}",
                        word.len()
                    ));
                    assert_eq!(client.response().text(), word);
                    assert_eq!(client.response().text(), "slept 1");
                    assert_eq!(client.response().text(), word);
                }
            });
        }
    });
    server.stop();
}
