//! The end of a server.
//!
//! Owns the rows about draining. Invariant: every request that was received before the shutdown
//! is answered, unless its time is up; and nothing is held afterwards.

use core::time::Duration;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use dx_reactor::IoBackend;

use crate::bench::{Server, app, describe, limits, wait_until};
use crate::client::{Client, End};

const HOUR: Duration = Duration::from_secs(3600);
const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

pub fn idle_connections_end_at_once(backend: IoBackend) {
    let server = Server::limited(backend, |limits| {
        limits.linger_timeout = HOUR;
        limits.drain_timeout = HOUR;
    });
    let mut clients: Vec<Client> = (0..100).map(|_| server.connect()).collect();
    for client in clients.iter_mut().take(50) {
        client.send(GET);
        assert_eq!(client.response().status, 200);
    }
    std::thread::scope(|scope| {
        scope.spawn(|| clients.into_iter().for_each(Client::assert_eof));
        server.stop();
    });
}

pub fn idle_peers_that_do_not_react(backend: IoBackend) {
    let server = Server::limited(backend, |limits| {
        limits.linger_timeout = Duration::from_millis(50);
        limits.drain_timeout = HOUR;
    });
    let mut clients: Vec<Client> = (0..20).map(|_| server.connect()).collect();
    for client in clients.iter_mut().take(10) {
        client.send(GET);
        assert_eq!(client.response().status, 200);
    }
    server.stop();
    clients.into_iter().for_each(Client::assert_eof);
}

pub fn requests_in_flight_are_answered(backend: IoBackend) {
    let begun = Arc::new(AtomicUsize::new(0));
    let counted = begun.clone();
    let server = Server::of(describe(backend).app(move |_| {
        let counted = counted.clone();
        app().get("/slow", move || {
            counted.fetch_add(1, Ordering::SeqCst);
            async {
                dx_rt::time::sleep(Duration::from_millis(200)).await;
                "slow"
            }
        })
    }));
    let mut clients: Vec<Client> = (0..50).map(|_| server.connect()).collect();
    for client in &mut clients {
        client.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    wait_until("all handlers run", || begun.load(Ordering::SeqCst) == 50);
    let addr = server.addr();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for mut client in clients {
                let response = client.response();
                assert!(response.text() == "slow" && response.says_close(), "{response:?}");
                client.assert_eof();
            }
        });
        server.stop();
    });
    assert!(std::net::TcpStream::connect(addr).is_err(), "nobody listens any more");
}

/// A door that a handler waits at, and its whole worker with it.
#[derive(Default)]
struct Door {
    is_open: Mutex<bool>,
    opened: Condvar,
    reached: AtomicBool,
}

impl Door {
    fn pass(&self) {
        self.reached.store(true, Ordering::SeqCst);
        let is_open = self.is_open.lock().expect("not poisoned");
        let patience = crate::bench::WATCHDOG;
        drop(self.opened.wait_timeout_while(is_open, patience, |is_open| !*is_open));
    }

    fn open(&self) {
        *self.is_open.lock().expect("not poisoned") = true;
        self.opened.notify_all();
    }
}

/// A server whose only worker stands still at the door after a request for `/door`.
fn server_with_door(backend: IoBackend) -> (Server, Arc<Door>) {
    let door = Arc::new(Door::default());
    let theirs = door.clone();
    let server = Server::of(describe(backend).app(move |_| {
        let theirs = theirs.clone();
        app().get("/door", move || {
            theirs.pass();
            "passed"
        })
    }));
    (server, door)
}

pub fn a_received_batch_is_answered(backend: IoBackend) {
    let (server, door) = server_with_door(backend);
    let mut client = server.connect();
    let requests = [GET, "GET /sleep/2 HTTP/1.1\r\nHost: a\r\n\r\n"].concat().repeat(50);
    client.send(["GET /door HTTP/1.1\r\nHost: a\r\n\r\n", &requests].concat());
    wait_until("the worker is at the door", || door.reached.load(Ordering::SeqCst));
    server.shutdown_handle().drain();
    door.open();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            assert_eq!(client.response().text(), "passed");
            for number in 1..=50 {
                assert_eq!(client.response().text(), "Hello, World!");
                let response = client.response();
                assert_eq!(response.text(), "slept 2");
                assert_eq!(response.says_close(), number == 50);
            }
            client.assert_eof();
        });
        server.stop();
    });
}

