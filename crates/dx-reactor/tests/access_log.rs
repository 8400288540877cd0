//! What is written of requests, and what never is.
//!
//! Owns a subscriber that writes lines, and the application they are about. Invariant: everything
//! happens on the thread of the test, so that lines stand in order.

use std::fmt::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dx_reactor::testing::TestClient;
use dx_reactor::{App, Bytes, Limits, Path, Status};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Everything from `level` up, as lines.
#[derive(Clone)]
struct Lines {
    level: Level,
    lines: Arc<Mutex<Vec<String>>>,
}

struct Fields<'a>(&'a mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.0.insert_str(0, &format!("{value:?}"));
        } else {
            let _ = write!(self.0, " {}={value:?}", field.name());
        }
    }
}

impl Lines {
    fn new(level: Level) -> Self {
        Self { level, lines: Arc::default() }
    }

    fn push(&self, line: String) {
        self.lines.lock().expect("no test has panicked").push(line);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.lines.lock().expect("no test has panicked"))
    }
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.level
    }

    fn max_level_hint(&self) -> Option<tracing::level_filters::LevelFilter> {
        Some(self.level.into())
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut line = String::from("span ") + span.metadata().name();
        span.record(&mut Fields(&mut line));
        self.push(line);
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = String::new();
        event.record(&mut Fields(&mut line));
        self.push(line);
    }

    fn enter(&self, _: &Id) {
        self.push("enter".into());
    }

    fn exit(&self, _: &Id) {
        self.push("exit".into());
    }
}

async fn slow(Path(millis): Path<u64>) -> &'static str {
    dx_rt::time::sleep(Duration::from_millis(millis)).await;
    tracing::info!("awake");
    "slow"
}

fn fails() -> Status {
    panic!("in a handler")
}

fn app() -> App {
    App::new()
        .access_log()
        .get("/hello", || "Hello, World!")
        .get("/slow/{millis}", slow)
        .get("/panics", fails)
        .post("/echo", |body: Bytes| body)
        .nest("/inner", App::new().put("/", || Status::CREATED))
}

/// Everything between the duration's name and the next word is made the same.
fn without_time(lines: Vec<String>) -> Vec<String> {
    let cut = |line: String| match line.split_once(" duration_us=") {
        Some((rest, _)) => rest.to_owned(),
        None => line,
    };
    lines.into_iter().map(cut).collect()
}

fn events(lines: Vec<String>) -> Vec<String> {
    let is_event =
        |line: &String| !["enter", "exit"].contains(&&**line) && !line.starts_with("span ");
    without_time(lines).into_iter().filter(is_event).collect()
}

#[test]
fn one_event_for_each_request_and_a_span_around_its_handler() {
    let lines = Lines::new(Level::INFO);
    let _guard = tracing::subscriber::set_default(lines.clone());
    let client = TestClient::new(app);

    assert_eq!(
        client.get("/hello?secret=1").header("cookie", "secret").send().status(),
        Status::OK
    );
    let wanted = [
        "span request method=\"GET\" path=\"/hello\"",
        "enter",
        "exit",
        "answered method=\"GET\" path=\"/hello\" status=200 bytes=13",
    ];
    assert_eq!(without_time(lines.take()), wanted);

    let exchange = client.get("/slow/1500").start();
    client.advance(Duration::from_millis(1500));
    assert_eq!(exchange.finish().status(), Status::OK);
    let found = lines.take();
    let last = found.last().and_then(|line| line.rsplit_once('=')).expect("a duration");
    let micros: u64 = last.1.parse().expect("a number");
    assert!((1_500_000..1_502_000).contains(&micros), "{micros}");
    let wanted = [
        "span request method=\"GET\" path=\"/slow/1500\"",
        "enter",
        "exit",
        "enter",
        "exit",
        "enter",
        "awake",
        "exit",
        "answered method=\"GET\" path=\"/slow/1500\" status=200 bytes=4",
    ];
    assert_eq!(without_time(found), wanted);

    client.post("/echo").body("secret").send();
    client.request("HEAD", "/hello").send();
    client.request("PURGE", "/hello").send();
    client.request("OPTIONS", "/hello").send();
    client.get("/none").send();
    client.get("/panics").send();
    client.put("/inner").send();
    client.get("/%ff").send();
    client.get("/a b").send();
    client.post("/echo").body(vec![0; Limits::default().body_max + 1]).send();
    drop(client.get("/slow/9").start());
    client.advance(Duration::from_millis(9));
    let wanted = [
        "answered method=\"POST\" path=\"/echo\" status=200 bytes=6",
        "answered method=\"HEAD\" path=\"/hello\" status=200 bytes=0",
        "answered method=\"PURGE\" path=\"/hello\" status=405 bytes=43",
        "answered method=\"OPTIONS\" path=\"/hello\" status=204 bytes=0",
        "answered method=\"GET\" path=\"/none\" status=404 bytes=34",
        "answered method=\"GET\" path=\"/panics\" status=500 bytes=46",
        "answered method=\"PUT\" path=\"/inner\" status=201 bytes=0",
        "answered method=\"GET\" path=\"/%ff\" status=404 bytes=34",
        "refused status=400",
        "refused status=413",
        "awake",
        "answered method=\"GET\" path=\"/slow/9\" status=200 bytes=4",
    ];
    assert_eq!(events(lines.take()), wanted);

    let waiting = client.get("/slow/1000").start();
    drop(client);
    drop(waiting);
    let wanted = ["abandoned method=\"GET\" path=\"/slow/1000\""];
    assert_eq!(events(lines.take()), wanted);
}

#[test]
fn nothing_below_the_level_or_without_being_asked() {
    let lines = Lines::new(Level::WARN);
    tracing::subscriber::with_default(lines.clone(), || {
        assert_eq!(TestClient::new(app).get("/hello").send().status(), Status::OK);
    });
    let all = Lines::new(Level::TRACE);
    tracing::subscriber::with_default(all.clone(), || {
        let client = TestClient::new(|| App::new().get("/", || ""));
        assert_eq!(client.get("/").send().status(), Status::OK);
        assert_eq!(client.get("/none").send().status(), Status::NOT_FOUND);
    });
    assert_eq!(lines.take(), Vec::<String>::new());
    assert_eq!(all.take(), Vec::<String>::new());
}
