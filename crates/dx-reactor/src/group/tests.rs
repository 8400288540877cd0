//! What groups do to the handlers inside them.

use core::cell::RefCell;

use dx_http::{HeaderName, HeaderValue, Method, Status};

use super::*;
use crate::app::App;
use crate::extract::tests::answer;
use crate::layer::Layer;
use crate::request::Request;
use crate::request::tests::request;
use crate::response::Response;

const SEEN: HeaderName = HeaderName::from_static("x-seen");

/// What has happened, in order.
type Log = Rc<RefCell<Vec<String>>>;

/// Writes down that it was there, and answers itself if the path says so.
struct Logs(&'static str, Log);

impl Layer for Logs {
    type Carry = String;

    fn before(&self, request: &mut Request) -> Result<String, Response> {
        let Self(name, log) = self;
        log.borrow_mut().push(format!("+{name}"));
        if request.path().contains(name) {
            return Err(Response::new(Status::FORBIDDEN));
        }
        Ok(name.to_lowercase())
    }

    fn after(&self, carry: String, response: &mut Response) {
        self.1.borrow_mut().push(format!("-{carry}{}", response.status().code()));
        response.append_header(SEEN, HeaderValue::from_static(self.0));
    }
}

fn get(app: App, path: &str) -> (u16, bool) {
    ask(app, "GET", path)
}

fn ask(app: App, method: &str, path: &str) -> (u16, bool) {
    let head = format!("{method} {path} HTTP/1.1\r\nHost: a\r\n\r\n");
    let outcome = answer(app, request(&head, b""));
    (outcome.response.status().code(), outcome.panicked)
}

fn fails() -> &'static str {
    panic!("at once")
}

fn app(log: &Log) -> App {
    let layer = |name| Logs(name, log.clone());
    let inner = App::new()
        .layer(layer("C"))
        .get("/sync/{x}", || "sync")
        .get("/async/{x}", async || Status::ACCEPTED)
        .get("/panic/{x}", fails)
        .get("/later/{x}", async || fails());
    App::new()
        .get("/outside", || "outside")
        .nest("/in", inner)
        .layer(layer("A"))
        .layer(layer("B"))
        .fallback(|| Status::GONE)
}

#[test]
fn before_in_order_and_after_in_reverse_whatever_happens() {
    let rows = [
        ("/in/sync/x", (200, false), "+A +B +C -c200 -b200 -a200"),
        ("/in/async/x", (202, false), "+A +B +C -c202 -b202 -a202"),
        ("/in/panic/x", (500, true), "+A +B +C -c500 -b500 -a500"),
        ("/in/later/x", (500, true), "+A +B +C -c500 -b500 -a500"),
        ("/in/sync/A", (403, false), "+A"),
        ("/in/sync/B", (403, false), "+A +B -a403"),
        ("/in/async/C", (403, false), "+A +B +C -b403 -a403"),
        ("/outside", (200, false), "+A +B -b200 -a200"),
        ("/else", (410, false), "+A +B -b410 -a410"),
    ];
    for (path, wanted, log) in rows {
        let seen = Log::default();
        assert_eq!(get(app(&seen), path), wanted, "{path}");
        assert_eq!(seen.borrow().join(" "), log, "{path}");
    }
}

#[test]
fn layers_see_what_the_server_answers_of_itself() {
    let rows = [
        ("POST", "/in/sync/x", 405, "+A +B +C -c405 -b405 -a405"),
        ("OPTIONS", "/in/sync/x", 204, "+A +B +C -c204 -b204 -a204"),
        ("OPTIONS", "/in/sync/B", 403, "+A +B -a403"),
        ("PURGE", "/outside", 405, "+A +B -b405 -a405"),
        ("OPTIONS", "*", 204, "+A +B -b204 -a204"),
        ("GET", "/in/%ff", 410, "+A +B -b410 -a410"),
        ("GET", "/in/sync/%ff", 400, ""),
    ];
    for (method, path, status, log) in rows {
        let seen = Log::default();
        assert_eq!(ask(app(&seen), method, path), (status, false), "{method} {path}");
        assert_eq!(seen.borrow().join(" "), log, "{method} {path}");
    }
    for (method, path, status) in [("GET", "/else", 404), ("PURGE", "/else", 501)] {
        let log = Log::default();
        let inner = App::new().layer(Logs("inner", log.clone())).get("/", || "");
        let app = App::new().layer(Logs("outer", log.clone())).nest("/in", inner);
        assert_eq!(ask(app, method, path), (status, false), "{method} {path}");
        assert_eq!(log.borrow().join(" "), format!("+outer -outer{status}"));
    }
}

#[test]
fn after_sees_the_answer_and_changes_it() {
    let log = Log::default();
    let head = "GET /in/async/x HTTP/1.1\r\nHost: a\r\n\r\n";
    let outcome = answer(app(&log), request(head, b""));
    let seen: Vec<_> =
        outcome.response.headers().iter().map(|(_, value)| value.as_bytes()).collect();
    assert_eq!(seen, [b"C", b"B", b"A"]);
    let late = App::new().after(|response| response.set_status(Status::GONE)).get("/", || "");
    assert_eq!(get(late, "/"), (410, false));
    let interim = Status::new(103).expect("three digits");
    for app in [
        App::new().after(move |response| response.set_status(interim)).get("/", || ""),
        App::new().after(move |response| response.set_status(interim)).get("/", async || ""),
    ] {
        assert_eq!(get(app, "/"), (500, false), "no hook makes an interim answer");
    }
}

#[test]
fn hooks_that_panic_stay_in() {
    let before = || App::new().before(|_| panic!("in a hook"));
    let after = || App::new().after(|_| panic!("in a hook"));
    for app in [before(), after()] {
        assert_eq!(get(app.get("/", || ""), "/"), (500, true));
    }
    for app in [before(), after()] {
        let log = Log::default();
        let app = app.layer(Logs("x", log.clone())).get("/", async || "");
        let outer = App::new().layer(Logs("y", log.clone())).merge(app);
        assert_eq!(get(outer, "/"), (500, true));
        assert_eq!(log.borrow().last().map(String::as_str), Some("-y500"));
    }
}

#[test]
fn the_nearest_body_limit_is_known_before_the_body() {
    let inner = App::new().body_max(5).put("/{x}", || ()).fallback(|| ());
    let app = App::new()
        .body_max(3)
        .post("/", || ())
        .get("/a", || ())
        .nest("/in", inner)
        .nest("/same", App::new().post("/", || ()));
    let router = app.compile().expect("routes");
    let rows = [
        (Method::Post, "/", Some(3)),
        (Method::Head, "/a", Some(3)),
        (Method::Put, "/in/x", Some(5)),
        (Method::Post, "/in/x", None),
        (Method::Post, "/in/x/y", Some(5)),
        (Method::Post, "/same", Some(3)),
        (Method::Post, "/else", None),
    ];
    for (method, path, wanted) in rows {
        assert_eq!(router.body_rule(method, path.as_bytes()).max, wanted, "{method} {path}");
    }
    let plain = App::new().post("/", || ()).merge(App::new().body_max(1).post("/b", || ()));
    let router = plain.compile().expect("routes");
    assert_eq!(router.body_rule(Method::Post, b"/").max, None);
    assert_eq!(router.body_rule(Method::Post, b"/b").max, Some(1));
}