/// Requests that the kernel had when the shutdown began, on old connections and on new ones.
pub fn who_came_before_the_shutdown_is_answered(backend: IoBackend) {
    let (server, door) = server_with_door(backend);
    let mut old: Vec<Client> = (0..30).map(|_| server.connect()).collect();
    for client in &mut old {
        client.send(GET);
        assert_eq!(client.response().status, 200);
    }
    let mut blocker = server.connect();
    blocker.send("GET /door HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_until("the worker is at the door", || door.reached.load(Ordering::SeqCst));
    // More than one round of accepts can take.
    let new = (0..60).map(|_| server.connect());
    let mut clients: Vec<Client> = old.into_iter().chain(new).collect();
    for client in &mut clients {
        client.send(GET);
    }
    server.shutdown_handle().drain();
    door.open();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            assert_eq!(blocker.response().text(), "passed");
            blocker.assert_eof();
            for (number, mut client) in clients.into_iter().enumerate() {
                let answer = client.try_response_to("GET");
                let status = answer.as_ref().map(|response| response.status);
                assert_eq!(status, Ok(200), "client {number}");
                client.assert_eof();
            }
        });
        server.stop();
    });
}

/// Peers that write on and on see an orderly end, and every answer that was begun.
pub fn no_answer_is_lost_to_a_reset(backend: IoBackend) {
    use std::io::Write;

    // How long a peer may take to read what it was sent is another matter.
    let server = Server::limited(backend, |limits| {
        limits.linger_timeout = HOUR;
        limits.drain_timeout = HOUR;
    });
    let served = AtomicUsize::new(0);
    let addr = server.addr();
    std::thread::scope(|scope| {
        let served = &served;
        for _ in 0..8 {
            scope.spawn(move || {
                let mut client = Client::connect(addr);
                let mut writer = client.writer();
                let writing = std::thread::spawn(move || {
                    // Ends when the reader has hung up.
                    while writer.write_all(GET.repeat(20).as_bytes()).is_ok() {}
                });
                let mut last = false;
                let end = loop {
                    match client.try_response_to("GET") {
                        Ok(response) => {
                            assert!(!last, "an answer behind the last one");
                            last = response.says_close();
                            served.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(end) => break end,
                    }
                };
                client.hang_up();
                writing.join().expect("ends");
                assert_eq!(end, End::Eof);
            });
        }
        wait_until("all are busy", || served.load(Ordering::Relaxed) > 2000);
        server.stop();
    });
}

pub fn a_handler_that_never_ends_is_cut(backend: IoBackend) {
    let begun = Arc::new(AtomicUsize::new(0));
    let counted = begun.clone();
    let limits = limits(|limits| limits.drain_timeout = Duration::from_millis(100));
    let server = Server::of(describe(backend).limits(limits).app(move |_| {
        let counted = counted.clone();
        app().get("/never", move || {
            counted.fetch_add(1, Ordering::SeqCst);
            core::future::pending::<()>()
        })
    }));
    let mut client = server.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /never HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.response().status, 200);
    wait_until("the handler runs", || begun.load(Ordering::SeqCst) == 1);
    server.stop();
    assert!(client.try_response_to("GET").is_err());
}

pub fn ending_at_once(backend: IoBackend) {
    let server = Server::limited(backend, |limits| limits.drain_timeout = HOUR);
    let mut client = server.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /sleep/3600000 HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.response().status, 200);
    server.shutdown_handle().drain();
    server.shutdown_handle().end();
    server.stop();
    assert!(client.try_response_to("GET").is_err());
}
