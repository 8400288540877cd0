//! The accounting of a server's CPU time, in a process where no other test's threads end.
//!
//! Owns one server. Knows only the public API. Invariant: a server that does more work per
//! request costs more per request.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process;
use std::thread;
use std::time::{Duration, Instant};

use bench_load::closed_loop::{Plan, run};
use bench_load::request::{REQUEST_BYTES, request};

/// Answers each request on one connection after spending `work` on the CPU.
fn serve(work: Duration) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; REQUEST_BYTES];
        while stream.read_exact(&mut request).is_ok() {
            let start = Instant::now();
            while start.elapsed() < work {}
            if stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").is_err() {
                break;
            }
        }
        // The test reads this thread's time after the connection has ended.
        thread::park();
    });
    address
}

#[test]
fn work_in_the_server_is_accounted_to_requests() {
    let cost = |work| {
        let plan = Plan {
            address: serve(work),
            connections: 1,
            batch: 1,
            warmup: Duration::from_millis(20),
            window: Duration::from_millis(300),
            request: request("GET", "/").unwrap(),
            body: None,
            pid: Some(process::id()),
        };
        run(&plan).unwrap().server_cpu_ns.unwrap()
    };
    let (little, much) = (cost(Duration::ZERO), cost(Duration::from_millis(1)));
    assert!(little > 0.0 && much > little, "{little} {much}");
}
