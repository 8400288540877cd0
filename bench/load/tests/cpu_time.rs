//! The accounting of a server's CPU time, in a process where no other test's threads end.
//!
//! Owns one server. Knows only the public API. Invariant: a server that does more work per
//! request costs more per request.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process;
use std::thread;
use std::time::{Duration, Instant};

use bench_load::accounted::{Accounted, run};
use dx_load::Plan;
use dx_load::http::{Http, PLAINTEXT_BYTES};

/// Answers each request after spending `work` on the CPU: the probe's, then one connection's.
fn serve(work: Duration) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; PLAINTEXT_BYTES];
            while stream.read_exact(&mut request).is_ok() {
                let start = Instant::now();
                while start.elapsed() < work {}
                if stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").is_err() {
                    break;
                }
            }
        }
        // The test reads this thread's time after the connection has ended.
        thread::park();
    });
    address
}

#[test]
fn work_in_the_server_is_accounted_to_requests() {
    let measure = |work| {
        let mut plan = Plan::new(serve(work));
        plan.warmup = Duration::from_millis(20);
        plan.window = Duration::from_millis(300);
        let mut wire = Http::plaintext("GET", "/").unwrap();
        run(&plan, &mut wire, Some(process::id())).unwrap()
    };
    let (little, much) = (measure(Duration::ZERO), measure(Duration::from_millis(1)));
    let cost = |accounted: &Accounted| accounted.server_cpu_ns.unwrap();
    assert!(cost(&little) > 0.0 && cost(&much) > cost(&little), "{little:?} {much:?}");
    assert!(little.server_rss.unwrap() > 0);
    // What is printed is what is read.
    let line = serde_json::to_string(&much).unwrap();
    assert!(!line.contains('\n'));
    assert_eq!(serde_json::from_str::<Accounted>(&line).unwrap(), much);
}
