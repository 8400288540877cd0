//! Handlers that wait, fail, or are given up.
//!
//! Owns the rows about asynchronous handlers and panics. Invariant: whatever a handler does, its
//! worker serves on.

use core::cell::Cell;
use core::time::Duration;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dx_reactor::{App, IoBackend, Request, WorkerStrategy};

use crate::bench::{Server, app, describe, wait_until};
use crate::client::Client;

/// Each waits for all the others: only if all run side by side is any of them answered.
pub fn pending_ones_run_side_by_side(backend: IoBackend) {
    const PEERS: usize = 300;
    let server = Server::of(describe(backend).app(|_| {
        let here = Rc::new(Cell::new(0));
        App::new().get("/all", move || {
            let here = here.clone();
            async move {
                here.set(here.get() + 1);
                while here.get() < PEERS {
                    dx_rt::time::sleep(Duration::from_millis(1)).await;
                }
                "all"
            }
        })
    }));
    let mut clients: Vec<Client> = (0..PEERS).map(|_| server.connect()).collect();
    for client in &mut clients {
        client.send("GET /all HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    for client in &mut clients {
        assert_eq!(client.response().text(), "all");
    }
    drop(clients);
    server.stop();
}

pub fn state_of_the_worker_is_not_shared(backend: IoBackend) {
    let factories = Arc::new(AtomicUsize::new(0));
    let made = factories.clone();
    let server = describe(backend).workers(WorkerStrategy::Fixed(2)).app(move |worker| {
        made.fetch_add(1, Ordering::Relaxed);
        // Neither the counter nor the future that holds it is `Send`.
        let count = Rc::new(Cell::new(0));
        App::new().get("/count", move |_: Request| {
            let count = count.clone();
            async move {
                dx_rt::time::sleep(Duration::from_millis(1)).await;
                count.set(count.get() + 1);
                format!("{} {}", worker.index, count.get())
            }
        })
    });
    let server = Server::of(server);
    let mut counts = [0, 0];
    for _ in 0..64 {
        let mut client = server.connect();
        client.send("GET /count HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        let response = client.response();
        let (worker, count) = response.text().split_once(' ').expect("two numbers");
        let counted = &mut counts[worker.parse::<usize>().expect("a number")];
        *counted += 1;
        assert_eq!(count, counted.to_string());
    }
    assert_eq!((factories.load(Ordering::Relaxed), counts[0] + counts[1]), (2, 64));
    server.stop();
}

pub fn panics_cost_one_connection(backend: IoBackend) {
    let server = Server::start(backend);
    let mut witness = server.connect();
    for path in ["/panic/now", "/panic/later"] {
        for _ in 0..20 {
            let mut client = server.connect();
            client.send(format!(
                "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET {path} HTTP/1.1\r\nHost: a\r\n\r\n\
                 GET / HTTP/1.1\r\nHost: a\r\n\r\n"
            ));
            assert_eq!(client.response().status, 200);
            let response = client.response();
            assert!(response.status == 500 && response.says_close(), "{response:?}");
            assert!(!response.text().contains("at once") && !response.text().contains("later"));
            client.assert_eof();
            witness.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            assert_eq!(witness.response().status, 200);
        }
    }
    drop(witness);
    server.stop();
}

fn fails() {
    panic!("in a task")
}

pub fn spawned_tasks_are_awaited(backend: IoBackend) {
    let server = Server::of(describe(backend).app(|_| {
        App::new().get("/", async || {
            let local = Rc::new(Cell::new(1));
            let theirs = local.clone();
            let task = dx_rt::spawn(async move {
                dx_rt::time::sleep(Duration::from_millis(2)).await;
                theirs.set(2);
                3
            });
            let lost = dx_rt::spawn(async { fails() });
            let blocking = dx_rt::spawn_blocking(|| 4);
            let ends = (task.await.ok(), lost.await.is_err(), blocking.await.ok());
            format!("{:?} {}", ends, local.get())
        })
    }));
    let mut client = server.connect();
    for _ in 0..5 {
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(client.response().text(), "(Some(3), true, Some(4)) 2");
    }
    drop(client);
    server.stop();
}

struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A handler that never ends is dropped when its client is gone.
pub fn a_handler_ends_with_its_client(backend: IoBackend) {
    let alive = Arc::new(AtomicUsize::new(0));
    let shared = alive.clone();
    let server = Server::of(describe(backend).app(move |_| {
        let shared = shared.clone();
        app().get("/never", move || {
            shared.fetch_add(1, Ordering::SeqCst);
            let held = Counted(shared.clone());
            async move {
                let _held = held;
                core::future::pending::<()>().await;
            }
        })
    }));
    for behind in ["", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"] {
        let clients: Vec<Client> = (0..50)
            .map(|_| {
                let mut client = server.connect();
                client.send(["GET /never HTTP/1.1\r\nHost: a\r\n\r\n", behind].concat());
                client
            })
            .collect();
        wait_until("all handlers run", || alive.load(Ordering::SeqCst) == 50);
        clients.into_iter().for_each(Client::reset);
        wait_until("all handlers are gone", || alive.load(Ordering::SeqCst) == 0);
    }
    server.assert_serves();
    server.stop();
}
