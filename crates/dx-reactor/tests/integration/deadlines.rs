//! Peers that take their time.
//!
//! Owns the rows about the server's deadlines. Invariant: a deadline ends the connection it is
//! for, and no other.

use core::time::Duration;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dx_reactor::{App, BodyStream, BodyStreamError, IoBackend, Response};

use crate::bench::{BIG, Server, app, describe, limits};
use crate::client::Client;

const SHORT: Duration = Duration::from_millis(100);

/// A server on which this deadline, and no other, comes soon.
fn server(backend: IoBackend, set: impl FnOnce(&mut dx_reactor::Limits)) -> Server {
    Server::limited(backend, |limits| {
        let hour = Duration::from_secs(3600);
        limits.head_timeout = hour;
        limits.body_timeout = hour;
        limits.idle_timeout = hour;
        limits.write_timeout = hour;
        set(limits);
    })
}

fn assert_timed_out(mut client: Client) {
    let response = client.response();
    assert!(response.status == 408 && response.says_close(), "{response:?}");
    client.assert_eof();
}

pub fn a_head_that_never_ends(backend: IoBackend) {
    let server = server(backend, |limits| limits.head_timeout = SHORT);
    let request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    for part in ["G", "\r\n", "GET / HTTP/1.1\r\n", &request[..request.len() - 1]] {
        let mut client = server.connect();
        client.send(part);
        assert_timed_out(client);
        // Also behind requests that were answered.
        let mut client = server.connect();
        client.send([request, "GET /sleep/1 HTTP/1.1\r\nHost: a\r\n\r\n", part].concat());
        assert_eq!(client.response().text(), "Hello, World!");
        assert_eq!(client.response().text(), "slept 1");
        assert_timed_out(client);
    }
    // Whatever it was to become, it is answered as HEAD is: without content.
    let mut client = server.connect();
    client.send("HEAD / HTTP/1.1\r\nHost");
    assert_eq!(client.response_to("HEAD").status, 408);
    client.assert_eof();
    server.stop();
}

/// The deadline runs from the first byte; a byte now and then does not move it.
pub fn a_head_that_drips(backend: IoBackend) {
    let server = server(backend, |limits| limits.head_timeout = SHORT);
    let mut client = server.connect();
    let mut writer = client.writer();
    let dripping = std::thread::spawn(move || {
        use std::io::Write;
        let _ = writer.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nB: ");
        // Ends when the other side has closed, which is what is tested.
        while writer.write_all(b"c").is_ok() {
            std::thread::sleep(SHORT / 10);
        }
    });
    let response = client.response();
    assert!(response.status == 408 && response.says_close(), "{response:?}");
    client.hang_up();
    dripping.join().expect("ends");
    server.stop();
}

pub fn a_body_that_stops(backend: IoBackend) {
    let server = server(backend, |limits| limits.body_timeout = SHORT);
    for request in [
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nsome",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
    ] {
        let mut client = server.connect();
        client.send(request);
        assert_timed_out(client);
    }
    server.stop();
}

pub fn a_body_that_is_slow_but_goes_on(backend: IoBackend) {
    let server = server(backend, |limits| {
        limits.body_timeout = Duration::from_secs(2);
        limits.body_rate_min = 0;
    });
    let mut client = server.connect();
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\n");
    for _ in 0..12 {
        std::thread::sleep(Duration::from_millis(250));
        client.send("a");
    }
    assert_eq!(client.response().text(), "aaaaaaaaaaaa");
    drop(client);
    server.stop();
}

/// A byte now and then is not enough, whoever waits for the body.
pub fn a_body_that_drips(backend: IoBackend) {
    let limits = limits(|limits| limits.body_timeout = SHORT);
    let counting = async |mut body: BodyStream| -> Result<&'static str, BodyStreamError> {
        while let Some(piece) = body.next().await {
            piece?;
        }
        Ok("whole")
    };
    let server =
        Server::of(describe(backend).limits(limits).app(move |_| app().post("/stream", counting)));
    for path in ["/echo", "/stream"] {
        let mut client = server.connect();
        client.send(format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n"));
        let mut writer = client.writer();
        let dripping = std::thread::spawn(move || {
            use std::io::Write;
            // Ends when the other side has closed, which is what is tested.
            while writer.write_all(b"a").is_ok() {
                std::thread::sleep(SHORT / 10);
            }
        });
        let response = client.response();
        assert!(response.status == 408 && response.says_close(), "{path} {response:?}");
        client.hang_up();
        dripping.join().expect("ends");
    }
    server.stop();
}

