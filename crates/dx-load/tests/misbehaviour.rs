//! The generator against small servers that behave, or misbehave on purpose.
//!
//! Owns the servers. Knows only the public API. Invariant: each way to misbehave shows, by its
//! own name, and none makes a run hang.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use dx_load::http::Http;
use dx_load::{
    AnswerError, Failures, Fault, IoBackend, LoadError, Observer, Pace, Plan, Progress, Report,
};

const GOOD: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
const OTHER_BODY: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhullo";
const SHORT: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhell";
const LONG: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello!";
const BUSY: &[u8] = b"HTTP/1.1 503 No\r\nContent-Length: 5\r\n\r\nhello";

/// After this a test counts as hung. Nothing is measured with it.
const WATCHDOG: Duration = Duration::from_secs(60);
/// For servers that do not answer.
const SOON: Duration = Duration::from_millis(500);

/// What a server says to request number n of a connection; it closes on `None`.
type Answer = fn(usize) -> Option<&'static [u8]>;

/// Serves every connection on a thread of its own.
fn serve(answer: Answer) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(move || converse(stream.unwrap(), answer));
        }
    });
    address
}

fn converse(mut stream: TcpStream, answer: Answer) {
    // Otherwise answers written one by one wait for acknowledgements of 40 ms.
    stream.set_nodelay(true).unwrap();
    let mut request = [0; dx_load::http::PLAINTEXT_BYTES];
    for number in 0.. {
        // The client leaves whenever it likes.
        if stream.read_exact(&mut request).is_err() {
            return;
        }
        match answer(number) {
            Some(bytes) if stream.write_all(bytes).is_ok() => {}
            _ => return,
        }
    }
}

fn plan(address: SocketAddr) -> Plan {
    let mut plan = Plan::new(address);
    plan.connections = 3;
    plan.batch = 4;
    plan.warmup = Duration::from_millis(20);
    // So many requests, however long they take.
    (plan.window, plan.requests_max) = (WATCHDOG, Some(400));
    plan.answer_timeout = WATCHDOG;
    plan
}

fn wire() -> Http {
    Http::plaintext("GET", "/").unwrap().expect_body(b"hello".to_vec())
}

fn run(plan: &Plan) -> Result<Report, LoadError> {
    dx_load::run(plan, &mut wire(), &mut ())
}

/// The backends that open here; `DX_IO_BACKEND` leaves only one.
fn backends() -> impl Iterator<Item = IoBackend> {
    let named: Option<IoBackend> =
        std::env::var("DX_IO_BACKEND").ok().and_then(|name| name.parse().ok());
    [IoBackend::Epoll, IoBackend::IoUring].into_iter().filter(move |backend| {
        let is_wanted = named.is_none_or(|name| name == IoBackend::Auto || name == *backend);
        let opens = is_wanted && dx_io::Driver::open(*backend, &Default::default()).is_ok();
        let must = std::env::var_os("DX_TEST_REQUIRE_ALL").is_some();
        assert!(opens || !is_wanted || !must, "{backend} does not open");
        opens
    })
}

#[test]
fn a_good_server_is_measured_without_failures() {
    for backend in backends() {
        for pace in [Pace::Closed, Pace::Open { rate: 2000.0 }] {
            let mut plan = plan(serve(|_| Some(GOOD)));
            (plan.backend, plan.pace) = (backend, pace);
            if pace != Pace::Closed {
                (plan.window, plan.requests_max) = (Duration::from_millis(100), None);
            }
            let report = run(&plan).unwrap();
            assert_eq!(report.failures, Failures::default(), "{report:?}");
            assert_eq!((report.answer_bytes, report.connections_left), (GOOD.len(), 3));
            assert_eq!(report.backend, backend.as_str());
            match report.rate_due {
                None => assert!(report.requests >= 400, "{report:?}"),
                // 2,000 a second are 50 batches in the window, whenever they were answered.
                Some(rate) => assert_eq!((rate, report.batches), (2000.0, 50), "{report:?}"),
            }
            assert!(report.requests.is_multiple_of(4), "{report:?}");
            assert!(report.checked >= 4, "{report:?}");
            let quantiles =
                [report.p50_us, report.p90_us, report.p99_us, report.p999_us, report.max_us];
            assert!(quantiles[0] > 0.0 && quantiles.is_sorted(), "{report:?}");
            assert!((report.rate * report.seconds - report.requests as f64).abs() < 1.0);
        }
    }
}

