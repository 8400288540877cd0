//! Submissions polled by a thread of the kernel: no system call while it is awake, nothing burnt
//! while it sleeps, and no poller where no CPU is spare.
//!
//! Owns rows about what the option costs; that it works like any backend is told by the conformance
//! table. Invariant: a row that cannot run here says so.
#![cfg(target_os = "linux")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dx_io::{
    Completion, Driver, IoBackend, Listener, Op, Payload, Reactor, ReactorConfig, Sock, SqPoll,
    StartStep, Warning,
};

/// Rounds of request and answer.
const ROUNDS: u32 = 10_000;

/// One row at a time: they measure the whole process.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn config(idle_ms: u32) -> ReactorConfig {
    let mut poller = SqPoll::default();
    poller.idle_ms = idle_ms;
    let mut config = ReactorConfig::default();
    config.sqpoll = Some(poller);
    config
}

/// A connection over a ring with a poller; `None` where that cannot be had.
struct Pair {
    driver: Driver,
    sock: Sock,
    client: TcpStream,
    done: Vec<Completion>,
}

impl Pair {
    fn open(idle_ms: u32) -> Option<Self> {
        let (mut driver, detection) = match Driver::open(IoBackend::IoUring, &config(idle_ms)) {
            Ok(opened) => opened,
            Err(why) => {
                println!("skipped: {why}");
                return None;
            }
        };
        if let Some(left_out) = detection.warnings().first() {
            println!("skipped: {left_out}");
            return None;
        }
        assert!(driver.features().contains("submission poller"), "{}", driver.features());
        let any = "127.0.0.1:0".parse().expect("address");
        let listener = Listener::bind(any, &Default::default()).expect("bind");
        let address = listener.local_addr();
        let listener = driver.listen(listener).expect("listen");
        let accept = driver.push(Op::Accept { listener, hand_over: false }, 1).expect("push");
        let client = TcpStream::connect(address).expect("connect");
        client.set_nodelay(true).expect("option");
        let mut pair = Self { driver, sock: Sock::new(0, 0), client, done: Vec::new() };
        pair.next(1);
        let Payload::Connection { sock, .. } = pair.driver.take(accept) else { panic!("none") };
        pair.sock = sock;
        pair.driver.push(Op::Recv { sock }, 2).expect("push");
        pair.driver.submit().expect("submit");
        Some(pair)
    }

    /// The next completion of `number`.
    fn next(&mut self, number: u64) -> Completion {
        loop {
            if let Some(at) = self.done.iter().position(|done| done.user_data == number) {
                return self.done.remove(at);
            }
            self.driver.submit_and_wait(1, None).expect("submit_and_wait");
            self.driver.reap(&mut self.done);
        }
    }

    /// A request of four bytes, and its answer.
    fn round(&mut self, content: [u8; 4]) {
        self.client.write_all(&content).expect("write");
        let mut received = Vec::new();
        while received.len() < 4 {
            let completion = self.next(2);
            let lease = self.driver.claim(&completion).expect("received bytes");
            received.extend_from_slice(&lease);
        }
        let send = Op::Send { sock: self.sock, buf: received, start: 0 };
        let token = self.driver.push(send, 3).expect("push");
        assert_eq!(self.next(3).result, 4);
        self.driver.take(token);
        let mut answer = [0; 4];
        self.client.read_exact(&mut answer).expect("read");
        assert_eq!(answer, content);
    }
}

/// Whether the poller is among the threads that [`processor_time`] counts.
fn poller_is_listed() -> bool {
    let threads = std::fs::read_dir("/proc/self/task").expect("proc");
    let name = |thread: std::fs::DirEntry| std::fs::read_to_string(thread.path().join("comm"));
    threads.flatten().filter_map(|thread| name(thread).ok()).any(|name| name.starts_with("iou-sqp"))
}

