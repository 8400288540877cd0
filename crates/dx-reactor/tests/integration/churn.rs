//! Connections that come and go.
//!
//! Owns the row that looks for leaks. Invariant: what a hundred thousand connections leave behind
//! is nothing.

use std::net::{Ipv4Addr, SocketAddr};

use dx_reactor::{IoBackend, WorkerStrategy};

use crate::bench::{Server, app, describe, is_alone};
use crate::client::Client;

/// Connections on each backend; with both, 100,000.
const CONNECTIONS: u32 = 50_000;
const THREADS: u32 = 4;

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").expect("proc").count()
}

/// One connection, ended in one of many ways.
fn come_and_go(number: u32, addr: SocketAddr) {
    let source = Ipv4Addr::new(127, 0, 0, 2 + (number % 60) as u8);
    let mut client = Client::connect_from(source, addr);
    let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    match number % 8 {
        // Normal: half-closed when everything was answered.
        0 => {
            client.send(get);
            assert_eq!(client.response().status, 200);
            client.finish();
            client.assert_eof();
        }
        // The server closes.
        1 => {
            client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
            assert_eq!(client.response().status, 200);
            client.assert_eof();
        }
        2 => {
            client.send("nonsense\r\n\r\n");
            assert_eq!(client.response().status, 400);
            client.assert_eof();
        }
        // Resets: of an idle one, within a head, within a body, with answers unread.
        3 => client.reset(),
        4 => {
            client.send(&get[..20]);
            client.reset();
        }
        5 => {
            client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhell");
            client.reset();
        }
        6 => {
            client.send(get.repeat(3));
            client.reset();
        }
        // Gone while a handler waits.
        _ => {
            client.send("GET /sleep/1 HTTP/1.1\r\nHost: a\r\n\r\n");
            client.reset();
        }
    }
}

pub fn nothing_is_left_of_many_connections(backend: IoBackend) {
    if !is_alone("rows::churn::nothing_is_left_of_many_connections", backend) {
        return;
    }
    // Whatever a first server opens for good is open before we count.
    Server::start(backend).stop();
    let before = descriptors();
    let workers = WorkerStrategy::Fixed(2);
    let server = Server::of(describe(backend).workers(workers).app(|_| app()));
    let addr = server.addr();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || {
                let numbers = (thread..CONNECTIONS).step_by(THREADS as usize);
                numbers.for_each(|number| come_and_go(number, addr));
            });
        }
    });
    server.assert_serves();
    server.stop();
    assert_eq!(descriptors(), before);
}
