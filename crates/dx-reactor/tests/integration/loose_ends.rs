//! Content whose maker or reader lives elsewhere, or does not behave.
//!
//! Owns the rows that a review asked for. Invariant: nobody waits for ever, and nothing is lost.

use core::future::poll_fn;
use core::pin::pin;
use core::time::Duration;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use dx_reactor::{Body, BodyStream, IoBackend, Response};

use crate::bench::{BIG, Server, app, describe, limits, wait_until};
use crate::client::Client;

/// A client that waits to be invited costs nothing while the handler does something else.
pub fn an_uninvited_client_waits(backend: IoBackend) {
    let polls = Arc::new(AtomicUsize::new(0));
    let counted = polls.clone();
    let server = Server::of(describe(backend).app(move |_| {
        let counted = counted.clone();
        app().put("/later", move |body: BodyStream| {
            let counted = counted.clone();
            async move {
                let mut sleep = pin!(dx_rt::time::sleep(Duration::from_millis(200)));
                poll_fn(|cx| {
                    counted.fetch_add(1, Ordering::Relaxed);
                    sleep.as_mut().poll(cx)
                })
                .await;
                drop(body);
                "done"
            }
        })
    }));
    let mut client = server.connect();
    client.send(
        "PUT /later HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n",
    );
    let _ = client.response();
    let polls = polls.load(Ordering::Relaxed);
    assert!(polls < 20, "{polls} polls in 200 ms");
    server.stop();
}

const CHUNKED: &str = "PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
                 5\r\nhello\r\n0\r\n\r\n";

/// What was here when the handler answered is still there for who reads elsewhere.
pub fn content_that_is_read_elsewhere(backend: IoBackend) {
    let got = Arc::new(Mutex::new(None));
    let put = got.clone();
    let server = Server::of(describe(backend).app(move |_| {
        let put = put.clone();
        app().put("/x", move |mut body: BodyStream| {
            let put = put.clone();
            drop(dx_rt::spawn(async move {
                let mut all = Vec::new();
                let end = loop {
                    match body.next().await {
                        Some(Ok(piece)) => all.extend_from_slice(&piece),
                        Some(Err(error)) => break Err(error),
                        None => break Ok(()),
                    }
                };
                *put.lock().expect("no panic") = Some((all, end));
            }));
            "accepted"
        })
    }));
    let mut client = server.connect();
    client.send(CHUNKED);
    let _ = client.response();
    wait_until("the reader ends", || got.lock().expect("no panic").is_some());
    let (all, end) = got.lock().expect("no panic").take().expect("no panic");
    assert_eq!((all.as_slice(), end), (&b"hello"[..], Ok(())));
    server.stop();
}

pub fn an_echo_that_streams(backend: IoBackend) {
    let server =
        Server::of(describe(backend).app(move |_| {
            app().put("/x", |body: BodyStream| Response::text(Body::from_stream(body)))
        }));
    let mut client = server.connect();
    client.send(CHUNKED.replace("Host: a", "Host: a\r\nConnection: close"));
    let (rest, _) = client.rest();
    assert!(rest.ends_with(b"\r\n\r\n5\r\nhello\r\n0\r\n\r\n"), "{}", rest.escape_ascii());
    server.stop();
}

/// A request that comes while an answer is on its way, and room is short, waits for nothing else.
pub fn requests_while_room_is_short(backend: IoBackend) {
    let limits = limits(|limits| {
        limits.unsent_max = 1;
        // What only a deadline ends would hang.
        limits.write_timeout = Duration::from_secs(3600);
        limits.idle_timeout = Duration::from_secs(3600);
    });
    let server = Server::of(
        describe(backend)
            .limits(limits)
            .app(move |_| app().get("/30k", || Response::bytes("a/b", &BIG[..30_000]))),
    );
    let mut client = Client::connect_narrow(server.addr());
    for _ in 0..200 {
        client.send("GET /30k HTTP/1.1\r\nHost: a\r\n\r\n");
        std::thread::sleep(Duration::from_millis(2));
    }
    for _ in 0..200 {
        assert_eq!(client.response().body.len(), 30_000);
    }
    drop(client);
    server.stop();
}

