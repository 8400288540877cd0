//! More peers than receive buffers.
//!
//! Owns the rows in which peers hold as much as they can. Invariant: no peer can keep the others
//! from being served by sending half of something.

use dx_reactor::io::ReactorConfig;
use dx_reactor::{Builder, IoBackend};

use crate::bench::{Server, app, describe, limits};
use crate::client::Client;

/// Peers of each kind; more than there are receive buffers.
const PEERS: usize = 300;

fn few_buffers(backend: IoBackend, count: u16) -> Builder {
    let mut config = ReactorConfig::default();
    config.recv_buffers = count;
    describe(backend).reactor_config(config).app(|_| app())
}

/// Half of the peers stop within a head and half wait for a handler, while others are served.
fn besiege(server: &Server, peers: usize) {
    let head = "GET /user/partial HTTP/1.1\r\nHost: a\r\nX-Filler: ";
    let filler = "a".repeat(500);
    let mut partial: Vec<Client> = (0..peers).map(|_| server.connect()).collect();
    for client in &mut partial {
        client.send([head, &filler].concat());
    }
    let mut slow: Vec<Client> = (0..peers).map(|_| server.connect()).collect();
    for client in &mut slow {
        // The second one waits in the input while the first one sleeps.
        client.send(
            "GET /sleep/1500 HTTP/1.1\r\nHost: a\r\n\r\n\
             GET /user/second HTTP/1.1\r\nHost: a\r\n\r\n",
        );
    }
    let mut half_bodies: Vec<Client> = (0..peers).map(|_| server.connect()).collect();
    for client in &mut half_bodies {
        client.send("PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello");
    }
    let mut other = server.connect();
    for number in 0..200 {
        other.send(format!(
            "GET /user/{number} HTTP/1.1\r\nHost: a\r\n\r\n\
             POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody"
        ));
        assert_eq!(other.response().text(), number.to_string());
        assert_eq!(other.response().text(), "body");
    }
    for client in &mut partial {
        client.send("\r\n\r\n");
        assert_eq!(client.response().text(), "partial");
    }
    for client in &mut half_bodies {
        client.send("world");
        assert_eq!(client.response().text(), "helloworld");
    }
    for client in &mut slow {
        assert_eq!(client.response().text(), "slept 1500");
        assert_eq!(client.response().text(), "second");
    }
}

pub fn partial_heads_and_slow_handlers(backend: IoBackend) {
    let server = Server::start(backend);
    besiege(&server, PEERS);
    server.stop();
}

pub fn four_receive_buffers(backend: IoBackend) {
    let server = Server::of(few_buffers(backend, 4));
    besiege(&server, 50);
    let mut client = server.connect();
    let body = "a".repeat(1_500_000);
    client.send(format!(
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ));
    assert_eq!(client.response().text(), body);
    drop(client);
    server.stop();
}

/// Peers that got their last answer, do not read it, and send on.
pub fn peers_that_are_being_closed(backend: IoBackend) {
    // No deadline helps.
    let hour = core::time::Duration::from_secs(3600);
    let limits = limits(|limits| {
        limits.write_timeout = hour;
        limits.linger_timeout = hour;
    });
    let server = Server::of(few_buffers(backend, 16).limits(limits));
    let stubborn: Vec<Client> = (0..40)
        .map(|_| {
            let mut client = Client::connect_narrow(server.addr());
            client.send("GET /big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
            client.send("a".repeat(40_000));
            client
        })
        .collect();
    let mut other = server.connect();
    for number in 0..100 {
        other.send(format!("GET /user/{number} HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert_eq!(other.response().text(), number.to_string());
    }
    drop((stubborn, other));
    server.stop();
}