#[test]
fn every_misbehaviour_has_its_name() {
    type Kind = fn(&Failures) -> u64;
    let rows: [(&str, Answer, Kind); 8] = [
        ("closes", |number| (number < 7).then_some(GOOD), |found| found.closed),
        // With requests unread, a close is a reset (RFC 1122, 4.2.2.13).
        ("closes early", |number| (number < 5).then_some(GOOD), |found| found.reset),
        ("too many bytes", |number| Some(if number == 7 { LONG } else { GOOD }), |f| f.length),
        ("too many, early", |number| Some(if number == 5 { LONG } else { GOOD }), |f| f.length),
        ("too few", |number| Some(if number == 7 { SHORT } else { GOOD }), |f| f.timed_out),
        ("too few, early", |number| Some(if number == 5 { SHORT } else { GOOD }), |f| f.length),
        ("another status", |number| Some(if number == 6 { BUSY } else { GOOD }), |f| f.status),
        ("another body", |number| Some(if number < 1 { GOOD } else { OTHER_BODY }), |f| f.content),
    ];
    for backend in backends() {
        for (name, answer, kind) in &rows {
            let mut plan = plan(serve(*answer));
            plan.backend = backend;
            if *name == "too few" {
                plan.answer_timeout = SOON;
            }
            let report = run(&plan).unwrap();
            assert!(kind(&report.failures) > 0, "{name} on {backend}: {report:?}");
            assert_eq!(report.failures.total(), kind(&report.failures), "{name}: {report:?}");
            assert!(report.connections_left < 3, "{name}: {report:?}");
        }
    }
}

#[test]
fn a_first_answer_that_cannot_be_measured_is_refused() {
    let refused = |answer| run(&plan(serve(answer))).unwrap_err();
    let busy = refused(|_| Some(BUSY));
    assert!(matches!(busy, LoadError::Answer(AnswerError::Status(503))), "{busy:?}");
    let body = refused(|_| Some(OTHER_BODY));
    assert!(matches!(body, LoadError::Answer(AnswerError::Content)), "{body:?}");
    let closed = refused(|_| None);
    assert!(matches!(closed, LoadError::Closed(_)), "{closed:?}");
    let twice =
        refused(|_| Some(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\n"));
    assert!(matches!(twice, LoadError::Answer(AnswerError::Length)), "{twice:?}");
    for error in [busy, body, closed, twice] {
        assert_eq!(error.fault(), Fault::Peer, "{error}");
    }
}

#[test]
fn nobody_there_is_the_peers_fault_and_a_bad_plan_the_callers() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nobody = run(&plan(address)).unwrap_err();
    assert!(matches!(nobody, LoadError::Connect { opened: 0, .. }), "{nobody:?}");
    assert_eq!(nobody.fault(), Fault::Peer);
    let mut nothing = plan(address);
    nothing.connections = 0;
    assert_eq!(run(&nothing).unwrap_err().fault(), Fault::Local);
}

#[test]
fn a_server_that_never_answers_ends_by_the_timeout() {
    fn silent(_: usize) -> Option<&'static [u8]> {
        loop {
            thread::park();
        }
    }
    let plan = |answer| {
        let mut plan = plan(serve(answer));
        plan.answer_timeout = SOON;
        plan
    };
    let error = run(&plan(silent)).unwrap_err();
    assert!(matches!(error, LoadError::TimedOut), "{error:?}");
    // One byte now and then is no answer either.
    let drip = |_| -> Option<&'static [u8]> {
        thread::sleep(Duration::from_millis(50));
        Some(b"H")
    };
    let error = run(&plan(drip)).unwrap_err();
    assert!(matches!(error, LoadError::TimedOut), "{error:?}");
    // Later in a run, the batch fails and the run goes on to its end.
    let later = |number| if number < 9 { Some(GOOD) } else { silent(number) };
    for pace in [Pace::Closed, Pace::Open { rate: 4000.0 }] {
        let mut plan = plan(later);
        plan.pace = pace;
        let report = run(&plan).unwrap();
        assert_eq!((report.failures.timed_out, report.connections_left), (3, 0), "{report:?}");
    }
}

