//! A server that ends without losing a request.
//!
//! Try it: `cargo run --example graceful_shutdown`, then `curl -i http://127.0.0.1:8080/slow/5`
//! and, within the five seconds, `kill -TERM` the server, or press Ctrl-C. The request is answered,
//! with `connection: close`; then the server ends. Who connects meanwhile is not taken in. A second
//! signal ends it at once, and a request that takes longer than `drain_timeout` is cut.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use dx_reactor::{App, DxReactor, Limits, Path};

async fn slow(Path(seconds): Path<f32>) -> String {
    let time = Duration::from_secs_f32(seconds.clamp(0.0, 60.0));
    dx_rt::time::sleep(time).await;
    format!("answered after {seconds} seconds\n")
}

pub(crate) fn server(addr: SocketAddr) -> DxReactor {
    let mut limits = Limits::default();
    // Shorter than what whoever stops us waits before it kills us; often that is 30 seconds.
    limits.drain_timeout = Duration::from_secs(20);
    DxReactor::build()
        .listen(addr)
        .limits(limits)
        .app(|_| App::new().get("/slow/{seconds}", slow))
        .build()
}

pub(crate) fn main() -> ExitCode {
    let started = |running: &dx_reactor::Running| println!("http://{}/slow/5", running.addr());
    match server(SocketAddr::from(([127, 0, 0, 1], 8080))).ignite_with(started) {
        Ok(()) => {
            println!("ended: every request that was read is answered");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("graceful_shutdown: {error}");
            ExitCode::FAILURE
        }
    }
}