pub fn an_idle_connection(backend: IoBackend) {
    let server = server(backend, |limits| limits.idle_timeout = SHORT);
    server.connect().assert_eof();
    for request in
        ["GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET /sleep/300 HTTP/1.1\r\nHost: a\r\n\r\n"]
    {
        let mut client = server.connect();
        client.send(request);
        assert_eq!(client.response().status, 200);
        client.assert_eof();
    }
    server.stop();
}

/// A connection is idle from the end of its last answer on, whatever other deadline has passed.
pub fn an_idle_connection_has_all_its_time(backend: IoBackend) {
    let idle = 5 * SHORT;
    for write in [SHORT, idle, 2 * idle] {
        let server = server(backend, |limits| {
            limits.idle_timeout = idle;
            limits.write_timeout = write;
        });
        let mut client = server.connect();
        let asked = std::time::Instant::now();
        client.send("GET /sleep/300 HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(client.response().status, 200);
        client.assert_eof();
        // Less the milliseconds by which the server's clock and its end of a send are rounded.
        let least = Duration::from_millis(300 - 5) + idle;
        assert!(asked.elapsed() >= least, "{write:?} {:?}", asked.elapsed());
        server.stop();
    }
}

/// A peer that takes its time for an answer is not idle.
pub fn a_slow_reader_is_not_idle(backend: IoBackend) {
    let limits = limits(|limits| limits.idle_timeout = SHORT);
    let server = Server::of(describe(backend).limits(limits).app(|_| {
        App::new().get("/", || Response::bytes("application/octet-stream", BIG.as_slice()))
    }));
    let mut client = Client::connect_narrow(server.addr());
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    std::thread::sleep(3 * SHORT);
    assert_eq!(client.response().body.len(), BIG.len());
    client.assert_eof();
    server.stop();
}

/// What a connection works with is used again by others.
pub fn what_one_peer_left_unfinished_is_not_the_next_ones(backend: IoBackend) {
    let server = server(backend, |limits| limits.head_timeout = SHORT);
    let part = "GET /user/first HTTP/1.1\r\nHost: a\r\n";
    let endings: [fn(Client); 3] = [
        |client| assert_timed_out(client),
        |mut client| {
            client.finish();
            client.assert_eof();
        },
        |client| client.reset(),
    ];
    for end in endings {
        let mut first = server.connect();
        first.send(part);
        end(first);
        for _ in 0..3 {
            let mut next = server.connect();
            next.send("GET /user/second HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n");
            assert_eq!(next.response().text(), "second");
            next.assert_eof();
        }
    }
    server.stop();
}

/// A peer is cut off when it takes nothing for too long, not when it takes long for much.
pub fn a_peer_that_reads_slowly(backend: IoBackend) {
    const LEN: usize = 24 << 20;
    let limits = limits(|limits| limits.write_timeout = Duration::from_millis(800));
    let server = Server::of(describe(backend).limits(limits).app(|_| {
        App::new().get("/", || Response::bytes("application/octet-stream", vec![b'a'; LEN]))
    }));
    let mut client = Client::connect_narrow(server.addr());
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let mut taken = 0;
    while taken < LEN {
        taken += client.raw((LEN - taken).min(1 << 20)).len();
        std::thread::sleep(Duration::from_millis(100));
    }
    server.stop();
}

pub fn a_peer_that_never_reads(backend: IoBackend) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let limits = limits(|limits| limits.write_timeout = Duration::from_secs(1));
    let server = Server::of(describe(backend).limits(limits).app(move |_| {
        let counted = counted.clone();
        app().get("/counted", move || {
            counted.fetch_add(1, Ordering::Relaxed);
            Response::bytes("application/octet-stream", BIG.as_slice())
        })
    }));
    let greedy: Vec<Client> = (0..4)
        .map(|_| {
            let mut client = Client::connect_narrow(server.addr());
            client.send("GET /counted HTTP/1.1\r\nHost: a\r\n\r\n".repeat(300));
            client
        })
        .collect();
    // Others do not notice.
    let mut polite = server.connect();
    for number in 0..500 {
        polite.send(format!("GET /user/{number} HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert_eq!(polite.response().text(), number.to_string());
    }
    for client in greedy {
        let (taken, _) = client.rest_after(Duration::from_secs(3));
        assert!(taken.len() < 300 * BIG.len(), "the write timeout has cut it off");
    }
    // One answer on its way, one gathered, and one that the kernel has taken whole.
    let made = calls.load(Ordering::Relaxed);
    assert!((4..=12).contains(&made), "{made} answers of 5 MiB were made for four peers");
    server.assert_serves();
    drop(polite);
    server.stop();
}
