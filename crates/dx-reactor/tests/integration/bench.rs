//! What every row needs: a server, and a process of its own if it counts things.
//!
//! Owns [`Server`] and its app. May not judge answers. Invariant: a
//! server that ends in order has been seen to hold nothing.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use dx_reactor::io::BACKEND_VARIABLE;
use dx_reactor::{
    App, Builder, Bytes, DxReactor, IoBackend, Json, Limits, Request, Response, Running,
    ShutdownHandle, Text, WorkerStrategy,
};

use crate::client::Client;

/// After this a test counts as hung. Nothing is measured with it.
pub const WATCHDOG: Duration = Duration::from_secs(60);

/// The content of `/big`: five MiB in which no two places look alike.
pub static BIG: LazyLock<Vec<u8>> = LazyLock::new(|| pattern(5 * 1024 * 1024));

/// Bytes that tell where they belong.
pub fn pattern(len: usize) -> Vec<u8> {
    (0..len as u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

/// A description on `backend` with one worker and a free port.
pub fn describe(backend: IoBackend) -> Builder {
    DxReactor::build()
        .workers(WorkerStrategy::Fixed(1))
        .io_backend(backend)
        .listen(([127, 0, 0, 1], 0))
}

/// A running server.
pub struct Server {
    running: Running,
}

impl Server {
    /// One worker that serves [`app`].
    pub fn start(backend: IoBackend) -> Self {
        Self::of(describe(backend).app(|_| app()))
    }

    /// As [`start`](Self::start), with limits.
    pub fn limited(backend: IoBackend, set: impl FnOnce(&mut Limits)) -> Self {
        Self::of(describe(backend).limits(limits(set)).app(|_| app()))
    }

    /// What is described.
    pub fn of(builder: Builder) -> Self {
        Self { running: builder.build().start().expect("starts") }
    }

    pub fn addr(&self) -> SocketAddr {
        self.running.addr()
    }

    pub fn running(&self) -> &Running {
        &self.running
    }

    pub fn shutdown_handle(&self) -> ShutdownHandle {
        self.running.shutdown_handle()
    }

    pub fn connect(&self) -> Client {
        Client::connect(self.addr())
    }

    /// Whether the server answers, now.
    pub fn assert_serves(&self) {
        let mut client = self.connect();
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(client.response().body, b"Hello, World!");
    }

    /// Stops in order.
    pub fn stop(self) {
        for report in self.running.stop().expect("ends in order") {
            assert!(report.held.is_nothing(), "{:?}", report.held);
        }
    }
}

/// The defaults with some changed.
pub fn limits(set: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    set(&mut limits);
    limits
}

#[derive(serde::Serialize)]
struct Message {
    message: &'static str,
}

fn user(request: Request) -> Text {
    request.param_text("id").unwrap_or_default()
}

async fn slept(request: Request) -> String {
    let millis = request.param("millis").and_then(|text| text.parse().ok()).unwrap_or(0);
    dx_rt::time::sleep(Duration::from_millis(millis)).await;
    format!("slept {millis}")
}

/// Pending until another thread has done its part.
async fn elsewhere() -> &'static str {
    dx_rt::spawn_blocking(|| "elsewhere").await.unwrap_or("lost")
}

async fn later() -> &'static str {
    dx_rt::time::sleep(Duration::from_millis(1)).await;
    panic!("later")
}

fn at_once() -> &'static str {
    panic!("at once")
}

/// What most rows ask for.
pub fn app() -> App {
    App::new()
        .get("/", || "Hello, World!")
        .get("/json", || Json(Message { message: "Hello, World!" }))
        .get("/user/{id}", user)
        .get("/files/{*path}", |request: Request| request.param_text("path").unwrap_or_default())
        .get("/big", || Response::bytes("application/octet-stream", BIG.as_slice()))
        .get("/sleep/{millis}", slept)
        .get("/elsewhere", elsewhere)
        .get("/panic/now", at_once)
        .get("/panic/later", later)
        .post("/echo", |request: Request| -> Bytes { request.into_body() })
        .put("/echo", async |request: Request| -> Bytes {
            dx_rt::time::sleep(Duration::from_millis(1)).await;
            request.into_body()
        })
}

/// Waits until `ready` holds.
pub fn wait_until(what: &str, ready: impl Fn() -> bool) {
    let began = Instant::now();
    while !ready() {
        assert!(began.elapsed() < WATCHDOG, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Whether this process runs the test `name` on `backend` and nothing beside it. If not, one that
/// does is started here, and has succeeded when this returns: what a test counts in its process
/// must be its own.
pub fn is_alone(name: &str, backend: IoBackend) -> bool {
    const VARIABLE: &str = "DX_TEST_ALONE";
    if std::env::var(VARIABLE).as_deref() == Ok(name) {
        return true;
    }
    let own = std::env::current_exe().expect("own path");
    let ended = Command::new(own)
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(VARIABLE, name)
        .env(BACKEND_VARIABLE, backend.as_str())
        .output()
        .expect("starts");
    let told = String::from_utf8_lossy(&ended.stdout);
    let complained = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{told}\n{complained}");
    assert!(told.contains("1 passed"), "no test has this name: {name}\n{told}");
    println!("{told}");
    false
}
