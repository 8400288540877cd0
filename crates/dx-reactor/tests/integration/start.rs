//! The beginning of a server.
//!
//! Owns the rows about what cannot start, and about addresses and workers. Invariant: an error
//! names its cause, and nothing is left running behind it.

use std::net::{SocketAddr, TcpListener};

use dx_reactor::{App, DxReactor, IoBackend, ServerError, WorkerStrategy};

use crate::bench::{Server, app, describe};
use crate::client::Client;

fn refused(reactor: DxReactor) -> ServerError {
    match reactor.start() {
        Ok(running) => panic!("{running:?} should not have started"),
        Err(error) => error,
    }
}

pub fn what_cannot_start_says_why(backend: IoBackend) {
    let two = WorkerStrategy::Fixed(2);
    let conflict = || App::new().get("/a/{b}", || "").get("/a/{c}", || "");
    let rows = [
        (describe(backend).build(), "nothing to serve: give the builder an .app(..)"),
        (
            describe(backend).workers(WorkerStrategy::Fixed(0)).app(|_| app()).build(),
            "use WorkerStrategy::Fixed(1) or more",
        ),
        (describe(backend).app(move |_| conflict()).build(), "/a/{c}"),
        (describe(backend).workers(two).app(move |_| conflict()).build(), "contradict each other"),
        (describe(backend).app(|_| panic!("in the factory")).build(), "panicked"),
        (
            describe(backend)
                .workers(two)
                .app(|worker| if worker.index == 1 { panic!("in the factory") } else { app() })
                .build(),
            "panicked",
        ),
        (
            describe(backend).io_backend(IoBackend::Kqueue).app(|_| app()).build(),
            "this platform has no such backend",
        ),
        (
            describe(backend).listen(([192, 0, 2, 1], 0)).app(|_| app()).build(),
            "cannot listen on 192.0.2.1:0",
        ),
    ];
    for (reactor, wanted) in rows {
        let error = refused(reactor).to_string();
        assert!(error.contains(wanted) && !error.contains('\n'), "{error:?}: {wanted}");
    }
}

pub fn a_port_in_use(backend: IoBackend) {
    // By a stranger, and by another server of ours, which could share it.
    let stranger = TcpListener::bind("127.0.0.1:0").expect("binds");
    let ours = Server::start(backend);
    for addr in [stranger.local_addr().expect("bound"), ours.addr()] {
        let reactor = DxReactor::build().io_backend(backend).listen(addr).app(|_| app()).build();
        let error = refused(reactor);
        assert!(matches!(&error, ServerError::Bind { addr: named, .. } if *named == addr));
        let text = error.to_string();
        assert!(text.contains(&addr.to_string()) && text.contains("another port"), "{text}");
    }
    ours.assert_serves();
    ours.stop();
    // What is free again can be taken again, also while old connections are in TIME_WAIT.
    let first = Server::start(backend);
    let addr = first.addr();
    first.assert_serves();
    first.stop();
    let reactor = DxReactor::build().workers(WorkerStrategy::Fixed(1)).io_backend(backend);
    let second = Server::of(reactor.listen(addr).app(|_| app()));
    second.assert_serves();
    second.stop();
}

pub fn several_addresses_and_workers(backend: IoBackend) {
    let server = Server::of(
        describe(backend)
            .listen(([127, 0, 0, 2], 0))
            .workers(WorkerStrategy::Fixed(3))
            .app(|_| app()),
    );
    let running = server.running();
    assert_eq!(running.addrs().len(), 2);
    assert_eq!((running.detections().len(), running.cpus().len()), (3, 3));
    for detection in running.detections() {
        assert_eq!(detection.backend(), backend);
    }
    let addrs: Vec<SocketAddr> = running.addrs().to_vec();
    for addr in addrs {
        assert_ne!(addr.port(), 0);
        for _ in 0..20 {
            let mut client = Client::connect(addr);
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            assert_eq!(client.response().status, 200);
        }
    }
    server.stop();
}
