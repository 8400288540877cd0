//! The test client, and through it what needs a core: time and bodies.

use core::cell::Cell;

use dx_http::Status;

use super::*;
use crate::bytes::Bytes;
use crate::extract::Path;
use crate::json::Json;
use crate::request::Request;

async fn slow(Path(millis): Path<u64>) -> String {
    dx_rt::time::sleep(Duration::from_millis(millis)).await;
    format!("after {millis}")
}

fn app() -> App {
    let small = App::new().body_max(4).post("/small", |body: Bytes| body);
    let large = App::new().body_max(8 << 20).post("/large", |body: Bytes| body.len().to_string());
    App::new()
        .get("/", || "Hello, World!")
        .post("/echo", |body: Bytes| body)
        .get("/slow/{millis}", slow)
        .get("/empty", || Status::NO_CONTENT)
        .get("/headers", |request: Request| {
            let names: Vec<_> = request.headers().map(|(name, _)| name.to_owned()).collect();
            Json(names)
        })
        .get("/blocking", async || {
            dx_rt::spawn_blocking(|| std::thread::sleep(Duration::from_millis(20)))
                .await
                .is_ok()
                .to_string()
        })
        .get("/yields", async || {
            for _ in 0..1000 {
                dx_rt::time::yield_now().await;
            }
        })
        .get("/panics", || -> () { panic!("in a test") })
        .merge(small)
        .merge(large)
        .nest("/hurried", App::new().timeout(Duration::from_millis(100)).get("/{millis}", slow))
}

#[test]
fn requests_are_answered_in_no_time() {
    let client = TestClient::new(app);
    let hello = client.get("/").send();
    assert_eq!((hello.status(), hello.text()), (Status::OK, "Hello, World!"));
    assert_eq!(hello.header_str("Content-Type"), Some("text/plain; charset=utf-8"));
    assert_eq!(hello.headers().count(), 3, "{hello:?}");
    assert_eq!(client.request("HEAD", "/").send().body(), b"");
    assert_eq!(client.get("/empty").send().status(), Status::NO_CONTENT);
    assert_eq!(client.get("/none").send().status(), Status::NOT_FOUND);
    assert_eq!(client.get("/yields").send().status(), Status::OK);
    assert_eq!(client.get("/blocking").send().text(), "true");
    assert_eq!(client.get("/panics").send().status(), Status::INTERNAL_SERVER_ERROR);
    let names = client.get("/headers").header("X-A", "b").header("Host", "h").send();
    assert_eq!(names.json::<Vec<String>>(), ["X-A", "Host"]);
    let long = vec![b'x'; 1 << 20];
    assert_eq!(client.post("/echo").body(long.clone()).send().body(), long);
    assert!(client.now() < Duration::from_millis(100), "{:?}", client.now());
}

#[test]
fn time_passes_when_the_test_says_so() {
    let client = TestClient::new(app);
    let (first, second) = (client.get("/slow/5000").start(), client.get("/slow/2000").start());
    client.advance(Duration::from_millis(1990));
    assert!(!first.is_answered() && !second.is_answered());
    client.advance(Duration::from_millis(10));
    assert!(!first.is_answered() && second.is_answered());
    assert_eq!(second.finish().text(), "after 2000");
    client.advance(Duration::from_secs(3));
    assert_eq!(first.finish().text(), "after 5000");
    let idle = client.now();
    client.advance(Duration::from_secs(86_400));
    let passed = client.now() - idle;
    assert!(passed >= Duration::from_secs(86_400) && passed < Duration::from_secs(86_401));
}

#[test]
fn a_handler_out_of_time_is_dropped() {
    thread_local! {
        static DROPPED: Cell<u32> = const { Cell::new(0) };
    }

    struct Counts;

    impl Drop for Counts {
        fn drop(&mut self) {
            DROPPED.set(DROPPED.get() + 1);
        }
    }

    async fn counted(Path(millis): Path<u64>) -> String {
        let _counts = Counts;
        slow(Path(millis)).await
    }

    let client = TestClient::new(|| {
        let inner = App::new().timeout(Duration::from_secs(1)).get("/{millis}", counted);
        App::new().timeout(Duration::from_secs(5)).get("/outer/{millis}", slow).nest("/in", inner)
    });
    let (late, in_time) = (client.get("/in/2000").start(), client.get("/in/999").start());
    let outer = client.get("/outer/4000").start();
    client.advance(Duration::from_millis(990));
    assert!(!late.is_answered());
    client.advance(Duration::from_millis(20));
    assert_eq!(DROPPED.get(), 2);
    let late = late.finish();
    assert_eq!(late.status(), Status::SERVICE_UNAVAILABLE);
    assert!(late.text().contains("the answer was not ready in time"), "{late:?}");
    assert_eq!(in_time.finish().text(), "after 999");
    client.advance(Duration::from_secs(3));
    assert_eq!(outer.finish().text(), "after 4000");
}

#[test]
fn bodies_are_refused_by_their_route() {
    let client = TestClient::new(app);
    let status = |path: &str, len: usize, chunked: bool| {
        let body = vec![b'x'; len];
        if !chunked {
            return client.post(path).body(body).send().status().code();
        }
        let chunk = [format!("{len:x}\r\n").as_bytes(), &body, b"\r\n0\r\n\r\n"].concat();
        let request = client.post(path).header("transfer-encoding", "chunked").raw_body(chunk);
        request.send().status().code()
    };
    for chunked in [false, true] {
        let rows = [
            ("/small", 4, 200),
            ("/small", 5, 413),
            ("/echo", 2 << 20, 200),
            ("/echo", (2 << 20) + 1, 413),
            ("/large", (2 << 20) + 1, 200),
            ("/large", (8 << 20) + 1, 413),
            ("/none", 5, 404),
        ];
        for (path, len, wanted) in rows {
            assert_eq!(status(path, len, chunked), wanted, "{path} {len} {chunked}");
        }
    }
    // Refused before it is asked for.
    let expects = client.post("/small").header("expect", "100-continue");
    let refused = expects.header("content-length", "5").send();
    assert_eq!(refused.status(), Status::CONTENT_TOO_LARGE);
}

#[test]
fn what_cannot_be_served_says_why() {
    let twice = || App::new().get("/", || ()).get("/", || ());
    let refused = TestClient::try_new(Limits::default(), twice);
    assert!(matches!(refused, Err(ServerError::Routes(_))), "{refused:?}");
    let limits = Limits { body_max: 1, ..Limits::default() };
    let client = TestClient::try_new(limits, app).expect("it serves");
    assert_eq!(client.post("/echo").body("ab").send().status(), Status::CONTENT_TOO_LARGE);
}

#[test]
fn two_runs_are_the_same() {
    let run = || {
        let client = TestClient::new(app);
        let answer = client.get("/slow/1000").start();
        client.advance(Duration::from_secs(1));
        (format!("{:?}", answer.finish()), client.now())
    };
    assert_eq!(run(), run());
}
