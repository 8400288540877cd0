//! Applications under test: whole servers in memory, and time that the test owns.
//!
//! Owns [`TestClient`] and how requests are written; `engine.rs` turns the server, `answer.rs`
//! reads what it says. May not know routes or handlers. Its one invariant: what is tested is what
//! is served: requests are bytes that go through the same accept, connection, parser and limits as
//! those of a socket.
//!
//! ```
//! use std::time::Duration;
//! use dx_reactor::testing::TestClient;
//! use dx_reactor::{App, Json, Path, Status};
//!
//! async fn slow(Path(seconds): Path<u64>) -> Json<u64> {
//!     dx_rt::time::sleep(Duration::from_secs(seconds)).await;
//!     Json(seconds)
//! }
//!
//! let client = TestClient::new(|| App::new().get("/slow/{seconds}", slow));
//! assert_eq!(client.get("/fast").send().status(), Status::NOT_FOUND);
//!
//! // A year passes, and nobody waits.
//! let slow = client.get("/slow/31536000").start();
//! client.advance(Duration::from_secs(31_535_999));
//! assert!(!slow.is_answered());
//! client.advance(Duration::from_secs(1));
//! assert_eq!(slow.finish().json::<u64>(), 31_536_000);
//! ```

mod answer;
mod engine;

use core::cell::RefCell;
use core::fmt;
use core::time::Duration;
use std::rc::Rc;

use serde::Serialize;

pub use answer::TestResponse;

use self::engine::{Engine, Line};
use crate::app::App;
use crate::error::ServerError;
use crate::limits::Limits;

/// A server with one worker in memory, and its client. Clones are the same server.
///
/// Time stands still but for the microseconds that turns and deliveries take, until
/// [`TestClient::advance`] lets it pass: timers of handlers, deadlines of connections, the date.
/// Nothing sleeps; work that a handler gives to a thread ([`dx_rt::spawn_blocking`]) is waited for.
#[derive(Clone)]
pub struct TestClient {
    engine: Rc<RefCell<Engine>>,
}

impl TestClient {
    /// Serves what `app` makes.
    ///
    /// # Panics
    ///
    /// If it cannot be served; [`TestClient::try_new`] says why.
    pub fn new(app: impl Fn() -> App + Send + Sync + 'static) -> Self {
        match Self::try_new(Limits::default(), app) {
            Ok(client) => client,
            Err(error) => panic!("the application cannot be served: {error}"),
        }
    }

    /// Serves what `app` makes, within `limits`.
    ///
    /// # Errors
    ///
    /// As [`DxReactor::start`](crate::DxReactor::start).
    pub fn try_new(
        limits: Limits,
        app: impl Fn() -> App + Send + Sync + 'static,
    ) -> Result<Self, ServerError> {
        let engine = Engine::start(limits, app)?;
        Ok(Self { engine: Rc::new(RefCell::new(engine)) })
    }

    /// A request with GET.
    pub fn get(&self, target: &str) -> TestRequest {
        self.request("GET", target)
    }

    /// A request with POST.
    pub fn post(&self, target: &str) -> TestRequest {
        self.request("POST", target)
    }

    /// A request with PUT.
    pub fn put(&self, target: &str) -> TestRequest {
        self.request("PUT", target)
    }

    /// A request with PATCH.
    pub fn patch(&self, target: &str) -> TestRequest {
        self.request("PATCH", target)
    }

    /// A request with DELETE.
    pub fn delete(&self, target: &str) -> TestRequest {
        self.request("DELETE", target)
    }

    /// A request with any method. Method and target are sent as they are.
    pub fn request(&self, method: &str, target: &str) -> TestRequest {
        TestRequest {
            client: self.clone(),
            is_head: method == "HEAD",
            head: format!("{method} {target} HTTP/1.1\r\n").into_bytes(),
            body: Vec::new(),
            has_host: false,
        }
    }

    /// Lets time pass, and everything happen that is due by then; up to a millisecond more, so that
    /// timers, which are as coarse, have fired.
    pub fn advance(&self, time: Duration) {
        self.engine.borrow_mut().advance(time);
    }

    /// Time since the server has started.
    pub fn now(&self) -> Duration {
        self.engine.borrow().now()
    }
}

impl fmt::Debug for TestClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestClient").finish_non_exhaustive()
    }
}

/// A request that is being written. It has a connection of its own.
#[must_use = "a request does nothing until it is sent"]
pub struct TestRequest {
    client: TestClient,
    is_head: bool,
    head: Vec<u8>,
    body: Vec<u8>,
    has_host: bool,
}

impl TestRequest {
    /// Adds a header line, as it is. Without a `host`, one is added.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.has_host |= name.eq_ignore_ascii_case("host");
        for part in [name.as_bytes(), b": ", value.as_ref(), b"\r\n"] {
            self.head.extend_from_slice(part);
        }
        self
    }

    /// The body as it is, framing included: the headers say which.
    pub fn raw_body(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.body = bytes.into();
        self
    }

    /// The body; its length is sent with it.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        let len = self.body.len().to_string();
        self.header("content-length", len)
    }

    /// The body, written as JSON, with its content type.
    ///
    /// # Panics
    ///
    /// If `value` cannot be written.
    pub fn json(self, value: &impl Serialize) -> Self {
        let body = serde_json::to_vec(value).expect("a value that can be written as JSON");
        self.header("content-type", "application/json").body(body)
    }

    /// The body, as an HTML form sends it, with its content type.
    pub fn form(self, pairs: &str) -> Self {
        self.header("content-type", "application/x-www-form-urlencoded").body(pairs)
    }

    /// Sends the request and waits for the answer, in no time.
    ///
    /// # Panics
    ///
    /// If there is none unless time passes: then [`TestRequest::start`] is what the test needs.
    pub fn send(self) -> TestResponse {
        self.start().finish()
    }

    /// Sends the request; the answer may take time.
    pub fn start(mut self) -> TestExchange {
        if !self.has_host {
            self.head.extend_from_slice(b"host: test\r\n");
        }
        self.head.extend_from_slice(b"\r\n");
        self.head.extend_from_slice(&self.body);
        let line = self.client.engine.borrow_mut().send(self.head);
        TestExchange { client: self.client, line: RefCell::new(line), is_head: self.is_head }
    }
}

impl fmt::Debug for TestRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.head.split(|&byte| byte == b'\r').next().unwrap_or_default();
        write!(f, "TestRequest({})", line.escape_ascii())
    }
}

/// A request that was sent. Dropping it closes its connection.
#[must_use = "a request whose connection is closed is not answered"]
pub struct TestExchange {
    client: TestClient,
    line: RefCell<Line>,
    is_head: bool,
}

impl TestExchange {
    /// Whether the answer is there.
    pub fn is_answered(&self) -> bool {
        self.answer().is_some()
    }

    /// Waits for the answer, in no time.
    ///
    /// # Panics
    ///
    /// If there is none unless time passes, or if the connection ends without one.
    pub fn finish(self) -> TestResponse {
        let mut engine = self.client.engine.borrow_mut();
        engine.wait_for(&mut self.line.borrow_mut(), |line| {
            TestResponse::read(&line.received, self.is_head, line.has_ended)
        })
    }

    fn answer(&self) -> Option<TestResponse> {
        let mut line = self.line.borrow_mut();
        self.client.engine.borrow_mut().settle(&mut line);
        TestResponse::read(&line.received, self.is_head, line.has_ended)
    }
}

impl fmt::Debug for TestExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TestExchange({} bytes received)", self.line.borrow().received.len())
    }
}

#[cfg(test)]
mod tests;