#[test]
fn so_many_requests_and_no_more() {
    use std::sync::atomic::{AtomicUsize, Ordering};

    static SERVED: AtomicUsize = AtomicUsize::new(0);
    let address = serve(|_| {
        SERVED.fetch_add(1, Ordering::Relaxed);
        Some(GOOD)
    });
    for pace in [Pace::Closed, Pace::Open { rate: 1e6 }] {
        let mut plan = plan(address);
        plan.pace = pace;
        plan.warmup = Duration::ZERO;
        let before = SERVED.load(Ordering::Relaxed);
        let report = run(&plan).unwrap();
        assert_eq!((report.requests, report.batches), (400, 100), "{report:?}");
        assert_eq!(report.failures.total(), 0, "{report:?}");
        // And one for the shape.
        assert_eq!(SERVED.load(Ordering::Relaxed) - before, 401);
    }
}

#[test]
fn a_pause_is_seen_by_every_batch_that_it_delays() {
    // One connection, a batch each millisecond, and a server that stops for 200 ms once. Most
    // of the batches are due while it stops or while it catches up, and say so.
    let pausing = |number| {
        if number == 100 {
            thread::sleep(Duration::from_millis(200));
        }
        Some(GOOD)
    };
    let mut plan = plan(serve(pausing));
    (plan.connections, plan.batch) = (1, 1);
    (plan.warmup, plan.window) = (Duration::ZERO, Duration::from_millis(400));
    plan.requests_max = None;
    plan.pace = Pace::Open { rate: 1000.0 };
    let report = run(&plan).unwrap();
    assert_eq!((report.batches, report.failures.total()), (400, 0), "{report:?}");
    assert!(report.max_us >= 190_000.0, "{report:?}");
    assert!(report.p90_us >= 150_000.0, "{report:?}");
}

#[test]
fn what_could_not_be_sent_is_counted() {
    let slow = |_| {
        thread::sleep(Duration::from_millis(50));
        Some(GOOD)
    };
    let mut plan = plan(serve(slow));
    (plan.connections, plan.batch) = (1, 1);
    (plan.warmup, plan.window) = (Duration::ZERO, Duration::from_millis(100));
    plan.requests_max = None;
    plan.pace = Pace::Open { rate: 1000.0 };
    plan.answer_timeout = SOON;
    let report = run(&plan).unwrap();
    assert!(report.failures.unsent > 0, "{report:?}");
    let all = report.batches + report.failures.unsent + report.failures.timed_out;
    assert_eq!(all, 100, "every batch is in one place: {report:?}");
}

#[test]
fn a_watcher_sees_the_window_and_the_progress() {
    #[derive(Default)]
    struct Watcher(Vec<&'static str>);
    impl Observer for Watcher {
        fn begins(&mut self) {
            self.0.push("begins");
        }
        fn ends(&mut self) {
            self.0.push("ends");
        }
        fn tick(&mut self, progress: &Progress) {
            assert_eq!(progress.planned, Duration::from_millis(1220));
            assert_eq!((progress.failures, progress.connections), (0, 3));
            self.0.push("tick");
        }
    }
    let mut plan = plan(serve(|_| Some(GOOD)));
    (plan.window, plan.requests_max) = (Duration::from_millis(1200), None);
    let mut watcher = Watcher::default();
    dx_load::run(&plan, &mut wire(), &mut watcher).unwrap();
    let ticks = watcher.0.iter().filter(|word| **word == "tick").count();
    assert_eq!((watcher.0[0], watcher.0.last()), ("begins", Some(&"ends")), "{:?}", watcher.0);
    assert!(ticks >= 1, "{:?}", watcher.0);
}
