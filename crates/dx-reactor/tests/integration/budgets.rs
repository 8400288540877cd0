//! What all clients of a worker may have together.
//!
//! Owns the rows about budgets. Invariant: who is within its own bounds is served, or told why not;
//! and nothing is answered wrongly because there is little room.

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

use dx_reactor::IoBackend;

use crate::bench::{BIG, Server, wait_until};
use crate::client::Client;

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

pub fn connections_of_one_address(backend: IoBackend) {
    let server = Server::limited(backend, |limits| limits.connections_per_address_max = 2);
    let mut first: Vec<Client> = (0..2).map(|_| server.connect()).collect();
    for client in &mut first {
        client.send(GET);
        assert_eq!(client.response().status, 200);
    }
    // One too many is closed, and the others notice nothing.
    let (rest, _) = server.connect().rest();
    assert_eq!(rest, b"");
    let mut other = Client::connect_from([127, 0, 0, 2].into(), server.addr());
    for client in first.iter_mut().chain([&mut other]) {
        client.send(GET);
        assert_eq!(client.response().status, 200);
    }
    // Whoever leaves makes room; the server sees the end a little later than its client.
    drop(first.pop());
    loop {
        let mut next = server.connect();
        next.send(GET);
        if next.try_response_to("GET").is_ok() {
            break;
        }
    }
    drop(first);
    drop(other);
    server.stop();
}

/// With no room for answers at all, each client has one small piece at a time.
pub fn answers_without_room(backend: IoBackend) {
    let server = Server::limited(backend, |limits| limits.unsent_max = 0);
    let mut client = server.connect();
    let requests = [GET, "GET /big HTTP/1.1\r\nHost: a\r\n\r\n", GET].concat();
    client.send(requests.repeat(2));
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
    for _ in 0..2 {
        assert_eq!(client.response().text(), "Hello, World!");
        assert!(client.response().body == *BIG);
        assert_eq!(client.response().text(), "Hello, World!");
    }
    assert_eq!(client.response().text(), "hello");
    client.send(GET.repeat(1000));
    for _ in 0..1000 {
        assert_eq!(client.response().text(), "Hello, World!");
    }
    drop(client);
    server.stop();
}

pub fn heads_that_have_begun(backend: IoBackend) {
    let server = Server::limited(backend, |limits| limits.input_max = 1000);
    let begun = |len: usize| {
        let lines = GET.strip_suffix("\r\n").expect("an empty line");
        format!("{lines}X: {}", "a".repeat(len))
    };
    let mut first = server.connect();
    first.send(begun(800));
    server.assert_serves();
    let mut second = server.connect();
    second.send(begun(800));
    let response = second.response();
    assert!(response.status == 503 && response.says_close(), "{response:?}");
    second.assert_eof();
    // The first one is within the bound, and so is the next once there is room again.
    first.send("\r\n\r\n");
    assert_eq!(first.response().status, 200);
    let mut third = server.connect();
    third.send(begun(800));
    server.assert_serves();
    third.send("\r\n\r\n");
    assert_eq!(third.response().status, 200);
    drop((first, third));
    server.stop();
}

/// Who asks on and never takes an answer is cut off when there are too many of that kind.
pub fn many_who_never_read(backend: IoBackend) {
    let server = Server::limited(backend, |limits| {
        limits.unsent_max = 64 * 1024;
        limits.input_max = 64 * 1024;
    });
    let requests = "GET /big HTTP/1.1\r\nHost: a\r\n\r\n".repeat(2000);
    let ended = AtomicUsize::new(0);
    let greedy: Vec<Client> = (0..8).map(|_| Client::connect_narrow(server.addr())).collect();
    std::thread::scope(|scope| {
        for client in &greedy {
            let mut writer = client.writer();
            let requests = &requests;
            let ended = &ended;
            scope.spawn(move || {
                while writer.write_all(requests.as_bytes()).is_ok() {}
                ended.fetch_add(1, Ordering::SeqCst);
            });
        }
        wait_until("some are cut off", || ended.load(Ordering::SeqCst) > 0);
        server.assert_serves();
        // The others are within the bound, and end with their readers.
        greedy.into_iter().for_each(Client::hang_up);
    });
    server.assert_serves();
    server.stop();
}