/// Whoever reads content elsewhere learns of the end of its connection.
pub fn a_reader_outlives_its_connection(backend: IoBackend) {
    let called = Arc::new(AtomicUsize::new(0));
    let told = Arc::new(AtomicUsize::new(0));
    let (call, tell) = (called.clone(), told.clone());
    let limits = limits(|limits| {
        limits.write_timeout = Duration::from_millis(500);
        limits.body_timeout = Duration::from_secs(3600);
    });
    let upload = move |mut body: BodyStream| {
        call.fetch_add(1, Ordering::SeqCst);
        let tell = tell.clone();
        async move {
            let reader = dx_rt::spawn(async move {
                while let Some(Ok(_)) = body.next().await {}
                tell.fetch_add(1, Ordering::SeqCst);
            });
            let _ = reader.await;
            "read"
        }
    };
    let server = Server::of(describe(backend).limits(limits).app(move |_| {
        app().get("/30k", || Response::bytes("a/b", &BIG[..30_000])).put("/x", upload.clone())
    }));
    // Some of them get as far as the upload before their answers fill all there is.
    let clients: Vec<Client> = (60..180)
        .step_by(4)
        .map(|number| {
            let mut client = Client::connect_narrow(server.addr());
            client.send("GET /30k HTTP/1.1\r\nHost: a\r\n\r\n".repeat(number));
            client.send("PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nbegun");
            client
        })
        .collect();
    wait_until("an upload begins", || called.load(Ordering::SeqCst) > 0);
    std::thread::sleep(Duration::from_secs(2));
    clients.into_iter().for_each(Client::hang_up);
    wait_until("everybody is told", || {
        called.load(Ordering::SeqCst) == told.load(Ordering::SeqCst)
    });
    server.stop();
}

struct Flag(AtomicBool, Mutex<Option<std::task::Waker>>);

impl std::task::Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
        if let Some(waker) = self.1.lock().expect("no panic").take() {
            waker.wake();
        }
    }
}

/// As `FuturesUnordered` does: the writing future has a waker of its own, and is polled only after
/// that was woken.
pub fn a_writer_with_a_waker_of_its_own(backend: IoBackend) {
    use core::task::{Context, Poll};
    let server = Server::of(describe(backend).app(move |_| {
        app().get("/w", || {
            Response::text(Body::written_by(|mut out: dx_reactor::BodyWriter| {
                let flag = Arc::new(Flag(true.into(), Mutex::new(None)));
                let mut inner = Box::pin(async move {
                    for _ in 0..5 {
                        out.write("a").await?;
                    }
                    Ok::<(), dx_reactor::BodyError>(())
                });
                poll_fn(move |cx| {
                    *flag.1.lock().expect("no panic") = Some(cx.waker().clone());
                    if !flag.0.swap(false, Ordering::Relaxed) {
                        return Poll::Pending;
                    }
                    inner.as_mut().poll(&mut Context::from_waker(&flag.clone().into()))
                })
            }))
        })
    }));
    let mut client = server.connect();
    client.send("GET /w HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let (rest, _) = client.rest();
    let letters = rest.iter().rev().filter(|byte| **byte == b'a').count();
    assert!(letters >= 5 && rest.ends_with(b"0\r\n\r\n"), "{}", rest.escape_ascii());
    server.stop();
}

/// In HTTP/1.0 only a reset tells content that was cut from content that is complete.
pub fn content_that_fails_without_chunks(backend: IoBackend) {
    let server = Server::of(describe(backend).app(move |_| {
        app().get("/f", || {
            Response::text(Body::written_by(async |mut out: dx_reactor::BodyWriter| {
                out.write("begun").await?;
                dx_rt::time::sleep(Duration::from_millis(5)).await;
                Err::<(), _>(dx_reactor::BodyError::from("the disk is gone"))
            }))
        })
    }));
    let mut client = server.connect();
    client.send("GET /f HTTP/1.0\r\n\r\n");
    let (_, end) = client.rest();
    assert_eq!(end, crate::client::End::Reset);
    server.stop();
}

struct Thorny;

impl Drop for Thorny {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("while being dropped");
        }
    }
}

/// HEAD drops content that was never asked for.
pub fn a_head_of_thorny_content(backend: IoBackend) {
    let server = Server::of(describe(backend).app(move |_| {
        app().get("/t", || {
            let thorny = Thorny;
            Response::text(Body::written_by(async move |mut out: dx_reactor::BodyWriter| {
                out.write("a").await?;
                drop(thorny);
                Ok::<(), dx_reactor::BodyError>(())
            }))
        })
    }));
    let mut client = server.connect();
    client.send("HEAD /t HTTP/1.1\r\nHost: a\r\n\r\n");
    client.raw(15);
    server.assert_serves();
    server.stop();
}
