//! Every form of handler, and what its panics cost.

use core::cell::{Cell, RefCell};
use core::task::Waker;

use super::*;
use crate::request::tests::request;

/// Ready at the second poll; `!Send`, as the cell is.
struct Later(Rc<Cell<u32>>);

impl Future for Later {
    type Output = u32;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<u32> {
        self.0.set(self.0.get() + 1);
        if self.0.get() == 1 { Poll::Pending } else { Poll::Ready(self.0.get()) }
    }
}

struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

struct Unanswerable;

impl IntoResponse for Unanswerable {
    fn into_response(self) -> Response {
        panic!("cannot be answered")
    }
}

fn a_request() -> Request {
    request("GET /path HTTP/1.0\r\n\r\n", b"")
}

fn bound<M: 'static>(handler: impl Handler<M>) -> ErasedHandler {
    erase(handler).bind(Rc::default())
}

/// Status, content, and whether it panicked; polls as often as needed.
fn run<M: 'static>(handler: impl Handler<M>) -> (u16, String, bool) {
    let mut cx = Context::from_waker(Waker::noop());
    let outcome = match call(&bound(handler), a_request()) {
        Err(outcome) => outcome,
        Ok(Reply::Ready(response)) => Outcome::answered(response),
        Ok(Reply::Panicked(response)) => Outcome::of_panic(response),
        Ok(Reply::Pending(mut future)) => loop {
            if let Poll::Ready(outcome) = poll_reply(&mut future, &mut cx) {
                break outcome;
            }
        },
    };
    let body = String::from_utf8_lossy(outcome.response.body()).into_owned();
    (outcome.response.status().code(), body, outcome.panicked)
}

fn fails() -> &'static str {
    panic!("at once")
}

fn sync_plain() -> &'static str {
    "plain"
}

fn sync_request(request: Request) -> String {
    request.path().to_owned()
}

async fn async_plain() -> Result<&'static str, Status> {
    Err(Status::GONE)
}

async fn async_request(request: Request) -> (Status, String) {
    (Status::ACCEPTED, request.path().to_owned())
}

fn opaque() -> impl IntoResponse {
    "opaque"
}

fn boxed(request: Request) -> Pin<Box<dyn Future<Output = String>>> {
    Box::pin(async move { request.path().to_owned() })
}

#[test]
fn every_form() {
    let local = Rc::new(RefCell::new(String::from("local")));
    let (first, second) = (local.clone(), local);
    let rows = [
        (run(sync_plain), 200, "plain"),
        (run(sync_request), 200, "/path"),
        (run(async_plain), 410, ""),
        (run(async_request), 202, "/path"),
        (run(opaque), 200, "opaque"),
        (run(boxed), 200, "/path"),
        (run(|| "closure"), 200, "closure"),
        (run(|request: Request| request.method_str().to_owned()), 200, "GET"),
        (run(move || first.borrow().clone()), 200, "local"),
        (
            run(move |request: Request| {
                let local = second.clone();
                async move {
                    let polls = Later(Rc::new(Cell::new(0))).await;
                    format!("{} {} {polls}", request.path(), local.borrow())
                }
            }),
            200,
            "/path local 2",
        ),
    ];
    for ((status, body, panicked), wanted_status, wanted_body) in rows {
        assert_eq!((status, &*body, panicked), (wanted_status, wanted_body, false));
    }
}

#[test]
fn panics_become_a_500() {
    let later = || Later(Rc::new(Cell::new(0)));
    let wanted = r#"{"title":"Internal Server Error","status":500}"#;
    let rows = [
        run(fails),
        run(|| Unanswerable),
        run(|_: Request| -> String { std::panic::panic_any(PanicsWhenDropped) }),
        run(|| -> core::future::Ready<()> { panic!("before the future") }),
        run(|| async { fails() }),
        run(|| async { Unanswerable }),
        run(move || async move {
            later().await;
            fails()
        }),
        run(|| async {
            let _held = PanicsWhenDropped;
        }),
    ];
    for (row, (status, body, panicked)) in rows.into_iter().enumerate() {
        assert_eq!((status, &*body, panicked), (500, wanted, true), "row {row}");
    }
}

#[test]
fn a_panic_in_the_destructor_of_a_cancelled_handler_stays_in() {
    let reply = call(
        &bound(|| async {
            let _held = PanicsWhenDropped;
            core::future::pending::<()>().await;
        }),
        a_request(),
    );
    let Ok(Reply::Pending(mut future)) = reply else { panic!("not pending") };
    let mut cx = Context::from_waker(Waker::noop());
    assert!(poll_reply(&mut future, &mut cx).is_pending());
    drop(future);
}

#[test]
fn what_a_handler_holds_is_dropped_with_its_answer() {
    let held = Rc::new(());
    let handler = {
        let held = held.clone();
        move || {
            let held = held.clone();
            async move {
                let _held = held;
            }
        }
    };
    let Ok(Reply::Pending(mut future)) = call(&bound(handler), a_request()) else {
        panic!("not pending")
    };
    assert_eq!(Rc::strong_count(&held), 2, "the handler is gone, its future is not");
    let mut cx = Context::from_waker(Waker::noop());
    assert!(poll_reply(&mut future, &mut cx).is_ready());
    assert_eq!(Rc::strong_count(&held), 1);
    assert!(poll_reply(&mut future, &mut cx).is_pending(), "polled too often: no harm");
}

#[test]
fn interim_answers_are_no_answers() {
    for code in [100, 101, 103, 199] {
        let status = Status::new(code).expect("three digits");
        assert_eq!(run(move || status).0, 500, "{code}");
    }
}

#[test]
fn the_fence_costs_a_future_little() {
    let plain = async_request(a_request());
    let (inner, outer) = (size_of_val(&plain), size_of_val(&Awaiting { future: Some(plain) }));
    assert!(outer <= inner + 8, "{inner} {outer}");
}