/// Processor time of all threads of this process, the poller among them (proc(5)).
fn processor_time() -> Duration {
    let threads = std::fs::read_dir("/proc/self/task").expect("proc");
    let time = |thread: std::io::Result<std::fs::DirEntry>| {
        let text = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    };
    Duration::from_nanos(threads.filter_map(time).sum())
}

#[test]
fn requests_cost_no_call_while_the_poller_is_awake() {
    let _alone = alone();
    // Longer than this row takes, so that it never sleeps.
    let Some(mut pair) = Pair::open(60_000) else { return };
    pair.round([0; 4]);
    let before = pair.driver.enters().expect("io_uring counts");
    for round in 0..ROUNDS {
        pair.round(round.to_ne_bytes());
    }
    let calls = pair.driver.enters().expect("io_uring counts") - before;
    assert_eq!(calls, 0, "in {ROUNDS} rounds");
}

#[test]
fn a_sleeping_poller_burns_nothing_and_wakes() {
    let _alone = alone();
    let Some(mut pair) = Pair::open(20) else { return };
    assert!(poller_is_listed());
    for round in 0..5u32 {
        pair.round(round.to_ne_bytes());
        // Both fall asleep, the poller and the wait.
        let waited = pair.driver.wait(Some(Duration::from_millis(200))).expect("wait");
        assert_eq!(waited, 0);
        let (start, before) = (Instant::now(), processor_time());
        pair.driver.wait(Some(Duration::from_millis(500))).expect("wait");
        let (elapsed, used) = (start.elapsed(), processor_time() - before);
        assert!(elapsed >= Duration::from_millis(500), "{elapsed:?}");
        assert!(used < elapsed / 50, "{used:?} of {elapsed:?} burnt");
        // What is pushed now finds the poller asleep, and one call wakes it.
        let calls = pair.driver.enters();
        let send = Op::Send { sock: pair.sock, buf: b"news".to_vec(), start: 0 };
        let token = pair.driver.push(send, 4).expect("push");
        pair.driver.submit().expect("submit");
        assert!(pair.driver.enters() > calls, "who wakes the poller enters the kernel");
        let mut news = [0; 4];
        pair.client.read_exact(&mut news).expect("read");
        assert_eq!((&news, pair.next(4).result), (b"news", 4));
        pair.driver.take(token);
    }
}

#[test]
fn no_poller_where_no_cpu_is_spare() {
    let _alone = alone();
    for (cpus, reactors) in [(1, 1), (2, 2), (2, 5)] {
        let mut config = config(100);
        (config.cpus, config.reactors) = (cpus, reactors);
        for backend in [IoBackend::IoUring, IoBackend::Epoll] {
            let Ok((driver, detection)) = Driver::open(backend, &config) else {
                println!("skipped: no {backend} here");
                continue;
            };
            let expected =
                Warning::SqPollNeedsCpu { cpus: cpus as usize, reactors: reactors as usize };
            assert_eq!(detection.warnings(), [expected]);
            assert!(!driver.features().contains("poller"), "{}", driver.features());
            let text = detection.to_string();
            let (first, second) = text.split_once('\n').expect("one line more");
            assert!(first.contains("as asked for") && second.contains("spare CPU"), "{text}");
        }
    }
    let mut config = config(100);
    (config.cpus, config.reactors) = (4, 1);
    let (_, detection) = Driver::open(IoBackend::Epoll, &config).expect("epoll");
    assert_eq!(detection.warnings(), [Warning::SqPollUnsupported]);
}

#[test]
fn a_cpu_that_is_not_there_is_an_error_with_a_cure() {
    let _alone = alone();
    let mut config = config(100);
    config.cpus = 4;
    if let Some(poller) = &mut config.sqpoll {
        poller.cpu = Some(1 << 20);
    }
    if Driver::open(IoBackend::IoUring, &ReactorConfig::default()).is_err() {
        return println!("skipped: no io_uring here");
    }
    let error = Driver::open(IoBackend::IoUring, &config).expect_err("there is no such CPU");
    assert_eq!(error.step, StartStep::UringPoller);
    assert!(error.to_string().contains("does not exist"), "{error}");
}
