//! A request that is answered costs no allocation.
//!
//! Owns an allocator that counts on worker threads, and the rows of routes. May not know how the
//! server keeps its memory. Invariant: what the client allocates is not counted.

#[path = "integration/backends.rs"]
mod backends;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dx_reactor::{
    App, DxReactor, Header, HeaderField, Layer, Path, PooledVec, Request, Response, State, Text,
    WorkerStrategy,
};
use serde::Deserialize;

use backends::backends;

static COUNTED: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// Whether this thread is a worker; none is until it says so.
    static IS_WORKER: Cell<bool> = const { Cell::new(false) };
}

struct Counting;

fn count() {
    // A thread that is being torn down is past its requests.
    if IS_WORKER.try_with(Cell::get).unwrap_or(false) {
        COUNTED.fetch_add(1, Ordering::Relaxed);
    }
}

// SAFETY: every call is handed on to the system's allocator as it came; counting allocates nothing,
// since the thread-local flag is constant-initialised and has no destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: handed on from our caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: handed on from our caller.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count();
        // SAFETY: handed on from our caller.
        unsafe { System.realloc(block, layout, new_size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: handed on from our caller.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const WARM_UP: usize = 1_000;
const REQUESTS: usize = 10_000;

async fn ready(request: Request) -> Text {
    request.param_text("id").unwrap_or_default()
}

async fn pending(request: Request) -> Text {
    dx_rt::time::yield_now().await;
    request.param_text("id").unwrap_or_default()
}

#[derive(Deserialize)]
struct Sum {
    a: u64,
    b: u64,
}

struct Base(u64);

/// Before and after, both with something to do.
struct Counts(Cell<u64>);

impl Layer for Counts {
    type Carry = u64;

    fn before(&self, _: &mut Request) -> Result<u64, Response> {
        self.0.set(self.0.get() + 1);
        Ok(self.0.get())
    }

    fn after(&self, number: u64, _: &mut Response) {
        assert!(number <= self.0.get());
    }
}

fn number(number: u64) -> PooledVec {
    let mut body = PooledVec::take();
    write!(body, "{number}").expect("never fails");
    body
}

fn taken(base: State<Base>, Path(sum): Path<Sum>, headers: Option<Header<Never>>) -> PooledVec {
    assert!(headers.is_none());
    number(base.0.0 + sum.a + sum.b)
}

struct Never;

impl HeaderField for Never {
    const NAME: &'static str = "x-never";

    fn from_value(_: &[u8]) -> Option<Self> {
        None
    }
}

async fn taken_later(base: State<Base>, Path((id,)): Path<(u64,)>) -> PooledVec {
    dx_rt::time::yield_now().await;
    number(base.0.0 + id)
}

/// Handlers with arguments, layers, limits, and a log that nobody listens to.
fn arguments() -> App {
    App::new()
        .state(Base(40))
        .layer(Counts(Cell::new(0)))
        .body_max(1000)
        .access_log()
        .get("/taken/{a}/{b}", taken)
        .get("/later/{id}", taken_later)
}

/// The factory runs on the worker's own thread, which is told by its name.
fn app() -> App {
    let name = std::thread::current().name().map(str::to_owned).unwrap_or_default();
    IS_WORKER.set(name.starts_with("dx-core-"));
    App::new()
        .get("/", || "Hello, World!")
        .get("/user/{id}", |request: Request| request.param_text("id").unwrap_or_default())
        .get("/ready/{id}", ready)
        .get("/pending/{id}", pending)
        .get("/allocates", || String::from("counted"))
        .merge(arguments())
}

/// Sends `requests` in batches and reads every answer; each must end with `content`.
fn ask(stream: &mut TcpStream, path: &str, content: &str, requests: usize, batch: usize) {
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: example.org\r\nUser-Agent: test\r\nAccept: */*\r\n\r\n"
    );
    let sent = request.repeat(batch);
    let mut answers = Vec::new();
    for _ in 0..requests / batch {
        stream.write_all(sent.as_bytes()).expect("takes it");
        answers.clear();
        while answers.windows(4).filter(|four| four == b"\r\n\r\n").count() < batch
            || !answers.ends_with(content.as_bytes())
        {
            let mut piece = [0; 16 * 1024];
            match stream.read(&mut piece) {
                Ok(len) => {
                    assert!(len > 0, "closed");
                    answers.extend_from_slice(&piece[..len]);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => panic!("silent: {error}"),
            }
        }
    }
}

#[test]
fn answered_requests_allocate_nothing() {
    for backend in backends() {
        let server = DxReactor::build()
            .workers(WorkerStrategy::Fixed(1))
            .io_backend(backend)
            .listen(([127, 0, 0, 1], 0))
            .app(|_| app())
            .build();
        let running = server.start().expect("starts");
        let mut stream = TcpStream::connect(running.addr()).expect("connects");
        stream.set_nodelay(true).expect("no delay");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("watchdog");
        let rows = [
            ("/", "Hello, World!"),
            ("/user/42", "42"),
            ("/ready/42", "42"),
            ("/pending/42", "42"),
            ("/taken/1/1", "42"),
            ("/later/2", "42"),
        ];
        for batch in [1, 16] {
            for (path, content) in rows {
                ask(&mut stream, path, content, WARM_UP, batch);
                let before = COUNTED.load(Ordering::Relaxed);
                ask(&mut stream, path, content, REQUESTS, batch);
                let counted = COUNTED.load(Ordering::Relaxed) - before;
                assert_eq!(counted, 0, "{backend}, {path}, by {batch}");
            }
        }
        // That the counter counts: one string for each answer.
        let before = COUNTED.load(Ordering::Relaxed);
        ask(&mut stream, "/allocates", "counted", 100, 1);
        assert!(COUNTED.load(Ordering::Relaxed) - before >= 100);
        drop(stream);
        running.stop().expect("ends");
    }
}
