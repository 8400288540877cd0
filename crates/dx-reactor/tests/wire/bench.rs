//! The servers that rows are run against.
//!
//! Owns [`app`], the bounds, and [`Bench`], a server whose turns the test makes. May not know
//! rows. Invariant: the sockets and the kernel's interface are real; only the loop around the
//! turns is the test's, so that it knows what has been read before it sends on.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::panic::resume_unwind;
use std::task::Poll;
use std::time::{Duration, Instant};

use dx_reactor::io::{Driver, ListenOptions, Listener, ReactorConfig};
use dx_reactor::{
    App, Builder, Bytes, DxReactor, HeaderName, HeaderValue, IoBackend, Limits, Method, Request,
    Response, Seat, Status, Stepped, WorkerStrategy,
};
use dx_rt::{Core, Held, Turned, Wait};

use crate::row::Bounds;

/// After this a test counts as hung. Nothing is measured with it.
pub const WATCHDOG: Duration = Duration::from_secs(60);

/// What every row may ask for.
fn app() -> App {
    App::new()
        .get("/", || "root")
        .get("/after", || "after")
        .get("/later", later)
        .post("/later", async |request: Request| -> Bytes {
            poll_twice().await;
            request.into_body()
        })
        .post("/echo", |request: Request| -> Bytes { request.into_body() })
        .put("/echo", |request: Request| -> Bytes { request.into_body() })
        .get("/seen", seen)
        .get("/seen/{*rest}", seen)
        .get("/x", |request: Request| x_values(&request))
        .get("/body", |request: Request| request.body().len().to_string())
        .delete("/body", |request: Request| request.body().len().to_string())
        .patch("/body", |request: Request| request.body().len().to_string())
        .options("/options", |request: Request| request.body().len().to_string())
        .head("/head", || (Status::ACCEPTED, "for head alone"))
        .get("/head", || "for get alone")
        .route(Method::Trace, "/trace", || "traced")
        .route(Method::Other, "/other", |request: Request| request.method_str().to_owned())
        .get("/status/{code}", status)
        .get("/managed", managed)
        .get("/panic", || -> &'static str { give_up() })
        .get("/panic/later", later_panic)
}

async fn later() -> &'static str {
    poll_twice().await;
    "later"
}

async fn later_panic() -> &'static str {
    poll_twice().await;
    give_up()
}

/// A panic that nobody has to read about.
fn give_up() -> ! {
    resume_unwind(Box::new("on purpose"))
}

/// Pending once, and ready in the core's next turn.
async fn poll_twice() {
    let mut polled = false;
    poll_fn(|cx| {
        if core::mem::replace(&mut polled, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// What the server has made of the request target: path, query, host.
fn seen(request: Request) -> String {
    let (query, host) = (request.query().unwrap_or("-"), request.host().unwrap_or("-"));
    format!("{} {query} {host}", request.path())
}

/// Every value of the header `x`.
fn x_values(request: &Request) -> String {
    let values = request.header_all("x").map(|value| format!("[{}]", value.escape_ascii()));
    values.collect()
}

/// A response with this status and content, whether or not the two go together.
fn status(request: Request) -> Response {
    let code = request.param("code").and_then(|code| code.parse().ok());
    let status = code.and_then(Status::new).unwrap_or(Status::NOT_FOUND);
    Response::text("content").with_status(status)
}

/// A handler that tries to write what the server owns.
fn managed() -> Response {
    let own = [
        ("content-length", "1"),
        ("transfer-encoding", "chunked"),
        ("connection", "upgrade"),
        ("date", "today"),
    ];
    own.into_iter().fold(Response::text("managed"), |response, (name, value)| {
        response.with_header(HeaderName::from_static(name), HeaderValue::from_static(value))
    })
}

fn limits(bounds: Bounds) -> Limits {
    let mut limits = Limits::default();
    if bounds == Bounds::Tight {
        limits.http.request_line_max = 64;
        limits.http.head_max = 128;
        limits.http.headers_max = 4;
        limits.http.empty_lines_max = 2;
        limits.http.chunk_line_max = 16;
        limits.http.chunk_overhead_max = 24;
        limits.body_max = 8;
    }
    limits
}

/// A server with these bounds on one worker, described.
pub fn describe(backend: IoBackend, bounds: Bounds) -> Builder {
    DxReactor::build()
        .workers(WorkerStrategy::Fixed(1))
        .io_backend(backend)
        .listen(([127, 0, 0, 1], 0))
        .limits(limits(bounds))
        .app(|_| app())
}

/// A server on this thread.
pub struct Bench {
    server: Stepped,
    addr: SocketAddr,
}

impl Bench {
    pub fn start(backend: IoBackend, bounds: Bounds) -> Self {
        let (driver, _) = Driver::open(backend, &ReactorConfig::default()).expect("it opens");
        let listener = Listener::bind(([127, 0, 0, 1], 0).into(), &ListenOptions::default());
        let listener = listener.expect("it binds");
        let addr = listener.local_addr();
        let seat = Seat { driver, listeners: vec![listener] };
        let server = describe(backend, bounds).build().start_stepped(vec![seat]);
        Self { server: server.expect("it starts"), addr }
    }

    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Turns until nothing is left to do.
    pub fn settle(&self) {
        while !self.turn(Wait::Poll).is_idle() {}
    }

    /// Turns until the kernel has reported something, and what follows from it is done.
    pub fn react(&self, to: &str) {
        let began = Instant::now();
        while self.turn(Wait::AtMost(Duration::from_millis(5))).completions == 0 {
            assert!(began.elapsed() < WATCHDOG, "the server does not notice {to}");
        }
        self.settle();
    }

    /// Turns once, and waits a moment if there is nothing to do.
    pub fn wait(&self) {
        self.turn(Wait::AtMost(Duration::from_millis(1)));
    }

    /// Ends the server in order; it holds nothing then.
    pub fn stop(self) {
        self.server.drain();
        let began = Instant::now();
        while !self.server.is_finished() {
            assert!(began.elapsed() < WATCHDOG, "the server does not end");
            self.wait();
        }
        assert_eq!(self.core().quiesce(200).expect("turns"), Held::default());
    }

    fn turn(&self, wait: Wait) -> Turned {
        self.core().turn(wait).expect("the reactor works")
    }

    fn core(&self) -> &Core {
        &self.server.cores()[0]
    }
}
